//! The page: figures and tasks, and nothing of a stranger's text that a browser would take for its own.

use sandlot_protocol::CpuTask;
use sandlot_tests::{Cluster, PATIENCE, connect, run};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

async fn get(port: u16, path: &str) -> String {
    let mut stream = connect(port).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

#[tokio::test]
async fn the_page_shows_status_and_tasks_as_text() {
    let cluster = Cluster::with(1, &["--web-port", "0"]).await;
    let task_id = Some("<script>alert(1)</script>".parse().unwrap());
    run(&cluster.client(0), CpuTask { task_id, ..CpuTask::new("def main(): return 1") }).await;
    let url = cluster.peers[0].greeting.split("http://127.0.0.1:").nth(1).unwrap();
    let port: u16 = url.split('/').next().unwrap().parse().unwrap();
    let page = get(port, "/").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.to_lowercase().contains("content-security-policy"), "{page}");
    assert!(page.contains("workers") && page.contains(&cluster.peers[0].address.to_string()), "{page}");
    let tasks = get(port, "/tasks").await;
    assert!(tasks.contains("&lt;script&gt;alert(1)") && !tasks.contains("<script>"), "{tasks}");
    let json = get(port, "/api/v1/status").await;
    let json: serde_json::Value = serde_json::from_str(json.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((json["status"].as_str(), json["tasks"]["total"].as_u64()), (Some("OK"), Some(1)));
    assert!(get(port, "/none").await.starts_with("HTTP/1.1 404"));
}
