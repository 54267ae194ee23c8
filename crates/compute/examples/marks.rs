//! Scratch.
#![allow(unsafe_code, clippy::all, clippy::pedantic, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]
use wasmtime::*;
use wasmtime_wasi::{WasiCtxBuilder, p1, p1::WasiP1Ctx};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let program = std::fs::read_to_string(&args[2]).unwrap();
    let zst = std::fs::read(&args[1]).unwrap();
    let key = format!("/tmp/marks-{}.cwasm", zst.len());
    let mut config = Config::new();
    config.consume_fuel(true).wasm_relaxed_simd(false).generate_address_map(false).native_unwind_info(false).memory_guaranteed_dense_image_size(1 << 30).max_wasm_stack(16 << 20).async_stack_size(18 << 20);
    let engine = Engine::new(&config).unwrap();
    if !std::path::Path::new(&key).exists() {
        let wasm = zstd::bulk::decompress(&zst, 256 << 20).unwrap();
        std::fs::write(&key, engine.precompile_module(&wasm).unwrap()).unwrap();
    }
    let module = unsafe { Module::deserialize_file(&engine, &key).unwrap() };
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    p1::add_to_linker_async(&mut linker, |s| s).unwrap();
    linker.allow_shadowing(true);
    linker
        .func_wrap("wasi_snapshot_preview1", "clock_time_get", |mut c: Caller<'_, WasiP1Ctx>, id: i32, _p: i64, out: i32| -> i32 {
            let f = (1u64 << 40) - c.get_fuel().unwrap();
            println!("clock {id} fuel {f}");
            let m = c.get_export("memory").unwrap().into_memory().unwrap();
            m.write(&mut c, out as usize, &1_000_000_000_000_000_000u64.to_le_bytes()).unwrap();
            0
        })
        .unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    let job = serde_json::json!({"program": program, "filename":"<program>","function":"main","args":[7],"kwargs":{},"argv":["<program>"],"files_out":[],"seed":null}).to_string();
    let mut code: Option<Vec<u8>> = None;
    for _ in 0..3 {
        let wasi = WasiCtxBuilder::new().build_p1();
        let mut store = Store::new(&engine, wasi);
        store.set_fuel(1 << 40).unwrap();
        let i = pre.instantiate_async(&mut store).await.unwrap();
        let mem = i.get_memory(&mut store, "memory").unwrap();
        let alloc = i.get_typed_func::<u32, u32>(&mut store, "job_alloc").unwrap();
        let run = i.get_typed_func::<(u32, u32), u64>(&mut store, "job_run").unwrap();
        let used = |store: &Store<WasiP1Ctx>| (1u64 << 40) - store.get_fuel().unwrap();
        if let Some(code) = &code {
            let t = i.get_typed_func::<(u32, u32), ()>(&mut store, "job_code").unwrap();
            let a = alloc.call_async(&mut store, code.len() as u32).await.unwrap();
            mem.write(&mut store, a as usize, code).unwrap();
            println!("alloc {}", used(&store));
            t.call_async(&mut store, (a, code.len() as u32)).await.unwrap();
            println!("code {} of {} bytes", used(&store), code.len());
        } else {
            let c = i.get_typed_func::<(u32, u32), u64>(&mut store, "job_compile").unwrap();
            let p = serde_json::to_vec(&(&program, "<program>")).unwrap();
            let a = alloc.call_async(&mut store, p.len() as u32).await.unwrap();
            mem.write(&mut store, a as usize, &p).unwrap();
            let place = c.call_async(&mut store, (a, p.len() as u32)).await.unwrap();
            let (a, l) = ((place >> 32) as usize, (place & 0xffff_ffff) as usize);
            code = Some(mem.data(&store)[a..a + l].to_vec());
            println!("compile {}", used(&store));
        }
        let a = alloc.call_async(&mut store, job.len() as u32).await.unwrap();
        mem.write(&mut store, a as usize, job.as_bytes()).unwrap();
        println!("enter {}", used(&store));
        run.call_async(&mut store, (a, job.len() as u32)).await.unwrap();
        println!("end {}", used(&store));
    }
}
