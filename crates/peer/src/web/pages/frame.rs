//! What every page has around it, the pages that are the same for all peers, and how figures are written.

use crate::web::WebState;
use axum::response::Html;
use maud::{DOCTYPE, Markup, html};
use sandlot_protocol::limits;
use serde_json::Value;

/// A page's name, and where it is.
#[derive(Debug)]
pub(super) struct Page {
    title: &'static str,
    path: &'static str,
    script: Option<&'static str>,
}

impl Page {
    pub(super) fn new(title: &'static str, path: &'static str) -> Self {
        Self { title, path, script: None }
    }

    pub(super) fn with_script(self, script: &'static str) -> Self {
        Self { script: Some(script), ..self }
    }
}

const PAGES: [(&str, &str); 7] = [
    ("/", "Now"),
    ("/run", "Run"),
    ("/tasks", "Tasks"),
    ("/slices", "Slices"),
    ("/memory", "Memory"),
    ("/files", "Files"),
    ("/api", "API"),
];

pub(super) fn framed(web: &WebState, page: &Page, main: Markup) -> Html<String> {
    let me = web.peer.dispatch.me.to_string();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (page.title) " · Sandlot " (me) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="/assets/icon.svg";
                link rel="stylesheet" href="/assets/page.css";
                script type="module" src="/assets/page.js" {}
                @if let Some(script) = page.script {
                    script type="module" src=(format!("/assets/{script}")) {}
                }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    strong { "Sandlot " span.quiet { (me) } }
                    nav aria-label="Pages" {
                        @for (path, name) in PAGES {
                            a href=(path) aria-current=[(path == page.path).then_some("page")] { (name) }
                        }
                    }
                    span #connection role="status" {}
                }
                main #main tabindex="-1" {
                    h1 { (page.title) }
                    (main)
                }
            }
        }
    };
    Html(markup.into_string())
}

/// The page to run programs from.
pub(super) fn run() -> Markup {
    let seconds = limits::TASK_TIMEOUT.as_secs();
    html! {
        noscript { p.notice { "This page needs JavaScript to send a program. Without it: " code { "sandlot run FILE.py" } } }
        form #run {
            div.editor {
                label for="program" { "Program" }
                div.code {
                    pre #lines aria-hidden="true" {}
                    pre #painted aria-hidden="true" {}
                    textarea #program name="program" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off" rows="16" {}
                }
                p.hint { "Tab indents; Escape, then Tab, leaves the editor. Ctrl+Enter runs." }
            }
            fieldset {
                legend { "How" }
                div.row {
                    label { input type="radio" name="kind" value="script" checked; " as a script" }
                    label { input type="radio" name="kind" value="function"; " call a function" }
                }
                div #call hidden {
                    label for="function" { "Function" }
                    input #function name="function" value="main" autocomplete="off";
                    label for="args" { "Arguments (a JSON list)" }
                    input #args name="args" value="[]" autocomplete="off" aria-describedby="args-said";
                    output #args-said role="status" {}
                }
                div #script-input {
                    label for="stdin" { "Standard input" }
                    textarea #stdin name="stdin" rows="2" {}
                }
            }
            fieldset {
                legend { "Where" }
                div.row {
                    label { input type="radio" name="where" value="anywhere" checked; " on the least-loaded peer" }
                    label { input type="radio" name="where" value="here"; " on this peer only (confidential: nobody else sees the program)" }
                }
            }
            details {
                summary { "Limits and priority" }
                div.grid {
                    label for="timeout" { "Wall time, seconds" }
                    input #timeout name="timeout" type="number" min="0.1" max="86400" step="any" placeholder=(seconds);
                    label for="cpu_ms" { "Processor time, milliseconds" }
                    input #cpu_ms name="cpu_ms" type="number" min="1" max="86400000" placeholder=(limits::TASK_CPU.as_millis());
                    label for="fuel" { "Fuel" }
                    input #fuel name="fuel" type="number" min="1" placeholder=(limits::TASK_FUEL);
                    label for="memory_bytes" { "Memory, bytes" }
                    input #memory_bytes name="memory_bytes" type="number" min="1" max=(limits::TASK_MEMORY_BYTES_MAX) placeholder=(limits::TASK_MEMORY_BYTES);
                    label for="output_bytes" { "Output kept, bytes" }
                    input #output_bytes name="output_bytes" type="number" min="1" max=(limits::TASK_OUTPUT_BYTES_MAX) placeholder=(limits::TASK_OUTPUT_BYTES);
                    label for="priority" { "Priority, -100 to 100" }
                    input #priority name="priority" type="number" min="-100" max="100" placeholder="0";
                }
            }
            div.row {
                button #start type="submit" { "Run" }
                button #cancel type="button" disabled { "Cancel" }
                span #state role="status" {}
            }
        }
        section #outcome hidden aria-label="Outcome" {
            h2 { "Output" }
            pre #output tabindex="0" aria-label="Output" {}
            div #end {}
        }
    }
}

/// Every operation of the API, to read and to try.
pub(super) fn api(document: &Value) -> Markup {
    let empty = serde_json::Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    html! {
        p {
            "The same messages as on the wire, as REST. " a href="/api/v1/openapi.json" { "openapi.json" }
            " describes them for programs; figures for Prometheus are at " a href="/metrics" { "/metrics" } "."
        }
        @for (path, operations) in paths {
            @for (method, operation) in operations.as_object().unwrap_or(&empty) {
                (operation_form(path, method, operation))
            }
        }
    }
}

fn operation_form(path: &str, method: &str, operation: &Value) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let id = text(&operation["operationId"]);
    let none = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&none);
    let empty = serde_json::Map::new();
    let replies = operation["responses"].as_object().unwrap_or(&empty);
    let body = operation["requestBody"]["content"].as_object().and_then(|kinds| kinds.keys().next()).cloned();
    let is_stream = replies.get("200").is_some_and(|reply| reply["content"].get("text/event-stream").is_some());
    html! {
        details.operation #(id) {
            summary { code.method { (method.to_uppercase()) } " " code { (path) } " " span { (text(&operation["summary"])) } }
            form.try data-method=(method) data-path=(path) data-body=[body.as_deref()] {
                @for parameter in parameters {
                    @let name = text(&parameter["name"]);
                    label for=(format!("{id}-{name}")) {
                        code { (name) } " " span.quiet { "(" (text(&parameter["in"])) ") " (text(&parameter["description"])) }
                    }
                    input id=(format!("{id}-{name}")) name=(name) data-in=(text(&parameter["in"])) required[parameter["required"] == true] autocomplete="off";
                }
                @if let Some(kind) = &body {
                    label for=(format!("{id}-body")) { "Body " span.quiet { "(" (kind) ")" } }
                    textarea id=(format!("{id}-body")) name="body" rows="4" spellcheck="false" { (example(&id)) }
                }
                @if is_stream {
                    p.quiet { "This answer goes on: " code { "curl -N" } " shows it." }
                } @else {
                    div.row { button type="submit" { "Try it" } output role="status" {} }
                }
                pre.answer hidden tabindex="0" aria-label="Answer" {}
            }
            table {
                caption { "Answers" }
                tbody {
                    @for (status, reply) in replies { tr { th scope="row" { (status) } td { (text(&reply["description"])) } } }
                }
            }
        }
    }
}

fn example(id: &str) -> &'static str {
    match id {
        "submitTask" | "runTask" => r#"{"program": "def main(a, b): return a + b", "args": [10, 32]}"#,
        "runBatch" => r#"{"tasks": [{"program": "def main(): return 1"}, {"program": "def main(): return 2"}]}"#,
        "setKey" => r#"{"any": "JSON"}"#,
        _ => "some bytes",
    }
}

/// Bytes for people: `1.5 MiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Large numbers for people: `12,345,678`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long something took: `350 ms`, `2.5 s`, `3 min`.
pub(super) fn duration(milliseconds: f64) -> String {
    match milliseconds {
        below if below < 10.0 => format!("{below:.2} ms"),
        below if below < 1_000.0 => format!("{below:.0} ms"),
        below if below < 60_000.0 => format!("{:.1} s", below / 1e3),
        below if below < 7_200_000.0 => format!("{:.0} min", below / 6e4),
        long => format!("{:.0} h", long / 3.6e6),
    }
}

/// How long ago, coarse enough to stay the same for a while.
pub(super) fn ago(then: f64, now: f64) -> String {
    match now - then {
        below if below < 10.0 => "just now".to_owned(),
        below if below < 60.0 => "less than a minute ago".to_owned(),
        below if below < 7_200.0 => format!("{:.0} min ago", (below / 60.0).floor()),
        below if below < 172_800.0 => format!("{:.0} h ago", (below / 3_600.0).floor()),
        long => format!("{:.0} days ago", (long / 86_400.0).floor()),
    }
}

/// A share from 0 to 1, as a bar and a number.
pub(super) fn share(value: f64, label: &str) -> Markup {
    let percent = format!("{:.0} %", value * 100.0);
    html! { meter min="0" max="1" value=(format!("{value:.2}")) aria-label=(format!("{label}: {percent}")) {} " " (percent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_for_people() {
        assert_eq!([0, 1023, 1024, 1 << 20, 5 << 40].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "5.0 TiB"]);
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.5, 350.0, 2500.0, 180_000.0].map(duration), ["0.50 ms", "350 ms", "2.5 s", "3 min"]);
        assert_eq!(
            [1.0, 59.0, 125.0, 7300.0].map(|then| ago(0.0, then)),
            ["just now", "less than a minute ago", "2 min ago", "2 h ago"]
        );
    }
}
