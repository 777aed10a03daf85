//! Identities and names. Each is its own type, so that a volume id cannot be passed where a server id is meant. A clone
//! shares the text: plans and records name the same things many times over.

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, sync::Arc};

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_str(SharedText).map(Self)
            }
        }

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
    )* };
}

/// Takes a text as it is read, without a copy in between: plans and journals hold hundreds of thousands of them.
struct SharedText;

impl Visitor<'_> for SharedText {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(text.into())
    }
}

text_ids! {
    /// UUID of a registered site.
    SiteId,
    /// UUID of a tenant mapping.
    TenantMappingId,
    /// Name of a site, unique within a deployment, for example `site-a`. Records refer to sites by name.
    SiteName,
    /// Id of a protection group, `pg-<uuid>`.
    ProtectionGroupId,
    /// Id of a consistency group, `cg-<uuid>`: one for the pair of Cinder groups.
    ConsistencyGroupId,
    /// UUID of one Cinder generic volume group on one site.
    CinderGroupId,
    /// Keystone project that owns a protection group.
    ProjectId,
    /// Nova server UUID.
    ServerId,
    /// Cinder volume UUID.
    VolumeId,
    /// Neutron port UUID.
    PortId,
    /// A member's disk: the Cinder volume id it had when the member was added. Stays the same on both sites and for ever.
    DiskId,
    /// Id of an array. Stable across renames, unlike its name.
    ArrayId,
    /// Name of an array, as its peers show it. May change.
    ArrayName,
    /// Id of a volume on an array. Stable across renames, unlike its name.
    ArrayVolumeId,
    /// Name of a volume on an array, `volume-<uuid>-cinder` or `pod::volume-<uuid>-cinder`.
    ArrayVolumeName,
    /// Name of a group as seen on one array: `pg`, `pod::pg`, or `<source array>:pg` on a replication target.
    ArrayGroupName,
    /// Full name of a group snapshot as seen on one array: `<group>.<suffix>`.
    RecoveryPointName,
    /// Id of an operation, `op-<uuid>`.
    OperationId,
    /// Id of an entry of the divergence ledger, `diverged-<8 hex digits of its operation>`.
    LedgerEntryId,
    /// Id of a step, unique within its plan, for example `import_volume/web-server-1/vda`.
    StepId,
    /// Idempotency key of one step of one operation: the same key and arguments always end in the same state.
    OpKey,
}

/// A journal names steps as texts, by which they are looked up.
impl Borrow<str> for StepId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Generation of a group's roles. Grows by one with each change of the current primary; a call that carries a lower
/// epoch than the one already seen must have no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Version of a group's metadata. Both sites hold the same version, or the group is out of sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct MetadataVersion(pub u64);

impl MetadataVersion {
    /// The version of a record that has just been created.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
