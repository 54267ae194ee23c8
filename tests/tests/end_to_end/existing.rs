//! Existing clients, peers and trackers of the protocol: a connection per request, no request ids.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_protocol::{Address, CpuTask};
use sandlot_tests::{Cluster, ask_once, connect, read_frame, run, start_peer, status, until};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinSet,
};

#[tokio::test]
async fn every_documented_message() {
    let cluster = Cluster::start(2).await;
    let port = cluster.peers[0].port();
    let ask = async |message: Value| ask_once(port, &message.to_string()).await;

    let reply = ask(json!({"type": "STATUS"})).await;
    assert_eq!((&reply["status"], &reply["peer_port"]), (&json!("OK"), &json!(port)));
    let cpu = json!({"type": "CPU_TASK", "task_id": "T123", "program": "def main(x): return x*x", "function": "main",
                     "args": [5], "confidential": false});
    let reply = ask(cpu).await;
    assert_eq!(
        (&reply["type"], &reply["task_id"], &reply["result"]),
        (&json!("CPU_RESULT"), &json!("T123"), &json!(25))
    );
    assert!(reply["error"].is_null());
    let reply =
        ask(json!({"type": "CPU_TASK", "task_id": "C1", "program": "def main(): return 1", "confidential": true}))
            .await;
    assert_eq!(reply["executed_by"], json!(format!("127.0.0.1:{port}")));
    let reply = ask(json!({"type": "CPU_TASK", "program": "def main(): return 1/0"})).await;
    assert!(reply["error"].as_str().unwrap().contains("ZeroDivisionError") && reply["result"].is_null());

    assert_eq!(ask(json!({"type": "SET_MEM", "key": "my_variable", "value": 12345})).await["operation"], "SET_MEM");
    let reply = ask(json!({"type": "GET_MEM", "key": "my_variable"})).await;
    assert_eq!(
        (&reply["type"], &reply["value"], &reply["found"]),
        (&json!("MEM_RESPONSE"), &json!(12345), &json!(true))
    );
    assert_eq!(ask(json!({"type": "GET_MEM_REMOTE", "key": "none"})).await["found"], false);
    // Long values are found on another way than short ones, up to 4 KiB of JSON.
    for length in [4093, 4094, 4095, 100_000] {
        let value = json!("v".repeat(length));
        assert_eq!(ask(json!({"type": "SET_MEM", "key": "text", "value": value})).await["status"], "OK");
        let reply = ask(json!({"type": "GET_MEM", "key": "text"})).await;
        assert_eq!((&reply["value"], &reply["found"]), (&value, &json!(true)));
    }

    let data = BASE64.encode(b"some bytes\0\xff");
    let reply = ask(json!({"type": "PUT_FILE", "filename": "document.txt", "data": data})).await;
    assert_eq!((&reply["status"], &reply["size"]), (&json!("OK"), &json!(12)));
    let reply = ask(json!({"type": "GET_FILE", "filename": "document.txt"})).await;
    assert_eq!((&reply["data"], &reply["found"]), (&json!(data), &json!(true)));
    assert_eq!(ask(json!({"type": "GET_FILE", "filename": "other"})).await["found"], false);

    let tasks: Vec<Value> = (0..5).map(|n| json!({"program": "def main(n): return n", "args": [n]})).collect();
    let reply = ask(json!({"type": "BATCH_TASK", "tasks": tasks})).await;
    let results: Vec<&Value> = reply["results"].as_array().unwrap().iter().map(|result| &result["result"]).collect();
    assert_eq!(results, [0, 1, 2, 3, 4]);

    let reply = ask(json!({"type": "TASK_HISTORY", "limit": 3})).await;
    assert_eq!(reply["history"].as_array().unwrap().len(), 3);
    let reply = ask(json!({"type": "TASK_HISTORY", "task_id": "T123"})).await;
    assert_eq!(reply["task"]["result"], 25);
    assert_eq!(ask(json!({"type": "CANCEL_TASK", "task_id": "T123"})).await["code"], "not_found");
    assert_eq!(ask(json!({"type": "PING"})).await["type"], "PONG");

    let tracker = cluster.tracker.port();
    let reply = ask_once(tracker, &json!({"type": "FIND_FILE", "filename": "document.txt"}).to_string()).await;
    assert_eq!(reply["peers"], json!([{"ip": "127.0.0.1", "port": port}]));
    let reply = ask_once(tracker, &json!({"type": "REGISTER", "port": 4, "cpu_load": 0.0}).to_string()).await;
    assert_eq!((&reply["status"], &reply["peer_count"]), (&json!("REGISTERED"), &json!(3)));
    let reply = ask_once(tracker, &json!({"type": "UNREGISTER", "port": 4}).to_string()).await;
    assert_eq!(reply["status"], "UNREGISTERED");
    assert_eq!(ask_once(tracker, &json!({"type": "REQUEST_CPU"}).to_string()).await["type"], "CPU_RESPONSE");
}

#[tokio::test]
async fn lines_are_spoken_on_the_same_port() {
    let cluster = Cluster::start(1).await;
    let mut stream = BufReader::new(connect(cluster.peers[0].port()).await);
    let task = json!({"type": "CPU_TASK", "request_id": 7, "program": "def main():\n  return 'two\\nlines'"});
    stream.write_all(format!("{{\"type\":\"STATUS\"}}\n{task}\n").as_bytes()).await.unwrap();
    let mut lines = [String::new(), String::new()];
    for line in &mut lines {
        stream.read_line(line).await.unwrap();
    }
    let replies: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(replies[0]["type"], "STATUS");
    assert_eq!((&replies[1]["request_id"], &replies[1]["result"]), (&json!(7), &json!("two\nlines")));
}

#[tokio::test]
async fn requests_with_an_id_are_answered_out_of_order_and_others_in_order() {
    let cluster = Cluster::start(1).await;
    let mut stream = connect(cluster.peers[0].port()).await;
    let send = |message: Value| {
        let text = message.to_string();
        [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
    };
    let endless =
        json!({"type": "CPU_TASK", "request_id": "slow", "task_id": "E", "program": "def main():\n  while True: pass"});
    let all = [
        endless,
        json!({"type": "PING", "request_id": "quick"}),
        json!({"type": "CANCEL_TASK", "task_id": "E"}),
        json!({"type": "PING"}),
    ];
    for message in all.into_iter().take(2) {
        stream.write_all(&send(message)).await.unwrap();
    }
    assert_eq!(read_frame(&mut stream).await["request_id"], "quick");
    stream.write_all(&send(json!({"type": "CANCEL_TASK", "task_id": "E"}))).await.unwrap();
    let (one, other) = (read_frame(&mut stream).await, read_frame(&mut stream).await);
    let (cancelled, slow) = if one["type"] == "STATUS" { (one, other) } else { (other, one) };
    assert_eq!((&cancelled["status"], &slow["outcome"]), (&json!("CANCELLED"), &json!("cancelled")));
}

/// A node that speaks as existing ones do: one request per connection, no ids in replies.
async fn existing_node(
    answer: impl Fn(&Value) -> Value + Send + Sync + 'static,
) -> (Address, Arc<Mutex<Vec<Value>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::from(listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    let log = Arc::clone(&seen);
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let Ok(length) = stream.read_u32().await else { continue };
            let mut bytes = vec![0; length as usize];
            stream.read_exact(&mut bytes).await.unwrap();
            let message: Value = serde_json::from_slice(&bytes).unwrap();
            let text = answer(&message).to_string();
            log.lock().unwrap().push(message);
            stream.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    });
    (address, seen, tasks)
}

#[tokio::test]
async fn an_existing_peer_registers_with_our_tracker_and_runs_our_tasks() {
    let cluster = Cluster::start(1).await;
    let (address, seen, _node) = existing_node(|message| match message["type"].as_str() {
        Some("CPU_TASK") => {
            json!({"type": "CPU_RESULT", "task_id": message["task_id"], "result": "from afar", "error": null})
        }
        _ => json!({"type": "PONG"}),
    })
    .await;
    let register = json!({"type": "REGISTER", "ip": "127.0.0.1", "port": address.port(), "cpu_load": 0.0});
    assert_eq!(ask_once(cluster.tracker.port(), &register.to_string()).await["peer_count"], 2);
    let client = cluster.client(0);
    let mut results = Vec::new();
    for _ in 0..4 {
        results.push(run(&client, CpuTask::new("def main(): return 'here'")).await);
    }
    let afar = results.iter().find(|result| result.result.get() == "\"from afar\"").expect("peers take turns");
    assert_eq!(afar.executed_by.as_deref(), Some(address.to_string().as_str()));
    let forwarded = seen.lock().unwrap().iter().find(|message| message["type"] == "CPU_TASK").unwrap().clone();
    assert_eq!(forwarded["source_peer"], json!(cluster.peers[0].address.to_string()));
}

#[tokio::test]
async fn our_peer_registers_with_an_existing_tracker() {
    let (address, seen, _node) = existing_node(|message| match message["type"].as_str() {
        Some("REGISTER") => json!({"type": "STATUS", "status": "REGISTERED", "peer_count": 1}),
        Some("UPDATE_LOAD") => json!({"type": "STATUS", "status": "LOAD_UPDATED"}),
        _ => json!({"type": "ERROR", "error": "No peers available"}),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let peer = start_peer(folder.path(), &address, &[]).await;
    until("it registers and reports", async || {
        seen.lock().unwrap().iter().any(|message| message["type"] == "UPDATE_LOAD")
    })
    .await;
    let register = seen.lock().unwrap()[0].clone();
    assert_eq!((&register["type"], &register["port"]), (&json!("REGISTER"), &json!(peer.port())));
    let client = peer.client();
    assert_eq!(status(&client).await.get::<Value>("tracker").unwrap()["reachable"], true);
    assert_eq!(run(&client, CpuTask::new("def main(): return 5")).await.result.get(), "5");
}
