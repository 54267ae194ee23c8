//! `sandlot map`: every input is answered once, whatever is killed meanwhile.

use rustix::process::{Pid, Signal, kill_process};
use sandlot_tests::{Cluster, PATIENCE, cli, printed, sandlot, until};
use serde_json::{Value, json};
use std::{fmt::Write, path::Path, process::Stdio};
use tokio::{io::AsyncReadExt, time::timeout};

const PROGRAM: &str = "def main(n):\n    if n % 1000 == 999:\n        raise ValueError('a thousandth')\n    return sum(range(n % 100)) + n\n";

fn answer(n: u64) -> Value {
    match n % 1000 {
        999 => json!("ValueError: a thousandth"),
        _ => json!((0..n % 100).sum::<u64>() + n),
    }
}

fn lines(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// A program and its inputs, in this folder.
fn written(folder: &Path, count: u64) -> [String; 3] {
    let name = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(name("map.py"), PROGRAM).unwrap();
    let mut inputs = String::new();
    (0..count).for_each(|n| writeln!(inputs, "{n}").unwrap());
    std::fs::write(name("in.jsonl"), inputs).unwrap();
    [name("map.py"), name("in.jsonl"), name("out.jsonl")]
}

#[tokio::test]
async fn ten_thousand_inputs_are_answered_once_although_a_peer_the_tracker_and_the_map_are_killed() {
    const COUNT: u64 = 10_000;
    let mut cluster = Cluster::start(3).await;
    let folder = tempfile::tempdir().unwrap();
    let [program, inputs, output] = written(folder.path(), COUNT);
    let out = folder.path().join("out.jsonl");
    let port = cluster.peers[0].port().to_string();
    let arguments = ["--port", &port, "map", &program, "--inputs", &inputs, "-o", &output];
    let mut first = sandlot().args(arguments).stderr(Stdio::null()).spawn().unwrap();
    until("a tenth is answered", async || lines(&out) >= 1_000).await;
    cluster.peers[1].kill().await;
    until("a fifth is answered", async || lines(&out) >= 2_000).await;
    cluster.tracker.kill().await;
    until("two fifths are answered", async || lines(&out) >= 4_000).await;
    first.kill().await.unwrap();
    let before = lines(&out);
    assert!(before < 10_000, "it was killed on its way");
    // As a kill in the middle of a line leaves it.
    let mut torn = std::fs::read(&out).unwrap();
    torn.extend_from_slice(b"{\"index\":");
    std::fs::write(&out, torn).unwrap();
    let second = timeout(PATIENCE, sandlot().args(arguments).output()).await.unwrap().unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.contains(&format!("{before} of 10000 inputs are answered already; going on")), "{told}");
    assert!(told.contains("10000 inputs answered"), "{told}");
    assert!(told.contains("; 10 failed,"), "those that failed before are not forgotten: {told}");
    assert_eq!(second.status.code(), Some(1), "{told}");
    let text = std::fs::read_to_string(&out).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len() as u64, COUNT);
    for (n, found) in (0..COUNT).zip(&answers) {
        assert_eq!(found["index"], n);
        let is_failed = found["outcome"] == "exception";
        assert_eq!(if is_failed { &found["error"] } else { &found["result"] }, &answer(n), "{found}");
    }
    assert!(!folder.path().join("out.jsonl.map").exists(), "a map that ended leaves nothing but its output");
}

#[tokio::test]
async fn a_tracker_that_hangs_holds_up_neither_the_calls_nor_ctrl_c() {
    let cluster = Cluster::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let [program, inputs, output] = written(folder.path(), 100_000);
    let out = folder.path().join("out.jsonl");
    let port = cluster.peers[0].port().to_string();
    let arguments = ["--port", &port, "map", &program, "--inputs", &inputs, "-o", &output];
    let mut map = sandlot().args(arguments).stderr(Stdio::piped()).spawn().unwrap();
    until("it is under way", async || lines(&out) > 0).await;
    cluster.tracker.signal(Signal::STOP);
    // More than it does between two looks at the tracker, were it to wait for each.
    let before = lines(&out);
    until("it goes on", async || lines(&out) > before + 3_000).await;
    let pid = map.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let ended = timeout(PATIENCE, map.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(130));
    let mut said = String::new();
    map.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert!(said.contains("the same command goes on from here"), "{said}");
    cluster.tracker.signal(Signal::CONT);
}

#[tokio::test]
async fn a_map_tells_what_it_did_and_refuses_what_cannot_be() {
    let cluster = Cluster::start(2).await;
    let folder = tempfile::tempdir().unwrap();
    let [program, inputs, output] = written(folder.path(), 20);
    let map = async |more: &[&str]| {
        let arguments: Vec<&str> =
            ["map", &program, "--inputs", &inputs].into_iter().chain(more.iter().copied()).collect();
        cluster.cli(0, &arguments).await
    };
    let summary = printed(&map(&["-o", &output, "--json"]).await);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["inputs"], &summary["outcomes"]), (&json!(20), &json!({"ok": 20})));
    let refused = map(&["-o", &output]).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(said.contains("is there already; --overwrite replaces it"), "{said}");
    // Without an output the answers are what is printed.
    let text = printed(&map(&["--jobs", "3"]).await);
    assert_eq!(text.lines().nth(7), Some(r#"{"index":7,"result":28}"#));
    std::fs::write(&inputs, "[1, 2]\n{\"b\": 4, \"a\": 3}\n").unwrap();
    std::fs::write(&program, "def main(a, b):\n    print('sum')\n    return a + b\n").unwrap();
    let text = printed(&map(&["--spread", "--keep-output"]).await);
    assert_eq!(
        text,
        "{\"index\":0,\"result\":3,\"stdout\":\"sum\\n\"}\n{\"index\":1,\"result\":7,\"stdout\":\"sum\\n\"}\n"
    );
    let same = map(&["-o", &inputs, "--overwrite"]).await;
    let said = String::from_utf8(same.stderr).unwrap();
    assert!(
        said.contains("in.jsonl is read: the answers would overwrite it") && same.status.code() == Some(2),
        "{said}"
    );
    std::fs::write(&inputs, "1\nnothing\n").unwrap();
    let refused = map(&[]).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("in.jsonl line 2 is not JSON") && refused.status.code() == Some(2), "{said}");
    // The tracker may be asked as well: it names the peers.
    std::fs::write(&inputs, "[1, 2]\n").unwrap();
    let asked = cli(cluster.tracker.port(), &["map", &program, "--inputs", &inputs, "--spread"]).await;
    assert_eq!(printed(&asked), "{\"index\":0,\"result\":3}\n");
    // Nobody is there.
    std::fs::write(&inputs, "1\n").unwrap();
    let nobody = cli(1, &["map", &program, "--inputs", &inputs]).await;
    assert_eq!(nobody.status.code(), Some(3), "{}", String::from_utf8_lossy(&nobody.stderr));
}
