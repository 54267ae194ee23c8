//! A task on this peer's own workers.

use crate::tasks::{Place, Slot};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_compute::{Compute, Run, RunHandle, RunLimits, RunReport, Submitter};
use sandlot_protocol::{Address, CpuResult, CpuTask, Outcome, RawJson, TaskFile, TaskId, limits};
use std::time::Duration;

/// Runs the task here, from queue to end.
///
/// `at_once` lets it begin in this thread. With the result comes what may be left to be put away.
pub(crate) async fn run_here(
    compute: &Compute,
    id: &TaskId,
    task: CpuTask,
    slot: &Slot,
    me: &Address,
    at_once: bool,
) -> (CpuResult, Option<RunHandle>) {
    let run = match run_of(id, task, slot.submitter.clone()) {
        Ok(run) => run,
        Err(error) => return (CpuResult::ended(id.clone(), Outcome::Exception, error, me), None),
    };
    let submitted = if at_once { compute.submit_here(run) } else { compute.submit(run) };
    let mut run = match submitted {
        Ok(run) => run,
        Err(full) => return (rejected(id, full.to_string(), full.retry_after, me), None),
    };
    slot.place(Place::Here(run.probe().clone()));
    let report = tokio::select! {
        report = run.wait() => report,
        () = slot.cancel.cancelled() => {
            run.cancel();
            run.wait().await
        }
    };
    (result_of(id, report, me), Some(run))
}

/// There is no room for it.
pub(crate) fn rejected(id: &TaskId, reason: String, retry_after: Duration, me: &Address) -> CpuResult {
    let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
    let error = format!("the task was not taken: {reason}; try again in {milliseconds} ms");
    CpuResult { retry_after_ms: Some(milliseconds), ..CpuResult::ended(id.clone(), Outcome::Rejected, error, me) }
}

/// The bytes of files that were sent along, or what is wrong with them.
fn decoded(files: Vec<TaskFile>) -> Result<Vec<(String, Vec<u8>)>, String> {
    let decode = |file: TaskFile| match BASE64.decode(&file.data) {
        Ok(bytes) => Ok((file.name, bytes)),
        Err(error) => Err(format!("member \"data\" of the file {:?} is not base64: {error}", file.name)),
    };
    files.into_iter().map(decode).collect()
}

fn run_of(id: &TaskId, task: CpuTask, submitter: Submitter) -> Result<Run, String> {
    let not_null = |raw: Option<RawJson>| raw.filter(|raw| raw.get() != "null");
    let filename = task.argv.first().filter(|name| !name.is_empty()).cloned();
    Ok(Run {
        files: decoded(task.files)?,
        files_out: task.files_out,
        seed: task.seed,
        filename: filename.unwrap_or_else(|| "<program>".to_owned()),
        argv: if task.argv.is_empty() { vec![String::new()] } else { task.argv },
        program: task.program,
        function: task.function,
        args: not_null(task.args),
        kwargs: not_null(task.kwargs),
        stdin: task.stdin,
        label: id.as_str().into(),
        submitter,
        priority: task.priority,
        weight: task.weight.unwrap_or(1),
        limits: RunLimits {
            fuel: task.limits.fuel.unwrap_or(limits::TASK_FUEL),
            memory_bytes: task.limits.memory_bytes.unwrap_or(limits::TASK_MEMORY_BYTES),
            output_bytes: task.limits.output_bytes.unwrap_or(limits::TASK_OUTPUT_BYTES),
            output_stops: task.limits.output_stops.unwrap_or(false),
            result_bytes: task.limits.result_bytes.unwrap_or(limits::TASK_RESULT_BYTES),
            timeout: task.timeout.map_or(limits::TASK_TIMEOUT, Duration::from_secs_f64),
            cpu: task.limits.cpu_ms.map_or(limits::TASK_CPU, Duration::from_millis),
            files_bytes: task.limits.files_bytes.unwrap_or(limits::TASK_FILES_BYTES),
        },
    })
}

fn result_of(id: &TaskId, report: RunReport, me: &Address) -> CpuResult {
    CpuResult {
        task_id: id.clone(),
        result: report.value.unwrap_or_else(sandlot_protocol::raw_null),
        error: report.error,
        executed_by: Some(me.to_string()),
        outcome: Some(report.outcome),
        exception: report.exception,
        exit_code: report.exit_code,
        stdout: report.stdout,
        stderr: report.stderr,
        truncated: report.truncated,
        files: report.files.into_iter().map(|(name, bytes)| TaskFile { name, data: BASE64.encode(bytes) }).collect(),
        usage: report.usage,
        retry_after_ms: None,
        stopping: false,
    }
}
