use proptest::prelude::*;

use super::*;
use crate::config::ReadErrorKind;

fn assignments(text: &str) -> Vec<Assignment> {
    parse("x.conf", text.as_bytes()).unwrap_or_else(|e| panic!("{e}")).assignments
}

fn error(bytes: &[u8]) -> (ReadErrorKind, String) {
    let error = parse("x.conf", bytes).err().unwrap();
    (error.kind(), error.to_string())
}

#[test]
fn every_line_ending_counts() {
    for ending in ["\n", "\r\n", "\r"] {
        let text = ["[s]", "a = 1", "", "b = 2", "  3", "c = 4"].join(ending);
        let got: Vec<_> = assignments(&text).into_iter().map(|a| (a.key, a.value, a.line)).collect();
        let want = [("a", "1", 2), ("b", "2\n3", 4), ("c", "4", 6)].map(|(k, v, l)| (k.into(), v.into(), l));
        assert_eq!(got, want, "{ending:?}");
    }
}

#[test]
fn space_is_what_python_takes_for_it() {
    let got = assignments("[s]\n\u{a0}a\u{1f} =\u{1c}1\u{2003}\n \u{1d}2\n");
    assert_eq!((got[0].key.as_str(), got[0].value.as_str()), ("a", "1\n2"));
}

#[test]
fn errors_name_file_and_line() {
    let cases: [(&[u8], ParseReason, &str); 8] = [
        (b"[s]\n\n x", ParseReason::UnexpectedContinuation, "x.conf:3: "),
        (b"\n[s", ParseReason::UnclosedSection, "x.conf:2: "),
        (b"[]", ParseReason::EmptySection, "x.conf:1: "),
        (b"[s]\r\nfoo\r\n", ParseReason::NoSeparator, "x.conf:2: "),
        (b"[s]\n: 1", ParseReason::EmptyKey, "x.conf:2: "),
        (b"# c\na = 1\n\n", ParseReason::OutsideSection, "x.conf:2: "),
        ("\u{feff}[s]".as_bytes(), ParseReason::ByteOrderMark, "x.conf:1: "),
        (b"[s]\ra = 1\r\xff", ParseReason::NotUtf8, "x.conf:3: "),
    ];
    for (bytes, reason, start) in cases {
        let (kind, message) = error(bytes);
        assert_eq!(kind, ReadErrorKind::Parse(reason));
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn errors_quote_the_line_unless_it_may_hold_a_secret() {
    assert!(error(b"[engine]\nmock_db_path /a\n").1.ends_with("\"mock_db_path /a\""));
    let hidden = [
        "[storage]\nprimary_array_api_token T-hidden",
        "[storage]\nprimary_array_api_token =\n\n  T-hidden",
        "[storage]\nprimary_array_api_token =\nT-hidden",
        "[storage] PRIMARY_ARRAY_API_TOKEN = T-hidden",
        "[database]\nconnection hidden",
        "[x]\n= rabbit://hidden",
        "[x]\nadmin_password T-hidden",
    ];
    for text in hidden {
        let message = error(text.as_bytes()).1;
        assert!(!message.contains("hidden"), "{message}");
        assert!(message.contains("x.conf:"), "{message}");
    }
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse("x.conf", &bytes);
    }

    #[test]
    fn every_line_of_an_accepted_text_is_accounted_for(
        lines in prop::collection::vec(r#"[\[\]=:#; \t"'$ab\u{a0}\u{1c}é]{0,6}"#, 0..8),
        ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let Ok(file) = parse("x.conf", lines.join(ending).as_bytes()) else { return Ok(()) };
        for (index, line) in lines.iter().enumerate() {
            let line = line.trim_end_matches(is_space);
            let silent = line.is_empty() || line.starts_with(['#', ';', ' ', '\t']);
            let section = file.sections.iter().filter(|s| s.line == index + 1).count();
            let assignment = file.assignments.iter().filter(|a| a.line == index + 1).count();
            prop_assert_eq!(section + assignment, usize::from(!silent), "{:?}", line);
            prop_assert_eq!(section == 1, line.starts_with('['), "{:?}", line);
        }
    }

    #[test]
    fn what_is_written_is_read(file in prop::collection::vec((name(), prop::collection::vec(entry(), 0..4)), 0..4)) {
        let (mut text, mut want, mut line) = (String::new(), Vec::new(), 0);
        let mut write = |text: &mut String, s: &str| {
            text.push_str(s);
            text.push('\n');
            line += 1;
            line
        };
        for (section, entries) in &file {
            write(&mut text, &format!("[{section}]"));
            for Entry { comment, key, separator, quote, lines } in entries {
                if let Some(comment) = comment {
                    write(&mut text, comment);
                }
                let (first, more) = lines.split_first().unwrap();
                let line = write(&mut text, &format!("{key}{separator}{quote}{first}{quote}"));
                for continuation in more {
                    write(&mut text, &format!("  {continuation}"));
                }
                want.push(Assignment { section: section.clone(), key: key.clone(), value: lines.join("\n"), line });
            }
        }
        prop_assert_eq!(assignments(&text), want);
    }
}

/// One assignment as somebody could write it.
#[derive(Debug, Clone)]
struct Entry {
    comment: Option<String>,
    key: String,
    separator: &'static str,
    quote: &'static str,
    lines: Vec<String>,
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_.-]{0,8}"
}

fn entry() -> impl Strategy<Value = Entry> {
    let comment = prop::option::of("([#;][ -~é]{0,10})?");
    let separator = prop::sample::select(vec!["=", " = ", ":", ": ", "\t=\t"]);
    let quote = prop::sample::select(vec!["\"", "'"]);
    // quoted, so that spaces around it survive
    let first = "[ -~é]{0,12}";
    let more = prop::collection::vec("[!-~é]([ -~é]{0,8}[!-~é])?", 0..3);
    (comment, name(), separator, quote, first, more).prop_map(|(comment, key, separator, quote, first, more)| Entry {
        comment,
        key,
        separator,
        quote,
        lines: std::iter::once(first).chain(more).collect(),
    })
}
