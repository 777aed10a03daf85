//! What a project may choose from: volume types, flavors, networks, security groups, and what is left of its quota.

use super::OpenStackCloud;
use super::answers::{ComputeLimits, Network, Port, Subnet, VolumeLimits, VolumeTypeAnswer, quota, shown_networks};
use super::calls::{cinder, neutron, nova};
use super::session::Until;
use crate::model::VolumeType;
use crate::ports;
use crate::{Error, Result};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct Limits<T> {
    absolute: T,
}

impl OpenStackCloud {
    /// All volume types by name.
    pub(super) async fn types(&self, until: Until) -> Result<Vec<VolumeType>> {
        let read = self.reads.types.read(until, self.session.list(&cinder::types(), "volume_types", until)).await?;
        let mut types: Vec<VolumeType> = read.iter().cloned().map(VolumeTypeAnswer::show).collect();
        types.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(types)
    }

    /// The volume type of this name.
    ///
    /// # Errors
    /// there is none → `NotFound`.
    pub(super) async fn type_named(&self, name: &str, until: Until) -> Result<VolumeType> {
        let found = self.types(until).await?.into_iter().find(|volume_type| volume_type.name == name);
        found.ok_or_else(|| {
            Error::not_found(format!("{} has no volume type '{name}'", self.whose()))
                .remedy(format!("{} volume type list", self.command()))
        })
    }

    /// Flavors by name.
    pub(super) async fn all_flavors(&self, until: Until) -> Result<Vec<ports::Flavor>> {
        let read = self.reads.flavors.read(until, self.session.list(&nova::flavors(), "flavors", until)).await?;
        let mut flavors: Vec<ports::Flavor> = read.iter().map(super::answers::Flavor::show).collect();
        flavors.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(flavors)
    }

    /// The networks that the project may use.
    pub(super) async fn usable_networks(&self, until: Until) -> Result<Vec<Network>> {
        let project = self.session.project(until).await?;
        let read = self.reads.networks.read(until, self.session.list(&neutron::networks(), "networks", until)).await?;
        Ok(read.iter().filter(|network| network.is_for(&project)).cloned().collect())
    }

    /// All address ranges.
    pub(super) async fn subnets(&self, until: Until) -> Result<Arc<Vec<Subnet>>> {
        self.reads.subnets.read(until, self.session.list(&neutron::subnets(), "subnets", until)).await
    }

    /// All ports of the project.
    pub(super) async fn ports(&self, until: Until) -> Result<Arc<Vec<Port>>> {
        let project = self.session.project(until).await?;
        self.reads.ports.read(until, self.session.list(&neutron::ports(&project), "ports", until)).await
    }

    /// Networks by name, with their ranges.
    pub(super) async fn all_networks(&self, until: Until) -> Result<Vec<ports::Network>> {
        let (networks, subnets) = futures::try_join!(self.usable_networks(until), self.subnets(until))?;
        Ok(shown_networks(&networks, &subnets))
    }

    /// Names of the project's security groups, sorted.
    pub(super) async fn security_group_names(&self, until: Until) -> Result<Vec<String>> {
        let mut names: Vec<String> =
            self.project_security_groups(until).await?.iter().map(|group| group.name.clone()).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    pub(super) async fn project_security_groups(
        &self,
        until: Until,
    ) -> Result<Arc<Vec<super::answers::SecurityGroup>>> {
        let project = self.session.project(until).await?;
        let call = neutron::security_groups(&project);
        self.reads.security_groups.read(until, self.session.list(&call, "security_groups", until)).await
    }

    /// What is left of the project's quota.
    pub(super) async fn quota_left(&self, until: Until) -> Result<ports::Quota> {
        let (compute, volumes) = (nova::limits(), cinder::limits());
        let (compute, volumes) =
            futures::try_join!(self.session.send(&compute, until), self.session.send(&volumes, until))?;
        let compute: Limits<ComputeLimits> = compute.under("limits")?;
        let volumes: Limits<VolumeLimits> = volumes.under("limits")?;
        Ok(quota(compute.absolute, volumes.absolute))
    }
}
