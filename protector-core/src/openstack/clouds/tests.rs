//! Which file counts, and what an entry says.

use super::*;
use crate::openstack::service::Service;
use serde_json::json;
use std::collections::BTreeMap;

fn entry(text: &str) -> Result<CloudEntry> {
    CloudsFile::parse("clouds.yaml".into(), text, None)?.entry("a")
}

fn with_auth(auth: &str, rest: &str) -> Result<CloudEntry> {
    entry(&format!("clouds:\n  a:\n    auth: {{auth_url: http://127.0.0.1:5000/v3, {auth}}}\n{rest}"))
}

const PASSWORD: &str = "username: admin, password: planted, project_name: dr";

#[test]
fn the_first_file_counts_and_a_named_one_is_meant() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home/.config/openstack");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("clouds.yaml"), "clouds: {a: {auth: {username: admin}}}").unwrap();
    fs::write(home.join("secure.yaml"), "clouds: {a: {auth: {password: planted}}}").unwrap();
    fs::write(directory.path().join("other.yaml"), "clouds: {b: {}}").unwrap();
    let mut variables = BTreeMap::from([("HOME", directory.path().join("home").display().to_string())]);
    let found = CloudsFile::find(&|name| variables.get(name).cloned()).unwrap();
    assert_eq!((found.names(), found.path()), (vec!["a"], home.join("clouds.yaml").as_path()));
    assert_eq!(found.clouds["a"], json!({"auth": {"username": "admin", "password": "planted"}}));
    assert!(!format!("{found:?}").contains("planted"));

    variables.insert("OS_CLIENT_CONFIG_FILE", directory.path().join("other.yaml").display().to_string());
    assert_eq!(CloudsFile::find(&|name| variables.get(name).cloned()).unwrap().names(), ["b"]);
    variables.insert("OS_CLIENT_CONFIG_FILE", "~/../other.yaml".to_owned());
    assert_eq!(CloudsFile::find(&|name| variables.get(name).cloned()).unwrap().names(), ["b"]);
    variables.insert("OS_CLIENT_CONFIG_FILE", "/no/such.yaml".to_owned());
    let missing = CloudsFile::find(&|name| variables.get(name).cloned()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::InvalidConfiguration);
    assert!(missing.message().contains("/no/such.yaml"), "{missing}");
}

#[test]
fn a_cloud_that_is_missing_is_named_with_those_there_are() {
    let file = CloudsFile::parse("c.yaml".into(), "clouds: {site-a: {}, site-b: {}}", None).unwrap();
    let missing = file.entry("site-c").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    for word in ["c.yaml", "'site-c'", "site-a, site-b"] {
        assert!(missing.message().contains(word), "{missing}");
    }
    assert!(CloudsFile::parse("c.yaml".into(), "x: 1", None).unwrap_err().message().contains("has no clouds"));
}

#[test]
fn a_password_with_names_and_domains() {
    let read = with_auth(
        &format!("{PASSWORD}, user_domain_name: Default, project_domain_id: d1"),
        "    region_name: R\n    interface: internalURL\n    cacert: /ca.pem\n    volume_endpoint_override: http://c/v3\n",
    )
    .unwrap();
    let Credential::Password { user, password, scope } = &read.credential else { unreachable!("{read:?}") };
    assert_eq!(*user, Named::Name { name: "admin".into(), domain: Err("Default".into()) });
    assert_eq!(scope.project, Named::Name { name: "dr".into(), domain: Ok("d1".into()) });
    assert_eq!(password.expose(), "planted");
    assert_eq!((read.region.as_deref(), read.interface), (Some("R"), Interface::Internal));
    assert_eq!(read.trust, Trust::CaFile("/ca.pem".into()));
    assert_eq!(read.overrides[&Service::BlockStorage].as_str(), "http://c/v3");
    assert_eq!(format!("{read:?}"), "CloudEntry(a at http://127.0.0.1:5000/v3, v3password)");
}

#[test]
fn application_credentials_and_tokens() {
    let by_id = "application_credential_id: 7b, application_credential_secret: planted";
    for rest in ["    auth_type: v3applicationcredential\n", ""] {
        let read = with_auth(by_id, rest).unwrap();
        assert_eq!(read.credential.kind(), "v3applicationcredential");
        assert_eq!(read.credential.secret().expose(), "planted");
    }
    let by_name = "application_credential_name: dr, application_credential_secret: planted, user_id: 5";
    let read = with_auth(by_name, "    auth_type: v3applicationcredential\n").unwrap();
    let Credential::Application { id, .. } = read.credential else { unreachable!("{read:?}") };
    assert_eq!(id, Err(("dr".to_owned(), Named::Id("5".to_owned()))));
    assert_eq!(with_auth("token: planted, project_id: p", "").unwrap().credential.kind(), "v3token");
}

#[test]
fn the_version_of_keystone_may_be_left_out() {
    for (url, expected) in [("http://k:5000", "http://k:5000/v3"), ("https://k/identity/", "https://k/identity/v3")] {
        let text = format!("clouds: {{a: {{auth: {{auth_url: '{url}', {PASSWORD}}}}}}}");
        let read = entry(&text).unwrap();
        assert_eq!(read.auth_url(), expected);
        assert_eq!(read.is_readable_on_the_way(), url.starts_with("http://k"));
    }
}

#[test]
fn certificates_are_checked_unless_somebody_says_no() {
    for (line, expected) in [
        ("", Trust::System),
        ("    verify: false\n    cacert: /ca.pem\n", Trust::Any),
        ("    verify: 'no'\n", Trust::Any),
        ("    verify: true\n", Trust::System),
    ] {
        assert_eq!(with_auth(PASSWORD, line).unwrap().trust, expected, "{line}");
    }
}

#[test]
fn what_cannot_be_used_is_named_and_no_secret_shown() {
    let cases = [
        (with_auth("username: admin, project_name: dr", ""), "auth.password"),
        (with_auth("password: planted, project_name: dr", ""), "auth.username"),
        (with_auth("username: admin, password: planted", ""), "auth.project_name"),
        (with_auth("username: admin, password: planted, system_scope: all", ""), "system_scope"),
        (with_auth(PASSWORD, "    auth_type: v3oidcpassword\n"), "'v3oidcpassword'"),
        (with_auth(PASSWORD, "    interface: secret\n"), "interface 'secret'"),
        (with_auth(PASSWORD, "    verify: maybe\n"), "'verify'"),
        (with_auth(PASSWORD, "    cert: /c.pem\n"), "client certificate"),
        (with_auth(PASSWORD, "    compute_endpoint_override: http://u:planted@n\n"), "compute_endpoint_override"),
        (
            with_auth("application_credential_id: 1", "    auth_type: v3applicationcredential\n"),
            "application_credential_secret",
        ),
        (entry("clouds: {a: {auth: {username: u}, profile: vendor}}"), "'vendor'"),
        (entry("clouds: {a: {auth: {auth_url: planted}}}"), "auth.auth_url"),
        (entry("clouds: {a: 5}"), "not a map"),
    ];
    for (read, words) in cases {
        let refused = read.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidConfiguration, "{refused}");
        assert!(refused.message().contains(words) && refused.message().contains("'a'"), "{words}: {refused}");
        assert!(!refused.to_string().contains("planted") && refused.remedy_text().is_some(), "{refused}");
    }
}
