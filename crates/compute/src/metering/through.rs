//! What a loop changes goes through the call for more fuel: it is handed over and taken back.
//!
//! A variable that is in use behind a call is kept in memory by the compiler, and, where a function has many calls, loaded
//! and stored wherever it is used. To a loop that hardly ever calls anything, the call for more fuel, once in a thousand
//! turns, would do that. A function is called in its place that takes what the loop has changed, calls for more fuel, and
//! gives all back as it was: to the compiler these are other variables then, and those before need not outlive the call.
//! What the loop only reads stays as it is: it would be one variable in the loop and another one around it.

use super::{
    copy::{is_copy, is_fill},
    flow::is_bulk,
};
use std::collections::{BTreeMap, HashMap};
use wasm_encoder::ValType;
use wasmparser::Operator;

/// Variables that go through at most; a loop with more keeps all of them.
const LOCALS_MAX: usize = 16;
/// What can go through.
const KINDS: [ValType; 5] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

/// How many of each of `KINDS` a function hands through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counts([u32; KINDS.len()]);

impl Counts {
    /// What the function takes, and what it gives.
    pub(super) fn kinds(self) -> Vec<ValType> {
        let several = |(kind, count): (&ValType, u32)| std::iter::repeat_n(*kind, count as usize);
        KINDS.iter().zip(self.0).flat_map(several).collect()
    }

    pub(super) fn locals(self) -> u32 {
        self.0.iter().sum()
    }
}

/// What goes through for one loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) counts: Counts,
    /// In the order of their kinds.
    pub(super) locals: Vec<u32>,
}

impl Handed {
    /// Of what a loop changes, in a function whose locals are of these kinds; `None` when that is nothing, or too much.
    pub(super) fn new(changed: &[u32], kinds: &[ValType]) -> Option<Self> {
        let of_kind = |kind| changed.iter().copied().filter(move |local| kinds[*local as usize] == kind);
        let counts = Counts(KINDS.map(|kind| u32::try_from(of_kind(kind).count()).unwrap_or(u32::MAX)));
        let locals: Vec<u32> = KINDS.into_iter().flat_map(of_kind).collect();
        (1..=LOCALS_MAX).contains(&locals.len()).then_some(Self { counts, locals })
    }
}

struct Open {
    at: usize,
    is_loop: bool,
    /// Of what is in it something may be passed over.
    is_optional: bool,
    /// A loop without another one in it, and without a call in each of its turns.
    is_plain: bool,
}

/// What loops change from one turn to the next, by the places of those that have no loop in them and can do without a call for
/// a turn. `multiply` is the function that is not called in the end.
pub(super) fn changed(operators: &[Operator<'_>], multiply: Option<u32>) -> HashMap<usize, Vec<u32>> {
    let mut changed = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    for (at, operator) in operators.iter().enumerate() {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                let is_loop = matches!(operator, Operator::Loop { .. });
                if is_loop {
                    open.iter_mut().for_each(|around| around.is_plain = false);
                }
                let is_optional = matches!(operator, Operator::If { .. });
                open.push(Open { at, is_loop, is_optional, is_plain: is_loop });
            }
            Operator::End => {
                if let Some(Open { at: start, is_plain: true, .. }) = open.pop() {
                    changed.insert(start, changed_in(&operators[start..at]));
                }
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                open.iter_mut().rev().take(*relative_depth as usize + 1).for_each(|left| left.is_optional = true);
            }
            Operator::BrTable { .. } => open.iter_mut().for_each(|left| left.is_optional = true),
            _ if is_call(operator, multiply) => {
                // Where no part of a turn that may be passed over is around it, each turn calls.
                let mut around = open.iter_mut().rev();
                if let Some(nearest) = around.find(|around| around.is_loop || around.is_optional) {
                    nearest.is_plain = false;
                }
            }
            _ => {}
        }
    }
    changed
}

/// Whether this is a call in the end; copies and fills are taken for one, however short.
fn is_call(operator: &Operator<'_>, multiply: Option<u32>) -> bool {
    match operator {
        Operator::Call { function_index } => Some(*function_index) != multiply,
        Operator::CallIndirect { .. } | Operator::MemoryGrow { .. } => true,
        _ => is_copy(operator) || is_fill(operator) || is_bulk(operator),
    }
}

/// The locals that a turn of this loop sets, having begun with what another one left in them.
fn changed_in(operators: &[Operator<'_>]) -> Vec<u32> {
    // Whether it is read first, and whether it is set.
    let mut uses: BTreeMap<u32, (bool, bool)> = BTreeMap::new();
    for operator in operators {
        match operator {
            Operator::LocalGet { local_index } => {
                uses.entry(*local_index).or_insert((true, false));
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                uses.entry(*local_index).or_insert((false, true)).1 = true;
            }
            _ => {}
        }
    }
    uses.into_iter().filter(|(_, uses)| *uses == (true, true)).map(|(local, _)| local).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metering::tests::operators;

    /// What the loops of this function change.
    fn loops(code: &str) -> Vec<Vec<u32>> {
        let wat = format!(
            "(module (memory 1) (func $call) (func $multiply (param i32))
               (func (export \"f\") (param i32 i32 i64 f64) {code}))"
        );
        let wasm = wat::parse_str(&wat).expect(&wat);
        // Behind the two functions that are empty.
        let operators = &operators(&wasm)[2..];
        let mut changed: Vec<_> = changed(operators, Some(1)).into_iter().collect();
        changed.sort();
        changed.into_iter().map(|(_, locals)| locals).collect()
    }

    const TURN: &str = "(local.set 0 (i32.add (local.get 0) (local.get 1)))";

    #[test]
    fn what_is_read_and_set_is_changed() {
        assert_eq!(loops(&format!("(loop {TURN} (br_if 0 (local.get 0)))")), [[0]]);
        assert_eq!(loops("(loop (local.set 0 (i32.const 1)) (br_if 0 (local.get 0)))"), [[0; 0]]);
        let tee = "(loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (local.tee 0 (i32.const 1))))))";
        assert_eq!(loops(tee), [[1]]);
        assert_eq!(loops(&format!("{TURN} {TURN}")), Vec::<Vec<u32>>::new());
    }

    #[test]
    fn loops_that_call_in_each_turn_and_loops_around_loops_are_left() {
        let turn = |more: &str| loops(&format!("(loop {TURN} {more} (br_if 0 (local.get 0)))"));
        for call in [
            "(call $call)",
            "(block (call $call))",
            "(memory.copy (i32.const 0) (i32.const 1) (local.get 0))",
            "(memory.fill (i32.const 0) (i32.const 1) (local.get 0))",
            "(drop (memory.grow (i32.const 1)))",
        ] {
            assert_eq!(turn(call), Vec::<Vec<u32>>::new(), "{call}");
        }
        for seldom in [
            "(call $multiply (i32.const 1))",
            "(if (local.get 1) (then (call $call)))",
            "(block (br_if 0 (local.get 1)) (call $call))",
            "(block (block (br_if 1 (local.get 1)) (block (call $call))))",
            "(block (block (br_table 0 1 (local.get 1))) (call $call))",
        ] {
            assert_eq!(turn(seldom), [[0]], "{seldom}");
        }
        assert_eq!(loops(&format!("(loop {TURN} (loop (br_if 0 (local.get 0))) (br_if 0 (local.get 0)))")), [[0; 0]]);
        // A way out of the loop does not make what is behind it seldom.
        let out = format!("(block (loop {TURN} (br_if 1 (local.get 1)) (call $call) (br 0)))");
        assert_eq!(loops(&out), Vec::<Vec<u32>>::new());
    }

    #[test]
    fn what_goes_through_is_sorted_by_kind_and_bounded() {
        let kinds = [ValType::F64, ValType::I32, ValType::V128, ValType::I32, ValType::FUNCREF];
        let handed = Handed::new(&[0, 1, 2, 3, 4], &kinds).unwrap();
        assert_eq!(handed.locals, [1, 3, 0, 2]);
        assert_eq!(handed.counts.kinds(), [ValType::I32, ValType::I32, ValType::F64, ValType::V128]);
        assert_eq!(handed.counts.locals(), 4);
        assert_eq!(Handed::new(&[4], &kinds), None);
        let many: Vec<u32> = (0..17).collect();
        assert_eq!(Handed::new(&many, &[ValType::I64; 17]), None);
        assert!(Handed::new(&many[..16], &[ValType::I64; 17]).is_some());
    }
}
