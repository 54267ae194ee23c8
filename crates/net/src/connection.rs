//! One connection to a node, many requests at a time.
//!
//! Replies are matched by `request_id`. A node that does not send the id back (existing ones do not) answers in order,
//! so its reply belongs to the oldest request.

use crate::reader::{FrameReader, ReadError};
use bytes::BytesMut;
use sandlot_protocol::{
    Address, Refusal, Reply, Request,
    frame::{self, FrameError, Framing},
    limits::FRAME_BYTES_MAX,
    reply::ReplyEnvelope,
};
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, tcp},
    sync::{Notify, Semaphore, oneshot},
    task::JoinSet,
    time::timeout,
};

/// A reply that has begun must be there within this time (longer for large ones).
const FRAME_TIMEOUT: Duration = Duration::from_secs(30);
/// A node that does not read for this time is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// A kept connection without a reply ends after this time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// Mebibytes that one client buffers.
const BUFFER_MIB_MAX: usize = 1024;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Nobody listens there, or the network refuses.
    #[error("cannot connect to {address}: {error}")]
    Connect {
        /// Where.
        address: Address,
        /// Why.
        error: io::Error,
    },
    /// The connection ended before the reply.
    #[error("{address} closed the connection before it replied: {reason}")]
    Lost {
        /// Who.
        address: Address,
        /// How.
        reason: String,
    },
    /// The request is too large for a frame.
    #[error(transparent)]
    TooLarge(#[from] FrameError),
    /// The reply is not one.
    #[error("{address} sent a reply that cannot be read: {refusal}")]
    BadReply {
        /// Who.
        address: Address,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// It took too long.
    #[error("{address} did not reply within {within:?}")]
    Timeout {
        /// Who.
        address: Address,
        /// How long was waited.
        within: Duration,
    },
}

type Waiting = Mutex<BTreeMap<u64, oneshot::Sender<Result<Reply, Refusal>>>>;

/// An open connection. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    address: Address,
    shared: Arc<Shared>,
    next_id: AtomicU64,
    /// The task that reads, and the one that finishes what nobody sends; they end with the connection.
    _tasks: JoinSet<()>,
}

/// The sending side, and what of the frames before is still to be sent.
#[derive(Debug)]
struct Sender {
    write: tcp::OwnedWriteHalf,
    bytes: Vec<u8>,
    sent: usize,
}

#[derive(Debug)]
struct Shared {
    sender: tokio::sync::Mutex<Sender>,
    /// Whoever was sending has given up.
    unsent: Notify,
    /// Requests that are to be sent next: id and frame.
    outgoing: Mutex<Vec<(u64, Vec<u8>)>>,
    waiting: Waiting,
    /// The node sends ids back, so that many requests can be under way.
    sends_ids: AtomicBool,
    closed: Mutex<Option<String>>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody answers there within `within`.
    pub async fn open(address: &Address, within: Duration) -> Result<Self, NetError> {
        let connect = |error| NetError::Connect { address: address.clone(), error };
        let opening = TcpStream::connect((address.host(), address.port()));
        let stream = timeout(within, opening)
            .await
            .map_err(|_| connect(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {within:?}"))))?
            .map_err(connect)?;
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        let shared = Arc::new(Shared {
            sender: tokio::sync::Mutex::new(Sender { write, bytes: Vec::new(), sent: 0 }),
            unsent: Notify::new(),
            outgoing: Mutex::default(),
            waiting: Mutex::default(),
            sends_ids: AtomicBool::new(false),
            closed: Mutex::default(),
        });
        let budget = Arc::new(Semaphore::new(BUFFER_MIB_MAX));
        let reader = FrameReader::new(read, BytesMut::new(), FRAME_BYTES_MAX, budget, FRAME_TIMEOUT, IDLE_TIMEOUT);
        let mut tasks = JoinSet::new();
        tasks.spawn(read_replies(reader, Arc::clone(&shared)));
        tasks.spawn(finish_sending(Arc::clone(&shared)));
        Ok(Self { address: address.clone(), shared, next_id: AtomicU64::new(1), _tasks: tasks })
    }

    /// Whether more requests can be sent while others wait: the node has shown that it sends ids back.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.sends_ids.load(Ordering::Relaxed) && !self.is_closed()
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Sends one request and waits for its reply, for as long as it takes.
    ///
    /// # Errors
    /// When the connection ends first, or the reply cannot be read.
    pub async fn ask(&self, request: &Request) -> Result<Reply, NetError> {
        let (sender, receiver) = oneshot::channel();
        let (id, is_alone) = self.queue(request, sender)?;
        let _forget = Forget { shared: &self.shared, id };
        if !is_alone {
            // Who asks at the same moment is sent along.
            tokio::task::yield_now().await;
        }
        {
            let mut unsent = Unsent { shared: &self.shared, is_sent: false };
            self.shared.send().await;
            unsent.is_sent = true;
        }
        // The reader may have ended just before this request was put on its list.
        if self.is_closed() {
            self.shared.wake_all();
        }
        match receiver.await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(refusal)) => Err(NetError::BadReply { address: self.address.clone(), refusal }),
            Err(_) => Err(NetError::Lost { address: self.address.clone(), reason: self.shared.reason() }),
        }
    }

    /// Puts a request behind those that are to be sent next. Tells its id, and whether no other is under way.
    fn queue(
        &self,
        request: &Request,
        sender: oneshot::Sender<Result<Reply, Refusal>>,
    ) -> Result<(u64, bool), NetError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = frame::encode_with(Framing::Lengths, |bytes| request.append_json(Some(id), bytes))?;
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(id, sender);
        let is_alone = waiting.len() == 1;
        drop(waiting);
        self.shared.outgoing().push((id, frame));
        Ok((id, is_alone))
    }
}

/// Takes the request off the lists when nobody waits for its reply any more.
struct Forget<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        self.shared.outgoing().retain(|(id, _)| *id != self.id);
    }
}

/// Whoever sends, sends everybody's requests: what is left when one gives up is finished by the connection.
struct Unsent<'a> {
    shared: &'a Shared,
    is_sent: bool,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if !self.is_sent {
            self.shared.unsent.notify_one();
        }
    }
}

impl Shared {
    /// Ends every request that waits.
    fn close(&self, reason: &str) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.to_owned());
        self.wake_all();
    }

    fn is_closed(&self) -> bool {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn outgoing(&self) -> MutexGuard<'_, Vec<(u64, Vec<u8>)>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is to be sent. Given up at any moment, it leaves what somebody else can go on with.
    async fn send(&self) {
        let mut sender = self.sender.lock().await;
        while !self.is_closed() {
            let Sender { write, bytes, sent } = &mut *sender;
            if *sent == bytes.len() {
                (*bytes, *sent) = (self.next_bytes(), 0);
                if bytes.is_empty() {
                    return;
                }
            }
            match timeout(WRITE_TIMEOUT, write.write(&bytes[*sent..])).await {
                Ok(Ok(0)) => self.close("it takes no more"),
                Ok(Ok(count)) => *sent += count,
                Ok(Err(error)) => self.close(&error.to_string()),
                Err(_) => self.close(&format!("it did not read for {WRITE_TIMEOUT:?}")),
            }
        }
    }

    /// What is to be sent next.
    fn next_bytes(&self) -> Vec<u8> {
        let mut frames = std::mem::take(&mut *self.outgoing()).into_iter().map(|(_, frame)| frame);
        let mut bytes = frames.next().unwrap_or_default();
        frames.for_each(|frame| bytes.extend_from_slice(&frame));
        bytes
    }

    fn wake_all(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn reason(&self) -> String {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.clone().unwrap_or_else(|| "the connection was closed".to_owned())
    }

    fn take(&self, envelope: &ReplyEnvelope) -> Option<oneshot::Sender<Result<Reply, Refusal>>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match &envelope.request_id {
            Some(id) => {
                self.sends_ids.store(true, Ordering::Relaxed);
                id.get().parse().ok().and_then(|id: u64| waiting.remove(&id))
            }
            None => waiting.pop_first().map(|(_, sender)| sender),
        }
    }
}

async fn finish_sending(shared: Arc<Shared>) {
    loop {
        shared.unsent.notified().await;
        shared.send().await;
    }
}

async fn read_replies(mut reader: FrameReader<tcp::OwnedReadHalf>, shared: Arc<Shared>) {
    let error: ReadError = loop {
        match reader.next(Reply::parse).await {
            Ok(envelope) => {
                if let Some(sender) = shared.take(&envelope) {
                    // Nobody may be waiting any more.
                    let _ = sender.send(envelope.reply);
                }
            }
            Err(error) => break error,
        }
    };
    shared.close(&error.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandlot_protocol::{
        raw_json,
        request::{Nothing, SetMem},
    };
    use tokio::{io::AsyncReadExt, net::TcpListener};

    async fn next_frame(stream: &mut TcpStream) -> serde_json::Value {
        let mut frame = vec![0; stream.read_u32().await.unwrap() as usize];
        stream.read_exact(&mut frame).await.unwrap();
        serde_json::from_slice(&frame).unwrap()
    }

    #[tokio::test]
    async fn a_request_given_up_half_sent_takes_no_other_with_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::from(listener.local_addr().unwrap());
        let connection = Connection::open(&address, WRITE_TIMEOUT).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        // More than the machine's buffers take.
        let value = raw_json(format!("\"{}\"", "x".repeat(24 << 20))).unwrap();
        let large = Request::SetMem(SetMem { key: "k".parse().unwrap(), value, ttl_ms: None, if_version: None });
        let mut byte = [0];
        tokio::select! {
            reply = connection.ask(&large) => panic!("nobody answers it: {reply:?}"),
            begun = stream.peek(&mut byte) => assert_eq!(begun.unwrap(), 1),
        }
        let served = async {
            let first = next_frame(&mut stream).await;
            assert_eq!(first["key"], "k");
            let second = next_frame(&mut stream).await;
            let reply = serde_json::json!({"type": "PONG", "request_id": second["request_id"]}).to_string();
            stream.write_u32(u32::try_from(reply.len()).unwrap()).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
        };
        let ping = Request::Ping(Nothing {});
        let (reply, ()) = tokio::join!(connection.ask(&ping), served);
        assert!(matches!(reply, Ok(Reply::Pong(_))), "{reply:?}");
    }
}
