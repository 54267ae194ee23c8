//! Tasks that ended, for a bounded time. Those that were submitted to be kept have room of their own: a flood of
//! others does not push them out. Where there is no more room, the oldest one goes of whoever has most.

use crate::{
    config::TaskTableLimits,
    tasks::{About, TaskKey},
};
use sandlot_compute::Submitter;
use sandlot_protocol::CpuResult;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

#[derive(Debug)]
pub(crate) struct History {
    ended: HashMap<TaskKey, Ended>,
    passing: Shelf,
    kept: Shelf,
    next_number: u64,
    tasks_max: usize,
    bytes_max: usize,
    seconds_max: f64,
}

/// Oldest first.
#[derive(Debug, Default)]
struct Shelf {
    order: BTreeMap<u64, TaskKey>,
    bytes: usize,
    by_submitter: HashMap<Submitter, Part>,
}

/// What one submitter has on a shelf.
#[derive(Debug, Default)]
struct Part {
    order: BTreeMap<u64, TaskKey>,
    bytes: usize,
}

impl Shelf {
    fn add(&mut self, submitter: &Submitter, number: u64, key: &TaskKey, bytes: usize) {
        let part = self.by_submitter.entry(submitter.clone()).or_default();
        part.order.insert(number, key.clone());
        part.bytes += bytes;
        self.order.insert(number, key.clone());
        self.bytes += bytes;
    }

    fn remove(&mut self, submitter: &Submitter, number: u64, bytes: usize) {
        self.order.remove(&number);
        self.bytes -= bytes;
        if let Some(part) = self.by_submitter.get_mut(submitter) {
            part.order.remove(&number);
            part.bytes -= bytes;
            if part.order.is_empty() {
                self.by_submitter.remove(submitter);
            }
        }
    }

    /// Which one goes next, if one must.
    fn too_much(&self, tasks_max: usize, bytes_max: usize) -> Option<TaskKey> {
        let most = if self.bytes > bytes_max {
            self.by_submitter.values().max_by_key(|part| part.bytes)
        } else if self.order.len() > tasks_max {
            self.by_submitter.values().max_by_key(|part| part.order.len())
        } else {
            None
        };
        most.and_then(|part| part.order.first_key_value()).map(|(_, key)| key.clone())
    }
}

#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) body: blake3::Hash,
    pub(crate) result: Arc<CpuResult>,
    pub(crate) about: About,
    pub(crate) ended_at: f64,
    number: u64,
    bytes: usize,
}

impl History {
    pub(crate) fn new(limits: &TaskTableLimits) -> Self {
        Self {
            ended: HashMap::new(),
            passing: Shelf::default(),
            kept: Shelf::default(),
            next_number: 0,
            tasks_max: limits.ended_max,
            bytes_max: limits.ended_bytes_max,
            seconds_max: limits.ended_for.as_secs_f64(),
        }
    }

    /// A task that ended, if it is still remembered.
    pub(crate) fn get(&self, key: &TaskKey, now: f64) -> Option<&Ended> {
        self.ended.get(key).filter(|ended| now - ended.ended_at <= self.seconds_max)
    }

    /// The newest ones first.
    pub(crate) fn newest(&mut self, offset: usize, limit: usize, now: f64) -> impl Iterator<Item = &Ended> {
        let until = offset.saturating_add(limit);
        self.expire(now);
        let mut all: Vec<(&u64, &TaskKey)> = self.passing.order.iter().rev().take(until).collect();
        all.extend(self.kept.order.iter().rev().take(until));
        all.sort_unstable_by(|one, other| other.cmp(one));
        all.into_iter().skip(offset).take(limit).filter_map(|(_, key)| self.ended.get(key))
    }

    pub(crate) fn remember(
        &mut self,
        key: &TaskKey,
        body: blake3::Hash,
        result: Arc<CpuResult>,
        about: About,
        now: f64,
    ) {
        self.expire(now);
        self.forget(key);
        let (number, bytes) = (self.next_number, result.bytes());
        self.next_number += 1;
        let shelf = if about.kept { &mut self.kept } else { &mut self.passing };
        shelf.add(&about.submitter, number, key, bytes);
        let kept = about.kept;
        self.ended.insert(key.clone(), Ended { body, result, about, ended_at: now, number, bytes });
        loop {
            let shelf = if kept { &self.kept } else { &self.passing };
            let Some(oldest) = shelf.too_much(self.tasks_max, self.bytes_max) else { break };
            self.forget(&oldest);
        }
    }

    pub(crate) fn forget(&mut self, key: &TaskKey) {
        let Some(ended) = self.ended.remove(key) else { return };
        let shelf = if ended.about.kept { &mut self.kept } else { &mut self.passing };
        shelf.remove(&ended.about.submitter, ended.number, ended.bytes);
    }

    fn expire(&mut self, now: f64) {
        for kept in [false, true] {
            loop {
                let shelf = if kept { &self.kept } else { &self.passing };
                let Some(key) = shelf.order.first_key_value().map(|(_, key)| key.clone()) else { break };
                if self.get(&key, now).is_some() {
                    break;
                }
                self.forget(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandlot_protocol::{Address, Outcome, TaskId};

    fn remember(history: &mut History, id: &str, kept: bool, now: f64) {
        remember_of(history, id, "", kept, now);
    }

    fn remember_of(history: &mut History, id: &str, name: &str, kept: bool, now: f64) {
        let about = About {
            function: None,
            confidential: false,
            source: None,
            submitter: Submitter::new("h", name),
            priority: 0,
            weight: 1,
            kept,
            attempt: 0,
            asked_at: now,
            timeout: None,
            limits: sandlot_protocol::TaskLimits::default(),
        };
        let id: TaskId = id.parse().unwrap();
        let result = CpuResult::ended(id.clone(), Outcome::Timeout, "late", &Address::new("h", 1));
        history.remember(&(id, false), blake3::hash(b""), Arc::new(result), about, now);
    }

    fn ids(history: &mut History, now: f64) -> Vec<String> {
        history.newest(0, 9, now).map(|ended| ended.result.task_id.to_string()).collect()
    }

    #[test]
    fn what_is_kept_is_not_pushed_out_by_others_and_all_is_forgotten_in_time() {
        let limits = TaskTableLimits { ended_max: 2, ..TaskTableLimits::default() };
        let mut history = History::new(&limits);
        remember(&mut history, "k", true, 0.0);
        for (number, id) in ["a", "b", "c"].into_iter().enumerate() {
            remember(&mut history, id, false, number as f64);
        }
        assert_eq!(ids(&mut history, 3.0), ["c", "b", "k"]);
        assert_eq!(ids(&mut history, 3601.5), ["c"]);
        assert!(history.get(&("k".parse().unwrap(), false), 3601.5).is_none());
    }

    #[test]
    fn results_have_room_together() {
        let limits = TaskTableLimits { ended_bytes_max: 2500, ..TaskTableLimits::default() };
        let mut history = History::new(&limits);
        ["a", "b", "c"].into_iter().for_each(|id| remember(&mut history, id, true, 0.0));
        assert_eq!(ids(&mut history, 0.0), ["c", "b"]);
    }

    #[test]
    fn who_has_most_makes_room() {
        let limits = TaskTableLimits { ended_max: 3, ..TaskTableLimits::default() };
        let mut history = History::new(&limits);
        remember_of(&mut history, "modest", "modest", true, 0.0);
        ["a", "b", "c", "d"].into_iter().for_each(|id| remember_of(&mut history, id, "greedy", true, 0.0));
        assert_eq!(ids(&mut history, 0.0), ["d", "c", "modest"]);
    }
}
