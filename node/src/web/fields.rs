//! `fields`: of each entry of a long list only what is asked for.

use std::collections::BTreeSet;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result};

/// The parameter's name.
pub(super) const FIELDS: &str = "fields";

/// Which top-level fields of the entries, of type `T`, are wanted; without the parameter all of them. The names are those
/// of `T` in the document, and no others: 422 `not_in_list`. One parameter for each, or one with commas: programs differ.
///
/// A handler that takes it names it among its `params`; the document then says that every field may be absent.
pub struct Fields<T> {
    wanted: Option<BTreeSet<String>>,
    of: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Fields<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fields").field(&self.wanted).finish()
    }
}

impl<T: ToSchema> Fields<T> {
    fn read(query: &str) -> Result<Self> {
        let values = super::path::pairs(query).filter(|(name, _)| name == FIELDS).map(|(_, value)| value);
        let asked: Vec<String> =
            values.flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
        if asked.is_empty() {
            return Ok(Self { wanted: None, of: PhantomData });
        }
        let (known, mut found, mut wanted) = (names::<T>(), Vec::new(), BTreeSet::new());
        for (index, name) in asked.into_iter().enumerate().take(known.len() + 1) {
            let refuse = |refusal: Refusal| refusal.at(format!("/fields/{index}"));
            if !known.contains(&name) {
                found.push(refuse(Refusal::NotInList));
            } else if !wanted.insert(name) {
                found.push(refuse(Refusal::Repeated));
            }
        }
        if found.is_empty() {
            Ok(Self { wanted: Some(wanted), of: PhantomData })
        } else {
            Err(Problem::invalid(found).into())
        }
    }

    /// A list as it is answered: an object with `items`, of each of which only the wanted fields stay.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn of(&self, list: impl Serialize) -> Result<Value> {
        let mut list = serde_json::to_value(list).map_err(Error::internal)?;
        if let (Some(wanted), Some(items)) = (&self.wanted, list.get_mut("items").and_then(Value::as_array_mut)) {
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.retain(|name, _| wanted.contains(name));
            }
        }
        Ok(list)
    }
}

/// The top-level fields of a type, as the document has them.
fn names<T: ToSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

impl<T: ToSchema> FromRequest for Fields<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request.query_string()))
    }
}

impl<T: ToSchema> IntoParams for Fields<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let known = names::<T>();
        let most = known.len();
        let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(known)).build();
        let list = ArrayBuilder::new().items(name).min_items(Some(1)).max_items(Some(most)).unique_items(true);
        let parameter = ParameterBuilder::new().name(FIELDS).parameter_in(ParameterIn::Query).required(Required::False);
        let parameter = parameter.style(Some(ParameterStyle::Form)).explode(Some(true)).schema(Some(list.build()));
        vec![parameter.description(Some("Only these fields of each entry; all if absent.")).build()]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize, ToSchema)]
    struct Entry {
        id: u8,
        label: String,
    }

    fn refused(query: &str) -> Vec<(String, String)> {
        let errors = Fields::<Entry>::read(query).unwrap_err().problem().errors;
        errors.into_iter().map(|error| (error.field, error.code)).collect()
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_of_the_list_too() {
        let list = || json!({"items": [Entry { id: 1, label: "a".into() }], "next_cursor": "x"});
        for (query, item) in [
            ("limit=3", json!({"id": 1, "label": "a"})),
            ("fields=id", json!({"id": 1})),
            ("fields=label,id", json!({"id": 1, "label": "a"})),
            ("fields=id&fields=label", json!({"id": 1, "label": "a"})),
            ("fields=id%2Clabel", json!({"id": 1, "label": "a"})),
        ] {
            let answered = Fields::<Entry>::read(query).unwrap().of(list()).unwrap();
            assert_eq!(answered, json!({"items": [item], "next_cursor": "x"}), "{query}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_told_by_its_place() {
        let at = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(refused("fields="), [at("/fields/0", "not_in_list")]);
        assert_eq!(refused("fields=id,secret"), [at("/fields/1", "not_in_list")]);
        assert_eq!(refused("fields=id,id"), [at("/fields/1", "repeated")]);
        assert_eq!(refused("fields=id&fields=id"), [at("/fields/1", "repeated")]);
    }
}
