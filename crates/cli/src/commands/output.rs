//! What goes to the terminal.

use sandlot_protocol::Reply;
use std::io::Write;

/// A line on standard output. A reader that went away is no error.
pub(crate) fn line(text: &str) {
    raw(&format!("{text}\n"));
}

/// Standard output, as it is.
pub(crate) fn raw(text: &str) {
    bytes(text.as_bytes());
}

/// Standard output, as it is.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(bytes);
    let _ = stdout.flush();
}

/// Standard error, as it is.
pub(crate) fn error_bytes(bytes: &[u8]) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(bytes);
    let _ = stderr.flush();
}

/// A line on standard error.
pub(crate) fn error_line(text: &str) {
    error_bytes(format!("{text}\n").as_bytes());
}

/// The node's answer as one line of JSON.
pub(crate) fn json(reply: &Reply) {
    line(&reply.to_json(None));
}

/// Columns that line up; the first row is the head.
pub(crate) fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", shown(cell)));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Names and errors come from strangers: control characters must not reach the terminal.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
