//! Workers, slices, limits.

use sandlot_protocol::limits;
use std::time::Duration;

/// How the runs of one process are carried out.
#[derive(Debug, Clone)]
pub struct ComputeConfig {
    /// Worker threads: one per core.
    pub workers: usize,
    /// Units of fuel in one slice: 1–2 ms of work.
    pub slice_fuel: u64,
    /// Sandboxes alive at one time; more runs wait.
    pub live_runs_max: usize,
    /// Runs that wait for a sandbox; more are refused.
    pub queued_runs_max: usize,
}

impl Default for ComputeConfig {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            slice_fuel: SLICE_FUEL,
            live_runs_max: LIVE_RUNS_MAX,
            queued_runs_max: QUEUED_RUNS_MAX,
        }
    }
}

/// Units of fuel in one slice. A core burns 0.5–1.0 thousand million a second on Python.
pub const SLICE_FUEL: u64 = 1_000_000;
/// Sandboxes alive at one time: each may take its whole memory limit.
pub const LIVE_RUNS_MAX: usize = 64;
/// Runs that wait for a sandbox.
pub const QUEUED_RUNS_MAX: usize = 10_000;

/// What one run may use.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// Units of fuel.
    pub fuel: u64,
    /// Bytes of memory, the interpreter's own included.
    pub memory_bytes: u64,
    /// Captured bytes of each of stdout and stderr; the rest is cut.
    pub output_bytes: u64,
    /// Bytes of the result's JSON text.
    pub result_bytes: u64,
    /// Wall time from the first slice.
    pub timeout: Duration,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            fuel: limits::TASK_FUEL,
            memory_bytes: limits::TASK_MEMORY_BYTES,
            output_bytes: limits::TASK_OUTPUT_BYTES,
            result_bytes: limits::TASK_RESULT_BYTES,
            timeout: limits::TASK_TIMEOUT,
        }
    }
}
