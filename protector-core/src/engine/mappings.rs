//! What stands for the networks, flavors and security groups of a group on the other site: shown, suggested, set.

use super::{Engine, MappingRow, MappingSet, MappingView};
use crate::exec::metadata;
use crate::model::{FlavorShape, GroupRecord, Mappings, SiteName};
use crate::ports::Cloud;
use crate::rules::mapping::{self, Suggestion, Thing, network_likeness};
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Word of a kind in options and in JSON, with where its mappings are.
type Kind = (&'static str, fn(&Mappings) -> &BTreeMap<String, String>);

const KINDS: [Kind; 3] = [
    ("network", |mappings| &mappings.networks),
    ("flavor", |mappings| &mappings.flavors),
    ("security-group", |mappings| &mappings.security_groups),
];

/// What a cloud has of each kind; `None`: it cannot tell.
type Things = BTreeMap<&'static str, Option<Vec<Thing>>>;

impl Engine {
    /// The stored mappings of a group, and what is wrong with them as both clouds are now; and what its members use that is
    /// not mapped.
    ///
    /// # Errors
    /// no such group → `NotFound`. A cloud that does not answer is a problem of each row.
    pub async fn mapping_show(&self, group: &str) -> Result<MappingView> {
        let record = self.load(group).await?;
        let (here, there) = self.things_of_both(&record).await;
        Ok(view(&record, &here, &there, false))
    }

    /// The same, with what could stand on the secondary site for what is not mapped: the thing of the same name; else the
    /// only network with an address range in common, the only flavor of that size. If several might be meant, none is
    /// suggested and all are named. Changes nothing.
    ///
    /// # Errors
    /// no such group → `NotFound`; a cloud does not answer → its error: nothing is suggested on half of a look.
    pub async fn mapping_suggest(&self, group: &str) -> Result<MappingView> {
        let record = self.load(group).await?;
        let (here, there) = self.things_of_both(&record).await;
        Ok(view(&record, &here?, &there?, true))
    }

    /// Puts mappings over the stored ones, name by name, on both sites; `suggested` takes also every suggestion for what is
    /// not mapped. Returns what is stored then.
    ///
    /// # Errors
    /// something that is given is not there on its site → `InvalidRequest` naming all of it; two lead to the same → as
    /// [`mapping::invert`]; a cloud does not answer → its error; as any edit: `Conflict`, `PeerUnreachable`. Nothing is changed
    /// then.
    pub async fn mapping_set(&self, group: &str, set: &MappingSet) -> Result<MappingView> {
        let record = self.load_for_edit(group).await?;
        let (here, there) = self.things_of_both(&record).await;
        let (here, there) = (here?, there?);
        let mut given = set.mappings.clone();
        if set.suggested {
            let known = mapping::merge(&record.group.mappings, &given);
            for row in view(&with(&record, known), &here, &there, true).mappings {
                let Some(target) = row.suggested.filter(|_| row.target.is_none()) else { continue };
                match row.kind.as_str() {
                    "network" => given.networks.insert(row.source, target),
                    "flavor" => given.flavors.insert(row.source, target),
                    _ => given.security_groups.insert(row.source, target),
                };
            }
        }
        check_there(&record, &given, &here, &there)?;
        let merged = mapping::merge(&record.group.mappings, &given);
        mapping::invert(&merged)?;
        let mut next = self.next_version(&record);
        next.group.mappings = merged;
        let stored = metadata::commit(&self.0.endpoints, &record, next).await?;
        Ok(view(&stored, &here, &there, false))
    }

    /// Refuses mappings that name what is not there. A cloud that does not answer is a warning: whole mappings are set for a day
    /// on which one of the sites is away, too.
    pub(super) async fn check_mapped(&self, record: &GroupRecord, given: &Mappings) -> Result<()> {
        let silent = match self.things_of_both(record).await {
            (Ok(here), Ok(there)) => return check_there(record, given, &here, &there),
            (Err(e), _) | (_, Err(e)) => e,
        };
        let group = &record.group.name;
        tracing::warn!(target: "protector.engine.manager", "the mappings of '{group}' could not be checked: {silent}");
        Ok(())
    }

    async fn things_of_both(&self, record: &GroupRecord) -> (Result<Things>, Result<Things>) {
        tokio::join!(self.things_of(&record.group.primary_site), self.things_of(&record.group.secondary_site))
    }

    async fn things_of(&self, site: &SiteName) -> Result<Things> {
        let cloud: &dyn Cloud = self.0.endpoints.cloud(site)?;
        let (networks, flavors) = tokio::try_join!(cloud.networks(), cloud.flavors())?;
        let security_groups = match cloud.security_groups().await {
            Ok(names) => Some(names.into_iter().map(|name| Thing { name, likeness: BTreeSet::new() }).collect()),
            Err(e) if e.kind() == ErrorKind::Unsupported => None,
            Err(e) => return Err(e),
        };
        let network = |n: crate::ports::Network| Thing { likeness: network_likeness(&n.cidrs), name: n.name };
        let flavor = |f: crate::ports::Flavor| Thing { likeness: size(f.shape), name: f.name };
        Ok(BTreeMap::from([
            ("network", Some(networks.into_iter().map(network).collect())),
            ("flavor", Some(flavors.into_iter().map(flavor).collect())),
            ("security-group", security_groups),
        ]))
    }
}

fn size(shape: FlavorShape) -> BTreeSet<String> {
    let FlavorShape { vcpus, ram_mib, disk_gib } = shape;
    BTreeSet::from([format!("{vcpus} vCPU, {ram_mib} MiB, {disk_gib} GiB")])
}

fn with(record: &GroupRecord, mappings: Mappings) -> GroupRecord {
    let mut record = record.clone();
    record.group.mappings = mappings;
    record
}

/// What members use on the primary site, as far as their servers were seen there.
fn used(record: &GroupRecord, kind: &str) -> BTreeSet<String> {
    let captures = record.members.iter().filter_map(|member| member.captures.get(&record.group.primary_site));
    captures
        .flat_map(|capture| match kind {
            "network" => capture.nics.iter().map(|nic| nic.network.clone()).collect::<Vec<_>>(),
            "flavor" => vec![capture.flavor.clone()],
            _ => capture.security_groups.clone(),
        })
        .collect()
}

/// One row for each thing that is mapped or used. `suggesting`: with suggestions for what is not mapped.
fn view<E: SeenThings>(record: &GroupRecord, here: &E, there: &E, suggesting: bool) -> MappingView {
    let group = &record.group;
    let mut rows = Vec::new();
    for (kind, mapped) in KINDS {
        let mapped = mapped(&group.mappings);
        let (here, there) = (here.of(kind), there.of(kind));
        let sources: BTreeSet<String> = mapped.keys().cloned().chain(used(record, kind)).collect();
        let taken: BTreeSet<&String> = mapped.values().collect();
        let free: Vec<Thing> =
            there.unwrap_or_default().iter().filter(|thing| !taken.contains(&thing.name)).cloned().collect();
        let open: Vec<Thing> = sources
            .iter()
            .filter(|source| suggesting && !mapped.contains_key(*source))
            .map(|source| {
                let found = here.unwrap_or_default().iter().find(|thing| thing.name == *source);
                found.cloned().unwrap_or_else(|| Thing { name: source.clone(), likeness: BTreeSet::new() })
            })
            .collect();
        let mut suggestions: BTreeMap<String, Suggestion> =
            mapping::suggest(&open, &free).into_iter().map(|found| (found.source.clone(), found)).collect();
        for source in sources {
            let target = mapped.get(&source).cloned();
            let problem =
                problem(kind, (&group.primary_site, &source, here), (&group.secondary_site, target.as_ref(), there));
            let (suggested, candidates) =
                suggestions.remove(&source).map_or((None, Vec::new()), |s| (s.target, s.candidates));
            let (suggested, because) = suggested.unzip();
            rows.push(MappingRow { kind: kind.to_owned(), source, target, suggested, because, candidates, problem });
        }
    }
    MappingView {
        protection_group: group.name.clone(),
        primary_site: group.primary_site.clone(),
        secondary_site: group.secondary_site.clone(),
        mappings: rows,
    }
}

/// What a cloud was seen to have, or that it was not seen.
trait SeenThings {
    fn of(&self, kind: &str) -> Option<&[Thing]>;
}

impl SeenThings for Things {
    fn of(&self, kind: &str) -> Option<&[Thing]> {
        self.get(kind)?.as_deref()
    }
}

impl SeenThings for Result<Things> {
    fn of(&self, kind: &str) -> Option<&[Thing]> {
        self.as_ref().ok()?.of(kind)
    }
}

/// What is wrong with a mapping. A flavor or security group that is not mapped keeps its name.
fn problem(
    kind: &str,
    (source_site, source, here): (&SiteName, &String, Option<&[Thing]>),
    (target_site, target, there): (&SiteName, Option<&String>, Option<&[Thing]>),
) -> Option<String> {
    let has = |things: &[Thing], name: &String| things.iter().any(|thing| thing.name == *name);
    let lost = match (here, there) {
        (None, _) => return Some(format!("not known: {source_site} does not tell what it has")),
        (_, None) => return Some(format!("not known: {target_site} does not tell what it has")),
        (Some(here), Some(there)) => (!has(here, source), target.is_some_and(|target| !has(there, target))),
    };
    match (lost, target) {
        ((true, _), _) => Some(format!("{source_site} has no {kind} '{source}'")),
        ((_, true), Some(target)) => Some(format!("{target_site} has no {kind} '{target}'")),
        (_, None) if kind == "network" => Some("not mapped".to_owned()),
        (_, None) if !there.is_some_and(|there| has(there, source)) => {
            Some(format!("not mapped, and {target_site} has no {kind} '{source}'"))
        }
        _ => None,
    }
}

/// Refuses what is given and not there, all of it at once. A kind that a cloud cannot list is not known to be there.
fn check_there(record: &GroupRecord, given: &Mappings, here: &Things, there: &Things) -> Result<()> {
    let (primary, secondary) = (&record.group.primary_site, &record.group.secondary_site);
    let mut faults = Vec::new();
    for (kind, mapped) in KINDS {
        for (source, target) in mapped(given) {
            let fault = problem(kind, (primary, source, here.of(kind)), (secondary, Some(target), there.of(kind)));
            faults.extend(fault.map(|fault| format!("--{kind}-mapping {source}={target}: {fault}")));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!("mappings of '{}' are refused: {}", record.group.name, faults.join("; "))).remedy(
        format!(
            "openstack protector protection-group mapping suggest {} shows what there is",
            crate::rules::shell::word(&record.group.name)
        ),
    ))
}
