//! Measures how soon a task has its result, and how many have theirs in a second: in process, over a connection, and beside
//! what people use today.

use crate::{Cluster, Node, cache_dir, clock, connect, measure::Row, read_frame, start_tracker, until};
use sandlot_compute::{Compute, ComputeConfig, Guest, Run};
use sandlot_protocol::{Outcome, Reply, Request, raw_json};
use serde_json::json;
use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    task::JoinSet,
};

/// The task that all of these run.
const PROGRAM: &str = "def main(x): return x*x";
const PROCESS: &str = "import json,sys\ndef main(x): return x*x\nprint(json.dumps(main(*json.loads(sys.argv[1]))))";
/// Measured so often, taking turns with the baseline; the first ones do not count.
const RUNS: usize = 400;
const WARM: usize = 50;
/// Over TCP, with so many pairs of servers: one process is quicker than another of the same program, for as long as it runs.
const SERVERS: usize = 21;
const RUNS_A_SERVER: usize = 100;
const PROCESSES: usize = 60;
const PEERS: usize = 9;
/// Peers that find no compiled guest.
const FIRST_PEERS: usize = 3;
/// Tasks at once on one worker.
const AT_ONCE: usize = 4000;
const CLIENTS: usize = 64;
const TASKS_A_CLIENT: usize = 60;
const THROUGHPUTS: usize = 5;

/// The guest as it ships.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn guest() -> Guest {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/target").join(name);
        std::fs::read(path).expect("scripts/build-guest makes the guest")
    };
    Guest::load(&read("snapshot.wasm.zst"), &read("code.zst"), &cache_dir(), &mut |_| {}).expect("the guest loads")
}

fn trivial() -> Run {
    Run { args: raw_json("[7]".to_owned()).ok(), ..Run::new(PROGRAM) }
}

/// How long it took, and how much of that a processor worked on it, in milliseconds.
async fn answer(compute: &Compute) -> (f64, f64) {
    let started = clock::now();
    let report = compute.submit_here(trivial()).expect("there is room").wait().await;
    let took = started.elapsed();
    assert_eq!((report.outcome, report.value.as_ref().map(|value| value.get())), (Outcome::Ok, Some("49")));
    (took.as_secs_f64() * 1e3, report.usage.cpu_ms)
}

/// The rows of `scripts/bench start`.
pub async fn start() -> Vec<Row> {
    let mut rows = in_process().await;
    let beside = beside().await;
    rows.extend(beside);
    rows
}

async fn in_process() -> Vec<Row> {
    const ACTIVE: usize = 64;
    let config = ComputeConfig { workers: 1, active_runs_max: ACTIVE, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest()).expect("workers start");
    let (mut took, mut worked) = (Vec::new(), Vec::new());
    for round in 0..RUNS + WARM {
        until("there is a sandbox in stock", async || compute.status().prepared > 0).await;
        let (one, of_it) = answer(&compute).await;
        if round >= WARM {
            took.push(one);
            worked.push(of_it);
        }
    }
    let started = clock::now();
    let handles: Vec<_> = (0..AT_ONCE).map(|_| compute.submit(trivial()).expect("there is room")).collect();
    for mut handle in handles {
        assert_eq!(handle.wait().await.outcome, Outcome::Ok);
    }
    let rate = AT_ONCE as f64 / started.elapsed().as_secs_f64();
    vec![
        Row::of("start: submit to result in process, a sandbox in stock, p50", &mut took, 0.5, "ms").at_most(0.12),
        Row::of("start: the same, p99", &mut took, 0.99, "ms"),
        Row::of("start: processor time of it, p50", &mut worked, 0.5, "ms"),
        Row::new("start: back to back on one worker, putting away counted", rate, "tasks/s", AT_ONCE).at_least(4000.0),
    ]
}

/// `tests/baselines/exec_server.py` as a process.
pub struct ExecServer {
    _child: Child,
    port: u16,
}

impl ExecServer {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is no python3.
    pub async fn start() -> Self {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines/exec_server.py");
        let mut command = Command::new("python3");
        command.arg(script).stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("python3 is installed");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).await.expect("it tells its port");
        Self { _child: child, port: line.trim().parse().expect("a port") }
    }
}

/// A task over a connection of its own, as the specification has it.
async fn over_tcp(port: u16) -> Duration {
    let frame = frame();
    let started = clock::now();
    let mut stream = connect(port).await;
    stream.write_all(&frame).await.expect("a node reads");
    let reply = read_frame(&mut stream).await;
    assert_eq!(reply["result"], 49, "{reply}");
    started.elapsed()
}

/// The same from a thread that does nothing else: a runtime's own threads would be measured along, on both sides.
fn over_tcp_alone(port: u16) -> Duration {
    let frame = frame();
    let started = clock::now();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a node listens");
    stream.write_all(&frame).expect("a node reads");
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a node answers");
    let mut reply = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut reply).expect("a node answers");
    let took = started.elapsed();
    let reply: serde_json::Value = serde_json::from_slice(&reply).expect("a reply is JSON");
    assert_eq!(reply["result"], 49, "{reply}");
    took
}

/// A small task.
fn frame() -> Vec<u8> {
    let task = json!({"type": "CPU_TASK", "task_id": null, "program": PROGRAM, "function": "main", "args": [7],
                      "confidential": true})
    .to_string();
    let mut frame = u32::try_from(task.len()).expect("it is short").to_be_bytes().to_vec();
    frame.extend_from_slice(task.as_bytes());
    frame
}

async fn process() -> Duration {
    let started = clock::now();
    let output = Command::new("python3").args(["-I", "-S", "-c", PROCESS, "[7]"]).output().await.expect("python3 runs");
    assert_eq!(output.stdout, b"49\n");
    started.elapsed()
}

async fn beside() -> Vec<Row> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..SERVERS {
        let (cluster, server) = (Cluster::start(1).await, ExecServer::start().await);
        let port = cluster.peers[0].port();
        for round in 0..RUNS_A_SERVER + WARM {
            let (one, other) = tokio::task::block_in_place(|| (over_tcp_alone(port), over_tcp_alone(server.port)));
            if round >= WARM {
                ours.push(one.as_secs_f64() * 1e3);
                theirs.push(other.as_secs_f64() * 1e3);
            }
        }
    }
    let cluster = Cluster::start(1).await;
    let port = cluster.peers[0].port();
    let (mut alone, mut processes) = (Vec::new(), Vec::new());
    for _ in 0..PROCESSES {
        alone.push(over_tcp(port).await.as_secs_f64() * 1e3);
        processes.push(process().await.as_secs_f64() * 1e3);
    }
    vec![
        Row::pairs("start: over TCP, a connection for each task", &ours, "exec_server.py", &theirs, "ms").at_most(0.7),
        Row::pairs("start: the same", &alone, "python3 -I -S -c as a process", &processes, "ms").at_most(0.05),
    ]
}

/// The rows of `scripts/bench throughput`.
pub async fn throughput() -> Vec<Row> {
    let (cluster, server) = (Cluster::start(1).await, ExecServer::start().await);
    for _ in 0..WARM {
        over_tcp(cluster.peers[0].port()).await;
        over_tcp(server.port).await;
    }
    let (mut kept, mut rate, mut rate_theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..THROUGHPUTS {
        kept.push(connections_kept(&cluster).await);
        rate_theirs.push(connections_of_their_own(server.port).await);
        rate.push(connections_of_their_own(cluster.peers[0].port()).await);
    }
    vec![
        Row::pairs("throughput: 64 clients, trivial tasks", &kept, "exec_server.py", &rate_theirs, "tasks/s")
            .at_least(3.0),
        Row::pairs("throughput: a connection for each task", &rate, "exec_server.py", &rate_theirs, "tasks/s"),
    ]
}

/// The rows of `scripts/bench peer-start`: from a process that is begun to the result of its first task.
///
/// # Panics
/// When the peer does not answer.
pub async fn peer_start() -> Vec<Row> {
    let tracker = start_tracker(0).await;
    let mut took = Vec::new();
    for _ in 0..PEERS {
        took.push(first_result(&tracker, &cache_dir()).await);
    }
    let mut first = Vec::new();
    for _ in 0..FIRST_PEERS {
        let empty = tempfile::tempdir().expect("a temporary folder");
        first.push(first_result(&tracker, empty.path()).await);
    }
    vec![
        Row::of("peer: start to its first result, guest compiled before, p50", &mut took, 0.5, "s").at_most(0.15),
        Row::of("peer: start to its first result, first time on a machine, p50", &mut first, 0.5, "s").at_most(15.0),
    ]
}

async fn first_result(tracker: &Node, cache: &Path) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = clock::now();
    let mut arguments = vec!["peer", "--port", "0", "--tracker"];
    let tracker = tracker.address.to_string();
    let texts = [folder.path(), cache].map(|path| path.to_str().expect("temporary folders have plain names"));
    arguments.extend([tracker.as_str(), "--data-dir", texts[0], "--cache-dir", texts[1]]);
    let peer = Node::start(&arguments).await;
    over_tcp(peer.port()).await;
    started.elapsed().as_secs_f64()
}

/// Tasks a second with many clients as ours are: each keeps its connection.
async fn connections_kept(cluster: &Cluster) -> f64 {
    let task = json!({"type": "CPU_TASK", "program": PROGRAM, "function": "main", "args": [7], "confidential": true});
    let task = Arc::new(Request::parse(&task.to_string()).request.expect("a request"));
    let clients: Vec<_> = (0..CLIENTS).map(|_| cluster.client(0)).collect();
    let started = clock::now();
    let mut running = JoinSet::new();
    for client in clients {
        let task = Arc::clone(&task);
        running.spawn(async move {
            for _ in 0..TASKS_A_CLIENT {
                match client.ask(&task).await {
                    Ok(Reply::CpuResult(result)) => assert_eq!(result.result.get(), "49"),
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    running.join_all().await;
    (CLIENTS * TASKS_A_CLIENT) as f64 / started.elapsed().as_secs_f64()
}

/// Tasks a second with many clients, a connection for each task.
async fn connections_of_their_own(port: u16) -> f64 {
    let started = clock::now();
    let mut running = JoinSet::new();
    for _ in 0..CLIENTS {
        running.spawn(async move {
            for _ in 0..TASKS_A_CLIENT {
                over_tcp(port).await;
            }
        });
    }
    running.join_all().await;
    (CLIENTS * TASKS_A_CLIENT) as f64 / started.elapsed().as_secs_f64()
}
