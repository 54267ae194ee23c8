//! Measures what the sandbox costs a program that runs for long: beside the same interpreter compiled for the machine,
//! beside WebAssembly without fuel, and in slices beside one run after the other.

use crate::{benchmarks::Baselines, clock, conformance::files_under, measure::Row, start::guest};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use sandlot_compute::{Compute, ComputeConfig, Guest, Run};
use sandlot_protocol::Outcome;
use serde::Deserialize;
use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{io::AsyncWriteExt, process::Command};

/// Programs of pyperformance that are Python from end to end; behind a colon is what they are to run.
const PROGRAMS: &str = include_str!("../baselines/programs.txt");
/// What they take for pyperf.
const PYPERF: &str = include_str!("../baselines/pyperf.py");
/// The sandbox's XML parser, a part of the guest that is Python: the native interpreter takes it too.
const EXPAT: &str = include_str!("../../guest/python/expat.py");
/// What the native interpreter runs before `PYPERF`.
const TAKE_EXPAT: &str = "import sys, expat\nsys.modules['pyexpat'] = expat\n";
/// Pairs of runs of each program.
const PAIRS: usize = 5;
/// The same of a program whose pairs have taken `LONG` by then.
const LONG_PAIRS: usize = 3;
const LONG: Duration = Duration::from_secs(8);
/// The same, where it is about fuel alone.
const FUEL_PAIRS: usize = 2;
/// Tasks in slices.
const TASKS: usize = 8;
/// Short and many: in half a second the machine's speed changes little.
const SLICES_PAIRS: usize = 16;
/// Less than a tenth of a second.
const BUSY: &str = "def main():\n    n = 0\n    for i in range(400_000):\n        n += i & 3\n    return n";

/// One of pyperformance's programs.
struct Program {
    name: String,
    folder: PathBuf,
    source: String,
    argv: Vec<String>,
    files: Vec<(String, PathBuf)>,
}

#[derive(Deserialize)]
struct Told {
    seconds: f64,
}

impl Program {
    fn read(root: &Path, name: &str) -> io::Result<Self> {
        let mut parts = name.split(':').map(str::to_owned);
        let folder = root.join(format!("bm_{}", parts.next().unwrap_or_default()));
        let script = folder.join("run_benchmark.py");
        let source = std::fs::read_to_string(&script)
            .map_err(|error| io::Error::other(format!("{}: {error}", script.display())))?;
        let files = files_under(&folder, ".", &|path| path != script)?;
        let argv = std::iter::once("run_benchmark.py".to_owned()).chain(parts).collect();
        Ok(Self { name: name.to_owned(), folder, source, argv, files })
    }

    fn all(root: &Path) -> io::Result<Vec<Self>> {
        PROGRAMS.split_whitespace().map(|name| Self::read(root, name)).collect()
    }

    /// Seconds of a loop in the sandbox.
    async fn sandboxed(&self, compute: &Compute) -> f64 {
        let mut run = Run { function: None, argv: self.argv.clone(), ..Run::new(self.source.clone()) };
        run.files.push(("pyperf.py".to_owned(), PYPERF.as_bytes().to_vec()));
        for (name, path) in &self.files {
            run.files.push((name.clone(), std::fs::read(path).expect("it was there")));
        }
        let report = compute.submit(run).expect("there is room").wait().await;
        assert_eq!(report.outcome, Outcome::Ok, "{}: {:?} {}", self.name, report.error, report.stderr);
        seconds(&report.stdout)
    }

    /// Seconds of a loop in the native interpreter.
    async fn native(&self, native: &Path, stub: &Path) -> f64 {
        let mut command = Command::new(native);
        command.arg(format!("{}:{}", stub.display(), self.folder.display())).arg(self.folder.join(&self.argv[0]));
        let output = command.args(&self.argv[1..]).output().await.expect("sandlot-native runs");
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        seconds(&String::from_utf8_lossy(&output.stdout))
    }
}

/// The geometric mean of what a program told.
fn seconds(told: &str) -> f64 {
    let told = told.lines().filter_map(|line| serde_json::from_str::<Told>(line).ok());
    mean(&told.map(|told| told.seconds).collect::<Vec<_>>())
}

/// The geometric mean; NaN for none.
fn mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

/// A program's seconds on both sides, round by round.
struct Pairs {
    name: String,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// A row for each program, and at last one for their mean.
fn table(name: &str, baseline: &str, pairs: &[Pairs], mean_max: f64, each_max: f64) -> Vec<Row> {
    let row = |pair: &Pairs| {
        let title = format!("{name}: {}", pair.name);
        Row::pairs(title, &pair.ours, baseline, &pair.theirs, "s").at_most(each_max)
    };
    let mut rows: Vec<Row> = pairs.iter().map(row).collect();
    // The rounds that all programs have.
    let rounds = pairs.iter().map(|pair| pair.ours.len()).min().unwrap_or(0);
    let means = |side: &dyn Fn(&Pairs) -> &[f64]| -> Vec<f64> {
        let round = |round: usize| mean(&pairs.iter().map(|pair| side(pair)[round]).collect::<Vec<_>>());
        (0..rounds).map(round).collect()
    };
    let (ours, theirs) = (means(&|pair| &pair.ours), means(&|pair| &pair.theirs));
    let title = format!("{name}: geometric mean of {} programs", pairs.len());
    rows.push(Row::pairs(title, &ours, baseline, &theirs, "s").at_most(mean_max));
    rows
}

/// The rows of `scripts/bench overhead`. Both sides run at the same time on one core, which goes from one to the other every
/// few milliseconds, and are told their processor time: what slows the machine for a while slows both.
///
/// # Errors
/// When what is compared with is not there.
///
/// # Panics
/// When a program fails.
pub async fn overhead(baselines: &Baselines) -> io::Result<Vec<Row>> {
    let programs = Program::all(&baselines.programs)?;
    // It may have to be compiled first, on all cores.
    let guest = guest();
    let on_one_core = || {
        let (allowed, mut one) = (sched_getaffinity(None)?, CpuSet::new());
        one.set((0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)).unwrap_or(0));
        // Threads and processes that this one starts stay there too.
        sched_setaffinity(None, &one)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(beside_native(baselines, guest, &programs))
    };
    let pairs = std::thread::scope(|scope| scope.spawn(on_one_core).join().expect("a program failed"))?;
    let mut rows = table("overhead", "native", &pairs, 1.6, 2.2);
    rows.extend(fuel(baselines, &programs).await?);
    Ok(rows)
}

/// The sandbox beside the native interpreter.
async fn beside_native(baselines: &Baselines, guest: Guest, programs: &[Program]) -> io::Result<Vec<Pairs>> {
    let config = ComputeConfig { workers: 1, active_runs_max: 1, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest)?;
    let stub = tempfile::tempdir()?;
    std::fs::write(stub.path().join("pyperf.py"), [TAKE_EXPAT, PYPERF].concat())?;
    std::fs::write(stub.path().join("expat.py"), EXPAT)?;
    let pairs_of = |program: &Program| Pairs { name: program.name.clone(), ours: Vec::new(), theirs: Vec::new() };
    let mut pairs: Vec<Pairs> = programs.iter().map(pairs_of).collect();
    let mut times = vec![Duration::ZERO; programs.len()];
    for round in 0..PAIRS {
        for ((program, pair), took) in programs.iter().zip(&mut pairs).zip(&mut times) {
            if round >= LONG_PAIRS && *took >= LONG {
                continue;
            }
            let started = clock::now();
            let (ours, theirs) =
                tokio::join!(program.sandboxed(&compute), program.native(&baselines.native, stub.path()));
            pair.ours.push(ours);
            pair.theirs.push(theirs);
            *took += started.elapsed();
        }
    }
    compute.stop();
    Ok(pairs)
}

/// With fuel beside without.
async fn fuel(baselines: &Baselines, programs: &[Program]) -> io::Result<Vec<Row>> {
    let stub = tempfile::tempdir()?;
    std::fs::write(stub.path().join("pyperf.py"), PYPERF)?;
    #[derive(Deserialize)]
    struct Line {
        name: String,
        metered: String,
        plain: String,
    }
    let jobs: Vec<_> = programs
        .iter()
        .map(|program| {
            let mut files = program.files.clone();
            files.push(("pyperf.py".to_owned(), stub.path().join("pyperf.py")));
            serde_json::json!({"name": program.name, "source": program.source, "argv": program.argv, "files": files})
        })
        .collect();
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/target/snapshot.wasm.zst");
    let mut command = Command::new(&baselines.fuel_price);
    command.arg(snapshot).arg(FUEL_PAIRS.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().ok_or_else(|| io::Error::other("its input is piped"))?;
    stdin.write_all(serde_json::Value::from(jobs).to_string().as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let mut pairs: Vec<Pairs> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Line { name, metered, plain } = serde_json::from_str(line)?;
        let (ours, theirs) = (seconds(&metered), seconds(&plain));
        if let Some(pair) = pairs.iter_mut().find(|pair| pair.name == name) {
            pair.ours.push(ours);
            pair.theirs.push(theirs);
        } else {
            pairs.push(Pairs { name, ours: vec![ours], theirs: vec![theirs] });
        }
    }
    if pairs.len() != programs.len() {
        return Err(io::Error::other("fuel_price did not run all programs"));
    }
    Ok(table("fuel alone", "the same without fuel", &pairs, 1.15, f64::INFINITY).pop().into_iter().collect())
}

/// The rows of `scripts/bench slices`.
///
/// # Panics
/// When a task fails.
pub async fn slices() -> Vec<Row> {
    let config = ComputeConfig { workers: 1, active_runs_max: TASKS, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest()).expect("workers start");
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for pair in 0..SLICES_PAIRS {
        // Which of the two is first changes: a machine that becomes slower does so for both.
        for is_together in [pair % 2 == 0, pair % 2 == 1] {
            let started = clock::now();
            if is_together {
                let runs = (0..TASKS).map(|_| compute.submit(Run::new(BUSY)).expect("there is room"));
                for mut run in runs.collect::<Vec<_>>() {
                    assert_eq!(run.wait().await.outcome, Outcome::Ok);
                }
                together.push(started.elapsed().as_secs_f64());
            } else {
                for _ in 0..TASKS {
                    assert_eq!(
                        compute.submit(Run::new(BUSY)).expect("there is room").wait().await.outcome,
                        Outcome::Ok
                    );
                }
                alone.push(started.elapsed().as_secs_f64());
            }
        }
    }
    vec![Row::pairs("slices: 8 tasks at one time", &together, "one after the other", &alone, "s").at_most(1.03)]
}
