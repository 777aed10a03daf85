//! Text of users in documents: made readable, escaped, cut into lines.

/// One line without what would break a document or deceive its reader: white space becomes a space; control characters,
/// those that XML 1.0 forbids, and those that turn the direction of writing become U+FFFD.
pub(crate) fn readable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            _ if c.is_whitespace() => ' ',
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => '\u{FFFD}',
            '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
            _ if c.is_control() => '\u{FFFD}',
            _ => c,
        })
        .collect()
}

/// Text for XML and HTML, as content or within a quoted attribute.
pub(crate) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in readable(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Lines of at most `width` cells, at most `most` of them; what does not fit ends in an ellipsis. Breaks at spaces where
/// there is one, and within words that are too long.
pub(super) fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in readable(text).split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if cells(&line) + gap + cells(word) > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if cells(&line) + cell(c) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while cells(last) >= width {
                last.pop();
            }
            last.push('…');
        }
    }
    lines
}

/// Width of a text on a terminal.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().map(cell).sum()
}

/// Width of a character: those of East Asian scripts and symbols beyond the basic plane take two cells.
fn cell(c: char) -> usize {
    if matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FF60}')
        || c > '\u{FFFF}'
    {
        2
    } else {
        1
    }
}
