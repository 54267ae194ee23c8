//! Runs one job. What every job needs is done here; what few need, in runner.py.

use crate::json;
use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyCode, PyDict, PyList, PyListRef, PyModule, PyStr},
    function::FuncArgs,
    scope::Scope,
};
use std::cell::{OnceCell, RefCell};

thread_local! {
    static PARTS: OnceCell<Parts> = const { OnceCell::new() };
    /// The module that an instance's one program gets, made before the snapshot.
    static FRESH: RefCell<Option<PyRef<PyModule>>> = const { RefCell::new(None) };
    /// The code object, where it was made before the job.
    static CODE: RefCell<Option<PyObjectRef>> = const { RefCell::new(None) };
    /// Objects that hold output back, and what they looked like when they held nothing.
    static STREAMS: RefCell<Vec<(PyObjectRef, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// Functions of runner.py.
struct Parts {
    begin: PyObjectRef,
    place: PyObjectRef,
    compile: PyObjectRef,
    find: PyObjectRef,
    call: PyObjectRef,
    unwatch: PyObjectRef,
    tools_used: PyListRef,
    tell: PyObjectRef,
    run_exit_functions: PyObjectRef,
    leave: PyObjectRef,
    flush: PyObjectRef,
    with_files: PyObjectRef,
    encode: PyObjectRef,
}

const BROKEN: &str = r#"{"exception":{"type":"RuntimeError","message":"the program broke the interpreter's own parts","traceback":"RuntimeError: the program broke the interpreter's own parts\n"}}"#;
/// The host checks that a job is JSON; what can be wrong with it here is this.
const TOO_DEEP: &str = r#"{"exception":{"type":"ValueError","message":"the arguments nest deeper than 200 lists and objects","traceback":"ValueError: the arguments nest deeper than 200 lists and objects\n"}}"#;

/// `use_parts(scope)`: takes the functions of runner.py out of its names.
pub fn use_parts(names: PyRef<PyDict>, vm: &VirtualMachine) -> PyResult<()> {
    let part = |name: &str| names.get_item(name, vm);
    let parts = Parts {
        begin: part("begin")?,
        place: part("place")?,
        compile: part("compile_source")?,
        find: part("find")?,
        call: part("call")?,
        unwatch: part("unwatch")?,
        tools_used: part("tools_used")?.try_into_value(vm)?,
        tell: part("tell")?,
        run_exit_functions: part("run_exit_functions")?,
        leave: part("leave")?,
        flush: part("flush")?,
        with_files: part("with_files")?,
        encode: part("encode")?,
    };
    PARTS.with(|cell| cell.set(parts)).map_err(|_| vm.new_runtime_error("the runner has its parts"))
}

/// `keep_fresh(module, streams)`: what the one job of an instance begins with. These streams hold nothing back now.
pub fn keep_fresh(module: PyRef<PyModule>, streams: PyListRef, _: &VirtualMachine) {
    FRESH.set(Some(module));
    let streams = streams.borrow_vec().to_vec();
    STREAMS.set(streams.into_iter().map(|stream| (stream.clone(), bytes_of(&stream))).collect());
}

/// `run_job(job, module) -> str`: a job as the host gives it, in a module of its own.
pub fn run_job(job: PyRef<PyStr>, module: PyRef<PyModule>, vm: &VirtualMachine) -> String {
    answer(&job.to_string_lossy(), Some(module), vm)
}

/// The job's code is this.
pub fn set_code(code: Option<PyObjectRef>) {
    CODE.set(code);
}

/// What is to run: `Job` of crates/protocol/src/abi.rs.
struct Job {
    program: PyObjectRef,
    filename: PyObjectRef,
    function: PyObjectRef,
    args: PyRef<PyList>,
    kwargs: PyRef<PyDict>,
    argv: PyObjectRef,
    seed: PyObjectRef,
    files_out: PyRef<PyList>,
}

impl Job {
    fn read(text: &str, vm: &VirtualMachine) -> Option<Self> {
        let mut members = json::members(text, vm)?;
        let mut take = |name: &str| {
            let place = members.iter().position(|(found, _)| *found == name)?;
            Some(members.swap_remove(place).1)
        };
        Some(Self {
            program: take("program")?,
            filename: take("filename")?,
            function: take("function")?,
            args: take("args")?.downcast().ok()?,
            kwargs: take("kwargs")?.downcast().ok()?,
            argv: take("argv")?,
            seed: take("seed")?,
            files_out: take("files_out")?.downcast().ok()?,
        })
    }
}

/// Runs the job; the answer is JSON.
pub fn answer(job: &str, module: Option<PyRef<PyModule>>, vm: &VirtualMachine) -> String {
    let Some(job) = Job::read(job, vm) else { return TOO_DEEP.to_owned() };
    // The program may have broken what an answer is made of: then it is made of nothing.
    PARTS.with(|cell| {
        let parts = cell.get().expect("the guest was started");
        parts.run(&job, module, vm).unwrap_or_else(|_| BROKEN.to_owned())
    })
}

impl Parts {
    fn run(&self, job: &Job, module: Option<PyRef<PyModule>>, vm: &VirtualMachine) -> PyResult<String> {
        let Some(module) = module.or_else(|| FRESH.take()) else { return Ok(BROKEN.to_owned()) };
        let ended = self.execute(job, &module, vm);
        let answer = self.unwatch(vm).and_then(|()| match ended.and_then(|value| json::encode(value, vm)) {
            Ok(value) => Ok(format!("{{\"value\":{value}}}")),
            Err(error) => self.tell(error, vm),
        });
        let answer = answer.unwrap_or_else(|_| BROKEN.to_owned());
        // Whatever goes wrong from here on is no part of the answer.
        let files_out: PyObjectRef = job.files_out.clone().into();
        let leaves_files = !job.files_out.borrow_vec().is_empty();
        if leaves_files || vm.is_none(&job.function) {
            let _ = self.leave.call((module, files_out.clone()), vm);
        } else {
            let _ = self.run_exit_functions.call((), vm);
        }
        if streams_changed(vm) {
            let _ = self.flush.call((), vm);
        }
        if leaves_files && let Ok(with_files) = self.with_files.call((answer.clone(), files_out), vm) {
            return text_of(&with_files).map_or_else(|| Ok(answer), Ok);
        }
        Ok(answer)
    }

    fn execute(&self, job: &Job, module: &PyRef<PyModule>, vm: &VirtualMachine) -> PyResult {
        self.begin.call((job.seed.clone(),), vm)?;
        let Job { program, filename, function, argv, .. } = job;
        let names = [program, filename, function, argv].map(Clone::clone);
        let module_object: PyObjectRef = module.clone().into();
        self.place.call_with_args(FuncArgs::from(names.into_iter().chain([module_object]).collect::<Vec<_>>()), vm)?;
        let code = match CODE.take() {
            Some(code) => code,
            None => self.compile.call((program.clone(), filename.clone()), vm)?,
        };
        let code: PyRef<PyCode> = code.try_into_value(vm)?;
        vm.run_code_obj(code, Scope::with_builtins(None, module.dict(), vm))?;
        let Some(name) = function.downcast_ref::<PyStr>() else { return Ok(vm.ctx.none()) };
        let found = match module.dict().get_item_opt(name, vm)? {
            Some(found) if found.is_callable() => found,
            _ => self.find.call((module.clone(), function.clone()), vm)?,
        };
        // From Python, so that it finds a frame below its own, as a script's functions do.
        self.call.call((found, job.args.clone(), job.kwargs.clone()), vm)
    }

    /// The program's own watchers see the program and not what comes after it.
    fn unwatch(&self, vm: &VirtualMachine) -> PyResult<()> {
        vm.trace_func.replace(vm.ctx.none());
        vm.profile_func.replace(vm.ctx.none());
        vm.use_tracing.set(false);
        if !self.tools_used.borrow_vec().is_empty() {
            self.unwatch.call((), vm)?;
        }
        Ok(())
    }

    /// The answer of a program that raised something.
    fn tell(&self, error: PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<String> {
        let answer = self.tell.call((error, self.encode.clone()), vm)?;
        text_of(&answer).ok_or_else(|| vm.new_type_error("no text"))
    }
}

fn text_of(text: &PyObject) -> Option<String> {
    text.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned())
}

/// Whether a stream may hold something back: another one took its place, or it does not look as it did.
fn streams_changed(vm: &VirtualMachine) -> bool {
    STREAMS.with_borrow(|streams| {
        let is_own = |name: &str| {
            let stream = vm.sys_module.dict().get_item_opt(name, vm).ok().flatten();
            stream.is_some_and(|stream| streams.iter().any(|(own, _)| own.is(&stream)))
        };
        let is_same = |(stream, bytes): &(PyObjectRef, Vec<u8>)| bytes_of(stream) == *bytes;
        !is_own("stdout") || !is_own("stderr") || !streams.iter().all(is_same)
    })
}

/// What an object itself is made of. A stream counts there what it holds back.
fn bytes_of(object: &PyObject) -> Vec<u8> {
    let start: *const PyObject = object;
    // SAFETY: an object has as many bytes as its type says, and they are read here and now.
    (0..object.class().slots.basicsize).map(|index| unsafe { start.cast::<u8>().add(index).read_volatile() }).collect()
}
