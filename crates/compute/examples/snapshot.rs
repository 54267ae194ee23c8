//! The build-time half of the guest: starts `guest.wasm`, snapshots it, and writes the snapshot compressed.
//!
//! `snapshot GUEST.wasm PYTHON OUT.wasm.zst`: the guest reads the files of the folder PYTHON from its standard input, each
//! as a line `NAME BYTES` and so many bytes. Clock and entropy are fixed while it runs, so that the same guest gives the
//! same snapshot everywhere.

#![expect(clippy::print_stderr, reason = "a tool at the prompt")]

use anyhow::{Context, Result, bail};
use std::{path::Path, time::Duration};
use wasmtime::{Config, Engine, Instance, Linker, Module, Store, Val};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtxBuilder, p1, p1::WasiP1Ctx, p2::pipe::MemoryInputPipe,
    random::Deterministic,
};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// zstd's level: the snapshot is compressed once and carried by every binary.
const COMPRESSION_LEVEL: i32 = 19;
/// As deep as the sandbox lets the guest go.
const WASM_STACK_BYTES: usize = 16 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, python, output] = arguments.as_slice() else {
        bail!("usage: snapshot GUEST.wasm PYTHON OUT.wasm.zst");
    };
    let wasm = std::fs::read(input).with_context(|| format!("reading {input}"))?;
    let sources = sources(Path::new(python)).with_context(|| format!("reading {python}"))?;
    let snapshot = snapshot(&wasm, sources).await?;
    let compressed = zstd::bulk::compress(&snapshot, COMPRESSION_LEVEL)?;
    std::fs::write(output, &compressed).with_context(|| format!("writing {output}"))?;
    eprintln!("snapshot: {} MB, compressed {} MB", snapshot.len() >> 20, compressed.len() >> 20);
    Ok(())
}

fn sources(folder: &Path) -> Result<Vec<u8>> {
    let mut paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "py")) {
        let (name, source) = (path.file_stem().unwrap_or_default().display(), std::fs::read(path)?);
        sources.extend(format!("{name} {}\n", source.len()).into_bytes());
        sources.extend(source);
    }
    Ok(sources)
}

async fn snapshot(wasm: &[u8], sources: Vec<u8>) -> Result<Vec<u8>> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument(wasm)?;
    let mut config = Config::new();
    config.max_wasm_stack(WASM_STACK_BYTES).async_stack_size(WASM_STACK_BYTES + (2 << 20));
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, &instrumented)?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_async(&mut linker, |wasi: &mut WasiP1Ctx| wasi)?;
    let mut store = Store::new(&engine, fixed_wasi(sources));
    let instance = linker.instantiate_async(&mut store, &module).await?;
    let init = instance.get_typed_func::<(), ()>(&mut store, wizer.get_init_func())?;
    init.call_async(&mut store, ()).await?;
    Ok(wizer.snapshot(&context, &mut Started { store: &mut store, instance }).await?)
}

fn fixed_wasi(stdin: Vec<u8>) -> WasiP1Ctx {
    WasiCtxBuilder::new()
        .stdin(MemoryInputPipe::new(stdin))
        .inherit_stderr()
        .secure_random(Deterministic::new(vec![1, 2, 3, 5, 7, 11, 13, 17]))
        .insecure_random(Deterministic::new(vec![1, 2, 3, 5, 7, 11, 13, 17]))
        .insecure_random_seed(1)
        .wall_clock(FixedClock)
        .monotonic_clock(FixedClock)
        .build_p1()
}

/// Stands still at 2000-01-01.
struct FixedClock;

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        Duration::from_secs(946_684_800)
    }
}

impl HostMonotonicClock for FixedClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }
    fn now(&self) -> u64 {
        0
    }
}

struct Started<'a> {
    store: &'a mut Store<WasiP1Ctx>,
    instance: Instance,
}

impl InstanceState for Started<'_> {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut *self.store, name).expect("the instrumented guest exports it");
        match global.get(&mut *self.store) {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(value) => SnapshotVal::F32(value),
            Val::F64(value) => SnapshotVal::F64(value),
            Val::V128(value) => SnapshotVal::V128(value.as_u128()),
            _ => unreachable!("a guest's globals are numbers"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&mut *self.store, name).expect("the instrumented guest exports it");
        contents(memory.data(&*self.store));
    }
}
