//! What a value may be, and which ones fit together.

use super::tests::{read, refused};
use super::*;
use crate::config::AuthStrategy;

#[test]
fn comments_behind_choices_numbers_and_booleans_are_forgiven_with_a_warning() {
    let text = "[DEFAULT]\ndebug = on\t; verbose\nuse_mock_storage = True # costs $5, see $nothing\n\
                [storage]\ndefault_rpo_minutes = 15 # min\n[engine]\nmock_clock = virtual\n  # c\n";
    let got = read(text).unwrap();
    assert!(got.debug);
    assert_eq!(got.storage_driver, StorageDriverChoice::Mock);
    assert_eq!(got.default_rpo_minutes, Some(15));
    assert_eq!(got.mock_clock, MockClock::Virtual);
    assert_eq!(got.warnings.len(), 4);
    for place in ["<text>:2: [DEFAULT] debug", "<text>:3: ", "<text>:5: ", "<text>:7: "] {
        assert!(got.warnings.iter().any(|w| w.starts_with(place)), "{place}: {:?}", got.warnings);
    }
}

#[test]
fn comments_behind_texts_are_part_of_them() {
    let got = read("[DEFAULT]\nlog_dir = /log # x\n[storage]\nprimary_array_api_token = T-a ; b\n").unwrap();
    assert_eq!(got.log_dir, Some("/log # x".into()));
    assert_eq!(got.primary_array_api_token.unwrap().expose(), "T-a ; b");
    assert!(got.warnings.is_empty());
}

#[test]
fn forgiveness_ends_at_a_wrong_value() {
    for (line, found) in [("debug = maybe # x", "\"maybe\""), ("debug = True#x", "\"True#x\""), ("debug =", "\"\"")] {
        let message = refused(&format!("[DEFAULT]\n{line}\n"));
        assert!(message.starts_with(&format!("<text>:2: [DEFAULT] debug: {found}")), "{message}");
    }
}

#[test]
fn array_urls_are_https_with_a_host() {
    for url in ["https://fa", "HTTPS://fa.example.com:8443/", "https://[fe80::1]", "https://10.0.0.1"] {
        assert!(read(&format!("[storage]\nsecondary_array_url = {url}\n")).is_ok(), "{url}");
    }
    let cases = [
        ("http://fa.example.com", "HTTPS only"),
        ("HTTP://fa", "HTTPS only"),
        ("ftp://fa", "HTTPS only"),
        ("fa.example.com", "https://"),
        ("fa.example.com:443", "HTTPS only"),
        ("https://", "not a URL"),
        ("https://fa/ # prod", "comments go on lines of their own"),
        ("https://fa/ ; prod", "comments go on lines of their own"),
        ("https://fa?x=1", "only https://host"),
        ("https://fa:port", "not a URL"),
    ];
    for (url, reason) in cases {
        let message = refused(&format!("[storage]\nprimary_array_url = {url}\n"));
        assert!(message.starts_with(&format!("<text>:2: [storage] primary_array_url = {url:?}")), "{message}");
        assert!(message.contains(reason), "{message}");
    }
    assert!(refused("[storage]\nprimary_array_url = http://fa-1:80/\n").contains("https://fa-1"));
}

#[test]
fn an_interval_fits_into_the_rpo() {
    let text =
        |interval, rpo| format!("[storage]\ndefault_replication_interval = {interval}\ndefault_rpo_minutes = {rpo}\n");
    assert!(read(&text(900, 15)).is_ok());
    let message = refused(&text(901, 15));
    assert!(message.contains("<text>:2: [storage] default_replication_interval = 901"), "{message}");
    assert!(message.contains("<text>:3: [storage] default_rpo_minutes = 15"), "{message}");
    for (interval, rpo) in [(0, 15), (300, 0), (300, 4_294_967_296_i64), (-1, 15)] {
        assert!(refused(&text(interval, rpo)).contains("out of range"));
    }
    assert!(read("[storage]\ndefault_replication_interval = 4294967295\ndefault_rpo_minutes = 4294967295\n").is_ok());
}

#[test]
fn requests_of_nobody_come_from_this_machine_only() {
    let with = |host: &str| format!("[api]\nauth_strategy = noauth\nbind_host = {host}\n");
    for loopback in ["127.0.0.1", "127.8.8.8", "::1", "localhost"] {
        assert_eq!(read(&with(loopback)).unwrap().services.auth_strategy, AuthStrategy::Noauth, "{loopback}");
    }
    for open in ["0.0.0.0", "::", "10.0.0.1", "controller", "127.0.0.1.example.com"] {
        let message = refused(&with(open));
        assert!(message.starts_with("<text>:2: [api] auth_strategy = noauth"), "{message}");
        assert!(message.contains(&format!("<text>:3: [api] bind_host = {open}")), "{message}");
        assert!(read(&(with(open) + "danger_noauth_beyond_loopback = True\n")).is_ok(), "{open}");
    }
    // the default listens everywhere
    assert!(refused("[api]\nauth_strategy = noauth\n").contains("reaches [api] bind_host = 0.0.0.0"));
}

#[test]
fn an_option_with_a_default_cannot_be_empty() {
    for (section, name) in [("api", "bind_host"), ("api", "threads")] {
        let message = refused(&format!("[{section}]\n{name} =\n"));
        assert!(message.contains(&format!("[{section}] {name}")), "{message}");
    }
}
