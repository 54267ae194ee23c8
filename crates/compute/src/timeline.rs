//! What each worker did lately, turn by turn: a ring that forgets its oldest.

use crate::Compute;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::{collections::VecDeque, ops::Range, sync::Arc};

/// Turns kept: a minute and a half of two busy workers.
pub(crate) const TURNS_KEPT: usize = 131_072;

/// Turns copied while the workers wait for it.
const TURNS_COPIED: u64 = 2048;

/// One turn of a run on a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// Units of fuel: those that are known when it ends. What a turn that ends in a wait has burnt of a part, the next
    /// turn tells with its own.
    pub fuel: u64,
}

impl Compute {
    /// The turns that ended after this time (nanoseconds since 1970), oldest first; at most `limit`, the newest ones.
    #[must_use]
    pub fn timeline(&self, since_ns: u64, limit: usize) -> Vec<TimelineTurn> {
        self.with_timeline(|timeline| timeline.since(since_ns, limit))
    }

    /// The turns from this number on (the first one ever is 0), oldest first; at most `limit`, the newest ones. And the
    /// number of the next one.
    #[must_use]
    pub fn timeline_from(&self, number: u64, limit: usize) -> (Vec<TimelineTurn>, u64) {
        let next = self.with_timeline(Timeline::next);
        let kept = limit.min(TURNS_KEPT) as u64;
        let mut from = number.max(next.saturating_sub(kept));
        let mut turns = Vec::new();
        while from < next {
            let to = next.min(from + TURNS_COPIED);
            turns.extend(self.with_timeline(|timeline| timeline.copied(from..to)));
            from = to;
        }
        (turns, next)
    }

    /// How long turns took, since the start.
    #[must_use]
    pub fn slice_durations(&self) -> SliceDurations {
        self.with_timeline(|timeline| timeline.durations.clone())
    }
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[derive(Debug, Default)]
pub(crate) struct Timeline {
    turns: VecDeque<TimelineTurn>,
    /// How many turns there were before the oldest that is kept.
    forgotten: u64,
    durations: SliceDurations,
}

/// How long turns took, since the start.
#[derive(Debug, Clone, Default)]
pub struct SliceDurations {
    /// Turns that took at most `SLICE_BOUNDS_NS` of the same index, and more than the one before; the last entry counts
    /// the longer ones.
    pub counts: [u64; SLICE_BOUNDS_NS.len() + 1],
    /// Nanoseconds together.
    pub sum_ns: u64,
}

/// The bounds of `SliceDurations`, in nanoseconds: around the 1.5 ms of a slice.
pub const SLICE_BOUNDS_NS: [u64; 10] =
    [20_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 20_000_000, 100_000_000];

impl Timeline {
    pub(crate) fn push(&mut self, turn: TimelineTurn) {
        if self.turns.len() == TURNS_KEPT {
            self.turns.pop_front();
            self.forgotten += 1;
        }
        let bucket = SLICE_BOUNDS_NS.partition_point(|bound| *bound < turn.duration_ns);
        self.durations.counts[bucket] += 1;
        self.durations.sum_ns += turn.duration_ns;
        self.turns.push_back(turn);
    }

    /// The number of the next turn; the first one ever has 0.
    fn next(&self) -> u64 {
        self.forgotten + self.turns.len() as u64
    }

    /// Those of the turns with these numbers that are still kept.
    fn copied(&self, numbers: Range<u64>) -> Vec<TimelineTurn> {
        let place = |number: u64| {
            let place = usize::try_from(number.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
            place.min(self.turns.len())
        };
        self.turns.range(place(numbers.start)..place(numbers.end)).cloned().collect()
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
        let next = timeline.next();
        assert_eq!(next, TURNS_KEPT as u64 + 5);
        assert_eq!(timeline.copied(next - 2..next), all[TURNS_KEPT - 2..]);
        assert_eq!(timeline.copied(next..next + 9), []);
        assert_eq!(timeline.copied(0..7), all[..2], "five of them are forgotten");
        assert_eq!(timeline.durations.counts[0], TURNS_KEPT as u64 + 5);
        let last = timeline.since(0, 2);
        assert_eq!(last.len(), 2);
        assert!(last[0].start_ns < last[1].start_ns);
        assert_eq!(timeline.since(last[1].start_ns, 9), [last[1].clone()]);
    }
}
