//! The page: this peer's figures and its last tasks. Everything that came from outside is shown as text.

use crate::{handler::PeerHandler, status::status};
use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Json},
    routing::get,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use sandlot_net::clock;
use sandlot_protocol::{Reply, StatusReply};
use std::{fmt::Write, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// A browser that sends its headers slower is cut off.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The next try after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Browsers at one time.
const CONNECTIONS_MAX: usize = 128;
/// Tasks on the page.
const TASKS_SHOWN: usize = 50;

/// A page whose socket is bound.
#[derive(Debug)]
pub(crate) struct Web {
    listener: TcpListener,
    address: SocketAddr,
}

impl Web {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn run(self, peer: Arc<PeerHandler>, stop: CancellationToken) {
        let router = Router::new().route("/", get(page)).route("/status.json", get(status_json)).with_state(peer);
        let mut connections = JoinSet::new();
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => {
                        // Out of descriptors, most likely: others must end before one can begin.
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            let service = TowerToHyperService::new(router.clone());
            connections.spawn(async move {
                let mut server = hyper::server::conn::http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
                // A browser that goes away is no event.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
        connections.shutdown().await;
    }
}

async fn status_json(State(peer): State<Arc<PeerHandler>>) -> impl IntoResponse {
    (safe_headers(), Json(status(&peer)))
}

async fn page(State(peer): State<Arc<PeerHandler>>) -> impl IntoResponse {
    (safe_headers(), Html(page_text(&peer, &status(&peer))))
}

fn safe_headers() -> [(HeaderName, HeaderValue); 3] {
    [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]
}

fn page_text(peer: &PeerHandler, status: &StatusReply) -> String {
    let mut text = String::from(HEAD);
    let _ = write!(text, "<h1>Sandlot peer {}</h1><h2>Now</h2><table>", escape(&peer.dispatch.me.to_string()));
    let json = Reply::Status(status.clone()).to_json(None);
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap_or_default();
    for (name, value) in members.iter().filter(|(name, _)| *name != "type" && *name != "status") {
        let _ = write!(text, "<tr><th scope=row>{}</th><td>{}</td></tr>", escape(name), escape(&plain(value)));
    }
    text.push_str("</table><h2>Tasks</h2><table><tr><th>id<th>state<th>outcome<th>ran on<th>wall ms<th>error</tr>");
    let tasks = &peer.dispatch.tasks;
    for task in tasks.live().into_iter().take(TASKS_SHOWN).chain(tasks.history(TASKS_SHOWN, clock::unix_seconds())) {
        let outcome = task.outcome.map_or("", sandlot_protocol::Outcome::as_str);
        let wall = task.usage.map(|usage| format!("{:.1}", usage.wall_ms)).unwrap_or_default();
        let cells = [
            task.task_id.as_str(),
            task.state,
            outcome,
            task.executed_by.as_deref().unwrap_or_default(),
            &wall,
            task.error.as_deref().unwrap_or_default(),
        ];
        text.push_str("<tr>");
        cells.iter().for_each(|cell| {
            let _ = write!(text, "<td>{}</td>", escape(cell));
        });
        text.push_str("</tr>");
    }
    text.push_str("</table></main>");
    text
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Sandlot peer</title>\
<meta name=viewport content='width=device-width'><style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem}\
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .8rem;border-bottom:1px solid #8884;\
vertical-align:top;overflow-wrap:anywhere}:root{color-scheme:light dark}</style><main>";

/// An object as `name value, name value`.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(members) => {
            let parts: Vec<String> = members.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
            parts.join(", ")
        }
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
