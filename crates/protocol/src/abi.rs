//! What the host and the guest tell each other: one job in, one answer out, both JSON in the guest's memory.
//!
//! The guest exports `job_alloc(bytes) -> address` and `job_run(address, bytes) -> address << 32 | bytes`. Before
//! `job_run`, where files are sent along, `job_files_limit(bytes)` says how large its files may become, and
//! `job_file(path, path_bytes, content, bytes)`
//! gives it a file, both in buffers of `job_alloc`, and `job_clock_virtual()` makes its clock count by itself.
//! `job_compile(address, bytes)` compiles a program, `[program, filename]` in JSON, for the job that comes, and answers
//! with what `job_code(address, bytes)` takes in another instance in place of compiling the same program.
//! `job_place(address, bytes)` puts a program in its place, `[program, filename, function, argv]` in JSON; answers 0 when it
//! did not, and otherwise the job that comes leaves these members out. What `job_code` and `job_place` do to the guest's memory
//! depends on the program alone. The guest is hostile: the host checks every address and length, and reads the answer as it
//! reads any stranger's JSON.

use crate::RawJson;
use serde::{Deserialize, Serialize};

/// The guest's export that gives room for a job.
pub const EXPORT_ALLOC: &str = "job_alloc";
/// The guest's export that runs a job.
pub const EXPORT_RUN: &str = "job_run";
/// The guest's export that limits its files.
pub const EXPORT_FILES_LIMIT: &str = "job_files_limit";
/// The guest's export that takes a file.
pub const EXPORT_FILE: &str = "job_file";
/// The guest's export that makes its clock virtual.
pub const EXPORT_CLOCK_VIRTUAL: &str = "job_clock_virtual";
/// The guest's export that compiles a program.
pub const EXPORT_COMPILE: &str = "job_compile";
/// The guest's export that takes a compiled program.
pub const EXPORT_CODE: &str = "job_code";
/// The guest's export that puts a program in its place.
pub const EXPORT_PLACE: &str = "job_place";
/// The guest's memory.
pub const EXPORT_MEMORY: &str = "memory";

/// What the guest is to run.
#[derive(Debug, Serialize)]
pub struct Job<'a> {
    /// The program; `None` if it was put in its place before.
    #[serde(flatten)]
    pub program: Option<Program<'a>>,
    /// A JSON list.
    pub args: &'a serde_json::value::RawValue,
    /// A JSON object.
    pub kwargs: &'a serde_json::value::RawValue,
    /// What `random` starts from; entropy when `None`.
    pub seed: Option<u64>,
    /// Paths of files that the answer tells of.
    pub files_out: &'a [String],
    /// How large its files may become together, in bytes; `None` if that was said before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_bytes: Option<u64>,
}

/// The program of a job.
#[derive(Debug, Serialize)]
pub struct Program<'a> {
    /// Python source.
    pub program: &'a str,
    /// The name that tracebacks give the program.
    pub filename: &'a str,
    /// The function to call; `None` runs the program as a script.
    pub function: Option<&'a str>,
    /// `sys.argv`, the program's name first.
    pub argv: &'a [String],
}

/// What the guest answers: exactly one of the first three members is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// What the function returned (`null` for a script). Absent and `null` are different things here.
    #[serde(deserialize_with = "some_raw")]
    pub value: Option<RawJson>,
    /// What the program raised.
    pub exception: Option<crate::Exception>,
    /// The program ended by SystemExit; 0–255.
    pub exit_code: Option<u8>,
    /// Files of `files_out`: path, address, bytes.
    pub files: Vec<(String, u32, u32)>,
}

fn some_raw<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<RawJson>, D::Error> {
    RawJson::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_a_value() {
        let answer: Answer = serde_json::from_str(r#"{"value":null}"#).unwrap();
        assert_eq!(answer.value.unwrap().get(), "null");
        let answer: Answer = serde_json::from_str(r#"{"exit_code":3}"#).unwrap();
        assert!(answer.value.is_none() && answer.exit_code == Some(3));
    }
}
