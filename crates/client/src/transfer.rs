//! Files of any size, in chunks, with their digest checked.

use crate::{Client, ClientError};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use futures_util::{StreamExt, stream};
use sandlot_protocol::{
    ErrorCode, FileName, Refusal, Reply, Request,
    limits::FILE_CHUNK_BYTES,
    request::{GetFileChunk, PutFileChunk},
};
use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
};

/// Chunks that are sent or asked for at one time.
const CHUNKS_AHEAD: usize = 4;

/// Why a file did not come over.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The node could not be asked, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The local file cannot be read or written.
    #[error("the local file: {0}")]
    Local(#[from] io::Error),
    /// The node has no such file.
    #[error("{0} is not stored there")]
    NotFound(FileName),
    /// What came is not what was sent.
    #[error("the file was damaged on its way: its digest is {found}, not {expected}")]
    Damaged {
        /// What came.
        found: String,
        /// What should have come.
        expected: String,
    },
}

impl From<Refusal> for TransferError {
    fn from(refusal: Refusal) -> Self {
        Self::Client(refusal.into())
    }
}

/// What a transfer moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// The file's size.
    pub bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub digest: String,
}

/// Stores a file of `total` bytes. `progress` hears how many bytes are there.
///
/// # Errors
/// When the file cannot be read, the node refuses, or what it stored is not what was sent.
pub async fn put_file(
    client: &Client,
    filename: &FileName,
    source: impl AsyncRead + Unpin,
    total: u64,
    mut progress: impl FnMut(u64),
) -> Result<Transferred, TransferError> {
    let hasher = Mutex::new(blake3::Hasher::new());
    let mut reader = ChunkReader { source, hasher: &hasher, filename, total, offset: 0, upload_id: None };
    let first = reader.next().await?;
    let mut status = client.status(&Request::PutFileChunk(first)).await?;
    let mut received = reader.offset;
    progress(received);
    reader.upload_id = status.get("upload_id");
    let chunks = stream::unfold(reader, async |mut reader| {
        let is_over = reader.offset == total;
        if is_over { None } else { Some((reader.next().await, reader)) }
    });
    // A node may not wait for the chunks before one: then each is sent when the others are there.
    let in_turn = AtomicBool::new(!client.is_shared());
    let (stored_up_to, turns) = watch::channel(received);
    // The next ones are made ready and sent while the node stores this one.
    let sent = chunks.map(|chunk| {
        let (mut turn, in_turn) = (turns.clone(), &in_turn);
        async move {
            let chunk = chunk?;
            let offset = chunk.offset;
            let request = Request::PutFileChunk(chunk);
            if in_turn.load(Ordering::Relaxed) {
                let _ = turn.wait_for(|stored| *stored == offset).await;
            }
            match client.status(&request).await {
                Err(ClientError::Refused(refusal)) if refusal.code == ErrorCode::Conflict => {
                    in_turn.store(true, Ordering::Relaxed);
                    let _ = turn.wait_for(|stored| *stored == offset).await;
                    Ok::<_, TransferError>(client.status(&request).await?)
                }
                status => Ok(status?),
            }
        }
    });
    let sent = sent.buffered(CHUNKS_AHEAD);
    tokio::pin!(sent);
    while let Some(answered) = sent.next().await {
        status = answered?;
        received = (received + FILE_CHUNK_BYTES as u64).min(total);
        progress(received);
        stored_up_to.send_replace(received);
    }
    let digest = hasher.lock().unwrap_or_else(PoisonError::into_inner).finalize().to_hex().to_string();
    let stored: String = status.get("digest").unwrap_or_default();
    match stored == digest {
        true => Ok(Transferred { bytes: total, digest }),
        false => Err(TransferError::Damaged { found: stored, expected: digest }),
    }
}

/// Reads a local file chunk by chunk.
struct ChunkReader<'a, R> {
    source: R,
    hasher: &'a Mutex<blake3::Hasher>,
    filename: &'a FileName,
    total: u64,
    /// Where the next chunk starts.
    offset: u64,
    upload_id: Option<String>,
}

impl<R: AsyncRead + Unpin> ChunkReader<'_, R> {
    async fn next(&mut self) -> io::Result<PutFileChunk> {
        let bytes = usize::try_from(self.total - self.offset).unwrap_or(usize::MAX).min(FILE_CHUNK_BYTES);
        let mut chunk = vec![0; bytes];
        self.source.read_exact(&mut chunk).await?;
        self.hasher.lock().unwrap_or_else(PoisonError::into_inner).update(&chunk);
        let (upload_id, filename, total) = (self.upload_id.clone(), self.filename.clone(), self.total);
        let chunk = PutFileChunk {
            upload_id,
            filename,
            offset: self.offset,
            total,
            data: base64_simd::STANDARD.encode_to_string(&chunk),
        };
        self.offset += bytes as u64;
        Ok(chunk)
    }
}

/// Reads a file. `progress` hears how many bytes have come, and how many there are.
///
/// # Errors
/// When the node has no such file or refuses, the local file cannot be written, or what came does not match the
/// file's digest.
pub async fn get_file(
    client: &Client,
    filename: &FileName,
    mut target: impl AsyncWrite + Unpin,
    mut progress: impl FnMut(u64, u64),
) -> Result<Transferred, TransferError> {
    let ask = async |offset: u64, length: usize| {
        let question = GetFileChunk { filename: filename.clone(), offset, length: length as u64 };
        let chunk = match client.ask(&Request::GetFileChunk(question)).await? {
            Reply::FileChunk(chunk) if chunk.found => chunk,
            Reply::FileChunk(_) => return Err(TransferError::NotFound(filename.clone())),
            _ => return Err(client.unexpected().into()),
        };
        let bytes = BASE64
            .decode(&chunk.data)
            .map_err(|error| Refusal::bad_request(format!("the node sent bytes that are not base64: {error}")))?;
        Ok((chunk.offset, bytes, chunk.total, chunk.digest))
    };
    let first = ask(0, FILE_CHUNK_BYTES).await?;
    let (total, digest) = (first.2, first.3.clone());
    // A node may send less at a time than it was asked for: what it sent first, it is asked for from then on.
    let length = first.1.len().max(1);
    let rest = stream::iter((length as u64..total).step_by(length)).map(|offset| ask(offset, length));
    let chunks = stream::once(async { Ok(first) }).chain(rest.buffered(CHUNKS_AHEAD));
    tokio::pin!(chunks);
    let (mut hasher, mut offset) = (blake3::Hasher::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let (at, bytes, _, found) = chunk?;
        // Another file of this name may have taken its place meanwhile.
        if found != digest || at != offset {
            return Err(damaged(found, digest));
        }
        hasher.update(&bytes);
        target.write_all(&bytes).await?;
        offset += bytes.len() as u64;
        progress(offset, total);
    }
    target.flush().await?;
    let found = hasher.finalize().to_hex().to_string();
    // A node that tells no digest is believed.
    match digest.as_ref().is_none_or(|digest| *digest == found) && offset == total {
        true => Ok(Transferred { bytes: offset, digest: found }),
        false => Err(damaged(Some(found), digest)),
    }
}

fn damaged(found: Option<String>, expected: Option<String>) -> TransferError {
    TransferError::Damaged { found: found.unwrap_or_default(), expected: expected.unwrap_or_default() }
}
