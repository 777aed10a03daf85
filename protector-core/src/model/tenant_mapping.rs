//! Which project of one cloud stands for which project of the other.

use super::{ProjectId, SiteName, TenantMappingId};
use serde::{Deserialize, Serialize};

/// Ties a project on one site to its counterpart on the other, so that a tenant's servers arrive in the tenant's own
/// project. Made by an administrator; the documents name the record and show no fields, so these are ours.
///
/// The embedded engine works with one project per site and needs none; services that serve several tenants do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantMapping {
    /// Identity.
    pub id: TenantMappingId,
    /// One site.
    pub primary_site: SiteName,
    /// The project there.
    pub primary_project: ProjectId,
    /// The other site.
    pub secondary_site: SiteName,
    /// The project there.
    pub secondary_project: ProjectId,
}

impl TenantMapping {
    /// The project on `site`, or `None` if the mapping does not know the site.
    ///
    /// ```
    /// use protector_core::model::TenantMapping;
    /// let mapping = TenantMapping {
    ///     id: "1".into(),
    ///     primary_site: "site-a".into(),
    ///     primary_project: "web".into(),
    ///     secondary_site: "site-b".into(),
    ///     secondary_project: "web-dr".into(),
    /// };
    /// assert_eq!(mapping.project_on(&"site-b".into()), Some(&"web-dr".into()));
    /// assert_eq!(mapping.project_on(&"site-c".into()), None);
    /// ```
    pub fn project_on(&self, site: &SiteName) -> Option<&ProjectId> {
        if *site == self.primary_site {
            Some(&self.primary_project)
        } else if *site == self.secondary_site {
            Some(&self.secondary_project)
        } else {
            None
        }
    }
}
