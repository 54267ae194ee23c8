//! This peer and its network, as they are now.

use super::{
    Part,
    frame::{ago, bytes, count, duration, share},
};
use crate::{membership::PeerRecord, status::status, web::WebState};
use maud::{Markup, PreEscaped, html};
use sandlot_net::clock;
use serde_json::Value;

pub(super) fn page(parts: &[Part]) -> Markup {
    html! {
        @for part in parts {
            section id=(part.id) data-live { (PreEscaped(&part.html)) }
        }
    }
}

pub(super) async fn parts(web: &WebState) -> Vec<Part> {
    let membership = &web.peer.dispatch.membership;
    let peers = membership.peers().await;
    vec![
        Part::new("peer", this_peer(web)),
        Part::new(
            "network",
            network(web, peers.as_deref().map_or(&[], Vec::as_slice), peers.as_ref().err().map(String::as_str)),
        ),
    ]
}

fn this_peer(web: &WebState) -> Markup {
    let reply = sandlot_protocol::Reply::Status(status(&web.peer)).to_json(None);
    let figures: Value = serde_json::from_str(&reply).unwrap_or_default();
    let text = |path: &str| figures.pointer(path).and_then(Value::as_str).unwrap_or("-").to_owned();
    let number = |path: &str| figures.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let load = figures["cpu_load"].as_f64().unwrap_or(0.0);
    let outcomes = figures.pointer("/tasks/by_outcome").and_then(Value::as_object).cloned().unwrap_or_default();
    let of = |used: &str, max: &str| html! { (bytes(number(used))) " of " (bytes(number(max))) };
    html! {
        h2 { "This peer" }
        dl {
            dt { "Address" } dd { (text("/peer_ip")) ":" (number("/peer_port")) }
            dt { "Name" } dd { bdi { (text("/peer_id")) } }
            dt { "Load" } dd { (share(load, "Load")) " of " (number("/scheduler/workers")) " workers" }
            dt { "Tasks" } dd {
                (count(number("/tasks/live"))) " live, " (count(number("/tasks/total"))) " ended"
                @for (outcome, ended) in &outcomes { ", " a href=(format!("/tasks?outcome={outcome}")) { (ended) " " (outcome) } }
            }
            dt { "Run queue" } dd {
                (number("/scheduler/running")) " running, " (number("/scheduler/runnable")) " wait for their turn, "
                (number("/scheduler/waiting")) " sleep, " (number("/scheduler/queued")) " wait for a sandbox"
            }
            dt { "Memory of tasks" } dd { (of("/scheduler/memory_bytes", "/scheduler/memory_bytes_max")) }
            dt { "Keys" } dd { a href="/memory" { (count(number("/memory/keys"))) } ", " (of("/memory/bytes", "/memory/bytes_max")) }
            dt { "Files" } dd { a href="/files" { (count(number("/files/files"))) } ", " (of("/files/bytes", "/files/bytes_max")) }
            dt { "Walls" } dd { "WebAssembly stands; Landlock " (text("/sandbox/walls/landlock")) "; seccomp " (text("/sandbox/walls/seccomp")) }
            dt { "Version" } dd { (text("/version")) ", guest " code { (text("/sandbox/guest").chars().take(16).collect::<String>()) } }
            dt { "Up" } dd { (up(number("/uptime_s"))) }
        }
    }
}

/// Coarse, so that it stays the same for a while.
fn up(seconds: u64) -> String {
    if seconds < 60 { "less than a minute".to_owned() } else { duration((seconds / 60 * 60) as f64 * 1e3) }
}

fn network(web: &WebState, peers: &[PeerRecord], error: Option<&str>) -> Markup {
    let (tracker, me) = (web.peer.dispatch.membership.tracker(), &web.peer.dispatch.me);
    let now = clock::unix_seconds();
    html! {
        h2 { "The network" }
        @match error {
            None => p { "The tracker " code { (tracker) } " knows " (peers.len()) " living " @if peers.len() == 1 { "peer" } @else { "peers" } "." },
            Some(error) => p.notice { "The tracker cannot be asked, so this peer works by itself: " bdi { (error) } },
        }
        @if !peers.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Peers" {
                table {
                    thead { tr { th scope="col" { "Peer" } th scope="col" { "Load" } th scope="col" { "Queue" } th scope="col" { "Since" } th scope="col" { "Name" } } }
                    tbody {
                        @for peer in peers {
                            @let address = format!("{}:{}", peer.ip, peer.port);
                            tr {
                                th scope="row" { bdi { (address) } @if address == me.to_string() { " (this one)" } }
                                td { (share(peer.cpu_load, "Load")) }
                                td { (peer.queued) }
                                td { @if let Some(at) = peer.registered_at { (ago(at, now)) } }
                                td { bdi { (peer.peer_id.as_ref().map(ToString::to_string).unwrap_or_default()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
