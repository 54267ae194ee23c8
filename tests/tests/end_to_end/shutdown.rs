//! SIGTERM and Ctrl-C: unregister, let tasks finish, answer the rest, exit 0. A second one stops at once.

use rustix::process::Signal;
use sandlot_protocol::{CpuTask, Outcome};
use sandlot_tests::{Cluster, run, status, until};

async fn wait_until_live(cluster: &Cluster, count: usize) {
    let client = cluster.client(0);
    until("tasks run", async || status(&client).await.get::<serde_json::Value>("tasks").unwrap()["live"] == count)
        .await;
}

#[tokio::test]
async fn running_tasks_may_finish() {
    let mut cluster = Cluster::start(1).await;
    let client = cluster.client(0);
    let task = CpuTask::new("import time\ndef main():\n    time.sleep(0.5)\n    return 'finished'");
    let waiting = tokio::spawn(async move { run(&client, task).await });
    wait_until_live(&cluster, 1).await;
    cluster.peers[0].signal(Signal::TERM);
    assert_eq!(waiting.await.unwrap().result.get(), "\"finished\"");
    assert!(cluster.peers[0].ended().await.success());
    cluster.wait_for_peers(0).await;
    cluster.tracker.signal(Signal::INT);
    assert!(cluster.tracker.ended().await.success());
}

#[tokio::test]
async fn what_takes_too_long_is_cancelled() {
    let mut cluster = Cluster::with(1, &["--drain-ms", "100"]).await;
    let client = cluster.client(0);
    let waiting = tokio::spawn(async move { run(&client, CpuTask::new("def main():\n    while True: pass")).await });
    wait_until_live(&cluster, 1).await;
    cluster.peers[0].signal(Signal::INT);
    let result = waiting.await.unwrap();
    assert_eq!((result.outcome(), result.stopping), (Outcome::Cancelled, true));
    assert!(cluster.peers[0].ended().await.success());
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let mut cluster = Cluster::with(1, &["--drain-ms", "600000"]).await;
    let client = cluster.client(0);
    let waiting = tokio::spawn(async move { client.run(CpuTask::new("def main():\n    while True: pass")).await });
    wait_until_live(&cluster, 1).await;
    cluster.peers[0].signal(Signal::TERM);
    cluster.wait_for_peers(0).await;
    cluster.peers[0].signal(Signal::TERM);
    assert_eq!(cluster.peers[0].ended().await.code(), Some(130));
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn what_a_stopping_peer_gives_up_runs_elsewhere() {
    let mut cluster = Cluster::with(2, &["--drain-ms", "100"]).await;
    let client = cluster.client(0);
    let program = "import time\ndef main():\n    time.sleep(1.5)\n    return 'done'";
    let tasks: Vec<_> = (0..4).map(|_| CpuTask::new(program)).collect();
    let mut waiting = tokio::task::JoinSet::new();
    let client = std::sync::Arc::new(client);
    for task in tasks {
        let client = std::sync::Arc::clone(&client);
        waiting.spawn(async move { run(&client, task).await });
    }
    let other = cluster.client(1);
    until("the other peer has some", async || {
        status(&other).await.get::<serde_json::Value>("tasks").unwrap()["live"].as_u64() > Some(0)
    })
    .await;
    cluster.peers[1].signal(Signal::TERM);
    assert!(cluster.peers[1].ended().await.success());
    let here = cluster.peers[0].address.to_string();
    while let Some(result) = waiting.join_next().await {
        let result = result.unwrap();
        assert_eq!((result.result.get(), result.executed_by.as_deref()), ("\"done\"", Some(here.as_str())));
    }
}
