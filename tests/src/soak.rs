//! Honest and hostile load side by side, for as long as one likes: nothing may grow, and no answer may be wrong.

use crate::{
    Cluster, clock,
    hostile::{Hostile, collection, descriptors, honest, resident_bytes},
    measure::{Row, percentile},
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

const SAMPLE_EVERY: Duration = Duration::from_secs(1);

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

/// The rows of `scripts/soak`.
///
/// # Panics
/// When an honest task gets a wrong answer, or none.
pub async fn soak(time: Duration, mut report: impl FnMut(&str)) -> Vec<Row> {
    let cluster = Cluster::with(2, &["--keep-results-s", "5"]).await;
    let load = Arc::new(Load {
        until: clock::now() + time,
        programs: collection(),
        next: AtomicUsize::new(0),
        honest: AtomicU64::new(0),
        hostile: AtomicU64::new(0),
        keys: AtomicU64::new(0),
        cancelled: AtomicU64::new(0),
        wrong: std::sync::Mutex::default(),
    });
    let mut lanes = JoinSet::new();
    for peer in 0..2 {
        lanes.spawn(honest_lane(cluster.client(peer), Arc::clone(&load)));
        lanes.spawn(hostile_lane(cluster.client(peer), Arc::clone(&load)));
        lanes.spawn(hostile_lane(cluster.client(peer), Arc::clone(&load)));
        lanes.spawn(key_lane(cluster.client(peer), Arc::clone(&load)));
        lanes.spawn(cancel_lane(cluster.client(peer), Arc::clone(&load)));
    }
    let (mut memory, mut open) = (Vec::new(), Vec::new());
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    while clock::now() < load.until {
        ticks.tick().await;
        memory.push(cluster.peers.iter().map(resident_bytes).sum::<u64>() as f64);
        open.push(cluster.peers.iter().map(descriptors).sum::<usize>() as f64);
    }
    lanes.join_all().await;
    let wrong = load.wrong.lock().expect("no lane panicked").clone();
    for what in &wrong {
        report(what);
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    let runs = memory.len();
    vec![
        Row::new("honest tasks, all answered right", count(&load.honest), "tasks", runs),
        Row::new("hostile programs", count(&load.hostile), "tasks", runs),
        Row::new("hostile programs with another outcome than expected", wrong.len() as f64, "tasks", runs).at_most(0.0),
        Row::new("keys set and read back", count(&load.keys), "keys", runs),
        Row::new("tasks cancelled", count(&load.cancelled), "tasks", runs),
        growth("memory of the peers: last third / second third", &memory).at_most(1.1),
        growth("open descriptors of the peers: last third / second third", &open).at_most(1.1),
    ]
}

/// The first third warms up. Load goes up and down, so that the low marks are compared: what never comes back is a
/// leak.
fn growth(name: &str, values: &[f64]) -> Row {
    let third = values.len() / 3;
    let low = |part: &[f64]| percentile(&mut part.to_vec(), 0.25);
    let (middle, last) = (low(&values[third..2 * third]), low(&values[2 * third..]));
    assert!(values.len() >= 9, "a soak takes at least ten seconds");
    Row::new(name, last / middle.max(1.0), "ratio", values.len())
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
