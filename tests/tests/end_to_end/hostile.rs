//! The hostile collection, and attacks that take more than one program.

use sandlot_client::Client;
use sandlot_protocol::{
    CpuTask, Outcome, Request, StatusReply,
    request::{Nothing, TaskQuestion},
};
use sandlot_tests::{
    Cluster, connect,
    hostile::{Hostile, LEFT_BYTES_MAX, anonymous_bytes, back_to, collection, honest},
    run, status, until,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, task::JoinSet};

/// Programs that run side by side.
const LANES: usize = 6;

fn scheduler(status: &StatusReply, name: &str) -> u64 {
    status.get::<BTreeMap<String, u64>>("scheduler").unwrap()[name]
}

async fn nothing_is_held(client: &Client) {
    until("no run holds memory that has ended", async || {
        let status = status(client).await;
        scheduler(&status, "memory_bytes") == 0 && scheduler(&status, "running") == 0
    })
    .await;
}

/// Each lane takes the next program, and asks for an honest answer after it.
async fn lane(client: Client, programs: Arc<Vec<Hostile>>, next: Arc<AtomicUsize>) -> Vec<String> {
    let mut wrong = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(program) = programs.get(number) else { return wrong };
        let verdict = program.run(&client).await;
        wrong.extend(verdict.wrong.map(|what| format!("{}: {what}", program.name)));
        honest(&client, i64::try_from(number).unwrap()).await;
    }
}

#[tokio::test]
async fn every_hostile_program_has_its_outcome_and_harms_nobody() {
    let programs = Arc::new(collection());
    assert!(programs.len() >= 100, "{}", programs.len());
    let cluster = Cluster::start(1).await;
    let peer = &cluster.peers[0];
    for number in 0..20 {
        honest(&cluster.client(0), number).await;
    }
    let before = anonymous_bytes(peer);
    let next = Arc::new(AtomicUsize::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        lanes.spawn(lane(cluster.client(0), Arc::clone(&programs), Arc::clone(&next)));
    }
    let wrong: Vec<String> = lanes.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {} programs:\n{}", wrong.len(), programs.len(), wrong.join("\n"));
    nothing_is_held(&cluster.client(0)).await;
    // What the peer remembers of tasks that ended is bounded, and not the programs' memory.
    let remembered = 256 << 20;
    let now = back_to(peer, before + remembered).await;
    assert!(now < before + LEFT_BYTES_MAX + remembered, "{before} bytes before, {now} after");
}

#[tokio::test]
async fn ten_thousand_tasks_at_once_are_all_done_once() {
    const TASKS: usize = 10_000;
    let cluster = Cluster::start(1).await;
    let mut asking = JoinSet::new();
    for lane in 0..40 {
        let client = Arc::new(cluster.client(0));
        for number in (lane..TASKS).step_by(40) {
            let client = Arc::clone(&client);
            asking.spawn(async move {
                let mut task = CpuTask::new("def main(n): return n * 3");
                task.args = Some(sandlot_protocol::raw_json(format!("[{number}]")).unwrap());
                task.confidential = true;
                let result = client.run(task).await.unwrap();
                assert_eq!(result.result.get(), (number * 3).to_string(), "{:?}", result.error);
            });
        }
    }
    assert_eq!(asking.join_all().await.len(), TASKS);
    let tasks: serde_json::Value = status(&cluster.client(0)).await.get("tasks").unwrap();
    assert_eq!((tasks["total"].as_u64(), tasks["by_outcome"]["ok"].as_u64()), (Some(10_000), Some(10_000)));
}

#[tokio::test]
async fn a_storm_of_cancels_leaves_nothing_behind() {
    let cluster = Cluster::start(1).await;
    let client = Arc::new(cluster.client(0));
    let mut storm = JoinSet::new();
    for number in 0..300 {
        let client = Arc::clone(&client);
        storm.spawn(async move {
            let id: sandlot_protocol::TaskId = format!("storm-{number}").parse().unwrap();
            let mut task = CpuTask::new("def main():\n    while True: pass");
            task.task_id = Some(id.clone());
            task.confidential = true;
            client.status(&Request::SubmitTask(task.clone())).await.unwrap();
            let cancel = Request::CancelTask(TaskQuestion { task_id: id });
            let (first, second) = tokio::join!(client.status(&cancel), client.status(&cancel));
            // The second one may come when the task has ended already.
            assert!(first.is_ok() || second.is_ok());
            let result = client.run(task).await.unwrap();
            assert_eq!(result.outcome(), Outcome::Cancelled);
        });
    }
    assert_eq!(storm.join_all().await.len(), 300);
    nothing_is_held(&client).await;
    honest(&client, 5).await;
}

#[tokio::test]
async fn slow_clients_hold_nobody_up() {
    let cluster = Cluster::start(1).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(cluster.peers[0].port()).await;
        // A length, and then not what it promises.
        stream.write_all(&[0, 0, 1, 0, b'{']).await.unwrap();
        slow.push(stream);
    }
    for number in 0..10 {
        honest(&cluster.client(0), number).await;
    }
}

#[tokio::test]
async fn tasks_that_need_more_memory_than_there_is_wait_for_each_other() {
    let cluster = Cluster::with(1, &["--task-memory-bytes", "500000000"]).await;
    let client = Arc::new(cluster.client(0));
    let mut asking = JoinSet::new();
    for _ in 0..12 {
        let client = Arc::clone(&client);
        asking.spawn(async move {
            let mut task = CpuTask::new("def main():\n    text = bytearray(100_000_000)\n    return len(text)");
            task.confidential = true;
            let result = run(&client, task).await;
            assert_eq!(result.result.get(), "100000000", "{:?}", result.error);
        });
    }
    assert_eq!(asking.join_all().await.len(), 12);
    let mut greedy = CpuTask::new("def main(): return len(bytearray(600_000_000))");
    greedy.limits.memory_bytes = Some(1 << 30);
    greedy.timeout = Some(30.0);
    let result = run(&client, greedy).await;
    assert_eq!(result.outcome(), Outcome::MemoryLimit, "{:?}", result.error);
    assert!(result.error.unwrap().contains("--task-memory-bytes"));
}

#[tokio::test]
async fn a_client_that_goes_takes_its_task_with_it() {
    let cluster = Cluster::start(1).await;
    let port = cluster.peers[0].port();
    let mut stream = connect(port).await;
    let request = r#"{"type":"CPU_TASK","program":"def main():\n    while True: pass","confidential":true}"#;
    stream.write_all(&u32::try_from(request.len()).unwrap().to_be_bytes()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let client = cluster.client(0);
    let live = async |client: &Client| {
        let tasks = client.status(&Request::ListTasks(Nothing {})).await.unwrap();
        tasks.get::<Vec<serde_json::Value>>("tasks").unwrap().len()
    };
    until("the task runs", async || live(&client).await == 1).await;
    drop(stream);
    until("the task is gone", async || live(&client).await == 0).await;
    nothing_is_held(&client).await;
}

#[tokio::test]
async fn one_submitter_s_flood_is_refused_and_others_are_served() {
    let cluster = Cluster::with(1, &["--submitter-tasks", "50", "--live-tasks", "40", "--active-tasks", "40"]).await;
    let client = cluster.client(0);
    let submit = async |number: usize| {
        let mut task = CpuTask::new("import time\ndef main():\n    while True: time.sleep(0.01)");
        task.task_id = Some(format!("flood-{number}").parse().unwrap());
        task.submitter = Some("flood".to_owned());
        task.confidential = true;
        client.ask(&Request::SubmitTask(task)).await.unwrap()
    };
    for number in 0..50 {
        assert!(matches!(submit(number).await, sandlot_protocol::Reply::Status(_)));
    }
    let sandlot_protocol::Reply::CpuResult(refused) = submit(50).await else { panic!("it was taken") };
    assert_eq!(refused.outcome(), Outcome::Rejected);
    assert!(refused.retry_after_ms.unwrap() >= 100);
    assert!(refused.error.as_deref().unwrap().contains("50 of this submitter's tasks"));
    tokio::time::timeout(Duration::from_secs(20), honest(&client, 7)).await.expect("another submitter finds a sandbox");
}

#[tokio::test]
async fn hundreds_of_tasks_sent_on_leave_room_for_others_and_end_when_they_are_cancelled() {
    let cluster = Cluster::start(2).await;
    let client = cluster.client(0);
    let mut sleeper = CpuTask::new("import time\ndef main(): time.sleep(300)");
    sleeper.timeout = Some(600.0);
    for number in 0..700 {
        sleeper.task_id = Some(format!("far-{number}").parse().unwrap());
        client.status(&Request::SubmitTask(sleeper.clone())).await.unwrap();
    }
    for number in 0..6 {
        let mut public = CpuTask::new("def main(n): return n");
        public.args = Some(sandlot_protocol::raw_json(format!("[{number}]")).unwrap());
        assert_eq!(run(&client, public).await.result.get(), number.to_string());
    }
    let cancelling = (0..700).map(|number| {
        let cancel = Request::CancelTask(TaskQuestion { task_id: format!("far-{number}").parse().unwrap() });
        let client = &client;
        async move { client.status(&cancel).await.unwrap() }
    });
    for cancelled in cancelling {
        assert_eq!(cancelled.await.status, "CANCELLED");
    }
    nothing_is_left(&cluster).await;
}

async fn nothing_is_left(cluster: &Cluster) {
    for peer in 0..cluster.peers.len() {
        let client = cluster.client(peer);
        until("no peer runs what was cancelled", async || {
            let tasks: serde_json::Value = status(&client).await.get("tasks").unwrap();
            tasks["live"] == 0
        })
        .await;
    }
}

#[tokio::test]
async fn a_cancel_that_overtakes_its_task_leaves_no_orphan() {
    let cluster = Cluster::start(2).await;
    let client = cluster.client(0);
    for number in 0..100 {
        let mut task = CpuTask::new("def main():\n    while True: pass");
        task.task_id = Some(format!("race-{number}").parse().unwrap());
        let cancel = Request::CancelTask(TaskQuestion { task_id: task.task_id.clone().unwrap() });
        client.status(&Request::SubmitTask(task)).await.unwrap();
        client.status(&cancel).await.unwrap();
    }
    nothing_is_left(&cluster).await;
}

/// Tasks that touch more than expected, or grow step by step: all of them end, whatever they take together.
#[tokio::test]
async fn memory_is_short_and_nobody_fails_for_it() {
    let cluster = Cluster::with(1, &["--task-memory-bytes", "500000000"]).await;
    let client = Arc::new(cluster.client(0));
    let grows = "def main():\n    parts = []\n    for _ in range(100): parts.append(bytearray(1_000_000))\n    return len(parts)";
    let touches = "def main():\n    text = [str(n) for n in range(150_000)]\n    return len(text) // 1500";
    let mut asking = JoinSet::new();
    for program in std::iter::repeat_n(grows, 12).chain(std::iter::repeat_n(touches, 60)) {
        let client = Arc::clone(&client);
        asking.spawn(async move {
            let mut task = CpuTask::new(program);
            (task.confidential, task.timeout) = (true, Some(55.0));
            let result = run(&client, task).await;
            assert_eq!(result.result.get(), "100", "{:?}", result.error);
        });
    }
    assert_eq!(asking.join_all().await.len(), 72);
    nothing_is_held(&client).await;
}

#[tokio::test]
async fn what_one_submitter_asks_is_bounded_in_bytes() {
    let cluster = Cluster::with(1, &["--submitter-bytes", "3000000"]).await;
    let client = cluster.client(0);
    let submit = async |number: usize| {
        let mut task = CpuTask::new(format!("import time\ntime.sleep(60)\n#{}", "x".repeat(1_400_000)));
        (task.function, task.confidential) = (None, true);
        task.task_id = Some(format!("large-{number}").parse().unwrap());
        client.ask(&Request::SubmitTask(task)).await.unwrap()
    };
    for number in 0..2 {
        assert!(matches!(submit(number).await, sandlot_protocol::Reply::Status(_)));
    }
    let sandlot_protocol::Reply::CpuResult(refused) = submit(2).await else { panic!("it was taken") };
    assert!(refused.error.as_deref().unwrap().contains("at most 3000000 may be held"), "{:?}", refused.error);
}
