//! One function: what it is expected to do between the places where its fuel is counted, and which branches are cold.
//!
//! The expectation follows the code once, with these assumptions: a branch to a trap is never taken, of the two ways on at
//! another branch the one that leads forwards within the same loop is taken once in four times (`BRANCH_TAKEN`), the arms
//! of an `if` and the targets of a table are equally likely, a loop is left in the end, and what a table leads to takes
//! `INDIRECT_CALL`. How wrong that is for a given program does not matter to whoever waits for a turn: within the function,
//! no path between two such places is longer than its code.

use super::{
    MeteringError,
    copy::{is_copy, is_fill},
    through,
};
use std::collections::{HashMap, HashSet};
use wasmparser::{BlockType, FunctionBody, Operator};

/// How often a branch forwards is taken.
const BRANCH_TAKEN: f64 = 0.25;
/// Operators behind a call through a table, for which the function there does not pay itself.
const INDIRECT_CALL: f64 = 20.0;

/// An expected cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cost {
    /// Operators, calls among them.
    pub(super) operators: f64,
    /// Functions that are called, and how often.
    pub(super) calls: Vec<(u32, f64)>,
}

impl Cost {
    fn add(&mut self, other: &Self, times: f64) {
        self.operators += other.operators * times;
        self.calls.extend(other.calls.iter().map(|(function, count)| (*function, count * times)));
    }
}

/// What is known of one function.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// From its entry on, the first turn of every loop with it.
    pub(super) entry: Cost,
    /// One turn of each loop, by the place of its `loop`.
    pub(super) loops: HashMap<usize, Cost>,
    /// The functions that it calls, one for each place.
    pub(super) calls: Vec<u32>,
    /// It calls what a table holds.
    pub(super) calls_any: bool,
    /// It copies to the memory from elsewhere, or changes a table.
    pub(super) has_bulk: bool,
    /// It copies within the memory.
    pub(super) copies: bool,
    /// It fills parts of the memory.
    pub(super) fills: bool,
    /// What some of its loops change, by their places (`through`).
    pub(super) changed: HashMap<usize, Vec<u32>>,
    /// It changes what is neither in a memory nor a global.
    pub(super) changes_tables_or_segments: bool,
    /// All of it.
    pub(super) operators: usize,
    /// Branches back, and the places of their loops.
    back: HashMap<usize, usize>,
    /// Loops with turns that end otherwise.
    counted_at_start: HashSet<usize>,
    hints: HashMap<usize, bool>,
}

/// Whether what this operator does grows with a number on the stack. What copies within the memory or fills it is a
/// call of one of `copy`'s functions.
pub(super) fn is_bulk(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryInit { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::TableInit { .. }
            | Operator::TableGrow { .. }
    )
}

/// Whether it changes what is neither in a memory nor a global.
fn changes_tables_or_segments(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::TableSet { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::TableInit { .. }
            | Operator::TableGrow { .. }
            | Operator::ElemDrop { .. }
            | Operator::DataDrop { .. }
    )
}

impl Flow {
    /// Reads a valid function. `multiply` is the one that multiplies integers of 128 bits.
    pub(super) fn read(body: &FunctionBody<'_>, multiply: Option<u32>) -> Result<Self, MeteringError> {
        let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let changes_tables_or_segments = operators.iter().any(changes_tables_or_segments);
        let changed = through::changed(&operators, multiply);
        let mut flow = Self { operators: operators.len(), changed, changes_tables_or_segments, ..Self::default() };
        let ends = ends(&operators);
        flow.find_branches(&operators, &ends);
        Walk::new(&mut flow).through(&operators);
        Ok(flow)
    }

    /// The loop that the branch at this place goes back to, if fuel is to be taken there.
    pub(super) fn back_to(&self, at: usize) -> Option<usize> {
        self.back.get(&at).copied()
    }

    /// Whether the turns of the loop at this place are counted where they start: not all of them end with a branch of
    /// its own.
    pub(super) fn is_counted_at_start(&self, at: usize) -> bool {
        self.counted_at_start.contains(&at)
    }

    /// Whether the branch at this place is likely to be taken; `None` where nothing is known.
    pub(super) fn hint(&self, at: usize) -> Option<bool> {
        self.hints.get(&at).copied()
    }

    fn find_branches(&mut self, operators: &[Operator<'_>], ends: &[usize]) {
        let traps = traps(operators);
        let mut open: Vec<usize> = Vec::new();
        for (at, operator) in operators.iter().enumerate() {
            let block = |depth: u32| open.len().checked_sub(1 + depth as usize).map(|index| open[index]);
            let is_loop = |start: &usize| matches!(operators[*start], Operator::Loop { .. });
            match operator {
                Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                    let target = block(*relative_depth);
                    if let Some(start) = target.filter(is_loop) {
                        self.back.insert(at, start);
                    } else if let (Operator::BrIf { .. }, Some(start)) = (operator, target) {
                        let (taken, not_taken) = (traps[ends[start] + 1], traps[at + 1]);
                        if taken != not_taken {
                            self.hints.insert(at, not_taken);
                        }
                    }
                }
                Operator::BrTable { targets } => {
                    let targets = targets.targets().chain([Ok(targets.default())]);
                    self.counted_at_start.extend(targets.flatten().filter_map(block).filter(is_loop));
                }
                Operator::If { .. } if traps[at + 1] => {
                    self.hints.insert(at, false);
                }
                // A branch within an `if` cannot bring along what is outside of it.
                Operator::Loop { blockty: BlockType::FuncType(_) } => {
                    self.counted_at_start.insert(at);
                }
                _ => {}
            }
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => open.push(at),
                Operator::End => {
                    open.pop();
                }
                _ => {}
            }
        }
        self.back.retain(|_, start| !self.counted_at_start.contains(start));
    }
}

/// Where each block, loop and `if` ends, by the place where it starts.
fn ends(operators: &[Operator<'_>]) -> Vec<usize> {
    let mut ends = vec![0; operators.len()];
    let mut open = Vec::new();
    for (at, operator) in operators.iter().enumerate() {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => open.push(at),
            Operator::End => {
                if let Some(start) = open.pop() {
                    ends[start] = at;
                }
            }
            _ => {}
        }
    }
    ends
}

/// Whether a trap comes straight on from each place; one place more than there are operators.
fn traps(operators: &[Operator<'_>]) -> Vec<bool> {
    let mut traps = vec![false; operators.len() + 1];
    for (at, operator) in operators.iter().enumerate().rev() {
        traps[at] = match operator {
            Operator::Unreachable => true,
            Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else => false,
            _ => traps[at + 1],
        };
    }
    traps
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Block,
    If,
    Loop,
}

struct Label {
    kind: Kind,
    /// How often it is entered in a turn of the loop around it.
    entered: f64,
    /// How often branches lead to its end.
    arriving: f64,
    /// What is left for the other arm of an `if`.
    other_arm: f64,
    /// How many loops are around what is in it.
    loops: usize,
}

/// A loop, or the whole function, while it is walked through.
struct Region {
    /// The place of its `loop`.
    at: usize,
    /// How often it is entered in a turn of the loop around it.
    entered: f64,
    /// Of one turn.
    cost: Cost,
}

struct Walk<'a> {
    flow: &'a mut Flow,
    labels: Vec<Label>,
    regions: Vec<Region>,
    /// How often the operator at hand is reached in one turn of the innermost loop around it.
    now: f64,
}

impl<'a> Walk<'a> {
    fn new(flow: &'a mut Flow) -> Self {
        Self {
            flow,
            labels: Vec::new(),
            regions: vec![Region { at: 0, entered: 1.0, cost: Cost::default() }],
            now: 1.0,
        }
    }

    fn through(mut self, operators: &[Operator<'_>]) {
        for (at, operator) in operators.iter().enumerate() {
            self.count(operator);
            self.step(at, operator);
        }
        if let Some(region) = self.regions.pop() {
            self.flow.entry = region.cost;
        }
    }

    fn count(&mut self, operator: &Operator<'_>) {
        let Some(region) = self.regions.last_mut() else { return };
        region.cost.operators += self.now;
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                region.cost.calls.push((*function_index, self.now));
                self.flow.calls.push(*function_index);
            }
            Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. } => {
                region.cost.operators += INDIRECT_CALL * self.now;
                self.flow.calls_any = true;
            }
            _ => {
                self.flow.has_bulk |= is_bulk(operator);
                self.flow.copies |= is_copy(operator);
                self.flow.fills |= is_fill(operator);
            }
        }
    }

    fn step(&mut self, at: usize, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } => self.open(Kind::Block, 0.0),
            Operator::If { .. } => {
                let share = if self.flow.hint(at) == Some(false) { 0.0 } else { 0.5 };
                self.open(Kind::If, self.now * (1.0 - share));
                self.now *= share;
            }
            Operator::Loop { .. } => {
                self.regions.push(Region { at, entered: self.now, cost: Cost::default() });
                self.now = 1.0;
                self.open(Kind::Loop, 0.0);
            }
            Operator::Else => {
                if let Some(label) = self.labels.last_mut() {
                    label.arriving += self.now;
                    self.now = std::mem::take(&mut label.other_arm);
                }
            }
            Operator::End => self.close(),
            Operator::Br { relative_depth } => {
                self.arrive(*relative_depth, 1.0);
                self.now = 0.0;
            }
            Operator::BrIf { relative_depth } => {
                let share = self.flow.hint(at).map_or(BRANCH_TAKEN, f64::from);
                self.now -= self.arrive(*relative_depth, share);
            }
            Operator::BrTable { targets } => {
                let share = 1.0 / (f64::from(targets.len()) + 1.0);
                for target in targets.targets().chain([Ok(targets.default())]).flatten() {
                    self.arrive(target, share);
                }
                self.now = 0.0;
            }
            Operator::Return
            | Operator::Unreachable
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. } => self.now = 0.0,
            _ => {}
        }
    }

    fn open(&mut self, kind: Kind, other_arm: f64) {
        let entered = self.now;
        self.labels.push(Label { kind, entered, arriving: 0.0, other_arm, loops: self.regions.len() });
    }

    fn close(&mut self) {
        let Some(label) = self.labels.pop() else { return };
        self.now = (self.now + label.arriving + label.other_arm).min(label.entered);
        if label.kind == Kind::Loop {
            self.close_loop();
        }
    }

    fn close_loop(&mut self) {
        let Some(region) = self.regions.pop() else { return };
        if let Some(outer) = self.regions.last_mut()
            && !self.flow.counted_at_start.contains(&region.at)
        {
            outer.cost.add(&region.cost, region.entered);
        }
        self.now *= region.entered;
        self.flow.loops.insert(region.at, region.cost);
    }

    /// Leads so much of what is here to a label; says how much of it is gone from here.
    fn arrive(&mut self, depth: u32, share: f64) -> f64 {
        let loops = self.regions.len();
        let Some(index) = self.labels.len().checked_sub(1 + depth as usize) else {
            // Leaves the function, and with it all loops.
            return if loops > 1 { 0.0 } else { self.now * share };
        };
        let label = &mut self.labels[index];
        if label.kind == Kind::Loop {
            return 0.0;
        }
        if label.loops < loops {
            // A loop is left in the end.
            if share > 0.0 {
                let entered = self.regions[label.loops..].iter().map(|region| region.entered);
                label.arriving += entered.product::<f64>() * self.now;
            }
            return 0.0;
        }
        label.arriving += self.now * share;
        self.now * share
    }
}
