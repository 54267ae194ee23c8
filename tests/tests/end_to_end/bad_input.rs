//! What strangers send. Each gets one clear sentence, and everything else goes on.

use sandlot_client::Client;
use sandlot_protocol::{Request, request::Nothing};
use sandlot_tests::{Cluster, Node, PATIENCE, ask_once, connect, read_frame};
use serde_json::json;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::timeout,
};

#[tokio::test]
async fn bad_messages_are_named_and_the_connection_goes_on() {
    let cluster = Cluster::start(1).await;
    let mut stream = connect(cluster.peers[0].port()).await;
    for (message, code, part) in [
        ("", "bad_request", "JSON object"),
        ("nonsense", "bad_request", "JSON object"),
        ("{\"type\":", "bad_request", "not JSON"),
        ("{}", "bad_request", "\"type\" is missing"),
        (r#"{"type":"FLY"}"#, "unknown_type", "FLY"),
        (r#"{"type":"REGISTER","port":1}"#, "wrong_role", "asked of the tracker"),
        (r#"{"type":"CPU_TASK"}"#, "bad_request", "program"),
        (r#"{"type":"CPU_TASK","program":5}"#, "bad_request", "program"),
        (r#"{"type":"CPU_TASK","program":"","args":{}}"#, "bad_request", "args"),
        (r#"{"type":"CPU_TASK","program":"","timeout":-1}"#, "bad_request", "timeout"),
        (r#"{"type":"CPU_TASK","program":"","limits":{"memory_bytes":1e15}}"#, "bad_request", "memory_bytes"),
        (r#"{"type":"CPU_TASK","program":"","task_id":""}"#, "bad_request", "task_id"),
        (r#"{"type":"BATCH_TASK","tasks":[{"program":""},{"program":"","args":1}]}"#, "bad_request", "tasks[1]"),
        (r#"{"type":"GET_MEM","key":""}"#, "bad_request", "key"),
        (r#"{"type":"PUT_FILE","filename":"../x","data":""}"#, "bad_request", "filename"),
        (r#"{"type":"PUT_FILE","filename":"a/b","data":""}"#, "bad_request", "filename"),
        (r#"{"type":"GET_FILE","filename":".."}"#, "bad_request", "filename"),
        (r#"{"type":"PUT_FILE","filename":"x","data":"***"}"#, "bad_request", "base64"),
        (r#"{"type":"PUT_FILE_CHUNK","filename":"x","offset":5,"total":9,"data":""}"#, "conflict", "upload_id"),
        (r#"{"type":"CANCEL_TASK","task_id":"nobody"}"#, "not_found", "nobody"),
        (r#"{"type":"TASK_HISTORY","task_id":"nobody"}"#, "not_found", "nobody"),
    ] {
        stream.write_u32(u32::try_from(message.len()).unwrap()).await.unwrap();
        stream.write_all(message.as_bytes()).await.unwrap();
        let reply = read_frame(&mut stream).await;
        assert_eq!((&reply["type"], &reply["code"]), (&json!("ERROR"), &json!(code)), "{message}: {reply}");
        assert!(reply["error"].as_str().unwrap().contains(part), "{message}: {reply}");
    }
    assert_eq!(ask_once(cluster.peers[0].port(), r#"{"type":"PING"}"#).await["type"], "PONG");
}

#[tokio::test]
async fn bad_frames_are_refused_and_closed() {
    let cluster = Cluster::start(1).await;
    for (bytes, code) in [
        (&b"\x7f\xff\xff\xff"[..], "frame_too_long"),
        (b"GET / HTTP/1.1\r\n\r\n", "frame_too_long"),
        (b"\x16\x03\x01\x02\x00", "tls_unavailable"),
        (b"\x00\x00\x00\x02\xff\xff", "bad_frame"),
    ] {
        let mut stream = connect(cluster.peers[0].port()).await;
        stream.write_all(bytes).await.unwrap();
        assert_eq!(read_frame(&mut stream).await["code"], code);
        let end = timeout(PATIENCE, stream.read_u8()).await.unwrap();
        assert!(end.is_err(), "the connection is closed");
    }
    let mut stream = connect(cluster.peers[0].port()).await;
    stream.write_all(b"\x00\x00\x00\x10{\"type\"").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read_frame(&mut stream).await["code"], "bad_frame");
    assert_eq!(ask_once(cluster.peers[0].port(), r#"{"type":"PING"}"#).await["type"], "PONG");
}

#[tokio::test]
async fn connections_are_limited() {
    let cluster = Cluster::with(1, &["--max-connections", "3"]).await;
    let port = cluster.peers[0].port();
    let mut streams = Vec::new();
    let refused = loop {
        let mut stream = connect(port).await;
        stream.write_all(b"\x00\x00\x00\x0f{\"type\":\"PING\"}").await.unwrap();
        let reply = read_frame(&mut stream).await;
        if reply["type"] == "ERROR" {
            break reply;
        }
        streams.push(stream);
        assert!(streams.len() <= 3);
    };
    assert_eq!(refused["code"], "unavailable");
    drop(streams.pop());
    sandlot_tests::until("there is room again", async || {
        let mut stream = connect(port).await;
        let asked = stream.write_all(b"\x00\x00\x00\x0f{\"type\":\"PING\"}").await;
        asked.is_ok() && read_frame(&mut stream).await["type"] == "PONG"
    })
    .await;
}

#[tokio::test]
async fn many_who_ask_at_once_share_a_connection() {
    let few = ["--max-connections", "8"];
    let mut cluster = Cluster::with(1, &few).await;
    let client = Arc::new(cluster.client(0));
    assert!(all_answered(&client).await);
    // The same when the connection is lost: another peer takes the place of this one.
    let (port, tracker) = (client.address().port().to_string(), cluster.tracker.address.to_string());
    cluster.peers[0].kill().await;
    let folder = cluster.folder.path().join("other");
    let folder = folder.to_str().unwrap();
    let place = ["peer", "--port", &port, "--tracker", &tracker, "--data-dir", folder];
    let _other = Node::start(&[&place[..], &few].concat()).await;
    assert!(all_answered(&client).await);
}

/// Asks 64 times at one moment.
async fn all_answered(client: &Arc<Client>) -> bool {
    let mut asking = JoinSet::new();
    for _ in 0..64 {
        let client = Arc::clone(client);
        asking.spawn(async move { client.ask(&Request::Ping(Nothing {})).await.is_ok() });
    }
    asking.join_all().await.into_iter().all(|is_answered| is_answered)
}
