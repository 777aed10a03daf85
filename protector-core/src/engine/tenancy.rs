//! Projects: an engine that works for one of them sees nothing of the others.

use super::Engine;
use crate::model::{GroupRecord, ProjectId, SiteName};
use crate::ports::{GroupFilter, GroupPosition};
use crate::{Error, ErrorKind, Result};
use serde::Deserialize;
use std::sync::Arc;

/// Project of groups that are made without one: by an operator at a shell, where there is one tenant.
const DEFAULT_PROJECT: &str = "default";

/// A part of a long list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// Id of the last one of the page before. `None`: from the beginning.
    pub marker: Option<String>,
    /// At most so many. `None`: all that are left.
    pub limit: Option<u32>,
}

impl Engine {
    /// The same engine for one project: it sees and changes the groups and operations of that project alone. Those of others
    /// are as if they were not there, and what concerns all projects (sites, a site's failover) is refused.
    ///
    /// Whoever calls it answers for the caller being of that project.
    #[must_use]
    pub fn for_project(&self, project: ProjectId) -> Self {
        Self(Arc::new(super::Inner { project: Some(project), ..(*self.0).clone() }))
    }

    /// The project it works for; `None`: all.
    pub fn project(&self) -> Option<&ProjectId> {
        self.0.project.as_ref()
    }

    /// The groups that this engine may see, by name.
    pub(super) async fn visible_groups(&self, page: &Page) -> Result<Vec<GroupRecord>> {
        let after = match &page.marker {
            None => None,
            Some(marker) => Some(self.position(marker).await?),
        };
        let filter = GroupFilter { project: self.0.project.clone(), after, limit: page.limit };
        self.0.endpoints.store.list_groups(&filter).await
    }

    async fn position(&self, marker: &str) -> Result<GroupPosition> {
        let found = self.load(marker).await.map_err(|e| match e.kind() {
            ErrorKind::NotFound => Error::invalid(format!("marker '{marker}' is no protection group any more"))
                .remedy("begin again without a marker"),
            _ => e,
        })?;
        Ok(GroupPosition { name: found.group.name, id: found.group.id })
    }

    /// Refuses what is for administrators.
    pub(super) fn for_all_projects(&self, what: &str) -> Result<()> {
        match &self.0.project {
            None => Ok(()),
            Some(project) => Err(Error::new(
                ErrorKind::Forbidden,
                format!("{what} concerns every project, and this is done for '{project}'"),
            )
            .remedy("ask an administrator")),
        }
    }

    /// The project of a new group: that of the engine, else the one that is asked for.
    pub(super) fn project_for(&self, asked: Option<&str>) -> Result<ProjectId> {
        match (&self.0.project, asked) {
            (Some(own), Some(asked)) if own.as_str() != asked => Err(Error::new(
                ErrorKind::Forbidden,
                format!("a group of project '{asked}' cannot be made for '{own}'"),
            )
            .remedy("leave the project out")),
            (Some(own), _) => Ok(own.clone()),
            (None, asked) => Ok(asked.unwrap_or(DEFAULT_PROJECT).into()),
        }
    }

    /// The project whose servers on `site` may join a group. `None`: those of any, because an operator at a shell keeps it for
    /// all, or because the other site may call the project by another id.
    pub(super) fn owner_of_members<'a>(&self, record: &'a GroupRecord, site: &SiteName) -> Option<&'a ProjectId> {
        let owner = &record.group.project_id;
        let is_comparable = owner.as_str() != DEFAULT_PROJECT && *site == record.group.primary_site;
        (self.0.project.is_some() || is_comparable).then_some(owner)
    }

    /// Whether the group is none of the caller's business.
    pub(super) fn is_foreign(&self, record: &GroupRecord) -> bool {
        self.0.project.as_ref().is_some_and(|own| *own != record.group.project_id)
    }

    /// Every group, for what there may be only once among all. Those of other projects have no name here, so that no
    /// refusal tells it.
    pub(super) async fn all_groups(&self) -> Result<Vec<GroupRecord>> {
        let mut groups = self.0.endpoints.store.groups().await?;
        for record in groups.iter_mut().filter(|record| self.is_foreign(record)) {
            "(of another project)".clone_into(&mut record.group.name);
        }
        Ok(groups)
    }
}
