//! One run in a store of its own: fuel, a memory cap, captured output. The store is used once and thrown away.

use crate::{Guest, Run, RunLimits, output::Output};
use sandlot_protocol::{
    Exception, Outcome, RawJson,
    abi::{Answer, EXPORT_ALLOC, EXPORT_MEMORY, EXPORT_RUN, Job},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use wasmtime::{ResourceLimiter, Store, Trap};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder, p1::WasiP1Ctx, p2::pipe::MemoryInputPipe};

/// Tracebacks and messages on top of the result.
const ANSWER_EXTRA_BYTES: u64 = 1 << 20;
/// Elements that the guest's table may grow to.
const TABLE_ELEMENTS_MAX: usize = 50_000;
/// How much of standard error explains a crash.
const CRASH_TEXT_CHARS: usize = 300;

/// What the store of a run holds.
pub(crate) struct TaskState {
    pub(crate) wasi: WasiP1Ctx,
    meter: Arc<Meter>,
}

/// What a run has used so far, readable while it runs.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) fuel: AtomicU64,
    pub(crate) memory_bytes: AtomicU64,
    memory_bytes_max: u64,
    memory_refused: AtomicBool,
}

impl Meter {
    pub(crate) fn new(limits: &RunLimits) -> Self {
        Self { memory_bytes_max: limits.memory_bytes, ..Self::default() }
    }
}

/// Refuses growth beyond the run's limits; the guest sees a failed allocation.
impl ResourceLimiter for TaskState {
    fn memory_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let desired = desired as u64;
        let meter = &self.meter;
        let allowed = desired <= meter.memory_bytes_max && maximum.is_none_or(|maximum| desired <= maximum as u64);
        if allowed {
            meter.memory_bytes.fetch_max(desired, Ordering::Relaxed);
        } else {
            meter.memory_refused.store(true, Ordering::Relaxed);
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

/// How a run ended, as far as the sandbox knows.
#[derive(Debug)]
pub(crate) struct RunEnd {
    pub(crate) outcome: Outcome,
    pub(crate) value: Option<RawJson>,
    pub(crate) exception: Option<Exception>,
    pub(crate) exit_code: Option<u8>,
    pub(crate) error: Option<String>,
}

impl RunEnd {
    pub(crate) fn failed(outcome: Outcome, error: impl Into<String>) -> Self {
        Self { outcome, value: None, exception: None, exit_code: None, error: Some(error.into()) }
    }

    fn exited(code: u8) -> Self {
        if code == 0 {
            return Self { exit_code: Some(0), ..Self::value(sandlot_protocol::raw_null()) };
        }
        let exception = Exception {
            kind: "SystemExit".to_owned(),
            message: code.to_string(),
            traceback: format!("SystemExit: {code}\n"),
        };
        Self {
            exit_code: Some(code),
            exception: Some(exception),
            ..Self::failed(Outcome::Exception, format!("the program ended with exit code {code}"))
        }
    }

    fn value(value: RawJson) -> Self {
        Self { outcome: Outcome::Ok, value: Some(value), exception: None, exit_code: None, error: None }
    }
}

/// Runs one program from its first instruction to its end. Each poll is one slice; dropping it ends the program.
pub(crate) async fn enter(
    guest: Guest,
    run: Run,
    meter: Arc<Meter>,
    stdout: Output,
    stderr: Output,
    slice_fuel: u64,
) -> RunEnd {
    let limits = run.limits.clone();
    let answer = call(guest, run, Arc::clone(&meter), stdout, stderr.clone(), slice_fuel).await;
    let refused = meter.memory_refused.load(Ordering::Relaxed);
    match answer {
        Ok(answer) => answered(answer, &limits, refused),
        Err(error) => failed(&error, &limits, refused, &stderr),
    }
}

async fn call(
    guest: Guest,
    run: Run,
    meter: Arc<Meter>,
    stdout: Output,
    stderr: Output,
    slice_fuel: u64,
) -> wasmtime::Result<Answer> {
    let job = job_text(&run)?;
    let wasi = WasiCtxBuilder::new()
        .stdin(MemoryInputPipe::new(run.stdin))
        .stdout(stdout)
        .stderr(stderr)
        .max_random_size(run.limits.memory_bytes)
        .build_p1();
    let mut store = Store::new(&guest.engine, TaskState { wasi, meter: Arc::clone(&meter) });
    store.limiter(|state| state);
    store.set_fuel(run.limits.fuel)?;
    store.fuel_async_yield_interval(Some(slice_fuel))?;
    let instance = guest.instance.instantiate_async(&mut store).await?;
    let alloc = instance.get_typed_func::<u32, u32>(&mut store, EXPORT_ALLOC)?;
    let enter = instance.get_typed_func::<(u32, u32), u64>(&mut store, EXPORT_RUN)?;
    let memory = instance.get_memory(&mut store, EXPORT_MEMORY).ok_or_else(|| no_answer("no memory"))?;
    let bytes = u32::try_from(job.len())?;
    let result = async {
        let address = alloc.call_async(&mut store, bytes).await?;
        memory.write(&mut store, address as usize, job.as_bytes())?;
        drop(job);
        enter.call_async(&mut store, (address, bytes)).await
    }
    .await;
    meter.fuel.store(run.limits.fuel.saturating_sub(store.get_fuel()?), Ordering::Relaxed);
    read_answer(memory.data(&store), result?, run.limits.result_bytes)
}

fn job_text(run: &Run) -> wasmtime::Result<String> {
    let empty_list = sandlot_protocol::raw_json("[]".to_owned())?;
    let empty_object = sandlot_protocol::raw_json("{}".to_owned())?;
    Ok(serde_json::to_string(&Job {
        program: &run.program,
        filename: &run.filename,
        function: run.function.as_deref(),
        args: run.args.as_deref().unwrap_or(&empty_list),
        kwargs: run.kwargs.as_deref().unwrap_or(&empty_object),
        argv: &run.argv,
    })?)
}

/// The result is larger than a result may be.
#[derive(Debug, thiserror::Error)]
#[error("the result has {bytes} bytes of JSON")]
struct ResultTooLarge {
    bytes: u64,
}

fn no_answer(what: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the guest's answer is none: {what}"))
}

/// The answer at `address << 32 | length`, every bound checked: the guest is hostile.
fn read_answer(memory: &[u8], place: u64, result_bytes: u64) -> wasmtime::Result<Answer> {
    let (address, length) = ((place >> 32) as usize, place & u64::from(u32::MAX));
    if length > result_bytes + ANSWER_EXTRA_BYTES {
        return Err(ResultTooLarge { bytes: length }.into());
    }
    let bytes = memory.get(address..).and_then(|bytes| bytes.get(..length as usize));
    let bytes = bytes.ok_or_else(|| no_answer("it lies outside of its memory"))?;
    let answer: Answer = serde_json::from_slice(bytes).map_err(|error| no_answer(&error.to_string()))?;
    if let Some(value) = &answer.value
        && value.get().len() as u64 > result_bytes
    {
        return Err(ResultTooLarge { bytes: value.get().len() as u64 }.into());
    }
    Ok(answer)
}

fn answered(answer: Answer, limits: &RunLimits, refused: bool) -> RunEnd {
    if let Some(exception) = answer.exception {
        let out_of_memory = refused && exception.kind == "MemoryError";
        let (outcome, error) = if out_of_memory {
            (Outcome::MemoryLimit, memory_limit(limits))
        } else if exception.message.is_empty() {
            (Outcome::Exception, exception.kind.clone())
        } else {
            (Outcome::Exception, format!("{}: {}", exception.kind, exception.message))
        };
        return RunEnd { exception: Some(exception), ..RunEnd::failed(outcome, error) };
    }
    match (answer.value, answer.exit_code) {
        (Some(value), _) => RunEnd::value(value),
        (None, Some(code)) => RunEnd::exited(code),
        (None, None) => RunEnd::failed(Outcome::Crashed, "the interpreter gave no answer"),
    }
}

fn failed(error: &wasmtime::Error, limits: &RunLimits, refused: bool, stderr: &Output) -> RunEnd {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return RunEnd::exited(u8::try_from(*code).unwrap_or(1));
    }
    if let Some(large) = error.downcast_ref::<ResultTooLarge>() {
        let text = format!("{large}; the limit is {} bytes", limits.result_bytes);
        return RunEnd::failed(Outcome::OutputLimit, text);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            let text = format!("the program used up its fuel of {} units; limits.fuel sets it", limits.fuel);
            RunEnd::failed(Outcome::FuelLimit, text)
        }
        Some(Trap::StackOverflow) => {
            let message = "the program nested calls deeper than the interpreter's stack";
            let exception = Exception {
                kind: "RecursionError".to_owned(),
                message: message.to_owned(),
                traceback: format!("RecursionError: {message}\n"),
            };
            let end = RunEnd::failed(Outcome::Exception, format!("RecursionError: {message}"));
            RunEnd { exception: Some(exception), ..end }
        }
        _ if refused => RunEnd::failed(Outcome::MemoryLimit, memory_limit(limits)),
        _ => RunEnd::failed(Outcome::Crashed, crash_text(error, stderr)),
    }
}

fn memory_limit(limits: &RunLimits) -> String {
    format!(
        "the program needed more memory than its limit of {} bytes; limits.memory_bytes sets it",
        limits.memory_bytes
    )
}

/// The interpreter's last words explain a crash better than the trap's name.
fn crash_text(error: &wasmtime::Error, stderr: &Output) -> String {
    let (text, _) = stderr.text();
    let last = text.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("note:"));
    let cause = error.root_cause().to_string();
    match last {
        Some(line) => {
            format!("the interpreter crashed ({cause}): {}", line.chars().take(CRASH_TEXT_CHARS).collect::<String>())
        }
        None => format!("the interpreter crashed: {cause}"),
    }
}
