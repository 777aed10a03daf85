//! What a project may choose from: volume types, flavors, networks, security groups, and what is left of its quota.

use super::OpenStackCloud;
use super::answers::{ComputeLimits, Network, Port, Subnet, VolumeLimits, VolumeTypeAnswer, quota, shown_networks};
use super::calls::{cinder, neutron, nova};
use super::reads::{CATALOGUE, MOMENT, NOW};
use super::session::Until;
use crate::model::VolumeType;
use crate::ports;
use crate::{Error, Result};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

#[derive(Deserialize)]
struct Limits<T> {
    absolute: T,
}

impl OpenStackCloud {
    /// All volume types by name, as they were at most `age` ago.
    pub(super) async fn types(&self, age: Duration, until: Until) -> Result<Vec<VolumeType>> {
        let call = cinder::types();
        let list = self.session.list(&call, "volume_types", until);
        let read = self.reads.types.read_within(age, until, list).await?;
        let mut types: Vec<VolumeType> = read.iter().cloned().map(VolumeTypeAnswer::show).collect();
        types.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(types)
    }

    /// The volume type of this name.
    ///
    /// # Errors
    /// there is none → `NotFound`.
    pub(super) async fn type_named(&self, name: &str, until: Until) -> Result<VolumeType> {
        let find = |types: Vec<VolumeType>| types.into_iter().find(|volume_type| volume_type.name == name);
        let found = match find(self.types(CATALOGUE, until).await?) {
            None => find(self.types(NOW, until).await?),
            found => found,
        };
        found.ok_or_else(|| {
            Error::not_found(format!("{} has no volume type '{name}'", self.whose()))
                .remedy(format!("{} volume type list", self.command()))
        })
    }

    /// Flavors by name, as they were at most `age` ago.
    pub(super) async fn all_flavors(&self, age: Duration, until: Until) -> Result<Vec<ports::Flavor>> {
        let call = nova::flavors();
        let list = self.session.list(&call, "flavors", until);
        let read = self.reads.flavors.read_within(age, until, list).await?;
        let mut flavors: Vec<ports::Flavor> = read.iter().map(super::answers::Flavor::show).collect();
        flavors.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(flavors)
    }

    /// The flavor of this name.
    ///
    /// # Errors
    /// there is none → `NotFound`.
    pub(super) async fn flavor_named(&self, name: &str, until: Until) -> Result<ports::Flavor> {
        let find = |flavors: Vec<ports::Flavor>| flavors.into_iter().find(|flavor| flavor.name == name);
        let found = match find(self.all_flavors(CATALOGUE, until).await?) {
            None => find(self.all_flavors(NOW, until).await?),
            found => found,
        };
        found.ok_or_else(|| {
            Error::not_found(format!("{} has no flavor '{name}'", self.whose()))
                .remedy(format!("{} flavor list", self.command()))
        })
    }

    /// The networks that the project may use, as they were at most `age` ago.
    pub(super) async fn usable_networks(&self, age: Duration, until: Until) -> Result<Vec<Network>> {
        let project = self.session.project(until).await?;
        let call = neutron::networks();
        let list = self.session.list(&call, "networks", until);
        let read = self.reads.networks.read_within(age, until, list).await?;
        Ok(read.iter().filter(|network| network.is_for(&project)).cloned().collect())
    }

    /// All address ranges, as they were at most `age` ago.
    pub(super) async fn subnets(&self, age: Duration, until: Until) -> Result<Arc<Vec<Subnet>>> {
        self.reads.subnets.read_within(age, until, self.session.list(&neutron::subnets(), "subnets", until)).await
    }

    /// All ports of the project, as they were at most `age` ago.
    pub(super) async fn ports(&self, age: Duration, until: Until) -> Result<Arc<Vec<Port>>> {
        let project = self.session.project(until).await?;
        self.reads.ports.read_within(age, until, self.session.list(&neutron::ports(&project), "ports", until)).await
    }

    /// Networks by name, with their ranges.
    pub(super) async fn all_networks(&self, until: Until) -> Result<Vec<ports::Network>> {
        let (networks, subnets) = futures::try_join!(self.usable_networks(MOMENT, until), self.subnets(MOMENT, until))?;
        Ok(shown_networks(&networks, &subnets))
    }

    /// Names of the project's security groups, sorted.
    pub(super) async fn security_group_names(&self, until: Until) -> Result<Vec<String>> {
        let mut names: Vec<String> =
            self.project_security_groups(NOW, until).await?.iter().map(|group| group.name.clone()).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    pub(super) async fn project_security_groups(
        &self,
        age: Duration,
        until: Until,
    ) -> Result<Arc<Vec<super::answers::SecurityGroup>>> {
        let project = self.session.project(until).await?;
        let call = neutron::security_groups(&project);
        self.reads.security_groups.read_within(age, until, self.session.list(&call, "security_groups", until)).await
    }

    /// What is left of the project's quota.
    pub(super) async fn quota_left(&self, until: Until) -> Result<ports::Quota> {
        // two answers at once are too much for the stack of whoever waits
        let read = Box::pin(async {
            let (compute, volumes) = (nova::limits(), cinder::limits());
            let (compute, volumes) =
                futures::try_join!(self.session.send(&compute, until), self.session.send(&volumes, until))?;
            let compute: Limits<ComputeLimits> = compute.under("limits")?;
            let volumes: Limits<VolumeLimits> = volumes.under("limits")?;
            Ok(quota(compute.absolute, volumes.absolute))
        });
        self.reads.quota.read_within(MOMENT, until, read).await.map(|quota| *quota)
    }
}
