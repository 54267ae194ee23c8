//! Tasks: sent, stopped, listed.

use crate::{
    args::{BatchArguments, CpuArguments, HistoryArguments, NodeArguments, RunArguments, SendArguments},
    commands::{
        client,
        follow::{self, Passed},
        output, program, task_files,
    },
    exit, python_text,
};
use anyhow::{Context, Result};
use sandlot_client::{Client, ClientError, new_task_id};
use sandlot_compute::text_after;
use sandlot_protocol::{
    CpuResult, CpuTask, ErrorCode, Outcome, Reply, Request, TaskId,
    request::{BatchTask, Nothing, TaskHistory, TaskQuestion},
};
use serde_json::Value;
use std::{process::ExitCode, sync::Arc, time::Duration};

/// How long the node may take to hear of Ctrl-C.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// `sandlot cpu`.
pub(crate) async fn cpu(node: &NodeArguments, arguments: CpuArguments) -> Result<ExitCode> {
    let mut task = CpuTask::new(arguments.program);
    task.function = Some(arguments.function);
    program::call(&mut task, &arguments.call)?;
    program::limits(&mut task, arguments.limits);
    send(node, task, arguments.send, &[]).await
}

/// `sandlot run`.
pub(crate) async fn run(node: &NodeArguments, arguments: RunArguments) -> Result<ExitCode> {
    let task = program::task_of_file(&arguments.program).await?;
    send(node, task, arguments.send, &arguments.program.files_out).await
}

/// The task as it is to be sent, and its id.
pub(crate) fn with_sending(mut task: CpuTask, arguments: SendArguments) -> Result<(CpuTask, TaskId)> {
    task.confidential = arguments.confidential;
    task.priority = arguments.priority;
    task.weight = arguments.weight;
    task.submitter = arguments.submitter;
    task.max_retries = arguments.max_retries;
    task.check().map_err(|refusal| exit::Usage(refusal.error))?;
    let id = arguments.task_id.unwrap_or_else(new_task_id);
    task.task_id = Some(id.clone());
    Ok((task, id))
}

async fn send(node: &NodeArguments, task: CpuTask, arguments: SendArguments, files_out: &[String]) -> Result<ExitCode> {
    let (task, id) = with_sending(task, arguments)?;
    let is_call = task.function.is_some();
    let client = client(node);
    let running = async {
        match node.json {
            true => Some((client.run(task).await, Passed::default())),
            false => follow::run(&client, task).await,
        }
    };
    let Some(ended) = unless_interrupted(&client, std::slice::from_ref(&id), running).await else {
        output::error_line("sandlot: the task was cancelled");
        return Ok(exit::of_outcome(Outcome::Cancelled, None));
    };
    // Nobody reads what it prints: it ends with this program's connection.
    let Some((result, passed)) = ended else { return Ok(exit::of_outcome(Outcome::Cancelled, None)) };
    let result = result?;
    if node.json {
        output::json(&Reply::CpuResult(Arc::new(result.clone())));
    } else {
        output::printed(text_after(&result.stdout, passed.stdout), text_after(&result.stderr, passed.stderr));
        tell_end(&result, is_call);
    }
    task_files::keep(files_out, &result.files, result.outcome())?;
    Ok(exit::of_outcome(result.outcome(), result.exit_code))
}

/// Ctrl-C stops the tasks before it ends this program.
async fn unless_interrupted<T>(client: &Client, ids: &[TaskId], work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        _ = tokio::signal::ctrl_c() => {
            for id in ids {
                let cancel = Request::CancelTask(TaskQuestion { task_id: id.clone() });
                // The node may be gone: then there is nothing left to stop.
                let _ = client.ask_within(&cancel, CANCEL_TIMEOUT).await;
            }
            None
        }
    }
}

/// What the program printed, and how it ended.
pub(crate) fn tell(result: &CpuResult, is_call: bool) {
    output::printed(&result.stdout, &result.stderr);
    tell_end(result, is_call);
}

/// How the program ended.
pub(crate) fn tell_end(result: &CpuResult, is_call: bool) {
    if result.truncated {
        output::error_line("sandlot: the output was cut at its limit; --output-bytes sets it");
    }
    match (&result.exception, result.outcome()) {
        (_, Outcome::Ok) if is_call => output::line(&format!("Result: {}", python_text::print(&result.result))),
        (_, Outcome::Ok) => {}
        // A script that ends itself has said what it wanted to say.
        (_, Outcome::Exception) if result.exit_code.is_some() => {}
        (Some(exception), Outcome::Exception) => output::program_error(&exception.traceback),
        _ => output::error_line(&format!("sandlot: {}", result.error.as_deref().unwrap_or("the task failed"))),
    }
}

/// `sandlot batch`.
pub(crate) async fn batch(node: &NodeArguments, arguments: &BatchArguments) -> Result<ExitCode> {
    let name = arguments.file.display();
    let text = std::fs::read_to_string(&arguments.file).with_context(|| format!("cannot read {name}"))?;
    let wrong = |error: serde_json::Error| exit::Usage(format!("{name} is no list of tasks: {error}"));
    let mut batch = match text.trim_start().starts_with('[') {
        true => BatchTask { tasks: serde_json::from_str(&text).map_err(wrong)? },
        false => serde_json::from_str(&text).map_err(wrong)?,
    };
    batch.check().map_err(|refusal| exit::Usage(format!("{name}: {refusal}")))?;
    let ids: Vec<TaskId> =
        batch.tasks.iter_mut().map(|task| task.task_id.get_or_insert_with(new_task_id).clone()).collect();
    let client = client(node);
    let request = Request::BatchTask(batch);
    let Some(reply) = unless_interrupted(&client, &ids, client.ask(&request)).await else {
        output::error_line("sandlot: the tasks were cancelled");
        return Ok(exit::of_outcome(Outcome::Cancelled, None));
    };
    let reply = reply?;
    let Reply::BatchResult(batch) = &reply else { return Err(client.unexpected().into()) };
    if node.json {
        output::json(&reply);
    } else {
        for result in &batch.results {
            let text = match &result.error {
                None => python_text::print(&result.result),
                Some(error) => format!("{}: {error}", result.outcome().as_str()),
            };
            output::line(&format!("{}: {text}", result.task_id));
        }
    }
    let failed = batch.results.iter().find(|result| result.outcome() != Outcome::Ok);
    Ok(failed.map_or(ExitCode::SUCCESS, |result| exit::of_outcome(result.outcome(), None)))
}

/// `sandlot cancel`.
pub(crate) async fn cancel(node: &NodeArguments, task_id: TaskId) -> Result<ExitCode> {
    let status = client(node).status(&Request::CancelTask(TaskQuestion { task_id: task_id.clone() })).await?;
    if node.json {
        output::json(&status.into());
    } else {
        output::line(&format!("Cancelled: {task_id}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// `sandlot tasks`.
pub(crate) async fn list(node: &NodeArguments) -> Result<ExitCode> {
    let status = client(node).status(&Request::ListTasks(Nothing {})).await?;
    let tasks: Vec<Value> = status.get("tasks").unwrap_or_default();
    if node.json {
        output::json(&status.into());
    } else if tasks.is_empty() {
        output::line("No tasks are queued or running.");
    } else {
        tell_rows(&["task_id", "state", "function", "executed_by", "source"], &tasks);
    }
    Ok(ExitCode::SUCCESS)
}

/// `sandlot history`.
pub(crate) async fn history(node: &NodeArguments, arguments: HistoryArguments) -> Result<ExitCode> {
    let question =
        TaskHistory { limit: Some(arguments.limit), task_id: arguments.task_id.clone(), ..TaskHistory::default() };
    let status = match client(node).status(&Request::TaskHistory(question)).await {
        Err(ClientError::Refused(refusal)) if refusal.code == ErrorCode::NotFound => {
            output::error_line(&format!("sandlot: {refusal}"));
            return Ok(exit::not_found());
        }
        status => status?,
    };
    if node.json {
        output::json(&status.into());
    } else if arguments.task_id.is_some() {
        let task: serde_json::Map<String, Value> = status.get("task").unwrap_or_default();
        let rows =
            task.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| vec![name.clone(), cell(value)]);
        output::table(&rows.collect::<Vec<_>>());
    } else {
        let tasks: Vec<Value> = status.get("history").unwrap_or_default();
        tell_rows(&["task_id", "outcome", "executed_by", "function", "error"], &tasks);
    }
    Ok(ExitCode::SUCCESS)
}

/// A table of these members.
pub(crate) fn tell_rows(names: &[&str], records: &[Value]) {
    let head = names.iter().map(|name| (*name).to_owned()).collect();
    let row = |record: &Value| names.iter().map(|name| record.get(name).map(cell).unwrap_or_default()).collect();
    output::table(&std::iter::once(head).chain(records.iter().map(row)).collect::<Vec<_>>());
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
