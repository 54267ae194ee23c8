//! Refusals as they travel: one sentence for a person, one code for a program.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of refusal it is. The names travel in `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message is not JSON, not an object, or a member is missing or wrong.
    BadRequest,
    /// No message has this `type`.
    UnknownType,
    /// The node that was asked does not answer this message.
    WrongRole,
    /// The frame is longer than the limit; the connection is closed.
    FrameTooLong,
    /// The frame is cut off or not UTF-8; the connection is closed.
    BadFrame,
    /// The frame did not arrive in time; the connection is closed.
    Timeout,
    /// TLS is not spoken here; the connection is closed.
    TlsUnavailable,
    /// What was asked for is not there.
    NotFound,
    /// The version, the task's body or the upload's offset does not match.
    Conflict,
    /// A quota or a limit is reached.
    LimitReached,
    /// Stored bytes do not match their digest.
    Damaged,
    /// The node is stopping, or too busy to take this.
    Unavailable,
    /// No peer is known that could run the task.
    NoPeers,
    /// The disk or the node itself failed.
    Internal,
    /// A code that this version does not know.
    #[serde(other)]
    Other,
}

/// An ERROR reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema)]
#[error("{error}")]
pub struct Refusal {
    /// One clear sentence that names what is wrong and what would be right.
    pub error: String,
    /// What kind of refusal it is.
    #[serde(default = "other")]
    pub code: ErrorCode,
}

fn other() -> ErrorCode {
    ErrorCode::Other
}

impl Refusal {
    /// A refusal of this kind with this sentence.
    pub fn new(code: ErrorCode, error: impl Into<String>) -> Self {
        Self { error: error.into(), code }
    }

    /// The message itself is wrong.
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, error)
    }
}
