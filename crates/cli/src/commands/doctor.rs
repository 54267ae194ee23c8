//! `sandlot doctor`: everything that a newcomer trips over, looked at, with what to do about it.

use crate::{
    args::{DoctorArguments, NodeArguments},
    commands::{PEER_PORT, client, output},
    guest,
    settings::Settings,
};
use anyhow::Result;
use sandlot_client::Client;
use sandlot_compute::{Compute, ComputeConfig, Guest, Run};
use sandlot_protocol::{Address, Outcome, Request, StatusReply, request::Nothing};
use serde::Serialize;
use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A node that takes longer does not answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(3);
/// Clocks that differ by more confuse people who compare times.
const CLOCK_SECONDS_MAX: f64 = 5.0;
/// Memory that a peer needs to be of use: the guest, its code, and a few tasks.
const MEMORY_BYTES_MIN: u64 = 1 << 30;
/// Open files that a peer with many clients needs.
const FILES_MIN: u64 = 4096;
/// Room on the disk for the compiled guest and some files.
const DISK_BYTES_MIN: u64 = 512 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    /// It works, but not as well as it could.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    fn bad(what: &'static str, verdict: Verdict, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, verdict, found: found.into(), advice: Some(advice.into()) }
    }
}

/// `sandlot doctor`.
pub(crate) async fn doctor(node: &NodeArguments, arguments: &DoctorArguments) -> Result<ExitCode> {
    let port = node.port.unwrap_or(PEER_PORT);
    let cache_dir = guest::cache_dir(&arguments.guest)?;
    let mut findings = vec![machine(), open_files(), kernel(), settings()];
    findings.push(folder("cache folder", &cache_dir, "--cache-dir or SANDLOT_CACHE_DIR names another"));
    findings.push(data_folder(arguments, port)?);
    findings.push(walls());
    findings.push(program(arguments, &cache_dir));
    findings.push(peer(node, port).await);
    findings.extend(tracker(&arguments.tracker).await);
    if node.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        tell(&findings);
    }
    let has_failed = findings.iter().any(|finding| finding.verdict == Verdict::Failed);
    Ok(if has_failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn tell(findings: &[Finding]) {
    for finding in findings {
        let word = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
        };
        output::line(&format!("{word:<8} {}: {}", finding.what, output::shown(&finding.found)));
        if let Some(advice) = &finding.advice {
            output::line(&format!("         -> {advice}"));
        }
    }
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
    output::line(&match (failed, warnings) {
        (0, 0) => "Everything is well: `sandlot peer` can start here.".to_owned(),
        (0, _) => format!("Warnings: {warnings}. `sandlot peer` can start here."),
        _ => format!("Failed: {failed}, warnings: {warnings}. What stands behind -> mends them."),
    });
}

fn machine() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = rustix::system::sysinfo();
    let bytes = memory.totalram * u64::from(memory.mem_unit.max(1));
    let found = format!("{cores} cores, {} MiB of memory", bytes >> 20);
    match bytes < MEMORY_BYTES_MIN {
        true => {
            Finding::bad("machine", Verdict::Warning, found, "a peer wants 1 GiB at least; it takes few tasks here")
        }
        false => Finding::ok("machine", found),
    }
}

fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(files) if files < FILES_MIN => {
            let advice =
                format!("`ulimit -n {FILES_MIN}` before the peer lets it have as many clients and tasks as it may");
            Finding::bad("open files", Verdict::Warning, format!("at most {files}"), advice)
        }
        Some(files) => Finding::ok("open files", format!("at most {files}")),
        None => Finding::ok("open files", "without limit"),
    }
}

fn kernel() -> Finding {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let found = format!("{} {release}", name.sysname().to_string_lossy());
    match version {
        (major, minor) if (major, minor) < (5, 13) => {
            let advice =
                "Linux 5.13 or later has Landlock: without it, only WebAssembly and seccomp stand around programs";
            Finding::bad("kernel", Verdict::Warning, found, advice)
        }
        (major, minor) if (major, minor) < (6, 7) => Finding::bad(
            "kernel",
            Verdict::Warning,
            found,
            "tasks start quicker with Linux 6.7 or later (PAGEMAP_SCAN)",
        ),
        _ => Finding::ok("kernel", found),
    }
}

fn folder(what: &'static str, path: &Path, advice: &str) -> Finding {
    // Nothing is made here: a folder can be made where the nearest one that is there can be written.
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(path);
    let trying = match there.is_dir() {
        true => tempfile::tempfile_in(there).map(drop),
        false => Err(std::io::ErrorKind::NotADirectory.into()),
    };
    if let Err(error) = trying {
        return Finding::bad(what, Verdict::Failed, format!("{} cannot be written: {error}", path.display()), advice);
    }
    let room = rustix::fs::statvfs(there).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let found = format!("{}, {} MiB free", path.display(), room >> 20);
    match room < DISK_BYTES_MIN {
        true => Finding::bad(what, Verdict::Warning, found, format!("there is little room; {advice}")),
        false => Finding::ok(what, found),
    }
}

fn data_folder(arguments: &DoctorArguments, port: u16) -> Result<Finding> {
    let path = super::roles::data_dir(arguments.data_dir.as_deref(), port)?;
    let finding = folder("data folder", &path, "--data-dir of the peer names another");
    let lock = File::options().read(true).write(true).open(path.join("lock"));
    let is_used = lock.is_ok_and(|lock| lock.try_lock().is_err());
    Ok(if is_used { Finding::ok("data folder", format!("{}, in use by a peer", path.display())) } else { finding })
}

fn settings() -> Finding {
    const WHAT: &str = "settings";
    match Settings::load() {
        Ok(settings) => {
            Finding::ok(WHAT, settings.file.map_or("no file".to_owned(), |file| file.display().to_string()))
        }
        Err(error) => {
            let advice = "mend the file, or have SANDLOT_CONFIG name another; until then no command but this one works";
            Finding::bad(WHAT, Verdict::Failed, format!("{error:#}"), advice)
        }
    }
}

/// In a process of its own: the walls stay around whoever puts them up.
fn walls() -> Finding {
    let trying = std::env::current_exe().and_then(|program| Command::new(program).arg("walls").output());
    match trying {
        Ok(tried) if tried.status.success() => {
            let text = String::from_utf8_lossy(&tried.stdout).into_owned();
            Finding::ok("walls", text.lines().next().unwrap_or("stand").to_owned())
        }
        Ok(tried) => {
            let text = String::from_utf8_lossy(if tried.stdout.is_empty() { &tried.stderr } else { &tried.stdout })
                .into_owned();
            let found = text.lines().next().unwrap_or("they do not stand").to_owned();
            Finding::bad(
                "walls",
                Verdict::Warning,
                found,
                "`sandlot walls` shows which one does not; a peer starts without it, and says so",
            )
        }
        Err(error) => Finding::bad("walls", Verdict::Warning, error.to_string(), "`sandlot walls` shows more"),
    }
}

/// The whole way through the sandbox.
fn program(arguments: &DoctorArguments, cache_dir: &Path) -> Finding {
    const WHAT: &str = "a program in the sandbox";
    if !Guest::is_cached(guest::snapshot(), cache_dir) {
        let advice = "`sandlot prepare` makes it ready now, once; otherwise the first peer does";
        return Finding::bad(WHAT, Verdict::Warning, "the Python guest is not ready yet on this machine", advice);
    }
    let trying = || -> Result<Outcome> {
        let config = ComputeConfig { workers: 1, live_runs_max: 1, ..ComputeConfig::default() };
        let compute = Compute::start(config, guest::load(&arguments.guest)?)?;
        let mut run = compute.submit(Run::new("def main(): return 6 * 7"))?;
        Ok(tokio::runtime::Handle::current().block_on(run.wait()).outcome)
    };
    match tokio::task::block_in_place(trying) {
        Ok(Outcome::Ok) => Finding::ok(WHAT, "ran"),
        Ok(outcome) => Finding::bad(WHAT, Verdict::Failed, outcome.as_str(), "delete the cache folder, and look again"),
        Err(error) => {
            Finding::bad(WHAT, Verdict::Failed, format!("{error:#}"), "delete the cache folder, and look again")
        }
    }
}

async fn peer(node: &NodeArguments, port: u16) -> Finding {
    let client = client(node);
    let address = client.address().clone();
    match client.ask_within(&Request::Status(Nothing {}), ASK_TIMEOUT).await {
        Ok(sandlot_protocol::Reply::Status(status)) if status.get::<String>("role").as_deref() == Some("peer") => {
            Finding::ok(
                "peer",
                format!("{address} runs, version {}", status.get::<String>("version").unwrap_or_default()),
            )
        }
        Ok(_) => {
            let advice = format!("another program has port {port}: --port of the peer takes another");
            Finding::bad("peer", Verdict::Failed, format!("{address} is no peer"), advice)
        }
        Err(_) if TcpListener::bind((address.host(), port)).is_ok() => {
            let is_reachable = address.host().parse::<std::net::IpAddr>().is_ok_and(|ip| !ip.is_loopback());
            let found = format!("none runs; port {port} of {} is free for one", address.host());
            match is_reachable {
                true => {
                    Finding::bad("peer", Verdict::Warning, found, "a peer there needs --insecure: others can reach it")
                }
                false => Finding::ok("peer", found),
            }
        }
        Err(error) => {
            let advice = format!("another program has port {port}: --port of the peer takes another");
            Finding::bad("peer", Verdict::Failed, format!("{address} does not speak our protocol: {error}"), advice)
        }
    }
}

async fn tracker(address: &Address) -> Vec<Finding> {
    const WHAT: &str = "tracker";
    let client = Client::new(address.clone());
    let status: StatusReply = match client.ask_within(&Request::Status(Nothing {}), ASK_TIMEOUT).await {
        Ok(sandlot_protocol::Reply::Status(status)) if status.get::<String>("role").as_deref() == Some("tracker") => {
            status
        }
        Ok(_) => {
            let advice = "--tracker names the tracker, port 8888 usually";
            return vec![Finding::bad(WHAT, Verdict::Failed, format!("{address} is no tracker"), advice)];
        }
        Err(error) => {
            let advice =
                "`sandlot tracker` starts one, --tracker names one elsewhere; without it, each peer works by itself";
            return vec![Finding::bad(WHAT, Verdict::Warning, error.to_string(), advice)];
        }
    };
    let peers = status.get::<u64>("peer_count").unwrap_or(0);
    let mut findings = vec![Finding::ok(WHAT, format!("{address} knows {peers} living peers"))];
    if let Some(theirs) = status.get::<f64>("time") {
        let apart = (theirs - unix_seconds()).abs();
        findings.push(match apart > CLOCK_SECONDS_MAX {
            true => {
                let advice =
                    "set both clocks by the network (timedatectl set-ntp true): times in lists are wrong otherwise";
                Finding::bad("clock", Verdict::Warning, format!("{apart:.0} s apart from the tracker's"), advice)
            }
            false => Finding::ok("clock", "like the tracker's"),
        });
    }
    findings
}

#[expect(clippy::disallowed_methods, reason = "compared with the tracker's")]
fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |duration| duration.as_secs_f64())
}
