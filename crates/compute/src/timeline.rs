//! What each worker did lately, turn by turn: a ring that forgets its oldest.

use serde::{Serialize, Serializer};
use std::{collections::VecDeque, sync::Arc};

/// Turns kept: a minute and a half of two busy workers.
pub(crate) const TURNS_KEPT: usize = 131_072;

/// One turn of a run on a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineTurn {
    /// The task's id.
    #[serde(serialize_with = "as_text")]
    pub task_id: Arc<str>,
    /// The worker, from 0.
    pub worker: u16,
    /// Nanoseconds since 1970.
    pub start_ns: u64,
    /// Nanoseconds that the worker was taken.
    pub duration_ns: u64,
    /// Processor nanoseconds that the run is charged.
    pub cpu_ns: u64,
    /// Units of fuel: exact for a slice that was used up; estimated from the time for a turn that ended early.
    pub fuel: u64,
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[derive(Debug, Default)]
pub(crate) struct Timeline {
    turns: VecDeque<TimelineTurn>,
}

impl Timeline {
    pub(crate) fn push(&mut self, turn: TimelineTurn) {
        if self.turns.len() == TURNS_KEPT {
            self.turns.pop_front();
        }
        self.turns.push_back(turn);
    }

    /// The turns that ended after `since_ns`, oldest first; at most `limit`, the newest ones.
    pub(crate) fn since(&self, since_ns: u64, limit: usize) -> Vec<TimelineTurn> {
        let newest_first = self.turns.iter().rev();
        let wanted = newest_first.take_while(|turn| turn.start_ns + turn.duration_ns > since_ns).take(limit);
        let mut turns: Vec<TimelineTurn> = wanted.cloned().collect();
        turns.reverse();
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(start_ns: u64) -> TimelineTurn {
        TimelineTurn { task_id: "T".into(), worker: 0, start_ns, duration_ns: 10, cpu_ns: 9, fuel: 1 }
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut timeline = Timeline::default();
        (0..TURNS_KEPT as u64 + 5).for_each(|start| timeline.push(turn(start * 10)));
        let all = timeline.since(0, usize::MAX);
        assert_eq!((all.len(), all[0].start_ns), (TURNS_KEPT, 50));
        let last = timeline.since(0, 2);
        assert_eq!(last.len(), 2);
        assert!(last[0].start_ns < last[1].start_ns);
        assert_eq!(timeline.since(last[1].start_ns, 9), [last[1].clone()]);
    }
}
