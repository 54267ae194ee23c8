//! Open files and folders by number.

use super::tree::{Errno, Inode, ROOT, Result};

/// The lowest number that is ours: those below are the host's streams.
pub const FIRST: u32 = 3;
/// So many files may be open at one time.
const OPEN_MAX: usize = 1024;

/// One open file or folder.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    pub inode: Inode,
    pub offset: u64,
    pub append: bool,
    pub reads: bool,
    pub writes: bool,
    /// The root folder is open from the start: the C library asks what paths begin with it.
    pub preopened: bool,
}

#[derive(Debug)]
pub struct Descriptors {
    open: Vec<Option<Open>>,
}

impl Descriptors {
    pub fn new() -> Self {
        let root = Open { inode: ROOT, offset: 0, append: false, reads: true, writes: false, preopened: true };
        Self { open: vec![Some(root)] }
    }

    pub fn get(&self, fd: u32) -> Result<&Open> {
        self.slot(fd).and_then(|slot| self.open.get(slot)?.as_ref()).ok_or(Errno::BadDescriptor)
    }

    pub fn get_mut(&mut self, fd: u32) -> Result<&mut Open> {
        let slot = self.slot(fd).ok_or(Errno::BadDescriptor)?;
        self.open.get_mut(slot).and_then(Option::as_mut).ok_or(Errno::BadDescriptor)
    }

    /// The lowest number that is free.
    pub fn add(&mut self, open: Open) -> Result<u32> {
        let slot = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        if slot >= OPEN_MAX {
            return Err(Errno::TooManyOpen);
        }
        if slot == self.open.len() {
            self.open.push(None);
        }
        self.open[slot] = Some(open);
        Ok(FIRST + slot as u32)
    }

    pub fn remove(&mut self, fd: u32) -> Result<Open> {
        let slot = self.slot(fd).ok_or(Errno::BadDescriptor)?;
        self.open.get_mut(slot).and_then(Option::take).ok_or(Errno::BadDescriptor)
    }

    /// Moves an open file to another number; answers what was open there.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Open>> {
        self.get(from)?;
        let to = self.slot(to).filter(|slot| *slot < OPEN_MAX).ok_or(Errno::BadDescriptor)?;
        let moved = self.remove(from)?;
        if to >= self.open.len() {
            self.open.resize(to + 1, None);
        }
        Ok(self.open[to].replace(moved))
    }

    fn slot(&self, fd: u32) -> Option<usize> {
        fd.checked_sub(FIRST).map(|slot| slot as usize)
    }
}
