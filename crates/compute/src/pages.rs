//! Pages of a sandbox's memory: which of them every run needs, and putting them there before the run begins.
//!
//! A run's first instructions read and write some hundred pages of the snapshot, and each costs a page fault. Which ones
//! is nearly the same for all runs, so a sandbox that is prepared ahead has them already.

use rustix::mm::{Advice, madvise};
use std::{fs::File, io, ops::Range, os::unix::fs::FileExt};

/// A page's entry in `/proc/self/pagemap`: <https://docs.kernel.org/admin-guide/mm/pagemap.html>
const ENTRY_BYTES: usize = 8;
const PRESENT: u64 = 1 << 63;
const FILE: u64 = 1 << 61;

/// A memory of a sandbox: where it begins in this process, and its size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) address: *mut u8,
    pub(crate) bytes: usize,
}

/// Pages that runs need, as ranges of bytes from the memory's beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HotPages {
    written: Vec<Range<usize>>,
    read: Vec<Range<usize>>,
}

impl HotPages {
    /// The pages that are in memory now: those that were written are this process's own, the others the snapshot's.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(crate) fn observe(place: Place) -> io::Result<Self> {
        let page = rustix::param::page_size();
        let mut entries = vec![0; place.bytes / page * ENTRY_BYTES];
        let offset = place.address.addr() / page * ENTRY_BYTES;
        File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, offset as u64)?;
        let entries = entries.as_chunks::<ENTRY_BYTES>().0.iter().map(|entry| u64::from_ne_bytes(*entry));
        let mut hot = Self::default();
        for (index, entry) in entries.enumerate().filter(|(_, entry)| entry & PRESENT != 0) {
            let range = index * page..(index + 1) * page;
            join(if entry & FILE == 0 { &mut hot.written } else { &mut hot.read }, range);
        }
        Ok(hot)
    }

    /// Puts them into a memory that nobody has run in. What the kernel refuses is left to page faults.
    pub(crate) fn populate(&self, place: Place) {
        for (ranges, advice) in [(&self.read, Advice::LinuxPopulateRead), (&self.written, Advice::LinuxPopulateWrite)] {
            for range in ranges.iter().filter(|range| range.end <= place.bytes) {
                #[expect(unsafe_code, reason = "the range is part of a live memory, and its content stays as it is")]
                let done = unsafe { madvise(place.address.add(range.start).cast(), range.len(), advice) };
                if done.is_err() {
                    return;
                }
            }
        }
    }

    /// Bytes of the pages that are written to.
    pub(crate) fn written_bytes(&self) -> usize {
        self.written.iter().map(Range::len).sum()
    }
}

/// Adds a range behind the others.
fn join(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if range.start == last.end => last.end = range.end,
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_where_they_meet() {
        let mut ranges = Vec::new();
        for start in [0, 1, 5] {
            join(&mut ranges, start..start + 1);
        }
        assert_eq!(ranges, [0..2, 5..6]);
    }
}
