//! Where the harness reads the time.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the one place in this crate that reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
