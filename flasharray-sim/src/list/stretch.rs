//! Which part of a list a page can hold, so that no more of it has to be read.

use super::page::Request;
use crate::call::Call;
use crate::refusal::Refusal;
use protector_core::mock::Stretch;

/// The part of a list that a request without names and ids is about.
#[derive(Debug)]
pub(crate) struct Wanted {
    prefix: String,
    from: String,
    destroyed: Option<bool>,
    most: usize,
}

impl Wanted {
    /// What the query asks for. The rows of this stretch give the same page as all rows do.
    ///
    /// # Errors
    /// a parameter or filter that cannot be read → 400.
    pub(crate) fn read(call: &Call<'_>) -> Result<Self, Refusal> {
        let request = Request::read(call.query, call.sim.options.page_limit)?;
        Ok(Self::of(&request, call.query.flag("destroyed")?))
    }

    fn of(request: &Request, destroyed: Option<bool>) -> Self {
        let filter = request.filter.as_ref();
        let prefix = filter.and_then(|filter| filter.name_prefix());
        let all_pass = filter.is_none() || prefix.is_some();
        let prefix = prefix.unwrap_or_default().to_owned();
        if !request.sort.is_empty() || request.count || request.total_only {
            return Self { prefix, from: String::new(), destroyed, most: usize::MAX };
        }
        // one more shows that there is more, and the last of the page before comes again
        let most = request.offset.saturating_add(request.limit).saturating_add(2);
        Self {
            prefix,
            from: request.after.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
            destroyed,
            most: if all_pass { most } else { usize::MAX },
        }
    }

    pub(crate) fn stretch(&self) -> Stretch<'_> {
        Stretch { prefix: &self.prefix, from: &self.from, destroyed: self.destroyed, most: self.most }
    }
}
