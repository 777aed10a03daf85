use super::*;
use crate::ApiToken;
use crate::ports::conformance::store::samples::{change, record};
use std::fs;

const PLANTED: &str = "T-planted-5f3c-secret";

fn with_token() -> GroupRecord {
    let mut web = record("web");
    let policy = web.policy.as_mut().unwrap();
    policy.primary_fa_api_token = Some(ApiToken::new(PLANTED));
    policy.secondary_fa_api_token = Some(ApiToken::new(PLANTED));
    web
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// I-42
#[tokio::test]
async fn a_token_is_nowhere_on_the_disk() {
    let place = Place::new();
    let store = place.store(Some(place.keys()));
    let web = with_token();
    store.create_group(&web).await.unwrap();
    let edit = change(&web, |web| web.group.description = Some("description on the disk".to_owned()));
    store.update_group(&edit).await.unwrap();

    let mut found_description = false;
    for entry in fs::read_dir(place.path().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(!contains(&bytes, PLANTED), "{}", path.display());
        found_description |= contains(&bytes, "description on the disk");
    }
    assert!(found_description, "the search would find what is there");
    assert_eq!(store.group("web").await.unwrap().unwrap().policy, edit.record.policy);
    // both columns hold ciphertext, and two encryptions of one token do not look alike
    let stored: (String, String) = raw(&place.path())
        .query_row("SELECT primary_token, secondary_token FROM protection_groups", [], |row| row.try_into())
        .unwrap();
    assert!(stored.0.starts_with("fernet:v1:") && stored.1.starts_with("fernet:v1:") && stored.0 != stored.1);
}

#[tokio::test]
async fn without_keys_a_token_is_neither_written_nor_read() {
    let place = Place::new();
    let (with_keys, without) = (place.store(Some(place.keys())), place.store(None));
    let refused = |e: Error| {
        assert_eq!(e.kind(), ErrorKind::InvalidConfiguration, "{e}");
        let text = e.to_string();
        assert!(text.contains("'web'") && text.contains("protector-manage fernet setup"), "{text}");
        assert!(!format!("{e:?}").contains(PLANTED));
    };
    refused(without.create_group(&with_token()).await.unwrap_err());
    assert!(with_keys.groups().await.unwrap().is_empty());

    with_keys.create_group(&with_token()).await.unwrap();
    refused(without.group("web").await.unwrap_err());
    refused(without.groups().await.unwrap_err());
    assert!(without.group("other").await.unwrap().is_none());
}

#[tokio::test]
async fn the_wrong_keys_are_named_with_the_group() {
    let (place, elsewhere) = (Place::new(), Place::new());
    place.store(Some(place.keys())).create_group(&with_token()).await.unwrap();
    let wrong = elsewhere.keys();
    let e = place.store(Some(wrong.clone())).group("web").await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("'web'"), "{e}");
    assert!(e.message().contains(&wrong.directory().display().to_string()), "{e}");
}

#[tokio::test]
async fn tokens_are_renewed_under_the_primary_key_and_stay_what_they_are() {
    let place = Place::new();
    let directory = place.keys().directory().to_owned();
    let stored = || -> (String, String) {
        raw(&place.path())
            .query_row("SELECT primary_token, secondary_token FROM protection_groups", [], |row| row.try_into())
            .unwrap()
    };
    let web = with_token();
    let store = place.store(Some(place.keys()));
    store.create_group(&web).await.unwrap();
    let other = record("db");
    store.create_group(&other).await.unwrap();
    assert_eq!(store.tokens().await.unwrap(), TokenReport { tokens: 2, outdated: Default::default() });

    KeyRing::load(&directory).unwrap().rotate().unwrap();
    let store = place.store(Some(KeyRing::load(&directory).unwrap()));
    let (before, outdated) = (stored(), TokenReport { tokens: 2, outdated: ["web".to_owned()].into() });
    assert_eq!(store.tokens().await.unwrap(), outdated);
    assert_eq!(stored(), before, "to look changes nothing");
    assert_eq!(store.renew_tokens().await.unwrap(), outdated);
    assert_eq!(store.tokens().await.unwrap().outdated.len(), 0);
    let after = stored();
    assert!(after.0 != before.0 && after.1 != before.1);
    // of one that is current already, the other is renewed alone
    raw(&place.path())
        .execute("UPDATE protection_groups SET primary_token = ? WHERE name = 'web'", [&before.0])
        .unwrap();
    assert_eq!(store.renew_tokens().await.unwrap(), outdated);
    assert_eq!(stored().1, after.1);

    KeyRing::load(&directory).unwrap().rotate().unwrap();
    let store = place.store(Some(KeyRing::load(&directory).unwrap()));
    assert_eq!(store.group("web").await.unwrap().unwrap(), web, "neither version nor token is another");
    assert_eq!(store.group("db").await.unwrap().unwrap(), other);
}

#[tokio::test]
async fn nothing_is_renewed_if_one_token_cannot_be_read() {
    let place = Place::new();
    let store = place.store(Some(place.keys()));
    store.create_group(&with_token()).await.unwrap();
    place.keys().rotate().unwrap();
    let store = place.store(Some(place.keys()));
    raw(&place.path()).execute("UPDATE protection_groups SET secondary_token = 'fernet:v1:x'", []).unwrap();
    let dump = || -> String {
        raw(&place.path()).query_row("SELECT primary_token FROM protection_groups", [], |row| row.get(0)).unwrap()
    };
    let before = dump();
    let e = store.renew_tokens().await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("'web'"), "{e}");
    assert_eq!(dump(), before);
}

/// A process runs on while the keys are changed twice, so that the ones it has read are gone.
#[tokio::test]
async fn a_store_goes_on_with_keys_that_were_rotated_twice() {
    let place = Place::new();
    let old = place.store(Some(place.keys()));
    let web = with_token();
    old.create_group(&web).await.unwrap();
    for _ in 0..2 {
        place.keys().rotate().unwrap();
        place.store(Some(place.keys())).renew_tokens().await.unwrap();
    }
    place.keys().rotate().unwrap();
    assert_eq!(old.group("web").await.unwrap().unwrap(), web);
    let edit = change(&web, |web| web.policy.as_mut().unwrap().primary_fa_api_token = Some(ApiToken::new("T-new")));
    old.update_group(&edit).await.unwrap();
    let fresh = place.store(Some(place.keys()));
    assert_eq!(fresh.group("web").await.unwrap().unwrap().policy, edit.record.policy);
    assert_eq!(fresh.tokens().await.unwrap().outdated.len(), 0, "it encrypts with the primary key of now");
}
