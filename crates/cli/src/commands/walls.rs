//! `sandlot walls`: puts up the walls that a peer puts up, and tries to get through them.

use crate::{
    args::NodeArguments,
    commands::output,
    walls::{self, Needs},
};
use anyhow::{Context, Result};
use rustix::net::{AddressFamily, SocketType};
use serde_json::json;
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// One thing tried.
struct Attempt {
    what: &'static str,
    /// The wall that stops it.
    wall: &'static str,
    /// A peer needs it.
    needed: bool,
    error: Option<String>,
}

/// The wall of what must not be stopped.
const NEEDED: &str = "none";

/// Tries everything, in this process: nothing else must go on in it afterwards.
pub(crate) fn walls(node: &NodeArguments) -> Result<ExitCode> {
    let inside = tempfile::tempdir()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port")?;
    let needs = Needs { folders: vec![inside.path().to_owned()], ports: vec![0] };
    let landlock = walls::close_files(&needs)?;
    let seccomp = walls::close_system_calls()?;
    let attempts = attempts(inside.path(), &listener);
    let failed = attempts.iter().filter(|attempt| attempt.needed != attempt.error.is_none()).count();
    if node.json {
        let tried = attempts
            .iter()
            .map(|attempt| json!({"what": attempt.what, "wall": attempt.wall, "allowed": attempt.error.is_none(), "needed": attempt.needed}));
        let tried: Vec<_> = tried.collect();
        output::line(&json!({"landlock": landlock, "seccomp": seccomp, "tried": tried}).to_string());
    } else {
        output::line(&format!("landlock {landlock}; seccomp {seccomp}"));
        let rows = attempts.iter().map(|attempt| {
            let verdict = match (&attempt.error, attempt.needed) {
                (None, true) => "allowed, as a peer needs it".to_owned(),
                (None, false) => "ALLOWED: nothing stopped it".to_owned(),
                (Some(error), true) => format!("REFUSED, although a peer needs it: {error}"),
                (Some(error), false) => format!("refused: {error}"),
            };
            vec![attempt.what.to_owned(), verdict]
        });
        output::table(&rows.collect::<Vec<_>>());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn attempts(inside: &Path, listener: &TcpListener) -> Vec<Attempt> {
    let local = listener.local_addr();
    let socket = |family, kind| rustix::net::socket(family, kind, None).map(drop).map_err(|error| error.to_string());
    let parent = rustix::process::getppid();
    let tried: [(&'static str, &'static str, Result<(), String>); 14] = [
        ("write a file in its own folder", NEEDED, text(fs::write(inside.join("own"), "x"))),
        ("read a file in its own folder", NEEDED, text(fs::read(inside.join("own")))),
        ("connect to another node", NEEDED, text(local.and_then(TcpStream::connect))),
        ("start a thread", NEEDED, text(std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().is_ok()))),
        ("read /etc/passwd", "landlock", text(fs::read("/etc/passwd"))),
        ("list /", "landlock", text(fs::read_dir("/"))),
        ("read its own program's file", "landlock", text(fs::read("/proc/self/exe"))),
        ("write a file in the folder for temporary files", "landlock", text(fs::File::create_new(outside()))),
        ("start a program", "seccomp", text(Command::new("/bin/true").status())),
        ("listen on a new port", "seccomp", text(TcpListener::bind(("127.0.0.1", 0)))),
        ("open a Unix socket", "seccomp", socket(AddressFamily::UNIX, SocketType::STREAM)),
        ("open a netlink socket", "seccomp", socket(AddressFamily::NETLINK, SocketType::RAW)),
        ("open a raw socket", "seccomp", socket(AddressFamily::INET, SocketType::RAW)),
        (
            "send a signal to another process",
            "seccomp",
            parent.map_or(Ok(()), |parent| text(rustix::process::test_kill_process(parent))),
        ),
    ];
    let attempt = |(what, wall, done): (_, _, Result<(), String>)| Attempt {
        what,
        wall,
        needed: wall == NEEDED,
        error: done.err(),
    };
    tried.into_iter().map(attempt).collect()
}

/// Nobody has a file of this name.
fn outside() -> PathBuf {
    std::env::temp_dir().join(format!("sandlot-walls-{}", std::process::id()))
}

fn text<T, E: std::fmt::Display>(done: Result<T, E>) -> Result<(), String> {
    done.map(drop).map_err(|error| error.to_string())
}
