//! A report for a terminal.

use super::tables::{Table, tables};
use super::value::OperationReport;
use crate::plan::graph::text::{cells, readable};

impl OperationReport {
    /// The report as tables of plain text. Ends with a newline.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", readable(&self.headline));
        for table in tables(self) {
            write(&table, &mut out);
        }
        out
    }
}

fn write(table: &Table, out: &mut String) {
    out.push_str(&format!("\n{}\n", table.title));
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !table.rows.is_empty() {
        lines.extend((!table.header.is_empty()).then(|| table.header.iter().map(ToString::to_string).collect()));
        lines.extend(table.rows.iter().map(|row| row.iter().map(|cell| readable(cell)).collect()));
    }
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| lines.iter().filter_map(|l| l.get(column)).map(|c| cells(c)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in &lines {
        let mut text = String::from(" ");
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!(" {cell}{}", " ".repeat(width.saturating_sub(cells(cell)) + 1)));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    if let Some(note) = &table.note {
        out.push_str(&format!("  {}\n", readable(note)));
    }
}
