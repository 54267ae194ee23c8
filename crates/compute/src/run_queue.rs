//! Whose turn it is, and who may begin. No clock, no threads: the time comes in.
//!
//! Turns are shared in three steps: between hosts, between the submitters of a host, and between the tasks of a
//! submitter, each by measured time ([`FairQueue`]). What a host says of its submitters, weights and priorities so only
//! divides that host's own share. Within a submitter a higher priority goes first, but every [`AGE_STEP`] without a
//! turn counts as one step of priority: a class that is `d` steps below the highest gets a turn at the latest
//! `d * AGE_STEP` plus one turn of each other class after its last.

use crate::{fair::FairQueue, submitter::Submitter};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Waiting so long without a turn counts as one step of priority.
pub(crate) const AGE_STEP: Duration = Duration::from_millis(50);
/// A host's share of the sandboxes, as a multiple of those that are free: something is left for the next host.
const HOST_FACTOR: usize = 16;
/// The same for one submitter.
const SUBMITTER_FACTOR: usize = 8;

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
    /// Waits for the host: a timer, memory.
    Waiting,
}

/// Who a run belongs to, and how it stands among that submitter's runs.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) submitter: Submitter,
    pub(crate) priority: i32,
    pub(crate) weight: u32,
}

/// How much there may be at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Runs that have a sandbox.
    pub(crate) live_max: usize,
    /// Runs that have a sandbox and want the processor: more begin only when some wait or end.
    pub(crate) active_max: usize,
}

/// The runs of one process.
#[derive(Debug)]
pub(crate) struct RunQueue {
    runs: BTreeMap<RunId, Entry>,
    hosts: FairQueue<Arc<str>>,
    by_host: HashMap<Arc<str>, Host>,
    room: Room,
    counts: Counts,
    queued: usize,
    running: usize,
    /// Runs that only have to be put away: they need no turn of their submitter's.
    ending: VecDeque<RunId>,
    /// What a turn is taken to cost until it is known, in nanoseconds.
    turn_ns: i64,
}

#[derive(Debug)]
struct Entry {
    standing: Standing,
    state: RunState,
    /// The queued ones' order: when it came, earlier by its priority.
    due_ns: i64,
}

/// Runs with a sandbox, and those of them that want the processor.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    live: usize,
    active: usize,
}

#[derive(Debug, Default)]
struct Host {
    names: FairQueue<Arc<str>>,
    by_name: HashMap<Arc<str>, Tasks>,
    counts: Counts,
    queued: usize,
}

/// One submitter's.
#[derive(Debug, Default)]
struct Tasks {
    classes: BTreeMap<i32, Class>,
    queued: BTreeSet<(i64, RunId)>,
    counts: Counts,
}

/// The tasks of one priority.
#[derive(Debug, Default)]
struct Class {
    runs: FairQueue<RunId>,
    /// When it last had a turn, or began to want one.
    since: Duration,
    members: usize,
}

impl RunQueue {
    pub(crate) fn new(room: Room, turn: Duration) -> Self {
        Self {
            runs: BTreeMap::new(),
            hosts: FairQueue::default(),
            by_host: HashMap::new(),
            room,
            counts: Counts::default(),
            queued: 0,
            running: 0,
            ending: VecDeque::new(),
            turn_ns: nanoseconds(turn),
        }
    }

    /// A new run. It waits for a sandbox: `admit` gives it one.
    pub(crate) fn push(&mut self, id: RunId, standing: Standing, now: Duration) {
        let ahead = i64::from(standing.priority).saturating_mul(nanoseconds(AGE_STEP));
        let due_ns = nanoseconds(now).saturating_sub(ahead);
        let host = self.by_host.entry(Arc::clone(&standing.submitter.host)).or_default();
        host.queued += 1;
        host.by_name.entry(Arc::clone(&standing.submitter.name)).or_default().queued.insert((due_ns, id));
        self.queued += 1;
        self.runs.insert(id, Entry { standing, state: RunState::Queued, due_ns });
    }

    /// Gives a sandbox to a queued run if there is room: to the host and submitter that have fewest, and among a
    /// submitter's runs to the one that is due first. `may_begin` says whether there is memory for a host's run.
    pub(crate) fn admit(&mut self, now: Duration, may_begin: impl Fn(&str) -> bool) -> Option<RunId> {
        let id = self.next_to_begin(&may_begin)?;
        let entry = &self.runs[&id];
        let (submitter, due) = (entry.standing.submitter.clone(), (entry.due_ns, id));
        self.tasks(&submitter).queued.remove(&due);
        if let Some(host) = self.by_host.get_mut(&submitter.host) {
            host.queued -= 1;
        }
        self.queued -= 1;
        self.count(&submitter, |counts| counts.live += 1);
        self.class(id).members += 1;
        self.make_runnable(id, now);
        Some(id)
    }

    fn next_to_begin(&self, may_begin: impl Fn(&str) -> bool) -> Option<RunId> {
        if self.queued == 0 {
            return None;
        }
        let hosts = self
            .by_host
            .iter()
            .filter(|(name, host)| host.queued > 0 && self.has_room(host.counts, HOST_FACTOR) && may_begin(name));
        let by_need = hosts.map(|(_, host)| {
            let waiting = host.by_name.values().filter(|tasks| !tasks.queued.is_empty());
            let with_room = waiting.filter(|tasks| self.has_room(tasks.counts, SUBMITTER_FACTOR));
            (host.counts.live, with_room.min_by_key(|tasks| (tasks.counts.live, tasks.queued.first().copied())))
        });
        let of_hosts = by_need.filter_map(|(live, tasks)| {
            tasks.and_then(|tasks| tasks.queued.first()).map(|(due, id)| (live, *due, *id))
        });
        of_hosts.min().map(|(_, _, id)| id)
    }

    /// Whether one who has this much may have one more, so that others still find room.
    fn has_room(&self, mine: Counts, factor: usize) -> bool {
        let free = |max: usize, taken: usize| max.saturating_sub(taken).saturating_mul(factor);
        // Who has none yet finds one as long as there is any.
        (mine.live == 0 && self.counts.live < self.room.live_max)
            || mine.live < free(self.room.live_max, self.counts.live)
                && mine.active < free(self.room.active_max, self.counts.active)
    }

    /// The run whose turn it is; the caller has it until `turn_over` or `finish`.
    pub(crate) fn next(&mut self, now: Duration) -> Option<RunId> {
        while let Some(id) = self.ending.pop_front() {
            if self.state(id) == Some(RunState::Runnable) {
                let standing = self.runs[&id].standing.clone();
                self.class(id).runs.pause(&id);
                return Some(self.take(id, &standing.submitter));
            }
        }
        let host_key = Arc::clone(self.hosts.first()?);
        let host = self.by_host.get_mut(&host_key)?;
        let name = Arc::clone(host.names.first()?);
        let tasks = host.by_name.get_mut(&name)?;
        let class = tasks.next_class(now)?;
        class.since = now;
        let id = *class.runs.first()?;
        class.runs.turn(&id);
        class.runs.pause(&id);
        host.names.turn(&name);
        self.hosts.turn(&host_key);
        Some(self.take(id, &Submitter { host: host_key, name }))
    }

    fn take(&mut self, id: RunId, submitter: &Submitter) -> RunId {
        self.pause_the_idle(submitter);
        self.charge(id, self.turn_ns);
        self.running += 1;
        self.set(id, RunState::Running { woken: false });
        id
    }

    /// The run is to be stopped: if it waits for its turn, the next one is its.
    pub(crate) fn hurry(&mut self, id: RunId) {
        if self.state(id) == Some(RunState::Runnable) {
            self.ending.push_back(id);
        }
    }

    /// The caller's turn is over, it cost so much, and the run did not end. The run goes to the back if it was woken
    /// during its turn (its slice was used up, or what it waits for has come), and waits otherwise.
    pub(crate) fn turn_over(&mut self, id: RunId, cost: Duration, now: Duration) {
        let woken = matches!(self.state(id), Some(RunState::Running { woken: true }));
        self.settle(id, cost);
        self.set(id, RunState::Waiting);
        let submitter = self.runs[&id].standing.submitter.clone();
        self.count(&submitter, |counts| counts.active -= 1);
        if woken {
            self.make_runnable(id, now);
        }
    }

    /// The caller's turn is over, it cost so much, and the run waits until it is woken again.
    pub(crate) fn park(&mut self, id: RunId, cost: Duration) {
        self.take_wake(id);
        self.turn_over(id, cost, Duration::ZERO);
    }

    /// What the run waits for has come. Says whether a worker should look.
    pub(crate) fn wake(&mut self, id: RunId, now: Duration) -> bool {
        match self.runs.get_mut(&id).map(|entry| &mut entry.state) {
            Some(RunState::Running { woken }) => {
                // The wake may come while a worker holds the run, so it is remembered, not lost.
                *woken = true;
                false
            }
            Some(RunState::Waiting) => {
                self.make_runnable(id, now);
                true
            }
            _ => false,
        }
    }

    /// Forgets that a run was woken during its turn, if it was: the caller goes on with it.
    pub(crate) fn take_wake(&mut self, id: RunId) -> bool {
        match self.runs.get_mut(&id).map(|entry| &mut entry.state) {
            Some(RunState::Running { woken }) => std::mem::take(woken),
            _ => false,
        }
    }

    /// The run is over; its last turn, if it had one just now, cost so much.
    pub(crate) fn finish(&mut self, id: RunId, cost: Option<Duration>) {
        let Some(state) = self.state(id) else { return };
        if let (RunState::Running { .. }, cost) = (state, cost.unwrap_or_default()) {
            self.settle(id, cost);
        }
        let Some(entry) = self.runs.remove(&id) else { return };
        let submitter = entry.standing.submitter;
        if state == RunState::Queued {
            self.tasks(&submitter).queued.remove(&(entry.due_ns, id));
            self.queued -= 1;
            if let Some(host) = self.by_host.get_mut(&submitter.host) {
                host.queued -= 1;
            }
        } else {
            let is_active = state != RunState::Waiting;
            self.count(&submitter, |counts| {
                counts.live -= 1;
                counts.active -= usize::from(is_active);
            });
            let tasks = self.tasks(&submitter);
            if let Some(class) = tasks.classes.get_mut(&entry.standing.priority) {
                class.runs.forget(&id);
                class.members -= 1;
                if class.members == 0 {
                    tasks.classes.remove(&entry.standing.priority);
                }
            }
        }
        self.pause_the_idle(&submitter);
        self.forget_the_empty(&submitter);
    }

    pub(crate) fn state(&self, id: RunId) -> Option<RunState> {
        self.runs.get(&id).map(|entry| entry.state)
    }

    /// Runs of the same submitter that are before this one: for a sandbox, or for a turn.
    pub(crate) fn ahead(&self, id: RunId) -> usize {
        let Some(entry) = self.runs.get(&id) else { return 0 };
        let submitter = &entry.standing.submitter;
        let tasks = self.by_host.get(&submitter.host).and_then(|host| host.by_name.get(&submitter.name));
        let Some(tasks) = tasks else { return 0 };
        match entry.state {
            RunState::Queued => tasks.queued.range(..(entry.due_ns, id)).count(),
            RunState::Runnable => {
                let class = tasks.classes.get(&entry.standing.priority);
                class.and_then(|class| class.runs.position(&id)).unwrap_or(0)
            }
            _ => 0,
        }
    }

    pub(crate) fn host_of(&self, id: RunId) -> Option<&str> {
        self.runs.get(&id).map(|entry| &*entry.standing.submitter.host)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Runs in each state but queued: runnable, running, waiting.
    pub(crate) fn live(&self) -> (usize, usize, usize) {
        (self.counts.active - self.running, self.running, self.counts.live - self.counts.active)
    }

    pub(crate) fn ids(&self) -> Vec<RunId> {
        self.runs.keys().copied().collect()
    }

    /// The estimate that `next` charged becomes what the turn cost.
    fn settle(&mut self, id: RunId, cost: Duration) {
        self.running -= 1;
        self.charge(id, nanoseconds(cost) - self.turn_ns);
    }

    fn charge(&mut self, id: RunId, nanoseconds: i64) {
        let Some(entry) = self.runs.get(&id) else { return };
        let Standing { submitter, priority, .. } = &entry.standing;
        self.hosts.charge(&submitter.host, nanoseconds);
        if let Some(host) = self.by_host.get_mut(&submitter.host) {
            host.names.charge(&submitter.name, nanoseconds);
            let class = host.by_name.get_mut(&submitter.name).and_then(|tasks| tasks.classes.get_mut(priority));
            if let Some(class) = class {
                class.runs.charge(&id, nanoseconds);
            }
        }
    }

    fn make_runnable(&mut self, id: RunId, now: Duration) {
        let Some(entry) = self.runs.get_mut(&id) else { return };
        entry.state = RunState::Runnable;
        let Standing { submitter, weight, .. } = entry.standing.clone();
        self.count(&submitter, |counts| counts.active += 1);
        let class = self.class(id);
        if class.runs.is_empty() {
            class.since = now;
        }
        class.runs.ready(&id, weight);
        if let Some(host) = self.by_host.get_mut(&submitter.host) {
            host.names.ready(&submitter.name, 1);
        }
        self.hosts.ready(&submitter.host, 1);
    }

    fn set(&mut self, id: RunId, state: RunState) {
        if let Some(entry) = self.runs.get_mut(&id) {
            entry.state = state;
        }
    }

    fn tasks(&mut self, submitter: &Submitter) -> &mut Tasks {
        let host = self.by_host.entry(Arc::clone(&submitter.host)).or_default();
        host.by_name.entry(Arc::clone(&submitter.name)).or_default()
    }

    fn class(&mut self, id: RunId) -> &mut Class {
        let standing = self.runs[&id].standing.clone();
        self.tasks(&standing.submitter).classes.entry(standing.priority).or_default()
    }

    fn count(&mut self, submitter: &Submitter, change: impl Fn(&mut Counts)) {
        change(&mut self.counts);
        change(&mut self.tasks(submitter).counts);
        if let Some(host) = self.by_host.get_mut(&submitter.host) {
            change(&mut host.counts);
        }
    }

    /// A submitter without a runnable task, and a host without such a submitter, want no turns.
    fn pause_the_idle(&mut self, submitter: &Submitter) {
        let Some(host) = self.by_host.get_mut(&submitter.host) else { return };
        let is_idle = |tasks: &Tasks| tasks.classes.values().all(|class| class.runs.is_empty());
        if host.by_name.get(&submitter.name).is_none_or(is_idle) {
            host.names.pause(&submitter.name);
        }
        if host.names.is_empty() {
            self.hosts.pause(&submitter.host);
        }
    }

    fn forget_the_empty(&mut self, submitter: &Submitter) {
        let Some(host) = self.by_host.get_mut(&submitter.host) else { return };
        if host.by_name.get(&submitter.name).is_some_and(|tasks| tasks.counts.live == 0 && tasks.queued.is_empty()) {
            host.by_name.remove(&submitter.name);
            host.names.remove(&submitter.name);
        }
        if host.counts.live == 0 && host.queued == 0 {
            // Only the host's own account outlives it; those of its submitters matter while the host is busy.
            self.by_host.remove(&submitter.host);
            self.hosts.remove(&submitter.host);
        }
    }
}

impl Tasks {
    /// The class with the highest priority, the time it has waited included.
    fn next_class(&mut self, now: Duration) -> Option<&mut Class> {
        let wanting = self.classes.iter_mut().filter(|(_, class)| !class.runs.is_empty());
        let aged = |(priority, class): &(&i32, &mut Class)| {
            let waited = nanoseconds(now.saturating_sub(class.since));
            i64::from(**priority).saturating_mul(nanoseconds(AGE_STEP)).saturating_add(waited)
        };
        wanting.max_by_key(aged).map(|(_, class)| class)
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TURN: Duration = Duration::from_millis(1);

    fn queue(live_max: usize) -> RunQueue {
        RunQueue::new(Room { live_max, active_max: live_max }, TURN)
    }

    fn standing(host: &str, name: &str, priority: i32, weight: u32) -> Standing {
        Standing { submitter: Submitter::new(host, name), priority, weight }
    }

    /// One worker gives turns to endless runs; each run's turns cost what `cost` says. Processor time of each run.
    fn shares(runs: &[Standing], cost: impl Fn(usize) -> Duration, turns: usize) -> Vec<f64> {
        let mut queue = queue(1_000_000);
        for (number, standing) in runs.iter().enumerate() {
            queue.push(RunId(number as u64), standing.clone(), Duration::ZERO);
        }
        let mut now = Duration::ZERO;
        while queue.admit(now, |_| true).is_some() {}
        let mut had = vec![0.0; runs.len()];
        for _ in 0..turns {
            let id = queue.next(now).unwrap();
            let cost = cost(id.0 as usize);
            now += cost;
            had[id.0 as usize] += cost.as_secs_f64();
            queue.wake(id, now);
            queue.turn_over(id, cost, now);
        }
        let all: f64 = had.iter().sum();
        had.iter().map(|time| time / all).collect()
    }

    fn check(shares: &[f64], expected: &[f64]) {
        assert_eq!(shares.len(), expected.len());
        assert!(shares.iter().zip(expected).all(|(one, other)| (one - other).abs() < 0.01), "{shares:?}");
    }

    #[test]
    fn equal_tasks_have_equal_time_whatever_their_turns_cost() {
        let runs = vec![standing("h", "", 0, 1); 4];
        check(&shares(&runs, |number| TURN * (1 + 9 * u32::from(number == 0)), 10_000), &[0.25; 4]);
    }

    #[test]
    fn weights_are_shares() {
        let runs = [standing("h", "", 0, 1), standing("h", "", 0, 2), standing("h", "", 0, 4)];
        check(&shares(&runs, |_| TURN, 7000), &[1.0 / 7.0, 2.0 / 7.0, 4.0 / 7.0]);
    }

    #[test]
    fn submitters_and_hosts_share_equally_whatever_they_bring() {
        let mut runs = vec![standing("h", "one", 0, 1)];
        runs.extend(vec![standing("h", "other", 100, 100); 9]);
        let had = shares(&runs, |_| TURN, 10_000);
        check(&[had[0], had[1..].iter().sum()], &[0.5, 0.5]);
        let mut runs = vec![standing("modest", "", 0, 1)];
        runs.extend((0..9).map(|number| standing("greedy", &number.to_string(), 0, 1)));
        let had = shares(&runs, |_| TURN, 10_000);
        check(&[had[0], had[1..].iter().sum()], &[0.5, 0.5]);
    }

    #[test]
    fn a_low_priority_is_slow_and_never_waits_longer_than_its_bound() {
        let low = standing("h", "", -3, 1);
        let runs = [low, standing("h", "", 0, 1), standing("h", "", 1, 1)];
        let mut queue = queue(9);
        for (number, standing) in runs.iter().enumerate() {
            queue.push(RunId(number as u64), standing.clone(), Duration::ZERO);
            queue.admit(Duration::ZERO, |_| true);
        }
        let (mut now, mut last, mut longest, mut turns) = (Duration::ZERO, Duration::ZERO, Duration::ZERO, [0; 3]);
        while now < Duration::from_secs(20) {
            let id = queue.next(now).unwrap();
            turns[id.0 as usize] += 1;
            if id.0 == 0 {
                longest = longest.max(now - last);
                last = now;
            }
            now += TURN;
            queue.wake(id, now);
            queue.turn_over(id, TURN, now);
        }
        assert!(longest > 3 * AGE_STEP && longest <= 4 * AGE_STEP + 4 * TURN, "{longest:?}");
        assert!(turns[0] < turns[1] && turns[1] < turns[2] && turns[2] > 15_000, "{turns:?}");
    }

    #[test]
    fn somebody_else_always_finds_a_sandbox() {
        let mut queue = queue(100);
        for number in 0..1000 {
            queue.push(RunId(number), standing("h", "greedy", 0, 1), Duration::ZERO);
        }
        while queue.admit(Duration::ZERO, |_| true).is_some() {}
        let (runnable, _, _) = queue.live();
        assert!((80..100).contains(&runnable), "{runnable}");
        for (number, (host, name)) in [("h", "other"), ("elsewhere", "greedy")].into_iter().enumerate() {
            let id = RunId(2000 + number as u64);
            queue.push(id, standing(host, name, 0, 1), Duration::ZERO);
            assert_eq!(queue.admit(Duration::ZERO, |_| true), Some(id));
        }
        assert_eq!(queue.ahead(RunId(999)), 999 - runnable);
    }

    #[test]
    fn queued_runs_begin_by_priority_and_age() {
        let mut queue = queue(1);
        let at = |milliseconds| Duration::from_millis(milliseconds);
        queue.push(RunId(0), standing("h", "", 0, 1), at(0));
        queue.push(RunId(1), standing("h", "", 2, 1), at(90));
        queue.push(RunId(2), standing("h", "", 2, 1), at(110));
        let mut order = Vec::new();
        while let Some(id) = queue.admit(at(200), |_| true) {
            queue.finish(id, None);
            order.push(id.0);
        }
        assert_eq!(order, [1, 0, 2]);
    }

    #[test]
    fn a_wake_during_the_turn_is_not_lost() {
        let mut queue = queue(1);
        queue.push(RunId(1), standing("h", "", 0, 1), Duration::ZERO);
        queue.admit(Duration::ZERO, |_| true);
        let id = queue.next(Duration::ZERO).unwrap();
        assert!(!queue.wake(id, Duration::ZERO));
        queue.turn_over(id, TURN, Duration::ZERO);
        assert_eq!(queue.state(id), Some(RunState::Runnable));
        let id = queue.next(Duration::ZERO).unwrap();
        queue.turn_over(id, TURN, Duration::ZERO);
        assert_eq!(queue.state(id), Some(RunState::Waiting));
        assert_eq!(queue.next(Duration::ZERO), None);
        assert!(queue.wake(id, Duration::ZERO));
        assert_eq!(queue.next(Duration::ZERO), Some(id));
    }

    #[test]
    fn a_run_that_is_to_be_stopped_is_next() {
        let mut queue = queue(9);
        for number in 0..3 {
            queue.push(RunId(number), standing("h", "", 0, 1), Duration::ZERO);
            queue.admit(Duration::ZERO, |_| true);
        }
        queue.hurry(RunId(2));
        assert_eq!(queue.next(Duration::ZERO), Some(RunId(2)));
    }

    proptest! {
        /// Whatever happens, no run is lost and never more than `live_max` live.
        #[test]
        fn every_run_comes_to_its_end(live_max in 1usize..4, steps in proptest::collection::vec((0u8..7, 0u64..6), 0..200)) {
            let mut queue = queue(live_max);
            let mut known = std::collections::BTreeSet::new();
            let mut held: Vec<RunId> = Vec::new();
            let mut now = Duration::ZERO;
            for (step, number) in steps {
                let id = RunId(number);
                now += TURN;
                match step {
                    0 => { if known.insert(id) {
                        let name = (number % 3).to_string();
                        queue.push(id, standing(&(number % 2).to_string(), &name, number as i32 % 3 - 1, 1 + number as u32), now);
                    } }
                    1 => held.extend(queue.next(now)),
                    2 => { if let Some(id) = held.pop() { queue.turn_over(id, TURN * number as u32, now); } }
                    3 => { queue.wake(id, now); }
                    4 => { queue.admit(now, |_| true); }
                    5 => queue.hurry(id),
                    _ => { if !held.contains(&id) { queue.finish(id, None); known.remove(&id); } }
                }
                let (runnable, running, waiting) = queue.live();
                prop_assert_eq!(running, held.len());
                prop_assert!(runnable + running + waiting <= live_max);
                prop_assert_eq!(runnable + running + waiting + queue.queued(), known.len());
            }
            held.into_iter().for_each(|id| { queue.wake(id, now); queue.turn_over(id, TURN, now); });
            let ids = queue.ids();
            let mut turns = 0;
            loop {
                ids.iter().for_each(|id| { queue.wake(*id, now); });
                while queue.admit(now, |_| true).is_some() {}
                let Some(id) = queue.next(now) else { break };
                queue.finish(id, Some(TURN));
                turns += 1;
            }
            prop_assert_eq!(turns, ids.len());
            prop_assert!(queue.by_host.is_empty());
        }
    }
}
