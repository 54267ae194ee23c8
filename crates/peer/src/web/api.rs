//! The protocol's messages as REST: an operation is one message, its answer the message's reply.

use super::{
    Caller, WebState,
    guard::{Failure, Path, Query, json, large_json},
};
use crate::record::TaskRecord;
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sandlot_net::clock;
use sandlot_protocol::{
    CpuTask, Key, Outcome, RawJson, Reply, Request, StatusReply, TaskId,
    request::{
        BatchTask, DeleteMem, GetMem, ListMem, Nothing, SetMem, TaskHistory, TaskOutput, TaskQuestion,
        TimelineQuestion, WaitTask, list_entries,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::IntoDeserializer};
use std::sync::Arc;

pub(super) type Web = State<Arc<WebState>>;
type Answer = Result<Response, Failure>;

impl WebState {
    /// Asks the peer as a client on a connection would.
    pub(super) async fn ask(&self, request: Request, caller: &Caller) -> Result<Reply, Failure> {
        Ok(self.peer.answer(request, &caller.0).await?)
    }

    async fn answer(&self, request: Request, caller: &Caller) -> Answer {
        let reply = self.ask(request, caller).await?;
        large_json(self, StatusCode::OK, &reply).await
    }
}

/// Which tasks to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TaskFilter {
    /// Those that have not ended ("live"), those that have ("ended"), or all of them (when absent).
    #[serde(deserialize_with = "empty_is_none")]
    pub(super) state: Option<TaskState>,
    /// Only those that ended so.
    #[serde(deserialize_with = "empty_is_none")]
    pub(super) outcome: Option<Outcome>,
    /// Only those whose id, function, submitter, peer or error has this text.
    pub(super) text: Option<String>,
    /// At most so many: 100 when absent, at most 10,000.
    pub(super) limit: Option<u32>,
    /// Without the first so many.
    pub(super) offset: Option<u32>,
}

/// A form sends what was not chosen as an empty text.
fn empty_is_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
}

/// Whether a task has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TaskState {
    /// It has not.
    Live,
    /// It has.
    Ended,
}

/// How long to wait.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    /// Milliseconds, at most an hour; not at all when absent.
    wait_ms: Option<u64>,
}

/// Which part of a task's output.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OutputPart {
    /// The try that the offsets are of; of another one, all of the output is told.
    pub(super) attempt: u32,
    /// Bytes of standard output that are known already.
    pub(super) stdout_from: u32,
    /// Bytes of standard error that are known already.
    pub(super) stderr_from: u32,
    /// Wait at most so many milliseconds for more, or for the end; not at all when absent.
    pub(super) wait_ms: u64,
}

/// Which part of the timeline.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// Only turns that ended after this time, in nanoseconds since 1970.
    since_ns: Option<u64>,
    /// At most so many, the newest ones: 100 when absent, at most 10,000.
    limit: Option<u32>,
}

/// Which names to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NameFilter {
    /// Only those that start so.
    pub(super) prefix: Option<String>,
    /// Only those behind this one.
    pub(super) after: Option<String>,
    /// At most so many: 100 when absent, at most 10,000.
    pub(super) limit: Option<u32>,
}

/// When a key is set, and for how long.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    /// The key is gone after so many milliseconds.
    ttl_ms: Option<u64>,
    /// Only if the key has this version; 0 means that it must be absent.
    if_version: Option<u64>,
}

/// When a key is deleted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Deletion {
    /// Only if the key has this version.
    if_version: Option<u64>,
}

pub(super) fn entries(limit: Option<u32>) -> usize {
    list_entries(limit.map(|limit| limit as usize))
}

pub(super) async fn submit(State(web): Web, caller: Extension<Caller>, headers: HeaderMap, body: Body) -> Answer {
    let task = web.bodies.json::<CpuTask>("SUBMIT_TASK", &headers, body).await?;
    let reply = web.ask(Request::SubmitTask(traced(task.value, &headers)), &caller).await?;
    let location = match &reply {
        Reply::Status(status) => status.get::<TaskId>("task_id"),
        _ => return of_result(&web, &reply).await,
    };
    let mut response = json(StatusCode::ACCEPTED, &reply);
    let location = location.map(|id| format!("/api/v1/tasks/{}", in_path(id.as_str())));
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn run(State(web): Web, caller: Extension<Caller>, headers: HeaderMap, body: Body) -> Answer {
    let task = web.bodies.json::<CpuTask>("CPU_TASK", &headers, body).await?;
    let reply = web.ask(Request::CpuTask(traced(task.value, &headers)), &caller).await?;
    of_result(&web, &reply).await
}

/// The trace that the header tells of goes on with the task.
fn traced(mut task: CpuTask, headers: &HeaderMap) -> CpuTask {
    let header = headers.get("traceparent").and_then(|header| header.to_str().ok());
    task.traceparent = task.traceparent.or_else(|| header.map(ToOwned::to_owned));
    task
}

pub(super) async fn batch(State(web): Web, caller: Extension<Caller>, headers: HeaderMap, body: Body) -> Answer {
    let batch = web.bodies.json::<BatchTask>("BATCH_TASK", &headers, body).await?;
    web.answer(Request::BatchTask(batch.value), &caller).await
}

/// How a task ended; a task that was not taken is told with the time to wait.
async fn of_result(web: &WebState, reply: &Reply) -> Answer {
    match reply {
        Reply::CpuResult(result) if result.outcome() == Outcome::Rejected => {
            let seconds = result.retry_after_ms.unwrap_or(1000).div_ceil(1000);
            let mut response = json(StatusCode::TOO_MANY_REQUESTS, reply);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
        _ => large_json(web, StatusCode::OK, reply).await,
    }
}

pub(super) async fn tasks(State(web): Web, Query(filter): Query<TaskFilter>) -> Answer {
    let (tasks, count) = filtered(&web, &filter);
    let reply = StatusReply::ok().with("operation", "LIST_TASKS").with("tasks", tasks).with("count", count);
    let reply = reply.with("statistics", web.peer.dispatch.tasks.statistics()).into();
    large_json(&web, StatusCode::OK, &reply).await
}

/// The tasks that a filter lets through, those that have not ended first, then the newest; and how many there are.
pub(super) fn filtered(web: &WebState, filter: &TaskFilter) -> (Vec<TaskRecord>, usize) {
    let tasks = &web.peer.dispatch.tasks;
    let wants = |state| filter.outcome.is_none() || state == TaskState::Ended;
    let wants = |state| filter.state.is_none_or(|wanted| wanted == state) && wants(state);
    let live = if wants(TaskState::Live) { tasks.live() } else { Vec::new() };
    let ended = match wants(TaskState::Ended) {
        true => tasks.history(0, usize::MAX, clock::unix_seconds()),
        false => Vec::new(),
    };
    let text = filter.text.as_deref().unwrap_or_default().to_lowercase();
    let has_text = |task: &TaskRecord| {
        let optional = [&task.function, &task.executed_by, &task.error].into_iter().flatten();
        let mut texts = optional.map(String::as_str).chain([task.task_id.as_str(), &task.submitter]);
        text.is_empty() || texts.any(|part| part.to_lowercase().contains(&text))
    };
    let fits = |task: &TaskRecord| filter.outcome.is_none_or(|outcome| task.outcome == Some(outcome)) && has_text(task);
    let all: Vec<TaskRecord> = live.into_iter().chain(ended).filter(fits).collect();
    let count = all.len();
    let offset = filter.offset.unwrap_or(0) as usize;
    (all.into_iter().skip(offset).take(entries(filter.limit)).collect(), count)
}

pub(super) async fn task(State(web): Web, caller: Extension<Caller>, Path(task_id): Path<TaskId>) -> Answer {
    let question = TaskHistory { task_id: Some(task_id), ..TaskHistory::default() };
    web.answer(Request::TaskHistory(question), &caller).await
}

pub(super) async fn cancel(State(web): Web, caller: Extension<Caller>, Path(task_id): Path<TaskId>) -> Answer {
    web.answer(Request::CancelTask(TaskQuestion { task_id }), &caller).await
}

pub(super) async fn explain(State(web): Web, caller: Extension<Caller>, Path(task_id): Path<TaskId>) -> Answer {
    web.answer(Request::ExplainTask(TaskQuestion { task_id }), &caller).await
}

pub(super) async fn result(
    State(web): Web,
    caller: Extension<Caller>,
    Path(task_id): Path<TaskId>,
    Query(waiting): Query<Waiting>,
) -> Answer {
    let question = WaitTask { task_id, wait_ms: Some(waiting.wait_ms.unwrap_or(0)) };
    let reply = web.ask(Request::WaitTask(question), &caller).await?;
    let is_pending = matches!(reply, Reply::Status(_));
    large_json(&web, if is_pending { StatusCode::ACCEPTED } else { StatusCode::OK }, &reply).await
}

pub(super) async fn output(
    State(web): Web,
    caller: Extension<Caller>,
    Path(task_id): Path<TaskId>,
    Query(part): Query<OutputPart>,
) -> Answer {
    web.answer(Request::TaskOutput(part.question(task_id)), &caller).await
}

impl OutputPart {
    pub(super) fn question(&self, task_id: TaskId) -> TaskOutput {
        TaskOutput {
            task_id,
            attempt: self.attempt,
            stdout_from: self.stdout_from as usize,
            stderr_from: self.stderr_from as usize,
            wait_ms: self.wait_ms,
        }
    }
}

pub(super) async fn timeline(State(web): Web, caller: Extension<Caller>, Query(since): Query<Since>) -> Answer {
    let limit = since.limit.map(|limit| limit as usize);
    let question = TimelineQuestion { since_ns: since.since_ns.unwrap_or(0), limit };
    web.answer(Request::Timeline(question), &caller).await
}

pub(super) async fn keys(State(web): Web, caller: Extension<Caller>, Query(filter): Query<NameFilter>) -> Answer {
    let NameFilter { prefix, after, limit } = filter;
    let list = ListMem { prefix, after, limit: Some(entries(limit)) };
    web.answer(Request::ListMem(list), &caller).await
}

pub(super) async fn get_key(State(web): Web, caller: Extension<Caller>, Path(key): Path<Key>) -> Answer {
    let _copy = web.copies.acquire().await;
    match web.ask(Request::GetMem(GetMem { key }), &caller).await? {
        Reply::MemResponse(found) if !found.found => {
            Err(Failure::new(StatusCode::NOT_FOUND, format!("there is no key {:?}", found.key.as_str())))
        }
        reply => large_json(&web, StatusCode::OK, &reply).await,
    }
}

pub(super) async fn set_key(
    State(web): Web,
    caller: Extension<Caller>,
    Path(key): Path<Key>,
    Query(setting): Query<Setting>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let value = web.bodies.text(&headers, body).await?;
    let is_not = |error| Failure::bad_request(format!("the value is not JSON: {error}"));
    let raw: RawJson = sandlot_protocol::raw_json(value.value.trim().to_owned()).map_err(is_not)?;
    let Setting { ttl_ms, if_version } = setting;
    web.answer(Request::SetMem(SetMem { key, value: raw, ttl_ms, if_version }), &caller).await
}

pub(super) async fn delete_key(
    State(web): Web,
    caller: Extension<Caller>,
    Path(key): Path<Key>,
    Query(deletion): Query<Deletion>,
) -> Answer {
    web.answer(Request::DeleteMem(DeleteMem { key, if_version: deletion.if_version }), &caller).await
}

pub(super) async fn status(State(web): Web, caller: Extension<Caller>) -> Answer {
    web.answer(Request::Status(Nothing {}), &caller).await
}

pub(super) async fn network(State(web): Web) -> Response {
    let membership = &web.peer.dispatch.membership;
    let peers = membership.peers().await;
    let reply = StatusReply::ok()
        .with("operation", "NETWORK")
        .with("tracker", membership.tracker().to_string())
        .with("reachable", peers.is_ok())
        .with("error", peers.as_ref().err())
        .with("peers", peers.as_deref().map_or(&[][..], Vec::as_slice));
    json(StatusCode::OK, &reply.into())
}

pub(super) async fn document(State(web): Web) -> Response {
    axum::Json(&web.document).into_response()
}

/// A name as one segment of a path.
pub(super) fn in_path(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
