//! C's comparisons of bytes, in place of the C library's, which look at one byte after the other: Rust compares strings and
//! slices with them.

use std::arch::wasm32::{i8x16_bitmask, i8x16_eq, v128, v128_load};

const VECTOR_BYTES: usize = size_of::<v128>();
/// What `i8x16_bitmask` says of equal vectors.
const ALL_EQUAL: u16 = u16::MAX;

/// C's `memcmp`.
///
/// # Safety
/// `count` bytes may be read at both places.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    unsafe {
        if count >= VECTOR_BYTES {
            let (mut at, last) = (0, count - VECTOR_BYTES);
            loop {
                let equal = equal_bytes(left.add(at), right.add(at));
                if equal != ALL_EQUAL {
                    let at = at + equal.trailing_ones() as usize;
                    return i32::from(*left.add(at)) - i32::from(*right.add(at));
                }
                if at == last {
                    return 0;
                }
                // The last vector begins within the one before it.
                at = (at + VECTOR_BYTES).min(last);
            }
        }
        if count >= 8 {
            let first = order(word(left), word(right));
            return if first == 0 { order(word(left.add(count - 8)), word(right.add(count - 8))) } else { first };
        }
        if count >= 4 {
            let first = order(half(left), half(right));
            return if first == 0 { order(half(left.add(count - 4)), half(right.add(count - 4))) } else { first };
        }
        for at in 0..count {
            let difference = i32::from(*left.add(at)) - i32::from(*right.add(at));
            if difference != 0 {
                return difference;
            }
        }
        0
    }
}

/// C's `bcmp`: whether they differ.
///
/// # Safety
/// As `memcmp`.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    unsafe { memcmp(left, right, count) }
}

/// A bit for each byte that is the same in both, the first one's the lowest.
unsafe fn equal_bytes(left: *const u8, right: *const u8) -> u16 {
    unsafe { i8x16_bitmask(i8x16_eq(v128_load(left.cast()), v128_load(right.cast()))) }
}

/// Eight bytes as a number that is ordered as they are.
unsafe fn word(place: *const u8) -> u64 {
    unsafe { place.cast::<u64>().read_unaligned() }.swap_bytes()
}

/// Four bytes likewise.
unsafe fn half(place: *const u8) -> u32 {
    unsafe { place.cast::<u32>().read_unaligned() }.swap_bytes()
}

fn order<T: Ord>(left: T, right: T) -> i32 {
    left.cmp(&right) as i32
}
