//! The task's clock: the host's, or a virtual one for runs that are to be repeatable.
//!
//! As with files, the C library's calls are defined here by their linker names and go on to the host where they must.

use std::{cell::Cell, slice};

/// A virtual clock starts at 2000-01-01T00:00:00Z.
const START_NS: u64 = 946_684_800_000_000_000;
/// Each look at a virtual clock takes so long.
const LOOK_NS: u64 = 1_000;
const REALTIME: u32 = 0;
/// WASI's `process_cputime_id`.
const PROCESSOR: u32 = 2;
/// Of a subscription of `poll_oneoff`: a clock, and its time is a point and not a distance.
const KIND_CLOCK: u8 = 0;
const FLAG_ABSOLUTE: u16 = 1;

thread_local! {
    /// Nanoseconds since the task's start, where the clock is virtual.
    static VIRTUAL_NS: Cell<Option<u64>> = const { Cell::new(None) };
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u16;
    fn poll_oneoff(subscriptions: *const Subscription, events: *mut Event, count: usize, out: *mut usize) -> u16;
    fn sched_yield() -> u16;
}

/// WASI's `subscription`, as far as clocks go.
#[repr(C)]
struct Subscription {
    userdata: u64,
    kind: u8,
    /// The union after the kind is aligned to 8 bytes.
    padding: u32,
    clock: u32,
    timeout_ns: u64,
    precision_ns: u64,
    flags: u16,
}

const _: () = assert!(size_of::<Subscription>() == 48 && size_of::<Event>() == 32);

/// WASI's `event`.
#[repr(C)]
struct Event {
    userdata: u64,
    errno: u16,
    kind: u8,
    bytes: u64,
    flags: u16,
}

/// The clock counts by itself from now on.
pub fn make_virtual() {
    VIRTUAL_NS.set(Some(0));
}

/// Nanoseconds since 1970.
pub fn now_ns() -> u64 {
    read(REALTIME)
}

/// Nanoseconds of processor time that the task has used.
pub fn processor_ns() -> u64 {
    read(PROCESSOR)
}

/// The same in seconds.
pub fn processor_seconds() -> f64 {
    processor_ns() as f64 / 1e9
}

fn read(clock: u32) -> u64 {
    let mut time = 0;
    unsafe { __imported_wasi_snapshot_preview1_clock_time_get(clock, 1, &mut time) };
    time
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_clock_time_get(
    clock: u32,
    precision: u64,
    out: *mut u64,
) -> u16 {
    let Some(passed) = VIRTUAL_NS.get() else { return unsafe { clock_time_get(clock, precision, out) } };
    VIRTUAL_NS.set(Some(passed + LOOK_NS));
    let start = if clock == REALTIME { START_NS } else { 0 };
    unsafe { out.write(start + passed) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_poll_oneoff(
    subscriptions: *const Subscription,
    events: *mut Event,
    count: usize,
    out: *mut usize,
) -> u16 {
    let asked = unsafe { slice::from_raw_parts(subscriptions, count) };
    let passed = VIRTUAL_NS.get().filter(|_| asked.iter().all(|one| one.kind == KIND_CLOCK));
    let Some(passed) = passed else { return unsafe { poll_oneoff(subscriptions, events, count, out) } };
    let until = |one: &Subscription| match (one.flags & FLAG_ABSOLUTE != 0, one.clock) {
        (true, REALTIME) => one.timeout_ns.saturating_sub(START_NS),
        (true, _) => one.timeout_ns,
        (false, _) => passed.saturating_add(one.timeout_ns),
    };
    let Some(first) = asked.iter().min_by_key(|one| until(one)) else { return 28 };
    VIRTUAL_NS.set(Some(passed.max(until(first))));
    unsafe {
        // Sleeping gives the processor away, also where it takes no time.
        sched_yield();
        events.write(Event { userdata: first.userdata, errno: 0, kind: KIND_CLOCK, bytes: 0, flags: 0 });
        out.write(1);
    }
    0
}
