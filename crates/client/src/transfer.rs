//! Files of any size, in chunks, with their digest checked.

use crate::{Client, ClientError};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use futures_util::{StreamExt, stream};
use sandlot_protocol::{
    FileName, Refusal, Reply, Request,
    limits::FILE_CHUNK_BYTES,
    request::{GetFileChunk, PutFileChunk},
};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Chunks that are asked for before the one that is written.
const CHUNKS_AHEAD: usize = 2;

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
    mut source: impl AsyncRead + Unpin,
    total: u64,
    mut progress: impl FnMut(u64),
) -> Result<Transferred, TransferError> {
    let (mut reader, mut upload_id) = (ChunkReader { source: &mut source, hasher: blake3::Hasher::new(), total }, None);
    let (mut offset, mut chunk) = (0, reader.next(0).await?);
    loop {
        let end = offset + chunk.bytes;
        let request = Request::PutFileChunk(PutFileChunk {
            upload_id,
            filename: filename.clone(),
            offset,
            total,
            data: chunk.data,
        });
        // The next one is made ready while the node stores this one.
        let (status, next) = tokio::join!(client.status(&request), reader.next(end));
        let status = status?;
        (offset, chunk) = (end, next?);
        progress(offset);
        if offset == total {
            let digest = reader.hasher.finalize().to_hex().to_string();
            let stored: String = status.get("digest").unwrap_or_default();
            return match stored == digest {
                true => Ok(Transferred { bytes: total, digest }),
                false => Err(TransferError::Damaged { found: stored, expected: digest }),
            };
        }
        upload_id = status.get("upload_id");
    }
}

/// Reads a local file chunk by chunk.
struct ChunkReader<'a, R> {
    source: &'a mut R,
    hasher: blake3::Hasher,
    total: u64,
}

/// A chunk as it is sent.
struct Chunk {
    bytes: u64,
    data: String,
}

impl<R: AsyncRead + Unpin> ChunkReader<'_, R> {
    async fn next(&mut self, offset: u64) -> io::Result<Chunk> {
        let bytes = usize::try_from(self.total - offset).unwrap_or(usize::MAX).min(FILE_CHUNK_BYTES);
        let mut chunk = vec![0; bytes];
        self.source.read_exact(&mut chunk).await?;
        self.hasher.update(&chunk);
        Ok(Chunk { bytes: bytes as u64, data: BASE64.encode(&chunk) })
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
