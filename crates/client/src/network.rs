//! The network as a whole: tasks spread over all living peers, and run elsewhere when one is lost.

use crate::{Client, ClientError};
use sandlot_net::{NetError, clock};
use sandlot_protocol::{Address, CpuResult, CpuTask, ErrorCode, Outcome, Request, request::Nothing};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, time::timeout};

/// A node that takes longer to say who there is, is asked later.
const ASK_TIMEOUT: Duration = Duration::from_secs(3);
/// A peer that was lost is tried again after so long at first, and twice as long each time up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A task that was lost with its peer so often is not tried again: perhaps they do not survive it.
const LOST_MAX: u32 = 10;

/// Why a task did not run anywhere.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A peer refused the task, as every other would.
    #[error(transparent)]
    Refused(#[from] ClientError),
    /// No peer took it within the time.
    #[error("no peer took the task for {0:?}; the last thing that went wrong: {1}")]
    NoPeers(Duration, String),
    /// Each peer that took it was lost.
    #[error("the task was lost with its peer {0} times; the last time: {1}")]
    Lost(u32, String),
}

/// Every living peer.
#[derive(Debug)]
pub struct Network {
    state: Mutex<State>,
    /// Somebody may have room again.
    changed: Notify,
    /// A task that no peer takes for so long is given up.
    patience: Duration,
    lost_max: u32,
}

#[derive(Debug, Default)]
struct State {
    peers: BTreeMap<Address, Peer>,
    tracker: Option<Arc<Client>>,
    lost: u64,
}

#[derive(Debug)]
struct Peer {
    client: Arc<Client>,
    in_flight: usize,
    failures: u32,
    /// It was lost, or had no room: not asked before this time.
    not_before: Option<Instant>,
    /// The tracker no longer knows it.
    is_gone: bool,
}

impl Network {
    /// Knows this peer, or the tracker; `refresh` finds the others.
    #[must_use]
    pub fn new(peer: Address, patience: Duration) -> Self {
        let network = Self { state: Mutex::default(), changed: Notify::new(), patience, lost_max: LOST_MAX };
        network.state().meet(peer);
        network
    }

    /// Asks who there is: a known peer for its tracker, and the tracker for the living peers. What cannot be asked now
    /// leaves what was known.
    ///
    /// # Errors
    /// When no known peer can be asked and no tracker is known.
    pub async fn refresh(&self) -> Result<(), ClientError> {
        if self.state().tracker.is_none() {
            self.find_tracker().await?;
        }
        let tracker = self.state().tracker.clone();
        let Some(tracker) = tracker else { return Ok(()) };
        let Ok(status) = timeout(ASK_TIMEOUT, tracker.status(&Request::Status(Nothing {}))).await else {
            return Ok(());
        };
        let Ok(status) = status else { return Ok(()) };
        let living: Vec<Living> = status.get("peers").unwrap_or_default();
        let living: Vec<Address> = living.into_iter().map(|peer| Address::new(peer.ip, peer.port)).collect();
        let mut state = self.state();
        // A tracker that was just started knows nobody yet.
        if !living.is_empty() {
            state.peers.iter_mut().for_each(|(address, peer)| peer.is_gone = !living.contains(address));
            state.peers.retain(|_, peer| !peer.is_gone || peer.in_flight > 0);
            living.into_iter().for_each(|address| state.meet(address));
        }
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn find_tracker(&self) -> Result<(), ClientError> {
        let known: Vec<Arc<Client>> = self.state().peers.values().map(|peer| Arc::clone(&peer.client)).collect();
        let mut last = Ok(());
        for client in known {
            match client.ask_within(&Request::Status(Nothing {}), ASK_TIMEOUT).await {
                Ok(sandlot_protocol::Reply::Status(status)) => {
                    let mut state = self.state();
                    if status.raw("peers").is_some() {
                        // It is the tracker: it names peers, and runs nothing.
                        state.peers.remove(client.address());
                        state.tracker = Some(client);
                    } else {
                        let tracker: Option<TrackerOf> = status.get("tracker");
                        state.tracker = tracker.map(|tracker| Arc::new(Client::new(tracker.address)));
                    }
                    return Ok(());
                }
                Ok(_) => last = Err(client.unexpected()),
                Err(error) => last = Err(error),
            }
        }
        last
    }

    /// How many peers are known to live.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.state().peers.values().filter(|peer| !peer.is_gone).count().max(1)
    }

    /// How often a task was lost with its peer, and run elsewhere.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.state().lost
    }

    /// Runs a task on the peer with the fewest of ours under way. When that peer is lost, the task runs elsewhere: it
    /// may have run there too.
    ///
    /// # Errors
    /// When a peer refuses the task, none takes it within the patience, or all that took it were lost.
    pub async fn run(&self, task: CpuTask) -> Result<CpuResult, NetworkError> {
        // It has been spread already: its peer is to run it itself.
        let task = CpuTask { confidential: true, task_id: task.task_id.or_else(|| Some(crate::new_task_id())), ..task };
        let mut last = String::from("none is known");
        let mut waiting_since = clock::now();
        let mut lost = 0;
        loop {
            let Some(turn) = self.take() else {
                let waited = clock::now().saturating_duration_since(waiting_since);
                if waited > self.patience {
                    return Err(NetworkError::NoPeers(self.patience, last));
                }
                let _ = timeout(AGAIN.0, self.changed.notified()).await;
                continue;
            };
            let ran = turn.client.run(task.clone()).await;
            let address = turn.address.clone();
            drop(turn);
            match ran {
                Ok(result) if result.outcome() == Outcome::Rejected => {
                    last = format!("{address}: {}", result.error.as_deref().unwrap_or("no room"));
                    let wait = Duration::from_millis(result.retry_after_ms.unwrap_or(0)).clamp(AGAIN.0, AGAIN.1);
                    self.leave_alone(&address, wait);
                    // It lives, and will have room.
                    waiting_since = clock::now();
                }
                Ok(result) if result.stopping => {
                    last = format!("{address} is stopping");
                    self.lose(&address);
                }
                Ok(result) => {
                    self.found(&address);
                    return Ok(result);
                }
                Err(ClientError::Refused(refusal)) if refusal.code != ErrorCode::Unavailable => {
                    return Err(ClientError::Refused(refusal).into());
                }
                Err(error) => {
                    last = error.to_string();
                    if matches!(error, ClientError::Net(NetError::Lost { .. } | NetError::Timeout { .. })) {
                        // It had the task: how long it had it is no time of waiting.
                        waiting_since = clock::now();
                        lost += 1;
                    }
                    self.lose(&address);
                    if lost >= self.lost_max {
                        return Err(NetworkError::Lost(lost, last));
                    }
                }
            }
        }
    }

    /// The peer with the fewest of ours under way, if one can be asked now.
    fn take(&self) -> Option<Turn<'_>> {
        let now = clock::now();
        let mut state = self.state();
        let can_be_asked = |peer: &Peer| !peer.is_gone && peer.not_before.is_none_or(|at| at <= now);
        let able = state.peers.iter_mut().filter(|(_, peer)| can_be_asked(peer));
        let (address, peer) = able.min_by_key(|(_, peer)| peer.in_flight)?;
        peer.in_flight += 1;
        Some(Turn { network: self, address: address.clone(), client: Arc::clone(&peer.client) })
    }

    fn lose(&self, address: &Address) {
        let mut state = self.state();
        state.lost += 1;
        if let Some(peer) = state.peers.get_mut(address) {
            let wait = AGAIN.0.saturating_mul(1 << peer.failures.min(10)).min(AGAIN.1);
            peer.failures += 1;
            peer.not_before = Some(clock::now() + wait);
        }
    }

    fn leave_alone(&self, address: &Address, wait: Duration) {
        if let Some(peer) = self.state().peers.get_mut(address) {
            peer.not_before = Some(clock::now() + wait);
        }
    }

    fn found(&self, address: &Address) {
        if let Some(peer) = self.state().peers.get_mut(address) {
            peer.failures = 0;
            peer.not_before = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn meet(&mut self, address: Address) {
        self.peers.entry(address).or_insert_with_key(|address| Peer {
            client: Arc::new(Client::new(address.clone())),
            in_flight: 0,
            failures: 0,
            not_before: None,
            is_gone: false,
        });
    }
}

/// A task's place at a peer.
struct Turn<'a> {
    network: &'a Network,
    address: Address,
    client: Arc<Client>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(peer) = self.network.state().peers.get_mut(&self.address) {
            peer.in_flight -= 1;
        }
        self.network.changed.notify_one();
    }
}

/// A peer, as the tracker tells of it.
#[derive(Debug, Deserialize)]
struct Living {
    ip: String,
    port: u16,
}

/// The tracker, as a peer tells of it.
#[derive(Debug, Deserialize)]
struct TrackerOf {
    address: Address,
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    #[tokio::test]
    async fn a_task_that_no_peer_survives_is_given_up() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = tokio::spawn(async move {
            loop {
                // It takes the task, and is gone.
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 100]).await;
            }
        });
        let network = Network { lost_max: 2, ..Network::new(Address::new("127.0.0.1", port), Duration::from_secs(60)) };
        let error = network.run(CpuTask::new("def main(): pass")).await.unwrap_err();
        assert!(matches!(error, NetworkError::Lost(2, _)), "{error}");
        assert_eq!(network.lost(), 2);
        peer.abort();
    }
}
