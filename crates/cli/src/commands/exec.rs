//! The sandbox by itself: no network.

use crate::{
    args::{ExecArguments, GuestArguments, NodeArguments},
    commands::{output, program, task_files},
    exit, guest, python_text,
};
use anyhow::Result;
use sandlot_compute::{ComputeConfig, Run, RunHandle, RunLimits, RunReport, config::SLICE_FUEL, output::Output};
use sandlot_protocol::{CpuTask, Outcome};
use std::{process::ExitCode, time::Duration};

/// `sandlot prepare`.
pub(crate) fn prepare(arguments: &GuestArguments) -> Result<ExitCode> {
    let guest = guest::load(arguments)?;
    let folder = guest::cache_dir(arguments)?;
    output::line(&format!("the Python guest {} is ready, and kept in {}", &guest.digest()[..16], folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// `sandlot exec`.
pub(crate) async fn exec(node: &NodeArguments, arguments: ExecArguments) -> Result<ExitCode> {
    let task = program::task_of_file(&arguments.program).await?;
    task.check().map_err(|refusal| exit::Usage(refusal.error))?;
    let is_call = task.function.is_some();
    let config =
        ComputeConfig { workers: 1, live_runs_max: 1, slice_fuel: Some(SLICE_FUEL), ..ComputeConfig::default() };
    let compute = guest::start(&arguments.guest, config)?;
    let mut run = compute.submit(run_of(task)?)?;
    let report = if node.json { run.wait().await } else { pass_through(&mut run).await };
    if node.json {
        output::line(&json(&report));
    } else {
        tell(&report, is_call);
    }
    task_files::keep(&arguments.program.files_out, &task_files::encoded(&report.files), report.outcome)?;
    Ok(exit::of_outcome(report.outcome, report.exit_code))
}

fn run_of(task: CpuTask) -> Result<Run> {
    let defaults = RunLimits::default();
    Ok(Run {
        files: task_files::decoded(task.files)?,
        files_out: task.files_out,
        seed: task.seed,
        filename: task.argv.first().cloned().unwrap_or_default(),
        limits: RunLimits {
            fuel: task.limits.fuel.unwrap_or(defaults.fuel),
            memory_bytes: task.limits.memory_bytes.unwrap_or(defaults.memory_bytes),
            output_bytes: task.limits.output_bytes.unwrap_or(defaults.output_bytes),
            output_stops: task.limits.output_stops.unwrap_or(defaults.output_stops),
            result_bytes: task.limits.result_bytes.unwrap_or(defaults.result_bytes),
            files_bytes: task.limits.files_bytes.unwrap_or(defaults.files_bytes),
            cpu: task.limits.cpu_ms.map_or(defaults.cpu, Duration::from_millis),
            timeout: task.timeout.map_or(defaults.timeout, Duration::from_secs_f64),
        },
        function: task.function,
        args: task.args,
        kwargs: task.kwargs,
        argv: task.argv,
        stdin: task.stdin,
        ..Run::new(task.program)
    })
}

/// Passes output on as it comes. Ctrl-C stops the program.
async fn pass_through(run: &mut RunHandle) -> RunReport {
    let (stdout, stderr) = (run.probe().stdout().clone(), run.probe().stderr().clone());
    let copies = async move {
        tokio::join!(copy(stdout, output::bytes), copy(stderr, output::error_bytes));
    };
    tokio::pin!(copies);
    let interrupted = tokio::select! {
        () = &mut copies => false,
        _ = tokio::signal::ctrl_c() => true,
    };
    if interrupted {
        run.cancel();
        copies.await;
    }
    run.wait().await
}

async fn copy(from: Output, to: impl Fn(&[u8])) {
    let mut copied = 0;
    loop {
        let bytes = from.next(copied).await;
        if bytes.is_empty() {
            return;
        }
        copied += bytes.len();
        to(&bytes);
    }
}

fn tell(report: &RunReport, is_call: bool) {
    if report.truncated {
        output::error_line("sandlot: the output was cut at its limit; --output-bytes sets it");
    }
    match (&report.exception, report.outcome) {
        (_, Outcome::Ok) => {
            if let Some(value) = report.value.as_ref().filter(|_| is_call) {
                output::line(&format!("Result: {}", python_text::print(value)));
            }
        }
        // A script that ends itself has said what it wanted to say.
        (_, Outcome::Exception) if report.exit_code.is_some() => {}
        (Some(exception), Outcome::Exception) => output::error_bytes(exception.traceback.as_bytes()),
        _ => output::error_line(&format!("sandlot: {}", report.error.as_deref().unwrap_or("the program failed"))),
    }
}

fn json(report: &RunReport) -> String {
    let value = report.value.clone().unwrap_or_else(sandlot_protocol::raw_null);
    let members = sandlot_protocol::StatusReply::new(report.outcome.as_str())
        .with("result", value)
        .with("error", &report.error)
        .with("exception", &report.exception)
        .with("exit_code", report.exit_code)
        .with("stdout", &report.stdout)
        .with("stderr", &report.stderr)
        .with("truncated", report.truncated)
        .with("files", task_files::encoded(&report.files))
        .with("usage", report.usage);
    serde_json::to_string(&members).unwrap_or_default()
}
