//! The system as its users meet it: real processes, real sockets, the real guest. One module a feature.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod bad_input;
mod command_line;
mod documented;
mod existing;
mod failures;
mod files;
mod hostile;
mod kept;
mod map;
mod prompt;
mod python;
mod shutdown;
mod tasks;
mod tidy;
mod web;
