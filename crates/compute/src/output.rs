//! What a run prints, up to its limit. The rest is cut, and the program goes on or is stopped, as its limits say.

use bytes::Bytes;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::{io::AsyncWrite, sync::Notify};
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

/// Bytes that a guest may hand over in one write.
const WRITE_BYTES_MAX: usize = 64 << 10;

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
    /// The first `decoded` bytes as text; made as it is asked for.
    text: String,
    decoded: usize,
    bytes_max: usize,
    /// The program is stopped at its limit.
    stops: bool,
    truncated: bool,
    closed: bool,
}

/// The program printed more than it may, and is to be stopped for it.
#[derive(Debug, thiserror::Error)]
#[error("the program printed more than it may")]
pub(crate) struct OutputFull;

impl Output {
    pub(crate) fn new(bytes_max: u64, stops: bool) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let (bytes, text) = (Vec::new(), String::new());
        let buffer = Buffer { bytes, text, decoded: 0, bytes_max, stops, truncated: false, closed: false };
        Self(Arc::new(Shared { buffer: Mutex::new(buffer), changed: Notify::new() }))
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.0.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, bytes: &[u8]) -> Result<(), OutputFull> {
        let mut buffer = self.buffer();
        let room = buffer.bytes_max - buffer.bytes.len();
        let taken = bytes.len().min(room);
        buffer.bytes.extend_from_slice(&bytes[..taken]);
        buffer.truncated |= taken < bytes.len();
        let must_stop = buffer.truncated && buffer.stops;
        drop(buffer);
        if taken > 0 {
            self.0.changed.notify_waiters();
        }
        if must_stop { Err(OutputFull) } else { Ok(()) }
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

    /// Waits until more than the first `from` bytes of its text are there, or nothing more will come; gives the text
    /// behind them, and whether nothing more will come.
    pub async fn text_from(&self, from: usize) -> (String, bool) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (text, closed) = self.text_after(from);
            if closed || !text.is_empty() {
                return (text, closed);
            }
            changed.await;
        }
    }

    /// The text behind its first `from` bytes that has come so far, and whether nothing more will come. A character
    /// that is not complete yet is left out, so that what was there stays as it was.
    #[must_use]
    pub fn text_after(&self, from: usize) -> (String, bool) {
        let mut buffer = self.buffer();
        buffer.decode();
        (crate::text_after(&buffer.text, from).to_owned(), buffer.closed)
    }

    /// All of it as text, and whether it was cut. A character cut in half at the limit is left out.
    pub(crate) fn text(&self) -> (String, bool) {
        let buffer = self.buffer();
        let bytes = if buffer.truncated { whole_characters(&buffer.bytes) } else { buffer.bytes.as_slice() };
        (String::from_utf8_lossy(bytes).into_owned(), buffer.truncated)
    }
}

impl Buffer {
    /// Decodes what has come since the last time.
    fn decode(&mut self) {
        let new = &self.bytes[self.decoded..];
        let new = if self.closed { new } else { whole_characters(new) };
        self.decoded += new.len();
        self.text.push_str(&String::from_utf8_lossy(new));
    }
}

/// Without the beginning of a character at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let from = bytes.len().saturating_sub(3);
    for start in (from..bytes.len()).rev() {
        let needed = match bytes[start] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        return if bytes.len() - start < needed { &bytes[..start] } else { bytes };
    }
    bytes
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
        self.push(&bytes).map_err(|full| StreamError::Trap(full.into()))
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
        Poll::Ready(self.push(bytes).map(|()| bytes.len()).map_err(std::io::Error::other))
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
        let output = Output::new(4, false);
        output.push("aüü".as_bytes()).unwrap();
        output.push(b"more").unwrap();
        assert_eq!(output.text(), ("aü".to_owned(), true));
    }

    #[tokio::test]
    async fn a_reader_sees_what_comes() {
        let output = Output::new(100, false);
        let reader = output.clone();
        let read = tokio::spawn(async move { (reader.next(0).await, reader.next(2).await) });
        output.push(b"ab").unwrap();
        tokio::task::yield_now().await;
        output.close();
        assert_eq!(read.await.unwrap(), (b"ab".to_vec(), Vec::new()));
    }

    #[tokio::test]
    async fn text_stays_as_it_was_while_more_comes() {
        let output = Output::new(100, true);
        output.push(b"a\xff\xe2\x82").unwrap();
        assert_eq!(output.text_from(0).await, ("a\u{fffd}".to_owned(), false));
        output.push(b"\xac!").unwrap();
        assert_eq!(output.text_from(4).await, ("€!".to_owned(), false));
        output.push(b"\xe2").unwrap();
        output.close();
        assert_eq!(output.text_from(8).await, ("\u{fffd}".to_owned(), true));
        assert!(output.push(&[b'x'; 100]).is_err());
    }
}
