//! One run in a store that nobody else has: fuel, a memory cap, captured output. Afterwards the store is made as new, or
//! thrown away.

mod program;

use crate::{
    Guest, Run, RunLimits,
    budget::Holding,
    clock,
    code_cache::CodeCache,
    fuel::{Fuel, Part},
    meter::Meter,
    metering::{EXPORT_NOTHING, EXPORT_STATE},
    output::{Output, OutputFull},
    pages::Place,
    slots::Slots,
    stacks::{self, UpperEnd},
};
use sandlot_protocol::{
    Exception, Outcome, RawJson,
    abi::{
        Answer, EXPORT_ALLOC, EXPORT_CLOCK_VIRTUAL, EXPORT_CODE, EXPORT_FILE, EXPORT_FILES_LIMIT, EXPORT_MEMORY,
        EXPORT_RUN,
    },
    limits::{RESULT_DEPTH_MAX, TASK_RESULT_BYTES},
};
use std::{
    collections::HashSet,
    future::Future,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Instant,
};
use wasmtime::{Global, Instance, Memory, ResourceLimiterAsync, Store, Trap, TypedFunc, Val};
use wasmtime_wasi::{HostMonotonicClock, I32Exit, WasiCtxBuilder, p1::WasiP1Ctx, p2::pipe::MemoryInputPipe};

/// Tracebacks and messages on top of the result.
const ANSWER_EXTRA_BYTES: u64 = 1 << 20;
/// Elements that the guest's table may grow to.
const TABLE_ELEMENTS_MAX: usize = 50_000;
/// How much of standard error explains a crash.
const CRASH_TEXT_CHARS: usize = 300;

/// What the store of a run holds.
pub(crate) struct TaskState {
    /// None until the run asks the host for something that it answers.
    wasi: Option<WasiP1Ctx>,
    /// None until a run has the store, and once `wasi` has them.
    streams: Option<Streams>,
    /// Where the run's monotonic clock begins.
    pub(crate) began: Instant,
    pub(crate) fuel: Fuel,
    pub(crate) meter: Arc<Meter>,
    /// None until a run has the store.
    holding: Option<Arc<Holding>>,
    /// In place of the machine's, where the run is to be repeatable.
    pub(crate) entropy: Option<blake3::OutputReader>,
    host_bytes: u32,
}

impl TaskState {
    /// Of a store that no run has yet.
    fn idle() -> Self {
        Self {
            wasi: None,
            streams: None,
            began: clock::now(),
            fuel: Fuel::default(),
            meter: Arc::new(Meter { memory_bytes_max: u64::MAX, ..Meter::default() }),
            holding: None,
            entropy: None,
            host_bytes: 0,
        }
    }

    /// Made when it is first asked for: short runs never do.
    pub(crate) fn wasi(&mut self) -> &mut WasiP1Ctx {
        self.wasi.get_or_insert_with(|| {
            let mut wasi = WasiCtxBuilder::new();
            wasi.monotonic_clock(RunClock(self.began));
            // Before a run has the store there is nothing that it could read or write.
            if let Some(Streams { stdin, stdout, stderr }) = self.streams.take() {
                wasi.stdin(MemoryInputPipe::new(stdin)).stdout(stdout).stderr(stderr);
            }
            wasi.build_p1()
        })
    }

    /// Now, and the run's turn.
    pub(crate) fn now(&self) -> (Instant, u64) {
        (clock::now(), self.meter.turns.load(Ordering::Relaxed))
    }

    /// The host made so many bytes more for the run; says when that is `max` since it last said so.
    pub(crate) fn host_bytes(&mut self, bytes: u32, max: u32) -> bool {
        self.host_bytes = self.host_bytes.saturating_add(bytes);
        let is_over = self.host_bytes >= max;
        if is_over {
            self.host_bytes = 0;
        }
        is_over
    }
}

/// What a run reads and writes.
struct Streams {
    stdin: String,
    stdout: Output,
    stderr: Output,
}

/// Nanoseconds since the run has its store.
struct RunClock(Instant);

impl HostMonotonicClock for RunClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        clock::ns_since(self.0)
    }
}

/// Refuses growth beyond the run's limits and beyond what all runs may take together; the guest sees a failed
/// allocation. The second kind waits for others to end first: the run is then outside the run queue.
#[async_trait::async_trait]
impl ResourceLimiterAsync for TaskState {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let (current, desired) = (current as u64, desired as u64);
        let meter = &self.meter;
        let allowed = desired <= meter.memory_bytes_max && maximum.is_none_or(|maximum| desired <= maximum as u64);
        // The first size, before a run has the store, is the snapshot's: its pages are shared until they are written to.
        let had = allowed
            && match &self.holding {
                Some(holding) => holding.grow_by(desired - current).await,
                None => true,
            };
        if had {
            meter.memory_bytes.fetch_max(desired, Ordering::Relaxed);
            meter.refused_last.store(false, Ordering::Relaxed);
        } else {
            meter.refused_at_bytes.store(current, Ordering::Relaxed);
            meter.refused_bytes.store(desired, Ordering::Relaxed);
            meter.refused_for_others.store(allowed, Ordering::Relaxed);
            meter.refused_last.store(true, Ordering::Relaxed);
        }
        Ok(had)
    }

    async fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
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
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl RunEnd {
    pub(crate) fn failed(outcome: Outcome, error: impl Into<String>) -> Self {
        Self { outcome, value: None, exception: None, exit_code: None, error: Some(error.into()), files: Vec::new() }
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
        Self {
            outcome: Outcome::Ok,
            value: Some(value),
            exception: None,
            exit_code: None,
            error: None,
            files: Vec::new(),
        }
    }
}

/// Everything that a run enters the guest with.
pub(crate) struct Entry {
    pub(crate) sandbox: Prepared,
    pub(crate) run: Run,
    pub(crate) meter: Arc<Meter>,
    pub(crate) holding: Arc<Holding>,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    pub(crate) part: Part,
    pub(crate) codes: Arc<CodeCache>,
}

/// A guest in a store of its own in which nothing is left of any run: everything that can be made before it is known what
/// is to run.
pub(crate) struct Prepared {
    store: Store<TaskState>,
    instance: Instance,
    alloc: TypedFunc<u32, u32>,
    enter: TypedFunc<(u32, u32), u64>,
    /// Guests in other languages, as tests have them, lack these two.
    files_limit: Option<TypedFunc<u64, ()>>,
    code: Option<TypedFunc<(u32, u32), ()>>,
    memory: Memory,
    slots: Arc<Slots>,
    begun_with: usize,
    renewal: Option<Renewal>,
    /// The guest has answered: none of its code is left in the middle of something.
    has_answered: bool,
}

/// What has to be as it was before another run may have the instance, its memory apart.
struct Renewal {
    globals: Vec<(Global, Val)>,
    stack: UpperEnd,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl Prepared {
    pub(crate) fn new(guest: &Guest) -> wasmtime::Result<Self> {
        let mut store = Store::new(&guest.engine, TaskState::idle());
        store.limiter_async(|state| state);
        // A guest without a start function, as the snapshot is, has nothing to wait for.
        let instance = at_once(guest.instance.instantiate_async(&mut store))??;
        let alloc = instance.get_typed_func(&mut store, EXPORT_ALLOC)?;
        let enter = instance.get_typed_func(&mut store, EXPORT_RUN)?;
        let files_limit = instance.get_typed_func(&mut store, EXPORT_FILES_LIMIT).ok();
        let code = instance.get_typed_func(&mut store, EXPORT_CODE).ok();
        let memory = instance.get_memory(&mut store, EXPORT_MEMORY).ok_or_else(|| no_answer("no memory"))?;
        let slots = Arc::clone(&guest.slots);
        let renewal = Renewal::new(&mut store, &instance)?;
        let (begun_with, has_answered) = (0, false);
        let mut prepared =
            Self { store, instance, alloc, enter, files_limit, code, memory, slots, begun_with, renewal, has_answered };
        prepared.begun_with = guest.slots.begun_with(prepared.place());
        Ok(prepared)
    }

    /// Makes it as new. Says whether it did: where it is not certain that nothing else of the run is left than what is set
    /// back here, another sandbox must be made instead.
    pub(crate) fn renew(&mut self) -> bool {
        let Some(renewal) = self.renewal.as_ref().filter(|_| self.has_answered) else { return false };
        // What the run had of the host goes first.
        *self.store.data_mut() = TaskState::idle();
        #[expect(unsafe_code, reason = "no code of the guest runs, and this has its store")]
        // SAFETY: the memory is the store's, which is this sandbox's.
        let is_renewed = unsafe { self.slots.renew(self.place()) };
        if !is_renewed {
            return false;
        }
        #[expect(unsafe_code, reason = "as above")]
        // SAFETY: the store keeps its stack, on which nothing runs: the guest has answered.
        unsafe {
            renewal.stack.clear();
        }
        let set = |(global, value): &(Global, Val)| global.set(&mut self.store, *value);
        if renewal.globals.iter().try_for_each(set).is_err() {
            return false;
        }
        self.has_answered = false;
        self.begun_with = self.slots.begun_with(self.place());
        true
    }

    /// Bytes of its own that it had before its run began.
    pub(crate) fn begun_with(&self) -> usize {
        self.begun_with
    }

    /// Since it was prepared, whoever had it had no page fault.
    pub(crate) fn had_no_faults(&self) {
        self.slots.had_no_faults(self.place());
    }

    /// Where its memory lies.
    pub(crate) fn place(&self) -> Place {
        Place { address: self.memory.data_ptr(&self.store), bytes: self.memory.data_size(&self.store) }
    }
}

impl Renewal {
    /// `None` if the guest can change more than its memory and its globals. Gives the store its stack.
    fn new(store: &mut Store<TaskState>, instance: &Instance) -> wasmtime::Result<Option<Self>> {
        let Ok(nothing) = instance.get_typed_func::<(), ()>(&mut *store, EXPORT_NOTHING) else { return Ok(None) };
        let (called, stack) = stacks::given_during(|| at_once(nothing.call_async(&mut *store, ())));
        called??;
        let names = (0..).map(|index| format!("{EXPORT_STATE}{index}"));
        let globals = names.map_while(|name| instance.get_global(&mut *store, &name)).collect::<Vec<_>>();
        let globals = globals.into_iter().map(|global| (global, global.get(&mut *store))).collect();
        Ok(stack.map(|stack| Self { globals, stack }))
    }
}

/// What this makes without waiting.
fn at_once<T>(future: impl Future<Output = T>) -> wasmtime::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(made) => Ok(made),
        Poll::Pending => Err(no_answer("it waits before it has begun")),
    }
}

/// Runs one program from its first instruction to its end. Each poll is a part of a slice; dropping it ends the program.
/// The sandbox comes back to be put away when whoever waits has been told.
pub(crate) async fn enter(entry: Entry) -> (RunEnd, Prepared) {
    let Entry { mut sandbox, mut run, meter, holding, stdout, stderr, part, codes } = entry;
    let limits = run.limits.clone();
    let explains = stderr.clone();
    let streams = Streams { stdin: std::mem::take(&mut run.stdin), stdout, stderr };
    let entropy = run.seed.map(seeded_entropy);
    let bytes = sandbox.memory.data_size(&sandbox.store) as u64;
    meter.memory_bytes.store(bytes, Ordering::Relaxed);
    meter.begun_with.store(sandbox.begun_with as u64, Ordering::Relaxed);
    if bytes > limits.memory_bytes {
        let text = format!(
            "the interpreter alone has {bytes} bytes of memory, and the limit is {}; limits.memory_bytes sets it",
            limits.memory_bytes
        );
        return (RunEnd::failed(Outcome::MemoryLimit, text), sandbox);
    }
    *sandbox.store.data_mut() = TaskState {
        wasi: None,
        streams: Some(streams),
        began: clock::now(),
        meter: Arc::clone(&meter),
        holding: Some(holding),
        entropy,
        fuel: Fuel::default(),
        host_bytes: 0,
    };
    let end = match call(&mut sandbox, run, part, &codes).await {
        Ok((answer, files)) => RunEnd { files, ..answered(answer, &limits, &meter) },
        Err(error) => failed(&error, &limits, &meter, &explains),
    };
    (end, sandbox)
}

type Files = Vec<(String, Vec<u8>)>;

async fn call(
    sandbox: &mut Prepared,
    mut run: Run,
    part: Part,
    codes: &CodeCache,
) -> wasmtime::Result<(Answer, Files)> {
    let Prepared { store, instance, .. } = &mut *sandbox;
    Fuel::begin(store, instance, run.limits.fuel, part)?;
    let result = async {
        // Before anything else: what is known of a program is what becomes of a guest that has seen nothing else.
        let is_placed = match run.seed {
            None => program::make_ready(sandbox, &run, codes).await?,
            // What a repeatable run burns must not hang on what ran before it.
            Some(_) => false,
        };
        let Prepared { store, instance, alloc, enter, files_limit, memory, .. } = sandbox;
        // Where files are sent along, what they may take must be known before; otherwise the job says so.
        let files_bytes = match files_limit.as_ref().filter(|_| !run.files.is_empty()) {
            Some(limit) => {
                limit.call_async(&mut *store, run.limits.files_bytes).await?;
                None
            }
            None => Some(run.limits.files_bytes),
        };
        prepare(store, instance, alloc, memory, &mut run).await?;
        let job = program::job_text(&run, is_placed, files_bytes)?;
        let place = put(store, alloc, memory, job.as_bytes()).await?;
        drop(job);
        enter.call_async(&mut *store, place).await
    }
    .await;
    let Prepared { store, memory, has_answered, .. } = sandbox;
    let fuel = run.limits.fuel.saturating_sub(Fuel::left(store));
    store.data().meter.fuel.store(fuel, Ordering::Relaxed);
    let answer = result?;
    *has_answered = true;
    let answer = read_answer(memory.data(&*store), answer, run.limits.result_bytes)?;
    let files = read_files(memory.data(&*store), &answer.files, &run)?;
    Ok((answer, files))
}

/// What the guest is told before the job: the files themselves, whether its clock is real.
async fn prepare(
    store: &mut Store<TaskState>,
    instance: &Instance,
    alloc: &TypedFunc<u32, u32>,
    memory: &Memory,
    run: &mut Run,
) -> wasmtime::Result<()> {
    if run.seed.is_some() {
        instance.get_typed_func::<(), ()>(&mut *store, EXPORT_CLOCK_VIRTUAL)?.call_async(&mut *store, ()).await?;
    }
    for (name, content) in std::mem::take(&mut run.files) {
        let take = instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut *store, EXPORT_FILE)?;
        let (name_address, name_bytes) = put(store, alloc, memory, name.as_bytes()).await?;
        let (address, bytes) = put(store, alloc, memory, &content).await?;
        drop(content);
        if take.call_async(&mut *store, (name_address, name_bytes, address, bytes)).await? == 0 {
            return Err(FileRefused { name, files_bytes: run.limits.files_bytes }.into());
        }
    }
    Ok(())
}

/// Copies bytes into the guest; says where they lie and how many they are.
async fn put(
    store: &mut Store<TaskState>,
    alloc: &TypedFunc<u32, u32>,
    memory: &Memory,
    content: &[u8],
) -> wasmtime::Result<(u32, u32)> {
    let bytes = u32::try_from(content.len())?;
    let address = alloc.call_async(&mut *store, bytes).await?;
    memory.write(&mut *store, address as usize, content)?;
    Ok((address, bytes))
}

/// The bytes at `address << 32 | length`, if they lie in this memory.
fn bytes_at(memory: &[u8], place: u64) -> Option<&[u8]> {
    let (address, length) = ((place >> 32) as usize, place & u64::from(u32::MAX));
    memory.get(address..)?.get(..length as usize)
}

/// Entropy that follows from a number: BLAKE3's output of any length.
fn seeded_entropy(seed: u64) -> blake3::OutputReader {
    blake3::Hasher::new_derive_key("sandlot task seed").update(&seed.to_le_bytes()).finalize_xof()
}

/// A file that was sent along has no place.
#[derive(Debug, thiserror::Error)]
#[error(
    "the file {name:?} that was sent along has no place: its path is none, or all files have more than {files_bytes} \
     bytes together; limits.files_bytes sets it"
)]
struct FileRefused {
    name: String,
    files_bytes: u64,
}

/// The files that came back are larger than a result may be.
#[derive(Debug, thiserror::Error)]
#[error("the files that come back have {bytes} bytes")]
struct FilesTooLarge {
    bytes: u64,
}

/// Only files that were asked for, each of their bounds checked.
fn read_files(memory: &[u8], files: &[(String, u32, u32)], run: &Run) -> wasmtime::Result<Files> {
    let bytes = files.iter().map(|(_, _, bytes)| u64::from(*bytes)).sum();
    if bytes > run.limits.result_bytes {
        return Err(FilesTooLarge { bytes }.into());
    }
    let asked: HashSet<&str> = run.files_out.iter().map(String::as_str).collect();
    if files.len() > run.files_out.len() || files.iter().any(|(name, _, _)| !asked.contains(name.as_str())) {
        return Err(no_answer("it has files that nobody asked for"));
    }
    let content = |address: u32, bytes: u32| memory.get(address as usize..)?.get(..bytes as usize);
    let copies = files.iter().map(|(name, address, bytes)| Some((name.clone(), content(*address, *bytes)?.to_vec())));
    copies.collect::<Option<Files>>().ok_or_else(|| no_answer("its files lie outside of its memory"))
}

/// The result is larger than a result may be.
#[derive(Debug, thiserror::Error)]
#[error("the result has {bytes} bytes of JSON")]
struct ResultTooLarge {
    bytes: u64,
}

/// The result nests deeper than readers need be able to. The guest's own encoder says so first, with the place.
#[derive(Debug, thiserror::Error)]
#[error("the result nests deeper than {RESULT_DEPTH_MAX} lists and objects")]
struct ResultTooDeep;

/// The answer's own object.
const ANSWER_DEPTH: usize = 1;

/// How deep the lists and objects of a JSON text nest.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                now += 1;
                deepest = deepest.max(now);
            }
            (false, b']' | b'}') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn no_answer(what: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the guest's answer is none: {what}"))
}

/// The answer at `address << 32 | length`, every bound checked: the guest is hostile.
fn read_answer(memory: &[u8], place: u64, result_bytes: u64) -> wasmtime::Result<Answer> {
    let length = place & u64::from(u32::MAX);
    if length > result_bytes + ANSWER_EXTRA_BYTES {
        return Err(ResultTooLarge { bytes: length }.into());
    }
    let bytes = bytes_at(memory, place).ok_or_else(|| no_answer("it lies outside of its memory"))?;
    if bytes.first() != Some(&b'{') {
        return Err(no_answer("it is no object"));
    }
    if depth(bytes) > RESULT_DEPTH_MAX + ANSWER_DEPTH {
        return Err(ResultTooDeep.into());
    }
    let answer: Answer = serde_json::from_slice(bytes).map_err(|error| no_answer(&error.to_string()))?;
    if let Some(value) = &answer.value
        && value.get().len() as u64 > result_bytes
    {
        return Err(ResultTooLarge { bytes: value.get().len() as u64 }.into());
    }
    Ok(answer)
}

fn answered(answer: Answer, limits: &RunLimits, meter: &Meter) -> RunEnd {
    if let Some(exception) = answer.exception {
        let refused = meter.refusal(limits).filter(|_| exception.kind == "MemoryError");
        let (outcome, error) = if let Some(text) = refused {
            (Outcome::MemoryLimit, text)
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

fn failed(error: &wasmtime::Error, limits: &RunLimits, meter: &Meter, stderr: &Output) -> RunEnd {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return RunEnd::exited((*code & 0xff) as u8);
    }
    if let Some(large) = error.downcast_ref::<ResultTooLarge>() {
        let text = format!(
            "{large}, and its limit is {} bytes; limits.result_bytes sets it, up to {TASK_RESULT_BYTES}",
            limits.result_bytes
        );
        return RunEnd::failed(Outcome::OutputLimit, text);
    }
    if let Some(large) = error.downcast_ref::<FilesTooLarge>() {
        let text = format!("{large}, and may have {}; limits.result_bytes sets it", limits.result_bytes);
        return RunEnd::failed(Outcome::OutputLimit, text);
    }
    if let Some(refused) = error.downcast_ref::<FileRefused>() {
        return RunEnd::failed(Outcome::Exception, refused.to_string());
    }
    if let Some(deep) = error.downcast_ref::<ResultTooDeep>() {
        return RunEnd::failed(Outcome::OutputLimit, format!("{deep}: return something flatter"));
    }
    if error.downcast_ref::<OutputFull>().is_some() {
        let text = format!(
            "the program printed more than its {} bytes and was stopped; limits.output_bytes sets how many, \
             limits.output_stops whether it is stopped",
            limits.output_bytes
        );
        return RunEnd::failed(Outcome::OutputLimit, text);
    }
    let refused = meter.refusal(limits).filter(|_| meter.refused_last.load(Ordering::Relaxed));
    match (error.downcast_ref::<Trap>(), refused) {
        (Some(Trap::OutOfFuel), _) => {
            let text = format!(
                "the program used up its {} units of fuel (some {:.0} s of a processor); limits.fuel sets it",
                limits.fuel,
                limits.fuel as f64 / FUEL_A_SECOND
            );
            RunEnd::failed(Outcome::FuelLimit, text)
        }
        // The interpreter's own stack lies at the bottom of its memory: beyond its end there is nothing.
        (Some(Trap::StackOverflow | Trap::MemoryOutOfBounds), _) => {
            let message = "the program nested calls deeper than the interpreter's stack";
            let exception = Exception {
                kind: "RecursionError".to_owned(),
                message: message.to_owned(),
                traceback: format!("RecursionError: {message}\n"),
            };
            let end = RunEnd::failed(Outcome::Exception, format!("RecursionError: {message}"));
            RunEnd { exception: Some(exception), ..end }
        }
        (_, Some(text)) => RunEnd::failed(Outcome::MemoryLimit, text),
        (_, None) => RunEnd::failed(Outcome::Crashed, crash_text(error, stderr)),
    }
}

/// Roughly what a core burns; only for people.
const FUEL_A_SECOND: f64 = 12e9;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_what_is_no_text() {
        for (json, expected) in [("1", 0), ("[]", 1), (r#"{"a":[{},[1]]}"#, 3), (r#"["[[\"[",[]]"#, 2)] {
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
        }
    }
}
