//! The figures of this peer: STATUS and the web page show the same.

use crate::handler::PeerHandler;
use sandlot_net::clock;
use sandlot_protocol::StatusReply;
use serde_json::json;

/// Everything about this peer, as STATUS tells it.
pub(crate) fn status(peer: &PeerHandler) -> StatusReply {
    let dispatch = &peer.dispatch;
    let scheduler = dispatch.compute.status();
    StatusReply::ok()
        .with("role", "peer")
        .with("peer_id", &peer.peer_id)
        .with("peer_ip", dispatch.me.host())
        .with("peer_port", dispatch.me.port())
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("time", clock::unix_seconds())
        .with("uptime_s", clock::now().saturating_duration_since(peer.started).as_secs())
        .with("cpu_load", dispatch.membership.load())
        .with("queued", scheduler.queued)
        .with(
            "tracker",
            json!({
                "address": dispatch.membership.tracker().to_string(),
                "reachable": dispatch.membership.is_reachable(),
            }),
        )
        .with("scheduler", scheduler)
        .with("tasks", dispatch.tasks.statistics())
        .with("memory", peer.memory().status(clock::now()))
        .with("files", peer.files.status())
        .with(
            "sandbox",
            json!({
                "guest": dispatch.compute.guest().digest(),
                "engine": "wasmtime",
                "walls": peer.walls,
                "limits": {
                    "fuel": sandlot_protocol::limits::TASK_FUEL,
                    "memory_bytes": sandlot_protocol::limits::TASK_MEMORY_BYTES,
                    "output_bytes": sandlot_protocol::limits::TASK_OUTPUT_BYTES,
                    "result_bytes": sandlot_protocol::limits::TASK_RESULT_BYTES,
                    "cpu_ms": sandlot_protocol::limits::TASK_CPU.as_millis(),
                    "timeout_s": sandlot_protocol::limits::TASK_TIMEOUT.as_secs(),
                },
            }),
        )
}
