//! The guest's allocator: size classes with free lists for small blocks, the standard one for the rest. Of blocks of middle
//! size a few are kept when they are freed, since each operation on a large integer asks for one.
//!
//! A task allocates and frees small objects most of all, and one thread does. What it allocates lies side by side in
//! fresh memory (see [`start_afresh`]), so that few pages of the snapshot are written to. Small blocks are cut from chunks;
//! when much more memory is wanted than before, a sweep finds the chunks of which all blocks are free, for other classes or
//! larger blocks.
//!
//! While the interpreter is started, small blocks are numbered, and those whose numbers are told ([`arrange`]) lie side by
//! side too: they are what tasks write to, and a page of the snapshot that is written to is a copy for each task. All others
//! lie where they would lie without: what the interpreter does may hang on addresses, and then the numbers would be others.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::UnsafeCell,
    ptr,
};

/// Blocks of a class have a multiple of so many bytes, and lie at one.
const STEP_BYTES: usize = 16;
/// Larger blocks are the standard allocator's.
const SMALL_BYTES_MAX: usize = 1 << 10;
const CLASSES: usize = SMALL_BYTES_MAX / STEP_BYTES;
/// Larger blocks are rare, and are not kept when they are freed.
const MIDDLE_BYTES_MAX: usize = 32 << 10;
/// Middle blocks have the bytes of a class: of each power of two the quarters.
const QUARTERS: usize = 4;
const MIDDLE_CLASSES: usize = QUARTERS * (MIDDLE_BYTES_MAX / SMALL_BYTES_MAX).ilog2() as usize;
/// What the standard allocator gives without being asked: it moves a block of a stricter one where it could let it grow.
const MIDDLE_ALIGN: usize = 8;
/// So many of a class are kept: an operation frees few before the next one asks. All together they are below a megabyte.
const KEPT_MAX: u8 = 4;
/// Chunks have so many bytes, and lie at a multiple of it.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks come from the standard allocator in regions.
const REGION_CHUNKS: usize = 16;
/// So many regions are made before the first sweep.
const SWEEP_REGIONS: usize = 16;

/// At the beginning of each chunk.
#[repr(C, align(16))]
struct Chunk {
    /// Bytes that were cut from it, `FOR_EVER` where it stays as it is.
    cut: usize,
    /// Bytes of its free blocks, counted in a sweep.
    free: usize,
    /// The next chunk that nothing was cut from.
    next: *mut Chunk,
}

const FOR_EVER: usize = usize::MAX;

/// At the beginning of each region.
#[repr(C)]
struct Region {
    next: *mut Region,
    first: *mut Chunk,
}

struct State {
    /// Per class the first free block; each free block begins with the address of the next.
    free: [*mut u8; CLASSES],
    /// Per class of middle blocks the first one that is kept; each begins with the address of the next.
    kept: [*mut u8; MIDDLE_CLASSES],
    /// How many these are. Before `start_afresh` as many as there may be, so that none is kept: what is free in the snapshot is
    /// the standard allocator's.
    kept_counts: [u8; MIDDLE_CLASSES],
    /// The chunk that blocks are cut from.
    chunk: *mut Chunk,
    /// Chunks that nothing was cut from.
    spare: *mut Chunk,
    regions: *mut Region,
    regions_count: usize,
    /// With so many regions there is a sweep before another one is made.
    sweep_at: usize,
    /// While the interpreter is started.
    arrangement: *mut Arrangement,
    /// A chunk with blocks from before `start_afresh`, which nobody counts.
    shared: *mut Chunk,
}

/// Groups of blocks that are to lie side by side.
type Groups = [Vec<u32>; GROUPS];
/// What every task writes to, and what many do.
pub const GROUPS: usize = 2;

/// How blocks are arranged.
struct Arrangement {
    /// The number of the next block.
    next: u32,
    /// The numbers of each group that are to come, the next one last.
    groups: Groups,
    /// Where each group's blocks are cut from.
    rooms: [Room; GROUPS],
}

/// The chunks of a group. What finds no place there stays where it is.
#[derive(Clone, Copy)]
struct Room {
    chunk: *mut Chunk,
    /// Bytes that were cut from it.
    cut: usize,
    /// How many there are behind it.
    more: usize,
}

/// The first group's blocks have one chunk: the first blocks of each task lie behind them.
const ROOM_CHUNKS: [usize; GROUPS] = [1, REGION_CHUNKS - 1];

struct Allocator(UnsafeCell<State>);

// SAFETY: the guest has one thread.
unsafe impl Sync for Allocator {}

const EMPTY: State = State {
    free: [ptr::null_mut(); CLASSES],
    kept: [ptr::null_mut(); MIDDLE_CLASSES],
    kept_counts: [KEPT_MAX; MIDDLE_CLASSES],
    chunk: ptr::null_mut(),
    spare: ptr::null_mut(),
    regions: ptr::null_mut(),
    regions_count: 0,
    sweep_at: SWEEP_REGIONS,
    arrangement: ptr::null_mut(),
    shared: ptr::null_mut(),
};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(UnsafeCell::new(EMPTY));

const REGION_LAYOUT: Layout =
    unsafe { Layout::from_size_align_unchecked((REGION_CHUNKS + 1) * CHUNK_BYTES, STEP_BYTES) };

/// The class of a layout, if it is a small one. No layout has no bytes: nobody asks an allocator for that.
fn class(layout: &Layout) -> Option<usize> {
    (layout.size() <= SMALL_BYTES_MAX && layout.align() <= STEP_BYTES).then(|| (layout.size() - 1) / STEP_BYTES)
}

fn class_bytes(class: usize) -> usize {
    (class + 1) * STEP_BYTES
}

/// The class of middle blocks of a layout, if it is such a one.
const fn middle_class(layout: &Layout) -> Option<usize> {
    let bytes = layout.size();
    if bytes <= SMALL_BYTES_MAX || bytes > MIDDLE_BYTES_MAX || layout.align() > MIDDLE_ALIGN {
        return None;
    }
    let power = (bytes - 1).ilog2();
    let quarter = ((bytes - 1) >> (power - QUARTERS.ilog2())) - QUARTERS;
    Some(QUARTERS * (power - SMALL_BYTES_MAX.ilog2()) as usize + quarter)
}

/// What the blocks of a class have.
const fn middle_layout(class: usize) -> Layout {
    let quarter = (SMALL_BYTES_MAX / QUARTERS) << (class / QUARTERS);
    unsafe { Layout::from_size_align_unchecked((QUARTERS + class % QUARTERS + 1) * quarter, MIDDLE_ALIGN) }
}

/// Each class begins behind the one before.
const _: () = {
    let (mut class, mut bytes) = (0, SMALL_BYTES_MAX);
    while class < MIDDLE_CLASSES {
        let first = unsafe { Layout::from_size_align_unchecked(bytes + 1, 1) };
        assert!(matches!(middle_class(&first), Some(found) if found == class));
        bytes = middle_layout(class).size();
        assert!(matches!(middle_class(&middle_layout(class)), Some(found) if found == class));
        class += 1;
    }
    assert!(bytes == MIDDLE_BYTES_MAX);
};

/// What the standard allocator is asked for in place of a layout that is not small.
fn standard(layout: Layout) -> Layout {
    middle_class(&layout).map_or(layout, middle_layout)
}

/// The chunk that a block was cut from.
unsafe fn chunk_of(block: *mut u8) -> *mut Chunk {
    block.map_addr(|address| address & !(CHUNK_BYTES - 1)).cast()
}

unsafe fn next_block(block: *mut u8) -> *mut u8 {
    unsafe { block.cast::<*mut u8>().read() }
}

impl State {
    unsafe fn take(&mut self, class: usize) -> *mut u8 {
        let block = self.free[class];
        if block.is_null() {
            return unsafe { self.cut(class_bytes(class)) };
        }
        self.free[class] = unsafe { next_block(block) };
        block
    }

    /// A block while the interpreter is started.
    #[cold]
    unsafe fn take_numbered(&mut self, class: usize) -> *mut u8 {
        unsafe {
            let arrangement = &mut *self.arrangement;
            let number = arrangement.next;
            arrangement.next += 1;
            let group = arrangement.groups.iter_mut().position(|group| group.pop_if(|next| *next == number).is_some());
            let usual = self.take(class);
            let block = group.and_then(|group| arrangement.rooms[group].cut(class_bytes(class))).unwrap_or(usual);
            block_was_numbered(block, class_bytes(class), number);
            block
        }
    }

    unsafe fn give(&mut self, class: usize, block: *mut u8) {
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
    }

    /// A block that is not small.
    #[inline(never)]
    unsafe fn take_large(&mut self, layout: Layout) -> *mut u8 {
        unsafe {
            if let Some(class) = middle_class(&layout)
                && !self.kept[class].is_null()
            {
                let block = self.kept[class];
                (self.kept[class], self.kept_counts[class]) = (next_block(block), self.kept_counts[class] - 1);
                return block;
            }
            let layout = standard(layout);
            let block = System.alloc(layout);
            if block.is_null() { self.again(|| System.alloc(layout)) } else { block }
        }
    }

    #[inline(never)]
    unsafe fn give_large(&mut self, block: *mut u8, layout: Layout) {
        unsafe {
            match middle_class(&layout).filter(|class| self.kept_counts[*class] < KEPT_MAX) {
                Some(class) => {
                    block.cast::<*mut u8>().write(self.kept[class]);
                    (self.kept[class], self.kept_counts[class]) = (block, self.kept_counts[class] + 1);
                }
                None => System.dealloc(block, standard(layout)),
            }
        }
    }

    /// What is kept of middle blocks goes back to the standard allocator.
    unsafe fn give_back(&mut self) {
        for class in 0..MIDDLE_CLASSES {
            let mut block = std::mem::replace(&mut self.kept[class], ptr::null_mut());
            while !block.is_null() {
                self.kept_counts[class] -= 1;
                unsafe {
                    let next = next_block(block);
                    System.dealloc(block, middle_layout(class));
                    block = next;
                }
            }
        }
    }

    unsafe fn cut(&mut self, bytes: usize) -> *mut u8 {
        unsafe {
            if (self.chunk.is_null() || (*self.chunk).cut + bytes > CHUNK_BYTES) && !self.next_chunk() {
                return ptr::null_mut();
            }
            let cut = (*self.chunk).cut;
            (*self.chunk).cut = cut + bytes;
            self.chunk.cast::<u8>().add(cut)
        }
    }

    #[cold]
    unsafe fn next_chunk(&mut self) -> bool {
        unsafe {
            if self.spare.is_null() && self.regions_count >= self.sweep_at {
                self.sweep();
                self.sweep_at = (self.regions_count + self.regions_count / 2).max(SWEEP_REGIONS);
            }
            if self.spare.is_null() && !self.add_region() {
                self.give_back();
                self.sweep();
                if self.spare.is_null() && !self.add_region() {
                    return false;
                }
            }
            self.chunk = self.spare;
            self.spare = (*self.chunk).next;
            (*self.chunk).cut = size_of::<Chunk>();
            true
        }
    }

    unsafe fn add_region(&mut self) -> bool {
        unsafe {
            let region: *mut Region = System.alloc(REGION_LAYOUT).cast();
            if region.is_null() {
                return false;
            }
            let first = region.add(1).map_addr(|address| address.next_multiple_of(CHUNK_BYTES)).cast();
            region.write(Region { next: self.regions, first });
            (self.regions, self.regions_count) = (region, self.regions_count + 1);
            for chunk in (*region).chunks().rev() {
                chunk.write(Chunk { cut: 0, free: 0, next: self.spare });
                self.spare = chunk;
            }
            true
        }
    }

    /// Finds the chunks whose blocks are all free. Regions that have no others go back to the standard allocator.
    unsafe fn sweep(&mut self) {
        unsafe {
            self.each_chunk(|chunk| (*chunk).free = size_of::<Chunk>());
            for class in 0..CLASSES {
                let mut block = self.free[class];
                while !block.is_null() {
                    (*chunk_of(block)).free += class_bytes(class);
                    block = next_block(block);
                }
            }
            let (current, shared) = (self.chunk, self.shared);
            let is_free = |chunk: *mut Chunk| chunk != current && chunk != shared && (*chunk).free >= (*chunk).cut;
            for class in 0..CLASSES {
                let mut block = std::mem::replace(&mut self.free[class], ptr::null_mut());
                while !block.is_null() {
                    let next = next_block(block);
                    if !is_free(chunk_of(block)) {
                        self.give(class, block);
                    }
                    block = next;
                }
            }
            self.spare = ptr::null_mut();
            let mut region = std::mem::replace(&mut self.regions, ptr::null_mut());
            while !region.is_null() {
                let next = (*region).next;
                if (*region).chunks().all(is_free) {
                    self.regions_count -= 1;
                    System.dealloc(region.cast(), REGION_LAYOUT);
                } else {
                    (*region).next = self.regions;
                    self.regions = region;
                    for chunk in (*region).chunks().filter(|chunk| is_free(*chunk)) {
                        ((*chunk).cut, (*chunk).next) = (0, self.spare);
                        self.spare = chunk;
                    }
                }
                region = next;
            }
        }
    }

    unsafe fn each_chunk(&self, mut act: impl FnMut(*mut Chunk)) {
        let mut region = self.regions;
        while !region.is_null() {
            unsafe {
                (*region).chunks().for_each(&mut act);
                region = (*region).next;
            }
        }
    }

    /// After the standard allocator had no room: perhaps a sweep makes some.
    #[cold]
    unsafe fn again(&mut self, allocate: impl Fn() -> *mut u8) -> *mut u8 {
        unsafe {
            self.give_back();
            self.sweep();
        }
        allocate()
    }
}

impl Room {
    unsafe fn cut(&mut self, bytes: usize) -> Option<*mut u8> {
        unsafe {
            if self.cut + bytes > CHUNK_BYTES {
                self.more = self.more.checked_sub(1)?;
                (self.chunk, self.cut) = (self.chunk.wrapping_byte_add(CHUNK_BYTES), size_of::<Chunk>());
            }
            let cut = self.cut;
            self.cut += bytes;
            Some(self.chunk.cast::<u8>().add(cut))
        }
    }
}

impl Region {
    /// There is room for them wherever the region begins.
    fn chunks(&self) -> impl DoubleEndedIterator<Item = *mut Chunk> + use<> {
        let first = self.first;
        (0..REGION_CHUNKS).map(move |index| first.wrapping_byte_add(index * CHUNK_BYTES))
    }
}

unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(&layout) {
            Some(class) => unsafe {
                let state = &mut *self.0.get();
                if state.arrangement.is_null() { state.take(class) } else { state.take_numbered(class) }
            },
            None => unsafe { (*self.0.get()).take_large(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(&layout) {
            Some(class) => unsafe { (*self.0.get()).give(class, block) },
            None => unsafe { (*self.0.get()).give_large(block, layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe {
            if class(&layout).is_some() || middle_class(&layout).is_some() {
                let block = self.alloc(layout);
                if !block.is_null() {
                    block.write_bytes(0, layout.size());
                }
                return block;
            }
            let block = System.alloc_zeroed(layout);
            if block.is_null() { (*self.0.get()).again(|| System.alloc_zeroed(layout)) } else { block }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        unsafe {
            let wanted = Layout::from_size_align_unchecked(bytes, layout.align());
            match (class(&layout), class(&wanted)) {
                (Some(has), Some(wants)) if has == wants => block,
                (None, None) => {
                    let (has, wants) = (standard(layout), standard(wanted).size());
                    if has.size() == wants {
                        return block;
                    }
                    let moved = System.realloc(block, has, wants);
                    if moved.is_null() { (*self.0.get()).again(|| System.realloc(block, has, wants)) } else { moved }
                }
                _ => {
                    let moved = self.alloc(wanted);
                    if !moved.is_null() {
                        moved.copy_from_nonoverlapping(block, layout.size().min(bytes));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}

/// Tells whoever looks for it which number a block has.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn block_was_numbered(block: *mut u8, bytes: usize, number: u32) {
    std::hint::black_box((block, bytes, number));
}

/// From now on small blocks are numbered. Those with the numbers of a group, in their order, lie side by side.
pub fn arrange(mut groups: Groups) {
    groups.iter_mut().for_each(|group| group.reverse());
    unsafe {
        let state = &mut *ALLOCATOR.0.get();
        if !state.add_region() {
            return;
        }
        // A region of their own, which no sweep sees.
        let region = state.regions;
        (state.regions, state.regions_count) = ((*region).next, state.regions_count - 1);
        let mut next = (*region).first;
        for chunk in (*region).chunks() {
            (state.spare, (*chunk).cut) = ((*chunk).next, FOR_EVER);
        }
        let rooms = ROOM_CHUNKS.map(|count| {
            let chunk = next;
            next = next.wrapping_byte_add(count * CHUNK_BYTES);
            Room { chunk, cut: size_of::<Chunk>(), more: count - 1 }
        });
        state.arrangement = Box::into_raw(Box::new(Arrangement { next: 0, groups, rooms }));
    }
}

/// From now on small blocks come from fresh memory: the free ones that lie between what was allocated so far stay free
/// for ever. The first ones lie behind those of the first group, in pages that are written to anyway.
pub fn start_afresh() {
    unsafe {
        let state = &mut *ALLOCATOR.0.get();
        state.each_chunk(|chunk| (*chunk).cut = FOR_EVER);
        let arrangement = state.arrangement;
        *state = State { kept_counts: [0; MIDDLE_CLASSES], ..EMPTY };
        if arrangement.is_null() {
            state.next_chunk();
            return;
        }
        state.add_region();
        let Room { chunk, cut, .. } = (*arrangement).rooms[0];
        (*chunk).cut = cut;
        (state.chunk, state.shared) = (chunk, chunk);
    }
}
