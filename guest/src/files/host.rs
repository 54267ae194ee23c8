//! WASI's calls that go on to the host: standard streams.

/// A piece of memory to read into or write from.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    pub address: *mut u8,
    pub bytes: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub fn fd_read(fd: u32, buffers: *const Buffer, count: usize, read: *mut usize) -> u16;
    pub fn fd_write(fd: u32, buffers: *const Buffer, count: usize, written: *mut usize) -> u16;
    pub fn fd_close(fd: u32) -> u16;
    pub fn fd_fdstat_get(fd: u32, stat: *mut u8) -> u16;
    pub fn fd_fdstat_set_flags(fd: u32, flags: u16) -> u16;
    pub fn fd_filestat_get(fd: u32, stat: *mut u8) -> u16;
    pub fn fd_renumber(from: u32, to: u32) -> u16;
}
