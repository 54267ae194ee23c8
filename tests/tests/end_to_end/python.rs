//! Programs as people write them: each runs unchanged under the machine's CPython and in the sandbox.

use sandlot_protocol::{CpuTask, Outcome};
use sandlot_tests::{Cluster, PATIENCE, printed, run, sandlot};
use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};
use tokio::{process::Command, time::timeout};

/// The examples need no newer Python than this.
const PYTHON_MIN: (u32, u32) = (3, 11);

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python")
}

async fn output(command: &mut Command, folder: &Path) -> Output {
    let command = command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts")
}

/// The machine's Python, if it is new enough.
async fn python(folder: &Path) -> Option<&'static str> {
    let version = "import sys; print(sys.version_info[0], sys.version_info[1])";
    let told = Command::new("python3").args(["-c", version]).current_dir(folder).output().await.ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().split_once(' ')?;
    ((major.parse().ok()?, minor.parse().ok()?) >= PYTHON_MIN).then_some("python3")
}

/// Runs a program both ways and compares what it prints and how it ends.
async fn check(python: &str, arguments: &[&str], program: &[&str]) {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let real = output(Command::new(python).arg("-B").args(program), here.path()).await;
    let ours = output(sandlot().arg("exec").args(arguments).args(program), there.path()).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&real.stderr), "", "{program:?}");
    assert_eq!(text(&ours.stderr), "", "{program:?}");
    assert_eq!(text(&ours.stdout), text(&real.stdout), "{program:?}");
    assert_eq!(ours.status.code(), real.status.code(), "{program:?}");
}

#[tokio::test]
async fn the_examples_print_what_they_print_under_cpython() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = python(folder.path()).await else {
        eprintln!("no python3 of {PYTHON_MIN:?} or newer here: the examples were not compared");
        return;
    };
    let mut programs: Vec<_> = std::fs::read_dir(examples()).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.retain(|path| path.extension().is_some_and(|end| end == "py"));
    programs.sort();
    assert!(programs.len() >= 9, "{programs:?}");
    for program in programs {
        check(python, &[], &[program.to_str().unwrap()]).await;
    }
    let (app, wheel) = (examples().join("shapes_app"), folder.path().join("shapes.whl"));
    let (wheel, program) = (wheel.to_str().unwrap(), app.join("use_shapes.py"));
    let packed = Command::new(python).args(["-m", "zipfile", "-c", wheel, "shapes"]).current_dir(&app).output().await;
    assert!(packed.unwrap().status.success());
    check(python, &["--with", wheel], &[program.to_str().unwrap()]).await;
}

/// Lines of a traceback without those that only point at a part of the line above: each version points elsewhere.
fn without_carets(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let points = |line: &&str| line.contains('^') && line.chars().all(|sign| " |~^".contains(sign));
    text.lines().filter(|line| !points(line)).map(|line| format!("{line}\n")).collect()
}

/// Failing programs: exceptions in chains and groups, with notes and suggestions, syntax errors, warnings, exit codes.
#[tokio::test]
async fn failing_programs_say_what_they_say_under_cpython() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = python(folder.path()).await else {
        eprintln!("no python3 of {PYTHON_MIN:?} or newer here: the tracebacks were not compared");
        return;
    };
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let mut names: Vec<_> = std::fs::read_dir(programs).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = name.file_name().unwrap();
        for folder in [&here, &there] {
            std::fs::copy(&name, folder.path().join(file)).unwrap();
        }
        // CPython tells the whole path of a script, the sandbox the name that was given.
        let real = output(Command::new(python).arg("-B").arg(file), here.path()).await;
        let ours = output(sandlot().arg("exec").arg(file), there.path()).await;
        let real_text = without_carets(&real.stderr).replace(&format!("{}/", here.path().display()), "");
        assert_eq!(without_carets(&ours.stderr), real_text, "{}", name.display());
        assert_eq!(String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&real.stdout), "{}", name.display());
        assert_eq!(ours.status.code(), real.status.code(), "{}", name.display());
    }
}

#[tokio::test]
async fn a_seed_gives_the_same_on_two_peers() {
    let cluster = Cluster::start(2).await;
    let program = "import datetime, os, random, sys, time, uuid\ndef main(words):\n    time.sleep(3600)\n    \
                   print(random.random(), hash('x'), set(words), uuid.uuid4())\n    \
                   return [os.urandom(8).hex(), str(datetime.datetime.now()), time.perf_counter(), sys.stdin.read()]\n";
    let task = CpuTask {
        args: Some(serde_json::from_str(r#"[["a","b","c","d"]]"#).unwrap()),
        stdin: "input".to_owned(),
        seed: Some(42),
        confidential: true,
        ..CpuTask::new(program)
    };
    let (one, two) = (run(&cluster.client(0), task.clone()).await, run(&cluster.client(1), task.clone()).await);
    assert_eq!(one.outcome(), Outcome::Ok, "{:?}", one.error);
    assert_ne!(one.executed_by, two.executed_by);
    assert_eq!((&one.stdout, one.result.get(), one.usage.fuel), (&two.stdout, two.result.get(), two.usage.fuel));
    let other = run(&cluster.client(0), CpuTask { seed: Some(43), ..task }).await;
    assert_ne!(one.stdout, other.stdout);
}

#[tokio::test]
async fn files_go_along_and_come_back() {
    let cluster = Cluster::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("in.bin"), [0, 159, 146, 150]).unwrap();
    let program = "data = open('data/given', 'rb').read()\nopen('out.bin', 'wb').write(data[::-1])\n";
    std::fs::write(at("app.py"), program).unwrap();
    let (given, out, app) = (format!("{}=data/given", at("in.bin")), format!("out.bin={}", at("out")), at("app.py"));
    for command in ["run", "exec"] {
        printed(&cluster.cli(0, &[command, "--file", &given, "--out", &out, &app]).await);
        assert_eq!(std::fs::read(at("out")).unwrap(), [150, 146, 159, 0]);
        std::fs::remove_file(at("out")).unwrap();
    }
    // What was kept comes back later too.
    let id = printed(&cluster.cli(0, &["submit", "--file", &given, "--out", "out.bin", &app]).await);
    let id = id.trim();
    printed(&cluster.cli(0, &["wait", id, "--out", &out]).await);
    assert_eq!(std::fs::read(at("out")).unwrap(), [150, 146, 159, 0]);
    let missing = cluster.cli(0, &["run", "--file", &given, "--out", "nowhere", &app]).await;
    let told = String::from_utf8_lossy(&missing.stderr);
    assert!(!missing.status.success() && told.contains("the program left no file nowhere"), "{told}");
}

#[tokio::test]
async fn a_folder_a_zip_and_a_package_run_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [
        (
            "app/__main__.py",
            "import sys, helper\nfrom sub import part\nprint(helper.NAME, part.TWO, __name__, sys.argv[1:])",
        ),
        ("app/helper.py", "NAME = 'helper'"),
        ("app/sub/__init__.py", ""),
        ("app/sub/part.py", "from . import __name__ as above\nTWO = above"),
    ] {
        std::fs::create_dir_all(Path::new(&at(name)).parent().unwrap()).unwrap();
        std::fs::write(at(name), text).unwrap();
    }
    let zipped = Command::new("python3").args(["-m", "zipapp", &at("app"), "-o", &at("app.zip")]).output().await;
    let mut programs = vec![at("app")];
    if zipped.is_ok_and(|output| output.status.success()) {
        programs.push(at("app.zip"));
    }
    for program in &programs {
        assert_eq!(
            printed(&output(sandlot().args(["exec", program, "x"]), folder.path()).await),
            "helper sub __main__ ['x']\n"
        );
    }
    std::fs::write(at("uses.py"), "import app.helper; print(app.helper.NAME, app.__path__)").unwrap();
    let with = output(sandlot().args(["exec", "--with", &at("app"), &at("uses.py")]), folder.path()).await;
    assert!(printed(&with).starts_with("helper "));
    let piped = Command::new("bash")
        .args(["-c", "exec \"$0\" exec <(echo 'print(1 + 1)')"])
        .arg(sandlot_tests::binary())
        .env("SANDLOT_CACHE_DIR", sandlot_tests::cache_dir())
        .output()
        .await
        .unwrap();
    assert_eq!(printed(&piped), "2\n");
    let none = output(sandlot().args(["exec", &at("app/sub")]), folder.path()).await;
    assert!(String::from_utf8_lossy(&none.stderr).contains("has no __main__.py"), "{none:?}");
}
