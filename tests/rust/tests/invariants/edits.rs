//! What people do behind everybody's back, and how they take it back.

use crate::acts::Edit;
use protector_core::connect::Deployment;
use protector_core::engine::Engine;
use protector_core::mock::World;
use protector_core::model::{ArrayName, GroupRecord, ServerId, SiteName, VolumeId};
use protector_core::ports::{Cancel, Cx, Outcome};
use protector_core::{Error, Result};
use protector_tests::GROUP;

/// Name of the volume that somebody puts into the array group.
pub(crate) const STRAY: &str = "stray-volume";

/// What was done and is not taken back.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// A server of the group is gone.
    pub(crate) deleted_a_server: bool,
    /// A recovery point was destroyed.
    pub(crate) destroyed_a_point: bool,
    /// A server has a volume more.
    pub(crate) attached: Option<(SiteName, ServerId, VolumeId)>,
    /// Site on whose array the group has a volume more.
    pub(crate) stray_on: Option<SiteName>,
    /// A plan said that it would leave the group.
    pub(crate) stray_may_leave: bool,
    renamed: u32,
}

impl Edits {
    /// Does it, if the world lets it.
    pub(crate) async fn make(&mut self, edit: Edit, engine: &Engine, deployment: &Deployment, record: &GroupRecord) {
        let world = deployment.world();
        let done = match edit {
            Edit::DeletesServer => self.delete_server(engine, record).await,
            Edit::AttachesVolume => self.attach_volume(world, record),
            Edit::FillsArrayGroup => self.fill_array_group(world, record),
            Edit::DestroysPoint => self.destroy_point(world, record),
            Edit::RenamesArray(site) => self.rename_array(world, &site.into()),
        };
        // what the world refuses does not happen
        drop(done);
    }

    async fn delete_server(&mut self, engine: &Engine, record: &GroupRecord) -> Result<()> {
        let site = &record.group.current_primary_site;
        let cloud = engine.endpoints().cloud(site)?;
        let deadline = jiff::Timestamp::MAX;
        let cx = Cx { op_key: "tenant".into(), epoch: record.group.epoch, deadline, cancel: Cancel::default() };
        for server in record.members.iter().filter_map(|m| m.server_on(site)) {
            if let Outcome::Done(()) = cloud.delete_server(&cx, server).await? {
                self.deleted_a_server = true;
            }
        }
        Ok(())
    }

    fn attach_volume(&mut self, world: &World, record: &GroupRecord) -> Result<()> {
        let site = &record.group.current_primary_site;
        if let Some((site, server, volume)) = self.attached.take() {
            return world.detach_volume(&site, &server, &volume);
        }
        let server = record.members.iter().find_map(|m| m.server_on(site));
        let server = server.ok_or_else(|| Error::not_found("a server"))?;
        let volume = world.attach_new_volume(site, server, "vdz", 1)?;
        self.attached = Some((site.clone(), server.clone(), volume));
        Ok(())
    }

    fn fill_array_group(&mut self, world: &World, record: &GroupRecord) -> Result<()> {
        if let Some(site) = self.stray_on.take() {
            return remove_stray(world, record, &site);
        }
        let site = &record.group.current_primary_site;
        let array = array_of(world, site)?;
        drop(world.create_volume(&array, STRAY, 1 << 30));
        let group = local_group(record)?;
        world.change_array(&array, |array| {
            let row = array.protection_group(&group)?.ok_or_else(|| Error::not_found(&group))?;
            array.add_protection_group_member(&row, STRAY)
        })?;
        self.stray_on = Some(site.clone());
        Ok(())
    }

    /// The newest complete one where the group would go.
    fn destroy_point(&mut self, world: &World, record: &GroupRecord) -> Result<()> {
        let array = array_of(world, record.group.standby_site())?;
        let destroyed = world.change_array(&array, |array| {
            let newest = array
                .protection_group_snapshots()?
                .into_iter()
                .rfind(|snapshot| snapshot.is_replica && snapshot.destroyed_ms.is_none());
            let Some(newest) = newest else { return Ok::<_, Error>(false) };
            array.set_protection_group_snapshot_destroyed(&newest, true)?;
            Ok(true)
        })?;
        self.destroyed_a_point |= destroyed;
        Ok(())
    }

    fn rename_array(&mut self, world: &World, site: &SiteName) -> Result<()> {
        self.renamed += 1;
        let name = format!("renamed-{}-{}", site.as_str().trim_start_matches("site-"), self.renamed);
        world.rename_array(&array_of(world, site)?, &name.as_str().into())
    }

    /// Takes back what can be taken back.
    pub(crate) fn take_back(&mut self, world: &World, record: &GroupRecord) {
        if let Some((site, server, volume)) = self.attached.take() {
            drop(world.detach_volume(&site, &server, &volume));
        }
        if let Some(site) = self.stray_on.take() {
            drop(remove_stray(world, record, &site));
        }
    }
}

fn remove_stray(world: &World, record: &GroupRecord, site: &SiteName) -> Result<()> {
    let group = local_group(record)?;
    world.change_array(&array_of(world, site)?, |array| {
        let row = array.protection_group(&group)?.ok_or_else(|| Error::not_found(&group))?;
        array.remove_protection_group_member(&row, STRAY).map(drop)
    })
}

fn local_group(record: &GroupRecord) -> Result<String> {
    let policy = record.policy.as_ref().ok_or_else(|| Error::not_found(format!("a policy of {GROUP}")))?;
    Ok(policy.pure_pg_name.to_string())
}

/// The array of a site, by its present name.
pub(crate) fn array_of(world: &World, site: &SiteName) -> Result<ArrayName> {
    let found = world.sites()?.into_iter().find(|s| s.name == *site);
    Ok(found.ok_or_else(|| Error::not_found(site.to_string()))?.array)
}
