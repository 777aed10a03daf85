use super::text::{about, at_most};
use super::*;
use crate::model::SiteName;
use crate::plan::testing::{Size, facts};
use crate::plan::{Action, Facts, OnFailure, Phase, Request, plan};
use crate::ports::StepDurations;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A step of a test: what it needs, how long it takes, what it comes after.
type Sketch = (char, u64, &'static [usize]);

/// `a`, `b`: the arrays of two sites; `c`, `d`: their clouds; `m`: the metadata; `-`: nothing.
fn action(needs: char) -> Action {
    let site: SiteName = if matches!(needs, 'a' | 'c') { "site-a".into() } else { "site-b".into() };
    match needs {
        'a' | 'b' => Action::Fence { site, group: "pg".into() },
        'c' | 'd' => Action::StopServer { site, server: "server".into() },
        'm' => Action::Close {},
        _ => Action::Barrier {},
    }
}

fn step(at: usize, needs: char, after: &[usize]) -> Step {
    Step {
        id: format!("step-{at}").into(),
        title: format!("step {at}"),
        phase: Phase::Recover,
        action: action(needs),
        after: after.iter().map(|at| format!("step-{at}").into()).collect(),
        weight: 1,
        timeout_seconds: 60,
        on_failure: OnFailure::Stop,
        member: None,
    }
}

fn steps(sketches: &[Sketch]) -> Vec<Step> {
    sketches.iter().enumerate().map(|(at, (needs, _, after))| step(at, *needs, after)).collect()
}

fn run(steps: &[Step], lengths: &[u64], limits: Limits) -> Timeline {
    simulate(Schedule::new(steps, |_| false, limits, |at| lengths[at]), |at| lengths[at])
}

#[test]
fn the_end_is_determined_by_a_chain_or_by_a_slot() {
    let two = Limits { array: 2, cloud: 2 };
    type Case = (&'static str, Limits, &'static [Sketch], u64, &'static [usize]);
    let cases: [Case; 11] = [
        ("nothing", two, &[], 0, &[]),
        ("one", two, &[('a', 7, &[])], 7, &[0]),
        ("a chain", two, &[('a', 1, &[]), ('c', 2, &[0]), ('m', 3, &[1])], 6, &[0, 1, 2]),
        ("a fork", two, &[('a', 1, &[]), ('c', 5, &[0]), ('d', 9, &[0]), ('m', 1, &[1, 2])], 11, &[0, 2, 3]),
        ("endpoints do not wait for each other", two, &[('a', 5, &[]), ('b', 5, &[]), ('c', 6, &[])], 6, &[2]),
        ("three on two slots", two, &[('c', 5, &[]), ('c', 4, &[]), ('c', 3, &[])], 7, &[1, 2]),
        ("metadata is one at a time", two, &[('m', 5, &[]), ('m', 5, &[])], 10, &[0, 1]),
        (
            "a barrier takes no time",
            two,
            &[('a', 2, &[]), ('b', 3, &[]), ('-', 0, &[0, 1]), ('a', 1, &[2])],
            4,
            &[1, 2, 3],
        ),
        // 3 is ready at 2 and gets its slot at 5
        ("a slot after a chain", two, &[('a', 5, &[]), ('a', 6, &[]), ('c', 2, &[]), ('a', 1, &[2])], 6, &[0, 3]),
        // the long way of 1 goes first, so that 0 and 2 share what is left of the time
        (
            "the longest way",
            Limits { array: 1, cloud: 2 },
            &[('a', 2, &[]), ('a', 1, &[]), ('c', 9, &[1])],
            10,
            &[1, 2],
        ),
        ("in plan order", Limits::SEQUENTIAL, &[('a', 2, &[]), ('a', 1, &[]), ('c', 9, &[1])], 12, &[0, 1, 2]),
    ];
    for (what, limits, sketches, makespan, path) in cases {
        let lengths: Vec<u64> = sketches.iter().map(|(_, length, _)| *length).collect();
        let timeline = run(&steps(sketches), &lengths, limits);
        assert_eq!((timeline.makespan, &timeline.critical_path[..]), (makespan, path), "{what}");
    }
}

/// What was measured of every kind in [`action`].
fn measured(milliseconds: &[u64]) -> Durations {
    let kinds = [("fence", Some("site-a")), ("fence", Some("site-b")), ("stop_server", Some("site-a"))];
    let kinds = kinds.into_iter().chain([("stop_server", Some("site-b")), ("close", None)]);
    let samples: Vec<_> = kinds
        .map(|(action, site)| StepDurations {
            action: action.to_owned(),
            site: site.map(SiteName::from),
            milliseconds: milliseconds.to_vec(),
        })
        .collect();
    Durations::of_samples(&samples)
}

#[test]
fn mean_and_variance_are_those_of_the_samples() {
    let cases: [(&[u64], u64, u64); 5] = [
        (&[4000], 4000, 2000 * 2000),
        (&[4000, 4000, 4000], 4000, 0),
        (&[1000, 2000, 3000], 2000, 1_000_000),
        (&[1, 2], 2, 1),
        (&[u64::MAX, u64::MAX], u64::MAX, 0),
    ];
    for (samples, mean_ms, variance) in cases {
        let durations = measured(samples);
        let time = durations.get(&action('a')).unwrap();
        assert_eq!((time.samples, time.mean_ms, time.variance), (samples.len(), mean_ms, variance), "{samples:?}");
    }
    assert_eq!(measured(&[]), Durations::default());
}

#[test]
fn durations_are_of_one_kind_at_one_site() {
    let fence = |site: &str, ms| StepDurations {
        action: "fence".to_owned(),
        site: Some(site.into()),
        milliseconds: vec![ms, ms],
    };
    let durations = Durations::of_samples(&[fence("site-b", 9000), fence("site-a", 5000), fence("site-c", 1)]);
    let mean = |durations: &Durations, needs| durations.get(&action(needs)).map(|time| time.mean_ms);
    assert_eq!([mean(&durations, 'a'), mean(&durations, 'b'), mean(&durations, 'c')], [Some(5000), Some(9000), None]);
    let here = durations.at_sites(&[&"site-b".into()]);
    assert_eq!([mean(&here, 'a'), mean(&here, 'b')], [None, Some(9000)]);
}

#[test]
fn the_p95_follows_from_the_variances_along_the_path() {
    let one = Limits::SEQUENTIAL;
    // deviation of one step 1 s, of four in a row 2 s, of which 1.645 times make 3.29 s
    let chain = steps(&[('a', 0, &[]), ('a', 0, &[0]), ('a', 0, &[1]), ('a', 0, &[2])]);
    let measured = measured(&[1000, 2000, 3000]);
    let four = forecast(&chain, &measured, one);
    assert_eq!((four.p50_seconds, four.p95_seconds), (8, 12));
    let one_step = forecast(&chain[..1], &measured, one);
    assert_eq!((one_step.p50_seconds, one_step.p95_seconds), (2, 4));
    // what lies beside the path does not count
    let fork = steps(&[('a', 0, &[]), ('b', 0, &[])]);
    let fork = forecast(&fork, &measured, one);
    assert_eq!((fork.p50_seconds, fork.p95_seconds, fork.critical_path.len()), (2, 4, 1));
    let nothing = forecast(&[], &measured, one);
    assert_eq!((nothing.p50_seconds, nothing.p95_seconds), (0, 0));
}

#[test]
fn what_was_not_measured_is_assumed_and_named() {
    let plan = steps(&[('a', 0, &[]), ('c', 0, &[0]), ('-', 0, &[1]), ('m', 0, &[2])]);
    let fence = StepDurations { action: "fence".into(), site: Some("site-a".into()), milliseconds: vec![2000, 2000] };
    let forecast = forecast(&plan, &Durations::of_samples(&[fence]), Limits::default());
    assert_eq!((forecast.measured_steps, forecast.unmeasured_steps), (1, 2));
    assert_eq!(forecast.p50_seconds, 2 + 60 + 1);
    // at the other site it takes as long as here, but that is an assumption
    let elsewhere = super::forecast(&steps(&[('b', 0, &[])]), &forecast.basis, Limits::default());
    assert_eq!((elsewhere.p50_seconds, elsewhere.measured_steps, elsewhere.unmeasured_steps), (2, 0, 1));
    let basis: BTreeMap<&str, usize> = forecast.basis.iter().map(|t| (t.action.as_str(), t.samples)).collect();
    assert_eq!(basis, BTreeMap::from([("close", 0), ("fence", 2), ("stop_server", 0)]));
}

fn failover() -> Request {
    serde_json::from_str(r#"{"operation": "failover"}"#).unwrap()
}

fn healthy() -> Facts {
    facts(&[Size { tier: 0, disks: 2, nics: 1 }, Size { tier: 1, disks: 1, nics: 1 }], false)
}

#[test]
fn a_plan_says_how_long_it_takes_and_what_that_rests_on() {
    let mut facts = healthy();
    let text = plan(&facts, &failover()).unwrap().to_text();
    assert!(text.contains("\nforecast: about "), "{text}");
    assert!(
        text.contains("; critical path: tell site-b about the operation > stop 'web-0-server-1' on site-a"),
        "{text}"
    );
    assert!(
        text.contains("  not measured yet (26 of 26 steps): assumes accept_from_peer on site-a 5 s, announce 1 s, "),
        "{text}"
    );
    assert!(text.contains("stop_server on site-a 60 s"), "{text}");

    let planned = plan(&facts, &failover()).unwrap();
    let samples = planned.forecast.iter().flat_map(|f| f.basis.iter()).map(|time| StepDurations {
        action: time.action.clone(),
        site: time.site.clone(),
        milliseconds: vec![60_000; 3],
    });
    facts.durations = Durations::of_samples(&samples.collect::<Vec<_>>());
    let measured = plan(&facts, &failover()).unwrap();
    let text = measured.to_text();
    assert!(!text.contains("not measured yet"), "{text}");
    // the same minute for each step: no spread
    let minutes = measured.forecast.as_ref().unwrap().p50_seconds / 60;
    assert!(text.contains(&format!("forecast: about {minutes} min, 95 % within {minutes} min; ")), "{text}");
    // the hash covers it, and whether the plan is still fresh does not depend on it
    assert_ne!(measured.hash, planned.hash);
    assert_eq!(measured.steps, planned.steps);
    planned.check_fresh(&measured).unwrap();
}

/// Written by a build that made no forecast: its hash still fits.
#[test]
fn a_plan_without_a_forecast_is_read_as_it_was() {
    let planned = plan(&healthy(), &failover()).unwrap();
    let mut old = serde_json::to_value(&planned).unwrap();
    old.as_object_mut().unwrap().remove("forecast");
    let mut read: Plan = serde_json::from_value(old.clone()).unwrap();
    assert_eq!(read.forecast, None);
    read.hash = read.compute_hash();
    old["hash"] = read.hash.clone().into();
    assert_eq!(serde_json::to_value(&read).unwrap(), old);
    assert!(!read.to_text().contains("forecast"));
    assert!(remaining_seconds(&read, Limits::default(), |_| StepProgress::Pending) > 60);
    let mut facts = serde_json::to_value(healthy()).unwrap();
    facts.as_object_mut().unwrap().retain(|key, _| key != "durations" && key != "limits");
    assert_eq!(serde_json::from_value::<Facts>(facts).unwrap(), healthy());
}

#[test]
fn what_is_left_shrinks_as_steps_settle_and_as_time_passes() {
    let mut planned = plan(&healthy(), &failover()).unwrap();
    planned.steps = steps(&[('a', 0, &[]), ('c', 0, &[0]), ('c', 0, &[0]), ('m', 0, &[1, 2])]);
    planned.forecast = Some(forecast(&planned.steps, &measured(&[10_000, 10_000]), Limits::default()));
    let left = |limits, states: [StepProgress; 4]| {
        let states: BTreeMap<StepId, StepProgress> = planned.steps.iter().map(|s| s.id.clone()).zip(states).collect();
        remaining_seconds(&planned, limits, |id| states[id])
    };
    use StepProgress::{Begun, Pending, Settled};
    let (wide, narrow) = (Limits::default(), Limits { array: 2, cloud: 1 });
    assert_eq!(left(wide, [Pending; 4]), 30);
    assert_eq!(left(narrow, [Pending; 4]), 40);
    assert_eq!(left(wide, [Begun(4000), Pending, Pending, Pending]), 26);
    assert_eq!(left(wide, [Begun(40_000), Pending, Pending, Pending]), 20);
    assert_eq!(left(wide, [Settled, Pending, Pending, Pending]), 20);
    // the one that has begun keeps its slot, though the other stands before it
    assert_eq!(left(narrow, [Settled, Pending, Begun(9000), Pending]), 21);
    assert_eq!(left(wide, [Settled; 4]), 0);
}

#[test]
fn times_read_as_people_say_them() {
    let cases = [
        (0, "0 s", "0 s"),
        (99, "99 s", "99 s"),
        (100, "2 min", "2 min"),
        (241, "4 min", "5 min"),
        (299, "5 min", "5 min"),
        (5941, "99 min", "1 h 40 min"),
        (7260, "2 h 1 min", "2 h 1 min"),
    ];
    for (seconds, expected, bound) in cases {
        assert_eq!((about(seconds).as_str(), at_most(seconds).as_str()), (expected, bound), "{seconds}");
    }
}

#[test]
fn a_long_critical_path_is_shortened() {
    let kinds = ['a', 'c', 'b', 'd'];
    let afters: Vec<Vec<usize>> = (0..40).map(|at: usize| at.checked_sub(1).into_iter().collect()).collect();
    let mut planned = plan(&healthy(), &failover()).unwrap();
    planned.steps = afters.iter().enumerate().map(|(at, after)| step(at, kinds[at / 2 % 4], after)).collect();
    planned.forecast = Some(forecast(&planned.steps, &Durations::default(), Limits::default()));
    let text = planned.to_text();
    let line = text.lines().find(|line| line.starts_with("forecast")).unwrap();
    // two of a kind in a row are one title
    assert!(line.contains("critical path: step 0 (and 1 more of it) > step 2 (and 1 more of it) > "), "{line}");
    assert!(line.contains(" > step 10 (and 1 more of it) > (8 more) > step 28 (and 1 more of it) > "), "{line}");
    assert!(line.ends_with(" > step 38 (and 1 more of it)"), "{line}");
}

/// The word under `do` is the word that durations are kept by.
#[test]
fn the_word_of_an_action_is_the_one_in_plans() {
    let all = [healthy(), facts(&[Size { tier: 0, disks: 1, nics: 1 }], true)];
    let requests = [r#"{"operation": "failover"}"#, r#"{"operation": "test_cleanup"}"#, r#"{"operation": "sync"}"#];
    let mut words = std::collections::BTreeSet::new();
    for (facts, request) in all.iter().flat_map(|f| requests.map(|r| (f, r))) {
        for step in plan(facts, &serde_json::from_str(request).unwrap()).unwrap().steps {
            assert_eq!(serde_json::to_value(&step.action).unwrap()["do"], step.action.word());
            words.insert(step.action.word());
        }
    }
    assert!(words.len() >= 20, "{words:?}");
}

/// A random plan: needs and predecessors of each step.
fn random_steps() -> impl Strategy<Value = Vec<Step>> {
    let step_of = (0..6_usize, prop::collection::vec(any::<prop::sample::Index>(), 0..4));
    prop::collection::vec(step_of, 1..60).prop_map(|wanted| {
        let kinds = ['a', 'b', 'c', 'd', 'm', '-'];
        let after = |at: usize, earlier: &[prop::sample::Index]| -> Vec<usize> {
            if at == 0 { Vec::new() } else { earlier.iter().map(|index| index.index(at)).collect() }
        };
        wanted.iter().enumerate().map(|(at, (kind, earlier))| step(at, kinds[*kind], &after(at, earlier))).collect()
    })
}

/// The longest chain, and for each endpoint its work over its limit.
fn bounds(steps: &[Step], length: impl Fn(usize) -> u64, limits: Limits) -> (u64, Vec<u64>) {
    let position: BTreeMap<&StepId, usize> = steps.iter().enumerate().map(|(at, s)| (&s.id, at)).collect();
    let (mut ends, mut work) = (Vec::new(), BTreeMap::new());
    for (at, step) in steps.iter().enumerate() {
        let begin = step.after.iter().map(|id| ends[position[id]]).max().unwrap_or(0);
        ends.push(begin + length(at));
        *work.entry(step.action.endpoint()).or_insert(0) += length(at);
    }
    let shares = work.into_iter().map(|(endpoint, work): (_, u64)| work.div_ceil(limits.of(endpoint.kind) as u64));
    (ends.into_iter().max().unwrap_or(0), shares.collect())
}

proptest! {
    /// With durations that never differ the forecast is the makespan, and nothing is uncertain.
    #[test]
    fn constant_durations_make_an_exact_forecast(
        steps in random_steps(),
        (array, cloud, seconds) in (1..5_usize, 1..5_usize, 1..600_u64),
    ) {
        let limits = Limits { array, cloud };
        let length = |at: usize| if matches!(steps[at].action, Action::Barrier {}) { 0 } else { seconds };
        let timeline = simulate(Schedule::new(&steps, |_| false, limits, length), length);
        let forecast = forecast(&steps, &measured(&[1000 * seconds; 2]), limits);
        prop_assert_eq!((forecast.p50_seconds, forecast.p95_seconds), (timeline.makespan, timeline.makespan));
        let path: Vec<_> = timeline.critical_path.iter().map(|at| steps[*at].id.clone()).collect();
        prop_assert_eq!(forecast.critical_path, path);
    }

    /// Graham's limit for list schedules: never longer than the longest chain and the work of each endpoint together, and
    /// never shorter than the longer of them. Nearer to the longer of them no schedule can be in general: where all work of
    /// one endpoint comes after all of another, as in a move, it takes the sum. Random plans of many steps do come within
    /// 1.05 of it, which the bench `schedule` shows. Steps of the path follow one another without a gap.
    #[test]
    fn a_schedule_is_within_grahams_limit(
        steps in random_steps(),
        lengths in prop::collection::vec(0..1000_u64, 60),
        (array, cloud) in (1..5_usize, 1..5_usize),
    ) {
        let limits = Limits { array, cloud };
        let length = |at: usize| lengths[at];
        let timeline = simulate(Schedule::new(&steps, |_| false, limits, length), length);
        let (chain, shares) = bounds(&steps, length, limits);
        let ideal = shares.iter().copied().max().unwrap_or(0).max(chain);
        prop_assert!(timeline.makespan >= ideal, "{} < {ideal}", timeline.makespan);
        prop_assert!(timeline.makespan <= chain + shares.iter().sum::<u64>());
        prop_assert_eq!(timeline.critical_path.iter().map(|at| lengths[*at]).sum::<u64>(), timeline.makespan);
    }

    #[test]
    fn the_p95_is_never_below_the_p50(
        steps in random_steps(),
        samples in prop::collection::vec(0..100_000_u64, 0..5),
    ) {
        let forecast = forecast(&steps, &measured(&samples), Limits::default());
        prop_assert!(forecast.p95_seconds >= forecast.p50_seconds);
        let timed = steps.iter().filter(|s| !matches!(s.action, Action::Barrier {})).count();
        prop_assert_eq!(forecast.measured_steps + forecast.unmeasured_steps, timed);
    }
}
