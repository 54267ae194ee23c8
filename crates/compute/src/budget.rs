//! The memory that the runs of this process may take together.
//!
//! A run holds what it asked the machine for or touched, whichever is more. A run that needs more than there is waits
//! for others to end; one that has waited too long is refused. So that runs which each hold a part do not wait for each
//! other, a part of the memory is kept for the oldest of those that wait, until it ends. No host may take everything:
//! what a host holds stays below [`HOST_FACTOR`] times what is free, so that something is always left for the next one
//! (the dynamic threshold of Choudhury and Hahne 1998).

use sandlot_protocol::limits::TASK_MEMORY_BYTES;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// A host's share of what is limited, as a multiple of what is free.
pub(crate) const HOST_FACTOR: u64 = 16;
/// What a run is taken to need before anything is known of it, in bytes: its stack, tables and first pages.
pub(crate) const RUN_BYTES: u64 = 2 << 20;
/// What is kept for the oldest run that waits: as much as a task may have by default, but no more than half.
const KEPT_BYTES: u64 = TASK_MEMORY_BYTES;
/// How long a run waits for memory that others hold.
pub(crate) const WAIT: Duration = Duration::from_secs(60);

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
    next_number: u64,
    /// Runs that wait, by when they began.
    waiting: BTreeSet<u64>,
    /// The one that may take what is kept.
    favoured: Option<u64>,
}

/// What one run holds; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Holding {
    budget: Arc<Budget>,
    host: Arc<str>,
    number: u64,
    /// Only changed under the budget's lock.
    bytes: AtomicU64,
    /// It waited in vain before: it is not made to wait again.
    was_refused: AtomicBool,
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
        self.state().has_room(host, RUN_BYTES, self.bytes_max - self.kept_bytes())
    }

    /// Whether runs hold more than they may together.
    pub(crate) fn is_over(&self) -> bool {
        self.state().bytes > self.bytes_max
    }

    fn kept_bytes(&self) -> u64 {
        KEPT_BYTES.min(self.bytes_max / 2)
    }

    /// The share of a run that begins. It is given in any case: `has_room` was asked before.
    pub(crate) fn hold(self: &Arc<Self>, host: &Arc<str>) -> Holding {
        let mut state = self.state();
        state.add(host, RUN_BYTES);
        let number = state.next_number;
        state.next_number += 1;
        drop(state);
        let (bytes, was_refused) = (AtomicU64::new(RUN_BYTES), AtomicBool::new(false));
        Holding { budget: Arc::clone(self), host: Arc::clone(host), number, bytes, was_refused }
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
}

impl Holding {
    /// Takes so many bytes more, waiting for others to end if need be. Says whether they were had.
    pub(crate) async fn grow_by(&self, bytes: u64) -> bool {
        if self.try_grow_by(bytes) {
            return true;
        }
        let never = self.bytes() + bytes > self.budget.bytes_max;
        if never || self.was_refused.load(Ordering::Relaxed) {
            return false;
        }
        let _waiting = Waiting::new(self);
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
        let had = tokio::time::timeout(self.budget.wait, growing).await.is_ok();
        self.was_refused.store(!had, Ordering::Relaxed);
        had
    }

    fn try_grow_by(&self, bytes: u64) -> bool {
        let budget = &self.budget;
        let mut state = budget.state();
        if state.favoured.is_none() {
            state.favoured = state.waiting.first().copied();
        }
        // The favoured one goes on in any case, so that somebody ends: what others touched unasked may have taken what
        // was kept for it.
        let has_room = state.favoured == Some(self.number)
            || state.has_room(&self.host, bytes, budget.bytes_max - budget.kept_bytes());
        if has_room {
            state.add(&self.host, bytes);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        has_room
    }

    /// The run has touched so many bytes in all, asked or not. Says whether all runs together are within their bound.
    pub(crate) fn touched(&self, bytes: u64) -> bool {
        let mut state = self.budget.state();
        let more = bytes.saturating_sub(self.bytes.load(Ordering::Relaxed));
        if more > 0 {
            state.add(&self.host, more);
            self.bytes.fetch_add(more, Ordering::Relaxed);
        }
        state.bytes <= self.budget.bytes_max
    }

    /// Whether it is the one that goes on while others wait.
    pub(crate) fn is_favoured(&self) -> bool {
        self.budget.state().favoured == Some(self.number)
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
        if state.favoured == Some(self.number) {
            state.favoured = None;
        }
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

/// A run among those that wait, as long as it does.
struct Waiting<'a>(&'a Holding);

impl<'a> Waiting<'a> {
    fn new(holding: &'a Holding) -> Self {
        holding.budget.state().waiting.insert(holding.number);
        // It may be the oldest now, and look again.
        Self(holding)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.budget.state().waiting.remove(&self.0.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[tokio::test]
    async fn who_needs_more_than_there_is_waits_and_is_refused_at_last() {
        let budget = Budget::new(128 * MIB, Duration::from_millis(100));
        let (greedy, modest): (Arc<str>, Arc<str>) = ("greedy".into(), "modest".into());
        let first = budget.hold(&greedy);
        assert!(first.grow_by(58 * MIB).await, "half of the memory is for all");
        assert!(!budget.has_room("greedy") && budget.has_room("modest"), "what is left is for another host");
        assert!(!first.grow_by(128 * MIB).await, "it can never be had, and is refused at once");
        assert!(first.grow_by(60 * MIB).await, "the other half is for the oldest that waits");
        let second = budget.hold(&modest);
        assert!(!second.grow_by(60 * MIB).await, "nothing is given back");
        let third = budget.hold(&modest);
        let (had, ()) = tokio::join!(third.grow_by(60 * MIB), async { drop(first) });
        assert!(had, "it waited until the first one ended");
        drop((second, third));
        assert_eq!(budget.figures(), (0, 128 * MIB));
        assert!(budget.state().waiting.is_empty() && budget.state().favoured.is_none());
    }

    #[tokio::test]
    async fn runs_that_each_hold_a_part_do_not_wait_for_each_other_for_ever() {
        let budget = Budget::new(128 * MIB, WAIT);
        let mut runs = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let holding = budget.hold(&"host".into());
            runs.spawn(async move {
                for _ in 0..50 {
                    assert!(holding.grow_by(MIB).await);
                    tokio::task::yield_now().await;
                }
            });
        }
        assert_eq!(runs.join_all().await.len(), 12);
    }

    #[test]
    fn what_is_touched_counts_whether_there_is_room_or_not() {
        let budget = Budget::new(16 * MIB, WAIT);
        let (small, large) = (budget.hold(&"small".into()), budget.hold(&"large".into()));
        assert!(large.touched(14 * MIB) && !small.touched(4 * MIB) && budget.is_over());
        drop(large);
        assert!(!budget.is_over());
    }
}
