//! The native stacks that guests run on. A guest cannot see its stack; what was used of one is zeroed nevertheless before
//! another run has it.

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};
use std::{
    cell::Cell,
    io,
    ops::Range,
    ptr::null_mut,
    sync::{Arc, Mutex, PoisonError},
};
use wasmtime::{StackCreator, StackMemory};

/// The upper end of a stack stays in memory for the next run.
const STACK_KEPT_BYTES: usize = 64 << 10;
/// Stacks that nobody uses and that are kept, on any machine.
const STACKS_KEPT_MAX: usize = 64;

/// Stacks that nobody uses.
#[derive(Debug, Default)]
struct Stacks {
    free: Mutex<Vec<Stack>>,
}

/// A guard page, and a stack that grows down to it.
#[derive(Debug)]
struct Stack {
    address: *mut u8,
    guard_bytes: usize,
    bytes: usize,
}

#[expect(unsafe_code, reason = "whoever has a stack has its memory alone")]
// SAFETY: the addresses belong to the stack and to nobody else.
unsafe impl Send for Stack {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: a shared stack is only asked where it lies.
unsafe impl Sync for Stack {}

#[expect(unsafe_code, reason = "one call for each thing that the kernel is asked for; the stack owns its addresses")]
impl Stack {
    fn map(bytes: usize) -> io::Result<Self> {
        let guard_bytes = rustix::param::page_size();
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: new addresses, which the kernel chooses; all of them but the guard page become a stack.
        unsafe {
            let address = mmap_anonymous(null_mut(), guard_bytes + bytes, ProtFlags::empty(), flags)?;
            let stack = Self { address: address.cast(), guard_bytes, bytes };
            mprotect(stack.address.add(guard_bytes).cast(), bytes, MprotectFlags::READ | MprotectFlags::WRITE)?;
            // Else more than what was touched would come into memory, without a page fault that tells. A kernel without huge
            // pages refuses.
            let _ = madvise(stack.address.add(guard_bytes).cast(), bytes, Advice::LinuxNoHugepage);
            Ok(stack)
        }
    }

    fn restore(&mut self) -> io::Result<()> {
        let kept = STACK_KEPT_BYTES.min(self.bytes);
        // SAFETY: within the stack, which nobody runs on any more.
        unsafe {
            let bottom = self.address.add(self.guard_bytes);
            madvise(bottom.cast(), self.bytes - kept, Advice::LinuxDontNeed)?;
            self.upper_end().clear();
        }
        Ok(())
    }

    fn upper_end(&self) -> UpperEnd {
        let kept = STACK_KEPT_BYTES.min(self.bytes);
        UpperEnd { start: self.address.wrapping_add(self.guard_bytes + self.bytes - kept), bytes: kept }
    }
}

/// The part of a stack that stays in memory. A run without page faults has not gone beyond it: below, nothing is in
/// memory when a stack is given out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UpperEnd {
    start: *mut u8,
    bytes: usize,
}

#[expect(unsafe_code, reason = "it only says where the stack is")]
// SAFETY: using it is unsafe.
unsafe impl Send for UpperEnd {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for UpperEnd {}

impl UpperEnd {
    /// Zeroes it.
    ///
    /// # Safety
    /// The stack is still there, and nobody runs on it.
    #[expect(unsafe_code, reason = "the caller has the stack")]
    pub(crate) unsafe fn clear(self) {
        // SAFETY: the caller's promise.
        unsafe { self.start.write_bytes(0, self.bytes) };
    }
}

thread_local! {
    static GIVEN_LAST: Cell<Option<UpperEnd>> = const { Cell::new(None) };
}

/// Does something, and tells of the stack that this thread was given meanwhile: Wasmtime takes one for a store's first
/// call and keeps it for as long as there is the store.
pub(crate) fn given_during<T>(act: impl FnOnce() -> T) -> (T, Option<UpperEnd>) {
    GIVEN_LAST.set(None);
    let done = act();
    (done, GIVEN_LAST.take())
}

impl Drop for Stack {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the stack owns its addresses")]
        // SAFETY: they were reserved with this size, and nobody uses them any more.
        let _ = unsafe { munmap(self.address.cast(), self.guard_bytes + self.bytes) };
    }
}

impl Stacks {
    fn put_back(&self, mut stack: Stack) {
        let is_room = |free: &Vec<Stack>| free.len() < STACKS_KEPT_MAX;
        if is_room(&self.free.lock().unwrap_or_else(PoisonError::into_inner)) && stack.restore().is_ok() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(stack);
        }
    }
}

/// Gives Wasmtime its stacks.
#[derive(Default)]
pub(crate) struct Creator(Arc<Stacks>);

#[expect(unsafe_code, reason = "Wasmtime relies on the size of the stack and on its guard")]
// SAFETY: a stack has the size that is asked for, is zero, and lies behind a page that nobody can touch.
unsafe impl StackCreator for Creator {
    fn new_stack(&self, bytes: usize, _: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let bytes = bytes.next_multiple_of(rustix::param::page_size());
        let free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner).pop_if(|stack| stack.bytes == bytes);
        let stack = free.map_or_else(|| Stack::map(bytes), Ok)?;
        GIVEN_LAST.set(Some(stack.upper_end()));
        Ok(Box::new(UsedStack { stack: Some(stack), stacks: Arc::clone(&self.0) }))
    }
}

/// A stack that an instance has.
struct UsedStack {
    stack: Option<Stack>,
    stacks: Arc<Stacks>,
}

impl UsedStack {
    fn stack(&self) -> &Stack {
        self.stack.as_ref().expect("it is only taken when it is dropped")
    }
}

#[expect(unsafe_code, reason = "Wasmtime relies on these addresses")]
// SAFETY: they are the stack's own.
unsafe impl StackMemory for UsedStack {
    fn top(&self) -> *mut u8 {
        let stack = self.stack();
        stack.address.wrapping_add(stack.guard_bytes + stack.bytes)
    }

    fn range(&self) -> Range<usize> {
        let top = self.top().addr();
        top - self.stack().bytes..top
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let stack = self.stack();
        stack.address..stack.address.wrapping_add(stack.guard_bytes)
    }
}

impl Drop for UsedStack {
    fn drop(&mut self) {
        if let Some(stack) = self.stack.take() {
            self.stacks.put_back(stack);
        }
    }
}
