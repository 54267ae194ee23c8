//! Waiting for a task, its output while it runs, and where it is: asked by its id, from any connection.

use crate::{
    dispatch::{Dispatch, lost},
    record::TaskRecord,
    tasks::{Found, Place},
};
use sandlot_client::ClientError;
use sandlot_compute::{WaitsFor, output::Output, text_after};
use sandlot_net::clock;
use sandlot_protocol::{
    Address, CpuResult, ErrorCode, Outcome, Refusal, Reply, Request, StatusReply, TaskId,
    limits::WAIT_MAX,
    request::{TaskOutput, TaskQuestion, WaitTask},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// How long the peer that runs a task may take to say how it is there.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often that peer is asked for output at most, when it cannot wait.
const ASK_EVERY: Duration = Duration::from_millis(200);

fn unknown(id: &TaskId) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("task {id} is not known here, or its result is no longer kept"))
}

/// Waits for a task's end.
pub(crate) async fn wait(dispatch: &Dispatch, question: &WaitTask) -> Result<Reply, Refusal> {
    let id = &question.task_id;
    let waiter = match dispatch.tasks.wait(id, clock::unix_seconds()).ok_or_else(|| unknown(id))? {
        Ok(waiter) => waiter,
        Err(ended) => return Ok(Reply::CpuResult(ended)),
    };
    match timeout(question.wait(), waiter.wait()).await {
        Ok(result) => Ok(Reply::CpuResult(result.ok_or_else(lost)?)),
        Err(_) => Ok(StatusReply::new("PENDING").with("task_id", id).into()),
    }
}

/// What a task has printed behind what the asker knows already; waits for more.
pub(crate) async fn output(dispatch: &Dispatch, question: &TaskOutput) -> Result<Reply, Refusal> {
    let id = &question.task_id;
    let at_once = question.wait_ms == 0;
    let waiting = if at_once { ASK_TIMEOUT } else { Duration::from_millis(question.wait_ms).min(WAIT_MAX) };
    let until = Instant::now() + waiting;
    loop {
        let found = dispatch.tasks.whereabouts(id, clock::unix_seconds()).ok_or_else(|| unknown(id))?;
        let (mut place, mut result, attempt) = match found {
            Found::Ended(result, attempt) => return Ok(ended_output(question, &result, attempt)),
            Found::Live { place, result, attempt } => (place, result, attempt),
        };
        let part = Part::new(question, attempt);
        let here = place.borrow_and_update().clone();
        tokio::select! {
            biased;
            Some((stdout, stderr)) = part.read(dispatch, here, until, at_once) => {
                return Ok(part.reply(id, attempt, &stdout, &stderr, false));
            }
            _ = result.wait_for(Option::is_some) => {}
            _ = place.changed() => {}
            () = sleep_until(until) => return Ok(part.reply(id, attempt, "", "", false)),
        }
    }
}

/// Which bytes are asked for.
#[derive(Debug, Clone, Copy)]
struct Part {
    stdout_from: usize,
    stderr_from: usize,
}

impl Part {
    /// Offsets of another try mean nothing.
    fn new(question: &TaskOutput, attempt: u32) -> Self {
        let is_same = question.attempt == attempt;
        let from = |from| if is_same { from } else { 0 };
        Self { stdout_from: from(question.stdout_from), stderr_from: from(question.stderr_from) }
    }

    /// What has come behind it; waits until there is something, unless it is to be told at once. `None` when nothing
    /// more can come from this place.
    async fn read(self, dispatch: &Dispatch, place: Place, until: Instant, at_once: bool) -> Option<(String, String)> {
        match place {
            Place::Choosing => at_once.then(Default::default),
            Place::Here(probe) => {
                if !at_once {
                    tokio::select! {
                        () = more(probe.stdout(), self.stdout_from) => {}
                        () = more(probe.stderr(), self.stderr_from) => {}
                    }
                }
                let behind = |output: &Output, from| output.text_after(from).0;
                Some((behind(probe.stdout(), self.stdout_from), behind(probe.stderr(), self.stderr_from)))
            }
            Place::At(peer, task_id) => loop {
                let read = self.read_at(dispatch, &peer, task_id.clone(), until, at_once).await;
                match read {
                    Some((stdout, stderr)) if at_once || !(stdout.is_empty() && stderr.is_empty()) => {
                        return Some((stdout, stderr));
                    }
                    // It does not know the task yet or no longer, or is an existing peer, or nothing came.
                    _ => sleep_until(Instant::now() + ASK_EVERY).await,
                }
            },
        }
    }

    async fn read_at(
        self,
        dispatch: &Dispatch,
        peer: &Address,
        task_id: TaskId,
        until: Instant,
        at_once: bool,
    ) -> Option<(String, String)> {
        let rest = until.saturating_duration_since(Instant::now());
        let wait_ms = if at_once { 0 } else { u64::try_from(rest.as_millis()).unwrap_or(u64::MAX) };
        let Self { stdout_from, stderr_from } = self;
        let request = Request::TaskOutput(TaskOutput { task_id, attempt: 0, stdout_from, stderr_from, wait_ms });
        let client = dispatch.clients.to(peer);
        match client.ask_within(&request, rest + ASK_TIMEOUT).await {
            Ok(Reply::Status(status)) => Some((status.get("stdout")?, status.get("stderr")?)),
            _ => None,
        }
    }

    fn reply(self, id: &TaskId, attempt: u32, stdout: &str, stderr: &str, done: bool) -> Reply {
        StatusReply::ok()
            .with("operation", "TASK_OUTPUT")
            .with("task_id", id)
            .with("attempt", attempt)
            .with("stdout", stdout)
            .with("stderr", stderr)
            .with("stdout_next", self.stdout_from + stdout.len())
            .with("stderr_next", self.stderr_from + stderr.len())
            .with("done", done)
            .into()
    }
}

/// Waits until more than this has come; for ever if nothing more comes.
async fn more(output: &Output, from: usize) {
    let (text, _) = output.text_from(from).await;
    if text.is_empty() {
        std::future::pending().await
    }
}

fn ended_output(question: &TaskOutput, result: &CpuResult, attempt: u32) -> Reply {
    let part = Part::new(question, attempt);
    let (stdout, stderr) = (text_after(&result.stdout, part.stdout_from), text_after(&result.stderr, part.stderr_from));
    part.reply(&result.task_id, attempt, stdout, stderr, true)
}

/// Where a task is, why it waits, and what would make it go on.
pub(crate) async fn explain(dispatch: &Dispatch, id: &TaskId) -> Result<Reply, Refusal> {
    let record = dispatch.tasks.find(id, clock::unix_seconds()).ok_or_else(|| unknown(id))?;
    let place = match dispatch.tasks.whereabouts(id, clock::unix_seconds()) {
        Some(Found::Live { place, .. }) => Some(place.borrow().clone()),
        _ => None,
    };
    let there = match place {
        Some(Place::At(peer, remote_id)) => Some(asked(dispatch, &peer, remote_id).await),
        _ => None,
    };
    let (text, unblocks) = words(&record, there.as_ref());
    let reply = StatusReply::ok()
        .with("operation", "EXPLAIN_TASK")
        .with("task_id", id)
        .with("state", record.state)
        .with("text", text)
        .with("unblocks", unblocks)
        .with("waits_for", record.waits_for)
        .with("attempts", dispatch.tasks.attempts(id));
    Ok(match there {
        Some(there) => reply.with("there", there).into(),
        None => reply.into(),
    })
}

/// Where a task is, and what would make it go on; `None` when it is not known.
pub(crate) async fn in_words(dispatch: &Dispatch, id: &TaskId) -> Option<(String, Option<String>)> {
    match explain(dispatch, id).await.ok()? {
        Reply::Status(status) => Some((status.get("text")?, status.get("unblocks"))),
        _ => None,
    }
}

/// What a task has printed so far.
pub(crate) async fn printed(dispatch: &Dispatch, id: &TaskId) -> (String, String) {
    let question = TaskOutput { task_id: id.clone(), attempt: 0, stdout_from: 0, stderr_from: 0, wait_ms: 0 };
    match output(dispatch, &question).await {
        Ok(Reply::Status(status)) => {
            (status.get("stdout").unwrap_or_default(), status.get("stderr").unwrap_or_default())
        }
        _ => Default::default(),
    }
}

async fn asked(dispatch: &Dispatch, peer: &Address, task_id: TaskId) -> Value {
    let request = Request::ExplainTask(TaskQuestion { task_id });
    match dispatch.clients.to(peer).ask_within(&request, ASK_TIMEOUT).await {
        Ok(Reply::Status(status)) => json!({
            "peer": peer.to_string(),
            "state": status.get::<String>("state"),
            "text": status.get::<String>("text"),
            "unblocks": status.get::<String>("unblocks"),
        }),
        Ok(_) => json!({"peer": peer.to_string(), "text": "it answered with something else"}),
        Err(ClientError::Refused(refusal)) => json!({"peer": peer.to_string(), "text": refusal.to_string()}),
        Err(error) => json!({"peer": peer.to_string(), "text": error.to_string()}),
    }
}

/// Where it is, and what would make it go on.
fn words(record: &TaskRecord, there: Option<&Value>) -> (String, Option<String>) {
    let said = |name: &str| there.and_then(|there| there.get(name)).and_then(Value::as_str).map(ToOwned::to_owned);
    let ahead = |count: Option<usize>| match count.unwrap_or(0) {
        0 => "it is the next one of its submitter".to_owned(),
        1 => "1 task of its submitter is before it".to_owned(),
        count => format!("{count} tasks of its submitter are before it"),
    };
    match (record.state, record.waits_for) {
        ("done", _) => {
            let outcome = record.outcome.map_or("unknown", Outcome::as_str);
            let why = record.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let by = record.executed_by.as_deref().unwrap_or("nobody");
            (format!("it has ended at {by} with outcome {outcome}{why}"), None)
        }
        ("forwarded", _) => {
            let peer = record.executed_by.as_deref().unwrap_or("another peer");
            let how = said("text").map(|text| format!(", which says: {text}")).unwrap_or_default();
            (format!("it was sent to {peer}{how}"), said("unblocks"))
        }
        (_, Some(WaitsFor::Sandbox { ahead: count })) => (
            format!("it waits for a sandbox; {}", ahead(count)),
            Some("another task ends or sleeps; --live-tasks of the peer says how many there may be".to_owned()),
        ),
        (_, Some(WaitsFor::Memory { ahead: count, held_bytes, max_bytes })) => (
            format!("it waits for memory: tasks hold {held_bytes} of {max_bytes} bytes; {}", ahead(count)),
            Some("another task ends; --task-memory-bytes of the peer says how much there is".to_owned()),
        ),
        (_, Some(WaitsFor::Turn { ahead: count })) => (
            format!("it runs, and waits for its next slice; {}", ahead(count)),
            Some("a slice of 1-2 ms ends".to_owned()),
        ),
        (_, Some(WaitsFor::Host)) => (
            "it sleeps, or waits for memory that others hold; it takes no processor time".to_owned(),
            Some("its timer, or another task's end".to_owned()),
        ),
        (_, Some(WaitsFor::Nothing)) => ("a worker runs it this moment".to_owned(), None),
        _ => ("a peer is being chosen for it".to_owned(), Some("the tracker's answer, or its silence".to_owned())),
    }
}
