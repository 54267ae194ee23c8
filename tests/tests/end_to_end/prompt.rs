//! What a newcomer types first: the demo, the doctor, settings, completions; and output that comes while a program runs.

use sandlot_tests::{Cluster, PATIENCE, cli, printed, sandlot, status, until};
use serde_json::Value;
use std::process::Stdio;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

#[tokio::test]
async fn the_demo_shows_a_network_and_stops_it() {
    let output = timeout(PATIENCE, sandlot().args(["demo", "--once"]).output()).await.unwrap().unwrap();
    let text = printed(&output);
    for said in [
        "168 primes below 1000   (ran on 127.0.0.1:",
        "The program ran on 3 peers.",
        "Result: 42",
        "Done: stopping everything",
    ] {
        assert!(text.contains(said), "{text}");
    }
    // What it started is gone.
    let port = text.split("sandlot peer 127.0.0.1:").nth(1).unwrap().split(' ').next().unwrap();
    let status = cli(port.parse().unwrap(), &["status"]).await;
    assert_eq!(status.status.code(), Some(3), "{}", String::from_utf8_lossy(&status.stdout));
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let cluster = Cluster::start(1).await;
    let (tracker, folder) = (cluster.tracker.address.to_string(), cluster.folder.path().join("0"));
    let data = folder.to_str().unwrap();
    let found = cluster.cli(0, &["doctor", "--json", "--tracker", &tracker, "--data-dir", data]).await;
    let findings: Vec<Value> = serde_json::from_str(&printed(&found)).unwrap();
    let verdict = |what: &str| findings.iter().find(|finding| finding["what"] == what).unwrap()["verdict"].clone();
    for what in ["cache folder", "data folder", "a program in the sandbox", "peer", "tracker", "clock"] {
        assert_eq!(verdict(what), "ok", "{findings:?}");
    }
    // The tracker's port is no peer's, a peer's is no tracker's, and a file is no folder.
    let (port, peer) = (cluster.tracker.port(), cluster.peers[0].address.to_string());
    let file = folder.join("lock");
    let found = cli(port, &["doctor", "--tracker", &peer, "--data-dir", file.to_str().unwrap()]).await;
    let text = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.status.code(), Some(1), "{text}");
    for said in
        ["is no peer", "is no tracker", "FAILED   data folder", "-> --data-dir of the peer names another", "Failed: 3"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[tokio::test]
async fn output_comes_while_the_program_runs() {
    let cluster = Cluster::start(1).await;
    let program = cluster.folder.path().join("slow.py");
    std::fs::write(&program, "import sys\nprint('first', flush=True)\nfor n in range(10**12): pass\n").unwrap();
    let port = cluster.peers[0].port().to_string();
    let mut running = sandlot()
        .args(["--port", &port, "run", "--no-stdin", program.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    timeout(PATIENCE, stdout.read_line(&mut line)).await.unwrap().unwrap();
    assert_eq!(line, "first\n", "it is there although the program goes on for an hour");
    running.kill().await.unwrap();
    // A reader that went away ends the program, as `| head` does at home.
    std::fs::write(&program, "import time\nwhile True:\n    print('more', flush=True)\n    time.sleep(0.02)\n")
        .unwrap();
    let mut running = sandlot()
        .args(["--port", &port, "run", "--no-stdin", program.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    timeout(PATIENCE, stdout.read_line(&mut line)).await.unwrap().unwrap();
    drop(stdout);
    timeout(PATIENCE, running.wait()).await.unwrap().unwrap();
    until("its task has ended", async || {
        status(&cluster.client(0)).await.raw("tasks").unwrap().get().contains("\"live\":0")
    })
    .await;
    // All of it is printed once.
    std::fs::write(&program, "import time\nfor n in range(5):\n    print(n, flush=True)\n    time.sleep(0.05)\n")
        .unwrap();
    let output = cluster.cli(0, &["run", "--no-stdin", program.to_str().unwrap()]).await;
    assert_eq!(printed(&output), "0\n1\n2\n3\n4\n");
}

#[tokio::test]
async fn settings_come_from_a_file_the_environment_and_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "port = 1\n[peer]\nworkers = 3\nslice_us = 200\ndrain_ms = 5\n").unwrap();
    let mut command = sandlot();
    command.env("SANDLOT_CONFIG", &file).env("SANDLOT_SLICE_US", "300").env("SANDLOT_DRAIN_MS", "6");
    command.args(["--json", "config", "show", "peer", "--drain-ms", "7"]);
    let shown: Value = serde_json::from_str(&printed(&command.output().await.unwrap())).unwrap();
    let settings = shown["settings"].as_array().unwrap();
    let of = |name: &str| {
        let setting = settings.iter().find(|setting| setting["name"] == name).unwrap();
        [setting["value"].as_str().unwrap().to_owned(), setting["source"].as_str().unwrap().to_owned()]
    };
    let path = file.to_str().unwrap();
    assert_eq!(of("workers"), ["3", path]);
    assert_eq!(of("port"), ["1", path]);
    assert_eq!(of("slice_us"), ["300", "environment: SANDLOT_SLICE_US"]);
    assert_eq!(of("drain_ms"), ["7", "argument"]);
    assert_eq!(of("live_tasks"), ["2048", "default"]);
    // They are what a command goes by.
    let refused = sandlot().env("SANDLOT_CONFIG", &file).arg("status").output().await.unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("127.0.0.1:1"), "{refused:?}");
    // A program's own --help is not ours: the settings hold.
    let program = folder.path().join("own.py");
    std::fs::write(&program, "").unwrap();
    let run = ["run", "--no-stdin", program.to_str().unwrap(), "--help"];
    let refused = sandlot().env("SANDLOT_CONFIG", &file).args(run).output().await.unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("127.0.0.1:1:"), "{refused:?}");
    for (wrong, option) in [("jobs = 0", "'--jobs <JOBS>'"), ("patience = nan", "'--patience <PATIENCE>'")] {
        std::fs::write(&file, format!("[map]\n{wrong}\n")).unwrap();
        let refused = sandlot().env("SANDLOT_CONFIG", &file).args(["config", "show", "map"]).output().await.unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(option) && said.contains(path) && refused.status.code() == Some(2), "{said}");
    }
    std::fs::write(&file, "[peer]\nworkres = 3\n").unwrap();
    // Whoever asks for help finds it, whatever the file says.
    printed(&sandlot().env("SANDLOT_CONFIG", &file).args(["status", "--help"]).output().await.unwrap());
    let refused = sandlot().env("SANDLOT_CONFIG", &file).arg("status").output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("[peer] workres is no setting") && refused.status.code() == Some(2), "{said}");
}

#[tokio::test]
async fn completions_and_manual_pages_are_made() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let text = printed(&sandlot().args(["completions", shell]).output().await.unwrap());
        assert!(text.contains("put-file"), "{shell}");
    }
    printed(&sandlot().arg("man").arg(folder.path()).output().await.unwrap());
    let page = std::fs::read_to_string(folder.path().join("sandlot-map.1")).unwrap();
    assert!(page.contains(".TH sandlot-map 1") && page.contains("keep\\-output"), "{page}");
}
