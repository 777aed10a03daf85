//! A report as one HTML document: printable, without scripts, with the graph in it.

use super::tables::{ALARMS, Table, tables};
use super::value::{OperationReport, Verdict};
use crate::plan::graph::html::{document, picture, xml};

impl OperationReport {
    /// The report as one HTML document that needs nothing else.
    pub fn to_html(&self) -> String {
        let title = format!("{} of '{}', {}", self.kind, self.group_name, self.operation);
        let class = match self.verdict {
            Verdict::Passed => "good",
            Verdict::Failed | Verdict::ObjectiveMissed => "bad",
            Verdict::NotConclusive | Verdict::NotCleanedUp => "warn",
            Verdict::NotEnded => "busy",
        };
        let mut body = format!("<h1>{}</h1>\n", xml(&title));
        body.push_str(&format!("<p class=\"verdict {class}\">{}</p>\n", xml(&self.headline)));
        if let Some(error) = &self.error {
            body.push_str(&format!("<div class=\"finding bad\"><p><b>Error</b> {}</p></div>\n", xml(error)));
        }
        for command in &self.next {
            body.push_str(&format!("<p>What to do: <code>{}</code></p>\n", xml(command)));
        }
        let (before, after): (Vec<_>, Vec<_>) = tables(self).into_iter().partition(|t| t.title != "Steps");
        before.iter().for_each(|table| body.push_str(&html(table)));
        body.push_str(&format!("<h2>Picture of the plan</h2>\n{}", picture(&self.graph)));
        after.iter().for_each(|table| body.push_str(&html(table)));
        document(&title, &body)
    }
}

fn html(table: &Table) -> String {
    let mut out = format!("<h2>{}</h2>\n", xml(table.title));
    if !table.rows.is_empty() {
        out.push_str("<table>\n");
        if !table.header.is_empty() {
            let cells: String = table.header.iter().map(|c| format!("<th>{}</th>", xml(c))).collect();
            out.push_str(&format!("<thead><tr>{cells}</tr></thead>\n"));
        }
        out.push_str("<tbody>\n");
        for row in &table.rows {
            let cells: String = row.iter().map(|c| cell(c)).collect();
            out.push_str(&format!("<tr>{cells}</tr>\n"));
        }
        out.push_str("</tbody>\n</table>\n");
    }
    if let Some(note) = &table.note {
        out.push_str(&format!("<p class=\"muted\">{}</p>\n", xml(note)));
    }
    out
}

/// A cell; the words that nobody must overlook stand out.
fn cell(text: &str) -> String {
    let class = if ALARMS.contains(&text) { " class=\"alarm\"" } else { "" };
    format!("<td{class}>{}</td>", xml(text))
}
