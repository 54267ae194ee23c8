//! Scratch.
#![allow(clippy::all, clippy::pedantic, clippy::print_stdout, clippy::unwrap_used)]
use sandlot_compute::{Compute, ComputeConfig, Guest, Run};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let snapshot = std::fs::read("guest/target/snapshot.wasm.zst").unwrap();
    let guest = Guest::load(&snapshot, std::path::Path::new("guest/target/cache"), &mut |_| {}).unwrap();
    let c = Compute::start(ComputeConfig { workers: 1, ..ComputeConfig::default() }, guest).unwrap();
    for _ in 0..3 {
        let t = std::time::Instant::now();
        let mut fuel = 0;
        let mut pv = 0;
        for _ in 0..n / 1000 {
            let h: Vec<_> = (0..1000)
                .map(|_| {
                    c.submit(Run {
                        args: sandlot_protocol::raw_json("[7]".into()).ok(),
                        ..Run::new("def main(x): return x*x")
                    })
                    .unwrap()
                })
                .collect();
            for mut h in h {
                let r = h.wait().await;
                fuel = r.usage.fuel;
                pv = r.usage.private_memory_bytes;
                assert_eq!(r.value.unwrap().get(), "49");
            }
        }
        println!("{:.0}/s fuel {fuel} private {pv}", n as f64 / t.elapsed().as_secs_f64());
    }
}
