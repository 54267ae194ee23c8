//! Programs as people write them: each runs unchanged under the machine's CPython and in the sandbox.

use sandlot_tests::{PATIENCE, sandlot};
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
    let app = examples().join("shapes_app");
    let (shapes, program) = (app.join("shapes"), app.join("use_shapes.py"));
    check(python, &["--with", shapes.to_str().unwrap()], &[program.to_str().unwrap()]).await;
}
