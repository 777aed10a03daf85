//! The other side in this same process: calls by name, answered by drivers of this crate. With it a door to another
//! language can be put to the test by the suites of the ports.

use crate::foreign::Foreign;
use crate::foreign::wire::{Change, CloudDescription, Context, Seen, StorageDescription};
use crate::ports::{Cancel, Cloud, Cx, Observed, Outcome, StorageDriver};
use crate::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::sync::Arc;
use tokio::runtime::Handle;

/// An array.
#[derive(Debug)]
pub struct LoopbackArray {
    /// What answers.
    pub driver: Arc<dyn StorageDriver>,
    /// Whether it has answers of its own to what has a default.
    pub optional: bool,
}

/// A cloud.
#[derive(Debug)]
pub struct LoopbackCloud(pub Arc<dyn Cloud>);

/// The arguments of one call.
struct Arguments(Value);

impl Arguments {
    fn read(text: &str) -> Result<Self> {
        Ok(Self(serde_json::from_str(text)?))
    }

    fn take<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        Ok(serde_json::from_value(self.0.get(name).cloned().unwrap_or_default())?)
    }

    fn cx(&self) -> Result<Cx> {
        let Context { op_key, epoch, deadline } = self.take("context")?;
        Ok(Cx { op_key, epoch, deadline, cancel: Cancel::default() })
    }
}

fn text(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

fn changed<T: Serialize>(outcome: Outcome<T>) -> Result<String> {
    text(&Change::from(outcome))
}

fn seen<T>(observed: Observed<T>) -> Seen<T> {
    Seen { value: observed.value, observed_at: observed.endpoint_time }
}

fn unknown(method: &str) -> Error {
    Error::unsupported(format!("nobody answers '{method}'"))
}

impl Foreign for LoopbackArray {
    fn call(&self, method: &'static str, arguments: &str) -> Result<String> {
        Handle::current().block_on(self.answer(method, Arguments::read(arguments)?))
    }
}

impl LoopbackArray {
    async fn answer(&self, method: &str, with: Arguments) -> Result<String> {
        let driver = &self.driver;
        match method {
            "describe" => text(&StorageDescription {
                driver_name: "LoopbackDriver".to_owned(),
                endpoint: driver.to_string(),
                capabilities: driver.capabilities(),
                optional_methods: if self.optional {
                    ["newest_complete".to_owned(), "standby_groups".to_owned()].into()
                } else {
                    [].into()
                },
            }),
            "info" => text(&driver.info().await?),
            "peers" => text(&driver.peers().await?),
            "group" => text(&driver.group(&with.take("group")?).await?.map(seen)),
            "recovery_points" => {
                let Observed { value, endpoint_time, .. } = driver.recovery_points(&with.take("group")?).await?;
                let mut points: Vec<_> =
                    value.into_iter().map(|value| Seen { value, observed_at: endpoint_time }).collect();
                // the order is not the other side's to know
                points.reverse();
                text(&points)
            }
            "newest_complete" if self.optional => text(&driver.newest_complete(&with.take("group")?).await?.map(seen)),
            "standby_groups" if self.optional => text(&driver.standby_groups(&with.take("groups")?).await?.value),
            "replication_status" => text(&seen(driver.replication_status(&with.take("group")?).await?)),
            "transfer_status" => text(&driver.transfer_status(&with.take("point")?).await?),
            "volumes" => text(&driver.volumes(&with.take("query")?).await?),
            "preflight" => text(&driver.preflight(&with.take("request")?).await?),
            _ => self.change(method, &with.cx()?, with).await,
        }
    }

    async fn change(&self, method: &str, cx: &Cx, with: Arguments) -> Result<String> {
        let driver = &self.driver;
        let group = || with.take("group");
        match method {
            "ensure_group" => changed(driver.ensure_group(cx, &with.take("group")?).await?),
            "ensure_members" => changed(driver.ensure_members(cx, &group()?, &with.take("members")?).await?),
            "ensure_replication" => {
                changed(driver.ensure_replication(cx, &group()?, &with.take("replication")?).await?)
            }
            "accept_from_peer" => {
                let (owner, allow) = (with.take("owner")?, with.take("allow")?);
                changed(driver.accept_from_peer(cx, &group()?, &owner, allow).await?)
            }
            "create_protection_group_snapshot" => {
                let snapshot = with.take("snapshot")?;
                changed(driver.create_protection_group_snapshot(cx, &group()?, &snapshot).await?)
            }
            "clone_volumes" => changed(driver.clone_volumes(cx, &with.take("request")?).await?),
            "remove_clones" => changed(driver.remove_clones(cx, &with.take("made_by")?, &with.take("volumes")?).await?),
            "demote" => changed(driver.demote(cx, &group()?).await?),
            "promote" => changed(driver.promote(cx, &group()?).await?),
            "fence" => changed(driver.fence(cx, &group()?).await?),
            "unfence" => changed(driver.unfence(cx, &group()?).await?),
            "disable_replication" => changed(driver.disable_replication(cx, &group()?).await?),
            "retire_group" => {
                let surviving: Option<_> = with.take("surviving")?;
                changed(driver.retire_group(cx, &group()?, &with.take("owner")?, surviving.as_ref()).await?)
            }
            _ => Err(unknown(method)),
        }
    }
}

impl Foreign for LoopbackCloud {
    fn call(&self, method: &'static str, arguments: &str) -> Result<String> {
        Handle::current().block_on(self.answer(method, Arguments::read(arguments)?))
    }
}

impl LoopbackCloud {
    async fn answer(&self, method: &str, with: Arguments) -> Result<String> {
        let cloud = &self.0;
        match method {
            "describe" => text(&CloudDescription {
                driver_name: "LoopbackCloud".to_owned(),
                endpoint: cloud.to_string(),
                capabilities: (),
                optional_methods: [].into(),
            }),
            "ping" => text(&cloud.ping().await?),
            "volume_types" => text(&cloud.volume_types().await?),
            "consistency_group" => text(&cloud.consistency_group(&with.take("group")?).await?),
            "servers" => text(&cloud.servers().await?),
            "server" => text(&cloud.server(&with.take("server")?).await?),
            "volume" => text(&cloud.volume(&with.take("volume")?).await?),
            "networks" => text(&cloud.networks().await?),
            "flavors" => text(&cloud.flavors().await?),
            "security_groups" => text(&cloud.security_groups().await?),
            "quota" => text(&cloud.quota().await?),
            _ => self.change(method, &with.cx()?, with).await,
        }
    }

    async fn change(&self, method: &str, cx: &Cx, with: Arguments) -> Result<String> {
        let cloud = &self.0;
        match method {
            "ensure_consistency_group" => changed(cloud.ensure_consistency_group(cx, &with.take("group")?).await?),
            "ensure_group_members" => {
                changed(cloud.ensure_group_members(cx, &with.take("group")?, &with.take("volumes")?).await?)
            }
            "delete_consistency_group" => changed(cloud.delete_consistency_group(cx, &with.take("group")?).await?),
            "stop_server" => changed(cloud.stop_server(cx, &with.take("server")?).await?),
            "start_server" => changed(cloud.start_server(cx, &with.take("server")?).await?),
            "import_volume" => changed(cloud.import_volume(cx, &with.take("request")?).await?),
            "retype_volume" => {
                let volume_type: String = with.take("volume_type")?;
                changed(cloud.retype_volume(cx, &with.take("volume")?, &volume_type).await?)
            }
            "release_volume" => changed(cloud.release_volume(cx, &with.take("volume")?).await?),
            "ensure_port" => changed(cloud.ensure_port(cx, &with.take("port")?).await?),
            "delete_port" => changed(cloud.delete_port(cx, &with.take("port")?).await?),
            "ensure_server" => changed(cloud.ensure_server(cx, &with.take("server")?).await?),
            "delete_server" => changed(cloud.delete_server(cx, &with.take("server")?).await?),
            _ => Err(unknown(method)),
        }
    }
}
