//! How messages lie in bytes. The only place that knows.
//!
//! A connection speaks one of two framings, told apart by its first byte: a 4-byte big-endian length and that many
//! bytes of JSON; or, when the first byte is `{`, one JSON object per line.

use crate::limits::FRAME_BYTES_MAX;

/// The framing that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A 4-byte big-endian length, then the JSON.
    Lengths,
    /// One JSON object per line.
    Lines,
}

/// Why the bytes are no frame. The connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than the limit; refused unread.
    #[error("a frame has at most {max} bytes, this one has {bytes}{}", if *.more { " or more" } else { "" })]
    TooLong {
        /// What was announced or has come.
        bytes: usize,
        /// The limit.
        max: usize,
        /// There may be more to come.
        more: bool,
    },
    /// The first byte of a TLS record.
    #[error("TLS is not spoken here: send plain JSON frames")]
    Tls,
    /// Not UTF-8.
    #[error("a frame must be UTF-8 text")]
    NotUtf8,
}

/// Cuts a stream of bytes into frames.
#[derive(Debug)]
pub struct Decoder {
    framing: Option<Framing>,
    bytes_max: usize,
    /// How far the search for the end of the line has come.
    searched: usize,
}

/// A whole frame at the start of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where the JSON text lies in the buffer.
    pub text: std::ops::Range<usize>,
    /// How many bytes of the buffer the frame takes.
    pub bytes: usize,
}

const TLS_HANDSHAKE: u8 = 0x16;
const LENGTH_BYTES: usize = 4;

impl Default for Decoder {
    fn default() -> Self {
        Self::new(FRAME_BYTES_MAX)
    }
}

impl Decoder {
    /// A decoder that refuses frames of more than `bytes_max` bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { framing: None, bytes_max, searched: 0 }
    }

    /// The framing, once the first byte has come.
    #[must_use]
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// The next whole frame in `buffer`; `None` until more bytes have come. The caller takes `bytes` bytes off the
    /// buffer's front before the next call.
    ///
    /// # Errors
    /// When the bytes are no frame.
    pub fn next(&mut self, buffer: &[u8]) -> Result<Option<Frame>, FrameError> {
        let Some(&first) = buffer.first() else { return Ok(None) };
        let framing = match self.framing {
            Some(framing) => framing,
            None if first == TLS_HANDSHAKE => return Err(FrameError::Tls),
            None if first == b'{' => Framing::Lines,
            None => Framing::Lengths,
        };
        self.framing = Some(framing);
        match framing {
            Framing::Lengths => self.next_length(buffer),
            Framing::Lines => self.next_line(buffer),
        }
    }

    fn next_length(&self, buffer: &[u8]) -> Result<Option<Frame>, FrameError> {
        let Some(length) = buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let bytes = u32::from_be_bytes(*length) as usize;
        if bytes > self.bytes_max {
            return Err(FrameError::TooLong { bytes, max: self.bytes_max, more: false });
        }
        let end = LENGTH_BYTES + bytes;
        Ok((buffer.len() >= end).then_some(Frame { text: LENGTH_BYTES..end, bytes: end }))
    }

    fn next_line(&mut self, buffer: &[u8]) -> Result<Option<Frame>, FrameError> {
        match buffer[self.searched..].iter().position(|&byte| byte == b'\n') {
            Some(offset) => {
                let end = self.searched + offset;
                self.searched = 0;
                if end > self.bytes_max {
                    return Err(FrameError::TooLong { bytes: end, max: self.bytes_max, more: false });
                }
                Ok(Some(Frame { text: 0..end, bytes: end + 1 }))
            }
            None if buffer.len() > self.bytes_max => {
                Err(FrameError::TooLong { bytes: buffer.len(), max: self.bytes_max, more: true })
            }
            None => {
                self.searched = buffer.len();
                Ok(None)
            }
        }
    }
}

/// The text of a frame.
///
/// # Errors
/// When the bytes are not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, FrameError> {
    std::str::from_utf8(bytes).map_err(|_| FrameError::NotUtf8)
}

/// One frame, of the JSON that this writes behind what is there already.
///
/// # Errors
/// When it is longer than a frame may be.
pub fn encode_with(framing: Framing, append_json: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, FrameError> {
    let start = if framing == Framing::Lengths { LENGTH_BYTES } else { 0 };
    let mut bytes = vec![0; start];
    append_json(&mut bytes);
    let length = bytes.len() - start;
    if length > FRAME_BYTES_MAX {
        return Err(FrameError::TooLong { bytes: length, max: FRAME_BYTES_MAX, more: false });
    }
    match framing {
        Framing::Lengths => {
            let length = u32::try_from(length).expect("FRAME_BYTES_MAX fits in 32 bits");
            bytes[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
        }
        Framing::Lines => {
            // A raw value may hold line breaks between its tokens; inside of strings JSON escapes them.
            for byte in bytes.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
            bytes.push(b'\n');
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(framing: Framing, json: &str) -> Result<Vec<u8>, FrameError> {
        encode_with(framing, |bytes| bytes.extend_from_slice(json.as_bytes()))
    }

    fn decode_all(decoder: &mut Decoder, mut bytes: &[u8]) -> Result<Vec<String>, FrameError> {
        let mut texts = Vec::new();
        while let Some(frame) = decoder.next(bytes)? {
            texts.push(text(&bytes[frame.text.clone()])?.to_owned());
            bytes = &bytes[frame.bytes..];
        }
        Ok(texts)
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_before_it_comes() {
        let mut decoder = Decoder::new(10);
        assert_eq!(decoder.next(&11u32.to_be_bytes()), Err(FrameError::TooLong { bytes: 11, max: 10, more: false }));
        let mut decoder = Decoder::new(10);
        assert_eq!(decoder.next(b"{1234567890"), Err(FrameError::TooLong { bytes: 11, max: 10, more: true }));
    }

    #[test]
    fn tls_is_never_plain_text() {
        assert_eq!(Decoder::default().next(&[0x16, 3, 1]), Err(FrameError::Tls));
    }

    proptest! {
        #[test]
        fn frames_come_back_however_they_are_cut(
            texts in proptest::collection::vec("\\{[^\n\r]{0,40}\\}", 1..5), cut in 1usize..7, lines: bool,
        ) {
            let framing = if lines { Framing::Lines } else { Framing::Lengths };
            let stream: Vec<u8> = texts.iter().flat_map(|text| encode(framing, text).unwrap()).collect();
            let (mut decoder, mut buffer, mut seen) = (Decoder::default(), Vec::new(), Vec::new());
            for part in stream.chunks(cut) {
                buffer.extend_from_slice(part);
                while let Some(frame) = decoder.next(&buffer).unwrap() {
                    seen.push(text(&buffer[frame.text.clone()]).unwrap().to_owned());
                    buffer.drain(..frame.bytes);
                }
            }
            prop_assert_eq!(seen, texts);
            prop_assert!(buffer.is_empty());
            prop_assert_eq!(decoder.framing(), Some(framing));
        }

        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_all(&mut Decoder::new(100), &bytes);
        }
    }
}
