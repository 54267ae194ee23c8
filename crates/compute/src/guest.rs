//! The guest's snapshot, compiled once per machine and kept in a cache.
//!
//! What the cache holds becomes native code in this process, so it is only believed when its folder and file belong
//! to this user alone and its digest is the one noted when it was written. Anything else is compiled again.

use crate::{clock, sandbox::TaskState, stock::STOCK_MAX};
use rustix::process::geteuid;
use sandlot_protocol::abi::EXPORT_MEMORY;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    task::Poll,
    time::Duration,
};
use wasmtime::{
    Caller, Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, PoolingAllocationConfig,
};
use wasmtime_wasi::I32Exit;

/// How deep the guest's calls may nest, in bytes of native stack. RustPython's own stack of 4 MiB must end first, so
/// that a program sees RecursionError.
const WASM_STACK_BYTES: usize = 16 << 20;
/// Room for host functions on top of the guest's stack.
const HOST_STACK_BYTES: usize = 2 << 20;
/// Functions in the guest's table.
const TABLE_ELEMENTS_MAX: usize = 50_000;
/// Wasmtime's own record of an instance.
const INSTANCE_BYTES_MAX: usize = 4 << 20;
/// The first bytes of a sandbox's table and stack stay in memory, overwritten, for the next run. Its memory's pages do not:
/// Wasmtime's `pagemap_scan` would keep those that it sees, and it does not see a page that the kernel just moves.
const TABLE_RESIDENT_BYTES: usize = 256 << 10;
const STACK_RESIDENT_BYTES: usize = 64 << 10;
/// A snapshot up to this size is mapped copy-on-write, however many zeros are in it.
const IMAGE_BYTES_MAX: u64 = 1 << 30;
/// The snapshot's size once it is unpacked.
const SNAPSHOT_BYTES_MAX: usize = 256 << 20;
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
    /// Compiling to native code: once per machine, some ten seconds. The reason says why the cache did not serve.
    Compiling {
        /// Why.
        reason: String,
    },
    /// Compiled.
    Compiled {
        /// How long it took.
        took: Duration,
    },
    /// The cache cannot be used; the next start compiles again.
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
    digest: String,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Guest").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Guest {
    /// The guest of this compressed snapshot, from the cache in `cache_dir` or compiled now. `live_max` is how many
    /// instances there can be at one time.
    ///
    /// # Errors
    /// When the engine cannot start. A cache that cannot be used is no error.
    pub fn load(
        compressed: &[u8],
        cache_dir: &Path,
        live_max: usize,
        progress: &mut dyn FnMut(Preparation),
    ) -> Result<Self, GuestError> {
        let engine = Engine::new(&engine_config(live_max))?;
        let digest = blake3::hash(compressed).to_hex().to_string();
        let cache = Cache::new(cache_dir, &digest, &engine);
        let module = match cache.open(&engine) {
            Ok(module) => module,
            Err(reason) => cache.compile(&engine, compressed, reason, progress)?,
        };
        Self::link(engine, &module, digest)
    }

    /// The guest of this WebAssembly, compiled now and kept nowhere.
    ///
    /// # Errors
    /// When the engine cannot start or the module is not one.
    pub fn compile(wasm: &[u8], live_max: usize) -> Result<Self, GuestError> {
        let engine = Engine::new(&engine_config(live_max))?;
        let module = Module::new(&engine, wasm)?;
        Self::link(engine, &module, blake3::hash(wasm).to_hex().to_string())
    }

    /// BLAKE3 of the snapshot, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn link(engine: Engine, module: &Module, digest: String) -> Result<Self, GuestError> {
        let mut linker: Linker<TaskState> = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_async(&mut linker, |state| &mut state.wasi)?;
        linker.allow_shadowing(true);
        linker.func_wrap_async("wasi_snapshot_preview1", "random_get", |caller, (address, bytes): (u32, u32)| {
            Box::new(random_get(caller, address, bytes))
        })?;
        // Any exit status is one, as it is of a process.
        let exit = |code: u32| -> wasmtime::Result<()> { Err(I32Exit(code.cast_signed()).into()) };
        linker.func_wrap("wasi_snapshot_preview1", "proc_exit", exit)?;
        let instance = linker.instantiate_pre(module)?;
        Ok(Self { engine, instance, digest })
    }
}

/// Random bytes at one time; between such parts other runs have their turns.
const RANDOM_PART_BYTES: usize = 64 << 10;
/// After so many random bytes a part of the slice is over.
const HOST_BYTES_A_PART: u32 = 128 << 10;
/// WASI's EFAULT and EIO.
const FAULT: u32 = 21;
const IO: u32 = 29;

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
async fn next_turn() {
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

fn engine_config(live_max: usize) -> Config {
    let live_max = u32::try_from(live_max.saturating_add(STOCK_MAX)).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(live_max)
        .total_memories(live_max)
        .total_tables(live_max)
        .total_stacks(live_max)
        .max_memory_size(usize::try_from(sandlot_protocol::limits::TASK_MEMORY_BYTES_MAX).unwrap_or(usize::MAX))
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .table_keep_resident(TABLE_RESIDENT_BYTES)
        .async_stack_keep_resident(STACK_RESIDENT_BYTES);
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .generate_address_map(false)
        .native_unwind_info(false)
        .memory_guaranteed_dense_image_size(IMAGE_BYTES_MAX)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES)
        .async_stack_zeroing(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// One compiled guest on disk: the code, and beside it the digest noted when it was written.
struct Cache {
    folder: PathBuf,
    code: PathBuf,
    digest: PathBuf,
}

impl Cache {
    fn new(folder: &Path, snapshot: &str, engine: &Engine) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let name = format!("guest-{}-{:016x}", &snapshot[..16], hasher.finish());
        let folder = folder.to_owned();
        Self { code: folder.join(format!("{name}.cwasm")), digest: folder.join(format!("{name}.blake3")), folder }
    }

    /// The cached code, if it can be believed; otherwise why not.
    fn open(&self, engine: &Engine) -> Result<Module, String> {
        if !self.code.exists() {
            return Err("this machine has not compiled this guest yet".to_owned());
        }
        only_ours(&self.folder)?;
        only_ours(&self.code)?;
        let noted = fs::read_to_string(&self.digest).map_err(|error| format!("its digest is missing: {error}"))?;
        let found = digest_of(&self.code).map_err(|error| format!("the cached code cannot be read: {error}"))?;
        if noted.trim() != found {
            return Err("the cached code is damaged".to_owned());
        }
        // The only place where bytes become code: they are ours (above), and unchanged since we wrote them.
        #[expect(unsafe_code, reason = "the compiled guest is loaded here and nowhere else")]
        let module = unsafe { Module::deserialize_file(engine, &self.code) };
        module.map_err(|error| format!("the cached code does not fit this engine: {error:#}"))
    }

    fn compile(
        &self,
        engine: &Engine,
        compressed: &[u8],
        reason: String,
        progress: &mut dyn FnMut(Preparation),
    ) -> Result<Module, GuestError> {
        let lock = self.lock(progress);
        if lock.is_ok()
            && let Ok(module) = self.open(engine)
        {
            return Ok(module);
        }
        progress(Preparation::Compiling { reason });
        let started = clock::now();
        let wasm = zstd::bulk::decompress(compressed, SNAPSHOT_BYTES_MAX).map_err(GuestError::Snapshot)?;
        let code = engine.precompile_module(&wasm)?;
        let stored = match lock {
            Ok(_) => self.store(&code).map_err(|error| error.to_string()).and_then(|()| self.open(engine)),
            Err(ref error) => Err(error.to_string()),
        };
        progress(Preparation::Compiled { took: started.elapsed() });
        stored.or_else(|reason| {
            progress(Preparation::NotCached { reason: format!("{}: {reason}", self.folder.display()) });
            // The code was made a moment ago by this process, in its own memory.
            #[expect(unsafe_code, reason = "the compiled guest is loaded here and nowhere else")]
            let module = unsafe { Module::deserialize(engine, &code) };
            module.map_err(GuestError::Engine)
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

    fn store(&self, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix("guest-").tempfile_in(&self.folder)?;
        file.write_all(code)?;
        file.as_file().sync_all()?;
        let mut digest = tempfile::Builder::new().prefix("digest-").tempfile_in(&self.folder)?;
        digest.write_all(blake3::hash(code).to_hex().as_bytes())?;
        digest.as_file().sync_all()?;
        digest.persist(&self.digest)?;
        file.persist(&self.code)?;
        Ok(())
    }
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

fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
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
        Guest::load(&snapshot(), folder, 1, &mut |step| steps.push(step)).unwrap();
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
    fn compiled_once_and_readable_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        check_compiled_again(&cache, "has not compiled");
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
        let error = Guest::load(b"nonsense", folder.path(), 1, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("cannot be unpacked"), "{error}");
    }
}
