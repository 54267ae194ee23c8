//! The worker threads: each takes the run whose turn it is, polls it once (one slice), and puts it back.
//!
//! A run that was not woken during its slice waits for the host and is outside the run queue until it is woken.
//! Stopping a run (its handle was dropped, its time is over, the process stops) is dropping its future, which a
//! worker does in the run's next turn.

use crate::{
    ComputeConfig, Guest, Run, RunReport, clock,
    output::Output,
    run_queue::{RunId, RunQueue, RunState},
    sandbox::{self, Meter, RunEnd},
};
use sandlot_protocol::{Outcome, Usage};
use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak, atomic::Ordering},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::oneshot};

type RunFuture = Pin<Box<dyn Future<Output = RunEnd> + Send>>;

/// More runs wait than may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{queued} tasks are waiting already, and at most {max} may")]
pub struct QueueFull {
    /// How many wait.
    pub queued: usize,
    /// How many may.
    pub max: usize,
}

/// Figures of the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ComputeStatus {
    /// Worker threads.
    pub workers: usize,
    /// Runs that wait for a sandbox.
    pub queued: usize,
    /// Runs that wait for their turn.
    pub runnable: usize,
    /// Runs that a worker has.
    pub running: usize,
    /// Runs that wait for the host.
    pub waiting: usize,
    /// Turns given since the start.
    pub slices: u64,
    /// Nanoseconds that workers spent on runs since the start.
    pub busy_ns: u64,
}

/// Runs Python fairly: start it once per process.
#[derive(Debug)]
pub struct Compute {
    shared: Arc<Shared>,
    guest: Guest,
    config: ComputeConfig,
    workers: Mutex<Vec<thread::JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// A run became runnable, or a deadline is nearer than before, or the process stops.
    changed: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

struct State {
    queue: RunQueue,
    slots: HashMap<RunId, Slot>,
    /// Of the runs that have started and not ended.
    deadlines: BTreeSet<(Instant, RunId)>,
    next_id: u64,
    stopping: bool,
    slices: u64,
    busy: Duration,
}

struct Slot {
    /// `None` while a worker has it.
    future: Option<RunFuture>,
    waker: Waker,
    reply: oneshot::Sender<RunReport>,
    stop: Option<Stop>,
    account: Account,
}

/// What a run has used, and where its output goes.
struct Account {
    submitted: Instant,
    started: Option<Instant>,
    cpu: Duration,
    slices: u64,
    slice_fuel: u64,
    fuel_max: u64,
    timeout: Duration,
    meter: Arc<Meter>,
    stdout: Output,
    stderr: Output,
}

/// Why a run is stopped.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Cancelled,
    Timeout,
    Stopping,
}

impl Compute {
    /// Starts the workers. Timers of the runs belong to the tokio runtime that this is called in.
    ///
    /// # Errors
    /// When the machine refuses a thread.
    pub fn start(config: ComputeConfig, guest: Guest) -> std::io::Result<Self> {
        let state = State {
            queue: RunQueue::new(config.live_runs_max),
            slots: HashMap::new(),
            deadlines: BTreeSet::new(),
            next_id: 0,
            stopping: false,
            slices: 0,
            busy: Duration::ZERO,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let runtime = Handle::current();
        let workers = (0..config.workers.max(1))
            .map(|index| {
                let (shared, runtime) = (Arc::clone(&shared), runtime.clone());
                thread::Builder::new().name(format!("worker-{index}")).spawn(move || work(&shared, &runtime))
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self { shared, guest, config, workers: Mutex::new(workers) })
    }

    /// Puts a run at the back of the queue. Dropping the handle stops it.
    ///
    /// # Errors
    /// When too many runs wait already.
    pub fn submit(&self, run: Run) -> Result<RunHandle, QueueFull> {
        let meter = Arc::new(Meter::new(&run.limits));
        let (stdout, stderr) = (Output::new(run.limits.output_bytes), Output::new(run.limits.output_bytes));
        let account = Account {
            submitted: clock::now(),
            started: None,
            cpu: Duration::ZERO,
            slices: 0,
            slice_fuel: self.config.slice_fuel,
            fuel_max: run.limits.fuel,
            timeout: run.limits.timeout,
            meter: Arc::clone(&meter),
            stdout: stdout.clone(),
            stderr: stderr.clone(),
        };
        let future =
            sandbox::enter(self.guest.clone(), run, meter, stdout.clone(), stderr.clone(), self.config.slice_fuel);
        let (reply, report) = oneshot::channel();
        let id = self.enqueue(future, reply, account)?;
        Ok(RunHandle { id, shared: Arc::clone(&self.shared), report, stdout, stderr })
    }

    fn enqueue(
        &self,
        future: impl Future<Output = RunEnd> + Send + 'static,
        reply: oneshot::Sender<RunReport>,
        account: Account,
    ) -> Result<RunId, QueueFull> {
        let mut state = self.shared.state();
        let queued = state.queue.queued();
        if queued >= self.config.queued_runs_max {
            return Err(QueueFull { queued, max: self.config.queued_runs_max });
        }
        let id = RunId(state.next_id);
        state.next_id += 1;
        if state.stopping {
            // No worker is left to end it.
            drop(state);
            let _ = reply.send(account.report(Stop::Stopping.end()));
            return Ok(id);
        }
        let waker = Waker::from(Arc::new(RunWaker { shared: Arc::downgrade(&self.shared), id }));
        state.slots.insert(id, Slot { future: Some(Box::pin(future)), waker, reply, stop: None, account });
        state.queue.push(id);
        drop(state);
        self.shared.changed.notify_one();
        Ok(id)
    }

    /// The scheduler's figures now.
    #[must_use]
    pub fn status(&self) -> ComputeStatus {
        let state = self.shared.state();
        let (runnable, running, waiting) = state.queue.live();
        ComputeStatus {
            workers: self.config.workers.max(1),
            queued: state.queue.queued(),
            runnable,
            running,
            waiting,
            slices: state.slices,
            busy_ns: u64::try_from(state.busy.as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// The guest that runs here.
    #[must_use]
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Stops every run (its outcome is `cancelled`) and waits for the workers to end: some slices.
    pub fn stop(&self) {
        let ids = {
            let mut state = self.shared.state();
            state.stopping = true;
            state.queue.ids()
        };
        ids.into_iter().for_each(|id| self.shared.stop(id, Stop::Stopping));
        self.shared.changed.notify_all();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            // A worker's panic was reported when it happened.
            let _ = worker.join();
        }
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A run that was submitted. Dropping it stops the run.
#[derive(Debug)]
pub struct RunHandle {
    id: RunId,
    shared: Arc<Shared>,
    report: oneshot::Receiver<RunReport>,
    stdout: Output,
    stderr: Output,
}

impl RunHandle {
    /// Waits for the end.
    pub async fn wait(&mut self) -> RunReport {
        match (&mut self.report).await {
            Ok(report) => report,
            Err(_) => unreachable!("every run gets its report, and it is taken once"),
        }
    }

    /// What the run prints, while it runs.
    #[must_use]
    pub fn stdout(&self) -> &Output {
        &self.stdout
    }

    /// What the run prints on standard error, while it runs.
    #[must_use]
    pub fn stderr(&self) -> &Output {
        &self.stderr
    }

    /// Tells where the run is, for as long as it lives.
    #[must_use]
    pub fn probe(&self) -> RunProbe {
        RunProbe { id: self.id, shared: Arc::downgrade(&self.shared) }
    }

    /// Stops the run; `wait` then tells that it was cancelled.
    pub fn cancel(&self) {
        self.shared.stop(self.id, Stop::Cancelled);
    }
}

/// Looks at a run without holding it.
#[derive(Debug, Clone)]
pub struct RunProbe {
    id: RunId,
    shared: Weak<Shared>,
}

impl RunProbe {
    /// "queued", "running" or "waiting"; `None` once the run is over.
    #[must_use]
    pub fn state(&self) -> Option<&'static str> {
        let shared = self.shared.upgrade()?;
        let state = shared.state().queue.state(self.id)?;
        Some(match state {
            RunState::Queued => "queued",
            RunState::Runnable | RunState::Running { .. } => "running",
            RunState::Waiting => "waiting",
        })
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.cancel();
    }
}

struct RunWaker {
    shared: Weak<Shared>,
    id: RunId,
}

impl Wake for RunWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.shared.upgrade()
            && shared.state().queue.wake(self.id)
        {
            shared.changed.notify_one();
        }
    }
}

/// What a worker takes for one turn.
struct Turn {
    id: RunId,
    future: RunFuture,
    waker: Waker,
    stop: Option<Stop>,
}

fn work(shared: &Shared, runtime: &Handle) {
    let _guard = runtime.enter();
    while let Some(mut turn) = shared.take_turn() {
        if let Some(stop) = turn.stop {
            drop(turn.future);
            shared.finish(turn.id, None, stop.end());
            continue;
        }
        let started = clock::now();
        let mut context = Context::from_waker(&turn.waker);
        let poll = std::panic::catch_unwind(AssertUnwindSafe(|| turn.future.as_mut().poll(&mut context)));
        let took = clock::now().saturating_duration_since(started);
        match poll {
            Ok(Poll::Pending) => shared.turn_over(turn.id, turn.future, took),
            Ok(Poll::Ready(end)) => {
                drop(turn.future);
                shared.finish(turn.id, Some(took), end);
            }
            Err(_) => {
                // A future that panicked must not be touched again, not even to drop what it holds.
                std::mem::forget(turn.future);
                let end = RunEnd::failed(Outcome::Crashed, "the sandbox itself failed; the peer's log says how");
                shared.finish(turn.id, Some(took), end);
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a run whose turn it is; `None` once the process stops and no run is left.
    fn take_turn(&self) -> Option<Turn> {
        let mut state = self.state();
        loop {
            let now = clock::now();
            state.expire(now);
            if let Some(id) = state.queue.next() {
                return Some(state.turn(id, now));
            }
            if state.stopping && state.slots.is_empty() {
                self.changed.notify_all();
                return None;
            }
            state = match state.deadlines.first() {
                Some((deadline, _)) => {
                    let rest = deadline.saturating_duration_since(now);
                    self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn turn_over(&self, id: RunId, future: RunFuture, took: Duration) {
        let mut state = self.state();
        state.expire(clock::now());
        state.count(id, took);
        let Some(slot) = state.slots.get_mut(&id) else { return };
        if let Some(stop) = slot.stop {
            drop(state);
            drop(future);
            self.finish(id, None, stop.end());
            return;
        }
        slot.future = Some(future);
        state.queue.turn_over(id);
    }

    fn finish(&self, id: RunId, took: Option<Duration>, end: RunEnd) {
        let mut state = self.state();
        if let Some(took) = took {
            state.count(id, took);
        }
        let another = state.queue.finish(id);
        let Some(slot) = state.slots.remove(&id) else { return };
        if let Some(started) = slot.account.started {
            state.deadlines.remove(&(started + slot.account.timeout, id));
        }
        let nothing_left = state.stopping && state.slots.is_empty();
        drop(state);
        if nothing_left {
            self.changed.notify_all();
        } else if another {
            self.changed.notify_one();
        }
        // The handle may be gone: then nobody wants the report.
        let _ = slot.reply.send(slot.account.report(end));
    }

    fn stop(&self, id: RunId, stop: Stop) {
        let mut state = self.state();
        let Some(slot) = state.slots.get_mut(&id) else { return };
        slot.stop.get_or_insert(stop);
        if state.queue.state(id) == Some(RunState::Queued) {
            drop(state);
            self.finish(id, None, stop.end());
            return;
        }
        let woken = state.queue.wake(id);
        drop(state);
        if woken {
            self.changed.notify_one();
        }
    }
}

impl State {
    fn turn(&mut self, id: RunId, now: Instant) -> Turn {
        let slot = self.slots.get_mut(&id).expect("the run queue only knows runs that have a slot");
        let future = slot.future.take().expect("only one worker has a run at a time");
        let turn = Turn { id, future, waker: slot.waker.clone(), stop: slot.stop };
        if slot.account.started.is_none() {
            slot.account.started = Some(now);
            self.deadlines.insert((now + slot.account.timeout, id));
        }
        turn
    }

    fn count(&mut self, id: RunId, took: Duration) {
        self.slices += 1;
        self.busy += took;
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.account.slices += 1;
            slot.account.cpu += took;
        }
    }

    /// Stops the runs whose time is over.
    fn expire(&mut self, now: Instant) {
        while let Some((deadline, id)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.deadlines.pop_first();
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.stop.get_or_insert(Stop::Timeout);
                self.queue.wake(id);
            }
        }
    }
}

impl Account {
    fn report(self, mut end: RunEnd) -> RunReport {
        let now = clock::now();
        let started = self.started.unwrap_or(now);
        self.stdout.close();
        self.stderr.close();
        let ((stdout, cut_out), (stderr, cut_err)) = (self.stdout.text(), self.stderr.text());
        if end.outcome == Outcome::Timeout {
            end.error =
                Some(format!("the program ran longer than its {} s; timeout sets it", self.timeout.as_secs_f64()));
        }
        // A run that was stopped did not say what it used: whole slices are what is known.
        let fuel = match self.meter.fuel.load(Ordering::Relaxed) {
            0 => self.slices.saturating_mul(self.slice_fuel).min(self.fuel_max),
            exact => exact,
        };
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        RunReport {
            outcome: end.outcome,
            value: end.value,
            exception: end.exception,
            exit_code: end.exit_code,
            error: end.error,
            stdout,
            stderr,
            truncated: cut_out || cut_err,
            usage: Usage {
                fuel,
                slices: self.slices,
                queue_ms: milliseconds(started.saturating_duration_since(self.submitted)),
                cpu_ms: milliseconds(self.cpu),
                wall_ms: milliseconds(now.saturating_duration_since(started)),
                peak_memory_bytes: self.meter.memory_bytes.load(Ordering::Relaxed),
            },
        }
    }
}

impl Stop {
    fn end(self) -> RunEnd {
        match self {
            Self::Cancelled => RunEnd::failed(Outcome::Cancelled, "the task was cancelled"),
            Self::Timeout => RunEnd::failed(Outcome::Timeout, "the program ran too long"),
            Self::Stopping => RunEnd::failed(Outcome::Cancelled, "the peer is stopping"),
        }
    }
}
