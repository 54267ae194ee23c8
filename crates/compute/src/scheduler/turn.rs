//! A turn: whoever has a seat polls a run, until its slices are used up, it waits or ends.

use super::{RunFuture, Shared, State, Work};
use crate::{
    Run,
    account::Stop,
    budget::Holding,
    clock::{self, ThreadUsage},
    meter::Meter,
    run_queue::{RunId, RunState},
    sandbox::{self, Entry, Prepared, RunEnd},
};
use sandlot_protocol::Outcome;
use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// So many slices has a run's first turn, which pays for its start: most runs end in it. They are charged like any
/// others.
const FIRST_TURN_SLICES: u32 = 3;
/// From this turn on a run's turns are longer where nobody comes meanwhile: each change from one run to another costs what
/// the other one pushed out of the processor's caches.
const LONG_FROM_TURN: u64 = 16;
/// So many slices is such a turn; it ends after one of them when another run begins or is woken.
const LONG_TURN_SLICES: u32 = 4;
/// A sandbox that has no more bytes of its own is put away by whoever ran it.
const LIGHT_BYTES: usize = 256 << 10;
/// So many sandboxes wait to be put away before a thread that submits runs leaves the next run to the workers.
const LEFT_BEHIND_MAX: usize = 16;

/// What a worker takes for one turn.
pub(super) struct Turn {
    id: RunId,
    work: TurnWork,
    meter: Arc<Meter>,
    /// Processor time of the turns before.
    before: Duration,
    waker: Waker,
    stop: Option<Stop>,
    /// Slices that it has.
    slices: u32,
    /// Slices that it has if nobody comes meanwhile.
    slices_alone: u32,
    /// `State::arrivals` when it began.
    arrivals: u64,
}

enum TurnWork {
    Begin(Box<Beginning>),
    GoOn(RunFuture),
}

/// What a run's first turn needs.
struct Beginning {
    run: Run,
    holding: Arc<Holding>,
    meter: Arc<Meter>,
    stdout: crate::output::Output,
    stderr: crate::output::Output,
}

/// What a turn cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) seat: u16,
    pub(super) started: Instant,
    pub(super) wall: Duration,
    pub(super) usage: ThreadUsage,
}

/// A run that has ended, and of which that was told.
pub(super) struct Ended {
    pub(super) id: RunId,
    /// Of its last turn.
    pub(super) cpu: Duration,
    pub(super) remains: Remains,
    /// Putting it away takes no longer than waking somebody who does.
    pub(super) is_light: bool,
    pub(super) holding: Option<Arc<Holding>>,
}

/// What a run leaves behind.
pub(super) enum Remains {
    /// It has ended by itself.
    Sandbox(Box<Prepared>),
    /// To be dropped.
    Other(Box<dyn Send>),
    Nothing,
}

/// What a worker is to do.
enum Duty {
    Turn(Turn, u16),
    PutAway(Ended),
}

pub(super) fn work(shared: &Shared, runtime: &Handle) {
    let _guard = runtime.enter();
    let mut seat = None;
    while let Some(duty) = shared.next_duty(seat.take()) {
        let ended = match duty {
            Duty::Turn(turn, taken) => {
                seat = Some(taken);
                shared.turn(turn, taken, false)
            }
            Duty::PutAway(ended) => Some(ended),
        };
        if let Some(ended) = ended {
            shared.put_away(ended);
        }
    }
}

impl Shared {
    /// A run's future, with a sandbox of its own.
    fn begin(&self, beginning: Beginning) -> wasmtime::Result<RunFuture> {
        let Beginning { run, holding, meter, stdout, stderr } = beginning;
        let (sandbox, part, codes) = (self.stock.take()?, self.part, Arc::clone(&self.codes));
        Ok(Box::pin(sandbox::enter(Entry { sandbox, run, meter, holding, stdout, stderr, part, codes })))
    }

    /// Gives a run its turn; a thread that only has the seat for a while gives it the first part of one.
    fn turn(&self, turn: Turn, seat: u16, is_lent: bool) -> Option<Ended> {
        let Turn { id, work, meter, before: cpu_before, waker, stop, slices, slices_alone, arrivals } = turn;
        let (started, before) = (clock::now(), ThreadUsage::now());
        meter.begin_turn(cpu_before, before.cpu);
        let cost = || Cost {
            seat,
            started,
            wall: clock::now().saturating_duration_since(started),
            usage: ThreadUsage::now().since(before),
        };
        if let Some(stop) = stop {
            return self.end(id, cost(), Remains::Other(Box::new(work)), |account| account.end(stop));
        }
        let mut future = match work {
            TurnWork::GoOn(future) => future,
            TurnWork::Begin(beginning) => match self.begin(*beginning) {
                Ok(future) => future,
                Err(error) => {
                    let end = RunEnd::failed(Outcome::Crashed, format!("there is no sandbox: {error:#}"));
                    return self.end(id, cost(), Remains::Other(Box::new(())), |_| end);
                }
            },
        };
        let (certain, alone) = (self.slice * slices, self.slice * slices_alone);
        let mut context = Context::from_waker(&waker);
        let poll = loop {
            // Who else is polled in this thread must not decide how long the run goes on.
            let mut unconstrained = tokio::task::unconstrained(future.as_mut());
            let poll = std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(&mut unconstrained).poll(&mut context)));
            let is_pending = !is_lent && matches!(poll, Ok(Poll::Pending));
            let took = started.elapsed();
            if is_pending && took < alone && self.goes_on(id, (took >= certain).then_some(arrivals)) {
                continue;
            }
            break poll;
        };
        match poll {
            Ok(Poll::Pending) => self.turn_over(id, future, cost()),
            Ok(Poll::Ready((end, sandbox))) => {
                let cost = cost();
                let had_no_faults = self.count(&mut self.state(), id, cost) == Some(0);
                if had_no_faults {
                    sandbox.had_no_faults();
                }
                let is_light = had_no_faults && sandbox.begun_with() <= LIGHT_BYTES;
                let ended = self.answer(id, cost.usage.cpu, Remains::Sandbox(Box::new(sandbox)), |_| end);
                ended.map(|ended| Ended { is_light, ..ended })
            }
            Err(_) => {
                let end = RunEnd::failed(Outcome::Crashed, "the sandbox itself failed; the peer's log says how");
                self.end(id, cost(), Remains::Other(Box::new(future)), |_| end)
            }
        }
    }

    /// This run's turn and a seat for it, if it is the only one that wants a turn, and may have it at once.
    pub(super) fn borrow_seat(&self, state: &mut State, id: RunId) -> Option<(Turn, u16)> {
        let (runnable, ..) = state.queue.live();
        let is_alone = runnable == 1 && state.queue.state(id) == Some(RunState::Runnable);
        if !is_alone || state.left_behind.len() >= LEFT_BEHIND_MAX || self.stock.ready() == 0 {
            return None;
        }
        let (seat, now) = (state.seats.first().copied()?, clock::now());
        let next = state.queue.next(now.saturating_duration_since(self.epoch))?;
        debug_assert_eq!(next, id, "nobody else wants a turn");
        state.seats.remove(&seat);
        Some((state.turn(next, now, true), seat))
    }

    /// Begins a run in the calling thread, which has the seat for so long. Says whether what is left of it is still to be put
    /// away, here or by a worker.
    pub(super) fn lend(&self, turn: Turn, seat: u16) -> bool {
        let id = turn.id;
        let ended = std::panic::catch_unwind(AssertUnwindSafe(|| self.turn(turn, seat, true)));
        let ended = ended.unwrap_or_else(|_| {
            let end = RunEnd::failed(Outcome::Crashed, "the sandbox itself failed; the peer's log says how");
            self.answer(id, Duration::ZERO, Remains::Other(Box::new(())), |_| end)
        });
        let mut state = self.state();
        state.seats.insert(seat);
        // Of a run that goes on nobody may know the deadline yet.
        let deadlines = usize::from(ended.is_none());
        let is_light = ended.as_ref().is_some_and(|ended| ended.is_light);
        let others = usize::from(!is_light && ended.is_some());
        state.left_behind.extend(ended);
        let (runnable, ..) = state.queue.live();
        drop(state);
        self.look(runnable + deadlines + others);
        is_light
    }

    /// Puts away one of the sandboxes that were left behind, if that is soon done: one that is not renewed is left to a
    /// worker, who makes another in its place.
    pub(crate) fn put_away_here(&self) {
        let mut state = self.state();
        let place = state.left_behind.iter().position(|ended| ended.is_light);
        let Some(mut ended) = place.and_then(|place| state.left_behind.remove(place)) else { return };
        drop(state);
        let before = ThreadUsage::now();
        let remains = std::mem::replace(&mut ended.remains, Remains::Nothing);
        let put_back = AssertUnwindSafe(|| match remains {
            Remains::Sandbox(sandbox) => self.stock.put_back(*sandbox),
            Remains::Other(_) | Remains::Nothing => None,
        });
        if let Ok(Some(sandbox)) = std::panic::catch_unwind(put_back) {
            ended.remains = Remains::Sandbox(Box::new(sandbox));
            ended.is_light = false;
            self.state().left_behind.push_back(ended);
            return self.look(1);
        }
        self.is_away(ended.id, ended.cpu + ThreadUsage::now().since(before).cpu, ended.holding);
    }

    /// Takes the seat back, and waits for something to do; `None` once the process stops and no run is left.
    fn next_duty(&self, seat: Option<u16>) -> Option<Duty> {
        let mut state = self.state();
        state.seats.extend(seat);
        // Of the stock: whoever has nothing to do fills it.
        let mut is_full = false;
        loop {
            let now = clock::now();
            state.expire(now, now.saturating_duration_since(self.epoch));
            if let Some(ended) = state.left_behind.pop_front() {
                return Some(Duty::PutAway(ended));
            }
            // Without a seat: whoever has it looks again when it gives it back.
            if let Some(seat) = state.seats.first().copied()
                && let Some(id) = state.queue.next(now.saturating_duration_since(self.epoch))
            {
                state.seats.remove(&seat);
                return Some(Duty::Turn(state.turn(id, now, false), seat));
            }
            if state.stopping && state.queue.is_empty() {
                self.changed.notify_all();
                return None;
            }
            if !is_full {
                drop(state);
                is_full = !self.stock.fill();
                state = self.state();
                continue;
            }
            is_full = false;
            self.idle.fetch_add(1, Ordering::Relaxed);
            state = match state.deadlines.first() {
                Some((deadline, _)) => {
                    let rest = deadline.saturating_duration_since(now);
                    self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether a run used up a part of its slice and may have the next part at once; `alone` if nobody has come since
    /// there were so many arrivals.
    fn goes_on(&self, id: RunId, alone: Option<u64>) -> bool {
        let mut state = self.state();
        let is_alone = |arrivals: u64| {
            let is_due = state.deadlines.first().is_some_and(|(deadline, _)| *deadline <= clock::now());
            arrivals == state.arrivals && !is_due && !self.budget.is_over()
        };
        alone.is_none_or(is_alone)
            && state.slots.get(&id).is_some_and(|slot| slot.stop.is_none())
            && state.queue.take_wake(id)
    }

    fn turn_over(&self, id: RunId, future: RunFuture, cost: Cost) -> Option<Ended> {
        let mut state = self.state();
        let now = cost.started + cost.wall;
        let since = now.saturating_duration_since(self.epoch);
        state.expire(now, since);
        self.count(&mut state, id, cost);
        let slot = state.slots.get_mut(&id)?;
        if let Some(stop) = slot.stop {
            drop(state);
            return self.answer(id, cost.usage.cpu, Remains::Other(Box::new(future)), |account| account.end(stop));
        }
        slot.work = Work::Going(future);
        let is_favoured = slot.holding.as_ref().is_some_and(|holding| holding.is_favoured());
        if self.budget.is_over() && !is_favoured && state.unparked != Some(id) {
            state.queue.park(id, cost.usage.cpu);
            state.parked.insert(id);
        } else {
            state.queue.turn_over(id, cost.usage.cpu, since);
        }
        self.unpark(&mut state, since);
        // A run that waits makes room for one that wants the processor.
        let begun = self.admit(&mut state);
        drop(state);
        self.look(begun);
        None
    }
}

impl State {
    fn turn(&mut self, id: RunId, now: Instant, is_lent: bool) -> Turn {
        let slot = self.slots.get_mut(&id).expect("the run queue only knows runs that have a slot");
        let account = &mut slot.account;
        account.meter.turns.fetch_add(1, Ordering::Relaxed);
        if account.started.is_none() {
            account.started = Some(now);
            self.deadlines.insert((now + account.limits.timeout, id));
        }
        let work = match std::mem::replace(&mut slot.work, Work::Taken) {
            Work::Going(future) => TurnWork::GoOn(future),
            Work::New(run) => TurnWork::Begin(Box::new(Beginning {
                run: *run,
                holding: slot.holding.clone().expect("a run that begins holds memory"),
                meter: Arc::clone(&account.meter),
                stdout: account.stdout.clone(),
                stderr: account.stderr.clone(),
            })),
            Work::Taken => unreachable!("only one worker has a run at a time"),
        };
        let (slices, slices_alone) = match account.slices {
            _ if !slot.is_begun => (FIRST_TURN_SLICES, FIRST_TURN_SLICES),
            turns if turns < LONG_FROM_TURN => (1, 1),
            _ => (1, LONG_TURN_SLICES),
        };
        slot.is_begun |= !is_lent;
        let (meter, before) = (Arc::clone(&account.meter), account.cpu);
        let (waker, stop, arrivals) = (slot.waker.clone(), slot.stop, self.arrivals);
        Turn { id, work, meter, before, waker, stop, slices, slices_alone, arrivals }
    }
}
