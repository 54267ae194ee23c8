//! `sandlot`: arguments become a role, or a question to the network.

mod args;
mod commands;
mod exit;
mod guest;
mod literal;
mod logging;
mod python_text;
mod walls;

use clap::Parser;
use std::process::ExitCode;

/// Blocks of at least so many bytes go back to the machine as soon as they are free. Left alone, the C library raises
/// this bound with each block freed, and then keeps megabytes of a program's huge output for every thread.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK_BYTES: libc::c_int = 256 * 1024;

fn main() -> ExitCode {
    return_large_blocks();
    let arguments = args::Arguments::parse();
    let walls = match commands::prepare(&arguments) {
        Ok(walls) => walls,
        Err(error) => return exit::report(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&anyhow::Error::new(error).context("cannot start")),
    };
    let code = runtime.block_on(commands::run(arguments, walls)).unwrap_or_else(|error| exit::report(&error));
    // A read of standard input that nobody waits for any more must not hold the process.
    runtime.shutdown_background();
    code
}

#[cfg(target_env = "gnu")]
fn return_large_blocks() {
    #[expect(unsafe_code, reason = "a setting of the C library's allocator, made before there is another thread")]
    // SAFETY: mallopt takes two numbers and touches the allocator's settings only; no other thread runs yet.
    let is_set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES) };
    debug_assert!(is_set == 1, "the bound is in the range that the C library takes");
}

#[cfg(not(target_env = "gnu"))]
fn return_large_blocks() {}
