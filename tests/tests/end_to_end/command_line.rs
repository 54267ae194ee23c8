//! What a person at the prompt sees, and what a script can branch on.

use expect_test::{Expect, expect};
use sandlot_tests::{Cluster, PATIENCE, cli, printed, sandlot};
use std::{path::Path, process::Output, process::Stdio};
use tokio::{io::AsyncWriteExt, time::timeout};

/// Exit code, standard output and standard error as one text.
fn check(output: &Output, expected: Expect) {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    expected.assert_eq(&format!("exit {}\n{stdout}--\n{stderr}", output.status.code().unwrap()));
}

async fn with_stdin(arguments: &[&str], folder: &Path, stdin: &str) -> Output {
    let mut command = sandlot();
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).await.unwrap();
    timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_script_runs_as_it_would_at_home() {
    let cluster = Cluster::start(1).await;
    let folder = cluster.folder.path();
    let program = "import sys\nprint(sys.argv[1:], input())\nprint('oops', file=sys.stderr)\nif len(sys.argv) > 2: sys.exit(7)\n\
                   def double(n): return {'n': n * 2}\n";
    std::fs::write(folder.join("app.py"), program).unwrap();
    let port = cluster.peers[0].port().to_string();
    for command in [&["--port", &port, "run", "app.py", "--x", "1"][..], &["exec", "app.py", "--x", "1"]] {
        check(
            &with_stdin(command, folder, "line\n").await,
            expect![[r#"
            exit 7
            ['--x', '1'] line
            --
            oops
        "#]],
        );
    }
    std::fs::write(folder.join("lib.py"), "def double(n): return {'n': n * 2}").unwrap();
    let call = ["--port", &port, "run", "--function", "double", "--args", "(21,)", "lib.py"];
    check(
        &with_stdin(&call, folder, "").await,
        expect![[r#"
        exit 0
        Result: {'n': 42}
        --
    "#]],
    );
    std::fs::write(folder.join("bad.py"), "def f():\n    return [][0]\nf()\n").unwrap();
    check(
        &with_stdin(&["--port", &port, "run", "bad.py"], folder, "").await,
        expect![[r#"
        exit 1
        --
        Traceback (most recent call last):
          File "bad.py", line 3, in <module>
            f()
            ~^^
          File "bad.py", line 2, in f
            return [][0]
                   ~~^^^
        IndexError: list index out of range
    "#]],
    );
}

/// Whether the binary brings code along for this processor.
fn is_carried_for() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

#[tokio::test]
async fn the_first_start_waits_for_no_compiler_where_the_binary_carries_the_code() {
    let folder = tempfile::tempdir().unwrap();
    for is_first in [true, false] {
        let preparing = sandlot().arg("prepare").env("SANDLOT_CACHE_DIR", folder.path()).output();
        let output = timeout(PATIENCE, preparing).await.unwrap().unwrap();
        assert!(printed(&output).contains(" is ready, and kept in "));
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(told.contains("compiling the Python guest"), is_first && !is_carried_for(), "{told}");
    }
}

#[tokio::test]
async fn exit_codes_tell_what_happened() {
    let cluster = Cluster::start(1).await;
    let code = async |arguments: &[&str]| cluster.cli(0, arguments).await.status.code().unwrap();
    let endless = "def main():\n  while True: pass";
    assert_eq!(code(&["cpu", "--program", "def main(): return 1/0"]).await, 1);
    assert_eq!(code(&["cpu", "--program", "def main(): pass", "--args", "5"]).await, 2);
    assert_eq!(code(&["cpu", "--program", "def main(): pass", "--timeout", "-1"]).await, 2);
    assert_eq!(code(&["get-mem", "--key", "none"]).await, 4);
    assert_eq!(code(&["set-mem", "--key", "k", "--value", "1", "--if-version", "9"]).await, 4);
    assert_eq!(code(&["run", "/no/such/file.py"]).await, 5);
    assert_eq!(code(&["cpu", "--program", endless, "--timeout", "0.1"]).await, 124);
    assert_eq!(code(&["cpu", "--program", endless, "--fuel", "100000000"]).await, 125);
    assert_eq!(code(&["cpu", "--program", "def main(): return 'x' * 10**9"]).await, 125);
    let nobody = cli(1, &["status"]).await;
    check(
        &nobody,
        expect![[r#"
        exit 3
        --
        sandlot: cannot connect to 127.0.0.1:1: Connection refused (os error 111)
    "#]],
    );
}

#[tokio::test]
async fn every_client_command_speaks_json() {
    let cluster = Cluster::start(1).await;
    let folder = cluster.folder.path();
    std::fs::write(folder.join("f"), "x").unwrap();
    std::fs::write(folder.join("b.json"), r#"[{"program": "def main(): return 1"}]"#).unwrap();
    let (f, b, g) = (folder.join("f"), folder.join("b.json"), folder.join("g"));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    for command in [
        "cpu --task-id T1 --program def\u{a0}main():pass".to_owned(),
        "set-mem --key k --value 1".to_owned(),
        "get-mem --key k".to_owned(),
        "list-mem".to_owned(),
        "delete-mem --key k".to_owned(),
        format!("put-file --filename f --filepath {}", path(&f)),
        format!("get-file --filename f --save {}", path(&g)),
        "list-files".to_owned(),
        "delete-file --filename f".to_owned(),
        format!("batch {}", path(&b)),
        "peers".to_owned(),
        "status".to_owned(),
        "tasks".to_owned(),
        "history".to_owned(),
        "history T1".to_owned(),
    ] {
        let words: Vec<String> = command.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
        let text = printed(&cluster.cli(0, &words).await);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{command}: {text}"));
        assert!(json["type"].is_string(), "{command}: {text}");
    }
}

#[tokio::test]
async fn a_role_that_cannot_start_says_why() {
    let cluster = Cluster::start(1).await;
    let used = cluster.tracker.port();
    let output = cli(used, &["tracker"]).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains(&format!("cannot listen on 127.0.0.1:{used}: Address already in use")), "{stderr}");
    let output = cli(0, &["tracker", "--host", "0.0.0.0"]).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && stderr.contains("--insecure"), "{stderr}");
    let data_dir = cluster.folder.path().join("0");
    let output = cli(0, &["peer", "--data-dir", data_dir.to_str().unwrap()]).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(5) && stderr.contains("belongs to a peer that is running"), "{stderr}");
    let output = cli(0, &["peer", "--data-dir", "/proc/no/such"]).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(5) && stderr.contains("cannot use the data folder /proc/no/such"), "{stderr}");
}
