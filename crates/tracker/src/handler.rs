//! One message in, one call of the registry, one reply out.

use crate::registry::{Full, Now, Registry};
use sandlot_net::{Handler, clock};
use sandlot_protocol::{
    Address, ErrorCode, Refusal, Reply, Request, StatusReply,
    reply::{CpuResponse, FilePeers, Pong},
    request::{GetBestPeer, Register},
};
use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tracing::info;

#[derive(Debug, Default)]
pub(crate) struct TrackerHandler {
    registry: Mutex<Registry>,
}

impl Handler for TrackerHandler {
    async fn handle(&self, request: Request, from: SocketAddr, _: bool) -> Reply {
        self.answer(request, from).unwrap_or_else(Reply::Error)
    }

    fn handle_at_once(&self, request: Request, from: SocketAddr) -> Result<Reply, Request> {
        match request {
            Request::UpdateLoad(_) | Request::GetBestPeer(_) | Request::Ping(_) => {
                Ok(self.answer(request, from).unwrap_or_else(Reply::Error))
            }
            request => Err(request),
        }
    }
}

impl TrackerHandler {
    fn answer(&self, request: Request, from: SocketAddr) -> Result<Reply, Refusal> {
        let now = Now { instant: clock::now(), unix_seconds: clock::unix_seconds() };
        match request {
            Request::Register(report) => self.register(&report, from, now),
            Request::UpdateLoad(report) => {
                let peer = address(report.ip.as_deref(), report.port, from)?;
                let known = self.registry().report(peer, &report, now).map_err(full)?;
                Ok(StatusReply::new("LOAD_UPDATED").with("known", known).into())
            }
            Request::Unregister(member) => {
                let peer = address(member.ip.as_deref(), member.port, from)?;
                self.registry().remove(&peer);
                info!(%peer, "a peer left");
                Ok(StatusReply::new("UNREGISTERED").into())
            }
            Request::GetBestPeer(question) => self.best(&question, now),
            Request::RegisterFile(file) => {
                let peer = address(file.ip.as_deref(), file.port, from)?;
                self.registry().add_file(file.filename.clone(), peer, now.instant).map_err(full)?;
                Ok(StatusReply::ok().with("operation", "REGISTER_FILE").with("filename", file.filename).into())
            }
            Request::UnregisterFile(file) => {
                let peer = address(file.ip.as_deref(), file.port, from)?;
                self.registry().remove_file(&file.filename, &peer);
                Ok(StatusReply::ok().with("operation", "UNREGISTER_FILE").with("filename", file.filename).into())
            }
            Request::FindFile(question) => {
                let peers = self.registry().holders(&question.filename, now.instant);
                Ok(Reply::FilePeers(FilePeers { filename: question.filename, peers }))
            }
            Request::Status(_) => {
                let peers = self.registry().alive(now.instant);
                let status = StatusReply::ok().with("role", "tracker").with("version", env!("CARGO_PKG_VERSION"));
                let status = status.with("time", now.unix_seconds);
                Ok(status.with("peer_count", peers.len()).with("peers", peers).into())
            }
            Request::Ping(_) => Ok(Reply::Pong(Pong {})),
            other => Err(Refusal::new(
                ErrorCode::WrongRole,
                format!("{} is asked of a peer, and this is a tracker", other.name()),
            )),
        }
    }

    fn register(&self, report: &Register, from: SocketAddr, now: Now) -> Result<Reply, Refusal> {
        let peer = address(report.ip.as_deref(), report.port, from)?;
        let mut registry = self.registry();
        registry.report(peer.clone(), report, now).map_err(full)?;
        let peer_count = registry.count(now.instant);
        drop(registry);
        info!(%peer, peer_count, "a peer registered");
        Ok(StatusReply::new("REGISTERED").with("peer_count", peer_count).into())
    }

    fn best(&self, question: &GetBestPeer, now: Now) -> Result<Reply, Refusal> {
        // An address that is none cannot be a peer's.
        let exclude: Vec<Address> = question.exclude.iter().filter_map(|text| text.parse().ok()).collect();
        match self.registry().best(&exclude, now.instant) {
            Some((peer, cpu_load)) => {
                Ok(Reply::CpuResponse(CpuResponse { ip: peer.host().to_owned(), port: peer.port(), cpu_load }))
            }
            None => Err(Refusal::new(ErrorCode::NoPeers, "No peers available")),
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(ip: Option<&str>, port: u16, from: SocketAddr) -> Result<Address, Refusal> {
    match ip.filter(|ip| !ip.is_empty()) {
        None => Ok(Address::from(SocketAddr::new(from.ip(), port))),
        Some(ip) => Address::checked(ip, port)
            .map_err(|error| Refusal::new(ErrorCode::BadRequest, format!("member \"ip\": {error}"))),
    }
}

fn full(error: Full) -> Refusal {
    Refusal::new(ErrorCode::LimitReached, error.to_string())
}
