//! A run, as those see it who submitted it or look at it.

use crate::{
    RunReport,
    account::Stop,
    clock,
    output::Output,
    run_queue::{RunId, RunState},
    scheduler::Shared,
};
use sandlot_protocol::Usage;
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::oneshot;

/// More runs wait than may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{queued} tasks are waiting already, and at most {max} may")]
pub struct QueueFull {
    /// How many wait.
    pub queued: usize,
    /// How many may.
    pub max: usize,
    /// When there may be room.
    pub retry_after: Duration,
}

/// A run that was submitted. Dropping it stops the run.
#[derive(Debug)]
pub struct RunHandle {
    shared: Arc<Shared>,
    report: oneshot::Receiver<RunReport>,
    probe: RunProbe,
    /// The run ended in the thread that submitted it, and its sandbox is still to be put away.
    pub(crate) left_behind: bool,
}

impl RunHandle {
    pub(crate) fn new(
        id: RunId,
        shared: Arc<Shared>,
        report: oneshot::Receiver<RunReport>,
        stdout: Output,
        stderr: Output,
    ) -> Self {
        let probe = RunProbe { id, shared: Arc::downgrade(&shared), stdout, stderr };
        Self { shared, report, probe, left_behind: false }
    }

    /// Waits for the end.
    pub async fn wait(&mut self) -> RunReport {
        match (&mut self.report).await {
            Ok(report) => report,
            Err(_) => unreachable!("every run gets its report, and it is taken once"),
        }
    }

    /// Puts away here what `Compute::submit_here` left of the run, if it left anything: a matter of microseconds. A worker is
    /// woken for it otherwise, when the handle is dropped.
    pub fn put_away(mut self) {
        if std::mem::take(&mut self.left_behind) {
            self.shared.put_away_here();
        }
    }

    /// What the run prints and where it is, also for others, for as long as it lives.
    #[must_use]
    pub fn probe(&self) -> &RunProbe {
        &self.probe
    }

    /// Stops the run; `wait` then tells that it was cancelled.
    pub fn cancel(&self) {
        self.shared.stop(self.probe.id, Stop::Cancelled);
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.cancel();
        if self.left_behind {
            self.shared.look(1);
        }
    }
}

/// Looks at a run without holding it.
#[derive(Debug, Clone)]
pub struct RunProbe {
    id: RunId,
    shared: Weak<Shared>,
    stdout: Output,
    stderr: Output,
}

/// Where a run is, and what it has used so far.
#[derive(Debug, Clone, Serialize)]
pub struct RunSnapshot {
    /// "queued", "running" or "waiting".
    pub state: &'static str,
    /// What it waits for.
    pub waits_for: WaitsFor,
    /// What it has used so far. Fuel counts whole parts of slices only.
    pub usage: Usage,
    /// The share of all workers' time that it had in the last second or so, 0.0–1.0.
    pub share: f64,
}

/// What keeps a run from running this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum WaitsFor {
    /// Nothing: a worker has it.
    Nothing,
    /// Its turn; so many of its submitter's runs are before it.
    Turn {
        /// How many, if they were counted.
        ahead: Option<usize>,
    },
    /// A sandbox; so many of its submitter's runs are before it.
    Sandbox {
        /// How many, if they were counted.
        ahead: Option<usize>,
    },
    /// A sandbox and memory for it.
    Memory {
        /// How many of its submitter's runs are before it, if they were counted.
        ahead: Option<usize>,
        /// Bytes that runs hold.
        held_bytes: u64,
        /// Bytes that they may hold.
        max_bytes: u64,
    },
    /// A timer, or memory that others hold.
    Host,
}

impl RunProbe {
    /// What the run prints.
    #[must_use]
    pub fn stdout(&self) -> &Output {
        &self.stdout
    }

    /// What the run prints on standard error.
    #[must_use]
    pub fn stderr(&self) -> &Output {
        &self.stderr
    }

    /// How the run is; `None` once it is over. Counting who is before it takes a while when many are.
    #[must_use]
    pub fn look(&self, count_ahead: bool) -> Option<RunSnapshot> {
        let shared = self.shared.upgrade()?;
        let now = clock::now();
        let state = shared.state();
        let slot = state.slots.get(&self.id)?;
        let ahead = || count_ahead.then(|| state.queue.ahead(self.id));
        let (word, waits_for) = match state.queue.state(self.id)? {
            RunState::Queued => {
                let (held_bytes, max_bytes) = shared.budget.figures();
                let has_memory = state.queue.host_of(self.id).is_none_or(|host| shared.budget.has_room(host));
                let waits = if has_memory {
                    WaitsFor::Sandbox { ahead: ahead() }
                } else {
                    WaitsFor::Memory { ahead: ahead(), held_bytes, max_bytes }
                };
                ("queued", waits)
            }
            RunState::Runnable => ("running", WaitsFor::Turn { ahead: ahead() }),
            RunState::Running { .. } => ("running", WaitsFor::Nothing),
            RunState::Waiting => ("waiting", WaitsFor::Host),
        };
        let account = &slot.account;
        let share = account.share(now) / shared.workers as f64;
        Some(RunSnapshot { state: word, waits_for, usage: account.usage(now), share })
    }
}
