//! Where nodes stand in a drawing: a column per phase, rows within, in the order of the plan.

use super::{Graph, Shape, text};
use crate::plan::Phase;

/// Width of a node.
pub(super) const NODE: i32 = 184;
/// Height of a line of text.
pub(super) const LINE: i32 = 15;
/// Space around the drawing, and around text in a node.
pub(super) const MARGIN: i32 = 16;
pub(super) const PADDING: i32 = 9;
/// Space between columns, where edges run, and between rows.
const BETWEEN_COLUMNS: i32 = 48;
const BETWEEN_ROWS: i32 = 18;
/// Title, summary and the names of the phases lie above the nodes.
pub(super) const HEAD: i32 = 92;
/// Cells per line, and lines, of a title.
const CELLS: usize = 25;
const LINES: usize = 5;

/// A node in its place.
#[derive(Debug)]
pub(super) struct Place {
    /// Left edge.
    pub(super) x: i32,
    /// Top edge.
    pub(super) y: i32,
    /// Height.
    pub(super) height: i32,
    /// Which column.
    pub(super) column: usize,
    /// Which row in it.
    pub(super) row: usize,
    /// Lines of its title.
    pub(super) title: Vec<String>,
}

/// A drawing without ink.
#[derive(Debug)]
pub(super) struct Layout {
    /// Whole size.
    pub(super) width: i32,
    /// Whole size.
    pub(super) height: i32,
    /// Phases with the left edge of their column.
    pub(super) columns: Vec<(Phase, i32)>,
    /// The nodes, in the order of the graph.
    pub(super) places: Vec<Place>,
}

pub(super) fn layout(graph: &Graph) -> Layout {
    let mut phases: Vec<Phase> = graph.nodes.iter().map(|n| n.phase).collect();
    phases.sort_unstable();
    phases.dedup();
    let left = |column: usize| MARGIN + PADDING + i32::try_from(column).unwrap_or(0) * (NODE + BETWEEN_COLUMNS);
    let mut next: Vec<(i32, usize)> = phases.iter().map(|_| (HEAD, 0)).collect();
    let mut places = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let column = phases.iter().position(|p| *p == node.phase).unwrap_or(0);
        let title = text::wrap(&node.heading(), CELLS, LINES);
        let lines = i32::try_from(title.len() + node.notes().len()).unwrap_or(1);
        let padding = if node.shape == Shape::Barrier { PADDING / 2 } else { PADDING };
        let height = lines * LINE + 2 * padding;
        if let Some((y, row)) = next.get_mut(column) {
            places.push(Place { x: left(column), y: *y, height, column, row: *row, title });
            *y += height + BETWEEN_ROWS;
            *row += 1;
        }
    }
    let bottom = next.iter().map(|(y, _)| *y).max().unwrap_or(HEAD);
    Layout {
        // the title needs some room even where there is little to draw
        width: (left(phases.len()) - BETWEEN_COLUMNS + PADDING + MARGIN).max(640),
        height: bottom + MARGIN,
        columns: phases.iter().enumerate().map(|(column, phase)| (*phase, left(column))).collect(),
        places,
    }
}
