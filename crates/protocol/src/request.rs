//! What can be asked. One closed enum: the compiler lists what a new message must touch.

use crate::{
    CpuTask, ErrorCode, FileName, Key, PeerId, RawJson, Refusal, TaskId, json,
    limits::{BATCH_TASKS_MAX, LIST_ENTRIES, LIST_ENTRIES_MAX, WAIT_MAX},
    task::{at_most, null_is_default},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::time::Duration;

/// A message as it came: what is asked, and the id that goes back with the reply.
#[derive(Debug)]
pub struct Envelope {
    /// A string or an integer, in the asker's own text.
    pub request_id: Option<RawJson>,
    /// What is asked, or why the message is none.
    pub request: Result<Request, Refusal>,
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:literal $(| $alias:literal)* => $variant:ident($body:ty),)*) => {
        /// Everything that can be asked of a node.
        #[derive(Debug, Clone, Serialize)]
        #[serde(tag = "type")]
        pub enum Request {
            $($(#[$doc])* #[serde(rename = $name)] $variant($body),)*
        }

        impl Request {
            /// Every `type` with its existing other names, in the order of PROTOCOL.md.
            pub const TYPES: &'static [&'static [&'static str]] = &[$(&[$name $(, $alias)*]),*];

            /// The message's `type`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            fn of_type(name: &str, text: &str) -> Result<Self, Refusal> {
                match name {
                    $($name $(| $alias)* => read::<$body>(name, text).map(Self::$variant),)*
                    _ => Err(unknown(name)),
                }
            }
        }
    };
}

requests! {
    /// Run this Python.
    "CPU_TASK" => CpuTask(CpuTask),
    /// Run these side by side.
    "BATCH_TASK" => BatchTask(BatchTask),
    /// Run this Python, and keep its result for whoever asks later.
    "SUBMIT_TASK" => SubmitTask(CpuTask),
    /// Wait for a task's end.
    "WAIT_TASK" => WaitTask(WaitTask),
    /// What a task prints.
    "TASK_OUTPUT" => TaskOutput(TaskOutput),
    /// Where a task is, or why it waits.
    "EXPLAIN_TASK" => ExplainTask(TaskQuestion),
    /// Stop a task.
    "CANCEL_TASK" => CancelTask(TaskQuestion),
    /// The tasks that ended.
    "TASK_HISTORY" => TaskHistory(TaskHistory),
    /// The tasks that have not ended.
    "LIST_TASKS" => ListTasks(Nothing),
    /// What the workers did lately, turn by turn.
    "TIMELINE" => Timeline(TimelineQuestion),
    /// Set a key.
    "SET_MEM" | "SET_MEM_REMOTE" => SetMem(SetMem),
    /// Read a key.
    "GET_MEM" | "GET_MEM_REMOTE" => GetMem(GetMem),
    /// Delete a key.
    "DELETE_MEM" => DeleteMem(DeleteMem),
    /// List keys.
    "LIST_MEM" => ListMem(ListMem),
    /// Store a file.
    "PUT_FILE" => PutFile(PutFile),
    /// Read a file.
    "GET_FILE" => GetFile(FileQuestion),
    /// Delete a file.
    "DELETE_FILE" => DeleteFile(FileQuestion),
    /// List files.
    "LIST_FILES" => ListFiles(ListFiles),
    /// Which peers have a file.
    "FIND_FILE" => FindFile(FileQuestion),
    /// Store a part of a file.
    "PUT_FILE_CHUNK" => PutFileChunk(PutFileChunk),
    /// Read a part of a file.
    "GET_FILE_CHUNK" => GetFileChunk(GetFileChunk),
    /// A peer is there.
    "REGISTER" => Register(Register),
    /// A peer's load.
    "UPDATE_LOAD" => UpdateLoad(Register),
    /// A peer goes.
    "UNREGISTER" => Unregister(Member),
    /// Which peer has the most room.
    "GET_BEST_PEER" | "REQUEST_CPU" => GetBestPeer(GetBestPeer),
    /// A peer has a file.
    "REGISTER_FILE" => RegisterFile(MemberFile),
    /// A peer no longer has a file.
    "UNREGISTER_FILE" => UnregisterFile(MemberFile),
    /// How the node is.
    "STATUS" => Status(Nothing),
    /// Are you there.
    "PING" => Ping(Nothing),
}

impl Request {
    /// Reads one message.
    #[must_use]
    pub fn parse(text: &str) -> Envelope {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow, rename = "type")]
            name: Option<&'a RawValue>,
            #[serde(borrow)]
            request_id: Option<&'a RawValue>,
        }
        if !text.trim_start().starts_with('{') {
            let refusal = Refusal::bad_request("a message is a JSON object with a \"type\"");
            return Envelope { request_id: None, request: Err(refusal) };
        }
        let head: Head<'_> = match serde_json::from_str(text) {
            Ok(head) => head,
            Err(error) => return Envelope { request_id: None, request: Err(not_json(&error)) },
        };
        let id_is_right = head.request_id.is_none_or(|id| id.get().starts_with(['"', '-']) || is_integer(id.get()));
        if !id_is_right {
            let refusal = Refusal::bad_request("member \"request_id\" must be a string or an integer");
            return Envelope { request_id: None, request: Err(refusal) };
        }
        let request = match head.name.map(|name| serde_json::from_str::<String>(name.get())) {
            Some(Ok(name)) => Self::of_type(&name, text),
            Some(Err(_)) => Err(Refusal::bad_request("member \"type\" must be a string")),
            None => Err(Refusal::bad_request("member \"type\" is missing: every message names its type")),
        };
        Envelope { request_id: head.request_id.map(ToOwned::to_owned), request }
    }

    /// This request as JSON text, with the id that the reply brings back.
    ///
    /// # Panics
    /// Never: every request has a JSON form.
    #[must_use]
    pub fn to_json(&self, request_id: Option<u64>) -> String {
        let mut bytes = Vec::new();
        self.append_json(request_id, &mut bytes);
        String::from_utf8(bytes).expect("JSON is text")
    }

    /// The same, behind what is there already.
    ///
    /// # Panics
    /// Never, as above.
    pub fn append_json(&self, request_id: Option<u64>, bytes: &mut Vec<u8>) {
        let request_id = request_id.map(|id| id.to_string());
        match self.apart() {
            Some((rest, data)) => json::append_with_data(&rest, data, request_id.as_deref(), bytes),
            None => json::append(self, request_id.as_deref(), bytes),
        }
    }

    /// A request that may have much data, and its data.
    fn apart(&self) -> Option<(Self, &str)> {
        match self {
            Self::PutFileChunk(chunk) => {
                let PutFileChunk { upload_id, filename, offset, total, data } = chunk;
                let (upload_id, filename, empty) = (upload_id.clone(), filename.clone(), String::new());
                let rest = PutFileChunk { upload_id, filename, offset: *offset, total: *total, data: empty };
                Some((Self::PutFileChunk(rest), data))
            }
            Self::PutFile(PutFile { filename, data }) => {
                Some((Self::PutFile(PutFile { filename: filename.clone(), data: String::new() }), data))
            }
            _ => None,
        }
    }
}

fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn not_json(error: &serde_json::Error) -> Refusal {
    Refusal::bad_request(format!("the message is not JSON: {error}"))
}

/// Reads a message's members; an error names the member.
/// # Errors
/// A refusal that names the member at fault.
pub fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Refusal> {
    // Where an error is, is only followed once there is one.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = without_place(&error.into_inner().to_string());
        let place = if path == "." { String::new() } else { format!(" member \"{path}\":") };
        Refusal::bad_request(format!("{name}:{place} {inner}").replace('`', "\""))
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// serde_json ends its messages with the place in the text; the member's name says it better.
fn without_place(text: &str) -> String {
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

fn unknown(name: &str) -> Refusal {
    let shown: String = name.chars().take(64).collect();
    let upper = shown.to_uppercase();
    let near = Request::TYPES.iter().flat_map(|names| names.iter()).find(|known| **known == upper);
    let hint = near.map_or_else(|| "PROTOCOL.md lists the types".to_owned(), |known| format!("did you mean {known}?"));
    Refusal::new(ErrorCode::UnknownType, format!("unknown message type {shown:?}: {hint}"))
}

/// No members.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Nothing {}

/// Tasks to run side by side.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BatchTask {
    /// The tasks; results come in this order.
    #[serde(deserialize_with = "at_most::<BATCH_TASKS_MAX, _, _>")]
    #[schemars(length(max = BATCH_TASKS_MAX))]
    pub tasks: Vec<CpuTask>,
}

impl BatchTask {
    /// Checks the number of tasks and each task.
    ///
    /// # Errors
    /// A refusal that names the task at fault.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.tasks.len() > BATCH_TASKS_MAX {
            return Err(Refusal::new(
                ErrorCode::LimitReached,
                format!("a batch has at most {BATCH_TASKS_MAX} tasks, this one has {}", self.tasks.len()),
            ));
        }
        for (index, task) in self.tasks.iter().enumerate() {
            task.check().map_err(|refusal| Refusal { error: format!("tasks[{index}]: {refusal}"), ..refusal })?;
        }
        Ok(())
    }
}

/// Which task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskQuestion {
    /// The task's id.
    pub task_id: TaskId,
}

/// Which task to wait for, and how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WaitTask {
    /// The task's id.
    pub task_id: TaskId,
    /// At most so many milliseconds: until its end when absent, but never more than an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

impl WaitTask {
    /// How long to wait.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait_ms.map_or(WAIT_MAX, Duration::from_millis).min(WAIT_MAX)
    }
}

/// Which part of a task's output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskOutput {
    /// The task's id.
    pub task_id: TaskId,
    /// The try that the offsets are of; of another one, all of the output is told.
    #[serde(default, deserialize_with = "null_is_default")]
    pub attempt: u32,
    /// Bytes of standard output that are known already.
    #[serde(default, deserialize_with = "null_is_default")]
    pub stdout_from: usize,
    /// Bytes of standard error that are known already.
    #[serde(default, deserialize_with = "null_is_default")]
    pub stderr_from: usize,
    /// Wait at most so many milliseconds for more, or for the end; not at all when absent.
    #[serde(default, deserialize_with = "null_is_default")]
    pub wait_ms: u64,
}

/// Which part of the timeline.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelineQuestion {
    /// Only turns that ended after this time, in nanoseconds since 1970.
    #[serde(deserialize_with = "null_is_default")]
    pub since_ns: u64,
    /// At most so many, the newest ones.
    pub limit: Option<usize>,
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}

/// Which ended tasks to tell of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskHistory {
    /// At most so many, newest first.
    pub limit: Option<usize>,
    /// Without the newest so many.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "is_zero")]
    pub offset: usize,
    /// Only tasks of this kind; there is one kind, "CPU_TASK".
    pub task_type: Option<String>,
    /// Only this task, with its result.
    pub task_id: Option<TaskId>,
}

/// A key and its value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetMem {
    /// The key.
    pub key: Key,
    /// Any JSON value; `null` is one.
    #[serde(deserialize_with = "any_json")]
    pub value: RawJson,
    /// The key is gone after so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Only if the key has this version; 0 means that it must be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

fn any_json<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RawJson, D::Error> {
    RawJson::deserialize(deserializer)
}

/// Which key to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetMem {
    /// The key.
    pub key: Key,
}

/// Which key to delete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteMem {
    /// The key.
    pub key: Key,
    /// Only if the key has this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

/// Which keys to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListMem {
    /// Only keys that start so.
    pub prefix: Option<String>,
    /// Only keys behind this one, in the order of their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Which files to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListFiles {
    /// Only names that start so.
    pub prefix: Option<String>,
    /// Only names behind this one, in the order of their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// How many entries a list reply has when `limit` was asked.
#[must_use]
pub fn list_entries(limit: Option<usize>) -> usize {
    limit.unwrap_or(LIST_ENTRIES).min(LIST_ENTRIES_MAX)
}

/// A whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutFile {
    /// Its name.
    pub filename: FileName,
    /// Its bytes as base64.
    pub data: String,
}

/// Which file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileQuestion {
    /// Its name.
    pub filename: FileName,
}

/// A part of a file. Parts come in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutFileChunk {
    /// What the first chunk's reply named; absent in the first chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<String>,
    /// The file's name.
    pub filename: FileName,
    /// Where this part starts, in bytes.
    pub offset: u64,
    /// The whole file's size, in bytes.
    pub total: u64,
    /// This part as base64.
    pub data: String,
}

/// Which part of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetFileChunk {
    /// The file's name.
    pub filename: FileName,
    /// Where the part starts, in bytes.
    pub offset: u64,
    /// How many bytes, at most 16 MiB.
    pub length: u64,
}

/// A peer and its load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Register {
    /// Where the peer is reached; the address the request came from when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The peer's port.
    pub port: u16,
    /// 0.0–1.0: the share of the peer's scheduler time in use.
    #[serde(default, deserialize_with = "null_is_default")]
    pub cpu_load: f64,
    /// Who the peer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<PeerId>,
    /// How often the peer reports, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<u64>,
    /// Tasks that wait for their turn or for room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<u64>,
    /// Worker threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<u64>,
    /// Bytes of memory that are free for tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_free_bytes: Option<u64>,
}

/// Which peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// Where the peer is reached; the address the request came from when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The peer's port.
    pub port: u16,
}

/// Which peers not to name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBestPeer {
    /// Addresses, "ip:port".
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// A file at a peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberFile {
    /// The file's name.
    pub filename: FileName,
    /// Where the peer is reached; the address the request came from when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The peer's port.
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check_refused(text: &str, expected: Expect) {
        expected.assert_eq(&Request::parse(text).request.unwrap_err().error);
    }

    #[test]
    fn a_refusal_names_the_member_at_fault() {
        check_refused("", expect![[r#"a message is a JSON object with a "type""#]]);
        check_refused("[1]", expect![[r#"a message is a JSON object with a "type""#]]);
        check_refused("{", expect!["the message is not JSON: EOF while parsing an object at line 1 column 1"]);
        check_refused("{}", expect![[r#"member "type" is missing: every message names its type"#]]);
        check_refused(r#"{"type":5}"#, expect![[r#"member "type" must be a string"#]]);
        check_refused(r#"{"type":"NOPE"}"#, expect![[r#"unknown message type "NOPE": PROTOCOL.md lists the types"#]]);
        check_refused(r#"{"type":"ping"}"#, expect![[r#"unknown message type "ping": did you mean PING?"#]]);
        check_refused(r#"{"type":"GET_MEM"}"#, expect![[r#"GET_MEM: missing field "key""#]]);
        check_refused(
            r#"{"type":"GET_MEM","key":5}"#,
            expect![[r#"GET_MEM: member "key": invalid type: integer "5", expected a string"#]],
        );
        check_refused(
            r#"{"type":"GET_FILE","filename":"../x"}"#,
            expect![[r#"GET_FILE: member "filename": a file name is a name, not a path: it must not contain / or \"#]],
        );
        check_refused(
            r#"{"type":"CPU_TASK","program":"","limits":{"fuel":"x"}}"#,
            expect![[r#"CPU_TASK: member "limits.fuel": invalid type: string "x", expected u64"#]],
        );
        check_refused(
            r#"{"type":"PING","request_id":{}}"#,
            expect![[r#"member "request_id" must be a string or an integer"#]],
        );
    }

    #[test]
    fn values_and_ids_travel_as_they_are() {
        let text = r#"{"type":"SET_MEM","key":"k","value":123456789012345678901234567890,"request_id":"a","x":1}"#;
        let envelope = Request::parse(text);
        assert_eq!(envelope.request_id.unwrap().get(), r#""a""#);
        let Ok(Request::SetMem(set)) = envelope.request else { panic!() };
        assert_eq!(set.value.get(), "123456789012345678901234567890");
        let null = Request::parse(r#"{"type":"SET_MEM","key":"k","value":null}"#).request;
        assert!(matches!(null, Ok(Request::SetMem(set)) if set.value.get() == "null"));
        assert!(Request::parse(r#"{"type":"SET_MEM","key":"k"}"#).request.is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut task = CpuTask::new("def main(): pass");
        task.args = Some(crate::raw_json("[1, 2]".to_owned()).unwrap());
        let text = Request::CpuTask(task).to_json(Some(7));
        let envelope = Request::parse(&text);
        assert_eq!(envelope.request_id.unwrap().get(), "7");
        assert!(
            matches!(envelope.request, Ok(Request::CpuTask(task)) if task.args.as_ref().unwrap().get() == "[1, 2]")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_request_or_a_refusal(text in "\\PC*") {
            let _ = Request::parse(&text);
        }

        #[test]
        fn any_object_is_a_request_or_a_refusal(key in "[a-z_]{1,12}", value in "[0-9\"{}\\[\\]a-z]{0,9}", which in 0..24usize) {
            let _ = Request::parse(&format!(r#"{{"type":"{}","{key}":{value}}}"#, Request::TYPES[which][0]));
        }
    }
}
