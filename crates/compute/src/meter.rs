//! What a run has used so far, which others read while it runs.

use crate::{RunLimits, clock};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

/// One run's.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) fuel: AtomicU64,
    /// Turns that have begun.
    pub(crate) turns: AtomicU64,
    /// The processor time that its turns before this one took, less what its thread had used when this one began, in
    /// nanoseconds; it wraps around.
    pub(crate) before_turn_ns: AtomicU64,
    pub(crate) memory_bytes: AtomicU64,
    /// Bytes of its own that its sandbox had before it began.
    pub(crate) begun_with: AtomicU64,
    /// The size that it asked for last and was refused, and what it had then; 0 for none.
    pub(crate) refused_bytes: AtomicU64,
    pub(crate) refused_at_bytes: AtomicU64,
    /// It was refused because others hold the memory, not because of its own limit.
    pub(crate) refused_for_others: AtomicBool,
    /// The last time that it asked, it was refused.
    pub(crate) refused_last: AtomicBool,
    pub(crate) memory_bytes_max: u64,
}

impl Meter {
    pub(crate) fn new(limits: &RunLimits) -> Self {
        Self { memory_bytes_max: limits.memory_bytes, ..Self::default() }
    }

    /// A turn begins in this thread, which has used `thread` by now; those before it took `before`.
    pub(crate) fn begin_turn(&self, before: Duration, thread: Duration) {
        self.before_turn_ns
            .store(clock::nanoseconds(before).wrapping_sub(clock::nanoseconds(thread)), Ordering::Relaxed);
    }

    /// Nanoseconds of processor time that its turns have taken; asked for in the thread that gives it one.
    pub(crate) fn processor_ns(&self) -> u64 {
        clock::nanoseconds(clock::thread_cpu()).wrapping_add(self.before_turn_ns.load(Ordering::Relaxed))
    }

    /// Why memory was refused, if it was.
    pub(crate) fn refusal(&self, limits: &RunLimits) -> Option<String> {
        let refused = self.refused_bytes.load(Ordering::Relaxed);
        if refused == 0 {
            return None;
        }
        let had = self.refused_at_bytes.load(Ordering::Relaxed);
        Some(if self.refused_for_others.load(Ordering::Relaxed) {
            format!(
                "the program had {had} bytes of memory and asked for {refused}, and this peer's tasks hold what there \
                 is; try again later, or start the peer with a larger --task-memory-bytes"
            )
        } else {
            format!(
                "the program had {had} bytes of memory and asked for {refused}, more than its limit of {} bytes; \
                 limits.memory_bytes sets it",
                limits.memory_bytes
            )
        })
    }
}
