//! A Python value as JSON text. Integers of any size are written in full; what JSON has no form for is a
//! TypeError that names the type and where it stands.

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyFloat, PyInt, PyList, PyStr, PyTuple},
};
use std::fmt::Write;

/// Deeper values are refused: a cycle ends here, and readers need not be able to nest further.
const DEPTH_MAX: usize = 200;

/// `encode(value) -> str`.
pub fn encode(value: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    let mut encoder = Encoder { text: String::new(), path: Vec::new(), vm };
    encoder.value(&value)?;
    Ok(encoder.text)
}

enum Step {
    Index(usize),
    Key(String),
}

struct Encoder<'a> {
    text: String,
    path: Vec<Step>,
    vm: &'a VirtualMachine,
}

impl Encoder<'_> {
    fn value(&mut self, value: &PyObject) -> PyResult<()> {
        let types = &self.vm.ctx.types;
        if self.vm.is_none(value) {
            self.text.push_str("null");
        } else if let Some(text) = value.downcast_ref::<PyStr>() {
            self.string(text);
        } else if value.fast_isinstance(types.bool_type) {
            let is_true = value.is(&self.vm.ctx.true_value);
            self.text.push_str(if is_true { "true" } else { "false" });
        } else if let Some(int) = value.downcast_ref::<PyInt>() {
            let _ = write!(self.text, "{}", int.as_bigint());
        } else if let Some(float) = value.downcast_ref::<PyFloat>() {
            self.float(float.to_f64())?;
        } else if let Some(list) = value.downcast_ref::<PyList>() {
            let items = list.borrow_vec().to_vec();
            self.sequence(&items)?;
        } else if let Some(tuple) = value.downcast_ref::<PyTuple>() {
            self.sequence(tuple.as_slice())?;
        } else if let Some(dict) = value.downcast_ref::<PyDict>() {
            self.dict(dict)?;
        } else {
            return Err(self.refuse(&format!("{} is not JSON", with_article(&value.class().name()))));
        }
        Ok(())
    }

    fn float(&mut self, value: f64) -> PyResult<()> {
        if !value.is_finite() {
            let name = if value.is_nan() { "NaN" } else { "an infinite float" };
            return Err(self.refuse(&format!("{name} is not JSON")));
        }
        let _ = write!(self.text, "{value:?}");
        Ok(())
    }

    fn sequence(&mut self, items: &[PyObjectRef]) -> PyResult<()> {
        self.text.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.inside(Step::Index(index), item)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn dict(&mut self, dict: &PyDict) -> PyResult<()> {
        self.text.push('{');
        for (index, (key, item)) in dict.items_vec().into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            let name = self.key(&key)?;
            self.text.push(':');
            self.inside(Step::Key(name), &item)?;
        }
        self.text.push('}');
        Ok(())
    }

    /// Keys follow `json.dumps`: numbers, booleans and None become their text.
    fn key(&mut self, key: &PyObject) -> PyResult<String> {
        let start = self.text.len();
        if let Some(text) = key.downcast_ref::<PyStr>() {
            self.string(text);
        } else if key.downcast_ref::<PyInt>().is_some()
            || key.downcast_ref::<PyFloat>().is_some()
            || self.vm.is_none(key)
        {
            self.text.push('"');
            self.value(key)?;
            self.text.push('"');
        } else {
            return Err(self.refuse(&format!("a dict key of type {} is not JSON", key.class().name())));
        }
        Ok(self.text[start..].to_owned())
    }

    fn inside(&mut self, step: Step, value: &PyObject) -> PyResult<()> {
        if self.path.len() >= DEPTH_MAX {
            let message = format!("the result is nested deeper than {DEPTH_MAX} levels, or contains itself");
            return Err(self.vm.new_value_error(message));
        }
        self.path.push(step);
        self.value(value)?;
        self.path.pop();
        Ok(())
    }

    fn string(&mut self, text: &PyStr) {
        self.text.push('"');
        for point in text.as_wtf8().code_points() {
            match point.to_char() {
                Some('"') => self.text.push_str("\\\""),
                Some('\\') => self.text.push_str("\\\\"),
                Some('\n') => self.text.push_str("\\n"),
                Some(control) if control < ' ' => {
                    let _ = write!(self.text, "\\u{:04x}", control as u32);
                }
                Some(character) => self.text.push(character),
                // A lone surrogate has no UTF-8 form, but JSON can escape it.
                None => {
                    let _ = write!(self.text, "\\u{:04x}", point.to_u32());
                }
            }
        }
        self.text.push('"');
    }

    fn refuse(&self, what: &str) -> rustpython_vm::builtins::PyBaseExceptionRef {
        let mut place = String::from("the result");
        for step in &self.path {
            let _ = match step {
                Step::Index(index) => write!(place, "[{index}]"),
                Step::Key(key) => write!(place, "[{key}]"),
            };
        }
        let place = if self.path.is_empty() { String::new() } else { format!(" at {place}") };
        self.vm.new_type_error(format!("the result cannot be sent back: {what}{place}"))
    }
}

fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}
