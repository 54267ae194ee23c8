//! Where this crate reads the time, and what the machine counts for a thread.

use nix::sys::resource::{UsageWho, getrusage};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now.
#[expect(clippy::disallowed_methods, reason = "the one place in this crate that reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since then.
pub(crate) fn ns_since(then: Instant) -> u64 {
    nanoseconds(now().saturating_duration_since(then))
}

/// All of them; beyond 584 years the most that there can be.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Since 1970.
#[expect(clippy::disallowed_methods, reason = "the one place in this crate that reads the clock")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What this thread has used since it began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ThreadUsage {
    pub(crate) cpu: Duration,
    /// Pages that were touched for the first time, or written to for the first time; `None` where the kernel does not say.
    pub(crate) faults: Option<u64>,
}

/// Processor time that this thread has used since it began.
pub(crate) fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}

impl ThreadUsage {
    pub(crate) fn now() -> Self {
        let all = |usage: nix::sys::resource::Usage| usage.minor_page_faults() + usage.major_page_faults();
        let faults = getrusage(UsageWho::RUSAGE_THREAD).map(all);
        Self { cpu: thread_cpu(), faults: faults.ok().and_then(|faults| u64::try_from(faults).ok()) }
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            faults: self.faults.zip(before.faults).map(|(now, then)| now.saturating_sub(then)),
        }
    }
}

/// Bytes of one page.
pub(crate) fn page_bytes() -> u64 {
    rustix::param::page_size() as u64
}
