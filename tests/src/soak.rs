//! Honest and hostile load side by side, for as long as one likes: nothing may grow, and no answer may be wrong.

use crate::{
    Cluster, clock,
    hostile::{Hostile, anonymous_bytes, collection, descriptors, honest},
    measure::Row,
    status, until,
};
use sandlot_client::Client;
use sandlot_protocol::{
    CpuTask, Outcome, Reply, Request,
    request::{GetMem, SetMem, TaskQuestion},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const MIB: f64 = 1048576.0;
/// The peers' timelines are bounded and fill as turns are given: what they may take at most.
const TIMELINES_MIB: f64 = 32.0;
/// How long peers remember tasks here, and a little more.
const RESULTS_KEPT: Duration = Duration::from_secs(6);

impl Load {
    fn new(programs: Vec<Hostile>) -> Self {
        Self {
            until: clock::now(),
            programs,
            next: AtomicUsize::new(0),
            honest: AtomicU64::new(0),
            hostile: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            wrong: std::sync::Mutex::default(),
        }
    }
}

/// What the lanes share.
#[derive(Debug)]
struct Load {
    until: Instant,
    programs: Vec<Hostile>,
    next: AtomicUsize,
    honest: AtomicU64,
    hostile: AtomicU64,
    keys: AtomicU64,
    cancelled: AtomicU64,
    /// Programs whose outcome was not the expected one, and why.
    wrong: std::sync::Mutex<Vec<String>>,
}

/// The load comes in so many rounds. After each the peers have nothing to do: what they hold then is looked at.
const ROUNDS: usize = 3;

/// The rows of `scripts/soak`.
///
/// # Panics
/// When an honest task gets a wrong answer, or none.
pub async fn soak(time: Duration, mut report: impl FnMut(&str)) -> Vec<Row> {
    let cluster = Cluster::with(2, &["--keep-results-s", "5"]).await;
    let (mut memory, mut open) = (Vec::new(), Vec::new());
    let mut load = Arc::new(Load::new(collection()));
    for _ in 0..ROUNDS {
        Arc::get_mut(&mut load).expect("no lane runs").until = clock::now() + time / ROUNDS as u32;
        let mut lanes = JoinSet::new();
        for peer in 0..2 {
            lanes.spawn(honest_lane(cluster.client(peer), Arc::clone(&load)));
            lanes.spawn(hostile_lane(cluster.client(peer), Arc::clone(&load)));
            lanes.spawn(hostile_lane(cluster.client(peer), Arc::clone(&load)));
            lanes.spawn(key_lane(cluster.client(peer), Arc::clone(&load)));
            lanes.spawn(cancel_lane(cluster.client(peer), Arc::clone(&load)));
        }
        lanes.join_all().await;
        for peer in 0..2 {
            let client = cluster.client(peer);
            until("nothing runs", async || {
                let tasks: serde_json::Value = status(&client).await.get("tasks").unwrap_or_default();
                tasks["live"] == 0
            })
            .await;
            // The last tasks' results are forgotten, and their connections closed.
            tokio::time::sleep(RESULTS_KEPT).await;
            honest(&client, 1).await;
        }
        memory.push(cluster.peers.iter().map(anonymous_bytes).sum::<u64>() as f64 / MIB);
        open.push(cluster.peers.iter().map(descriptors).sum::<usize>() as f64);
    }
    let wrong = load.wrong.lock().expect("no lane panicked").clone();
    wrong.iter().for_each(|what| report(what));
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    vec![
        Row::new("honest tasks, all answered right", count(&load.honest), "tasks", ROUNDS),
        Row::new("hostile programs", count(&load.hostile), "tasks", ROUNDS),
        Row::new("hostile programs with another outcome than expected", wrong.len() as f64, "tasks", ROUNDS)
            .at_most(0.0),
        Row::new("keys set and read back", count(&load.keys), "keys", ROUNDS),
        Row::new("tasks cancelled", count(&load.cancelled), "tasks", ROUNDS),
        Row::new("memory of both peers at rest, after the first round", memory[0], "MiB", ROUNDS),
        Row::new("memory of both peers at rest, after the last round", memory[ROUNDS - 1], "MiB", ROUNDS)
            .at_most(memory[1] * 1.1 + TIMELINES_MIB),
        Row::new("open descriptors at rest, after the last round", open[ROUNDS - 1], "", ROUNDS).at_most(open[1] * 1.1),
    ]
}

async fn honest_lane(client: Client, load: Arc<Load>) {
    while clock::now() < load.until {
        let number = load.honest.fetch_add(1, Ordering::Relaxed);
        honest(&client, i64::try_from(number).unwrap_or(0)).await;
    }
}

async fn hostile_lane(client: Client, load: Arc<Load>) {
    while clock::now() < load.until {
        let number = load.next.fetch_add(1, Ordering::Relaxed);
        // Another order than the one by name, so that classes mix.
        let program = &load.programs[number * 379 % load.programs.len()];
        let verdict = program.run(&client).await;
        load.hostile.fetch_add(1, Ordering::Relaxed);
        if let Some(what) = verdict.wrong {
            load.wrong.lock().expect("no lane panicked").push(format!("{}: {what}", program.name));
        }
    }
}

async fn key_lane(client: Client, load: Arc<Load>) {
    while clock::now() < load.until {
        let number = load.keys.fetch_add(1, Ordering::Relaxed);
        let key: sandlot_protocol::Key = format!("soak-{}", number % 100).parse().expect("a key");
        let value = sandlot_protocol::raw_json(number.to_string()).expect("JSON");
        let set = SetMem { key: key.clone(), value, ttl_ms: Some(60_000), if_version: None };
        client.ask(&Request::SetMem(set)).await.expect("a key is set");
        match client.ask(&Request::GetMem(GetMem { key })).await {
            Ok(Reply::MemResponse(found)) => assert!(found.found),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn cancel_lane(client: Client, load: Arc<Load>) {
    while clock::now() < load.until {
        let number = load.cancelled.fetch_add(1, Ordering::Relaxed);
        let mut task = CpuTask::new("def main():\n    while True: pass");
        let id: sandlot_protocol::TaskId = format!("soak-{number}").parse().expect("an id");
        task.task_id = Some(id.clone());
        let (result, _) = tokio::join!(client.run(task), async {
            tokio::time::sleep(Duration::from_millis(number % 50)).await;
            // It may not have come yet: then it is cancelled a moment later.
            while client.ask(&Request::CancelTask(TaskQuestion { task_id: id.clone() })).await.is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        assert_eq!(result.expect("a peer answers").outcome(), Outcome::Cancelled);
    }
}
