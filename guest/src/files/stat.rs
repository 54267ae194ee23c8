//! The C library's `stat` with permissions, which WASI's does not have.

use super::{
    FILES,
    descriptors::FIRST,
    host,
    tree::{Content, Inode, Node, Result},
    wasi::{FileStat, KIND_FILE, KIND_FOLDER, KIND_LINK, path},
};
use std::ffi::{CStr, c_char, c_int};

const NOT_FOLLOWED: c_int = 1;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const CHARACTERS: u32 = 0o020_000;
/// A stream's permissions.
const STREAM_MODE: u32 = 0o620;
const BLOCK_BYTES: i64 = 512;

/// The C library's structure, `struct stat` of wasi-libc.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Stat {
    device: u64,
    inode: u64,
    names: u64,
    mode: u32,
    user: u32,
    group: u32,
    padding: u32,
    special: u64,
    bytes: i64,
    block_bytes: i64,
    blocks: i64,
    accessed: [i64; 2],
    modified: [i64; 2],
    changed: [i64; 2],
    reserved: [i64; 3],
}

fn time(ns: u64) -> [i64; 2] {
    [(ns / 1_000_000_000) as i64, (ns % 1_000_000_000) as i64]
}

impl Stat {
    fn of(stat: &FileStat, mode: u32) -> Self {
        Self {
            device: stat.device,
            inode: stat.inode,
            names: stat.names,
            mode,
            user: 0,
            group: 0,
            padding: 0,
            special: 0,
            bytes: stat.bytes as i64,
            block_bytes: 4096,
            blocks: (stat.bytes as i64 + BLOCK_BYTES - 1) / BLOCK_BYTES,
            accessed: time(stat.accessed_ns),
            modified: time(stat.modified_ns),
            changed: time(stat.changed_ns),
            reserved: [0; 3],
        }
    }

    fn of_node(inode: Inode, node: &Node) -> Self {
        let kind = match node.content {
            Content::File(_) => FILE,
            Content::Folder(_) => FOLDER,
            Content::Link(_) => LINK,
        };
        Self::of(&super::wasi::stat(inode, node), kind | u32::from(node.mode))
    }
}

fn answer(stat: Result<Stat>, out: *mut Stat) -> c_int {
    match stat {
        Ok(stat) => {
            unsafe { out.write(stat) };
            0
        }
        Err(errno) => fail(errno as c_int),
    }
}

fn fail(errno: c_int) -> c_int {
    unsafe { __errno_location().write(errno) };
    -1
}

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fstat(fd: c_int, out: *mut Stat) -> c_int {
    let fd = fd as u32;
    if fd >= FIRST {
        return answer(
            FILES.with_borrow(|files| {
                let inode = files.descriptors.get(fd)?.inode;
                Ok(Stat::of_node(inode, files.tree.node(inode)?))
            }),
            out,
        );
    }
    let mut stat = FileStat::default();
    match unsafe { host::fd_filestat_get(fd, (&raw mut stat).cast()) } {
        0 => {
            let mode = match stat.kind as u8 {
                KIND_FILE => FILE,
                KIND_FOLDER => FOLDER,
                KIND_LINK => LINK,
                _ => CHARACTERS,
            };
            unsafe { out.write(Stat::of(&stat, mode | STREAM_MODE)) };
            0
        }
        errno => fail(errno.into()),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wasilibc_nocwd_fstatat(fd: c_int, name: *const c_char, out: *mut Stat, flags: c_int) -> c_int {
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    answer(
        FILES.with_borrow(|files| {
            let name = unsafe { path(name.as_ptr(), name.len()) }?;
            let from = files.descriptors.get(fd as u32)?.inode;
            let inode = files.tree.find(from, name, flags & NOT_FOLLOWED == 0)?;
            Ok(Stat::of_node(inode, files.tree.node(inode)?))
        }),
        out,
    )
}
