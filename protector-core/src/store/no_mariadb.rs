//! Stands for the databases on servers where they are not part of the build.

use super::DatabaseServer;
use super::sql::Database;
use crate::{Error, Result};

pub(super) fn open(server: &DatabaseServer) -> Result<Box<dyn Database>> {
    Err(absent(server))
}

pub(super) fn migrate(server: &DatabaseServer) -> Result<(u32, u32)> {
    Err(absent(server))
}

pub(super) fn version(server: &DatabaseServer) -> Result<u32> {
    Err(absent(server))
}

fn absent(server: &DatabaseServer) -> Error {
    Error::unsupported(format!("database '{server}': this build has no databases on servers"))
        .remedy("build it with the feature mariadb, or use sqlite:///<absolute path>")
}
