//! Asks a node of the network.
//!
//! - [`Client`]: one node: connections kept open, requests under way side by side
//! - [`network`]: all living peers: tasks spread over them, and run elsewhere when one is lost
//! - [`transfer`]: files of any size, in chunks, with their digest checked

mod client;
pub mod network;
pub mod transfer;

pub use client::{Client, ClientError, new_task_id};
