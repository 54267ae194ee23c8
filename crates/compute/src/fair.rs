//! Weighted round robin by measured time: whoever has had the least is next, and among equals whoever waited longest.
//!
//! Each key has a virtual time: the nanoseconds that it was charged, divided by its weight. A key that comes (back)
//! starts at the virtual time of the last turn given, so nobody saves up turns while it is away. This is start-time
//! fair queueing (Goyal, Vin, Cheng 1996): the shares of two keys that always want turns differ by no more than one
//! turn of each, whatever their turns cost. No clock, no threads.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

/// Fractions of a nanosecond in virtual time, so that a weight of 100 still counts.
const SCALE: u64 = 128;
/// Keys that are away and have had more than their share; the ones nearest to it are forgotten first.
const AWAY_MAX: usize = 10_000;

/// Who wants a turn.
#[derive(Debug)]
pub(crate) struct FairQueue<K> {
    entries: HashMap<K, Entry>,
    /// By virtual time, then by when they came.
    ready: BTreeSet<(u64, u64, K)>,
    /// Keys that went, by virtual time: kept until everyone has caught up with them.
    away: BTreeSet<(u64, K)>,
    /// The virtual time of the last turn given.
    now: u64,
    order: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    time: u64,
    /// What the last division by the weight left over: many short turns must not add up to time for nothing.
    carry: i64,
    order: u64,
    weight: u64,
    ready: bool,
    away: bool,
}

impl<K> Default for FairQueue<K> {
    fn default() -> Self {
        Self { entries: HashMap::new(), ready: BTreeSet::new(), away: BTreeSet::new(), now: 0, order: 0 }
    }
}

impl<K: Clone + Ord + Hash> FairQueue<K> {
    /// A key wants turns from now on; a larger weight gets more of them.
    pub(crate) fn ready(&mut self, key: &K, weight: u32) {
        let (now, order) = (self.now, self.order);
        let new = Entry { time: now, carry: 0, order, weight: 1, ready: false, away: false };
        let entry = self.entries.entry(key.clone()).or_insert(new);
        if entry.ready {
            return;
        }
        if entry.away {
            self.away.remove(&(entry.time, key.clone()));
        }
        *entry = Entry {
            time: entry.time.max(now),
            carry: 0,
            order,
            weight: u64::from(weight.max(1)),
            ready: true,
            away: false,
        };
        self.order += 1;
        self.ready.insert((entry.time, entry.order, key.clone()));
    }

    /// A key wants no turns for now. What it was charged is remembered.
    pub(crate) fn pause(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key)
            && std::mem::take(&mut entry.ready)
        {
            self.ready.remove(&(entry.time, entry.order, key.clone()));
        }
    }

    /// A key goes. Coming back at once does not make it forget what it had.
    pub(crate) fn remove(&mut self, key: &K) {
        self.pause(key);
        let Some(entry) = self.entries.get_mut(key).filter(|entry| !entry.away) else { return };
        if entry.time <= self.now {
            self.entries.remove(key);
            return;
        }
        entry.away = true;
        self.away.insert((entry.time, key.clone()));
        while self.away.first().is_some_and(|(time, _)| *time <= self.now) || self.away.len() > AWAY_MAX {
            let Some((_, gone)) = self.away.pop_first() else { break };
            self.entries.remove(&gone);
        }
    }

    /// A key goes and never comes back.
    pub(crate) fn forget(&mut self, key: &K) {
        self.pause(key);
        self.entries.remove(key);
    }

    /// Whose turn it is.
    pub(crate) fn first(&self) -> Option<&K> {
        self.ready.first().map(|(_, _, key)| key)
    }

    /// Whether anybody wants a turn.
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// How many are before this key, if it is ready.
    pub(crate) fn position(&self, key: &K) -> Option<usize> {
        self.ready.iter().position(|(_, _, ready)| ready == key)
    }

    /// The key gets a turn: virtual time has come so far.
    pub(crate) fn turn(&mut self, key: &K) {
        if let Some(entry) = self.entries.get(key) {
            self.now = self.now.max(entry.time);
        }
    }

    /// Charges a key, or gives back what it was charged too much. It goes behind those who have had less, and behind
    /// its equals.
    pub(crate) fn charge(&mut self, key: &K, nanoseconds: i64) {
        let order = self.order;
        let Some(entry) = self.entries.get_mut(key) else { return };
        let before = *entry;
        let (owed, weight) =
            (nanoseconds.saturating_mul(SCALE as i64).saturating_add(entry.carry), entry.weight as i64);
        entry.carry = owed.rem_euclid(weight);
        entry.time = entry.time.saturating_add_signed(owed.div_euclid(weight));
        if nanoseconds > 0 {
            entry.order = order;
            self.order += 1;
        }
        let after = *entry;
        if before.ready {
            self.ready.remove(&(before.time, before.order, key.clone()));
            self.ready.insert((after.time, after.order, key.clone()));
        }
        if before.away {
            self.away.remove(&(before.time, key.clone()));
            self.away.insert((after.time, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What each of these `(weight, nanoseconds of a turn)` has had after so many nanoseconds of turns.
    fn check(keys: &[(u32, i64)], total: i64) -> Vec<i64> {
        let mut queue = FairQueue::default();
        for (key, (weight, _)) in keys.iter().enumerate() {
            queue.ready(&key, *weight);
        }
        let mut had = vec![0; keys.len()];
        while had.iter().sum::<i64>() < total {
            let key = *queue.first().unwrap();
            queue.turn(&key);
            queue.charge(&key, keys[key].1);
            had[key] += keys[key].1;
        }
        had
    }

    #[test]
    fn equal_keys_take_turns() {
        let mut queue = FairQueue::default();
        (0..3).for_each(|key| queue.ready(&key, 1));
        let turns: Vec<i32> = (0..7)
            .map(|_| {
                let key = *queue.first().unwrap();
                queue.turn(&key);
                queue.charge(&key, 10);
                key
            })
            .collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn who_comes_late_gets_its_share_from_then_on() {
        let mut queue = FairQueue::default();
        queue.ready(&'a', 1);
        queue.turn(&'a');
        queue.charge(&'a', 1_000_000);
        queue.turn(&'a');
        queue.ready(&'b', 1);
        let mut had = HashMap::new();
        for _ in 0..10 {
            let key = *queue.first().unwrap();
            queue.turn(&key);
            queue.charge(&key, 10);
            *had.entry(key).or_insert(0) += 10;
        }
        assert_eq!((had[&'a'], had[&'b']), (50, 50));
    }

    #[test]
    fn going_and_coming_back_wins_nothing() {
        let mut queue = FairQueue::default();
        queue.ready(&'a', 1);
        let mut turns = String::new();
        for _ in 0..6 {
            queue.ready(&'b', 1);
            let key = *queue.first().unwrap();
            queue.turn(&key);
            queue.charge(&key, 10);
            turns.push(key);
            queue.remove(&'b');
        }
        assert_eq!(turns, "ababab");
    }

    #[test]
    fn short_turns_count_in_full() {
        let had = check(&[(100, 1), (1, 1)], 101_000);
        assert!((had[0] - 100_000).abs() <= 200, "{had:?}");
    }

    proptest! {
        /// The bound of the algorithm: weighted service of two busy keys differs by one turn of each at most.
        #[test]
        fn shares_follow_weights(keys in proptest::collection::vec((1u32..=100, 1_000i64..5_000_000), 2..8)) {
            let had = check(&keys, 2_000_000_000);
            for (one, (weight, turn)) in keys.iter().enumerate() {
                for (other, (other_weight, other_turn)) in keys.iter().enumerate() {
                    let (w1, w2) = (f64::from(*weight), f64::from(*other_weight));
                    let gap = (had[one] as f64 / w1 - had[other] as f64 / w2).abs();
                    prop_assert!(gap <= *turn as f64 / w1 + *other_turn as f64 / w2 + 1.0);
                }
            }
        }
    }
}
