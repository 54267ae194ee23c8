//! The build-time half of the guest: starts `guest.wasm`, snapshots it, and writes the snapshot compressed.
//!
//! `snapshot GUEST.wasm PYTHON STARTS OUT.wasm.zst`: the guest reads the files of the folder PYTHON from its standard input,
//! each as a line `NAME BYTES` and so many bytes. Clock and entropy are fixed while it runs, so that the same guest gives the
//! same snapshot everywhere. First, functions of ours are put in place of its libraries' (`shared/replace.rs`). It is started
//! twice: the first time to learn what the programs of the folder STARTS write to (`shared/arrangement.rs`).

#![expect(clippy::print_stderr, reason = "a tool at the prompt")]

#[path = "shared/arrangement.rs"]
mod arrangement;
#[path = "shared/guest.rs"]
mod guest;
#[path = "shared/replace.rs"]
mod replace;
#[path = "shared/start.rs"]
mod start;

use anyhow::{Context, Result, bail};
use start::WASM_STACK_BYTES;
use std::path::Path;
use wasmtime::{Config, Engine, Instance, Linker, Module, Store, Val};
use wasmtime_wasi::{p1, p1::WasiP1Ctx};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// zstd's level: the snapshot is compressed once and carried by every binary.
const COMPRESSION_LEVEL: i32 = 19;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, python, starts, output] = arguments.as_slice() else {
        bail!("usage: snapshot GUEST.wasm PYTHON STARTS OUT.wasm.zst");
    };
    let wasm = std::fs::read(input).with_context(|| format!("reading {input}"))?;
    let wasm = replace::replace(&wasm).with_context(|| format!("putting our functions into {input}"))?;
    let sources = start::sources(Path::new(python)).with_context(|| format!("reading {python}"))?;
    eprintln!("snapshot: looking what short tasks write to ...");
    let nothing = arrangement::file("")?;
    let arrangement = arrangement::learn(&wasm, [&sources[..], &nothing].concat(), Path::new(starts)).await?;
    eprintln!("snapshot: starting the guest ...");
    let sources = [sources, arrangement::file(&arrangement)?].concat();
    let snapshot = without_names(&snapshot(&wasm, sources).await?)?;
    let compressed = zstd::bulk::compress(&snapshot, COMPRESSION_LEVEL)?;
    std::fs::write(output, &compressed).with_context(|| format!("writing {output}"))?;
    eprintln!("snapshot: {} MB, compressed {} MB", snapshot.len() >> 20, compressed.len() >> 20);
    Ok(())
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
    let mut store = Store::new(&engine, start::fixed_wasi(sources));
    let instance = linker.instantiate_async(&mut store, &module).await?;
    let init = instance.get_typed_func::<(), ()>(&mut store, wizer.get_init_func())?;
    init.call_async(&mut store, ()).await?;
    Ok(wizer.snapshot(&context, &mut Started { store: &mut store, instance }).await?)
}

/// The module without its custom sections: what they tell is for people.
fn without_names(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section()
            && !matches!(payload, wasmparser::Payload::CustomSection(_))
        {
            module.section(&wasm_encoder::RawSection { id, data: &wasm[range] });
        }
    }
    Ok(module.finish())
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
