//! The list of error kinds that all languages share.

use protector_core::{Error, ErrorKind, Result};
use protector_tests::golden;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    code: String,
    /// Status number of the C library; 0 is success.
    status: usize,
    /// Exception class.
    python: String,
    retryable: bool,
}

#[test]
fn kinds_are_those_of_the_shared_list_in_its_order() -> Result<()> {
    let listed: Vec<Listed> = serde_json::from_str(&golden::read("errors.json")?)?;
    let of_list: Vec<_> = listed.iter().map(|l| (l.code.as_str(), l.status, l.retryable)).collect();
    let of_crate: Vec<_> =
        ErrorKind::ALL.iter().enumerate().map(|(at, kind)| (kind.code(), at + 1, kind.is_retryable())).collect();
    assert_eq!(of_list, of_crate);
    let classes: BTreeSet<_> = listed.iter().map(|l| &l.python).collect();
    assert_eq!(classes.len(), listed.len(), "two kinds share an exception class");
    Ok(())
}

#[test]
fn an_error_names_its_kind_by_the_code() {
    for kind in ErrorKind::ALL {
        let error = Error::new(kind, "what").remedy("do");
        assert_eq!((error.kind(), kind.to_string().as_str()), (kind, kind.code()));
        assert_eq!(format!("{error:?}"), format!("what (do) [{}]", kind.code()));
    }
}
