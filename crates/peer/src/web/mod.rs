//! The web page and the HTTP API of a peer, on one port.
//!
//! - `guard`: who may ask what: host names, origins, sizes, times
//! - `operations`: every operation of the API, with its documentation; the OpenAPI document is made of it
//! - `api`, `files`: what the operations do; `events`: what is told as it happens
//! - `metrics`: the figures in Prometheus' format
//! - `pages`: what people read

mod api;
mod events;
mod files;
mod guard;
mod metrics;
mod operations;
mod pages;

use crate::handler::{PeerHandler, host_of};
use axum::{Extension, Router, middleware};
use guard::BodyBudget;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{collections::BTreeSet, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

/// A browser that sends its headers slower is cut off.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A browser that does not read what it asked for is cut off after this time.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The next try after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections at one time; further ones wait.
const CONNECTIONS_MAX: usize = 256;

/// Streams of events at one time, of these connections; further ones are refused.
const STREAMS_MAX: usize = 64;
/// Keys whose values are read at one time; further ones wait.
const COPIES_MAX: usize = 8;

/// A page whose socket is bound.
#[derive(Debug)]
pub(crate) struct Web {
    listener: TcpListener,
    address: SocketAddr,
    hosts: BTreeSet<String>,
}

/// What every request is answered from.
#[derive(Debug)]
struct WebState {
    peer: Arc<PeerHandler>,
    /// Host names that the page may be asked by, besides IP addresses and localhost.
    hosts: BTreeSet<String>,
    bodies: BodyBudget,
    /// Large answers that are on their way.
    answers: BodyBudget,
    /// Values that are copied to be answered.
    copies: Semaphore,
    /// Streams of events.
    streams: Arc<Semaphore>,
    document: serde_json::Value,
    /// Fires when the peer stops: what tells of news for ever ends then.
    stop: CancellationToken,
}

/// Who asks: its host, as quotas count it.
#[derive(Debug, Clone)]
struct Caller(Arc<str>);

impl Web {
    pub(crate) async fn bind(address: SocketAddr, hosts: &[String]) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Ok(Self { listener, address, hosts })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, lets requests end, and cuts off what is left at `stop_now`.
    pub(crate) async fn run(self, peer: Arc<PeerHandler>, stop: CancellationToken, stop_now: CancellationToken) {
        let state = WebState {
            peer,
            hosts: self.hosts,
            bodies: BodyBudget::default(),
            answers: BodyBudget::default(),
            copies: Semaphore::new(COPIES_MAX),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            document: operations::document(),
            stop: stop.clone(),
        };
        let router = router(Arc::new(state));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, from)) => {
                        let caller = Caller(host_of(from.ip()).into());
                        connections.spawn(serve(stream, router.clone().layer(Extension(caller)), stop.clone()));
                    }
                    // Out of descriptors, most likely: others must end before one can begin.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(self.listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = stop_now.run_until_cancelled(ended).await;
        connections.shutdown().await;
    }
}

fn router(state: Arc<WebState>) -> Router {
    Router::new()
        .merge(pages::router())
        .merge(metrics::router())
        .nest("/api/v1", operations::router())
        .fallback(guard::not_found)
        .method_not_allowed_fallback(guard::wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&state), guard::guard))
        .with_state(state)
}

async fn serve(stream: TcpStream, router: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let connection = server.serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    tokio::pin!(connection);
    // A browser that goes away is no event.
    tokio::select! {
        _ = &mut connection => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
