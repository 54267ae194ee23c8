//! The lines that go in, the answers that come out, and where an interrupted map was.

use crate::exit::Usage;
use anyhow::{Context, Result, bail};
use sandlot_protocol::{RawJson, limits::TASK_INPUT_BYTES_MAX};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// One input.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) index: u64,
    pub(super) value: RawJson,
}

/// A file of JSON values, one a line; empty lines are none.
#[derive(Debug)]
pub(super) struct Inputs {
    reader: BufReader<File>,
    name: String,
    next_index: u64,
    line_number: u64,
    count: u64,
    is_counted: bool,
    digest: String,
    /// Of what was read since it was counted.
    read_again: blake3::Hasher,
}

impl Inputs {
    /// Opens the file and looks at all of it, so that what is wrong is told before anything runs.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot read the inputs {name}"))?;
        let mut inputs = Self {
            reader: BufReader::with_capacity(1 << 16, file),
            name,
            next_index: 0,
            line_number: 0,
            count: 0,
            is_counted: false,
            digest: String::new(),
            read_again: blake3::Hasher::new(),
        };
        while inputs.next_line()?.is_some() {}
        inputs.count = inputs.next_index;
        inputs.is_counted = true;
        inputs.digest = std::mem::take(&mut inputs.read_again).finalize().to_hex().to_string();
        (inputs.next_index, inputs.line_number) = (0, 0);
        let rewinding = inputs.reader.seek(SeekFrom::Start(0));
        rewinding.with_context(|| format!("the inputs {} must be a file: they are read twice", inputs.name))?;
        Ok(inputs)
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn next_index(&self) -> u64 {
        self.next_index
    }

    /// All of them were read twice, and were the same both times.
    pub(super) fn are_unchanged(&self) -> Result<()> {
        if self.read_again.finalize().to_hex().to_string() != self.digest {
            bail!("{} was changed while it was read: the answers are not of one version of it", self.name);
        }
        Ok(())
    }

    /// Goes past the inputs that are answered already.
    pub(super) fn skip(&mut self, count: u64) -> Result<()> {
        while self.next_index < count {
            if self.next_line()?.is_none() {
                bail!("the output has more answers than {} has inputs", self.name);
            }
        }
        Ok(())
    }

    /// The next input, of those that there were when the file was opened.
    pub(super) fn next_line(&mut self) -> Result<Option<Line>> {
        if self.is_counted && self.next_index >= self.count {
            return Ok(None);
        }
        loop {
            let mut bytes = Vec::new();
            let mut limited = (&mut self.reader).take(TASK_INPUT_BYTES_MAX + 1);
            let read = limited.read_until(b'\n', &mut bytes).with_context(|| format!("cannot read {}", self.name))?;
            if read == 0 && self.is_counted {
                bail!("{} has become shorter while it was read", self.name);
            }
            if read == 0 {
                return Ok(None);
            }
            self.line_number += 1;
            let place = || format!("{} line {}", self.name, self.line_number);
            if read as u64 > TASK_INPUT_BYTES_MAX {
                return Err(Usage(format!("{} is longer than {TASK_INPUT_BYTES_MAX} bytes", place())).into());
            }
            let text = bytes.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let value: RawJson = serde_json::from_slice(text)
                .map_err(|error| Usage(format!("{} is not JSON: {error}; every line is one value", place())))?;
            self.read_again.update(value.get().as_bytes()).update(b"\n");
            self.next_index += 1;
            return Ok(Some(Line { index: self.next_index - 1, value }));
        }
    }
}

/// What lies beside the output as long as the map has not ended.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// Of the program, the inputs and what was asked.
    map: String,
}

/// The output, and the mark beside it, must not be a file that is read.
pub(super) fn check_output(output: &Path, read: &[&Path]) -> Result<()> {
    let place = |path: &Path| std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let output = resolved(output);
    if output.exists() && !output.is_file() {
        return Err(Usage(format!("{} is no file: the answers need one", output.display())).into());
    }
    for written in [mark_of(&output), output] {
        for read in read {
            if place(&written).is_some_and(|written| Some(written) == place(read)) {
                let text = format!(
                    "{} is read: the answers would overwrite it ({}); they must go elsewhere",
                    read.display(),
                    written.display()
                );
                return Err(Usage(text).into());
            }
        }
    }
    Ok(())
}

/// The file itself, whatever links lead to it.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The answers, in the order of the inputs.
#[derive(Debug)]
pub(super) struct Answers {
    writer: Writer,
    /// Locked as long as this map writes: two must not write one output.
    mark: Option<(PathBuf, File)>,
    written: u64,
    failed_before: u64,
    waiting: BTreeMap<u64, String>,
    waiting_bytes: usize,
}

#[derive(Debug)]
enum Writer {
    File(BufWriter<File>),
    Stdout,
}

impl Answers {
    /// Begins the output, or goes on with that of the same map.
    pub(super) fn open(path: Option<&Path>, map: &str, overwrite: bool) -> Result<Self> {
        let started = |writer, mark, (written, failed_before)| Self {
            writer,
            mark,
            written,
            failed_before,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
        };
        let Some(path) = path else { return Ok(started(Writer::Stdout, None, (0, 0))) };
        let path = &resolved(path);
        let name = path.display();
        let is_there = path.exists();
        let mark_path = mark_of(path);
        let marking = || format!("cannot write {}", mark_path.display());
        if is_there && !overwrite && !mark_path.exists() {
            return Err(Usage(format!("{name} is there already; --overwrite replaces it")).into());
        }
        let mut mark = OpenOptions::new();
        let mut mark =
            mark.read(true).write(true).create(true).truncate(false).open(&mark_path).with_context(marking)?;
        if mark.try_lock().is_err() {
            return Err(Usage(format!("{name} is being written by another map")).into());
        }
        let mut text = String::new();
        mark.read_to_string(&mut text).with_context(marking)?;
        let known: Option<Mark> = serde_json::from_str(&text).ok();
        if known.is_none() && !text.is_empty() {
            let text = format!(
                "{} is in the way, and was not made by a map: move it, or name another output",
                mark_path.display()
            );
            return Err(Usage(text).into());
        }
        let is_same = known.is_some_and(|known| known.map == map);
        let opening = || format!("cannot write {name}");
        if is_same && !overwrite {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
            let mut file = file.with_context(opening)?;
            let lines = whole_lines(&mut file)?;
            return Ok(started(Writer::File(BufWriter::new(file)), Some((mark_path, mark)), lines));
        }
        if is_there && !overwrite {
            let text = format!("{name} belongs to another map: its program or inputs differ; --overwrite begins anew");
            return Err(Usage(text).into());
        }
        let file = File::create(path).with_context(opening)?;
        mark.set_len(0).and_then(|()| mark.seek(SeekFrom::Start(0))).with_context(marking)?;
        serde_json::to_writer(&mut mark, &Mark { map: map.to_owned() })?;
        Ok(started(Writer::File(BufWriter::new(file)), Some((mark_path, mark)), (0, 0)))
    }

    /// Inputs that had failed when the map went on.
    pub(super) fn failed_before(&self) -> u64 {
        self.failed_before
    }

    /// Inputs whose answers stand in the output.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// How far this input is ahead of the first that is not answered.
    pub(super) fn ahead(&self, index: u64) -> usize {
        usize::try_from(index.saturating_sub(self.written)).unwrap_or(usize::MAX)
    }

    /// Bytes of answers that wait for an earlier one.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// An answer; it is written once all before it are.
    pub(super) fn put(&mut self, index: u64, line: &str) -> Result<()> {
        self.waiting_bytes += line.len();
        self.waiting.insert(index, format!("{line}\n"));
        let mut is_new = false;
        while let Some(line) = self.waiting.remove(&self.written) {
            self.waiting_bytes -= line.len() - 1;
            self.written += 1;
            is_new = true;
            match &mut self.writer {
                Writer::File(file) => file.write_all(line.as_bytes()).context("cannot write the output")?,
                Writer::Stdout => write_out(&line)?,
            }
        }
        if let (true, Writer::File(file)) = (is_new, &mut self.writer) {
            file.flush().context("cannot write the output")?;
        }
        Ok(())
    }

    /// All inputs are answered.
    pub(super) fn finish(&mut self, count: u64) -> Result<()> {
        if self.written != count {
            bail!("{} of {count} inputs are answered: the output and the inputs do not fit", self.written);
        }
        if let Writer::File(file) = &mut self.writer {
            file.flush().and_then(|()| file.get_ref().sync_all()).context("cannot write the output")?;
        }
        if let Some((path, _)) = self.mark.take() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }
}

fn write_out(line: &str) -> Result<()> {
    std::io::stdout().lock().write_all(line.as_bytes()).context("nobody reads the output any more")
}

fn mark_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".map");
    path.with_file_name(name)
}

/// Counts the lines that are whole, and those of failures among them; cuts off what is not whole.
fn whole_lines(file: &mut File) -> Result<(u64, u64)> {
    let mut reader = BufReader::with_capacity(1 << 16, &mut *file);
    let (mut count, mut failed, mut end) = (0, 0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).context("cannot read the output")?;
        if !line.ends_with(b"\n") {
            break;
        }
        count += 1;
        failed += u64::from(is_failure(&line));
        end += read as u64;
    }
    drop(reader);
    file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).context("cannot write the output")?;
    Ok((count, failed))
}

/// Behind the index of an answer stands its result, or how it failed.
fn is_failure(line: &[u8]) -> bool {
    let behind = line.iter().position(|byte| *byte == b',').map(|comma| &line[comma..]);
    behind.is_some_and(|behind| behind.starts_with(b",\"outcome\":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_inputs_and_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let mut answers = Answers::open(Some(&path), "this map", false).unwrap();
        for index in [2, 0, 1, 4] {
            answers.put(index, &format!("answer {index}")).unwrap();
        }
        assert_eq!((answers.written(), answers.ahead(5), answers.waiting_bytes()), (3, 2, "answer 4".len()));
        drop(answers);
        // Killed while it wrote a line.
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"answ").unwrap();
        let refused = Answers::open(Some(&path), "another map", false).unwrap_err().to_string();
        assert!(refused.contains("belongs to another map"), "{refused}");
        let mut answers = Answers::open(Some(&path), "this map", false).unwrap();
        assert_eq!((answers.written(), answers.failed_before()), (3, 0));
        let second = Answers::open(Some(&path), "this map", false).unwrap_err().to_string();
        assert!(second.contains("is being written by another map"), "{second}");
        answers.put(3, "{\"index\":3,\"outcome\":\"timeout\"}").unwrap();
        assert!(answers.finish(5).is_err(), "one is missing");
        drop(answers);
        let mut answers = Answers::open(Some(&path), "this map", false).unwrap();
        assert_eq!((answers.written(), answers.failed_before()), (4, 1));
        answers.finish(4).unwrap();
        let text = "answer 0\nanswer 1\nanswer 2\n{\"index\":3,\"outcome\":\"timeout\"}\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        let refused = Answers::open(Some(&path), "this map", false).unwrap_err().to_string();
        assert!(refused.contains("is there already; --overwrite replaces it"), "{refused}");
        assert_eq!(Answers::open(Some(&path), "this map", true).unwrap().written(), 0);
        std::fs::write(mark_of(&path), "somebody's notes").unwrap();
        let refused = Answers::open(Some(&path), "this map", true).unwrap_err().to_string();
        assert!(refused.contains("is in the way"), "{refused}");
        assert_eq!(std::fs::read_to_string(mark_of(&path)).unwrap(), "somebody's notes");
    }

    #[test]
    fn inputs_are_checked_before_anything_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.jsonl");
        std::fs::write(&path, "1\n\n [2, 3] \n{\"a\": 123456789012345678901234567890}").unwrap();
        let mut inputs = Inputs::open(&path).unwrap();
        assert_eq!(inputs.count(), 3);
        inputs.skip(1).unwrap();
        let lines: Vec<String> = std::iter::from_fn(|| inputs.next_line().unwrap())
            .map(|line| format!("{} {}", line.index, line.value.get()))
            .collect();
        assert_eq!(lines, ["1 [2, 3]", "2 {\"a\": 123456789012345678901234567890}"]);
        inputs.are_unchanged().unwrap();
        let (link, marked) = (folder.path().join("link"), folder.path().join("in"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        std::fs::rename(&path, mark_of(&marked)).unwrap();
        for (output, read) in [(&marked, mark_of(&marked)), (&mark_of(&marked), mark_of(&marked))] {
            let refused = check_output(output, &[&read]).unwrap_err().to_string();
            assert!(refused.contains("the answers would overwrite it"), "{refused}");
        }
        std::fs::rename(mark_of(&marked), &path).unwrap();
        let refused = check_output(&link, &[&path]).unwrap_err().to_string();
        assert!(refused.contains("the answers would overwrite it"), "{refused}");
        assert!(check_output(folder.path(), &[]).unwrap_err().to_string().contains("is no file"));
        check_output(&marked, &[&path]).unwrap();
        std::fs::write(&path, "1\n\n [2, 4] \n{\"a\": 123456789012345678901234567890}").unwrap();
        inputs.reader.seek(SeekFrom::Start(0)).unwrap();
        (inputs.next_index, inputs.read_again) = (0, blake3::Hasher::new());
        inputs.skip(3).unwrap();
        assert!(inputs.are_unchanged().unwrap_err().to_string().contains("was changed while it was read"));
        std::fs::write(&path, "1\n").unwrap();
        inputs.reader.seek(SeekFrom::Start(0)).unwrap();
        inputs.next_index = 0;
        assert!(inputs.skip(3).unwrap_err().to_string().contains("has become shorter"));
        std::fs::write(&path, "1\nnope\n").unwrap();
        let refused = Inputs::open(&path).unwrap_err().to_string();
        assert!(refused.contains("in.jsonl line 2 is not JSON"), "{refused}");
    }
}
