//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use sandlot_protocol::{Address, FileName, Key, TaskId};
use std::path::PathBuf;

/// Machines share their processor, memory and disk; strangers' Python runs in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "sandlot", version, after_help = crate::exit::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) node: NodeArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which node: where a client asks, or where a tracker or peer listens.
#[derive(Debug, Clone, Args)]
pub(crate) struct NodeArguments {
    /// The node's host [default: 127.0.0.1]
    #[arg(long, global = true, env = "SANDLOT_HOST")]
    pub(crate) host: Option<String>,
    /// The node's port [default: 9000 for a peer, 8888 for the tracker]
    #[arg(long, global = true, env = "SANDLOT_PORT")]
    pub(crate) port: Option<u16>,
    /// Print the node's answer as one line of JSON
    #[arg(long, global = true, env = "SANDLOT_JSON")]
    pub(crate) json: bool,
    /// How logs are written
    #[arg(long, global = true, env = "SANDLOT_LOG_FORMAT", value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the tracker: it knows which peers are alive and which one has the most room
    Tracker(TrackerArguments),
    /// Run a peer: it takes tasks, keeps keys and files
    Peer(PeerArguments),
    /// Make the guest ready on this machine now, so that the first start does not wait for it
    Prepare(GuestArguments),
    /// Run a program in the sandbox, here, without any network
    Exec(ExecArguments),
    /// Call a function of a program on the least-loaded peer
    Cpu(CpuArguments),
    /// Run a .py file on the least-loaded peer; its output and exit code are passed on
    Run(RunArguments),
    /// Run the tasks of a JSON file side by side: a list of tasks as in PROTOCOL.md
    Batch(BatchArguments),
    /// Call a function once for each line of a file, spread over all peers; an interrupted map goes on where it was
    Map(MapArguments),
    /// Send a .py file as a task and print its id at once; `wait`, `logs` and `result` ask for it later
    Submit(RunArguments),
    /// Wait for a task's end, and pass on its output and exit code
    Wait(WaitArguments),
    /// Print what a task has printed so far
    Logs(LogsArguments),
    /// Show a task's result, if it has ended
    Result(ResultArguments),
    /// Stop a task
    Cancel(TaskArguments),
    /// List the tasks that have not ended
    Tasks,
    /// Watch the tasks of a peer: state, share of its processor, fuel, memory
    Top(TopArguments),
    /// Tell where a task is, or why it waits and what would unblock it
    Explain(TaskArguments),
    /// List the tasks that ended, or show one with its result
    History(HistoryArguments),
    /// Set a key of the peer's memory
    SetMem(SetMemArguments),
    /// Read a key of the peer's memory
    GetMem(KeyArguments),
    /// Delete a key of the peer's memory
    DeleteMem(DeleteMemArguments),
    /// List the keys of the peer's memory
    ListMem(ListArguments),
    /// Store a file on the peer
    PutFile(PutFileArguments),
    /// Fetch a file from the peer
    GetFile(GetFileArguments),
    /// Delete a file on the peer
    DeleteFile(FileArguments),
    /// List the files of the peer
    ListFiles(ListArguments),
    /// List the living peers, as the tracker knows them
    Peers,
    /// Show how the node is
    Status,
    /// Look for everything that keeps a peer or a client from working here, and say what to do about it
    Doctor(DoctorArguments),
    /// Start a tracker and three peers on this machine, run programs on them, and show what to try
    Demo(DemoArguments),
    /// Show every setting of a command, and where its value comes from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print what makes a shell complete commands and options
    Completions(CompletionArguments),
    /// Write the manual pages
    Man(ManArguments),
    /// Put up the walls that a peer puts up around itself, and try to get through them
    Walls,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot doctor --tracker 10.0.0.1:8888")]
pub(crate) struct DoctorArguments {
    /// Where the tracker is
    #[arg(long, env = "SANDLOT_TRACKER", default_value = "127.0.0.1:8888")]
    pub(crate) tracker: Address,
    /// The data folder of a peer here [default: sandlot/peer-PORT in the user's state folder]
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) guest: GuestArguments,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Show everything, stop everything, and end
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) guest: GuestArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Settings come from a TOML file (SANDLOT_CONFIG, or sandlot/config.toml in the user's configuration folder), the
    /// environment and arguments; the later one wins
    Show(ConfigShowArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigShowArguments {
    /// The command whose settings are shown, with arguments if any [default: peer]
    #[arg(value_name = "COMMAND [ARGUMENTS]", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) line: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example, for bash:
  sandlot completions bash > ~/.local/share/bash-completion/completions/sandlot")]
pub(crate) struct CompletionArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The folder that they are written to
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sandlot tracker
  sandlot tracker --host 10.0.0.1 --insecure    # for other machines too")]
pub(crate) struct TrackerArguments {
    /// Listen on an address that others can reach, although nothing is encrypted or authenticated yet
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Connections at one time
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct GuestArguments {
    /// Where the compiled guest is kept [default: the user's cache folder]
    #[arg(long, env = "SANDLOT_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sandlot peer --web-port 5000
  sandlot peer --host 10.0.0.2 --insecure --tracker 10.0.0.1:8888 --web-port 5000")]
pub(crate) struct PeerArguments {
    /// Serve a web page on this port (0 picks one)
    #[arg(long)]
    pub(crate) web_port: Option<u16>,
    /// A host name that the web page may be asked by, besides IP addresses and localhost
    #[arg(long = "web-host", value_name = "NAME")]
    pub(crate) web_hosts: Vec<String>,
    /// Where the tracker is
    #[arg(long, env = "SANDLOT_TRACKER", default_value = "127.0.0.1:8888")]
    pub(crate) tracker: Address,
    /// Where files and the peer's id are kept [default: sandlot/peer-PORT in the user's state folder]
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    /// The host that others are told [default: the host listened on]
    #[arg(long)]
    pub(crate) advertise: Option<String>,
    /// Listen on an address that others can reach, although nothing is encrypted or authenticated yet
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Worker threads [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,
    /// Processor time of one slice, in microseconds
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u64).range(100..=100_000))]
    pub(crate) slice_us: u64,
    /// Sandboxes alive at one time; more tasks wait
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) live_tasks: u32,
    /// Sandboxes alive at one time that want the processor; more tasks wait until some sleep or end
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) active_tasks: u32,
    /// Tasks that wait for a sandbox; more are rejected
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) queued_tasks: u32,
    /// Tasks of one submitter that have not ended; more are rejected
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) submitter_tasks: u32,
    /// Bytes of programs and arguments of one submitter's tasks that have not ended; more are rejected
    #[arg(long, default_value_t = 128 << 20)]
    pub(crate) submitter_bytes: u64,
    /// Bytes of memory that all tasks may take together; tasks that need more wait [default: half of the machine's]
    #[arg(long, value_parser = clap::value_parser!(u64).range(64 << 20..))]
    pub(crate) task_memory_bytes: Option<u64>,
    /// Seconds that results are kept
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) keep_results_s: u64,
    /// Send the spans of tasks to this OpenTelemetry collector, for example http://127.0.0.1:4318 (OTLP over HTTP)
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Do without the second wall: let the peer's process open any file and socket that this user may
    #[arg(long)]
    pub(crate) no_host_sandbox: bool,
    /// Bytes of all keys and values
    #[arg(long, default_value_t = 256 << 20)]
    pub(crate) memory_quota_bytes: usize,
    /// Bytes of all files
    #[arg(long, default_value_t = 10 << 30)]
    pub(crate) file_quota_bytes: u64,
    /// How often the tracker is told the load, in milliseconds
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(50..=600_000))]
    pub(crate) heartbeat_ms: u64,
    /// How long running tasks may go on once the peer stops, in milliseconds
    #[arg(long, default_value_t = 10_000)]
    pub(crate) drain_ms: u64,
    /// Connections at one time
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,
    #[command(flatten)]
    pub(crate) guest: GuestArguments,
}

/// What a task may use.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct LimitArguments {
    /// Seconds of wall time [default: 60]
    #[arg(long)]
    pub(crate) timeout: Option<f64>,
    /// Units of fuel, about one per WebAssembly instruction [default: 5000000000000]
    #[arg(long)]
    pub(crate) fuel: Option<u64>,
    /// Bytes of memory, the interpreter's own 57 MB included [default: 268435456]
    #[arg(long)]
    pub(crate) memory_bytes: Option<u64>,
    /// Bytes kept of each of stdout and stderr; the rest is cut [default: 1048576]
    #[arg(long)]
    pub(crate) output_bytes: Option<u64>,
    /// Stop a program that prints more, instead of cutting its output
    #[arg(long)]
    pub(crate) output_stops: bool,
    /// Bytes of the result's JSON text [default: 67108864, which is also the most]
    #[arg(long)]
    pub(crate) result_bytes: Option<u64>,
    /// Bytes of the program's own files, those that are sent along included [default: 67108864]
    #[arg(long)]
    pub(crate) files_bytes: Option<u64>,
    /// Milliseconds of processor time [default: 600000]
    #[arg(long)]
    pub(crate) cpu_ms: Option<u64>,
}

/// What is called.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CallArguments {
    /// The arguments: a JSON list, or a Python list or tuple
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) args: Option<String>,
    /// The keyword arguments: a JSON object, or a Python dict
    #[arg(long)]
    pub(crate) kwargs: Option<String>,
}

/// How a task is sent.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SendArguments {
    /// Run it on the peer that is asked and nowhere else
    #[arg(long)]
    pub(crate) confidential: bool,
    /// The task's id; asking again with the same id and task gives the same result
    #[arg(long)]
    pub(crate) task_id: Option<TaskId>,
    /// Among your tasks, higher first: -100 to 100
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    pub(crate) priority: i32,
    /// Its share among your tasks of the same priority: 1 to 100 [default: 1]
    #[arg(long)]
    pub(crate) weight: Option<u32>,
    /// Who you are, where several people ask from one machine: each gets an equal part of the machine's share
    #[arg(long, env = "SANDLOT_SUBMITTER")]
    pub(crate) submitter: Option<String>,
    /// How often a failed task is tried again
    #[arg(long, default_value_t = 0)]
    pub(crate) max_retries: u32,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sandlot cpu --program \"def main(a, b): return a + b\" --args \"[10, 32]\"
  sandlot cpu --program \"def main(s): return s.upper()\" --args \"['secret']\" --confidential")]
pub(crate) struct CpuArguments {
    /// Python source
    #[arg(long)]
    pub(crate) program: String,
    /// The function to call
    #[arg(long, default_value = "main")]
    pub(crate) function: String,
    #[command(flatten)]
    pub(crate) call: CallArguments,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) send: SendArguments,
}

/// A file, run as a script or called.
#[derive(Debug, Args)]
pub(crate) struct ProgramArguments {
    /// Call this function instead of running the file as a script
    #[arg(long)]
    pub(crate) function: Option<String>,
    #[command(flatten)]
    pub(crate) call: CallArguments,
    /// A file or folder that the program finds in its folder, under its own name or another
    #[arg(long = "file", value_name = "LOCAL[=NAME]")]
    pub(crate) files: Vec<String>,
    /// A file that the program leaves and that is to come back, under its own name or another
    #[arg(long = "out", value_name = "NAME[=LOCAL]")]
    pub(crate) files_out: Vec<String>,
    /// A package of pure Python that the program can import: a wheel, a zip or a folder
    #[arg(long = "with", value_name = "PACKAGE.whl")]
    pub(crate) packages: Vec<PathBuf>,
    /// Make it repeatable: the same program, input and seed give the same output, result and fuel on every peer
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Give the program no standard input
    #[arg(long)]
    pub(crate) no_stdin: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    /// The program (- reads it from standard input), and what it finds in sys.argv. A folder, a zip or a wheel is a
    /// program of several modules that starts with its __main__.py
    #[arg(value_name = "FILE.py [ARGS]", required = true, num_args = 1.., trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) file_and_argv: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot exec examples/primes.py 1000")]
pub(crate) struct ExecArguments {
    #[command(flatten)]
    pub(crate) guest: GuestArguments,
    #[command(flatten)]
    pub(crate) program: ProgramArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sandlot run examples/primes.py 1000
  sandlot run --function primes_below --args \"[100]\" examples/primes.py
  sandlot run --file data.csv --out result.json app.py")]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) send: SendArguments,
    #[command(flatten)]
    pub(crate) program: ProgramArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  echo '[{\"program\": \"def main(): return 1\"}]' > tasks.json && sandlot batch tasks.json")]
pub(crate) struct BatchArguments {
    /// A JSON file: a list of tasks, or {"tasks": [...]}
    #[arg(value_name = "FILE.json")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot map examples/primes.py --function primes_below --inputs numbers.jsonl -o counts.jsonl

Each line of the inputs is one JSON value and the function's one argument; each line of the output has the input's index
and the result, or the error. A call whose peer is lost runs again elsewhere, so it may run twice; one whose peer was lost
ten times is answered with that.")]
pub(crate) struct MapArguments {
    /// The program
    #[arg(value_name = "FILE.py")]
    pub(crate) file: PathBuf,
    /// The function to call
    #[arg(long, default_value = "main")]
    pub(crate) function: String,
    /// A file with one JSON value on each line
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) inputs: PathBuf,
    /// Where the answers go, in the order of the inputs [default: standard output]
    #[arg(long, short, value_name = "FILE.jsonl")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an output that is there
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Calls under way at one time [default: 8 for each living peer]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) jobs: Option<u32>,
    /// A line that is a list or an object is the function's arguments or keyword arguments
    #[arg(long)]
    pub(crate) spread: bool,
    /// Put what each call printed into its answer
    #[arg(long)]
    pub(crate) keep_output: bool,
    /// Give up when no peer takes a call for so many seconds
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    pub(crate) patience: f64,
    /// How often a call that failed is tried again
    #[arg(long, default_value_t = 0)]
    pub(crate) max_retries: u32,
    /// Among your tasks, higher first: -100 to 100
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    pub(crate) priority: i32,
    /// Who you are, where several people ask from one machine
    #[arg(long, env = "SANDLOT_SUBMITTER")]
    pub(crate) submitter: Option<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TaskArguments {
    /// The task's id
    pub(crate) task_id: TaskId,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot wait \"$(sandlot submit examples/primes.py 1000)\"")]
pub(crate) struct WaitArguments {
    /// The task's id
    pub(crate) task_id: TaskId,
    /// Give up after so many seconds; the task goes on
    #[arg(long)]
    pub(crate) within: Option<f64>,
    /// Write a file that came back, under its own name or another
    #[arg(long = "out", value_name = "NAME[=LOCAL]")]
    pub(crate) files_out: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ResultArguments {
    /// The task's id
    pub(crate) task_id: TaskId,
    /// Write a file that came back, under its own name or another
    #[arg(long = "out", value_name = "NAME[=LOCAL]")]
    pub(crate) files_out: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot logs -f \"$(sandlot submit examples/primes.py 1000)\"")]
pub(crate) struct LogsArguments {
    /// The task's id
    pub(crate) task_id: TaskId,
    /// Go on until the task ends
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TopArguments {
    /// Print once and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds between two looks
    #[arg(long, default_value_t = 1.0)]
    pub(crate) every: f64,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sandlot history --limit 5
  sandlot history TASK_ID")]
pub(crate) struct HistoryArguments {
    /// Show this task with its result
    pub(crate) task_id: Option<TaskId>,
    /// At most so many, newest first
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sandlot set-mem --key user:id --value 101
  sandlot set-mem --key lock --value 1 --ttl-ms 30000 --if-version 0")]
pub(crate) struct SetMemArguments {
    /// The key
    #[arg(long)]
    pub(crate) key: Key,
    /// The value: JSON, or else a string
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) value: String,
    /// The key is gone after so many milliseconds
    #[arg(long)]
    pub(crate) ttl_ms: Option<u64>,
    /// Only if the key has this version; 0: only if there is none
    #[arg(long)]
    pub(crate) if_version: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    /// The key
    #[arg(long)]
    pub(crate) key: Key,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteMemArguments {
    /// The key
    #[arg(long)]
    pub(crate) key: Key,
    /// Only if the key has this version
    #[arg(long)]
    pub(crate) if_version: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only what starts so
    #[arg(long)]
    pub(crate) prefix: Option<String>,
    /// At most so many
    #[arg(long)]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot put-file --filepath notes.txt")]
pub(crate) struct PutFileArguments {
    /// The name that the peer keeps it under [default: the local file's name]
    #[arg(long)]
    pub(crate) filename: Option<FileName>,
    /// The local file
    #[arg(long)]
    pub(crate) filepath: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  sandlot get-file --filename notes.txt --save copy.txt")]
pub(crate) struct GetFileArguments {
    /// The name that the peer keeps it under
    #[arg(long)]
    pub(crate) filename: FileName,
    /// Where to put it [default: the file's name, in this folder]
    #[arg(long)]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// The name that the peer keeps it under
    #[arg(long)]
    pub(crate) filename: FileName,
}

/// A number of seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    seconds.ok_or_else(|| "it is a number of seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_right() {
        Arguments::command().debug_assert();
    }

    /// docs/cli.md: UPDATE_EXPECT=1 writes it anew.
    #[test]
    fn the_reference_is_up_to_date() {
        let mut root = crate::settings::Settings::default().applied(None).term_width(100);
        root.build();
        let plain = |command: &clap::Command| {
            let command = command.clone().term_width(100).mut_args(|arg| arg.hide_env_values(true));
            let mut text = String::new();
            for line in command.clone().render_long_help().to_string().lines() {
                text.push_str(line.trim_end());
                text.push('\n');
            }
            text
        };
        let mut text = String::from(
            "# Commands and options\n\nWhat `sandlot COMMAND --help` prints. Every option can stand in a file \
             ([run-a-lab.md](run-a-lab.md)). With `--json`, what is asked of a node prints the node's reply, one line \
             as [PROTOCOL.md](../PROTOCOL.md) has it.\n",
        );
        text.push_str(&format!("\n```text\n{}```\n", plain(&root)));
        for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
            text.push_str(&format!("\n## sandlot {}\n\n```text\n{}```\n", command.get_name(), plain(command)));
        }
        expect_test::expect_file!["../../../docs/cli.md"].assert_eq(&text);
    }

    #[test]
    fn the_port_may_stand_before_or_after_the_command() {
        for line in ["sandlot --port 9001 status", "sandlot status --port 9001"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(arguments.node.port, Some(9001), "{line}");
        }
        let run = Arguments::try_parse_from("sandlot run a.py --port 1 -x".split(' ')).unwrap();
        assert_eq!(run.node.port, None, "what follows the file is the program's");
    }
}
