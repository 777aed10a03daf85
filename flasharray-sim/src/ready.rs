//! The ready file: who waits for it finds everything a client needs.

use flasharray_sim::Simulator;
use protector_core::{Error, Result};
use serde_json::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Writes the ready file, `{"arrays": [{"name", "url", "api_token", "ca_cert"}], "control": url or null}`, whole or not at
/// all. `ca_cert` is the path of the certificate to trust, a PEM file beside it with `.ca.pem` behind its name. The file
/// holds tokens, so its owner alone may read it.
///
/// # Errors
/// not writable → `Storage`, which names the file.
pub(crate) fn write(path: &Path, simulator: &Simulator) -> Result<()> {
    let certificate = with_suffix(path, ".ca.pem");
    let pem = simulator.arrays().first().map(|array| array.ca_cert.as_str()).unwrap_or_default();
    replace(&certificate, pem.as_bytes())?;
    let certificate = fs::canonicalize(&certificate).map_err(|e| cannot(&certificate, e))?;
    let arrays: Vec<_> = simulator
        .arrays()
        .iter()
        .map(
            |array| json!({"name": array.name, "url": array.url, "api_token": array.api_token, "ca_cert": certificate}),
        )
        .collect();
    let control = simulator.control().map(|address| format!("http://{address}"));
    let mut text = json!({"arrays": arrays, "control": control}).to_string();
    text.push('\n');
    replace(path, text.as_bytes())
}

/// Writes a file under another name first, so that nobody reads half of it.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let unfinished = with_suffix(path, ".tmp");
    write_private(&unfinished, content).and_then(|()| fs::rename(&unfinished, path)).map_err(|e| cannot(path, e))
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn cannot(path: &Path, e: io::Error) -> Error {
    Error::storage(format!("'{}' cannot be written: {e}", path.display())).source(e)
}
