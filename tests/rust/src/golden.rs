//! Files that all languages are tested against. `UPDATE_GOLDEN=1` writes them.

use protector_core::{Error, Result};
use serde::Serialize;
use std::path::PathBuf;

/// Path of a file under tests/data.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../data")).join(name)
}

/// Text of a file under tests/data.
///
/// # Errors
/// it cannot be read → `Storage` with the command that writes it.
pub fn read(name: &str) -> Result<String> {
    std::fs::read_to_string(path(name)).map_err(|e| {
        Error::storage(format!("{}: {e}", path(name).display()))
            .remedy("UPDATE_GOLDEN=1 cargo test -p protector-tests --test 'golden_*' --test reports")
    })
}

/// Compares `value` with a file to the byte, or writes the file if `UPDATE_GOLDEN` is set.
///
/// # Errors
/// file cannot be read or written → `Storage`; they differ → `Conflict` with the first line that does.
pub fn check<T: Serialize>(name: &str, value: &T) -> Result<()> {
    check_text(name, &(serde_json::to_string_pretty(value)? + "\n"))
}

/// The same for text.
///
/// # Errors
/// as [`check`].
pub fn check_text(name: &str, text: &str) -> Result<()> {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| !v.is_empty()) {
        let written = std::fs::create_dir_all(path(name).parent().unwrap_or(&path("")))
            .and_then(|()| std::fs::write(path(name), text));
        return written.map_err(|e| Error::storage(format!("{}: {e}", path(name).display())));
    }
    let golden = read(name)?;
    if golden == text {
        return Ok(());
    }
    let lines = golden.lines().zip(text.lines()).enumerate();
    let first = lines.into_iter().find(|(_, (golden, now))| golden != now);
    let (line, (golden, now)) = first.unwrap_or((golden.lines().count(), ("", "one of them is longer")));
    Err(Error::conflict(format!("{name}:{}: '{}' is '{}' now", line + 1, shortened(golden), shortened(now))).remedy(
        "if the change is meant: UPDATE_GOLDEN=1 cargo test -p protector-tests --test 'golden_*' --test reports",
    ))
}

/// The begin of a line: a whole plan may stand in one.
fn shortened(line: &str) -> String {
    line.trim().chars().take(160).collect()
}
