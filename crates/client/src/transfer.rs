//! Files of any size, in chunks, with their digest checked.

use crate::{Client, ClientError};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_protocol::{
    FileName, Refusal, Reply, Request,
    limits::FILE_CHUNK_BYTES,
    request::{GetFileChunk, PutFileChunk},
};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

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
    let mut hasher = blake3::Hasher::new();
    let (mut offset, mut upload_id) = (0, None);
    loop {
        let chunk = read_chunk(&mut source, total - offset).await?;
        hasher.update(&chunk);
        let request = Request::PutFileChunk(PutFileChunk {
            upload_id,
            filename: filename.clone(),
            offset,
            total,
            data: BASE64.encode(&chunk),
        });
        let status = client.status(&request).await?;
        offset += chunk.len() as u64;
        progress(offset);
        if offset == total {
            let digest = hasher.finalize().to_hex().to_string();
            let stored: String = status.get("digest").unwrap_or_default();
            return match stored == digest {
                true => Ok(Transferred { bytes: total, digest }),
                false => Err(TransferError::Damaged { found: stored, expected: digest }),
            };
        }
        upload_id = status.get("upload_id");
    }
}

async fn read_chunk(source: &mut (impl AsyncRead + Unpin), rest: u64) -> io::Result<Vec<u8>> {
    let bytes = usize::try_from(rest).unwrap_or(usize::MAX).min(FILE_CHUNK_BYTES);
    let mut chunk = vec![0; bytes];
    source.read_exact(&mut chunk).await?;
    Ok(chunk)
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
    let mut hasher = blake3::Hasher::new();
    let mut offset = 0;
    loop {
        let question = GetFileChunk { filename: filename.clone(), offset, length: FILE_CHUNK_BYTES as u64 };
        let Reply::FileChunk(chunk) = client.ask(&Request::GetFileChunk(question)).await? else {
            return Err(client.unexpected().into());
        };
        if !chunk.found {
            return Err(TransferError::NotFound(filename.clone()));
        }
        let bytes = BASE64
            .decode(&chunk.data)
            .map_err(|error| Refusal::bad_request(format!("the node sent bytes that are not base64: {error}")))?;
        hasher.update(&bytes);
        target.write_all(&bytes).await?;
        offset += bytes.len() as u64;
        progress(offset, chunk.total);
        if offset >= chunk.total || bytes.is_empty() {
            target.flush().await?;
            let digest = hasher.finalize().to_hex().to_string();
            let expected = chunk.digest.unwrap_or_default();
            return match digest == expected {
                true => Ok(Transferred { bytes: offset, digest }),
                false => Err(TransferError::Damaged { found: digest, expected }),
            };
        }
    }
}
