//! Pictures to the byte: a golden plan that shows every step, and a large one in which steps are drawn together.
//! `tests/data/graphs/` holds the large plan and the drawings; Python reads the same files.

use protector_core::plan::{Graph, GraphFormat, Plan, plan, plan_graph_json};
use protector_core::{Result, model::MemberStatus};
use protector_tests::{failover, golden, scale};
use serde::Deserialize;

/// What Python and C can compare too.
const FORMATS: [(GraphFormat, &str); 3] =
    [(GraphFormat::Mermaid, "mmd"), (GraphFormat::Dot, "dot"), (GraphFormat::Svg, "svg")];

#[derive(Deserialize)]
struct Case {
    plan: Plan,
}

/// 30 servers with 60 volumes on three tiers.
fn large() -> Result<Plan> {
    let mut facts = scale::facts(60);
    for (tier, member) in (0u16..).zip(&mut facts.record.members) {
        member.tier = tier % 3;
        member.status = MemberStatus::Protected;
    }
    plan(&facts, &failover())
}

#[test]
fn golden_graph_of_a_small_plan() -> Result<()> {
    let small: Case = serde_json::from_str(&golden::read("plans/planned_failover.json")?)?;
    assert!(!small.plan.graph().collapsed);
    drawn("planned_failover", &small.plan)
}

#[test]
fn golden_graph_of_a_large_plan() -> Result<()> {
    let plan = large()?;
    golden::check_text("graphs/large.json", &(serde_json::to_string(&plan)? + "\n"))?;
    let graph: Graph = plan.graph();
    assert!(graph.collapsed && plan.steps.len() > 150, "{} steps", plan.steps.len());
    drawn("large", &plan)
}

fn drawn(name: &str, plan: &Plan) -> Result<()> {
    let json = serde_json::to_string(plan)?;
    for (format, extension) in FORMATS {
        let text = plan.graph().render(format);
        assert_eq!(plan_graph_json(&json, &format.to_string())?, text);
        golden::check_text(&format!("graphs/{name}.{extension}"), &text)?;
    }
    Ok(())
}
