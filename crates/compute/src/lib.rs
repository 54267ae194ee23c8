//! Runs Python fairly: a sandbox per task, a round robin of fuel slices over them.
//!
//! - [`Compute`]: what others use: start it, submit runs, stop it
//! - [`config`]: workers, slices, limits
//! - [`guest`]: the snapshot, compiled once per machine and kept in a cache
//! - `scheduler`, `run_queue`: whose turn it is
//! - `sandbox`: one run in a store of its own
//! - [`output`]: what a run prints, up to its limit

mod clock;
pub mod config;
pub mod guest;
pub mod output;
mod run_queue;
mod sandbox;
mod scheduler;

pub use config::{ComputeConfig, RunLimits};
pub use guest::{Guest, GuestError, Preparation};
pub use scheduler::{Compute, ComputeStatus, QueueFull, RunHandle, RunProbe};

use sandlot_protocol::{Exception, Outcome, RawJson, Usage};

/// What is to run.
#[derive(Debug)]
pub struct Run {
    /// Python source.
    pub program: String,
    /// The name that tracebacks give the program.
    pub filename: String,
    /// The function to call; `None` runs the program as a script.
    pub function: Option<String>,
    /// A JSON list.
    pub args: Option<RawJson>,
    /// A JSON object.
    pub kwargs: Option<RawJson>,
    /// `sys.argv`, the program's own name first.
    pub argv: Vec<String>,
    /// What the program reads from standard input.
    pub stdin: String,
    /// What it may use.
    pub limits: RunLimits,
}

impl Run {
    /// A call of `main()` of this program.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            filename: "<program>".to_owned(),
            function: Some("main".to_owned()),
            args: None,
            kwargs: None,
            argv: vec![String::new()],
            stdin: String::new(),
            limits: RunLimits::default(),
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// What the function returned; `None` unless the outcome is ok.
    pub value: Option<RawJson>,
    /// What it raised.
    pub exception: Option<Exception>,
    /// A script's exit code.
    pub exit_code: Option<u8>,
    /// One sentence; `None` for ok.
    pub error: Option<String>,
    /// What it printed.
    pub stdout: String,
    /// What it printed on standard error.
    pub stderr: String,
    /// Output was cut at its limit.
    pub truncated: bool,
    /// What it used.
    pub usage: Usage,
}
