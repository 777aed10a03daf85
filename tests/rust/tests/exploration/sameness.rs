//! Whether states that are told to be the same go on the same: what is left out of their fingerprints decides nothing.

use crate::calm::key;
use crate::model::Exploration;
use crate::moves::Move;
use crate::state::State;
use stateright::Model;
use std::collections::{BTreeMap, HashMap, VecDeque};

type Next = BTreeMap<String, Option<u64>>;

/// Two ways to what counts as one state, and a move that leads from there to different ones.
#[derive(Debug)]
#[expect(dead_code, reason = "read by people, when a test fails")]
pub(crate) struct Difference {
    pub(crate) ways: [Vec<Move>; 2],
    pub(crate) moves: Vec<String>,
}

struct Seen {
    next: Next,
    way: Vec<Move>,
}

/// Goes through everything, and looks at what each further way to a state that is known leads on to. Returns what differs,
/// and how many ways were looked at.
pub(crate) fn differences(explored: &Exploration) -> (Vec<Difference>, usize) {
    let mut seen: HashMap<_, Seen> = HashMap::new();
    let (mut found, mut looked) = (Vec::new(), 0);
    let starts = explored.init_states().into_iter().map(|state| (state, Vec::new()));
    let mut waiting: VecDeque<(State, Vec<Move>)> = starts.collect();
    while let Some((state, way)) = waiting.pop_front() {
        let mut moves = Vec::new();
        explored.actions(&state, &mut moves);
        let after: Vec<_> = moves.into_iter().map(|made| (made, explored.next_state(&state, made))).collect();
        let next: Next = after.iter().map(|(made, to)| (format!("{made:?}"), to.as_ref().map(key))).collect();
        let key = key(&state);
        if let Some(known) = seen.get(&key) {
            looked += 1;
            let differ = next.iter().filter(|(made, to)| known.next.get(*made) != Some(to));
            let moves: Vec<String> = differ.map(|(made, _)| made.clone()).collect();
            if !moves.is_empty() || known.next.len() != next.len() {
                found.push(Difference { ways: [known.way.clone(), way], moves });
            }
            continue;
        }
        let go_on = after.into_iter().filter_map(|(made, to)| Some((made, to?)));
        waiting.extend(go_on.filter(|(_, to)| explored.within_boundary(to)).map(|(made, to)| {
            let way = way.iter().copied().chain([made]).collect();
            (to, way)
        }));
        seen.insert(key, Seen { next, way });
    }
    (found, looked)
}
