//! The graph of a plan: a picture of what will be done or, with how each step stands, of how far it came.
//!
//! A value of its own, drawn by one file per format: `mermaid`, `dot`, `svg`, `html`. No I/O and no clock: the same plan
//! and standing give the same text, to the byte. Names come from users, so each format escapes every text it is given.

mod collapse;
mod dot;
pub(crate) mod html;
mod layout;
mod mermaid;
mod node;
mod standing;
mod style;
mod svg;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub use node::{Node, Shape};
pub use standing::{Standing, StepWord, Trouble};

use super::{Finding, Plan};
use crate::model::{OperationId, OperationKind, OperationStatus, SiteName};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphFormat {
    /// Mermaid flowchart, for Markdown.
    Mermaid,
    /// DOT, for Graphviz.
    Dot,
    /// One SVG document.
    Svg,
    /// One HTML document that needs nothing else: no script, no network.
    Html,
}

impl GraphFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Mermaid, Self::Dot, Self::Svg, Self::Html];
}

impl fmt::Display for GraphFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
            Self::Html => "html",
        })
    }
}

impl FromStr for GraphFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|format| format.to_string() == text).ok_or_else(|| {
            Error::invalid(format!("graph format '{text}' is not known")).remedy("use mermaid, dot, svg or html")
        })
    }
}

/// The steps of a plan as nodes and edges, with what people need to read the picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Graph {
    /// Id of the plan.
    pub plan: String,
    /// What it does.
    pub kind: OperationKind,
    /// Name of the group.
    pub group_name: String,
    /// Site that is left, or whose data is used.
    pub source: SiteName,
    /// Site that is reached.
    pub target: SiteName,
    /// What would be lost, in words.
    pub expected_loss: String,
    /// What speaks against it; blockers first.
    pub findings: Vec<Finding>,
    /// Number of steps in the plan.
    pub steps: usize,
    /// Whether steps that do the same are drawn as one.
    pub collapsed: bool,
    /// How far it came; absent for the plan alone.
    pub progress: Option<GraphProgress>,
    /// What is drawn, in the order of the plan.
    pub nodes: Vec<Node>,
    /// From which node to which, by position, sorted.
    pub edges: Vec<(usize, usize)>,
}

/// How far an operation came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GraphProgress {
    /// The operation.
    pub operation: OperationId,
    /// Its status.
    pub status: OperationStatus,
    /// 0 to 100.
    pub percent: u8,
    /// Steps that failed or were skipped, in the order of the plan.
    pub troubles: Vec<Trouble>,
}

impl Plan {
    /// The plan alone.
    pub fn graph(&self) -> Graph {
        Graph::new(self, None)
    }

    /// The plan with how each of its steps stands.
    pub fn graph_with(&self, standing: &Standing) -> Graph {
        Graph::new(self, Some(standing))
    }
}

impl Graph {
    fn new(plan: &Plan, standing: Option<&Standing>) -> Self {
        let (nodes, edges, collapsed) = collapse::draw(plan, standing);
        Self {
            plan: plan.id.clone(),
            kind: plan.kind,
            group_name: plan.group_name.clone(),
            source: plan.source.clone(),
            target: plan.target.clone(),
            expected_loss: plan.expected_loss.to_string(),
            findings: plan.findings.clone(),
            steps: plan.steps.len(),
            collapsed,
            progress: standing.map(|s| s.progress(plan)),
            nodes,
            edges,
        }
    }

    /// One line: what, of which group, from where to where.
    pub fn title(&self) -> String {
        format!("{} of '{}', {} to {}", self.kind, self.group_name, self.source, self.target)
    }

    /// The graph as text of one format. Ends with a newline.
    pub fn render(&self, format: GraphFormat) -> String {
        match format {
            GraphFormat::Mermaid => mermaid::render(self),
            GraphFormat::Dot => dot::render(self),
            GraphFormat::Svg => svg::render(self),
            GraphFormat::Html => html::render(self),
        }
    }

    /// One line under the title: how many steps, and how far they came.
    pub(crate) fn summary(&self) -> String {
        let steps = if self.steps == 1 { "1 step".to_owned() } else { format!("{} steps", self.steps) };
        match &self.progress {
            None => format!("{steps}, the plan alone: nothing of it is done"),
            Some(p) => format!("{steps}, {} {}, {} % done", p.operation, p.status, p.percent),
        }
    }
}

/// [`Plan::graph`] over JSON text, for the bindings: a plan and the name of a format in, the drawn text out.
///
/// # Errors
/// text that is not a plan, or another format → `InvalidRequest`.
pub fn plan_graph_json(plan: &str, format: &str) -> Result<String> {
    let format = format.parse()?;
    let plan: Plan = serde_json::from_str(plan).map_err(|e| Error::from(e).context("plan"))?;
    Ok(plan.graph().render(format))
}
