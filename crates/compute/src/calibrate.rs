//! How much fuel burns in a slice on this machine, measured with the guest itself.

use crate::{
    Guest, Run,
    account::Account,
    budget::{Budget, WAIT},
    clock::ThreadUsage,
    config::SLICE_FUEL,
    sandbox::{self, Entry},
};
use std::{
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

/// Fuel of one measured turn.
const SAMPLE_FUEL: u64 = 4_000_000;
/// Turns measured; the first ones, which build the sandbox and touch its pages, do not count.
const SAMPLES: usize = 24;
const SAMPLES_SKIPPED: usize = 4;
/// Whatever was measured, a slice lies between these.
const SLICE_FUEL_RANGE: (u64, u64) = (50_000, 1_000_000_000);

/// Ordinary Python: calls, arithmetic, a list and a dictionary.
const PROGRAM: &str = "
def step(n, seen):
    seen[n % 64] = seen.get(n % 64, 0) + n
    return n * 3 % 1000003

def main():
    n, seen = 1, {}
    while True:
        n = step(n, seen)
        [n + i for i in range(8)]
";

/// Units of fuel that burn in this time; a default where it cannot be measured.
pub(crate) fn slice_fuel(guest: &Guest, slice: Duration) -> u64 {
    let run = Run::new(PROGRAM);
    let account = Account::new(run.limits.clone(), SAMPLE_FUEL);
    let budget = Budget::new(u64::MAX, WAIT);
    let holding = Arc::new(budget.hold(&run.submitter.host));
    let Account { meter, stdout, stderr, .. } = account;
    let entry = Entry { guest: guest.clone(), run, meter, holding, stdout, stderr, slice_fuel: SAMPLE_FUEL };
    let mut future = Box::pin(sandbox::enter(entry));
    let mut context = Context::from_waker(Waker::noop());
    let mut samples = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let before = ThreadUsage::now();
        if future.as_mut().poll(&mut context).is_ready() {
            break;
        }
        samples.push(ThreadUsage::now().since(before).cpu);
    }
    let mut counted: Vec<Duration> = samples.into_iter().skip(SAMPLES_SKIPPED).collect();
    counted.sort_unstable();
    match counted.get(counted.len() / 2) {
        Some(median) if !median.is_zero() => {
            let fuel = SAMPLE_FUEL as f64 * slice.as_secs_f64() / median.as_secs_f64();
            (fuel as u64).clamp(SLICE_FUEL_RANGE.0, SLICE_FUEL_RANGE.1)
        }
        _ => SLICE_FUEL,
    }
}
