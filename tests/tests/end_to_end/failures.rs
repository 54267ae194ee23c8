//! Peers and trackers that go away without a word.

use sandlot_protocol::{
    CpuTask, FileName, Outcome, Reply, Request,
    request::{FileQuestion, PutFile},
};
use sandlot_tests::{Cluster, run, start_peer, start_tracker, status, until};
use tokio::task::JoinSet;

/// Tasks are submitted all the while; each must come back with its own value.
#[tokio::test]
async fn killing_peers_and_the_tracker_loses_no_task() {
    let mut cluster = Cluster::start(3).await;
    let client = std::sync::Arc::new(cluster.client(0));
    let mut tasks = JoinSet::new();
    let submit = |tasks: &mut JoinSet<_>, number: usize| {
        let client = std::sync::Arc::clone(&client);
        let mut task = CpuTask::new("import time\ndef main(n):\n    time.sleep(0.05)\n    return sum(range(n))");
        task.args = Some(sandlot_protocol::raw_json(format!("[{number}]")).unwrap());
        tasks.spawn(async move { (number, run(&client, task).await) });
    };
    for number in 0..20 {
        submit(&mut tasks, number);
    }
    cluster.peers[1].kill().await;
    for number in 20..40 {
        submit(&mut tasks, number);
    }
    cluster.tracker.kill().await;
    for number in 40..60 {
        submit(&mut tasks, number);
    }
    cluster.peers[2].kill().await;
    for number in 60..80 {
        submit(&mut tasks, number);
    }
    let mut seen = 0;
    while let Some(ended) = tasks.join_next().await {
        let (number, result) = ended.unwrap();
        let expected = (number * number.saturating_sub(1) / 2).to_string();
        assert_eq!((result.outcome(), result.result.get()), (Outcome::Ok, expected.as_str()), "{:?}", result.error);
        seen += 1;
    }
    assert_eq!(seen, 80);
}

#[tokio::test]
async fn a_peer_registers_again_with_its_files_after_the_tracker_restarts() {
    let mut cluster = Cluster::start(1).await;
    let client = cluster.client(0);
    let filename: FileName = "kept.txt".parse().unwrap();
    let put = Request::PutFile(PutFile { filename: filename.clone(), data: "aGk=".to_owned() });
    client.status(&put).await.unwrap();
    let port = cluster.tracker.port();
    cluster.tracker.kill().await;
    cluster.tracker = start_tracker(port).await;
    cluster.wait_for_peers(1).await;
    let tracker = cluster.tracker.client();
    until("the tracker knows the file", async || {
        let find = Request::FindFile(FileQuestion { filename: filename.clone() });
        matches!(tracker.ask(&find).await, Ok(Reply::FilePeers(found)) if found.peers.len() == 1)
    })
    .await;
}

#[tokio::test]
async fn a_killed_peer_is_dropped_with_its_files() {
    let mut cluster = Cluster::start(2).await;
    let filename: FileName = "lost.txt".parse().unwrap();
    let put = Request::PutFile(PutFile { filename: filename.clone(), data: "aGk=".to_owned() });
    cluster.client(1).status(&put).await.unwrap();
    cluster.peers[1].kill().await;
    cluster.wait_for_peers(1).await;
    let find = Request::FindFile(FileQuestion { filename });
    let Ok(Reply::FilePeers(found)) = cluster.client(0).ask(&find).await else { panic!("a peer asks its tracker") };
    assert_eq!(found.peers, []);
}

#[tokio::test]
async fn without_a_tracker_tasks_run_here() {
    let folder = tempfile::tempdir().unwrap();
    let peer = start_peer(folder.path(), &"127.0.0.1:1".parse().unwrap(), &[]).await;
    let result = run(&peer.client(), CpuTask::new("def main(): return 2 ** 100")).await;
    assert_eq!(result.result.get(), (1u128 << 100).to_string());
    assert_eq!(status(&peer.client()).await.get::<serde_json::Value>("tracker").unwrap()["reachable"], false);
}

/// A peer that hangs keeps its connections open; it is found out by asking whether it is there.
#[tokio::test]
async fn a_task_at_a_peer_that_hangs_is_tried_elsewhere() {
    let cluster = Cluster::start(2).await;
    let client = std::sync::Arc::new(cluster.client(0));
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let client = std::sync::Arc::clone(&client);
        let task = CpuTask::new("import time\ndef main():\n    time.sleep(1)\n    return 'done'");
        tasks.spawn(async move { run(&client, task).await });
    }
    let other = cluster.client(1);
    until("the other peer has some", async || {
        status(&other).await.get::<serde_json::Value>("tasks").unwrap()["live"].as_u64() > Some(0)
    })
    .await;
    cluster.peers[1].signal(rustix::process::Signal::STOP);
    while let Some(result) = tasks.join_next().await {
        assert_eq!(result.unwrap().result.get(), "\"done\"");
    }
}
