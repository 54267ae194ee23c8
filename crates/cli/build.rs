//! Finds the guest, which the binary carries, or says how to make it.

use std::path::Path;

fn main() {
    for (variable, name) in [("SANDLOT_SNAPSHOT", "snapshot.wasm.zst"), ("SANDLOT_CODE", "code.zst")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/target").join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.exists() {
            println!("cargo::rustc-env={variable}={}", path.display());
        } else {
            println!("cargo::error={} is missing: run scripts/build-guest first", path.display());
        }
    }
}
