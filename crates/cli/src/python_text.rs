//! A JSON value as Python would print it. A string by itself is printed bare.

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt::Write;

/// Deeper values are printed as JSON.
const DEPTH_MAX: usize = 300;

/// `print(value)`.
pub(crate) fn print(value: &RawValue) -> String {
    match serde_json::from_str::<String>(value.get()) {
        Ok(text) => text,
        Err(_) => repr(value),
    }
}

/// `repr(value)`.
pub(crate) fn repr(value: &RawValue) -> String {
    let mut text = String::new();
    write_repr(value, 0, &mut text);
    text
}

fn write_repr(value: &RawValue, depth: usize, text: &mut String) {
    let json = value.get();
    match json.as_bytes().first() {
        _ if depth > DEPTH_MAX => text.push_str(json),
        Some(b'n') => text.push_str("None"),
        Some(b't') => text.push_str("True"),
        Some(b'f') => text.push_str("False"),
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(string) => write_string(&string, text),
            Err(_) => text.push_str(json),
        },
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            write_items(items.into_iter(), ('[', ']'), text, |item, text| write_repr(item, depth + 1, text));
        }
        Some(b'{') => {
            let items = members(json);
            write_items(items.into_iter(), ('{', '}'), text, |(name, item), text| {
                write_string(&name, text);
                text.push_str(": ");
                write_repr(&item, depth + 1, text);
            });
        }
        _ => text.push_str(&number(json)),
    }
}

fn write_items<T>(
    items: impl Iterator<Item = T>,
    ends: (char, char),
    text: &mut String,
    write: impl Fn(T, &mut String),
) {
    text.push(ends.0);
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write(item, text);
    }
    text.push(ends.1);
}

/// An object's members in their own order.
fn members(json: &str) -> Vec<(String, Box<RawValue>)> {
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, Box<RawValue>)>;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_map(InOrder).unwrap_or_default()
}

/// Python prefers single quotes, and double ones where the text has single ones only.
fn write_string(string: &str, text: &mut String) {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for character in string.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            character if character == quote => {
                text.push('\\');
                text.push(quote);
            }
            character if character < ' ' || ('\u{7f}'..='\u{a0}').contains(&character) || character == '\u{ad}' => {
                let _ = write!(text, "\\x{:02x}", character as u32);
            }
            character => text.push(character),
        }
    }
    text.push(quote);
}

/// Integers as they are; floats as Python writes them: `1e+16`, `1e-05`, `1000.0`.
fn number(json: &str) -> String {
    if !json.contains(['.', 'e', 'E']) {
        return json.to_owned();
    }
    let Ok(value) = json.parse::<f64>() else { return json.to_owned() };
    if value.is_infinite() {
        return if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value == 0.0 || (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &str) {
        let value = sandlot_protocol::raw_json(json.to_owned()).unwrap();
        assert_eq!(print(&value), expected);
    }

    #[test]
    fn values_look_like_python() {
        check("42", "42");
        check("\"SECRET\"", "SECRET");
        check("[\"it's\", \"a\\\"b'c\", \"x\\n\\u0001\", null, true]", r#"["it's", 'a"b\'c', 'x\n\x01', None, True]"#);
        check(r#"{"b": [1, {}], "a": false}"#, "{'b': [1, {}], 'a': False}");
        check("123456789012345678901234567890", "123456789012345678901234567890");
        check("null", "None");
    }

    #[test]
    fn floats_look_like_python() {
        for (json, expected) in [
            ("1e300", "1e+300"),
            ("1.5", "1.5"),
            ("1000.0", "1000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.25e-5", "1.25e-05"),
            ("0.0001", "0.0001"),
            ("-0.0", "-0.0"),
            ("0.1", "0.1"),
        ] {
            check(json, expected);
        }
    }
}
