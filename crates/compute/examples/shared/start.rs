//! What the guest gets while it is started at build time: the sources of its own Python on standard input, a clock that
//! stands still, and the same entropy each time.

use anyhow::Result;
use std::{path::Path, time::Duration};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtxBuilder, p1::WasiP1Ctx, p2::pipe::MemoryInputPipe, random::Deterministic,
};

/// As deep as the sandbox lets the guest go.
pub(crate) const WASM_STACK_BYTES: usize = 16 << 20;

/// The files of the folder with the guest's Python, each as a line `NAME BYTES` and so many bytes.
pub(crate) fn sources(folder: &Path) -> Result<Vec<u8>> {
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

pub(crate) fn fixed_wasi(stdin: Vec<u8>) -> WasiP1Ctx {
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
