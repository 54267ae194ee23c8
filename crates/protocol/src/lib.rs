//! The words of the network. No sockets, no async, no clock.
//!
//! - [`frame`]: how messages lie in bytes (the only place that knows)
//! - [`request`], [`reply`]: what is asked, what is answered
//! - [`task`]: a task, its limits, its outcome
//! - [`ids`]: task ids, peer ids, addresses, file names, keys
//! - [`limits`]: the named limits that both sides know
//! - `json`: messages as JSON text
//! - [`error`]: refusals as they travel
//! - [`abi`]: what the host and the guest tell each other

pub mod abi;
pub mod error;
pub mod frame;
pub mod ids;
mod json;
pub mod limits;
pub mod reply;
pub mod request;
pub mod task;

pub use error::{ErrorCode, Refusal};
pub use ids::{Address, FileName, Key, PeerId, TaskId};
pub use reply::{Reply, StatusReply};
pub use request::{Envelope, Request};
pub use task::{CpuResult, CpuTask, Exception, Outcome, TaskFile, TaskLimits, Usage};

/// A JSON value kept as the text it came in, so that integers of any size survive.
pub type RawJson = Box<serde_json::value::RawValue>;

/// The text of a JSON value that is known to be valid, as [`RawJson`].
///
/// # Errors
/// When `text` is not JSON after all.
pub fn raw_json(text: String) -> Result<RawJson, serde_json::Error> {
    serde_json::value::RawValue::from_string(text)
}

/// `null` as [`RawJson`].
#[must_use]
pub fn raw_null() -> RawJson {
    serde_json::value::RawValue::NULL.to_owned()
}
