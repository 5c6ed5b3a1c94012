//! Lists whose entries are asked for in part: beside each such list the document has one in which any field may be absent.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayItems};
use utoipa::openapi::{Components, RefOr, Schema};

use super::complete::owned;
use crate::web::fields::FIELDS;

/// What is added to a type's name.
const SUFFIX: &str = "InPart";
const PREFIX: &str = "#/components/schemas/";

/// Makes the answer of an operation with `fields` a whole list, or one in part.
pub(super) fn complete(operation: &mut Operation, components: &mut Components) {
    if !operation.parameters.iter().flatten().filter_map(owned).any(|parameter| parameter.name == FIELDS) {
        return;
    }
    let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") else { return };
    for content in answer.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::Ref(list)) = &content.schema else { continue };
        let Some(name) = list.ref_location.strip_prefix(PREFIX).map(str::to_owned) else { continue };
        if list_in_part(&name, components).is_none() {
            continue;
        }
        let either = AnyOfBuilder::new().item(list.clone()).item(reference(&format!("{name}{SUFFIX}")));
        content.schema = Some(RefOr::T(Schema::AnyOf(either.build())));
    }
}

/// Adds the list in part, and its entry in part, to the components.
fn list_in_part(name: &str, components: &mut Components) -> Option<()> {
    let RefOr::T(Schema::Object(list)) = components.schemas.get(name)? else { return None };
    let mut list = list.clone();
    let RefOr::T(Schema::Array(items)) = list.properties.get_mut("items")? else { return None };
    let ArrayItems::RefOrSchema(of) = &mut items.items else { return None };
    let RefOr::Ref(entry) = of.as_ref() else { return None };
    let entry = entry.ref_location.strip_prefix(PREFIX)?.to_owned();
    let RefOr::T(Schema::Object(whole)) = components.schemas.get(&entry)? else { return None };
    let mut part = whole.clone();
    part.required.clear();
    **of = RefOr::Ref(reference(&format!("{entry}{SUFFIX}")));
    components.schemas.insert(format!("{entry}{SUFFIX}"), RefOr::T(Schema::Object(part)));
    components.schemas.insert(format!("{name}{SUFFIX}"), RefOr::T(Schema::Object(list)));
    Some(())
}

fn reference(name: &str) -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name(name)
}
