//! REST versions: which exist, and which are advertised.

use protector_core::Error;
use std::{fmt, str::FromStr};

/// A version of FlashArray REST, ordered by number: 2.9 is before 2.26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RestVersion {
    /// Before the point.
    pub major: u16,
    /// After the point.
    pub minor: u16,
}

/// The newest published version (PureStorage-OpenConnect/swagger, 2026-07).
const NEWEST: RestVersion = RestVersion::new(2, 56);
/// Minors of REST 2 that were never published.
const UNPUBLISHED: [u16; 2] = [12, 18];

impl RestVersion {
    /// The version that the simulator offers unless told otherwise: everything but fleets.
    pub const DEFAULT_MAX: Self = Self::new(2, 37);
    /// The first in which items and errors say which array of a fleet they come from.
    pub(crate) const FLEETS: Self = Self::new(2, 38);

    /// `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Whether there is such a version of REST 2.
    pub fn is_published(self) -> bool {
        self.major == 2 && self <= NEWEST && !UNPUBLISHED.contains(&self.minor)
    }
}

/// Every version of REST 2 up to `max`, ascending, as `GET /api/api_version` lists them: clients rely on the order.
pub(crate) fn advertised(max: RestVersion) -> Vec<RestVersion> {
    (0..=max.minor).map(|minor| RestVersion::new(2, minor)).filter(|version| version.is_published()).collect()
}

impl fmt::Display for RestVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for RestVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |part: &str| match part.as_bytes() {
            [b'0'] | [b'1'..=b'9', ..] => part.parse::<u16>().ok(),
            _ => None,
        };
        let parts = text.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        let version = parts.map(|(major, minor)| Self { major, minor });
        version.filter(|version| version.is_published()).ok_or_else(|| {
            Error::invalid(format!("'{text}' is not a version of FlashArray REST 2"))
                .remedy(format!("one of 2.0 to {NEWEST}, without 2.12 and 2.18"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let parsed = |text: &str| text.parse::<RestVersion>().unwrap();
        assert!(parsed("2.9") < parsed("2.26"));
        assert_eq!(parsed("2.37").to_string(), "2.37");
        assert_eq!(parsed("2.0"), RestVersion::new(2, 0));
    }

    #[test]
    fn what_was_never_published_is_refused() {
        for text in ["2.12", "2.18", "2.57", "1.19", "3.0", "2", "2.", "2.037", "2.+3", "2.X", "", "2.99999999"] {
            assert!(text.parse::<RestVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_list_ascends_and_ends_with_the_maximum() {
        let list: Vec<String> = advertised(RestVersion::new(2, 19)).iter().map(ToString::to_string).collect();
        let expected = "2.0 2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 2.13 2.14 2.15 2.16 2.17 2.19";
        assert_eq!(list.join(" "), expected);
    }
}
