//! Which functions count their entry themselves, and what each place that counts takes.
//!
//! A function whose calls never lead back to it ends by itself, apart from its loops: its callers can pay for it. So only
//! some functions need count: of every circle of calls at least one; as nobody knows where a call through a table leads,
//! every function that makes one; and those that are not small with all that they call, where counting costs little.
//!
//! A small function that is called through a table is paid by nobody, and a function may make many calls of small ones one
//! after the other: between two places that count lie at most `UNCOUNTED_OPERATORS_MAX` for each operator of the functions
//! that are on the stack. Turns are measured in time besides.

use super::flow::{Cost, Flow};
use std::collections::HashMap;

/// Operators at most of a function that does not count, together with those that it calls.
const UNCOUNTED_OPERATORS_MAX: usize = 500;

/// What is taken where.
pub(super) struct Plan {
    functions: Vec<Taken>,
}

struct Taken {
    entry: Option<i64>,
    loops: HashMap<usize, i64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unseen,
    /// What it calls is being looked at.
    Open,
    /// Its callers pay: the expected operators, and the most that there can be.
    Folded {
        expected: f64,
        most: usize,
    },
    Counts,
}

impl Plan {
    pub(super) fn new(flows: &[Flow], imported: u32) -> Self {
        let states = states(flows, imported);
        let units = |cost: &Cost| (expected(cost, &states, imported).ceil() as i64).max(1);
        let taken = |(flow, state): (&Flow, &State)| Taken {
            entry: (*state == State::Counts).then(|| units(&flow.entry)),
            loops: flow.loops.iter().map(|(at, cost)| (*at, units(cost))).collect(),
        };
        Self { functions: flows.iter().zip(&states).map(taken).collect() }
    }

    /// What is taken on entry, where that is counted.
    pub(super) fn entry(&self, function: usize) -> Option<i64> {
        self.functions[function].entry
    }

    /// What a turn of the loop at this place takes.
    pub(super) fn iteration(&self, function: usize, at: usize) -> i64 {
        self.functions[function].loops.get(&at).copied().unwrap_or(1)
    }
}

impl State {
    fn expected(self) -> f64 {
        if let Self::Folded { expected, .. } = self { expected } else { 0.0 }
    }

    fn most(self) -> usize {
        if let Self::Folded { most, .. } = self { most } else { 0 }
    }
}

/// The place of a function among those that are not imported.
fn local(function: u32, imported: u32) -> Option<usize> {
    function.checked_sub(imported).map(|function| function as usize)
}

/// What this costs with the calls that do not count themselves.
fn expected(cost: &Cost, states: &[State], imported: u32) -> f64 {
    let calls = cost.calls.iter().filter_map(|(call, times)| Some(states[local(*call, imported)?].expected() * times));
    cost.operators + calls.sum::<f64>()
}

/// Looks at all functions, those first that others call.
fn states(flows: &[Flow], imported: u32) -> Vec<State> {
    let mut states = vec![State::Unseen; flows.len()];
    let mut in_circle = vec![false; flows.len()];
    for root in 0..flows.len() {
        if states[root] != State::Unseen {
            continue;
        }
        states[root] = State::Open;
        let mut open = vec![(root, 0)];
        while let Some((function, next)) = open.pop() {
            let flow = &flows[function];
            if let Some(call) = flow.calls.get(next) {
                open.push((function, next + 1));
                if let Some(callee) = local(*call, imported) {
                    match states[callee] {
                        State::Unseen => {
                            states[callee] = State::Open;
                            open.push((callee, 0));
                        }
                        State::Open => in_circle[callee] = true,
                        State::Folded { .. } | State::Counts => {}
                    }
                }
                continue;
            }
            let callee = |call: &u32| local(*call, imported).map(|callee| states[callee]);
            let most =
                flow.calls.iter().filter_map(callee).map(State::most).fold(flow.operators, usize::saturating_add);
            states[function] = if flow.calls_any || in_circle[function] || most > UNCOUNTED_OPERATORS_MAX {
                State::Counts
            } else {
                State::Folded { expected: expected(&flow.entry, &states, imported), most }
            };
        }
    }
    states
}
