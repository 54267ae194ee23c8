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
    /// What it must reach, and whether that is a lower bound.
    pub bound: Option<(f64, bool)>,
    /// How many measurements are behind it.
    pub runs: usize,
}

impl Row {
    /// A figure without a bound.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, runs: usize) -> Self {
        Self { name: name.into(), value, unit, bound: None, runs }
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

    /// Whether its bound holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.bound.is_none_or(|(bound, is_lower)| if is_lower { self.value >= bound } else { self.value <= bound })
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let bound = self.bound.map_or_else(String::new, |(bound, is_lower)| {
            let (sign, verdict) = (if is_lower { ">=" } else { "<=" }, if self.holds() { "holds" } else { "MISSED" });
            format!("{sign} {bound:<9.4} {verdict}")
        });
        format!("{:<64} {:>12.4} {:<8} {bound}", self.name, self.value, self.unit).trim_end().to_owned()
    }

    /// One JSON object.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let bound = self.bound.map(|(bound, _)| bound);
        json!({"name": self.name, "value": self.value, "unit": self.unit, "baseline": bound.map(|_| "bound"),
               "baseline_value": bound, "ratio": bound.map(|bound| self.value / bound), "runs": self.runs,
               "holds": self.holds()})
    }
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
