//! Measures what many tasks at one time cost a peer.

use crate::{
    Cluster, clock,
    hostile::{honest, private_bytes},
    measure::Row,
    status, until,
};
use sandlot_client::Client;
use sandlot_protocol::{CpuTask, Outcome};
use std::{collections::BTreeMap, sync::Arc};
use tokio::task::JoinSet;

const MIB: f64 = 1048576.0;
const LIVE: usize = 1000;
const AT_ONCE: usize = 10_000;

/// The rows of `scripts/bench density`.
pub async fn density() -> Vec<Row> {
    let mut rows = live().await;
    rows.extend(at_once().await);
    rows
}

/// Tasks that all live and sleep.
async fn live() -> Vec<Row> {
    let cluster = Cluster::start(1).await;
    let client = Arc::new(cluster.client(0));
    for number in 0..20 {
        honest(&client, number).await;
    }
    let before = private_bytes(&cluster.peers[0]);
    let mut running = JoinSet::new();
    for _ in 0..4 {
        // A connection carries 256 requests at one time.
        let client = Arc::new(cluster.client(0));
        for _ in 0..LIVE / 4 {
            let client = Arc::clone(&client);
            running.spawn(async move { sleeper(&client).await });
        }
    }
    until("all of them sleep", async || {
        let scheduler: BTreeMap<String, u64> = status(&client).await.get("scheduler").expect("figures");
        scheduler["waiting"] == LIVE as u64
    })
    .await;
    let each = private_bytes(&cluster.peers[0]).saturating_sub(before) as f64 / LIVE as f64 / MIB;
    let mut pages = running.join_all().await;
    let finished = pages.len();
    let pages = crate::measure::percentile(&mut pages, 0.5);
    vec![
        Row::new("1,000 live tasks: private memory of each, by the kernel", each, "MiB", LIVE).at_most(1.0),
        Row::new("1,000 live tasks: private memory of each, as its usage tells", pages, "MiB", LIVE),
        Row::new("1,000 live tasks: finished", finished as f64, "tasks", LIVE).at_least(LIVE as f64),
    ]
}

/// Sleeps until all others sleep too; its private memory.
async fn sleeper(client: &Client) -> f64 {
    let mut task = CpuTask::new("import time\ndef main():\n    time.sleep(15)\n    return 'awake'");
    task.confidential = true;
    let result = client.run(task).await.expect("a peer answers");
    assert_eq!(result.outcome(), Outcome::Ok, "{:?}", result.error);
    result.usage.private_memory_bytes as f64 / MIB
}

/// Tasks submitted together: each is done, and done once.
async fn at_once() -> Vec<Row> {
    let cluster = Cluster::start(1).await;
    honest(&cluster.client(0), 1).await;
    let started = clock::now();
    let mut asking = JoinSet::new();
    for lane in 0..40 {
        let client = Arc::new(cluster.client(0));
        for number in (lane..AT_ONCE).step_by(40) {
            let client = Arc::clone(&client);
            asking.spawn(async move { tripled(&client, number).await });
        }
    }
    let right = asking.join_all().await.into_iter().filter(|right| *right).count();
    let seconds = started.elapsed().as_secs_f64();
    let tasks: serde_json::Value = status(&cluster.client(0)).await.get("tasks").expect("figures");
    let run = tasks["by_outcome"]["ok"].as_f64().unwrap_or(0.0) - 1.0;
    vec![
        Row::new("10,000 at once: right answers", right as f64, "tasks", AT_ONCE).at_least(AT_ONCE as f64),
        Row::new("10,000 at once: runs", run, "tasks", AT_ONCE).at_most(AT_ONCE as f64),
        Row::new("10,000 at once: tasks a second", AT_ONCE as f64 / seconds, "1/s", AT_ONCE),
    ]
}

async fn tripled(client: &Client, number: usize) -> bool {
    let mut task = CpuTask::new("def main(n): return n * 3");
    task.args = Some(sandlot_protocol::raw_json(format!("[{number}]")).expect("JSON"));
    task.confidential = true;
    client.run(task).await.is_ok_and(|result| result.result.get() == (number * 3).to_string())
}
