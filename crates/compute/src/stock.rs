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

    fn has_room(&self, shelf: &Shelf) -> bool {
        shelf.ready.len() + shelf.coming < self.max
    }

    /// A sandbox that is ready, or one that is made now.
    pub(crate) fn take(&self) -> wasmtime::Result<Prepared> {
        let ready = self.shelf().ready.pop();
        ready.map_or_else(|| Prepared::new(&self.guest), Ok)
    }

    /// Prepares one more if there is room for it. Says whether there may be room for others.
    pub(crate) fn fill(&self) -> bool {
        let mut shelf = self.shelf();
        if !self.has_room(&shelf) {
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

    /// Takes back a sandbox whose run is over, if it can be made as new and there is room for it; otherwise it comes back to
    /// be dropped.
    pub(crate) fn put_back(&self, mut used: Prepared) -> Option<Prepared> {
        // Before the work, and behind it, when others may have come.
        if !self.has_room(&self.shelf()) || !used.renew() {
            return Some(used);
        }
        let mut shelf = self.shelf();
        if !self.has_room(&shelf) {
            return Some(used);
        }
        shelf.ready.push(used);
        None
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
mod tests {
    use super::*;
    use crate::{
        Run,
        account::Account,
        budget::{Budget, WAIT},
        clock::ThreadUsage,
        fuel::Part,
        sandbox::{Entry, enter},
    };
    use sandlot_protocol::Outcome;
    use std::{sync::atomic::Ordering, time::Duration};

    /// Answers whether its memory and its global are as they were at first, after a function that may do something else.
    fn guest(more: &str) -> Guest {
        let wat = format!(
            r#"(module (memory (export "memory") 4) (table 1 funcref) (global $used (mut i32) (i32.const 0))
               (data (i32.const 16) "{{\"value\":true}}") (data (i32.const 48) "{{\"value\":false}}")
               (func (export "job_alloc") (param i32) (result i32) i32.const 1024)
               (func $more {more})
               (func (export "job_run") (param i32 i32) (result i64)
                 (if (i32.or (global.get $used) (i32.load (i32.const 4096))) (then (return (i64.const 0x300000000f))))
                 (global.set $used (i32.const 1))
                 (i32.store (i32.const 4096) (i32.const 1))
                 (call $more)
                 (i64.const 0x100000000e)))"#
        );
        Guest::compile(&wat::parse_str(wat).unwrap()).unwrap()
    }

    /// Whether a run had page faults.
    #[derive(Clone, Copy, PartialEq)]
    enum Faults {
        Counted,
        /// Those that the host had do not count; the guest had none.
        None,
    }

    /// Runs something and puts its sandbox back. Says what came of it, and the fuel.
    async fn run(stock: &Stock, fuel: u64, faults: Faults) -> (Outcome, Option<String>, u64) {
        let mut run = Run::new("");
        run.limits.fuel = fuel;
        let Account { meter, stdout, stderr, .. } = Account::new(run.limits.clone());
        let holding = Arc::new(Budget::new(u64::MAX, WAIT).hold(&run.submitter.host));
        let (sandbox, codes) = (stock.take().unwrap(), Arc::default());
        let (meter_after, part) = (Arc::clone(&meter), Part { fuel: 1 << 20, time: Duration::MAX });
        let before = ThreadUsage::now();
        let (end, sandbox) = enter(Entry { sandbox, run, meter, holding, stdout, stderr, part, codes }).await;
        if faults == Faults::None || ThreadUsage::now().since(before).faults == Some(0) {
            sandbox.had_no_faults();
        }
        drop(stock.put_back(sandbox));
        (end.outcome, end.value.map(|value| value.get().to_owned()), meter_after.fuel.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_sandbox_is_used_again_only_when_nothing_is_left_of_its_run() {
        for (more, again) in [
            ("", true),
            ("(table.set (i32.const 0) (ref.null func))", false),
            ("(drop (memory.grow (i32.const 1)))", false),
            ("unreachable", false),
        ] {
            let stock = Stock::new(guest(more), 4);
            run(&stock, 1 << 30, Faults::None).await;
            assert_eq!(stock.ready(), 0, "which pages it has is known from its second run on: {more}");
            run(&stock, 1 << 30, Faults::None).await;
            assert_eq!(stock.ready(), usize::from(again), "{more}");
        }
    }

    #[tokio::test]
    async fn a_run_finds_nothing_of_the_one_before_and_burns_as_much() {
        let turns = "(local $n i32) (loop $next (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $n) (i32.const 100))))";
        let stock = Stock::new(guest(turns), 4);
        let mut burnt = 0;
        for number in 0..100 {
            let (outcome, value, fuel) = run(&stock, 1 << 30, Faults::Counted).await;
            assert_eq!((outcome, value.as_deref()), (Outcome::Ok, Some("true")), "{number}");
            assert!(fuel > 0 && (burnt == 0 || burnt == fuel), "{number}: {fuel} and {burnt}");
            burnt = fuel;
        }
        run(&stock, 1 << 30, Faults::Counted).await;
        assert_eq!(
            (run(&stock, burnt, Faults::Counted).await.0, run(&stock, burnt - 1, Faults::Counted).await.0),
            (Outcome::Ok, Outcome::FuelLimit)
        );
    }

    #[tokio::test]
    async fn after_some_runs_another_sandbox_is_made() {
        let stock = Stock::new(guest(""), 4);
        let mut left = Vec::new();
        for _ in 0..100 {
            run(&stock, 1 << 30, Faults::None).await;
            left.push(stock.ready());
        }
        assert!(left.iter().filter(|ready| **ready == 0).count() >= 100 / 32, "{left:?}");
        assert!(left.iter().filter(|ready| **ready == 1).count() > 80, "{left:?}");
    }
}
