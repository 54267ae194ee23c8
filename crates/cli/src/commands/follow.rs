//! A task's output while its end is awaited.

use crate::commands::output;
use sandlot_client::{Client, ClientError};
use sandlot_protocol::{CpuResult, CpuTask, ErrorCode, Request, request::TaskOutput};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What ends sooner is not asked for its output meanwhile.
const QUICK: Duration = Duration::from_millis(50);
/// One request waits so long for more output; then another one asks.
const OUTPUT_WAIT_MS: u64 = 20_000;

/// Bytes of a task's output that were passed on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Passed {
    pub(crate) stdout: usize,
    pub(crate) stderr: usize,
}

/// Runs a task and passes its output on as it comes. Dropping this stops the task.
/// Tells nothing when nobody reads the output any more.
pub(crate) async fn run(client: &Client, task: CpuTask) -> Option<(Result<CpuResult, ClientError>, Passed)> {
    let id = task.task_id.clone();
    // Another try prints from the beginning; its output is told at its end.
    let id = id.filter(|_| task.max_retries == 0);
    let running = client.run(task);
    tokio::pin!(running);
    if let Ok(result) = timeout(QUICK, &mut running).await {
        return Some((result, Passed::default()));
    }
    let mut passed = Passed::default();
    if let Some(task_id) = id {
        let following = async {
            loop {
                let (stdout_from, stderr_from) = (passed.stdout, passed.stderr);
                let question = TaskOutput {
                    task_id: task_id.clone(),
                    attempt: 0,
                    stdout_from,
                    stderr_from,
                    wait_ms: OUTPUT_WAIT_MS,
                };
                match client.status(&Request::TaskOutput(question)).await {
                    Ok(status) => {
                        let text = |name| status.get::<String>(name).unwrap_or_default();
                        if !output::printed(&text("stdout"), &text("stderr")) {
                            return false;
                        }
                        passed.stdout = status.get("stdout_next").unwrap_or(passed.stdout);
                        passed.stderr = status.get("stderr_next").unwrap_or(passed.stderr);
                        if status.get("done") == Some(true) {
                            return true;
                        }
                    }
                    // The request for the task is on its way.
                    Err(ClientError::Refused(refusal)) if refusal.code == ErrorCode::NotFound => sleep(QUICK).await,
                    // An existing node tells nothing before the end.
                    Err(_) => return true,
                }
            }
        };
        tokio::select! {
            biased;
            result = &mut running => return Some((result, passed)),
            is_read = following => if !is_read { return None },
        }
    }
    Some((running.await, passed))
}
