//! What a layer sees of a call.

use crate::Result;
use crate::model::{ArrayGroupName, OpKey, RecoveryPointName};
use crate::ports::{Cx, StorageDriver, VolumeQuery};
use std::{
    collections::BTreeSet,
    fmt::{self, Debug},
    future::Future,
    pin::Pin,
};

/// A call under way.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What happens around each call of a driver.
///
/// # Contract
/// Whatever `around` adds, the call keeps the promises of the port: nothing is sent twice that the port does not allow to be
/// repeated, and an error without an effect is not made of one that may have had its effect.
pub trait Layer: Debug + Send + Sync {
    /// Makes the call, not at all, once or several times; each `make()` is one call of the driver inside.
    ///
    /// # Errors
    /// what the driver inside says, and what the layer adds.
    fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a;
}

/// One call, before it is made.
#[derive(Debug)]
pub struct Call<'a, T> {
    /// Method of the port.
    pub method: &'static str,
    /// The driver inside.
    pub driver: &'a dyn StorageDriver,
    /// Context of a change; `None`: a read, which has no effect.
    pub cx: Option<&'a Cx>,
    /// What it is about.
    pub subject: Subject<'a>,
    /// One word for what an answer came to: `ok` of a read, `done`, `already_done` or `in_progress` of a change.
    pub answer: fn(&T) -> &'static str,
}

/// What a call is about, for people.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The array itself.
    Array,
    /// A group.
    Group(&'a ArrayGroupName),
    /// Several groups.
    Groups(&'a BTreeSet<ArrayGroupName>),
    /// A recovery point.
    Point(&'a RecoveryPointName),
    /// Volumes that are looked for.
    Volumes(&'a VolumeQuery),
    /// Clones made under a key.
    Clones(&'a OpKey),
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Array => f.write_str("array"),
            Self::Group(name) => write!(f, "group '{name}'"),
            Self::Groups(groups) => write!(f, "{} groups", groups.len()),
            Self::Point(name) => write!(f, "recovery point '{name}'"),
            Self::Volumes(VolumeQuery::Names(names)) => write!(f, "{} volumes by name", names.len()),
            Self::Volumes(VolumeQuery::Ids(ids)) => write!(f, "{} volumes by id", ids.len()),
            Self::Volumes(VolumeQuery::ClonedBy(key)) | Self::Clones(key) => write!(f, "clones of '{key}'"),
        }
    }
}
