//! Settings that nobody wants to type each time: a TOML file, then the environment, then arguments; the later one wins.
//!
//! A setting's name is its option's, with `_` for `-`. On top of the file are those of every command (`host`, `port`), in
//! a table with a command's name those of this command (`[peer]`, `[run]`).

use crate::args::Arguments;
use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, parser::ValueSource};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The environment variable that names the file.
pub(crate) const FILE_VARIABLE: &str = "SANDLOT_CONFIG";
/// The settings of a machine, for users who have none of their own.
const MACHINE_FILE: &str = "/etc/sandlot/config.toml";
/// Commands whose every option has a variable in the environment.
const ROLES: [&str; 2] = ["tracker", "peer"];

/// The settings of a file, as the command line would have them.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Where they come from, if there is such a file.
    pub(crate) file: Option<PathBuf>,
    /// Command (none for all), option, values.
    values: BTreeMap<(Option<String>, String), Vec<String>>,
}

/// Where a value comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) source: String,
}

impl Settings {
    /// Reads the file that the environment names, or else the one in the user's configuration folder, or the machine's.
    pub(crate) fn load() -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "settings are read from the environment here")]
        let named = std::env::var_os(FILE_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from);
        let own = dirs::config_dir().map(|folder| folder.join("sandlot").join("config.toml"));
        let usual = own.into_iter().chain([PathBuf::from(MACHINE_FILE)]);
        let path = match named {
            Some(path) => path,
            None => match usual.into_iter().find(|path| path.exists()) {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let text = std::fs::read_to_string(&path);
        Self::read(&path, &text.with_context(|| format!("cannot read the settings {}", path.display()))?)
    }

    fn read(path: &Path, text: &str) -> Result<Self> {
        let name = path.display();
        let table: toml::Table = text.parse().with_context(|| format!("the settings {name} are not TOML"))?;
        let mut settings = Self { file: Some(path.to_owned()), values: BTreeMap::new() };
        let command = Arguments::command();
        for (key, value) in table {
            match value {
                toml::Value::Table(members) => {
                    let Some(of) = command.find_subcommand(&key) else {
                        bail!("{name}: [{key}] is no command; `sandlot --help` lists them");
                    };
                    for (option, value) in members {
                        let known = || of.get_arguments().chain(command.get_arguments());
                        settings.add(path, Some(&key), &option, &value, known())?;
                    }
                }
                value => settings.add(path, None, &key, &value, command.get_arguments())?,
            }
        }
        Ok(settings)
    }

    fn add<'a>(
        &mut self,
        path: &Path,
        command: Option<&str>,
        option: &str,
        value: &toml::Value,
        known: impl Iterator<Item = &'a Arg>,
    ) -> Result<()> {
        let place = command.map_or_else(String::new, |command| format!("[{command}] "));
        let mut names: Vec<String> = known.filter_map(name_of).collect();
        if !names.iter().any(|name| name == option) {
            names.sort_unstable();
            bail!("{}: {place}{option} is no setting; there are {}", path.display(), names.join(", "));
        }
        let one = |value: &toml::Value| match value {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Float(number) => Some(number.to_string()),
            toml::Value::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        };
        let values = match value {
            toml::Value::Array(values) => values.iter().map(one).collect(),
            value => one(value).map(|value| vec![value]),
        };
        let values = values.with_context(|| {
            format!("{}: {place}{option} must be a text, a number, true or false, or a list of them", path.display())
        })?;
        self.values.insert((command.map(str::to_owned), option.to_owned()), values);
        Ok(())
    }

    fn of(&self, command: Option<&str>, arg: &Arg) -> Option<&Vec<String>> {
        let name = name_of(arg)?;
        let own = command.and_then(|command| self.values.get(&(Some(command.to_owned()), name.clone())));
        own.or_else(|| self.values.get(&(None, name)))
    }

    /// The command line, with these settings in place of the defaults. `command` is the one that is typed: what every
    /// command has (`port`) may be set for this one.
    pub(crate) fn applied(&self, command: Option<&str>) -> Command {
        let mut root = Arguments::command();
        let names: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        root = root.mut_args(|arg| self.with_default(command, arg));
        for name in names {
            root = root.mut_subcommand(&name, |command| command.mut_args(|arg| self.with_default(Some(&name), arg)));
        }
        root
    }

    fn with_default(&self, command: Option<&str>, arg: Arg) -> Arg {
        let arg = match (command, name_of(&arg)) {
            (Some(command), Some(name)) if ROLES.contains(&command) && arg.get_env().is_none() => {
                arg.env(variable_of(&name))
            }
            _ => arg,
        };
        let Some(values) = self.of(command, &arg) else { return arg };
        let arg = match arg.get_action() {
            // What the file turns on, `--flag=false` turns off.
            ArgAction::SetTrue => {
                let truth = clap::value_parser!(bool);
                let arg = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true);
                arg.default_missing_value("true").value_parser(truth)
            }
            _ => arg.required(false),
        };
        arg.default_values(values.clone())
    }

    /// Every setting of this command, its value, and where it comes from.
    pub(crate) fn explained(&self, command: &Command, matches: &ArgMatches) -> Vec<Setting> {
        let name = command.get_name();
        let args = command.get_arguments().filter(|arg| name_of(arg).is_some());
        let settings = args.map(|arg| {
            let id = arg.get_id().as_str();
            let raw = matches.try_get_raw(id).ok().flatten();
            let values: Vec<String> =
                raw.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect();
            let source = match matches.value_source(id) {
                Some(ValueSource::CommandLine) => "argument".to_owned(),
                Some(ValueSource::EnvVariable) => {
                    format!("environment: {}", arg.get_env().unwrap_or_default().to_string_lossy())
                }
                _ => match (self.of(Some(name), arg), &self.file) {
                    (Some(_), Some(file)) => file.display().to_string(),
                    _ => "default".to_owned(),
                },
            };
            let value = match (values.is_empty(), arg.get_action()) {
                // A flag that is not there has no text.
                (true, ArgAction::SetTrue) => "false".to_owned(),
                (true, _) => "-".to_owned(),
                (false, _) => values.join(", "),
            };
            Setting { name: name_of(arg).unwrap_or_default(), value, source }
        });
        settings.collect()
    }
}

/// What the option is called in a file; `None` for what cannot be set there.
fn name_of(arg: &Arg) -> Option<String> {
    arg.get_long().filter(|long| !["help", "version"].contains(long)).map(|long| long.replace('-', "_"))
}

fn variable_of(name: &str) -> String {
    format!("SANDLOT_{}", name.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn read(text: &str) -> Result<Settings> {
        Settings::read(Path::new("config.toml"), text)
    }

    fn check_refused(text: &str, expected: Expect) {
        expected.assert_eq(&format!("{:#}\n", read(text).unwrap_err()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        check_refused(
            "[pear]\nport = 1",
            expect![[r#"
            config.toml: [pear] is no command; `sandlot --help` lists them
        "#]],
        );
        check_refused(
            "prot = 1",
            expect![[r#"
            config.toml: prot is no setting; there are host, json, log_format, port
        "#]],
        );
        check_refused(
            "port = {}",
            expect![[r#"
            config.toml: [port] is no command; `sandlot --help` lists them
        "#]],
        );
        check_refused(
            "host = 1979-05-27",
            expect![[r#"
            config.toml: host must be a text, a number, true or false, or a list of them
        "#]],
        );
    }

    #[test]
    fn arguments_are_stronger_than_the_file_and_the_command_than_all() {
        let settings =
            read("port = 1\n[peer]\nport = 2\nworkers = 3\ninsecure = true\nweb_host = [\"a\", \"b\"]").unwrap();
        let port = |line: &str| {
            let name = line.split(' ').find(|word| ["status", "peer"].contains(word)).unwrap();
            let mut command = settings.applied(Some(name));
            let matches = command.clone().try_get_matches_from(line.split(' ')).unwrap();
            command.build();
            let matches = matches.subcommand_matches(name).unwrap();
            let explained = settings.explained(command.find_subcommand(name).unwrap(), matches);
            let found = explained.into_iter().find(|setting| setting.name == "port").unwrap();
            (found.value, found.source)
        };
        let of = |value: &str, source: &str| (value.to_owned(), source.to_owned());
        assert_eq!(port("sandlot status"), of("1", "config.toml"));
        assert_eq!(port("sandlot peer"), of("2", "config.toml"));
        assert_eq!(port("sandlot peer --port 4"), of("4", "argument"));
        assert_eq!(port("sandlot --port 4 peer"), of("4", "argument"));
        let peer = |line: &str| {
            let matches = settings.applied(Some("peer")).try_get_matches_from(line.split(' ')).unwrap();
            let peer = matches.subcommand_matches("peer").unwrap();
            let hosts: Vec<String> = peer.get_many("web_hosts").unwrap().cloned().collect();
            (*peer.get_one::<u16>("workers").unwrap(), *peer.get_one::<bool>("insecure").unwrap(), hosts)
        };
        let hosts = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(peer("sandlot peer"), (3, true, hosts.clone()));
        assert_eq!(peer("sandlot peer --insecure=false --web-host c"), (3, false, vec!["c".to_owned()]));
        assert_eq!(peer("sandlot peer --insecure"), (3, true, hosts));
        // What the file says need not be typed.
        let settings = read("[cpu]\nprogram = \"def main(): pass\"").unwrap();
        assert!(settings.applied(Some("cpu")).try_get_matches_from(["sandlot", "cpu"]).is_ok());
    }
}
