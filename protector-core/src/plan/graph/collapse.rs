//! From steps to nodes. A plan may have tens of thousands of steps; those that do the same to another member or disk
//! become one node.

use super::{Node, Shape, Standing};
use crate::model::StepId;
use crate::plan::{Action, OnFailure, Phase, Plan, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::{Discriminant, discriminant};

/// Up to so many steps each is drawn; with more, and more nodes than this, detail gives way.
const EVERY_STEP: usize = 60;

/// What a step does, without to whom.
type Kind = (Phase, Discriminant<Action>, bool);

/// Nodes, edges between them, and whether steps were put together.
pub(super) fn draw(plan: &Plan, standing: Option<&Standing>) -> (Vec<Node>, Vec<(usize, usize)>, bool) {
    let before = predecessors(&plan.steps);
    if plan.steps.len() <= EVERY_STEP {
        let members = (0..plan.steps.len()).map(|at| Members { steps: vec![at], wave: None, waves: 1 }).collect();
        let of_step: Vec<usize> = (0..plan.steps.len()).collect();
        let (nodes, edges) = finish(plan, standing, members, &of_step, &before);
        return (nodes, edges, false);
    }
    let kinds = kinds(&plan.steps);
    let waves = waves(&kinds, &before);
    let (mut members, mut of_step) = group(&kinds, &waves, true);
    if members.iter().filter(|m| !is_barrier(plan, m)).count() > EVERY_STEP {
        (members, of_step) = group(&kinds, &waves, false);
    }
    let (nodes, edges) = finish(plan, standing, members, &of_step, &before);
    let (nodes, edges) = without_barriers(nodes, &edges);
    (nodes, edges, true)
}

/// Steps that are drawn as one.
struct Members {
    /// Positions in the plan.
    steps: Vec<usize>,
    /// Which of the waves of its kind it is, from 0; absent if it is all of them.
    wave: Option<usize>,
    /// How many waves of its kind there are: one after the other, for example tiers.
    waves: usize,
}

/// Positions of the steps that each comes after. What is not in the plan is left out.
fn predecessors(steps: &[Step]) -> Vec<Vec<usize>> {
    let mut at: HashMap<&StepId, usize> = HashMap::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        at.entry(&step.id).or_insert(position);
    }
    steps.iter().map(|step| step.after.iter().filter_map(|id| at.get(id).copied()).collect()).collect()
}

/// Each step's kind as a number, in the order of the plan.
fn kinds(steps: &[Step]) -> Vec<usize> {
    let mut numbers: HashMap<Kind, usize> = HashMap::new();
    let mut kind = |step: &Step| {
        let next = numbers.len();
        *numbers.entry((step.phase, discriminant(&step.action), step.on_failure == OnFailure::Skip)).or_insert(next)
    };
    steps.iter().map(&mut kind).collect()
}

/// How many steps of the same kind lie one after the other before each step: servers of the second tier are wave 1.
fn waves(kinds: &[usize], before: &[Vec<usize>]) -> Vec<usize> {
    let width = kinds.iter().max().map_or(0, |most| most + 1);
    // per step and kind: how many of that kind lie on a way that ends with the step
    let mut behind: Vec<Vec<usize>> = Vec::with_capacity(kinds.len());
    let mut waves = Vec::with_capacity(kinds.len());
    for (kind, predecessors) in kinds.iter().zip(before) {
        let mut most = vec![0; width];
        // a plan lists steps in an order that respects `after`; what points forward is none of ours
        for earlier in predecessors.iter().filter_map(|at| behind.get(*at)) {
            most.iter_mut().zip(earlier).for_each(|(a, b)| *a = (*a).max(*b));
        }
        if let Some(own) = most.get_mut(*kind) {
            waves.push(*own);
            *own += 1;
        }
        behind.push(most);
    }
    waves
}

/// Steps of one kind together, `by_wave` only those of one wave, in the order of the plan; and the group of each step.
fn group(kinds: &[usize], waves: &[usize], by_wave: bool) -> (Vec<Members>, Vec<usize>) {
    let mut numbers: HashMap<(usize, Option<usize>), usize> = HashMap::new();
    let mut most: HashMap<usize, usize> = HashMap::new();
    let mut members: Vec<Members> = Vec::new();
    let mut of_step = Vec::with_capacity(kinds.len());
    for (at, (kind, wave)) in kinds.iter().zip(waves).enumerate() {
        let most = most.entry(*kind).or_default();
        *most = (*most).max(wave + 1);
        let wave = by_wave.then_some(*wave);
        let number = *numbers.entry((*kind, wave)).or_insert(members.len());
        if number == members.len() {
            members.push(Members { steps: Vec::new(), wave, waves: 1 });
        }
        if let Some(group) = members.get_mut(number) {
            group.steps.push(at);
        }
        of_step.push(number);
    }
    for ((kind, _), number) in numbers {
        if let (Some(group), Some(most)) = (members.get_mut(number), most.get(&kind)) {
            group.waves = *most;
        }
    }
    (members, of_step)
}

fn is_barrier(plan: &Plan, members: &Members) -> bool {
    let first = members.steps.first().and_then(|at| plan.steps.get(*at));
    first.is_some_and(|step| matches!(step.action, Action::Barrier {}))
}

fn finish(
    plan: &Plan,
    standing: Option<&Standing>,
    members: Vec<Members>,
    of_step: &[usize],
    before: &[Vec<usize>],
) -> (Vec<Node>, Vec<(usize, usize)>) {
    let mut edges = BTreeSet::new();
    for (to, predecessors) in of_step.iter().zip(before) {
        edges.extend(predecessors.iter().filter_map(|at| of_step.get(*at)).map(|from| (*from, *to)));
    }
    edges.retain(|(from, to)| from != to);
    let nodes = members.into_iter().filter_map(|m| node(plan, standing, &m)).collect();
    (nodes, edges.into_iter().collect())
}

fn node(plan: &Plan, standing: Option<&Standing>, members: &Members) -> Option<Node> {
    let steps: Vec<&Step> = members.steps.iter().filter_map(|at| plan.steps.get(*at)).collect();
    let first = *steps.first()?;
    let mut words = BTreeMap::new();
    if let Some(standing) = standing {
        steps.iter().for_each(|step| *words.entry(standing.word(&step.id)).or_default() += 1);
    }
    let number = (steps.len() == 1).then(|| members.steps.first().map(|at| at + 1)).flatten();
    Some(Node {
        phase: first.phase,
        title: if steps.len() == 1 { first.title.clone() } else { several(first, members) },
        number,
        steps: steps.len(),
        shape: match first.action {
            Action::Barrier {} => Shape::Barrier,
            _ if first.phase == Phase::Pivot => Shape::Pivot,
            _ => Shape::Step,
        },
        best_effort: first.on_failure == OnFailure::Skip,
        standing: words,
    })
}

/// What several steps of one kind do.
fn several(first: &Step, members: &Members) -> String {
    let count = members.steps.len();
    let title = match &first.action {
        Action::StopServer { .. } => format!("stop {count} servers"),
        Action::ImportVolume { .. } => format!("import {count} volumes"),
        Action::RetireServer { .. } => format!("remove {count} old servers, keep their volumes"),
        Action::EnsurePort { .. } => format!("make {count} ports"),
        Action::EnsureServer { .. } => format!("start {count} servers"),
        Action::VerifyServer { .. } => format!("verify {count} servers"),
        Action::CheckServer { .. } => format!("check {count} servers"),
        Action::StopOldServer { .. } => format!("stop {count} old servers"),
        Action::DeleteServer { .. } => format!("delete {count} test servers"),
        Action::DeletePort { .. } => format!("delete {count} test ports"),
        Action::ReleaseVolume { .. } => format!("release {count} test volumes"),
        _ => format!("{}, and {} more of this kind", first.title, count - 1),
    };
    match (members.wave, members.waves) {
        (_, 1) => title,
        (None, waves) => format!("{title}, in {waves} waves"),
        (Some(wave), waves) => format!("{title}, wave {} of {waves}", wave + 1),
    }
}

/// Leaves barriers out: what comes after one comes after what is before it.
fn without_barriers(nodes: Vec<Node>, edges: &[(usize, usize)]) -> (Vec<Node>, Vec<(usize, usize)>) {
    let mut edges: BTreeSet<(usize, usize)> = edges.iter().copied().collect();
    for (barrier, _) in nodes.iter().enumerate().filter(|(_, n)| n.shape == Shape::Barrier) {
        let into: Vec<usize> = edges.iter().filter(|(_, to)| *to == barrier).map(|(from, _)| *from).collect();
        let out: Vec<usize> = edges.iter().filter(|(from, _)| *from == barrier).map(|(_, to)| *to).collect();
        edges.retain(|(from, to)| *from != barrier && *to != barrier);
        edges.extend(into.iter().flat_map(|from| out.iter().map(move |to| (*from, *to))).filter(|(a, b)| a != b));
    }
    let mut left = HashMap::new();
    for (at, _) in nodes.iter().enumerate().filter(|(_, n)| n.shape != Shape::Barrier) {
        left.insert(at, left.len());
    }
    let edges = edges.iter().filter_map(|(from, to)| Some((*left.get(from)?, *left.get(to)?))).collect();
    (nodes.into_iter().filter(|n| n.shape != Shape::Barrier).collect(), edges)
}
