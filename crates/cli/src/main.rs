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

use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

/// Gives memory back to the machine soon after it is free, a program's huge output too, and keeps what is about to be used
/// again: the C library's allocator can do either.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Commands that no setting changes.
const WITHOUT_SETTINGS: [&str; 3] = ["completions", "man", "help"];

/// The command that was typed, before anything is known of its options; none when help is asked for.
fn typed_command() -> Option<String> {
    // Errors are told later; that help is asked for is the one that is not passed over.
    let matches = args::Arguments::command().ignore_errors(true).try_get_matches().ok()?;
    matches.subcommand_name().map(ToOwned::to_owned)
}

fn main() -> ExitCode {
    let typed = typed_command();
    let typed = typed.as_deref();
    let settings = match settings::Settings::load() {
        // Whoever looks for help finds it, whatever the file says.
        _ if typed.is_none_or(|typed| WITHOUT_SETTINGS.contains(&typed)) => settings::Settings::default(),
        Ok(settings) => settings,
        Err(_) if typed == Some("doctor") => settings::Settings::default(),
        Err(error) => return exit::report(&error.context(exit::Usage("wrong settings".to_owned()))),
    };
    let mut command = settings.applied(typed);
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
