//! Tasks: listed, one by one, and as the scheduler gave them their turns.

use super::{
    Part,
    frame::{ago, bytes, count, duration, share},
};
use crate::{
    record::TaskRecord,
    web::{
        WebState,
        api::{self, TaskFilter, TaskState, in_path},
    },
};
use maud::{Markup, PreEscaped, html};
use sandlot_net::clock;
use sandlot_protocol::{Outcome, TaskId, Usage};
use std::collections::BTreeMap;

/// Tasks on one page.
const TASKS_SHOWN: usize = 50;
/// The shares on the page are of the last so many seconds.
const SHARES_SECONDS: f64 = 60.0;
/// Tasks whose shares are told.
const SHARES_SHOWN: usize = 40;
/// Bytes of a result, output or traceback on the page; the API has all of it.
const TEXT_BYTES_SHOWN: usize = 256 << 10;

pub(super) fn filter_form(filter: &TaskFilter) -> Markup {
    html! {
        form.filter method="get" action="/tasks" role="search" {
            label for="text" { "Search" }
            input #text type="search" name="text" value=[filter.text.as_deref()] placeholder="id, function, submitter, peer, error";
            label for="state" { "State" }
            select #state name="state" {
                option value="" { "all" }
                option value="live" selected[filter.state == Some(TaskState::Live)] { "live" }
                option value="ended" selected[filter.state == Some(TaskState::Ended)] { "ended" }
            }
            label for="outcome" { "Outcome" }
            select #outcome name="outcome" {
                option value="" { "any" }
                @for outcome in Outcome::ALL {
                    option value=(outcome.as_str()) selected[filter.outcome == Some(outcome)] { (outcome.as_str()) }
                }
            }
            button type="submit" { "Show" }
        }
    }
}

pub(super) fn list(web: &WebState, filter: &TaskFilter) -> Markup {
    let filter = TaskFilter { limit: Some(u32::try_from(TASKS_SHOWN).unwrap_or(u32::MAX)), ..filter.clone() };
    let (tasks, total) = api::filtered(web, &filter);
    let now = clock::unix_seconds();
    let offset = filter.offset.unwrap_or(0) as usize;
    html! {
        p role="status" {
            @if total == 0 { "No tasks." a href="/run" { " Run one" } }
            @else { (count((offset + 1).min(total) as u64)) "–" (count((offset + tasks.len()) as u64)) " of " (count(total as u64)) }
        }
        @if !tasks.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Tasks" {
                table {
                    thead { tr {
                        @for name in ["Task", "State", "Function", "Asked by", "Ran on", "Share", "Processor", "Fuel", "Memory", "Asked"] {
                            th scope="col" { (name) }
                        }
                    } }
                    tbody { @for task in &tasks { (row(task, now)) } }
                }
            }
            (pager(&filter, offset, total))
        }
    }
}

fn row(task: &TaskRecord, now: f64) -> Markup {
    let usage = task.usage.unwrap_or_default();
    html! {
        tr {
            th scope="row" { a href=(link(&task.task_id)) { bdi { (task.task_id) } } }
            td { (badge(task)) }
            td { bdi { (task.function.as_deref().unwrap_or("script")) } }
            td { bdi { (task.submitter) } }
            td { bdi { (task.executed_by.as_deref().unwrap_or("-")) } }
            td { @if let Some(value) = task.share { (share(value, "Share of the processor")) } }
            td { (duration(usage.cpu_ms)) }
            td { (count(usage.fuel)) }
            td { (bytes(usage.peak_memory_bytes)) }
            td { (ago(task.asked_at, now)) }
        }
    }
}

fn link(id: &TaskId) -> String {
    format!("/tasks/{}", in_path(id.as_str()))
}

fn badge(task: &TaskRecord) -> Markup {
    let word = task.outcome.map_or(task.state, Outcome::as_str);
    html! { span class=(format!("badge {word}")) { (word) } }
}

fn pager(filter: &TaskFilter, offset: usize, total: usize) -> Markup {
    let state = match filter.state {
        Some(TaskState::Live) => "live",
        Some(TaskState::Ended) => "ended",
        None => "",
    };
    let outcome = filter.outcome.map(Outcome::as_str).unwrap_or_default();
    let text = in_path(filter.text.as_deref().unwrap_or_default());
    let at = |offset: usize| format!("/tasks?text={text}&state={state}&outcome={outcome}&offset={offset}");
    html! {
        nav.pager aria-label="Parts of the list" {
            @if offset > 0 { a rel="prev" href=(at(offset.saturating_sub(TASKS_SHOWN))) { "Newer" } }
            @if offset + TASKS_SHOWN < total { a rel="next" href=(at(offset + TASKS_SHOWN)) { "Older" } }
        }
    }
}

pub(super) fn page(id: &TaskId, parts: &[Part]) -> Markup {
    html! {
        p { bdi { code { (id) } } }
        @for part in parts { section id=(part.id) data-live { (PreEscaped(&part.html)) } }
        section aria-labelledby="slices-head" {
            h2 #slices-head { "Its slices on this peer" }
            (picture(Some(id)))
        }
    }
}

pub(super) async fn parts(web: &WebState, id: &TaskId) -> Vec<Part> {
    let Some(task) = web.peer.dispatch.tasks.find(id, clock::unix_seconds()) else {
        let text =
            html! { p.notice { "This task is not known here: it was asked of another peer, or is no longer kept." } };
        return vec![Part::new("task", text)];
    };
    let where_it_is = match task.state {
        "done" => None,
        _ => crate::watch::in_words(&web.peer.dispatch, id).await,
    };
    let (mut stdout, mut stderr) = (task.stdout.clone().unwrap_or_default(), task.stderr.clone().unwrap_or_default());
    if task.state != "done" {
        (stdout, stderr) = crate::watch::printed(&web.peer.dispatch, id).await;
    }
    vec![
        Part::new("task", facts(&task, where_it_is)),
        Part::new("ended", ended(&task)),
        Part::new("printed", printed(&stdout, &stderr)),
    ]
}

fn facts(task: &TaskRecord, where_it_is: Option<(String, Option<String>)>) -> Markup {
    let Usage { fuel, slices, queue_ms, cpu_ms, wall_ms, peak_memory_bytes, .. } = task.usage.unwrap_or_default();
    let now = clock::unix_seconds();
    html! {
        dl {
            dt { "State" } dd {
                (badge(task))
                @if let Some((text, unblocks)) = where_it_is {
                    " " bdi { (text) }
                    @if let Some(unblocks) = unblocks { "; goes on with: " (unblocks) }
                }
            }
            dt { "Runs" } dd { bdi { (task.function.as_deref().map_or("the script".to_owned(), |name| format!("{name}()"))) } }
            dt { "Asked by" } dd { bdi { (task.submitter) } ", " (ago(task.asked_at, now)) @if let Some(source) = &task.source { ", through " bdi { (source) } } }
            dt { "Ran on" } dd { bdi { (task.executed_by.as_deref().unwrap_or("-")) } @if task.confidential { " (confidential)" } }
            dt { "Share" } dd { @match task.share { Some(value) => (share(value, "Share of the processor")), None => "-" } " with priority " (task.priority) ", weight " (task.weight) }
            dt { "Time" } dd { (duration(cpu_ms)) " of processor time in " (count(slices)) " slices; " (duration(wall_ms)) " in all, after " (duration(queue_ms)) " of waiting" }
            dt { "Fuel" } dd { (count(fuel)) " of " (count(task.limits.fuel.unwrap_or(sandlot_protocol::limits::TASK_FUEL))) }
            dt { "Memory" } dd { (bytes(peak_memory_bytes)) " of " (bytes(task.limits.memory_bytes.unwrap_or(sandlot_protocol::limits::TASK_MEMORY_BYTES))) }
            dt { "Limits" } dd {
                (duration(task.timeout.map_or(sandlot_protocol::limits::TASK_TIMEOUT.as_secs_f64(), |seconds| seconds) * 1e3)) " of wall time, "
                (duration(task.limits.cpu_ms.map_or(sandlot_protocol::limits::TASK_CPU.as_secs_f64() * 1e3, |ms| ms as f64))) " of processor time, "
                (bytes(task.limits.output_bytes.unwrap_or(sandlot_protocol::limits::TASK_OUTPUT_BYTES))) " of output"
            }
        }
        @if task.state != "done" {
            p { button type="button" data-cancel=(in_path(task.task_id.as_str())) { "Cancel" } }
        }
    }
}

fn ended(task: &TaskRecord) -> Markup {
    html! {
        @if let Some(exception) = &task.exception {
            h2 { "Traceback" }
            pre.traceback tabindex="0" aria-label="Traceback" { (cut(&exception.traceback)) }
        } @else if let Some(error) = &task.error {
            p.notice { bdi { (error) } }
        }
        @if let Some(result) = task.result.as_ref().filter(|_| task.outcome == Some(Outcome::Ok) && task.function.is_some()) {
            h2 { "Result" }
            pre tabindex="0" aria-label="Result" { (cut(result.get())) }
        }
    }
}

fn printed(stdout: &str, stderr: &str) -> Markup {
    html! {
        @if !stdout.is_empty() { h2 { "Output" } pre tabindex="0" aria-label="Output" { (cut(stdout)) } }
        @if !stderr.is_empty() { h2 { "Errors" } pre tabindex="0" aria-label="Errors" { (cut(stderr)) } }
    }
}

/// The end of a long text: what came last says most.
fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_SHOWN {
        return text.to_owned();
    }
    let start = (text.len() - TEXT_BYTES_SHOWN..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("… {} before this are left out; the API has them\n{}", bytes(start as u64), &text[start..])
}

pub(super) fn slices(web: &WebState) -> Markup {
    html! {
        p {
            "A lane for each worker, a colour for each task, a block for each turn. Time goes to the right. Scroll or use + and − to "
            "look closer, drag or use the arrow keys to look back."
        }
        (picture(None))
        section #shares data-live { (shares(web)) }
    }
}

/// The picture of turns; of one task's, if it is given.
fn picture(id: Option<&TaskId>) -> Markup {
    html! {
        div.slices data-slices data-task=[id.map(TaskId::as_str)] {
            div.row {
                button type="button" data-do="in" aria-label="Closer" { "+" }
                button type="button" data-do="out" aria-label="Farther" { "−" }
                button type="button" data-do="pause" aria-pressed="false" { "Pause" }
                span.quiet data-window {}
            }
            canvas tabindex="0" role="img" aria-label="Turns of the workers" {}
            p.pointed role="status" { "\u{a0}" }
            noscript { p.notice { "The picture needs JavaScript; the table says who had how much." } }
        }
    }
}

/// Who had how much of the workers in the last minute.
pub(super) fn shares(web: &WebState) -> Markup {
    let now = clock::unix_seconds();
    let since = ((now - SHARES_SECONDS).max(0.0) * 1e9) as u64;
    let compute = &web.peer.dispatch.compute;
    let mut turns = compute.timeline_from(0, usize::MAX).0;
    turns.retain(|turn| turn.start_ns + turn.duration_ns > since);
    let mut tasks: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    let mut last_of_worker: BTreeMap<u16, &str> = BTreeMap::new();
    let mut changes = 0u64;
    for turn in &turns {
        let sums = tasks.entry(&turn.task_id).or_default();
        *sums = (sums.0 + 1, sums.1 + turn.duration_ns, sums.2 + turn.fuel);
        if last_of_worker.insert(turn.worker, &turn.task_id).is_some_and(|last| last != &*turn.task_id) {
            changes += 1;
        }
    }
    let mut rows: Vec<_> = tasks.into_iter().collect();
    rows.sort_by_key(|(_, (_, nanoseconds, _))| std::cmp::Reverse(*nanoseconds));
    let all = SHARES_SECONDS * 1e9 * compute.status().workers as f64;
    let others = rows.len().saturating_sub(SHARES_SHOWN);
    html! {
        h2 { "The last minute" }
        p #changes data-changes=(changes) { (count(turns.len() as u64)) " turns; a worker went from one task to another " (count(changes)) " times." }
        @if !rows.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Shares" {
                table {
                    thead { tr { th scope="col" { "Task" } th scope="col" { "Turns" } th scope="col" { "Time" } th scope="col" { "Share" } th scope="col" { "Fuel" } } }
                    tbody {
                        @for (name, (slices, nanoseconds, fuel)) in rows.iter().take(SHARES_SHOWN) {
                            tr data-task=(name) {
                                th scope="row" { span.swatch {} a href=(format!("/tasks/{}", in_path(name))) { bdi { (name) } } }
                                td { (count(*slices)) }
                                td { (duration(*nanoseconds as f64 / 1e6)) }
                                td { (share(*nanoseconds as f64 / all, "Share of the workers")) }
                                td { (count(*fuel)) }
                            }
                        }
                    }
                }
            }
        }
        @if others > 0 { p { "And " (count(others as u64)) " others." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_end() {
        let text = format!("{}ü end", "x".repeat(TEXT_BYTES_SHOWN));
        let cut = cut(&text);
        assert!(cut.starts_with("… ") && cut.ends_with("ü end") && cut.len() < text.len() + 100);
        assert_eq!(super::cut("short"), "short");
    }
}
