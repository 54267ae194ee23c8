//! Why tests fail, by patterns kept in the repository.

use super::Verdict;

/// Lines `KIND | PATTERN | REASON`: the first line whose pattern is part of `ID: WHY` tells the reason.
const REASONS: &str = include_str!("../../conformance/reasons.txt");
/// The kind of reasons that no sandbox of ours, and no other interpreter than CPython 3.11 itself, can mend.
const NATURE: &str = "nature";

/// Why a test does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reason {
    /// The reason lies in the nature of the thing: what the sandbox cannot have, or what only CPython 3.11 has.
    pub by_nature: bool,
    pub text: &'static str,
}

/// The reason for this test's failure, if one is documented.
pub(super) fn reason(id: &str, verdict: &Verdict) -> Option<Reason> {
    let told = format!("{id}: {}", verdict.why);
    REASONS.lines().find_map(|line| {
        let mut parts = line.splitn(3, " | ");
        let (kind, pattern, text) = (parts.next()?, parts.next()?, parts.next()?);
        told.contains(pattern).then_some(Reason { by_nature: kind == NATURE, text })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_three_parts() {
        for line in REASONS.lines() {
            let parts: Vec<_> = line.splitn(3, " | ").collect();
            assert_eq!(parts.len(), 3, "{line}");
            assert!(["nature", "rustpython"].contains(&parts[0]), "{line}");
        }
    }
}
