//! Spares the guest what depends on the program alone, where the program ran here before: compiling it, and later reading
//! its code and putting it in its place too.
//!
//! The guest has not seen the job's arguments yet, and nothing of the program has run. What it compiled is kept, and then how
//! its memory differs from a guest's that has seen nothing: writing these differences is all that the next run needs.

use super::{Prepared, bytes_at, put};
use crate::{
    Run,
    code_cache::{CHANGES_BYTES_MAX, CodeCache, CodeKey, Found, code_key, placed_key},
    slots::Changes,
};
use sandlot_protocol::abi::{EXPORT_COMPILE, EXPORT_PLACE, Job, Program};
use wasmtime::Val;

/// Makes a guest that has seen nothing ready for the run's program. Says whether the program is in its place, so that the
/// job comes without it.
pub(super) async fn make_ready(sandbox: &mut Prepared, run: &Run, codes: &CodeCache) -> wasmtime::Result<bool> {
    let key = code_key(&run.program, &run.filename);
    // With arguments in `sys.argv` it would hardly come again.
    let function = run.function.as_deref().filter(|_| run.argv.len() <= 1);
    let placed = function.map(|function| placed_key(key, function, &run.argv));
    let known = placed.and_then(|placed| codes.find_placed(placed));
    if let Some(Found::Placed(changes)) = &known
        && changes.apply(sandbox.memory.data_mut(&mut sandbox.store))
    {
        return Ok(true);
    }
    match codes.find(key) {
        Found::New | Found::Placed(_) => Ok(false),
        Found::Again => {
            compile(sandbox, run, codes, key).await?;
            Ok(false)
        }
        Found::Code(code) => {
            let Some(take) = sandbox.code.clone() else { return Ok(false) };
            let Prepared { store, alloc, memory, .. } = sandbox;
            let at = put(store, alloc, memory, &code).await?;
            take.call_async(&mut *store, at).await?;
            match placed {
                Some(placed) => {
                    let is_placed = put_in_place(sandbox, run).await?;
                    if is_placed && known.is_none() {
                        codes.keep_placed(placed, changes(sandbox));
                    }
                    Ok(is_placed)
                }
                None => Ok(false),
            }
        }
    }
}

async fn compile(sandbox: &mut Prepared, run: &Run, codes: &CodeCache, key: CodeKey) -> wasmtime::Result<()> {
    let Prepared { store, instance, alloc, memory, .. } = sandbox;
    let Ok(compile) = instance.get_typed_func::<(u32, u32), u64>(&mut *store, EXPORT_COMPILE) else { return Ok(()) };
    let program = serde_json::to_vec(&(&run.program, &run.filename))?;
    let at = put(store, alloc, memory, &program).await?;
    let at = compile.call_async(&mut *store, at).await?;
    codes.keep(key, bytes_at(memory.data(&*store), at).filter(|code| !code.is_empty()));
    Ok(())
}

/// Says whether it did.
async fn put_in_place(sandbox: &mut Prepared, run: &Run) -> wasmtime::Result<bool> {
    let Prepared { store, instance, alloc, memory, .. } = sandbox;
    let Ok(place) = instance.get_typed_func::<(u32, u32), u32>(&mut *store, EXPORT_PLACE) else { return Ok(false) };
    let program = serde_json::to_vec(&(&run.program, &run.filename, &run.function, &run.argv))?;
    let at = put(store, alloc, memory, &program).await?;
    Ok(place.call_async(&mut *store, at).await? != 0)
}

/// What became of a guest that had seen nothing, if its memory tells all of it.
fn changes(sandbox: &mut Prepared) -> Option<Changes> {
    let Prepared { store, memory, slots, renewal, .. } = sandbox;
    for (global, before) in &renewal.as_ref()?.globals {
        let is_same = match (global.get(&mut *store), before) {
            (Val::I32(now), Val::I32(before)) => now == *before,
            (Val::I64(now), Val::I64(before)) => now == *before,
            _ => false,
        };
        if !is_same {
            return None;
        }
    }
    slots.changes(memory.data(&*store), CHANGES_BYTES_MAX)
}

/// What the guest is told to do; without the program if that is in its place.
pub(super) fn job_text(run: &Run, is_placed: bool, files_bytes: Option<u64>) -> wasmtime::Result<String> {
    let empty_list = sandlot_protocol::raw_json("[]".to_owned())?;
    let empty_object = sandlot_protocol::raw_json("{}".to_owned())?;
    let function = run.function.as_deref();
    let program = Program { program: &run.program, filename: &run.filename, function, argv: &run.argv };
    Ok(serde_json::to_string(&Job {
        program: (!is_placed).then_some(program),
        args: run.args.as_deref().unwrap_or(&empty_list),
        kwargs: run.kwargs.as_deref().unwrap_or(&empty_object),
        seed: run.seed,
        files_out: &run.files_out,
        files_bytes,
    })?)
}
