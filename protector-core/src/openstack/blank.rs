//! Blank volumes: made, found again, marked, and deleted.
//!
//! Cinder may lose an answer, and a driver may replace the metadata a volume was made with. So a blank volume says in
//! its description, too, what it stands for, until its metadata do; only what its own metadata name is ever deleted.

use super::OpenStackCloud;
use super::answers::Volume;
use super::beat::{VOLUMES, in_progress};
use super::calls::cinder;
use super::reads::NOW;
use super::session::Until;
use crate::model::{ArrayVolumeId, VolumeId};
use crate::ports::{BlankVolume, BlankVolumes, CloudVolume, Cx, Outcome, VolumeState};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;

/// The blank volume that stands for an array volume. Of several, one that is attached, then one that is ready.
fn find<'a>(volumes: &'a [Volume], stands_for: &ArrayVolumeId) -> Option<&'a Volume> {
    let rank = |volume: &&Volume| match volume.state() {
        VolumeState::InUse => 0,
        VolumeState::Available => 1,
        VolumeState::Creating => 2,
        VolumeState::Other => 3,
        VolumeState::Error => 4,
    };
    volumes.iter().filter(|volume| volume.blank_for().as_ref() == Some(stands_for)).min_by_key(rank)
}

#[async_trait]
impl BlankVolumes for OpenStackCloud {
    async fn ensure_blank_volume(&self, cx: &Cx, wanted: &BlankVolume) -> Result<Outcome<CloudVolume>> {
        let until = self.until(cx)?;
        let volumes = self.volumes(NOW, until).await?;
        let Some(found) = find(&volumes, &wanted.stands_for) else {
            self.type_named(&wanted.volume_type, until).await?;
            self.session.send(&cinder::create_blank(wanted), until).await?;
            return Ok(in_progress(VOLUMES));
        };
        match found.state() {
            VolumeState::Creating => Ok(in_progress(VOLUMES)),
            VolumeState::Available | VolumeState::InUse => self.complete(found, wanted, until).await,
            VolumeState::Error | VolumeState::Other => Err(self.clear_failed_blank(found, wanted, until).await),
        }
    }

    async fn delete_blank_volume(&self, cx: &Cx, id: &VolumeId) -> Result<Outcome<()>> {
        let until = self.until(cx)?;
        let volumes = self.volumes(NOW, until).await?;
        if let Some(volume) = volumes.iter().find(|volume| volume.id == id.as_str()) {
            return self.delete_found_blank(volume, until).await;
        }
        match self.find_volume(id, until).await? {
            None => Ok(Outcome::AlreadyDone(())),
            Some(volume) => self.delete_found_blank(&volume, until).await,
        }
    }
}

impl OpenStackCloud {
    /// The mark comes last, so that a volume which bears it is ready.
    async fn complete(&self, found: &Volume, wanted: &BlankVolume, until: Until) -> Result<Outcome<CloudVolume>> {
        if found.is_marked_blank() {
            return Ok(Outcome::AlreadyDone(found.show()));
        }
        if wanted.bootable && !found.is_bootable() {
            self.session.send(&cinder::set_bootable(&found.id), until).await?;
        }
        self.session.send(&cinder::mark_blank(&found.id, &wanted.stands_for), until).await?;
        Ok(Outcome::Done(found.show()))
    }

    /// Deletes what an attempt left that failed, so that the next one begins afresh.
    async fn clear_failed_blank(&self, found: &Volume, wanted: &BlankVolume, until: Until) -> Error {
        let told = self.told_about(&found.id, until).await;
        let was_never_ready = found.status == "error" && !found.is_marked_blank() && found.server().is_none();
        let (left, remedy) = match was_never_ready {
            true => match self.session.send(&cinder::delete_blank(&found.id), until).await {
                Ok(_) => {
                    ("what is left of it is deleted".to_owned(), "look into the log of cinder-scheduler".to_owned())
                }
                Err(e) => (format!("it stays: {}", e.message()), self.show_command(found)),
            },
            false => (format!("it is '{}' and stays", found.status), self.show_command(found)),
        };
        let text = format!(
            "{} made no blank volume '{}' of type '{}' ({}): {told}; {left}",
            self.whose(),
            wanted.name,
            wanted.volume_type,
            found.id
        );
        Error::precondition(text).remedy(remedy)
    }

    fn show_command(&self, volume: &Volume) -> String {
        format!("{} volume show {}", self.command(), volume.id)
    }

    async fn delete_found_blank(&self, volume: &Volume, until: Until) -> Result<Outcome<()>> {
        let (id, whose) = (&volume.id, self.whose());
        let refuse = |why: String| Error::precondition(format!("blank volume '{id}' of {whose} is not deleted: {why}"));
        if !volume.is_marked_blank() {
            let text =
                format!("volume '{id}' of {whose} is not one that was made blank for a trial, and stays as it is");
            return Err(Error::new(ErrorKind::DataSafety, text).remedy(self.show_command(volume)));
        }
        if let Some(server) = volume.server() {
            return Err(refuse(format!("it is attached to server '{server}'"))
                .remedy(format!("{} server remove volume {server} {id}", self.command())));
        }
        if let Some(group) = volume.group_id.as_deref().filter(|group| !group.is_empty()) {
            return Err(refuse(format!("it is in Cinder group '{group}': take it out first")));
        }
        match volume.state() {
            state if state == VolumeState::Available || volume.status == "error" => {
                let found = self.session.find(&cinder::delete_blank(id), until).await?;
                Ok(found.map_or(Outcome::AlreadyDone(()), |_| in_progress(VOLUMES)))
            }
            VolumeState::Creating => Ok(in_progress(VOLUMES)),
            _ => {
                let told = self.told_about(id, until).await;
                Err(refuse(format!("it is '{}': {told}", volume.status)).remedy(self.show_command(volume)))
            }
        }
    }
}
