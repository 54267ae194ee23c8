//! What was asked, and what became of it. A task's id is its idempotency key: the same id with the same body is the
//! same task, and whoever asks again waits for the same end.

use crate::{config::TaskTableLimits, history::History, quota::Quota, record::TaskRecord};
use sandlot_compute::{RunProbe, Submitter};
use sandlot_protocol::{Address, CpuResult, CpuTask, Outcome, TaskId, TaskLimits, Usage, limits::LIST_ENTRIES_MAX};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What other peers said of a task that is remembered of it.
const ATTEMPTS_KEPT: usize = 16;

/// Every task of this peer.
#[derive(Debug)]
pub(crate) struct Tasks {
    state: Mutex<State>,
}

/// A task that another peer sent here is kept apart from the same task asked of us: otherwise two peers that sent it to
/// each other would wait for each other for ever.
pub(crate) type TaskKey = (TaskId, bool);

#[derive(Debug)]
struct State {
    live: BTreeMap<TaskKey, Box<Live>>,
    history: History,
    quota: Quota,
    next_number: u64,
    outcomes: BTreeMap<Outcome, u64>,
    totals: RunTotals,
}

#[derive(Debug)]
pub(crate) struct Live {
    /// Tells this task from a later one with the same key.
    number: u64,
    body: blake3::Hash,
    input_bytes: u64,
    cancel: CancellationToken,
    result: watch::Receiver<Option<Arc<CpuResult>>>,
    waiters: usize,
    pub(crate) place: watch::Sender<Place>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) about: About,
}

/// Where a task is that has not ended.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A peer is being chosen.
    Choosing,
    /// On this peer's workers.
    Here(RunProbe),
    /// Sent to that peer, under that id.
    At(Address, TaskId),
}

/// What a peer said that was asked to run a task and did not.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Attempt {
    /// The peer.
    pub(crate) peer: String,
    /// Its answer, or what went wrong.
    pub(crate) said: String,
}

/// What is known of a task from the beginning.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) function: Option<String>,
    pub(crate) confidential: bool,
    pub(crate) source: Option<String>,
    pub(crate) submitter: Submitter,
    pub(crate) priority: i32,
    pub(crate) weight: u32,
    /// Its result is kept for whoever asks later; nobody has to wait for it meanwhile.
    pub(crate) kept: bool,
    /// How often it was begun anew.
    pub(crate) attempt: u32,
    pub(crate) asked_at: f64,
    pub(crate) timeout: Option<f64>,
    pub(crate) limits: TaskLimits,
}

/// What `begin` says of a task.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It is new: run it, and end it with the slot.
    New(Slot, Waiter),
    /// It was asked before.
    Known(Waiter),
    /// It was asked before, and has ended.
    Ended(Arc<CpuResult>),
    /// The id belongs to another task.
    Conflict,
    /// There is no room for another task; says why.
    Full(String),
}

/// Where a task is that was asked for by its id.
#[derive(Debug)]
pub(crate) enum Found {
    /// It has not ended.
    Live {
        /// Its place, and the places that follow.
        place: watch::Receiver<Place>,
        /// Its end.
        result: watch::Receiver<Option<Arc<CpuResult>>>,
        /// Which try this is.
        attempt: u32,
    },
    /// It has ended, in this try.
    Ended(Arc<CpuResult>, u32),
}

/// The right and the duty to end a task.
#[derive(Debug)]
pub(crate) struct Slot {
    tasks: Arc<Tasks>,
    key: TaskKey,
    number: u64,
    result: watch::Sender<Option<Arc<CpuResult>>>,
    /// Fires when the task is to stop.
    pub(crate) cancel: CancellationToken,
    /// Whose it is.
    pub(crate) submitter: Submitter,
}

/// Somebody who waits for a task's end. When the last one goes, the task is stopped, unless it is kept.
#[derive(Debug)]
pub(crate) struct Waiter {
    tasks: Arc<Tasks>,
    key: TaskKey,
    number: u64,
    result: watch::Receiver<Option<Arc<CpuResult>>>,
}

/// What the tasks that ran on this peer took, since its start.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunTotals {
    pub(crate) fuel: u64,
    /// Tasks that waited at most `START_BOUNDS_MS` of the same index for their first slice; the last entry counts the
    /// others.
    pub(crate) started: [u64; START_BOUNDS_MS.len() + 1],
    /// Milliseconds that they waited together.
    pub(crate) queue_ms: f64,
}

/// The bounds of `RunTotals::started`, in milliseconds.
pub(crate) const START_BOUNDS_MS: [f64; 12] =
    [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 50.0, 250.0, 1_000.0, 10_000.0, 60_000.0];

/// How many tasks ended how.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Statistics {
    pub(crate) total: u64,
    pub(crate) live: usize,
    pub(crate) by_outcome: BTreeMap<&'static str, u64>,
}

impl Tasks {
    pub(crate) fn new(limits: TaskTableLimits) -> Arc<Self> {
        let state = State {
            live: BTreeMap::new(),
            history: History::new(&limits),
            quota: Quota::new(&limits),
            next_number: 0,
            outcomes: BTreeMap::new(),
            totals: RunTotals::default(),
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// A task was asked for; `kept` when its result is to be kept for later.
    pub(crate) fn begin(
        self: &Arc<Self>,
        id: &TaskId,
        task: &mut CpuTask,
        submitter: Submitter,
        kept: bool,
        now: f64,
    ) -> Begun {
        let body = body_of(task);
        let key = (id.clone(), task.source_peer.is_some());
        let mut state = self.state();
        // What found no room may be asked again under its id.
        if state.history.get(&key, now).is_some_and(|ended| ended.result.outcome() == Outcome::Rejected) {
            state.history.forget(&key);
        }
        if let Some(ended) = state.history.get(&key, now) {
            return if ended.body == body { Begun::Ended(Arc::clone(&ended.result)) } else { Begun::Conflict };
        }
        if let Some(live) = state.live.get_mut(&key) {
            if live.body != body {
                return Begun::Conflict;
            }
            live.about.kept |= kept;
            live.waiters += 1;
            return Begun::Known(self.waiter(key, live));
        }
        let input_bytes = task.input_bytes();
        if let Err(reason) = state.quota.take(&submitter, input_bytes) {
            return Begun::Full(reason);
        }
        let (sender, result) = watch::channel(None);
        let cancel = CancellationToken::new();
        let about = About {
            function: task.function.clone(),
            confidential: task.confidential,
            source: task.source_peer.clone(),
            submitter: submitter.clone(),
            priority: task.priority,
            weight: task.weight.unwrap_or(1),
            kept,
            attempt: 0,
            asked_at: now,
            timeout: task.timeout,
            limits: task.limits,
        };
        let number = state.next_number;
        let (place, _) = watch::channel(Place::Choosing);
        let live = Live {
            number,
            body,
            input_bytes,
            cancel: cancel.clone(),
            result,
            waiters: 1,
            place,
            attempts: Vec::new(),
            about,
        };
        let waiter = self.waiter(key.clone(), &live);
        state.next_number += 1;
        state.live.insert(key.clone(), Box::new(live));
        Begun::New(Slot { tasks: Arc::clone(self), key, number, result: sender, cancel, submitter }, waiter)
    }

    /// Somebody waits for a task by its id. A task that has ended is told at once.
    pub(crate) fn wait(self: &Arc<Self>, id: &TaskId, now: f64) -> Option<Result<Waiter, Arc<CpuResult>>> {
        let mut state = self.state();
        for key in keys_of(id) {
            if let Some(live) = state.live.get_mut(&key) {
                live.waiters += 1;
                return Some(Ok(self.waiter(key, live)));
            }
            if let Some(ended) = state.history.get(&key, now) {
                return Some(Err(Arc::clone(&ended.result)));
            }
        }
        None
    }

    /// Where a task is.
    pub(crate) fn whereabouts(&self, id: &TaskId, now: f64) -> Option<Found> {
        let state = self.state();
        for key in keys_of(id) {
            if let Some(live) = state.live.get(&key) {
                let (place, result) = (live.place.subscribe(), live.result.clone());
                return Some(Found::Live { place, result, attempt: live.about.attempt });
            }
            if let Some(ended) = state.history.get(&key, now) {
                return Some(Found::Ended(Arc::clone(&ended.result), ended.about.attempt));
            }
        }
        None
    }

    /// Stops a task; tells whether there is one that has not ended.
    pub(crate) fn cancel(&self, id: &TaskId) -> bool {
        let state = self.state();
        let live = keys_of(id).into_iter().filter_map(|key| state.live.get(&key));
        live.inspect(|live| live.cancel.cancel()).count() > 0
    }

    /// Stops every task.
    pub(crate) fn cancel_all(&self) {
        self.state().live.values().for_each(|live| live.cancel.cancel());
    }

    /// The tasks that have not ended; not more than a list may have.
    pub(crate) fn live(&self) -> Vec<TaskRecord> {
        let state = self.state();
        state.live.iter().take(LIST_ENTRIES_MAX).map(|((id, _), live)| TaskRecord::of_live(id, live, false)).collect()
    }

    /// The tasks that ended, newest first, without the newest `offset`.
    pub(crate) fn history(&self, offset: usize, limit: usize, now: f64) -> Vec<TaskRecord> {
        let mut state = self.state();
        state.history.newest(offset, limit, now).map(|ended| TaskRecord::of_ended(ended, false)).collect()
    }

    /// One task, with its result when it has ended.
    pub(crate) fn find(&self, id: &TaskId, now: f64) -> Option<TaskRecord> {
        let state = self.state();
        let ended = |key: &TaskKey| state.history.get(key, now).map(|ended| TaskRecord::of_ended(ended, true));
        let live = |key: &TaskKey| state.live.get(key).map(|live| TaskRecord::of_live(id, live, true));
        keys_of(id).iter().find_map(|key| live(key).or_else(|| ended(key)))
    }

    /// What other peers said of a task that has not ended.
    pub(crate) fn attempts(&self, id: &TaskId) -> Vec<Attempt> {
        let state = self.state();
        let live = keys_of(id).into_iter().find_map(|key| state.live.get(&key));
        live.map(|live| live.attempts.clone()).unwrap_or_default()
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let state = self.state();
        let by_outcome = state.outcomes.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect();
        Statistics { total: state.outcomes.values().sum(), live: state.live.len(), by_outcome }
    }

    /// What the tasks that ran here took.
    pub(crate) fn totals(&self) -> RunTotals {
        self.state().totals.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiter(self: &Arc<Self>, key: TaskKey, live: &Live) -> Waiter {
        Waiter { tasks: Arc::clone(self), key, number: live.number, result: live.result.clone() }
    }
}

fn keys_of(id: &TaskId) -> [TaskKey; 2] {
    [(id.clone(), false), (id.clone(), true)]
}

impl Slot {
    /// Says where the task is now.
    pub(crate) fn place(&self, place: Place) {
        self.with(|live| {
            live.place.send_replace(place);
        });
    }

    /// Another try begins.
    pub(crate) fn try_again(&self) {
        self.with(|live| {
            live.about.attempt += 1;
            live.place.send_replace(Place::Choosing);
        });
    }

    /// A peer did not run the task.
    pub(crate) fn attempt(&self, peer: &Address, said: &str) {
        self.with(|live| {
            if live.attempts.len() < ATTEMPTS_KEPT {
                live.attempts.push(Attempt { peer: peer.to_string(), said: said.to_owned() });
            }
        });
    }

    /// The task has ended; whoever waits is told.
    pub(crate) fn end(self, result: CpuResult, now: f64) {
        let result = Arc::new(result);
        let mut state = self.tasks.state();
        *state.outcomes.entry(result.outcome()).or_default() += 1;
        if let Some(live) = state.take(&self.key, self.number) {
            if matches!(*live.place.borrow(), Place::Here(_)) {
                state.totals.add(&result.usage);
            }
            state.history.remember(&self.key, live.body, Arc::clone(&result), live.about, now);
        }
        drop(state);
        let _ = self.result.send(Some(result));
    }

    fn with(&self, change: impl FnOnce(&mut Live)) {
        if let Some(live) = self.tasks.state().live.get_mut(&self.key).filter(|live| live.number == self.number) {
            change(live);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Without an end (its carrier panicked) the task must not stay for ever.
        self.tasks.state().take(&self.key, self.number);
    }
}

impl RunTotals {
    fn add(&mut self, usage: &Usage) {
        self.fuel += usage.fuel;
        self.started[START_BOUNDS_MS.partition_point(|bound| *bound < usage.queue_ms)] += 1;
        self.queue_ms += usage.queue_ms;
    }
}

impl State {
    /// Takes this very task off the live ones.
    fn take(&mut self, key: &TaskKey, number: u64) -> Option<Box<Live>> {
        self.live.get(key).filter(|live| live.number == number)?;
        let live = self.live.remove(key)?;
        self.quota.give_back(&live.about.submitter, live.input_bytes);
        Some(live)
    }
}

impl Waiter {
    /// Waits for the task's end.
    pub(crate) async fn wait(mut self) -> Option<Arc<CpuResult>> {
        let ended = self.result.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.tasks.state();
        let Some(live) = state.live.get_mut(&self.key).filter(|live| live.number == self.number) else { return };
        live.waiters -= 1;
        if live.waiters == 0 && !live.about.kept {
            live.cancel.cancel();
            // Nobody asked for its end: whoever asks again under this id asks for a new run.
            state.take(&self.key, self.number);
        }
    }
}

/// What makes a task the same task, whoever sent it on.
fn body_of(task: &mut CpuTask) -> blake3::Hash {
    // What does not belong to it is taken out for so long.
    let ids = (task.task_id.take(), task.source_peer.take(), task.submitter.take(), task.traceparent.take());
    let max_retries = std::mem::take(&mut task.max_retries);
    let body = blake3::hash(&serde_json::to_vec(task).unwrap_or_default());
    (task.task_id, task.source_peer, task.submitter, task.traceparent) = ids;
    task.max_retries = max_retries;
    body
}
