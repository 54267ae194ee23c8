//! The guest's own Python, as the tool that takes the snapshot hands it over on standard input: for each file a line
//! `NAME BYTES`, then so many bytes.

use crate::files::read_stdin;
use std::collections::BTreeMap;

/// All files by name, without `.py`.
pub fn read() -> Result<BTreeMap<String, String>, String> {
    let text = String::from_utf8(read_stdin()).map_err(|error| error.to_string())?;
    let (mut rest, mut sources) = (text.as_str(), BTreeMap::new());
    while let Some((header, after)) = rest.split_once('\n') {
        let (name, bytes) = header.split_once(' ').ok_or("a header is NAME BYTES")?;
        let bytes: usize = bytes.parse().map_err(|_| "a header ends in a number")?;
        let source = after.get(..bytes).ok_or("a source is shorter than its header says")?;
        sources.insert(name.to_owned(), source.to_owned());
        rest = &after[bytes..];
    }
    Ok(sources)
}
