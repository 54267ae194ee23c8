//! The daemons: a tracker, a peer. Each lives until SIGTERM or Ctrl-C; a second one ends it at once.

use crate::{
    args::{NodeArguments, PeerArguments, TrackerArguments},
    commands::{PEER_PORT, TRACKER_PORT, output},
    exit::Usage,
    guest,
    walls::{self, Needs},
};
use anyhow::{Context, Result};
use sandlot_compute::ComputeConfig;
use sandlot_net::ServerLimits;
use sandlot_peer::{
    Peer, PeerConfig,
    config::{FileLimits, MemoryLimits, TaskTableLimits},
};
use sandlot_tracker::{Tracker, TrackerConfig};
use serde_json::json;
use std::{
    fs::DirBuilder,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
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

/// Which walls stand around this process.
#[derive(Debug, Clone)]
pub(crate) struct Walls {
    landlock: String,
    seccomp: String,
}

impl Default for Walls {
    fn default() -> Self {
        let off = "off: --no-host-sandbox".to_owned();
        Self { landlock: off.clone(), seccomp: off }
    }
}

/// Closes the files that a peer does not need; its folders are made first.
pub(crate) fn close_files(node: &NodeArguments, arguments: &PeerArguments) -> Result<Walls> {
    if arguments.no_host_sandbox {
        return Ok(Walls::default());
    }
    let port = node.port.unwrap_or(PEER_PORT);
    let data_dir = data_dir(arguments.data_dir.as_deref(), port)?;
    std::fs::create_dir_all(&data_dir).with_context(|| format!("cannot use the data folder {}", data_dir.display()))?;
    let cache_dir = guest::cache_dir(&arguments.guest)?;
    let ports = [Some(port), arguments.web_port].into_iter().flatten().collect();
    // Without a cache folder the guest is made ready at every start, which is said then.
    let _ = DirBuilder::new().recursive(true).mode(0o700).create(&cache_dir);
    let needs = Needs { folders: vec![data_dir, cache_dir], ports };
    Ok(Walls { landlock: told("landlock", walls::close_files(&needs)), ..Walls::default() })
}

/// A wall that cannot be put up is no reason not to start: STATUS says it, and so does the log.
fn told(name: &str, put_up: Result<String>) -> String {
    put_up.unwrap_or_else(|error| {
        output::error_line(&format!("sandlot: the wall {name} does not stand: {error:#}"));
        format!("does not stand: {error:#}")
    })
}

/// `sandlot peer`.
pub(crate) async fn peer(node: &NodeArguments, arguments: PeerArguments, mut walls: Walls) -> Result<ExitCode> {
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
    let has_walls = !arguments.no_host_sandbox;
    let mut peer = Peer::bind(peer_config(ip, port, arguments)?, compute).await?;
    if has_walls {
        walls.seccomp = told("seccomp", walls::close_system_calls());
    }
    peer.tell_walls(json!({"landlock": walls.landlock, "seccomp": walls.seccomp}));
    let page = peer.web_addr().map(|address| format!(", web page http://{address}/")).unwrap_or_default();
    output::line(&format!("sandlot peer {} is ready (tracker {tracker}{page})", peer.local_addr()));
    peer.run(stop).await;
    Ok(ExitCode::SUCCESS)
}

fn peer_config(ip: IpAddr, port: u16, arguments: PeerArguments) -> Result<PeerConfig> {
    let data_dir = data_dir(arguments.data_dir.as_deref(), port)?;
    if ip.is_unspecified() && arguments.advertise.is_none() {
        return Err(Usage(format!("others cannot reach {ip}: --advertise says which address they should use")).into());
    }
    Ok(PeerConfig {
        web_listen: arguments.web_port.map(|port| SocketAddr::new(ip, port)),
        web_hosts: arguments.web_hosts,
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

/// Where a peer keeps its files, unless it is said.
pub(crate) fn data_dir(said: Option<&Path>, port: u16) -> Result<PathBuf> {
    if let Some(folder) = said {
        return Ok(folder.to_owned());
    }
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
