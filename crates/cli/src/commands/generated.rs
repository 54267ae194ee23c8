//! What is made of the definitions of commands and settings: completions, manual pages, and where each setting comes from.

use crate::{
    args::{Arguments, CompletionArguments, ConfigShowArguments, ManArguments, NodeArguments},
    commands::output,
    settings::Settings,
};
use anyhow::{Context, Result};
use clap::{Command, CommandFactory, error::ErrorKind};
use serde_json::json;
use std::process::ExitCode;

/// `sandlot completions`.
pub(crate) fn completions(arguments: &CompletionArguments) -> ExitCode {
    let mut bytes = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "sandlot", &mut bytes);
    output::bytes(&bytes);
    ExitCode::SUCCESS
}

/// `sandlot man`.
pub(crate) fn man(arguments: &ManArguments) -> Result<ExitCode> {
    let folder = &arguments.folder;
    let writing = || format!("cannot write to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(writing)?;
    let mut root = Arguments::command();
    root.build();
    let mut written = 0;
    let mut pages = vec![(root.get_name().to_owned(), root)];
    while let Some((name, command)) = pages.pop() {
        let below = command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
        pages.extend(below.map(|below| (format!("{name}-{}", below.get_name()), below.clone())));
        let mut bytes = Vec::new();
        clap_mangen::Man::new(command.name(name.clone())).render(&mut bytes)?;
        std::fs::write(folder.join(format!("{name}.1")), bytes).with_context(writing)?;
        written += 1;
    }
    output::line(&format!("{written} manual pages are in {}", folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// `sandlot config show`.
pub(crate) fn config_show(node: &NodeArguments, arguments: &ConfigShowArguments) -> Result<ExitCode> {
    let settings = Settings::load()?;
    let name = arguments.line.first().map_or("peer", String::as_str);
    let mut command: Command = settings.applied(Some(name));
    let line = ["sandlot", name].into_iter().chain(arguments.line.iter().skip(1).map(String::as_str));
    let matches = command.clone().ignore_errors(true).try_get_matches_from(line.clone())?;
    // What is missing on this line is no setting's fault.
    let strict = command.clone().try_get_matches_from(line).err();
    let is_wrong = |kind| matches!(kind, ErrorKind::InvalidValue | ErrorKind::ValueValidation);
    if let Some(error) = strict.filter(|error| is_wrong(error.kind())) {
        let text = error.render().to_string();
        let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let file = settings.file.as_ref().map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
        let read = format!("settings were read from {file}, the environment and the arguments");
        return Err(crate::exit::Usage(format!("{text}; {read}")).into());
    }
    command.build();
    let unknown = || crate::exit::Usage(format!("{name:?} is no command; `sandlot --help` lists them"));
    let (of, matches) = command.find_subcommand(name).zip(matches.subcommand_matches(name)).ok_or_else(unknown)?;
    let explained = settings.explained(of, matches);
    let file = settings.file.as_ref().map(|file| file.display().to_string());
    if node.json {
        let all: Vec<_> = explained
            .iter()
            .map(|setting| json!({"name": setting.name, "value": setting.value, "source": setting.source}))
            .collect();
        output::line(&json!({"command": name, "file": file, "settings": all}).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let none = || format!("none; {} names one", crate::settings::FILE_VARIABLE);
    output::line(&format!("settings of `sandlot {name}`; file: {}", file.unwrap_or_else(none)));
    let rows = explained.into_iter().map(|setting| vec![setting.name, setting.value, setting.source]);
    output::table(&rows.collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}
