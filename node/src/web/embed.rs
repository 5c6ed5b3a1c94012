//! `embed`: what belongs to the entries of a long list and is kept elsewhere comes in the same answer.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

use crate::error::{Error, Result};

/// The parameter's name.
const EMBED: &str = "embed";

/// What a list can bring along.
pub trait Embeds {
    /// The names by which it is asked for.
    const NAMES: &'static [&'static str];
    /// What each brings, for the document.
    const WHAT: &'static str;
}

/// What is wanted of that; without the parameter nothing. Other names: 422 `not_in_list`.
///
/// A handler that takes it names it among its `params`, and asks for what it brings as if it were read by itself: for the
/// act, and for the entry in the journal.
pub struct Embed<T> {
    wanted: Vec<&'static str>,
    of: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Embed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Embed").field(&self.wanted).finish()
    }
}

impl<T: Embeds> Embed<T> {
    /// Whether this is wanted.
    pub fn has(&self, name: &str) -> bool {
        self.wanted.contains(&name)
    }

    fn read(query: &str) -> Result<Self> {
        let values = super::path::pairs(query).filter(|(name, _)| name == EMBED).map(|(_, value)| value);
        let asked = values.flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>());
        let (mut wanted, mut found) = (Vec::new(), Vec::new());
        for (index, name) in asked.enumerate().take(T::NAMES.len() + 1) {
            let refuse = |refusal: Refusal| refusal.at(format!("/embed/{index}"));
            match T::NAMES.iter().find(|known| **known == name) {
                None => found.push(refuse(Refusal::NotInList)),
                Some(known) if wanted.contains(known) => found.push(refuse(Refusal::Repeated)),
                Some(known) => wanted.push(*known),
            }
        }
        if found.is_empty() { Ok(Self { wanted, of: PhantomData }) } else { Err(Problem::invalid(found).into()) }
    }
}

impl<T: Embeds> FromRequest for Embed<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request.query_string()))
    }
}

impl<T: Embeds> IntoParams for Embed<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(T::NAMES.iter().copied())).build();
        let list =
            ArrayBuilder::new().items(name).min_items(Some(1)).max_items(Some(T::NAMES.len())).unique_items(true);
        let parameter = ParameterBuilder::new().name(EMBED).parameter_in(ParameterIn::Query).required(Required::False);
        let parameter = parameter.style(Some(ParameterStyle::Form)).explode(Some(true)).schema(Some(list.build()));
        vec![parameter.description(Some(T::WHAT)).build()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Both;

    impl Embeds for Both {
        const NAMES: &'static [&'static str] = &["person", "office"];
        const WHAT: &'static str = "Either.";
    }

    #[test]
    fn what_is_asked_for_is_known_and_another_name_is_told_by_its_place() {
        let read = |query: &str| Embed::<Both>::read(query);
        assert!(!read("limit=3").unwrap().has("person"));
        for query in ["embed=office,person", "embed=person&embed=office", "limit=1&embed=person%2Coffice"] {
            let wanted = read(query).unwrap();
            assert!(wanted.has("person") && wanted.has("office"), "{query}");
        }
        let refused = |query: &str| {
            let errors = read(query).unwrap_err().problem().errors;
            errors.into_iter().map(|error| format!("{} {}", error.field, error.code)).collect::<Vec<_>>()
        };
        assert_eq!(refused("embed="), ["/embed/0 not_in_list"]);
        assert_eq!(refused("embed=person,card"), ["/embed/1 not_in_list"]);
        assert_eq!(refused("embed=person&embed=person"), ["/embed/1 repeated"]);
    }
}
