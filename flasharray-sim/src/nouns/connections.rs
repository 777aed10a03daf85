//! Connections between volumes and hosts or host groups.

use super::choose::each;
use super::hosts::HOST;
use super::show::{named, reference};
use super::volumes::{VOLUME, about};
use crate::call::Call;
use crate::list::{Listed, Noun, list_known};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::ErrorKind;
use protector_core::mock::{ArrayTx, ConnectionRow, HostGroupRow, HostRow, Initiator, VolumeRow};
use serde::Deserialize;
use serde_json::{Value, json};

static CONNECTION: Noun = Noun { title: "Connection" };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("connections", 0, get),
        Route::post("connections", 0, post),
        Route::delete("connections", 0, delete),
    ]
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    lun: Option<i64>,
}

fn given(call: &Call<'_>, name: &str) -> Option<Vec<String>> {
    call.query.list(name).filter(|list| !list.is_empty())
}

/// The volumes that the request names; `None`: it names none.
fn volumes(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Option<Vec<VolumeRow>>, Refusal> {
    let missing = |name: &str| Refusal::missing(VOLUME.title, name);
    match (given(call, "volume_names"), given(call, "volume_ids")) {
        (Some(_), Some(_)) => {
            Err(Refusal::bad("volume_names", common::exclusive_parameters("volume_names", "volume_ids")))
        }
        (Some(names), None) => each(&names, |name| array.volume(name)?.ok_or_else(|| missing(name))).map(Some),
        (None, Some(ids)) => each(&ids, |id| array.volume_by_id(id)?.ok_or_else(|| missing(id))).map(Some),
        (None, None) => Ok(None),
    }
}

fn hosts(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Option<Vec<HostRow>>, Refusal> {
    let find = |name: &String| array.host(name)?.ok_or_else(|| Refusal::missing(HOST.title, name));
    given(call, "host_names").map(|names| each(&names, find)).transpose()
}

fn groups(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Option<Vec<HostGroupRow>>, Refusal> {
    let find = |name: &String| array.host_group(name)?.ok_or_else(|| Refusal::missing("Host group", name));
    given(call, "host_group_names").map(|names| each(&names, find)).transpose()
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let rows = call.read(|array| {
        let (volumes, hosts, groups) = (volumes(call, array)?, hosts(call, array)?, groups(call, array)?);
        let mut rows = Vec::new();
        match &volumes {
            Some(volumes) => {
                for volume in volumes {
                    rows.extend(array.connections_of_volume(&volume.id)?);
                }
            }
            None => rows = array.connections()?,
        }
        let among = |names: &Option<Vec<String>>, name: &Option<String>| {
            names.as_ref().is_none_or(|names| name.as_ref().is_some_and(|name| names.contains(name)))
        };
        let hosts = hosts.map(|hosts| hosts.into_iter().map(|host| host.name).collect());
        let groups = groups.map(|groups| groups.into_iter().map(|group| group.name).collect());
        rows.retain(|row| among(&hosts, &row.host) && among(&groups, &row.host_group));
        Ok(rows)
    })?;
    list_known(call, rows.into_iter().map(Listing::from).collect(), &CONNECTION, |_| true)
}

/// Whom a request connects with which volumes.
struct Pairs {
    volumes: Vec<VolumeRow>,
    hosts: Vec<HostRow>,
    groups: Vec<HostGroupRow>,
}

impl Pairs {
    /// Of several volumes and several hosts not both (FlashArray REST 2.37, `connections`). With both a host and a host
    /// group the connection is the group's, and the host must be in it.
    fn read(call: &Call<'_>, array: &ArrayTx<'_>) -> Result<Self, Refusal> {
        let volumes = volumes(call, array)?
            .ok_or_else(|| Refusal::bad("volume_names", common::missing_parameter("volume_names")))?;
        let (hosts, groups) = (hosts(call, array)?, groups(call, array)?);
        if hosts.is_none() && groups.is_none() {
            return Err(Refusal::bad("host_names", sentences::HOST_OR_GROUP));
        }
        let (mut hosts, groups) = (hosts.unwrap_or_default(), groups.unwrap_or_default());
        if volumes.len() > 1 && hosts.len().max(groups.len()) > 1 {
            return Err(Refusal::bad("volume_names", sentences::SEVERAL_OF_BOTH));
        }
        if let Some(group) = groups.first() {
            each(hosts.drain(..), |host| match host.group {
                Some(of) if of.name == group.name => Ok(()),
                _ => Err(Refusal::bad(&host.name, sentences::not_in_group(&host.name, &group.name))),
            })?;
        }
        Ok(Self { volumes, hosts, groups })
    }

    fn each<T>(
        &self,
        mut act: impl FnMut(&VolumeRow, Initiator<'_>, &str) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let hosts = self.hosts.iter().map(|host| (Initiator::Host(host), host.name.as_str()));
        let groups = self.groups.iter().map(|group| (Initiator::Group(group), group.name.as_str()));
        let initiators: Vec<_> = hosts.chain(groups).collect();
        let pairs = self.volumes.iter().flat_map(|volume| initiators.iter().map(move |initiator| (volume, initiator)));
        each(pairs, |(volume, (initiator, name))| act(volume, *initiator, name))
    }
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    call.change(|array| {
        let pairs = Pairs::read(call, array)?;
        pairs.each(|volume, initiator, _| connect(array, volume, initiator, body.lun))?;
        let mut items = Vec::new();
        for volume in &pairs.volumes {
            let rows = array.connections_of_volume(&volume.id)?.into_iter().filter(|row| match &row.host_group {
                Some(name) => pairs.groups.iter().any(|group| group.name == *name),
                None => pairs.hosts.iter().any(|host| row.host.as_ref() == Some(&host.name)),
            });
            items.extend(rows.map(|row| Listing::from(row).item(call)));
        }
        Ok(Reply::items(call, items))
    })
}

fn connect(array: &ArrayTx<'_>, volume: &VolumeRow, to: Initiator<'_>, lun: Option<i64>) -> Result<(), Refusal> {
    if volume.destroyed_ms.is_some() {
        return Err(Refusal::destroyed(VOLUME.title, &volume.name));
    }
    if array.is_connected(&volume.id, to)? {
        return Err(Refusal::bad(&volume.name, sentences::CONNECTION_EXISTS));
    }
    match array.connect(&volume.id, to, lun) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::Conflict => {
            Err(Refusal::bad(&volume.name, common::already_in_use(&format!("LUN {}", lun.unwrap_or_default()))))
        }
        Err(e) if e.kind() == ErrorKind::LimitReached => Err(Refusal::limit_reached("LUN", &volume.name)),
        Err(e) => Err(about(&volume.name, e.into())),
    }
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|array| {
        Pairs::read(call, array)?.each(|volume, initiator, name| {
            if array.disconnect(&volume.id, initiator)? {
                Ok(())
            } else {
                Err(Refusal::bad(name, sentences::NO_CONNECTION))
            }
        })?;
        Ok(Reply::empty())
    })
}

/// A connection in a list. Its name is not shown: it gives the order, by volume, host and group.
struct Listing {
    order: String,
    row: ConnectionRow,
}

impl From<ConnectionRow> for Listing {
    fn from(row: ConnectionRow) -> Self {
        let part = |name: &Option<String>| name.clone().unwrap_or_default();
        Self { order: [row.volume.name.clone(), part(&row.host), part(&row.host_group)].join("\u{0}"), row }
    }
}

impl Listed for Listing {
    fn name(&self) -> &str {
        &self.order
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let mut item = json!({
            "host": named(self.row.host.as_deref()),
            "host_group": named(self.row.host_group.as_deref()),
            "lun": self.row.lun,
            "protocol_endpoint": reference(None),
            "volume": reference(Some(&self.row.volume)),
        });
        if let (true, Some(fields)) = (call.at_least(27), item.as_object_mut()) {
            // simulated hosts speak SCSI
            fields.insert("nsid".to_owned(), Value::Null);
        }
        item
    }
}
