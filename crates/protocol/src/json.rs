//! Messages as JSON text. Base64 goes behind its quote as it is: looking at each of its bytes for one that JSON writes
//! otherwise takes longer than sending it.

use serde::Serialize;

/// What a message without its data has in the data's place.
const EMPTY: &[u8] = b"\"data\":\"\"";

/// Writes a message behind what is there, and the id behind the object's other members.
pub(crate) fn append(message: &impl Serialize, request_id: Option<&str>, bytes: &mut Vec<u8>) {
    serde_json::to_writer(&mut *bytes, message).expect("a message has a JSON form");
    if let Some(id) = request_id {
        bytes.pop();
        bytes.extend_from_slice(b",\"request_id\":");
        bytes.extend_from_slice(id.as_bytes());
        bytes.push(b'}');
    }
}

/// The same, of a message whose member `data` is empty and is to be this.
pub(crate) fn append_with_data(message: &impl Serialize, data: &str, request_id: Option<&str>, bytes: &mut Vec<u8>) {
    let mut rest = Vec::new();
    append(message, request_id, &mut rest);
    // Inside of a string the quotes would not stand alone.
    let found = rest.windows(EMPTY.len()).position(|window| window == EMPTY);
    let (before, behind) = rest.split_at(found.expect("the message has an empty member `data`") + EMPTY.len() - 1);
    bytes.reserve(rest.len() + data.len());
    bytes.extend_from_slice(before);
    if is_plain(data) {
        bytes.extend_from_slice(data.as_bytes());
    } else {
        let quoted = serde_json::to_string(data).expect("text has a JSON form");
        bytes.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
    }
    bytes.extend_from_slice(behind);
}

/// Whether JSON has these bytes as they are.
fn is_plain(text: &str) -> bool {
    let is_special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    // Without a way out in between, so that many bytes are looked at in one step.
    text.as_bytes().chunks(4096).all(|part| !part.iter().fold(false, |found, &byte| found | is_special(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn data_is_where_it_would_be_otherwise(
            name in ".{0,20}|\"data\":\"\"", data in ".{0,60}|[A-Za-z0-9+/=]{0,9000}", id: Option<u8>,
        ) {
            let message = |data: &str| json!({"type": "X", "a": name, "data": data, "z": [1, {"data": "", "é": null}]});
            let id = id.map(|id| id.to_string());
            let (mut expected, mut found) = (b"before".to_vec(), b"before".to_vec());
            append(&message(&data), id.as_deref(), &mut expected);
            append_with_data(&message(""), &data, id.as_deref(), &mut found);
            prop_assert_eq!(String::from_utf8(found).unwrap(), String::from_utf8(expected).unwrap());
        }
    }
}
