//! What two sites say to each other, as JSON.
//!
//! One question, one answer. A refusal is an answer, too: what is not an answer came from something between the sites, and
//! says nothing about what was done.

use crate::model::{Drills, GroupRecord, MetadataVersion, ProtectionGroupId, ReplicationPolicy, SiteName};
use crate::ports::{OpenTest, PeerVersion};
use crate::{ApiToken, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of this language. Another one is refused before anything is done.
pub(super) const PROTOCOL: u32 = 1;

/// A question of one site to the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) protocol: u32,
    /// Who asks.
    pub(super) from: SiteName,
    /// Who is meant: an address may lead to another site, or back to one's own.
    pub(super) to: SiteName,
    pub(super) call: Call,
}

/// The calls of [`Peer`](crate::ports::Peer).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    Ping,
    Version { group: ProtectionGroupId },
    Record { group: ProtectionGroupId },
    Agreed { group: ProtectionGroupId },
    OpenTests { group: ProtectionGroupId },
    Drills { group: ProtectionGroupId },
    CheckTokens { record: Box<CarriedRecord> },
    Push { record: Box<CarriedRecord>, expected: Option<MetadataVersion> },
    Remove { group: ProtectionGroupId, expected: Option<MetadataVersion> },
}

impl Call {
    /// Whether it changes something there.
    pub(super) fn changes(&self) -> bool {
        matches!(self, Self::Push { .. } | Self::Remove { .. })
    }
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Done {},
    Version(Option<MetadataVersion>),
    Record(Option<Box<CarriedRecord>>),
    OpenTests(Vec<OpenTest>),
    Drills(Drills),
    Refused { code: String, message: String, remedy: Option<String> },
}

impl From<Error> for Answer {
    fn from(e: Error) -> Self {
        Self::Refused {
            code: e.kind().code().to_owned(),
            message: e.message().to_owned(),
            remedy: e.remedy_text().map(str::to_owned),
        }
    }
}

/// A refusal of the other site, as an error of this one.
pub(super) fn refusal(code: &str, message: String, remedy: Option<String>) -> Error {
    // a kind that this build has not heard of calls for a person
    let kind = ErrorKind::from_code(code).unwrap_or(ErrorKind::Internal);
    let e = Error::new(kind, message);
    if let Some(remedy) = remedy { e.remedy(remedy) } else { e }
}

/// The version that is expected, or found.
pub(super) fn version(version: PeerVersion) -> Option<MetadataVersion> {
    if let PeerVersion::At(version) = version { Some(version) } else { None }
}

/// The other way.
pub(super) fn peer_version(version: Option<MetadataVersion>) -> PeerVersion {
    version.map_or(PeerVersion::Absent, PeerVersion::At)
}

/// A record with the tokens of its arrays, which a record by itself never writes. For the body of a request and for
/// nothing else.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CarriedRecord {
    record: Value,
    #[serde(with = "exposed", default)]
    primary_token: Option<ApiToken>,
    #[serde(with = "exposed", default)]
    secondary_token: Option<ApiToken>,
}

impl CarriedRecord {
    /// # Errors
    /// it cannot be written as JSON → `Internal`.
    pub(super) fn pack(record: &GroupRecord) -> Result<Self> {
        let token =
            |of: fn(&ReplicationPolicy) -> &Option<ApiToken>| record.policy.as_ref().and_then(|p| of(p).clone());
        Ok(Self {
            record: json(record)?,
            primary_token: token(|policy| &policy.primary_fa_api_token),
            secondary_token: token(|policy| &policy.secondary_fa_api_token),
        })
    }

    /// # Errors
    /// not a record, or one with something that this build does not know and would lose → `Unsupported`.
    pub(super) fn unpack(self) -> Result<GroupRecord> {
        let other_build = |what: &dyn std::fmt::Display| {
            Error::unsupported(format!("the record of the other site is not understood here: {what}"))
                .remedy("run the same release of Protector on both sites: openstack protector --version")
        };
        let mut record: GroupRecord = serde_json::from_value(self.record.clone()).map_err(|e| other_build(&e))?;
        if let Some(lost) = lost(&self.record, &json(&record)?) {
            return Err(other_build(&format!("'{lost}' would be lost")));
        }
        if let Some(policy) = &mut record.policy {
            policy.primary_fa_api_token = self.primary_token;
            policy.secondary_fa_api_token = self.secondary_token;
        }
        Ok(record)
    }
}

fn json(record: &GroupRecord) -> Result<Value> {
    serde_json::to_value(record).map_err(|e| Error::internal("a record cannot be written as JSON").source(e))
}

/// Path of the first thing in `received` that is not in `kept`.
fn lost(received: &Value, kept: &Value) -> Option<String> {
    let below = |name: &str, received: &Value, kept: &Value| {
        lost(received, kept).map(|path| if path.is_empty() { name.to_owned() } else { format!("{name}.{path}") })
    };
    match (received, kept) {
        (Value::Object(received), Value::Object(kept)) => received
            .iter()
            .filter(|(_, value)| !value.is_null())
            .find_map(|(name, value)| below(name, value, kept.get(name).unwrap_or(&Value::Null))),
        (Value::Array(received), Value::Array(kept)) if received.len() == kept.len() => received
            .iter()
            .zip(kept)
            .enumerate()
            .find_map(|(at, (received, kept))| below(&at.to_string(), received, kept)),
        _ => (received != kept).then(String::new),
    }
}

/// A token in clear text.
mod exposed {
    use crate::ApiToken;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(token: &Option<ApiToken>, to: S) -> Result<S::Ok, S::Error> {
        match token {
            Some(token) => to.serialize_some(token.expose()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ApiToken>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(ApiToken::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::conformance::store::samples;
    use serde_json::json;

    #[test]
    fn a_record_arrives_as_it_was_with_its_tokens() {
        let mut record = samples::record("g");
        let policy = record.policy.as_mut().unwrap();
        policy.primary_fa_api_token = Some(ApiToken::new("planted-1"));
        let text = serde_json::to_string(&CarriedRecord::pack(&record).unwrap()).unwrap();
        let carried: CarriedRecord = serde_json::from_str(&text).unwrap();
        assert!(!format!("{carried:?}").contains("planted"));
        assert_eq!(carried.unpack().unwrap(), record);
    }

    #[test]
    fn nothing_of_a_record_is_lost_on_the_way() {
        let mut carried = CarriedRecord::pack(&samples::record("g")).unwrap();
        carried.record["group"]["tomorrow"] = json!({"keep": true});
        let e = carried.unpack().unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Unsupported);
        assert!(e.message().contains("'group.tomorrow' would be lost"), "{e}");
    }

    #[test]
    fn what_is_lost_is_named() {
        for (received, kept, path) in [
            (json!({"a": 1}), json!({"a": 1, "b": 2}), None),
            (json!({"a": null}), json!({}), None),
            (json!({"a": {"b": [1, {"c": 2}]}}), json!({"a": {"b": [1, {"c": 3}]}}), Some("a.b.1.c")),
            (json!({"a": [1, 2]}), json!({"a": [1]}), Some("a")),
            (json!([0]), json!([0]), None),
        ] {
            assert_eq!(lost(&received, &kept).as_deref(), path, "{received}");
        }
    }

    #[test]
    fn a_refusal_comes_over_with_its_kind() {
        for kind in ErrorKind::ALL {
            let text = serde_json::to_string(&Answer::from(Error::new(kind, "m").remedy("r"))).unwrap();
            let Answer::Refused { code, message, remedy } = serde_json::from_str(&text).unwrap() else {
                panic!("{text}")
            };
            let e = refusal(&code, message, remedy);
            assert_eq!((e.kind(), e.message(), e.remedy_text()), (kind, "m", Some("r")));
        }
        assert_eq!(refusal("of_tomorrow", String::new(), None).kind(), ErrorKind::Internal);
    }
}
