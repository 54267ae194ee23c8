//! The guest that the binary carries, ready to run; says what it waits for.

use crate::args::GuestArguments;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use sandlot_compute::{Compute, ComputeConfig, Guest, Preparation};
use std::{path::PathBuf, time::Duration};

/// The compressed snapshot, made by scripts/build-guest.
static SNAPSHOT: &[u8] = include_bytes!(env!("SANDLOT_SNAPSHOT"));
/// Its code for most machines, made by the same.
static CODE: &[u8] = include_bytes!(env!("SANDLOT_CODE"));

/// Makes the guest ready and starts the workers.
pub(crate) fn start(arguments: &GuestArguments, config: ComputeConfig) -> Result<Compute> {
    let guest = load(arguments)?;
    Compute::start(config, guest).context("cannot start the worker threads")
}

/// Makes the guest ready: from the cache, by the code that the binary carries, or compiled.
pub(crate) fn load(arguments: &GuestArguments) -> Result<Guest> {
    let cache_dir = cache_dir(arguments)?;
    let mut spinner: Option<ProgressBar> = None;
    let guest = Guest::load(SNAPSHOT, CODE, &cache_dir, &mut |step| match step {
        Preparation::WaitingForOther => say("waiting for another sandlot that is compiling the Python guest"),
        Preparation::Compiling { reason } => {
            say(&format!("compiling the Python guest for this machine, once, some twenty seconds ({reason})"));
            let bar = ProgressBar::new_spinner().with_message("compiling");
            bar.enable_steady_tick(Duration::from_millis(100));
            spinner = Some(bar);
        }
        Preparation::Compiled { took } => {
            if let Some(bar) = spinner.take() {
                bar.finish_and_clear();
            }
            say(&format!("compiled in {:.1} s", took.as_secs_f64()));
        }
        Preparation::NotCached { reason } => say(&format!("the compiled guest could not be kept: {reason}")),
    })?;
    Ok(guest)
}

/// The guest that the binary carries, as it is.
pub(crate) fn snapshot() -> &'static [u8] {
    SNAPSHOT
}

/// Where the compiled guest is kept.
pub(crate) fn cache_dir(arguments: &GuestArguments) -> Result<PathBuf> {
    match &arguments.cache_dir {
        Some(folder) => Ok(folder.clone()),
        None => Ok(dirs::cache_dir().context("this user has no cache folder: --cache-dir names one")?.join("sandlot")),
    }
}

#[expect(clippy::print_stderr, reason = "the terminal belongs to cli")]
fn say(text: &str) {
    eprintln!("sandlot: {text}");
}
