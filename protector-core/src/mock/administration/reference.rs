//! How one object names another.

use rusqlite::Row;

/// Another object, by name and, if it is still there, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// UUID.
    pub id: Option<String>,
    /// Name, in full.
    pub name: String,
}

impl Reference {
    /// From a column of ids and the column of names behind it; `None`: there is no name.
    pub(super) fn read(row: &Row<'_>, id_column: usize) -> rusqlite::Result<Option<Self>> {
        let name: Option<String> = row.get(id_column + 1)?;
        Ok(match name {
            Some(name) => Some(Self { id: row.get(id_column)?, name }),
            None => None,
        })
    }
}
