//! DOT, as Graphviz reads it.

use super::style::{BAND, MUTED, PIVOT, TEXT, style};
use super::{Graph, Node, Shape, text};
use std::collections::BTreeSet;

/// Cells per line of a label.
const WIDTH: usize = 34;

pub(super) fn render(graph: &Graph) -> String {
    let title = quoted(&format!("{}\n{}", one_line(&graph.title()), graph.summary()));
    let mut out = format!(
        "digraph plan {{\n  label={title}\n  labelloc=t\n  rankdir=LR\n  newrank=true\n  fontname=\"sans-serif\"\n  \
         node [shape=box style=\"rounded,filled\" fontname=\"sans-serif\" fontsize=11 fontcolor=\"{}\"]\n  \
         edge [color=\"{}\" arrowsize=0.7]\n",
        TEXT.0, MUTED.0
    );
    let phases: BTreeSet<_> = graph.nodes.iter().map(|n| n.phase).collect();
    for phase in phases {
        let name = phase.to_string();
        let id = name.replace(' ', "_");
        out.push_str(&format!(
            "  subgraph cluster_{id} {{\n    label=\"{name}\"\n    style=filled\n    color=\"{}\"\n    fontcolor=\"{}\"\n",
            BAND.0, MUTED.0
        ));
        for (at, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.phase == phase) {
            out.push_str(&format!("    n{at} [{}]\n", attributes(node)));
        }
        out.push_str("  }\n");
    }
    for (from, to) in &graph.edges {
        out.push_str(&format!("  n{from} -> n{to}\n"));
    }
    out.push_str("}\n");
    out
}

fn attributes(node: &Node) -> String {
    let style = style(node.look());
    let mut lines = text::wrap(&node.heading(), WIDTH, usize::MAX);
    lines.extend(node.notes());
    let label = quoted(&lines.join("\n"));
    let dashed = if style.dashes.is_empty() { "" } else { ",dashed" };
    let drawn = match node.shape {
        Shape::Step => format!("style=\"rounded,filled{dashed}\" color=\"{}\" penwidth={}", style.line, style.width),
        Shape::Barrier => {
            format!("shape=oval height=0.2 fontsize=9 style=\"filled{dashed}\" color=\"{}\"", style.line)
        }
        Shape::Pivot => {
            format!("shape=octagon peripheries=2 style=\"filled{dashed}\" color=\"{}\" penwidth=3", PIVOT.0)
        }
    };
    format!("label={label} fillcolor=\"{}\" {drawn}", style.fill)
}

fn one_line(text: &str) -> String {
    text::readable(text)
}

/// A quoted string with lines. Graphviz reads `\` as the begin of an escape and `&` as that of an entity.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| text::readable(line).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}
