//! The task's own files: a file system in the guest's memory behind WASI's calls.
//!
//! The C library calls WASI's functions by their linker names. Those for files and folders are defined here
//! ([`wasi`]), so they never leave the guest; what concerns standard input, output and error goes on to the host.
//! The files are gone with the instance, count as the task's memory, and cost nothing until the first is made.

mod descriptors;
mod host;
mod stat;
mod tree;
mod wasi;

use descriptors::Descriptors;
use std::{borrow::Cow, cell::RefCell, collections::BTreeMap};
use tree::{Inode, Tree};

/// Bytes of files that a snapshot may hold before a task's own limit counts.
const SNAPSHOT_BYTES_MAX: u64 = 64 << 20;

struct Files {
    tree: Tree,
    descriptors: Descriptors,
    /// What a folder held when somebody began to read it, by descriptor: names that come and go meanwhile move nothing.
    listings: BTreeMap<u32, Vec<(String, Inode)>>,
}

thread_local! {
    static FILES: RefCell<Files> = RefCell::new(Files {
        tree: Tree::new(SNAPSHOT_BYTES_MAX),
        descriptors: Descriptors::new(),
        listings: BTreeMap::new(),
    });
}

/// Where a program runs.
const WORK_FOLDER: &str = "/work";

/// A path that is not absolute lies in the folder where the program runs.
fn absolute(path: &str) -> Cow<'_, str> {
    if path.starts_with('/') { path.into() } else { format!("{WORK_FOLDER}/{path}").into() }
}

/// Makes `/dev/null`.
pub fn make_null() {
    FILES.with_borrow_mut(|files| files.tree.make_null("/dev/null").expect("there is room for it"));
}

/// Puts a file there, with its folders. Says whether it could.
pub fn put(path: &str, content: Vec<u8>) -> bool {
    FILES.with_borrow_mut(|files| files.tree.put(&absolute(path), content, crate::clock::now_ns()).is_ok())
}

/// A file's bytes stay where they are as long as nothing is written: their address and length.
pub fn place(path: &str) -> Option<(usize, usize)> {
    FILES.with_borrow(|files| {
        let inode = files.tree.find(tree::ROOT, &absolute(path), true).ok()?;
        let content = files.tree.content(inode).ok()?;
        Some((content.as_ptr() as usize, content.len()))
    })
}

/// Makes a symbolic link to `target`. Answers WASI's error number, 0 when it is there.
pub fn symlink(target: &str, path: &str) -> u16 {
    FILES
        .with_borrow_mut(|files| {
            let place = files.tree.walk(tree::ROOT, &absolute(path), false)?;
            files.tree.make(&place, tree::Content::Link(target.to_owned()), crate::clock::now_ns())
        })
        .map_or_else(|errno| errno as u16, |_| 0)
}

/// Sets the permissions of the file or folder with this number, as `stat` tells it. Says whether there is one.
pub fn set_mode(number: u64, mode: u16) -> bool {
    FILES.with_borrow_mut(|files| {
        let node = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        node.and_then(|inode| files.tree.node_mut(inode).ok()).map(|node| node.mode = mode & 0o7777).is_some()
    })
}

/// All of standard input, past the C library and its buffers.
pub fn read_stdin() -> Vec<u8> {
    let (mut all, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let (buffer, mut read) = (host::Buffer { address: piece.as_mut_ptr(), bytes: piece.len() }, 0);
        if unsafe { host::fd_read(0, &buffer, 1, &mut read) } != 0 || read == 0 {
            return all;
        }
        all.extend_from_slice(&piece[..read]);
    }
}

/// How many bytes the task may add.
pub fn limit(bytes: u64) {
    FILES.with_borrow_mut(|files| files.tree.limit(bytes));
}

/// Bytes that all files may have, and have.
pub fn room() -> (u64, u64) {
    FILES.with_borrow(|files| (files.tree.bytes_max(), files.tree.used_bytes()))
}
