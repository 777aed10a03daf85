//! Whether a database is whole: everything in it is read once, and whatever cannot be is named.

use super::fault::{Fault, Sql};
use super::operations::StoredEntries;
use super::sql::Tables;
use super::{KeyRing, SqlStore, agreed, groups, operations, rpo, sites, workers};
use crate::model::{OperationId, ProtectionGroupId};
use crate::{Error, Result};

/// One thing that [`SqlStore::examine`] looked at.
#[derive(Debug)]
pub struct StoreCheck {
    /// `database`, `sites`, `groups`, `journals` or `workers`.
    pub check: &'static str,
    /// What was found, for a person.
    pub detail: String,
    /// What is wrong with it. Empty: it is whole.
    pub problems: Vec<StoreProblem>,
}

/// Something that is wrong with a database.
#[derive(Debug)]
pub struct StoreProblem {
    /// Nothing is damaged: it may be, some day.
    pub is_warning: bool,
    /// What it is, and what to do.
    pub error: Error,
}

impl From<Error> for StoreProblem {
    fn from(error: Error) -> Self {
        Self { is_warning: false, error }
    }
}

impl SqlStore {
    /// Reads everything once: what the database says of itself, every site, every group with its tokens and what is kept
    /// beside it, every journal with its chain of hashes, and every worker. What is damaged is in the result; one damaged row hides no other.
    ///
    /// # Errors
    /// the database cannot be read at all → as [`SqlStore::open`].
    pub async fn examine(&self) -> Result<Vec<StoreCheck>> {
        let database = self.blocking(|inner| inner.database.examine()).await?;
        let mut checks =
            vec![StoreCheck { check: "database", detail: self.0.location.to_string(), problems: database }];
        checks.push(self.run(|t, _| examine_sites(t)).await?);
        checks.push(self.run(examine_groups).await?);
        checks.push(self.run(|t, _| examine_journals(t)).await?);
        checks.push(self.run(|t, _| examine_workers(t)).await?);
        Ok(checks)
    }
}

fn examine_sites(t: &mut dyn Tables) -> Sql<StoreCheck> {
    let names = ids(t, "SELECT name FROM sites ORDER BY name")?;
    each("sites", &names, |name| sites::find(t, name).map(drop))
}

fn examine_groups(t: &mut dyn Tables, keys: Option<&KeyRing>) -> Sql<StoreCheck> {
    let found = ids(t, "SELECT id FROM protection_groups ORDER BY name")?;
    each("groups", &found, |id| {
        groups::find(t, keys, None, id)?;
        let id = ProtectionGroupId::from(id);
        agreed::find(t, &id)?;
        rpo::history(t, &id).map(drop)
    })
}

fn examine_journals(t: &mut dyn Tables) -> Sql<StoreCheck> {
    let found = ids(t, "SELECT id FROM operations ORDER BY accepted_at, id")?;
    each("journals", &found, |id| {
        let id = OperationId::from(id);
        operations::find(t, &id)?;
        operations::journal(t, &id, 0, None).and_then(StoredEntries::checked).map(drop)
    })
}

fn examine_workers(t: &mut dyn Tables) -> Sql<StoreCheck> {
    let found = ids(t, "SELECT engine FROM workers ORDER BY started_at, engine")?;
    each("workers", &found, |engine| workers::find(t, engine).map(drop))
}

fn ids(t: &mut dyn Tables, sql: &str) -> Sql<Vec<String>> {
    t.all(sql, &[], |row| row.text(0).map(str::to_owned))
}

/// What refuses to be read is a problem; a database that fails ends the examination.
fn each(check: &'static str, ids: &[String], mut read: impl FnMut(&str) -> Sql<()>) -> Sql<StoreCheck> {
    let mut problems = Vec::new();
    for id in ids {
        match read(id) {
            Ok(()) => {}
            Err(Fault::Refused(error)) => problems.push(error.into()),
            Err(fault) => return Err(fault),
        }
    }
    Ok(StoreCheck { check, detail: format!("{} read", ids.len()), problems })
}
