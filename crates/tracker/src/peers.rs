//! Leases in the orders in which they are asked for: by address, by who is best, by whose time is over first, so that
//! neither a report nor the question for the best one looks at all of them.

use sandlot_protocol::{Address, PeerId};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// What is known of a peer, as long as it is heard of.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) peer_id: Option<PeerId>,
    pub(crate) cpu_load: f64,
    pub(crate) queued: u64,
    pub(crate) workers: Option<u64>,
    /// Said to have less memory than a task may need.
    pub(crate) memory_is_full: bool,
    pub(crate) length: Duration,
    pub(crate) registered_at: f64,
    pub(crate) last_update: f64,
    pub(crate) heard: Instant,
    /// Tasks sent there since its last report.
    pub(crate) assigned: u64,
    /// When it was last chosen, as a count.
    pub(crate) chosen: u64,
}

/// Less is better: memory that is not full, load, then tasks since the last report, then who was chosen longer ago.
type Rank = (bool, u64, u64, u64);

impl Lease {
    fn rank(&self) -> Rank {
        (self.memory_is_full, self.pressure(), self.assigned, self.chosen)
    }

    /// Load, and for a peer that says how many workers it has, what waits for them. In steps of a hundredth, so that
    /// noise does not decide between idle peers.
    fn pressure(&self) -> u64 {
        let waiting = self
            .workers
            .map_or(0.0, |workers| self.queued.saturating_add(self.assigned) as f64 / workers.max(1) as f64);
        ((self.cpu_load + waiting) * 100.0).round() as u64
    }

    fn end(&self) -> Instant {
        self.heard + self.length
    }
}

/// The peers that live.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    leases: BTreeMap<Address, Lease>,
    ranks: BTreeSet<(Rank, Address)>,
    ends: BTreeSet<(Instant, Address)>,
}

impl Peers {
    pub(crate) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(crate) fn get(&self, address: &Address) -> Option<&Lease> {
        self.leases.get(address)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Address, &Lease)> {
        self.leases.iter()
    }

    /// Tells whether there was one.
    pub(crate) fn insert(&mut self, address: Address, lease: Lease) -> bool {
        let was_there = self.remove(&address).is_some();
        self.ranks.insert((lease.rank(), address.clone()));
        self.ends.insert((lease.end(), address.clone()));
        self.leases.insert(address, lease);
        was_there
    }

    pub(crate) fn remove(&mut self, address: &Address) -> Option<Lease> {
        let lease = self.leases.remove(address)?;
        self.ranks.remove(&(lease.rank(), address.clone()));
        self.ends.remove(&(lease.end(), address.clone()));
        Some(lease)
    }

    /// Changes a lease, if it is there.
    pub(crate) fn change(&mut self, address: &Address, change: impl FnOnce(&mut Lease)) {
        if let Some(mut lease) = self.remove(address) {
            change(&mut lease);
            self.insert(address.clone(), lease);
        }
    }

    /// The one with the most room.
    pub(crate) fn best(&self, exclude: &[Address]) -> Option<Address> {
        self.ranks.iter().map(|(_, address)| address).find(|address| !exclude.contains(address)).cloned()
    }

    /// Takes those out whose lease is over.
    pub(crate) fn expire(&mut self, now: Instant) -> BTreeSet<Address> {
        let mut gone = BTreeSet::new();
        while let Some((_, address)) = self.ends.first().filter(|(end, _)| *end < now).cloned() {
            self.remove(&address);
            gone.insert(address);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lease(start: Instant, cpu_load: f64, length: u64, chosen: u64) -> Lease {
        Lease {
            peer_id: None,
            cpu_load,
            queued: 0,
            workers: None,
            memory_is_full: false,
            length: Duration::from_secs(length),
            registered_at: 0.0,
            last_update: 0.0,
            heard: start,
            assigned: 0,
            chosen,
        }
    }

    proptest! {
        /// Whatever happens, the orders hold the leases and nothing else, and the first is the best.
        #[test]
        fn the_orders_agree(steps in prop::collection::vec((0..4u8, 0..6u16, 0..100u32, 1..60u64), 0..60)) {
            #[expect(clippy::disallowed_methods, reason = "any moment will do to start from")]
            let start = Instant::now();
            let mut peers = Peers::default();
            for (number, (kind, port, load, seconds)) in steps.into_iter().enumerate() {
                let address = Address::new("127.0.0.1", port);
                match kind {
                    0 => _ = peers.insert(address, lease(start, f64::from(load) / 100.0, seconds, number as u64)),
                    1 => _ = peers.remove(&address),
                    2 => peers.change(&address, |lease| lease.assigned += 1),
                    _ => _ = peers.expire(start + Duration::from_secs(seconds)),
                }
                prop_assert_eq!((peers.ranks.len(), peers.ends.len()), (peers.len(), peers.len()));
                let best = peers.iter().min_by_key(|(address, lease)| (lease.rank(), *address)).map(|(address, _)| address.clone());
                prop_assert_eq!(peers.best(&[]), best);
            }
        }
    }
}
