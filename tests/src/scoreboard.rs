//! Runs the hostile collection and writes what became of each program.

use crate::{
    Cluster,
    hostile::{Hostile, LEFT_BYTES_MAX, anonymous_bytes, back_to, collection, honest},
};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

const MIB: f64 = 1048576.0;
/// An honest task must be answered within this time, right after each hostile one.
const HONEST_MAX: Duration = Duration::from_secs(1);

/// One line of the table.
#[derive(Debug)]
struct Line {
    class: String,
    outcome: String,
    took_ms: f64,
    peak_mib: f64,
}

/// Runs every program so often, one after the other; the page, and what was wrong.
pub async fn scoreboard(runs: usize, mut progress: impl FnMut(&str)) -> (String, Vec<String>) {
    let programs = collection();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    let (mut wrong, mut unexpected) = (Vec::new(), 0);
    let (mut slowest, mut largest, mut drift) = (Duration::ZERO, f64::MIN, f64::MIN);
    for run in 1..=runs {
        let cluster = Cluster::with(1, &["--keep-results-s", "1"]).await;
        let (peer, client) = (&cluster.peers[0], cluster.client(0));
        for number in 0..50 {
            honest(&client, number).await;
        }
        // Code and constants of the peer itself come into memory as they are first used: a tenth of the collection
        // warms that up.
        let mut warm = 0;
        for (number, program) in programs.iter().enumerate() {
            let before = anonymous_bytes(peer);
            let verdict = program.run(&client).await;
            let after = honest(&client, i64::try_from(number).unwrap_or(0)).await;
            let resident = back_to(peer, before).await;
            slowest = slowest.max(after);
            largest = largest.max((resident as f64 - before as f64) / MIB);
            if number == programs.len() / 10 {
                warm = resident;
            }
            unexpected += usize::from(verdict.wrong.is_some());
            wrong.extend(verdict.wrong.as_ref().map(|what| format!("run {run}: {}: {what}", program.name)));
            if after > HONEST_MAX {
                wrong.push(format!("run {run}: after {} an honest task took {after:?}", program.name));
            }
            if resident > before + LEFT_BYTES_MAX {
                wrong.push(format!("run {run}: {} left {resident} bytes, {before} before", program.name));
            }
            let line = line_of(program, &verdict);
            lines.insert(program.name.clone(), line);
        }
        let end = anonymous_bytes(peer);
        drift = drift.max((end as f64 - warm as f64) / MIB);
        progress(&format!("run {run} of {runs}: {} programs, {} wrong so far", programs.len(), wrong.len()));
    }
    let figures = Figures { runs, unexpected, slowest, largest, drift };
    (page(&figures, &lines, &wrong), wrong)
}

fn line_of(program: &Hostile, verdict: &crate::hostile::Verdict) -> Line {
    let result = &verdict.result;
    let kind = result.exception.as_ref().map(|exception| exception.kind.chars().take(40).collect::<String>());
    let plain = kind.filter(|kind| kind.chars().all(|character| character.is_ascii_alphanumeric() || character == '_'));
    Line {
        class: program.class.clone(),
        outcome: [Some(result.outcome().as_str().to_owned()), plain]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        took_ms: verdict.took.as_secs_f64() * 1e3,
        peak_mib: result.usage.peak_memory_bytes as f64 / MIB,
    }
}

/// What all runs together gave.
#[derive(Debug)]
struct Figures {
    runs: usize,
    unexpected: usize,
    slowest: Duration,
    largest: f64,
    drift: f64,
}

fn page(figures: &Figures, lines: &BTreeMap<String, Line>, wrong: &[String]) -> String {
    let Figures { runs, unexpected, slowest, largest, drift } = figures;
    let all = lines.len() * runs;
    let mut page = format!(
        "# Containment\n\n\
         Written by `scripts/scoreboard`: the {} programs of `tests/hostile`, one after the other on one peer, {runs} \
         times. Each file's first line says what must become of it.\n\n\
         | what | figure |\n|---|---|\n\
         | outcomes as expected | {} of {all} |\n\
         | slowest honest task right after a hostile one | {:.0} ms |\n\
         | memory that the peer had more after a program than before it (at most {} MiB are looked for) | \
         {largest:.1} MiB |\n\
         | memory that the peer had more at the end than after a tenth of the programs | {drift:.1} MiB |\n\n",
        lines.len(),
        all - unexpected,
        slowest.as_secs_f64() * 1e3,
        LEFT_BYTES_MAX >> 20,
    );
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    lines.values().for_each(|line| *classes.entry(&line.class).or_default() += 1);
    page.push_str("| class | programs |\n|---|---|\n");
    for (class, count) in classes {
        let _ = writeln!(page, "| {class} | {count} |");
    }
    for what in wrong {
        let _ = writeln!(page, "\n- not as expected: {what}");
    }
    page.push_str("\n| program | class | outcome | time, ms | peak memory, MiB |\n|---|---|---|---|---|\n");
    for (name, line) in lines {
        let Line { class, outcome, took_ms, peak_mib } = line;
        let _ = writeln!(page, "| {name} | {class} | {outcome} | {took_ms:.0} | {peak_mib:.0} |");
    }
    page
}
