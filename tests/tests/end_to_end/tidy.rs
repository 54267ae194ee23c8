//! The rules of ARCHITECTURE.md that can be checked.

use sandlot_protocol::{Reply, Request};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> Value {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .current_dir(root())
        .output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

/// Which of our crates each crate uses, dev-dependencies left out.
#[test]
fn crates_use_only_what_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("protocol", &[][..]),
        ("net", &["protocol"]),
        ("client", &["protocol", "net"]),
        ("compute", &["protocol"]),
        ("tracker", &["protocol", "net"]),
        ("peer", &["protocol", "net", "client", "compute"]),
        ("cli", &["protocol", "net", "client", "compute", "tracker", "peer"]),
        ("tests", &["protocol", "client", "compute"]),
    ]);
    let fenced =
        BTreeMap::from([("wasmtime", "compute"), ("wasmtime-wasi", "compute"), ("axum", "peer"), ("clap", "cli")]);
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().trim_start_matches("sandlot-");
        for dependency in package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null()) {
            let dependency = dependency["name"].as_str().unwrap();
            if let Some(ours) = dependency.strip_prefix("sandlot-") {
                assert!(allowed[name].contains(&ours), "{name} must not use {ours}");
            }
            if let Some(only) = fenced.get(dependency) {
                assert_eq!(*only, name, "{dependency} belongs to {only}");
            }
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut files = Vec::new();
    ["crates", "guest", "tests"].iter().for_each(|folder| sources(&root().join(folder), &mut files));
    assert!(files.len() > 40);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with //!", file.display());
        assert!(text.lines().count() <= 700, "{} is too long", file.display());
    }
}

/// The JSON lines in PROTOCOL.md's ```json blocks.
fn examples() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("PROTOCOL.md")).unwrap();
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.flat_map(|block| block.lines().map(ToOwned::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_example_in_the_protocol_parses_and_every_message_has_one() {
    let mut requests = BTreeSet::new();
    let mut replies = BTreeSet::new();
    for example in examples() {
        let value: Value = serde_json::from_str(&example).unwrap_or_else(|error| panic!("{error}: {example}"));
        let kind = value["type"].as_str().unwrap().to_owned();
        let request = Request::parse(&example).request;
        let reply = Reply::parse(&example).reply;
        // STATUS is the name of a request and of a reply: the reply has a status.
        if request.is_ok() && value.get("status").is_none() {
            requests.insert(kind);
        } else {
            reply.unwrap_or_else(|error| panic!("{error}: {example}"));
            replies.insert(kind);
        }
    }
    for names in Request::TYPES {
        assert!(requests.contains(names[0]), "PROTOCOL.md has no example of {}", names[0]);
    }
    for name in [
        "CPU_RESULT",
        "BATCH_RESULT",
        "STATUS",
        "MEM_RESPONSE",
        "FILE_RESPONSE",
        "FILE_CHUNK",
        "FILE_PEERS",
        "CPU_RESPONSE",
        "PONG",
        "ERROR",
    ] {
        assert!(replies.contains(name), "PROTOCOL.md has no example of the reply {name}");
    }
}
