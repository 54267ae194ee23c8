//! `sandlot demo`: a tracker and three peers as processes of their own, a look at what they do, and everything stopped again.

use crate::{args::DemoArguments, commands::output, guest};
use anyhow::{Context, Result, bail, ensure};
use sandlot_client::{Client, transfer};
use sandlot_protocol::{
    Address, CpuTask, FileName, Request, StatusReply, raw_json,
    request::{GetMem, Nothing, SetMem},
};
use std::{
    collections::BTreeSet,
    net::TcpListener,
    path::Path,
    process::{ExitCode, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::interval,
};

const PROGRAM: &str = include_str!("../../../../examples/primes.py");
const PEERS: u16 = 3;
/// The ports that people find in the documents: the tracker's, the first peer's, its page's.
const PORTS: [u16; 3] = [8888, 9000, 5000];
/// A network that does not come up is waited for in steps of this.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// And so many times.
const LOOKS: usize = 1_500;

/// A node of the demo; it ends with it.
struct Node {
    child: Child,
    address: Address,
    page: Option<String>,
}

/// `sandlot demo`.
pub(crate) async fn demo(arguments: &DemoArguments) -> Result<ExitCode> {
    // What the peers need takes a while the first time, and says so.
    drop(guest::load(&arguments.guest)?);
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let showing = async {
        let mut nodes = start(arguments, folder.path()).await?;
        let peers: Vec<&Node> = nodes.iter().skip(1).collect();
        show(&peers, folder.path()).await?;
        if arguments.once {
            title("Done: stopping everything");
            return Ok::<_, anyhow::Error>(nodes);
        }
        stay_up(&mut nodes).await?;
        Ok(nodes)
    };
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .map(|kind| signal(kind).context("cannot listen for signals"))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let interrupted = async {
        futures_util::future::select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
        output::line("\nstopping");
    };
    tokio::select! {
        shown = showing => {
            let mut nodes: Vec<Node> = shown?;
            stop(&mut nodes).await;
            Ok(ExitCode::SUCCESS)
        }
        // The nodes end with `showing`.
        () = interrupted => Ok(ExitCode::SUCCESS),
    }
}

async fn start(arguments: &DemoArguments, folder: &Path) -> Result<Vec<Node>> {
    title("A tracker and three peers");
    let [tracker_port, peer_port, page_port] = PORTS;
    let mut wanted = vec![tracker_port];
    wanted.extend((0..PEERS).flat_map(|number| [peer_port + number, page_port + number]));
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let taken = wanted.iter().find(|port| !is_free(port)).copied();
    if let Some(port) = taken {
        output::line(&format!("(port {port} is taken by another program, so these are other ports than usual)"));
    }
    let port = |port: u16| if taken.is_some() { "0".to_owned() } else { port.to_string() };
    let tracker = node(&["tracker", "--port", &port(tracker_port)]).await?;
    let tracker_address = tracker.address.to_string();
    let mut nodes = vec![tracker];
    for number in 0..PEERS {
        let (port, page) = (port(peer_port + number), port(page_port + number));
        let data = folder.join(format!("peer-{number}")).display().to_string();
        let mut line = vec!["peer", "--port", &port, "--web-port", &page, "--tracker", &tracker_address];
        line.extend(["--data-dir", &data, "--heartbeat-ms", "500", "--drain-ms", "1000"]);
        let cache = guest::cache_dir(&arguments.guest)?.display().to_string();
        line.extend(["--cache-dir", &cache]);
        nodes.push(node(&line).await?);
    }
    let client = Client::new(nodes[0].address.clone());
    let mut looks = interval(LOOK_EVERY);
    for _ in 0..LOOKS {
        looks.tick().await;
        let status: StatusReply = client.status(&Request::Status(Nothing {})).await?;
        if status.get::<u16>("peer_count") == Some(PEERS) {
            return Ok(nodes);
        }
    }
    bail!("the peers did not find the tracker")
}

/// Starts a node, and waits until it says that it is ready.
async fn node(line: &[&str]) -> Result<Node> {
    let program = std::env::current_exe().context("where is this program?")?;
    let mut command = Command::new(program);
    // What is set for other nodes is not meant for these.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SANDLOT_")) {
        command.env_remove(name);
    }
    command.env(crate::settings::FILE_VARIABLE, "/dev/null").env("RUST_LOG", "warn");
    command.args(["--host", "127.0.0.1"]).args(line).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("cannot start a node")?;
    let stdout = child.stdout.take().context("a node's output is not there")?;
    let mut greeting = String::new();
    BufReader::new(stdout).read_line(&mut greeting).await.context("a node said nothing")?;
    let greeting = greeting.trim_end();
    let address = greeting.split(' ').nth(2).and_then(|word| word.parse().ok());
    let address =
        address.with_context(|| format!("sandlot {} did not start; the lines above say why", line.join(" ")))?;
    let page = greeting.split_once("web page ").map(|(_, page)| page.trim_end_matches(')').to_owned());
    output::line(greeting);
    Ok(Node { child, address, page })
}

async fn show(peers: &[&Node], folder: &Path) -> Result<()> {
    let [first, second, ..] = peers else { bail!("there are too few peers") };
    let (client, port) = (Client::new(first.address.clone()), first.address.port());
    title("A program, submitted six times: the least-loaded peer runs it");
    let mut ran_on = BTreeSet::new();
    for number in 1..=6 {
        let mut task = CpuTask::new(PROGRAM);
        task.function = None;
        task.argv = vec!["primes.py".to_owned(), (number * 1000).to_string()];
        let result = client.run(task).await?;
        let peer = result.executed_by.unwrap_or_default();
        ensure!(result.error.is_none(), "the program failed: {}", result.error.unwrap_or_default());
        output::line(&format!("{}   (ran on {peer})", result.stdout.trim_end()));
        ran_on.insert(peer);
    }
    output::line(&format!("The program ran on {} peers.", ran_on.len()));
    title("Remote execution");
    said(port, r#"cpu --program "def main(a, b): return a + b" --args "[10, 32]""#);
    call(&client, "def main(a, b): return a + b", "[10, 32]", false).await?;
    title("Confidential execution: on the peer that is asked and nowhere else");
    said(port, r#"cpu --program "def main(s): return s.upper()" --args "['secret']" --confidential"#);
    call(&client, "def main(s): return s.upper()", r#"["secret"]"#, true).await?;
    title("Memory");
    said(port, "set-mem --key user:id --value 101");
    let key = "user:id".parse()?;
    let set = SetMem { key, value: raw_json("101".to_owned())?, ttl_ms: None, if_version: None };
    client.status(&Request::SetMem(set)).await?;
    output::line("Memory set: user:id");
    said(port, "get-mem --key user:id");
    match client.ask(&Request::GetMem(GetMem { key: "user:id".parse()? })).await? {
        sandlot_protocol::Reply::MemResponse(found) => output::line(&format!("Memory value: {}", found.value.get())),
        _ => bail!("the peer answered something else"),
    }
    title("Files");
    let (client, port) = (Client::new(second.address.clone()), second.address.port());
    let (name, text): (FileName, _) = ("remote_copy.txt".parse()?, b"hello distributed world\n".as_slice());
    said(port, "put-file --filename remote_copy.txt --filepath my_file.txt");
    transfer::put_file(&client, &name, text, text.len() as u64, |_| {}).await?;
    said(port, "get-file --filename remote_copy.txt --save downloaded_copy.txt");
    let mut copy = tokio::fs::File::create(folder.join("downloaded_copy.txt")).await?;
    transfer::get_file(&client, &name, &mut copy, |_, _| {}).await?;
    copy.sync_all().await?;
    ensure!(std::fs::read(folder.join("downloaded_copy.txt"))? == text, "the file came back changed");
    output::line("The copy that came back is equal.");
    Ok(())
}

async fn call(client: &Client, program: &str, args: &str, confidential: bool) -> Result<()> {
    let mut task = CpuTask::new(program);
    task.args = Some(raw_json(args.to_owned())?);
    task.confidential = confidential;
    let result = client.run(task).await?;
    output::line(&format!("Result: {}", crate::python_text::print(&result.result)));
    Ok(())
}

async fn stay_up(nodes: &mut [Node]) -> Result<()> {
    title("The network stays up until Ctrl-C. Try, in another terminal:");
    let port = nodes[1].address.port();
    let port = if port == PORTS[1] { String::new() } else { format!("--port {port} ") };
    for line in ["run FILE.py", "top", "status"] {
        output::line(&format!("sandlot {port}{line}"));
    }
    title("Or look at the peers' pages, and run programs there:");
    let pages: Vec<&str> = nodes.iter().filter_map(|node| node.page.as_deref()).collect();
    output::line(&pages.join(" "));
    let ends = nodes.iter_mut().map(|node| Box::pin(node.child.wait()));
    let (ended, which, _) = futures_util::future::select_all(ends).await;
    bail!("node {which} has ended: {}", ended?)
}

/// The peers first: they say goodbye to the tracker.
async fn stop(nodes: &mut [Node]) {
    let (tracker, peers) = nodes.split_at_mut(1);
    stop_all(peers).await;
    stop_all(tracker).await;
}

async fn stop_all(nodes: &mut [Node]) {
    for node in nodes.iter() {
        let pid = node.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
    for node in nodes {
        let _ = node.child.wait().await;
    }
}

fn title(text: &str) {
    let is_bold = std::io::IsTerminal::is_terminal(&std::io::stdout()) && crate::logging::colours_are_welcome();
    output::line(&if is_bold { format!("\n\x1b[1m{text}\x1b[0m") } else { format!("\n{text}") });
}

fn said(port: u16, line: &str) {
    output::line(&format!("$ sandlot --port {port} {line}"));
}
