//! Names and bytes on disk.
//!
//! A stored file is `<BLAKE3 of its name>.file`: its bytes, then a description (name, size, digest of the whole and of
//! each block of 1 MiB) as JSON, then the description's length and a mark. It is written to a temporary name, synced
//! and renamed, so it is there whole or not at all; every read is checked against the digests.

mod stored;

use crate::config::FileLimits;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_protocol::{FileName, limits::FILE_CHUNK_BYTES_MAX, request::PutFileChunk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    ops::Bound,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use stored::{Behind, Writer, describe, read, temporary};
use tokio::sync::Notify;

/// An upload without a new chunk for so long makes place for another one when there are too many.
const UPLOAD_IDLE: Duration = Duration::from_secs(30);
/// So many chunks of an upload wait at one time for those before them; others are refused at once.
const CHUNKS_WAITING: usize = 4;
/// A chunk waits so long for those before it.
pub const CHUNK_WAIT: Duration = Duration::from_secs(2);

/// Why a file was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The base64 is none.
    #[error("member \"data\" is not base64: {0}")]
    NotBase64(base64::DecodeError),
    /// No room.
    #[error("there is no room: {used} of {max} {unit} are used, and this needs {needed}")]
    Full {
        /// In use.
        used: u64,
        /// The limit.
        max: u64,
        /// Of this one.
        needed: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// The chunk does not continue the upload.
    #[error("{0}")]
    BadChunk(String),
    /// The bytes on disk are not those that were stored.
    #[error("the stored file {0} is damaged: its bytes do not match its digest")]
    Damaged(FileName),
    /// The disk failed or is full.
    #[error("the peer's disk: {0}")]
    Disk(#[from] io::Error),
}

/// The files of one peer.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    limits: FileLimits,
    state: Mutex<State>,
    behind: Behind,
}

#[derive(Debug, Default)]
struct State {
    index: BTreeMap<FileName, Arc<Description>>,
    uploads: BTreeMap<String, Upload>,
    used_bytes: u64,
    next_upload: u64,
}

/// What is known of a stored file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// Its name.
    pub filename: FileName,
    /// Its size in bytes.
    pub size: u64,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub digest: String,
    blocks: Vec<String>,
}

/// A file's description, and the bytes that were asked for.
pub type Found = (Arc<Description>, Vec<u8>);

/// A file, as lists tell of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FileRecord {
    /// Its name.
    pub filename: FileName,
    /// Its size in bytes.
    pub size: u64,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub digest: String,
}

/// What the files take.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FilesStatus {
    /// Files.
    pub files: usize,
    /// Bytes in use, uploads under way included.
    pub bytes: u64,
    /// Bytes at most.
    pub bytes_max: u64,
}

/// What became of a chunk.
#[derive(Debug)]
pub enum ChunkOutcome {
    /// More must come.
    Partial {
        /// Names the upload in the next chunk.
        upload_id: String,
        /// Bytes that are there.
        received: u64,
    },
    /// The file is whole and stored.
    Stored(Arc<Description>),
}

/// Where a chunk belongs.
#[derive(Debug, Clone)]
pub struct Part {
    /// What the first chunk's answer named; `None` for the first chunk.
    pub upload_id: Option<String>,
    /// The file's name.
    pub filename: FileName,
    /// Where the chunk starts, in bytes.
    pub offset: u64,
    /// The whole file's size, in bytes.
    pub total: u64,
}

#[derive(Debug)]
struct Upload {
    /// `None` while a chunk is being written.
    writer: Option<Writer>,
    filename: FileName,
    /// Bytes that were there when a writer was last taken.
    received: u64,
    total: u64,
    touched: Instant,
    /// Told when a chunk has been written, and when the upload ends.
    progress: Arc<Notify>,
    /// Chunks that wait for those before them.
    waiting: usize,
}

impl Files {
    /// Opens the folder, makes it if need be, and looks at what is stored there. Half-written files are removed.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub fn open(folder: PathBuf, limits: FileLimits) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut state = State::default();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.extension().and_then(|end| end.to_str()) {
                Some("file") => match describe(&path) {
                    Ok(description) => {
                        state.used_bytes += description.size;
                        state.index.insert(description.filename.clone(), Arc::new(description));
                    }
                    Err(error) => tracing::warn!(path = %path.display(), %error, "a stored file cannot be read"),
                },
                Some("part") => fs::remove_file(&path)?,
                _ => {}
            }
        }
        // Found out now rather than at the first upload.
        drop(temporary(&folder)?);
        Ok(Self { folder, limits, state: Mutex::new(state), behind: Behind::default() })
    }

    /// Stores a whole file, base64-encoded.
    ///
    /// # Errors
    /// When it is not base64, there is no room, or the disk fails. An older file of that name is untouched then.
    pub fn put(&self, filename: FileName, data: &str, now: Instant) -> Result<Arc<Description>, FileError> {
        self.expire_uploads(now);
        let bytes = BASE64.decode(data.trim_end()).map_err(FileError::NotBase64)?;
        self.reserve(&filename, bytes.len() as u64)?;
        let reserved = Reserved { files: self, bytes: bytes.len() as u64 };
        let mut writer = Writer::new(&self.folder, &self.behind)?;
        writer.write(&bytes)?;
        self.store(filename, writer, reserved)
    }

    /// Takes one chunk. The first one has no upload id and offset 0; the others come in order. A chunk that was taken
    /// already is taken again without harm.
    ///
    /// # Errors
    /// When the chunk does not fit its upload, there is no room, or the disk fails (the upload is given up then).
    pub fn put_chunk(&self, chunk: PutFileChunk, now: Instant) -> Result<ChunkOutcome, FileError> {
        let bytes = BASE64.decode(chunk.data.trim_end()).map_err(FileError::NotBase64)?;
        let PutFileChunk { upload_id, filename, offset, total, .. } = chunk;
        self.put_part(Part { upload_id, filename, offset, total }, &bytes, now)
    }

    /// Takes one chunk, as `put_chunk`; these are its bytes.
    ///
    /// # Errors
    /// As `put_chunk`.
    pub fn put_part(&self, chunk: Part, bytes: &[u8], now: Instant) -> Result<ChunkOutcome, FileError> {
        self.expire_uploads(now);
        if bytes.len() > FILE_CHUNK_BYTES_MAX {
            return Err(FileError::BadChunk(format!("a chunk has at most {FILE_CHUNK_BYTES_MAX} bytes")));
        }
        let end = chunk.offset.saturating_add(bytes.len() as u64);
        if end > chunk.total {
            return Err(FileError::BadChunk(format!(
                "the chunk ends after {end} bytes, and the file has {}",
                chunk.total
            )));
        }
        let id = match chunk.upload_id {
            Some(id) => id,
            None if chunk.offset == 0 => self.begin_upload(chunk.filename.clone(), chunk.total, now)?,
            None => {
                return Err(FileError::BadChunk(
                    "member \"upload_id\" is missing: the first chunk's reply names it".into(),
                ));
            }
        };
        let mut writer = self.take_writer(&id, &chunk.filename, chunk.total, now)?;
        let received = writer.size;
        let fits = chunk.offset == received;
        if !fits && end > received {
            self.give_writer(&id, writer);
            return Err(FileError::BadChunk(format!(
                "the upload has {received} bytes, so this chunk must start at {received}, not at {}",
                chunk.offset
            )));
        }
        if fits && let Err(error) = writer.write(bytes) {
            self.give_up(&id);
            return Err(error.into());
        }
        let received = writer.size;
        if received < chunk.total || bytes.is_empty() && chunk.total > 0 {
            self.give_writer(&id, writer);
            return Ok(ChunkOutcome::Partial { upload_id: id, received });
        }
        match self.state().uploads.remove(&id) {
            Some(upload) => upload.progress.notify_waiters(),
            None => return Err(FileError::BadChunk("the upload was given up meanwhile".into())),
        }
        let reserved = Reserved { files: self, bytes: chunk.total };
        self.store(chunk.filename, writer, reserved).map(ChunkOutcome::Stored)
    }

    /// How far an upload has come: the file's name, the bytes that are there, and those that there will be.
    #[must_use]
    pub fn upload(&self, id: &str) -> Option<(FileName, u64, u64)> {
        let state = self.state();
        let upload = state.uploads.get(id)?;
        // While a part is being written, what is there before it.
        let received = upload.writer.as_ref().map_or(upload.received, |writer| writer.size);
        Some((upload.filename.clone(), received, upload.total))
    }

    /// What is known of a file.
    #[must_use]
    pub fn describe(&self, filename: &FileName) -> Option<Arc<Description>> {
        self.state().index.get(filename).cloned()
    }

    /// A whole file and its description; `None` when there is none of that name.
    ///
    /// # Errors
    /// When its bytes do not match its digest, or the disk fails.
    pub fn get(&self, filename: &FileName) -> Result<Option<Found>, FileError> {
        let Some((description, file)) = self.open_stored(filename)? else { return Ok(None) };
        let bytes = read(&description, file, 0, description.size)?;
        Ok(Some((description, bytes)))
    }

    /// A part of a file: fewer bytes than asked for at its end.
    ///
    /// # Errors
    /// As `get`; only the blocks that the part touches are read and checked.
    pub fn get_chunk(&self, filename: &FileName, offset: u64, length: u64) -> Result<Option<Found>, FileError> {
        let Some((description, file)) = self.open_stored(filename)? else { return Ok(None) };
        let start = offset.min(description.size);
        let end = offset.saturating_add(length.min(FILE_CHUNK_BYTES_MAX as u64)).min(description.size);
        let bytes = read(&description, file, start, end)?;
        Ok(Some((description, bytes)))
    }

    /// Deletes a file; tells whether it was there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn delete(&self, filename: &FileName) -> Result<bool, FileError> {
        let mut state = self.state();
        let Some(description) = state.index.get(filename).cloned() else { return Ok(false) };
        let path = self.path(filename);
        let before = File::open(&path).ok();
        fs::remove_file(path)?;
        state.index.remove(filename);
        state.used_bytes -= description.size;
        drop(state);
        self.behind.give_up(before, description.size);
        Ok(true)
    }

    /// The first `limit` files behind `after` whose names start with `prefix`, and how many start so in all.
    #[must_use]
    pub fn list(&self, prefix: &str, after: &str, limit: usize) -> (Vec<FileRecord>, usize) {
        let state = self.state();
        let matching = |start: Bound<FileName>| {
            let from = state.index.range((start, Bound::Unbounded));
            from.filter(|(name, _)| name.as_str().starts_with(prefix))
        };
        let first = prefix.parse::<FileName>().map_or(Bound::Unbounded, Bound::Included);
        let after = after.parse::<FileName>().ok().filter(|_| after > prefix);
        let next = after.map_or_else(|| first.clone(), Bound::Excluded);
        let record = |(_, description): (&FileName, &Arc<Description>)| FileRecord {
            filename: description.filename.clone(),
            size: description.size,
            digest: description.digest.clone(),
        };
        (matching(next).take(limit).map(record).collect(), matching(first).count())
    }

    /// The names of all files.
    #[must_use]
    pub fn names(&self) -> Vec<FileName> {
        self.state().index.keys().cloned().collect()
    }

    /// What the files take.
    #[must_use]
    pub fn status(&self) -> FilesStatus {
        let state = self.state();
        FilesStatus { files: state.index.len(), bytes: state.used_bytes, bytes_max: self.limits.bytes_max }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file as it is now: replacing or deleting it afterwards does not touch what was opened.
    fn open_stored(&self, filename: &FileName) -> io::Result<Option<(Arc<Description>, File)>> {
        let state = self.state();
        let Some(description) = state.index.get(filename) else { return Ok(None) };
        Ok(Some((Arc::clone(description), File::open(self.path(filename))?)))
    }

    fn path(&self, filename: &FileName) -> PathBuf {
        self.folder.join(format!("{}.file", blake3::hash(filename.as_str().as_bytes()).to_hex()))
    }

    /// Takes the room for a file before its bytes are written.
    fn reserve(&self, filename: &FileName, bytes: u64) -> Result<(), FileError> {
        let mut state = self.state();
        let (used, max) = (state.used_bytes, self.limits.bytes_max);
        if used.saturating_add(bytes) > max {
            return Err(FileError::Full { used, max, needed: bytes, unit: "bytes" });
        }
        let files = state.index.len() + state.uploads.len();
        if files >= self.limits.files_max && !state.index.contains_key(filename) {
            let (used, max) = (files as u64, self.limits.files_max as u64);
            return Err(FileError::Full { used, max, needed: 1, unit: "files" });
        }
        state.used_bytes += bytes;
        Ok(())
    }

    fn store(&self, filename: FileName, writer: Writer, reserved: Reserved<'_>) -> Result<Arc<Description>, FileError> {
        let path = self.path(&filename);
        let (file, description) = writer.finish(filename.clone())?;
        let description = Arc::new(description);
        // Under the lock, so that index and disk change together.
        let folder = File::open(&self.folder)?;
        let mut state = self.state();
        let before = File::open(&path).ok();
        file.persist(&path).map_err(|error| error.error)?;
        let replaced = state.index.insert(filename, Arc::clone(&description)).map_or(0, |replaced| replaced.size);
        state.used_bytes -= replaced;
        drop(state);
        self.behind.give_up(before, replaced);
        std::mem::forget(reserved);
        folder.sync_all()?;
        Ok(description)
    }

    fn begin_upload(&self, filename: FileName, total: u64, now: Instant) -> Result<String, FileError> {
        self.make_place_for_upload(now);
        let uploads = self.state().uploads.len();
        if uploads >= self.limits.uploads_max {
            let (used, max) = (uploads as u64, self.limits.uploads_max as u64);
            return Err(FileError::Full { used, max, needed: 1, unit: "uploads" });
        }
        self.reserve(&filename, total)?;
        let reserved = Reserved { files: self, bytes: total };
        let writer = Writer::new(&self.folder, &self.behind)?;
        let mut state = self.state();
        state.next_upload += 1;
        let id = format!("U{}", state.next_upload);
        let (writer, progress) = (Some(writer), Arc::default());
        let upload = Upload { writer, filename, received: 0, total, touched: now, progress, waiting: 0 };
        state.uploads.insert(id.clone(), upload);
        std::mem::forget(reserved);
        Ok(id)
    }

    fn take_writer(&self, id: &str, filename: &FileName, total: u64, now: Instant) -> Result<Writer, FileError> {
        let mut state = self.state();
        let bad = |text: &str| FileError::BadChunk(text.to_owned());
        let upload =
            state.uploads.get_mut(id).ok_or_else(|| bad("there is no such upload: it ended or was given up"))?;
        if upload.filename != *filename || upload.total != total {
            return Err(bad("the upload was begun with another filename or total"));
        }
        upload.touched = now;
        let writer = upload.writer.take().ok_or_else(|| bad("another chunk of this upload is being written"))?;
        upload.received = writer.size;
        Ok(writer)
    }

    fn give_writer(&self, id: &str, writer: Writer) {
        if let Some(upload) = self.state().uploads.get_mut(id) {
            upload.received = writer.size;
            upload.writer = Some(writer);
            upload.progress.notify_waiters();
        }
    }

    /// What to wait for before a chunk can be taken whose predecessors are still on their way: no more than those that may
    /// wait at one time.
    fn before(&self, id: &str, offset: u64) -> Option<Arc<Notify>> {
        let state = self.state();
        let upload = state.uploads.get(id)?;
        let is_near = offset - upload.received.min(offset) <= (CHUNKS_WAITING * FILE_CHUNK_BYTES_MAX) as u64;
        let waits = upload.received < offset && offset < upload.total && is_near;
        waits.then(|| Arc::clone(&upload.progress))
    }

    /// One more chunk of an upload waits, if that may be.
    fn wait(&self, id: &str) -> Option<Waiting<'_>> {
        let mut state = self.state();
        let upload = state.uploads.get_mut(id).filter(|upload| upload.waiting < CHUNKS_WAITING)?;
        upload.waiting += 1;
        Some(Waiting { files: self, id: id.to_owned() })
    }

    /// Waits until the chunks before this one have been written, but not for longer: several may be sent at one time.
    pub async fn turn(&self, id: &str, offset: u64, wait: Duration) {
        let Some(_waiting) = self.before(id, offset).and_then(|_| self.wait(id)) else { return };
        let waiting = async {
            while let Some(progress) = self.before(id, offset) {
                let told = progress.notified();
                tokio::pin!(told);
                told.as_mut().enable();
                // It may have been told in between.
                if self.before(id, offset).is_some() {
                    told.await;
                }
            }
        };
        // What still does not fit then is refused by `put_chunk`.
        let _ = tokio::time::timeout(wait, waiting).await;
    }

    /// Ends an upload; what came of it is gone.
    pub fn give_up(&self, id: &str) {
        let mut state = self.state();
        if let Some(upload) = state.uploads.remove(id) {
            state.used_bytes -= upload.total;
            // To remove what came takes the file system a while.
            drop(state);
            upload.progress.notify_waiters();
        }
    }

    /// When there are as many uploads as there may be, the one that nobody has gone on with for longest ends.
    fn make_place_for_upload(&self, now: Instant) {
        let state = self.state();
        let is_full = state.uploads.len() >= self.limits.uploads_max;
        let idle = |upload: &Upload| upload.writer.is_some() && now.duration_since(upload.touched) > UPLOAD_IDLE;
        let idle = state.uploads.iter().filter(|(_, upload)| is_full && idle(upload));
        let oldest = idle.min_by_key(|(_, upload)| upload.touched).map(|(id, _)| id.clone());
        drop(state);
        oldest.inspect(|id| self.give_up(id));
    }

    fn expire_uploads(&self, now: Instant) {
        let timeout = self.limits.upload_timeout;
        let stale = |upload: &Upload| upload.writer.is_some() && now.duration_since(upload.touched) > timeout;
        let stale: Vec<String> =
            self.state().uploads.iter().filter(|(_, upload)| stale(upload)).map(|(id, _)| id.clone()).collect();
        stale.iter().for_each(|id| self.give_up(id));
    }
}

/// A chunk that waits for those before it.
struct Waiting<'a> {
    files: &'a Files,
    id: String,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.files.state().uploads.get_mut(&self.id) {
            upload.waiting -= 1;
        }
    }
}

/// Room that was taken; given back when the file does not come to be.
struct Reserved<'a> {
    files: &'a Files,
    bytes: u64,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.files.state().used_bytes -= self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        stored::{BLOCK_BYTES, digest},
        *,
    };
    use sandlot_net::clock;
    use std::path::Path;

    fn open(folder: &Path, bytes_max: u64) -> Files {
        let limits = FileLimits { bytes_max, files_max: 3, uploads_max: 2, ..FileLimits::default() };
        Files::open(folder.to_owned(), limits).unwrap()
    }

    fn name(text: &str) -> FileName {
        text.parse().unwrap()
    }

    fn put(files: &Files, filename: &str, bytes: &[u8]) -> Result<Arc<Description>, FileError> {
        files.put(name(filename), &BASE64.encode(bytes), clock::now())
    }

    fn chunk(
        files: &Files,
        id: Option<&str>,
        offset: u64,
        total: u64,
        bytes: &[u8],
    ) -> Result<ChunkOutcome, FileError> {
        let upload_id = id.map(ToOwned::to_owned);
        let data = BASE64.encode(bytes);
        files.put_chunk(PutFileChunk { upload_id, filename: name("big"), offset, total, data }, clock::now())
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 31 % 251) as u8).collect()
    }

    #[tokio::test]
    async fn a_chunk_waits_for_those_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), 1 << 30);
        let Ok(ChunkOutcome::Partial { upload_id, received: 3 }) = chunk(&files, None, 0, 9, b"abc") else { panic!() };
        let third = async {
            files.turn(&upload_id, 6, CHUNK_WAIT).await;
            chunk(&files, Some(&upload_id), 6, 9, b"ghi")
        };
        let second = async { chunk(&files, Some(&upload_id), 3, 9, b"def") };
        let (third, second) = tokio::join!(third, second);
        assert!(matches!(second, Ok(ChunkOutcome::Partial { received: 6, .. })), "{second:?}");
        assert!(matches!(third, Ok(ChunkOutcome::Stored(_))), "{third:?}");
        assert_eq!(files.get(&name("big")).unwrap().unwrap().1, b"abcdefghi");
    }

    #[tokio::test]
    async fn a_chunk_behind_a_gap_is_refused_and_nobody_waits_for_an_upload_that_ended() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), 1 << 30);
        let Ok(ChunkOutcome::Partial { upload_id, .. }) = chunk(&files, None, 0, 9, b"abc") else { panic!() };
        files.turn(&upload_id, 6, Duration::from_millis(1)).await;
        let refused = chunk(&files, Some(&upload_id), 6, 9, b"ghi").unwrap_err();
        assert!(refused.to_string().contains("must start at 3, not at 6"), "{refused}");
        // No more wait than may, and none of which others must be missing.
        let waiting: Vec<_> = (0..CHUNKS_WAITING).map(|_| files.wait(&upload_id).unwrap()).collect();
        assert!(files.wait(&upload_id).is_none());
        files.turn(&upload_id, 6, Duration::MAX).await;
        drop(waiting);
        let far = (CHUNKS_WAITING * FILE_CHUNK_BYTES_MAX) as u64 + 4;
        let Ok(ChunkOutcome::Partial { upload_id: large, .. }) = chunk(&files, None, 0, far + 1, b"abc") else {
            panic!()
        };
        files.turn(&large, far, Duration::MAX).await;
        // None of these ever ends by waiting.
        let (ever, ended) = (Duration::MAX, async { files.give_up(&upload_id) });
        tokio::join!(
            files.turn(&upload_id, 6, ever),
            files.turn(&upload_id, 3, ever),
            files.turn("U9", 6, ever),
            ended
        );
    }

    #[test]
    fn a_file_comes_back_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = pattern(2 * BLOCK_BYTES + 5);
        let stored = put(&open(folder.path(), 1 << 30), "a b.txt", &bytes).unwrap();
        let files = open(folder.path(), 1 << 30);
        let (description, found) = files.get(&name("a b.txt")).unwrap().unwrap();
        assert!(found == bytes && description.digest == stored.digest && stored.digest == digest(&bytes));
        let (_, part) = files.get_chunk(&name("a b.txt"), BLOCK_BYTES as u64 - 1, 3).unwrap().unwrap();
        assert_eq!(part, bytes[BLOCK_BYTES - 1..BLOCK_BYTES + 2]);
        assert!(files.get_chunk(&name("a b.txt"), 1 << 40, 3).unwrap().unwrap().1.is_empty());
        assert!(files.get(&name("other")).unwrap().is_none());
        assert!(files.delete(&name("a b.txt")).unwrap() && !files.delete(&name("a b.txt")).unwrap());
        assert_eq!((files.status().bytes, fs::read_dir(folder.path()).unwrap().count()), (0, 0));
    }

    #[test]
    fn a_damaged_file_is_never_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), 1 << 30);
        let bytes = pattern(3 * BLOCK_BYTES);
        put(&files, "a", &bytes).unwrap();
        let path = files.path(&name("a"));
        let mut stored = fs::read(&path).unwrap();
        stored[BLOCK_BYTES + 7] ^= 1;
        fs::write(&path, &stored).unwrap();
        assert!(matches!(files.get(&name("a")), Err(FileError::Damaged(_))));
        assert!(matches!(files.get_chunk(&name("a"), BLOCK_BYTES as u64, 1), Err(FileError::Damaged(_))));
        assert!(files.get_chunk(&name("a"), 0, 1).is_ok(), "another block is whole");
        fs::write(&path, b"short").unwrap();
        assert!(matches!(files.get(&name("a")), Err(FileError::Damaged(_))));
        assert_eq!(open(folder.path(), 1 << 30).names(), []);
    }

    #[test]
    fn quotas_bind_and_leave_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), 100);
        put(&files, "a", &[1; 60]).unwrap();
        assert!(matches!(put(&files, "b", &[2; 60]), Err(FileError::Full { unit: "bytes", .. })));
        assert!(matches!(files.put(name("a"), "?", clock::now()), Err(FileError::NotBase64(_))));
        assert_eq!(files.get(&name("a")).unwrap().unwrap().1, [1; 60]);
        put(&files, "b", b"").unwrap();
        put(&files, "c", b"").unwrap();
        assert!(matches!(put(&files, "d", b""), Err(FileError::Full { unit: "files", .. })));
        assert_eq!(files.status().bytes, 60);
    }

    #[test]
    fn an_upload_in_chunks() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), 1 << 30);
        let bytes = pattern(BLOCK_BYTES + 10);
        let total = bytes.len() as u64;
        let Ok(ChunkOutcome::Partial { upload_id, received: 7 }) = chunk(&files, None, 0, total, &bytes[..7]) else {
            panic!("the first chunk begins an upload")
        };
        let id = Some(upload_id.as_str());
        assert!(matches!(chunk(&files, id, 0, total, &bytes[..7]), Ok(ChunkOutcome::Partial { received: 7, .. })));
        assert!(matches!(chunk(&files, id, 9, total, &bytes[9..]), Err(FileError::BadChunk(_))));
        assert!(matches!(chunk(&files, id, 7, total + 1, &bytes[7..]), Err(FileError::BadChunk(_))));
        assert!(files.get(&name("big")).unwrap().is_none(), "half a file is no file");
        assert!(matches!(chunk(&files, id, 7, total, &bytes[7..]), Ok(ChunkOutcome::Stored(_))));
        assert_eq!(files.get(&name("big")).unwrap().unwrap().1, bytes);
        assert!(matches!(chunk(&files, id, 0, total, b"x"), Err(FileError::BadChunk(_))));
        assert!(matches!(chunk(&files, None, 5, total, b"x"), Err(FileError::BadChunk(_))));
        assert!(matches!(chunk(&files, None, 0, 0, b""), Ok(ChunkOutcome::Stored(_))), "an empty file is one");
    }

    #[test]
    fn uploads_are_bounded_and_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), 1000);
        chunk(&files, None, 0, 400, b"x").unwrap();
        chunk(&files, None, 0, 400, b"x").unwrap();
        assert!(matches!(chunk(&files, None, 0, 10, b"x"), Err(FileError::Full { unit: "uploads", .. })));
        assert!(matches!(chunk(&files, None, 0, 1, b"xy"), Err(FileError::BadChunk(_))), "and it began no upload");
        files.make_place_for_upload(clock::now() + UPLOAD_IDLE * 2);
        chunk(&files, None, 0, 10, b"x").unwrap();
        files.expire_uploads(clock::now() + FileLimits::default().upload_timeout * 2);
        assert_eq!(files.status().bytes, 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
