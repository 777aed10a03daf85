//! Array tokens at rest: which of them need an older key, and the same ones under the primary key.

use super::fault::Sql;
use super::groups::no_keys;
use super::sql::Tables;
use super::{KeyRing, SqlStore};
use crate::Result;
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

/// Id of a group, with the tokens of its arrays under another key; absent where they need none.
type Renewed = (String, [Option<String>; 2]);

/// What a group has stored.
struct Stored {
    id: String,
    name: String,
    /// Of the primary and the secondary array.
    tokens: [Option<String>; 2],
}

impl SqlStore {
    /// Which stored tokens need another key than the primary one.
    ///
    /// # Errors
    /// there are tokens and no keys → `InvalidConfiguration`; a token that no key decrypts → `Storage` naming the group.
    pub async fn tokens(&self) -> Result<TokenReport> {
        self.run(|t, keys| Ok(outdated(t, keys)?.0)).await
    }

    /// Encrypts those with the primary key, all or none. What the tokens are does not change, nor does any version.
    ///
    /// # Errors
    /// as [`SqlStore::tokens`]; nothing was changed.
    pub async fn renew_tokens(&self) -> Result<TokenReport> {
        self.write(|t, keys| {
            let (report, renewed) = outdated(t, keys)?;
            for (id, [primary, secondary]) in &renewed {
                t.execute(
                    "UPDATE protection_groups SET primary_token = coalesce(?, primary_token),
                     secondary_token = coalesce(?, secondary_token) WHERE id = ?",
                    &[primary.as_deref().into(), secondary.as_deref().into(), id.into()],
                )?;
            }
            Ok(report)
        })
        .await
    }
}

/// What was found, and for each group with tokens that need another key: the same ones under the primary key.
fn outdated(t: &mut dyn Tables, keys: Option<&KeyRing>) -> Sql<(TokenReport, Vec<Renewed>)> {
    let (mut report, mut all) = (TokenReport::default(), Vec::new());
    let keys = keys.map(KeyRing::current).transpose()?;
    for Stored { id, name, tokens } in stored(t)? {
        let keys = keys.as_ref().ok_or_else(|| no_keys(&name, "read"))?;
        let mut renewed = [None, None];
        for (new, token) in renewed.iter_mut().zip(tokens.iter().map(Option::as_ref)) {
            let Some(token) = token else { continue };
            report.tokens += 1;
            *new = keys.renewed(token).map_err(|e| e.context(format!("protection group '{name}'")))?;
        }
        if renewed.iter().any(Option::is_some) {
            all.push((id, renewed));
            report.outdated.insert(name);
        }
    }
    Ok((report, all))
}

fn stored(t: &mut dyn Tables) -> Sql<Vec<Stored>> {
    let sql = "SELECT id, name, primary_token, secondary_token FROM protection_groups
         WHERE primary_token IS NOT NULL OR secondary_token IS NOT NULL ORDER BY name";
    t.all(sql, &[], |row| {
        let tokens = [row.optional_text(2)?.map(str::to_owned), row.optional_text(3)?.map(str::to_owned)];
        Ok(Stored { id: row.text(0)?.to_owned(), name: row.text(1)?.to_owned(), tokens })
    })
}
