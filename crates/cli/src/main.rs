//! `sandlot`: arguments become a role, or a question to the network.

mod args;
mod commands;
mod exit;
mod guest;
mod literal;
mod logging;
mod python_text;
mod settings;
mod walls;

use clap::FromArgMatches;
use std::process::ExitCode;

/// Gives memory back to the machine soon after it is free, a program's huge output too, and keeps what is about to be used
/// again: the C library's allocator can do either.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let settings = match settings::Settings::load() {
        Ok(settings) => settings,
        Err(error) => return exit::report(&error.context(exit::Usage("wrong settings".to_owned()))),
    };
    let mut command = settings.applied();
    let matches = command.clone().try_get_matches().and_then(|matches| args::Arguments::from_arg_matches(&matches));
    let arguments = match matches {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = error.format(&mut command);
            let code = error.exit_code();
            let _ = error.print();
            if let (2, Some(file)) = (code, &settings.file) {
                commands::note(&format!("settings were also read from {}", file.display()));
            }
            return ExitCode::from(u8::try_from(code).unwrap_or(1));
        }
    };
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
