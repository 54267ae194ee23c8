//! Submit and come back; what a peer tells of its tasks; the walls around it.

use sandlot_protocol::{
    CpuTask, Outcome, Reply, Request,
    request::{Nothing, TaskQuestion, TimelineQuestion, WaitTask},
};
use sandlot_tests::{Cluster, cli, printed, run, sandlot, status, until};
use serde_json::Value;

/// A program in the cluster's folder.
fn program(cluster: &Cluster, text: &str) -> String {
    let path = cluster.folder.path().join("program.py");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_submitted_task_is_asked_for_from_elsewhere() {
    let cluster = Cluster::start(2).await;
    let text = "import sys, time\nprint('first')\nsys.stdout.flush()\ntime.sleep(0.3)\nprint('last')\nsys.exit(3)\n";
    let file = program(&cluster, text);
    // Twice, so that one of the two is sent on to the other peer.
    for number in 0..2 {
        let id = printed(&cluster.cli(0, &["submit", "--task-id", &format!("kept-{number}"), &file]).await);
        let id = id.trim();
        assert_eq!(id, format!("kept-{number}"));
        let logs = printed(&cluster.cli(0, &["logs", "-f", id]).await);
        assert_eq!(logs, "first\nlast\n");
        let waited = cluster.cli(0, &["wait", id]).await;
        assert_eq!((waited.status.code(), waited.stdout.as_slice()), (Some(3), &b"first\nlast\n"[..]));
        let result = cluster.cli(0, &["result", id]).await;
        assert_eq!((result.status.code(), result.stdout), (Some(3), waited.stdout));
        let explained = printed(&cluster.cli(0, &["explain", id]).await);
        assert!(explained.contains("outcome exception") && explained.contains("exit code 3"), "{explained}");
    }
    let unknown = cluster.cli(0, &["result", "nobody"]).await;
    assert_eq!(unknown.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nobody is not known here"));
}

#[tokio::test]
async fn a_submitted_task_goes_on_without_anybody_and_its_id_is_its_key() {
    let cluster = Cluster::start(1).await;
    let mut task = CpuTask::new("import time\ndef main():\n    time.sleep(0.2)\n    return 'done'");
    task.task_id = Some("alone".parse().unwrap());
    {
        let client = cluster.client(0);
        for _ in 0..2 {
            let reply = client.status(&Request::SubmitTask(task.clone())).await.unwrap();
            assert_eq!(reply.status, "SUBMITTED");
        }
    }
    let client = cluster.client(0);
    let wait = WaitTask { task_id: "alone".parse().unwrap(), wait_ms: Some(0) };
    let Reply::Status(pending) = client.ask(&Request::WaitTask(wait.clone())).await.unwrap() else {
        panic!("too soon")
    };
    assert_eq!(pending.status, "PENDING");
    let unlimited = WaitTask { wait_ms: None, ..wait };
    let Reply::CpuResult(result) = client.ask(&Request::WaitTask(unlimited)).await.unwrap() else {
        panic!("no result")
    };
    assert_eq!(result.result.get(), "\"done\"");
    // It ran once, and whoever asks again gets the same end.
    assert_eq!(run(&client, task).await.result.get(), "\"done\"");
    let tasks: Value = status(&client).await.get("tasks").unwrap();
    assert_eq!(tasks["total"], 1);
}

#[tokio::test]
async fn a_task_that_waits_is_explained() {
    let cluster = Cluster::with(1, &["--live-tasks", "1", "--workers", "1"]).await;
    let client = cluster.client(0);
    let explain = async |id: &str| {
        let question = TaskQuestion { task_id: id.parse().unwrap() };
        client.status(&Request::ExplainTask(question)).await.unwrap().get::<String>("text").unwrap()
    };
    // What is accepted at nearly one time may queue in another order.
    for (id, text) in
        [("first", "run"), ("second", "waits for a sandbox"), ("third", "1 task of its submitter is before it")]
    {
        let mut task = CpuTask::new("def main():\n    while True: pass");
        task.task_id = Some(id.parse().unwrap());
        task.confidential = true;
        client.status(&Request::SubmitTask(task)).await.unwrap();
        until(text, async || explain(id).await.contains(text)).await;
    }
    let top = printed(&cli(cluster.peers[0].port(), &["top", "--once"]).await);
    assert!(top.contains("2 queued") && top.contains("SHARE") && top.contains("first"), "{top}");
    until("the timeline shows the first one", async || {
        let question = Request::Timeline(TimelineQuestion { since_ns: 0, limit: Some(10) });
        let turns: Vec<Value> = client.status(&question).await.unwrap().get("turns").unwrap();
        turns.iter().any(|turn| turn["task_id"] == "first" && turn["cpu_ns"].as_u64() > Some(0))
    })
    .await;
    let cancelled = cluster.cli(0, &["cancel", "first"]).await;
    assert!(cancelled.status.success());
    until("the second one runs", async || explain("second").await.contains("run")).await;
}

#[tokio::test]
async fn weights_and_submitters_are_told_and_used() {
    let cluster = Cluster::with(1, &["--workers", "1"]).await;
    let client = cluster.client(0);
    for (id, submitter, weight) in [("a1", "ann", 1), ("a3", "ann", 3), ("b", "bob", 1)] {
        let mut task = CpuTask::new("def main():\n    while True: pass");
        task.task_id = Some(id.parse().unwrap());
        (task.submitter, task.weight, task.confidential) = (Some(submitter.to_owned()), Some(weight), true);
        client.status(&Request::SubmitTask(task)).await.unwrap();
    }
    let tasks = async || {
        let reply = client.status(&Request::ListTasks(Nothing {})).await.unwrap();
        let tasks: Vec<Value> = reply.get("tasks").unwrap();
        tasks.iter().map(|task| task["usage"]["cpu_ms"].as_f64().unwrap_or(0.0)).collect::<Vec<f64>>()
    };
    // In the order of their ids: a1, a3, b.
    until("they had time enough to compare", async || tasks().await.iter().sum::<f64>() > 1000.0).await;
    let had = tasks().await;
    let share = |index: usize| had[index] / had.iter().sum::<f64>();
    assert!((share(2) - 0.5).abs() < 0.05 && (share(1) / share(0) - 3.0).abs() < 0.5, "{had:?}");
}

#[tokio::test]
async fn code_in_a_peer_s_process_finds_the_second_wall() {
    let tried = sandlot().args(["walls", "--json"]).output().await.unwrap();
    let walls: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!(walls["seccomp"], "stands", "every kernel that we know has seccomp");
    for attempt in walls["tried"].as_array().unwrap() {
        // A kernel may have no Landlock; where it stands, nothing gets through it.
        let wall = attempt["wall"].as_str().unwrap();
        let stands = walls.get(wall).is_some_and(|stands| stands == "stands");
        assert!(attempt["allowed"] == !stands || walls["landlock"] != "stands", "{attempt} of {walls}");
    }
    let needed = walls["tried"].as_array().unwrap().iter().filter(|attempt| attempt["needed"] == true);
    assert!(needed.clone().count() == 4 && needed.clone().all(|attempt| attempt["allowed"] == true), "{walls}");
}

#[tokio::test]
async fn status_says_which_walls_stand() {
    let walls = async |arguments: &[&str]| {
        let cluster = Cluster::with(1, arguments).await;
        let sandbox: Value = status(&cluster.client(0)).await.get("sandbox").unwrap();
        sandbox["walls"].clone()
    };
    let tried = sandlot().args(["walls", "--json"]).output().await.unwrap();
    let here: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!(walls(&[]).await, serde_json::json!({"landlock": here["landlock"], "seccomp": "stands"}));
    let off = "off: --no-host-sandbox";
    assert_eq!(walls(&["--no-host-sandbox"]).await, serde_json::json!({"landlock": off, "seccomp": off}));
}

#[tokio::test]
async fn results_are_forgotten_in_time() {
    let cluster = Cluster::with(1, &["--keep-results-s", "1"]).await;
    let client = cluster.client(0);
    let mut task = CpuTask::new("def main(): return 1");
    task.task_id = Some("brief".parse().unwrap());
    assert_eq!(run(&client, task).await.outcome(), Outcome::Ok);
    let question = Request::ExplainTask(TaskQuestion { task_id: "brief".parse().unwrap() });
    until("it is forgotten", async || client.status(&question).await.is_err()).await;
}
