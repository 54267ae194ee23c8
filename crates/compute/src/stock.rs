//! Sandboxes that are prepared before a run asks for one.

use crate::{Guest, sandbox::Prepared};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sandboxes in stock for each worker. Each holds about half a megabyte of memory.
pub(crate) const STOCK_PER_WORKER: usize = 4;
/// Sandboxes in stock, on any machine.
pub(crate) const STOCK_MAX: usize = 64;

/// Prepared sandboxes.
#[derive(Debug)]
pub(crate) struct Stock {
    pub(crate) guest: Guest,
    max: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    ready: Vec<Prepared>,
    /// Being prepared.
    coming: usize,
}

impl Stock {
    /// An empty one, for at most `max` sandboxes.
    pub(crate) fn new(guest: Guest, max: usize) -> Arc<Self> {
        Arc::new(Self { guest, max, shelf: Mutex::default() })
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sandbox that is ready, or one that is made now.
    pub(crate) fn take(&self) -> wasmtime::Result<Prepared> {
        let ready = self.shelf().ready.pop();
        ready.map_or_else(|| Prepared::new(&self.guest), Ok)
    }

    /// Prepares one more if there is room for it. Says whether there may be room for others.
    pub(crate) fn fill(&self) -> bool {
        let mut shelf = self.shelf();
        if shelf.ready.len() + shelf.coming >= self.max {
            return false;
        }
        shelf.coming += 1;
        drop(shelf);
        let prepared = Prepared::new(&self.guest).ok();
        let mut shelf = self.shelf();
        shelf.coming -= 1;
        let is_made = prepared.is_some();
        shelf.ready.extend(prepared);
        is_made
    }

    /// How many there are.
    pub(crate) fn ready(&self) -> usize {
        self.shelf().ready.len()
    }

    /// Puts all of them away.
    pub(crate) fn clear(&self) {
        self.shelf().ready.clear();
        self.guest.slots.clear();
    }
}
