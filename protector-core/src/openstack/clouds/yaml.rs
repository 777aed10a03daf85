//! YAML to JSON values: what a configuration needs of it.

use crate::{Error, Result};
use serde_json::{Map, Number, Value};
use std::path::Path;
use yaml_rust2::{Yaml, YamlLoader};

/// The key whose map is merged into the one around it.
const MERGE: &str = "<<";

/// Reads one document. An empty one is an empty map.
///
/// # Errors
/// no YAML, or no map → `InvalidConfiguration` naming file, line and column; what stands there is not shown.
pub(super) fn parse(path: &Path, text: &str) -> Result<Value> {
    let documents = YamlLoader::load_from_str(text).map_err(|e| {
        let place = e.marker();
        // the scanner's words may repeat a part of a secret
        fault(path, &format!("line {}, column {} is not YAML", place.line(), place.col() + 1))
    })?;
    match documents.first().map(value) {
        None | Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(map @ Value::Object(_)) => Ok(map),
        Some(_) => Err(fault(path, "it is not a map")),
    }
}

fn fault(path: &Path, why: &str) -> Error {
    Error::configuration(format!("{} cannot be read: {why}", path.display()))
        .remedy("mend it, as clouds.yaml is written")
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Real(text) => Value::from(text.as_str()),
        Yaml::Integer(number) => Value::Number(Number::from(*number)),
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Boolean(flag) => Value::Bool(*flag),
        Yaml::Array(items) => Value::Array(items.iter().map(value).collect()),
        Yaml::Hash(hash) => Value::Object(map(hash)),
        Yaml::Null | Yaml::BadValue | Yaml::Alias(_) => Value::Null,
    }
}

/// A map with what it merges in below its own keys.
fn map(hash: &yaml_rust2::yaml::Hash) -> Map<String, Value> {
    let (mut own, mut merged) = (Map::new(), Map::new());
    for (key, found) in hash {
        let Some(key) = text(&value(key)) else { continue };
        match value(found) {
            Value::Object(other) if key == MERGE => merged.extend(other),
            Value::Array(others) if key == MERGE => {
                // of several the first one counts
                let maps = others.into_iter().rev().filter_map(|other| match other {
                    Value::Object(map) => Some(map),
                    _ => None,
                });
                merged.extend(maps.flatten());
            }
            other => drop(own.insert(key, other)),
        }
    }
    merged.extend(own);
    merged
}

/// A scalar as text: people write numbers where names are meant.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn anchors_and_merges_are_resolved() {
        let text = "base: &base {region_name: R, auth: {username: u}}\n\
                    clouds:\n  a: {<<: *base, region_name: Q}\n  b:\n    <<: [{x: 1}, {x: 2, y: 3}]\n";
        let read = parse(Path::new("f"), text).unwrap();
        assert_eq!(read["clouds"]["a"], json!({"region_name": "Q", "auth": {"username": "u"}}));
        assert_eq!(read["clouds"]["b"], json!({"x": 1, "y": 3}));
        assert_eq!(parse(Path::new("f"), "").unwrap(), json!({}));
    }

    #[test]
    fn a_fault_is_placed_and_does_not_show_what_stands_there() {
        for text in ["clouds:\n  a: {password: planted\n", "clouds: [planted", "- planted\n", "a: 'planted"] {
            let refused = parse(Path::new("/etc/openstack/clouds.yaml"), text).unwrap_err();
            assert!(refused.message().contains("/etc/openstack/clouds.yaml"), "{refused}");
            assert!(!refused.to_string().contains("planted"), "{refused}");
        }
    }
}
