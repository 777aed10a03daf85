//! What it would come to if one of two sites that went apart wins. Decided as a value, and executed by its hash.

use crate::model::{GroupRecord, MemberStatus, MetadataVersion, OperationId, ProtectionGroupId, SiteName};
use crate::rules::agreement::without_tokens;
use crate::rules::difference::{Difference, SiteChange, ThreeWay, differences, site_change};
use crate::rules::reconcile::{Sides, consequences, reconcile};
use crate::rules::status::group_status;
use crate::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a reconciliation would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReconcilePlan {
    /// SHA-256 in hex over the winner and what both sites hold: the plan is about these records and no others.
    pub hash: String,
    /// The group.
    pub group: ProtectionGroupId,
    /// Its name on the winner's side.
    pub group_name: String,
    /// The site whose decisions count.
    pub winner: SiteName,
    /// The other one.
    pub loser: SiteName,
    /// Version on the winner's side.
    pub winner_version: MetadataVersion,
    /// Version on the loser's side.
    pub loser_version: MetadataVersion,
    /// Version that both will be at.
    pub version: MetadataVersion,
    /// Version that both agreed on last; absent: not known.
    pub base_version: Option<MetadataVersion>,
    /// What differs now; `here` is the winner.
    pub differences: Vec<Difference>,
    /// What each site gives up and gets, the winner first.
    pub sites: Vec<SiteChange>,
    /// What nobody can undo, or has to look at afterwards.
    pub consequences: Vec<String>,
    /// How the group stands afterwards.
    pub outcome: String,
}

/// Plans to make both sites hold the winner's record, with what the loser's knows of the world. `base`: what both agreed on
/// last.
///
/// # Errors
/// a record cannot be written as JSON → `Internal`.
pub fn plan_reconcile(sides: Sides<'_>, loser: &SiteName, base: Option<&GroupRecord>) -> Result<ReconcilePlan> {
    let Sides { winner, wins, loses } = sides;
    let hash = hash(sides)?;
    // the time does not show in what is compared
    let next = reconcile(sides, &reconciliation_id(&hash), Timestamp::UNIX_EPOCH);
    Ok(ReconcilePlan {
        group: wins.group.id.clone(),
        group_name: wins.group.name.clone(),
        winner: winner.clone(),
        loser: loser.clone(),
        winner_version: wins.version,
        loser_version: loses.version,
        version: next.version,
        base_version: base.map(|base| base.version),
        differences: differences(ThreeWay { base, here: (winner, wins), there: (loser, loses) }),
        sites: vec![site_change(winner, wins, &next), site_change(loser, loses, &next)],
        consequences: consequences(sides, &next),
        outcome: outcome(&next),
        hash,
    })
}

/// Names what the reconciliation with this hash adds to a record, as the id of an operation would.
pub fn reconciliation_id(hash: &str) -> OperationId {
    OperationId::new(format!("reconcile-{}", hash.get(..8).unwrap_or(hash)))
}

fn hash(sides: Sides<'_>) -> Result<String> {
    // a token cannot change without the version
    let compared = (sides.winner, without_tokens(sides.wins), without_tokens(sides.loses));
    let text = serde_json::to_vec(&compared)
        .map_err(|e| Error::internal(format!("a record is not writable as JSON: {e}")).source(e))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn outcome(next: &GroupRecord) -> String {
    let in_error = next.members.iter().any(|member| member.status == MemberStatus::Error);
    let (group, status) = (&next.group, group_status(&next.group, in_error));
    format!(
        "'{}' is {status} on {}, {}, at version {} and epoch {} on both sites",
        group.name, group.current_primary_site, group.protection, next.version, group.epoch
    )
}

impl ReconcilePlan {
    /// The plan for people: what differs, what each site gives up and gets, what follows. Ends with a newline.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for ReconcilePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { winner, loser, .. } = self;
        writeln!(f, "reconcile '{}': {winner} wins, {loser} takes over what it holds", self.group_name)?;
        let base = self.base_version.map_or("not known".to_owned(), |version| format!("version {version}"));
        writeln!(f, "hash {}", self.hash)?;
        writeln!(
            f,
            "version {} on {winner}, {} on {loser}; both agreed last on: {base}",
            self.winner_version, self.loser_version
        )?;
        let differences: Vec<String> = self.differences.iter().map(|each| each.text.clone()).collect();
        list(f, "what differs", &differences)?;
        for SiteChange { site, loses, gains } in &self.sites {
            list(f, &format!("{site} gives up"), loses)?;
            list(f, &format!("{site} gets"), gains)?;
        }
        list(f, "what cannot be undone, or has to be looked at", &self.consequences)?;
        writeln!(f, "\nAfterwards {}.", self.outcome)
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return writeln!(f, "\n{title}: nothing");
    }
    writeln!(f, "\n{title}:")?;
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}
