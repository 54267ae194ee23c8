//! Files as raw bytes: in and out, in parts, and on from where an upload was interrupted.

use super::{
    Caller,
    api::{NameFilter, Web, entries},
    guard::{Failure, Parted, Path, Query, content_length, json},
};
use crate::{
    files::{ChunkOutcome, Description, FileError, Part},
    handler::file_refusal,
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use sandlot_net::clock;
use sandlot_protocol::{
    FileName, Request, StatusReply,
    limits::FILE_CHUNK_BYTES,
    request::{FileQuestion, ListFiles},
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

type Answer = Result<Response, Failure>;

/// Where a body belongs in a file that comes in parts; without it, the body is the whole file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UploadPart {
    /// Where this part starts. The first part starts at 0 and has no upload_id.
    offset: Option<u64>,
    /// The whole file's size in bytes.
    total: Option<u64>,
    /// What the first part's answer named.
    upload_id: Option<String>,
}

pub(super) async fn list(State(web): Web, caller: Extension<Caller>, Query(filter): Query<NameFilter>) -> Answer {
    let NameFilter { prefix, after, limit } = filter;
    let list = ListFiles { prefix, after, limit: Some(entries(limit)) };
    Ok(json(StatusCode::OK, &web.ask(Request::ListFiles(list), &caller).await?))
}

pub(super) async fn delete(State(web): Web, caller: Extension<Caller>, Path(filename): Path<FileName>) -> Answer {
    Ok(json(StatusCode::OK, &web.ask(Request::DeleteFile(FileQuestion { filename }), &caller).await?))
}

pub(super) async fn holders(State(web): Web, caller: Extension<Caller>, Path(filename): Path<FileName>) -> Answer {
    Ok(json(StatusCode::OK, &web.ask(Request::FindFile(FileQuestion { filename }), &caller).await?))
}

pub(super) async fn upload(State(web): Web, Path(upload_id): Path<String>) -> Answer {
    let found = web.peer.files.upload(&upload_id);
    let not_found =
        || Failure::new(StatusCode::NOT_FOUND, format!("there is no upload {upload_id:?}: it ended or was given up"));
    let (filename, received, total) = found.ok_or_else(not_found)?;
    let reply = StatusReply::ok()
        .with("operation", "PUT_FILE_CHUNK")
        .with("filename", filename)
        .with("upload_id", upload_id)
        .with("received", received)
        .with("total", total);
    Ok(json(StatusCode::OK, &reply.into()))
}

/// Stores a body, or a part of a file, as it comes.
pub(super) async fn put(
    State(web): Web,
    Path(filename): Path<FileName>,
    Query(part): Query<UploadPart>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let length = content_length(&headers)?;
    let is_whole = part.offset.is_none() && part.upload_id.is_none() && part.total.is_none();
    let missing =
        || Failure::bad_request("a part of a file needs offset and total: where it starts, and the whole file's size");
    let (offset, total) = match (part.offset, part.total) {
        _ if is_whole => (0, length),
        (Some(offset), Some(total)) => (offset, total),
        _ => return Err(missing()),
    };
    if offset.checked_add(length).is_none_or(|end| end > total) {
        let text = format!("the part has {length} bytes behind {offset}, and the file has {total}");
        return Err(Failure::bad_request(text));
    }
    if length == 0 && total > 0 {
        return Err(Failure::bad_request("a part of a file has at least one byte"));
    }
    for name in [header::CONTENT_RANGE, header::IF_MATCH, header::IF_NONE_MATCH] {
        if headers.contains_key(&name) {
            let text = format!(
                "the header {name} is not possible here: offset and total, behind a ?, say where a part belongs"
            );
            return Err(Failure::bad_request(text));
        }
    }
    // An upload that was begun before stays when a part of it does not come whole.
    let is_kept = AtomicBool::new(part.upload_id.is_some());
    let pending = Arc::new(Pending { web: Arc::clone(&web), id: Mutex::new(part.upload_id), is_kept });
    let mut storing = Storing { pending, filename, total, offset };
    let mut parts = Parted::new(body);
    let mut bytes = Vec::new();
    let outcome = loop {
        let came = parts.next().await;
        let is_end = !matches!(came, Ok(Some(_)));
        bytes.extend_from_slice(came.as_ref().ok().and_then(Option::as_ref).map_or(&[], |part: &Bytes| part));
        // What came before a failure is kept, so that an upload in parts goes on from there.
        let outcome = match bytes.len() >= FILE_CHUNK_BYTES || is_end {
            true => Some(storing.store(std::mem::take(&mut bytes)).await?),
            false => None,
        };
        came?;
        match outcome {
            Some(outcome) if is_end || matches!(outcome, ChunkOutcome::Stored(_)) => break outcome,
            _ => {}
        }
    };
    let (reply, status) = match outcome {
        ChunkOutcome::Stored(stored) => (web.peer.stored("PUT_FILE", &stored).await, StatusCode::CREATED),
        ChunkOutcome::Partial { upload_id, received } => {
            storing.pending.is_kept.store(true, Ordering::Relaxed);
            let reply = StatusReply::ok().with("operation", "PUT_FILE_CHUNK").with("filename", &storing.filename);
            let reply = reply.with("upload_id", upload_id).with("received", received).with("total", total);
            (reply.into(), StatusCode::ACCEPTED)
        }
    };
    Ok(json(status, &reply))
}

/// An upload under way.
struct Storing {
    pending: Arc<Pending>,
    filename: FileName,
    total: u64,
    offset: u64,
}

/// An upload that was begun by a request. If nobody hears its id, nobody can go on with it: it leaves nothing behind.
struct Pending {
    web: Arc<super::WebState>,
    id: Mutex<Option<String>>,
    is_kept: AtomicBool,
}

impl Pending {
    fn id(&self) -> MutexGuard<'_, Option<String>> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storing {
    async fn store(&mut self, bytes: Vec<u8>) -> Result<ChunkOutcome, Failure> {
        let upload_id = self.pending.id().clone();
        let part = Part { upload_id, filename: self.filename.clone(), offset: self.offset, total: self.total };
        self.offset += bytes.len() as u64;
        // It is written to its end also when the request ends meanwhile: who wrote last clears up.
        let pending = Arc::clone(&self.pending);
        let storing = self.pending.web.peer.on_disk(move |files| {
            let stored = files.put_part(part, &bytes, clock::now())?;
            *pending.id() = match &stored {
                ChunkOutcome::Partial { upload_id, .. } => Some(upload_id.clone()),
                ChunkOutcome::Stored(_) => None,
            };
            Ok(stored)
        });
        Ok(storing.await?)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (false, Some(id)) = (self.is_kept.load(Ordering::Relaxed), self.id().take()) {
            self.web.peer.files.give_up(&id);
        }
    }
}

/// A file's bytes, or those that the header Range asks for, straight from the disk.
pub(super) async fn get(State(web): Web, Path(filename): Path<FileName>, headers: HeaderMap) -> Answer {
    let not_found = || Failure::new(StatusCode::NOT_FOUND, format!("there is no file {:?} here", filename.as_str()));
    let description = web.peer.files.describe(&filename).ok_or_else(not_found)?;
    let etag = format!("\"{}\"", description.digest);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|known| known == "*" || known.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    // Parts of another version than the asker has would not fit together.
    let wants_part = text(header::IF_RANGE).is_none_or(|known| known == etag);
    let range = match text(header::RANGE).filter(|_| wants_part).map(|range| range_of(range, description.size)) {
        Some(Asked::Part(range)) => Some(range),
        Some(Asked::Nothing) => {
            let failure =
                Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, format!("the file has {} bytes", description.size));
            return Ok(([(header::CONTENT_RANGE, format!("bytes */{}", description.size))], failure).into_response());
        }
        Some(Asked::Whole) | None => None,
    };
    let bytes = range.clone().unwrap_or(0..description.size);
    let mut response = match &range {
        Some(range) => {
            let content = format!("bytes {}-{}/{}", range.start, range.end - 1, description.size);
            (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, content)]).into_response()
        }
        None => StatusCode::OK.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (bytes.end - bytes.start).into());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(HeaderValue::from_str(&etag).map(|etag| (header::ETAG, etag)));
    *response.body_mut() = streamed(web, description, bytes);
    Ok(response)
}

fn streamed(web: Arc<super::WebState>, description: Arc<Description>, bytes: Range<u64>) -> Body {
    let parts = stream::try_unfold((web, description, bytes), |(web, description, bytes)| async move {
        if bytes.is_empty() {
            return Ok::<_, FileError>(None);
        }
        let (name, start) = (description.filename.clone(), bytes.start);
        let length = (bytes.end - start).min(FILE_CHUNK_BYTES as u64);
        let files = Arc::clone(&web.peer.files);
        let read = tokio::task::spawn_blocking(move || files.get_chunk(&name, start, length));
        let found = read.await.map_err(|error| FileError::Disk(std::io::Error::other(error)))??;
        let (is_now, part) = found.ok_or_else(|| FileError::Damaged(description.filename.clone()))?;
        if is_now.digest != description.digest || part.len() as u64 != length {
            // It was replaced meanwhile: the parts do not fit together.
            return Err(FileError::Damaged(description.filename.clone()));
        }
        Ok(Some((part, (web, description, start + length..bytes.end))))
    });
    Body::from_stream(parts)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Part(Range<u64>),
    /// No part, several, or in no words that we know: the whole is a right answer to these.
    Whole,
    /// A part that is not there.
    Nothing,
}

/// The header Range (RFC 9110, 14.2).
fn range_of(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let part = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), _) if last.is_empty() => first..size,
        (_, Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Asked::Whole,
    };
    if part.start < part.end { Asked::Part(part) } else { Asked::Nothing }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        file_refusal(&error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_file() {
        let check = |text: &str, expected: Asked| assert_eq!(range_of(text, 10), expected, "{text}");
        check("bytes=0-3", Asked::Part(0..4));
        check("bytes=3-", Asked::Part(3..10));
        check("bytes=-3", Asked::Part(7..10));
        check("bytes=-30", Asked::Part(0..10));
        check("bytes=9-99999999999999999", Asked::Part(9..10));
        check("bytes=10-", Asked::Nothing);
        check("bytes=-0", Asked::Nothing);
        for text in
            ["bytes=4-3", "bytes=0-1,4-5", "bytes=a-b", "lines=1-2", "", "bytes=-", "bytes=18446744073709551616-"]
        {
            check(text, Asked::Whole);
        }
        assert_eq!(range_of("bytes=0-0", 0), Asked::Nothing);
    }
}
