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
    /// A peer needs it.
    needed: bool,
    error: Option<String>,
}

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
            .map(|attempt| json!({"what": attempt.what, "allowed": attempt.error.is_none(), "needed": attempt.needed}));
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
    let tried: [(&'static str, bool, Result<(), String>); 14] = [
        ("write a file in its own folder", true, text(fs::write(inside.join("own"), "x"))),
        ("read a file in its own folder", true, text(fs::read(inside.join("own")))),
        ("connect to another node", true, text(local.and_then(TcpStream::connect))),
        ("start a thread", true, text(std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().is_ok()))),
        ("read /etc/passwd", false, text(fs::read("/etc/passwd"))),
        ("list /", false, text(fs::read_dir("/"))),
        ("read its own program's file", false, text(fs::read("/proc/self/exe"))),
        ("write a file in the folder for temporary files", false, text(fs::File::create_new(outside()))),
        ("start a program", false, text(Command::new("/bin/true").status())),
        ("listen on a new port", false, text(TcpListener::bind(("127.0.0.1", 0)))),
        ("open a Unix socket", false, socket(AddressFamily::UNIX, SocketType::STREAM)),
        ("open a netlink socket", false, socket(AddressFamily::NETLINK, SocketType::RAW)),
        ("open a raw socket", false, socket(AddressFamily::INET, SocketType::RAW)),
        (
            "send a signal to another process",
            false,
            parent.map_or(Ok(()), |parent| text(rustix::process::test_kill_process(parent))),
        ),
    ];
    tried.into_iter().map(|(what, needed, done)| Attempt { what, needed, error: done.err() }).collect()
}

/// Nobody has a file of this name.
fn outside() -> PathBuf {
    std::env::temp_dir().join(format!("sandlot-walls-{}", std::process::id()))
}

fn text<T, E: std::fmt::Display>(done: Result<T, E>) -> Result<(), String> {
    done.map(drop).map_err(|error| error.to_string())
}
