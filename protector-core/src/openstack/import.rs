//! Taking array volumes over (`manage`).
//!
//! Cinder renames what it takes over and replaces the metadata it was given, so a volume is found again by the array
//! volume's id in its description.

use super::OpenStackCloud;
use super::answers::{Manageable, Volume};
use super::beat::{VOLUMES, in_progress};
use super::calls::cinder;
use super::hosts::Found;
use super::reads::NOW;
use super::session::Until;
use crate::model::VolumeType;
use crate::ports::{CloudVolume, ImportRequest, Outcome, VolumeState};
use crate::{Error, Result};

/// What there is of an array volume in Cinder.
#[derive(Debug, PartialEq, Eq)]
enum Present<'a> {
    Volume(&'a Volume),
    /// It is being taken over.
    Coming,
    /// An attempt to take it over failed and left this.
    Failed(&'a Volume),
    Nothing,
}

/// Finds what there is. The id of the array volume decides; for a volume that was never taken over, and so does not tell
/// one, its name on the array, which no other has at the same time.
fn look<'a>(volumes: &'a [Volume], request: &ImportRequest) -> Present<'a> {
    let is_it = |volume: &&Volume| match volume.array_volume_id() {
        Some(_) if volume.has_nothing_behind_it() => false,
        Some(id) => id == request.array_volume_id,
        None => volume.array_volume() == Some(request.array_volume.as_str()),
    };
    let rank = |volume: &&Volume| match volume.state() {
        VolumeState::Available | VolumeState::InUse => 0,
        VolumeState::Creating => 1,
        VolumeState::Other => 2,
        VolumeState::Error => 3,
    };
    let Some(found) = volumes.iter().filter(is_it).min_by_key(rank) else { return Present::Nothing };
    match found.state() {
        VolumeState::Creating => Present::Coming,
        // what the driver has taken over has a name on the array, whatever became of it later
        VolumeState::Error if found.is_hollow() => Present::Failed(found),
        _ => Present::Volume(found),
    }
}

impl OpenStackCloud {
    pub(super) async fn import(&self, request: &ImportRequest, until: Until) -> Result<Outcome<CloudVolume>> {
        let volumes = self.volumes(NOW, until).await?;
        match look(&volumes, request) {
            Present::Volume(volume) => Ok(Outcome::AlreadyDone(volume.show())),
            Present::Coming => Ok(in_progress(VOLUMES)),
            Present::Failed(volume) => Err(self.clear_failed(volume, request, until).await),
            Present::Nothing => self.take_over(&volumes, request, until).await,
        }
    }

    /// An attempt that failed: what it left in Cinder is given back, so that the next one begins afresh. Deleted it must not
    /// be: the driver would be asked to delete something, and not told what.
    async fn clear_failed(&self, volume: &Volume, request: &ImportRequest, until: Until) -> Error {
        let told = self.told_about(&volume.id, until).await;
        let cleared = self.session.send(&cinder::unmanage(&volume.id), until).await;
        let left = match cleared {
            Ok(_) => format!("Cinder was told to let go of what is left of it, volume '{}'", volume.id),
            Err(e) => format!("volume '{}' is left in Cinder: {}", volume.id, e.message()),
        };
        Error::precondition(format!(
            "{} did not take over array volume '{}' as one of type '{}': {told}; {left}",
            self.whose(),
            request.array_volume,
            request.volume_type
        ))
        .remedy(format!(
            "look for {} in the logs of cinder-scheduler and cinder-volume, then repeat; if it stays in Cinder, leave it: there \
             is nothing behind it",
            volume.id
        ))
    }

    async fn take_over(
        &self,
        volumes: &[Volume],
        request: &ImportRequest,
        until: Until,
    ) -> Result<Outcome<CloudVolume>> {
        let volume_type = self.type_named(&request.volume_type, until).await?;
        let found = self.host_of(request.array_volume.as_str(), &volume_type, until).await?;
        let host = match found {
            Found::On(host, manageable) => match self.refuse_unfit(&manageable, volumes, request)? {
                Some(managed) => return Ok(Outcome::AlreadyDone(managed)),
                None => host,
            },
            Found::Unasked(host) => host,
            Found::Nowhere => return Err(self.not_there(request, &volume_type)),
        };
        self.session.send(&cinder::manage(&host, request), until).await?;
        Ok(in_progress(VOLUMES))
    }

    fn not_there(&self, request: &ImportRequest, volume_type: &VolumeType) -> Error {
        Error::not_found(format!(
            "no backend of {} that offers volume type '{}' has an array volume '{}' (id '{}')",
            self.whose(),
            volume_type.name,
            request.array_volume,
            request.array_volume_id
        ))
        .remedy("check that the array of this site is the one that Cinder's backend uses")
    }

    /// What the backend says against it. A volume that this project has under management already comes back.
    fn refuse_unfit(
        &self,
        found: &Manageable,
        volumes: &[Volume],
        request: &ImportRequest,
    ) -> Result<Option<CloudVolume>> {
        let (name, whose) = (&request.array_volume, self.whose());
        if let Some(id) = &found.cinder_id {
            let managed = volumes.iter().find(|volume| volume.id == *id).map(Volume::show);
            return managed.map(Some).ok_or_else(|| {
                Error::conflict(format!("array volume '{name}' is volume '{id}' of another project of {whose}"))
                    .remedy(format!("{} volume show {id}", self.command()))
            });
        }
        if found.safe_to_manage {
            return Ok(None);
        }
        let why = found.reason_not_safe.as_deref().unwrap_or("its backend does not say why");
        if why.contains("deleted") {
            return Err(Error::not_found(format!("array volume '{name}' was destroyed: {why}")));
        }
        let refused = Error::precondition(format!("{whose} does not take over array volume '{name}': {why}"));
        Err(if why.contains("Replicated Pod") {
            refused.remedy("clone it out of the pod, and take the clone over")
        } else {
            refused.remedy("disconnect it from its hosts on the array")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request() -> ImportRequest {
        ImportRequest {
            array_volume_id: "id-1".into(),
            array_volume: "dr-1".into(),
            name: "web".into(),
            volume_type: "ssd".into(),
            bootable: true,
        }
    }

    fn volume(id: &str, status: &str, more: &serde_json::Value) -> Volume {
        let mut text = json!({"id": id, "status": status, "name": "web"});
        text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn it_is_found_by_its_id_in_metadata_or_description() {
        let marked = json!({"metadata": {"protector_array_volume_id": "id-1", "array_volume_name": "volume-1-cinder"}});
        let described = json!({"description": "Taken over by Protector: array volume id-1",
            "metadata": {"array_volume_name": "volume-1-cinder"}});
        for (more, status, expected) in [
            (&marked, "available", "volume"),
            (&marked, "in-use", "volume"),
            (&described, "available", "volume"),
            (&described, "creating", "coming"),
            (&marked, "error", "volume"),
            (&marked, "error_unmanaging", "volume"),
            (&json!({"metadata": {"protector_array_volume_id": "id-1"}}), "error", "failed"),
            (&json!({"metadata": {"protector_array_volume_id": "id-1"}}), "error_unmanaging", "nothing"),
            (&json!({"description": "Taken over by Protector: array volume id-1"}), "error", "failed"),
            (&json!({"description": "Taken over by Protector: array volume id-2"}), "available", "nothing"),
            (
                &json!({"metadata": {"protector_array_volume_id": "id-2", "array_volume_name": "dr-1"}}),
                "available",
                "nothing",
            ),
            (&json!({"metadata": {"array_volume_name": "dr-1"}}), "available", "volume"),
            (&json!({"provider_id": "dr-1"}), "available", "volume"),
            (&json!({}), "available", "nothing"),
        ] {
            let volumes = [volume("1", status, more)];
            let found = match look(&volumes, &request()) {
                Present::Volume(_) => "volume",
                Present::Coming => "coming",
                Present::Failed(_) => "failed",
                Present::Nothing => "nothing",
            };
            assert_eq!(found, expected, "{more} {status}");
        }
    }

    #[test]
    fn a_volume_counts_before_what_an_attempt_left() {
        let described = json!({"description": "Taken over by Protector: array volume id-1"});
        let there = json!({"metadata": {"protector_array_volume_id": "id-1", "array_volume_name": "v"}});
        let volumes = [volume("left", "error", &described), volume("there", "available", &there)];
        assert_eq!(look(&volumes, &request()), Present::Volume(&volumes[1]));
    }
}
