//! Here, or at the peer that the tracker names. If that one fails, the next; at last here.

use crate::{
    clients::Clients,
    membership::Membership,
    run::{rejected, run_here},
    spans,
    tasks::{Begun, Place, Slot, Tasks, Waiter},
};
use sandlot_client::ClientError;
use sandlot_compute::{Compute, RunHandle, Submitter};
use sandlot_net::clock;
use sandlot_protocol::{
    Address, CpuResult, CpuTask, ErrorCode, Outcome, Refusal, Request, TaskId, request::TaskQuestion,
};
use std::{
    future::Future,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, info, warn};

/// A task that brings more bytes than these is the workers' from the beginning: its input is copied into its memory first.
const HERE_BYTES_MAX: u64 = 64 << 10;
/// Peers that are tried before the task runs here.
const PEERS_TRIED_MAX: usize = 4;
/// How long a peer may take to hear that a task was cancelled.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
/// When it is told again that does not know the task yet.
const CANCEL_AGAIN: Duration = Duration::from_millis(20);

/// Decides where tasks run.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(crate) me: Address,
    pub(crate) compute: Arc<Compute>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) membership: Arc<Membership>,
    /// The peer is stopping: what is cancelled from now on can run elsewhere.
    pub(crate) stopping: CancellationToken,
    /// Tasks under way; joined when the peer stops.
    pub(crate) under_way: TaskTracker,
    pub(crate) clients: Clients,
}

/// A task that was asked for.
enum Started {
    /// It has not ended.
    Waiting(TaskId, Waiter),
    /// It has, or there was no room for it.
    Ended(Arc<CpuResult>),
}

pub(crate) fn lost() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the task was lost; the peer's log says how")
}

/// Whether taking in what it brings is a matter of microseconds.
fn is_small(task: &CpuTask) -> bool {
    task.input_bytes() <= HERE_BYTES_MAX
}

impl Dispatch {
    /// Runs a task somewhere and tells how it ended. Dropping this stops the task, unless somebody else waits for it.
    /// `host` is where the request came from; `here` lets a short task run in this thread (`Compute::submit_here`).
    ///
    /// # Errors
    /// When the task's id belongs to another task, or a member is out of range.
    pub(crate) async fn run(
        self: &Arc<Self>,
        task: CpuTask,
        host: &str,
        here: bool,
    ) -> Result<Arc<CpuResult>, Refusal> {
        let (_, waiter) = match self.begin(task, host, false, here)? {
            Started::Waiting(id, waiter) => (id, waiter),
            Started::Ended(result) => return Ok(result),
        };
        waiter.wait().await.ok_or_else(lost)
    }

    /// Begins a task whose result is kept for later. Tells its id, or how it ended if it has.
    ///
    /// # Errors
    /// As `run`.
    pub(crate) fn submit(
        self: &Arc<Self>,
        task: CpuTask,
        host: &str,
    ) -> Result<(TaskId, Option<Arc<CpuResult>>), Refusal> {
        Ok(match self.begin(task, host, true, false)? {
            Started::Waiting(id, _) => (id, None),
            Started::Ended(result) => (result.task_id.clone(), Some(result)),
        })
    }

    fn begin(self: &Arc<Self>, mut task: CpuTask, host: &str, kept: bool, here: bool) -> Result<Started, Refusal> {
        task.check()?;
        let here = here && is_small(&task);
        let id = task.task_id.clone().unwrap_or_else(sandlot_client::new_task_id);
        let submitter = Submitter::new(host, task.submitter.as_deref().unwrap_or_default());
        Ok(match self.tasks.begin(&id, &mut task, submitter, kept, clock::unix_seconds()) {
            Begun::New(slot, waiter) => {
                let (dispatch, id_here) = (Arc::clone(self), id.clone());
                let span = spans::task(&task, &id);
                let carrying = async move { dispatch.carry_out(task, slot, id_here, here).await }.instrument(span);
                let mut carrying = Box::pin(carrying);
                let _token = self.under_way.token();
                // A short task may end at once: then there is nothing to go on with.
                if !here || carrying.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                    self.under_way.spawn(carrying);
                }
                Started::Waiting(id, waiter)
            }
            Begun::Known(waiter) => Started::Waiting(id, waiter),
            Begun::Ended(result) => Started::Ended(result),
            Begun::Conflict => {
                let text = format!("task_id {id} belongs to a task with another body: take another id");
                return Err(Refusal::new(ErrorCode::Conflict, text));
            }
            Begun::Full(reason) => {
                Started::Ended(Arc::new(rejected(&id, reason, self.compute.retry_after(), &self.me)))
            }
        })
    }

    async fn carry_out(self: Arc<Self>, task: CpuTask, slot: Slot, id: TaskId, mut here: bool) {
        let mut tries_left = task.max_retries;
        let mut task = Some(task);
        // Another try is another task to the peer that gets it: under the same id it would tell the first one's end.
        let mut try_id = id.clone();
        let (mut result, run) = loop {
            // The last try has it to itself.
            let this = if tries_left > 0 { task.clone() } else { task.take() };
            let Some(this) = this else { unreachable!("the last try is the last") };
            let (result, run) = self.run_once(&try_id, this, &slot, std::mem::take(&mut here)).await;
            let failed = matches!(result.outcome(), Outcome::Exception | Outcome::Timeout | Outcome::Crashed);
            if !failed || tries_left == 0 || slot.cancel.is_cancelled() {
                break (result, run);
            }
            tries_left -= 1;
            slot.try_again();
            try_id = sandlot_client::new_task_id();
        };
        result.task_id = id.clone();
        result.stopping = result.outcome() == Outcome::Cancelled && self.stopping.is_cancelled();
        spans::ended(&result);
        let (outcome, wall_ms) = (result.outcome().as_str(), result.usage.wall_ms);
        slot.end(result, clock::unix_seconds());
        // Behind the answer, if this thread gives it: as soon as whoever does waits for the next request.
        let afterwards = async move {
            info!(task = %id, outcome, wall_ms, "a task ended");
            if let Some(run) = run {
                run.put_away();
            }
        };
        self.under_way.spawn(afterwards.in_current_span());
    }

    async fn run_once(&self, id: &TaskId, task: CpuTask, slot: &Slot, here: bool) -> (CpuResult, Option<RunHandle>) {
        if !task.confidential && task.source_peer.is_none() {
            let mut failed = Vec::new();
            while failed.len() < PEERS_TRIED_MAX && !slot.cancel.is_cancelled() {
                let best = self.membership.best_peer(&failed).instrument(spans::choose());
                let Some(peer) = best.await else { break };
                if peer == self.me {
                    break;
                }
                match self.run_at(&peer, id, &task, slot).instrument(spans::forward(&peer)).await {
                    Ok(result) => return (result, None),
                    Err(reason) => {
                        warn!(task = %id, %peer, %reason, "a peer did not run a task; the next one is tried");
                        slot.attempt(&peer, &reason);
                        failed.push(peer);
                    }
                }
            }
        }
        let running = async {
            let (result, run) = run_here(&self.compute, id, task, slot, &self.me, here).await;
            spans::ran(&result);
            (result, run)
        };
        running.instrument(spans::run()).await
    }

    /// Sends the task to that peer. An error means that it can be tried elsewhere.
    async fn run_at(&self, peer: &Address, id: &TaskId, task: &CpuTask, slot: &Slot) -> Result<CpuResult, String> {
        slot.place(Place::At(peer.clone(), id.clone()));
        let client = self.clients.for_task(peer).ok_or("too many tasks are under way there from here")?;
        let source_peer = Some(self.me.to_string());
        // The peer sees us as the host; the name tells it whose task this is.
        let Submitter { host, name } = &slot.submitter;
        let submitter = Some(if name.is_empty() { host.to_string() } else { format!("{host}/{name}") });
        let traceparent = spans::traceparent();
        let known = CpuTask { task_id: Some(id.clone()), source_peer, submitter, traceparent, ..task.clone() };
        let forwarded = CpuTask { max_retries: 0, ..known };
        let running = client.run(forwarded);
        tokio::pin!(running);
        let result = tokio::select! {
            result = &mut running => result,
            () = slot.cancel.cancelled() => {
                self.cancel_at(peer, id, running).await;
                return Ok(CpuResult::ended(id.clone(), Outcome::Cancelled, "the task was cancelled", peer));
            }
        };
        match result {
            Ok(result) if result.stopping => Err("it is stopping".to_owned()),
            Ok(result) if result.outcome() == Outcome::Rejected => Err(result.error.unwrap_or_default()),
            Ok(mut result) => {
                result.executed_by.get_or_insert_with(|| peer.to_string());
                Ok(result)
            }
            Err(ClientError::Refused(refusal)) => Err(format!("it refused: {refusal}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Has that peer stop a task, and waits until it has. The peer may get the cancel before the task: then it is told
    /// again.
    async fn cancel_at<T>(&self, peer: &Address, id: &TaskId, running: impl Future<Output = T>) {
        let client = self.clients.to(peer);
        let cancel = Request::CancelTask(TaskQuestion { task_id: id.clone() });
        let telling = async {
            loop {
                match client.ask(&cancel).await {
                    Err(ClientError::Refused(refusal)) if refusal.code == ErrorCode::NotFound => {
                        tokio::time::sleep(CANCEL_AGAIN).await;
                    }
                    Ok(_) => std::future::pending().await,
                    Err(error) => break error,
                }
            }
        };
        tokio::select! {
            _ = running => {}
            error = telling => warn!(task = %id, %peer, %error, "a peer may not know that a task was cancelled"),
            () = tokio::time::sleep(CANCEL_TIMEOUT) => warn!(task = %id, %peer, "a peer did not stop a task in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_input_is_left_to_the_workers() {
        let task = |bytes: u64| {
            let text = format!(r#"{{"type":"CPU_TASK","program":"","stdin":"{}"}}"#, "x".repeat(bytes as usize));
            match Request::parse(&text).request.expect("a request") {
                Request::CpuTask(task) => task,
                other => panic!("{other:?}"),
            }
        };
        assert!(is_small(&task(HERE_BYTES_MAX)));
        assert!(!is_small(&task(HERE_BYTES_MAX + 1)));
    }
}
