//! What metering costs: runs programs in the guest as it ships and in one without fuel, both at the same time on one core,
//! so that both have the same machine. All clocks of the programs are their processor time.
//!
//! `fuel_price SNAPSHOT PAIRS` reads a JSON list of programs from standard input and prints, for each pair of runs, a line
//! `{"name", "metered", "plain"}` with what each printed.

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use sandlot_compute::metering::{EXPORT_FUEL, IMPORT_USED_UP, Metering, metered};
use serde::Deserialize;
use wasmtime::{Caller, Config, Engine, Extern, InstancePre, Linker, Module, Store, Val};
use wasmtime_wasi::{
    WasiCtxBuilder, p1,
    p1::WasiP1Ctx,
    p2::pipe::{MemoryInputPipe, MemoryOutputPipe},
};

const WASM_STACK_BYTES: usize = 16 << 20;
const SNAPSHOT_BYTES_MAX: usize = 256 << 20;
const OUTPUT_BYTES_MAX: usize = 1 << 20;

#[derive(Deserialize)]
struct Program {
    name: String,
    source: String,
    argv: Vec<String>,
    /// Name inside, path outside.
    files: Vec<(String, String)>,
}

struct Interpreter {
    engine: Engine,
    instance: InstancePre<WasiP1Ctx>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (snapshot, pairs) = arguments.next().zip(arguments.next()).context("usage: fuel_price SNAPSHOT PAIRS")?;
    let (snapshot, pairs) = (std::fs::read(snapshot)?, pairs.parse::<u32>()?);
    let programs: Vec<Program> = serde_json::from_reader(std::io::stdin().lock())?;
    let wasm = zstd::bulk::decompress(&snapshot, SNAPSHOT_BYTES_MAX)?;
    let (metered, plain) = (Interpreter::new(&wasm, Metering::Fuel)?, Interpreter::new(&wasm, Metering::HintsOnly)?);
    let (allowed, mut one) = (sched_getaffinity(None)?, CpuSet::new());
    one.set((0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)).context("no core")?);
    // The threads that this one starts stay there too.
    sched_setaffinity(None, &one)?;
    for _ in 0..pairs {
        for program in &programs {
            let (metered, plain) = std::thread::scope(|scope| {
                let sides = [&metered, &plain].map(|side| scope.spawn(move || side.run_here(program)));
                let [metered, plain] = sides.map(|side| side.join().expect("it does not panic"));
                anyhow::Ok((metered?, plain?))
            })?;
            let line = serde_json::json!({"name": program.name, "metered": metered, "plain": plain});
            std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes())?;
        }
    }
    Ok(())
}

impl Interpreter {
    fn new(wasm: &[u8], metering: Metering) -> Result<Self> {
        let mut config = Config::new();
        config
            .wasm_branch_hinting(true)
            .wasm_wide_arithmetic(true)
            .wasm_relaxed_simd(false)
            .wasm_memory64(false)
            .memory_guaranteed_dense_image_size(1 << 30)
            .max_wasm_stack(WASM_STACK_BYTES)
            .async_stack_size(WASM_STACK_BYTES + (2 << 20));
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_async(&mut linker, |wasi: &mut WasiP1Ctx| wasi)?;
        linker.func_wrap(IMPORT_USED_UP.0, IMPORT_USED_UP.1, || {})?;
        linker.allow_shadowing(true);
        linker.func_wrap("wasi_snapshot_preview1", "clock_time_get", clock_time_get)?;
        let instance = linker.instantiate_pre(&Module::new(&engine, metered(wasm, metering)?)?)?;
        Ok(Self { engine, instance })
    }

    fn run_here(&self, program: &Program) -> Result<String> {
        tokio::runtime::Builder::new_current_thread().build()?.block_on(self.run(program))
    }

    async fn run(&self, program: &Program) -> Result<String> {
        let stdout = MemoryOutputPipe::new(OUTPUT_BYTES_MAX);
        let wasi =
            WasiCtxBuilder::new().stdin(MemoryInputPipe::new("")).stdout(stdout.clone()).inherit_stderr().build_p1();
        let mut store = Store::new(&self.engine, wasi);
        let instance = self.instance.instantiate_async(&mut store).await?;
        let fuel = instance.get_global(&mut store, EXPORT_FUEL).context("no fuel")?;
        fuel.set(&mut store, Val::I64(i64::MAX))?;
        let memory = instance.get_memory(&mut store, "memory").context("no memory")?;
        let alloc = instance.get_typed_func::<u32, u32>(&mut store, "job_alloc")?;
        let file = instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut store, "job_file")?;
        let run = instance.get_typed_func::<(u32, u32), u64>(&mut store, "job_run")?;
        let put = async |store: &mut Store<WasiP1Ctx>, content: &[u8]| -> Result<(u32, u32)> {
            let bytes = u32::try_from(content.len())?;
            let address = alloc.call_async(&mut *store, bytes).await?;
            memory.write(store, address as usize, content)?;
            Ok((address, bytes))
        };
        for (name, path) in &program.files {
            let name = put(&mut store, name.as_bytes()).await?;
            let content = put(&mut store, &std::fs::read(path)?).await?;
            file.call_async(&mut store, (name.0, name.1, content.0, content.1)).await?;
        }
        let job = serde_json::json!({
            "program": program.source, "filename": "<program>", "function": null, "args": [], "kwargs": {},
            "argv": program.argv, "seed": null, "files_out": [],
        });
        let job = put(&mut store, job.to_string().as_bytes()).await?;
        run.call_async(&mut store, job).await?;
        Ok(String::from_utf8_lossy(&stdout.contents()).into_owned())
    }
}

/// WASI's `clock_time_get`: whatever is asked for, the thread's processor time.
fn clock_time_get(mut caller: Caller<'_, WasiP1Ctx>, _id: u32, _precision: u64, address: u32) -> wasmtime::Result<u32> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let nanoseconds = time.tv_sec * 1_000_000_000 + time.tv_nsec;
    let memory =
        caller.get_export("memory").and_then(Extern::into_memory).ok_or_else(|| wasmtime::Error::msg("no memory"))?;
    memory.write(&mut caller, address as usize, &nanoseconds.to_le_bytes())?;
    Ok(0)
}
