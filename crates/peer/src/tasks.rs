//! What was asked, and what became of it. A task's id is its idempotency key: the same id with the same body is the
//! same task, and whoever asks again waits for the same end.

use crate::config::HistoryLimits;
use sandlot_compute::RunProbe;
use sandlot_protocol::{Address, CpuResult, CpuTask, Outcome, RawJson, TaskId};
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Every task of this peer.
#[derive(Debug)]
pub(crate) struct Tasks {
    state: Mutex<State>,
    limits: HistoryLimits,
}

/// A task that another peer sent here is kept apart from the same task asked of us: otherwise two peers that sent it to
/// each other would wait for each other for ever.
type TaskKey = (TaskId, bool);

#[derive(Debug, Default)]
struct State {
    live: BTreeMap<TaskKey, Live>,
    ended: BTreeMap<TaskKey, Ended>,
    /// Oldest first.
    order: VecDeque<TaskKey>,
    /// Bytes of the programs and arguments of live tasks.
    input_bytes: u64,
    next_number: u64,
    bytes: usize,
    outcomes: BTreeMap<Outcome, u64>,
}

#[derive(Debug)]
struct Live {
    /// Tells this task from a later one with the same key.
    number: u64,
    body: blake3::Hash,
    input_bytes: u64,
    cancel: CancellationToken,
    result: watch::Receiver<Option<Arc<CpuResult>>>,
    waiters: usize,
    place: Place,
    about: About,
}

#[derive(Debug)]
struct Ended {
    body: blake3::Hash,
    result: Arc<CpuResult>,
    about: About,
    ended_at: f64,
    bytes: usize,
}

/// Where a task is that has not ended.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A peer is being chosen.
    Choosing,
    /// On this peer's workers.
    Here(RunProbe),
    /// Sent to that peer.
    At(Address),
}

#[derive(Debug, Clone)]
struct About {
    function: Option<String>,
    confidential: bool,
    source: Option<String>,
    asked_at: f64,
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

/// The right and the duty to end a task.
#[derive(Debug)]
pub(crate) struct Slot {
    tasks: Arc<Tasks>,
    key: TaskKey,
    number: u64,
    result: watch::Sender<Option<Arc<CpuResult>>>,
    /// Fires when the task is to stop.
    pub(crate) cancel: CancellationToken,
}

/// Somebody who waits for a task's end. When the last one goes, the task is stopped.
#[derive(Debug)]
pub(crate) struct Waiter {
    tasks: Arc<Tasks>,
    key: TaskKey,
    number: u64,
    result: watch::Receiver<Option<Arc<CpuResult>>>,
}

/// A task, as lists tell of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TaskRecord {
    pub(crate) task_id: TaskId,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) state: String,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) error: Option<String>,
    pub(crate) executed_by: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) confidential: bool,
    pub(crate) source: Option<String>,
    pub(crate) asked_at: f64,
    pub(crate) ended_at: Option<f64>,
    pub(crate) usage: Option<sandlot_protocol::Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stderr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<sandlot_protocol::Exception>,
}

/// How many tasks ended how.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Statistics {
    pub(crate) total: u64,
    pub(crate) live: usize,
    pub(crate) by_outcome: BTreeMap<&'static str, u64>,
}

impl Tasks {
    pub(crate) fn new(limits: HistoryLimits) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), limits })
    }

    /// A task was asked for.
    pub(crate) fn begin(self: &Arc<Self>, id: &TaskId, task: &CpuTask, now: f64) -> Begun {
        let body = body_of(task);
        let key = (id.clone(), task.source_peer.is_some());
        let mut state = self.state();
        // What found no room may be asked again under its id.
        if state.ended.get(&key).is_some_and(|ended| ended.result.outcome() == Outcome::Rejected) {
            state.forget(&key);
        }
        if let Some(ended) = state.ended.get(&key) {
            return if ended.body == body { Begun::Ended(Arc::clone(&ended.result)) } else { Begun::Conflict };
        }
        if let Some(live) = state.live.get_mut(&key) {
            if live.body != body {
                return Begun::Conflict;
            }
            live.waiters += 1;
            return Begun::Known(self.waiter(key, live));
        }
        let input_bytes = task.input_bytes();
        if let Some(reason) = state.no_room(input_bytes, &self.limits) {
            return Begun::Full(reason);
        }
        let (sender, result) = watch::channel(None);
        let cancel = CancellationToken::new();
        let about = About {
            function: task.function.clone(),
            confidential: task.confidential,
            source: task.source_peer.clone(),
            asked_at: now,
        };
        let number = state.next_number;
        let place = Place::Choosing;
        let live = Live { number, body, input_bytes, cancel: cancel.clone(), result, waiters: 1, place, about };
        let waiter = self.waiter(key.clone(), &live);
        state.next_number += 1;
        state.input_bytes += input_bytes;
        state.live.insert(key.clone(), live);
        Begun::New(Slot { tasks: Arc::clone(self), key, number, result: sender, cancel }, waiter)
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

    /// The tasks that have not ended.
    pub(crate) fn live(&self) -> Vec<TaskRecord> {
        self.state().live.iter().map(|((id, _), live)| live.record(id)).collect()
    }

    /// The tasks that ended, newest first.
    pub(crate) fn history(&self, limit: usize) -> Vec<TaskRecord> {
        let state = self.state();
        let ended = state.order.iter().rev().filter_map(|key| state.ended.get(key));
        ended.take(limit).map(|ended| ended.record(false)).collect()
    }

    /// One task, with its result when it has ended.
    pub(crate) fn find(&self, id: &TaskId) -> Option<TaskRecord> {
        let state = self.state();
        let ended = |key: &TaskKey| state.ended.get(key).map(|ended| ended.record(true));
        let live = |key: &TaskKey| state.live.get(key).map(|live| live.record(id));
        keys_of(id).iter().find_map(|key| ended(key).or_else(|| live(key)))
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let state = self.state();
        let by_outcome = state.outcomes.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect();
        Statistics { total: state.outcomes.values().sum(), live: state.live.len(), by_outcome }
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
        if let Some(live) = self.tasks.state().live.get_mut(&self.key) {
            live.place = place;
        }
    }

    /// The task has ended; whoever waits is told.
    pub(crate) fn end(self, result: CpuResult, now: f64) {
        let result = Arc::new(result);
        let mut state = self.tasks.state();
        *state.outcomes.entry(result.outcome()).or_default() += 1;
        if let Some(live) = state.take(&self.key, self.number) {
            let bytes = bytes_of(&result);
            let ended = Ended { body: live.body, result: Arc::clone(&result), about: live.about, ended_at: now, bytes };
            state.remember(&self.key, ended, &self.tasks.limits);
        }
        drop(state);
        let _ = self.result.send(Some(result));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Without an end (its carrier panicked) the task must not stay for ever.
        self.tasks.state().take(&self.key, self.number);
    }
}

impl State {
    fn no_room(&self, input_bytes: u64, limits: &HistoryLimits) -> Option<String> {
        if self.live.len() >= limits.live_max {
            return Some(format!("{} tasks have not ended, the most there may be", limits.live_max));
        }
        (self.input_bytes + input_bytes > limits.input_bytes_max).then(|| {
            format!(
                "the tasks that have not ended hold {} bytes of at most {}",
                self.input_bytes, limits.input_bytes_max
            )
        })
    }

    /// Takes this very task off the live ones.
    fn take(&mut self, key: &TaskKey, number: u64) -> Option<Live> {
        self.live.get(key).filter(|live| live.number == number)?;
        let live = self.live.remove(key)?;
        self.input_bytes -= live.input_bytes;
        Some(live)
    }

    fn remember(&mut self, key: &TaskKey, ended: Ended, limits: &HistoryLimits) {
        self.bytes += ended.bytes;
        self.order.push_back(key.clone());
        self.ended.insert(key.clone(), ended);
        while self.order.len() > limits.tasks_max || self.bytes > limits.bytes_max {
            let Some(oldest) = self.order.front().cloned() else { break };
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, key: &TaskKey) {
        self.order.retain(|kept| kept != key);
        if let Some(forgotten) = self.ended.remove(key) {
            self.bytes -= forgotten.bytes;
        }
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
        if live.waiters == 0 {
            live.cancel.cancel();
            // Nobody asked for its end: whoever asks again under this id asks for a new run.
            state.take(&self.key, self.number);
        }
    }
}

impl Live {
    fn record(&self, id: &TaskId) -> TaskRecord {
        let (state, executed_by) = match &self.place {
            Place::Choosing => ("queued", None),
            Place::Here(probe) => (probe.state().unwrap_or("running"), None),
            Place::At(address) => ("forwarded", Some(address.to_string())),
        };
        self.about.record(id.clone(), state, executed_by)
    }
}

impl Ended {
    fn record(&self, whole: bool) -> TaskRecord {
        let result = &self.result;
        let record = self.about.record(result.task_id.clone(), "done", result.executed_by.clone());
        TaskRecord {
            outcome: Some(result.outcome()),
            error: result.error.clone(),
            ended_at: Some(self.ended_at),
            usage: Some(result.usage),
            result: whole.then(|| result.result.clone()),
            stdout: whole.then(|| result.stdout.clone()),
            stderr: whole.then(|| result.stderr.clone()),
            exception: result.exception.clone().filter(|_| whole),
            ..record
        }
    }
}

impl About {
    fn record(&self, task_id: TaskId, state: &str, executed_by: Option<String>) -> TaskRecord {
        TaskRecord {
            task_id,
            kind: "CPU_TASK",
            state: state.to_owned(),
            outcome: None,
            error: None,
            executed_by,
            function: self.function.clone(),
            confidential: self.confidential,
            source: self.source.clone(),
            asked_at: self.asked_at,
            ended_at: None,
            usage: None,
            result: None,
            stdout: None,
            stderr: None,
            exception: None,
        }
    }
}

/// What makes a task the same task, whoever sent it on.
fn body_of(task: &CpuTask) -> blake3::Hash {
    let body = CpuTask { task_id: None, source_peer: None, max_retries: 0, ..task.clone() };
    blake3::hash(&serde_json::to_vec(&body).unwrap_or_default())
}

/// What a result takes.
pub(crate) fn bytes_of(result: &CpuResult) -> usize {
    const RECORD_BYTES: usize = 1024;
    let exception =
        result.exception.as_ref().map_or(0, |exception| exception.traceback.len() + exception.message.len());
    RECORD_BYTES + result.result.get().len() + result.stdout.len() + result.stderr.len() + exception
}
