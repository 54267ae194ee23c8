//! How a stored file lies on the disk: its bytes, then a description (name, size, digest of the whole and of each block) as
//! JSON, then the description's length and a mark.

use super::{Description, FileError};
use sandlot_protocol::FileName;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
    thread::JoinHandle,
};
use tempfile::NamedTempFile;
use tokio::sync::Semaphore;

/// A digest for each so many bytes, so that a part can be checked without reading the whole.
pub(super) const BLOCK_BYTES: usize = 1 << 20;
/// The last bytes of a stored file.
const MARK: &[u8; 8] = b"SANDLOT1";
/// A description longer than this is none.
const DESCRIPTION_BYTES_MAX: u64 = 64 << 20;
/// The disk is told to keep so much of a file at a time while the file still comes.
const WRITE_BEHIND_BYTES: u64 = 8 << 20;
/// To free what a larger file has takes the file system a while.
const FREED_AT_ONCE_BYTES: u64 = 8 << 20;
/// Threads at one time, of all files of a peer, for what the disk takes its time over.
const BEHIND_THREADS_MAX: usize = 4;

/// Starts threads for what the disk takes its time over, so that a request need not wait for all of it.
#[derive(Debug, Clone)]
pub(super) struct Behind(Arc<Semaphore>);

impl Default for Behind {
    fn default() -> Self {
        Self::of(BEHIND_THREADS_MAX)
    }
}

impl Behind {
    fn of(threads_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads_max)))
    }

    /// `None` when there are as many threads as there may be, or the system gives none: then it is not done.
    fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<JoinHandle<T>> {
        let permit = Arc::clone(&self.0).try_acquire_owned().ok()?;
        let working = move || {
            let _permit = permit;
            work()
        };
        std::thread::Builder::new().name("behind".to_owned()).spawn(working).ok()
    }

    /// Gives up a file that has no name any more. Without a thread for it, it is given up here.
    pub(super) fn give_up(&self, file: Option<File>, bytes: u64) {
        if bytes > FREED_AT_ONCE_BYTES {
            let _ = self.run(move || drop(file));
        }
    }
}

/// The bytes from `start` to `end`, each block that they touch checked.
pub(super) fn read(description: &Description, mut file: File, start: u64, end: u64) -> Result<Vec<u8>, FileError> {
    let damaged = || FileError::Damaged(description.filename.clone());
    let first = start / BLOCK_BYTES as u64;
    file.seek(SeekFrom::Start(first * BLOCK_BYTES as u64))?;
    let mut bytes = Vec::new();
    let mut block_number = first;
    while block_number * (BLOCK_BYTES as u64) < end {
        let block_start = block_number * BLOCK_BYTES as u64;
        let length = (description.size - block_start).min(BLOCK_BYTES as u64);
        let from = bytes.len();
        bytes.resize(from + usize::try_from(length).map_err(|_| damaged())?, 0);
        file.read_exact(&mut bytes[from..]).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged(),
            _ => error.into(),
        })?;
        let expected = description.blocks.get(usize::try_from(block_number).map_err(|_| damaged())?);
        if expected != Some(&digest(&bytes[from..])) {
            return Err(damaged());
        }
        block_number += 1;
    }
    let skip = usize::try_from(start - first * BLOCK_BYTES as u64).map_err(|_| damaged())?;
    bytes.truncate(skip + usize::try_from(end - start).map_err(|_| damaged())?);
    bytes.drain(..skip);
    Ok(bytes)
}

/// A file that is being written, digests on the way.
#[derive(Debug)]
pub(super) struct Writer {
    file: NamedTempFile,
    /// Bytes that are there.
    pub(super) size: u64,
    whole: blake3::Hasher,
    block: blake3::Hasher,
    blocks: Vec<String>,
    /// Bytes that were there when the disk was last told to keep them.
    begun: u64,
    /// The thread that waits until it does.
    syncing: Option<JoinHandle<io::Result<()>>>,
    behind: Behind,
}

impl Writer {
    pub(super) fn new(folder: &Path, behind: &Behind) -> io::Result<Self> {
        Ok(Self {
            file: temporary(folder)?,
            size: 0,
            whole: blake3::Hasher::new(),
            block: blake3::Hasher::new(),
            blocks: Vec::new(),
            begun: 0,
            syncing: None,
            behind: behind.clone(),
        })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.size - self.begun >= WRITE_BEHIND_BYTES && self.syncing.as_ref().is_none_or(JoinHandle::is_finished) {
            // What the disk keeps already is not waited for at the end. Where there is no thread or descriptor, that is longer.
            self.synced()?;
            let file = self.file.as_file().try_clone();
            self.syncing = file.ok().and_then(|file| self.behind.run(move || file.sync_data()));
            self.begun = self.size;
        }
        self.file.write_all(bytes)?;
        self.whole.update(bytes);
        while !bytes.is_empty() {
            let filled = usize::try_from(self.size % BLOCK_BYTES as u64).unwrap_or(0);
            let (part, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - filled));
            self.block.update(part);
            self.size += part.len() as u64;
            if self.size.is_multiple_of(BLOCK_BYTES as u64) {
                self.end_block();
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Waits for the disk, which tells a failure only once.
    fn synced(&mut self) -> io::Result<()> {
        let ended = self.syncing.take().map(JoinHandle::join);
        ended
            .unwrap_or(Ok(Ok(())))
            .unwrap_or_else(|_| Err(io::Error::other("the thread that waits for the disk panicked")))
    }

    fn end_block(&mut self) {
        self.blocks.push(self.block.finalize().to_hex().to_string());
        self.block.reset();
    }

    pub(super) fn finish(mut self, filename: FileName) -> io::Result<(NamedTempFile, Description)> {
        if !self.size.is_multiple_of(BLOCK_BYTES as u64) {
            self.end_block();
        }
        let digest = self.whole.finalize().to_hex().to_string();
        let description = Description { filename, size: self.size, digest, blocks: std::mem::take(&mut self.blocks) };
        let text = serde_json::to_vec(&description)?;
        self.file.write_all(&text)?;
        self.file.write_all(&(text.len() as u64).to_be_bytes())?;
        self.file.write_all(MARK)?;
        self.synced()?;
        self.file.as_file().sync_all()?;
        Ok((self.file, description))
    }
}

pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix("upload-").suffix(".part").tempfile_in(folder)
}

pub(super) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Reads the description at a stored file's end.
pub(super) fn describe(path: &Path) -> io::Result<Description> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut end = [0; 16];
    file.seek(SeekFrom::Start(length.checked_sub(16).ok_or_else(|| bad("too short"))?))?;
    file.read_exact(&mut end)?;
    let (text_bytes, mark) = end.split_at(8);
    if mark != MARK {
        return Err(bad("its mark is missing"));
    }
    let text_bytes = u64::from_be_bytes(text_bytes.try_into().map_err(|_| bad("too short"))?);
    if text_bytes > DESCRIPTION_BYTES_MAX || text_bytes > length - 16 {
        return Err(bad("its description is too long"));
    }
    file.seek(SeekFrom::Start(length - 16 - text_bytes))?;
    let mut text = vec![0; usize::try_from(text_bytes).map_err(|_| bad("its description is too long"))?];
    file.read_exact(&mut text)?;
    let description: Description = serde_json::from_slice(&text)?;
    if description.size != length - 16 - text_bytes {
        return Err(bad("its size does not match its description"));
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three parts of a file, and whether the disk was told of the first one when the second came.
    fn stored(behind: &Behind, bytes: &[u8]) -> (bool, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(folder.path(), behind).unwrap();
        let mut told = Vec::new();
        for part in bytes.chunks(bytes.len().div_ceil(3)) {
            writer.write(part).unwrap();
            told.push(writer.syncing.is_some());
        }
        assert!(!told[0]);
        let (file, description) = writer.finish("large".parse().unwrap()).unwrap();
        let read = read(&description, file.reopen().unwrap(), 0, description.size).unwrap();
        assert_eq!(fs_entries(folder.path()), 1);
        (told[1], read)
    }

    fn fs_entries(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn the_disk_keeps_what_came_while_the_rest_comes() {
        let bytes: Vec<u8> = (0..3 * WRITE_BEHIND_BYTES + 5).map(|place| (place % 251) as u8).collect();
        assert_eq!(stored(&Behind::default(), &bytes), (true, bytes.clone()));
        // As many threads as there may be are at work: it is stored nevertheless.
        assert_eq!(stored(&Behind::of(0), &bytes), (false, bytes));
    }

    #[test]
    fn there_are_no_more_threads_than_there_may_be() {
        let (behind, (ended, end)) = (Behind::of(1), std::sync::mpsc::channel::<()>());
        let one = behind.run(move || end.recv().is_err()).unwrap();
        assert!(behind.run(|| ()).is_none());
        drop(ended);
        assert!(one.join().unwrap());
        assert!(behind.run(|| ()).is_some());
    }

    #[test]
    fn a_file_that_is_given_up_is_gone_whatever_the_threads() {
        let folder = tempfile::tempdir().unwrap();
        for behind in [Behind::default(), Behind::of(0)] {
            let file = temporary(folder.path()).unwrap();
            behind.give_up(file.reopen().ok(), FREED_AT_ONCE_BYTES + 1);
            drop(file);
            assert_eq!(fs_entries(folder.path()), 0);
        }
    }
}
