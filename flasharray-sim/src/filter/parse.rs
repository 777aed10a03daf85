//! Reading filters.

use super::{Condition, FieldPath, Order};

/// Conditions inside one another; more would be an attack on the stack.
const DEPTH: usize = 64;

/// Reads a whole filter.
pub(super) fn condition(text: &str) -> Result<Condition, String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let condition = reader.any()?;
    match reader.rest().chars().next() {
        None => Ok(condition),
        Some(_) => Err(reader.unexpected()),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// What is left, without blanks before it.
    fn rest(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn unexpected(&mut self) -> String {
        match self.rest().chars().next() {
            Some(found) => format!("unexpected '{found}' at character {}", self.position()),
            None => "it ends too early".to_owned(),
        }
    }

    fn position(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().chars().count() + 1
    }

    /// Takes a sign, if it is next.
    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes a word of the grammar, if it is next; `order` is not `or`.
    fn take_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest.get(word.len()..).unwrap_or_default().starts_with(is_field_character);
        if found {
            self.at += word.len();
        }
        found
    }

    fn any(&mut self) -> Result<Condition, String> {
        self.joined("or", Self::all, Condition::Any)
    }

    fn all(&mut self) -> Result<Condition, String> {
        self.joined("and", Self::one, Condition::All)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Condition, String>,
        join: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition, String> {
        let first = part(self)?;
        let mut more = Vec::new();
        while self.take_word(word) {
            more.push(part(self)?);
        }
        Ok(if more.is_empty() { first } else { join([vec![first], more].concat()) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.depth == DEPTH {
            return Err(format!("it is nested more than {DEPTH} times"));
        }
        self.depth += 1;
        let condition = if self.take_word("not") {
            self.one().map(|inner| Condition::Not(Box::new(inner)))
        } else if self.take("(") {
            self.any().and_then(|inner| self.expect(")").map(|()| inner))
        } else {
            self.test()
        };
        self.depth -= 1;
        condition
    }

    fn test(&mut self) -> Result<Condition, String> {
        let word = self.field_text();
        if self.rest().starts_with('(') {
            return self.call(word);
        }
        let field = self.path(word)?;
        let ordered = |order| move |field, value| Condition::Ordered { field, order, value };
        if self.take("!=") {
            return Ok(Condition::Equal { field, values: self.values()?, negated: true });
        }
        if self.take("<=") {
            return self.value().map(|value| ordered(Order::LessOrEqual)(field, value));
        }
        if self.take(">=") {
            return self.value().map(|value| ordered(Order::GreaterOrEqual)(field, value));
        }
        if self.take("<") {
            return self.value().map(|value| ordered(Order::Less)(field, value));
        }
        if self.take(">") {
            return self.value().map(|value| ordered(Order::Greater)(field, value));
        }
        if self.take("==") || self.take("=") {
            return Ok(Condition::Equal { field, values: self.values()?, negated: false });
        }
        Ok(Condition::Holds(field))
    }

    /// `contains(field, 'part')`, `exists(field)`, `tags('key', 'value')`.
    fn call(&mut self, name: &str) -> Result<Condition, String> {
        let function = name.to_ascii_lowercase();
        if !["contains", "exists", "tags"].contains(&function.as_str()) {
            return Err(if name.is_empty() { self.unexpected() } else { format!("there is no function '{name}'") });
        }
        self.expect("(")?;
        let condition = match function.as_str() {
            "exists" => Condition::Exists(self.field()?),
            "tags" => {
                let key = self.value()?;
                self.expect(",")?;
                Condition::Tagged { key, value: self.value()? }
            }
            _ => {
                let field = self.field()?;
                self.expect(",")?;
                Condition::Contains { field, part: self.value()? }
            }
        };
        self.expect(")")?;
        Ok(condition)
    }

    fn field(&mut self) -> Result<FieldPath, String> {
        let text = self.field_text();
        self.path(text)
    }

    fn field_text(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_field_character(c)).unwrap_or(rest.len());
        let (field, _) = rest.split_at_checked(end).unwrap_or_default();
        self.at += field.len();
        field
    }

    fn path(&mut self, text: &str) -> Result<FieldPath, String> {
        match FieldPath::parse(text) {
            Some(path) => Ok(path),
            None if text.is_empty() => Err(self.unexpected()),
            None => Err(format!("'{text}' is not a field")),
        }
    }

    /// One value, or several in parentheses; py-pure-client 1.96 writes two pairs of them.
    fn values(&mut self) -> Result<Vec<String>, String> {
        if !self.take("(") {
            return Ok(vec![self.value()?]);
        }
        let doubled = self.take("(");
        let mut values = vec![self.value()?];
        while self.take(",") {
            values.push(self.value()?);
        }
        if doubled {
            self.expect(")")?;
        }
        self.expect(")")?;
        Ok(values)
    }

    /// A text in quotes, or a number or word without.
    fn value(&mut self) -> Result<String, String> {
        let rest = self.rest();
        match rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "(),'\"=<>!".contains(c)).unwrap_or(rest.len());
                let (word, _) = rest.split_at_checked(end).unwrap_or_default();
                if word.is_empty() {
                    return Err(self.unexpected());
                }
                self.at += word.len();
                Ok(word.to_owned())
            }
        }
    }

    /// A backslash takes the next character as it is.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let begin = self.position();
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => value.extend(characters.next().map(|(_, next)| next)),
                _ if character == quote => {
                    self.at += at + quote.len_utf8();
                    return Ok(value);
                }
                _ => value.push(character),
            }
        }
        Err(format!("the text that begins at character {begin} does not end"))
    }
}

fn is_field_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']')
}
