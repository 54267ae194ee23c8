//! The daemons: a tracker, a peer. Each lives until SIGTERM or Ctrl-C; a second one ends it at once.

use crate::{
    args::{NodeArguments, PeerArguments, TrackerArguments},
    commands::{PEER_PORT, TRACKER_PORT, output},
    exit::Usage,
    guest,
};
use anyhow::{Context, Result};
use sandlot_compute::ComputeConfig;
use sandlot_net::ServerLimits;
use sandlot_peer::{
    Peer, PeerConfig,
    config::{FileLimits, MemoryLimits, TaskTableLimits},
};
use sandlot_tracker::{Tracker, TrackerConfig};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// `sandlot tracker`.
pub(crate) async fn tracker(node: &NodeArguments, arguments: &TrackerArguments) -> Result<ExitCode> {
    let listen = SocketAddr::new(listen_ip(node, arguments.insecure)?, node.port.unwrap_or(TRACKER_PORT));
    let stop = stop_on_signals()?;
    let config = TrackerConfig { listen, limits: server_limits(arguments.max_connections) };
    let tracker = Tracker::bind(config).await.with_context(|| format!("cannot listen on {listen}"))?;
    output::line(&format!("sandlot tracker {} is ready", tracker.local_addr()));
    tracker.run(stop).await;
    Ok(ExitCode::SUCCESS)
}

/// `sandlot peer`.
pub(crate) async fn peer(node: &NodeArguments, arguments: PeerArguments) -> Result<ExitCode> {
    let ip = listen_ip(node, arguments.insecure)?;
    let port = node.port.unwrap_or(PEER_PORT);
    let stop = stop_on_signals()?;
    let compute_config = ComputeConfig {
        workers: arguments.workers.map_or_else(|| ComputeConfig::default().workers, usize::from),
        slice: Duration::from_micros(arguments.slice_us),
        live_runs_max: usize::try_from(arguments.live_tasks)?,
        active_runs_max: usize::try_from(arguments.active_tasks)?,
        queued_runs_max: usize::try_from(arguments.queued_tasks)?,
        memory_bytes_max: arguments.task_memory_bytes.unwrap_or(ComputeConfig::default().memory_bytes_max),
        ..ComputeConfig::default()
    };
    let cache = arguments.guest.clone();
    let runtime = tokio::runtime::Handle::current();
    // Compiling takes seconds; a signal must be heard meanwhile.
    let starting = tokio::task::spawn_blocking(move || {
        let _guard = runtime.enter();
        guest::start(&cache, compute_config)
    });
    let compute = tokio::select! {
        compute = starting => Arc::new(compute??),
        () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    let tracker = arguments.tracker.clone();
    let peer = Peer::bind(peer_config(ip, port, arguments)?, compute).await?;
    let page = peer.web_addr().map(|address| format!(", web page http://{address}/")).unwrap_or_default();
    output::line(&format!("sandlot peer {} is ready (tracker {tracker}{page})", peer.local_addr()));
    peer.run(stop).await;
    Ok(ExitCode::SUCCESS)
}

fn peer_config(ip: IpAddr, port: u16, arguments: PeerArguments) -> Result<PeerConfig> {
    let data_dir = match arguments.data_dir {
        Some(folder) => folder,
        None => default_data_dir(port)?,
    };
    if ip.is_unspecified() && arguments.advertise.is_none() {
        return Err(Usage(format!("others cannot reach {ip}: --advertise says which address they should use")).into());
    }
    Ok(PeerConfig {
        web_listen: arguments.web_port.map(|port| SocketAddr::new(ip, port)),
        advertise: arguments.advertise,
        heartbeat: Duration::from_millis(arguments.heartbeat_ms),
        drain: Duration::from_millis(arguments.drain_ms),
        server: server_limits(arguments.max_connections),
        memory: MemoryLimits { bytes_max: arguments.memory_quota_bytes, ..MemoryLimits::default() },
        tasks: TaskTableLimits {
            submitter_live_max: usize::try_from(arguments.submitter_tasks)?,
            submitter_input_bytes_max: arguments.submitter_bytes,
            ended_for: Duration::from_secs(arguments.keep_results_s),
            ..TaskTableLimits::default()
        },
        files: FileLimits { bytes_max: arguments.file_quota_bytes, ..FileLimits::default() },
        ..PeerConfig::new(SocketAddr::new(ip, port), arguments.tracker, data_dir)
    })
}

fn default_data_dir(port: u16) -> Result<PathBuf> {
    let state = dirs::state_dir().or_else(dirs::data_local_dir);
    let state = state.context("this user has no state folder: --data-dir names one")?;
    Ok(state.join("sandlot").join(format!("peer-{port}")))
}

fn server_limits(connections_max: u32) -> ServerLimits {
    ServerLimits { connections_max: connections_max as usize, ..ServerLimits::default() }
}

/// Nothing is encrypted or authenticated yet, so other machines are let in only on demand.
fn listen_ip(node: &NodeArguments, insecure: bool) -> Result<IpAddr> {
    let Some(host) = &node.host else { return Ok(Ipv4Addr::LOCALHOST.into()) };
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    let ip: IpAddr =
        host.parse().map_err(|_| Usage(format!("--host must be an IP address to listen on, not {host:?}")))?;
    if !ip.is_loopback() && !insecure {
        return Err(Usage(format!(
            "{ip} can be reached by other machines, and nothing is encrypted or authenticated yet: \
             --insecure says that you trust everyone on this network"
        ))
        .into());
    }
    Ok(ip)
}

/// Fires at the first SIGTERM or Ctrl-C; the second ends the process.
fn stop_on_signals() -> Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let stop = CancellationToken::new();
    let first = stop.clone();
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first.is_cancelled() {
                std::process::exit(130);
            }
            first.cancel();
        }
    });
    Ok(stop)
}
