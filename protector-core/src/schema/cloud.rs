//! Methods of [`crate::ports::Cloud`], as a driver in another language sees them.

use super::document::part;
use super::method::{Method, change, look};
use crate::foreign::wire::CloudDescription;
use crate::model::{CinderGroupId, PortId, ServerId, VolumeId, VolumeType};
use crate::ports::{
    CinderGroup, CinderGroupSpec, CloudInfo, CloudVolume, Flavor, ImportRequest, Network, Port, PortSpec, Quota,
    Server, ServerSpec,
};
use std::collections::BTreeSet;

/// All of them.
pub const CLOUD: &[Method] = &[
    look::<CloudDescription>("describe", &[]),
    look::<CloudInfo>("ping", &[]),
    look::<Vec<VolumeType>>("volume_types", &[]),
    look::<Option<CinderGroup>>("consistency_group", &[part::<CinderGroupId>("group")]),
    look::<Vec<Server>>("servers", &[]),
    look::<Option<Server>>("server", &[part::<ServerId>("server")]),
    look::<Option<CloudVolume>>("volume", &[part::<VolumeId>("volume")]),
    look::<Vec<Network>>("networks", &[]),
    look::<Vec<Flavor>>("flavors", &[]),
    look::<Vec<String>>("security_groups", &[]),
    look::<Quota>("quota", &[]),
    change::<CinderGroup>("ensure_consistency_group", &[part::<CinderGroupSpec>("group")]),
    change::<CinderGroup>(
        "ensure_group_members",
        &[part::<CinderGroupId>("group"), part::<BTreeSet<VolumeId>>("volumes")],
    ),
    change::<()>("delete_consistency_group", &[part::<CinderGroupId>("group")]),
    change::<()>("stop_server", &[part::<ServerId>("server")]),
    change::<()>("start_server", &[part::<ServerId>("server")]),
    change::<CloudVolume>("import_volume", &[part::<ImportRequest>("request")]),
    change::<CloudVolume>("retype_volume", &[part::<VolumeId>("volume"), part::<String>("volume_type")]),
    change::<()>("release_volume", &[part::<VolumeId>("volume")]),
    change::<Port>("ensure_port", &[part::<PortSpec>("port")]),
    change::<()>("delete_port", &[part::<PortId>("port")]),
    change::<Server>("ensure_server", &[part::<ServerSpec>("server")]),
    change::<()>("delete_server", &[part::<ServerId>("server")]),
];
