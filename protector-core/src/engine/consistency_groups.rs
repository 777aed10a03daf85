//! The Cinder half of a protection group.

use super::{ConsistencyGroupView, Engine, VolumeView, describe};
use crate::Result;
use crate::ports::CinderGroupStatus;

impl Engine {
    /// The consistency group of a protection group; `error` if Cinder shows one of its halves as failed or missing.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn consistency_group_show(&self, group: &str) -> Result<ConsistencyGroupView> {
        let record = self.load(group).await?;
        let mut view = describe::consistency_group(&record);
        for site in [&record.group.primary_site, &record.group.secondary_site] {
            let found = self.0.endpoints.cloud(site)?.consistency_group(record.group.cinder_group_on(site)).await;
            match found {
                Ok(Some(found)) if found.status != CinderGroupStatus::Error => {}
                Ok(_) => "error".clone_into(&mut view.status),
                // what cannot be seen is not good
                Err(_) => "unknown".clone_into(&mut view.status),
            }
        }
        Ok(view)
    }

    /// The volumes of a protection group where the workload runs.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn consistency_group_volumes(&self, group: &str) -> Result<Vec<VolumeView>> {
        Ok(describe::volumes(&self.load(group).await?))
    }
}
