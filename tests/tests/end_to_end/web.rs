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
    let ranged = send("PUT /api/v1/files/parts HTTP/1.1\r\nContent-Range: bytes 0-0/10\r\nX:", b"x").await;
    assert!(ranged.starts_with("HTTP/1.1 400"), "a part is not taken for the whole: {ranged}");
    let gone = send(&format!("GET /api/v1/uploads/{id}"), b"").await;
    assert!(gone.starts_with("HTTP/1.1 404"), "{gone}");
    // A whole file that does not come whole leaves nothing behind, nor does a first part.
    for query in ["", "?offset=0&total=3000000"] {
        let mut stream = connect(port).await;
        let head =
            format!("PUT /api/v1/files/half{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2900000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![7; 2_000_000]).await.unwrap();
        let files = async || status(&cluster.client(0)).await.raw("files").unwrap().get().to_owned();
        until("its room is taken", async || !files().await.contains("\"bytes\":10,")).await;
        drop(stream);
        until("its room is given back", async || files().await.contains("\"bytes\":10,")).await;
    }
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

#[tokio::test]
async fn requests_that_are_not_for_this_page_are_refused() {
    let cluster = Cluster::with(1, &["--web-port", "0", "--web-host", "sandlot.example"]).await;
    let port = page_port(&cluster);
    let status_of = async |head: &str| {
        let mut stream = connect(port).await;
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
        text.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    let check = async |head: &str, expected: u16| assert_eq!(status_of(head).await, expected, "{head}");
    for name in ["localhost", "localhost:1", "127.0.0.1", "[::1]:80", "Sandlot.Example:5000", "10.1.2.3"] {
        check(&format!("GET / HTTP/1.1\r\nHost: {name}\r\n"), 200).await;
    }
    check("GET / HTTP/1.1\r\nHost: elsewhere.example\r\n", 421).await;
    check("GET / HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere.example\r\n", 400).await;
    check("GET / HTTP/1.1\r\nHost: [127.0.0.1\r\n", 400).await;
    check("GET http://elsewhere.example/ HTTP/1.1\r\nHost: localhost\r\n", 400).await;
    check("GET / HTTP/1.1\r\n", 400).await;
    let put = "PUT /api/v1/memory/k HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    check(&format!("{put}Content-Length: 0\r\nOrigin: http://elsewhere.example\r\n"), 403).await;
    check(&format!("{put}Content-Length: 0\r\n"), 400).await;
    check(put, 411).await;
    check(&format!("{put}Content-Length: 999999999999\r\n"), 413).await;
    check("DELETE /tasks HTTP/1.1\r\nHost: localhost\r\n", 405).await;
}

#[tokio::test]
async fn streams_of_events_are_bounded() {
    let cluster = Cluster::with(1, &["--web-port", "0"]).await;
    let port = page_port(&cluster);
    let mut streams = Vec::new();
    let mut first_line = async || {
        let mut stream = connect(port).await;
        stream.write_all(b"GET /api/v1/timeline/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut line = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut line)).await.unwrap().unwrap();
        streams.push(stream);
        String::from_utf8_lossy(&line).into_owned()
    };
    for _ in 0..64 {
        assert_eq!(first_line().await, "HTTP/1.1 200");
    }
    assert_eq!(first_line().await, "HTTP/1.1 503");
    assert!(get(port, "/healthz").await.ends_with("ok\n"), "the page goes on");
    drop(streams);
}

#[tokio::test]
async fn spans_of_a_task_reach_a_collector_with_its_trace() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let cluster = Cluster::with(2, &["--web-port", "0", "--otlp-endpoint", &endpoint]).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    // As many as two peers have workers for: one of them at least is forwarded.
    let tasks = (0..4).map(|number| {
        let traceparent = Some(format!("00-{trace}-00f067aa0ba902b7-01"));
        let task_id = Some(format!("traced-{number}").parse().unwrap());
        CpuTask { traceparent, task_id, ..CpuTask::new("def main(): return sum(range(10**6))") }
    });
    let client = cluster.client(0);
    futures_util::future::join_all(tasks.map(|task| run(&client, task))).await;
    let bytes = u128::from_str_radix(trace, 16).unwrap().to_be_bytes();
    let mut missing = BTreeSet::from(["task", "choose", "forward", "run", "traced-0", "queue_ms", "sandlot-peer"]);
    let collecting = async {
        while !missing.is_empty() {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            // The exporter's whole request: its head says how long its body is.
            let body = loop {
                let mut part = [0; 65_536];
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
                let head = request.windows(4).position(|four| four == b"\r\n\r\n");
                let Some(head) = head else { continue };
                let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
                let length: usize =
                    text.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
                if request.len() >= head + 4 + length {
                    break request[head + 4..].to_vec();
                }
            };
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
            let has = |wanted: &[u8]| body.windows(wanted.len()).any(|part| part == wanted);
            if has(&bytes) {
                missing.retain(|name| !has(name.as_bytes()));
            }
        }
    };
    timeout(PATIENCE, collecting).await.expect("all spans come");
}
