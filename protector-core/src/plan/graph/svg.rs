//! One SVG document: phases as columns, steps as boxes. Colours follow the reader's light or dark mode.

use super::layout::{HEAD, LINE, Layout, MARGIN, NODE, PADDING, Place, layout};
use super::node::Look;
use super::style::{BAND, LOOKS, MUTED, PAGE, PIVOT, TEXT, style};
use super::{Graph, Node, Shape, text};
use crate::plan::Phase;
use text::xml;

pub(super) fn render(graph: &Graph) -> String {
    draw(graph, true)
}

/// The drawing for a page that says title and summary itself.
pub(crate) fn embedded(graph: &Graph) -> String {
    draw(graph, false)
}

fn draw(graph: &Graph, alone: bool) -> String {
    let layout = layout(graph);
    let Layout { width, height, .. } = layout;
    let top = if alone { 0 } else { HEAD - 40 };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plan-graph\" role=\"img\" width=\"{width}\" height=\"{}\" \
         viewBox=\"0 {top} {width} {}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n",
        height - top,
        height - top
    );
    out.push_str(&format!("<title>{}</title>\n<desc>{}</desc>\n", xml(&graph.title()), xml(&graph.summary())));
    out.push_str(&format!("<style>{}</style>\n", css()));
    out.push_str(
        "<defs><marker id=\"plan-arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"plan-head\" d=\"M0,0 L8,4 L0,8 z\"/></marker></defs>\n",
    );
    out.push_str(&format!("<rect class=\"plan-page\" x=\"0\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>\n"));
    if alone {
        head(graph, width, &mut out);
    }
    layout.columns.iter().for_each(|(phase, x)| band(*phase, *x, height, &mut out));
    for (from, to) in &graph.edges {
        if let (Some(from), Some(to)) = (layout.places.get(*from), layout.places.get(*to)) {
            out.push_str(&format!(
                "<path class=\"plan-edge\" marker-end=\"url(#plan-arrow)\" d=\"{}\"/>\n",
                way(from, to)
            ));
        }
    }
    graph.nodes.iter().zip(&layout.places).for_each(|(node, place)| draw_node(node, place, &mut out));
    out.push_str("</svg>\n");
    out
}

/// Title and summary.
fn head(graph: &Graph, width: i32, out: &mut String) {
    let cells = usize::try_from((width - 2 * MARGIN) / 9).unwrap_or(60);
    let title = text::wrap(&graph.title(), cells, 1).concat();
    out.push_str(&format!(
        "<text class=\"plan-text\" x=\"{MARGIN}\" y=\"26\" font-size=\"16\" font-weight=\"bold\">{}</text>\n",
        xml(&title)
    ));
    out.push_str(&format!("<text class=\"plan-note\" x=\"{MARGIN}\" y=\"44\">{}</text>\n", xml(&graph.summary())));
}

fn band(phase: Phase, x: i32, height: i32, out: &mut String) {
    let pivot = if phase == Phase::Pivot { " plan-pivot" } else { "" };
    out.push_str(&format!(
        "<rect class=\"plan-band{pivot}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n\
         <text class=\"plan-note\" x=\"{x}\" y=\"{}\" font-weight=\"bold\">{phase}</text>\n",
        x - PADDING,
        HEAD - 32,
        NODE + 2 * PADDING,
        height - HEAD + 32 - MARGIN / 2,
        HEAD - 13,
    ));
}

/// The way of an edge: to the next columns from side to side, within a column from top to bottom.
fn way(from: &Place, to: &Place) -> String {
    let middle = |place: &Place| place.y + place.height / 2;
    let (right, left) = (from.x + NODE, to.x);
    if to.column > from.column {
        let half = 24;
        let (y1, y2) = (middle(from), middle(to));
        return format!("M{right},{y1} C{},{y1} {},{y2} {left},{y2}", right + half, left - half);
    }
    if to.column < from.column {
        // back to an earlier phase: the next tier begins
        let (y1, y2) = (middle(from) + 4, middle(to) + 4);
        let (start, end) = (from.x, to.x + NODE);
        return format!("M{start},{y1} C{},{y1} {},{y2} {end},{y2}", start - 24, end + 24);
    }
    if to.row == from.row + 1 {
        let x = from.x + NODE / 2;
        return format!("M{x},{} L{x},{}", from.y + from.height, to.y);
    }
    // past others in between, on the side where nothing arrives
    let (y1, y2) = (middle(from) + 4, middle(to) + 4);
    let out = right + 28;
    format!("M{right},{y1} C{out},{y1} {out},{y2} {right},{y2}")
}

fn draw_node(node: &Node, place: &Place, out: &mut String) {
    let Place { x, y, height, title, .. } = place;
    let class = style(node.look()).class;
    let whole: Vec<String> = std::iter::once(node.heading()).chain(node.notes()).collect();
    out.push_str(&format!("<g class=\"plan-{class}\"><title>{}</title>", xml(&whole.join("; "))));
    let (radius, padding) = if node.shape == Shape::Barrier { (height / 2, PADDING / 2) } else { (5, PADDING) };
    if node.shape == Shape::Pivot {
        out.push_str(&format!(
            "<rect class=\"plan-ring\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
            x - 5,
            y - 5,
            NODE + 10,
            height + 10
        ));
    }
    out.push_str(&format!(
        "<rect class=\"plan-box\" x=\"{x}\" y=\"{y}\" width=\"{NODE}\" height=\"{height}\" rx=\"{radius}\"/>"
    ));
    let mut line = y + padding + LINE - 4;
    let mut write = |text: &str, class: &str| {
        out.push_str(&format!("<text class=\"{class}\" x=\"{}\" y=\"{line}\">{}</text>", x + PADDING, xml(text)));
        line += LINE;
    };
    title.iter().for_each(|text| write(text, "plan-text"));
    node.notes().iter().for_each(|text| write(text, "plan-state"));
    out.push_str("</g>\n");
}

/// Classes with the colours of light paper, and those of a dark screen over them. Paper is always light.
fn css() -> String {
    let look = |look: Look, fill: &str, line: &str| {
        let style = style(look);
        let dashes = if style.dashes.is_empty() { "none" } else { style.dashes };
        format!(
            ".plan-{} .plan-box{{fill:{fill};stroke:{line};stroke-width:{};stroke-dasharray:{dashes}}}",
            style.class, style.width
        )
    };
    let page = |page: &str, text: &str, muted: &str, band: &str, pivot: &str| {
        format!(
            ".plan-page{{fill:{page}}}.plan-text{{fill:{text}}}.plan-state{{fill:{text};font-weight:bold}}.plan-note{{fill:{muted}}}\
             .plan-band{{fill:{band};stroke:none}}.plan-band.plan-pivot{{stroke:{pivot};stroke-width:2;stroke-dasharray:8 4}}\
             .plan-ring{{fill:none;stroke:{pivot};stroke-width:3}}.plan-edge{{fill:none;stroke:{muted};stroke-width:1.2}}\
             .plan-head{{fill:{muted}}}"
        )
    };
    let light: String = LOOKS.iter().map(|l| look(*l, style(*l).fill, style(*l).line)).collect();
    let dark: String = LOOKS.iter().map(|l| look(*l, style(*l).dark_fill, style(*l).dark_line)).collect();
    format!(
        "{}{light}@media screen and (prefers-color-scheme:dark){{{}{dark}}}",
        page(PAGE.0, TEXT.0, MUTED.0, BAND.0, PIVOT.0),
        page(PAGE.1, TEXT.1, MUTED.1, BAND.1, PIVOT.1)
    )
}
