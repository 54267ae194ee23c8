//! Keys and values of the peer's memory.

use crate::{
    args::{DeleteMemArguments, ListArguments, NodeArguments, SetMemArguments},
    commands::{client, output, tasks},
    exit, python_text,
};
use anyhow::Result;
use sandlot_protocol::{
    Key, Reply, Request,
    request::{DeleteMem, GetMem, ListMem, SetMem},
};
use std::process::ExitCode;

/// `sandlot set-mem`.
pub(crate) async fn set(node: &NodeArguments, arguments: SetMemArguments) -> Result<ExitCode> {
    let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&arguments.value).is_ok();
    let json = if is_json { arguments.value } else { serde_json::to_string(&arguments.value)? };
    let request = Request::SetMem(SetMem {
        key: arguments.key.clone(),
        value: sandlot_protocol::raw_json(json)?,
        ttl_ms: arguments.ttl_ms,
        if_version: arguments.if_version,
    });
    let status = client(node).status(&request).await?;
    if node.json {
        output::json(&status.into());
    } else {
        output::line(&format!("Memory set: {}", arguments.key));
    }
    Ok(ExitCode::SUCCESS)
}

/// `sandlot get-mem`.
pub(crate) async fn get(node: &NodeArguments, key: Key) -> Result<ExitCode> {
    let client = client(node);
    let reply = client.ask(&Request::GetMem(GetMem { key })).await?;
    let Reply::MemResponse(response) = &reply else { return Err(client.unexpected().into()) };
    if node.json {
        output::json(&reply);
    } else if response.found {
        output::line(&format!("Memory value: {}", python_text::print(&response.value)));
    } else {
        output::error_line(&format!("sandlot: there is no key {}", response.key));
    }
    Ok(if response.found { ExitCode::SUCCESS } else { exit::not_found() })
}

/// `sandlot delete-mem`.
pub(crate) async fn delete(node: &NodeArguments, arguments: DeleteMemArguments) -> Result<ExitCode> {
    let DeleteMemArguments { key, if_version } = arguments;
    let status = client(node).status(&Request::DeleteMem(DeleteMem { key: key.clone(), if_version })).await?;
    let deleted = status.get("deleted").unwrap_or(true);
    tell_deleted(node, status, deleted, "key", key.as_str())
}

/// What became of a key or a file that was to go.
pub(crate) fn tell_deleted(
    node: &NodeArguments,
    status: sandlot_protocol::StatusReply,
    deleted: bool,
    kind: &str,
    name: &str,
) -> Result<ExitCode> {
    if node.json {
        output::json(&status.into());
    } else if deleted {
        output::line(&format!("Deleted: {name}"));
    } else {
        output::error_line(&format!("sandlot: there is no {kind} {name}"));
    }
    Ok(if deleted { ExitCode::SUCCESS } else { exit::not_found() })
}

/// `sandlot list-mem`.
pub(crate) async fn list(node: &NodeArguments, arguments: ListArguments) -> Result<ExitCode> {
    let request = Request::ListMem(ListMem { prefix: arguments.prefix, after: None, limit: arguments.limit });
    let status = client(node).status(&request).await?;
    if node.json {
        output::json(&status.into());
    } else {
        let keys: Vec<serde_json::Value> = status.get("keys").unwrap_or_default();
        tasks::tell_rows(&["key", "version", "bytes", "ttl_ms"], &keys);
    }
    Ok(ExitCode::SUCCESS)
}
