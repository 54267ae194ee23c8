//! Connections to other peers, kept open.

use sandlot_client::Client;
use sandlot_protocol::Address;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Peers that connections are kept to.
const PEERS_MAX: usize = 256;
/// Tasks under way on one connection: a peer reads no more than 256 requests of one that are not answered.
const TASKS_MAX: usize = 200;
/// Connections for tasks to one peer.
const CONNECTIONS_MAX: usize = 128;

/// Which connections there are. What is asked about tasks has one of its own, and does not wait behind them.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<BTreeMap<Address, ToPeer>>);

#[derive(Debug)]
struct ToPeer {
    questions: Arc<Client>,
    /// Each is held once more by every task under way on it.
    tasks: Vec<Arc<Client>>,
}

impl Clients {
    /// For questions about tasks, whose answers come soon.
    pub(crate) fn to(&self, address: &Address) -> Arc<Client> {
        Arc::clone(&Self::peer(&mut self.peers(), address).questions)
    }

    /// For a task, whose answer may take long: hold it as long as the task is under way. `None` when there are too
    /// many under way already.
    pub(crate) fn for_task(&self, address: &Address) -> Option<Arc<Client>> {
        let mut peers = self.peers();
        let peer = Self::peer(&mut peers, address);
        if let Some(client) = peer.tasks.iter().find(|client| Arc::strong_count(client) <= TASKS_MAX) {
            return Some(Arc::clone(client));
        }
        if peer.tasks.len() >= CONNECTIONS_MAX {
            return None;
        }
        let client = Arc::new(Client::new(address.clone()));
        peer.tasks.push(Arc::clone(&client));
        Some(client)
    }

    fn peers(&self) -> MutexGuard<'_, BTreeMap<Address, ToPeer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peer<'a>(peers: &'a mut BTreeMap<Address, ToPeer>, address: &Address) -> &'a mut ToPeer {
        if peers.len() >= PEERS_MAX && !peers.contains_key(address) {
            peers.pop_first();
        }
        let new = || ToPeer { questions: Arc::new(Client::new(address.clone())), tasks: Vec::new() };
        peers.entry(address.clone()).or_insert_with(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_carries_so_many_tasks_and_then_there_is_another() {
        let (clients, peer) = (Clients::default(), Address::new("h", 1));
        let mut under_way: Vec<_> = (0..TASKS_MAX).map(|_| clients.for_task(&peer).unwrap()).collect();
        let other = clients.for_task(&peer).unwrap();
        assert!(under_way.iter().all(|client| Arc::ptr_eq(client, &under_way[0])));
        assert!(!Arc::ptr_eq(&other, &under_way[0]) && !Arc::ptr_eq(&other, &clients.to(&peer)));
        under_way.pop();
        assert!(Arc::ptr_eq(&clients.for_task(&peer).unwrap(), &under_way[0]));
    }
}
