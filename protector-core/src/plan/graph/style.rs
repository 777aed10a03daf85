//! Colours by how a node stands. They only repeat what words say.

use super::node::Look;

/// Fill, line and dashes of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Name of the class.
    pub(super) class: &'static str,
    /// On light paper.
    pub(super) fill: &'static str,
    /// On light paper.
    pub(super) line: &'static str,
    /// On a dark screen.
    pub(super) dark_fill: &'static str,
    /// On a dark screen.
    pub(super) dark_line: &'static str,
    /// Width of the line.
    pub(super) width: &'static str,
    /// Dashes of the line; empty for none. They tell states apart in black and white.
    pub(super) dashes: &'static str,
}

/// Every look, in the order of a legend.
pub(super) const LOOKS: [Look; 9] = [
    Look::Planned,
    Look::Pending,
    Look::Partly,
    Look::Running,
    Look::Done,
    Look::Skipped,
    Look::Failed,
    Look::Blocked,
    Look::Undone,
];

/// Text on light paper and on a dark screen.
pub(super) const TEXT: (&str, &str) = ("#1f2328", "#e6edf3");
/// Page on light paper and on a dark screen.
pub(super) const PAGE: (&str, &str) = ("#ffffff", "#0d1117");
/// Lines and side notes on light paper and on a dark screen.
pub(super) const MUTED: (&str, &str) = ("#57606a", "#9198a1");
/// Background of a phase on light paper and on a dark screen.
pub(super) const BAND: (&str, &str) = ("#f6f8fa", "#161b22");
/// The point of no return on light paper and on a dark screen.
pub(super) const PIVOT: (&str, &str) = ("#8250df", "#bc8cff");

pub(super) const fn style(look: Look) -> Style {
    let (class, fill, line, dark_fill, dark_line, width, dashes) = match look {
        Look::Planned => ("planned", "#ffffff", "#57606a", "#21262d", "#9198a1", "1", ""),
        Look::Pending => ("pending", "#ffffff", "#8c959f", "#21262d", "#6e7681", "1", "4 3"),
        Look::Partly => ("partly", "#ddf4ff", "#0969da", "#0c2d6b", "#58a6ff", "1.5", "6 3"),
        Look::Running => ("running", "#ddf4ff", "#0969da", "#0c2d6b", "#58a6ff", "2.5", ""),
        Look::Done => ("done", "#dafbe1", "#1a7f37", "#0f3d1f", "#3fb950", "1.5", ""),
        Look::Skipped => ("skipped", "#fff8c5", "#9a6700", "#3d2e00", "#d29922", "1.5", "2 2"),
        Look::Failed => ("failed", "#ffebe9", "#cf222e", "#5d1416", "#ff7b72", "3.5", ""),
        Look::Blocked => ("blocked", "#fff1e5", "#bc4c00", "#3d1f00", "#f0883e", "2", "8 3"),
        Look::Undone => ("undone", "#eaeef2", "#6e7781", "#30363d", "#8b949e", "1.5", "1 3"),
    };
    Style { class, fill, line, dark_fill, dark_line, width, dashes }
}
