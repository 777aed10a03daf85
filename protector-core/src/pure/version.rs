//! REST versions: which to speak, and what each offers.

use crate::{Error, Result};
use std::{fmt, str::FromStr};

/// Lowest version spoken. Replication of a snapshot on demand and array connections begin with it (comparison of the
/// OpenAPI texts).
pub const LOWEST: RestVersion = RestVersion::new(2, 4);

/// Highest version spoken, whatever an array offers beyond it.
///
/// Requests and replies were compared with the OpenAPI texts of 2.26 and 2.37. 2.38 adds the fleet's `context`, which is
/// optional in requests and ignored in replies here; 2.39 adds tags of protection groups. Neither of the two was tried
/// against an array.
pub const TESTED_CEILING: RestVersion = RestVersion::new(2, 39);

/// A version of the REST interface: `2.26`. Compared by number, so 2.4 comes before 2.26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RestVersion {
    major: u16,
    minor: u16,
}

/// Something that not every version offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `with_default_protection` when a volume is created.
    WithDefaultProtection,
    /// Protection groups have ids.
    GroupIds,
    /// `POST /volumes/batch`.
    VolumesBatch,
    /// `/pods/members` beside the older `/pods/arrays`.
    PodMembers,
    /// Replication targets have a status.
    TargetStatus,
    /// Items and errors name the array of the fleet they come from.
    Context,
    /// Tags of protection groups.
    GroupTags,
}

impl Feature {
    /// The version that brought it (comparison of the OpenAPI texts 2.0 to 2.56).
    const fn since(self) -> RestVersion {
        RestVersion::new(
            2,
            match self {
                Self::WithDefaultProtection => 16,
                Self::GroupIds => 26,
                Self::VolumesBatch => 32,
                Self::PodMembers => 36,
                Self::TargetStatus => 37,
                Self::Context => 38,
                Self::GroupTags => 39,
            },
        )
    }
}

impl RestVersion {
    /// `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Whether this version offers it.
    pub fn has(self, feature: Feature) -> bool {
        self >= feature.since()
    }

    /// Accepts a version that offers `feature`.
    ///
    /// # Errors
    /// older → `Unsupported` naming both versions → update Purity, or do without.
    pub fn require(self, feature: Feature) -> Result<()> {
        if self.has(feature) {
            return Ok(());
        }
        Err(Error::unsupported(format!("{feature:?} needs REST {}, and REST {self} is spoken", feature.since()))
            .remedy("update Purity on the array"))
    }
}

impl fmt::Display for RestVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for RestVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let parts = text.trim().split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        let (major, minor) = parts.ok_or_else(|| {
            Error::invalid(format!("'{text}' is not a REST version")).remedy("use <major>.<minor>, for example 2.26")
        })?;
        Ok(Self::new(major, minor))
    }
}

/// Picks the newest version between [`LOWEST`] and [`TESTED_CEILING`] that the array advertises. The order of the list
/// does not matter, and entries that are no numbers (`2.X` of test builds) are passed over.
///
/// # Errors
/// none → `Unsupported` naming the floor and what the array offers → update Purity.
pub fn negotiate(advertised: &[String]) -> Result<RestVersion> {
    let known = advertised.iter().filter_map(|text| text.parse().ok());
    known.filter(|version| (LOWEST..=TESTED_CEILING).contains(version)).max().ok_or_else(|| {
        Error::unsupported(format!(
            "the array offers REST {}, and {LOWEST} to {TESTED_CEILING} are spoken here",
            if advertised.is_empty() { "nothing".to_owned() } else { advertised.join(", ") }
        ))
        .remedy(format!("update Purity to a version that offers REST {LOWEST} or later"))
    })
}

/// The version named in the options, if the array advertises it.
///
/// # Errors
/// not advertised, or outside of what is spoken here → `Unsupported` naming both.
pub(super) fn chosen(wanted: RestVersion, advertised: &[String]) -> Result<RestVersion> {
    let offered = advertised.iter().any(|text| text.parse().is_ok_and(|version: RestVersion| version == wanted));
    if offered && (LOWEST..=TESTED_CEILING).contains(&wanted) {
        return Ok(wanted);
    }
    Err(Error::unsupported(format!(
        "REST {wanted} is asked for; the array offers {}, and {LOWEST} to {TESTED_CEILING} are spoken here",
        advertised.join(", ")
    ))
    .remedy("leave the version out, so that it is negotiated"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn versions_are_compared_by_number() {
        let mut versions: Vec<RestVersion> =
            ["2.26", "2.4", "1.19", "2.39", "2.10"].iter().map(|v| v.parse().unwrap()).collect();
        versions.sort();
        let shown: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["1.19", "2.4", "2.10", "2.26", "2.39"]);
    }

    #[test]
    fn the_newest_known_to_both_is_picked_whatever_the_order() {
        for (advertised, picked) in [
            ("1.0 1.19 2.0 2.4", "2.4"),
            ("2.15 2.4 2.9 2.14", "2.15"),
            ("2.26 2.37 2.36", "2.37"),
            ("2.38 2.39 2.40 2.56 3.0", "2.39"),
            ("2.X 2.DEV 2.26", "2.26"),
        ] {
            assert_eq!(negotiate(&list(advertised)).unwrap().to_string(), picked, "{advertised}");
        }
    }

    #[test]
    fn an_array_that_offers_nothing_usable_is_unsupported_and_says_what_it_offers() {
        for advertised in ["1.0 1.19 2.0 2.3", "2.40 3.1", "2.X", ""] {
            let error = negotiate(&list(advertised)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("2.4 "), "{error}");
            let last = advertised.split_whitespace().last().unwrap_or("nothing");
            assert!(error.message().contains(last), "{error}");
        }
    }

    #[test]
    fn a_version_asked_for_must_be_offered_and_known() {
        let advertised = list("2.2 2.26 2.37 2.45");
        assert_eq!(chosen(RestVersion::new(2, 26), &advertised).unwrap(), RestVersion::new(2, 26));
        for minor in [2, 25, 45] {
            let error = chosen(RestVersion::new(2, minor), &advertised).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(&format!("2.{minor} is asked for")), "{error}");
        }
    }

    #[test]
    fn text_that_is_no_version_is_refused() {
        for text in ["", "2", "2.", ".4", "2.4.1", "2.x", "-2.4", "2.+4", "2.99999"] {
            assert_eq!(text.parse::<RestVersion>().unwrap_err().kind(), ErrorKind::InvalidRequest, "{text}");
        }
    }

    #[test]
    fn each_feature_begins_with_its_version() {
        for (feature, minor) in [
            (Feature::WithDefaultProtection, 16),
            (Feature::GroupIds, 26),
            (Feature::VolumesBatch, 32),
            (Feature::PodMembers, 36),
            (Feature::TargetStatus, 37),
            (Feature::Context, 38),
            (Feature::GroupTags, 39),
        ] {
            assert!(RestVersion::new(2, minor).has(feature), "{feature:?}");
            assert!(!RestVersion::new(2, minor - 1).has(feature), "{feature:?}");
            let error = RestVersion::new(2, minor - 1).require(feature).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(&format!("2.{minor}")), "{error}");
        }
    }
}
