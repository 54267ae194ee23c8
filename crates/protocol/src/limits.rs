//! The named limits that both sides of a connection know. What a single part limits stands in that part's config.

use std::time::Duration;

/// A frame larger than this is refused unread: a 100 MB file is 134 MB of base64.
pub const FRAME_BYTES_MAX: usize = 192 << 20;
/// Raw bytes in one file chunk.
pub const FILE_CHUNK_BYTES: usize = 1 << 20;
/// Raw bytes in one file chunk that a node accepts at most.
pub const FILE_CHUNK_BYTES_MAX: usize = 16 << 20;
/// Bytes in a file name: what common file systems hold.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Bytes in a key of the memory.
pub const KEY_BYTES_MAX: usize = 1024;
/// Bytes in a task id.
pub const TASK_ID_BYTES_MAX: usize = 128;
/// Tasks in one BATCH_TASK.
pub const BATCH_TASKS_MAX: usize = 1000;
/// Entries in one list reply when `limit` is absent.
pub const LIST_ENTRIES: usize = 100;
/// Entries in one list reply at most.
pub const LIST_ENTRIES_MAX: usize = 10_000;

/// Fuel of a task (roughly one unit per WebAssembly instruction): some ten minutes of one core.
pub const TASK_FUEL: u64 = 5_000_000_000_000;
/// Linear memory of a task, the interpreter's own 57 MB included.
pub const TASK_MEMORY_BYTES: u64 = 256 << 20;
/// The most memory a task can ask for.
pub const TASK_MEMORY_BYTES_MAX: u64 = 1 << 30;
/// Captured bytes of each of stdout and stderr.
pub const TASK_OUTPUT_BYTES: u64 = 1 << 20;
/// The most captured bytes a task can ask for.
pub const TASK_OUTPUT_BYTES_MAX: u64 = 16 << 20;
/// The JSON text of a task's result; no task can ask for more.
pub const TASK_RESULT_BYTES: u64 = 64 << 20;
/// Bytes of the files that a task has at one time; they lie in its memory.
pub const TASK_FILES_BYTES: u64 = 64 << 20;
/// The most bytes of files a task can ask for.
pub const TASK_FILES_BYTES_MAX: u64 = 512 << 20;
/// Files that are sent with a task, and files that come back, each.
pub const TASK_FILES_MAX: usize = 10_000;
/// Entries of a task's `sys.argv`.
pub const TASK_ARGV_MAX: usize = 100_000;
/// Bytes in the path of a task's file.
pub const TASK_PATH_BYTES_MAX: usize = 1024;
/// Lists and objects within each other in a task's result.
pub const RESULT_DEPTH_MAX: usize = 200;
/// Program, args, kwargs, argv, stdin and files (as base64) of a task together.
pub const TASK_INPUT_BYTES_MAX: u64 = 64 << 20;
/// Wall time of a task, from its first slice.
pub const TASK_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest wall time a task can ask for.
pub const TASK_TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Processor time of a task.
pub const TASK_CPU: Duration = Duration::from_secs(600);
/// The most processor time a task can ask for.
pub const TASK_CPU_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// A task's priority lies between this and its negative.
pub const TASK_PRIORITY_MAX: i32 = 100;
/// The largest weight of a task; the default is 1.
pub const TASK_WEIGHT_MAX: u32 = 100;
/// Bytes in the name of the function that a task calls.
pub const FUNCTION_BYTES_MAX: usize = 255;
/// Bytes in a submitter's name.
pub const SUBMITTER_BYTES_MAX: usize = 128;
/// The longest that one request waits for a task's end or its output.
pub const WAIT_MAX: Duration = Duration::from_secs(60 * 60);
/// How often a failed task can be tried again.
pub const TASK_RETRIES_MAX: u32 = 10;

/// How often a peer tells the tracker its load.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// A peer not heard of for so many heartbeats is dropped.
pub const HEARTBEATS_MISSED_MAX: u32 = 3;
/// How long a peer that never said its heartbeat is kept: existing peers report every 10 s.
pub const LEASE_WITHOUT_HEARTBEAT: Duration = Duration::from_secs(30);
