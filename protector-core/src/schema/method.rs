//! What a driver in another language is asked, and what it answers; see [`crate::foreign`].

use super::document::{Document, Part, part};
use crate::foreign::wire::{Change, Context};
use schemars::JsonSchema;
use serde_json::{Value, json};

/// A method of a port.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    arguments: Document,
    answer: Document,
}

/// What goes with every change.
const CONTEXT: &[Part] = &[part::<Context>("context")];

/// A method without effect, which answers with an `A`.
pub(super) const fn look<A: JsonSchema>(name: &'static str, parts: &'static [Part]) -> Method {
    Method { name, arguments: Document::of_parts(name, &[], parts), answer: Document::read::<A>(name) }
}

/// A change, which leaves an `A`.
pub(super) const fn change<A: JsonSchema>(name: &'static str, parts: &'static [Part]) -> Method {
    Method { name, arguments: Document::of_parts(name, CONTEXT, parts), answer: Document::read::<Change<A>>(name) }
}

impl Method {
    /// Its arguments and its answer, as a method of `port`.
    pub fn documents(&self, port: &'static str) -> [Document; 2] {
        [self.arguments.role("arguments"), self.answer.role("answer")].map(|document| document.directory(port))
    }

    pub(super) fn entry(&self, port: &'static str) -> Value {
        let [arguments, answer] = self.documents(port);
        json!({ "arguments": arguments.file(), "answer": answer.file() })
    }
}
