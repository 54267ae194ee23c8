//! The fuel of one run: what it may burn in all, handed to its code in parts. After each part the worker looks whether the
//! slice is over, and others have their turns.

use crate::{guest::next_turn, metering::EXPORT_FUEL, sandbox::TaskState};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use wasmtime::{AsContextMut, Caller, Global, Instance, Store, Trap, Val};

/// A part has at least the largest one's units divided by this.
const SHRINKS_MAX: u64 = 64;
/// A part that was too short is followed by one with so much more: an n-th of its units.
const GROWS_BY: u64 = 4;

/// What a run gets of its fuel at one time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Units, at most.
    pub(crate) fuel: u64,
    /// How long they should last. Code that goes on taking longer for its units, since it waits for memory, is given
    /// fewer.
    pub(crate) time: Duration,
}

impl Part {
    /// Units that come next when so many took so long: those that would have lasted `time`, if it was more than twice that;
    /// some more, if it was less.
    fn after(self, units: u64, took: Duration) -> u64 {
        let least = (self.fuel / SHRINKS_MAX).max(1);
        let units = if took > self.time.saturating_mul(2) {
            let lasting = u128::from(units) * self.time.as_nanos() / took.as_nanos().max(1);
            u64::try_from(lasting).unwrap_or(u64::MAX)
        } else if took < self.time {
            units.saturating_add((units / GROWS_BY).max(1))
        } else {
            units
        };
        units.clamp(least, self.fuel.max(1))
    }
}

/// A store's account. Without `begin` there is no fuel at all.
#[derive(Default)]
pub(crate) struct Fuel {
    /// What the code takes from.
    in_code: Option<Global>,
    /// Units that the run may burn.
    limit: u64,
    /// Units that the code has not been given yet.
    reserve: u64,
    part: Part,
    /// Units that the code is given next.
    units: u64,
    /// When the code was given the last ones, and in which of the run's turns.
    given: Option<(Instant, u64)>,
}

impl Fuel {
    /// Gives a run its fuel.
    ///
    /// # Errors
    /// When the instance is of a module that was not metered.
    pub(crate) fn begin(
        store: &mut Store<TaskState>,
        instance: &Instance,
        limit: u64,
        part: Part,
    ) -> wasmtime::Result<()> {
        let in_code = instance.get_global(&mut *store, EXPORT_FUEL);
        // The run that had the instance before may not have burnt all of its part.
        in_code.map_or(Ok(()), |global| global.set(&mut *store, Val::I64(0)))?;
        let (units, given) = (part.fuel.max(1), Some(store.data().now()));
        store.data_mut().fuel = Self { in_code, limit, reserve: limit, part, units, given };
        Self::hand_out(&mut *store)
    }

    /// Units that are left.
    pub(crate) fn left(store: &mut Store<TaskState>) -> u64 {
        let in_code = store.data().fuel.in_code.and_then(|global| global.get(&mut *store).i64());
        store.data().fuel.reserve.saturating_add_signed(in_code.unwrap_or(0))
    }

    /// The host's function that code calls when it has taken more than it was given: ends the run when there is no more,
    /// and otherwise the part.
    pub(crate) async fn used_up(mut caller: Caller<'_, TaskState>) -> wasmtime::Result<()> {
        let (now, turn) = caller.data().now();
        let fuel = &mut caller.data_mut().fuel;
        // In another turn, it has waited or others had theirs: that tells nothing of its code.
        if let Some((given, _)) = fuel.given.filter(|(_, given_in)| *given_in == turn) {
            fuel.units = fuel.part.after(fuel.units, now.saturating_duration_since(given));
        }
        Self::hand_out(&mut caller)?;
        next_turn().await;
        caller.data_mut().fuel.given = Some(caller.data().now());
        Ok(())
    }

    /// The next part, less what was taken too much.
    fn hand_out(mut context: impl AsContextMut<Data = TaskState>) -> wasmtime::Result<()> {
        let mut context = context.as_context_mut();
        let unmetered = || wasmtime::Error::msg("the guest's code has no fuel");
        let global = context.data().fuel.in_code.ok_or_else(unmetered)?;
        let in_code = global.get(&mut context).i64().ok_or_else(unmetered)?;
        let fuel = &mut context.data_mut().fuel;
        // Whoever took just what there was goes on up to the next unit: the end must not hang on how large the parts are.
        let Some(units) = fuel.reserve.checked_add_signed(in_code) else {
            fuel.reserve = 0;
            global.set(&mut context, Val::I64(0))?;
            return Err(Trap::OutOfFuel.into());
        };
        let part = units.min(fuel.units).min(i64::MAX.cast_unsigned());
        fuel.reserve = units - part;
        let burnt = fuel.limit.saturating_sub(units);
        context.data().meter.fuel.store(burnt, Ordering::Relaxed);
        global.set(&mut context, Val::I64(part.cast_signed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part = Part { fuel: 6400, time: Duration::from_micros(100) };

    #[test]
    fn code_whose_units_take_longer_is_given_fewer() {
        assert_eq!(PART.after(6400, Duration::from_micros(1000)), 640);
        assert_eq!(PART.after(640, Duration::from_micros(500)), 128);
        // Up to twice the time is as it should be.
        assert_eq!(PART.after(640, Duration::from_micros(200)), 640);
        assert_eq!(PART.after(640, Duration::from_micros(100)), 640);
        assert_eq!(PART.after(640, Duration::from_micros(99)), 800);
    }

    /// Quick parts of code that is slow in between do not bring back the largest ones at once.
    #[test]
    fn parts_grow_slowly() {
        let (slow, quick) = (Duration::from_micros(6400), Duration::from_micros(50));
        let mut units = PART.after(6400, slow);
        for _ in 0..8 {
            units = PART.after(units, quick);
        }
        assert!(units < 640, "{units}");
        for _ in 0..20 {
            units = PART.after(units, quick);
        }
        assert_eq!(units, 6400);
    }

    #[test]
    fn a_part_is_never_larger_than_the_largest_or_much_smaller() {
        assert_eq!(PART.after(6400, Duration::ZERO), 6400);
        assert_eq!(PART.after(6400, Duration::MAX), 100);
        assert_eq!(Part { fuel: 1, ..PART }.after(1, Duration::MAX), 1);
        assert_eq!(PART.after(1, Duration::ZERO), 100);
        assert_eq!(Part::default().after(1, Duration::from_secs(1)), 1);
        assert_eq!(Part { time: Duration::MAX, ..PART }.after(6400, Duration::from_secs(1)), 6400);
    }
}
