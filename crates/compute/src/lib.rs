//! Runs Python fairly: a sandbox per task, a round robin of fuel slices over them.
//!
//! - [`Compute`]: what others use: start it, submit runs, stop it
//! - [`config`]: workers, slices, limits
//! - [`guest`]: the snapshot as native code, made once per machine and kept in a cache
//! - `scheduler`: the worker threads; `handle`: a run as others see it; `account`: what it used
//! - `run_queue`, `fair`, `budget`: whose turn it is, who may begin, whose memory it is (rules only)
//! - `timeline`: what each worker did lately
//! - `code_cache`: compiled programs by their source
//! - `calibrate`: how much fuel burns in a slice here
//! - `sandbox`: one run in a store of its own; `stock`: sandboxes that are prepared ahead
//! - `image`: what a guest's memory holds at first; `slots`, `stacks`: where memories and stacks lie, and how they are made
//!   as new; `pages`: which pages of them were used
//! - [`output`]: what a run prints, up to its limit

mod account;
mod budget;
mod calibrate;
mod carried;
mod clock;
mod code_cache;
pub mod config;
mod fair;
mod fuel;
pub mod guest;
mod handle;
mod image;
mod meter;
pub mod metering;
pub mod output;
mod pages;
mod run_queue;
mod sandbox;
mod scheduler;
mod slots;
mod stacks;
mod stock;
mod submitter;
mod timeline;

pub use carried::carried_code;
pub use config::{ComputeConfig, RunLimits};
pub use guest::{Guest, GuestError, Preparation};
pub use handle::{QueueFull, RunHandle, RunProbe, RunSnapshot, WaitsFor};
pub use scheduler::{Compute, ComputeStatus};
pub use submitter::Submitter;
pub use timeline::{SLICE_BOUNDS_NS, SliceDurations, TimelineTurn};

use sandlot_protocol::{Exception, Outcome, RawJson, Usage};
use std::sync::Arc;

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
    /// Files that it finds: path and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Files that it is to leave.
    pub files_out: Vec<String>,
    /// Makes it repeatable.
    pub seed: Option<u64>,
    /// What it may use.
    pub limits: RunLimits,
    /// What the timeline calls it.
    pub label: Arc<str>,
    /// Whose it is.
    pub submitter: Submitter,
    /// Among its submitter's runs, higher first.
    pub priority: i32,
    /// Its share among its submitter's runs of this priority; at least 1.
    pub weight: u32,
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
            files: Vec::new(),
            files_out: Vec::new(),
            seed: None,
            limits: RunLimits::default(),
            label: "".into(),
            submitter: Submitter::new("", ""),
            priority: 0,
            weight: 1,
        }
    }
}

/// What stands behind the first `from` bytes of a text; nothing when they end within a character.
#[must_use]
pub fn text_after(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
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
    /// Files that were asked for and that it left.
    pub files: Vec<(String, Vec<u8>)>,
    /// What it used.
    pub usage: Usage,
}
