//! The memory that the runs of this process may take together.
//!
//! A run holds what it asked the machine for or touched, whichever is more. A run that needs more than there is waits
//! for others to end; one that has waited too long is refused. No host may take everything: what a host holds stays
//! below [`HOST_FACTOR`] times what is free, so that something is always left for the next one (the dynamic threshold
//! of Choudhury and Hahne 1998).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// A host's share of what is limited, as a multiple of what is free.
pub(crate) const HOST_FACTOR: u64 = 16;
/// What a run is taken to need before anything is known of it, in bytes: its stack, tables and first pages.
pub(crate) const RUN_BYTES: u64 = 2 << 20;
/// How long a run waits for memory that others hold.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Budget {
    bytes_max: u64,
    wait: Duration,
    state: Mutex<State>,
    /// Somebody gave memory back.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    by_host: HashMap<Arc<str>, u64>,
}

/// What one run holds; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Holding {
    budget: Arc<Budget>,
    host: Arc<str>,
    /// Only changed under the budget's lock.
    bytes: AtomicU64,
}

impl Budget {
    pub(crate) fn new(bytes_max: u64, wait: Duration) -> Arc<Self> {
        Arc::new(Self { bytes_max, wait, state: Mutex::default(), freed: Notify::new() })
    }

    /// Bytes held, and the most there may be.
    pub(crate) fn figures(&self) -> (u64, u64) {
        (self.state().bytes, self.bytes_max)
    }

    /// Whether another run of this host can begin.
    pub(crate) fn has_room(&self, host: &str) -> bool {
        self.state().has_room(host, RUN_BYTES, self.bytes_max)
    }

    /// The share of a run that begins. It is given in any case: `has_room` was asked before.
    pub(crate) fn hold(self: &Arc<Self>, host: &Arc<str>) -> Holding {
        self.state().add(host, RUN_BYTES);
        Holding { budget: Arc::clone(self), host: Arc::clone(host), bytes: AtomicU64::new(RUN_BYTES) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, host: &str, bytes: u64, bytes_max: u64) -> bool {
        let after = self.bytes + bytes;
        let of_host = self.by_host.get(host).copied().unwrap_or(0) + bytes;
        after <= bytes_max && (of_host <= bytes || of_host <= (bytes_max - after).saturating_mul(HOST_FACTOR))
    }

    fn add(&mut self, host: &Arc<str>, bytes: u64) {
        self.bytes += bytes;
        *self.by_host.entry(Arc::clone(host)).or_default() += bytes;
    }

    fn holds_most(&self, host: &str) -> bool {
        let held = self.by_host.get(host).copied().unwrap_or(0);
        self.by_host.values().all(|other| *other <= held)
    }
}

impl Holding {
    /// Takes so many bytes more, waiting for others to end if need be. Says whether they were had.
    pub(crate) async fn grow_by(&self, bytes: u64) -> bool {
        let growing = async {
            loop {
                let freed = self.budget.freed.notified();
                tokio::pin!(freed);
                freed.as_mut().enable();
                if self.try_grow_by(bytes) {
                    return;
                }
                freed.await;
            }
        };
        tokio::time::timeout(self.budget.wait, growing).await.is_ok()
    }

    fn try_grow_by(&self, bytes: u64) -> bool {
        let mut state = self.budget.state();
        let has_room = state.has_room(&self.host, bytes, self.budget.bytes_max);
        if has_room {
            state.add(&self.host, bytes);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        has_room
    }

    /// The run has touched so many bytes in all, asked or not. `false` when that is more than there is and its host is
    /// the one that holds the most: then the run must end.
    pub(crate) fn touched(&self, bytes: u64) -> bool {
        if bytes <= self.bytes.load(Ordering::Relaxed) {
            return true;
        }
        let mut state = self.budget.state();
        let more = bytes.saturating_sub(self.bytes.load(Ordering::Relaxed));
        state.add(&self.host, more);
        self.bytes.fetch_add(more, Ordering::Relaxed);
        state.bytes <= self.budget.bytes_max || !state.holds_most(&self.host)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let bytes = self.bytes();
        let mut state = self.budget.state();
        state.bytes -= bytes;
        if let Some(held) = state.by_host.get_mut(&self.host) {
            *held -= bytes;
            if *held == 0 {
                state.by_host.remove(&self.host);
            }
        }
        drop(state);
        self.budget.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[tokio::test]
    async fn who_needs_more_than_there_is_waits_and_is_refused_at_last() {
        let budget = Budget::new(64 * MIB, Duration::from_millis(100));
        let (greedy, modest): (Arc<str>, Arc<str>) = ("greedy".into(), "modest".into());
        let first = budget.hold(&greedy);
        assert!(first.grow_by(58 * MIB).await);
        let second = budget.hold(&greedy);
        assert!(!second.grow_by(6 * MIB).await, "nothing is given back, so it is refused at last");
        // What is left is for another host.
        assert!(!budget.has_room("greedy") && budget.has_room("modest"));
        let third = budget.hold(&modest);
        let (third, ()) = tokio::join!(
            async {
                let had = third.grow_by(38 * MIB).await;
                (third, had)
            },
            async { drop(first) }
        );
        assert!(third.1, "it waited until the first one ended");
        drop((second, third));
        assert_eq!(budget.figures(), (0, 64 * MIB));
    }

    #[test]
    fn who_touches_more_than_there_is_must_end_if_its_host_holds_the_most() {
        let budget = Budget::new(16 * MIB, WAIT);
        let small = budget.hold(&"small".into());
        let large = budget.hold(&"large".into());
        assert!(large.touched(14 * MIB));
        assert!(small.touched(4 * MIB), "over the limit, but the other one holds more");
        assert!(!large.touched(15 * MIB));
    }
}
