//! All measurements by their names, and the page that they make.

use crate::{
    density::density,
    fairness::fairness,
    files::files,
    growth::growth,
    measure::Row,
    memory::memory,
    overhead::{overhead, slices},
    start::{peer_start, start, throughput},
};
use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// The names of all measurements.
pub const NAMES: [&str; 10] =
    ["start", "throughput", "overhead", "slices", "fairness", "density", "memory", "files", "peer-start", "growth"];
/// What the figures are made of, by the same names, and what was tried.
const NOTES: &str = include_str!("../baselines/notes.md");

/// Where things to compare with lie, as `scripts/bench` made them.
#[derive(Debug, Clone)]
pub struct Baselines {
    /// pyperformance's programs.
    pub programs: PathBuf,
    /// The interpreter without a sandbox.
    pub native: PathBuf,
    /// What compares the guest with and without fuel.
    pub fuel_price: PathBuf,
    /// Debian's redis-server, unpacked.
    pub redis: PathBuf,
}

impl Baselines {
    /// Those of this checkout.
    #[must_use]
    pub fn of_checkout() -> Self {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        Self {
            programs: target.join("conformance/benchmarks"),
            native: target.join("bench/native/release/sandlot-native"),
            fuel_price: target.join("release/examples/fuel_price"),
            redis: target.join("bench/redis"),
        }
    }
}

/// Measures one of `NAMES`; `seconds` is how long each row of `fairness` is looked at.
///
/// # Errors
/// When what is compared with is not there, or the name is none.
pub async fn measure(name: &str, seconds: Duration) -> io::Result<Vec<Row>> {
    let baselines = Baselines::of_checkout();
    match name {
        "start" => Ok(start().await),
        "throughput" => Ok(throughput().await),
        "overhead" => overhead(&baselines).await,
        "slices" => Ok(slices().await),
        "fairness" => Ok(fairness(seconds).await),
        "density" => Ok(density().await),
        "memory" => memory(&baselines.redis).await,
        "files" => files().await,
        "peer-start" => Ok(peer_start().await),
        "growth" => Ok(growth().await),
        _ => Err(io::Error::other(format!("no measurement is called {name}"))),
    }
}

/// `docs/benchmarks.md` of these rows.
#[must_use]
pub fn page(measured: &[(&str, Vec<Row>)]) -> String {
    let mut text = format!(
        "# Benchmarks\n\n`scripts/bench all` wrote this page; it measures anew on any machine with Debian's and PyPI's \
         packages in reach.\nWhere a row is compared, both sides were measured in one run, in turns or at the same time: the \
         figure that counts is their ratio,\nthe median of the pairs' with its quartiles.\n\nMeasured on: {}\n",
        machine()
    );
    for (name, rows) in measured {
        let _ =
            write!(text, "\n## {name}\n\n| what | figure | beside | ratio | must be | |\n|---|---|---|---|---|---|\n");
        for row in rows {
            let _ = writeln!(text, "{}", row.table_line());
        }
        let _ = write!(text, "\n{}\n", note(name));
    }
    let _ = write!(text, "\n## What was tried\n\n{}\n", note("tried"));
    text
}

/// What the notes have behind `## NAME`.
fn note(name: &str) -> &'static str {
    let mut parts = NOTES.split("\n## ").filter_map(|part| part.split_once('\n'));
    parts.find(|(title, _)| *title == name).map_or("", |(_, text)| text.trim())
}

/// Processor, cores, memory and kernel.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let line = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = line(&read("/proc/meminfo"), "MemTotal");
    let kibibytes: u64 = memory.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let (model, kernel) = (line(&read("/proc/cpuinfo"), "model name"), read("/proc/sys/kernel/osrelease"));
    format!("{model}, {cores} cores, {} GiB of memory, Linux {}.", kibibytes >> 20, kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measurement_is_explained() {
        for name in NAMES.iter().chain(&["tried"]) {
            assert!(!note(name).is_empty(), "tests/baselines/notes.md says nothing about {name}");
        }
    }
}
