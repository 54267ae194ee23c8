//! The page: figures and tasks, and nothing of a stranger's text that a browser would take for its own.

use sandlot_protocol::CpuTask;
use sandlot_tests::{Cluster, PATIENCE, connect, run, status, until};
use std::{collections::BTreeSet, path::Path};
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

/// The port of a peer's page.
fn page_port(cluster: &Cluster) -> u16 {
    let url = cluster.peers[0].greeting.split("http://127.0.0.1:").nth(1).unwrap();
    url.split('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_figure_is_documented_and_the_dashboard_shows_what_there_is() {
    let cluster = Cluster::with(1, &["--web-port", "0"]).await;
    let text = get(page_port(&cluster), "/metrics").await;
    let told: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let names = |file: &str| {
        let text = std::fs::read_to_string(docs.join(file)).unwrap();
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let all =
            text.match_indices("sandlot_").map(|(at, _)| text[at..].chars().take_while(|c| is_name(*c)).collect());
        all.collect::<BTreeSet<String>>()
    };
    let documented = names("metrics.md");
    assert_eq!(documented.iter().map(String::as_str).collect::<BTreeSet<_>>(), told);
    let shown = names("grafana.json");
    let is_told = |name: &String| told.contains(name.trim_end_matches("_bucket"));
    assert!(shown.len() > 10 && shown.iter().all(is_told), "{shown:?}");
}

#[tokio::test]
async fn a_file_is_stored_in_parts_and_read_in_parts() {
    let cluster = Cluster::with(1, &["--web-port", "0"]).await;
    let port = page_port(&cluster);
    let send = async |head: &str, body: &[u8]| {
        let mut stream = connect(port).await;
        let length = body.len();
        let head =
            format!("{head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut text = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    };
    let first = send("PUT /api/v1/files/parts?offset=0&total=10", b"01234").await;
    assert!(first.starts_with("HTTP/1.1 202"), "{first}");
    let id = first.split("\"upload_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(send(&format!("GET /api/v1/uploads/{id}"), b"").await.contains("\"received\":5"));
    let wrong = send(&format!("PUT /api/v1/files/parts?offset=7&total=10&upload_id={id}"), b"789").await;
    assert!(wrong.starts_with("HTTP/1.1 409"), "{wrong}");
    assert!(get(port, "/api/v1/files/parts").await.starts_with("HTTP/1.1 404"), "half a file is none");
    let last = send(&format!("PUT /api/v1/files/parts?offset=5&total=10&upload_id={id}"), b"56789").await;
    assert!(last.starts_with("HTTP/1.1 201"), "{last}");
    assert!(get(port, "/api/v1/files/parts").await.ends_with("\r\n\r\n0123456789"));
    let gone = send(&format!("GET /api/v1/uploads/{id}"), b"").await;
    assert!(gone.starts_with("HTTP/1.1 404"), "{gone}");
    // A whole file that does not come whole leaves nothing behind.
    let mut stream = connect(port).await;
    let head = "PUT /api/v1/files/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![7; 2_000_000]).await.unwrap();
    until("its room is taken", async || {
        status(&cluster.client(0)).await.raw("files").unwrap().get().contains("3000010")
    })
    .await;
    drop(stream);
    until("its room is given back", async || {
        status(&cluster.client(0)).await.raw("files").unwrap().get().contains(":10,")
    })
    .await;
}

#[tokio::test]
async fn the_page_shows_status_and_tasks_as_text() {
    let cluster = Cluster::with(1, &["--web-port", "0"]).await;
    let task_id = Some("<script>alert(1)</script>".parse().unwrap());
    run(&cluster.client(0), CpuTask { task_id, ..CpuTask::new("def main(): return 1") }).await;
    let port = page_port(&cluster);
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
