//! What services answer, as far as it is used, and what it is in the engine's own words.

mod group;
mod limits;
mod network;
mod server;
mod volume;

pub(super) use group::{Group, GroupType};
pub(super) use limits::{ComputeLimits, VolumeLimits, quota};
pub(super) use network::{Network, Port, SecurityGroup, Subnet, shown_networks};
pub(super) use server::{Action, Flavor, KeyPairEntry, Server, ServerEntry, Surroundings};
pub(super) use volume::{
    CinderService, Manageable, Message, Pool, Volume, VolumeMark, VolumeTypeAnswer, taken_over, without_pool,
};
