//! JSON text as a Python value, and the other way round.
//!
//! Integers may have any size; what JSON has no form for is a TypeError that names the type and where it stands.

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyDictRef, PyFloat, PyInt, PyList, PyStr, PyTuple},
    common::wtf8::{CodePoint, Wtf8Buf},
};
use std::{fmt::Write, str::FromStr};

/// Deeper values are refused: a cycle ends here, and readers need not be able to nest further.
const DEPTH_MAX: usize = 200;
/// The job's own object and its list of arguments.
const JOB_DEPTH: usize = 2;

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

/// Reads a JSON text, which the host has checked, as `json.loads` does. An integer's digits are not limited here: the
/// program's own limit is about what the program reads.
pub fn decode(text: &str, vm: &VirtualMachine) -> PyResult {
    let mut decoder = Decoder { text, at: 0, depth: 0, vm };
    let value = decoder.value();
    let value = value.filter(|_| decoder.skip_blanks().is_none());
    value.ok_or_else(|| vm.new_value_error(format!("no JSON at byte {}", decoder.at)))
}

/// The members of an object that the host made, whose names need no escapes; nothing when it nests too deep.
pub fn members<'a>(text: &'a str, vm: &'a VirtualMachine) -> Option<Vec<(&'a str, PyObjectRef)>> {
    let mut decoder = Decoder { text, at: 0, depth: 1, vm };
    let mut members = Vec::new();
    decoder.expect(b'{')?;
    loop {
        decoder.expect(b'"')?;
        let name = decoder.plain();
        decoder.expect(b'"')?;
        decoder.expect(b':')?;
        members.push((name, decoder.value()?));
        if decoder.skip_blanks()? != b',' {
            return decoder.expect(b'}').map(|()| members);
        }
        decoder.at += 1;
    }
}

struct Decoder<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    vm: &'a VirtualMachine,
}

/// Each method answers nothing where the text is no JSON.
impl<'a> Decoder<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// The next byte that is no blank.
    fn skip_blanks(&mut self) -> Option<u8> {
        self.at += self.rest().iter().take_while(|byte| b" \t\n\r".contains(byte)).count();
        self.rest().first().copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.skip_blanks()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: PyObjectRef) -> Option<PyObjectRef> {
        self.rest().starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    fn value(&mut self) -> Option<PyObjectRef> {
        let context = &self.vm.ctx;
        match self.skip_blanks()? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => self.string().map(Into::into),
            b'n' => self.word("null", context.none()),
            b't' => self.word("true", context.true_value.clone().into()),
            b'f' => self.word("false", context.false_value.clone().into()),
            _ => self.number(),
        }
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Option<PyObjectRef>) -> Option<PyObjectRef> {
        self.depth += 1;
        let value = if self.depth > DEPTH_MAX + JOB_DEPTH { None } else { inside(self) };
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Option<PyObjectRef> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.skip_blanks()? != b']' {
            items.push(self.value()?);
            while self.skip_blanks()? == b',' {
                self.at += 1;
                items.push(self.value()?);
            }
        }
        self.expect(b']')?;
        Some(self.vm.ctx.new_list(items).into())
    }

    fn object(&mut self) -> Option<PyObjectRef> {
        self.expect(b'{')?;
        let members = self.vm.ctx.new_dict();
        if self.skip_blanks()? != b'}' {
            self.member(&members)?;
            while self.skip_blanks()? == b',' {
                self.at += 1;
                self.member(&members)?;
            }
        }
        self.expect(b'}')?;
        Some(members.into())
    }

    fn member(&mut self, members: &PyDictRef) -> Option<()> {
        let key = self.skip_blanks().filter(|byte| *byte == b'"').and_then(|_| self.string())?;
        self.expect(b':')?;
        let value = self.value()?;
        members.set_item(&*key, value, self.vm).ok()
    }

    fn number(&mut self) -> Option<PyObjectRef> {
        let bytes = self.rest().iter().take_while(|byte| b"+-.0123456789Ee".contains(byte)).count();
        let text = &self.text[self.at..self.at + bytes];
        self.at += bytes;
        let context = &self.vm.ctx;
        if text.contains(['.', 'e', 'E']) {
            return Some(context.new_float(text.parse().ok()?).into());
        }
        match text.parse::<i64>() {
            Ok(int) => Some(context.new_int(int).into()),
            Err(_) => Some(context.new_bigint(&parse_as(context.new_int(0).as_bigint(), text)?).into()),
        }
    }

    fn string(&mut self) -> Option<rustpython_vm::PyRef<PyStr>> {
        self.expect(b'"')?;
        let plain = self.plain();
        if self.rest().first()? == &b'"' {
            self.at += 1;
            return Some(self.vm.ctx.new_str(plain));
        }
        let mut text = Wtf8Buf::from(plain.to_owned());
        while *self.rest().first()? == b'\\' {
            self.at += 1;
            text.push(self.escaped()?);
            text.push_str(self.plain());
        }
        self.expect(b'"')?;
        Some(self.vm.ctx.new_str(text))
    }

    /// Up to the next quote or backslash.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        self.at += self.rest().iter().take_while(|byte| !b"\"\\".contains(byte)).count();
        &self.text[start..self.at]
    }

    fn escaped(&mut self) -> Option<CodePoint> {
        let letter = *self.rest().first()?;
        self.at += 1;
        let character = match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'"' | b'\\' | b'/' => letter.into(),
            b'u' => {
                let unit = self.unit()?;
                let is_pair = (0xd800..0xdc00).contains(&unit) && self.rest().starts_with(b"\\u");
                if is_pair {
                    let back = self.at;
                    self.at += 2;
                    let low = self.unit()?;
                    if (0xdc00..0xe000).contains(&low) {
                        return CodePoint::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                    }
                    self.at = back;
                }
                return CodePoint::from_u32(unit);
            }
            _ => return None,
        };
        Some(CodePoint::from(character))
    }

    fn unit(&mut self) -> Option<u32> {
        let unit = u32::from_str_radix(self.text.get(self.at..self.at + 4)?, 16).ok()?;
        self.at += 4;
        Some(unit)
    }
}

/// Parses a value of the same type as another one.
fn parse_as<T: FromStr>(_: &T, text: &str) -> Option<T> {
    text.parse().ok()
}
