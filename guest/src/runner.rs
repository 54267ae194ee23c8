//! Runs one job. What every job needs is done here; what few need, in runner.py.

use crate::{files, json};
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
    /// The program of the job that comes, where it was put in its place before the job.
    static PLACED: RefCell<Option<Placed>> = const { RefCell::new(None) };
    /// Objects that hold output back, and what they looked like when they held nothing.
    static STREAMS: RefCell<Vec<(PyObjectRef, Vec<usize>)>> = const { RefCell::new(Vec::new()) };
}

/// Functions of runner.py, and what it keeps.
struct Parts {
    time_ns: PyObjectRef,
    seed: PyListRef,
    logging: PyRef<PyDict>,
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
        time_ns: part("time_ns")?,
        seed: part("seed")?.try_into_value(vm)?,
        logging: part("logging_names")?.try_into_value(vm)?,
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
    STREAMS.set(streams.into_iter().map(|stream| (stream.clone(), words_of(&stream).collect())).collect());
}

/// `run_job(job, module) -> str`: a job as the host gives it, in a module of its own.
pub fn run_job(job: PyRef<PyStr>, module: PyRef<PyModule>, vm: &VirtualMachine) -> String {
    FRESH.set(Some(module));
    answer(&job.to_string_lossy(), vm)
}

/// The job's code is this.
pub fn set_code(code: Option<PyObjectRef>) {
    CODE.set(code);
}

/// A program and the module that it is to run in.
struct Placed {
    program: PyObjectRef,
    filename: PyObjectRef,
    function: PyObjectRef,
    module: PyRef<PyModule>,
}

/// Puts the program of the job that comes in its place: a list of its text, its name, the function to call, and `sys.argv`.
pub fn place(program: PyListRef, vm: &VirtualMachine) -> PyResult<()> {
    let parts: Vec<PyObjectRef> = program.borrow_vec().to_vec();
    let parts = <[PyObjectRef; 4]>::try_from(parts).map_err(|_| vm.new_type_error("four parts"))?;
    let placed = PARTS.with(|cell| cell.get().expect("the guest was started").place(parts, vm))?;
    PLACED.set(Some(placed));
    Ok(())
}

/// What is to run: `Job` of crates/protocol/src/abi.rs.
struct Job {
    /// Its text, its name, the function and `sys.argv`, where it was not put in its place before.
    program: Option<[PyObjectRef; 4]>,
    args: PyRef<PyList>,
    kwargs: PyRef<PyDict>,
    seed: PyObjectRef,
    files_out: PyRef<PyList>,
    /// The task may have so many bytes in files, where that was not said before.
    files_bytes: Option<u64>,
}

impl Job {
    fn read(text: &str, vm: &VirtualMachine) -> Option<Self> {
        let mut members = json::members(text, vm)?;
        let mut take = |name: &str| {
            let place = members.iter().position(|(found, _)| *found == name)?;
            Some(members.swap_remove(place).1)
        };
        let program = match take("program") {
            Some(program) => Some([program, take("filename")?, take("function")?, take("argv")?]),
            None => None,
        };
        Some(Self {
            program,
            args: take("args")?.downcast().ok()?,
            kwargs: take("kwargs")?.downcast().ok()?,
            seed: take("seed")?,
            files_out: take("files_out")?.downcast().ok()?,
            files_bytes: take("files_bytes").and_then(|bytes| bytes.try_into_value(vm).ok()),
        })
    }
}

/// Answers the job; the answer is JSON.
pub fn answer(job: &str, vm: &VirtualMachine) -> String {
    let Some(job) = Job::read(job, vm) else { return TOO_DEEP.to_owned() };
    // The program may have broken what an answer is made of: then it is made of nothing.
    PARTS.with(|cell| {
        let parts = cell.get().expect("the guest was started");
        parts.run(job, vm).unwrap_or_else(|_| BROKEN.to_owned())
    })
}

impl Parts {
    fn run(&self, mut job: Job, vm: &VirtualMachine) -> PyResult<String> {
        if let Some(bytes) = job.files_bytes {
            files::limit(bytes);
        }
        let placed = match job.program.take() {
            Some(program) => self.place(program, vm),
            None => PLACED.take().ok_or_else(|| vm.new_runtime_error("there is no program")),
        };
        let placed = match placed {
            Ok(placed) => placed,
            Err(error) => return self.tell(error, vm),
        };
        let ended = self.execute(&job, &placed, vm);
        let answer = self.unwatch(vm).and_then(|()| match ended.and_then(|value| json::encode(value, vm)) {
            Ok(value) => Ok(format!("{{\"value\":{value}}}")),
            Err(error) => self.tell(error, vm),
        });
        let answer = answer.unwrap_or_else(|_| BROKEN.to_owned());
        // Whatever goes wrong from here on is no part of the answer.
        let files_out: PyObjectRef = job.files_out.clone().into();
        let leaves_files = !job.files_out.borrow_vec().is_empty();
        if leaves_files || vm.is_none(&placed.function) {
            let _ = self.leave.call((placed.module, files_out.clone()), vm);
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

    /// The program is where Python's own parts look for it.
    fn place(&self, parts: [PyObjectRef; 4], vm: &VirtualMachine) -> PyResult<Placed> {
        let Some(module) = FRESH.take() else { return Err(vm.new_runtime_error("an instance has one program")) };
        let [program, filename, function, _] = parts.clone();
        let module_object: PyObjectRef = module.clone().into();
        let arguments = parts.into_iter().chain([module_object]).collect::<Vec<_>>();
        match self.place.call_with_args(FuncArgs::from(arguments), vm) {
            Ok(_) => Ok(Placed { program, filename, function, module }),
            Err(error) => {
                FRESH.set(Some(module));
                Err(error)
            }
        }
    }

    /// What counts from the program's start.
    fn begin(&self, seed: &PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        self.logging.set_item("_startTime", self.time_ns.call((), vm)?, vm)?;
        self.seed.borrow_vec_mut()[0] = seed.clone();
        Ok(())
    }

    fn execute(&self, job: &Job, placed: &Placed, vm: &VirtualMachine) -> PyResult {
        self.begin(&job.seed, vm)?;
        let Placed { program, filename, function, module } = placed;
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
        let is_same = |(stream, words): &(PyObjectRef, Vec<usize>)| words_of(stream).eq(words.iter().copied());
        !is_own("stdout") || !is_own("stderr") || !streams.iter().all(is_same)
    })
}

/// What an object itself is made of. A stream counts there what it holds back.
fn words_of(object: &PyObject) -> impl Iterator<Item = usize> {
    let start: *const PyObject = object;
    let words = object.class().slots.basicsize / size_of::<usize>();
    // SAFETY: an object has as many bytes as its type says, begins where a word may, and is read here and now.
    (0..words).map(move |index| unsafe { start.cast::<usize>().add(index).read_volatile() })
}
