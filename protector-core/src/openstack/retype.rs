//! Volumes that get another type on the backend where they are.

use super::OpenStackCloud;
use super::answers::{Volume, without_pool};
use super::beat::{VOLUMES, in_progress};
use super::calls::cinder;
use super::session::Until;
use crate::model::{VolumeId, VolumeType};
use crate::ports::{CloudVolume, Cx, Outcome, VolumeState};
use crate::{Error, Result};

impl OpenStackCloud {
    pub(super) async fn retype(
        &self,
        cx: &Cx,
        id: &VolumeId,
        volume_type: &str,
        until: Until,
    ) -> Result<Outcome<CloudVolume>> {
        let volume = self.find_volume(id, until).await?.ok_or_else(|| self.no_volume(id))?;
        let wanted = self.type_named(volume_type, until).await?;
        let is_settled = matches!(volume.state(), VolumeState::Available | VolumeState::InUse);
        if volume.volume_type.as_deref() == Some(&wanted.name) && is_settled {
            self.retypes.take(cx, id.as_str());
            self.reads.volumes.forget();
            return Ok(Outcome::AlreadyDone(volume.show()));
        }
        if volume.state() == VolumeState::Creating {
            return Ok(in_progress(VOLUMES));
        }
        if let Some(group) = volume.group_id.as_deref().filter(|group| !group.is_empty()) {
            return Err(Error::conflict(format!(
                "volume '{id}' of {} is in Cinder group '{group}', whose type it must have",
                self.whose()
            ))
            .remedy("take it out of the group first"));
        }
        if !is_settled || self.retypes.take(cx, id.as_str()) {
            return Err(self.not_retyped(&volume, &wanted, until).await);
        }
        self.refuse_other_backend(&volume, &wanted, until).await?;
        self.session.send(&cinder::retype(id, &wanted.name), until).await?;
        self.retypes.note(cx, id.as_str());
        Ok(in_progress(VOLUMES))
    }

    async fn not_retyped(&self, volume: &Volume, wanted: &VolumeType, until: Until) -> Error {
        let told = self.told_about(&volume.id, until).await;
        Error::precondition(format!(
            "volume '{}' of {} did not get type '{}', and is '{}' with type '{}': {told}",
            volume.id,
            self.whose(),
            wanted.name,
            volume.status,
            volume.volume_type.as_deref().unwrap_or_default()
        ))
        .remedy("look into the log of cinder-volume; with a synchronous type, see that the arrays reach each other")
    }

    /// Refuses a type that the backend of the volume does not offer, as far as that can be found out.
    async fn refuse_other_backend(&self, volume: &Volume, wanted: &VolumeType, until: Until) -> Result<()> {
        let Some(pools) = self.offered(wanted, until).await? else { return Ok(()) };
        let Some(host) = volume.host.as_deref() else { return Ok(()) };
        if pools.iter().any(|pool| without_pool(pool) == without_pool(host)) {
            return Ok(());
        }
        Err(Error::precondition(format!(
            "backend '{}' of {}, where volume '{}' is, does not offer volume type '{}'",
            without_pool(host),
            self.whose(),
            volume.id,
            wanted.name
        ))
        .remedy(format!(
            "have that type offered there, or choose one that is: {} volume type list --long",
            self.command()
        )))
    }
}
