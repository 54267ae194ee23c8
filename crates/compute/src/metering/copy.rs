//! Functions that every copy within the memory, and everything that fills it, becomes a call of. What is long they do
//! piece by piece, each paid before it begins, so that a turn can end in between. Short copies are loads and stores that
//! overlap; the compiler would make each of them a call of the host, which takes longer than the copy. Rust's strings and
//! vectors copy short pieces most of all.

use super::Body;
use wasm_encoder::{BlockType, Instruction, MemArg, ValType};
use wasmparser::Operator;

/// What they take: where to; where from, or the byte to fill with; how many bytes.
pub(super) const PARAMETERS: [ValType; 3] = [ValType::I32; 3];
/// Longer copies are made by the operator.
const SHORT_BYTES_MAX: i32 = 64;
/// What is longer is done in such pieces, each of which takes some microseconds.
const PIECE_BYTES: i32 = 64 << 10;
/// A copy of so many bytes, if that is written in the code, is loads and stores anyway.
const CONSTANT_BYTES_MAX: i32 = 128;

const TO: u32 = 0;
const FROM: u32 = 1;
const VALUE: u32 = 1;
const BYTES: u32 = 2;

/// What its operands are kept in: of 64, 32 and 128 bits.
pub(super) const LOCALS: [(u32, ValType); 3] = [(2, ValType::I64), (2, ValType::I32), (4, ValType::V128)];
const I64S: u32 = 3;
const I32S: u32 = 5;
const V128S: u32 = 7;

/// Whether this is a copy within the one memory.
pub(super) fn is_copy(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::MemoryCopy { .. })
}

/// Whether this fills a part of the one memory.
pub(super) fn is_fill(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::MemoryFill { .. })
}

/// Whether a copy behind this operator is short by what is written there.
pub(super) fn is_short_constant(before: Option<&Operator<'_>>) -> bool {
    matches!(before, Some(Operator::I32Const { value: 0..=CONSTANT_BYTES_MAX }))
}

/// Writes the body of the function that fills. `take` takes fuel.
pub(super) fn write_fill(body: &mut Body, take: impl Fn(&mut Body, &[Instruction<'_>])) {
    let fill = Instruction::MemoryFill(0);
    pieces(body, &[Instruction::LocalGet(TO)], &take, |body| {
        body.all(&[Instruction::LocalGet(TO), Instruction::LocalGet(VALUE)]);
        body.all(&[Instruction::I32Const(PIECE_BYTES), fill.clone()]);
        advance(body, TO);
    });
    take(body, &[Instruction::LocalGet(BYTES), Instruction::I64ExtendI32U]);
    body.all(&[Instruction::LocalGet(TO), Instruction::LocalGet(VALUE), Instruction::LocalGet(BYTES), fill]);
    body.all(&[Instruction::End]);
}

/// Writes the body of the function that copies. `take` takes fuel.
pub(super) fn write_copy(body: &mut Body, take: impl Fn(&mut Body, &[Instruction<'_>])) {
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
    let copy = Instruction::MemoryCopy { src_mem: 0, dst_mem: 0 };
    let is_upwards = [Instruction::LocalGet(TO), Instruction::LocalGet(FROM), Instruction::I32GtU];
    let higher = [&[Instruction::LocalGet(TO), Instruction::LocalGet(FROM)], &is_upwards[..], &[Instruction::Select]];
    pieces(body, &higher.concat(), &take, |body| {
        // From the end on where the beginning of what is to be copied may be written over.
        body.all(&is_upwards);
        body.all(&[Instruction::If(BlockType::Empty)]);
        for place in [TO, FROM] {
            body.all(&[Instruction::LocalGet(place), Instruction::LocalGet(BYTES), Instruction::I32Add]);
            body.all(&[Instruction::I32Const(PIECE_BYTES), Instruction::I32Sub]);
        }
        body.all(&[Instruction::I32Const(PIECE_BYTES), copy.clone(), Instruction::Else]);
        body.all(&[Instruction::LocalGet(TO), Instruction::LocalGet(FROM)]);
        body.all(&[Instruction::I32Const(PIECE_BYTES), copy.clone()]);
        advance(body, TO);
        advance(body, FROM);
        body.all(&[Instruction::End]);
    });
    take(body, &[Instruction::LocalGet(BYTES), Instruction::I64ExtendI32U]);
    body.all(&[Instruction::LocalGet(TO), Instruction::LocalGet(FROM), Instruction::LocalGet(BYTES), copy]);
    body.all(&[Instruction::End]);
}

/// Repeats `act`, which does one piece, while there are more bytes than that. What would go beyond the memory is left whole,
/// to the operator that says so; `highest` is the highest place that it begins at.
fn pieces(
    body: &mut Body,
    highest: &[Instruction<'_>],
    take: impl Fn(&mut Body, &[Instruction<'_>]),
    act: impl FnOnce(&mut Body),
) {
    body.all(&[Instruction::Block(BlockType::Empty), Instruction::Loop(BlockType::Empty)]);
    body.all(&[Instruction::LocalGet(BYTES), Instruction::I32Const(PIECE_BYTES), Instruction::I32LeU]);
    body.all(&[Instruction::BrIf(1)]);
    body.all(highest);
    body.all(&[Instruction::I64ExtendI32U, Instruction::LocalGet(BYTES), Instruction::I64ExtendI32U]);
    body.all(&[Instruction::I64Add, Instruction::MemorySize(0), Instruction::I64ExtendI32U]);
    body.all(&[Instruction::I64Const(16), Instruction::I64Shl, Instruction::I64GtU, Instruction::BrIf(1)]);
    take(body, &[Instruction::I64Const(PIECE_BYTES.into())]);
    act(body);
    body.all(&[Instruction::LocalGet(BYTES), Instruction::I32Const(PIECE_BYTES), Instruction::I32Sub]);
    body.all(&[Instruction::LocalSet(BYTES), Instruction::Br(0), Instruction::End, Instruction::End]);
}

fn advance(body: &mut Body, place: u32) {
    body.all(&[Instruction::LocalGet(place), Instruction::I32Const(PIECE_BYTES), Instruction::I32Add]);
    body.all(&[Instruction::LocalSet(place)]);
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

#[cfg(test)]
mod tests {
    use super::{super::tests::operators, PIECE_BYTES, SHORT_BYTES_MAX};
    use crate::metering::{EXPORT_FUEL, IMPORT_USED_UP, Metering, metered};
    use wasmparser::Operator;
    use wasmtime::{Caller, Engine, Extern, Linker, Memory, Module, Store, Trap, TypedFunc, Val};

    const PIECE: u32 = PIECE_BYTES.cast_unsigned();
    /// Bytes of the memory: seven pieces.
    const END: u32 = 7 * PIECE;

    type Operation = TypedFunc<(u32, u32, u32), ()>;

    /// A module's memory, what copies and fills there, and how often its fuel was used up; it gets a piece's at a time.
    struct Guest {
        store: Store<u32>,
        memory: Memory,
        copy: Operation,
        fill: Operation,
    }

    impl Guest {
        fn new(metering: Metering) -> Self {
            let wasm = wat::parse_str(
                "(module (memory (export \"memory\") 7)
                   (func (export \"copy\") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
                   (func (export \"fill\") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2))))",
            );
            let engine = Engine::default();
            let module = Module::new(&engine, metered(&wasm.unwrap(), metering).unwrap()).unwrap();
            let mut linker = Linker::new(&engine);
            let used_up = |mut caller: Caller<'_, u32>| -> wasmtime::Result<()> {
                *caller.data_mut() += 1;
                let fuel = caller.get_export(EXPORT_FUEL).and_then(Extern::into_global).unwrap();
                let left = fuel.get(&mut caller).unwrap_i64();
                fuel.set(&mut caller, Val::I64(left + i64::from(PIECE)))
            };
            linker.func_wrap(IMPORT_USED_UP.0, IMPORT_USED_UP.1, used_up).unwrap();
            let mut store = Store::new(&engine, 0);
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let copy = instance.get_typed_func(&mut store, "copy").unwrap();
            let fill = instance.get_typed_func(&mut store, "fill").unwrap();
            let memory = instance.get_memory(&mut store, "memory").unwrap();
            Self { store, memory, copy, fill }
        }

        fn copies(&mut self, bytes: &[u8], to: u32, from: u32, count: u32) {
            self.memory.write(&mut self.store, 0, bytes).unwrap();
            self.copy.call(&mut self.store, (to, from, count)).unwrap();
            let mut expected = bytes.to_vec();
            expected.copy_within(from as usize..(from + count) as usize, to as usize);
            assert!(self.memory.data(&self.store)[..bytes.len()] == expected, "{count} bytes from {from} to {to}");
        }

        fn fills(&mut self, bytes: &[u8], to: u32, count: u32) {
            self.memory.write(&mut self.store, 0, bytes).unwrap();
            self.fill.call(&mut self.store, (to, 0x1ab, count)).unwrap();
            let mut expected = bytes.to_vec();
            expected[to as usize..(to + count) as usize].fill(0xab);
            assert!(self.memory.data(&self.store)[..bytes.len()] == expected, "{count} bytes at {to}");
        }

        /// What leads out of the memory is refused; if it is long, before any of it is written.
        fn refuses(&mut self, operation: &Operation, (to, from, count): (u32, u32, u32)) {
            let before = self.memory.data(&self.store).to_vec();
            let error = operation.call(&mut self.store, (to, from, count)).unwrap_err();
            let trap = error.downcast_ref::<Trap>();
            assert_eq!(trap, Some(&Trap::MemoryOutOfBounds), "{count} bytes from {from} to {to}");
            let is_as_before = self.memory.data(&self.store) == before;
            assert!(count <= SHORT_BYTES_MAX.cast_unsigned() || is_as_before, "{count} bytes from {from} to {to}");
        }
    }

    /// Bytes by which each place is told from those around it.
    fn bytes(count: u32) -> Vec<u8> {
        (0..count).map(|index| (index % 65_521 * 7 % 251) as u8).collect()
    }

    #[test]
    fn copies_are_those_of_the_operator() {
        for metering in [Metering::Fuel, Metering::HintsOnly] {
            copies_are_right(Guest::new(metering));
        }
    }

    fn copies_are_right(mut guest: Guest) {
        let short = bytes(400);
        for count in 0..140 {
            for (to, from) in
                [(0, 150), (150, 0), (100, 100), (100, 101), (101, 100), (100, 117), (130, 100), (100, 100 + count)]
            {
                guest.copies(&short, to, from, count);
            }
        }
        let long = bytes(END);
        for count in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 3 * PIECE + 100] {
            for (to, from) in
                [(0, 1), (1, 0), (5, 5), (0, PIECE), (PIECE, 0), (PIECE + 3, 3), (0, END - count), (END - count, 0)]
            {
                guest.copies(&long, to, from, count);
            }
        }
        let copy = guest.copy.clone();
        for count in [0, 1, 2, 3, 4, 7, 8, 15, 16, 32, 33, 64, 65, 1000, PIECE + 1, 3 * PIECE] {
            for (to, from) in [(END - count + 1, 0), (0, END - count + 1), (u32::MAX, 0), (0, u32::MAX - 1)] {
                guest.refuses(&copy, (to, from, count));
            }
        }
        guest.refuses(&copy, (0, 0, u32::MAX));
    }

    #[test]
    fn what_fills_is_the_operator() {
        for metering in [Metering::Fuel, Metering::HintsOnly] {
            fills_are_right(Guest::new(metering));
        }
    }

    fn fills_are_right(mut guest: Guest) {
        let long = bytes(END);
        for count in [0, 1, 63, 1000, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 100] {
            for to in [0, 5, PIECE, END - count] {
                guest.fills(&long, to, count);
            }
        }
        let fill = guest.fill.clone();
        for count in [0, 1, 1000, PIECE + 1, 3 * PIECE] {
            for to in [END - count + 1, u32::MAX] {
                guest.refuses(&fill, (to, 7, count));
            }
        }
        guest.refuses(&fill, (0, 7, u32::MAX));
    }

    #[test]
    fn a_turn_can_end_between_two_pieces() {
        let mut guest = Guest::new(Metering::Fuel);
        guest.copy.clone().call(&mut guest.store, (0, PIECE, 6 * PIECE)).unwrap();
        assert_eq!(*guest.store.data(), 6);
        guest.fill.clone().call(&mut guest.store, (0, 1, END)).unwrap();
        assert_eq!(*guest.store.data(), 6 + 7);
    }

    #[test]
    fn a_copy_that_is_short_by_a_constant_stays_an_operator() {
        let made = |operator: &str, length: &str| {
            let wat = format!(
                "(module (memory 1) (func (export \"f\") (param i32) (loop (br_if 0 (local.get 0)))
                   ({operator} (i32.const 0) (i32.const 8) {length})))"
            );
            let wasm = metered(&wat::parse_str(wat).unwrap(), Metering::Fuel).unwrap();
            let calls = |operator: &&Operator<'_>| matches!(operator, Operator::Call { function_index: 2 });
            operators(&wasm).iter().filter(calls).count()
        };
        for (length, copies, fills) in
            [("(i32.const 16)", 0, 1), ("(i32.const 128)", 0, 1), ("(i32.const 129)", 1, 1), ("(local.get 0)", 1, 1)]
        {
            assert_eq!(made("memory.copy", length), copies, "{length}");
            // The compiler makes each of these a call of the host, which is to be paid.
            assert_eq!(made("memory.fill", length), fills, "{length}");
        }
    }
}
