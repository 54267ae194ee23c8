//! The worker threads: each takes the run whose turn it is, polls it until its slice is over, and puts it
//! back.
//!
//! There are as many seats as workers, and whoever gives a run a turn has one. A thread that submits a run while a seat
//! is free and no other run wants it begins the run itself ([`Compute::submit_here`]): waking a worker and being woken by
//! it takes as long as a short run.
//!
//! A run that was not woken during its slice waits for the host and is outside the run queue until it is woken.
//! Stopping a run (its handle was dropped, its time is over, the process stops) is dropping its future, which a
//! worker does in the run's next turn.

mod turn;

use crate::{
    ComputeConfig, Guest, Run, RunReport,
    account::{Account, Stop},
    budget::{Budget, Holding},
    calibrate::measure,
    clock::{self, ThreadUsage},
    code_cache::CodeCache,
    fuel::Part,
    handle::{QueueFull, RunHandle},
    run_queue::{Room, RunId, RunQueue, RunState, Standing},
    sandbox::{Prepared, RunEnd},
    stock::{STOCK_MAX, STOCK_PER_WORKER, Stock},
    timeline::{Timeline, TimelineTurn},
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    thread,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::oneshot};
use turn::{Cost, Ended, Remains, Turn, work};

type RunFuture = Pin<Box<dyn Future<Output = (RunEnd, Prepared)> + Send>>;

/// A guest comes back so often in a slice: code whose fuel takes longer than usual then overruns the slice by a part of
/// it, and a run that is to be stopped does not wait for the slice's end.
pub(crate) const PARTS: u32 = 8;
/// How much of what is known of the cost of a run the newest one changes.
const COST_NEWEST: f64 = 0.1;
/// A refused client is told to wait at least and at most so long.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

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
    /// Sandboxes prepared ahead.
    pub prepared: usize,
    /// Turns given since the start.
    pub slices: u64,
    /// Units of fuel in one slice.
    pub slice_fuel: u64,
    /// Nanoseconds that workers spent on runs since the start.
    pub busy_ns: u64,
    /// Bytes of memory that the runs hold.
    pub memory_bytes: u64,
    /// Bytes of memory that all runs may hold together.
    pub memory_bytes_max: u64,
}

/// Runs Python fairly: start it once per process.
#[derive(Debug)]
pub struct Compute {
    shared: Arc<Shared>,
    guest: Guest,
    config: ComputeConfig,
    runtime: Handle,
    workers: Mutex<Vec<thread::JoinHandle<()>>>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    /// A run became runnable, or a deadline is nearer than before, or the process stops.
    changed: Condvar,
    /// Workers that wait for `changed`; it only rises under the lock.
    idle: AtomicUsize,
    pub(crate) budget: Arc<Budget>,
    epoch: Instant,
    epoch_since_1970: Duration,
    pub(crate) workers: usize,
    slice: Duration,
    slice_fuel: u64,
    part: Part,
    stock: Arc<Stock>,
    codes: Arc<CodeCache>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

pub(crate) struct State {
    pub(crate) queue: RunQueue,
    pub(crate) slots: HashMap<RunId, Slot>,
    /// Of the runs that have started and not ended.
    deadlines: BTreeSet<(Instant, RunId)>,
    timeline: Timeline,
    next_id: u64,
    stopping: bool,
    slices: u64,
    busy: Duration,
    /// What a run costs, by the last ones that ended.
    run_cost: Duration,
    /// Runs that wait because all together touched more memory than they may, oldest first.
    parked: BTreeSet<RunId>,
    /// The parked one that goes on nevertheless, so that somebody does.
    unparked: Option<RunId>,
    /// The seats that nobody has.
    seats: BTreeSet<u16>,
    /// What ended elsewhere than at a worker.
    left_behind: VecDeque<Ended>,
    /// How many runs have begun or were woken, since the start.
    arrivals: u64,
}

pub(crate) struct Slot {
    work: Work,
    label: Arc<str>,
    waker: Waker,
    reply: oneshot::Sender<RunReport>,
    stop: Option<Stop>,
    /// It had a turn of a worker's.
    is_begun: bool,
    pub(crate) account: Account,
    /// From when it has a sandbox.
    pub(crate) holding: Option<Arc<Holding>>,
}

/// What a slot has for a worker.
enum Work {
    /// Not begun.
    New(Box<Run>),
    Going(RunFuture),
    /// A worker has it.
    Taken,
}

impl Compute {
    /// Measures how much fuel burns in a slice, and starts the workers. Timers of the runs belong to the tokio runtime
    /// that this is called in.
    ///
    /// # Errors
    /// When the machine refuses a thread.
    pub fn start(config: ComputeConfig, guest: Guest) -> std::io::Result<Self> {
        let room = Room { live_max: config.live_runs_max, active_max: config.active_runs_max };
        let state = State {
            queue: RunQueue::new(room, config.slice),
            slots: HashMap::new(),
            deadlines: BTreeSet::new(),
            timeline: Timeline::default(),
            next_id: 0,
            stopping: false,
            slices: 0,
            busy: Duration::ZERO,
            run_cost: config.slice,
            parked: BTreeSet::new(),
            unparked: None,
            seats: BTreeSet::new(),
            left_behind: VecDeque::new(),
            arrivals: 0,
        };
        let count = config.workers.clamp(1, usize::from(u16::MAX));
        let stock = Stock::new(guest.clone(), count.saturating_mul(STOCK_PER_WORKER).min(STOCK_MAX));
        let measured = measure(&stock, config.slice);
        let slice_fuel = config.slice_fuel.unwrap_or(measured);
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            idle: AtomicUsize::new(0),
            budget: Budget::new(config.memory_bytes_max, config.memory_wait),
            epoch: clock::now(),
            epoch_since_1970: clock::since_1970(),
            workers: count,
            slice: config.slice,
            slice_fuel,
            part: Part { fuel: slice_fuel / u64::from(PARTS), time: config.slice / PARTS },
            stock,
            codes: Arc::default(),
        });
        shared.state().seats.extend((0..=u16::MAX).take(count));
        let runtime = Handle::current();
        let workers = (0..count)
            .map(|index| {
                let (shared, runtime) = (Arc::clone(&shared), runtime.clone());
                let name = format!("worker-{index}");
                thread::Builder::new().name(name).spawn(move || work(&shared, &runtime))
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self { shared, guest, config, runtime, workers: Mutex::new(workers) })
    }

    /// Puts a run into the queue. Dropping the handle stops it.
    ///
    /// # Errors
    /// When too many runs wait already.
    pub fn submit(&self, run: Run) -> Result<RunHandle, QueueFull> {
        let (handle, _) = self.enqueue(run, false)?;
        Ok(handle)
    }

    /// Puts a run into the queue, and where it is its turn at once and a sandbox is in stock, begins it in this thread: a
    /// short run has ended when this returns. The thread is kept for as long as an eighth of a slice takes. When the caller
    /// has told how it ended, it should call [`RunHandle::put_away`].
    ///
    /// # Errors
    /// As `submit`.
    pub fn submit_here(&self, run: Run) -> Result<RunHandle, QueueFull> {
        let (mut handle, loan) = self.enqueue(run, true)?;
        if let Some((turn, seat)) = loan {
            // Its timers are those of the other runs' runtime.
            let _guard = self.runtime.enter();
            handle.left_behind = self.shared.lend(turn, seat);
        }
        Ok(handle)
    }

    /// Puts a run into the queue; `here` when the caller would give it a turn, if it is to have one.
    fn enqueue(&self, run: Run, here: bool) -> Result<(RunHandle, Option<(Turn, u16)>), QueueFull> {
        let standing = Standing { submitter: run.submitter.clone(), priority: run.priority, weight: run.weight };
        let account = Account::new(run.limits.clone());
        let (stdout, stderr) = (account.stdout.clone(), account.stderr.clone());
        let (reply, report) = oneshot::channel();
        let mut state = self.shared.state();
        let queued = state.queue.queued();
        if queued >= self.config.queued_runs_max {
            let retry_after = state.retry_after(self.shared.workers);
            return Err(QueueFull { queued, max: self.config.queued_runs_max, retry_after });
        }
        let id = RunId(state.next_id);
        state.next_id += 1;
        let handle = |report| RunHandle::new(id, Arc::clone(&self.shared), report, stdout, stderr);
        if state.stopping {
            // No worker is left to end it.
            drop(state);
            let end = account.end(Stop::Stopping);
            let _ = reply.send(account.report(end));
            return Ok((handle(report), None));
        }
        let waker = Waker::from(Arc::new(RunWaker { shared: Arc::downgrade(&self.shared), id }));
        let label = Arc::clone(&run.label);
        let work = Work::New(Box::new(run));
        state.slots.insert(id, Slot { work, label, waker, reply, stop: None, is_begun: false, account, holding: None });
        state.queue.push(id, standing, self.shared.now());
        let begun = self.shared.admit(&mut state);
        let loan = if here { self.shared.borrow_seat(&mut state, id) } else { None };
        drop(state);
        self.shared.look(begun.saturating_sub(usize::from(loan.is_some())));
        Ok((handle(report), loan))
    }

    /// The scheduler's figures now.
    #[must_use]
    pub fn status(&self) -> ComputeStatus {
        let (memory_bytes, memory_bytes_max) = self.shared.budget.figures();
        let state = self.shared.state();
        let (runnable, running, waiting) = state.queue.live();
        ComputeStatus {
            workers: self.shared.workers,
            queued: state.queue.queued(),
            runnable,
            // Those that only have to be put away are over.
            running: running.saturating_sub(state.left_behind.len()),
            waiting,
            prepared: self.shared.stock.ready(),
            slices: state.slices,
            slice_fuel: self.shared.slice_fuel,
            busy_ns: u64::try_from(state.busy.as_nanos()).unwrap_or(u64::MAX),
            memory_bytes,
            memory_bytes_max,
        }
    }

    /// How long somebody should wait who finds no room: until the runs that wait now have had their turns.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.shared.state().retry_after(self.shared.workers)
    }

    pub(crate) fn with_timeline<T>(&self, look: impl FnOnce(&Timeline) -> T) -> T {
        look(&self.shared.state().timeline)
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
        self.shared.stock.clear();
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.stop();
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
        if let Some(shared) = self.shared.upgrade() {
            let now = shared.now();
            if shared.state().wake(self.id, now) {
                shared.changed.notify_one();
            }
        }
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since this started.
    fn now(&self) -> Duration {
        clock::now().saturating_duration_since(self.epoch)
    }

    /// Gives sandboxes to runs that wait. Says how many.
    fn admit(&self, state: &mut State) -> usize {
        let now = self.now();
        let mut count = 0;
        // One at a time: each holds memory before the next one is looked at.
        while let Some(id) = state.queue.admit(now, |host| self.budget.has_room(host)) {
            count += 1;
            state.arrivals += 1;
            if let Some(slot) = state.slots.get_mut(&id)
                && let Work::New(run) = &slot.work
            {
                slot.holding = Some(Arc::new(self.budget.hold(&run.submitter.host)));
            }
        }
        count
    }

    /// So many workers should look.
    pub(crate) fn look(&self, count: usize) {
        match count.min(self.idle.load(Ordering::Relaxed)) {
            0 => {}
            1 => self.changed.notify_one(),
            _ => self.changed.notify_all(),
        }
    }

    /// Lets parked runs go on: all of them once there is memory again, the oldest one when nobody else goes on.
    fn unpark(&self, state: &mut State, since: Duration) {
        if state.parked.is_empty() {
            return;
        }
        if !self.budget.is_over() {
            for id in std::mem::take(&mut state.parked) {
                state.wake(id, since);
            }
            self.changed.notify_all();
            return;
        }
        let (runnable, running, _) = state.queue.live();
        if runnable + running == 0
            && let Some(id) = state.parked.pop_first()
        {
            state.unparked = Some(id);
            state.wake(id, since);
            self.changed.notify_one();
        }
    }

    /// Charges a run for a turn, and notes it in the timeline. Says how many page faults it had since it began, if
    /// that is known.
    fn count(&self, state: &mut State, id: RunId, cost: Cost) -> Option<u64> {
        state.slices += 1;
        state.busy += cost.wall;
        let slot = state.slots.get_mut(&id)?;
        let account = &mut slot.account;
        let fuel = account.count(cost.usage.cpu, cost.usage.faults, cost.started + cost.wall);
        if account.cpu > account.limits.cpu {
            slot.stop.get_or_insert(Stop::CpuTime);
        }
        let faults = account.faults;
        if let Some(holding) = &slot.holding {
            // Whether that is too much is asked when the turn is over.
            holding.touched(account.private_bytes());
        }
        let start = self.epoch_since_1970 + cost.started.saturating_duration_since(self.epoch);
        let turn = TimelineTurn {
            task_id: Arc::clone(&slot.label),
            worker: cost.seat,
            start_ns: in_ns(start),
            duration_ns: in_ns(cost.wall),
            cpu_ns: in_ns(cost.usage.cpu),
            fuel,
        };
        state.timeline.push(turn);
        faults
    }

    /// A run's last turn is over: whoever waits is told.
    fn end(&self, id: RunId, cost: Cost, remains: Remains, end: impl FnOnce(&Account) -> RunEnd) -> Option<Ended> {
        self.count(&mut self.state(), id, cost);
        self.answer(id, cost.usage.cpu, remains, end)
    }

    /// Tells how a run ended, whose last turn was counted.
    fn answer(
        &self,
        id: RunId,
        cpu: Duration,
        remains: Remains,
        end: impl FnOnce(&Account) -> RunEnd,
    ) -> Option<Ended> {
        let holding = self.tell(id, end);
        Some(Ended { id, cpu, remains, is_light: false, holding })
    }

    /// A panic on the way ends nothing else.
    fn clear_away(&self, remains: Remains) {
        let clear_away = || match remains {
            Remains::Sandbox(sandbox) => drop(self.stock.put_back(*sandbox)),
            Remains::Other(other) => drop(other),
            Remains::Nothing => {}
        };
        let _ = std::panic::catch_unwind(AssertUnwindSafe(clear_away));
    }

    fn put_away(&self, ended: Ended) {
        let Ended { id, cpu, remains, holding, .. } = ended;
        let before = ThreadUsage::now();
        self.clear_away(remains);
        self.is_away(id, cpu + ThreadUsage::now().since(before).cpu, holding);
    }

    /// Nothing is left of a run, which took so long in its last turn and behind it.
    fn is_away(&self, id: RunId, cpu: Duration, holding: Option<Arc<Holding>>) {
        // Giving memory back wakes runs that wait for it, which takes the lock.
        drop(holding);
        self.free(id, Some(cpu));
    }

    /// Tells how a run ended. What it holds of the memory is the caller's to give back.
    fn tell(&self, id: RunId, end: impl FnOnce(&Account) -> RunEnd) -> Option<Arc<Holding>> {
        let mut state = self.state();
        let mut slot = state.slots.remove(&id)?;
        if let Some(started) = slot.account.started {
            state.deadlines.remove(&(started + slot.account.limits.timeout, id));
            let newest = slot.account.cpu.as_secs_f64() * COST_NEWEST;
            state.run_cost = Duration::from_secs_f64(state.run_cost.as_secs_f64() * (1.0 - COST_NEWEST) + newest);
        }
        drop(state);
        let end = end(&slot.account);
        // The handle may be gone: then nobody wants the report.
        let _ = slot.reply.send(slot.account.report(end));
        slot.holding.take()
    }

    /// A run's sandbox is free.
    fn free(&self, id: RunId, cost: Option<Duration>) {
        let mut state = self.state();
        state.queue.finish(id, cost);
        state.parked.remove(&id);
        state.unparked.take_if(|unparked| *unparked == id);
        let since = self.now();
        self.unpark(&mut state, since);
        let begun = self.admit(&mut state);
        let nothing_left = state.stopping && state.queue.is_empty();
        drop(state);
        if nothing_left {
            self.changed.notify_all();
        } else {
            self.look(begun);
        }
    }

    pub(crate) fn stop(&self, id: RunId, stop: Stop) {
        let mut state = self.state();
        let Some(slot) = state.slots.get_mut(&id) else { return };
        slot.stop.get_or_insert(stop);
        if state.queue.state(id) == Some(RunState::Queued) {
            state.queue.finish(id, None);
            drop(state);
            drop(self.tell(id, |account| account.end(stop)));
            self.free(id, None);
            return;
        }
        let now = self.now();
        let woken = state.wake(id, now);
        state.hurry(id);
        drop(state);
        if woken {
            self.changed.notify_one();
        }
    }
}

impl State {
    /// What the run waits for has come. Says whether a worker should look.
    fn wake(&mut self, id: RunId, since: Duration) -> bool {
        let woken = self.queue.wake(id, since);
        self.arrivals += u64::from(woken);
        woken
    }

    /// The run is to be stopped: nobody's turn goes on for long before its.
    fn hurry(&mut self, id: RunId) {
        self.queue.hurry(id);
        self.arrivals += 1;
    }

    /// Stops the runs whose time is over.
    fn expire(&mut self, now: Instant, since: Duration) {
        while let Some((deadline, id)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.deadlines.pop_first();
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.stop.get_or_insert(Stop::Timeout);
                self.wake(id, since);
                self.hurry(id);
            }
        }
    }

    fn retry_after(&self, workers: usize) -> Duration {
        let (runnable, running, _) = self.queue.live();
        let waiting = u32::try_from(self.queue.queued() + runnable + running).unwrap_or(u32::MAX);
        let workers = u32::try_from(workers).unwrap_or(u32::MAX).max(1);
        (self.run_cost.saturating_mul(waiting) / workers).clamp(RETRY.0, RETRY.1)
    }
}

fn in_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
