//! One node: connections kept open, requests under way side by side.

use sandlot_net::{Connection, NetError, clock};
use sandlot_protocol::{Address, CpuResult, CpuTask, Refusal, Reply, Request, StatusReply, TaskId, request::Nothing};
use std::{
    cell::RefCell,
    io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// A node that does not answer a connection within this time is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// While a reply is awaited, the node is asked this often whether it is still there, and has as long to say so.
const ALIVE_EVERY: Duration = Duration::from_secs(3);
/// A node that did not say so this often in a row is not there.
const ALIVE_MISSES_MAX: u32 = 2;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The node could not be asked.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The node refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The node answered something else.
    #[error("{address} answered with an unexpected message")]
    Unexpected {
        /// Who.
        address: Address,
    },
}

/// Asks one node.
#[derive(Debug)]
pub struct Client {
    address: Address,
    kept: Mutex<Option<Arc<Connection>>>,
    /// The node was met, and answers many requests on one connection. Existing nodes do not.
    is_ours: OnceLock<bool>,
    /// Requests under way on connections that nobody shares yet.
    first_contacts: AtomicUsize,
    /// Held by the one who opens the connection that is shared.
    opening: tokio::sync::Mutex<()>,
    attempts: Mutex<Attempts>,
    /// When the node was last asked whether it is there, and whether it was: one answer serves all who wait.
    seen: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

/// Attempts to open the connection that is shared.
#[derive(Debug, Clone, Default)]
struct Attempts {
    count: u64,
    /// Why the last one failed.
    failure: Option<String>,
}

impl Client {
    /// Nothing is connected before the first request.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            kept: Mutex::new(None),
            is_ours: OnceLock::new(),
            first_contacts: AtomicUsize::new(0),
            opening: tokio::sync::Mutex::new(()),
            attempts: Mutex::default(),
            seen: tokio::sync::Mutex::new(None),
        }
    }

    /// The node that is asked.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Asks, and waits as long as the node is there.
    ///
    /// # Errors
    /// When the node cannot be asked, goes away, or refuses.
    pub async fn ask(&self, request: &Request) -> Result<Reply, ClientError> {
        let kept = self.kept();
        let reply = match &kept {
            Some(connection) => match self.ask_on(connection, request).await {
                // The node may have closed a connection that was idle: that is no answer to this request.
                Err(NetError::Lost { .. }) if is_repeatable(request) => self.ask_first(request).await,
                reply => reply,
            },
            None => self.ask_first(request).await,
        };
        match reply? {
            Reply::Error(refusal) => Err(refusal.into()),
            reply => Ok(reply),
        }
    }

    /// Asks, and waits at most this long.
    ///
    /// # Errors
    /// As `ask`, or when the time is over.
    pub async fn ask_within(&self, request: &Request, within: Duration) -> Result<Reply, ClientError> {
        match timeout(within, self.ask(request)).await {
            Ok(reply) => reply,
            Err(_) => Err(NetError::Timeout { address: self.address.clone(), within }.into()),
        }
    }

    /// Runs a task on this node, or where this node sends it.
    ///
    /// # Errors
    /// When the node cannot be asked or refuses. That the task failed is no error: its outcome says so.
    pub async fn run(&self, task: CpuTask) -> Result<CpuResult, ClientError> {
        if self.is_ours.get().is_none() {
            self.shared().await?;
        }
        match self.ask(&Request::CpuTask(task)).await? {
            Reply::CpuResult(result) => Ok(Arc::unwrap_or_clone(result)),
            _ => Err(self.unexpected()),
        }
    }

    /// Asks for something whose answer is a STATUS.
    ///
    /// # Errors
    /// When the node cannot be asked or refuses.
    pub async fn status(&self, request: &Request) -> Result<StatusReply, ClientError> {
        match self.ask(request).await? {
            Reply::Status(status) => Ok(status),
            _ => Err(self.unexpected()),
        }
    }

    /// Whether requests share a connection: the node has shown that it answers many at a time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.kept().is_some()
    }

    /// The node answered something else.
    #[must_use]
    pub fn unexpected(&self) -> ClientError {
        ClientError::Unexpected { address: self.address.clone() }
    }

    /// There is no connection yet, or no longer. The first request opens one; those that come meanwhile share another,
    /// where the node allows it, instead of opening one each.
    async fn ask_first(&self, request: &Request) -> Result<Reply, NetError> {
        let first = FirstContact::begin(&self.first_contacts);
        if first.others > 0
            && let Some(shared) = self.shared().await?
        {
            return self.ask_on(&shared, request).await;
        }
        self.ask_anew(request).await
    }

    /// The connection that is shared, where the node allows it. One of those who want it opens it, and if that fails, it
    /// has failed for all of them.
    async fn shared(&self) -> Result<Option<Arc<Connection>>, NetError> {
        if self.is_ours.get() == Some(&false) {
            return Ok(None);
        }
        let before = self.attempts().count;
        let _only_one = self.opening.lock().await;
        if self.kept().is_none() {
            let failed =
                Some(self.attempts()).filter(|attempts| attempts.count != before).and_then(|last| last.failure);
            if let Some(failure) = failed {
                let error = io::Error::other(format!("it was tried a moment ago: {failure}"));
                return Err(NetError::Connect { address: self.address.clone(), error });
            }
            let met = self.meet().await;
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            attempts.count += 1;
            attempts.failure = met.as_ref().err().map(ToString::to_string);
            drop(attempts);
            // It may be known by now.
            let _ = self.is_ours.set(met?);
        }
        Ok(self.kept())
    }

    fn attempts(&self) -> Attempts {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask_anew(&self, request: &Request) -> Result<Reply, NetError> {
        let connection = Arc::new(Connection::open(&self.address, CONNECT_TIMEOUT).await?);
        let reply = self.ask_on(&connection, request).await;
        if connection.is_shared() {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
        reply
    }

    /// Finds out how the node speaks, so that it can be asked later whether it is still there.
    async fn meet(&self) -> Result<bool, NetError> {
        let connection = Arc::new(Connection::open(&self.address, CONNECT_TIMEOUT).await?);
        match timeout(ALIVE_EVERY, connection.ask(&Request::Ping(Nothing {}))).await {
            Ok(Ok(_) | Err(NetError::BadReply { .. })) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(NetError::Timeout { address: self.address.clone(), within: ALIVE_EVERY }),
        }
        let is_ours = connection.is_shared();
        if is_ours {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
        Ok(is_ours)
    }

    /// A node of ours that hangs is found out by asking it meanwhile whether it is there. An existing node may serve one
    /// request at a time, so it is waited for as long as its connection lives.
    async fn ask_on(&self, connection: &Connection, request: &Request) -> Result<Reply, NetError> {
        let reply = connection.ask(request);
        tokio::pin!(reply);
        let mut misses = 0;
        loop {
            if let Ok(reply) = timeout(ALIVE_EVERY, &mut reply).await {
                return reply;
            }
            if self.is_ours.get() != Some(&true) {
                continue;
            }
            tokio::select! {
                reply = &mut reply => return reply,
                is_there = self.is_there() => misses = if is_there { 0 } else { misses + 1 },
            }
            if misses >= ALIVE_MISSES_MAX {
                let within = ALIVE_EVERY * ALIVE_MISSES_MAX;
                return Err(NetError::Timeout { address: self.address.clone(), within });
            }
        }
    }

    /// Asked on a connection of its own: the others may be full of requests, or busy with a large one.
    async fn is_there(&self) -> bool {
        let mut seen = self.seen.lock().await;
        if let Some((at, is_there)) = *seen
            && clock::now().saturating_duration_since(at) < ALIVE_EVERY
        {
            return is_there;
        }
        let asking = async {
            let connection = Connection::open(&self.address, ALIVE_EVERY).await?;
            connection.ask(&Request::Ping(Nothing {})).await
        };
        let is_there = matches!(timeout(ALIVE_EVERY, asking).await, Ok(Ok(_) | Err(NetError::BadReply { .. })));
        *seen = Some((clock::now(), is_there));
        is_there
    }

    fn kept(&self) -> Option<Arc<Connection>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take_if(|connection| !connection.is_shared());
        kept.clone()
    }
}

/// A request on a connection of its own.
struct FirstContact<'a> {
    count: &'a AtomicUsize,
    /// How many there were before it.
    others: usize,
}

impl<'a> FirstContact<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        Self { others: count.fetch_add(1, Ordering::Relaxed), count }
    }
}

impl Drop for FirstContact<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether asking twice does what asking once does.
fn is_repeatable(request: &Request) -> bool {
    match request {
        Request::CpuTask(task) => task.task_id.is_some(),
        Request::BatchTask(batch) => batch.tasks.iter().all(|task| task.task_id.is_some()),
        Request::SetMem(set) => set.if_version.is_none(),
        Request::DeleteMem(delete) => delete.if_version.is_none(),
        _ => true,
    }
}

/// Random bytes that a thread asks the machine for at one time.
const RANDOM_BYTES: usize = 512;
const ID_BYTES: usize = 16;

thread_local! {
    /// Random bytes that were not used yet.
    static RANDOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A task id that nobody else has: `T` and 128 random bits.
///
/// # Panics
/// When the machine has no entropy.
#[must_use]
pub fn new_task_id() -> TaskId {
    let bytes = RANDOM.with_borrow_mut(|random| {
        if random.len() < ID_BYTES {
            random.resize(RANDOM_BYTES, 0);
            getrandom::fill(random).expect("the machine has entropy");
        }
        random.split_off(random.len() - ID_BYTES)
    });
    let number = bytes.try_into().map(u128::from_le_bytes).expect("as many bytes as an id has");
    format!("T{number:032x}").parse().expect("a task id")
}
