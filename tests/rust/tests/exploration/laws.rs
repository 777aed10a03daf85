//! The laws by their numbers in the catalogue of invariants.

use std::fmt;

/// A law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Law {
    /// Without a consent never both sides take writes.
    I01,
    /// After a consent both sides take writes only while the record says so.
    I02,
    /// Something to recover from is left, and a way on to a group that is at rest and takes writes.
    I03,
    /// The source is fenced only once the target has what it starts from.
    I04,
    /// An unplanned failover needs nothing of the site that is left.
    I05,
    /// Epochs rise, and an older caller changes nothing.
    I06,
    /// Of two executors one acts, and both together do what one alone does.
    I07,
    /// No promotion without evidence of a fence, or a consent.
    I08,
    /// No promotion that nobody asked for.
    I09,
    /// Nothing takes away the last recovery point.
    I13,
    /// A crash changes nothing about the end.
    I31,
    /// A lost reply changes nothing about the end.
    I33,
}

pub(crate) const LAWS: [Law; 12] = [
    Law::I01,
    Law::I02,
    Law::I03,
    Law::I04,
    Law::I05,
    Law::I06,
    Law::I07,
    Law::I08,
    Law::I09,
    Law::I13,
    Law::I31,
    Law::I33,
];

impl Law {
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::I01 => "I-01",
            Self::I02 => "I-02",
            Self::I03 => "I-03",
            Self::I04 => "I-04",
            Self::I05 => "I-05",
            Self::I06 => "I-06",
            Self::I07 => "I-07",
            Self::I08 => "I-08",
            Self::I09 => "I-09",
            Self::I13 => "I-13",
            Self::I31 => "I-31",
            Self::I33 => "I-33",
        }
    }
}

/// A set of laws: those that are broken.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Laws(u16);

impl Laws {
    pub(crate) fn add(&mut self, law: Law) {
        self.0 |= 1 << law as u16;
    }

    pub(crate) fn has(self, law: Law) -> bool {
        self.0 & (1 << law as u16) != 0
    }

    /// Whether this one is broken, without the others.
    pub(crate) fn only(self, law: Law) -> Self {
        Self(self.0 & (1 << law as u16))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Debug for Laws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(LAWS.into_iter().filter(|law| self.has(*law)).map(Law::number)).finish()
    }
}
