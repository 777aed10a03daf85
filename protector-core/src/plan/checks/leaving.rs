//! What leaves an array group when a plan makes it hold exactly the members' volumes.

use crate::model::{ArrayVolumeName, GroupRecord, SiteName};
use crate::plan::{Evidence, Facts, Finding, FindingCode, SiteFacts};
use std::collections::BTreeSet;

/// Says by name which volumes nobody knows of. What earlier moves left in the group goes without a word.
pub(in crate::plan) fn leaving(facts: &Facts, site: &SiteFacts, findings: &mut Vec<Finding>) {
    // a pod is one group on both arrays, with the volumes of either site in it
    if facts.record.group.is_in_pod() {
        return;
    }
    let group = site.array.known().and_then(|array| array.local_group.as_ref()).filter(|group| !group.destroyed);
    let Some(group) = group else { return };
    let known = known_on(&facts.record, &site.site);
    let strangers: Vec<&ArrayVolumeName> = group.volumes.iter().filter(|volume| !known.contains(volume)).collect();
    if strangers.is_empty() {
        return;
    }
    let names: Vec<&str> = strangers.iter().map(|volume| volume.as_str()).collect();
    let message = format!(
        "array group '{}' on {} holds volumes that no member has: {}; they leave the group, and nothing else happens to them",
        group.name,
        site.site,
        names.join(", ")
    );
    findings.push(
        Finding::warning(FindingCode::MemberDrift, message)
            .remedy("to keep one protected, add its server to a protection group; to keep the group, take it out first")
            .seen(Evidence::of_array(site, facts.now).names("surplus", strangers)),
    );
}

fn known_on<'a>(record: &'a GroupRecord, site: &'a SiteName) -> BTreeSet<&'a ArrayVolumeName> {
    let copies = record.disks().filter_map(|(_, disk)| disk.copies.get(site)).map(|copy| &copy.array_volume);
    let retained = record.retained.iter().filter(|copy| copy.site == *site).map(|copy| &copy.array_volume);
    let kept = record.ledger.iter().filter(|entry| entry.site == *site).flat_map(|entry| &entry.volumes);
    copies.chain(retained).chain(kept.map(|volume| &volume.array_volume)).collect()
}
