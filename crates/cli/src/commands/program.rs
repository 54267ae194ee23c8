//! A program as it was typed: its file, its arguments, its standard input.

use crate::{
    args::{CallArguments, LimitArguments, ProgramArguments},
    commands::{output, task_files},
    exit::Usage,
    literal,
};
use anyhow::{Context, Result};
use sandlot_protocol::{CpuTask, RawJson, TaskLimits};
use std::{
    io::{IsTerminal, Read},
    os::fd::AsFd,
    path::Path,
    time::Duration,
};
use tokio::time::timeout;

/// Whoever waits for standard input is told so after this time.
const STDIN_NOTICE: Duration = Duration::from_secs(2);

/// The task that these arguments describe.
pub(crate) async fn task_of_file(arguments: &ProgramArguments) -> Result<CpuTask> {
    let name = arguments.file_and_argv.first().context("there is no program")?;
    let mut argv = arguments.file_and_argv.clone();
    let (program, mut files) = if name == "-" {
        (std::io::read_to_string(std::io::stdin()).context("reading the program from standard input")?, Vec::new())
    } else if let Some((main, files)) = task_files::program(Path::new(name))? {
        task_files::MAIN.clone_into(&mut argv[0]);
        (main, files)
    } else {
        (std::fs::read_to_string(name).with_context(|| format!("cannot read the program {name}"))?, Vec::new())
    };
    for file in &arguments.files {
        files.extend(task_files::sent(file)?);
    }
    for package in &arguments.packages {
        files.extend(task_files::package(package)?);
    }
    let mut task = CpuTask::new(program);
    task.files = files;
    task.files_out = arguments.files_out.iter().map(|file| task_files::out(file).0.to_owned()).collect();
    task.seed = arguments.seed;
    task.function.clone_from(&arguments.function);
    call(&mut task, &arguments.call)?;
    limits(&mut task, arguments.limits);
    if arguments.function.is_none() && (task.args.is_some() || task.kwargs.is_some()) {
        return Err(Usage("--args and --kwargs need --function: a script has ARGS behind its name".to_owned()).into());
    }
    task.argv = argv;
    if !arguments.no_stdin && name != "-" {
        task.stdin = read_stdin().await?;
    }
    Ok(task)
}

/// Reads `--args` and `--kwargs`.
pub(crate) fn call(task: &mut CpuTask, arguments: &CallArguments) -> Result<()> {
    task.args = raw("--args", "a list, for example \"[1, 2]\"", '[', arguments.args.as_deref())?;
    task.kwargs = raw("--kwargs", "an object, for example \"{'n': 1}\"", '{', arguments.kwargs.as_deref())?;
    Ok(())
}

fn raw(name: &str, example: &str, first: char, text: Option<&str>) -> Result<Option<RawJson>> {
    let Some(text) = text else { return Ok(None) };
    let json =
        literal::to_json(text).map_err(|error| Usage(format!("{name} is no JSON and no Python literal: {error}")))?;
    if !json.starts_with(first) {
        return Err(Usage(format!("{name} must be {example}, not {text}")).into());
    }
    Ok(Some(sandlot_protocol::raw_json(json)?))
}

/// Sets the limits that were typed.
pub(crate) fn limits(task: &mut CpuTask, arguments: LimitArguments) {
    task.timeout = arguments.timeout;
    task.limits = TaskLimits {
        fuel: arguments.fuel,
        memory_bytes: arguments.memory_bytes,
        output_bytes: arguments.output_bytes,
        output_stops: arguments.output_stops.then_some(true),
        cpu_ms: arguments.cpu_ms,
        result_bytes: arguments.result_bytes,
        files_bytes: arguments.files_bytes,
    };
}

/// All of standard input, unless it is a terminal.
async fn read_stdin() -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() || stdin.as_fd().try_clone_to_owned().is_err() {
        return Ok(String::new());
    }
    let reading = tokio::task::spawn_blocking(|| {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    });
    tokio::pin!(reading);
    let bytes = match timeout(STDIN_NOTICE, &mut reading).await {
        Ok(bytes) => bytes,
        Err(_) => {
            output::error_line("sandlot: reading standard input to its end; --no-stdin gives the program none");
            tokio::select! {
                bytes = reading => bytes,
                _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted while reading standard input"),
            }
        }
    };
    let bytes = bytes?.context("reading standard input")?;
    String::from_utf8(bytes).context("standard input must be UTF-8 text")
}
