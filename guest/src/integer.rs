//! Arithmetic of large integers that the guest does itself, in place of malachite, whose integers RustPython's are.

use malachite_nz::{integer::Integer, natural::Natural, platform::Limb};
use rustpython_vm::builtins::PyInt;

/// What RustPython computes with is this very malachite: the numbers of another version may lie otherwise in memory.
const _: fn(&PyInt) -> Integer = |number| number.as_bigint().clone().into();

/// The product of a number and one limb. It runs in place of `Natural::mul_limb_ref`, and so takes and gives what that does
/// (crates/compute/examples/shared/replace.rs). That one asks before each limb whether its vector has room, and moves the
/// vector for the last one.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn times_limb(number: &Natural, factor: Limb) -> Natural {
    let limbs = match number.as_limbs_asc() {
        [] => return Natural::from(0_u32),
        [limb] => return Natural::from(u128::from(*limb) * u128::from(factor)),
        limbs => limbs,
    };
    let mut carry = 0;
    let mut product = Vec::with_capacity(limbs.len() + 1);
    product.extend(limbs.iter().map(|&limb| {
        let sum = u128::from(limb) * u128::from(factor) + u128::from(carry);
        carry = (sum >> Limb::BITS) as Limb;
        sum as Limb
    }));
    if carry != 0 {
        product.push(carry);
    }
    Natural::from_owned_limbs_asc(product)
}
