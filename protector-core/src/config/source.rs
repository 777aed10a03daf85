//! Where configuration comes from: files, directories of files, environment variables, and oslo.config's usual places.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ReadError;

/// Names a file to read instead of those in the usual places.
pub(super) const FILE_VARIABLE: &str = "PROTECTOR_CONFIG_FILE";

const PROJECT: &str = "protector";

/// The environment of this process; the one place that reads it.
pub(super) fn process_environment() -> BTreeMap<String, String> {
    let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// The variable that overrides an option.
pub(super) fn variable(section: &str, name: &str) -> String {
    format!("OS_{}__{}", section.to_uppercase(), name.to_uppercase())
}

/// The files of a configuration directory in the order they are read: `*.conf`, sorted, not those in directories below.
///
/// # Errors
/// The directory cannot be listed → [`ReadErrorKind::Unreadable`](super::ReadErrorKind::Unreadable).
pub fn config_dir(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let unreadable = |e: io::Error| ReadError::unreadable(path.display(), &e);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.ends_with(".conf") && !name.starts_with('.')) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// The files that oslo.config reads when none is named, in its order: the first `protector.conf` and the first
/// `<program>.conf` found, then the first `protector.conf.d/` and `<program>.conf.d/`. `root` is `/`, but in tests.
///
/// # Errors
/// A place under `/etc` that this user may not look into → `Unreadable`: what is configured there, perhaps another
/// storage driver than the default, must not be passed over.
pub(super) fn usual_files(
    root: &Path,
    environment: &BTreeMap<String, String>,
    program: Option<&str>,
) -> Result<Vec<PathBuf>, ReadError> {
    let places = usual_places(root, environment);
    let names = || std::iter::once(PROJECT).chain(program.filter(|name| !name.is_empty() && *name != PROJECT));
    let mut files = Vec::new();
    for name in names() {
        files.extend(first_existing(root, &places, &format!("{name}.conf"))?);
    }
    for name in names() {
        if let Some(directory) = first_existing(root, &places, &format!("{name}.conf.d"))? {
            files.extend(config_dir(&directory)?);
        }
    }
    Ok(files)
}

fn usual_places(root: &Path, environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let directory = |variable: &str| environment.get(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
    let mut places = Vec::new();
    if let Some(home) = directory("HOME") {
        places.push(home.join(format!(".{PROJECT}")));
        places.push(home);
    }
    places.push(root.join("etc").join(PROJECT));
    places.push(root.join("etc"));
    places.extend(["SNAP_COMMON", "SNAP"].iter().filter_map(|v| Some(directory(v)?.join("etc").join(PROJECT))));
    places
}

fn first_existing(root: &Path, places: &[PathBuf], name: &str) -> Result<Option<PathBuf>, ReadError> {
    for place in places {
        let path = place.join(name);
        match path.try_exists() {
            Ok(true) => return Ok(Some(path)),
            // not so for a home, which for a daemon may be somebody else's
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied && path.starts_with(root.join("etc")) => {
                return Err(ReadError::unreadable(path.display(), &e));
            }
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_names_no_place() {
        let environment = [("HOME", ""), ("SNAP", ""), ("SNAP_COMMON", "/common")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let places = ["/etc/protector", "/etc", "/common/etc/protector"].map(PathBuf::from);
        assert_eq!(usual_places(Path::new("/"), &environment), places);
    }
}
