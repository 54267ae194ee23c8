//! `sandlot map`: every input is answered once, whatever is killed meanwhile.

use sandlot_tests::{Cluster, PATIENCE, cli, printed, sandlot, until};
use serde_json::{Value, json};
use std::{fmt::Write, path::Path, process::Stdio};
use tokio::time::timeout;

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
    assert_eq!(second.status.code(), Some(1), "ten of them fail: {told}");
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
    std::fs::write(&inputs, "1\nnothing\n").unwrap();
    let refused = map(&[]).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("in.jsonl line 2 is not JSON") && refused.status.code() == Some(2), "{said}");
    // Nobody is there.
    std::fs::write(&inputs, "1\n").unwrap();
    let nobody = cli(1, &["map", &program, "--inputs", &inputs]).await;
    assert_eq!(nobody.status.code(), Some(3), "{}", String::from_utf8_lossy(&nobody.stderr));
}
