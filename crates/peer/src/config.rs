//! How a peer is set up.

use sandlot_net::ServerLimits;
use sandlot_protocol::{Address, limits};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Everything that a peer is told.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the web page listens; `None` for no page.
    pub web_listen: Option<SocketAddr>,
    /// Names that the web page may be asked by, besides IP addresses and localhost.
    pub web_hosts: Vec<String>,
    /// The host that others are told; the listening address when `None`.
    pub advertise: Option<String>,
    /// Where the tracker is.
    pub tracker: Address,
    /// Where files and the peer's id are kept.
    pub data_dir: PathBuf,
    /// How often the tracker is told the load.
    pub heartbeat: Duration,
    /// How long running tasks may go on once the peer stops.
    pub drain: Duration,
    /// What connections may cost.
    pub server: ServerLimits,
    /// What keys and values may cost.
    pub memory: MemoryLimits,
    /// What files may cost.
    pub files: FileLimits,
    /// What tasks may cost.
    pub tasks: TaskTableLimits,
}

impl PeerConfig {
    /// The defaults, at this address with this data folder.
    #[must_use]
    pub fn new(listen: SocketAddr, tracker: Address, data_dir: PathBuf) -> Self {
        Self {
            listen,
            web_listen: None,
            web_hosts: Vec::new(),
            advertise: None,
            tracker,
            data_dir,
            heartbeat: limits::HEARTBEAT,
            drain: Duration::from_secs(10),
            server: ServerLimits::default(),
            memory: MemoryLimits::default(),
            files: FileLimits::default(),
            tasks: TaskTableLimits::default(),
        }
    }
}

/// What keys and values may cost.
#[derive(Debug, Clone)]
pub struct MemoryLimits {
    /// Bytes of all keys and values together.
    pub bytes_max: usize,
    /// Keys.
    pub keys_max: usize,
    /// Bytes of one value.
    pub value_bytes_max: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { bytes_max: 256 << 20, keys_max: 1_000_000, value_bytes_max: 64 << 20 }
    }
}

/// What files may cost.
#[derive(Debug, Clone)]
pub struct FileLimits {
    /// Bytes of all files together, uploads under way included.
    pub bytes_max: u64,
    /// Files.
    pub files_max: usize,
    /// Uploads under way.
    pub uploads_max: usize,
    /// An upload without a new chunk is given up after this time.
    pub upload_timeout: Duration,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self { bytes_max: 10 << 30, files_max: 100_000, uploads_max: 64, upload_timeout: Duration::from_secs(600) }
    }
}

/// What tasks may cost, apart from what each one's own limits say.
#[derive(Debug, Clone)]
pub struct TaskTableLimits {
    /// Tasks that ended and are remembered; as many again of those that were submitted to be kept.
    pub ended_max: usize,
    /// Bytes of their results and output; as many again of those that were submitted to be kept.
    pub ended_bytes_max: usize,
    /// How long a task that ended is remembered.
    pub ended_for: Duration,
    /// Tasks that have not ended.
    pub live_max: usize,
    /// Those of one submitter.
    pub submitter_live_max: usize,
    /// Bytes of the programs and arguments of tasks that have not ended.
    pub input_bytes_max: u64,
    /// Those of one submitter.
    pub submitter_input_bytes_max: u64,
}

impl Default for TaskTableLimits {
    fn default() -> Self {
        Self {
            ended_max: 10_000,
            ended_bytes_max: 128 << 20,
            ended_for: Duration::from_secs(60 * 60),
            live_max: 40_000,
            submitter_live_max: 10_000,
            input_bytes_max: 512 << 20,
            submitter_input_bytes_max: 128 << 20,
        }
    }
}
