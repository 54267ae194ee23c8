//! Measurements over a cluster of real processes: `scripts/bench`, `scripts/soak` and `scripts/scoreboard` call it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use sandlot_tests::{
    benchmarks,
    conformance::{self, Kept, Suite},
    measure::Row,
    scoreboard::scoreboard,
    soak::soak,
};
use std::{path::Path, process::ExitCode, time::Duration};

/// What runs in this process, runs as it does in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: harness MEASUREMENT|all [--json] [--seconds N]
         MEASUREMENT: start, throughput, overhead, slices, fairness, density, memory, files, peer-start, growth
       harness soak --minutes N
       harness scoreboard [--runs N]
       harness conformance SUITE [--accept | --fast | GROUP ...]";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let number = |name: &str, default: f64| {
        let place = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(place + 1).and_then(|text| text.parse().ok()).unwrap_or(default))
    };
    let seconds = Duration::from_secs_f64(number("--seconds", 10.0).unwrap_or(10.0));
    let minutes = Duration::from_secs_f64(number("--minutes", 3.0).unwrap_or(3.0) * 60.0);
    let rows = match arguments.first().map(String::as_str) {
        Some("soak") => soak(minutes, |what| eprintln!("soak: {what}")).await,
        Some("scoreboard") => return write_scoreboard(number("--runs", 1.0).unwrap_or(1.0) as usize).await,
        Some("conformance") if arguments.len() > 1 => return check_conformance(&arguments[1], &arguments[2..]).await,
        Some("all") => return measure_all(seconds, flag("--json")).await,
        Some(name) if benchmarks::NAMES.contains(&name) => match benchmarks::measure(name, seconds).await {
            Ok(rows) => rows,
            Err(error) => {
                eprintln!("bench: {name}: {error}");
                return ExitCode::FAILURE;
            }
        },
        other => {
            if let Some(name) = other.filter(|name| *name != "conformance") {
                eprintln!("harness: {name} is none of these");
            }
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    tell(&rows, flag("--json"))
}

/// Measures everything, tells it as it comes, and writes the page.
async fn measure_all(seconds: Duration, json: bool) -> ExitCode {
    let (mut measured, mut ended) = (Vec::new(), true);
    for name in benchmarks::NAMES {
        match benchmarks::measure(name, seconds).await {
            Ok(rows) => {
                ended &= tell(&rows, json) == ExitCode::SUCCESS;
                measured.push((name, rows));
            }
            Err(error) => {
                eprintln!("bench: {name}: {error}");
                ended = false;
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
    match std::fs::write(&path, benchmarks::page(&measured)) {
        Ok(()) if ended => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn tell(rows: &[Row], json: bool) -> ExitCode {
    for row in rows {
        println!("{}", if json { row.json().to_string() } else { row.line() });
    }
    if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs all groups and writes what they showed, or only these groups and compares them with what passed the last time.
async fn check_conformance(root: &str, arguments: &[String]) -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (page_path, kept_path) = (folder.join("../docs/conformance.md"), folder.join("conformance/results.txt"));
    let accept = arguments.iter().any(|argument| argument == "--accept");
    let only: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != "--accept").collect();
    let groups = match only[..] {
        [] => Suite::groups(),
        ["--fast"] => Suite::fast_groups(),
        _ => only.clone(),
    };
    let suite = Suite::at(Path::new(root));
    // Tests that were fetched without their version are not known to be the same.
    let version = std::fs::read_to_string(Path::new(root).join("version")).unwrap_or_default().trim().to_owned();
    let kept = Kept::parse(&std::fs::read_to_string(&kept_path).unwrap_or_default());
    let run = async {
        let mut all = suite.run(&groups, |line| eprintln!("conformance: {line}")).await?;
        // A busy machine may stop a test: what fails without one does so a second time.
        let doubtful = kept.groups_lost(&all, &version);
        if !accept && !doubtful.is_empty() {
            let again = suite.run(&doubtful, |line| eprintln!("conformance: once more: {line}")).await?;
            all.extend(again);
        }
        Ok::<_, std::io::Error>(all)
    };
    let all = match run.await {
        Ok(all) => all,
        Err(error) => {
            eprintln!("conformance: {root}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let lost = kept.lost(&all, &version);
    for what in &lost {
        eprintln!("conformance: passed before: {what}");
    }
    let text = conformance::page(&all);
    if !only.is_empty() {
        if only != ["--fast"] {
            println!("{text}");
        }
        return if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let mut ended = std::fs::write(&page_path, text);
    if ended.is_ok() && (lost.is_empty() || accept) {
        ended = std::fs::write(&kept_path, Kept::of(&all, &version).text());
    }
    if let Err(error) = ended {
        eprintln!("conformance: {error}");
        return ExitCode::FAILURE;
    }
    println!("docs/conformance.md is written");
    if lost.is_empty() || accept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn write_scoreboard(runs: usize) -> ExitCode {
    let (page, wrong) = scoreboard(runs.max(1), |line| eprintln!("scoreboard: {line}")).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/containment.md");
    if let Err(error) = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, page))
    {
        eprintln!("scoreboard: {}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    for what in &wrong {
        eprintln!("scoreboard: {what}");
    }
    println!("docs/containment.md is written: {} not as expected", wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
