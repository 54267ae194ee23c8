//! What a socket can do this moment, without asking the runtime first whether it can. Of a connection that has just been
//! accepted the runtime does not know yet, and would look again before the first byte is read and written.

use bytes::BytesMut;
use rustix::net::{RecvFlags, SendFlags};
use std::os::fd::AsFd;
use tokio::net::TcpStream;

/// Most requests are shorter.
const FIRST_READ_BYTES: usize = 8 * 1024;

/// What has come already. What goes wrong, the next read will say.
pub(crate) fn read(stream: &TcpStream) -> BytesMut {
    let mut bytes = BytesMut::zeroed(FIRST_READ_BYTES);
    let (count, _) = rustix::net::recv(stream.as_fd(), &mut bytes[..], RecvFlags::DONTWAIT).unwrap_or_default();
    bytes.truncate(count);
    bytes
}

/// Sends what there is room for, and says how many bytes that were. What goes wrong, the next write will say.
pub(crate) fn write(stream: &TcpStream, bytes: &[u8]) -> usize {
    rustix::net::send(stream.as_fd(), bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).unwrap_or_default()
}
