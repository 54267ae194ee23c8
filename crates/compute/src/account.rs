//! What a run has used, and how that is told.

use crate::{RunLimits, RunReport, clock, meter::Meter, output::Output, sandbox::RunEnd};
use sandlot_protocol::{Outcome, Usage};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// What a run has besides its memory, at most.
const STACK_AND_TABLES_BYTES: u64 = 18 << 20;
/// A run's share is told over a time like this.
const SHARE_WINDOW: Duration = Duration::from_secs(1);

/// What a run has used, and where its output goes.
pub(crate) struct Account {
    pub(crate) submitted: Instant,
    pub(crate) started: Option<Instant>,
    pub(crate) cpu: Duration,
    pub(crate) slices: u64,
    /// Pages that it touched first; `None` once the kernel did not say.
    pub(crate) faults: Option<u64>,
    /// Fuel that it was known to have burnt when its last turn was over.
    fuel_counted: u64,
    pub(crate) limits: RunLimits,
    pub(crate) meter: Arc<Meter>,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    share: Share,
}

/// The share of a worker that a run has had lately.
#[derive(Debug, Clone, Copy)]
struct Share {
    since: Instant,
    cpu: Duration,
    last: f64,
}

/// Why a run is stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    Cancelled,
    Timeout,
    CpuTime,
    Stopping,
}

impl Account {
    pub(crate) fn new(limits: RunLimits) -> Self {
        let submitted = clock::now();
        let output = || Output::new(limits.output_bytes, limits.output_stops);
        Self {
            submitted,
            started: None,
            cpu: Duration::ZERO,
            slices: 0,
            faults: Some(0),
            fuel_counted: 0,
            meter: Arc::new(Meter::new(&limits)),
            stdout: output(),
            stderr: output(),
            share: Share { since: submitted, cpu: Duration::ZERO, last: 0.0 },
            limits,
        }
    }

    /// A turn is over. Returns the fuel that it is known to have burnt.
    pub(crate) fn count(&mut self, cpu: Duration, faults: Option<u64>, now: Instant) -> u64 {
        self.slices += 1;
        self.cpu += cpu;
        self.faults = self.faults.zip(faults).map(|(had, new)| had + new);
        let window = now.saturating_duration_since(self.share.since);
        if window >= SHARE_WINDOW {
            self.share = Share { since: now, cpu: self.cpu, last: self.share_now(now) };
        }
        let fuel = self.fuel();
        fuel.saturating_sub(std::mem::replace(&mut self.fuel_counted, fuel))
    }

    /// The share of one worker over the last second or so.
    pub(crate) fn share(&self, now: Instant) -> f64 {
        let window = now.saturating_duration_since(self.share.since);
        if window >= SHARE_WINDOW || self.share.last == 0.0 { self.share_now(now) } else { self.share.last }
    }

    fn share_now(&self, now: Instant) -> f64 {
        let window = now.saturating_duration_since(self.share.since).as_secs_f64();
        if window <= 0.0 { 0.0 } else { (self.cpu - self.share.cpu).as_secs_f64() / window }
    }

    /// Bytes of memory that are its own and no longer the snapshot's: the pages that it touched. A page may be counted
    /// twice, when it is read first and written later; more than all of its memory it cannot be.
    pub(crate) fn private_bytes(&self) -> u64 {
        let begun_with = self.meter.begun_with.load(Ordering::Relaxed);
        (begun_with + self.faults.unwrap_or(0) * clock::page_bytes()).min(self.memory_bytes() + STACK_AND_TABLES_BYTES)
    }

    /// Exact once the run has ended by itself; until then, what it had burnt when the last part of a slice was used up.
    pub(crate) fn fuel(&self) -> u64 {
        self.meter.fuel.load(Ordering::Relaxed)
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.meter.memory_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn usage(&self, now: Instant) -> Usage {
        let started = self.started.unwrap_or(now);
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        Usage {
            fuel: self.fuel(),
            slices: self.slices,
            queue_ms: milliseconds(started.saturating_duration_since(self.submitted)),
            cpu_ms: milliseconds(self.cpu),
            wall_ms: milliseconds(now.saturating_duration_since(started)),
            peak_memory_bytes: self.memory_bytes(),
            private_memory_bytes: self.private_bytes(),
        }
    }

    pub(crate) fn report(self, end: RunEnd) -> RunReport {
        self.stdout.close();
        self.stderr.close();
        let ((stdout, cut_out), (stderr, cut_err)) = (self.stdout.text(), self.stderr.text());
        RunReport {
            outcome: end.outcome,
            value: end.value,
            exception: end.exception,
            exit_code: end.exit_code,
            error: end.error,
            stdout,
            stderr,
            truncated: cut_out || cut_err,
            files: end.files,
            usage: self.usage(clock::now()),
        }
    }

    /// How a run ends that is stopped.
    pub(crate) fn end(&self, stop: Stop) -> RunEnd {
        let (outcome, text) = match stop {
            Stop::Cancelled => (Outcome::Cancelled, "the task was cancelled".to_owned()),
            Stop::Stopping => (Outcome::Cancelled, "the peer is stopping".to_owned()),
            Stop::Timeout => {
                let text = format!(
                    "the program ran longer than its {} s ({:.1} s of them on a processor); timeout sets it",
                    self.limits.timeout.as_secs_f64(),
                    self.cpu.as_secs_f64()
                );
                (Outcome::Timeout, text)
            }
            Stop::CpuTime => {
                let text = format!(
                    "the program used {:.0} ms of processor time, and may use {}; limits.cpu_ms sets it",
                    self.cpu.as_secs_f64() * 1e3,
                    self.limits.cpu.as_millis()
                );
                (Outcome::Timeout, text)
            }
        };
        RunEnd::failed(outcome, text)
    }
}
