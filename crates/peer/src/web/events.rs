//! What is told as it happens, as server-sent events: a task's output and end, the workers' turns, the page's parts.

use super::{
    Caller, WebState,
    api::{OutputPart, Web},
    guard::{Failure, Path, Query},
    pages::{self, Part},
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use sandlot_protocol::{
    Reply, Request, TaskId,
    request::{TaskOutput, WaitTask},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// A task's output is waited for so long before the connection is shown to be alive.
const OUTPUT_WAIT_MS: u64 = 15_000;
/// How often new turns are told.
const TURNS_EVERY: Duration = Duration::from_millis(200);
/// Turns told at one time: the newest ones.
const TURNS_AT_ONCE: usize = 131_072;
/// How often the page's parts are looked at.
const PARTS_EVERY: Duration = Duration::from_secs(1);

type Events = Sse<axum::response::sse::KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>;

fn told(web: &Arc<WebState>, events: impl Stream<Item = Event> + Send + 'static) -> Result<Events, Failure> {
    let place = Arc::clone(&web.streams).try_acquire_owned().map_err(|_| {
        Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "there are too many streams of events; close a page, or try again later",
        )
    })?;
    let stop = web.stop.clone();
    let events = events.take_until(stop.cancelled_owned()).map(move |event| {
        let _held = &place;
        Ok(event)
    });
    Ok(Sse::new(events.boxed()).keep_alive(KeepAlive::default()))
}

/// A task's output as it comes (`output`), and how it ended (`end`). Whoever comes back with `Last-Event-ID` gets what
/// is new.
pub(super) async fn task(
    State(web): Web,
    caller: Extension<Caller>,
    Path(task_id): Path<TaskId>,
    headers: HeaderMap,
) -> Result<Events, Failure> {
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(part_of);
    let question = TaskOutput { wait_ms: 0, ..known.unwrap_or_default().question(task_id) };
    // What is not known is told as a status, before anything is streamed.
    web.ask(Request::TaskOutput(question.clone()), &caller).await?;
    let following = Following { web: Arc::clone(&web), caller: caller.0, question, state: Phase::Output };
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((event, following))
    });
    told(&web, events)
}

/// `attempt.stdout.stderr`.
fn part_of(id: &str) -> Option<OutputPart> {
    let mut numbers = id.split('.').map(str::parse::<u32>);
    let mut next = || numbers.next()?.ok();
    Some(OutputPart { attempt: next()?, stdout_from: next()?, stderr_from: next()?, wait_ms: 0 })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Output,
    End,
    Nothing,
}

struct Following {
    web: Arc<WebState>,
    caller: Caller,
    question: TaskOutput,
    state: Phase,
}

impl Following {
    async fn next(&mut self) -> Option<Event> {
        loop {
            match self.state {
                Phase::Nothing => return None,
                Phase::End => {
                    self.state = Phase::Nothing;
                    let wait = WaitTask { task_id: self.question.task_id.clone(), wait_ms: None };
                    let reply = self.web.ask(Request::WaitTask(wait), &self.caller).await;
                    let reply = reply.unwrap_or_else(|failure| Reply::Error(failure.refusal));
                    return Some(Event::default().event("end").data(reply.to_json(None)));
                }
                Phase::Output => match self.web.ask(Request::TaskOutput(self.question.clone()), &self.caller).await {
                    Ok(Reply::Status(status)) => {
                        if status.get("done") == Some(true) {
                            self.state = Phase::End;
                        }
                        self.question.wait_ms = OUTPUT_WAIT_MS;
                        self.question.attempt = status.get("attempt").unwrap_or_default();
                        self.question.stdout_from = status.get("stdout_next").unwrap_or_default();
                        self.question.stderr_from = status.get("stderr_next").unwrap_or_default();
                        let TaskOutput { attempt, stdout_from, stderr_from, .. } = self.question;
                        let is_empty = |name| status.get::<String>(name).is_none_or(|text| text.is_empty());
                        if !(is_empty("stdout") && is_empty("stderr")) {
                            let id = format!("{attempt}.{stdout_from}.{stderr_from}");
                            return Some(
                                Event::default().event("output").id(id).data(Reply::from(status).to_json(None)),
                            );
                        }
                    }
                    Ok(_) => self.state = Phase::Nothing,
                    Err(_) => self.state = Phase::End,
                },
            }
        }
    }
}

/// The workers' turns, from a minute or so ago on.
pub(super) async fn timeline(State(web): Web) -> Result<Events, Failure> {
    let state = (Arc::clone(&web), ticks(TURNS_EVERY), 0, true);
    let events = stream::unfold(state, |(web, mut ticks, mut number, mut is_first)| async move {
        loop {
            ticks.tick().await;
            let compute = &web.peer.dispatch.compute;
            let (turns, next) = compute.timeline_from(number, TURNS_AT_ONCE);
            number = next;
            if turns.is_empty() && !is_first {
                continue;
            }
            is_first = false;
            let workers = compute.status().workers;
            // Formatting a minute of turns takes a while: it has a thread of its own.
            let text = tokio::task::spawn_blocking(move || turns_text(&turns, workers)).await.unwrap_or_default();
            return Some((Event::default().event("turns").data(text), (web, ticks, number, is_first)));
        }
    });
    told(&web, events)
}

/// Names once, and numbers for the rest: `[name, worker, start, duration, processor time, fuel]`, times in nanoseconds, starts
/// from `base_ms` on.
fn turns_text(turns: &[sandlot_compute::TimelineTurn], workers: usize) -> String {
    let base_ms = turns.iter().map(|turn| turn.start_ns).min().unwrap_or(0) / 1_000_000;
    let (mut names, mut numbers) = (Vec::new(), HashMap::new());
    let mut rows = Vec::with_capacity(turns.len());
    for turn in turns {
        let number = *numbers.entry(&turn.task_id).or_insert_with(|| {
            names.push(&*turn.task_id);
            names.len() - 1
        });
        let start = turn.start_ns - base_ms * 1_000_000;
        rows.push((number, turn.worker, start, turn.duration_ns, turn.cpu_ns, turn.fuel));
    }
    json!({"workers": workers, "base_ms": base_ms, "tasks": names, "turns": rows}).to_string()
}

/// Which parts of which page are to be told.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Shown {
    /// The page's path and query.
    page: String,
}

/// The parts of a page that changed, as they are to be shown.
pub(super) async fn parts(State(web): Web, Query(shown): Query<Shown>) -> Result<Events, Failure> {
    let page = pages::live(&shown.page).ok_or_else(|| Failure::bad_request("this page has no parts that change"))?;
    let state = (Arc::clone(&web), ticks(PARTS_EVERY), page, HashMap::<&'static str, String>::new());
    let events = stream::unfold(state, |(web, mut ticks, page, mut known)| async move {
        loop {
            ticks.tick().await;
            let now = page.parts(&web).await;
            let changed: Vec<Part> = now.into_iter().filter(|part| known.get(part.id) != Some(&part.html)).collect();
            if changed.is_empty() {
                continue;
            }
            let told: Vec<_> = changed.iter().map(|part| json!({"id": part.id, "html": part.html})).collect();
            known.extend(changed.into_iter().map(|part| (part.id, part.html)));
            let event = Event::default().event("parts").data(json!(told).to_string());
            return Some((event, (web, ticks, page, known)));
        }
    });
    told(&web, events)
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_where_to_go_on() {
        let part = part_of("1.20.3").unwrap();
        assert_eq!((part.attempt, part.stdout_from, part.stderr_from), (1, 20, 3));
        assert!(["", "1.2", "a.b.c", "-1.2.3"].into_iter().all(|id| part_of(id).is_none()));
    }

    #[test]
    fn turns_are_told_with_names_once() {
        let turn = |name: &str, start_ns| sandlot_compute::TimelineTurn {
            task_id: name.into(),
            worker: 1,
            start_ns,
            duration_ns: 7,
            cpu_ns: 6,
            fuel: 5,
        };
        let text = turns_text(&[turn("A", 5_000_001), turn("B", 5_000_009), turn("A", 6_000_000)], 2);
        assert_eq!(
            text,
            r#"{"base_ms":5,"tasks":["A","B"],"turns":[[0,1,1,7,6,5],[1,1,9,7,6,5],[0,1,1000000,7,6,5]],"workers":2}"#
        );
    }
}
