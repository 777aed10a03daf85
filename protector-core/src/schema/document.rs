//! One schema: of a type, or of the arguments of a driver's method.

use super::SCHEMA_VERSION;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// A document, and the way to its schema.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    directory: Option<&'static str>,
    name: &'static str,
    role: Option<&'static str>,
    direction: Direction,
    body: Body,
}

/// Which side writes a document. What may be left out, and what may be added, differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// Read by the library: what has a default may be absent, and what is unknown is refused where the type says so.
    Read,
    /// Written by the library: every field is there, and later versions may write more.
    Written,
}

#[derive(Debug, Clone, Copy)]
enum Body {
    Type(fn(SchemaGenerator) -> Schema),
    Parts(&'static [Part], &'static [Part]),
}

/// An argument by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    name: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The argument `name`, which is a `T`.
pub(super) const fn part<T: JsonSchema>(name: &'static str) -> Part {
    Part { name, schema: SchemaGenerator::subschema_for::<T> }
}

impl Document {
    /// A `T` that the library reads.
    pub(super) const fn read<T: JsonSchema>(name: &'static str) -> Self {
        let body = Body::Type(SchemaGenerator::into_root_schema_for::<T>);
        Self { directory: None, name, role: None, direction: Direction::Read, body }
    }

    /// A `T` that the library writes.
    pub(super) const fn written<T: JsonSchema>(name: &'static str) -> Self {
        Self { direction: Direction::Written, ..Self::read::<T>(name) }
    }

    /// An object that the library writes, of these parts and those of all its kind.
    pub(super) const fn of_parts(name: &'static str, common: &'static [Part], parts: &'static [Part]) -> Self {
        let body = Body::Parts(common, parts);
        Self { directory: None, name, role: None, direction: Direction::Written, body }
    }

    /// What it is to the call that it is named after: `request`, `arguments`.
    pub(super) const fn role(self, role: &'static str) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The directory that its file is in.
    pub(super) const fn directory(self, directory: &'static str) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// Its file below `include/schema/`.
    pub fn file(&self) -> String {
        format!("{}.json", self.title())
    }

    fn title(&self) -> String {
        let directory = self.directory.map(|directory| format!("{directory}/")).unwrap_or_default();
        let role = self.role.map(|role| format!(".{role}")).unwrap_or_default();
        format!("{directory}{}{role}", self.name)
    }

    /// Its schema, draft 2020-12, with all that it needs. It says by itself what it is and of which version.
    pub fn schema(&self) -> Value {
        let generator = self.direction.generator();
        let mut schema = match self.body {
            Body::Type(root) => root(generator),
            Body::Parts(common, parts) => object(generator, common.iter().chain(parts)),
        };
        schema.insert("$id".to_owned(), self.file().into());
        schema.insert("title".to_owned(), self.title().into());
        schema.insert("x-schema-version".to_owned(), SCHEMA_VERSION.into());
        if schema.get("description").is_none() {
            schema.insert("description".to_owned(), self.description(&schema).into());
        }
        schema.to_value()
    }

    /// Of what is no type of its own.
    fn description(&self, schema: &Schema) -> String {
        let (each, one) = (described(schema, "/items/$ref"), described(schema, "/anyOf/0/$ref"));
        match (self.body, each, one) {
            (Body::Parts(..), _, _) => format!("Arguments of the method `{}`.", self.name),
            (_, Some(each), _) => format!("A list. Each entry: {each}"),
            (_, _, Some(one)) => format!("`null` if there is none. {one}"),
            _ => format!("Answer of the method `{}`.", self.name),
        }
    }
}

impl Direction {
    fn generator(self) -> SchemaGenerator {
        let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(Prose));
        match self {
            Self::Read => settings.for_deserialize(),
            Self::Written => settings.for_serialize().with_transform(RecursiveTransform(MayGrow)),
        }
        .into_generator()
    }
}

/// Descriptions are read outside of this code: its links become words, its line breaks spaces.
#[derive(Debug, Clone)]
struct Prose;

impl Transform for Prose {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            let paragraphs: Vec<String> = text.split("\n\n").map(|lines| lines.replace('\n', " ")).collect();
            *text = paragraphs.join("\n\n").replace("[`", "`").replace("`]", "`");
        }
    }
}

/// A schema of what the library writes leaves objects open, also those that are strict where they are read.
#[derive(Debug, Clone)]
struct MayGrow;

impl Transform for MayGrow {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            schema.remove("additionalProperties");
        }
    }
}

/// An object that has all of these.
fn object<'a>(mut generator: SchemaGenerator, parts: impl Iterator<Item = &'a Part>) -> Schema {
    let properties: Map<String, Value> =
        parts.map(|part| (part.name.to_owned(), (part.schema)(&mut generator).to_value())).collect();
    let names: Vec<&String> = properties.keys().collect();
    let mut schema = json_schema!({
        "$schema": generator.settings().meta_schema,
        "type": "object",
        "required": names,
        "properties": properties,
    });
    let definitions = generator.take_definitions(false);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), definitions.into());
    }
    for transform in generator.transforms_mut() {
        transform.transform(&mut schema);
    }
    schema
}

/// The description of what the reference at `pointer` leads to.
fn described<'a>(schema: &'a Schema, pointer: &str) -> Option<&'a str> {
    let name = schema.pointer(pointer)?.as_str()?.strip_prefix("#/$defs/")?;
    schema.get("$defs")?.get(name)?.get("description")?.as_str()
}
