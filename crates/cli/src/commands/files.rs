//! Files of the peer.

use crate::{
    args::{GetFileArguments, ListArguments, NodeArguments, PutFileArguments},
    commands::{client, keys, output, tasks},
    exit::Usage,
};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use sandlot_client::transfer::{Transferred, get_file, put_file};
use sandlot_protocol::{
    FileName, Request, StatusReply,
    request::{FileQuestion, ListFiles},
};
use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

/// `sandlot put-file`.
pub(crate) async fn put(node: &NodeArguments, arguments: PutFileArguments) -> Result<ExitCode> {
    let path = arguments.filepath;
    let filename = match arguments.filename {
        Some(filename) => filename,
        None => {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.parse().map_err(|error| Usage(format!("{}: {error}; --filename gives it a name", path.display())))?
        }
    };
    let source = tokio::fs::File::open(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
    let metadata = source.metadata().await.with_context(|| format!("cannot read {}", path.display()))?;
    if !metadata.is_file() {
        return Err(Usage(format!("{} is not a file", path.display())).into());
    }
    let bar = bar(metadata.len());
    let stored = put_file(&client(node), &filename, source, metadata.len(), |bytes| bar.set_position(bytes)).await;
    bar.finish_and_clear();
    let stored = stored?;
    tell(node, "PUT_FILE", &filename, &stored, &format!("File stored: {filename} ({} bytes)", stored.bytes));
    Ok(ExitCode::SUCCESS)
}

/// `sandlot get-file`. The local file is there whole or not at all.
pub(crate) async fn get(node: &NodeArguments, arguments: GetFileArguments) -> Result<ExitCode> {
    let filename = arguments.filename;
    let path = arguments.save.unwrap_or_else(|| PathBuf::from(filename.as_str()));
    let folder =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Into::into);
    let local = || format!("cannot write {}", path.display());
    let part = folder.join(format!(".sandlot-{}.part", std::process::id()));
    let target = tokio::fs::File::create(&part).await.with_context(local)?;
    let bar = bar(0);
    let client = client(node);
    let fetched = get_file(&client, &filename, target, |bytes, total| {
        bar.set_length(total);
        bar.set_position(bytes);
    });
    let fetched = tokio::select! {
        fetched = fetched => fetched.map_err(anyhow::Error::new),
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    bar.finish_and_clear();
    let fetched = match fetched {
        Ok(fetched) => tokio::fs::rename(&part, &path).await.with_context(local).map(|()| fetched),
        Err(error) => Err(error),
    };
    if fetched.is_err() {
        let _ = tokio::fs::remove_file(&part).await;
    }
    let fetched = fetched?;
    tell(node, "GET_FILE", &filename, &fetched, &format!("File saved: {} ({} bytes)", path.display(), fetched.bytes));
    Ok(ExitCode::SUCCESS)
}

fn tell(node: &NodeArguments, operation: &str, filename: &FileName, moved: &Transferred, text: &str) {
    if node.json {
        let status = StatusReply::ok().with("operation", operation).with("filename", filename);
        output::json(&status.with("size", moved.bytes).with("digest", &moved.digest).into());
    } else {
        output::line(text);
    }
}

/// A progress bar, when there is somebody to see it.
fn bar(total: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// `sandlot delete-file`.
pub(crate) async fn delete(node: &NodeArguments, filename: FileName) -> Result<ExitCode> {
    let status = client(node).status(&Request::DeleteFile(FileQuestion { filename: filename.clone() })).await?;
    let deleted = status.get("deleted").unwrap_or(true);
    keys::tell_deleted(node, status, deleted, "file", filename.as_str())
}

/// `sandlot list-files`.
pub(crate) async fn list(node: &NodeArguments, arguments: ListArguments) -> Result<ExitCode> {
    let request = Request::ListFiles(ListFiles { prefix: arguments.prefix, after: None, limit: arguments.limit });
    let status = client(node).status(&request).await?;
    if node.json {
        output::json(&status.into());
    } else {
        let files: Vec<serde_json::Value> = status.get("files").unwrap_or_default();
        tasks::tell_rows(&["filename", "size", "digest"], &files);
    }
    Ok(ExitCode::SUCCESS)
}
