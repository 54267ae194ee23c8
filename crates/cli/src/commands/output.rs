//! What goes to the terminal.

use sandlot_protocol::Reply;
use std::io::{IsTerminal, Write};

/// A line on standard output. A reader that went away is no error.
pub(crate) fn line(text: &str) {
    raw(&format!("{text}\n"));
}

/// Standard output, as it is.
pub(crate) fn raw(text: &str) {
    bytes(text.as_bytes());
}

/// What a program printed. Says whether somebody still reads it.
pub(crate) fn printed(stdout: &str, stderr: &str) -> bool {
    let mut out = std::io::stdout().lock();
    let text = if out.is_terminal() { tame(stdout) } else { stdout.to_owned() };
    let is_read = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok();
    drop(out);
    program_error(stderr);
    is_read
}

/// What a program printed on standard error, or its traceback.
pub(crate) fn program_error(stderr: &str) {
    let is_terminal = std::io::stderr().is_terminal();
    error_bytes(if is_terminal { tame(stderr) } else { stderr.to_owned() }.as_bytes());
}

/// A stranger's text for a terminal: colours stay, whatever else could move the cursor, rename the window or type for
/// the reader goes.
fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(|character: char| character.is_control() && !"\n\t".contains(character)) {
        tamed.push_str(&rest[..place]);
        rest = &rest[place..];
        let colour = rest.strip_prefix("\x1b[").and_then(|after| {
            let end = after.find(|character: char| !character.is_ascii_digit() && character != ';')?;
            after[end..].starts_with('m').then_some("\x1b[".len() + end + 1)
        });
        match colour {
            Some(length) => {
                tamed.push_str(&rest[..length]);
                rest = &rest[length..];
            }
            None => {
                tamed.push(char::REPLACEMENT_CHARACTER);
                rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
            }
        }
    }
    tamed.push_str(rest);
    tamed
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
    let widths = match terminal_size::terminal_size_of(std::io::stdout()) {
        Some((columns, _)) => fitted(widths, usize::from(columns.0)),
        None => widths,
    };
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", cut(&shown(cell), *width)));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// The widest columns give way until all fit beside each other, as far as they can.
fn fitted(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    const WIDTH_MIN: usize = 8;
    let gaps = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > WIDTH_MIN => *widest -= 1,
            _ => break,
        }
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Names and errors come from strangers: control characters must not reach the terminal.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_terminal() {
        assert_eq!(fitted(vec![5, 40, 10], 40), [5, 21, 10]);
        assert_eq!(fitted(vec![20, 20], 4), [8, 8], "what cannot fit stays readable");
        assert_eq!(fitted(vec![5, 5], 40), [5, 5]);
        assert_eq!((cut("abcdef", 4).as_str(), cut("abc", 4).as_str()), ("abc…", "abc"));
    }

    #[test]
    fn colours_stay_and_other_escapes_go() {
        assert_eq!(tame("a\tü\n\x1b[1;31mred\x1b[0m"), "a\tü\n\x1b[1;31mred\x1b[0m");
        assert_eq!(
            tame("\x1b]0;owned\x07 \x1b[2J\r\u{9b}5n"),
            "\u{fffd}]0;owned\u{fffd} \u{fffd}[2J\u{fffd}\u{fffd}5n"
        );
        assert_eq!(tame("\x1b[31"), "\u{fffd}[31");
    }
}
