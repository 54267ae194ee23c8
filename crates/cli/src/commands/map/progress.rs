//! How a map goes, and how it went.

use crate::commands::output;
use indicatif::{ProgressBar, ProgressStyle};
use sandlot_client::network::Network;
use sandlot_protocol::{CpuResult, Outcome};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Different errors that are told at the end.
const ERRORS_TOLD: usize = 5;
/// Different errors that are counted; further ones are one.
const ERRORS_COUNTED: usize = 100;
/// Without a terminal, a line says how far it is this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar on a terminal, a line now and then elsewhere.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    began_at: u64,
    ended: u64,
    failed: u64,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    #[expect(clippy::disallowed_methods, reason = "the terminal's own time")]
    pub(super) fn new(total: u64, began_at: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left  {msg}");
            let bar = ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_position(began_at);
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        Self { bar, total, began_at, ended: 0, failed: 0, started: now, last_line: now }
    }

    /// A call ended.
    pub(super) fn ended(&mut self, is_ok: bool) {
        self.ended += 1;
        self.failed += u64::from(!is_ok);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, network: &Network) {
        let peers = network.peers();
        let text = format!("{peers} peers, {} failed, {} lost and run again", self.failed, network.lost());
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line += LINE_EVERY;
                let (at, rate) = (self.began_at + self.ended, self.ended as f64 / self.seconds());
                output::error_line(&format!("sandlot: {at} of {}, {rate:.0} a second, {text}", self.total));
            }
            None => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64().max(1e-3)
    }
}

/// What went wrong, counted by its words.
#[derive(Debug)]
pub(super) struct Failures {
    outcomes: BTreeMap<&'static str, u64>,
    /// How often, and the first input that it happened to.
    errors: BTreeMap<String, (u64, u64)>,
    /// Of all inputs.
    failed: u64,
    /// Of those that were answered before this map went on.
    failed_before: u64,
}

impl Failures {
    pub(super) fn new(failed_before: u64) -> Self {
        Self { outcomes: BTreeMap::new(), errors: BTreeMap::new(), failed: failed_before, failed_before }
    }

    pub(super) fn count_end(&mut self, index: u64, result: &CpuResult) {
        *self.outcomes.entry(result.outcome().as_str()).or_default() += 1;
        if result.outcome() == Outcome::Ok {
            return;
        }
        self.failed += 1;
        let error: String = result.error.as_deref().unwrap_or("no reason was told").chars().take(300).collect();
        let is_known = self.errors.contains_key(&error);
        let error = if is_known || self.errors.len() < ERRORS_COUNTED { error } else { "other errors".to_owned() };
        let (count, first) = self.errors.entry(error).or_insert((0, index));
        *count += 1;
        *first = index.min(*first);
    }

    pub(super) fn count(&self) -> u64 {
        self.failed
    }

    /// The summary.
    pub(super) fn tell(&self, is_json: bool, stdout_is_free: bool, progress: &Progress, network: &Network) {
        let seconds = progress.seconds();
        if is_json && stdout_is_free {
            let text = json!({
                "inputs": progress.total, "answered_before": progress.began_at, "outcomes": self.outcomes,
                "failed": self.failed, "failed_before": self.failed_before, "lost": network.lost(), "seconds": seconds,
            });
            output::line(&text.to_string());
            return;
        }
        let now = progress.ended;
        output::error_line(&format!(
            "sandlot: {} inputs answered, {now} of them now, in {seconds:.1} s ({:.0} a second); {} failed, {} lost and run again",
            progress.total,
            now as f64 / seconds,
            self.failed,
            network.lost(),
        ));
        let mut errors: Vec<_> = self.errors.iter().collect();
        errors.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (error, (count, first)) in errors.iter().take(ERRORS_TOLD) {
            output::error_line(&format!("  {count} x {} (first: index {first})", output::shown(error)));
        }
        if errors.len() > ERRORS_TOLD {
            output::error_line(&format!("  and {} other errors; the output has each", errors.len() - ERRORS_TOLD));
        }
    }
}
