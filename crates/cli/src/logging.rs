//! Logs go to standard error: readable, or JSON on request. `RUST_LOG` says how much.

use crate::args::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Unless `NO_COLOR` says otherwise (<https://no-color.org>).
pub(crate) fn colours_are_welcome() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the terminal's settings are read from the environment here")]
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused
}

pub(crate) fn start(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal() && colours_are_welcome()).init()
        }
        LogFormat::Json => builder.json().init(),
    }
}
