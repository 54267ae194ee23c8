//! Sandboxes that are prepared before a run asks for one.

use crate::{Guest, sandbox::Prepared};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sandboxes in stock for each worker. Each holds about half a megabyte of memory.
pub(crate) const STOCK_PER_WORKER: usize = 4;
/// Sandboxes in stock, on any machine.
pub(crate) const STOCK_MAX: usize = 64;

/// Prepared sandboxes.
#[derive(Debug)]
pub(crate) struct Stock {
    pub(crate) guest: Guest,
    max: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    ready: Vec<Prepared>,
    /// Being prepared.
    coming: usize,
}

impl Stock {
    /// An empty one, for at most `max` sandboxes.
    pub(crate) fn new(guest: Guest, max: usize) -> Arc<Self> {
        Arc::new(Self { guest, max, shelf: Mutex::default() })
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sandbox that is ready, or one that is made now.
    pub(crate) fn take(&self) -> wasmtime::Result<Prepared> {
        let ready = self.shelf().ready.pop();
        ready.map_or_else(|| Prepared::new(&self.guest), Ok)
    }

    /// Prepares one more if there is room for it. Says whether there may be room for others.
    pub(crate) fn fill(&self) -> bool {
        let mut shelf = self.shelf();
        if shelf.ready.len() + shelf.coming >= self.max {
            return false;
        }
        shelf.coming += 1;
        drop(shelf);
        let prepared = Prepared::new(&self.guest).ok();
        let mut shelf = self.shelf();
        shelf.coming -= 1;
        let is_made = prepared.is_some();
        shelf.ready.extend(prepared);
        is_made
    }

    /// How many there are.
    pub(crate) fn ready(&self) -> usize {
        self.shelf().ready.len()
    }

    /// Puts all of them away.
    pub(crate) fn clear(&self) {
        self.shelf().ready.clear();
        self.guest.slots.clear();
    }
}
#[cfg(test)]
mod scratch {
    #![allow(clippy::all, clippy::pedantic, clippy::print_stdout, clippy::unwrap_used)]
    use super::*;
    use crate::{account::Account, budget::*, sandbox::*, *};
    use std::{future::Future, pin::pin, task::*, time::Instant};
    #[test]
    fn scratch() {
        let snapshot = std::fs::read(std::env::var("SNAP").unwrap_or("../../guest/target/snapshot.wasm.zst".into())).unwrap();
        let guest = Guest::load(&snapshot, std::path::Path::new("../../guest/target/cache"), &mut |_| {}).unwrap();
        let stock = Stock::new(guest.clone(), 4);
        println!("measure {}", crate::calibrate::measure(&stock, std::time::Duration::from_micros(1500)));
        let codes = Arc::new(crate::code_cache::CodeCache::default());
        let mut t = vec![vec![]; 4];
        for i in 0..20000 {
            let t0 = Instant::now();
            let sandbox = Prepared::new(&guest).unwrap();
            let run = Run { args: sandlot_protocol::raw_json("[7]".into()).ok(), ..Run::new("def main(x): return x*x") };
            let account = Account::new(run.limits.clone(), 1 << 30);
            let budget = Budget::new(u64::MAX, WAIT);
            let holding = Arc::new(budget.hold(&run.submitter.host));
            let Account { meter, stdout, stderr, .. } = account;
            let f0 = crate::clock::ThreadUsage::now();
            let t1 = Instant::now();
            let mut f = pin!(enter(Entry { sandbox, run, meter, holding, stdout, stderr, slice_fuel: 1 << 30, codes: codes.clone() }));
            let Poll::Ready((e, s)) = f.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
            assert_eq!(e.value.unwrap().get(), "49");
            let f1 = crate::clock::ThreadUsage::now().since(f0).faults;
            let t2 = Instant::now();
            if f1 == 0 { s.had_no_faults(); }
            drop(s);
            let t3 = Instant::now();
            if i > 1000 {
                t[0].push((t1 - t0).as_nanos());
                t[1].push((t2 - t1).as_nanos());
                t[2].push((t3 - t2).as_nanos());
                t[3].push(f1 as u128);
            }
        }
        for mut x in t {
            x.sort();
            println!("p50 {} p90 {}", x[x.len() / 2], x[x.len() * 9 / 10]);
        }
    }
}
