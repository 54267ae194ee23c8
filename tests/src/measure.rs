//! Rows of measurements: what was measured, what it must reach, whether it does.

use serde_json::json;

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is compared with.
    pub baseline: Option<Baseline>,
    /// What the figure must reach, or its ratio where it is compared, and whether that is a lower bound.
    pub bound: Option<(f64, bool)>,
    /// How many measurements are behind it.
    pub runs: usize,
}

/// What a figure is compared with.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// What it is.
    pub name: String,
    /// Its figure, in the same unit.
    pub value: f64,
    /// The median of the ratios of pairs measured in one run, and their quartiles.
    pub ratio: [f64; 3],
}

impl Row {
    /// A figure by itself.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, runs: usize) -> Self {
        Self { name: name.into(), value, unit, baseline: None, bound: None, runs }
    }

    /// The value that this share of the values does not exceed.
    #[must_use]
    pub fn of(name: impl Into<String>, values: &mut [f64], share: f64, unit: &'static str) -> Self {
        Self::new(name, percentile(values, share), unit, values.len())
    }

    /// Medians of pairs that were measured one after the other, or at the same time.
    #[must_use]
    pub fn pairs(
        name: impl Into<String>,
        values: &[f64],
        baseline: impl Into<String>,
        others: &[f64],
        unit: &'static str,
    ) -> Self {
        let mut ratios: Vec<f64> = values.iter().zip(others).map(|(value, other)| value / other).collect();
        let ratio = [0.5, 0.25, 0.75].map(|share| percentile(&mut ratios, share));
        let middle = |values: &[f64]| percentile(&mut values.to_vec(), 0.5);
        let baseline = Baseline { name: baseline.into(), value: middle(others), ratio };
        Self { baseline: Some(baseline), ..Self::new(name, middle(values), unit, values.len()) }
    }

    /// It must be at least this.
    #[must_use]
    pub fn at_least(self, bound: f64) -> Self {
        Self { bound: Some((bound, true)), ..self }
    }

    /// It must be at most this.
    #[must_use]
    pub fn at_most(self, bound: f64) -> Self {
        Self { bound: Some((bound, false)), ..self }
    }

    /// What its bound is about.
    fn bounded(&self) -> f64 {
        self.baseline.as_ref().map_or(self.value, |baseline| baseline.ratio[0])
    }

    /// Whether its bound holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        let value = self.bounded();
        self.bound.is_none_or(|(bound, is_lower)| if is_lower { value >= bound } else { value <= bound })
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let bound = self.bound.map_or_else(String::new, |(bound, is_lower)| {
            let (sign, verdict) = (if is_lower { ">=" } else { "<=" }, if self.holds() { "holds" } else { "MISSED" });
            format!("{sign} {bound:<9.4} {verdict}")
        });
        let compared = self.baseline.as_ref().map_or_else(String::new, |Baseline { name, value, ratio }| {
            let [middle, low, high] = ratio;
            format!("/ {value:.4} {name} = {middle:.4} ({low:.4} to {high:.4}) ")
        });
        format!("{:<64} {:>12.4} {:<8} {compared}{bound}", self.name, self.value, self.unit).trim_end().to_owned()
    }

    /// One line of a table in Markdown.
    #[must_use]
    pub fn table_line(&self) -> String {
        let Self { name, value, unit, .. } = self;
        let (beside, ratio) = self.baseline.as_ref().map_or_else(
            || (String::new(), String::new()),
            |Baseline { name, value, ratio: [middle, low, high] }| {
                (format!("{name}: {}", short(*value)), format!("{middle:.3} ({low:.3}–{high:.3})"))
            },
        );
        let (bound, verdict) = self.bound.filter(|(bound, _)| bound.is_finite()).map_or_else(
            || (String::new(), ""),
            |(bound, is_lower)| {
                let sign = if is_lower { "≥" } else { "≤" };
                (format!("{sign} {bound}"), if self.holds() { "holds" } else { "**missed**" })
            },
        );
        format!("| {name} | {} {unit} | {beside} | {ratio} | {bound} | {verdict} |", short(*value))
    }

    /// One JSON object.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let baseline = self.baseline.as_ref();
        json!({"name": self.name, "value": self.value, "unit": self.unit,
               "baseline": baseline.map(|baseline| &baseline.name),
               "baseline_value": baseline.map(|baseline| baseline.value),
               "ratio": baseline.map(|baseline| baseline.ratio[0]),
               "ratio_quartiles": baseline.map(|baseline| [baseline.ratio[1], baseline.ratio[2]]),
               "runs": self.runs, "bound": self.bound.map(|(bound, _)| bound), "holds": self.holds()})
    }
}

/// With so many digits as say something.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        0.0..0.1 => 4,
        0.1..10.0 => 3,
        10.0..1000.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// The value that this share of the values does not exceed; 0 for none.
#[must_use]
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get(((last as f64) * share).round() as usize).copied().unwrap_or(0.0)
}

/// Jain's index of fairness: 1 when all have the same, 1/n when one has it all.
#[must_use]
pub fn jain(values: &[f64]) -> f64 {
    let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
    sum * sum / (values.len() as f64 * squares)
}
