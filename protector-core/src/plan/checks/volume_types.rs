//! Whether volumes and the target can keep on being replicated as the group is.

use crate::plan::{Evidence, Facts, Finding, FindingCode, SiteFacts};
use crate::rules::eligibility::check_volume_type;
use crate::rules::volume_types::{backend_of, plain_type_beside};

/// The target has the group's volume type and it still replicates; the members' volumes on the source still have theirs.
pub(in crate::plan) fn volume_types(facts: &Facts, findings: &mut Vec<Finding>) {
    target_type(facts, findings);
    retyped_volumes(facts, findings);
}

/// The type under which clones are taken over that shall lie on the array of the target alone: the other array may not be
/// there, or must not hear of them.
pub(in crate::plan) fn plain_type(facts: &Facts, findings: &mut Vec<Finding>) -> String {
    let SiteFacts { site, cloud, .. } = &facts.target;
    let wanted = facts.record.group.volume_type_on(site);
    let Some(types) = cloud.known().and_then(|c| c.volume_types.as_ref()) else { return wanted.to_owned() };
    if let Some(plain) = plain_type_beside(types, wanted) {
        return plain.name.clone();
    }
    let backend = types.iter().find(|t| t.name == wanted).and_then(backend_of).unwrap_or("<backend>");
    findings.push(
        Finding::blocker(
            FindingCode::PlainVolumeTypeMissing,
            format!(
                "{site} has no volume type of backend '{backend}' without replication, and under '{wanted}' Cinder takes \
                 volumes over only by way of both arrays"
            ),
        )
        .remedy(format!(
            "openstack --os-cloud {site} volume type create --property volume_backend_name={backend} plain-{wanted}"
        ))
        .seen(Evidence::of_cloud(&facts.target, facts.now).names("volume_types", types.iter().map(|t| &t.name))),
    );
    wanted.to_owned()
}

fn target_type(facts: &Facts, findings: &mut Vec<Finding>) {
    let group = &facts.record.group;
    let SiteFacts { site, cloud, .. } = &facts.target;
    let Some(types) = cloud.known().and_then(|c| c.volume_types.as_ref()) else { return };
    let wanted = group.volume_type_on(site);
    let evidence = || Evidence::of_cloud(&facts.target, facts.now).names("volume_types", types.iter().map(|t| &t.name));
    let Some(found) = types.iter().find(|t| t.name == wanted) else {
        findings.push(
            Finding::blocker(
                FindingCode::VolumeTypeNotEligible,
                format!("volume type '{wanted}' of '{}' does not exist on {site}", group.name),
            )
            .remedy(format!("openstack protector site list-volume-types {site}, and make the type there again"))
            .seen(evidence()),
        );
        return;
    };
    findings.extend(check_volume_type(site, found, group.replication_type).iter().map(|violation| {
        Finding::blocker(FindingCode::VolumeTypeNotEligible, violation.message())
            .remedy(violation.remedy())
            .seen(found.extra_specs.iter().fold(evidence(), |seen, (key, value)| seen.value(key, value)))
    }));
}

fn retyped_volumes(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(cloud) = facts.source.cloud.known() else { return };
    let group = &facts.record.group;
    let site = &facts.source.site;
    let wanted = group.volume_type_on(site);
    let members = facts.record.members.iter().filter_map(|m| cloud.servers.get(m.server_on(site)?));
    for volume in members.flat_map(|server| &server.volumes).map(|attached| &attached.volume) {
        if volume.volume_type != wanted {
            findings.push(
                Finding::blocker(
                    FindingCode::VolumeTypeNotEligible,
                    format!(
                        "volume '{}' on {site} has type '{}' instead of '{wanted}'",
                        volume.name, volume.volume_type
                    ),
                )
                .remedy(format!(
                    "openstack --os-cloud {site} volume set --type {wanted} --retype-policy on-demand {}",
                    volume.id
                ))
                .seen(
                    Evidence::of_cloud(&facts.source, facts.now)
                        .value("volume", &volume.id)
                        .value("volume_type", &volume.volume_type),
                ),
            );
        }
    }
}
