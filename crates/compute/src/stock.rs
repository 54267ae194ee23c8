//! Sandboxes that are prepared before a run asks for one.

use crate::{Guest, pages::HotPages, sandbox::Prepared};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Sandboxes in stock for each worker. Each holds about half a megabyte of memory.
pub(crate) const STOCK_PER_WORKER: usize = 4;
/// Sandboxes in stock, on any machine.
pub(crate) const STOCK_MAX: usize = 64;

/// Prepared sandboxes.
#[derive(Debug)]
pub(crate) struct Stock {
    guest: Guest,
    max: usize,
    ready: Mutex<Vec<Prepared>>,
    hot: OnceLock<HotPages>,
}

impl Stock {
    /// An empty one, for at most `max` sandboxes.
    pub(crate) fn new(guest: Guest, max: usize) -> Arc<Self> {
        Arc::new(Self { guest, max, ready: Mutex::new(Vec::with_capacity(max)), hot: OnceLock::new() })
    }

    /// Sandboxes are prepared with these pages from now on.
    pub(crate) fn set_hot(&self, hot: HotPages) {
        let _ = self.hot.set(hot);
    }

    /// Bytes of its own that a prepared sandbox has.
    pub(crate) fn prepared_bytes(&self) -> u64 {
        self.hot.get().map_or(0, |hot| hot.written_bytes() as u64)
    }

    /// A sandbox that is ready, or one that is made now.
    pub(crate) fn take(&self) -> wasmtime::Result<Prepared> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop();
        ready.map_or_else(|| Prepared::new(&self.guest), Ok)
    }

    /// Prepares one more if there is room for it. Says whether there may be room for others.
    pub(crate) fn fill(&self) -> bool {
        if self.ready() >= self.max {
            return false;
        }
        let Ok(mut prepared) = Prepared::new(&self.guest) else { return false };
        if let Some(hot) = self.hot.get() {
            hot.populate(prepared.place());
        }
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.len() < self.max {
            ready.push(prepared);
        }
        ready.len() < self.max
    }

    /// How many there are.
    pub(crate) fn ready(&self) -> usize {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Puts all of them away.
    pub(crate) fn clear(&self) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
