//! Pages of a sandbox's memory: which of them are its own, which every run needs, and putting those there before the run
//! begins.
//!
//! A page that was not written to is the image's, mapped copy-on-write; one that was is the sandbox's own, an anonymous
//! one. The kernel tells them apart, also while it moves a page or has it on disk.

use crate::clock::ThreadUsage;
use rustix::{
    io::Errno,
    ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode},
    mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap},
};
use std::{ffi::c_void, fs::File, io, ops::Range, os::unix::fs::FileExt, ptr::null_mut, sync::OnceLock};

/// A page's entry in `/proc/self/pagemap`: <https://docs.kernel.org/admin-guide/mm/pagemap.html>
const ENTRY_BYTES: usize = 8;
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const FILE: u64 = 1 << 61;

/// A memory of a sandbox: where it begins in this process, and its size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) address: *mut u8,
    pub(crate) bytes: usize,
}

/// What the kernel tells about this process's pages.
#[derive(Debug)]
pub(crate) struct PageMap {
    file: File,
    /// It has no `PAGEMAP_SCAN` (before Linux 6.7).
    is_old: OnceLock<()>,
}

impl PageMap {
    /// # Errors
    /// Where the kernel does not tell, or does not count page faults.
    pub(crate) fn open() -> io::Result<Self> {
        if !counts_faults()? {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Self { file: File::open("/proc/self/pagemap")?, is_old: OnceLock::new() })
    }

    /// The pages of its own that a mapping of the image has, as ranges of bytes from its beginning.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(crate) fn written(&self, place: Place) -> io::Result<Vec<Range<usize>>> {
        if self.is_old.get().is_none() {
            match self.scan(place) {
                Err(Errno::NOTTY | Errno::INVAL) => _ = self.is_old.set(()),
                found => return Ok(found?),
            }
        }
        Ok(self.read(place)?.written)
    }

    /// By `PAGEMAP_SCAN`, which skips what is not mapped.
    fn scan(&self, place: Place) -> Result<Vec<Range<usize>>, Errno> {
        let start = place.address.addr();
        let end = start + place.bytes;
        let (mut ranges, mut from) = (Vec::new(), start);
        let mut regions = [Region::default(); REGIONS];
        while from < end {
            let scan = Scan::of_own_pages(from..end, &mut regions);
            #[expect(unsafe_code, reason = "the call writes into a buffer that lives as long as the call")]
            // SAFETY: the argument has the layout of `struct pm_scan_arg`, and the buffer the length that it says.
            let (count, walked_to) = unsafe { ioctl(&self.file, scan) }?;
            for region in regions.iter().take(count) {
                join(&mut ranges, region.start as usize - start..region.end as usize - start);
            }
            if walked_to <= from {
                return Err(Errno::INVAL);
            }
            from = walked_to;
        }
        Ok(ranges)
    }

    /// By reading the entry of every page.
    fn read(&self, place: Place) -> io::Result<HotPages> {
        let page = rustix::param::page_size();
        let mut entries = vec![0; place.bytes / page * ENTRY_BYTES];
        let offset = place.address.addr() / page * ENTRY_BYTES;
        self.file.read_exact_at(&mut entries, offset as u64)?;
        let entries = entries.as_chunks::<ENTRY_BYTES>().0.iter().map(|entry| u64::from_ne_bytes(*entry));
        let mut hot = HotPages::default();
        for (index, entry) in entries.enumerate().filter(|(_, entry)| entry & (PRESENT | SWAPPED) != 0) {
            let range = index * page..(index + 1) * page;
            join(if entry & FILE == 0 { &mut hot.written } else { &mut hot.read }, range);
        }
        Ok(hot)
    }
}

/// Whether a first write to a page is told as a page fault of this thread.
fn counts_faults() -> io::Result<bool> {
    let bytes = rustix::param::page_size();
    let access = ProtFlags::READ | ProtFlags::WRITE;
    #[expect(unsafe_code, reason = "a new mapping, which nobody else has")]
    // SAFETY: new addresses that the kernel chooses; one byte of them is written, and they are given back.
    unsafe {
        let page = mmap_anonymous(null_mut(), bytes, access, MapFlags::PRIVATE)?;
        let before = ThreadUsage::now();
        page.cast::<u8>().write_volatile(1);
        let faults = ThreadUsage::now().since(before).faults;
        munmap(page, bytes)?;
        Ok(faults.is_some_and(|faults| faults > 0))
    }
}

/// How many ranges one call tells at most.
const REGIONS: usize = 128;

/// `struct page_region` of `linux/fs.h`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
#[derive(Debug)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;

impl Scan {
    /// Anonymous pages, wherever the kernel has them: a page that it is moving counts as swapped.
    fn of_own_pages(addresses: Range<usize>, regions: &mut [Region]) -> Self {
        Self {
            size: size_of::<Self>() as u64,
            flags: 0,
            start: addresses.start as u64,
            end: addresses.end as u64,
            walk_end: 0,
            vec: regions.as_mut_ptr().addr() as u64,
            vec_len: regions.len() as u64,
            max_pages: 0,
            category_inverted: PAGE_IS_FILE,
            category_mask: PAGE_IS_FILE,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
        }
    }
}

#[expect(unsafe_code, reason = "the argument is what the kernel's header says")]
// SAFETY: the opcode is PAGEMAP_SCAN's, whose argument is `struct pm_scan_arg`; it answers how many ranges it wrote.
unsafe impl Ioctl for Scan {
    /// How many ranges there are, and the address up to which it looked.
    type Output = (usize, usize);
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Self>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(self).cast()
    }

    unsafe fn output_from_ptr(count: IoctlOutput, argument: *mut c_void) -> rustix::io::Result<Self::Output> {
        // SAFETY: it is the argument of a call that succeeded.
        let walk_end = unsafe { (*argument.cast::<Self>()).walk_end };
        Ok((usize::try_from(count).unwrap_or(0), walk_end as usize))
    }
}

/// Pages that runs need, as ranges of bytes from the memory's beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HotPages {
    pub(crate) written: Vec<Range<usize>>,
    read: Vec<Range<usize>>,
}

impl HotPages {
    /// The pages that are in memory now: those that were written are this process's own, the others the image's.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(crate) fn observe(pages: &PageMap, place: Place) -> io::Result<Self> {
        pages.read(place)
    }

    /// Puts them into a memory that nobody has run in. What the kernel refuses is left to page faults.
    pub(crate) fn populate(&self, place: Place) {
        for (ranges, advice) in [(&self.read, Advice::LinuxPopulateRead), (&self.written, Advice::LinuxPopulateWrite)] {
            for range in ranges.iter().filter(|range| range.end <= place.bytes) {
                #[expect(unsafe_code, reason = "the range is part of a live memory, and its content stays as it is")]
                // SAFETY: as above.
                let done = unsafe { madvise(place.address.add(range.start).cast(), range.len(), advice) };
                if done.is_err() {
                    return;
                }
            }
        }
    }
}

/// What is in the first ranges and not in the second; both are in their order.
pub(crate) fn without(ranges: &[Range<usize>], others: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut rest = Vec::new();
    for range in ranges {
        let mut start = range.start;
        for other in others.iter().filter(|other| other.end > range.start && other.start < range.end) {
            rest.push(start..other.start.max(start));
            start = other.end.max(start);
        }
        rest.push(start..range.end.max(start));
    }
    rest.retain(|range| !range.is_empty());
    rest
}

/// Bytes in these ranges.
pub(crate) fn total(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(Range::len).sum()
}

/// Adds a range behind the others.
pub(crate) fn join(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
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
        assert_eq!((total(&ranges), ranges), (3, vec![0..2, 5..6]));
    }

    #[test]
    fn what_is_left_without_others() {
        let left = |ranges: &[Range<usize>], others: &[Range<usize>]| without(ranges, others);
        assert_eq!(left(&[0..10, 20..30], &[2..3, 5..22, 29..40]), [0..2, 3..5, 22..29]);
        assert_eq!(left(&[4..6, 8..9], &[]), [4..6, 8..9]);
        assert_eq!(left(&[4..6, 8..9], &[0..6, 8..9]), []);
    }

    #[test]
    fn both_ways_to_ask_tell_the_same() {
        let pages = PageMap::open().unwrap();
        let bytes = 600 * rustix::param::page_size();
        let file = tempfile::tempfile().unwrap();
        file.set_len(bytes as u64).unwrap();
        let access = ProtFlags::READ | ProtFlags::WRITE;
        #[expect(unsafe_code, reason = "a new mapping, which nobody else has")]
        // SAFETY: new addresses that the kernel chooses; what is touched lies within them.
        unsafe {
            let address: *mut u8 =
                rustix::mm::mmap(null_mut(), bytes, access, MapFlags::PRIVATE, &file, 0).unwrap().cast();
            // More ranges than one call tells.
            (0..600).step_by(2).for_each(|page| address.add(page * rustix::param::page_size()).write_volatile(1));
            let _ = address.add(rustix::param::page_size()).read_volatile();
            let place = Place { address, bytes };
            let found = pages.read(place).unwrap().written;
            assert_eq!(found.len(), 300);
            match pages.scan(place) {
                Err(Errno::NOTTY) => {}
                scanned => assert_eq!(scanned.unwrap(), found),
            }
            assert_eq!(pages.written(place).unwrap(), found);
            munmap(address.cast(), bytes).unwrap();
        }
    }
}
