//! Schemas that OpenAPI 3.0 reads as 3.1 does: there, whatever stands beside a `$ref` is ignored. And none is null, and
//! instants have the one form that is taken.

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, KnownFormat, SchemaFormat};
use utoipa::openapi::{AllOfBuilder, Components, RefOr, Schema};

/// An instant: RFC 3339 in UTC with `Z`, and no leap second.
const INSTANT: &str =
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z$";

/// Gives every reference that has words of its own a place for them.
pub(super) fn separate_references(components: &mut Components) {
    components.schemas.values_mut().for_each(separate);
}

fn separate(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(schema) => inside(schema),
        RefOr::Ref(reference) => {
            let words = std::mem::take(&mut reference.description);
            let default = reference.default.take().filter(|value| !value.is_null());
            if !words.is_empty() || default.is_some() {
                let words = Some(words).filter(|words| !words.is_empty());
                let all = AllOfBuilder::new().item(reference.clone()).description(words).default(default).build();
                *schema = RefOr::T(Schema::AllOf(all));
            }
        }
    }
}

fn inside(schema: &mut Schema) {
    let (default, items) = match schema {
        Schema::Object(object) => {
            if object.format == Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) {
                object.pattern.get_or_insert_with(|| INSTANT.to_owned());
            }
            object.properties.values_mut().for_each(separate);
            if let Some(AdditionalProperties::RefOr(schema)) = object.additional_properties.as_deref_mut() {
                separate(schema);
            }
            (&mut object.default, None)
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                separate(items);
            }
            (&mut array.default, None)
        }
        Schema::OneOf(one) => (&mut one.default, Some(&mut one.items)),
        Schema::AllOf(all) => (&mut all.default, Some(&mut all.items)),
        Schema::AnyOf(any) => (&mut any.default, Some(&mut any.items)),
        _ => return,
    };
    // A struct that is read with defaults has `null` for each field that may be absent: nothing here is ever null.
    *default = default.take().filter(|value| !value.is_null());
    items.into_iter().flatten().for_each(separate);
}
