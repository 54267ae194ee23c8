//! The tracker is told that we live and how loaded we are; it names the peer with the most room.
//!
//! Everything works without a tracker: tasks then run here.

use crate::files::Files;
use sandlot_client::{Client, ClientError};
use sandlot_compute::Compute;
use sandlot_net::clock;
use sandlot_protocol::{
    Address, FileName, PeerId, Reply, Request,
    reply::FilePeer,
    request::{FileQuestion, GetBestPeer, Member, MemberFile, Nothing, Register},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// A tracker that takes longer is as good as none.
const TRACKER_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the list of peers is told as it was.
const PEERS_KNOWN_FOR: Duration = Duration::from_millis(900);

/// A peer, as the tracker tells of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PeerRecord {
    /// Its host.
    pub(crate) ip: String,
    /// Its port.
    pub(crate) port: u16,
    /// Its load, 0.0–1.0.
    #[serde(default)]
    pub(crate) cpu_load: f64,
    /// Tasks that wait there.
    #[serde(default)]
    pub(crate) queued: u64,
    /// Who it is, if it said.
    #[serde(default)]
    pub(crate) peer_id: Option<PeerId>,
    /// Seconds since 1970 when it was last heard of.
    #[serde(default)]
    pub(crate) last_update: Option<f64>,
    /// Seconds since 1970 when it registered.
    #[serde(default)]
    pub(crate) registered_at: Option<f64>,
}

/// This peer among the others.
#[derive(Debug)]
pub(crate) struct Membership {
    me: Address,
    peer_id: PeerId,
    client: Client,
    heartbeat: Duration,
    compute: Arc<Compute>,
    files: Arc<Files>,
    reachable: AtomicBool,
    /// The tracker may not know all of our files.
    files_unknown: AtomicBool,
    load: Mutex<LoadSample>,
    known_peers: Mutex<Option<(Instant, Arc<Vec<PeerRecord>>)>>,
}

#[derive(Debug)]
struct LoadSample {
    at: Instant,
    busy_ns: u64,
    load: f64,
}

impl Membership {
    pub(crate) fn new(
        me: Address,
        peer_id: PeerId,
        tracker: Address,
        heartbeat: Duration,
        compute: Arc<Compute>,
        files: Arc<Files>,
    ) -> Self {
        Self {
            me,
            peer_id,
            client: Client::new(tracker),
            heartbeat,
            compute,
            files,
            reachable: AtomicBool::new(false),
            files_unknown: AtomicBool::new(true),
            known_peers: Mutex::new(None),
            load: Mutex::new(LoadSample { at: clock::now(), busy_ns: 0, load: 0.0 }),
        }
    }

    /// Registers, and reports every heartbeat until `stop`; then says goodbye.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.heartbeat);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if stop.run_until_cancelled(self.beat()).await.is_none() {
                break;
            }
        }
        if self.is_reachable() {
            let goodbye = Member { ip: Some(self.me.host().to_owned()), port: self.me.port() };
            if let Err(error) = self.ask(&Request::Unregister(goodbye)).await {
                warn!(%error, "the tracker did not hear our goodbye");
            }
        }
    }

    /// Where the tracker is.
    pub(crate) fn tracker(&self) -> &Address {
        self.client.address()
    }

    /// Whether the tracker answered last time.
    pub(crate) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// 0.0–1.0: the share of the workers' time that was in use during the last heartbeat.
    pub(crate) fn load(&self) -> f64 {
        self.load.lock().unwrap_or_else(PoisonError::into_inner).load
    }

    /// The peer with the most room; `None` when the tracker knows none or is not there.
    pub(crate) async fn best_peer(&self, exclude: &[Address]) -> Option<Address> {
        if !self.is_reachable() {
            return None;
        }
        let exclude = exclude.iter().map(ToString::to_string).collect();
        match self.ask(&Request::GetBestPeer(GetBestPeer { exclude })).await {
            Ok(Reply::CpuResponse(best)) => Some(Address::new(best.ip, best.port)),
            Ok(_) => None,
            Err(ClientError::Refused(_)) => None,
            Err(error) => {
                self.lost(&error);
                None
            }
        }
    }

    /// The peers that have a file.
    pub(crate) async fn find_file(&self, filename: FileName) -> Result<Vec<FilePeer>, ClientError> {
        match self.ask(&Request::FindFile(FileQuestion { filename })).await? {
            Reply::FilePeers(found) => Ok(found.peers),
            _ => Err(self.client.unexpected()),
        }
    }

    /// The living peers, as the tracker knows them.
    ///
    /// What it said less than a second ago is told again; while it does not answer heartbeats, it is not asked.
    pub(crate) async fn peers(&self) -> Result<Arc<Vec<PeerRecord>>, String> {
        if !self.is_reachable() {
            return Err(format!("{} does not answer", self.tracker()));
        }
        let now = clock::now();
        let known = self.known_peers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, peers)) = known
            && now.saturating_duration_since(at) < PEERS_KNOWN_FOR
        {
            return Ok(peers);
        }
        match self.ask(&Request::Status(Nothing {})).await.map_err(|error| error.to_string())? {
            Reply::Status(status) => {
                let peers = Arc::new(status.get("peers").unwrap_or_default());
                *self.known_peers.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&peers)));
                Ok(peers)
            }
            _ => Err(self.client.unexpected().to_string()),
        }
    }

    /// Tells the tracker that we have a file now. If it does not hear, the next heartbeat tells it again.
    pub(crate) async fn has_file(&self, filename: FileName) {
        self.tell(Request::RegisterFile(self.member_file(filename))).await;
    }

    /// Tells the tracker that we no longer have a file.
    pub(crate) async fn lost_file(&self, filename: FileName) {
        self.tell(Request::UnregisterFile(self.member_file(filename))).await;
    }

    async fn tell(&self, request: Request) {
        if !self.is_reachable() || self.ask(&request).await.is_err() {
            self.files_unknown.store(true, Ordering::Relaxed);
        }
    }

    fn member_file(&self, filename: FileName) -> MemberFile {
        MemberFile { filename, ip: Some(self.me.host().to_owned()), port: self.me.port() }
    }

    async fn beat(&self) {
        let report = self.report();
        let was_reachable = self.is_reachable();
        let request = if was_reachable { Request::UpdateLoad(report) } else { Request::Register(report) };
        match self.ask(&request).await {
            Ok(Reply::Status(status)) => {
                if !was_reachable {
                    info!(tracker = %self.tracker(), "registered with the tracker");
                }
                self.reachable.store(true, Ordering::Relaxed);
                let forgotten = was_reachable && status.get::<bool>("known") == Some(false);
                if forgotten || !was_reachable || self.files_unknown.load(Ordering::Relaxed) {
                    self.tell_files().await;
                }
            }
            Ok(_) => self.lost(&self.client.unexpected()),
            Err(error) => self.lost(&error),
        }
    }

    async fn tell_files(&self) {
        self.files_unknown.store(false, Ordering::Relaxed);
        for filename in self.files.names() {
            match self.ask(&Request::RegisterFile(self.member_file(filename))).await {
                Ok(_) => {}
                // It heard, and does not want to know: asking again would not change that.
                Err(ClientError::Refused(refusal)) => {
                    warn!(%refusal, "the tracker does not keep our files");
                    return;
                }
                Err(error) => {
                    self.files_unknown.store(true, Ordering::Relaxed);
                    warn!(%error, "the tracker did not hear of a file");
                    return;
                }
            }
        }
    }

    fn lost(&self, error: &ClientError) {
        if self.reachable.swap(false, Ordering::Relaxed) {
            warn!(tracker = %self.tracker(), %error, "the tracker is lost; tasks run here until it is back");
        }
    }

    fn report(&self) -> Register {
        let status = self.compute.status();
        let now = clock::now();
        let mut sample = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        let span = now.saturating_duration_since(sample.at).as_nanos() as f64 * status.workers as f64;
        if span > 0.0 {
            let busy = status.busy_ns.saturating_sub(sample.busy_ns) as f64;
            *sample = LoadSample { at: now, busy_ns: status.busy_ns, load: (busy / span).clamp(0.0, 1.0) };
        }
        Register {
            ip: Some(self.me.host().to_owned()),
            port: self.me.port(),
            cpu_load: sample.load,
            peer_id: Some(self.peer_id.clone()),
            heartbeat_ms: Some(u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX)),
            queued: Some((status.queued + status.runnable) as u64),
            workers: Some(status.workers as u64),
            memory_free_bytes: Some(status.memory_bytes_max.saturating_sub(status.memory_bytes)),
        }
    }

    async fn ask(&self, request: &Request) -> Result<Reply, ClientError> {
        self.client.ask_within(request, TRACKER_TIMEOUT).await
    }
}
