//! Where the memories of sandboxes lie in this process.
//!
//! The addresses that a run's memory had are used again: every page that the run wrote to is overwritten with the image's
//! before another run sees it, so that its first page faults are already paid. Which pages these are, the kernel tells; where
//! it does not, the addresses are given back instead. A run that had no page fault can only have written to pages that were
//! the memory's own before: then it need not be asked.

use crate::{
    image::Image,
    pages::{HotPages, PageMap, Place, join, total, without},
};
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap};
use std::{
    collections::HashMap,
    io,
    ops::Range,
    ptr::null_mut,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// A memory that nobody uses keeps so many bytes of its own at most; of one that has more, only the pages that every run
/// writes to are kept.
pub(crate) const SLOT_KEPT_BYTES: usize = 768 << 10;
/// Memories that nobody uses and that are kept, on any machine.
pub(crate) const SLOTS_KEPT_MAX: usize = 64;
/// After so many runs only the pages that every run writes to are kept.
const TRIM_RUNS: u32 = 32;

/// The memories of one guest.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    image: OnceLock<Image>,
    pages: OnceLock<PageMap>,
    hot: OnceLock<HotPages>,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    free: Vec<Slot>,
    /// Memories in use, by their addresses.
    used: HashMap<usize, Used>,
}

/// How a memory differs from the image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Where, and how many bytes.
    ranges: Vec<Range<usize>>,
    /// The memory's bytes in all of these, one after the other.
    bytes: Vec<u8>,
}

/// What is compared and copied at one time.
const CHANGE_BYTES: usize = 64;

impl Changes {
    fn between(image: &[u8], memory: &[u8], own: &[Range<usize>], bytes_max: usize) -> Option<Self> {
        let mut changes = Self { ranges: Vec::new(), bytes: Vec::new() };
        for start in own.iter().flat_map(|range| range.clone().step_by(CHANGE_BYTES)) {
            let range = start..start + CHANGE_BYTES;
            let (before, now) = (image.get(range.clone())?, memory.get(range.clone())?);
            if before != now {
                changes.bytes.extend_from_slice(now);
                join(&mut changes.ranges, range);
            }
            if changes.bytes.len() > bytes_max {
                return None;
            }
        }
        // They are kept, and counted by their length.
        changes.bytes.shrink_to_fit();
        changes.ranges.shrink_to_fit();
        Some(changes)
    }

    /// Writes them into a memory that is as the image. Says whether they have their place in it.
    pub(crate) fn apply(&self, memory: &mut [u8]) -> bool {
        if self.ranges.last().is_some_and(|last| last.end > memory.len()) {
            return false;
        }
        let mut rest = &self.bytes[..];
        for range in &self.ranges {
            let (bytes, others) = rest.split_at(range.len());
            memory[range.clone()].copy_from_slice(bytes);
            rest = others;
        }
        true
    }

    /// How much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.ranges[..])
    }
}

/// What is known of a memory in use.
#[derive(Debug, Clone, Default)]
struct Used {
    /// Bytes of its own that it began with.
    begun_with: usize,
    /// The pages of its own then, as ranges of bytes; `None` when they were not asked for, or it is not to be renewed.
    own: Option<Vec<Range<usize>>>,
    /// How many runs had it before.
    runs: u32,
    /// Whoever used it has ended, and had no page fault.
    had_no_faults: bool,
}

/// Addresses for one memory.
#[derive(Debug)]
struct Slot {
    address: *mut u8,
    reserved_bytes: usize,
    /// The image's size; what lies behind it up to `bytes` has been grown.
    image_bytes: usize,
    bytes: usize,
    /// The pages of its own, as ranges of bytes; `None` when they were not asked for.
    own: Option<Vec<Range<usize>>>,
    /// How many runs have had it.
    runs: u32,
    /// A part of it may be in use that `bytes` does not tell of.
    is_broken: bool,
}

#[expect(unsafe_code, reason = "whoever has a slot has its memory alone")]
// SAFETY: the addresses belong to the slot and to nobody else.
unsafe impl Send for Slot {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: a shared slot is only asked for its figures.
unsafe impl Sync for Slot {}

impl Slots {
    /// What memories hold at first. Without it, they begin with zeros and are used once.
    pub(crate) fn set_image(&self, image: Image) {
        if let Ok(pages) = PageMap::open() {
            let _ = self.pages.set(pages);
        }
        let _ = self.image.set(image);
    }

    /// Learns from a memory that a run has used which pages all runs need.
    pub(crate) fn learn(&self, place: Place) {
        if let Some((pages, image)) = self.pages.get().zip(self.image.get())
            && let Ok(hot) = HotPages::observe(pages, Place { bytes: image.bytes(), ..place })
            && total(&hot.written) <= SLOT_KEPT_BYTES
        {
            let _ = self.hot.set(hot);
        }
    }

    /// Bytes of its own that the memory at this address began with.
    pub(crate) fn begun_with(&self, place: Place) -> usize {
        self.shelf().used.get(&place.address.addr()).map_or(0, |used| used.begun_with)
    }

    /// From its instantiation on, whoever used the memory at this address had no page fault.
    pub(crate) fn had_no_faults(&self, place: Place) {
        if let Some(used) = self.shelf().used.get_mut(&place.address.addr()) {
            used.had_no_faults = true;
        }
    }

    /// Makes the memory at this address as it was before its last run, where it lies. Says whether it did: not after a page
    /// fault, nor when it has grown, nor when it is time to look which pages it still needs.
    ///
    /// # Safety
    /// Nobody else has the memory.
    #[expect(unsafe_code, reason = "the caller has the memory alone")]
    pub(crate) unsafe fn renew(&self, place: Place) -> bool {
        let Some(image) = self.image.get().filter(|image| image.bytes() == place.bytes) else { return false };
        let may_be_renewed = |used: &&mut Used| used.had_no_faults && !(used.runs + 1).is_multiple_of(TRIM_RUNS);
        let own =
            self.shelf().used.get_mut(&place.address.addr()).filter(may_be_renewed).and_then(|used| used.own.take());
        let Some(own) = own else { return false };
        // SAFETY: the memory has the image's size, and is the caller's.
        unsafe { image.copy_to(place.address, &own) };
        if let Some(used) = self.shelf().used.get_mut(&place.address.addr()) {
            *used = Used { begun_with: total(&own), own: Some(own), runs: used.runs + 1, had_no_faults: false };
        }
        true
    }

    /// How a memory differs from the image. `None` when it is not as large as the image, differs in more bytes than these,
    /// or it is not known which pages are its own.
    pub(crate) fn changes(&self, memory: &[u8], bytes_max: usize) -> Option<Changes> {
        let image = self.image.get()?.content();
        if memory.len() != image.len() {
            return None;
        }
        let place = Place { address: memory.as_ptr().cast_mut(), bytes: memory.len() };
        Changes::between(image, memory, &self.pages.get()?.written(place).ok()?, bytes_max)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: usize, reserved_bytes: usize) -> io::Result<Slot> {
        let image = self.image.get().filter(|image| image.bytes() == bytes);
        if image.is_some()
            && let Some(slot) = self.shelf().free.pop()
        {
            return Ok(slot);
        }
        let slot = Slot::map(image, bytes, reserved_bytes)?;
        if let Some(hot) = self.hot.get()
            && image.is_some()
        {
            hot.populate(slot.place());
        }
        Ok(slot)
    }

    fn put_back(&self, mut slot: Slot) {
        let mut shelf = self.shelf();
        let used = shelf.used.remove(&slot.address.addr()).unwrap_or_default();
        slot.runs = slot.runs.max(used.runs);
        if used.own.is_some() {
            slot.own = used.own;
        }
        // Room is looked for before the work, which others need not wait for.
        if slot.is_broken
            || shelf.free.len() >= SLOTS_KEPT_MAX
            || self.image.get().is_none_or(|image| image.bytes() != slot.image_bytes)
        {
            return;
        }
        drop(shelf);
        if let Some((image, pages)) = self.image.get().zip(self.pages.get())
            && slot.restore(image, pages, self.hot.get(), used.had_no_faults).is_ok()
        {
            self.shelf().free.push(slot);
        }
    }

    /// Gives back the memories that nobody uses.
    pub(crate) fn clear(&self) {
        let free = std::mem::take(&mut self.shelf().free);
        drop(free);
    }
}

#[expect(unsafe_code, reason = "one call for each thing that the kernel is asked for; the slot owns its addresses")]
impl Slot {
    /// Reserves addresses, and maps what a memory begins with.
    fn map(image: Option<&Image>, bytes: usize, reserved_bytes: usize) -> io::Result<Self> {
        // SAFETY: new addresses, which the kernel chooses.
        let address = unsafe {
            mmap_anonymous(null_mut(), reserved_bytes, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)
        }?;
        let image_bytes = image.map_or(0, Image::bytes);
        let mut slot = Self {
            address: address.cast(),
            reserved_bytes,
            image_bytes,
            bytes: image_bytes,
            own: None,
            runs: 0,
            is_broken: false,
        };
        if let Some(image) = image.filter(|_| image_bytes > 0) {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
            // SAFETY: these addresses were reserved above, for this slot.
            unsafe { mmap(address, image_bytes, access, flags, &image.file, 0) }?;
        }
        slot.grow(bytes)?;
        Ok(slot)
    }

    fn place(&self) -> Place {
        Place { address: self.address, bytes: self.bytes }
    }

    fn grow(&mut self, bytes: usize) -> io::Result<()> {
        if bytes > self.reserved_bytes {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if bytes > self.bytes {
            // SAFETY: within the slot's addresses, behind what is in use.
            let grown = unsafe {
                let new = self.address.add(self.bytes).cast();
                mprotect(new, bytes - self.bytes, MprotectFlags::READ | MprotectFlags::WRITE)
            };
            self.is_broken |= grown.is_err();
            grown?;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// As it was before anybody used it.
    fn restore(
        &mut self,
        image: &Image,
        pages: &PageMap,
        hot: Option<&HotPages>,
        had_no_faults: bool,
    ) -> io::Result<()> {
        if self.bytes > self.image_bytes {
            let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
            // SAFETY: within the slot's addresses; nobody has the memory any more.
            unsafe {
                let grown = self.address.add(self.image_bytes).cast();
                // On newer kernels other threads may change their mappings while pages are given back this way.
                madvise(grown, self.bytes - self.image_bytes, Advice::LinuxDontNeed)?;
                mmap_anonymous(grown, self.bytes - self.image_bytes, ProtFlags::empty(), flags)?;
            }
            self.bytes = self.image_bytes;
        }
        self.runs = self.runs.wrapping_add(1);
        let known = self.own.take().filter(|_| had_no_faults);
        let mut own = known.map_or_else(|| pages.written(self.place()), Ok)?;
        if total(&own) > SLOT_KEPT_BYTES || self.runs.is_multiple_of(TRIM_RUNS) {
            let kept = hot.map_or(&[][..], |hot| &hot.written);
            self.forget(&without(&own, kept))?;
            own = without(&own, &without(&own, kept));
        }
        // SAFETY: nobody else has the memory, which is as large as the image.
        unsafe { image.copy_to(self.address, &own) };
        self.own = Some(own);
        Ok(())
    }

    /// These parts of the image's mapping show the image again, and take no memory.
    fn forget(&mut self, ranges: &[Range<usize>]) -> io::Result<()> {
        for range in ranges {
            // SAFETY: within the slot's addresses; a private mapping of a file shows the file again.
            unsafe { madvise(self.address.add(range.start).cast(), range.len(), Advice::LinuxDontNeed) }?;
        }
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the slot owns its addresses")]
        // SAFETY: they were reserved with this size, and nobody uses them any more.
        let _ = unsafe { munmap(self.address.cast(), self.reserved_bytes) };
    }
}

/// Gives Wasmtime its memories.
pub(crate) struct Creator(pub(crate) Arc<Slots>);

#[expect(unsafe_code, reason = "Wasmtime relies on the size of the reservation")]
// SAFETY: as many bytes are reserved as are asked for, guard included, and they stay where they are. They hold what the
// module's own data segments would have put there; the module has none (`image::split`), so nothing else is relied on.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let reserved = reserved.ok_or("a memory without a reservation would move")?;
        let slot = self.0.take(minimum, reserved.max(minimum) + guard);
        let mut slot = slot.map_err(|error| format!("the machine has no addresses for a sandbox: {error}"))?;
        let hot_bytes = || self.0.hot.get().map_or(0, |hot| total(&hot.written));
        let begun_with = slot.own.as_deref().map_or_else(hot_bytes, total);
        let used = Used { begun_with, own: slot.own.take(), runs: slot.runs, had_no_faults: false };
        self.0.shelf().used.insert(slot.address.addr(), used);
        Ok(Box::new(SlotMemory { capacity: slot.reserved_bytes - guard, slot: Some(slot), slots: Arc::clone(&self.0) }))
    }
}

/// A slot that an instance has.
struct SlotMemory {
    slot: Option<Slot>,
    capacity: usize,
    slots: Arc<Slots>,
}

#[expect(unsafe_code, reason = "Wasmtime relies on these figures")]
// SAFETY: a slot never moves, and `bytes` of it can be read and written.
unsafe impl LinearMemory for SlotMemory {
    fn byte_size(&self) -> usize {
        self.slot.as_ref().map_or(0, |slot| slot.bytes)
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let slot = self.slot.as_mut().filter(|_| bytes <= self.capacity);
        let slot = slot.ok_or(io::ErrorKind::OutOfMemory).map_err(io::Error::from)?;
        let grown = slot.grow(bytes);
        if slot.is_broken
            && let Some(used) = self.slots.shelf().used.get_mut(&slot.address.addr())
        {
            used.own = None;
        }
        Ok(grown?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot.as_ref().map_or(null_mut(), |slot| slot.address)
    }
}

impl Drop for SlotMemory {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.slots.put_back(slot);
        }
    }
}

#[cfg(test)]
#[expect(unsafe_code, reason = "what a guest does to its memory")]
mod tests {
    use super::*;
    use crate::clock::ThreadUsage;

    const PAGE: usize = 4096;

    /// Memories of so many pages, each page with its own number in it.
    fn slots(pages: usize) -> Slots {
        let content: Vec<u8> = (0..pages).flat_map(|page| [page as u8 | 1; PAGE]).collect();
        let slots = Slots::default();
        slots.set_image(Image::in_memory(&content).unwrap());
        slots
    }

    fn take(slots: &Slots) -> Slot {
        let bytes = slots.image.get().unwrap().bytes();
        slots.take(bytes, 64 << 20).unwrap()
    }

    fn bytes(slot: &mut Slot) -> &mut [u8] {
        // SAFETY: the slot is not used by anybody else.
        unsafe { std::slice::from_raw_parts_mut(slot.address, slot.bytes) }
    }

    fn check_new(slots: &Slots, slot: &mut Slot) {
        let image = slots.image.get().unwrap();
        assert_eq!(slot.bytes, image.bytes());
        for (page, found) in bytes(slot).chunks(PAGE).enumerate() {
            assert!(found == [page as u8 | 1; PAGE], "page {page} is another's");
        }
    }

    #[test]
    fn a_memory_is_as_new_wherever_it_was_written_to() {
        let slots = slots(100);
        let mut address = None;
        for round in 0..3 * TRIM_RUNS as usize {
            let mut slot = take(&slots);
            check_new(&slots, &mut slot);
            assert_eq!(*address.get_or_insert(slot.address), slot.address);
            for page in (round % 7..100).step_by(1 + round % 5) {
                bytes(&mut slot)[page * PAGE + round] = 0;
            }
            // Where there is a place for it, the kernel has some of it on disk.
            // SAFETY: the content stays as it is.
            let _ = unsafe { madvise(slot.address.cast(), slot.bytes, Advice::LinuxPageOut) };
            slots.put_back(slot);
        }
    }

    #[test]
    fn what_differs_is_written_into_another_memory() {
        let slots = slots(100);
        let (mut one, mut other) = (take(&slots), take(&slots));
        for place in [0, 1, 63, 64, 200, 5 * PAGE - 1, 5 * PAGE, 100 * PAGE - 1] {
            bytes(&mut one)[place] ^= 0x55;
        }
        // A page of its own that is as it was.
        bytes(&mut one)[30 * PAGE] = 30 | 1;
        let changes = slots.changes(bytes(&mut one), 7 * CHANGE_BYTES).unwrap();
        assert!(changes.apply(bytes(&mut other)));
        assert!(bytes(&mut one) == bytes(&mut other));
        assert_eq!((changes.ranges.len(), changes.bytes.len()), (4, 6 * CHANGE_BYTES));
        assert_eq!(slots.changes(bytes(&mut one), 6 * CHANGE_BYTES - 1), None);
        assert!(!changes.apply(&mut bytes(&mut other)[..PAGE]));
        one.grow(one.bytes + PAGE).unwrap();
        assert_eq!(slots.changes(bytes(&mut one), usize::MAX), None);
    }

    #[test]
    fn without_page_faults_the_pages_of_its_own_are_those_it_had() {
        let slots = slots(100);
        let mut slot = take(&slots);
        for page in [7, 8, 30] {
            bytes(&mut slot)[page * PAGE] = 0;
        }
        slots.put_back(slot);
        let mut slot = take(&slots);
        assert_eq!(slot.own, Some(vec![7 * PAGE..9 * PAGE, 30 * PAGE..31 * PAGE]));
        slots.shelf().used.insert(slot.address.addr(), Used::default());
        let before = ThreadUsage::now();
        for page in [7, 8, 30] {
            bytes(&mut slot)[page * PAGE + 9] = 0;
        }
        assert_eq!(ThreadUsage::now().since(before).faults, Some(0));
        slots.had_no_faults(slot.place());
        slots.put_back(slot);
        check_new(&slots, &mut take(&slots));
    }

    #[test]
    fn what_was_grown_is_gone() {
        let slots = slots(16);
        for _ in 0..2 {
            let mut slot = take(&slots);
            check_new(&slots, &mut slot);
            let had = slot.bytes;
            slot.grow(had + 4 * PAGE).unwrap();
            assert!(bytes(&mut slot)[had..].iter().all(|&byte| byte == 0));
            bytes(&mut slot)[had..].fill(1);
            slots.put_back(slot);
        }
        assert!(take(&slots).grow(65 << 20).is_err());
    }

    #[test]
    fn what_an_unused_memory_keeps_is_bounded() {
        let slots = slots(SLOT_KEPT_BYTES / PAGE * 2);
        // Pages that all runs read are given back like others when they were written to.
        let mut slot = take(&slots);
        std::hint::black_box(bytes(&mut slot).iter().filter(|&&byte| byte == 7).count());
        slots.learn(slot.place());
        slots.put_back(slot);
        let mut slot = take(&slots);
        bytes(&mut slot).fill(0);
        slots.put_back(slot);
        let mut slot = take(&slots);
        assert_eq!(total(slot.own.as_deref().unwrap()), 0);
        check_new(&slots, &mut slot);
        let many: Vec<_> = (0..2 * SLOTS_KEPT_MAX).map(|_| take(&slots)).collect();
        many.into_iter().for_each(|slot| slots.put_back(slot));
        assert_eq!(slots.shelf().free.len(), SLOTS_KEPT_MAX);
    }

    #[test]
    fn a_memory_of_another_size_is_used_once() {
        let slots = slots(16);
        let slot = slots.take(PAGE, 1 << 20).unwrap();
        assert_eq!((slot.bytes, slot.image_bytes), (PAGE, 0));
        slots.put_back(slot);
        assert_eq!(slots.shelf().free.len(), 0);
    }
}
