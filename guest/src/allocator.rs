//! The guest's allocator: size classes with free lists for small blocks, the standard one for the rest.
//!
//! A task allocates and frees small objects most of all, and one thread does. What it allocates lies side by side in
//! fresh memory (see [`start_afresh`]), so that few pages of the snapshot are written to.

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
/// Small blocks are cut from chunks of this size.
const CHUNK_BYTES: usize = 64 << 10;
/// The first chunk of a task.
const FRESH_BYTES: usize = 1 << 20;

struct State {
    /// Per class the first free block; each free block begins with the address of the next.
    free: [*mut u8; CLASSES],
    /// What is left of the current chunk.
    next: *mut u8,
    left: usize,
}

struct Allocator(UnsafeCell<State>);

// SAFETY: the guest has one thread.
unsafe impl Sync for Allocator {}

#[global_allocator]
static ALLOCATOR: Allocator =
    Allocator(UnsafeCell::new(State { free: [ptr::null_mut(); CLASSES], next: ptr::null_mut(), left: 0 }));

/// The class of a layout, if it is a small one. No layout has less than a class: one of no bytes is never asked for.
fn class(layout: &Layout) -> Option<usize> {
    (layout.size() <= SMALL_BYTES_MAX && layout.align() <= STEP_BYTES).then(|| (layout.size() - 1) / STEP_BYTES)
}

impl State {
    unsafe fn take(&mut self, class: usize) -> *mut u8 {
        let block = self.free[class];
        if block.is_null() {
            return unsafe { self.cut((class + 1) * STEP_BYTES) };
        }
        self.free[class] = unsafe { block.cast::<*mut u8>().read() };
        block
    }

    #[cold]
    unsafe fn refill(&mut self, bytes: usize) -> bool {
        let chunk = unsafe { System.alloc(Layout::from_size_align_unchecked(bytes, STEP_BYTES)) };
        if chunk.is_null() {
            return false;
        }
        (self.next, self.left) = (chunk, bytes);
        true
    }

    unsafe fn cut(&mut self, bytes: usize) -> *mut u8 {
        if self.left < bytes && !unsafe { self.refill(CHUNK_BYTES) } {
            return ptr::null_mut();
        }
        let block = self.next;
        (self.next, self.left) = (unsafe { block.add(bytes) }, self.left - bytes);
        block
    }
}

unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(&layout) {
            Some(class) => unsafe { (*self.0.get()).take(class) },
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(&layout) {
            Some(class) => unsafe {
                let state = &mut *self.0.get();
                block.cast::<*mut u8>().write(state.free[class]);
                state.free[class] = block;
            },
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if class(&layout).is_none() {
            return unsafe { System.alloc_zeroed(layout) };
        }
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let wanted = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (class(&layout), class(&wanted)) {
            (Some(has), Some(wants)) if has == wants => block,
            (None, None) => unsafe { System.realloc(block, layout, bytes) },
            _ => unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(block, layout.size().min(bytes));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

/// From now on small blocks come from fresh memory: the free ones that lie between what was allocated so far stay free
/// for ever.
pub fn start_afresh() {
    unsafe {
        let state = &mut *ALLOCATOR.0.get();
        state.free = [ptr::null_mut(); CLASSES];
        state.refill(FRESH_BYTES);
    }
}
