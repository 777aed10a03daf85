use super::*;

const A: &str = "https://array-a.example.com";
const B: &str = "https://array-b.example.com";

fn token(text: &str) -> Option<ApiToken> {
    Some(ApiToken::new(text))
}

/// URL and token as they stand in one place.
type Place = (Option<&'static str>, Option<ApiToken>);

fn resolved(policy: &Place, settings: &Place) -> Result<ArrayAccess> {
    resolve(within(Side::Primary, policy), within(Side::Primary, settings))
}

fn within(side: Side, place: &Place) -> AccessIn<'_> {
    AccessIn { side, url: place.0, token: place.1.as_ref() }
}

#[test]
fn a_side_of_a_policy_may_be_the_other_side_of_the_settings() {
    let settings = (Some(A), token("s"));
    let crossed = resolve(within(Side::Secondary, &(Some(A), None)), within(Side::Primary, &settings)).unwrap();
    assert_eq!((crossed.url.as_str(), crossed.token.expose()), (A, "s"));
    let error = resolve(within(Side::Secondary, &(Some(B), None)), within(Side::Primary, &settings)).unwrap_err();
    for phrase in ["secondary_fa_url", "primary_array_url in [storage]", A, B] {
        assert!(error.message().contains(phrase), "{phrase} is not in: {error}");
    }
}

#[test]
fn each_field_comes_from_the_policy_else_from_the_settings() {
    let cases = [
        ((Some(A), token("p")), (None, None), "p"),
        ((None, None), (Some(A), token("s")), "s"),
        ((Some(A), token("p")), (Some(A), token("s")), "p"),
        ((Some(A), None), (None, token("s")), "s"),
        ((None, token("p")), (Some(A), token("s")), "p"),
    ];
    for (policy, settings, expected) in cases {
        let access = resolved(&policy, &settings).unwrap();
        assert_eq!((access.url.as_str(), access.token.expose()), (A, expected));
    }
}

#[test]
fn two_spellings_of_one_array_agree() {
    let spellings = [
        "https://Array-A.example.com/",
        "https://array-a.example.com:443",
        "https://array-a.example.com.",
        "HTTPS://array-a.example.com",
        " https://array-a.example.com ",
    ];
    for other in spellings {
        assert_eq!(resolved(&(Some(A), token("p")), &(Some(other), None)).unwrap().url, A, "{other}");
    }
    let v6 = ("https://[2001:db8::1]", "https://[2001:0db8:0::0:1]:443/");
    resolved(&(Some(v6.0), token("p")), &(Some(v6.1), None)).unwrap();
}

#[test]
fn two_arrays_for_one_side_are_refused() {
    for other in [B, "https://array-a.example.com:8443", "https://10.0.0.1"] {
        let error = resolved(&(Some(A), token("p-secret")), &(Some(other), token("s-secret"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        for phrase in ["primary_fa_url", "primary_array_url", "[storage]", A, other] {
            assert!(error.message().contains(phrase), "{phrase} is not in: {error}");
        }
        assert!(!format!("{error:?}").contains("secret"));
    }
}

#[test]
fn what_is_missing_is_named_in_both_places() {
    let url = ["secondary_fa_url", "secondary_array_url"];
    let secret = ["secondary_fa_api_token", "secondary_array_api_token"];
    let cases = [(None, None, true, true), (Some(A), None, false, true), (None, token("t"), true, false)];
    for (given_url, given_token, url_missing, token_missing) in cases {
        let policy = AccessIn { side: Side::Secondary, url: given_url, token: None };
        let settings = AccessIn { side: Side::Secondary, url: None, token: given_token.as_ref() };
        let error = resolve(policy, settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        for (names, missing) in [(url, url_missing), (secret, token_missing)] {
            for name in names {
                assert_eq!(error.message().contains(name), missing, "{name}: {error}");
            }
        }
        assert!(error.remedy_text().unwrap().contains("--secondary-fa-url"), "{error}");
    }
}

#[test]
fn urls() {
    for url in [A, "https://10.0.0.1", "https://[::1]:8443/", "https://array-a.example.com:8443"] {
        validate_fa_url("primary_fa_url", url).unwrap();
    }
    let cases = [
        ("http://array-a.example.com", "HTTPS only"),
        ("HTTP://array-a.example.com", "HTTPS only"),
        ("ftp://array-a.example.com", "HTTPS only"),
        ("array-a.example.com", "relative URL"),
        ("array-a.example.com:443", "HTTPS only"),
        ("", "relative URL"),
        ("https://", "host"),
        ("https://array-a.example.com/api/2.26", "only host and port"),
        ("https://array-a.example.com?x=1", "only host and port"),
        ("https://array-a.example.com#x", "only host and port"),
        ("https://array-a.example.com:99999", "port"),
    ];
    for (url, phrase) in cases {
        let error = validate_fa_url("primary_fa_url", url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}");
        assert!(error.message().contains(&format!("primary_fa_url '{url}'")), "{error}");
        assert!(error.message().contains(phrase), "{error}");
    }
}

#[test]
fn a_password_in_a_url_is_refused_and_never_shown() {
    for url in
        ["https://admin:hunter2@array-a", "https://hunter2@array-a", "http://x:hunter2@array-a", "admin:hunter2@"]
    {
        let error = validate_fa_url("primary_fa_url", url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn the_place_of_a_bad_url_decides_the_kind() {
    let http = Some("http://array-a.example.com");
    let policy = resolved(&(http, token("t")), &(None, None)).unwrap_err();
    assert_eq!(policy.kind(), ErrorKind::InvalidRequest);
    assert!(policy.message().contains("primary_fa_url") && policy.message().contains("HTTPS only"), "{policy}");
    let settings = resolved(&(None, token("t")), &(http, None)).unwrap_err();
    assert_eq!(settings.kind(), ErrorKind::InvalidConfiguration);
    assert!(settings.message().contains("[storage] primary_array_url"), "{settings}");
}

#[test]
fn access_prints_without_its_token() {
    let access = resolved(&(Some(A), token("hunter2")), &(None, None)).unwrap();
    assert!(!format!("{access:?}").contains("hunter2"));
}
