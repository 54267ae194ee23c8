//! The `Cluster` harness: a tracker and peers as real processes, on ports of their own, in folders of their own.
//! What it starts ends with it.

pub mod benchmarks;
mod clock;
pub mod conformance;
pub mod density;
pub mod fairness;
pub mod files;
pub mod growth;
pub mod hostile;
pub mod measure;
pub mod memory;
pub mod overhead;
pub mod scoreboard;
pub mod soak;
pub mod start;

use sandlot_client::Client;
use sandlot_protocol::{Address, CpuResult, CpuTask, Request, StatusReply, request::Nothing};
use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

/// Anything that takes longer in a test hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often peers of a test report to the tracker, in milliseconds.
pub const HEARTBEAT_MS: u64 = 100;

/// The binary under test.
#[must_use]
pub fn binary() -> PathBuf {
    let me = std::env::current_exe().expect("a program knows where it is");
    let folder = me.parent().expect("a program lies in a folder");
    // Tests lie in target/PROFILE/deps, programs in target/PROFILE.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let binary = folder.join("sandlot");
    assert!(binary.exists(), "{} is not built: cargo build --release --workspace", binary.display());
    binary
}

/// Where the compiled guest is kept for all tests.
#[must_use]
pub fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/target/cache")
}

/// A command of the binary under test.
#[must_use]
pub fn sandlot() -> Command {
    let mut command = Command::new(binary());
    command
        .env("SANDLOT_CACHE_DIR", cache_dir())
        .env("SANDLOT_CONFIG", "/dev/null")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A node as a process of its own.
#[derive(Debug)]
pub struct Node {
    child: Child,
    /// What it said when it was ready.
    pub greeting: String,
    /// Where it listens.
    pub address: Address,
}

impl Node {
    /// Starts a node and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut command = sandlot();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut greeting = String::new();
        let reading = timeout(PATIENCE, BufReader::new(stdout).read_line(&mut greeting)).await;
        reading.expect("a node is ready in time").expect("a node says that it is ready");
        let address = greeting.split(' ').nth(2).and_then(|word| word.parse().ok());
        let address = address.unwrap_or_else(|| panic!("{arguments:?} is not ready: {greeting:?}"));
        Self { child, greeting, address }
    }

    /// The client of this node.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address.clone())
    }

    /// Its process.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the process lives")
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// SIGKILL.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("a process can be killed");
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process has ended already.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("the process lives"), signal).expect("a signal can be sent");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("a process ends in time").expect("a process ends")
    }
}

/// A tracker and its peers.
#[derive(Debug)]
pub struct Cluster {
    /// The tracker.
    pub tracker: Node,
    /// The peers.
    pub peers: Vec<Node>,
    /// Where everything of this cluster lies.
    pub folder: TempDir,
}

impl Cluster {
    /// A tracker and so many peers that know each other.
    ///
    /// # Panics
    /// When they do not get ready.
    pub async fn start(peers: usize) -> Self {
        Self::with(peers, &[]).await
    }

    /// The same; every peer gets these arguments too.
    ///
    /// # Panics
    /// When they do not get ready.
    pub async fn with(peers: usize, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tracker = start_tracker(0).await;
        let mut cluster = Self { tracker, peers: Vec::new(), folder };
        for number in 0..peers {
            let peer =
                start_peer(&cluster.folder.path().join(number.to_string()), &cluster.tracker.address, arguments).await;
            cluster.peers.push(peer);
        }
        cluster.wait_for_peers(peers).await;
        cluster
    }

    /// The client of a peer.
    #[must_use]
    pub fn client(&self, peer: usize) -> Client {
        self.peers[peer].client()
    }

    /// Waits until the tracker knows so many peers.
    ///
    /// # Panics
    /// When it never does.
    pub async fn wait_for_peers(&self, count: usize) {
        let client = self.tracker.client();
        until("the tracker knows its peers", async || status(&client).await.get::<usize>("peer_count") == Some(count))
            .await;
    }

    /// Runs the command line against a peer.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn cli(&self, peer: usize, arguments: &[&str]) -> Output {
        cli(self.peers[peer].port(), arguments).await
    }
}

/// A tracker on this port; 0 picks one.
///
/// # Panics
/// When it does not get ready.
pub async fn start_tracker(port: u16) -> Node {
    let port = port.to_string();
    Node::start(&["tracker", "--port", &port]).await
}

/// A peer with this data folder and tracker.
///
/// # Panics
/// When it does not get ready.
pub async fn start_peer(data_dir: &Path, tracker: &Address, arguments: &[&str]) -> Node {
    let (tracker, heartbeat) = (tracker.to_string(), HEARTBEAT_MS.to_string());
    let data_dir = data_dir.to_str().expect("temporary folders have plain names");
    let own = ["peer", "--port", "0", "--tracker", &tracker, "--heartbeat-ms", &heartbeat, "--data-dir", data_dir];
    let all: Vec<&str> = own.iter().chain(arguments).copied().collect();
    Node::start(&all).await
}

/// Runs the command line against this port.
///
/// # Panics
/// When it does not end.
pub async fn cli(port: u16, arguments: &[&str]) -> Output {
    let port = port.to_string();
    let running = sandlot().args(["--port", &port]).args(arguments).output();
    timeout(PATIENCE, running).await.expect("a command ends in time").expect("the binary runs")
}

/// What a command printed.
///
/// # Panics
/// When it failed.
pub fn printed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).expect("output is text")
}

/// Tries again until it holds.
///
/// # Panics
/// When it never does.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let trying = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while !holds().await {
            ticks.tick().await;
        }
    };
    timeout(PATIENCE, trying).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A node's STATUS.
///
/// # Panics
/// When it does not answer.
pub async fn status(client: &Client) -> StatusReply {
    client.status(&Request::Status(Nothing {})).await.expect("a node tells its status")
}

/// Runs a task.
///
/// # Panics
/// When the peer cannot be asked.
pub async fn run(client: &Client, task: CpuTask) -> CpuResult {
    timeout(PATIENCE, client.run(task)).await.expect("a task ends in time").expect("a peer answers")
}

/// Asks as existing clients do: a connection for one request, 4 bytes of length before the JSON.
///
/// # Panics
/// When there is no reply.
pub async fn ask_once(port: u16, json: &str) -> serde_json::Value {
    let mut stream = connect(port).await;
    let length = u32::try_from(json.len()).expect("a request is short").to_be_bytes();
    stream.write_all(&length).await.expect("a node reads");
    stream.write_all(json.as_bytes()).await.expect("a node reads");
    read_frame(&mut stream).await
}

/// Reads one length-prefixed reply.
///
/// # Panics
/// When there is none.
pub async fn read_frame(stream: &mut TcpStream) -> serde_json::Value {
    let reading = async {
        let length = stream.read_u32().await.expect("a reply has a length");
        let mut bytes = vec![0; length as usize];
        stream.read_exact(&mut bytes).await.expect("a reply is as long as it says");
        serde_json::from_slice(&bytes).expect("a reply is JSON")
    };
    timeout(PATIENCE, reading).await.expect("a node replies in time")
}

/// A connection to this port.
///
/// # Panics
/// When nobody listens.
pub async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.expect("a node listens")
}
