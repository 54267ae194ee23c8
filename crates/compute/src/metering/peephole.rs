//! Operators that would become slow code are replaced by others that do the same.
//!
//! - A `br_table` with few different targets becomes a chain of comparisons. The compiler makes a jump through a table of
//!   every one, behind a guard against speculation; an interpreter's "did it end, and how" goes through one for each of its
//!   instructions.
//! - A call of `__multi3`, by which Rust multiplies integers of 128 bits, becomes `i64.mul_wide_u` of the proposal of wide
//!   arithmetic: one multiplication of the machine where a call, four multiplications and their sums were. Rust's own use
//!   of the proposal is not to be had: its code generator confuses the two halves of a product (LLVM's issue 199910).

use super::MeteringError;
use wasm_encoder::{Instruction, MemArg, ValType};
use wasmparser::{BrTable, FuncType, FunctionBody, Operator};

/// The name by which a guest exports its multiplication of 128 bits.
pub(super) const EXPORT_MULTIPLY: &str = "__multi3";
/// Tables with so many runs of equal targets, the default's not counted, become comparisons.
const RUNS_MAX: usize = 3;

/// What a replacement keeps its operands in; a function has those that it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scratch {
    table: bool,
    product: bool,
    first: u32,
}

impl Scratch {
    /// Finds out what a function needs. `multiply` is the function of that name, `first` the first local that is free.
    pub(super) fn new(body: &FunctionBody<'_>, multiply: Option<u32>, first: u32) -> Result<Self, MeteringError> {
        let mut scratch = Self { table: false, product: false, first };
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::BrTable { targets } => scratch.table |= chain(&targets)?.is_some(),
                Operator::Call { function_index } => scratch.product |= Some(function_index) == multiply,
                _ => {}
            }
        }
        Ok(scratch)
    }

    /// The locals to declare, the first free one first.
    pub(super) fn locals(self) -> Vec<(u32, ValType)> {
        let mut locals = Vec::new();
        if self.table || self.product {
            locals.push((1, ValType::I32));
        }
        if self.product {
            locals.push((4, ValType::I64));
        }
        locals
    }

    /// What stands for an operator, if anything else is to.
    pub(super) fn replacement(
        self,
        operator: &Operator<'_>,
        multiply: Option<u32>,
    ) -> Result<Option<Vec<Instruction<'static>>>, MeteringError> {
        Ok(match operator {
            Operator::BrTable { targets } => chain(targets)?.map(|runs| self.comparisons(&runs, targets.default())),
            Operator::Call { function_index } if Some(*function_index) == multiply => Some(self.product().into()),
            _ => None,
        })
    }

    fn comparisons(self, runs: &[(u32, u32)], default: u32) -> Vec<Instruction<'static>> {
        let index = self.first;
        let mut instructions = vec![Instruction::LocalSet(index)];
        for (end, target) in runs {
            instructions.extend([
                Instruction::LocalGet(index),
                Instruction::I32Const(end.cast_signed()),
                Instruction::I32LtU,
                Instruction::BrIf(*target),
            ]);
        }
        instructions.push(Instruction::Br(default));
        instructions
    }

    /// What stands for a call of `__multi3(result, low, high, low, high)`, in the order of the stack.
    fn product(self) -> [Instruction<'static>; 22] {
        let place = self.first;
        let [low, high, other_low, other_high] = [1, 2, 3, 4].map(|local| place + local);
        let half = |offset| MemArg { offset, align: 3, memory_index: 0 };
        [
            Instruction::LocalSet(other_high),
            Instruction::LocalSet(other_low),
            Instruction::LocalSet(high),
            Instruction::LocalSet(low),
            Instruction::LocalSet(place),
            Instruction::LocalGet(place),
            Instruction::LocalGet(low),
            Instruction::LocalGet(other_low),
            Instruction::I64MulWideU,
            Instruction::LocalGet(low),
            Instruction::LocalGet(other_high),
            Instruction::I64Mul,
            Instruction::I64Add,
            Instruction::LocalGet(high),
            Instruction::LocalGet(other_low),
            Instruction::I64Mul,
            Instruction::I64Add,
            Instruction::LocalSet(high),
            Instruction::I64Store(half(0)),
            Instruction::LocalGet(place),
            Instruction::LocalGet(high),
            Instruction::I64Store(half(8)),
        ]
    }
}

/// Whether a function takes what `__multi3` takes, and gives what it gives.
pub(super) fn is_multiplication(function: &FuncType) -> bool {
    use wasmparser::ValType::{I32, I64};
    function.params() == [I32, I64, I64, I64, I64] && function.results().is_empty()
}

/// Where each run of equal targets ends, and its target; what is behind the last one is the default's. `None` for a table
/// that has more of them than are to be compared one after the other.
fn chain(targets: &BrTable<'_>) -> Result<Option<Vec<(u32, u32)>>, MeteringError> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (index, target) in (1..).zip(targets.targets()) {
        let target = target?;
        if let Some((end, _)) = runs.last_mut().filter(|(_, last)| *last == target) {
            *end = index;
        } else if runs.len() > RUNS_MAX {
            return Ok(None);
        } else {
            runs.push((index, target));
        }
    }
    if runs.last().is_some_and(|(_, target)| *target == targets.default()) {
        runs.pop();
    }
    Ok(Some(runs).filter(|runs| runs.len() <= RUNS_MAX))
}
