//! A function that every copy within the memory becomes a call of. Short ones it makes itself, by loads and stores that
//! overlap; the compiler would make each of them a call of the host, which takes longer than the copy. Rust's strings and
//! vectors copy short pieces most of all.

use super::Body;
use wasm_encoder::{BlockType, Instruction, MemArg, ValType};
use wasmparser::Operator;

/// What it takes: where to, where from, how many bytes.
pub(super) const PARAMETERS: [ValType; 3] = [ValType::I32; 3];
/// Longer copies are the operator's.
const SHORT_BYTES_MAX: i32 = 64;
/// A copy of so many bytes, if that is written in the code, is loads and stores anyway.
const CONSTANT_BYTES_MAX: i32 = 128;

const TO: u32 = 0;
const FROM: u32 = 1;
pub(super) const BYTES: u32 = 2;

/// What its operands are kept in: of 64, 32 and 128 bits.
pub(super) const LOCALS: [(u32, ValType); 3] = [(2, ValType::I64), (2, ValType::I32), (4, ValType::V128)];
const I64S: u32 = 3;
const I32S: u32 = 5;
const V128S: u32 = 7;

/// Whether this is a copy within the one memory.
pub(super) fn is_copy(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::MemoryCopy { .. })
}

/// Whether a copy behind this operator is short by what is written there.
pub(super) fn is_short_constant(before: Option<&Operator<'_>>) -> bool {
    matches!(before, Some(Operator::I32Const { value: 0..=CONSTANT_BYTES_MAX }))
}

/// Writes the function's body. What is long takes fuel as `long` says, before it begins.
pub(super) fn write(body: &mut Body, long: impl FnOnce(&mut Body)) {
    body.all(&[
        Instruction::LocalGet(BYTES),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::I32Const(SHORT_BYTES_MAX),
        Instruction::I32LtU,
        Instruction::If(BlockType::Empty),
    ]);
    between(body, 16, |body| {
        between(body, 8, |body| {
            between(body, 4, |body| {
                between(body, 2, |body| {
                    body.all(&[
                        Instruction::LocalGet(TO),
                        Instruction::LocalGet(FROM),
                        Instruction::I32Load8U(at(0)),
                        Instruction::I32Store8(at(0)),
                        Instruction::Return,
                    ]);
                });
                ends(body, 1, 2, I32S, Instruction::I32Load16U, Instruction::I32Store16);
            });
            ends(body, 1, 4, I32S, Instruction::I32Load, Instruction::I32Store);
        });
        ends(body, 1, 8, I64S, Instruction::I64Load, Instruction::I64Store);
    });
    between(body, 33, |body| ends(body, 1, 16, V128S, Instruction::V128Load, Instruction::V128Store));
    ends(body, 2, 16, V128S, Instruction::V128Load, Instruction::V128Store);
    body.all(&[Instruction::End]);
    long(body);
    body.all(&[
        Instruction::LocalGet(TO),
        Instruction::LocalGet(FROM),
        Instruction::LocalGet(BYTES),
        Instruction::MemoryCopy { src_mem: 0, dst_mem: 0 },
        Instruction::End,
    ]);
}

/// What is done for fewer bytes than these.
fn between(body: &mut Body, bytes: i32, act: impl FnOnce(&mut Body)) {
    body.all(&[
        Instruction::LocalGet(BYTES),
        Instruction::I32Const(bytes),
        Instruction::I32LtU,
        Instruction::If(BlockType::Empty),
    ]);
    act(body);
    body.all(&[Instruction::End]);
}

/// Copies `count` pieces of `bytes` bytes each from the beginning on, and as many up to the end; they overlap where there
/// are fewer bytes. All are loaded before the first is stored, since the places may overlap too.
fn ends(
    body: &mut Body,
    count: u32,
    bytes: u32,
    locals: u32,
    load: fn(MemArg) -> Instruction<'static>,
    store: fn(MemArg) -> Instruction<'static>,
) {
    let from_end = |place: u32, piece: u32| {
        [
            Instruction::LocalGet(place),
            Instruction::LocalGet(BYTES),
            Instruction::I32Add,
            Instruction::I32Const(((count - piece) * bytes).cast_signed()),
            Instruction::I32Sub,
        ]
    };
    for piece in 0..count {
        let offset = at(u64::from(piece * bytes));
        body.all(&[Instruction::LocalGet(FROM), load(offset), Instruction::LocalSet(locals + piece)]);
        body.all(&from_end(FROM, piece));
        body.all(&[load(at(0)), Instruction::LocalSet(locals + count + piece)]);
    }
    for piece in 0..count {
        let offset = at(u64::from(piece * bytes));
        body.all(&[Instruction::LocalGet(TO), Instruction::LocalGet(locals + piece), store(offset)]);
        body.all(&from_end(TO, piece));
        body.all(&[Instruction::LocalGet(locals + count + piece), store(at(0))]);
    }
    body.all(&[Instruction::Return]);
}

/// Nothing is known of how addresses lie.
fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}
