//! Words of the command lines that remedies print.

use std::borrow::Cow;

/// `text` as one word of a POSIX shell command: as it is where that is safe, else in single quotes.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:/@%+,#".contains(c);
    if !text.is_empty() && !text.starts_with('#') && text.chars().all(safe) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn quotes_only_where_a_shell_needs_it() {
        let cases = [
            ("replicated-ssd", "replicated-ssd"),
            ("pure@backend-a#pool", "pure@backend-a#pool"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("#comment", "'#comment'"),
            ("", "''"),
        ];
        for (text, quoted) in cases {
            assert_eq!(word(text), quoted, "{text}");
        }
    }
}
