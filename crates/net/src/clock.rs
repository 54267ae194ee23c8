//! Where nodes read the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, for durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where nodes read the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Now, for people: seconds since 1970-01-01 UTC.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where nodes read the clock")]
pub fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |duration| duration.as_secs_f64())
}
