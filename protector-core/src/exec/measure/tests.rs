use super::*;
use crate::model::{FailoverType, Mappings, SiteName};
use crate::plan::testing::{Size, facts};
use crate::plan::{Request, StepOutput, plan};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn intent(step: &str) -> Record {
    Record::StepIntent { step: step.into() }
}

fn done(step: &str) -> Record {
    Record::StepDone { step: step.into(), output: StepOutput::Nothing }
}

fn failover(servers: usize) -> Plan {
    let request = Request::Failover {
        failover_type: FailoverType::Planned,
        force: false,
        reason: None,
        mappings: Mappings::default(),
    };
    plan(&facts(&vec![Size { tier: 0, disks: 1, nics: 0 }; servers], false), &request).unwrap()
}

#[test]
fn a_step_that_began_once_and_is_done_counts() {
    type Case<'a> = (&'static str, &'a [(Record, i64)], &'a [u64]);
    let cases: [Case<'_>; 6] = [
        ("done", &[(intent("announce"), 5), (done("announce"), 25)], &[20]),
        ("at once", &[(intent("announce"), 5), (done("announce"), 5)], &[0]),
        ("not done", &[(intent("announce"), 5)], &[]),
        ("begun in an earlier attempt", &[(intent("fence_source"), 5), (done("fence_source"), 25)], &[]),
        ("its intent lies in an earlier attempt", &[(done("announce"), 25)], &[]),
        ("the clock was set back", &[(intent("announce"), 25), (done("announce"), 5)], &[]),
    ];
    for (what, records, expected) in cases {
        let mut measured = Measured::default();
        for (record, ms) in records {
            measured.add(record, at(*ms), |step| step.as_str() == "fence_source");
        }
        let took: Vec<u64> = measured.samples(&failover(1)).into_iter().flat_map(|s| s.milliseconds).collect();
        assert_eq!(took, expected, "{what}");
    }
}

#[test]
fn samples_are_by_kind_and_site_and_spread_over_the_operation() {
    let plan = failover(40);
    let mut measured = Measured::default();
    for (n, step) in (0..).zip(plan.steps.iter().filter(|s| s.action.word() == "stop_server")) {
        measured.add(&intent(step.id.as_str()), at(0), |_| false);
        measured.add(&done(step.id.as_str()), at(n), |_| false);
    }
    measured.add(&intent("close"), at(0), |_| false);
    measured.add(&done("close"), at(7), |_| false);
    let samples = measured.samples(&plan);
    let kinds: Vec<_> = samples.iter().map(|s| (s.action.as_str(), s.site.clone())).collect();
    assert_eq!(kinds, [("close", None), ("stop_server", Some(SiteName::from("site-a")))]);
    assert_eq!(samples[0].milliseconds, [7]);
    let stops = &samples[1].milliseconds;
    assert_eq!(stops.len(), MOST_PER_KIND);
    assert!(stops[0] < 3 && stops[15] == 39, "{stops:?}");
    assert!(stops.windows(2).all(|pair| (2..=3).contains(&(pair[1] - pair[0]))), "{stops:?}");
}
