//! Runs CPython's own test suite in the sandbox, module by module, and writes what passes.

use crate::Cluster;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_client::Client;
use sandlot_protocol::{CpuTask, TaskFile, TaskLimits};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

/// What runs a module inside.
const DRIVER: &str = include_str!("../conformance/driver.py");
/// The modules that need nothing which a sandbox cannot have.
const MODULES: &str = include_str!("../conformance/modules.txt");
/// A module's tests have this long.
const MODULE_SECONDS: f64 = 300.0;
const MEMORY_BYTES: u64 = 1 << 30;
const OUTPUT_BYTES: u64 = 16 << 20;
const FILES_BYTES: u64 = 256 << 20;
/// A test that ends the interpreter is left out the next time; so often at most.
const CRASHES_MAX: usize = 20;
/// Parts of the suite that no module of ours needs, and that are large.
const LEFT_OUT: [&str; 8] = [
    "decimaltestdata",
    "cjkencodings",
    "test_email",
    "test_asyncio",
    "test_importlib",
    "audiodata",
    "capath",
    "leakers",
];
/// Modules that need one of those.
const NEEDS: [(&str, &str); 3] =
    [("test_decimal", "decimaltestdata"), ("test_email", "test_email"), ("test_gettext", "test_email")];

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// "passed", "failed", "skipped" or "crashed".
    pub what: String,
    /// Why, where it did not pass.
    pub why: String,
}

/// The tests of one module by their ids.
pub type Verdicts = BTreeMap<String, Verdict>;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Start { start: String },
    End { end: String, what: String, why: String },
    Module { module: String, why: String },
}

/// The modules that are run.
#[must_use]
pub fn modules() -> Vec<&'static str> {
    MODULES.split_whitespace().collect()
}

/// Runs these modules on one peer.
///
/// # Errors
/// When the suite cannot be read.
pub async fn conformance(
    suite: &Path,
    modules: &[&str],
    mut progress: impl FnMut(&str),
) -> io::Result<BTreeMap<String, Verdicts>> {
    let cluster = Cluster::with(1, &["--keep-results-s", "1"]).await;
    let client = cluster.client(0);
    let common = common_files(suite)?;
    let mut all = BTreeMap::new();
    for module in modules {
        let verdicts = run_module(&client, suite, &common, module).await?;
        let count = |what: &str| verdicts.values().filter(|verdict| verdict.what == what).count();
        let (passed, failed) = (count("passed"), count("failed") + count("crashed"));
        progress(&format!("{module}: {passed} passed, {failed} failed, {} skipped", count("skipped")));
        all.insert((*module).to_owned(), verdicts);
    }
    Ok(all)
}

async fn run_module(client: &Client, suite: &Path, common: &[TaskFile], module: &str) -> io::Result<Verdicts> {
    let mut files = common.to_vec();
    for name in NEEDS.iter().filter(|(who, _)| *who == module).map(|(_, what)| *what).chain([module]) {
        let (folder, file) = (suite.join(name), suite.join(format!("{name}.py")));
        if folder.is_dir() {
            add(&mut files, &folder, &format!("test/{name}"), &|_| true)?;
        } else if file.is_file() {
            files.push(task_file(&format!("test/{name}.py"), &file)?);
        }
    }
    let (mut verdicts, mut left_out) = (Verdicts::new(), BTreeSet::new());
    for _ in 0..CRASHES_MAX {
        let mut task = CpuTask::new(DRIVER);
        task.function = None;
        task.argv = ["driver.py", module].into_iter().map(str::to_owned).chain(left_out.iter().cloned()).collect();
        task.files.clone_from(&files);
        task.timeout = Some(MODULE_SECONDS);
        task.limits = TaskLimits {
            memory_bytes: Some(MEMORY_BYTES),
            output_bytes: Some(OUTPUT_BYTES),
            files_bytes: Some(FILES_BYTES),
            ..TaskLimits::default()
        };
        let result = client.run(task).await.map_err(io::Error::other)?;
        let (mut at, mut ended) = (None, false);
        for line in result.stdout.lines().filter_map(|line| line.strip_prefix("RESULT ")) {
            match serde_json::from_str(line) {
                Ok(Line::Start { start }) => at = Some(start),
                Ok(Line::End { end, what, why }) => {
                    at = None;
                    verdicts.insert(end, Verdict { what, why });
                }
                Ok(Line::Module { module: what, why }) => {
                    ended = true;
                    if what != "ended" {
                        verdicts.insert(format!("test.{module}"), Verdict { what, why });
                    }
                }
                Err(_) => {}
            }
        }
        if ended {
            break;
        }
        let why = format!("{}: {}", result.outcome().as_str(), result.error.unwrap_or_default());
        let Some(at) = at else {
            verdicts.insert(format!("test.{module}"), Verdict { what: "crashed".to_owned(), why });
            break;
        };
        verdicts.insert(at.clone(), Verdict { what: "crashed".to_owned(), why });
        left_out.insert(at);
        // What has ended need not be run again.
        left_out.extend(verdicts.keys().cloned());
    }
    Ok(verdicts)
}

/// The page: a row for each module, and the reasons of what fails.
#[must_use]
pub fn page(all: &BTreeMap<String, Verdicts>) -> String {
    let count = |verdicts: &Verdicts, what: &[&str]| {
        verdicts.values().filter(|verdict| what.contains(&verdict.what.as_str())).count()
    };
    let total = |what: &[&str]| all.values().map(|verdicts| count(verdicts, what)).sum::<usize>();
    let (passed, failed, skipped) = (total(&["passed"]), total(&["failed", "crashed"]), total(&["skipped"]));
    let mut text = format!(
        "# Conformance\n\nWritten by `scripts/conformance`: CPython 3.11's own tests, run in the sandbox as it ships \
         (its library is Python 3.14's).\n\n| what | figure |\n|---|---|\n| modules | {} |\n| tests passed | {passed} \
         |\n| tests failed | {failed} |\n| tests skipped | {skipped} |\n| passed, of those that ran | {:.1} % |\n\n\
         | module | passed | failed | skipped |\n|---|---|---|---|\n",
        all.len(),
        passed as f64 * 100.0 / (passed + failed).max(1) as f64,
    );
    for (module, verdicts) in all {
        let _ = writeln!(
            text,
            "| {module} | {} | {} | {} |",
            count(verdicts, &["passed"]),
            count(verdicts, &["failed", "crashed"]),
            count(verdicts, &["skipped"])
        );
    }
    text.push_str("\n## What fails\n");
    for (module, verdicts) in all {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, verdict) in verdicts.iter().filter(|(_, verdict)| ["failed", "crashed"].contains(&&*verdict.what)) {
            let why = verdict.why.lines().next().unwrap_or_default();
            reasons.entry(why).or_default().push(id.rsplit('.').next().unwrap_or(id));
        }
        if !reasons.is_empty() {
            let _ = writeln!(text, "\n### {module}\n");
        }
        for (why, tests) in reasons {
            let _ = writeln!(text, "- `{}`: {}", why.replace('`', "'"), tests.join(", "));
        }
    }
    text
}

/// What every module may need: the package itself, its support, and modules that others inherit from.
fn common_files(suite: &Path) -> io::Result<Vec<TaskFile>> {
    let mut files = Vec::new();
    add(&mut files, suite, "test", &|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_module = path.parent() == Some(suite) && name.starts_with("test_") && path.is_file();
        let is_package = path.parent() == Some(suite) && name.starts_with("test_") && path.is_dir();
        !is_module && !is_package && !LEFT_OUT.contains(&name) && name != "__pycache__"
    })?;
    Ok(files)
}

fn add(files: &mut Vec<TaskFile>, folder: &Path, prefix: &str, wanted: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| wanted(path)) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            add(files, path, &format!("{prefix}/{name}"), wanted)?;
        } else {
            files.push(task_file(&format!("{prefix}/{name}"), path)?);
        }
    }
    Ok(())
}

fn task_file(name: &str, path: &Path) -> io::Result<TaskFile> {
    Ok(TaskFile { name: name.to_owned(), data: BASE64.encode(fs::read(path)?) })
}
