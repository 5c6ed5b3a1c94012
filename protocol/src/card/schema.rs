//! Small builders over utoipa for what its derive cannot say.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// A required string property `kind` with one value, set in the schema of a closed object.
pub(crate) fn with_kind(schema: RefOr<Schema>, kind: &'static str) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([kind]));
            object.properties.insert("kind".to_owned(), word.into());
            if !object.required.iter().any(|name| name == "kind") {
                object.required.push("kind".to_owned());
            }
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

/// A string that is one of these values.
pub(crate) fn one_of_words(words: impl Iterator<Item = &'static str>, about: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.collect::<Vec<_>>()))
        .description(Some(about))
        .into()
}
