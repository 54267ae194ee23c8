//! Bytes until they are a frame, within its limits.

use crate::clock;
use bytes::{Buf, BytesMut};
use sandlot_protocol::frame::{Decoder, FrameError, Framing, text};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// What one connection buffers without asking.
const FREE_BYTES: usize = 1 << 20;
/// Larger buffers take their room from the node's budget in steps of this.
pub(crate) const BUDGET_STEP_BYTES: usize = 1 << 20;
/// A frame must come at least this fast, bytes per second, on top of `frame_timeout`.
pub(crate) const RATE_BYTES_MIN: u64 = 64 * 1024;

/// Why there is no next frame.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the connection was closed")]
    Closed,
    #[error("the connection was closed in the middle of a frame")]
    CutOff,
    #[error("a frame must come within {0:?} and at {RATE_BYTES_MIN} bytes a second or more")]
    Slow(Duration),
    #[error("no request came for {0:?}")]
    Idle(Duration),
    #[error("this node buffers too much already; try again later")]
    Busy,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Io(std::io::Error),
}

/// Reads frames.
pub(crate) struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    decoder: Decoder,
    budget: Arc<Semaphore>,
    permits: Vec<OwnedSemaphorePermit>,
    frame_timeout: Duration,
    idle_timeout: Duration,
    /// When the first byte of the frame under way came.
    begun: Option<Instant>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// `first` are bytes that came before.
    pub(crate) fn new(
        stream: R,
        first: BytesMut,
        frame_bytes_max: usize,
        budget: Arc<Semaphore>,
        frame_timeout: Duration,
        idle_timeout: Duration,
    ) -> Self {
        Self {
            stream,
            buffer: first,
            decoder: Decoder::new(frame_bytes_max),
            budget,
            permits: Vec::new(),
            frame_timeout,
            idle_timeout,
            begun: None,
        }
    }

    pub(crate) fn framing(&self) -> Option<Framing> {
        self.decoder.framing()
    }

    /// What this reads in the next frame's text. Cancelling it loses nothing.
    pub(crate) async fn next<T>(&mut self, read: impl Fn(&str) -> T) -> Result<T, ReadError> {
        loop {
            if let Some(found) = self.buffered(&read)? {
                return Ok(found);
            }
            if !self.buffer.is_empty() {
                // A frame that waited in the buffer begins when somebody asks for it.
                self.begun.get_or_insert_with(clock::now);
            }
            self.take_room()?;
            self.read_more().await?;
        }
    }

    /// What this reads in the next frame's text, if it has come already.
    pub(crate) fn buffered<T>(&mut self, read: impl Fn(&str) -> T) -> Result<Option<T>, ReadError> {
        while let Some(frame) = self.decoder.next(&self.buffer)? {
            let json = text(&self.buffer[frame.text.clone()])?;
            let is_blank = json.trim().is_empty() && self.framing() == Some(Framing::Lines);
            let found = (!is_blank).then(|| read(json));
            self.buffer.advance(frame.bytes);
            self.begun = None;
            self.release();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Waits until the other side is gone. What comes meanwhile is kept for `next`. Never ends when that cannot be known:
    /// a shell's `nc` closes its sending side and still reads, and behind a full buffer nothing is seen.
    pub(crate) async fn gone(&mut self) {
        while self.buffer.len() < FREE_BYTES {
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) if self.framing() == Some(Framing::Lengths) => return,
                Ok(0) => break,
                Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending().await
    }

    async fn read_more(&mut self) -> Result<(), ReadError> {
        let (rest, late) = match self.begun {
            None => (self.idle_timeout, ReadError::Idle(self.idle_timeout)),
            Some(begun) => {
                let for_bytes = Duration::from_secs(self.buffer.len() as u64 / RATE_BYTES_MIN);
                let spent = clock::now().saturating_duration_since(begun);
                ((self.frame_timeout + for_bytes).saturating_sub(spent), ReadError::Slow(self.frame_timeout))
            }
        };
        let read = timeout(rest, self.stream.read_buf(&mut self.buffer)).await.map_err(|_| late)?;
        match read.map_err(ReadError::Io)? {
            0 if self.buffer.is_empty() => Err(ReadError::Closed),
            0 if self.decoder.framing() == Some(Framing::Lines) && self.buffer.last() != Some(&b'\n') => {
                // The last line of a shell's here-string may have no line break.
                self.buffer.extend_from_slice(b"\n");
                Ok(())
            }
            0 => Err(ReadError::CutOff),
            _ => {
                self.begun.get_or_insert_with(clock::now);
                Ok(())
            }
        }
    }

    /// A large frame takes its room from what the whole node may buffer.
    fn take_room(&mut self) -> Result<(), ReadError> {
        let needed = self.buffer.len().saturating_sub(FREE_BYTES).div_ceil(BUDGET_STEP_BYTES);
        while self.permits.len() < needed {
            let permit = Arc::clone(&self.budget).try_acquire_owned().map_err(|_| ReadError::Busy)?;
            self.permits.push(permit);
        }
        // What grows quickly is copied seldom.
        let room = self.buffer.len().saturating_mul(3).clamp(8 * 1024, BUDGET_STEP_BYTES);
        self.buffer.reserve(room);
        Ok(())
    }

    fn release(&mut self) {
        self.permits.clear();
        if self.buffer.is_empty() && self.buffer.capacity() > FREE_BYTES {
            self.buffer = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &'static [u8]) -> FrameReader<&'static [u8]> {
        let second = Duration::from_secs(1);
        FrameReader::new(bytes, BytesMut::new(), 100, Arc::new(Semaphore::new(1)), second, second)
    }

    #[tokio::test]
    async fn lines_with_blank_ones_between_and_no_end() {
        let mut reader = reader(b"{\"a\":1}\r\n\r\n{\"b\":2}");
        assert_eq!(reader.next(str::to_owned).await.unwrap().trim(), "{\"a\":1}");
        assert_eq!(reader.next(str::to_owned).await.unwrap(), "{\"b\":2}");
        assert!(matches!(reader.next(str::to_owned).await, Err(ReadError::Closed)));
    }

    #[tokio::test]
    async fn a_frame_that_is_cut_off() {
        assert!(matches!(reader(b"\0\0\0\x09{}").next(str::to_owned).await, Err(ReadError::CutOff)));
        assert!(matches!(
            reader(b"\0\x0f\0\0{}").next(str::to_owned).await,
            Err(ReadError::Frame(FrameError::TooLong { .. }))
        ));
        assert!(matches!(
            reader(b"\0\0\0\x02\xff\xff").next(str::to_owned).await,
            Err(ReadError::Frame(FrameError::NotUtf8))
        ));
    }

    #[tokio::test]
    async fn silence_ends_a_connection() {
        let (client, server) = tokio::io::duplex(64);
        let (second, idle) = (Duration::from_secs(1), Duration::from_millis(20));
        let mut reader = FrameReader::new(server, BytesMut::new(), 100, Arc::new(Semaphore::new(1)), second, idle);
        assert!(matches!(reader.next(str::to_owned).await, Err(ReadError::Idle(_))));
        drop(client);
    }

    #[tokio::test]
    async fn a_byte_at_a_time_is_too_slow() {
        use tokio::io::AsyncWriteExt;
        let (mut client, server) = tokio::io::duplex(64);
        let limit = Duration::from_millis(50);
        let mut reader =
            FrameReader::new(server, BytesMut::new(), 100, Arc::new(Semaphore::new(1)), limit, Duration::from_secs(60));
        client.write_all(b"{").await.unwrap();
        assert!(matches!(reader.next(str::to_owned).await, Err(ReadError::Slow(_))));
    }

    #[tokio::test]
    async fn a_node_buffers_within_its_budget() {
        let big: &'static [u8] = Box::leak(vec![b'{'; 5 << 20].into_boxed_slice());
        let second = Duration::from_secs(1);
        let mut reader = FrameReader::new(big, BytesMut::new(), 64 << 20, Arc::new(Semaphore::new(1)), second, second);
        assert!(matches!(reader.next(str::to_owned).await, Err(ReadError::Busy)));
    }
}
