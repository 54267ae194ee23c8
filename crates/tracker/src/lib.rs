//! Knows which peers are alive and which one has the most room.
//!
//! - [`Tracker`]: bound, then run
//! - [`registry`]: the rules, without sockets or a clock
//! - `peers`: who lives, in the orders in which it is asked for
//! - `handler`: one message in, one call of the registry, one reply out

mod handler;
mod peers;
pub mod registry;
mod tracker;

pub use tracker::{Tracker, TrackerConfig};
