//! The plan: a value that can be printed, compared, hashed, kept and executed.

use super::side_by_side::side_by_side;
use super::{Consent, ConsentKind, Evidence, Facts, Finding, Forecast, Request, Severity, Step, checks, forecast};
use crate::model::{Epoch, MetadataVersion, OperationKind, ProtectionGroupId, RecoveryPointName, SiteName};
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use rmp_serde::Serializer;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Version of the plan's shape. Only such plans can be accepted. 2: steps say what a failure means.
pub const PLAN_SCHEMA: u32 = 2;

/// Oldest version of a plan that was accepted then and can still be executed.
pub const OLDEST_PLAN_SCHEMA: u32 = 1;

/// What would be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "loss", rename_all = "snake_case")]
pub enum ExpectedLoss {
    /// Nothing that was written.
    None,
    /// All writes after the recovery point.
    After {
        /// The recovery point, by its name on the target array.
        point: RecoveryPointName,
        /// Instant of its data.
        created: Timestamp,
        /// Age when planned, in seconds.
        age_seconds: i64,
    },
    /// What the source acknowledges after the recovery point that the plan takes itself, on the way.
    AfterPivot {},
    /// There is no recovery point to tell by.
    Unknown,
}

/// What will be done, and what speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// Shape of this value.
    pub schema: u32,
    /// `plan-` and the first 16 digits of the hash.
    pub id: String,
    /// SHA-256 in hex over everything else.
    pub hash: String,
    /// What it does.
    pub kind: OperationKind,
    /// Group.
    pub group: ProtectionGroupId,
    /// Its name.
    pub group_name: String,
    /// Site whose store will hold the journal.
    pub local_site: SiteName,
    /// Site that is left, or whose data is used.
    pub source: SiteName,
    /// Site that is reached.
    pub target: SiteName,
    /// Generation of the roles it was planned on.
    pub epoch: Epoch,
    /// Version of the metadata it was planned on.
    pub version: MetadataVersion,
    /// What was asked for.
    pub request: Request,
    /// Steps in an order that respects `after`.
    pub steps: Vec<Step>,
    /// What speaks against it; blockers first.
    pub findings: Vec<Finding>,
    /// What would be lost.
    pub expected_loss: ExpectedLoss,
    /// Consents that were given and are needed.
    pub consents: Vec<Consent>,
    /// Consents that are missing.
    pub consents_needed: BTreeSet<ConsentKind>,
    /// What it will take. Absent in plans of builds that made none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

impl Plan {
    /// Puts a plan together and computes its identity.
    pub(super) fn seal(
        facts: &Facts,
        request: &Request,
        steps: Vec<Step>,
        mut findings: Vec<Finding>,
        expected_loss: ExpectedLoss,
    ) -> Self {
        findings.extend(checks::simulated_storage(facts, request.kind(facts), &steps));
        for finding in findings.iter_mut().filter(|f| f.evidence.is_empty()) {
            finding.evidence.push(Evidence::of_record(facts));
        }
        findings.sort_by(|a, b| (a.severity, a.code, &a.message).cmp(&(b.severity, b.code, &b.message)));
        let consents = findings
            .iter()
            .filter(|f| f.severity == Severity::Warning)
            .filter_map(|f| {
                Some(Consent {
                    kind: f.consent?,
                    scope: f.message.clone(),
                    reason: request.reason().map(str::to_owned),
                })
            })
            .collect();
        let consents_needed =
            findings.iter().filter(|f| f.severity == Severity::Blocker).filter_map(|f| f.consent).collect();
        let mut plan = Self {
            schema: PLAN_SCHEMA,
            id: String::new(),
            hash: String::new(),
            kind: request.kind(facts),
            group: facts.record.group.id.clone(),
            group_name: facts.record.group.name.clone(),
            local_site: facts.local_site.clone(),
            source: facts.source.site.clone(),
            target: facts.target.site.clone(),
            epoch: facts.record.group.epoch,
            version: facts.record.version,
            request: request.clone(),
            steps,
            findings,
            expected_loss,
            consents,
            consents_needed,
            forecast: None,
        };
        let steps = std::mem::take(&mut plan.steps);
        let (disks, taken) = (facts.record.disks().count(), Taken::default());
        let ((forecast, mut digests), (head, more)) = side_by_side(
            disks,
            || (forecast(&steps, &facts.durations, facts.limits), taken.digests(&steps)),
            || (digest(&plan), taken.digests(&steps)),
        );
        digests.extend(more);
        plan.hash = hash(head, digests, Some(&forecast));
        (plan.steps, plan.forecast) = (steps, Some(forecast));
        plan.id = format!("plan-{}", plan.hash.get(..16).unwrap_or_default());
        plan
    }

    /// The hash over everything but `id` and `hash`.
    pub fn compute_hash(&self) -> String {
        let head = Self { id: String::new(), hash: String::new(), steps: Vec::new(), forecast: None, ..self.clone() };
        hash(digest(&head), Taken::default().digests(&self.steps), self.forecast.as_ref())
    }

    /// Blockers.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.severity == Severity::Blocker)
    }

    /// Checks that the plan may be accepted.
    ///
    /// # Errors
    /// another schema → `Unsupported`; hash does not fit the content → `Conflict`; blockers → `PlanBlocked` with all of
    /// them and their remedies.
    pub fn check_acceptable(&self) -> Result<()> {
        if self.schema != PLAN_SCHEMA {
            return Err(Error::unsupported(format!(
                "plan has schema {}, this build executes {PLAN_SCHEMA}",
                self.schema
            )));
        }
        if self.hash != self.compute_hash() {
            return Err(Error::conflict(format!("plan {} was changed after it was made", self.id)).remedy("plan again"));
        }
        let blockers: Vec<String> = self.blockers().map(describe).collect();
        if blockers.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::PlanBlocked,
            format!("{} of '{}' is blocked:\n{}", self.kind, self.group_name, blockers.join("\n")),
        ))
    }

    /// Whether `newer`, made of fresh facts, would do the same. How long it takes does not matter to that.
    ///
    /// # Errors
    /// steps, blockers or consents differ → `PlanStale` naming the first difference.
    pub fn check_fresh(&self, newer: &Self) -> Result<()> {
        let stale = |what: String| {
            Error::new(ErrorKind::PlanStale, format!("the world changed since {} was made: {what}", self.id))
                .remedy("plan again")
        };
        if (self.epoch, self.version) != (newer.epoch, newer.version) {
            return Err(stale(format!("metadata went from version {} to {}", self.version, newer.version)));
        }
        let codes = |plan: &Self| plan.blockers().map(|f| f.code).collect::<Vec<_>>();
        if codes(self) != codes(newer) {
            return Err(stale(format!("blockers were {:?} and are {:?}", codes(self), codes(newer))));
        }
        if self.steps == newer.steps {
            return Ok(());
        }
        let changed = newer
            .steps
            .iter()
            .zip(&self.steps)
            .find(|(new, old)| new != old)
            .map_or("the number of steps", |(new, _)| new.title.as_str());
        Err(stale(format!("first difference at '{changed}'")))
    }
}

fn describe(finding: &Finding) -> String {
    let mut text = format!("- {} [{}]", finding.message, finding.code);
    if let Some(remedy) = &finding.remedy {
        text.push_str(&format!("\n  remedy: {remedy}"));
    }
    if let Some(consent) = finding.consent {
        text.push_str(&format!(
            "\n  or accept it by the consent '{consent}' (--force grants it to an unplanned failover)"
        ));
    }
    text
}

/// Steps that are digested together.
const CHUNK: usize = 1_024;

/// How many chunks of the steps somebody has taken to digest them.
#[derive(Debug, Default)]
struct Taken(AtomicUsize);

impl Taken {
    /// Takes chunks until there are no more. Returns the digest of each with its position.
    fn digests(&self, steps: &[Step]) -> Vec<(usize, Sha256)> {
        let mut digests = Vec::new();
        loop {
            let at = self.0.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = steps.chunks(CHUNK).nth(at) else { return digests };
            let mut digest = Sha256::new();
            digest_into(&mut digest, |bytes| write_steps(bytes, chunk));
            digests.push((at, digest));
        }
    }
}

/// The hash of a plan: over its head, which is all but its identity, steps and forecast, then the forecast, then the digests
/// of the chunks of its steps.
fn hash(mut head: Sha256, mut chunks: Vec<(usize, Sha256)>, forecast: Option<&Forecast>) -> String {
    write(&mut head, &forecast);
    chunks.sort_unstable_by_key(|(at, _)| *at);
    for (_, chunk) in chunks {
        head.update(chunk.finalize());
    }
    head.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digest over MessagePack, which names every field and says how long each text is, so that two values never look the same,
/// and nothing has to be escaped.
fn digest(value: &impl Serialize) -> Sha256 {
    let mut digest = Sha256::new();
    write(&mut digest, value);
    digest
}

fn write(digest: &mut Sha256, value: &impl Serialize) {
    digest_into(digest, |bytes| value.serialize(&mut Serializer::new(bytes).with_struct_map().with_human_readable()));
}

/// Fields by position, without names: a step consists of them for the larger part. What was written can be read again, so
/// that two steps never look the same here either.
fn write_steps(bytes: impl Write, steps: &[Step]) -> std::result::Result<(), rmp_serde::encode::Error> {
    steps.serialize(&mut Serializer::new(bytes).with_human_readable())
}

#[cfg(test)]
pub(super) fn read_again(steps: &[Step]) -> Vec<Step> {
    let mut bytes = Vec::new();
    write_steps(&mut bytes, steps).unwrap();
    Vec::deserialize(&mut rmp_serde::Deserializer::new(&*bytes).with_human_readable()).unwrap()
}

fn digest_into<E>(
    digest: &mut Sha256,
    write: impl FnOnce(&mut BufWriter<HashWriter<'_>>) -> std::result::Result<(), E>,
) {
    // it comes in crumbs, which a digest takes one by one
    let mut bytes = BufWriter::with_capacity(1 << 16, HashWriter(digest));
    // writing to a digest cannot fail, and a plan holds nothing that MessagePack cannot express
    let _ = write(&mut bytes);
    let _ = bytes.flush();
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
