//! Whose turn it is: a round robin over the runs that can go on, oldest first. No clock, no threads.

use std::collections::{BTreeMap, VecDeque};

/// A run's number in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId(pub(crate) u64);

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunState {
    /// Waits for a sandbox.
    Queued,
    /// Waits for its turn.
    Runnable,
    /// A worker has it. `woken`: a wake came meanwhile, so it must not wait.
    Running { woken: bool },
    /// Waits for the host: a timer, a host call.
    Waiting,
}

/// The runs of one process.
#[derive(Debug, Default)]
pub(crate) struct RunQueue {
    states: BTreeMap<RunId, RunState>,
    queued: VecDeque<RunId>,
    runnable: VecDeque<RunId>,
    live_max: usize,
    live: usize,
}

impl RunQueue {
    pub(crate) fn new(live_max: usize) -> Self {
        Self { live_max, ..Self::default() }
    }

    /// A new run, at the back.
    pub(crate) fn push(&mut self, id: RunId) {
        self.states.insert(id, RunState::Queued);
        self.queued.push_back(id);
        self.admit();
    }

    /// The run whose turn it is; the caller has it until `yielded`, `wait` or `finish`.
    pub(crate) fn next(&mut self) -> Option<RunId> {
        let id = self.runnable.pop_front()?;
        self.states.insert(id, RunState::Running { woken: false });
        Some(id)
    }

    /// The caller's turn is over and the run did not end. It goes to the back if it was woken during its turn (its
    /// slice was used up, or what it waits for has come), and waits otherwise.
    pub(crate) fn turn_over(&mut self, id: RunId) {
        let woken = matches!(self.states.get(&id), Some(RunState::Running { woken: true }));
        self.states.insert(id, if woken { RunState::Runnable } else { RunState::Waiting });
        if woken {
            self.runnable.push_back(id);
        }
    }

    /// What the run waits for has come. Says whether a worker should look.
    pub(crate) fn wake(&mut self, id: RunId) -> bool {
        match self.states.get_mut(&id) {
            Some(RunState::Running { woken }) => {
                // The wake may come while a worker holds the run, so it is remembered, not lost.
                *woken = true;
                false
            }
            Some(state @ RunState::Waiting) => {
                *state = RunState::Runnable;
                self.runnable.push_back(id);
                true
            }
            _ => false,
        }
    }

    /// The run is over; the next queued one gets its place. Says whether a worker should look.
    pub(crate) fn finish(&mut self, id: RunId) -> bool {
        match self.states.remove(&id) {
            Some(RunState::Queued) => {
                self.queued.retain(|queued| *queued != id);
                return false;
            }
            Some(RunState::Runnable) => self.runnable.retain(|runnable| *runnable != id),
            Some(_) => {}
            None => return false,
        }
        self.live -= 1;
        self.admit()
    }

    pub(crate) fn state(&self, id: RunId) -> Option<RunState> {
        self.states.get(&id).copied()
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued.len()
    }

    /// Runs in each state but queued: runnable, running, waiting.
    pub(crate) fn live(&self) -> (usize, usize, usize) {
        let running = self.states.values().filter(|state| matches!(state, RunState::Running { .. })).count();
        (self.runnable.len(), running, self.live - self.runnable.len() - running)
    }

    pub(crate) fn ids(&self) -> Vec<RunId> {
        self.states.keys().copied().collect()
    }

    fn admit(&mut self) -> bool {
        let mut admitted = false;
        while self.live < self.live_max
            && let Some(id) = self.queued.pop_front()
        {
            self.live += 1;
            self.states.insert(id, RunState::Runnable);
            self.runnable.push_back(id);
            admitted = true;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs `(id, slices)` on one worker with room for `live_max`; the order of the turns.
    fn check(live_max: usize, runs: &[(u64, usize)], expected: &str) {
        let mut queue = RunQueue::new(live_max);
        let mut left: BTreeMap<RunId, usize> = runs.iter().map(|(id, slices)| (RunId(*id), *slices)).collect();
        runs.iter().for_each(|(id, _)| queue.push(RunId(*id)));
        let mut order = String::new();
        while let Some(id) = queue.next() {
            order.push_str(&id.0.to_string());
            let slices = left.get_mut(&id).unwrap();
            *slices -= 1;
            if *slices == 0 {
                queue.finish(id);
            } else {
                queue.wake(id);
                queue.turn_over(id);
            }
        }
        assert_eq!(order, expected);
    }

    #[test]
    fn runs_take_turns() {
        check(9, &[(1, 3), (2, 1), (3, 2)], "123131");
    }

    #[test]
    fn a_run_without_a_sandbox_waits_for_one() {
        check(2, &[(1, 2), (2, 1), (3, 2)], "12133");
    }

    #[test]
    fn a_wake_during_the_turn_is_not_lost() {
        let mut queue = RunQueue::new(1);
        queue.push(RunId(1));
        let id = queue.next().unwrap();
        assert!(!queue.wake(id));
        queue.turn_over(id);
        assert_eq!(queue.state(id), Some(RunState::Runnable));
        let id = queue.next().unwrap();
        queue.turn_over(id);
        assert_eq!(queue.state(id), Some(RunState::Waiting));
        assert_eq!(queue.next(), None);
        assert!(queue.wake(id));
        assert_eq!(queue.next(), Some(id));
    }

    proptest! {
        /// Whatever happens, no run is lost and never more than `live_max` live.
        #[test]
        fn every_run_comes_to_its_end(live_max in 1usize..4, steps in proptest::collection::vec((0u8..5, 0u64..6), 0..200)) {
            let mut queue = RunQueue::new(live_max);
            let mut known = std::collections::BTreeSet::new();
            let mut held = Vec::new();
            for (step, id) in steps {
                let id = RunId(id);
                match step {
                    0 => { if known.insert(id) { queue.push(id); } }
                    1 => held.extend(queue.next()),
                    2 => { if let Some(id) = held.pop() { queue.turn_over(id); } }
                    3 => { queue.wake(id); }
                    _ => { if !held.contains(&id) { queue.finish(id); known.remove(&id); } }
                }
                let (runnable, running, waiting) = queue.live();
                prop_assert_eq!(running, held.len());
                prop_assert!(runnable + running + waiting <= live_max);
                prop_assert_eq!(runnable + running + waiting + queue.queued(), known.len());
            }
            held.into_iter().for_each(|id| { queue.wake(id); queue.turn_over(id); });
            let ids = queue.ids();
            ids.iter().for_each(|id| { queue.wake(*id); });
            let mut turns = 0;
            while let Some(id) = queue.next() { queue.finish(id); turns += 1; queue.ids().iter().for_each(|id| { queue.wake(*id); }); }
            prop_assert_eq!(turns, ids.len());
        }
    }
}
