//! A task, its limits, its outcome.

use crate::{Address, RawJson, Refusal, TaskId, limits};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// CPU_TASK: run this Python.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CpuTask {
    /// The idempotency key; the peer makes one when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// Python source.
    pub program: String,
    /// The function to call: "main" when absent; `null` runs the program as a script.
    #[serde(default = "main_function")]
    #[schemars(length(min = 1, max = limits::FUNCTION_BYTES_MAX))]
    pub function: Option<String>,
    /// A JSON list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub args: Option<RawJson>,
    /// A JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub kwargs: Option<RawJson>,
    /// `sys.argv`, the program's own name first.
    #[serde(
        default,
        deserialize_with = "at_most::<{ limits::TASK_ARGV_MAX }, _, _>",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(max = limits::TASK_ARGV_MAX))]
    pub argv: Vec<String>,
    /// What the program reads from standard input.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub stdin: String,
    /// Files that lie in the program's folder when it starts.
    #[serde(
        default,
        deserialize_with = "at_most::<{ limits::TASK_FILES_MAX }, _, _>",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(max = limits::TASK_FILES_MAX))]
    pub files: Vec<TaskFile>,
    /// Paths of files that come back with the result, if the program leaves them.
    #[serde(
        default,
        deserialize_with = "at_most::<{ limits::TASK_FILES_MAX }, _, _>",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(max = limits::TASK_FILES_MAX))]
    pub files_out: Vec<String>,
    /// Makes the run repeatable: `random`, entropy and the clock then follow from this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Only ever run on the peer that was asked; the tracker is not told.
    #[serde(default, deserialize_with = "null_is_default")]
    pub confidential: bool,
    /// Among its submitter's tasks, higher first; -100 to 100.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "is_zero")]
    #[schemars(range(min = -limits::TASK_PRIORITY_MAX, max = limits::TASK_PRIORITY_MAX))]
    pub priority: i32,
    /// Its share among its submitter's tasks of the same priority: 1 (when absent) to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = limits::TASK_WEIGHT_MAX))]
    pub weight: Option<u32>,
    /// Who asks, where several people or programs ask from one host: each of them gets an equal part of the host's
    /// share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitter: Option<String>,
    /// Seconds of wall time, from the first slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = limits::TASK_TIMEOUT_MAX.as_secs_f64()))]
    pub timeout: Option<f64>,
    /// How often a failed task is tried again.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "is_zero_u32")]
    #[schemars(range(max = limits::TASK_RETRIES_MAX))]
    pub max_retries: u32,
    /// What differs from the default limits.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "TaskLimits::is_default")]
    pub limits: TaskLimits,
    /// The peer that forwards this task: it is never forwarded again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_peer: Option<String>,
    /// The trace that this task is part of, as in W3C's Trace Context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TRACEPARENT_BYTES_MAX))]
    pub traceparent: Option<String>,
}

/// A file of a task, or one that comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskFile {
    /// Its path in the task's own file system; one that is not absolute lies in the program's folder, `/work`.
    pub name: String,
    /// Its bytes as base64.
    pub data: String,
}

/// The text of an IP address, and what stands between it and a name.
const SUBMITTER_HOST_BYTES: usize = 64;

/// More than any version of Trace Context has so far.
const TRACEPARENT_BYTES_MAX: usize = 256;

fn main_function() -> Option<String> {
    Some("main".to_owned())
}

fn is_zero(value: &i32) -> bool {
    *value == 0
}

fn is_zero_u32(value: &u32) -> bool {
    *value == 0
}

/// Existing clients send `null` for what they leave out.
/// A list that is not made longer than it may be: `null` is an empty one.
pub(crate) fn at_most<'de, const MAX: usize, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct AtMost<const MAX: usize, T>(std::marker::PhantomData<T>);
    impl<'de, const MAX: usize, T: Deserialize<'de>> serde::de::Visitor<'de> for AtMost<MAX, T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(formatter, "a list of at most {MAX} entries")
        }

        fn visit_unit<E>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = entries.next_element()? {
                if list.len() == MAX {
                    return Err(serde::de::Error::custom(format!("there may be at most {MAX} entries")));
                }
                list.push(entry);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_any(AtMost::<MAX, T>(std::marker::PhantomData))
}

pub(crate) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The limits that a task may set for itself; what is absent has its default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskLimits {
    /// Units of fuel, about one per WebAssembly instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub fuel: Option<u64>,
    /// Bytes of memory, the interpreter's own included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = limits::TASK_MEMORY_BYTES_MAX))]
    pub memory_bytes: Option<u64>,
    /// Captured bytes of each of stdout and stderr; the rest is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = limits::TASK_OUTPUT_BYTES_MAX))]
    pub output_bytes: Option<u64>,
    /// A task that prints more is stopped (outcome `output_limit`) instead of going on with its output cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_stops: Option<bool>,
    /// Milliseconds of processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = limits::TASK_CPU_MAX.as_millis() as u64))]
    pub cpu_ms: Option<u64>,
    /// Bytes of the result's JSON text, and of the files that come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = limits::TASK_RESULT_BYTES))]
    pub result_bytes: Option<u64>,
    /// Bytes of the program's own files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = limits::TASK_FILES_BYTES_MAX))]
    pub files_bytes: Option<u64>,
}

impl TaskLimits {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl CpuTask {
    /// A public task that calls `main` of this program.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            task_id: None,
            program: program.into(),
            function: main_function(),
            args: None,
            kwargs: None,
            argv: Vec::new(),
            stdin: String::new(),
            files: Vec::new(),
            files_out: Vec::new(),
            seed: None,
            confidential: false,
            priority: 0,
            weight: None,
            submitter: None,
            timeout: None,
            max_retries: 0,
            limits: TaskLimits::default(),
            source_peer: None,
            traceparent: None,
        }
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// A refusal that names the member at fault and what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        let bad = |text: String| Err(Refusal::bad_request(text));
        if self.args.as_ref().is_some_and(|args| !args.get().starts_with('[') && args.get() != "null") {
            return bad("member \"args\" must be a list".to_owned());
        }
        if self.kwargs.as_ref().is_some_and(|kwargs| !kwargs.get().starts_with('{') && kwargs.get() != "null") {
            return bad("member \"kwargs\" must be an object".to_owned());
        }
        if self.function.as_ref().is_some_and(String::is_empty) {
            return bad("member \"function\" must name a function, or be null to run a script".to_owned());
        }
        if self.function.as_ref().is_some_and(|name| name.len() > limits::FUNCTION_BYTES_MAX) {
            return bad(format!("member \"function\" must be a name of at most {} bytes", limits::FUNCTION_BYTES_MAX));
        }
        if self.source_peer.as_ref().is_some_and(|peer| peer.parse::<Address>().is_err()) {
            return bad("member \"source_peer\" must be an address, \"ip:port\"".to_owned());
        }
        let timeout_max = limits::TASK_TIMEOUT_MAX.as_secs_f64();
        if self.timeout.is_some_and(|seconds| !(seconds > 0.0 && seconds <= timeout_max)) {
            return bad(format!("member \"timeout\" must be seconds, more than 0 and at most {timeout_max}"));
        }
        if self.max_retries > limits::TASK_RETRIES_MAX {
            return bad(format!("member \"max_retries\" must be at most {}", limits::TASK_RETRIES_MAX));
        }
        if self.traceparent.as_ref().is_some_and(|text| text.len() > TRACEPARENT_BYTES_MAX) {
            return bad(format!("member \"traceparent\" has at most {TRACEPARENT_BYTES_MAX} bytes"));
        }
        self.check_standing()?;
        if self.limits.cpu_ms == Some(0) {
            return bad("member \"limits.cpu_ms\" must be more than 0".to_owned());
        }
        let cpu_ms_max = u64::try_from(limits::TASK_CPU_MAX.as_millis()).unwrap_or(u64::MAX);
        check_range("cpu_ms", self.limits.cpu_ms, cpu_ms_max)?;
        if self.limits.fuel == Some(0) {
            return bad("member \"limits.fuel\" must be more than 0".to_owned());
        }
        check_range("memory_bytes", self.limits.memory_bytes, limits::TASK_MEMORY_BYTES_MAX)?;
        check_range("result_bytes", self.limits.result_bytes, limits::TASK_RESULT_BYTES)?;
        check_range("files_bytes", self.limits.files_bytes, limits::TASK_FILES_BYTES_MAX)?;
        self.check_files()?;
        check_range("output_bytes", self.limits.output_bytes, limits::TASK_OUTPUT_BYTES_MAX)?;
        if self.input_bytes() > limits::TASK_INPUT_BYTES_MAX {
            return Err(Refusal::new(
                crate::ErrorCode::LimitReached,
                format!(
                    "program, args, kwargs, argv, stdin and files have at most {} bytes together, these have {}",
                    limits::TASK_INPUT_BYTES_MAX,
                    self.input_bytes()
                ),
            ));
        }
        Ok(())
    }

    fn check_standing(&self) -> Result<(), Refusal> {
        let bad = |text: String| Err(Refusal::bad_request(text));
        let priority_max = limits::TASK_PRIORITY_MAX;
        if !(-priority_max..=priority_max).contains(&self.priority) {
            return bad(format!("member \"priority\" must lie between -{priority_max} and {priority_max}"));
        }
        if self.weight.is_some_and(|weight| !(1..=limits::TASK_WEIGHT_MAX).contains(&weight)) {
            return bad(format!("member \"weight\" must lie between 1 and {}", limits::TASK_WEIGHT_MAX));
        }
        self.check_submitter()
    }

    fn check_files(&self) -> Result<(), Refusal> {
        let (max, path_max) = (limits::TASK_FILES_MAX, limits::TASK_PATH_BYTES_MAX);
        for (member, count) in [("files", self.files.len()), ("files_out", self.files_out.len())] {
            if count > max {
                return Err(Refusal::bad_request(format!("member \"{member}\" must have at most {max} entries")));
            }
        }
        let names = self.files.iter().map(|file| &file.name).chain(&self.files_out);
        let is_path =
            |name: &&String| !name.is_empty() && name.len() <= path_max && !name.ends_with('/') && !name.contains('\0');
        match names.into_iter().find(|name| !is_path(name)) {
            Some(name) => Err(Refusal::bad_request(format!(
                "a file's name must be a path of 1 to {path_max} bytes that ends in a name, not {name:?}"
            ))),
            None => Ok(()),
        }
    }

    fn check_submitter(&self) -> Result<(), Refusal> {
        let Some(name) = &self.submitter else { return Ok(()) };
        // A peer that sends a task on puts the host before the name.
        let host_bytes = if self.source_peer.is_some() { SUBMITTER_HOST_BYTES } else { 0 };
        let bytes_max = limits::SUBMITTER_BYTES_MAX + host_bytes;
        if name.len() > bytes_max || name.chars().any(char::is_control) {
            return Err(Refusal::bad_request(format!(
                "member \"submitter\" must be a name of at most {bytes_max} bytes without control characters"
            )));
        }
        Ok(())
    }

    /// Bytes of program, args, kwargs, argv, stdin and files together.
    #[must_use]
    pub fn input_bytes(&self) -> u64 {
        let raw = |value: &Option<RawJson>| value.as_ref().map_or(0, |raw| raw.get().len());
        let argv: usize = self.argv.iter().map(String::len).sum();
        let files: usize = self.files.iter().map(TaskFile::bytes).sum();
        let files_out: usize = self.files_out.iter().map(String::len).sum();
        let call = raw(&self.args) + raw(&self.kwargs) + argv;
        (self.program.len() + call + self.stdin.len() + files + files_out) as u64
    }
}

impl TaskFile {
    /// Roughly what it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.name.len() + self.data.len()
    }
}

fn check_range(member: &str, value: Option<u64>, max: u64) -> Result<(), Refusal> {
    match value {
        Some(value) if value > max => {
            Err(Refusal::bad_request(format!("member \"limits.{member}\" must be at most {max}, not {value}")))
        }
        _ => Ok(()),
    }
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It returned a value, or the script ended.
    Ok,
    /// It raised, or the script ended with an exit code other than 0.
    Exception,
    /// Its wall time was over.
    Timeout,
    /// Its fuel was used up.
    FuelLimit,
    /// It needed more memory than its limit.
    MemoryLimit,
    /// Its result was larger than a result may be.
    OutputLimit,
    /// It was cancelled, or the peer stopped.
    Cancelled,
    /// The peer had no room for it.
    Rejected,
    /// The interpreter failed.
    Crashed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Exception,
        Self::Timeout,
        Self::FuelLimit,
        Self::MemoryLimit,
        Self::OutputLimit,
        Self::Cancelled,
        Self::Rejected,
        Self::Crashed,
    ];

    /// The name that travels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Exception => "exception",
            Self::Timeout => "timeout",
            Self::FuelLimit => "fuel_limit",
            Self::MemoryLimit => "memory_limit",
            Self::OutputLimit => "output_limit",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Crashed => "crashed",
        }
    }
}

/// What a program raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exception {
    /// The exception's class.
    #[serde(rename = "type")]
    pub kind: String,
    /// `str(exception)`.
    pub message: String,
    /// The whole traceback, with source lines.
    pub traceback: String,
}

/// What a task used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Usage {
    /// Units of fuel.
    pub fuel: u64,
    /// Turns on a worker.
    pub slices: u64,
    /// From being taken to the first slice, in milliseconds.
    pub queue_ms: f64,
    /// Time on a worker, in milliseconds.
    pub cpu_ms: f64,
    /// From the first slice to the end, in milliseconds.
    pub wall_ms: f64,
    /// The most memory at one time, the interpreter's own included.
    pub peak_memory_bytes: u64,
    /// Memory that is the task's own: the pages that it touched, where the rest is shared with other tasks.
    pub private_memory_bytes: u64,
}

/// CPU_RESULT: how a task ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CpuResult {
    /// The task's id.
    pub task_id: TaskId,
    /// What the function returned; `null` for a script and for every outcome but ok.
    #[serde(default = "crate::raw_null")]
    #[schemars(with = "serde_json::Value")]
    pub result: RawJson,
    /// One sentence, or `null` for ok.
    #[serde(default)]
    pub error: Option<String>,
    /// The peer that ran it.
    #[serde(default)]
    pub executed_by: Option<String>,
    /// How it ended. Existing peers do not say: see [`CpuResult::outcome`].
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// What it raised.
    #[serde(default)]
    pub exception: Option<Exception>,
    /// A script's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// What it printed.
    #[serde(default)]
    pub stdout: String,
    /// What it printed on standard error.
    #[serde(default)]
    pub stderr: String,
    /// Output was cut at its limit.
    #[serde(default)]
    pub truncated: bool,
    /// The files of `files_out` that the program left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<TaskFile>,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// When rejected: try again after so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// When cancelled: the peer is stopping, and another one can run the task.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopping: bool,
}

impl CpuResult {
    /// A result without a value: `outcome` and its one sentence.
    #[must_use]
    pub fn ended(task_id: TaskId, outcome: Outcome, error: impl Into<String>, executed_by: &Address) -> Self {
        Self {
            task_id,
            result: crate::raw_null(),
            error: (outcome != Outcome::Ok).then(|| error.into()),
            executed_by: Some(executed_by.to_string()),
            outcome: Some(outcome),
            exception: None,
            exit_code: None,
            stdout: String::new(),
            stderr: String::new(),
            truncated: false,
            files: Vec::new(),
            usage: Usage::default(),
            retry_after_ms: None,
            stopping: false,
        }
    }

    /// Roughly what it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const RECORD_BYTES: usize = 1024;
        let exception =
            self.exception.as_ref().map_or(0, |exception| exception.traceback.len() + exception.message.len());
        let error = self.error.as_ref().map_or(0, String::len);
        let files: usize = self.files.iter().map(TaskFile::bytes).sum();
        RECORD_BYTES + files + error + self.result.get().len() + self.stdout.len() + self.stderr.len() + exception
    }

    /// How it ended; for a peer that does not say, what its `error` tells.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(if self.error.is_none() { Outcome::Ok } else { Outcome::Exception })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(json: &str) -> CpuTask {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_absent_function_is_main_and_null_is_a_script() {
        assert_eq!(task(r#"{"program":""}"#).function.as_deref(), Some("main"));
        assert_eq!(task(r#"{"program":"","function":null}"#).function, None);
        let script = serde_json::to_string(&task(r#"{"program":"","function":null}"#)).unwrap();
        assert_eq!(task(&script).function, None);
    }

    #[test]
    fn members_out_of_range_are_named() {
        let check = |json: &str, member: &str| {
            let refusal = task(json).check().unwrap_err();
            assert!(refusal.error.contains(member), "{refusal}");
        };
        check(r#"{"program":"","args":{}}"#, "\"args\"");
        check(r#"{"program":"","kwargs":[]}"#, "\"kwargs\"");
        check(r#"{"program":"","function":""}"#, "\"function\"");
        check(&format!(r#"{{"program":"","function":"{}"}}"#, "f".repeat(256)), "\"function\"");
        check(r#"{"program":"","source_peer":"nowhere"}"#, "\"source_peer\"");
        check(r#"{"program":"","timeout":0}"#, "\"timeout\"");
        check(r#"{"program":"","timeout":1e9}"#, "\"timeout\"");
        check(r#"{"program":"","max_retries":1000}"#, "\"max_retries\"");
        check(r#"{"program":"","priority":101}"#, "\"priority\"");
        check(r#"{"program":"","weight":0}"#, "\"weight\"");
        check(r#"{"program":"","submitter":"a\nb"}"#, "\"submitter\"");
        check(r#"{"program":"","files":[{"name":"a/","data":""}]}"#, "a file's name");
        check(r#"{"program":"","files_out":[""]}"#, "a file's name");
        check(r#"{"program":"","limits":{"files_bytes":9999999999}}"#, "limits.files_bytes");
        check(r#"{"program":"","limits":{"cpu_ms":0}}"#, "limits.cpu_ms");
        check(r#"{"program":"","limits":{"result_bytes":99999999}}"#, "limits.result_bytes");
        let large = CpuTask::new("#".repeat(65 << 20)).check().unwrap_err();
        assert!(large.error.contains("at most 67108864 bytes together, these have 68157440"), "{large}");
        check(r#"{"program":"","limits":{"memory_bytes":9999999999}}"#, "limits.memory_bytes");
        assert!(task(r#"{"program":"","args":null,"confidential":null,"argv":null}"#).check().is_ok());
    }

    #[test]
    fn a_result_of_an_existing_peer_has_an_outcome() {
        let result: CpuResult = serde_json::from_str(r#"{"task_id":"T1","result":42,"error":null}"#).unwrap();
        assert_eq!((result.outcome(), result.result.get()), (Outcome::Ok, "42"));
    }
}
