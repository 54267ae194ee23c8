//! One call for each line of a file, spread over all peers; answers in the order of the lines. What was interrupted goes
//! on where it was.

mod ledger;
mod progress;

use crate::{
    args::{MapArguments, NodeArguments},
    commands::{client, output, program},
    exit::Usage,
};
use anyhow::{Context, Result};
use futures_util::{StreamExt, stream::FuturesUnordered};
use ledger::{Answers, Inputs, Line};
use progress::{Failures, Progress};
use sandlot_client::{
    network::{Network, NetworkError},
    new_task_id,
};
use sandlot_protocol::{Address, CpuResult, CpuTask, Outcome, RawJson};
use serde::Serialize;
use std::{process::ExitCode, sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// Calls under way for each living peer, unless `--jobs` says how many in all.
const JOBS_A_PEER: usize = 8;
/// How far the calls may run ahead of the first one that has not ended.
const LINES_AHEAD: usize = 4096;
/// Bytes of answers that wait for an earlier one. Above it no new call begins.
const BYTES_AHEAD: usize = 256 << 20;
/// How often it is asked who there is.
const REFRESH: Duration = Duration::from_secs(2);

/// A line of the output.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    /// Which input, from 0.
    index: u64,
    /// What the function returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawJson>,
    /// How it ended, unless it is ok.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceback: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<&'a str>,
}

/// `sandlot map`.
pub(crate) async fn map(node: &NodeArguments, arguments: MapArguments) -> Result<ExitCode> {
    let task = task(&arguments)?;
    let mut inputs = Inputs::open(&arguments.inputs)?;
    // Under which name the program was given makes no difference.
    let body = CpuTask { argv: Vec::new(), ..task.clone() };
    let identity = serde_json::to_vec(&(&body, inputs.digest(), arguments.spread, arguments.keep_output))?;
    let identity = blake3::hash(&identity).to_hex().to_string();
    if let Some(output) = &arguments.output {
        ledger::check_output(output, &[&arguments.inputs, &arguments.file])?;
    }
    let mut answers = Answers::open(arguments.output.as_deref(), &identity, arguments.overwrite)?;
    let total = inputs.count();
    let began_at = answers.written();
    if began_at > 0 {
        output::error_line(&format!("sandlot: {began_at} of {total} inputs are answered already; going on"));
    }
    let patience = Duration::from_secs_f64(arguments.patience.clamp(0.0, 1e6));
    let network = Network::new(client(node).address().clone(), patience);
    let mut progress = Progress::new(total, began_at);
    let mut failures = Failures::new(answers.failed_before());
    let working = async {
        network.refresh().await?;
        drive(&arguments, &task, &mut inputs, &network, &mut answers, &mut progress, &mut failures).await
    };
    // One that listens all the time: no Ctrl-C is missed.
    let ended = tokio::select! {
        ended = working => Some(ended),
        _ = tokio::signal::ctrl_c() => None,
    };
    progress.finish();
    let Some(ended) = ended else {
        let written = answers.written();
        let hint = match (&arguments.output, arguments.overwrite) {
            (None, _) => "; with --output it could go on",
            (Some(_), false) => "; the same command goes on from here",
            (Some(_), true) => "; the same command without --overwrite goes on from here",
        };
        output::error_line(&format!("sandlot: interrupted after {written} of {total} inputs{hint}"));
        return Ok(crate::exit::of_outcome(Outcome::Cancelled, None));
    };
    ended?;
    inputs.are_unchanged()?;
    answers.finish(total)?;
    failures.tell(node.json, arguments.output.is_some(), &progress, &network);
    Ok(if failures.count() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn task(arguments: &MapArguments) -> Result<CpuTask> {
    let file = arguments.file.display();
    let source = std::fs::read_to_string(&arguments.file).with_context(|| format!("cannot read the program {file}"))?;
    let mut task = CpuTask::new(source);
    task.function = Some(arguments.function.clone());
    task.argv = vec![arguments.file.to_string_lossy().into_owned()];
    task.max_retries = arguments.max_retries;
    task.priority = arguments.priority;
    task.submitter.clone_from(&arguments.submitter);
    program::limits(&mut task, arguments.limits);
    task.check().map_err(|refusal| Usage(refusal.error))?;
    Ok(task)
}

async fn drive(
    arguments: &MapArguments,
    task: &CpuTask,
    inputs: &mut Inputs,
    network: &Network,
    answers: &mut Answers,
    progress: &mut Progress,
    failures: &mut Failures,
) -> Result<()> {
    let task = Arc::new(task.clone());
    let mut calls = FuturesUnordered::new();
    let mut ticks = interval(REFRESH);
    // Beside the calls: a tracker that does not answer must not hold them up.
    let refreshing = async {
        let mut ticks = interval(REFRESH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Nobody can be asked now: what is known is gone on with.
            let _ = network.refresh().await;
        }
    };
    tokio::pin!(refreshing);
    inputs.skip(answers.written())?;
    loop {
        let jobs = arguments.jobs.map_or_else(|| network.peers() * JOBS_A_PEER, |jobs| jobs as usize);
        while calls.len() < jobs && answers.ahead(inputs.next_index()) < LINES_AHEAD {
            if answers.waiting_bytes() > BYTES_AHEAD && !calls.is_empty() {
                break;
            }
            let Some(line) = inputs.next_line()? else { break };
            calls.push(call(network, Arc::clone(&task), line, arguments.spread));
        }
        if calls.is_empty() {
            return Ok(());
        }
        tokio::select! {
            Some((index, ran)) = calls.next() => {
                let result = match ran {
                    Ok(result) => result,
                    // Every peer would refuse it again: that is its answer.
                    Err(NetworkError::Refused(error)) => {
                        CpuResult::ended(new_task_id(), Outcome::Rejected, error.to_string(), &nobody())
                    }
                    // It may well be what it does that its peers do not survive.
                    Err(error @ NetworkError::Lost(..)) => {
                        CpuResult::ended(new_task_id(), Outcome::Crashed, error.to_string(), &nobody())
                    }
                    Err(error) => return Err(error.into()),
                };
                progress.ended(result.outcome() == Outcome::Ok);
                failures.count_end(index, &result);
                answers.put(index, &line_of(index, &result, arguments.keep_output)?)?;
            }
            _ = ticks.tick() => progress.tick(network),
            _ = &mut refreshing => {}
        }
    }
}

/// Nobody ran it.
fn nobody() -> Address {
    Address::new("nobody", 0)
}

async fn call(
    network: &Network,
    task: Arc<CpuTask>,
    line: Line,
    spread: bool,
) -> (u64, Result<CpuResult, NetworkError>) {
    let mut task = CpuTask::clone(&task);
    match line.value.get().as_bytes().first() {
        Some(b'[') if spread => task.args = Some(line.value),
        Some(b'{') if spread => task.kwargs = Some(line.value),
        _ => {
            let list = format!("[{}]", line.value.get());
            task.args = sandlot_protocol::raw_json(list).ok();
        }
    }
    (line.index, network.run(task).await)
}

fn line_of(index: u64, result: &CpuResult, keep_output: bool) -> Result<String> {
    let is_ok = result.outcome() == Outcome::Ok;
    let kept = |text: &str| keep_output && !text.is_empty();
    let answer = Answer {
        index,
        result: is_ok.then_some(&result.result),
        outcome: (!is_ok).then(|| result.outcome()),
        error: result.error.as_deref(),
        traceback: result.exception.as_ref().map(|exception| exception.traceback.as_str()),
        stdout: kept(&result.stdout).then_some(&result.stdout),
        stderr: kept(&result.stderr).then_some(&result.stderr),
    };
    Ok(serde_json::to_string(&answer)?)
}
