//! The last step of the guest's build: `carried SNAPSHOT.wasm.zst CODE.zst` compiles the snapshot for most machines.

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else { bail!("usage: carried SNAPSHOT.wasm.zst CODE.zst") };
    let snapshot = std::fs::read(input).with_context(|| format!("reading {input}"))?;
    let code = sandlot_compute::carried_code(&snapshot)?;
    std::fs::write(output, &code).with_context(|| format!("writing {output}"))
}
