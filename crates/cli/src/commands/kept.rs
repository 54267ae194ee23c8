//! Submit and come back: tasks whose results are kept for whoever asks by their id.

use crate::{
    args::{LogsArguments, NodeArguments, ResultArguments, RunArguments, WaitArguments},
    commands::{client, output, program, task_files, tasks},
    exit,
};
use anyhow::Result;
use sandlot_client::Client;
use sandlot_protocol::{
    CpuResult, Outcome, Reply, Request, StatusReply, TaskId,
    request::{TaskOutput, WaitTask},
};
use std::process::ExitCode;

/// One request waits so long for more output; then another one asks.
const OUTPUT_WAIT_MS: u64 = 20_000;

/// `sandlot submit`.
pub(crate) async fn submit(node: &NodeArguments, arguments: RunArguments) -> Result<ExitCode> {
    let task = program::task_of_file(&arguments.program).await?;
    let (task, id) = tasks::with_sending(task, arguments.send)?;
    let client = client(node);
    let reply = client.ask(&Request::SubmitTask(task)).await?;
    if let Reply::CpuResult(result) = &reply {
        // There was no room for it.
        return tell(node, &reply, result, &[]);
    }
    if node.json {
        output::json(&reply);
    } else {
        output::line(id.as_str());
    }
    Ok(ExitCode::SUCCESS)
}

/// `sandlot wait`.
pub(crate) async fn wait(node: &NodeArguments, arguments: WaitArguments) -> Result<ExitCode> {
    let within = arguments.within.map(|seconds| (seconds * 1e3).clamp(0.0, 1e15) as u64);
    loop {
        match ask(&client(node), &arguments.task_id, within).await? {
            Reply::CpuResult(result) => {
                return tell(node, &Reply::CpuResult(result.clone()), &result, &arguments.files_out);
            }
            reply if within.is_some() => return Ok(not_ended(node, &arguments.task_id, &reply)),
            // It waited as long as one request may.
            _ => {}
        }
    }
}

/// `sandlot result`.
pub(crate) async fn result(node: &NodeArguments, arguments: ResultArguments) -> Result<ExitCode> {
    match ask(&client(node), &arguments.task_id, Some(0)).await? {
        Reply::CpuResult(result) => tell(node, &Reply::CpuResult(result.clone()), &result, &arguments.files_out),
        reply => Ok(not_ended(node, &arguments.task_id, &reply)),
    }
}

/// `sandlot logs`.
pub(crate) async fn logs(node: &NodeArguments, arguments: LogsArguments) -> Result<ExitCode> {
    let client = client(node);
    let mut question = TaskOutput {
        task_id: arguments.task_id,
        attempt: 0,
        stdout_from: 0,
        stderr_from: 0,
        wait_ms: if arguments.follow { OUTPUT_WAIT_MS } else { 0 },
    };
    loop {
        let status = client.status(&Request::TaskOutput(question.clone())).await?;
        let mut is_read = true;
        let text = |name| status.get::<String>(name).unwrap_or_default();
        if node.json {
            output::json(&status.clone().into());
        } else {
            is_read = output::printed(&text("stdout"), &text("stderr"));
        }
        if !is_read || !arguments.follow || status.get("done") == Some(true) {
            return Ok(ExitCode::SUCCESS);
        }
        let next = |name| status.get::<usize>(name).unwrap_or_default();
        question.attempt = status.get("attempt").unwrap_or_default();
        (question.stdout_from, question.stderr_from) = (next("stdout_next"), next("stderr_next"));
    }
}

async fn ask(client: &Client, task_id: &TaskId, wait_ms: Option<u64>) -> Result<Reply> {
    Ok(client.ask(&Request::WaitTask(WaitTask { task_id: task_id.clone(), wait_ms })).await?)
}

fn tell(node: &NodeArguments, reply: &Reply, result: &CpuResult, files_out: &[String]) -> Result<ExitCode> {
    if node.json {
        output::json(reply);
    } else {
        // Only a call has a result to show.
        tasks::tell(result, result.outcome() == Outcome::Ok && result.result.get() != "null");
    }
    task_files::keep(files_out, &result.files, result.outcome())?;
    Ok(exit::of_outcome(result.outcome(), result.exit_code))
}

fn not_ended(node: &NodeArguments, task_id: &TaskId, reply: &Reply) -> ExitCode {
    if node.json {
        output::json(reply);
    } else {
        let id = task_id.as_str();
        output::error_line(&format!("sandlot: task {id} has not ended; sandlot explain {id} tells where it is"));
    }
    exit::not_found()
}

/// A status as JSON or a text of it.
pub(crate) fn show(node: &NodeArguments, status: StatusReply, text: impl FnOnce(&StatusReply) -> String) {
    if node.json {
        output::json(&status.into());
    } else {
        output::raw(&text(&status));
    }
}
