//! Operators that would become slow code are replaced by others that do the same.
//!
//! - A `br_table` with few different targets becomes a chain of comparisons. The compiler makes a jump through a table of
//!   every one, behind a guard against speculation; an interpreter's "did it end, and how" goes through one for each of its
//!   instructions.
//! - A call of `__multi3`, by which Rust multiplies integers of 128 bits, becomes `i64.mul_wide_u` of the proposal of wide
//!   arithmetic: one multiplication of the machine where a call, four multiplications and their sums were. Rust's own use
//!   of the proposal is not to be had: its code generator confuses the two halves of a product (LLVM's issue 199910). Both halves
//!   stay in locals besides, for the code that loads them (`known`).
//! - Two comparisons that find what one limb of a large integer carries to the next become sums of 128 bits (`carries`).

use super::{
    MeteringError,
    carries::{self, Carries},
    known::Known,
};
use wasm_encoder::{Instruction, MemArg, ValType};
use wasmparser::{BrTable, FuncType, FunctionBody, Operator};

/// The name by which a guest exports its multiplication of 128 bits.
pub(super) const EXPORT_MULTIPLY: &str = "__multi3";
/// Tables with so many runs of equal targets, the default's not counted, become comparisons.
const RUNS_MAX: usize = 3;

/// Locals that all products of a function share: the place, and the halves of both factors.
const SHARED_LOCALS: u32 = 5;

/// What a replacement keeps its operands and results in; a function has those that it needs.
#[derive(Debug)]
pub(super) struct Scratch {
    multiply: Option<u32>,
    has_table: bool,
    products: u32,
    first: u32,
    /// Products that are written.
    written: u32,
    known: Known,
    carries: Carries,
}

impl Scratch {
    /// Finds out what a function needs. `multiply` is the function of that name, `first` the first local that is free.
    pub(super) fn new(body: &FunctionBody<'_>, multiply: Option<u32>, first: u32) -> Result<Self, MeteringError> {
        let (mut has_table, mut products) = (false, 0);
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::BrTable { targets } => has_table |= chain(&targets)?.is_some(),
                Operator::Call { function_index } if Some(function_index) == multiply => products += 1,
                _ => {}
            }
        }
        let carries = Carries::read(body)?;
        Ok(Self { multiply, has_table, products, first, written: 0, known: Known::default(), carries })
    }

    /// The locals to declare, the first free one first.
    pub(super) fn locals(&self) -> Vec<(u32, ValType)> {
        let mut locals = Vec::new();
        if self.has_table || self.products > 0 {
            locals.push((1, ValType::I32));
        }
        if self.products > 0 {
            locals.push((SHARED_LOCALS - 1 + 2 * self.products, ValType::I64));
        }
        if self.carries.count > 0 {
            locals.push((carries::SHARED_LOCALS + self.carries.count, ValType::I64));
        }
        locals
    }

    /// The first local of those for carries.
    fn first_carry(&self) -> u32 {
        let products = if self.products > 0 { SHARED_LOCALS + 2 * self.products } else { u32::from(self.has_table) };
        self.first + products
    }

    /// What stands for the next operator, which is at this place, if anything else is to.
    pub(super) fn replacement(
        &mut self,
        at: usize,
        operator: &Operator<'_>,
    ) -> Result<Option<Vec<Instruction<'static>>>, MeteringError> {
        if let Operator::Call { function_index } = operator
            && Some(*function_index) == self.multiply
        {
            return Ok(Some(self.product().into()));
        }
        let loaded = self.known.loaded(operator);
        if self.products > 0 {
            self.known.step(operator);
        }
        let shared = self.first_carry();
        if let Some(instructions) = self.carries.replacement(at, shared, shared + carries::SHARED_LOCALS) {
            return Ok(Some(instructions));
        }
        Ok(match operator {
            Operator::BrTable { targets } => chain(targets)?.map(|runs| self.comparisons(&runs, targets.default())),
            _ => loaded.map(|local| vec![Instruction::Drop, Instruction::LocalGet(local)]),
        })
    }

    fn comparisons(&self, runs: &[(u32, u32)], default: u32) -> Vec<Instruction<'static>> {
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
    fn product(&mut self) -> [Instruction<'static>; 24] {
        let place = self.first;
        let [low, high, other_low, other_high] = [1, 2, 3, 4].map(|local| place + local);
        let product_low = place + SHARED_LOCALS + 2 * self.written;
        let product_high = product_low + 1;
        self.written += 1;
        self.known.step_product(product_low, product_high);
        let half = |offset| MemArg { offset, align: 3, memory_index: 0 };
        [
            Instruction::LocalSet(other_high),
            Instruction::LocalSet(other_low),
            Instruction::LocalSet(high),
            Instruction::LocalSet(low),
            Instruction::LocalSet(place),
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
            Instruction::LocalSet(product_high),
            Instruction::LocalSet(product_low),
            Instruction::LocalGet(place),
            Instruction::LocalGet(product_low),
            Instruction::I64Store(half(0)),
            Instruction::LocalGet(place),
            Instruction::LocalGet(product_high),
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
