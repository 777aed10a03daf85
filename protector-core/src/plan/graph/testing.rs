//! What documents are checked with.

/// Names that try to break out of every format.
pub(crate) const HOSTILE: [&str; 12] = [
    "\"]; click n0 \"javascript:alert(1)\"",
    "</text></svg></title><script>alert(1)</script>",
    "]]> --> <!-- x",
    "a\nb\r\n\tc\u{2028}d\u{85}e",
    "\" onload=\"alert(1)",
    "%%{init: {\"securityLevel\": \"loose\"}}%%",
    "\\\" ] } digraph x {\\n",
    "&lt;b&gt; &amp; &#60; #60; &unknown;",
    "nul \0 bell \u{7} escape \u{1b}[31m \u{FFFF}",
    "right \u{202E}tfel\u{2066} to left",
    "'; DROP TABLE steps; -- `code` *bold* _it_ {{x}}",
    "服务器 🖥 é\u{301} ß",
];

/// Elements, attributes and text of a document, if it is well-formed XML with the five entities and numbers only.
///
/// # Panics
/// It is not.
pub(crate) fn check_xml(document: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = Vec::new();
    let mut rest = document;
    assert!(
        document.chars().all(|c| c == '\n' || (!c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))),
        "a character that XML forbids"
    );
    while let Some((text, tail)) = rest.split_once('<') {
        check_entities(text);
        assert!(open.is_empty() || !text.contains("]]>"), "{text}");
        assert!(!open.is_empty() || text.trim().is_empty(), "text outside of the root: {text}");
        if !text.trim().is_empty() {
            seen.push(text.to_owned());
        }
        let (tag, after) = tail.split_once('>').expect("a tag that ends");
        rest = after;
        if tag.starts_with("!DOCTYPE html") {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closes what is not open");
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "element '{name}'");
        check_attributes(attributes);
        seen.push(format!("<{name}"));
        if !is_empty {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    assert!(rest.trim().is_empty(), "after the end: {rest}");
    seen
}

fn check_attributes(mut rest: &str) {
    while !rest.trim().is_empty() {
        let (name, tail) = rest.split_once("=\"").unwrap_or_else(|| panic!("attributes: {rest}"));
        let name = name.trim();
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "attribute '{name}'");
        assert!(!name.starts_with("on"), "a handler: {name}");
        let (value, tail) = tail.split_once('"').expect("a value that ends");
        check_entities(value);
        rest = tail;
    }
}

fn check_entities(text: &str) {
    for piece in text.split('&').skip(1) {
        let (entity, _) = piece.split_once(';').unwrap_or_else(|| panic!("a bare &: {piece}"));
        assert!(["amp", "lt", "gt", "quot", "#39"].contains(&entity), "entity {entity}");
    }
}

/// The document loads and runs nothing.
pub(crate) fn check_inert(document: &str) {
    let elements = check_xml(document);
    for element in ["<script", "<a", "<img", "<image", "<use", "<foreignObject", "<iframe", "<link", "<object", "<form"]
    {
        assert!(!elements.iter().any(|e| e == element), "{element}");
    }
    let places = document.matches("http").count() - document.matches("http-equiv").count();
    assert_eq!(places, document.matches("http://www.w3.org/2000/svg").count(), "an address");
    assert!(!document.contains("@import") && document.matches("url(").count() == document.matches("url(#").count());
}
