//! What passed the last time, kept in the repository: what passed may not fail later.

use super::{Groups, Verdict, Verdicts};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Tests that fail on a slow or busy machine: parts of their ids. What they showed is neither kept nor compared.
const TIMED: &str = include_str!("../../conformance/timed.txt");

/// Per group how many tests passed, and which did not.
///
/// Its text is a line `suite: VERSION`, a line `GROUP PASSED` for each group, and a line with two spaces and an id for each
/// test that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Which version of the tests it was: other versions have other tests.
    suite: String,
    groups: BTreeMap<String, (usize, BTreeSet<String>)>,
}

/// Begins the line that names the version of the tests.
const SUITE: &str = "suite: ";

fn failed(verdict: &Verdict) -> bool {
    ["failed", "crashed"].contains(&verdict.what.as_str())
}

/// The tests whose verdicts depend on nothing but the code.
fn steady(verdicts: &Verdicts) -> impl Iterator<Item = (&String, &Verdict)> {
    verdicts.iter().filter(|(id, _)| !TIMED.lines().any(|timed| id.contains(timed)))
}

fn passed(verdicts: &Verdicts) -> usize {
    steady(verdicts).filter(|(_, verdict)| verdict.what == "passed").count()
}

impl Kept {
    /// What these runs showed.
    #[must_use]
    pub fn of(groups: &Groups, suite: &str) -> Self {
        let kept = |(name, verdicts): (&String, &Verdicts)| {
            let failed = steady(verdicts).filter(|(_, verdict)| failed(verdict)).map(|(id, _)| id.clone()).collect();
            (name.clone(), (passed(verdicts), failed))
        };
        Self { suite: suite.to_owned(), groups: groups.iter().map(kept).collect() }
    }

    /// Reads the text. Lines that are neither form are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (mut kept, mut group) = (Self::default(), String::new());
        for line in text.lines() {
            if let Some(suite) = line.strip_prefix(SUITE) {
                suite.clone_into(&mut kept.suite);
            } else if let Some(id) = line.strip_prefix("  ") {
                kept.groups.entry(group.clone()).or_default().1.insert(id.to_owned());
            } else if let Some((name, passed)) = line.rsplit_once(' ') {
                name.clone_into(&mut group);
                kept.groups.entry(group.clone()).or_default().0 = passed.parse().unwrap_or_default();
            }
        }
        kept
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{SUITE}{}\n", self.suite);
        for (name, (passed, failed)) in &self.groups {
            let _ = writeln!(text, "{name} {passed}");
            for id in failed {
                let _ = writeln!(text, "  {id}");
            }
        }
        text
    }

    /// The groups with something that passed and does not now.
    #[must_use]
    pub fn groups_lost<'a>(&self, now: &'a Groups, suite: &str) -> Vec<&'a str> {
        let one = |(name, verdicts): (&String, &Verdicts)| Groups::from([(name.clone(), verdicts.clone())]);
        now.iter().filter(|group| !self.lost(&one(*group), suite).is_empty()).map(|(name, _)| name.as_str()).collect()
    }

    /// What passed and does not now, one sentence each; groups that did not run now are not looked at. Tests that are gone
    /// without having failed are told when it is the same version of the tests.
    #[must_use]
    pub fn lost(&self, now: &Groups, suite: &str) -> Vec<String> {
        let mut lost = Vec::new();
        for (name, verdicts) in now {
            let Some((passed_then, failed_then)) = self.groups.get(name) else { continue };
            let before = lost.len();
            for (id, verdict) in steady(verdicts).filter(|(id, verdict)| failed(verdict) && !failed_then.contains(*id))
            {
                lost.push(format!("{name}: {id} {}: {}", verdict.what, verdict.why));
            }
            let passed = passed(verdicts);
            if passed < *passed_then && lost.len() == before && suite == self.suite && !suite.is_empty() {
                lost.push(format!("{name}: {passed} tests passed, {passed_then} did before"));
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(tests: &[(&str, &str)]) -> Groups {
        let verdict = |what: &str| Verdict { what: what.to_owned(), why: String::new() };
        let verdicts = tests.iter().map(|(id, what)| ((*id).to_owned(), verdict(what))).collect();
        Groups::from([("g".to_owned(), verdicts)])
    }

    #[test]
    fn what_passed_may_not_fail() {
        let kept = Kept::of(&groups(&[("a", "passed"), ("b", "failed"), ("c", "crashed"), ("d", "skipped")]), "1");
        assert_eq!(Kept::parse(&kept.text()), kept);
        assert_eq!(kept.lost(&groups(&[("a", "passed"), ("b", "passed"), ("c", "failed")]), "1"), Vec::<String>::new());
        assert_eq!(kept.lost(&groups(&[("a", "failed")]), "2").len(), 1);
        assert_eq!(kept.lost(&groups(&[("b", "failed")]), "1"), ["g: 0 tests passed, 1 did before"]);
        assert_eq!(
            kept.lost(&groups(&[("b", "failed")]), "2"),
            Vec::<String>::new(),
            "another version has other tests"
        );
    }

    #[test]
    fn how_fast_the_machine_is_does_not_matter() {
        let timed = TIMED.lines().next().unwrap();
        let kept = Kept::of(&groups(&[("a", "passed"), (timed, "passed")]), "1");
        assert_eq!(kept.lost(&groups(&[("a", "passed"), (timed, "failed")]), "1"), Vec::<String>::new());
        assert_eq!(kept, Kept::of(&groups(&[("a", "passed"), (timed, "failed")]), "1"));
        assert_eq!(kept.lost(&groups(&[("a", "failed"), (timed, "passed")]), "1").len(), 1);
    }
}
