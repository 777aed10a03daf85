//! Which part of a long list is wanted.

/// A stretch of the list of volume snapshots, which is in the order of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// Only names that begin so, without regard to case.
    pub prefix: &'a str,
    /// Only names that are not before this one.
    pub from: &'a str,
    /// Only what is destroyed, or only what is not.
    pub destroyed: Option<bool>,
    /// No more than so many, the first ones.
    pub most: usize,
}

impl Stretch<'_> {
    /// All of it.
    pub const WHOLE: Self = Self { prefix: "", from: "", destroyed: None, most: usize::MAX };

    /// Whether a name that begins with `start`, and goes on in any way, may be in it.
    pub(super) fn may_hold(&self, start: &str) -> bool {
        let shared = start.len().min(self.prefix.len());
        let fits = match (start.get(..shared), self.prefix.get(..shared)) {
            (Some(start), Some(prefix)) => start.eq_ignore_ascii_case(prefix),
            _ => true,
        };
        fits && (start >= self.from || self.from.starts_with(start))
    }

    /// Whether this name is in it.
    pub(super) fn holds(&self, name: &str) -> bool {
        let head = name.get(..self.prefix.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(self.prefix)) && name >= self.from
    }

    /// `most` as SQL counts.
    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.most).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_holds_names_by_prefix_and_order() {
        let stretch = Stretch { prefix: "arrA:pg.", from: "arrA:pg.2.v5", ..Stretch::WHOLE };
        // (beginning of names, whether any of them may be in it, whether it is in it itself)
        let table = [
            ("arrA:pg.1.", false, false),
            ("arrA:pg.2.", true, false),
            ("arrA:pg.2.v5", true, true),
            ("arrA:pg.3.", true, true),
            ("ARRA:PG.3.", false, false),
            ("arra:pg.3.", true, true),
            ("arrA:p", true, false),
            ("arrA:pg2.1.", false, false),
            ("arrB:pg.3.", false, false),
            ("", true, false),
        ];
        for (start, may_hold, holds) in table {
            assert_eq!((stretch.may_hold(start), stretch.holds(start)), (may_hold, holds), "{start}");
        }
        assert!(Stretch::WHOLE.may_hold("") && Stretch::WHOLE.holds("a"));
    }
}
