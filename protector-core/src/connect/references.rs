//! Secrets that a setting names instead of holding: `env:NAME`, `file:PATH` and `castellan:<id>`. They are read when an engine
//! is opened.

use crate::config::Settings;
use crate::secret::SecretManager;
use crate::{ApiToken, Error, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Longest secret that a file may hold, in bytes: whoever names a wrong file should hear of it.
const LONGEST: u64 = 4096;

/// The secret itself. `option` is the setting it stands in.
///
/// # Errors
/// variable not set, file missing, empty, too long or open to other users, nobody to ask for `castellan:<id>` →
/// `InvalidConfiguration`; what that key manager says otherwise. What is read is never part of a message.
pub(super) fn resolved(settings: &Settings, option: &str, token: &ApiToken) -> Result<ApiToken> {
    read(option, token, |name| std::env::var(name).ok(), settings.secret_manager.as_ref())
}

/// An option of the section `[driver:<name>]`, with the secret in place of its reference; `None`: not set. Only the driver knows
/// which of its options are secrets, so it asks for these here and takes the others as they are written.
///
/// # Errors
/// as for a token of `[storage]`.
pub fn driver_option(settings: &Settings, driver: &str, option: &str) -> Result<Option<ApiToken>> {
    let driver = driver.to_lowercase();
    let Some(written) = settings.drivers.get(&driver).and_then(|options| options.get(option)) else { return Ok(None) };
    resolved(settings, &format!("[driver:{driver}] {option}"), written).map(Some)
}

fn read(
    option: &str,
    token: &ApiToken,
    variable: impl Fn(&str) -> Option<String>,
    manager: Option<&SecretManager>,
) -> Result<ApiToken> {
    match token.expose().split_once(':') {
        Some(("env", name)) => match variable(name) {
            Some(secret) if !secret.is_empty() => Ok(ApiToken::new(secret)),
            _ => Err(Error::configuration(format!("{option}: the environment variable '{name}' is not set"))
                .remedy(format!("set {name} for the process, or write file:<path>"))),
        },
        Some(("file", path)) => in_file(option, Path::new(path)),
        Some(("castellan", id)) => {
            let nobody = || {
                Error::configuration(format!("{option}: '{id}' is kept by a key manager, and this program asks none"))
                    .remedy("use the Python package, or write file:<path> or env:<NAME>")
            };
            let secret = manager.ok_or_else(nobody)?.read(id).map_err(|e| e.context(option))?;
            one_word(secret.expose()).map_err(|why| {
                Error::configuration(format!("{option}: secret '{id}' of the key manager {why}"))
                    .remedy("store the token alone: openstack secret store --payload <token>")
            })
        }
        _ => Ok(token.clone()),
    }
}

/// A token without the white space around it.
fn one_word(text: &str) -> Result<ApiToken, &'static str> {
    match text.trim() {
        "" => Err("is empty"),
        token if token.contains(char::is_whitespace) => Err("holds more than a token"),
        token => Ok(ApiToken::new(token)),
    }
}

fn in_file(option: &str, path: &Path) -> Result<ApiToken> {
    let shown = path.display();
    let unfit = |why: String, remedy: String| Error::configuration(format!("{option}: '{shown}' {why}")).remedy(remedy);
    let one_line = || format!("write the token into '{shown}', alone");
    let cannot = |e: std::io::Error| unfit(format!("cannot be read: {e}"), format!("see: ls -l '{shown}'"));
    let found = fs::metadata(path).map_err(cannot)?;
    if !found.is_file() || found.len() > LONGEST {
        return Err(unfit("is not a file with a token".to_owned(), one_line()));
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(unfit(format!("is open to other users (mode {mode:04o})"), format!("run: chmod 0600 '{shown}'")));
    }
    let text = fs::read_to_string(path).map_err(cannot)?;
    one_word(&text).map_err(|why| unfit(why.to_owned(), one_line()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::config::Settings;
    use std::collections::BTreeMap;

    fn read(text: &str) -> Result<String> {
        let variable = |name: &str| (name == "TOKEN").then(|| "T-hidden".to_owned());
        let manager = SecretManager::new(|id| match id {
            "7b1c" => Ok(ApiToken::new("T-hidden\n")),
            "two" => Ok(ApiToken::new("T-hidden T-hidden")),
            _ => Err(Error::not_found(format!("the key manager has no secret '{id}'"))),
        });
        super::read("[storage] primary_array_api_token", &ApiToken::new(text), variable, Some(&manager))
            .map(|token| token.expose().to_owned())
    }

    fn file(content: &str, mode: u32) -> std::io::Result<(tempfile::NamedTempFile, String)> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), content)?;
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode))?;
        let reference = format!("file:{}", file.path().display());
        Ok((file, reference))
    }

    #[test]
    fn a_token_is_itself_or_where_it_says() {
        assert_eq!(read("f3a1-literal").unwrap(), "f3a1-literal");
        assert_eq!(read("a:b").unwrap(), "a:b");
        assert_eq!(read("env:TOKEN").unwrap(), "T-hidden");
        assert_eq!(read("castellan:7b1c").unwrap(), "T-hidden");
        let (_kept, reference) = file("T-hidden\n", 0o600).unwrap();
        assert_eq!(read(&reference).unwrap(), "T-hidden");
    }

    #[test]
    fn the_tokens_of_arrays_are_read_so() {
        let (_kept, reference) = file("T-hidden\n", 0o600).unwrap();
        let checked = |second: &str| {
            let text = format!(
                "[storage]\nprimary_array_url = https://a\nprimary_array_api_token = {reference}\n\
                 secondary_array_url = https://b\nsecondary_array_api_token = {second}\n"
            );
            super::super::arrays::check(&Settings::from_text(&text, &BTreeMap::new())?)
        };
        checked("literal").unwrap();
        for reference in ["env:PROTECTOR_TEST_NEVER_SET", "castellan:7b1c"] {
            let e = checked(reference).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidConfiguration, "{e}");
            assert!(e.message().contains("[storage] secondary_array_api_token"), "{e}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_the_secret_is_not() {
        let (_open, open) = file("T-hidden", 0o644).unwrap();
        let (_empty, empty) = file("\n", 0o600).unwrap();
        let (_more, more) = file("T-hidden T-hidden", 0o600).unwrap();
        let (_long, long) = file(&"T-hidden".repeat(1000), 0o600).unwrap();
        for (reference, kind, words) in [
            ("env:ABSENT", ErrorKind::InvalidConfiguration, "'ABSENT' is not set"),
            ("file:/nowhere/token", ErrorKind::InvalidConfiguration, "'/nowhere/token' cannot be read"),
            ("file:/", ErrorKind::InvalidConfiguration, "is not a file"),
            (&open, ErrorKind::InvalidConfiguration, "mode 0644"),
            (&empty, ErrorKind::InvalidConfiguration, "is empty"),
            (&more, ErrorKind::InvalidConfiguration, "more than a token"),
            (&long, ErrorKind::InvalidConfiguration, "is not a file with a token"),
            ("castellan:two", ErrorKind::InvalidConfiguration, "more than a token"),
            ("castellan:none", ErrorKind::NotFound, "no secret 'none'"),
        ] {
            let e = read(reference).unwrap_err();
            let said = format!("{e} {e:?}");
            assert_eq!(e.kind(), kind, "{said}");
            assert!(said.contains(words) && said.contains("primary_array_api_token"), "{said}");
            assert!(!said.contains("T-hidden"), "{said}");
        }
    }
}
