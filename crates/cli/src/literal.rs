//! Arguments typed at the prompt: JSON, or a Python literal, as JSON text.

use std::fmt::Write;

/// Deeper literals are refused.
const DEPTH_MAX: usize = 100;

/// `text` as JSON: itself if it is JSON, or what it means as a Python literal.
///
/// # Errors
/// One sentence that says what is wrong and where.
pub(crate) fn to_json(text: &str) -> Result<String, String> {
    if serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok() {
        return Ok(text.trim().to_owned());
    }
    let mut parser = Parser { text, at: 0, json: String::new() };
    parser.value(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.wrong("the end"));
    }
    Ok(parser.json)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    json: String,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("it is nested deeper than {DEPTH_MAX} levels"));
        }
        self.skip_space();
        match self.peek() {
            Some('[') => self.sequence(']', depth),
            Some('(') => self.parenthesis(depth),
            Some('{') => self.dict(depth),
            Some('\'' | '"') => self.strings(),
            Some('-' | '+' | '.' | '0'..='9') => self.number(),
            Some(letter) if letter.is_alphabetic() => self.word(),
            _ => Err(self.wrong("a value")),
        }
    }

    /// `(1)` is 1, `(1,)` and `(1, 2)` are tuples.
    fn parenthesis(&mut self, depth: usize) -> Result<(), String> {
        let start = self.json.len();
        let commas = self.items('(', ')', depth)?;
        if commas == 0 && self.json.len() > start + 2 {
            self.json.remove(start);
            self.json.pop();
        }
        Ok(())
    }

    fn sequence(&mut self, close: char, depth: usize) -> Result<(), String> {
        self.items('[', close, depth).map(drop)
    }

    fn items(&mut self, open: char, close: char, depth: usize) -> Result<usize, String> {
        self.expect(open)?;
        self.json.push('[');
        let mut commas = 0;
        loop {
            self.skip_space();
            if self.eat(close) {
                break;
            }
            if commas > 0 {
                self.json.push(',');
            }
            self.value(depth + 1)?;
            self.skip_space();
            if self.eat(',') {
                commas += 1;
            } else {
                self.expect(close)?;
                break;
            }
        }
        self.json.push(']');
        Ok(commas)
    }

    fn dict(&mut self, depth: usize) -> Result<(), String> {
        self.expect('{')?;
        self.json.push('{');
        let mut first = true;
        loop {
            self.skip_space();
            if self.eat('}') {
                break;
            }
            if !first {
                self.json.push(',');
            }
            first = false;
            self.key()?;
            self.skip_space();
            self.expect(':')?;
            self.json.push(':');
            self.value(depth + 1)?;
            self.skip_space();
            if !self.eat(',') {
                self.expect('}')?;
                break;
            }
        }
        self.json.push('}');
        Ok(())
    }

    /// JSON's keys are strings; numbers, booleans and None become their text, as `json.dumps` does.
    fn key(&mut self) -> Result<(), String> {
        let start = self.json.len();
        match self.peek() {
            Some('[' | '(' | '{') => return Err(self.wrong("a key that JSON can hold")),
            _ => self.value(DEPTH_MAX)?,
        }
        if !self.json[start..].starts_with('"') {
            self.json.insert(start, '"');
            self.json.push('"');
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let word: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        let json = match word.as_str() {
            "None" | "null" => "null",
            "True" | "true" => "true",
            "False" | "false" => "false",
            "b" | "B" | "br" | "rb" => return Err("bytes are not JSON: send text".to_owned()),
            _ => return Err(format!("{word} is not a literal: quote it if it is text")),
        };
        self.at += word.len();
        self.json.push_str(json);
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let sign_bytes = usize::from(rest.starts_with(['-', '+']));
        let body = &rest[sign_bytes..];
        let mut previous = ' ';
        let length = body
            .find(|character: char| {
                let goes_on = character.is_ascii_alphanumeric()
                    || matches!(character, '.' | '_')
                    || (matches!(character, '+' | '-') && matches!(previous, 'e' | 'E'));
                previous = character;
                !goes_on
            })
            .unwrap_or(body.len());
        let digits = body[..length].replace('_', "");
        let json = number_json(&digits).ok_or_else(|| self.wrong("a number"))?;
        if rest.starts_with('-') {
            self.json.push('-');
        }
        self.json.push_str(&json);
        self.at += sign_bytes + length;
        Ok(())
    }

    /// Neighbouring strings are one.
    fn strings(&mut self) -> Result<(), String> {
        let mut text = String::new();
        while let Some(quote @ ('\'' | '"')) = self.peek() {
            self.string(quote, &mut text)?;
            self.skip_space();
        }
        self.json.push_str(&serde_json::Value::from(text).to_string());
        Ok(())
    }

    fn string(&mut self, quote: char, text: &mut String) -> Result<(), String> {
        self.expect(quote)?;
        loop {
            match self.take() {
                None | Some('\n') => return Err(format!("a string is not closed with {quote}")),
                Some(character) if character == quote => return Ok(()),
                Some('\\') => self.escape(text)?,
                Some(character) => text.push(character),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let escaped = self.take().ok_or("a string ends in \\")?;
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = self.text.get(self.at..self.at + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let character = code
                .and_then(char::from_u32)
                .ok_or_else(|| format!("\\{escaped} needs {digits} hexadecimal digits of a character"))?;
            self.at += digits;
            text.push(character);
            return Ok(());
        }
        match escaped {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '0' => text.push('\0'),
            'a' => text.push('\x07'),
            'b' => text.push('\x08'),
            'f' => text.push('\x0c'),
            'v' => text.push('\x0b'),
            '\n' => {}
            '\\' | '\'' | '"' => text.push(escaped),
            other => {
                let _ = write!(text, "\\{other}");
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn eat(&mut self, character: char) -> bool {
        let is_next = self.peek() == Some(character);
        self.at += if is_next { character.len_utf8() } else { 0 };
        is_next
    }

    fn expect(&mut self, character: char) -> Result<(), String> {
        if self.eat(character) { Ok(()) } else { Err(self.wrong(&format!("{character:?}"))) }
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.take();
        }
    }

    fn wrong(&self, expected: &str) -> String {
        match self.peek() {
            Some(found) => format!(
                "expected {expected} at character {}, found {found:?}",
                self.text[..self.at].chars().count() + 1
            ),
            None => format!("expected {expected}, found the end"),
        }
    }
}

/// Python's number as JSON's.
fn number_json(digits: &str) -> Option<String> {
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return u128::from_str_radix(rest, radix).ok().map(|value| value.to_string());
        }
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let trimmed = digits.trim_start_matches('0');
        let is_octal_of_old = trimmed.len() < digits.len() && !trimmed.is_empty();
        return (!is_octal_of_old).then(|| if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() });
    }
    let starts_right = lower.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let value: f64 = lower.parse().ok().filter(|value: &f64| starts_right && value.is_finite())?;
    Some(format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(to_json(text).as_deref(), Ok(expected), "{text}");
    }

    #[test]
    fn json_is_kept_as_it_is() {
        check("[10, 32]", "[10, 32]");
        check("123456789012345678901234567890", "123456789012345678901234567890");
    }

    #[test]
    fn python_literals_become_json() {
        check("['secret']", r#"["secret"]"#);
        check(r#"('a', "b\n\x41", 'it\'s', "x" 'y')"#, r#"["a","b\nA","it's","xy"]"#);
        check("[None, True, False]", "[null,true,false]");
        check("{'a': 1, 2: (3,), None: (4)}", r#"{"a":1,"2":[3],"null":4}"#);
        check("(1, 2)", "[1,2]");
        check("(1,)", "[1]");
        check("()", "[]");
        check("[1_000, 0xff, -1.5, +2, 1e3, .5, 5., 0]", "[1000,255,-1.5,2,1000.0,0.5,5.0,0]");
        check("[[], [1,], {}]", "[[],[1],{}]");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("[1, 2", "found the end"),
            ("[1 2]", "expected ']' at character 4"),
            ("['a]", "not closed"),
            ("[b'x']", "bytes are not JSON"),
            ("[secret]", "secret is not a literal"),
            ("[1] x", "expected the end"),
            ("[{1, 2}]", "expected ':'"),
            ("", "found the end"),
            ("[012]", "a number"),
            ("[--1]", "a number"),
        ] {
            let error = to_json(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn the_answer_is_always_json(text in "[\\[\\](){}'\"a-zN0-9.,:\\\\ +_-]{0,40}") {
            if let Ok(json) = to_json(&text) {
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok(), "{} -> {}", text, json);
            }
        }
    }
}
