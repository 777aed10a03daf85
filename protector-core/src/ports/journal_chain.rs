//! The hash chain of a journal: what makes a changed, missing or reordered record visible.

use super::JournalEntry;
use crate::{Error, Result};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Previous hash of the first entry of a journal.
pub const JOURNAL_START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl JournalEntry {
    /// An entry whose hash covers all of it, the hash of the entry before included.
    ///
    /// ```
    /// use protector_core::ports::{JOURNAL_START, JournalEntry, verify_chain};
    /// let at = "2026-01-01T00:00:00Z".parse()?;
    /// let first = JournalEntry::seal(0, at, serde_json::json!({"step": "fence"}), JOURNAL_START);
    /// let second = JournalEntry::seal(1, at, serde_json::json!({"step": "clone"}), &first.hash);
    /// assert!(verify_chain(&[first.clone(), second.clone()]).is_ok());
    /// assert!(verify_chain(&[second, first]).is_err());
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn seal(sequence: u64, at: Timestamp, record: Value, previous_hash: &str) -> Self {
        let hash = hash(sequence, at, &record, previous_hash);
        Self { sequence, at, record, previous_hash: previous_hash.to_owned(), hash }
    }
}

/// Checks a journal, or a part of one: each hash fits its entry, and each entry follows the one before. Where the first
/// entry has sequence 0 it must start the chain.
///
/// # Errors
/// an entry was changed, or one is missing before it → `Storage` naming the sequence → trust nothing from there on.
pub fn verify_chain(entries: &[JournalEntry]) -> Result<()> {
    let mut chain = Chain::default();
    entries
        .iter()
        .try_for_each(|entry| chain.add(entry, |e| e.hash == hash(e.sequence, e.at, &e.record, &e.previous_hash)))
}

/// Checks a journal entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// Sequence and hash.
    previous: Option<(u64, String)>,
}

impl Chain {
    /// Takes the next entry. `fits`: whether its hash is that of its content.
    ///
    /// # Errors
    /// as [`verify_chain`].
    pub(crate) fn add(&mut self, entry: &JournalEntry, fits: impl FnOnce(&JournalEntry) -> bool) -> Result<()> {
        let JournalEntry { sequence, previous_hash, hash, .. } = entry;
        if !fits(entry) {
            return Err(Error::storage(format!("entry {sequence} was changed after it was written")));
        }
        let follows = match &self.previous {
            None => *sequence > 0 || previous_hash == JOURNAL_START,
            Some((before, hash)) => before.checked_add(1) == Some(*sequence) && hash == previous_hash,
        };
        if !follows {
            return Err(Error::storage(format!("entry {sequence} does not follow the one before it")));
        }
        self.previous = Some((*sequence, hash.clone()));
        Ok(())
    }

    /// The same for an entry that was read as text. Text that is still as [`JournalEntry::seal`] saw it needs no detour
    /// over its value, which takes most of the time that reading a long journal takes.
    pub(crate) fn add_text(&mut self, entry: &JournalEntry, at: &str, record: &str) -> Result<()> {
        let as_written = hash_text(entry.sequence, at, record, &entry.previous_hash) == entry.hash;
        self.add(entry, |e| as_written || e.hash == self::hash(e.sequence, e.at, &e.record, &e.previous_hash))
    }
}

/// SHA-256 in hex over one JSON array, which keeps the four parts apart.
fn hash(sequence: u64, at: Timestamp, record: &Value, previous_hash: &str) -> String {
    hash_text(sequence, &at.to_string(), &sorted(record).to_string(), previous_hash)
}

/// The same, of parts that are text already. Neither times nor hashes hold anything that JSON would escape: a time that
/// does is refused where it is read, and a previous hash that does is not the hash of the entry before.
fn hash_text(sequence: u64, at: &str, record: &str, previous_hash: &str) -> String {
    let mut digest = Sha256::new();
    for part in ["[", &sequence.to_string(), ",\"", at, "\",", record, ",\"", previous_hash, "\"]"] {
        digest.update(part);
    }
    let mut hex = String::with_capacity(64);
    for byte in digest.finalize() {
        hex.extend([byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    }
    hex
}

/// The value with the keys of its objects in alphabetical order. `serde_json` keeps them so by itself, unless another crate
/// of the build turns on its feature `preserve_order`; a journal must verify in either build.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            Value::Object(members.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;
    use serde_json::json;

    fn chain(records: &[Value]) -> Vec<JournalEntry> {
        let at = "2026-01-01T00:00:00.5Z".parse().unwrap();
        let mut entries: Vec<JournalEntry> = Vec::new();
        for record in records {
            let previous = entries.last().map_or(JOURNAL_START, |e| e.hash.as_str());
            entries.push(JournalEntry::seal(entries.len() as u64, at, record.clone(), previous));
        }
        entries
    }

    fn three() -> Vec<JournalEntry> {
        chain(&[json!({"step": "fence"}), json!({"step": "clone"}), json!({"step": "import"})])
    }

    /// Pins the format: journals written by an older build must still verify.
    #[test]
    fn the_hash_is_stable() {
        let entry = &chain(&[json!({"b": [1, {"d": null, "c": 0.1}], "a": "ü"})])[0];
        let text =
            format!(r#"[0,"2026-01-01T00:00:00.5Z",{{"a":"ü","b":[1,{{"c":0.1,"d":null}}]}},"{JOURNAL_START}"]"#);
        let expected: String = Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(entry.hash, expected);
    }

    /// Text that was written in another way than the hash sees it is judged by its value.
    #[test]
    fn an_entry_is_judged_by_its_text_or_by_its_value() {
        let [first, ..] = &three()[..] else { panic!("three entries") };
        let at = first.at.to_string();
        for (record, at, fits) in [
            (r#"{"step":"fence"}"#, at.as_str(), true),
            (r#"{ "step": "fence" }"#, "2026-01-01T00:00:00.500Z", true),
            (r#"{"step":"clone"}"#, at.as_str(), false),
        ] {
            let entry = JournalEntry { record: serde_json::from_str(record).unwrap(), ..first.clone() };
            assert_eq!(Chain::default().add_text(&entry, at, record).is_ok(), fits, "{record}");
        }
    }

    #[test]
    fn a_part_of_a_journal_verifies() {
        assert!(verify_chain(&[]).is_ok());
        assert!(verify_chain(&three()).is_ok());
        assert!(verify_chain(&three()[1..]).is_ok());
    }

    /// I-41
    #[test]
    fn every_kind_of_tampering_is_seen_and_located() {
        type Tamper = fn(&mut Vec<JournalEntry>);
        let cases: [(&str, Tamper); 7] = [
            ("entry 1", |j| j[1].record = json!({"step": "nothing"})),
            ("entry 1", |j| j[1].at = Timestamp::UNIX_EPOCH),
            ("entry 2", |j| j[1].sequence = 2),
            ("entry 2", |j| j[2].hash = JOURNAL_START.into()),
            ("entry 2", |j| drop(j.remove(1))),
            ("entry 2", |j| j.swap(1, 2)),
            // a forger who recomputes one hash still breaks the link behind it
            ("entry 2", |j| j[1] = JournalEntry::seal(1, j[1].at, json!({"step": "forged"}), &j[0].hash)),
        ];
        for (i, (place, tamper)) in cases.into_iter().enumerate() {
            let mut journal = three();
            tamper(&mut journal);
            let e = verify_chain(&journal).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Storage);
            assert!(e.message().starts_with(place), "case {i}: {e}");
        }
    }

    #[test]
    fn the_first_entry_must_start_the_chain() {
        let at = Timestamp::UNIX_EPOCH;
        assert!(verify_chain(&[JournalEntry::seal(0, at, json!(1), &"1".repeat(64))]).is_err());
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has no NaN", |f| f.is_finite()).prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect()))
            ]
        })
    }

    proptest! {
        /// What was sealed verifies after it went through text: a store keeps text.
        #[test]
        fn a_chain_survives_text(records in prop::collection::vec(json_value(), 1..4)) {
            let text = serde_json::to_string(&chain(&records)).unwrap();
            let read: Vec<JournalEntry> = serde_json::from_str(&text).unwrap();
            prop_assert!(verify_chain(&read).is_ok());
        }
    }
}
