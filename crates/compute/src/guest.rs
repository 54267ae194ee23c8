//! The guest's snapshot, made native code once per machine, and kept in a cache.
//!
//! What the cache holds becomes native code in this process, so it is only believed when its folder and file belong
//! to this user alone and its digest is the one noted when it was written. Anything else is made again: taken from what the
//! binary carries (`carried`), or compiled.

use crate::{
    carried, clock,
    fuel::Fuel,
    image::{self, Image, split},
    metering::{self, IMPORT_USED_UP, Metering},
    sandbox::TaskState,
    slots::{self, Slots},
    stacks,
};
use rustix::process::geteuid;
use sandlot_protocol::abi::EXPORT_MEMORY;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    task::Poll,
    time::Duration,
};
use wasmtime::{Caller, Config, Engine, InstancePre, Linker, Module};
use wasmtime_wasi::I32Exit;

/// How deep the guest's calls may nest, in bytes of native stack. RustPython's own stack of 4 MiB must end first, so
/// that a program sees RecursionError.
const WASM_STACK_BYTES: usize = 16 << 20;
/// Room for host functions on top of the guest's stack.
const HOST_STACK_BYTES: usize = 2 << 20;
/// The snapshot's size once it is unpacked.
const SNAPSHOT_BYTES_MAX: usize = 256 << 20;
/// What is cached is of another kind than what had another number. To be raised when `wasm-encoder` writes something else.
const CACHE_FORMAT: u32 = 3;
/// How much of the cached file is in memory while its digest is checked.
const READ_BYTES: usize = 1 << 20;

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// The snapshot or the machine is not what the engine needs.
    #[error("the sandbox engine cannot start: {0:#}")]
    Engine(wasmtime::Error),
    /// The snapshot is damaged.
    #[error("the guest's snapshot cannot be unpacked: {0}")]
    Snapshot(io::Error),
}

impl From<wasmtime::Error> for GuestError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Engine(error)
    }
}

/// What preparing the guest is doing, for whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preparation {
    /// Another process is compiling; this one waits for it.
    WaitingForOther,
    /// Compiling to native code: once per machine, some twenty seconds. The reason says why the cache did not serve; the
    /// code that the binary carries does not either.
    Compiling {
        /// Why.
        reason: String,
    },
    /// Compiled.
    Compiled {
        /// How long it took.
        took: Duration,
    },
    /// The cache cannot be used; the next start makes the code again.
    NotCached {
        /// Why not.
        reason: String,
    },
}

/// A guest ready to be instantiated.
#[derive(Clone)]
pub struct Guest {
    pub(crate) engine: Engine,
    pub(crate) instance: InstancePre<TaskState>,
    pub(crate) slots: Arc<Slots>,
    digest: String,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Guest").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Guest {
    /// The guest of this compressed snapshot: from the cache in `cache_dir`; by the code in `carried` (`carried_code`),
    /// which may be empty; or compiled now. What is in `carried` becomes native code of this process: it must be as
    /// trustworthy as the binary, and come with it.
    ///
    /// # Errors
    /// When the engine cannot start. A cache that cannot be used is no error.
    pub fn load(
        compressed: &[u8],
        carried: &[u8],
        cache_dir: &Path,
        progress: &mut dyn FnMut(Preparation),
    ) -> Result<Self, GuestError> {
        let slots = Arc::default();
        let engine = Engine::new(&engine_config(&slots))?;
        let digest = blake3::hash(compressed).to_hex().to_string();
        let cache = Cache::new(cache_dir, &digest, &engine);
        let parts = match cache.open(&engine) {
            Ok(parts) => parts,
            Err(reason) => cache.make(&engine, compressed, carried, reason, progress)?,
        };
        Self::link(engine, parts, slots, digest)
    }

    /// Whether `load` would find it compiled.
    #[must_use]
    pub fn is_cached(compressed: &[u8], cache_dir: &Path) -> bool {
        let Ok(engine) = Engine::new(&engine_config(&Arc::default())) else { return false };
        let digest = blake3::hash(compressed).to_hex().to_string();
        Cache::new(cache_dir, &digest, &engine).open(&engine).is_ok()
    }

    /// The guest of this WebAssembly, compiled now and kept nowhere.
    ///
    /// # Errors
    /// When the engine cannot start or the module is not one.
    pub fn compile(wasm: &[u8]) -> Result<Self, GuestError> {
        let slots = Arc::default();
        let engine = Engine::new(&engine_config(&slots))?;
        let digest = blake3::hash(wasm).to_hex().to_string();
        let (wasm, content) = code_and_content(wasm.to_vec())?;
        let parts = Parts::in_memory(Module::new(&engine, wasm)?, &content)?;
        Self::link(engine, parts, slots, digest)
    }

    /// BLAKE3 of the snapshot, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn link(engine: Engine, parts: Parts, slots: Arc<Slots>, digest: String) -> Result<Self, GuestError> {
        if let Some(image) = parts.image {
            slots.set_image(image);
        }
        let mut linker: Linker<TaskState> = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_async(&mut linker, TaskState::wasi)?;
        linker.allow_shadowing(true);
        linker.func_wrap_async("wasi_snapshot_preview1", "random_get", |caller, (address, bytes): (u32, u32)| {
            Box::new(random_get(caller, address, bytes))
        })?;
        linker.func_wrap("wasi_snapshot_preview1", "clock_time_get", clock_time_get)?;
        linker.func_wrap_async(IMPORT_USED_UP.0, IMPORT_USED_UP.1, |caller, (): ()| Box::new(Fuel::used_up(caller)))?;
        // Any exit status is one, as it is of a process.
        let exit = |code: u32| -> wasmtime::Result<()> { Err(I32Exit(code.cast_signed()).into()) };
        linker.func_wrap("wasi_snapshot_preview1", "proc_exit", exit)?;
        let instance = linker.instantiate_pre(&parts.module)?;
        Ok(Self { engine, instance, slots, digest })
    }
}

/// Random bytes at one time; between such parts other runs have their turns.
const RANDOM_PART_BYTES: usize = 64 << 10;
/// After so many random bytes a part of the slice is over.
const HOST_BYTES_A_PART: u32 = 128 << 10;
/// WASI's EFAULT, EIO and EBADF.
const FAULT: u32 = 21;
const IO: u32 = 29;
const BAD: u32 = 8;
/// WASI's clocks that the sandbox has.
const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
/// Processor time of the process, which is the run's; and of its one thread.
const PROCESS: u32 = 2;
const THREAD: u32 = 3;

/// WASI's `clock_time_get`, which every run asks for, without all that WASI is besides.
fn clock_time_get(mut caller: Caller<'_, TaskState>, id: u32, _precision: u64, address: u32) -> u32 {
    let time = match id {
        REALTIME => clock::nanoseconds(clock::since_1970()),
        MONOTONIC => clock::ns_since(caller.data().began),
        PROCESS | THREAD => caller.data().meter.processor_ns(),
        _ => return BAD,
    };
    let memory = caller.get_export(EXPORT_MEMORY).and_then(wasmtime::Extern::into_memory);
    let written = memory.map(|memory| memory.write(&mut caller, address as usize, &time.to_le_bytes()));
    if written.is_some_and(|written| written.is_ok()) { 0 } else { FAULT }
}

/// WASI's `random_get`, in parts: one call for a hundred megabytes must not hold the worker.
async fn random_get(mut caller: Caller<'_, TaskState>, address: u32, bytes: u32) -> u32 {
    let Some(memory) = caller.get_export(EXPORT_MEMORY).and_then(wasmtime::Extern::into_memory) else { return FAULT };
    let (start, end) = (address as usize, address as usize + bytes as usize);
    for part in (start..end).step_by(RANDOM_PART_BYTES) {
        let (data, state) = memory.data_and_store_mut(&mut caller);
        let room = data.get_mut(part..end.min(part + RANDOM_PART_BYTES));
        let fill = |room: &mut [u8]| match &mut state.entropy {
            Some(entropy) => {
                entropy.fill(room);
                Ok(())
            }
            None => getrandom::fill(room),
        };
        match room.map(fill) {
            Some(Ok(())) => {}
            Some(Err(_)) => return IO,
            None => return FAULT,
        }
        // Calls to the host burn hardly any fuel, however many of them there are.
        let made = u32::try_from(end.min(part + RANDOM_PART_BYTES) - part).unwrap_or(u32::MAX);
        if caller.data_mut().host_bytes(made, HOST_BYTES_A_PART) {
            next_turn().await;
        }
    }
    0
}

/// Ends this turn; the run wants another one.
pub(crate) async fn next_turn() {
    let mut is_over = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pub(crate) fn engine_config(slots: &Arc<Slots>) -> Config {
    let mut config = Config::new();
    config
        .wasm_branch_hinting(true)
        .wasm_wide_arithmetic(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .generate_address_map(false)
        .native_unwind_info(false)
        .memory_init_cow(false)
        .memory_may_move(false)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES)
        .with_host_memory(Arc::new(slots::Creator(Arc::clone(slots))))
        .with_host_stack(Arc::new(stacks::Creator::default()));
    config
}

/// A compiled guest.
struct Parts {
    module: Module,
    /// What its memory holds at first; `None` when the module brings that itself.
    image: Option<Image>,
}

impl Parts {
    fn in_memory(module: Module, content: &[u8]) -> Result<Self, GuestError> {
        let image = Some(content).filter(|content| !content.is_empty()).map(Image::in_memory).transpose();
        Ok(Self { module, image: image.map_err(wasmtime::Error::from)? })
    }
}

/// The WebAssembly of a compressed snapshot.
pub(crate) fn unpack(compressed: &[u8]) -> Result<Vec<u8>, GuestError> {
    zstd::bulk::decompress(compressed, SNAPSHOT_BYTES_MAX).map_err(GuestError::Snapshot)
}

/// A module, and what its memory holds at first; nothing when the module brings that itself.
fn apart(wasm: Vec<u8>) -> wasmtime::Result<(Vec<u8>, Vec<u8>)> {
    Ok(split(&wasm)?.map_or((wasm, Vec::new()), |split| (split.wasm, split.content)))
}

/// A module as it is to be compiled, and what its memory holds at first.
pub(crate) fn code_and_content(wasm: Vec<u8>) -> wasmtime::Result<(Vec<u8>, Vec<u8>)> {
    let (wasm, content) = apart(wasm)?;
    Ok((metering::metered(&wasm, Metering::Fuel)?, content))
}

/// Has taken in what a guest's code hangs on besides its snapshot.
pub(crate) fn build_hasher(engine: &Engine) -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    CACHE_FORMAT.hash(&mut hasher);
    metering::SOURCES.hash(&mut hasher);
    image::SOURCE.hash(&mut hasher);
    hasher
}

/// One compiled guest on disk: its code, what its memory holds at first, and the digests of both noted when they were
/// written.
struct Cache {
    folder: PathBuf,
    code: PathBuf,
    content: PathBuf,
    digests: PathBuf,
}

impl Cache {
    fn new(folder: &Path, snapshot: &str, engine: &Engine) -> Self {
        let name = format!("guest-{}-{:016x}", &snapshot[..16], build_hasher(engine).finish());
        let path = |end: &str| folder.join(format!("{name}.{end}"));
        let [code, content, digests] = ["cwasm", "memory", "blake3"].map(path);
        Self { folder: folder.to_owned(), code, content, digests }
    }

    /// What is cached, if it can be believed; otherwise why not.
    fn open(&self, engine: &Engine) -> Result<Parts, String> {
        if !self.code.exists() {
            return Err("this guest has not run on this machine yet".to_owned());
        }
        only_ours(&self.folder)?;
        only_ours(&self.code)?;
        only_ours(&self.content)?;
        let noted = fs::read_to_string(&self.digests).map_err(|error| format!("its digest is missing: {error}"))?;
        let unreadable = |error: io::Error| format!("the cached code cannot be read: {error}");
        let content = File::open(&self.content).map_err(unreadable)?;
        let code = File::open(&self.code).and_then(|file| digest_of(&file));
        if noted != digests(&code.map_err(unreadable)?, &digest_of(&content).map_err(unreadable)?) {
            return Err("the cached code is damaged".to_owned());
        }
        // Here bytes become code: they are ours (above), and unchanged since we wrote them.
        #[expect(unsafe_code, reason = "the compiled guest is loaded from the cache")]
        let module = unsafe { Module::deserialize_file(engine, &self.code) };
        let module = module.map_err(|error| format!("the cached code does not fit this engine: {error:#}"))?;
        let is_apart = content.metadata().map_err(unreadable)?.len() > 0;
        let image = is_apart.then(|| Image::of_file(content)).transpose().map_err(unreadable)?;
        Ok(Parts { module, image })
    }

    fn make(
        &self,
        engine: &Engine,
        compressed: &[u8],
        carried: &[u8],
        reason: String,
        progress: &mut dyn FnMut(Preparation),
    ) -> Result<Parts, GuestError> {
        let lock = self.lock(progress);
        if lock.is_ok()
            && let Ok(parts) = self.open(engine)
        {
            return Ok(parts);
        }
        let wasm = unpack(compressed)?;
        let (code, content) = if let Some(code) = carried::code(carried, compressed, engine) {
            (code, apart(wasm)?.1)
        } else {
            progress(Preparation::Compiling { reason });
            let started = clock::now();
            let (wasm, content) = code_and_content(wasm)?;
            let code = engine.precompile_module(&wasm)?;
            progress(Preparation::Compiled { took: started.elapsed() });
            (code, content)
        };
        let stored = match lock {
            Ok(_) => self.store(&code, &content).map_err(|error| error.to_string()).and_then(|()| self.open(engine)),
            Err(ref error) => Err(error.to_string()),
        };
        stored.or_else(|reason| {
            progress(Preparation::NotCached { reason: format!("{}: {reason}", self.folder.display()) });
            // The code is this process's own: made a moment ago, or brought along.
            #[expect(unsafe_code, reason = "the compiled guest is loaded where there is no cache")]
            let module = unsafe { Module::deserialize(engine, &code) };
            Parts::in_memory(module?, &content)
        })
    }

    /// Only one process on the machine compiles at a time.
    fn lock(&self, progress: &mut dyn FnMut(Preparation)) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        only_ours(&self.folder).map_err(io::Error::other)?;
        let path = self.folder.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        if lock.try_lock().is_err() {
            progress(Preparation::WaitingForOther);
            lock.lock()?;
        }
        Ok(lock)
    }

    fn store(&self, code: &[u8], content: &[u8]) -> io::Result<()> {
        let write = |bytes: &[u8], path: &Path| {
            let mut file = tempfile::Builder::new().prefix("guest-").tempfile_in(&self.folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            io::Result::Ok((file, path.to_owned()))
        };
        let noted = digests(&blake3::hash(code), &blake3::hash(content));
        // The code comes last: whoever finds it finds the others.
        let files = [write(noted.as_bytes(), &self.digests)?, write(content, &self.content)?, write(code, &self.code)?];
        for (file, path) in files {
            file.persist(path)?;
        }
        Ok(())
    }
}

/// What is noted beside the cached files.
fn digests(code: &blake3::Hash, content: &blake3::Hash) -> String {
    format!("{}\n{}\n", code.to_hex(), content.to_hex())
}

/// Whether only this user can have written it.
fn only_ours(path: &Path) -> Result<(), String> {
    let metadata = fs::symlink_metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if metadata.file_type().is_symlink() {
        return Err(format!("{} is a link", path.display()));
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err(format!("{} belongs to another user", path.display()));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!("{} can be written by other users", path.display()));
    }
    Ok(())
}

fn digest_of(mut file: &File) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            count => hasher.update(&buffer[..count]),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn snapshot() -> Vec<u8> {
        zstd::bulk::compress(&wat::parse_str("(module (memory (export \"memory\") 1))").unwrap(), 1).unwrap()
    }

    /// Loads and says what was done.
    fn load(folder: &Path) -> Vec<Preparation> {
        let mut steps = Vec::new();
        Guest::load(&snapshot(), &[], folder, &mut |step| steps.push(step)).unwrap();
        steps
    }

    fn code_in(folder: &Path) -> PathBuf {
        let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|end| end == "cwasm")).unwrap()
    }

    fn check_compiled_again(folder: &Path, why: &str) {
        let steps = load(folder);
        assert!(matches!(&steps[0], Preparation::Compiling { reason } if reason.contains(why)), "{steps:?}");
    }

    #[test]
    fn code_that_is_brought_along_is_not_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let carried = carried::carried_code(&snapshot()).unwrap();
        if !carried::runs_here() {
            return;
        }
        let mut steps = Vec::new();
        for _ in 0..2 {
            Guest::load(&snapshot(), &carried, folder.path(), &mut |step| steps.push(step)).unwrap();
        }
        assert_eq!(steps, []);
        assert!(Guest::is_cached(&snapshot(), folder.path()));
        let nowhere = folder.path().join("file");
        fs::write(&nowhere, "").unwrap();
        Guest::load(&snapshot(), &carried, &nowhere, &mut |step| steps.push(step)).unwrap();
        assert!(matches!(steps.as_slice(), [Preparation::NotCached { .. }]), "{steps:?}");
    }

    #[test]
    fn compiled_once_and_readable_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        check_compiled_again(&cache, "has not run on this machine");
        assert_eq!(load(&cache), []);
        assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(code_in(&cache)).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_cache_is_rebuilt() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        load(&cache);
        let code = code_in(&cache);
        let mut bytes = fs::read(&code).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&code, &bytes).unwrap();
        check_compiled_again(&cache, "damaged");
        fs::write(&code, b"").unwrap();
        check_compiled_again(&cache, "damaged");
        fs::write(code.with_extension("memory"), b"other").unwrap();
        check_compiled_again(&cache, "damaged");
        fs::remove_file(code.with_extension("blake3")).unwrap();
        check_compiled_again(&cache, "digest is missing");
        assert_eq!(load(&cache), []);
    }

    #[test]
    fn what_others_can_write_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        load(&cache);
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
        let steps = load(&cache);
        assert!(matches!(&steps[0], Preparation::Compiling { reason } if reason.contains("other users")), "{steps:?}");
        assert!(matches!(steps.last(), Some(Preparation::NotCached { .. })), "{steps:?}");
    }

    #[test]
    fn a_damaged_snapshot_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = Guest::load(b"nonsense", &[], folder.path(), &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("cannot be unpacked"), "{error}");
    }
}
