//! Whose hold on a group may end.

use crate::model::{GroupRecord, OpenOperation, SiteName};

/// The operation of `site` that `next` would take the group from, if the record there is `held`. Its journal is kept on that
/// site, so nobody else can tell how it stands: versions may be equal although each site counted on by itself.
///
/// ```
/// # fn show(held: &protector_core::model::GroupRecord, next: &protector_core::model::GroupRecord) {
/// use protector_core::rules::hold::takes_from;
/// if let Some(open) = takes_from(held, next, &"site-b".into()) {
///     println!("{} runs on {}", open.id, open.site);
/// }
/// # }
/// ```
pub fn takes_from<'a>(held: &'a GroupRecord, next: &GroupRecord, site: &SiteName) -> Option<&'a OpenOperation> {
    let open = held.group.operation.as_ref().filter(|open| open.site == *site)?;
    (next.group.operation.as_ref() != Some(open)).then_some(open)
}

#[cfg(test)]
mod tests;
