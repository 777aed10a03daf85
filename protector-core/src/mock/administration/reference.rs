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

/// A serial number as arrays write it: the first 16 hex digits of the array's id, then 8 of the number, in upper case.
pub(super) fn serial_text(array_id: &str, number: i64) -> String {
    let array: String = array_id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    format!("{}{number:08X}", array.to_ascii_uppercase())
}
