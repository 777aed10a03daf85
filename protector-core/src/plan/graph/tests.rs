use super::testing::{HOSTILE, check_inert, check_xml};
use super::*;
use crate::model::{FailoverType, Mappings, StepId};
use crate::plan::testing::{Size, facts};
use crate::plan::{Action, Phase, Request, Step, plan};
use std::collections::BTreeMap;

fn failover(sizes: &[Size], away: bool) -> Plan {
    let request = match away {
        true => Request::Failback { mappings: Mappings::default() },
        false => Request::Failover {
            failover_type: FailoverType::Planned,
            force: false,
            reason: None,
            mappings: Mappings::default(),
        },
    };
    plan(&facts(sizes, away), &request).unwrap()
}

/// `count` members on `tiers` tiers.
fn members(count: usize, tiers: usize) -> Vec<Size> {
    (0..count).map(|n| Size { tier: u16::try_from(n % tiers).unwrap(), disks: 2, nics: 1 }).collect()
}

fn standing(plan: &Plan, word: impl Fn(usize, &Step) -> StepWord) -> Standing {
    let steps = plan.steps.iter().enumerate().map(|(at, s)| (s.id.clone(), (word(at, s), Some("why".to_owned()))));
    let steps = steps.filter(|(_, (word, _))| *word != StepWord::Pending).collect();
    Standing { operation: "op-1".into(), status: OperationStatus::Running, percent: 43, steps }
}

#[test]
fn a_small_plan_shows_every_step_and_every_edge() {
    let plan = failover(&members(3, 2), false);
    assert!(plan.steps.len() <= 60, "{}", plan.steps.len());
    let graph = plan.graph();
    assert!(!graph.collapsed);
    let titles: Vec<_> = graph.nodes.iter().map(|n| &n.title).collect();
    assert_eq!(titles, plan.steps.iter().map(|s| &s.title).collect::<Vec<_>>());
    let edges: usize = plan.steps.iter().map(|s| s.after.len()).sum();
    assert_eq!(graph.edges.len(), edges);
    for (from, to) in &graph.edges {
        assert!(plan.steps[*to].after.contains(&plan.steps[*from].id));
    }
    assert_eq!(graph.nodes.iter().filter(|n| n.shape == Shape::Pivot).count(), 1);
}

#[test]
fn a_large_plan_shows_what_is_done_to_many_as_one_and_loses_no_step() {
    for (count, tiers) in [(200, 1), (200, 3), (5000, 2), (300, 300)] {
        let plan = failover(&members(count, tiers), true);
        let graph = plan.graph();
        assert!(graph.collapsed && graph.nodes.len() <= 60, "{} nodes", graph.nodes.len());
        let barriers = plan.steps.iter().filter(|s| matches!(s.action, Action::Barrier {})).count();
        assert_eq!(graph.nodes.iter().map(|n| n.steps).sum::<usize>() + barriers, plan.steps.len());
        let find = |title: &str| graph.nodes.iter().position(|n| n.title == title);
        let import = find(&format!("import {} volumes", 2 * count)).expect("one import");
        let pivot = graph.nodes.iter().position(|n| n.shape == Shape::Pivot).expect("the pivot");
        assert!(graph.edges.contains(&(pivot, import)));
        let started = graph.nodes.iter().filter(|n| n.title.starts_with("start ")).count();
        // one node per tier, unless there are too many of them
        assert_eq!(started, if tiers > 60 { 1 } else { tiers }, "{count} {tiers}");
    }
    let graph = failover(&members(300, 300), false).graph();
    assert!(graph.nodes.iter().any(|n| n.title == "start 300 servers, in 300 waves"), "{:#?}", graph.nodes);
}

/// Tiers come one after the other, also where the barriers between them are left out.
#[test]
fn what_comes_after_a_barrier_comes_after_what_is_before_it() {
    let graph = failover(&members(60, 2), false).graph();
    let find = |title: &str| graph.nodes.iter().position(|n| n.title == title).expect(title);
    for (from, to) in [
        ("stop 30 servers, wave 1 of 2", "stop 30 servers, wave 2 of 2"),
        ("start 30 servers, wave 1 of 2", "verify 30 servers, wave 1 of 2"),
        ("verify 30 servers, wave 1 of 2", "start 30 servers, wave 2 of 2"),
    ] {
        assert!(graph.edges.contains(&(find(from), find(to))), "{from} -> {to}");
    }
    assert!(graph.nodes.iter().all(|n| n.shape != Shape::Barrier));
}

#[test]
fn a_node_says_how_its_steps_stand() {
    use StepWord::*;
    let plan = failover(&members(200, 1), false);
    let imports = |s: &Step| matches!(s.action, Action::ImportVolume { .. });
    let first = plan.steps.iter().position(imports).expect("an import");
    type Counts = &'static [(StepWord, usize)];
    let cases: [(Counts, &str, node::Look); 7] = [
        (&[(Done, 120), (Failed, 1)], "120 of 400 done, 1 failed", node::Look::Failed),
        (&[(Done, 120), (Running, 8)], "120 of 400 done, 8 running", node::Look::Running),
        (&[(Done, 120)], "120 of 400 done", node::Look::Partly),
        (&[(Done, 400)], "400 of 400 done", node::Look::Done),
        (&[(Done, 399), (Skipped, 1)], "399 of 400 done, 1 skipped", node::Look::Skipped),
        (&[(Done, 1), (Undone, 399)], "1 of 400 done, 399 undone", node::Look::Undone),
        (&[], "0 of 400 done", node::Look::Pending),
    ];
    for (counts, text, look) in cases {
        let words: Vec<StepWord> = counts.iter().flat_map(|(word, count)| vec![*word; *count]).collect();
        let graph = plan.graph_with(&standing(&plan, |at, s| match imports(s) {
            true => words.get(at - first).copied().unwrap_or(Pending),
            false => Pending,
        }));
        let node = graph.nodes.iter().find(|n| n.title == "import 400 volumes").expect("the imports");
        assert_eq!((node.state().as_deref(), node.look()), (Some(text), look));
        for format in GraphFormat::ALL {
            assert!(graph.render(format).contains(text), "{format}");
        }
    }
}

/// Words carry what colours say, in every format.
#[test]
fn every_state_and_the_pivot_are_words() {
    use StepWord::*;
    let plan = failover(&members(3, 1), false);
    let words = [Pending, Running, Done, Skipped, Failed, Undone];
    let graph = plan.graph_with(&standing(&plan, |at, _| words[at % words.len()]));
    for format in GraphFormat::ALL {
        let text = graph.render(format);
        for word in words {
            assert!(text.contains(&format!(">{word}<")) || text.contains(&format!("{word}\"")), "{format}: {word}");
        }
        assert!(text.contains("POINT OF NO RETURN"), "{format}");
        assert!(text.contains("43 "), "{format}: the progress");
    }
    let html = graph.render(GraphFormat::Html);
    assert!(html.contains("<b>failed</b>") && html.contains("why"), "{html}");
    assert!(!plan.graph().render(GraphFormat::Svg).contains(">pending<"), "of a plan alone nothing is known");
}

/// The plan with every text of a user replaced.
fn hostile(mut plan: Plan, name: &str) -> Plan {
    plan.group_name = name.to_owned();
    plan.source = name.into();
    for (at, step) in plan.steps.iter_mut().enumerate() {
        step.title = format!("stop '{name}' {at}");
    }
    plan.findings.push(crate::plan::Finding::blocker(crate::plan::FindingCode::NoPolicy, name).remedy(name));
    plan
}

#[test]
fn names_of_users_break_out_of_no_format() {
    let plain = failover(&members(3, 1), false);
    let shape = |text: &str| {
        check_xml(text).iter().filter(|e| e.starts_with('<')).filter(|e| *e != "<text").cloned().collect::<Vec<_>>()
    };
    let quiet = hostile(plain.clone(), "web");
    for name in HOSTILE {
        let graph = hostile(plain.clone(), name);
        let graph = graph.graph_with(&Standing { operation: name.into(), ..standing(&graph, |_, _| StepWord::Failed) });
        let calm = quiet.graph_with(&standing(&quiet, |_, _| StepWord::Failed));
        for format in [GraphFormat::Svg, GraphFormat::Html] {
            let text = graph.render(format);
            check_inert(&text);
            assert_eq!(shape(&text), shape(&calm.render(format)), "{name:?} changed the elements of {format}");
        }
        check_mermaid(&graph.render(GraphFormat::Mermaid), name);
        check_dot(&graph.render(GraphFormat::Dot), name);
    }
}

/// Every line is one of ours; labels hold nothing but letters, a few signs and numbers of characters.
fn check_mermaid(text: &str, name: &str) {
    for line in text.lines().skip(1).map(str::trim) {
        let words = line.split(' ').next().unwrap_or_default();
        let label = |open: &str, close: &str| {
            let inner = line.split_once(open)?.1.rsplit_once(close)?.0;
            Some(inner.replace("<br/>", ""))
        };
        let is_node = words.starts_with('n') && line.contains(":::");
        if is_node {
            let inner = label("[\"", "\"]").or(label("([\"", "\"])")).or(label("{{\"", "\"}}")).expect(line);
            let legal = |c: char| c.is_alphanumeric() || " ,.'()/-#;".contains(c);
            assert!(inner.trim_start_matches('(').chars().all(legal), "{name:?}: {line}");
        } else {
            let ours = ["subgraph", "direction", "end", "classDef", "style", "%%"].contains(&words);
            assert!(ours || line.split(" --> ").count() == 2, "{name:?}: {line}");
            assert!(!words.starts_with("%%") || !line.contains(['{', '}']), "{name:?}: a directive: {line}");
        }
    }
}

/// Quotes are balanced on each line, so that no label runs over its end.
fn check_dot(text: &str, name: &str) {
    for line in text.lines() {
        let bare = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(bare.matches('"').count() % 2, 0, "{name:?}: {line}");
        let outside: String = bare.split('"').step_by(2).collect();
        assert!(!outside.contains("onload") && !outside.contains("click") && !outside.contains("DROP"), "{line}");
    }
    assert_eq!(text.lines().filter(|l| *l == "}").count(), 1);
}

#[test]
fn the_same_plan_is_drawn_the_same_from_json() {
    for plan in [failover(&members(3, 2), false), failover(&members(400, 2), true)] {
        let json = serde_json::to_string(&plan).unwrap();
        for format in GraphFormat::ALL {
            let text = plan.graph().render(format);
            assert_eq!(plan_graph_json(&json, &format.to_string()).unwrap(), text);
            assert!(text.ends_with('\n'));
        }
        let graph: Graph = serde_json::from_str(&serde_json::to_string(&plan.graph()).unwrap()).unwrap();
        assert_eq!(graph, plan.graph());
    }
    for (plan, format) in [("{}", "svg"), ("[", "svg"), (r#"{"schema":1}"#, "png")] {
        assert_eq!(plan_graph_json(plan, format).unwrap_err().kind(), crate::ErrorKind::InvalidRequest);
    }
}

#[test]
fn a_plan_without_steps_and_one_that_contradicts_itself_are_drawn() {
    let mut plan = failover(&[], false);
    plan.steps.clear();
    for format in GraphFormat::ALL {
        assert!(plan.graph().render(format).contains("0 steps"), "{format}");
    }
    // somebody else's JSON: unknown, doubled and circular steps
    let mut plan = failover(&members(80, 1), false);
    let last = plan.steps.last().unwrap().id.clone();
    plan.steps[0].after = vec!["nothing".into(), last, plan.steps[0].id.clone()];
    plan.steps[2].id = plan.steps[1].id.clone();
    for format in GraphFormat::ALL {
        assert!(!plan.graph().render(format).is_empty());
    }
}

#[test]
fn thirty_thousand_steps_are_drawn_at_once() {
    let plan = failover(&members(5000, 4), false);
    assert!(plan.steps.len() > 30_000, "{}", plan.steps.len());
    let began = std::time::Instant::now();
    let words: BTreeMap<StepId, _> = plan.steps.iter().map(|s| (s.id.clone(), (StepWord::Done, None))).collect();
    let standing =
        Standing { operation: "op-1".into(), status: OperationStatus::Completed, percent: 100, steps: words };
    let html = plan.graph_with(&standing).render(GraphFormat::Html);
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    assert!(html.len() < 100_000, "{} bytes", html.len());
    assert!(plan.graph().nodes.iter().any(|n| n.phase == Phase::Reprotect));
}

#[test]
fn lines_break_at_words_and_end_with_an_ellipsis() {
    let wrap = |text: &str, width, most| text::wrap(text, width, most);
    assert_eq!(wrap("stop 'web-server-1' on site-a", 20, 4), ["stop 'web-server-1'", "on site-a"]);
    assert_eq!(wrap("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrap("abcdefghij", 4, 2), ["abcd", "efg…"]);
    assert_eq!(wrap("服务器服务器", 5, 4), ["服务", "器服", "务器"]);
    assert_eq!(wrap("", 4, 2), [""]);
}
