//! Array tokens at rest: which of them need an older key, and the same ones under the primary key.

use super::fault::Sql;
use super::groups::no_keys;
use super::{KeyRing, SqliteStore};
use crate::Result;
use rusqlite::Connection;
use serde::Serialize;
use std::collections::BTreeSet;

/// The array tokens of one database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TokenReport {
    /// How many there are.
    pub tokens: usize,
    /// Protection groups with tokens that another key than the primary one had encrypted.
    pub outdated: BTreeSet<String>,
}

/// What a group has stored.
struct Stored {
    id: String,
    name: String,
    /// Of the primary and the secondary array.
    tokens: [Option<String>; 2],
}

impl SqliteStore {
    /// Which stored tokens need another key than the primary one.
    ///
    /// # Errors
    /// there are tokens and no keys → `InvalidConfiguration`; a token that no key decrypts → `Storage` naming the group.
    pub async fn tokens(&self) -> Result<TokenReport> {
        self.run(|c, keys| renew(c, keys, |_, _| Ok(()))).await
    }

    /// Encrypts those with the primary key, all or none. What the tokens are does not change, nor does any version.
    ///
    /// # Errors
    /// as [`SqliteStore::tokens`]; nothing was changed.
    pub async fn renew_tokens(&self) -> Result<TokenReport> {
        self.write(|t, keys| {
            renew(t, keys, |id, [primary, secondary]| {
                t.prepare_cached(
                    "UPDATE protection_groups SET primary_token = coalesce(?, primary_token),
                     secondary_token = coalesce(?, secondary_token) WHERE id = ?",
                )?
                .execute((primary, secondary, id))?;
                Ok(())
            })
        })
        .await
    }
}

/// Hands what has to be replaced to `store`.
fn renew(
    c: &Connection,
    keys: Option<&KeyRing>,
    store: impl Fn(&str, [Option<String>; 2]) -> Sql<()>,
) -> Sql<TokenReport> {
    let mut report = TokenReport::default();
    let keys = keys.map(KeyRing::current).transpose()?;
    for Stored { id, name, tokens } in stored(c)? {
        let keys = keys.as_ref().ok_or_else(|| no_keys(&name, "read"))?;
        let mut renewed = [None, None];
        for (new, token) in renewed.iter_mut().zip(tokens.iter().map(Option::as_ref)) {
            let Some(token) = token else { continue };
            report.tokens += 1;
            *new = keys.renewed(token).map_err(|e| e.context(format!("protection group '{name}'")))?;
        }
        if renewed.iter().any(Option::is_some) {
            store(&id, renewed)?;
            report.outdated.insert(name);
        }
    }
    Ok(report)
}

fn stored(c: &Connection) -> Sql<Vec<Stored>> {
    let mut statement = c.prepare_cached(
        "SELECT id, name, primary_token, secondary_token FROM protection_groups
         WHERE primary_token IS NOT NULL OR secondary_token IS NOT NULL ORDER BY name",
    )?;
    let rows = statement
        .query_map([], |row| Ok(Stored { id: row.get(0)?, name: row.get(1)?, tokens: [row.get(2)?, row.get(3)?] }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
