//! Asks a node of the network.
//!
//! - [`Client`]: one node: connections kept open, requests under way side by side
//! - [`transfer`]: files of any size, in chunks, with their digest checked

mod client;
pub mod transfer;

pub use client::{Client, ClientError, new_task_id};
