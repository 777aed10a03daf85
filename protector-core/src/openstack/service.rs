//! The services that are talked to.

use std::fmt;

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Service {
    /// Keystone.
    Identity,
    /// Cinder.
    BlockStorage,
    /// Nova.
    Compute,
    /// Neutron.
    Network,
}

impl Service {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Identity, Self::BlockStorage, Self::Compute, Self::Network];

    /// Types under which a catalogue may list it, the preferred one first. `volume` and `volumev2` are left out: behind
    /// them were APIs that are gone.
    pub(super) fn types(self) -> &'static [&'static str] {
        match self {
            Self::Identity => &["identity"],
            Self::BlockStorage => &["block-storage", "volumev3", "block-store", "volume"],
            Self::Compute => &["compute"],
            Self::Network => &["network"],
        }
    }

    /// The version of its API that is spoken, as a segment of a URL.
    pub(super) fn api(self) -> &'static str {
        match self {
            Self::Identity | Self::BlockStorage => "v3",
            Self::Compute => "v2.1",
            Self::Network => "v2.0",
        }
    }

    /// Prefixes of the `*_endpoint_override` options of clouds.yaml that speak of it.
    pub(super) fn option_prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Identity => &["identity"],
            Self::BlockStorage => &["block_storage", "volumev3", "volume"],
            Self::Compute => &["compute"],
            Self::Network => &["network"],
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "Keystone",
            Self::BlockStorage => "Cinder",
            Self::Compute => "Nova",
            Self::Network => "Neutron",
        })
    }
}
