//! The guest's own Python, as the tool that takes the snapshot hands it over on standard input: for each file a line
//! `NAME BYTES`, then so many bytes. The file `arrangement`, if there is one, is how the allocator is to arrange blocks: a line
//! of numbers for each group.

use crate::{allocator::GROUPS, files::read_stdin};
use std::collections::BTreeMap;

const ARRANGEMENT: &str = "arrangement";
/// Of each group.
const NUMBERS_MAX: usize = 4096;

/// All files by name, without `.py`, and the numbers of blocks for each group.
pub fn read() -> Result<(BTreeMap<String, String>, [Vec<u32>; GROUPS]), String> {
    let text = String::from_utf8(read_stdin()).map_err(|error| error.to_string())?;
    let (mut rest, mut sources) = (text.as_str(), BTreeMap::new());
    while let Some((header, after)) = rest.split_once('\n') {
        let (name, bytes) = header.split_once(' ').ok_or("a header is NAME BYTES")?;
        let bytes: usize = bytes.parse().map_err(|_| "a header ends in a number")?;
        let source = after.get(..bytes).ok_or("a source is shorter than its header says")?;
        sources.insert(name.to_owned(), source.to_owned());
        rest = &after[bytes..];
    }
    // How many there are must not show in where other blocks lie.
    let mut groups = std::array::from_fn(|_| Vec::with_capacity(NUMBERS_MAX));
    for (group, line) in groups.iter_mut().zip(sources.remove(ARRANGEMENT).unwrap_or_default().lines()) {
        for number in line.split_ascii_whitespace().take(NUMBERS_MAX) {
            group.push(number.parse().map_err(|_| "an arrangement has numbers")?);
        }
    }
    Ok((sources, groups))
}
