//! Where tasks run, and what their ids mean.

use sandlot_client::ClientError;
use sandlot_protocol::{
    CpuTask, ErrorCode, Outcome, Request,
    request::{Nothing, TaskQuestion},
};
use sandlot_tests::{Cluster, run, status, until};
use serde_json::Value;
use std::collections::BTreeSet;

const ENDLESS: &str = "def main():\n    while True: pass";

fn named(id: &str, program: &str) -> CpuTask {
    CpuTask { task_id: Some(id.parse().unwrap()), ..CpuTask::new(program) }
}

async fn live(client: &sandlot_client::Client) -> Vec<Value> {
    client.status(&Request::ListTasks(Nothing {})).await.unwrap().get("tasks").unwrap()
}

#[tokio::test]
async fn public_tasks_are_spread_and_confidential_ones_stay() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client(0);
    let (mut public, mut confidential) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..9 {
        public.extend(run(&client, CpuTask::new("def main(): return 1")).await.executed_by);
        let task = CpuTask { confidential: true, ..CpuTask::new("def main(): return 1") };
        confidential.extend(run(&client, task).await.executed_by);
    }
    assert_eq!(public.len(), 3, "{public:?}");
    assert_eq!(confidential, BTreeSet::from([cluster.peers[0].address.to_string()]));
    let forwarded = CpuTask { source_peer: Some("127.0.0.1:1".to_owned()), ..CpuTask::new("def main(): return 1") };
    assert_eq!(run(&client, forwarded).await.executed_by, Some(cluster.peers[0].address.to_string()));
}

#[tokio::test]
async fn a_busy_peer_is_left_alone() {
    let cluster = Cluster::start(2).await;
    let busy = cluster.client(0);
    let mut running = tokio::task::JoinSet::new();
    let address = cluster.peers[0].address.clone();
    for number in 0..8 {
        let client = sandlot_client::Client::new(address.clone());
        running.spawn(async move {
            client.run(CpuTask { confidential: true, ..named(&format!("E{number}"), ENDLESS) }).await.unwrap()
        });
    }
    let tracker = cluster.tracker.client();
    until("the tracker knows the load", async || {
        let peers: Vec<Value> = status(&tracker).await.get("peers").unwrap();
        peers.iter().any(|peer| peer["port"] == cluster.peers[0].port() && peer["cpu_load"].as_f64() > Some(0.5))
    })
    .await;
    for _ in 0..3 {
        let result = run(&busy, CpuTask::new("def main(): return 1")).await;
        assert_eq!(result.executed_by, Some(cluster.peers[1].address.to_string()));
    }
    for number in 0..8 {
        let cancel = TaskQuestion { task_id: format!("E{number}").parse().unwrap() };
        busy.status(&Request::CancelTask(cancel)).await.unwrap();
    }
    while let Some(result) = running.join_next().await {
        assert_eq!(result.unwrap().outcome(), Outcome::Cancelled);
    }
}

#[tokio::test]
async fn an_id_is_an_idempotency_key() {
    let cluster = Cluster::start(1).await;
    let client = cluster.client(0);
    let random = "import random\ndef main(): return random.random()";
    let first = run(&client, named("K", random)).await;
    assert_eq!(run(&client, named("K", random)).await.result.get(), first.result.get());
    let error = client.run(named("K", "def main(): return 1")).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused(refusal) if refusal.code == ErrorCode::Conflict));
    assert_ne!(run(&client, CpuTask::new(random)).await.result.get(), first.result.get());
}

#[tokio::test]
async fn a_task_can_be_cancelled_where_it_was_asked_wherever_it_runs() {
    let cluster = Cluster::start(2).await;
    for id in ["C1", "C2"] {
        let asked = cluster.client(0);
        let waiting = asked.run(named(id, ENDLESS));
        let cancelling = async {
            let client = cluster.client(0);
            until("it runs", async || live(&client).await.iter().any(|task| task["state"] != "queued")).await;
            client.status(&Request::CancelTask(TaskQuestion { task_id: id.parse().unwrap() })).await.unwrap()
        };
        let (result, status) = tokio::join!(waiting, cancelling);
        assert_eq!((result.unwrap().outcome(), status.status.as_str()), (Outcome::Cancelled, "CANCELLED"));
    }
    for peer in 0..2 {
        let client = cluster.client(peer);
        until("nothing runs any more", async || live(&client).await.is_empty()).await;
    }
}

#[tokio::test]
async fn failed_tasks_are_tried_again_as_often_as_asked() {
    let cluster = Cluster::start(1).await;
    let flaky =
        "import random\ndef main():\n    if random.random() < 0.7: raise ValueError('again')\n    return 'done'";
    let result = run(&cluster.client(0), CpuTask { max_retries: 10, ..CpuTask::new(flaky) }).await;
    // All eleven tries fail once in two thousand runs; then the outcome is honest.
    assert!(result.outcome() == Outcome::Ok || result.error.unwrap().contains("again"));
    let failing = CpuTask { max_retries: 1, ..CpuTask::new("def main(): raise ValueError('no')") };
    assert_eq!(run(&cluster.client(0), failing).await.error.unwrap(), "ValueError: no");
}

#[tokio::test]
async fn a_full_peer_rejects_with_a_hint() {
    let cluster = Cluster::with(1, &["--workers", "1", "--live-tasks", "1", "--queued-tasks", "0"]).await;
    let client = cluster.client(0);
    let rejected = run(&client, CpuTask::new("def main(): return 1")).await;
    assert_eq!(rejected.outcome(), Outcome::Rejected);
    assert!(rejected.retry_after_ms.is_some_and(|wait| wait > 0) && rejected.error.unwrap().contains("try again"));
}

#[tokio::test]
async fn a_task_nobody_waits_for_is_stopped_and_may_be_asked_again() {
    let cluster = Cluster::start(1).await;
    let client = cluster.client(0);
    let program = "import time\ndef main():\n    time.sleep(1)\n    return 'done'";
    {
        let lost = cluster.client(0);
        let waiting = lost.run(named("L", program));
        tokio::select! {
            _ = waiting => panic!("it takes a second"),
            () = until("it runs", async || !live(&client).await.is_empty()) => {}
        }
    }
    until("it is gone", async || live(&client).await.is_empty()).await;
    assert_eq!(run(&client, named("L", program)).await.result.get(), "\"done\"");
}

/// A client that fails over asks several peers for the same task; they must not wait for each other.
#[tokio::test]
async fn the_same_id_at_every_peer_ends_at_every_peer() {
    let cluster = Cluster::start(3).await;
    for round in 0..6 {
        let mut asked = tokio::task::JoinSet::new();
        for peer in 0..3 {
            let client = cluster.client(peer);
            let task = named(&format!("R{round}"), "import time\ndef main():\n    time.sleep(0.05)\n    return 7");
            asked.spawn(async move { run(&client, task).await });
        }
        while let Some(result) = asked.join_next().await {
            assert_eq!(result.unwrap().result.get(), "7");
        }
    }
}

/// More forwarded tasks than one connection takes at a time: the peer that has them must not seem dead.
#[tokio::test]
async fn many_sleeping_tasks_are_not_run_twice() {
    let cluster = Cluster::start(2).await;
    let client = std::sync::Arc::new(cluster.client(0));
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..600 {
        let client = std::sync::Arc::clone(&client);
        let task = CpuTask::new("import time\ndef main():\n    time.sleep(1)\n    return 1");
        asked.spawn(async move { run(&client, task).await });
    }
    while let Some(result) = asked.join_next().await {
        assert_eq!(result.unwrap().outcome(), Outcome::Ok);
    }
    let mut done = 0;
    for peer in 0..2 {
        let statistics: Value = status(&cluster.client(peer)).await.get("scheduler").unwrap();
        let tasks: Value = status(&cluster.client(peer)).await.get("tasks").unwrap();
        assert_eq!((&tasks["live"], &statistics["waiting"]), (&Value::from(0), &Value::from(0)));
        done += tasks["total"].as_u64().unwrap();
    }
    // Every task is counted where it was asked, and once more where it was sent.
    assert!((600..=1200).contains(&done), "{done}");
}
