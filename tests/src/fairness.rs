//! Measures how fairly a peer shares its processor, how long others wait, and how soon a task is stopped.

use crate::{
    Cluster, clock,
    hostile::{collection, honest},
    measure::{Row, jain, percentile},
    status, until,
};
use sandlot_client::Client;
use sandlot_protocol::{
    CpuTask, Reply, Request,
    request::{Nothing, TaskQuestion, WaitTask},
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// The slice that peers have unless told otherwise, in milliseconds.
const SLICE_MS: f64 = 1.5;
const LOOP: &str = "def main():\n    n = 0\n    while True: n += 1";

/// A task that never ends by itself.
fn endless(id: &str, submitter: &str, weight: u32) -> CpuTask {
    let mut task = CpuTask::new(LOOP);
    task.task_id = Some(id.parse().expect("an id"));
    task.submitter = Some(submitter.to_owned());
    task.weight = Some(weight);
    task.confidential = true;
    task.timeout = Some(600.0);
    task
}

async fn submit(client: &Client, task: CpuTask) {
    match client.ask(&Request::SubmitTask(task)).await {
        Ok(Reply::Status(_)) => {}
        other => panic!("a task was not taken: {other:?}"),
    }
}

/// Processor milliseconds of every live task.
async fn cpu_ms(client: &Client) -> BTreeMap<String, f64> {
    let reply = client.status(&Request::ListTasks(Nothing {})).await.expect("a peer lists its tasks");
    let tasks: Vec<Value> = reply.get("tasks").unwrap_or_default();
    let figure = |task: &Value| {
        let id = task["task_id"].as_str().unwrap_or_default().to_owned();
        (id, task["usage"]["cpu_ms"].as_f64().unwrap_or(0.0))
    };
    tasks.iter().map(figure).collect()
}

/// Runs these side by side on one worker; what each of them had of this time.
async fn shares(tasks: Vec<CpuTask>, time: Duration) -> BTreeMap<String, f64> {
    let cluster = Cluster::with(1, &["--workers", "1"]).await;
    let client = cluster.client(0);
    let count = tasks.len();
    for task in tasks {
        submit(&client, task).await;
    }
    until("every task has had a turn", async || {
        let had = cpu_ms(&client).await;
        had.len() == count && had.values().all(|had| *had > 0.0)
    })
    .await;
    let before = cpu_ms(&client).await;
    // What is measured is what happens in this time.
    tokio::time::sleep(time).await;
    let after = cpu_ms(&client).await;
    after.into_iter().map(|(id, had)| (id.clone(), had - before[&id])).collect()
}

/// The rows of `scripts/bench fairness`.
pub async fn fairness(time: Duration) -> Vec<Row> {
    let mut rows = Vec::new();
    let equal = (0..16).map(|number| endless(&format!("e{number}"), "one", 1)).collect();
    let had: Vec<f64> = shares(equal, time).await.into_values().collect();
    rows.push(Row::new("16 equal tasks, 1 worker: Jain index", jain(&had), "", 16).at_least(0.99));

    let weights = [("w1", 1), ("w2", 2), ("w4", 4)];
    let had = shares(weights.map(|(id, weight)| endless(id, "one", weight)).to_vec(), time).await;
    let all: f64 = had.values().sum();
    let off = weights.map(|(id, weight)| (had[id] / all / (f64::from(weight) / 7.0) - 1.0).abs() * 100.0);
    let off = off.into_iter().fold(0.0, f64::max);
    rows.push(Row::new("weights 1:2:4: largest deviation of a share", off, "%", 3).at_most(5.0));

    let mut tasks = vec![endless("alone", "one", 1)];
    tasks.extend((0..100).map(|number| endless(&format!("many{number}"), "other", 1)));
    let had = shares(tasks, time).await;
    let share = had["alone"] / had.values().sum::<f64>() * 100.0;
    rows.push(Row::new("submitters with 1 and 100 tasks: share of the first", share, "%", 101).at_least(47.5));
    rows.push(Row::new("submitters with 1 and 100 tasks: share of the first", share, "%", 101).at_most(52.5));
    rows.extend(mixed(time).await);
    rows.extend(latency().await);
    rows.extend(cancelling().await);
    rows
}

/// Programs whose time goes to page faults, copies and host calls get no more than a loop.
async fn mixed(time: Duration) -> Vec<Row> {
    let kinds = [
        ("loop", LOOP),
        ("copies", "def main():\n    data = bytearray(20_000_000)\n    while True: data[:] = bytes(data)"),
        ("pages", "def main():\n    while True: bytearray(30_000_000)"),
        ("host calls", "import os\ndef main():\n    while True: os.urandom(1_000_000)"),
    ];
    let tasks = kinds.map(|(name, program)| {
        let id = name.replace(' ', "-");
        CpuTask { program: program.to_owned(), ..endless(&id, "one", 1) }
    });
    let had = shares(tasks.to_vec(), time).await;
    let values: Vec<f64> = had.into_values().collect();
    vec![Row::new("a loop, copies, page faults, host calls: Jain index", jain(&values), "", 4).at_least(0.97)]
}

async fn latency() -> Vec<Row> {
    const LOOPS: u32 = 64;
    const ASKED: i64 = 500;
    let cluster = Cluster::start(1).await;
    let client = cluster.client(0);
    for number in 0..LOOPS {
        submit(&client, endless(&format!("l{number}"), "", 1)).await;
    }
    until("every loop runs", async || {
        cpu_ms(&client).await.values().filter(|had| **had > 0.0).count() == LOOPS as usize
    })
    .await;
    let workers = status(&client).await.get::<BTreeMap<String, u64>>("scheduler").expect("figures")["workers"] as f64;
    let mut took = Vec::new();
    for number in 0..ASKED {
        took.push(honest(&client, number).await.as_secs_f64() * 1e3);
    }
    let bound = (f64::from(LOOPS) / workers + 2.0) * SLICE_MS * 1.5;
    vec![
        Row::new("64 endless loops: a trivial task, p50", percentile(&mut took, 0.5), "ms", took.len()),
        Row::new("64 endless loops: a trivial task, p99", percentile(&mut took, 0.99), "ms", took.len()).at_most(bound),
    ]
}

/// How often each is cancelled.
const CANCEL_ROUNDS: usize = 5;

/// Cancels every program of the collection that would not end.
async fn cancelling() -> Vec<Row> {
    let cluster = Cluster::start(1).await;
    let client = cluster.client(0);
    honest(&client, 1).await;
    let (mut took, mut freed) = (BTreeMap::<_, Vec<f64>>::new(), Vec::new());
    let endless: Vec<_> = collection().into_iter().filter(|hostile| hostile.outcomes == ["timeout"]).collect();
    for (number, hostile) in endless.iter().cycle().take(endless.len() * CANCEL_ROUNDS).cloned().enumerate() {
        let id: sandlot_protocol::TaskId = format!("c{number}-{}", hostile.name).parse().expect("an id");
        let task = CpuTask { task_id: Some(id.clone()), timeout: Some(60.0), ..hostile.task };
        submit(&client, task).await;
        until("it runs", async || cpu_ms(&client).await.values().any(|had| *had > 20.0) || waits(&client).await).await;
        let started = clock::now();
        let cancelled = client.ask(&Request::CancelTask(TaskQuestion { task_id: id.clone() })).await;
        let ended = client.ask(&Request::WaitTask(WaitTask { task_id: id, wait_ms: None })).await;
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        took.entry(hostile.name.clone()).or_default().push(milliseconds);
        assert!(ended.is_ok(), "{}: {cancelled:?} {ended:?}", hostile.name);
        until("its memory is free", async || {
            status(&client).await.get::<BTreeMap<String, u64>>("scheduler").expect("figures")["memory_bytes"] == 0
        })
        .await;
        freed.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let mut all: Vec<f64> = took.values().flatten().copied().collect();
    let middle = took.into_iter().map(|(name, mut took)| (percentile(&mut took, 0.5), name));
    let (slowest, name) = middle.max_by(|one, other| one.0.total_cmp(&other.0)).expect("programs that do not end");
    let count = all.len();
    vec![
        Row::new("cancel of each endless hostile program, p50", percentile(&mut all, 0.5), "ms", count),
        Row::new("cancel of each endless hostile program, p99", percentile(&mut all, 0.99), "ms", count),
        Row::new(format!("cancel: the slowest program by its median, {name}"), slowest, "ms", CANCEL_ROUNDS)
            .at_most(2.0 * SLICE_MS),
        Row::new(
            "cancel: memory is free again, p99 (looked at every 20 ms)",
            percentile(&mut freed, 0.99),
            "ms",
            count,
        ),
    ]
}

async fn waits(client: &Client) -> bool {
    status(client).await.get::<BTreeMap<String, u64>>("scheduler").expect("figures")["waiting"] > 0
}
