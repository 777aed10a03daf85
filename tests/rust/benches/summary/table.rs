//! What was measured, and whether it meets its target.

/// Measures in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    measure: String,
    value: f64,
    unit: &'static str,
    /// The largest value that is good enough.
    target: f64,
}

impl Table {
    /// Adds a measure; smaller is better.
    pub(crate) fn add(&mut self, measure: impl Into<String>, value: f64, unit: &'static str, target: f64) {
        self.0.push(Row { measure: measure.into(), value, unit, target });
    }

    /// Prints all of them.
    pub(crate) fn print(&self) {
        let width = self.0.iter().map(|row| row.measure.chars().count()).max().unwrap_or(0);
        println!("\n{:<width$} {:>10} {:>10} {:<4} verdict", "measure", "value", "target", "");
        for Row { measure, value, unit, target } in &self.0 {
            let verdict = if value <= target { "met" } else { "MISSED" };
            println!("{measure:<width$} {value:>10.3} {target:>10} {unit:<4} {verdict}");
        }
    }
}
