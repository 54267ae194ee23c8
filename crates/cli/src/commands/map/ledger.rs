//! The lines that go in, the answers that come out, and where an interrupted map was.

use crate::exit::Usage;
use anyhow::{Context, Result, bail};
use sandlot_protocol::{RawJson, limits::TASK_INPUT_BYTES_MAX};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
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
    digest: String,
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
            digest: String::new(),
        };
        let mut hasher = blake3::Hasher::new();
        while let Some(line) = inputs.next_line()? {
            hasher.update(line.value.get().as_bytes());
            hasher.update(b"\n");
        }
        inputs.count = inputs.next_index;
        inputs.digest = hasher.finalize().to_hex().to_string();
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

    /// Goes past the inputs that are answered already.
    pub(super) fn skip(&mut self, count: u64) -> Result<()> {
        while self.next_index < count {
            if self.next_line()?.is_none() {
                bail!("{} has become shorter while it was read", self.name);
            }
        }
        Ok(())
    }

    pub(super) fn next_line(&mut self) -> Result<Option<Line>> {
        loop {
            let mut bytes = Vec::new();
            let mut limited = (&mut self.reader).take(TASK_INPUT_BYTES_MAX + 1);
            let read = limited.read_until(b'\n', &mut bytes).with_context(|| format!("cannot read {}", self.name))?;
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
            let value = serde_json::from_slice(text)
                .map_err(|error| Usage(format!("{} is not JSON: {error}; every line is one value", place())))?;
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

/// The answers, in the order of the inputs.
#[derive(Debug)]
pub(super) struct Answers {
    writer: Writer,
    mark: Option<PathBuf>,
    written: u64,
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
        let started =
            |writer, mark, written| Self { writer, mark, written, waiting: BTreeMap::new(), waiting_bytes: 0 };
        let Some(path) = path else { return Ok(started(Writer::Stdout, None, 0)) };
        let mark = mark_of(path);
        let known: Option<Mark> = match std::fs::read(&mark) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", mark.display())),
        };
        let opening = || format!("cannot write {}", path.display());
        let is_same = known.as_ref().is_some_and(|known| known.map == map);
        if is_same && !overwrite {
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
            let file = file.as_mut().map_err(|error| anyhow::anyhow!("{}: {error}", opening()))?;
            let written = whole_lines(file)?;
            let file = file.try_clone().with_context(opening)?;
            return Ok(started(Writer::File(BufWriter::new(file)), Some(mark), written));
        }
        if path.exists() && !overwrite {
            let name = path.display();
            let text = match known {
                Some(_) => {
                    format!("{name} belongs to another map: its program or inputs differ; --overwrite begins anew")
                }
                None => format!("{name} is there already; --overwrite replaces it"),
            };
            return Err(Usage(text).into());
        }
        let file = File::create(path).with_context(opening)?;
        let text = serde_json::to_vec(&Mark { map: map.to_owned() })?;
        std::fs::write(&mark, text).with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(started(Writer::File(BufWriter::new(file)), Some(mark), 0))
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
    pub(super) fn finish(&mut self) -> Result<()> {
        if let Writer::File(file) = &mut self.writer {
            file.flush().and_then(|()| file.get_ref().sync_all()).context("cannot write the output")?;
        }
        if let Some(mark) = self.mark.take() {
            std::fs::remove_file(&mark).with_context(|| format!("cannot remove {}", mark.display()))?;
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

/// Counts the lines that are whole, and cuts off what is not.
fn whole_lines(file: &mut File) -> Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, &mut *file);
    let (mut count, mut end, mut at) = (0, 0, 0);
    loop {
        let buffer = reader.fill_buf().context("cannot read the output")?;
        if buffer.is_empty() {
            break;
        }
        for (offset, byte) in buffer.iter().enumerate() {
            if *byte == b'\n' {
                count += 1;
                end = at + offset as u64 + 1;
            }
        }
        let length = buffer.len();
        at += length as u64;
        reader.consume(length);
    }
    drop(reader);
    file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).context("cannot write the output")?;
    Ok(count)
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
        assert_eq!(answers.written(), 3);
        answers.put(3, "answer 3").unwrap();
        answers.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "answer 0\nanswer 1\nanswer 2\nanswer 3\n");
        let refused = Answers::open(Some(&path), "this map", false).unwrap_err().to_string();
        assert!(refused.contains("is there already; --overwrite replaces it"), "{refused}");
        assert_eq!(Answers::open(Some(&path), "this map", true).unwrap().written(), 0);
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
        std::fs::write(&path, "1\nnope\n").unwrap();
        let refused = Inputs::open(&path).unwrap_err().to_string();
        assert!(refused.contains("in.jsonl line 2 is not JSON"), "{refused}");
    }
}
