//! The hash chain of a journal: what makes a changed, missing or reordered record visible.

use super::JournalEntry;
use crate::{Error, Result};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Previous hash of the first entry of a journal.
pub const JOURNAL_START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl JournalEntry {
    /// An entry whose hash covers all of it, the hash of the entry before included. `record`: JSON text.
    ///
    /// ```
    /// use protector_core::ports::{JOURNAL_START, JournalEntry, verify_chain};
    /// let at = "2026-01-01T00:00:00Z".parse()?;
    /// let first = JournalEntry::seal(0, at, r#"{"step":"fence"}"#, JOURNAL_START);
    /// let second = JournalEntry::seal(1, at, r#"{"step":"clone"}"#, &first.hash);
    /// assert!(verify_chain(&[first.clone(), second.clone()]).is_ok());
    /// assert!(verify_chain(&[second, first]).is_err());
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn seal(sequence: u64, at: Timestamp, record: impl Into<String>, previous_hash: &str) -> Self {
        let record = record.into();
        let hash = hash(&mut Vec::new(), sequence, &at.to_string(), &record, previous_hash).as_str().into();
        Self { sequence, at, record, previous_hash: previous_hash.into(), hash }
    }
}

/// Checks a journal, or a part of one: each hash fits its entry, and each entry follows the one before. Where the first
/// entry has sequence 0 it must start the chain.
///
/// # Errors
/// an entry was changed, or one is missing before it → `Storage` naming the sequence → trust nothing from there on.
pub fn verify_chain(entries: &[JournalEntry]) -> Result<()> {
    let (mut previous, mut text) = (None, Vec::new());
    for entry in entries {
        verify_next(previous, entry, &entry.at.to_string(), &mut text)?;
        previous = Some(entry);
    }
    Ok(())
}

/// Checks the entry behind `previous`; `at`: its time as it was written; `text`: room to work in.
///
/// # Errors
/// as [`verify_chain`].
pub(crate) fn verify_next(
    previous: Option<&JournalEntry>,
    entry: &JournalEntry,
    at: &str,
    text: &mut Vec<u8>,
) -> Result<()> {
    let sequence = entry.sequence;
    let mut fits =
        |at: &str, record: &str| hash(text, sequence, at, record, &entry.previous_hash).as_str() == &*entry.hash;
    if !fits(at, &entry.record) && !by_value(entry).is_some_and(|record| fits(&entry.at.to_string(), &record)) {
        return Err(Error::storage(format!("entry {sequence} was changed after it was written")));
    }
    let follows = match previous {
        None => sequence > 0 || &*entry.previous_hash == JOURNAL_START,
        Some(before) => before.sequence.checked_add(1) == Some(sequence) && before.hash == entry.previous_hash,
    };
    if follows {
        return Ok(());
    }
    Err(Error::storage(format!("entry {sequence} does not follow the one before it")))
}

/// The record as earlier builds hashed it, whatever its text looks like: its value, written with sorted keys.
fn by_value(entry: &JournalEntry) -> Option<String> {
    serde_json::from_str(&entry.record).ok().map(|value| sorted(&value).to_string())
}

/// SHA-256 in hex.
struct Hash([u8; 64]);

impl Hash {
    fn as_str(&self) -> &str {
        // digits only
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The hash over one JSON array, which keeps the four parts apart. Neither times nor hashes hold anything that JSON would
/// escape: a time that does is refused where it is read, and a previous hash that does is not the hash of the entry before.
///
/// `text`: where it is put together, since a digest takes one text faster than many crumbs.
fn hash(text: &mut Vec<u8>, sequence: u64, at: &str, record: &str, previous_hash: &str) -> Hash {
    text.clear();
    for part in ["[", &sequence.to_string(), ",\"", at, "\",", record, ",\"", previous_hash, "\"]"] {
        text.extend_from_slice(part.as_bytes());
    }
    let mut hex = [0; 64];
    for (digits, byte) in hex.chunks_exact_mut(2).zip(Sha256::digest(text)) {
        digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    Hash(hex)
}

fn digit(half: u8) -> u8 {
    half + if half < 10 { b'0' } else { b'a' - 10 }
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
            let previous = entries.last().map_or(JOURNAL_START, |e| &*e.hash);
            entries.push(JournalEntry::seal(entries.len() as u64, at, record.to_string(), previous));
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
        assert_eq!(*entry.hash, *expected);
    }

    /// The text counts. Earlier builds hashed the value with sorted keys and stored it as it came: that counts, too.
    #[test]
    fn an_entry_is_judged_by_its_text_or_by_its_value() {
        let (sorted, unsorted) = (r#"{"a":1,"step":"fence"}"#, r#"{"step":"fence","a":1}"#);
        let (at, other_at) = ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z");
        for (sealed, read, at, fits) in [
            (sorted, sorted, at, true),
            (sorted, unsorted, at, true),
            (sorted, r#"{ "a": 1, "step": "fence" }"#, other_at, true),
            (unsorted, unsorted, at, true),
            (unsorted, sorted, at, false),
            (sorted, r#"{"a":1,"step":"clone"}"#, at, false),
            (sorted, "", at, false),
        ] {
            let entry = JournalEntry::seal(0, at.parse().unwrap(), sealed, JOURNAL_START);
            let entry = JournalEntry { record: read.to_owned(), ..entry };
            assert_eq!(verify_next(None, &entry, at, &mut Vec::new()).is_ok(), fits, "{sealed} read as {read}");
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
            ("entry 1", |j| j[1].record = r#"{"step":"nothing"}"#.into()),
            ("entry 1", |j| j[1].at = Timestamp::UNIX_EPOCH),
            ("entry 2", |j| j[1].sequence = 2),
            ("entry 2", |j| j[2].hash = JOURNAL_START.into()),
            ("entry 2", |j| drop(j.remove(1))),
            ("entry 2", |j| j.swap(1, 2)),
            // a forger who recomputes one hash still breaks the link behind it
            ("entry 2", |j| j[1] = JournalEntry::seal(1, j[1].at, r#"{"step":"forged"}"#, &j[0].hash)),
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
        assert!(verify_chain(&[JournalEntry::seal(0, at, "1", &"1".repeat(64))]).is_err());
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
