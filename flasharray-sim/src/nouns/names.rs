//! Names that administrators give: which an array takes. The OpenAPI contract has no rule for them; this is what clients
//! know (Ansible collection 1.42.0, `purefa_volume` and `purefa_pg`).

use crate::refusal::Refusal;
use crate::sentences::volumes as sentences;

/// Longest name, without the pod or the volume group before it.
const MAX_LENGTH: usize = 63;

/// Accepts letters, digits, `-` and, if `underscore` says so, `_`, with a letter or digit at both ends and a letter somewhere.
///
/// # Errors
/// anything else → 400 with `context`.
pub(crate) fn check(noun: &str, context: &str, name: &str, underscore: bool) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || underscore && c == '_';
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let fine = name.len() <= MAX_LENGTH
        && name.chars().all(allowed)
        && ends_well(name.chars().next())
        && ends_well(name.chars().next_back())
        && name.chars().any(|c| c.is_ascii_alphabetic());
    if fine { Ok(()) } else { Err(Refusal::bad(context, sentences::object_name(noun))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_an_array_takes_are_taken() {
        let longest = "a".repeat(63);
        for name in ["v", "v1", "1v", "pve-x-100-disk0", "V_1", longest.as_str()] {
            assert_eq!(check("Volume", name, name, true), Ok(()), "{name}");
        }
        let too_long = "a".repeat(64);
        for name in ["", "-v", "v-", "_v", "12", "1-2", "a b", "a.b", "a/b", "a:b", "ä", too_long.as_str()] {
            let refused = check("Volume", "context", name, true).unwrap_err();
            assert!(refused.errors[0].message.starts_with("Volume name must be"), "{name}");
            assert_eq!(refused.errors[0].context.as_deref(), Some("context"));
        }
        assert!(check("Host", "h_1", "h_1", false).is_err());
    }
}
