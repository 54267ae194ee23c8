//! Accepts connections and hands each request to a handler.
//!
//! One connection, one framing. Requests with a `request_id` run side by side and are answered as they end; requests
//! without one are answered in order.

use crate::{
    at_once,
    reader::{BUDGET_STEP_BYTES, FrameReader, RATE_BYTES_MIN, ReadError},
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use sandlot_protocol::{
    Envelope, ErrorCode, RawJson, Refusal, Reply, Request,
    frame::{self, FrameError, Framing},
    limits::FRAME_BYTES_MAX,
};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Short replies that are ready go out together, up to this many bytes.
const TOGETHER_BYTES: usize = 64 * 1024;
/// A reply that takes no waiting has at most so many bytes of values: those of a connection are made together.
pub const SHORT_REPLY_BYTES: usize = 4096;
/// Requests for a file's bytes that one connection has under way; further ones wait.
const LARGE_REPLIES_A_CONNECTION: usize = 2;

/// What a node does with a request. The peer is one, the tracker is the other.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request of `from`. `alone` when its connection has no other request under way: then what takes a while
    /// may be done in this thread.
    fn handle(&self, request: Request, from: SocketAddr, alone: bool) -> impl Future<Output = Reply> + Send;

    /// Answers what takes no waiting and has a short reply (`SHORT_REPLY_BYTES`).
    ///
    /// # Errors
    /// Any other request comes back, for `handle`.
    #[expect(clippy::result_large_err, reason = "it is the request, on its way to where it is handled")]
    fn handle_at_once(&self, request: Request, _: SocketAddr) -> Result<Reply, Request> {
        Err(request)
    }
}

/// What connections may cost.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections at one time.
    pub connections_max: usize,
    /// Requests under way on one connection.
    pub requests_max: usize,
    /// Bytes of one frame.
    pub frame_bytes_max: usize,
    /// Bytes of all frames under way together.
    pub buffer_bytes_max: usize,
    /// Requests under way together, over all connections, whose replies may be as large as a frame (files, values).
    pub large_replies_max: usize,
    /// Bytes of replies together that have been made and not yet been sent; small ones do not count.
    pub reply_bytes_max: usize,
    /// A frame that has begun must be there within this time (longer for large ones).
    pub frame_timeout: Duration,
    /// A connection without requests is closed after this time.
    pub idle_timeout: Duration,
    /// A client that does not read its replies for this time is cut off.
    pub write_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            requests_max: 256,
            frame_bytes_max: FRAME_BYTES_MAX,
            buffer_bytes_max: 1 << 30,
            large_replies_max: 16,
            reply_bytes_max: 512 << 20,
            frame_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(600),
            write_timeout: Duration::from_secs(30),
        }
    }
}

/// A bound socket.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: ServerLimits,
    hosts: Hosts,
}

/// How many connections there are.
#[derive(Debug, Clone)]
pub struct OpenConnections(Hosts);

impl OpenConnections {
    /// Their number now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.counts().values().sum()
    }
}

impl Server {
    /// Binds the socket; nothing is accepted before `run`.
    ///
    /// # Errors
    /// When the address cannot be had, for instance because the port is in use.
    pub async fn bind(address: SocketAddr, limits: ServerLimits) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, limits, hosts: Hosts::default() })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Its connections, to be counted while it runs.
    #[must_use]
    pub fn open_connections(&self) -> OpenConnections {
        OpenConnections(self.hosts.clone())
    }

    /// Serves until `stop_accepting`, lets connections end their requests, and cuts off what is left at `stop_now`.
    pub async fn run<H: Handler>(
        self,
        handler: Arc<H>,
        stop_accepting: CancellationToken,
        stop_now: CancellationToken,
    ) {
        // In a task of its own: what runs in the runtime's first thread is woken from another one for each connection.
        let mut serving = JoinSet::new();
        serving.spawn(self.serve(handler, stop_accepting, stop_now));
        if let Some(Err(error)) = serving.join_next().await
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    async fn serve<H: Handler>(self, handler: Arc<H>, stop_accepting: CancellationToken, stop_now: CancellationToken) {
        let budget = Arc::new(Semaphore::new(self.limits.buffer_bytes_max / BUDGET_STEP_BYTES));
        let large_replies = Arc::new(Semaphore::new(self.limits.large_replies_max));
        let reply_budget = Arc::new(Semaphore::new(self.limits.reply_bytes_max / BUDGET_STEP_BYTES));
        let hosts = self.hosts;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop_accepting.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        // Looked for here: to be woken for each that ends would cost as much as to accept one.
                        while let Some(ended) = connections.try_join_next() {
                            report(ended);
                        }
                        if connections.len() >= self.limits.connections_max {
                            refuse(&stream);
                            continue;
                        }
                        let Some(place) = hosts.take(from.ip(), self.limits.connections_max) else {
                            refuse(&stream);
                            continue;
                        };
                        let connection = ServedConnection {
                            handler: Arc::clone(&handler),
                            from,
                            limits: self.limits.clone(),
                            stopping: stop_accepting.clone(),
                            large_replies: Arc::clone(&large_replies),
                            own_large_replies: Arc::new(Semaphore::new(LARGE_REPLIES_A_CONNECTION)),
                            reply_budget: Arc::clone(&reply_budget),
                            under_way: Arc::default(),
                            _place: place,
                        };
                        connections.spawn(connection.serve(stream, Arc::clone(&budget)));
                    }
                    Err(error) => {
                        // Out of descriptors, most likely: others must end before one can begin.
                        warn!(%error, "cannot accept a connection");
                        let wait = tokio::time::sleep(Duration::from_millis(50));
                        tokio::select! { () = wait => {}, () = stop_accepting.cancelled() => {} }
                    }
                },
            }
        }
        drop(self.listener);
        loop {
            tokio::select! {
                () = stop_now.cancelled() => break,
                ended = connections.join_next() => match ended {
                    Some(ended) => report(ended),
                    None => break,
                },
            }
        }
        connections.shutdown().await;
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        warn!(%error, "a connection's task panicked");
    }
}

/// Too many connections: say so without waiting, and close.
fn refuse(stream: &TcpStream) {
    let refusal = Refusal::new(ErrorCode::Unavailable, "this node has too many connections; try again later");
    if let Ok(bytes) = frame_of(Framing::Lengths, &refusal.into(), None) {
        let _ = stream.try_write(&bytes);
    }
}

/// A reply as one frame.
fn frame_of(framing: Framing, reply: &Reply, request_id: Option<&RawJson>) -> Result<Vec<u8>, FrameError> {
    frame::encode_with(framing, |bytes| reply.append_json(request_id.map(|id| &**id), bytes))
}

struct ServedConnection<H> {
    handler: Arc<H>,
    from: SocketAddr,
    limits: ServerLimits,
    stopping: CancellationToken,
    large_replies: Arc<Semaphore>,
    /// Of this connection's own: one that reads slowly must not hold all of them.
    own_large_replies: Arc<Semaphore>,
    reply_budget: Arc<Semaphore>,
    /// Requests of this connection that are not answered yet.
    under_way: Arc<AtomicUsize>,
    _place: Place,
}

/// How many connections each host has: one host must not take them all.
#[derive(Debug, Clone, Default)]
struct Hosts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection of a host.
#[derive(Debug)]
struct Place(Hosts, IpAddr);

impl Hosts {
    /// `None` when the host has three quarters of all there may be.
    fn take(&self, host: IpAddr, connections_max: usize) -> Option<Place> {
        let mut hosts = self.counts();
        let count = hosts.entry(host).or_default();
        if *count >= (connections_max / 4 * 3).max(1) {
            return None;
        }
        *count += 1;
        Some(Place(self.clone(), host))
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut hosts = self.0.counts();
        if let Some(count) = hosts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                hosts.remove(&self.1);
            }
        }
    }
}

/// A reply.
struct Answered {
    reply: Reply,
    request_id: Option<RawJson>,
    /// The requests behind it had to wait for it.
    in_order: bool,
    /// Held until a large reply is written.
    _permits: [Option<OwnedSemaphorePermit>; 3],
}

impl<H: Handler> ServedConnection<H> {
    async fn serve(self, stream: TcpStream, budget: Arc<Semaphore>) {
        let first = at_once::read(&stream);
        let (read, mut write) = stream.into_split();
        let limits = &self.limits;
        let mut reader =
            FrameReader::new(read, first, limits.frame_bytes_max, budget, limits.frame_timeout, limits.idle_timeout);
        let mut requests = FuturesUnordered::new();
        // A request without an id must be answered before the next one is read.
        let mut in_order = false;
        // What the client asked for goes on only as long as somebody waits for it.
        let mut is_awaited = false;
        let (mut open, mut is_first_reply) = (true, true);
        while open || !requests.is_empty() {
            let must_wait = in_order || requests.len() >= limits.requests_max;
            tokio::select! {
                // What is answered at once is sent before anything else is looked for.
                biased;
                Some(answered) = requests.next(), if !requests.is_empty() => {
                    let mut ready = vec![answered];
                    while let Some(Some(answered)) = requests.next().now_or_never() {
                        ready.push(answered);
                    }
                    in_order &= !ready.iter().any(|answered: &Answered| answered.in_order);
                    if !self.send(&mut write, reader.framing(), &ready, &mut is_first_reply).await {
                        return;
                    }
                }
                () = self.stopping.cancelled(), if open => open = false,
                frame = next_or_gone(&mut reader, must_wait), if open && (is_awaited || !in_order) => {
                    // What else has come already is taken along.
                    let mut frame = match frame {
                        None => return write.forget(),
                        Some(Ok(envelope)) => Ok(Some(envelope)),
                        Some(Err(error)) => Err(error),
                    };
                    let (mut ready, mut ready_bytes) = (Vec::new(), 0);
                    while let Ok(Some(envelope)) = frame {
                        is_awaited = envelope.request.as_ref().is_ok_and(is_long);
                        match self.answer_at_once(envelope) {
                            Ok(answered) => {
                                ready_bytes += about_bytes(&answered.reply);
                                ready.push(answered);
                            }
                            Err(envelope) => {
                                in_order = envelope.request_id.is_none();
                                requests.push(self.answer(envelope));
                            }
                        }
                        let under_way = requests.len() + ready.len();
                        let has_room = !in_order && under_way < limits.requests_max && ready_bytes < TOGETHER_BYTES;
                        frame = if has_room { reader.buffered(Request::parse) } else { Ok(None) };
                    }
                    if !ready.is_empty() && !self.send(&mut write, reader.framing(), &ready, &mut is_first_reply).await {
                        return;
                    }
                    match frame {
                        Ok(_) => {}
                        // A reset connection has nobody to answer; what it asked for is dropped.
                        Err(ReadError::Io(_)) => return write.forget(),
                        Err(ReadError::Idle(_)) if !requests.is_empty() => {}
                        // Who sends many requests on one connection reads to its end: this client is gone, and what it
                        // asked for is dropped. A shell's `nc` closes its sending side and still reads.
                        Err(ReadError::Closed) if reader.framing() == Some(Framing::Lengths) => return write.forget(),
                        Err(error) => {
                            open = false;
                            if let Some(refusal) = refusal(&error) {
                                let (reply, request_id) = (refusal.into(), None);
                                let last = Answered { reply, request_id, in_order: false, _permits: [None, None, None] };
                                let _ = self.write(&mut write, reader.framing(), &[last]).await;
                            }
                        }
                    }
                }
            }
        }
        let _ = timeout(limits.write_timeout, write.shutdown()).await;
    }

    /// Sends these replies, and tells whether they could be sent.
    async fn send(
        &self,
        write: &mut OwnedWriteHalf,
        framing: Option<Framing>,
        replies: &[Answered],
        is_first: &mut bool,
    ) -> bool {
        if let Err(error) = self.write(write, framing, replies).await {
            debug!(from = %self.from, %error, "a reply could not be sent");
            return false;
        }
        if std::mem::take(is_first) {
            // Only those that follow could be held back, and many connections have one.
            let _ = write.as_ref().set_nodelay(true);
        }
        true
    }

    /// Sends these replies, short ones together.
    async fn write(
        &self,
        write: &mut OwnedWriteHalf,
        framing: Option<Framing>,
        replies: &[Answered],
    ) -> io::Result<()> {
        let framing = framing.unwrap_or(Framing::Lengths);
        let mut bytes = Vec::new();
        for (index, reply) in replies.iter().enumerate() {
            let encoded = frame_of(framing, &reply.reply, reply.request_id.as_ref()).or_else(|error| {
                let refusal = Refusal::new(ErrorCode::FrameTooLong, format!("the reply is too long: {error}"));
                frame_of(framing, &refusal.into(), None).map_err(io::Error::other)
            })?;
            if bytes.is_empty() {
                bytes = encoded;
            } else {
                bytes.extend_from_slice(&encoded);
            }
            if bytes.len() < TOGETHER_BYTES && index + 1 < replies.len() {
                continue;
            }
            let written = at_once::write((*write).as_ref(), &bytes);
            let rest = &bytes[written..];
            // The client must go on reading, and it must end: others wait for the room that a long reply takes.
            let whole = self.limits.write_timeout + Duration::from_secs(rest.len() as u64 / RATE_BYTES_MIN);
            let writing = async {
                for part in rest.chunks(BUDGET_STEP_BYTES) {
                    timeout(self.limits.write_timeout, write.write_all(part))
                        .await
                        .map_err(|_| io::ErrorKind::TimedOut)??;
                }
                io::Result::Ok(())
            };
            timeout(whole, writing).await.map_err(|_| io::ErrorKind::TimedOut)??;
            bytes.clear();
        }
        Ok(())
    }

    /// The reply to a request that takes no waiting; any other request comes back.
    #[expect(clippy::result_large_err, reason = "it is the request, on its way to where it is handled")]
    fn answer_at_once(&self, envelope: Envelope) -> Result<Answered, Envelope> {
        let Envelope { request_id, request } = envelope;
        let in_order = request_id.is_none();
        let reply = match request {
            Ok(request) => {
                let handling = AssertUnwindSafe(|| self.handler.handle_at_once(request, self.from));
                match std::panic::catch_unwind(handling) {
                    Ok(Ok(reply)) => reply,
                    Ok(Err(request)) => return Err(Envelope { request_id, request: Ok(request) }),
                    Err(_) => panicked(),
                }
            }
            Err(refusal) => refusal.into(),
        };
        Ok(Answered { reply, request_id, in_order, _permits: [None, None, None] })
    }

    /// One request, from its words to its reply.
    fn answer(&self, envelope: Envelope) -> impl Future<Output = Answered> + Send + use<H> {
        let (handler, from) = (Arc::clone(&self.handler), self.from);
        let (large_replies, reply_budget) = (Arc::clone(&self.large_replies), Arc::clone(&self.reply_budget));
        let own_large_replies = Arc::clone(&self.own_large_replies);
        let under_way = Arc::clone(&self.under_way);
        under_way.fetch_add(1, Ordering::Relaxed);
        let reply_steps_max = self.limits.reply_bytes_max / BUDGET_STEP_BYTES;
        async move {
            let Envelope { request_id, request } = envelope;
            let in_order = request_id.is_none();
            let own_permit = match &request {
                Ok(request) if is_of_a_file(request) => own_large_replies.acquire_owned().await.ok(),
                _ => None,
            };
            let permit = match &request {
                Ok(request) if has_large_reply(request) => large_replies.acquire_owned().await.ok(),
                _ => None,
            };
            let reply = match request {
                Ok(request) => {
                    let alone = under_way.load(Ordering::Relaxed) == 1;
                    handled(&*handler, request, from, alone).await
                }
                Err(refusal) => refusal.into(),
            };
            under_way.fetch_sub(1, Ordering::Relaxed);
            let steps = u32::try_from((reply.bytes() / BUDGET_STEP_BYTES).min(reply_steps_max)).unwrap_or(u32::MAX);
            let room = if steps == 0 { None } else { reply_budget.acquire_many_owned(steps).await.ok() };
            Answered { reply, request_id, in_order, _permits: [own_permit, permit, room] }
        }
    }
}

/// The next frame; while a reply is due first, `None` once nobody waits for it any more.
async fn next_or_gone<R: AsyncRead + Unpin>(
    reader: &mut FrameReader<R>,
    must_wait: bool,
) -> Option<Result<Envelope, ReadError>> {
    if must_wait {
        reader.gone().await;
        return None;
    }
    Some(reader.next(Request::parse).await)
}

/// Requests that may take long, and that do nothing for anybody but the one who waits for the reply.
fn is_long(request: &Request) -> bool {
    matches!(request, Request::CpuTask(_) | Request::BatchTask(_) | Request::WaitTask(_) | Request::TaskOutput(_))
}

/// A client that asks for many of these and does not read must not fill the memory with their replies.
fn has_large_reply(request: &Request) -> bool {
    matches!(request, Request::GetFile(_) | Request::GetFileChunk(_) | Request::GetMem(_) | Request::TaskHistory(_))
}

/// Each of these may be as large as a frame.
fn is_of_a_file(request: &Request) -> bool {
    matches!(request, Request::GetFile(_) | Request::GetFileChunk(_))
}

/// About what a short reply takes: what it tells, and the names around that.
fn about_bytes(reply: &Reply) -> usize {
    const NAMES_BYTES: usize = 256;
    let told = match reply {
        Reply::MemResponse(found) => found.key.as_str().len() + found.value.get().len(),
        Reply::Error(refusal) => refusal.error.len(),
        reply => reply.bytes(),
    };
    NAMES_BYTES + told
}

/// A panic of the handler ends this request, not the connection.
async fn handled<H: Handler>(handler: &H, request: Request, from: SocketAddr, alone: bool) -> Reply {
    let handling = AssertUnwindSafe(handler.handle(request, from, alone)).catch_unwind();
    handling.await.unwrap_or_else(|_| panicked())
}

fn panicked() -> Reply {
    warn!("a request's handler panicked");
    Refusal::new(ErrorCode::Internal, "the node failed to answer; its log says how").into()
}

fn refusal(error: &ReadError) -> Option<Refusal> {
    let code = match error {
        ReadError::Closed | ReadError::Idle(_) | ReadError::Io(_) => return None,
        ReadError::Frame(FrameError::TooLong { .. }) => ErrorCode::FrameTooLong,
        ReadError::Frame(FrameError::Tls) => ErrorCode::TlsUnavailable,
        ReadError::Frame(FrameError::NotUtf8) | ReadError::CutOff => ErrorCode::BadFrame,
        ReadError::Slow(_) => ErrorCode::Timeout,
        ReadError::Busy => ErrorCode::Unavailable,
    };
    Some(Refusal::new(code, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::{io::AsyncReadExt, task::JoinHandle};

    /// A client of a server with this handler, what stops that, and its end.
    async fn client_of<H: Handler>(handler: Arc<H>) -> (TcpStream, CancellationToken, JoinHandle<()>) {
        let server = Server::bind(([127, 0, 0, 1], 0).into(), ServerLimits::default()).await.unwrap();
        let (address, stop) = (server.local_addr(), CancellationToken::new());
        let serving = tokio::spawn(server.run(handler, stop.clone(), stop.clone()));
        (TcpStream::connect(address).await.unwrap(), stop, serving)
    }

    /// Answers with more than the sockets' buffers hold.
    struct Talkative;

    impl Handler for Talkative {
        async fn handle(&self, _: Request, _: SocketAddr, _: bool) -> Reply {
            Refusal::bad_request("x".repeat(32 << 20)).into()
        }
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_cut_off() {
        let limits = ServerLimits { write_timeout: Duration::from_millis(100), ..ServerLimits::default() };
        let server = Server::bind(([127, 0, 0, 1], 0).into(), limits).await.unwrap();
        let address = server.local_addr();
        let (stop, now) = (CancellationToken::new(), CancellationToken::new());
        let serving = tokio::spawn(server.run(Arc::new(Talkative), stop.clone(), now.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"{\"type\":\"PING\"}\n").await.unwrap();
        client.readable().await.unwrap();
        stop.cancel();
        // The server ends although nobody reads and nobody tells it to stop now.
        tokio::time::timeout(Duration::from_secs(20), serving).await.unwrap().unwrap();
        let mut received = Vec::new();
        let _ = client.read_to_end(&mut received).await;
        assert!(received.len() < 32 << 20);
    }

    /// Begins with files and never ends.
    #[derive(Default)]
    struct Endless(AtomicUsize);

    impl Handler for Endless {
        async fn handle(&self, request: Request, _: SocketAddr, _: bool) -> Reply {
            if matches!(request, Request::GetFile(_)) {
                self.0.fetch_add(1, Ordering::Relaxed);
                std::future::pending::<()>().await;
            }
            Reply::Pong(sandlot_protocol::reply::Pong {})
        }
    }

    #[tokio::test]
    async fn a_connection_has_few_requests_for_files_under_way() {
        let handler = Arc::new(Endless::default());
        let (mut client, stop, serving) = client_of(Arc::clone(&handler)).await;
        let files = (0..LARGE_REPLIES_A_CONNECTION + 3)
            .map(|id| format!("{{\"type\":\"GET_FILE\",\"filename\":\"f\",\"request_id\":{id}}}\n"));
        let requests = files.collect::<String>() + "{\"type\":\"PING\",\"request_id\":99}\n";
        client.write_all(requests.as_bytes()).await.unwrap();
        let mut byte = [0];
        client.read_exact(&mut byte).await.unwrap();
        // The last one is answered, so the ones before it have had their turn.
        assert_eq!(handler.0.load(Ordering::Relaxed), LARGE_REPLIES_A_CONNECTION);
        stop.cancel();
        serving.await.unwrap();
    }

    /// Fails at one kind of request.
    struct Fragile;

    impl Handler for Fragile {
        async fn handle(&self, request: Request, _: SocketAddr, _: bool) -> Reply {
            assert!(matches!(request, Request::Ping(_)), "this is told to the log");
            Reply::Pong(sandlot_protocol::reply::Pong {})
        }
    }

    #[tokio::test]
    async fn a_panic_ends_its_request_and_nothing_else() {
        let (mut client, stop, serving) = client_of(Arc::new(Fragile)).await;
        client.write_all(b"{\"type\":\"STATUS\"}\n{\"type\":\"PING\"}\n").await.unwrap();
        let mut received = String::new();
        client.shutdown().await.unwrap();
        client.read_to_string(&mut received).await.unwrap();
        let lines: Vec<_> = received.lines().collect();
        assert!(lines[0].contains("internal") && lines[1].contains("PONG"), "{received}");
        stop.cancel();
        serving.await.unwrap();
    }

    /// Answers PING at once, fails at STATUS, and never ends with anything else.
    struct Quick;

    impl Handler for Quick {
        async fn handle(&self, _: Request, _: SocketAddr, _: bool) -> Reply {
            std::future::pending().await
        }

        fn handle_at_once(&self, request: Request, _: SocketAddr) -> Result<Reply, Request> {
            assert!(!matches!(request, Request::Status(_)), "this is told to the log");
            if matches!(request, Request::Ping(_)) {
                Ok(Reply::Pong(sandlot_protocol::reply::Pong {}))
            } else {
                Err(request)
            }
        }
    }

    #[tokio::test]
    async fn what_takes_no_waiting_passes_what_does() {
        let (mut client, stop, serving) = client_of(Arc::new(Quick)).await;
        let requests = ["PING", "LIST_FILES", "STATUS", "NONSENSE", "PING"].iter().enumerate();
        let requests: String =
            requests.map(|(id, kind)| format!("{{\"type\":\"{kind}\",\"request_id\":{id}}}\n")).collect();
        // The one behind them must wait for the last one, which never ends.
        let requests = requests + "{\"type\":\"PING\"}\n{\"type\":\"LIST_FILES\"}\n{\"type\":\"PING\"}\n";
        client.write_all(requests.as_bytes()).await.unwrap();
        let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(&mut client));
        for expected in ["\"request_id\":0", "internal", "\"request_id\":3", "\"request_id\":4", "PONG"] {
            let line = lines.next_line().await.unwrap().unwrap();
            assert!(line.contains(expected), "{line}");
        }
        stop.cancel();
        serving.await.unwrap();
        assert_eq!(lines.next_line().await.unwrap_or_default(), None);
    }

    #[tokio::test]
    async fn more_requests_than_may_be_under_way_are_all_answered() {
        let (mut client, stop, serving) = client_of(Arc::new(Quick)).await;
        let count = ServerLimits::default().requests_max * 3;
        let requests: String = (0..count).map(|id| format!("{{\"type\":\"PING\",\"request_id\":{id}}}\n")).collect();
        client.write_all(requests.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut received = String::new();
        client.read_to_string(&mut received).await.unwrap();
        assert_eq!(received.lines().filter(|line| line.contains("PONG")).count(), count);
        stop.cancel();
        serving.await.unwrap();
    }
}
