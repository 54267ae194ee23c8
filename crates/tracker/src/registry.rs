//! Who is alive, and who has room. Leases run out; nobody has to say goodbye.

use crate::peers::{Lease, Peers};
use sandlot_protocol::{
    Address, FileName, PeerId,
    limits::{HEARTBEATS_MISSED_MAX, LEASE_WITHOUT_HEARTBEAT, TASK_MEMORY_BYTES},
    reply::FilePeer,
    request::Register,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// Peers that one tracker knows.
pub const PEERS_MAX: usize = 100_000;
/// Files that one tracker knows of, over all peers.
pub const FILES_MAX: usize = 1_000_000;
/// The longest heartbeat that a peer can say.
const HEARTBEAT_MAX: Duration = Duration::from_secs(600);
/// The shortest lease: a busy machine may be late.
const LEASE_MIN: Duration = Duration::from_millis(500);

/// The registry knows as much as it may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tracker knows {0} already, the most it may")]
pub struct Full(&'static str);

/// Which peers live, and their files.
#[derive(Debug, Default)]
pub struct Registry {
    peers: Peers,
    files: BTreeMap<FileName, BTreeSet<Address>>,
    files_count: usize,
    choices: u64,
}

/// A peer, as STATUS tells of it.
#[derive(Debug, Clone, Serialize)]
pub struct PeerRecord {
    /// Its IP address.
    pub ip: String,
    /// Its port.
    pub port: u16,
    /// Its load, 0.0–1.0.
    pub cpu_load: f64,
    /// Tasks that wait there.
    pub queued: u64,
    /// Who it is, if it said.
    pub peer_id: Option<PeerId>,
    /// Seconds since 1970 when it was last heard of.
    pub last_update: f64,
    /// Seconds since 1970 when it registered.
    pub registered_at: f64,
}

/// A moment, for durations and for people.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For durations.
    pub instant: Instant,
    /// Seconds since 1970.
    pub unix_seconds: f64,
}

impl Registry {
    /// A peer is there, with this load. A known peer's lease begins anew. Tells whether it was known.
    ///
    /// # Errors
    /// When there are too many peers.
    pub fn report(&mut self, address: Address, report: &Register, now: Now) -> Result<bool, Full> {
        self.expire(now.instant);
        if self.peers.len() >= PEERS_MAX && self.peers.get(&address).is_none() {
            return Err(Full("as many peers"));
        }
        let known = self.peers.get(&address);
        let (registered_at, chosen) = known.map_or((now.unix_seconds, 0), |lease| (lease.registered_at, lease.chosen));
        let peer_id = report.peer_id.clone().or_else(|| known.and_then(|lease| lease.peer_id.clone()));
        let said = report.heartbeat_ms.map(Duration::from_millis).or_else(|| {
            known.map(|lease| lease.length / HEARTBEATS_MISSED_MAX).filter(|_| report.heartbeat_ms.is_none())
        });
        let length = said.map_or(LEASE_WITHOUT_HEARTBEAT, |heartbeat| {
            (heartbeat.min(HEARTBEAT_MAX) * HEARTBEATS_MISSED_MAX).max(LEASE_MIN)
        });
        let lease = Lease {
            peer_id,
            cpu_load: if report.cpu_load.is_finite() { report.cpu_load.clamp(0.0, 1.0) } else { 1.0 },
            queued: report.queued.unwrap_or(0),
            workers: report.workers,
            memory_is_full: report.memory_free_bytes.is_some_and(|bytes| bytes < TASK_MEMORY_BYTES),
            length,
            registered_at,
            last_update: now.unix_seconds,
            heard: now.instant,
            assigned: 0,
            chosen,
        };
        Ok(self.peers.insert(address, lease))
    }

    /// A peer goes, and its files with it.
    pub fn remove(&mut self, address: &Address) {
        if self.peers.remove(address).is_some() {
            self.forget_files(&BTreeSet::from([address.clone()]));
        }
    }

    /// The peer with the most room, and its load. It counts as having one task more until its next report.
    pub fn best(&mut self, exclude: &[Address], now: Instant) -> Option<(Address, f64)> {
        self.expire(now);
        self.choices += 1;
        let (address, chosen) = (self.peers.best(exclude)?, self.choices);
        self.peers.change(&address, |lease| {
            lease.assigned += 1;
            lease.chosen = chosen;
        });
        let cpu_load = self.peers.get(&address)?.cpu_load;
        Some((address, cpu_load))
    }

    /// A peer has a file, and so it lives.
    ///
    /// # Errors
    /// When there are too many files.
    pub fn add_file(&mut self, filename: FileName, address: Address, now: Instant) -> Result<(), Full> {
        self.peers.change(&address, |lease| lease.heard = now);
        if self.files_count >= FILES_MAX {
            self.forget_strangers();
        }
        if self.files_count >= FILES_MAX {
            return Err(Full("of as many files"));
        }
        if self.files.entry(filename).or_default().insert(address) {
            self.files_count += 1;
        }
        Ok(())
    }

    /// A peer no longer has a file.
    pub fn remove_file(&mut self, filename: &FileName, address: &Address) {
        if let Some(holders) = self.files.get_mut(filename)
            && holders.remove(address)
        {
            self.files_count -= 1;
            if holders.is_empty() {
                self.files.remove(filename);
            }
        }
    }

    /// The living peers that have a file.
    pub fn holders(&mut self, filename: &FileName, now: Instant) -> Vec<FilePeer> {
        self.expire(now);
        let holders = self.files.get(filename).into_iter().flatten();
        let alive = holders.filter(|address| self.peers.get(address).is_some());
        alive.map(|address| FilePeer { ip: address.host().to_owned(), port: address.port() }).collect()
    }

    /// The living peers.
    pub fn alive(&mut self, now: Instant) -> Vec<PeerRecord> {
        self.expire(now);
        let record = |(address, lease): (&Address, &Lease)| PeerRecord {
            ip: address.host().to_owned(),
            port: address.port(),
            cpu_load: lease.cpu_load,
            queued: lease.queued,
            peer_id: lease.peer_id.clone(),
            last_update: lease.last_update,
            registered_at: lease.registered_at,
        };
        self.peers.iter().map(record).collect()
    }

    /// How many peers live.
    pub fn count(&mut self, now: Instant) -> usize {
        self.expire(now);
        self.peers.len()
    }

    /// Drops the peers that were silent too long, and their files.
    fn expire(&mut self, now: Instant) {
        let gone = self.peers.expire(now);
        if !gone.is_empty() {
            self.forget_files(&gone);
        }
    }

    fn forget_files(&mut self, gone: &BTreeSet<Address>) {
        self.keep_files(|address| !gone.contains(address));
    }

    /// Files of peers that never registered make room when there is none.
    fn forget_strangers(&mut self) {
        let known: BTreeSet<Address> = self.peers.iter().map(|(address, _)| address.clone()).collect();
        self.keep_files(|address| known.contains(address));
    }

    fn keep_files(&mut self, keep: impl Fn(&Address) -> bool) {
        let mut kept = 0;
        self.files.retain(|_, holders| {
            holders.retain(&keep);
            kept += holders.len();
            !holders.is_empty()
        });
        self.files_count = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clock(Instant);

    impl Clock {
        #[expect(clippy::disallowed_methods, reason = "any moment will do to start from")]
        fn start() -> Self {
            Self(Instant::now())
        }
        fn at(&self, seconds: f64) -> Now {
            Now { instant: self.0 + Duration::from_secs_f64(seconds), unix_seconds: seconds }
        }
    }

    fn peer(port: u16) -> Address {
        Address::new("127.0.0.1", port)
    }

    fn load(cpu_load: f64) -> Register {
        serde_json::from_value(serde_json::json!({"port": 1, "cpu_load": cpu_load})).unwrap()
    }

    fn best(registry: &mut Registry, now: Now) -> Option<u16> {
        registry.best(&[], now.instant).map(|(address, _)| address.port())
    }

    #[test]
    fn the_least_loaded_is_best() {
        let (clock, mut registry) = (Clock::start(), Registry::default());
        assert_eq!(best(&mut registry, clock.at(0.0)), None);
        for (port, cpu_load) in [(1, 0.5), (2, 0.1), (3, 0.9)] {
            registry.report(peer(port), &load(cpu_load), clock.at(0.0)).unwrap();
        }
        assert_eq!([0, 1, 2].map(|_| best(&mut registry, clock.at(1.0))), [Some(2); 3]);
        assert_eq!(registry.best(&[peer(2)], clock.at(1.0).instant), Some((peer(1), 0.5)));
        assert_eq!(registry.best(&[peer(1), peer(2), peer(3)], clock.at(1.0).instant), None);
    }

    #[test]
    fn equal_peers_take_turns() {
        let (clock, mut registry) = (Clock::start(), Registry::default());
        for port in 1..=3 {
            registry.report(peer(port), &load(0.0), clock.at(0.0)).unwrap();
        }
        let mut chosen: Vec<_> = (0..6).map(|_| best(&mut registry, clock.at(0.1)).unwrap()).collect();
        chosen.sort_unstable();
        assert_eq!(chosen, [1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn a_burst_is_spread_by_workers() {
        let (clock, mut registry) = (Clock::start(), Registry::default());
        for (port, workers) in [(1, 1), (2, 3)] {
            let report = Register { workers: Some(workers), ..load(0.0) };
            registry.report(peer(port), &report, clock.at(0.0)).unwrap();
        }
        let chosen: Vec<_> = (0..8).map(|_| best(&mut registry, clock.at(0.1)).unwrap()).collect();
        assert_eq!(chosen.iter().filter(|port| **port == 2).count(), 6, "{chosen:?}");
    }

    #[test]
    fn a_peer_whose_memory_is_full_comes_last() {
        let (clock, mut registry) = (Clock::start(), Registry::default());
        registry.report(peer(1), &load(0.9), clock.at(0.0)).unwrap();
        let full = Register { memory_free_bytes: Some(1 << 20), ..load(0.0) };
        registry.report(peer(2), &full, clock.at(0.0)).unwrap();
        assert_eq!(best(&mut registry, clock.at(0.1)), Some(1));
        let free = Register { memory_free_bytes: Some(1 << 30), ..load(0.0) };
        registry.report(peer(2), &free, clock.at(0.2)).unwrap();
        assert_eq!(best(&mut registry, clock.at(0.3)), Some(2));
    }

    #[test]
    fn silent_peers_are_dropped_with_their_files() {
        let (clock, mut registry) = (Clock::start(), Registry::default());
        let quick = Register { heartbeat_ms: Some(2000), ..load(0.0) };
        registry.report(peer(1), &quick, clock.at(0.0)).unwrap();
        registry.report(peer(2), &load(0.0), clock.at(0.0)).unwrap();
        let name: FileName = "f".parse().unwrap();
        registry.add_file(name.clone(), peer(1), clock.at(0.0).instant).unwrap();
        registry.add_file(name.clone(), peer(2), clock.at(0.0).instant).unwrap();
        assert_eq!(registry.holders(&name, clock.at(5.9).instant).len(), 2);
        assert_eq!(registry.holders(&name, clock.at(6.1).instant), [FilePeer { ip: "127.0.0.1".into(), port: 2 }]);
        assert_eq!(registry.count(clock.at(29.0).instant), 1);
        assert_eq!(registry.count(clock.at(31.0).instant), 0);
        assert_eq!((registry.files.len(), registry.files_count), (0, 0));
    }

    #[test]
    fn a_report_without_a_heartbeat_keeps_the_one_that_was_said() {
        let (clock, mut registry) = (Clock::start(), Registry::default());
        registry.report(peer(1), &Register { heartbeat_ms: Some(1000), ..load(0.0) }, clock.at(0.0)).unwrap();
        registry.report(peer(1), &load(0.0), clock.at(1.0)).unwrap();
        assert_eq!(registry.count(clock.at(3.9).instant), 1);
        assert_eq!(registry.count(clock.at(4.1).instant), 0);
    }
}
