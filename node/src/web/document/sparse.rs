//! Lists whose entries bring something along, or are asked for in part: beside each of these the document has one in which
//! any field may be absent.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayItems};
use utoipa::openapi::{Components, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::complete::owned;
use crate::web::embed::EMBED;
use crate::web::embedded::{EMBEDDED, Embedded};
use crate::web::fields::FIELDS;

/// What is added to a type's name.
const SUFFIX: &str = "InPart";
const PREFIX: &str = "#/components/schemas/";

/// Makes the answer of an operation with `fields` a whole list, or one in part.
pub(super) fn complete(operation: &mut Operation, components: &mut Components) {
    let takes = |name: &str| operation.parameters.iter().flatten().filter_map(owned).any(|it| it.name == name);
    let (embeds, sparse) = (takes(EMBED), takes(FIELDS));
    if !embeds && !sparse {
        return;
    }
    let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") else { return };
    for content in answer.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::Ref(list)) = &content.schema else { continue };
        let Some(name) = list.ref_location.strip_prefix(PREFIX).map(str::to_owned) else { continue };
        if embeds {
            bring_along(&name, components);
        }
        if !sparse || list_in_part(&name, components).is_none() {
            continue;
        }
        let either = AnyOfBuilder::new().item(list.clone()).item(reference(&format!("{name}{SUFFIX}")));
        content.schema = Some(RefOr::T(Schema::AnyOf(either.build())));
    }
}

/// The entry of a list.
fn entry_of(name: &str, components: &Components) -> Option<String> {
    let RefOr::T(Schema::Object(list)) = components.schemas.get(name)? else { return None };
    let RefOr::T(Schema::Array(items)) = list.properties.get("items")? else { return None };
    let ArrayItems::RefOrSchema(of) = &items.items else { return None };
    let RefOr::Ref(entry) = of.as_ref() else { return None };
    entry.ref_location.strip_prefix(PREFIX).map(str::to_owned)
}

/// Says of the entries of a list that they may bring something along.
fn bring_along(name: &str, components: &mut Components) {
    let entry = entry_of(name, components).and_then(|entry| components.schemas.get_mut(&entry));
    if let Some(RefOr::T(Schema::Object(entry))) = entry {
        entry.properties.insert(EMBEDDED.to_owned(), RefOr::Ref(reference(&Embedded::name())));
        let mut needed = vec![(Embedded::name().into_owned(), Embedded::schema())];
        Embedded::schemas(&mut needed);
        components.schemas.extend(needed);
    }
}

/// Adds the list in part, and its entry in part, to the components.
fn list_in_part(name: &str, components: &mut Components) -> Option<()> {
    let entry = entry_of(name, components)?;
    let RefOr::T(Schema::Object(list)) = components.schemas.get(name)? else { return None };
    let mut list = list.clone();
    let RefOr::T(Schema::Array(items)) = list.properties.get_mut("items")? else { return None };
    let ArrayItems::RefOrSchema(of) = &mut items.items else { return None };
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
