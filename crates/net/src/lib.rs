//! Carries the words: connections, the accept loop and its limits.
//!
//! - [`server`]: accepts connections and hands each request to a [`Handler`]
//! - [`connection`]: one connection to a node, many requests at a time
//! - `reader`: bytes until they are a frame, within its limits
//! - `at_once`: what a socket can do this moment
//! - [`clock`]: where nodes read the time

mod at_once;
pub mod clock;
pub mod connection;
mod reader;
pub mod server;

pub use connection::{Connection, NetError};
pub use server::{Handler, OpenConnections, SHORT_REPLY_BYTES, Server, ServerLimits};
