//! The fuel of one run: what it may burn in all, handed to its code in parts. After each part the worker looks whether the
//! slice is over, and others have their turns.

use crate::{guest::next_turn, metering::EXPORT_FUEL, sandbox::TaskState};
use wasmtime::{AsContextMut, Caller, Global, Instance, Store, Trap, Val};

/// A store's account. Without `begin` there is no fuel at all.
#[derive(Default)]
pub(crate) struct Fuel {
    /// What the code takes from.
    in_code: Option<Global>,
    /// Units that the code has not been given yet.
    reserve: u64,
    /// Units that the code is given at one time.
    part: u64,
}

impl Fuel {
    /// Gives a run its fuel.
    ///
    /// # Errors
    /// When the instance is of a module that was not metered.
    pub(crate) fn begin(
        store: &mut Store<TaskState>,
        instance: &Instance,
        units: u64,
        part: u64,
    ) -> wasmtime::Result<()> {
        let in_code = instance.get_global(&mut *store, EXPORT_FUEL);
        // The run that had the instance before may not have burnt all of its part.
        in_code.map_or(Ok(()), |global| global.set(&mut *store, Val::I64(0)))?;
        store.data_mut().fuel = Self { in_code, reserve: units, part: part.max(1) };
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
        Self::hand_out(&mut caller)?;
        next_turn().await;
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
        let part = units.min(fuel.part).min(i64::MAX.cast_unsigned());
        fuel.reserve = units - part;
        global.set(&mut context, Val::I64(part.cast_signed()))
    }
}
