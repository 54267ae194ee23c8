//! Takes tasks, keeps keys and files, and asks other peers.
//!
//! - [`Peer`]: bound, then run until it is told to stop
//! - [`config`]: how a peer is set up
//! - `handler`: one message in, one call of a room, one reply out
//! - `dispatch`: here, or at the peer that the tracker names
//! - `tasks`: what was asked, what became of it; `history`: what has ended; `quota`: how much one may ask;
//!   `record`: a task, as lists tell of it
//! - `watch`: waiting for a task, its output, where it is
//! - `clients`: connections to other peers
//! - `run`: a task on this peer's own workers; [`spans`]: its way through all rooms, for whoever exports traces
//! - [`memory`]: keys and values (rules only)
//! - [`files`]: names and bytes on disk
//! - `membership`: the tracker is told that we live and how loaded we are
//! - `identity`: who this peer is
//! - `status`: the figures, the same for STATUS and the web page
//! - `web`: the page

mod clients;
pub mod config;
mod dispatch;
pub mod files;
mod handler;
mod history;
mod identity;
mod membership;
pub mod memory;
mod peer;
mod quota;
mod record;
mod run;
pub mod spans;
mod status;
mod tasks;
mod watch;
mod web;

pub use config::PeerConfig;
pub use peer::{BindError, Peer};
