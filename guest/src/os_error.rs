//! OSError as Linux has it, which python/errors.py decides, hung into the type itself.

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyRef, PyResult, TryFromBorrowedObject, VirtualMachine,
    builtins::{PyStr, PyStrRef, PyType, PyTypeRef},
    function::FuncArgs,
};
use std::cell::OnceCell;

type Repr = fn(&PyObject, &VirtualMachine) -> PyResult<PyRef<PyStr>>;
type New = fn(PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;

struct Hooks {
    /// Makes one error that came from below into one of Linux's.
    mend: PyObjectRef,
    repr: Repr,
    new: New,
}

thread_local! { static HOOKS: OnceCell<Hooks> = const { OnceCell::new() }; }

/// `set_type_attribute(type, name, value)`, for built-in types too.
pub fn set_attribute(kind: PyTypeRef, name: PyStrRef, value: PyObjectRef, vm: &VirtualMachine) {
    kind.set_attr(vm.ctx.intern_str(name.to_string_lossy().as_ref()), value);
}

/// `os_error_hooks(mend)`: the `repr` of OSError mends first, and the class for a number is chosen by Linux's numbers.
pub fn install(mend: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let os_error = vm.ctx.exceptions.os_error;
    let (Some(repr), Some(new)) = (os_error.slots.repr.load(), os_error.slots.new.load()) else {
        return Err(vm.new_system_error("OSError has no repr or new"));
    };
    HOOKS.with(|hooks| hooks.set(Hooks { mend, repr, new })).map_err(|_| vm.new_system_error("installed twice"))?;
    os_error.slots.new.store(Some(new_of_linux));
    mend_repr(os_error);
    Ok(())
}

/// A type's subclasses have the slots that it had when they were made.
fn mend_repr(kind: &Py<PyType>) {
    kind.slots.repr.store(Some(mended_repr));
    for subclass in kind.subclasses.read().iter().filter_map(|subclass| subclass.upgrade()) {
        if let Some(subclass) = subclass.downcast_ref::<PyType>() {
            mend_repr(subclass);
        }
    }
}

fn mended_repr(error: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    HOOKS.with(|hooks| {
        let hooks = hooks.get().ok_or_else(|| vm.new_system_error("not installed"))?;
        hooks.mend.call((error.to_owned(),), vm)?;
        (hooks.repr)(error, vm)
    })
}

fn new_of_linux(class: PyTypeRef, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let new =
        HOOKS.with(|hooks| hooks.get().map(|hooks| hooks.new)).ok_or_else(|| vm.new_system_error("not installed"))?;
    let number = (2..=5).contains(&args.args.len()).then(|| i32::try_from_borrowed_object(vm, &args.args[0]).ok());
    let Some(Some(number)) = number.filter(|_| class.is(vm.ctx.exceptions.os_error)) else {
        return new(class, args, vm);
    };
    if let Some(class) = class_of_linux(number, vm) {
        return new(class.to_owned(), args, vm);
    }
    // The number may be another one's by WASI's numbering: it is put in afterwards.
    let given = std::mem::replace(&mut args.args[0], vm.ctx.new_int(0).into());
    let text = args.args[1].clone();
    let error = new(class, args, vm)?;
    error.set_attr("errno", given.clone(), vm)?;
    error.set_attr("args", vm.ctx.new_tuple(vec![given, text]), vm)?;
    Ok(error)
}

/// As PEP 3151 has them, by the numbers of Linux.
fn class_of_linux(number: i32, vm: &VirtualMachine) -> Option<&'static Py<PyType>> {
    let classes = &vm.ctx.exceptions;
    Some(match number {
        1 | 13 => classes.permission_error,
        2 => classes.file_not_found_error,
        3 => classes.process_lookup_error,
        4 => classes.interrupted_error,
        10 => classes.child_process_error,
        11 | 114 | 115 => classes.blocking_io_error,
        17 => classes.file_exists_error,
        20 => classes.not_a_directory_error,
        21 => classes.is_a_directory_error,
        32 | 108 => classes.broken_pipe_error,
        103 => classes.connection_aborted_error,
        104 => classes.connection_reset_error,
        110 => classes.timeout_error,
        111 => classes.connection_refused_error,
        _ => return None,
    })
}
