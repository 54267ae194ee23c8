//! WASI's functions for files, as the C library calls them: `wasi_snapshot_preview1` of
//! https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md

use super::{
    FILES, Files,
    descriptors::{FIRST, Open},
    host::{self, Buffer},
    tree::{Content, Errno, Inode, Node, Result, Tree},
};
use crate::clock::now_ns;
use std::{collections::BTreeMap, slice};

/// The longest path, as on Linux.
pub const PATH_BYTES_MAX: usize = 4096;
pub const KIND_FOLDER: u8 = 3;
pub const KIND_FILE: u8 = 4;
pub const KIND_LINK: u8 = 7;
const LOOKUP_FOLLOW: u32 = 1;
const OPEN_CREATE: u16 = 1;
const OPEN_FOLDER: u16 = 2;
const OPEN_EXCLUSIVE: u16 = 4;
const OPEN_TRUNCATE: u16 = 8;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
const FLAG_APPEND: u16 = 1;
const SET_ACCESSED: u16 = 1;
const SET_ACCESSED_NOW: u16 = 2;
const SET_MODIFIED: u16 = 4;
const SET_MODIFIED_NOW: u16 = 8;
const FROM_START: u32 = 0;
const FROM_HERE: u32 = 1;
const FROM_END: u32 = 2;
/// Every right: what may be done is decided by how a file was opened.
const RIGHTS_ALL: u64 = (1 << 30) - 1;

/// Runs a call on the files and answers its error number.
fn call(act: impl FnOnce(&mut Files) -> Result<()>) -> u16 {
    match FILES.with_borrow_mut(act) {
        Ok(()) => 0,
        Err(errno) => errno as u16,
    }
}

/// The C library's own pointers and lengths.
pub unsafe fn path<'a>(address: *const u8, bytes: usize) -> Result<&'a str> {
    if bytes > PATH_BYTES_MAX {
        return Err(Errno::NameTooLong);
    }
    // A name that is no UTF-8 has no form in JSON either.
    std::str::from_utf8(unsafe { slice::from_raw_parts(address, bytes) }).map_err(|_| Errno::Invalid)
}

unsafe fn buffers<'a>(address: *const Buffer, count: usize) -> &'a [Buffer] {
    unsafe { slice::from_raw_parts(address, count) }
}

fn kind(content: &Content) -> u8 {
    match content {
        Content::File(_) => KIND_FILE,
        Content::Folder(_) => KIND_FOLDER,
        Content::Link(_) => KIND_LINK,
    }
}

/// WASI's `filestat`: device, inode, kind, names, size, three times.
#[repr(C)]
#[derive(Default)]
pub struct FileStat {
    pub device: u64,
    pub inode: u64,
    pub kind: u64,
    pub names: u64,
    pub bytes: u64,
    pub accessed_ns: u64,
    pub modified_ns: u64,
    pub changed_ns: u64,
}

pub fn stat(inode: Inode, node: &Node) -> FileStat {
    let bytes = match &node.content {
        Content::File(bytes) => bytes.len(),
        Content::Link(target) => target.len(),
        Content::Folder(_) => 0,
    };
    FileStat {
        device: 1,
        inode: inode as u64 + 1,
        kind: kind(&node.content).into(),
        names: node.names,
        bytes: bytes as u64,
        accessed_ns: node.accessed_ns,
        modified_ns: node.modified_ns,
        changed_ns: node.changed_ns,
    }
}

fn set_times(node: &mut Node, accessed_ns: u64, modified_ns: u64, which: u16) {
    let now = now_ns();
    if which & SET_ACCESSED != 0 {
        node.accessed_ns = accessed_ns;
    }
    if which & SET_ACCESSED_NOW != 0 {
        node.accessed_ns = now;
    }
    if which & SET_MODIFIED != 0 {
        node.modified_ns = modified_ns;
    }
    if which & SET_MODIFIED_NOW != 0 {
        node.modified_ns = now;
    }
    node.changed_ns = now;
}

impl Files {
    fn from(&self, fd: u32) -> Result<Inode> {
        Ok(self.descriptors.get(fd)?.inode)
    }

    fn readable(&self, fd: u32) -> Result<Open> {
        Some(*self.descriptors.get(fd)?).filter(|open| open.reads).ok_or(Errno::BadDescriptor)
    }

    fn writable(&self, fd: u32) -> Result<Open> {
        Some(*self.descriptors.get(fd)?).filter(|open| open.writes).ok_or(Errno::BadDescriptor)
    }

    fn close(&mut self, open: Open) {
        self.tree.close(open.inode);
    }

    fn read(&self, inode: Inode, offset: u64, into: &[Buffer]) -> Result<usize> {
        let content = self.tree.content(inode)?;
        let mut rest = content.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let mut read = 0;
        for buffer in into {
            let count = buffer.bytes.min(rest.len());
            unsafe { buffer.address.copy_from_nonoverlapping(rest.as_ptr(), count) };
            rest = &rest[count..];
            read += count;
        }
        Ok(read)
    }

    fn write(&mut self, inode: Inode, offset: u64, from: &[Buffer]) -> Result<usize> {
        let (now, mut written) = (now_ns(), 0);
        for buffer in from.iter().filter(|buffer| buffer.bytes > 0) {
            let bytes = unsafe { slice::from_raw_parts(buffer.address, buffer.bytes) };
            match self.tree.write(inode, offset + written as u64, bytes, now) {
                Ok(()) => written += bytes.len(),
                // What fitted is written, as write(2) does.
                Err(_) if written > 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(written)
    }

    fn open(&mut self, fd: u32, path: &str, follow: bool, how: u16, rights: u64, flags: u16) -> Result<u32> {
        let (from, now) = (self.from(fd)?, now_ns());
        let place = self.tree.walk(from, path, follow)?;
        let writes = rights & RIGHT_WRITE != 0;
        let inode = match place.inode {
            Some(_) if how & OPEN_CREATE != 0 && how & OPEN_EXCLUSIVE != 0 => return Err(Errno::Exists),
            Some(inode) => inode,
            None if how & OPEN_CREATE == 0 => return Err(Errno::NotFound),
            None if place.is_folder => return Err(Errno::IsFolder),
            None => self.tree.make(&place, Content::File(Vec::new()), now)?,
        };
        let is_folder = match &self.tree.node(inode)?.content {
            Content::Link(_) => return Err(Errno::TooManyLinks),
            Content::Folder(_) if writes => return Err(Errno::IsFolder),
            Content::Folder(_) => true,
            Content::File(_) if place.is_folder || how & OPEN_FOLDER != 0 => return Err(Errno::NotFolder),
            Content::File(_) => false,
        };
        if how & OPEN_TRUNCATE != 0 && !is_folder {
            self.tree.resize(inode, 0, now)?;
        }
        let open = Open {
            inode,
            offset: 0,
            append: flags & FLAG_APPEND != 0,
            reads: rights & RIGHT_READ != 0 || is_folder,
            writes,
            preopened: false,
        };
        let fd = self.descriptors.add(open)?;
        self.tree.open(inode)?;
        Ok(fd)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_close(fd: u32) -> u16 {
    if fd < FIRST {
        return unsafe { host::fd_close(fd) };
    }
    call(|files| {
        let open = files.descriptors.remove(fd)?;
        files.listings.remove(&fd);
        files.close(open);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_renumber(from: u32, to: u32) -> u16 {
    if from < FIRST && to < FIRST {
        return unsafe { host::fd_renumber(from, to) };
    }
    call(|files| {
        if let Some(replaced) = files.descriptors.renumber(from, to)? {
            files.close(replaced);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_fdstat_get(fd: u32, out: *mut u8) -> u16 {
    if fd < FIRST {
        return unsafe { host::fd_fdstat_get(fd, out) };
    }
    call(|files| {
        let open = files.descriptors.get(fd)?;
        let kind = kind(&files.tree.node(open.inode)?.content);
        let flags = if open.append { FLAG_APPEND } else { 0 };
        let mut rights = RIGHTS_ALL;
        if !open.reads {
            rights &= !RIGHT_READ;
        }
        if !open.writes && kind == KIND_FILE {
            rights &= !RIGHT_WRITE;
        }
        unsafe {
            out.write(kind);
            out.add(2).cast::<u16>().write(flags);
            out.add(8).cast::<u64>().write(rights);
            out.add(16).cast::<u64>().write(RIGHTS_ALL);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_fdstat_set_flags(fd: u32, flags: u16) -> u16 {
    if fd < FIRST {
        return unsafe { host::fd_fdstat_set_flags(fd, flags) };
    }
    call(|files| {
        files.descriptors.get_mut(fd)?.append = flags & FLAG_APPEND != 0;
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_filestat_get(fd: u32, out: *mut FileStat) -> u16 {
    if fd < FIRST {
        return unsafe { host::fd_filestat_get(fd, out.cast()) };
    }
    call(|files| {
        let inode = files.from(fd)?;
        unsafe { out.write(stat(inode, files.tree.node(inode)?)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_filestat_set_size(fd: u32, bytes: u64) -> u16 {
    call(|files| {
        let inode = files.writable(fd).map_err(|_| Errno::Invalid)?.inode;
        files.tree.resize(inode, bytes, now_ns())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_filestat_set_times(
    fd: u32,
    accessed_ns: u64,
    modified_ns: u64,
    which: u16,
) -> u16 {
    call(|files| {
        let inode = files.from(fd)?;
        set_times(files.tree.node_mut(inode)?, accessed_ns, modified_ns, which);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_allocate(fd: u32, offset: u64, bytes: u64) -> u16 {
    call(|files| {
        let inode = files.writable(fd)?.inode;
        let end = offset.checked_add(bytes).ok_or(Errno::NoSpace)?;
        if end > files.tree.content(inode)?.len() as u64 {
            files.tree.resize(inode, end, now_ns())?;
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_fd_advise(fd: u32, _: u64, _: u64, _: u32) -> u16 {
    call(|files| files.descriptors.get(fd).map(|_| ()))
}

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_fd_sync(fd: u32) -> u16 {
    if fd < FIRST { 0 } else { call(|files| files.descriptors.get(fd).map(|_| ())) }
}

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_fd_datasync(fd: u32) -> u16 {
    __imported_wasi_snapshot_preview1_fd_sync(fd)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_read(
    fd: u32,
    into: *const Buffer,
    count: usize,
    read: *mut usize,
) -> u16 {
    if fd < FIRST {
        return unsafe { host::fd_read(fd, into, count, read) };
    }
    call(|files| {
        let open = files.readable(fd)?;
        let bytes = files.read(open.inode, open.offset, unsafe { buffers(into, count) })?;
        files.descriptors.get_mut(fd)?.offset += bytes as u64;
        unsafe { read.write(bytes) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_pread(
    fd: u32,
    into: *const Buffer,
    count: usize,
    offset: u64,
    read: *mut usize,
) -> u16 {
    if fd < FIRST {
        return Errno::IllegalSeek as u16;
    }
    call(|files| {
        let bytes = files.read(files.readable(fd)?.inode, offset, unsafe { buffers(into, count) })?;
        unsafe { read.write(bytes) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_write(
    fd: u32,
    from: *const Buffer,
    count: usize,
    written: *mut usize,
) -> u16 {
    if fd < FIRST {
        return unsafe { host::fd_write(fd, from, count, written) };
    }
    call(|files| {
        let open = files.writable(fd)?;
        let start = if open.append { files.tree.content(open.inode)?.len() as u64 } else { open.offset };
        let bytes = files.write(open.inode, start, unsafe { buffers(from, count) })?;
        files.descriptors.get_mut(fd)?.offset = start + bytes as u64;
        unsafe { written.write(bytes) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_pwrite(
    fd: u32,
    from: *const Buffer,
    count: usize,
    offset: u64,
    written: *mut usize,
) -> u16 {
    if fd < FIRST {
        return Errno::IllegalSeek as u16;
    }
    call(|files| {
        let inode = files.writable(fd)?.inode;
        let bytes = files.write(inode, offset, unsafe { buffers(from, count) })?;
        unsafe { written.write(bytes) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_seek(fd: u32, by: i64, whence: u32, to: *mut u64) -> u16 {
    if fd < FIRST {
        return Errno::IllegalSeek as u16;
    }
    call(|files| {
        let open = *files.descriptors.get(fd)?;
        let start = match whence {
            FROM_START => 0,
            FROM_HERE => open.offset,
            FROM_END => files.tree.content(open.inode)?.len() as u64,
            _ => return Err(Errno::Invalid),
        };
        let offset = start.checked_add_signed(by).filter(|offset| *offset <= i64::MAX as u64).ok_or(Errno::Invalid)?;
        files.descriptors.get_mut(fd)?.offset = offset;
        unsafe { to.write(offset) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_tell(fd: u32, to: *mut u64) -> u16 {
    unsafe { __imported_wasi_snapshot_preview1_fd_seek(fd, 0, FROM_HERE, to) }
}

/// Entries as WASI writes them: where to go on, inode, length of the name, kind, then the name. The last one may be
/// cut: the caller asks again from there.
#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_readdir(
    fd: u32,
    into: *mut u8,
    bytes: usize,
    cookie: u64,
    used: *mut usize,
) -> u16 {
    call(|files| {
        let inode = files.from(fd)?;
        if cookie == 0 {
            let own = [(".".to_owned(), inode), ("..".to_owned(), files.tree.parent(inode)?)];
            let names = files.tree.folder(inode)?.iter().map(|(name, inode)| (name.clone(), *inode));
            let listing = own.into_iter().chain(names).collect();
            files.listings.insert(fd, listing);
        }
        let listing = files.listings.get(&fd).map(Vec::as_slice).unwrap_or_default();
        let first = usize::try_from(cookie).unwrap_or(usize::MAX).min(listing.len());
        let out = unsafe { slice::from_raw_parts_mut(into, bytes) };
        let mut filled = 0;
        for (index, (name, inode)) in listing.iter().enumerate().skip(first) {
            // One that is gone meanwhile has no kind to tell.
            let kind = files.tree.node(*inode).map_or(0, |node| kind(&node.content));
            let mut entry = Vec::with_capacity(24 + name.len());
            entry.extend((index as u64 + 1).to_le_bytes());
            entry.extend((*inode as u64 + 1).to_le_bytes());
            entry.extend((name.len() as u32).to_le_bytes());
            entry.extend(u32::from(kind).to_le_bytes());
            entry.extend(name.as_bytes());
            let count = entry.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&entry[..count]);
            filled += count;
            if filled == out.len() {
                break;
            }
        }
        unsafe { used.write(filled) };
        Ok(())
    })
}

const PREOPENED: &[u8] = b"/";

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_prestat_get(fd: u32, out: *mut u32) -> u16 {
    call(|files| {
        files.descriptors.get(fd).ok().filter(|open| open.preopened).ok_or(Errno::BadDescriptor)?;
        unsafe {
            out.write(0);
            out.add(1).write(PREOPENED.len() as u32);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_fd_prestat_dir_name(fd: u32, out: *mut u8, bytes: usize) -> u16 {
    call(|files| {
        files.descriptors.get(fd).ok().filter(|open| open.preopened).ok_or(Errno::BadDescriptor)?;
        if bytes < PREOPENED.len() {
            return Err(Errno::NameTooLong);
        }
        unsafe { out.copy_from_nonoverlapping(PREOPENED.as_ptr(), PREOPENED.len()) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_open(
    fd: u32,
    lookup: u32,
    name: *const u8,
    name_bytes: usize,
    how: u16,
    rights: u64,
    _: u64,
    flags: u16,
    out: *mut u32,
) -> u16 {
    call(|files| {
        let name = unsafe { path(name, name_bytes) }?;
        let opened = files.open(fd, name, lookup & LOOKUP_FOLLOW != 0, how, rights, flags)?;
        unsafe { out.write(opened) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_filestat_get(
    fd: u32,
    lookup: u32,
    name: *const u8,
    name_bytes: usize,
    out: *mut FileStat,
) -> u16 {
    call(|files| {
        let name = unsafe { path(name, name_bytes) }?;
        let inode = files.tree.find(files.from(fd)?, name, lookup & LOOKUP_FOLLOW != 0)?;
        unsafe { out.write(stat(inode, files.tree.node(inode)?)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_filestat_set_times(
    fd: u32,
    lookup: u32,
    name: *const u8,
    name_bytes: usize,
    accessed_ns: u64,
    modified_ns: u64,
    which: u16,
) -> u16 {
    call(|files| {
        let name = unsafe { path(name, name_bytes) }?;
        let inode = files.tree.find(files.from(fd)?, name, lookup & LOOKUP_FOLLOW != 0)?;
        set_times(files.tree.node_mut(inode)?, accessed_ns, modified_ns, which);
        Ok(())
    })
}

/// A place for something new, or for a name that goes.
unsafe fn place(tree: &Tree, from: Inode, name: *const u8, bytes: usize) -> Result<super::tree::Place> {
    tree.walk(from, unsafe { path(name, bytes) }?, false)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_create_directory(
    fd: u32,
    name: *const u8,
    name_bytes: usize,
) -> u16 {
    call(|files| {
        let place = unsafe { place(&files.tree, files.from(fd)?, name, name_bytes) }?;
        files.tree.make(&place, Content::Folder(BTreeMap::new()), now_ns()).map(|_| ())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_remove_directory(
    fd: u32,
    name: *const u8,
    name_bytes: usize,
) -> u16 {
    call(|files| {
        let place = unsafe { place(&files.tree, files.from(fd)?, name, name_bytes) }?;
        files.tree.remove_folder(&place, now_ns())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_unlink_file(
    fd: u32,
    name: *const u8,
    name_bytes: usize,
) -> u16 {
    call(|files| {
        let place = unsafe { place(&files.tree, files.from(fd)?, name, name_bytes) }?;
        files.tree.unlink(&place, now_ns())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_rename(
    fd: u32,
    name: *const u8,
    name_bytes: usize,
    to_fd: u32,
    to_name: *const u8,
    to_bytes: usize,
) -> u16 {
    call(|files| {
        let from = unsafe { place(&files.tree, files.from(fd)?, name, name_bytes) }?;
        let to = unsafe { place(&files.tree, files.from(to_fd)?, to_name, to_bytes) }?;
        files.tree.rename(&from, &to, now_ns())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_link(
    fd: u32,
    lookup: u32,
    name: *const u8,
    name_bytes: usize,
    to_fd: u32,
    to_name: *const u8,
    to_bytes: usize,
) -> u16 {
    call(|files| {
        let name = unsafe { path(name, name_bytes) }?;
        let inode = files.tree.find(files.from(fd)?, name, lookup & LOOKUP_FOLLOW != 0)?;
        let to = unsafe { place(&files.tree, files.from(to_fd)?, to_name, to_bytes) }?;
        files.tree.link(inode, &to, now_ns())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_symlink(
    target: *const u8,
    target_bytes: usize,
    fd: u32,
    name: *const u8,
    name_bytes: usize,
) -> u16 {
    call(|files| {
        let target = unsafe { path(target, target_bytes) }?;
        let place = unsafe { place(&files.tree, files.from(fd)?, name, name_bytes) }?;
        files.tree.make(&place, Content::Link(target.to_owned()), now_ns()).map(|_| ())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __imported_wasi_snapshot_preview1_path_readlink(
    fd: u32,
    name: *const u8,
    name_bytes: usize,
    into: *mut u8,
    bytes: usize,
    used: *mut usize,
) -> u16 {
    call(|files| {
        let name = unsafe { path(name, name_bytes) }?;
        let inode = files.tree.find(files.from(fd)?, name, false)?;
        let Content::Link(target) = &files.tree.node(inode)?.content else { return Err(Errno::Invalid) };
        let count = target.len().min(bytes);
        unsafe {
            into.copy_from_nonoverlapping(target.as_ptr(), count);
            used.write(count);
        }
        Ok(())
    })
}
