//! Finds the guest's snapshot, which the binary carries, or says how to make it.

use std::path::Path;

fn main() {
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/target/snapshot.wasm.zst");
    println!("cargo::rerun-if-changed={}", snapshot.display());
    if snapshot.exists() {
        println!("cargo::rustc-env=SANDLOT_SNAPSHOT={}", snapshot.display());
    } else {
        println!("cargo::error=the guest is not built yet: run scripts/build-guest first");
    }
}
