//! What is answered.

use crate::{CpuResult, ErrorCode, FileName, Key, RawJson, Refusal, json, request::read};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;
use std::{borrow::Cow, sync::Arc};

/// Everything that can be answered.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type")]
pub enum Reply {
    /// How a task ended.
    #[serde(rename = "CPU_RESULT", serialize_with = "pointed_at")]
    CpuResult(Arc<CpuResult>),
    /// How the tasks of a batch ended, in the order asked.
    #[serde(rename = "BATCH_RESULT")]
    BatchResult(BatchResult),
    /// It is done, or this is how things are.
    #[serde(rename = "STATUS")]
    Status(StatusReply),
    /// A key's value.
    #[serde(rename = "MEM_RESPONSE")]
    MemResponse(MemResponse),
    /// A file, or that there is none.
    #[serde(rename = "FILE_RESPONSE")]
    FileResponse(FileResponse),
    /// A part of a file.
    #[serde(rename = "FILE_CHUNK")]
    FileChunk(FileChunk),
    /// Which peers have a file.
    #[serde(rename = "FILE_PEERS")]
    FilePeers(FilePeers),
    /// Which peer has the most room.
    #[serde(rename = "CPU_RESPONSE")]
    CpuResponse(CpuResponse),
    /// Yes, I am here.
    #[serde(rename = "PONG")]
    Pong(Pong),
    /// It cannot be done.
    #[serde(rename = "ERROR")]
    Error(Refusal),
}

fn pointed_at<S: serde::Serializer>(result: &Arc<CpuResult>, serializer: S) -> Result<S::Ok, S::Error> {
    result.as_ref().serialize(serializer)
}

/// A reply as it came, and the id of the request it answers.
#[derive(Debug)]
pub struct ReplyEnvelope {
    /// The id, in the text that the request had.
    pub request_id: Option<RawJson>,
    /// What was answered, or why it cannot be read.
    pub reply: Result<Reply, Refusal>,
}

impl Reply {
    /// Reads one reply.
    #[must_use]
    pub fn parse(text: &str) -> ReplyEnvelope {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow, rename = "type")]
            name: Cow<'a, str>,
            #[serde(borrow)]
            request_id: Option<&'a RawValue>,
        }
        let head: Head<'_> = match serde_json::from_str(text) {
            Ok(head) => head,
            Err(error) => {
                let refusal = Refusal::bad_request(format!("the reply is no message: {error}"));
                return ReplyEnvelope { request_id: None, reply: Err(refusal) };
            }
        };
        let name = &*head.name;
        let reply = match name {
            "CPU_RESULT" => read(name, text).map(|result| Self::CpuResult(Arc::new(result))),
            "BATCH_RESULT" => read(name, text).map(Self::BatchResult),
            "STATUS" => read(name, text).map(Self::Status),
            "MEM_RESPONSE" => read(name, text).map(Self::MemResponse),
            "FILE_RESPONSE" => read(name, text).map(Self::FileResponse),
            "FILE_CHUNK" => read(name, text).map(Self::FileChunk),
            "FILE_PEERS" => read(name, text).map(Self::FilePeers),
            "CPU_RESPONSE" => read(name, text).map(Self::CpuResponse),
            "PONG" => Ok(Self::Pong(Pong {})),
            "ERROR" => read(name, text).map(Self::Error),
            _ => Err(Refusal::new(ErrorCode::UnknownType, format!("unknown reply type {name:?}"))),
        };
        ReplyEnvelope { request_id: head.request_id.map(ToOwned::to_owned), reply }
    }

    /// Roughly the bytes of this reply, where it may be large because of what tasks returned or printed.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::CpuResult(result) => result.bytes(),
            Self::BatchResult(batch) => batch.results.iter().map(CpuResult::bytes).sum(),
            Self::Status(status) => status.members.iter().map(|(_, value)| value.get().len()).sum(),
            _ => 0,
        }
    }

    /// This reply as JSON text with the request's id.
    ///
    /// # Panics
    /// Never: every reply has a JSON form.
    #[must_use]
    pub fn to_json(&self, request_id: Option<&RawValue>) -> String {
        let mut bytes = Vec::new();
        self.append_json(request_id, &mut bytes);
        String::from_utf8(bytes).expect("JSON is text")
    }

    /// The same, behind what is there already.
    ///
    /// # Panics
    /// Never, as above.
    pub fn append_json(&self, request_id: Option<&RawValue>, bytes: &mut Vec<u8>) {
        let request_id = request_id.map(RawValue::get);
        match self.apart() {
            Some((rest, data)) => json::append_with_data(&rest, data, request_id, bytes),
            None => json::append(self, request_id, bytes),
        }
    }

    /// A reply that may have much data, and its data.
    fn apart(&self) -> Option<(Self, &str)> {
        match self {
            Self::FileChunk(chunk) => {
                let FileChunk { filename, offset, total, data, found, digest } = chunk;
                let (filename, digest, empty) = (filename.clone(), digest.clone(), String::new());
                let rest = FileChunk { filename, offset: *offset, total: *total, data: empty, found: *found, digest };
                Some((Self::FileChunk(rest), data))
            }
            Self::FileResponse(FileResponse { filename, data: Some(data), found, size, digest }) => {
                let (filename, digest, empty) = (filename.clone(), digest.clone(), Some(String::new()));
                let rest = FileResponse { filename, data: empty, found: *found, size: *size, digest };
                Some((Self::FileResponse(rest), data))
            }
            _ => None,
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Error(refusal)
    }
}

/// Results in the order of the tasks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BatchResult {
    /// One for each task.
    pub results: Vec<CpuResult>,
}

/// A status word and whatever goes with it.
#[derive(Debug, Clone)]
pub struct StatusReply {
    /// "OK", "REGISTERED", "LOAD_UPDATED", "UNREGISTERED" or "CANCELLED".
    pub status: String,
    /// What goes with it, in the order that it is written.
    members: Vec<(Cow<'static, str>, RawJson)>,
}

impl StatusReply {
    /// This status word and nothing else.
    #[must_use]
    pub fn new(status: &str) -> Self {
        Self { status: status.to_owned(), members: Vec::new() }
    }

    /// "OK".
    #[must_use]
    pub fn ok() -> Self {
        Self::new("OK")
    }

    /// And this member.
    ///
    /// # Panics
    /// When the value has no JSON form, which is the caller's mistake.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        let value = serde_json::value::to_raw_value(&value).expect("a member has a JSON form");
        self.members.push((Cow::Borrowed(name), value));
        self
    }

    /// The member of this name, as it came.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&RawValue> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The member of this name, if it is there and of this type.
    #[must_use]
    pub fn get<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Option<T> {
        self.raw(name).and_then(|value| serde_json::from_str(value.get()).ok())
    }
}

impl From<StatusReply> for Reply {
    fn from(status: StatusReply) -> Self {
        Self::Status(status)
    }
}

impl Serialize for StatusReply {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len() + 1))?;
        map.serialize_entry("status", &self.status)?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for StatusReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StatusVisitor)
    }
}

struct StatusVisitor;

impl<'de> Visitor<'de> for StatusVisitor {
    type Value = StatusReply;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StatusReply, A::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        let mut reply = StatusReply::new("");
        while let Some(Name(name)) = map.next_key()? {
            match &*name {
                "type" | "request_id" => _ = map.next_value::<IgnoredAny>()?,
                "status" => {
                    let status: RawJson = map.next_value()?;
                    reply.status = serde_json::from_str(status.get()).unwrap_or_default();
                }
                _ => reply.members.push((Cow::Owned(name.into_owned()), map.next_value()?)),
            }
        }
        // Of members with one name, the last one counts.
        reply.members.sort_by(|(one, _), (other, _)| one.cmp(other));
        reply.members.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                std::mem::swap(next, kept);
            }
            is_same
        });
        Ok(reply)
    }
}

/// A key's value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemResponse {
    /// The key.
    pub key: Key,
    /// Its value; `null` when there is none.
    #[serde(default = "crate::raw_null")]
    #[schemars(with = "serde_json::Value")]
    pub value: RawJson,
    /// Whether there is one: a stored `null` is.
    #[serde(default = "yes")]
    pub found: bool,
    /// Grows with every change of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

fn yes() -> bool {
    true
}

/// A whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileResponse {
    /// Its name.
    pub filename: FileName,
    /// Its bytes as base64, when found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Whether there is one.
    #[serde(default = "yes")]
    pub found: bool,
    /// Its size in bytes, when found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// BLAKE3 of its bytes, in hexadecimal, when found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A part of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileChunk {
    /// The file's name.
    pub filename: FileName,
    /// Where this part starts.
    pub offset: u64,
    /// The whole file's size.
    pub total: u64,
    /// This part as base64; empty at the end of the file.
    pub data: String,
    /// Whether there is such a file.
    pub found: bool,
    /// BLAKE3 of the whole file, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Which peers have a file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FilePeers {
    /// The file's name.
    pub filename: FileName,
    /// Where they are reached.
    pub peers: Vec<FilePeer>,
}

/// Where a peer is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilePeer {
    /// Its IP address.
    pub ip: String,
    /// Its port.
    pub port: u16,
}

/// The peer with the most room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CpuResponse {
    /// Its IP address.
    pub ip: String,
    /// Its port.
    pub port: u16,
    /// Its load, 0.0–1.0.
    #[serde(default)]
    pub cpu_load: f64,
}

/// Nothing more to say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pong {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_carries_raw_values_and_the_id() {
        let reply = Reply::MemResponse(MemResponse {
            key: "k".parse().unwrap(),
            value: crate::raw_json("[1e999, 12345678901234567890123]".to_owned()).unwrap(),
            found: true,
            version: Some(3),
        });
        let id = crate::raw_json("17".to_owned()).unwrap();
        let text = reply.to_json(Some(&id));
        assert_eq!(
            text,
            r#"{"type":"MEM_RESPONSE","key":"k","value":[1e999, 12345678901234567890123],"found":true,"version":3,"request_id":17}"#
        );
        let back = Reply::parse(&text);
        assert_eq!(back.request_id.unwrap().get(), "17");
        assert!(matches!(back.reply, Ok(Reply::MemResponse(memory)) if memory.value.get().starts_with("[1e999")));
    }

    #[test]
    fn a_status_keeps_the_members_that_it_does_not_know() {
        let text = r#"{"b":[1], "type":"STATUS","status":"OK","request_id":5,"a":1,"a\u0062":null,"a":"last"}"#;
        let Ok(Reply::Status(reply)) = Reply::parse(text).reply else { panic!("{text}") };
        let names: Vec<_> = reply.members.iter().map(|(name, value)| (&**name, value.get())).collect();
        assert_eq!((reply.status.as_str(), names), ("OK", vec![("a", "\"last\""), ("ab", "null"), ("b", "[1]")]));
        let odd = Reply::parse(r#"{"type":"STATUS","status":7}"#).reply;
        assert!(matches!(odd, Ok(Reply::Status(reply)) if reply.status.is_empty() && reply.members.is_empty()));
        assert!(Reply::parse(r#"{"type":"STATUS","status"}"#).reply.is_err());
    }

    #[test]
    fn an_error_of_an_existing_node_has_a_code() {
        let reply = Reply::parse(r#"{"type":"ERROR","error":"No peers available"}"#).reply.unwrap();
        assert!(matches!(reply, Reply::Error(refusal) if refusal.code == ErrorCode::Other));
    }
}
