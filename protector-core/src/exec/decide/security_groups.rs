//! Which security groups a port gets.

use crate::model::{GroupRecord, Mappings, Member, OperationKind, ServerCapture};
use crate::plan::Plan;
use crate::rules::mapping;

/// Those of the member where it comes from, under the names that the mappings give them on the target. A plan does not
/// repeat mappings: those of the group stay as they are while the plan is carried out, those that were given are in its
/// request.
pub fn security_groups(plan: &Plan, record: &GroupRecord, member: &Member, capture: &ServerCapture) -> Vec<String> {
    // one that never was on the source goes where it was before: what is mapped are things of the source
    if !member.captures.contains_key(&plan.source) && member.captures.contains_key(&plan.target) {
        return capture.security_groups.clone();
    }
    let earlier = record.unfinished.as_ref().filter(|_| plan.kind == OperationKind::RetryFailed);
    let earlier = earlier.map_or_else(Mappings::default, |unfinished| unfinished.mappings.clone());
    let none = Mappings::default();
    let given = mapping::merge(&earlier, plan.request.mappings().unwrap_or(&none));
    let target_is_secondary = plan.target == record.group.secondary_site;
    // what cannot be turned round blocks a plan, unless what was given settles it
    let towards = mapping::towards(&record.group.mappings, &given, target_is_secondary).unwrap_or(given);
    let mapped = |name: &String| towards.security_groups.get(name).unwrap_or(name).clone();
    let mut names: Vec<String> = Vec::new();
    for name in capture.security_groups.iter().map(mapped) {
        // two may lead to one
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailoverType;
    use crate::plan::testing::{Size, facts};
    use crate::plan::{Request, plan};

    fn of(pairs: &[(&str, &str)]) -> Mappings {
        let security_groups = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Mappings { security_groups, ..Mappings::default() }
    }

    #[test]
    fn names_follow_the_mappings_towards_the_target() {
        // stored, given, home or away, what the port gets for ["default", "web"]
        let table = [
            (of(&[]), of(&[]), true, vec!["default", "web"]),
            (of(&[("web", "dmz")]), of(&[]), true, vec!["default", "dmz"]),
            (of(&[("web", "default")]), of(&[]), true, vec!["default"]),
            (of(&[("web", "dmz")]), of(&[("web", "open")]), true, vec!["default", "open"]),
            (of(&[("inner", "web")]), of(&[]), false, vec!["default", "inner"]),
            // two lead to it: what is given settles it
            (of(&[("a", "web"), ("b", "web")]), of(&[("web", "b")]), false, vec!["default", "b"]),
        ];
        for (stored, given, is_home, expected) in table {
            let mut facts = facts(&[Size { tier: 0, disks: 1, nics: 1 }], !is_home);
            facts.record.group.mappings.security_groups = stored.security_groups;
            for capture in facts.record.members[0].captures.iter_mut().map(|(_, capture)| capture) {
                capture.security_groups = vec!["default".to_owned(), "web".to_owned()];
            }
            let request = match is_home {
                true => Request::Failover {
                    failover_type: FailoverType::Planned,
                    force: false,
                    reason: None,
                    mappings: given,
                },
                false => Request::Failback { mappings: given },
            };
            let planned = plan(&facts, &request).unwrap();
            let member = &facts.record.members[0];
            let found = security_groups(&planned, &facts.record, member, &member.captures[&planned.source]);
            assert_eq!(found, expected, "{} -> {}", planned.source, planned.target);
        }
    }
}
