//! How much fuel burns in a slice on this machine, measured with the guest itself.

use crate::{
    Run,
    account::Account,
    budget::{Budget, WAIT},
    clock::ThreadUsage,
    code_cache::CodeCache,
    config::SLICE_FUEL,
    fuel::Part,
    sandbox::{self, Entry, Prepared, RunEnd},
    stock::Stock,
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
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

/// A program that runs so often is kept, compiled and in its place, and needs fewer pages from then on.
const BEFORE_IT_IS_KEPT: usize = 3;

/// A program as small as programs are.
const SMALL_PROGRAM: &str = "def main(n):\n    return n\n";

/// Units of fuel that burn in this time; a default where it cannot be measured. Teaches the stock which pages a small
/// program needs.
pub(crate) fn measure(stock: &Stock, slice: Duration) -> u64 {
    let samples = turns(stock);
    let codes = Arc::default();
    for _ in 0..BEFORE_IT_IS_KEPT {
        small_run(stock, &codes);
    }
    // In a memory that has no pages of its own yet.
    stock.guest.slots.clear();
    if let Some(sandbox) = small_run(stock, &codes) {
        stock.guest.slots.learn(sandbox.place());
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

/// A small run from its start to its end.
fn small_run(stock: &Stock, codes: &Arc<CodeCache>) -> Option<Prepared> {
    let run = Run { args: sandlot_protocol::raw_json("[1]".to_owned()).ok(), ..Run::new(SMALL_PROGRAM) };
    match future(stock, run, codes)?.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready((_, sandbox)) => Some(sandbox),
        Poll::Pending => None,
    }
}

fn future(
    stock: &Stock,
    run: Run,
    codes: &Arc<CodeCache>,
) -> Option<Pin<Box<impl Future<Output = (RunEnd, Prepared)> + use<>>>> {
    let account = Account::new(run.limits.clone());
    let budget = Budget::new(u64::MAX, WAIT);
    let holding = Arc::new(budget.hold(&run.submitter.host));
    let Account { meter, stdout, stderr, .. } = account;
    let sandbox = stock.take().ok()?;
    let codes = Arc::clone(codes);
    // As much each time, however long it takes.
    let part = Part { fuel: SAMPLE_FUEL, time: Duration::MAX };
    Some(Box::pin(sandbox::enter(Entry { sandbox, run, meter, holding, stdout, stderr, part, codes })))
}

/// Processor time of some turns.
fn turns(stock: &Stock) -> Vec<Duration> {
    let mut samples = Vec::with_capacity(SAMPLES);
    let Some(mut future) = future(stock, Run::new(PROGRAM), &Arc::default()) else { return samples };
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..SAMPLES {
        let before = ThreadUsage::now();
        if future.as_mut().poll(&mut context).is_ready() {
            break;
        }
        samples.push(ThreadUsage::now().since(before).cpu);
    }
    samples
}
