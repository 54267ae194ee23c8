//! One file a group of commands; each takes plain values and tells its exit code.

mod demo;
mod doctor;
mod exec;
mod files;
mod follow;
mod generated;
mod kept;
mod keys;
mod map;
mod network;
mod output;
mod program;
mod roles;
mod task_files;
mod tasks;
mod top;
mod walls;

use crate::args::{Arguments, Command, ConfigCommand, NodeArguments};
use anyhow::Result;
pub(crate) use roles::Walls;
use sandlot_client::Client;
use sandlot_protocol::Address;
use std::process::ExitCode;

/// The port of a peer, unless another is named.
pub(crate) const PEER_PORT: u16 = 9000;
/// The port of the tracker, unless another is named.
pub(crate) const TRACKER_PORT: u16 = 8888;

/// What has to be done while this process has one thread: a peer closes what it does not need.
///
/// # Errors
/// When the peer's folders cannot be had, or the kernel refuses.
pub(crate) fn prepare(arguments: &Arguments) -> Result<Walls> {
    match &arguments.command {
        Command::Peer(peer) => roles::close_files(&arguments.node, peer),
        _ => Ok(Walls::default()),
    }
}

/// Carries out what was typed.
pub(crate) async fn run(arguments: Arguments, walls: Walls) -> Result<ExitCode> {
    let node = arguments.node;
    let is_role = matches!(arguments.command, Command::Tracker(_) | Command::Peer(_));
    let otlp = match &arguments.command {
        Command::Peer(peer) => peer.otlp_endpoint.clone(),
        _ => None,
    };
    let level = if is_role { "info" } else { "warn" };
    // Spans that were not sent yet are sent when this goes.
    let _exporting = crate::logging::start(node.log_format, level, otlp.as_deref())?;
    match arguments.command {
        Command::Tracker(tracker) => roles::tracker(&node, &tracker).await,
        Command::Peer(peer) => roles::peer(&node, peer, walls).await,
        Command::Prepare(guest) => exec::prepare(&guest),
        Command::Exec(exec) => exec::exec(&node, exec).await,
        Command::Cpu(cpu) => tasks::cpu(&node, cpu).await,
        Command::Run(run) => tasks::run(&node, run).await,
        Command::Batch(batch) => tasks::batch(&node, &batch).await,
        Command::Map(map) => map::map(&node, map).await,
        Command::Submit(submit) => kept::submit(&node, submit).await,
        Command::Wait(wait) => kept::wait(&node, wait).await,
        Command::Logs(logs) => kept::logs(&node, logs).await,
        Command::Result(task) => kept::result(&node, task).await,
        Command::Top(top) => top::top(&node, &top).await,
        Command::Explain(task) => top::explain(&node, task).await,
        Command::Cancel(task) => tasks::cancel(&node, task.task_id).await,
        Command::Tasks => tasks::list(&node).await,
        Command::History(history) => tasks::history(&node, history).await,
        Command::SetMem(set) => keys::set(&node, set).await,
        Command::GetMem(get) => keys::get(&node, get.key).await,
        Command::DeleteMem(delete) => keys::delete(&node, delete).await,
        Command::ListMem(list) => keys::list(&node, list).await,
        Command::PutFile(put) => files::put(&node, put).await,
        Command::GetFile(get) => files::get(&node, get).await,
        Command::DeleteFile(delete) => files::delete(&node, delete.filename).await,
        Command::ListFiles(list) => files::list(&node, list).await,
        Command::Peers => network::peers(&node).await,
        Command::Status => network::status(&node).await,
        Command::Doctor(doctor) => doctor::doctor(&node, &doctor).await,
        Command::Demo(demo) => demo::demo(&demo).await,
        Command::Config(ConfigCommand::Show(show)) => generated::config_show(&node, &show),
        Command::Completions(completions) => Ok(generated::completions(&completions)),
        Command::Man(man) => generated::man(&man),
        Command::Walls => walls::walls(&node),
    }
}

/// A line on standard error.
pub(crate) fn note(text: &str) {
    output::error_line(&format!("sandlot: {text}"));
}

/// The node that the arguments name.
fn client(node: &NodeArguments) -> Client {
    let host = node.host.as_deref().unwrap_or("127.0.0.1");
    Client::new(Address::new(host, node.port.unwrap_or(PEER_PORT)))
}
