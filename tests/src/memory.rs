//! Measures the key-value memory beside redis-server: the same requests, as many under way, by clients of the same shape.

use crate::{Cluster, clock, connect, measure::Row};
use sandlot_client::Client;
use sandlot_protocol::{
    Reply, Request, raw_json,
    request::{GetMem, SetMem},
};
use std::{
    collections::VecDeque,
    io,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp},
    process::{Child, Command},
    sync::oneshot,
    task::JoinSet,
};

/// Requests of one measurement.
const REQUESTS: usize = 20_000;
/// Keys that they take turns with.
const KEYS: usize = 1000;
const PAIRS: usize = 5;
/// Connections, and requests under way on each.
const SHAPES: [(usize, usize); 2] = [(1, 64), (64, 16)];

#[derive(Debug, Clone, Copy)]
enum Operation {
    Set,
    Get,
}

/// What keeps keys.
trait Store: Send + Sync + 'static {
    async fn ask(&self, operation: Operation, key: usize);
}

impl Store for Client {
    async fn ask(&self, operation: Operation, key: usize) {
        let name = format!("key:{key}").parse().expect("a key");
        let reply = match operation {
            Operation::Set => {
                let value = raw_json(format!("{key}")).expect("JSON");
                Client::ask(self, &Request::SetMem(SetMem { key: name, value, ttl_ms: None, if_version: None })).await
            }
            Operation::Get => Client::ask(self, &Request::GetMem(GetMem { key: name })).await,
        };
        match (operation, reply.expect("a peer answers")) {
            (Operation::Get, Reply::MemResponse(value)) => assert_eq!(value.value.get(), key.to_string()),
            (_, reply) => assert!(matches!(reply, Reply::Status(_)), "{reply:?}"),
        }
    }
}

/// redis-server as a process.
struct RedisServer {
    _child: Child,
    port: u16,
}

impl RedisServer {
    async fn start(root: &Path) -> io::Result<Self> {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let mut command = Command::new(root.join("usr/bin/redis-server"));
        command.args(["--port", &port.to_string(), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]);
        command.env("LD_LIBRARY_PATH", root.join("usr/lib")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("its output is piped"))?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            if line.contains("Ready to accept connections") {
                return Ok(Self { _child: child, port });
            }
        }
        Err(io::Error::other("redis-server did not start"))
    }
}

type Waiting = Arc<Mutex<VecDeque<oneshot::Sender<String>>>>;

/// What was queued together: bytes to send, and who waits for the replies.
type Outgoing = Mutex<(Vec<u8>, Vec<oneshot::Sender<String>>)>;

/// A client of redis-server, of the shape of ours: whoever asks writes what others queued meanwhile too, one task reads,
/// replies come in order.
struct RedisClient {
    outgoing: Outgoing,
    write: tokio::sync::Mutex<tcp::OwnedWriteHalf>,
    waiting: Waiting,
    _reader: JoinSet<()>,
}

impl RedisClient {
    async fn open(port: u16) -> Self {
        let stream: TcpStream = connect(port).await;
        stream.set_nodelay(true).expect("an option of every connection");
        let (read, write) = stream.into_split();
        let (waiting, mut reader) = (Waiting::default(), JoinSet::new());
        reader.spawn(read_replies(read, Arc::clone(&waiting)));
        Self { outgoing: Mutex::default(), write: tokio::sync::Mutex::new(write), waiting, _reader: reader }
    }
}

/// RESP's simple strings and bulk strings: <https://redis.io/docs/latest/develop/reference/protocol-spec/>
async fn read_replies(read: tcp::OwnedReadHalf, waiting: Waiting) {
    let mut read = BufReader::new(read);
    let mut line = String::new();
    while read.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
        let mut reply = line.trim_end().to_owned();
        if let Some(bytes) = reply.strip_prefix('$').and_then(|bytes| bytes.parse::<usize>().ok()) {
            let mut value = vec![0; bytes + 2];
            read.read_exact(&mut value).await.expect("a value is as long as it says");
            reply = String::from_utf8_lossy(&value).trim_end().to_owned();
        }
        line.clear();
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let _ = next.expect("a reply has a request").send(reply);
    }
}

impl Store for RedisClient {
    async fn ask(&self, operation: Operation, key: usize) {
        let (name, value) = (format!("key:{key}"), key.to_string());
        let head = |count| format!("*{count}\r\n$3\r\n");
        let request = match operation {
            Operation::Set => {
                format!("{}SET\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", head(3), name.len(), value.len())
            }
            Operation::Get => format!("{}GET\r\n${}\r\n{name}\r\n", head(2), name.len()),
        };
        let (answer, reply) = oneshot::channel();
        {
            let mut outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
            outgoing.0.extend_from_slice(request.as_bytes());
            outgoing.1.push(answer);
        }
        tokio::task::yield_now().await;
        let mut write = self.write.lock().await;
        let (bytes, answers) = std::mem::take(&mut *self.outgoing.lock().unwrap_or_else(PoisonError::into_inner));
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
        write.write_all(&bytes).await.expect("redis-server reads");
        drop(write);
        let reply = reply.await.expect("redis-server answers");
        assert_eq!(reply, if matches!(operation, Operation::Set) { "+OK" } else { value.as_str() });
    }
}

/// Requests a second over these connections, so many under way on each.
async fn rate<S: Store>(stores: &[Arc<S>], depth: usize, operation: Operation) -> f64
where
    for<'a> &'a S: Send,
{
    let lanes = stores.len() * depth;
    let started = clock::now();
    let mut running = JoinSet::new();
    for lane in 0..lanes {
        let store = Arc::clone(&stores[lane % stores.len()]);
        running.spawn_local(async move {
            for request in (lane..REQUESTS).step_by(lanes) {
                store.ask(operation, request % KEYS).await;
            }
        });
    }
    running.join_all().await;
    REQUESTS as f64 / started.elapsed().as_secs_f64()
}

/// The rows of `scripts/bench memory`. `redis` is where Debian's package is unpacked.
///
/// # Errors
/// When redis-server does not start.
pub async fn memory(redis: &Path) -> io::Result<Vec<Row>> {
    let (cluster, server) = (Cluster::start(1).await, RedisServer::start(redis).await?);
    let mut rows = Vec::new();
    for (connections, depth) in SHAPES {
        let ours: Vec<_> = (0..connections).map(|_| Arc::new(cluster.client(0))).collect();
        let mut theirs = Vec::new();
        for _ in 0..connections {
            theirs.push(Arc::new(RedisClient::open(server.port).await));
        }
        for operation in [Operation::Set, Operation::Get] {
            let measured = async {
                let (mut rates, mut others) = (Vec::new(), Vec::new());
                for _ in 0..PAIRS {
                    rates.push(rate(&ours, depth, operation).await);
                    others.push(rate(&theirs, depth, operation).await);
                }
                (rates, others)
            };
            let (rates, others) = tokio::task::LocalSet::new().run_until(measured).await;
            let name = format!("memory: {operation:?}, {connections} connections with {depth} requests each under way");
            rows.push(Row::pairs(name, &rates, "redis-server", &others, "1/s").at_least(0.5));
        }
    }
    Ok(rows)
}
