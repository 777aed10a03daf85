//! Mermaid flowchart, as Markdown of GitHub and GitLab shows it.

use super::node::{Look, POINT_OF_NO_RETURN};
use super::style::{LOOKS, PIVOT, TEXT, style};
use super::{Graph, Node, Shape, text};
use std::collections::BTreeSet;

pub(super) fn render(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    out.push_str(&format!("  %% {}\n", comment(&graph.title())));
    out.push_str(&format!("  %% {}\n", comment(&graph.summary())));
    let phases: BTreeSet<_> = graph.nodes.iter().map(|n| n.phase).collect();
    for phase in phases {
        let name = phase.to_string();
        let id = name.replace(' ', "_");
        out.push_str(&format!("  subgraph phase_{id} [\"{name}\"]\n    direction TB\n"));
        for (at, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.phase == phase) {
            out.push_str(&format!("    {}\n", declare(at, node)));
        }
        out.push_str("  end\n");
    }
    for (from, to) in &graph.edges {
        out.push_str(&format!("  n{from} --> n{to}\n"));
    }
    classes(graph, &mut out);
    out
}

fn declare(at: usize, node: &Node) -> String {
    let lines: Vec<String> = std::iter::once(node.heading()).chain(node.notes()).map(|line| label(&line)).collect();
    let label = lines.join("<br/>");
    let class = style(node.look()).class;
    match node.shape {
        Shape::Step => format!("n{at}[\"{label}\"]:::{class}"),
        Shape::Barrier => format!("n{at}([\"{label}\"]):::{class}"),
        Shape::Pivot => format!("n{at}{{{{\"{label}\"}}}}:::{class}"),
    }
}

fn classes(graph: &Graph, out: &mut String) {
    let used = |look: &&Look| graph.nodes.iter().any(|n| n.look() == **look);
    for style in LOOKS.iter().filter(used).map(|look| style(*look)) {
        let dashes =
            if style.dashes.is_empty() { String::new() } else { format!(",stroke-dasharray:{}", style.dashes) };
        out.push_str(&format!(
            "  classDef {} fill:{},stroke:{},stroke-width:{}px,color:{}{dashes}\n",
            style.class, style.fill, style.line, style.width, TEXT.0
        ));
    }
    for (at, _) in graph.nodes.iter().enumerate().filter(|(_, n)| n.shape == Shape::Pivot) {
        out.push_str(&format!("  %% {POINT_OF_NO_RETURN}: n{at}\n  style n{at} stroke:{},stroke-width:5px\n", PIVOT.0));
    }
}

/// Text within a quoted label. Everything that means something to Mermaid, to Markdown or to HTML is written by its number,
/// as in `#35;`; so are `%` and braces, which would begin a directive.
fn label(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text::readable(text).chars() {
        if c.is_alphanumeric() || " ,.'()/-".contains(c) {
            escaped.push(c);
        } else {
            escaped.push_str(&format!("#{};", u32::from(c)));
        }
    }
    escaped
}

/// Text of a comment: braces would make a directive of it.
fn comment(text: &str) -> String {
    text::readable(text).chars().map(|c| if "{}".contains(c) { '_' } else { c }).collect()
}
