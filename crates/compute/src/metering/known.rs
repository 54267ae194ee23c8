//! What lies in memory where a product of 128 bits was just put: code that reads it back takes it from where it is.
//!
//! Rust reads both halves of such a product at once, from the place that it gave the function that multiplies. The compiler
//! behind us sees that only for the half that was stored last; for the other one a loop over large integers waits for its own
//! store. Followed is straight code alone: whatever may lead elsewhere, or write to where it cannot be told, ends what is known.

use wasmparser::{BlockType, ContType, FrameKind, ModuleArity, Operator, RefType, SubType};

/// Bytes that one operator stores at most.
const STORED_BYTES_MAX: u64 = 16;
const HALF_BYTES: u64 = 8;
/// How far behind a local's value an access is followed.
const REACH_BYTES_MAX: u64 = 1 << 20;

/// What is known of an operand.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operand {
    Unknown,
    Constant(u32),
    Address(Address),
}

/// What a local holds, and so many bytes more.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Address {
    local: u32,
    bytes: u64,
}

impl Address {
    /// How far behind the local's value an access is, if that is near.
    fn offset(self, in_access: u64) -> Option<u64> {
        self.bytes.checked_add(in_access).filter(|offset| *offset <= REACH_BYTES_MAX)
    }
}

/// Half of a product.
#[derive(Debug, Clone, Copy)]
struct Half {
    /// The address it lies at: this local's value,
    base: u32,
    /// and so many bytes.
    offset: u64,
    /// The local that holds it too.
    holder: u32,
}

/// What is known at one place of a function.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The operands on top.
    operands: Vec<Operand>,
    halves: Vec<Half>,
}

impl Known {
    /// The local with what this operator loads, if one has it.
    pub(super) fn loaded(&self, operator: &Operator<'_>) -> Option<u32> {
        let (Operator::I64Load { memarg }, Some(Operand::Address(address))) = (operator, self.operands.last()) else {
            return None;
        };
        let offset = address.offset(memarg.offset)?;
        let is_it = |half: &&Half| half.base == address.local && half.offset == offset;
        self.halves.iter().find(is_it).map(|half| half.holder)
    }

    /// Goes on behind an operator.
    pub(super) fn step(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::LocalGet { local_index } => {
                self.push(Operand::Address(Address { local: *local_index, bytes: 0 }))
            }
            Operator::LocalSet { local_index } => {
                self.pop();
                self.change(*local_index);
            }
            Operator::LocalTee { local_index } => {
                self.pop();
                self.change(*local_index);
                self.push(Operand::Address(Address { local: *local_index, bytes: 0 }));
            }
            Operator::I32Const { value } => self.push(Operand::Constant(value.cast_unsigned())),
            Operator::I32Add => {
                let sum = sum(self.pop(), self.pop());
                self.push(sum);
            }
            // It may be gone from, but goes on here.
            Operator::BrIf { .. } => {
                self.pop();
            }
            Operator::Block { .. } => self.operands.clear(),
            Operator::If { .. } => {
                self.pop();
                self.operands.clear();
            }
            _ => match stored(operator) {
                Some(offset) => {
                    self.pop();
                    let address = self.pop();
                    self.write(address, offset);
                }
                None => self.other(operator),
            },
        }
    }

    /// Goes on behind a product, whose halves these locals hold.
    pub(super) fn step_product(&mut self, low: u32, high: u32) {
        for _ in 0..4 {
            self.pop();
        }
        let place = self.pop();
        self.write(place, 0);
        self.change(low);
        self.change(high);
        if let Operand::Address(address) = place
            && let Some(offset) = address.offset(0)
        {
            let half = |behind, holder| Half { base: address.local, offset: offset + behind, holder };
            self.halves.extend([half(0, low), half(HALF_BYTES, high)]);
        }
    }

    fn push(&mut self, operand: Operand) {
        self.operands.push(operand);
    }

    fn pop(&mut self) -> Operand {
        self.operands.pop().unwrap_or(Operand::Unknown)
    }

    /// A local holds something else from here on.
    fn change(&mut self, local: u32) {
        self.halves.retain(|half| half.base != local && half.holder != local);
        for operand in &mut self.operands {
            if matches!(operand, Operand::Address(address) if address.local == local) {
                *operand = Operand::Unknown;
            }
        }
    }

    /// Something is written somewhere.
    fn write(&mut self, address: Operand, offset: u64) {
        let Operand::Address(address) = address else { return self.halves.clear() };
        let Some(start) = address.offset(offset) else { return self.halves.clear() };
        let is_elsewhere = |half: &Half| start + STORED_BYTES_MAX <= half.offset || half.offset + HALF_BYTES <= start;
        self.halves.retain(|half| half.base == address.local && is_elsewhere(half));
    }

    fn other(&mut self, operator: &Operator<'_>) {
        if let (true, Some((operands, results))) = (is_plain(operator), arity(operator)) {
            for _ in 0..operands {
                self.pop();
            }
            for _ in 0..results {
                self.push(Operand::Unknown);
            }
        } else {
            self.operands.clear();
            self.halves.clear();
        }
    }
}

/// In compiled code no such sum wraps around. Where one does, a load that would have ended the program beyond the last address
/// may give the half instead.
fn sum(one: Operand, other: Operand) -> Operand {
    match (one, other) {
        (Operand::Address(address), Operand::Constant(more)) | (Operand::Constant(more), Operand::Address(address)) => {
            let bytes = address.offset(u64::from(more));
            bytes.map_or(Operand::Unknown, |bytes| Operand::Address(Address { bytes, ..address }))
        }
        (Operand::Constant(one), Operand::Constant(other)) => Operand::Constant(one.wrapping_add(other)),
        _ => Operand::Unknown,
    }
}

/// Where a store writes, behind its address.
fn stored(operator: &Operator<'_>) -> Option<u64> {
    match operator {
        Operator::I32Store { memarg }
        | Operator::I64Store { memarg }
        | Operator::F32Store { memarg }
        | Operator::F64Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg }
        | Operator::V128Store { memarg } => Some(memarg.offset),
        _ => None,
    }
}

/// Whether an operator takes its operands, gives its results, and does nothing else: of those that large integers need.
fn is_plain(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::I64Const { .. }
            | Operator::V128Const { .. }
            | Operator::Drop
            | Operator::Select
            | Operator::GlobalGet { .. }
            | Operator::GlobalSet { .. }
            | Operator::I32Load { .. }
            | Operator::I64Load { .. }
            | Operator::I32Load8U { .. }
            | Operator::I32Eqz
            | Operator::I32Eq
            | Operator::I32Ne
            | Operator::I32LtS
            | Operator::I32LtU
            | Operator::I32GtS
            | Operator::I32GtU
            | Operator::I32LeS
            | Operator::I32LeU
            | Operator::I32GeS
            | Operator::I32GeU
            | Operator::I64Eqz
            | Operator::I64Eq
            | Operator::I64Ne
            | Operator::I64LtS
            | Operator::I64LtU
            | Operator::I64GtS
            | Operator::I64GtU
            | Operator::I64LeS
            | Operator::I64LeU
            | Operator::I64GeS
            | Operator::I64GeU
            | Operator::I32Sub
            | Operator::I32Mul
            | Operator::I32And
            | Operator::I32Or
            | Operator::I32Xor
            | Operator::I32Shl
            | Operator::I32ShrS
            | Operator::I32ShrU
            | Operator::I64Clz
            | Operator::I64Ctz
            | Operator::I64Add
            | Operator::I64Sub
            | Operator::I64Mul
            | Operator::I64And
            | Operator::I64Or
            | Operator::I64Xor
            | Operator::I64Shl
            | Operator::I64ShrS
            | Operator::I64ShrU
            | Operator::I64Rotl
            | Operator::I64Rotr
            | Operator::I32WrapI64
            | Operator::I64ExtendI32S
            | Operator::I64ExtendI32U
    )
}

/// How many operands an operator takes and how many results it gives. Known of those that large integers need: they lead to
/// what is behind them and nowhere else.
pub(super) fn arity(operator: &Operator<'_>) -> Option<(u32, u32)> {
    let is_straight = is_plain(operator)
        || stored(operator).is_some()
        || matches!(operator, Operator::I32Const { .. } | Operator::I32Add | Operator::Nop);
    operator.operator_arity(&Nothing).filter(|_| is_straight)
}

/// Such operators need to know of no module.
struct Nothing;

impl ModuleArity for Nothing {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&wasmparser::FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        0
    }

    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}
