//! Files that go along with a program and come back from it.

use crate::exit::Usage;
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sandlot_protocol::{
    Outcome, TaskFile,
    limits::{TASK_FILES_BYTES_MAX, TASK_FILES_MAX},
};
use std::{
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
};
use zip::ZipArchive;

/// Where a program of several modules starts.
pub(crate) const MAIN: &str = "__main__.py";
/// The folder of the task in which it finds packages.
const PACKAGES: &str = "/packages";
/// How a zip starts, one without files too.
const ZIP_STARTS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// Names of zips end so.
const ZIP_ENDS: [&str; 3] = ["pyz", "whl", "zip"];
/// Names of compiled modules end so.
const COMPILED_ENDS: [&str; 4] = [".so", ".pyd", ".dylib", ".dll"];

/// Files by their path, before they are sent.
type Files = Vec<(String, Vec<u8>)>;

/// Files as they are gathered, so that too many are noticed before they fill the memory.
#[derive(Default)]
struct Gathered {
    files: Files,
    bytes: u64,
}

/// A program that is a folder or a zip: the text of its first module, and all its files. `None` for a plain file.
pub(crate) fn program(path: &Path) -> Result<Option<(String, Vec<TaskFile>)>> {
    let Some(files) = folder_or_zip(path)? else { return Ok(None) };
    let main = files.iter().find(|(name, _)| name == MAIN).map(|(_, content)| content.clone());
    let main = main.ok_or_else(|| {
        Usage(format!("{} has no {MAIN}: a folder or zip is a program when it starts there", path.display()))
    })?;
    let main = String::from_utf8(main).with_context(|| format!("{MAIN} in {} is not UTF-8", path.display()))?;
    Ok(Some((main, files.into_iter().filter(|(name, _)| name != MAIN).map(to_send).collect())))
}

/// A package for `--with`: all its files, in the folder for packages.
pub(crate) fn package(path: &Path) -> Result<Vec<TaskFile>> {
    let shown = path.display();
    let files: Files = match folder_or_zip(path)? {
        // The folder itself is the package, as the zip's content is.
        Some(files) if path.is_dir() => {
            let name = name_of(path)?;
            files.into_iter().map(|(file, content)| (format!("{name}/{file}"), content)).collect()
        }
        Some(files) => files.into_iter().map(|(file, content)| (installed(file), content)).collect(),
        None => return Err(Usage(format!("{shown} is no wheel, zip or folder")).into()),
    };
    if let Some((name, _)) = files.iter().find(|(name, _)| COMPILED_ENDS.iter().any(|end| name.ends_with(end))) {
        let text = format!("{shown} contains compiled code ({name}): the sandbox runs packages of pure Python only");
        return Err(Usage(text).into());
    }
    Ok(files.into_iter().map(|(name, content)| to_send((format!("{PACKAGES}/{name}"), content))).collect())
}

/// Where an installer puts a wheel's file: what lies in `NAME.data/purelib` goes beside the rest.
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>
fn installed(file: String) -> String {
    let moved = file.split_once('/').filter(|(folder, _)| folder.ends_with(".data")).and_then(|(_, rest)| {
        rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/")).map(str::to_owned)
    });
    moved.unwrap_or(file)
}

/// What `--file LOCAL[=NAME]` names.
pub(crate) fn sent(argument: &str) -> Result<Vec<TaskFile>> {
    let (local, name) = halves(argument);
    let path = Path::new(local);
    let name = name.map_or_else(|| name_of(path), |name| Ok(name.to_owned()))?;
    let files = if path.is_dir() {
        let inside = folder(path)?;
        inside.into_iter().map(|(file, content)| (format!("{name}/{file}"), content)).collect()
    } else {
        vec![(name, read(path)?)]
    };
    Ok(files.into_iter().map(to_send).collect())
}

/// What `--out NAME[=LOCAL]` names: the task's file, and where it goes here.
pub(crate) fn out(argument: &str) -> (&str, PathBuf) {
    let (name, local) = halves(argument);
    // Without a name of its own it comes back beside the others, whatever folder it was in there.
    let last = name.rsplit('/').next().unwrap_or(name);
    (name, PathBuf::from(local.unwrap_or(last)))
}

/// Writes the files that came back.
///
/// # Errors
/// When one cannot be written, or did not come though the program ended well.
pub(crate) fn keep(arguments: &[String], files: &[TaskFile], outcome: Outcome) -> Result<()> {
    for (name, local) in arguments.iter().map(|argument| out(argument)) {
        let Some(file) = files.iter().find(|file| file.name == name) else {
            if outcome == Outcome::Ok {
                anyhow::bail!("the program left no file {name}");
            }
            continue;
        };
        let content = BASE64.decode(&file.data).with_context(|| format!("the peer sent {name} damaged"))?;
        fs::write(&local, content).with_context(|| format!("cannot write {}", local.display()))?;
    }
    Ok(())
}

/// Files as the sandbox takes them.
pub(crate) fn decoded(files: Vec<TaskFile>) -> Result<Files> {
    files.into_iter().map(|file| Ok((file.name, BASE64.decode(&file.data)?))).collect()
}

/// Files as replies show them.
pub(crate) fn encoded(files: &[(String, Vec<u8>)]) -> Vec<TaskFile> {
    files.iter().cloned().map(to_send).collect()
}

fn to_send((name, content): (String, Vec<u8>)) -> TaskFile {
    TaskFile { name, data: BASE64.encode(content) }
}

fn halves(argument: &str) -> (&str, Option<&str>) {
    argument.split_once('=').map_or((argument, None), |(one, other)| (one, Some(other)))
}

fn name_of(path: &Path) -> Result<String> {
    let whole = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    let name = whole.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("{} has no name that is UTF-8", path.display()))?.to_owned())
}

fn folder_or_zip(path: &Path) -> Result<Option<Files>> {
    if path.is_dir() {
        return folder(path).map(Some);
    }
    // What can be read only once, as a shell's <(...), is a program's text.
    if !path.is_file() {
        return Ok(None);
    }
    let shown = path.display();
    let mut file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let mut start = [0; 4];
    let starts_so = file.read_exact(&mut start).is_ok() && ZIP_STARTS.contains(&start.as_slice());
    // A zip may have a first line for the shell before it.
    let ends_so = path.extension().is_some_and(|end| ZIP_ENDS.iter().any(|known| end == *known));
    if !starts_so && !ends_so {
        return Ok(None);
    }
    file.rewind()?;
    unzip(file).with_context(|| format!("cannot read the zip {shown}")).map(Some)
}

fn unzip(file: File) -> Result<Files> {
    let mut archive = ZipArchive::new(file)?;
    let mut gathered = Gathered::default();
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.enclosed_name().and_then(|name| name.to_str().map(str::to_owned));
        let name = name.with_context(|| format!("its entry {:?} is no path", entry.name()))?;
        let mut content = Vec::new();
        entry.take(TASK_FILES_BYTES_MAX + 1).read_to_end(&mut content)?;
        gathered.add(name, content)?;
    }
    Ok(gathered.files)
}

/// All files of a folder, without hidden ones, which may be secrets, and without compiled modules that Python keeps for
/// itself. Links are followed to files inside only; pipes and the like are left out.
fn folder(path: &Path) -> Result<Files> {
    let mut gathered = Gathered::default();
    let root = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    let mut rest = vec![(path.to_owned(), String::new())];
    while let Some((folder, prefix)) = rest.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| Usage(format!("the name {} is not UTF-8", name.display())))?;
            if name.starts_with('.') || name == "__pycache__" {
                continue;
            }
            let (path, name) = (entry.path(), format!("{prefix}{name}"));
            let kind = entry.file_type()?;
            let leads_inside = || path.canonicalize().is_ok_and(|real| real.is_file() && real.starts_with(&root));
            if kind.is_dir() {
                rest.push((path, format!("{name}/")));
            } else if kind.is_file() || (kind.is_symlink() && leads_inside()) {
                gathered.add(name, read(&path)?)?;
            }
        }
    }
    gathered.files.sort();
    Ok(gathered.files)
}

/// A file, and no more of it than can be sent.
fn read(path: &Path) -> Result<Vec<u8>> {
    let (shown, mut content) = (path.display(), Vec::new());
    let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    file.take(TASK_FILES_BYTES_MAX + 1).read_to_end(&mut content).with_context(|| format!("cannot read {shown}"))?;
    Ok(content)
}

impl Gathered {
    fn add(&mut self, name: String, content: Vec<u8>) -> Result<()> {
        self.bytes += content.len() as u64;
        self.files.push((name, content));
        if self.files.len() > TASK_FILES_MAX || self.bytes > TASK_FILES_BYTES_MAX {
            let text = format!("more than {TASK_FILES_MAX} files or {TASK_FILES_BYTES_MAX} bytes cannot be sent");
            return Err(Usage(text).into());
        }
        Ok(())
    }
}
