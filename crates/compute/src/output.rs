//! What a run prints, up to its limit. The rest is cut, and the program goes on.

use bytes::Bytes;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::{io::AsyncWrite, sync::Notify};
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// Bytes that a guest may hand over in one write.
const WRITE_BYTES_MAX: usize = 1 << 20;

/// One of a run's two output streams, readable while the run goes on.
#[derive(Debug, Clone)]
pub struct Output(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    buffer: Mutex<Buffer>,
    changed: Notify,
}

#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    bytes_max: usize,
    truncated: bool,
    closed: bool,
}

impl Output {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let buffer = Buffer { bytes: Vec::new(), bytes_max, truncated: false, closed: false };
        Self(Arc::new(Shared { buffer: Mutex::new(buffer), changed: Notify::new() }))
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, bytes: &[u8]) {
        let mut buffer = self.buffer();
        let room = buffer.bytes_max - buffer.bytes.len();
        let taken = bytes.len().min(room);
        buffer.bytes.extend_from_slice(&bytes[..taken]);
        buffer.truncated |= taken < bytes.len();
        drop(buffer);
        self.0.changed.notify_waiters();
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.buffer().closed = true;
        self.0.changed.notify_waiters();
    }

    /// What came after the first `from` bytes; waits for more, and is empty once nothing more will come.
    pub async fn next(&self, from: usize) -> Vec<u8> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let buffer = self.buffer();
                if buffer.bytes.len() > from || buffer.closed {
                    return buffer.bytes.get(from..).unwrap_or_default().to_vec();
                }
            }
            changed.await;
        }
    }

    /// All of it as text, and whether it was cut. A character cut in half at the limit is left out.
    pub(crate) fn text(&self) -> (String, bool) {
        let buffer = self.buffer();
        let mut bytes = buffer.bytes.as_slice();
        if buffer.truncated
            && let Err(error) = std::str::from_utf8(bytes)
            && error.error_len().is_none()
        {
            bytes = &bytes[..error.valid_up_to()];
        }
        (String::from_utf8_lossy(bytes).into_owned(), buffer.truncated)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_cut_between_characters() {
        let output = Output::new(4);
        output.push("aüü".as_bytes());
        output.push(b"more");
        assert_eq!(output.text(), ("aü".to_owned(), true));
    }

    #[tokio::test]
    async fn a_reader_sees_what_comes() {
        let output = Output::new(100);
        let reader = output.clone();
        let read = tokio::spawn(async move { (reader.next(0).await, reader.next(2).await) });
        output.push(b"ab");
        tokio::task::yield_now().await;
        output.close();
        assert_eq!(read.await.unwrap(), (b"ab".to_vec(), Vec::new()));
    }
}
