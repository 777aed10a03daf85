//! Volumes: looked at, given back, and what Cinder says about one that failed.

use super::OpenStackCloud;
use super::answers::{Message, Volume};
use super::beat::{VOLUMES, in_progress};
use super::calls::cinder;
use super::reads::NOW;
use super::session::Until;
use crate::model::VolumeId;
use crate::ports::{Outcome, VolumeState};
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

impl OpenStackCloud {
    /// All volumes of the project, as they were at most `age` ago.
    pub(super) async fn volumes(&self, age: Duration, until: Until) -> Result<Arc<Vec<Volume>>> {
        self.reads.volumes.read_within(age, until, self.session.list(&cinder::volumes(), "volumes", until)).await
    }

    /// The volume with this id, if there is one.
    pub(super) async fn find_volume(&self, id: &VolumeId, until: Until) -> Result<Option<Volume>> {
        let found = self.session.find(&cinder::volume(id), until).await?;
        found.map(|reply| reply.under("volume")).transpose()
    }

    pub(super) fn no_volume(&self, id: &VolumeId) -> Error {
        Error::not_found(format!("{} has no volume '{id}'", self.whose()))
            .remedy(format!("{} volume list", self.command()))
    }

    /// What Cinder tells users about an object that failed; it tells little.
    pub(super) async fn told_about(&self, id: &str, until: Until) -> String {
        let told = async { self.session.send(&cinder::messages(id), until).await?.under::<Vec<Message>>("messages") };
        match told.await.unwrap_or_default().into_iter().next() {
            Some(message) => super::failure::shown(&message.user_message),
            None => "Cinder does not say why; the log of cinder-volume does".to_owned(),
        }
    }

    /// Gives a volume back to the array.
    pub(super) async fn release(&self, id: &VolumeId, until: Until) -> Result<Outcome<()>> {
        let volumes = self.volumes(NOW, until).await?;
        let Some(volume) = volumes.iter().find(|volume| volume.id == id.as_str()) else {
            // a volume of another project is not in the list, and not gone
            return match self.find_volume(id, until).await? {
                None => Ok(Outcome::AlreadyDone(())),
                Some(volume) => self.release_found(id, &volume, until).await,
            };
        };
        self.release_found(id, volume, until).await
    }

    async fn release_found(&self, id: &VolumeId, volume: &Volume, until: Until) -> Result<Outcome<()>> {
        let refuse = |why: String| Error::precondition(format!("volume '{id}' of {} {why}", self.whose()));
        if volume.has_nothing_behind_it() {
            return Ok(Outcome::AlreadyDone(()));
        }
        if let Some(server) = volume.server() {
            return Err(refuse(format!("is attached to server '{server}'"))
                .remedy(format!("{} server remove volume {server} {id}", self.command())));
        }
        if let Some(group) = volume.group_id.as_deref().filter(|group| !group.is_empty()) {
            return Err(refuse(format!(
                "is in Cinder group '{group}', which Cinder does not let go of: take it out first"
            )));
        }
        match volume.state() {
            // Cinder lets go of one in error, too, such as an attempt to take it over leaves
            state if state == VolumeState::Available || volume.status == "error" => {
                self.session.send(&cinder::unmanage(id.as_str()), until).await?;
                Ok(in_progress(VOLUMES))
            }
            VolumeState::Creating => Ok(in_progress(VOLUMES)),
            VolumeState::InUse => Err(refuse("is in use".to_owned())),
            _ => {
                let told = self.told_about(id.as_str(), until).await;
                let text = format!("is '{}', in which Cinder does not give it back: {told}", volume.status);
                let command = self.command();
                Err(refuse(text).remedy(match volume.state() {
                    VolumeState::Error => format!("as administrator: {command} volume set --state error {id}"),
                    _ => format!("{command} volume show {id}"),
                }))
            }
        }
    }
}
