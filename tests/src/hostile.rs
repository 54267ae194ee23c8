//! The hostile collection: programs in tests/hostile, each with its expected outcome in its first line.
//!
//! `# expect: OUTCOME[/OUTCOME][ TYPE] | class: CLASS[ | key: value]...` with the keys `function`, `timeout` (seconds),
//! `memory_bytes`, `fuel`, `output_bytes`, `stdout` (all of it, without the white space around it) and `error` (part of
//! the sentence).

use crate::{Node, PATIENCE, clock, run};
use sandlot_client::Client;
use sandlot_protocol::{CpuResult, CpuTask, Outcome, TaskLimits};
use std::{path::Path, time::Duration};
use tokio::time::timeout;

/// Wall time of a program that does not say its own.
const TIMEOUT_SECONDS: f64 = 1.0;
/// Wall time of a program that ends by itself, at least.
const ENDS_SECONDS: f64 = 180.0;
/// Memory of a program that does not say its own.
const MEMORY_BYTES: u64 = 147 << 20;
/// Captured output of a program that does not say its own.
const OUTPUT_BYTES: u64 = 64 << 10;

/// A program and what must become of it.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// The file's name without `.py`.
    pub name: String,
    /// What it attacks.
    pub class: String,
    /// Outcomes that are right.
    pub outcomes: Vec<String>,
    /// The exception's class, if it matters.
    pub exception: Option<String>,
    stdout: Option<String>,
    error: Option<String>,
    /// What is sent.
    pub task: CpuTask,
}

/// What became of a program.
#[derive(Debug)]
pub struct Verdict {
    /// The peer's answer.
    pub result: CpuResult,
    /// From the request to the answer.
    pub took: Duration,
    /// What is wrong; `None` when all is as expected.
    pub wrong: Option<String>,
}

impl Hostile {
    /// Reads one program.
    ///
    /// # Panics
    /// When its first line is not of the form.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a file name").to_owned();
        let head = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
        let head =
            head.strip_prefix("# expect: ").unwrap_or_else(|| panic!("{name}: the first line must say # expect:"));
        let mut parts = head.split(" | ");
        let mut words = parts.next().unwrap_or_default().split(' ');
        let outcomes = words.next().unwrap_or_default().split('/').map(ToOwned::to_owned).collect();
        let exception = words.next().map(ToOwned::to_owned);
        let mut task = CpuTask::new(text.clone());
        task.function = None;
        task.confidential = true;
        task.timeout = Some(TIMEOUT_SECONDS);
        task.argv = vec![format!("{name}.py")];
        task.limits =
            TaskLimits { memory_bytes: Some(MEMORY_BYTES), output_bytes: Some(OUTPUT_BYTES), ..TaskLimits::default() };
        let mut hostile = Self { name, class: String::new(), outcomes, exception, stdout: None, error: None, task };
        for part in parts {
            let (key, value) = part.split_once(": ").unwrap_or_else(|| panic!("{}: {part:?}", hostile.name));
            hostile.set(key.trim(), value.trim());
        }
        assert!(!hostile.class.is_empty(), "{} has no class", hostile.name);
        // What ends by itself must do so on a machine that is busy with other things, too.
        if hostile.outcomes.iter().all(|outcome| outcome != "timeout") {
            hostile.task.timeout = hostile.task.timeout.map(|seconds| seconds.max(ENDS_SECONDS));
        }
        hostile
    }

    fn set(&mut self, key: &str, value: &str) {
        let number = || value.parse().unwrap_or_else(|_| panic!("{key}: {value:?} is no number"));
        match key {
            "class" => value.clone_into(&mut self.class),
            "function" => self.task.function = Some(value.to_owned()),
            "timeout" => self.task.timeout = Some(value.parse().expect("seconds")),
            "memory_bytes" => self.task.limits.memory_bytes = Some(number()),
            "fuel" => self.task.limits.fuel = Some(number()),
            "output_bytes" => self.task.limits.output_bytes = Some(number()),
            "stdout" => self.stdout = Some(value.to_owned()),
            "error" => self.error = Some(value.to_owned()),
            _ => panic!("{}: unknown key {key:?}", self.name),
        }
    }

    /// Runs it on a peer.
    pub async fn run(&self, client: &Client) -> Verdict {
        let started = clock::now();
        let running = timeout(self.latest(), client.run(self.task.clone())).await;
        let result = running.unwrap_or_else(|_| panic!("{} hangs", self.name)).expect("a peer answers");
        let took = started.elapsed();
        Verdict { wrong: self.wrong(&result, took), result, took }
    }

    fn wrong(&self, result: &CpuResult, took: Duration) -> Option<String> {
        let outcome = result.outcome().as_str();
        let error = result.error.clone().unwrap_or_default();
        if !self.outcomes.iter().any(|right| right == outcome) {
            return Some(format!("{outcome} and not {}: {error}", self.outcomes.join("/")));
        }
        let kind = result.exception.as_ref().map(|exception| exception.kind.as_str());
        if self.exception.is_some() && kind != self.exception.as_deref() {
            return Some(format!("raised {kind:?} and not {:?}: {error}", self.exception));
        }
        if self.error.as_ref().is_some_and(|part| !error.contains(part)) {
            return Some(format!("the error does not say {:?}: {error}", self.error));
        }
        if self.stdout.as_ref().is_some_and(|stdout| result.stdout.trim() != stdout) {
            return Some(format!("printed {:?} and not {:?}", result.stdout, self.stdout));
        }
        let latest = self.latest();
        (took > latest).then(|| format!("took {took:?}, and should take {latest:?} at most"))
    }

    /// A machine full of other tests is late; a limit that does not bind is much later.
    fn latest(&self) -> Duration {
        Duration::from_secs_f64(self.task.timeout.unwrap_or(TIMEOUT_SECONDS)) * 3 + Duration::from_secs(10)
    }
}

/// Every program of the collection, by name.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn collection() -> Vec<Hostile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("tests/hostile").map(|entry| entry.expect("tests/hostile").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "py"));
    paths.sort();
    paths.iter().map(|path| Hostile::read(path)).collect()
}

/// A task that must always be answered; tells how long that took.
///
/// # Panics
/// When its answer is wrong.
pub async fn honest(client: &Client, number: i64) -> Duration {
    let mut task = CpuTask::new("import json\ndef main(n): return json.loads(json.dumps({'n': [n, n * n]}))");
    task.args = Some(sandlot_protocol::raw_json(format!("[{number}]")).expect("JSON"));
    task.confidential = true;
    let started = clock::now();
    let result = run(client, task).await;
    let took = started.elapsed();
    assert_eq!(result.outcome(), Outcome::Ok, "{:?}", result.error);
    assert_eq!(result.result.get(), format!("{{\"n\":[{number},{}]}}", number * number));
    took
}

/// A peer at rest may have so many bytes more than it had before: what it keeps of a program's output and result, the
/// allocator's holes.
pub const LEFT_BYTES_MAX: u64 = 16 << 20;

/// Bytes of memory that a process has for itself, by the kernel. Pages of files, which the kernel may drop and which
/// several sandboxes map at one time, are not among them.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn anonymous_bytes(node: &Node) -> u64 {
    figure(node, "smaps_rollup", "Anonymous:") * 1024
}

/// Bytes that belong to the process alone.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn private_bytes(node: &Node) -> u64 {
    (figure(node, "smaps_rollup", "Private_Dirty:") + figure(node, "smaps_rollup", "Private_Clean:")) * 1024
}

/// Open descriptors of a process.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn descriptors(node: &Node) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", node.pid())).expect("the process lives").count()
}

fn figure(node: &Node, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/{file}", node.pid())).expect("the process lives");
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).expect("a figure")
}

/// Waits until a process is as small as it was, within a tenth; tells how large it is.
pub async fn back_to(node: &Node, bytes: u64) -> u64 {
    let mut now = anonymous_bytes(node);
    let shrinking = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while now > bytes + LEFT_BYTES_MAX {
            ticks.tick().await;
            now = anonymous_bytes(node);
        }
    };
    // How large it is then says whether it shrank.
    let _ = timeout(PATIENCE / 20, shrinking).await;
    now
}
