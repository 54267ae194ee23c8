//! How the node and the network are.

use crate::{
    args::NodeArguments,
    commands::{client, output, tasks},
};
use anyhow::{Context, Result};
use sandlot_client::Client;
use sandlot_protocol::{Address, Reply, Request, StatusReply, request::Nothing};
use serde_json::Value;
use std::process::ExitCode;

/// `sandlot status`.
pub(crate) async fn status(node: &NodeArguments) -> Result<ExitCode> {
    let status = client(node).status(&Request::Status(Nothing {})).await?;
    if node.json {
        output::json(&status.into());
        return Ok(ExitCode::SUCCESS);
    }
    let reply = Reply::Status(status).to_json(None);
    let members: serde_json::Map<String, Value> = serde_json::from_str(&reply)?;
    let mut rows = Vec::new();
    for (name, value) in members.into_iter().filter(|(name, _)| name != "type" && name != "status") {
        flatten(name, value, &mut rows);
    }
    output::table(&rows);
    Ok(ExitCode::SUCCESS)
}

/// `tracker.address  127.0.0.1:8888`: a row for each value.
fn flatten(name: String, value: Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(members) => {
            members.into_iter().for_each(|(inner, value)| flatten(format!("{name}.{inner}"), value, rows))
        }
        Value::String(text) => rows.push(vec![name, text]),
        other => rows.push(vec![name, other.to_string()]),
    }
}

/// `sandlot peers`: asks the tracker that the peer reports to.
pub(crate) async fn peers(node: &NodeArguments) -> Result<ExitCode> {
    let client = client(node);
    let status = client.status(&Request::Status(Nothing {})).await?;
    let status = match status.get::<Vec<Value>>("peers") {
        // The node that was asked is the tracker.
        Some(_) => status,
        None => tracker_status(&status).await?,
    };
    if node.json {
        output::json(&status.into());
    } else {
        let peers: Vec<Value> = status.get("peers").unwrap_or_default();
        tasks::tell_rows(&["ip", "port", "cpu_load", "queued", "peer_id"], &peers);
    }
    Ok(ExitCode::SUCCESS)
}

async fn tracker_status(peer: &StatusReply) -> Result<StatusReply> {
    let tracker: Value = peer.get("tracker").context("the node does not say where its tracker is")?;
    let address: Address = serde_json::from_value(tracker["address"].clone()).context("the node's tracker address")?;
    Ok(Client::new(address).status(&Request::Status(Nothing {})).await?)
}
