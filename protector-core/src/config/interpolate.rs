//! `$name`, `${name}` and `$group.name` in a value.

/// Replaces every reference in `text` by what `lookup` answers for its name. `$$` and `\$` stand for a dollar sign; a
/// dollar sign that begins no reference stays.
pub(super) fn substitute<E>(text: &str, mut lookup: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
    let text = text.replace(r"\$", "$$");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            tail
        } else if let Some((name, tail)) = reference(after) {
            out.push_str(&lookup(name)?);
            tail
        } else {
            out.push('$');
            after
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// The name at the start of `text`, plain or in braces, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('{') {
        Some(braced) => {
            let (name, tail) = identifier(braced)?;
            Some((name, tail.strip_prefix('}')?))
        }
        None => identifier(text),
    }
}

/// Takes dots too, as many as come: `$state_path.db` asks for the option `db` of a section `state_path`.
fn identifier(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(is_letter) {
        return None;
    }
    let end = text.find(|c| !(is_letter(c) || c == '.' || c.is_ascii_digit())).unwrap_or(text.len());
    text.split_at_checked(end)
}

/// `[_a-z]` without regard to case, which for Python includes four letters outside ASCII.
fn is_letter(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic() || matches!(c, 'İ' | 'ı' | 'ſ' | '\u{212a}')
}

#[cfg(test)]
mod tests {
    use super::substitute;

    #[test]
    fn references_and_escapes() {
        let cases = [
            ("plain", "plain"),
            ("$a", "<a>"),
            ("x${a}y", "x<a>y"),
            ("$a.b/c", "<a.b>/c"),
            ("${a}.b", "<a>.b"),
            ("$A_1-", "<A_1>-"),
            ("$$a", "$a"),
            (r"\$a", "$a"),
            (r"\$$a", "$<a>"),
            ("$5 $ ${5} ${a $", "$5 $ ${5} ${a $"),
            ("$é", "$é"),
            ("$ſx", "<ſx>"),
        ];
        for (text, want) in cases {
            let got = substitute(text, |name| Ok::<_, ()>(format!("<{name}>")));
            assert_eq!(got.as_deref(), Ok(want), "{text}");
        }
        assert_eq!(substitute("$$ $a", |_| Err("unknown")), Err("unknown"));
    }
}
