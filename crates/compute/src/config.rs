//! Workers, slices, limits.

use sandlot_protocol::limits;
use std::time::Duration;

/// How the runs of one process are carried out.
#[derive(Debug, Clone)]
pub struct ComputeConfig {
    /// Worker threads: one per core.
    pub workers: usize,
    /// Processor time of one slice.
    pub slice: Duration,
    /// Units of fuel in one slice, at most; `None` measures at the start how much burns in `slice`.
    pub slice_fuel: Option<u64>,
    /// Sandboxes alive at one time; more runs wait.
    pub live_runs_max: usize,
    /// Sandboxes alive at one time that want the processor; more runs wait.
    pub active_runs_max: usize,
    /// Runs that wait for a sandbox; more are refused.
    pub queued_runs_max: usize,
    /// Bytes of memory that all runs may take together; runs that need more wait.
    pub memory_bytes_max: u64,
    /// How long a run that needs more memory waits for others to end; then it is refused.
    pub memory_wait: Duration,
}

impl Default for ComputeConfig {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            slice: SLICE,
            slice_fuel: None,
            live_runs_max: LIVE_RUNS_MAX,
            active_runs_max: ACTIVE_RUNS_MAX,
            queued_runs_max: QUEUED_RUNS_MAX,
            memory_bytes_max: half_of_the_memory(),
            memory_wait: crate::budget::WAIT,
        }
    }
}

/// Processor time of one slice.
pub const SLICE: Duration = Duration::from_micros(1500);
/// Units of fuel in one slice where it cannot be measured. A core burns 8–20 thousand million a second on Python.
pub const SLICE_FUEL: u64 = 10_000_000;
/// Sandboxes alive at one time. An idle one takes about 1 MB.
pub const LIVE_RUNS_MAX: usize = 2048;
/// Sandboxes alive at one time that want the processor.
pub const ACTIVE_RUNS_MAX: usize = 256;
/// Runs that wait for a sandbox.
pub const QUEUED_RUNS_MAX: usize = 50_000;

/// The machine's other users keep the other half.
fn half_of_the_memory() -> u64 {
    let info = rustix::system::sysinfo();
    // The kernel's own types differ between machines.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    let bytes = (info.totalram as u64).saturating_mul(info.mem_unit.into());
    bytes / 2
}

/// What one run may use.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// Units of fuel.
    pub fuel: u64,
    /// Bytes of memory, the interpreter's own included.
    pub memory_bytes: u64,
    /// Captured bytes of each of stdout and stderr; the rest is cut.
    pub output_bytes: u64,
    /// A run that prints more is stopped instead.
    pub output_stops: bool,
    /// Bytes of the result's JSON text, and of the files that come back.
    pub result_bytes: u64,
    /// Bytes of its files.
    pub files_bytes: u64,
    /// Wall time from the first slice.
    pub timeout: Duration,
    /// Processor time.
    pub cpu: Duration,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            fuel: limits::TASK_FUEL,
            memory_bytes: limits::TASK_MEMORY_BYTES,
            output_bytes: limits::TASK_OUTPUT_BYTES,
            output_stops: false,
            result_bytes: limits::TASK_RESULT_BYTES,
            files_bytes: limits::TASK_FILES_BYTES,
            timeout: limits::TASK_TIMEOUT,
            cpu: limits::TASK_CPU,
        }
    }
}
