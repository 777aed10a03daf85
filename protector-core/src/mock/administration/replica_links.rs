//! Replica links between pods of two arrays.

use super::pod_changes::refuse;
use super::{ArrayTx, PodRow};
use crate::mock::World;
use crate::mock::array::{self, Promotion, pods, replica_links};
use crate::model::ArrayName;
use crate::{Error, ErrorKind, Result};
use std::fmt;

/// A replica link, as one of its two arrays sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaLinkRow {
    /// UUID, the same on both arrays.
    pub id: String,
    /// Pod on this array, id and name.
    pub local_pod: (String, String),
    /// Pod on the other array, id and name.
    pub remote_pod: (String, String),
    /// The other array, id and name.
    pub remote: (String, String),
    /// Whether data go from this array to the other.
    pub outbound: bool,
    /// Whether somebody has stopped it.
    pub paused: bool,
    /// How it stands.
    pub status: ReplicaLinkStatus,
    /// The instant up to which the target has all data, milliseconds since 1970. `None`: of no instant yet.
    pub recovery_point_ms: Option<i64>,
}

/// How a replica link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaLinkStatus {
    /// Data move.
    Replicating,
    /// Data move, but the target has not all of any instant yet.
    Baselining,
    /// Somebody has stopped it.
    Paused,
    /// The source is being demoted; what it took before is on its way.
    Quiescing,
    /// The source is demoted, and the target has everything.
    Quiesced,
    /// The source was demoted without waiting for the target.
    Idle,
    /// The arrays do not reach each other.
    Unhealthy,
}

impl ReplicaLinkStatus {
    /// As arrays say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replicating => "replicating",
            Self::Baselining => "baselining",
            Self::Paused => "paused",
            Self::Quiescing => "quiescing",
            Self::Quiesced => "quiesced",
            Self::Idle => "idle",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for ReplicaLinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ArrayTx<'_> {
    /// The arrays that this one is connected to, by name.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn peer_names(&self) -> Result<Vec<String>> {
        Ok(array::peers(self.tx, &self.array)?.into_iter().map(|peer| peer.name.to_string()).collect())
    }

    /// The name of a connected array, by id.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn peer_name(&self, id: &str) -> Result<Option<String>> {
        let peers = array::peers(self.tx, &self.array)?;
        Ok(peers.into_iter().find(|peer| peer.id.as_str() == id).map(|peer| peer.name.to_string()))
    }

    /// The replica links of this array, by the names of the local and the remote pod.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn replica_links(&self) -> Result<Vec<ReplicaLinkRow>> {
        let mut rows = Vec::new();
        for link in replica_links::all(self.tx)? {
            rows.extend(self.replica_link_row(&link)?);
        }
        rows.sort_by(|one, other| {
            (&one.local_pod.1, &one.remote_pod.1).cmp(&(&other.local_pod.1, &other.remote_pod.1))
        });
        Ok(rows)
    }

    fn replica_link_row(&self, link: &replica_links::Link) -> Result<Option<ReplicaLinkRow>> {
        let outbound = pods::is_on(self.tx, &link.source_pod_id, &self.array.id)?;
        if !outbound && !pods::is_on(self.tx, &link.target_pod_id, &self.array.id)? {
            return Ok(None);
        }
        let (source, target) = (self.stored_pod(&link.source_pod_id)?, self.stored_pod(&link.target_pod_id)?);
        let status = self.replica_link_status(link, source.promotion(self.now_ms()))?;
        let (local, remote) = if outbound { (source, target) } else { (target, source) };
        let array = replica_links::home(self.tx, &remote.id)?;
        Ok(Some(ReplicaLinkRow {
            id: link.id.clone(),
            local_pod: (local.id, local.name),
            remote_pod: (remote.id, remote.name),
            remote: (array.id, array.name),
            outbound,
            paused: link.paused,
            status,
            recovery_point_ms: link.recovery_point(self.now_ms()),
        }))
    }

    fn replica_link_status(&self, link: &replica_links::Link, source: Promotion) -> Result<ReplicaLinkStatus> {
        Ok(if link.paused {
            ReplicaLinkStatus::Paused
        } else if link.idle {
            ReplicaLinkStatus::Idle
        } else if source == Promotion::Demoted {
            ReplicaLinkStatus::Quiesced
        } else if !replica_links::is_healthy(self.tx, link)? {
            ReplicaLinkStatus::Unhealthy
        } else if source == Promotion::Quiescing {
            ReplicaLinkStatus::Quiescing
        } else if link.recovery_point(self.now_ms()).is_none() {
            ReplicaLinkStatus::Baselining
        } else {
            ReplicaLinkStatus::Replicating
        })
    }

    /// Replicates a pod of this array to a demoted pod of another, which from then on holds what this one holds.
    ///
    /// # Errors
    /// no such array connected, or no such pod on it → `NotFound`; that pod is not demoted, either pod is destroyed or
    /// stretched, or the arrays do not reach each other → `Precondition`; either pod has a link → `AlreadyExists`.
    pub fn create_replica_link(
        &self,
        local: &PodRow,
        remote_array: &str,
        remote_pod: &str,
        paused: bool,
    ) -> Result<ReplicaLinkRow> {
        self.check_changeable(local)?;
        let peer = array::peer(self.tx, &self.array, &remote_array.into())?;
        let peer = peer.ok_or_else(|| Error::not_found(format!("Array {remote_array} could not be found.")))?;
        let there = ArrayTx::new(self.tx, &peer.name.as_str().into())?;
        let remote = there.pod_by_name(remote_pod)?;
        let remote = remote.ok_or_else(|| Error::not_found("Remote pod does not exist."))?;
        if remote.destroyed_ms.is_some() {
            return Err(Error::precondition("Remote pod has been destroyed."));
        }
        for pod in [local, &remote] {
            if pod.stretched {
                return refuse(pod, "is stretched and cannot have a replica link");
            }
            if replica_links::of_pod(self.tx, &pod.id)?.is_some() {
                return Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("a replica link of pod '{}' already exists", pod.name),
                ));
            }
        }
        if local.promotion != Promotion::Promoted {
            return refuse(local, "is not promoted: it cannot be the source of a replica link");
        }
        if remote.promotion != Promotion::Demoted {
            return refuse(&remote, "is not demoted: it cannot be the target of a replica link");
        }
        replica_links::create(self.tx, &local.id, &remote.id, paused)?;
        replica_links::refresh(self.tx)?;
        let made = self.replica_links()?.into_iter().find(|link| link.local_pod.0 == local.id);
        made.ok_or_else(|| Error::internal("a new replica link got lost"))
    }

    /// Stops a replica link, or lets it go on.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn set_replica_link_paused(&self, link: &ReplicaLinkRow, paused: bool) -> Result<()> {
        replica_links::set_paused(self.tx, &link.id, paused)?;
        replica_links::refresh(self.tx)
    }

    /// Removes a replica link; both pods stay as they are.
    ///
    /// # Errors
    /// unwritable → `Storage`.
    pub fn delete_replica_link(&self, link: &ReplicaLinkRow) -> Result<()> {
        replica_links::delete(self.tx, &link.id)
    }
}

impl World {
    /// Replicates a pod of one array, continuously, to a new pod of another, which is demoted.
    ///
    /// # Errors
    /// no such array or pod → `NotFound`; name taken there → `AlreadyExists`; as [`ArrayTx::create_replica_link`].
    pub fn link_pods(&self, from: (&ArrayName, &str), to: (&ArrayName, &str)) -> Result<()> {
        self.change_array(to.0, |array| array.demote_pod(&array.create_pod(to.1)?, true))?;
        self.change_array(from.0, |array| {
            let missing = || Error::not_found(format!("array '{}' has no pod '{}'", array.array.name, from.1));
            let pod = array.pod_by_name(from.1)?.ok_or_else(missing)?;
            array.create_replica_link(&pod, to.0.as_str(), to.1, false).map(drop)
        })
    }
}
