//! `clouds.yaml` and `secure.yaml`, found and merged as openstacksdk does.
//!
//! Facts: openstacksdk 4.22, `openstack/config/loader.py`. The first file found counts: `OS_CLIENT_CONFIG_FILE`, then the
//! working directory, `~/.config/openstack`, `/etc/openstack`; `secure.yaml` from the same places is laid over it.

mod entry;
mod yaml;

pub use entry::CloudEntry;
pub(super) use entry::{Credential, Interface, Named, Scope, Trust, User};

use crate::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Reads a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Suffixes of the files, in the order in which they are looked for.
const SUFFIXES: [&str; 3] = ["yaml", "yml", "json"];

/// What the files say. Debug shows paths and names alone.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudsFile {
    path: PathBuf,
    secure: Option<PathBuf>,
    clouds: Map<String, Value>,
}

impl CloudsFile {
    /// Finds and reads the files.
    ///
    /// # Errors
    /// no file → `InvalidConfiguration` naming where it was looked for → write one, or set `OS_CLIENT_CONFIG_FILE`; a file
    /// that cannot be read → `InvalidConfiguration` naming it, never what stands in it.
    pub fn find(environment: Environment<'_>) -> Result<Self> {
        let places = places(environment);
        let candidates = |variable: &str, stem: &str| -> Vec<PathBuf> {
            match environment(variable).filter(|path| !path.is_empty()) {
                // whoever names a file means that one
                Some(path) => vec![expanded(&path, environment)],
                None => places
                    .iter()
                    .flat_map(|place| SUFFIXES.map(|suffix| place.join(format!("{stem}.{suffix}"))))
                    .collect(),
            }
        };
        let wanted = candidates("OS_CLIENT_CONFIG_FILE", "clouds");
        let Some(path) = wanted.iter().find(|path| path.is_file()).cloned() else {
            let looked: Vec<String> = wanted.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::configuration(format!("there is no clouds.yaml: looked for {}", looked.join(", ")))
                .remedy("write one, or name it: export OS_CLIENT_CONFIG_FILE=/etc/openstack/clouds.yaml"));
        };
        let secure = candidates("OS_CLIENT_SECURE_FILE", "secure").into_iter().find(|path| path.is_file());
        let (text, over) = (read(&path)?, secure.as_deref().map(read).transpose()?);
        Self::parse(path, &text, secure.map(|path| (path, over.unwrap_or_default())))
    }

    /// Reads texts.
    ///
    /// # Errors
    /// no YAML, or no `clouds` in it → `InvalidConfiguration` naming the file and the line.
    pub fn parse(path: PathBuf, text: &str, secure: Option<(PathBuf, String)>) -> Result<Self> {
        let mut document = yaml::parse(&path, text)?;
        let named = |document: &Value| document.get("clouds").and_then(Value::as_object).cloned().unwrap_or_default();
        let own = named(&document);
        let secure = match secure {
            Some((secure, text)) => {
                merge(&mut document, yaml::parse(&secure, &text)?);
                Some(secure)
            }
            None => None,
        };
        let clouds = document.get_mut("clouds").and_then(Value::as_object_mut).map(std::mem::take);
        // a cloud of which there is nothing but its secret is none
        let clouds = clouds.map(|clouds| clouds.into_iter().filter(|(name, _)| own.contains_key(name)).collect());
        let clouds = clouds.ok_or_else(|| {
            Error::configuration(format!("{} has no clouds", path.display()))
                .remedy("write a section 'clouds:' with one entry for each site")
        })?;
        Ok(Self { path, secure, clouds })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the clouds in it, sorted.
    pub fn names(&self) -> Vec<&str> {
        self.clouds.keys().map(String::as_str).collect()
    }

    /// One cloud.
    ///
    /// # Errors
    /// no such cloud → `NotFound` naming those there are; an option is missing, cannot be read or asks for what is not
    /// supported → `InvalidConfiguration` naming it.
    pub fn entry(&self, name: &str) -> Result<CloudEntry> {
        let Some(found) = self.clouds.get(name) else {
            let there = if self.clouds.is_empty() { "none".to_owned() } else { self.names().join(", ") };
            let text = format!("{} has no cloud '{name}' (there are: {there})", self.path.display());
            return Err(Error::new(ErrorKind::NotFound, text).remedy("name one of them in [site:<name>] cloud"));
        };
        CloudEntry::read(&self.path, name, found)
    }
}

impl fmt::Debug for CloudsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudsFile")
            .field("path", &self.path)
            .field("secure", &self.secure)
            .field("clouds", &self.names())
            .finish()
    }
}

fn places(environment: Environment<'_>) -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from(".")];
    let home = environment("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".config"));
    let config = environment("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from).or(home);
    places.extend(config.map(|config| config.join("openstack")));
    places.push(PathBuf::from("/etc/openstack"));
    places
}

/// `~/` stands for the home directory.
fn expanded(path: &str, environment: Environment<'_>) -> PathBuf {
    match (path.strip_prefix("~/"), environment("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| {
        Error::configuration(format!("{} cannot be read: {e}", path.display()))
            .source(e)
            .remedy("check its owner and permissions")
    })
}

/// Lays `over` over a document: maps are merged, anything else is replaced.
fn merge(document: &mut Value, over: Value) {
    match (document, over) {
        (Value::Object(document), Value::Object(over)) => {
            for (key, value) in over {
                merge(document.entry(key).or_insert(Value::Null), value);
            }
        }
        (document, over) => *document = over,
    }
}

#[cfg(test)]
mod tests;
