//! The tasks of a peer as they run, and where one of them is.

use crate::{
    args::{NodeArguments, TaskArguments, TopArguments},
    commands::{client, kept::show, output},
};
use anyhow::Result;
use sandlot_client::Client;
use sandlot_protocol::{
    Request, StatusReply,
    request::{Nothing, TaskQuestion},
};
use serde_json::Value;
use std::{
    io::IsTerminal,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Tasks that fit a screen.
const TASKS_SHOWN: usize = 40;

/// `sandlot top`.
pub(crate) async fn top(node: &NodeArguments, arguments: &TopArguments) -> Result<ExitCode> {
    let client = client(node);
    let is_screen = !node.json && !arguments.once && std::io::stdout().is_terminal();
    let every = Duration::try_from_secs_f64(arguments.every).unwrap_or(Duration::from_secs(1));
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
        let (tasks, status) = look(&client).await?;
        if node.json {
            output::json(&tasks.into());
        } else {
            if is_screen {
                // Clears the screen and goes to its top.
                output::raw("\x1b[2J\x1b[H");
            }
            tell(&tasks, &status);
        }
        if !is_screen {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

async fn look(client: &Client) -> Result<(StatusReply, StatusReply)> {
    let tasks = client.status(&Request::ListTasks(Nothing {})).await?;
    let status = client.status(&Request::Status(Nothing {})).await?;
    Ok((tasks, status))
}

fn tell(tasks: &StatusReply, status: &StatusReply) {
    let scheduler: Value = status.get("scheduler").unwrap_or_default();
    let figure = |name: &str| scheduler.get(name).and_then(Value::as_u64).unwrap_or(0);
    output::line(&format!(
        "load {:.2} of {} workers; tasks: {} running, {} waiting, {} queued; memory {} of {} MiB",
        status.get::<f64>("cpu_load").unwrap_or(0.0),
        figure("workers"),
        figure("running") + figure("runnable"),
        figure("waiting"),
        figure("queued"),
        figure("memory_bytes") >> 20,
        figure("memory_bytes_max") >> 20,
    ));
    let mut records: Vec<Value> = tasks.get("tasks").unwrap_or_default();
    let count = records.len();
    records.sort_by(|one, other| number(other, "share").total_cmp(&number(one, "share")));
    let head = ["TASK", "STATE", "SHARE", "CPU s", "FUEL M", "SLICES", "MEM MiB", "AGE s", "SUBMITTER", "AT"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(records.iter().take(TASKS_SHOWN).map(row));
    output::table(&rows);
    if count > TASKS_SHOWN {
        output::line(&format!("and {} more", count - TASKS_SHOWN));
    }
}

fn row(record: &Value) -> Vec<String> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let usage = record.get("usage").cloned().unwrap_or_default();
    let now = seconds_since_1970();
    vec![
        text("task_id"),
        text("state"),
        format!("{:.1} %", number(record, "share") * 100.0),
        format!("{:.2}", number(&usage, "cpu_ms") / 1e3),
        format!("{:.0}", number(&usage, "fuel") / 1e6),
        format!("{:.0}", number(&usage, "slices")),
        format!("{:.1}", number(&usage, "private_memory_bytes") / f64::from(1 << 20)),
        format!("{:.1}", (now - number(record, "asked_at")).max(0.0)),
        text("submitter"),
        text("executed_by"),
    ]
}

fn number(record: &Value, name: &str) -> f64 {
    record.get(name).and_then(Value::as_f64).unwrap_or(0.0)
}

#[expect(clippy::disallowed_methods, reason = "an age to show, here and nowhere else")]
fn seconds_since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// `sandlot explain`.
pub(crate) async fn explain(node: &NodeArguments, arguments: TaskArguments) -> Result<ExitCode> {
    let question = Request::ExplainTask(TaskQuestion { task_id: arguments.task_id });
    let status = client(node).status(&question).await?;
    show(node, status, explanation);
    Ok(ExitCode::SUCCESS)
}

fn explanation(status: &StatusReply) -> String {
    let text = |name: &str| status.get::<String>(name);
    let mut lines = vec![format!("{}: {}", text("state").unwrap_or_default(), text("text").unwrap_or_default())];
    lines.extend(text("unblocks").map(|what| format!("it goes on when: {what}")));
    let attempts: Vec<Value> = status.get("attempts").unwrap_or_default();
    for attempt in attempts {
        let part = |name: &str| attempt.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        lines.push(format!("peer {} was asked before and said: {}", part("peer"), part("said")));
    }
    lines.iter().map(|line| format!("{}\n", output::shown(line))).collect()
}
