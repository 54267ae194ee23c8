//! Sums and differences of large integers, limb by limb, with what one limb carries to the next.
//!
//! WebAssembly has no carry: compiled code adds two limbs, adds what is carried, and finds by two comparisons whether one of
//! the two sums was too large. Here both sums are taken in 128 bits instead, by the proposal of wide arithmetic, and the carry
//! is the upper half: the compiler behind us makes additions with the machine's carry of them. Differences likewise.
//! Followed is straight code alone.

use super::known::arity;
use std::collections::HashMap;
use wasm_encoder::Instruction;
use wasmparser::{FunctionBody, Operator};

/// Locals that all carries of a function share.
pub(super) const SHARED_LOCALS: u32 = 2;

/// Carries of one function: each has a local, and of these there are 50,000 at most.
const CARRIES_MAX: u32 = 1000;

/// A value of straight code, by the number of its coming to be.
type Value = usize;

/// How a value came to be.
#[derive(Debug, Clone, Copy)]
enum Origin {
    Other,
    One,
    /// Of these two, by the operator at this place.
    Sum(Value, Value, usize),
    Difference(Value, Value, usize),
    Less(Value, Value),
    /// Zero or one.
    Bit,
}

/// What an operator becomes. `carry` is the number of the local with what is carried, `is_less` says that it is a difference.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Two limbs are taken together.
    Limbs { carry: u32, is_less: bool },
    /// What was carried is added or subtracted; `is_swapped` when the limbs' sum is the second operand.
    Carried { carry: u32, is_less: bool, is_swapped: bool },
    /// The two comparisons come together. `is_bit` when what was carried before is known to be zero or one, so that this is
    /// so too; `is_wide` when it is wanted in 64 bits, which the next operator would do.
    Carry { carry: u32, is_less: bool, is_bit: bool, is_wide: bool },
    /// The operator before does it.
    Done,
}

/// The carries of a function.
#[derive(Debug, Default)]
pub(super) struct Carries {
    parts: HashMap<usize, Part>,
    /// How many there are; each has a local.
    pub(super) count: u32,
}

impl Carries {
    /// Finds them.
    pub(super) fn read(body: &FunctionBody<'_>) -> Result<Self, wasmparser::BinaryReaderError> {
        let (mut carries, mut code) = (Self::default(), Code::default());
        for (at, operator) in body.get_operators_reader()?.into_iter().enumerate() {
            let operator = operator?;
            if let (Operator::I64ExtendI32U, Some(Part::Carry { is_wide, is_bit: true, .. })) =
                (&operator, at.checked_sub(1).and_then(|last| carries.parts.get_mut(&last)))
            {
                *is_wide = true;
                carries.parts.insert(at, Part::Done);
            }
            if let (Operator::I32Or, Some(found)) = (&operator, code.carry()) {
                carries.add(at, found, &code);
            }
            code.step(at, &operator);
        }
        Ok(carries)
    }

    fn add(&mut self, at: usize, found: Found, code: &Code) {
        let Found { limbs, carried, is_less, is_swapped, before } = found;
        if self.count >= CARRIES_MAX {
            return;
        }
        let carry = match (self.parts.get(&limbs), self.parts.get(&carried)) {
            (None, None) => {
                self.count += 1;
                self.count - 1
            }
            (Some(Part::Limbs { carry, .. }), Some(Part::Carried { carry: same, .. })) if carry == same => *carry,
            _ => return,
        };
        self.parts.insert(limbs, Part::Limbs { carry, is_less });
        self.parts.insert(carried, Part::Carried { carry, is_less, is_swapped });
        self.parts.insert(at, Part::Carry { carry, is_less, is_bit: code.is_bit(before), is_wide: false });
    }

    /// What stands for the operator at this place, if anything else is to. The locals that all carries share begin at
    /// `shared`, those of their own at `own`.
    pub(super) fn replacement(&self, at: usize, shared: u32, own: u32) -> Option<Vec<Instruction<'static>>> {
        use Instruction::{Drop, I32WrapI64, I64Add128, I64Const, I64Ne, I64Sub, I64Sub128, LocalGet, LocalSet};
        let (first, second) = (shared, shared + 1);
        let wide = |is_less| if is_less { I64Sub128 } else { I64Add128 };
        Some(match *self.parts.get(&at)? {
            Part::Limbs { carry, is_less } => {
                vec![LocalSet(first), I64Const(0), LocalGet(first), I64Const(0), wide(is_less), LocalSet(own + carry)]
            }
            Part::Carried { carry, is_less, is_swapped } => {
                let (carried, limbs) = if is_swapped { (second, first) } else { (first, second) };
                vec![
                    LocalSet(first),
                    LocalSet(second),
                    LocalGet(limbs),
                    LocalGet(own + carry),
                    LocalGet(carried),
                    I64Const(0),
                    wide(is_less),
                    LocalSet(own + carry),
                ]
            }
            Part::Carry { carry, is_bit: false, .. } => vec![Drop, Drop, LocalGet(own + carry), I64Const(0), I64Ne],
            Part::Carry { carry, is_less, is_wide, .. } => {
                let mut instructions = vec![Drop, Drop];
                if is_less {
                    // The upper half is less than nothing by what is borrowed.
                    instructions.extend([I64Const(0), LocalGet(own + carry), I64Sub]);
                } else {
                    instructions.push(LocalGet(own + carry));
                }
                if !is_wide {
                    instructions.push(I32WrapI64);
                }
                instructions
            }
            Part::Done => Vec::new(),
        })
    }
}

/// A carry, by the places of what makes it.
struct Found {
    limbs: usize,
    carried: usize,
    is_less: bool,
    is_swapped: bool,
    /// What was carried before.
    before: Value,
}

/// The values at one place of a function.
#[derive(Debug, Default)]
struct Code {
    origins: Vec<Origin>,
    stack: Vec<Value>,
    locals: HashMap<u32, Value>,
    differences: HashMap<(Value, Value), usize>,
}

impl Code {
    fn push(&mut self, origin: Origin) {
        self.stack.push(self.origins.len());
        self.origins.push(origin);
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_else(|| {
            self.origins.push(Origin::Other);
            self.origins.len() - 1
        })
    }

    fn is_bit(&self, value: Value) -> bool {
        matches!(self.origins[value], Origin::Less(..) | Origin::Bit | Origin::One)
    }

    fn push_bit(&mut self, is_bit: bool) {
        self.push(if is_bit { Origin::Bit } else { Origin::Other });
    }

    /// The carry that the two values on top make, if they do.
    fn carry(&self) -> Option<Found> {
        let [.., one, other] = self.stack[..] else { return None };
        self.carry_of(one, other).or_else(|| self.carry_of(other, one))
    }

    /// The same: the first one is that of the limbs, the other one of what is carried.
    fn carry_of(&self, limbs: Value, carried: Value) -> Option<Found> {
        let (Origin::Less(a, b), Origin::Less(c, d)) = (self.origins[limbs], self.origins[carried]) else {
            return None;
        };
        if let Origin::Difference(x, y, limbs) = self.origins[c]
            && (x, y) == (a, b)
        {
            let carried = *self.differences.get(&(c, d))?;
            return Some(Found { limbs, carried, is_less: true, is_swapped: false, before: d });
        }
        let (Origin::Sum(x, y, limbs), Origin::Sum(one, other, carried)) = (self.origins[a], self.origins[c]) else {
            return None;
        };
        let is_swapped = one != a;
        let before = if is_swapped { one } else { other };
        let is_it = (b == x || b == y) && (one == a || other == a) && (d == a || d == before);
        is_it.then_some(Found { limbs, carried, is_less: false, is_swapped, before })
    }

    /// Goes on behind the operator at this place.
    fn step(&mut self, at: usize, operator: &Operator<'_>) {
        match operator {
            Operator::LocalGet { local_index } => {
                let next = self.origins.len();
                let value = *self.locals.entry(*local_index).or_insert(next);
                if value == next {
                    self.origins.push(Origin::Other);
                }
                self.stack.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.locals.insert(*local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.pop();
                self.locals.insert(*local_index, value);
                self.stack.push(value);
            }
            Operator::I32Const { value: 1 } | Operator::I64Const { value: 1 } => self.push(Origin::One),
            Operator::I64Add => {
                let (second, first) = (self.pop(), self.pop());
                self.push(Origin::Sum(first, second, at));
            }
            Operator::I64Sub => {
                let (second, first) = (self.pop(), self.pop());
                self.differences.insert((first, second), at);
                self.push(Origin::Difference(first, second, at));
            }
            Operator::I64LtU => {
                let (second, first) = (self.pop(), self.pop());
                self.push(Origin::Less(first, second));
            }
            Operator::I32Or => {
                let (second, first) = (self.pop(), self.pop());
                self.push_bit(self.is_bit(first) && self.is_bit(second));
            }
            Operator::I32And | Operator::I64And => {
                let (second, first) = (self.pop(), self.pop());
                self.push_bit(self.is_bit(first) || self.is_bit(second));
            }
            Operator::I64ExtendI32U => {
                let value = self.pop();
                self.push_bit(self.is_bit(value));
            }
            // It may be gone from, but goes on here.
            Operator::BrIf { .. } => {
                self.pop();
            }
            Operator::Block { .. } => self.stack.clear(),
            Operator::If { .. } => {
                self.pop();
                self.stack.clear();
            }
            _ => self.other(operator),
        }
    }

    fn other(&mut self, operator: &Operator<'_>) {
        match arity(operator) {
            Some((operands, results)) => {
                for _ in 0..operands {
                    self.pop();
                }
                for _ in 0..results {
                    self.push(Origin::Other);
                }
            }
            // Whatever leads here from elsewhere has not passed what came before.
            None => *self = Self::default(),
        }
    }
}
