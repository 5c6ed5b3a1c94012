//! `embed`: what belongs to the entries of a long list and is kept elsewhere comes in the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;
use staffetta_protocol::card::{Refusal, Text};
use staffetta_protocol::problem::{Code, Problem};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use uuid::Uuid;

use super::embedded::{EMBEDDED, Embedded, EmbeddedColleague, EmbeddedPerson, Whose};
use crate::access::acts::ReadPeople;
use crate::access::cases::{Listing, restriction};
use crate::access::{self, Act, Acting, Allowed};
use crate::error::{Error, Result};
use crate::journal::Actor;
use crate::store::Tx;
use crate::vault::Vault;

/// The parameter's name.
pub(super) const EMBED: &str = "embed";
/// What staff call the person of an entry, and whether her data are restricted.
const PERSON: &str = "person";
/// What colleagues call whoever leads the case.
const LEAD: &str = "lead";
/// What was said last in a referral.
const LAST_EVENT: &str = "last_event";

/// What a list can bring along.
pub trait Embeds {
    /// The names by which it is asked for.
    const NAMES: &'static [&'static str];
    /// What each brings, for the document.
    const WHAT: &'static str;
}

/// A list of what belongs to people.
#[derive(Debug)]
pub struct WithPerson;

impl Embeds for WithPerson {
    const NAMES: &'static [&'static str] = &[PERSON];
    const WHAT: &'static str = "`person`: what staff call the person of each entry, of those whose case is one of the \
                                caller's, and whether her data are restricted. For whoever may read people; each finds \
                                it in her journal.";
}

/// A list of cases.
#[derive(Debug)]
pub struct WithPersonAndLead;

impl Embeds for WithPersonAndLead {
    const NAMES: &'static [&'static str] = &[PERSON, LEAD];
    const WHAT: &'static str = "`person`: what staff call the person of each entry, of those whose case is one of the \
                                caller's, and whether her data are restricted. For whoever may read people; each finds \
                                it in her journal. `lead`: what colleagues call whoever leads.";
}

/// A list of referrals.
#[derive(Debug)]
pub struct WithPersonAndLastEvent;

impl Embeds for WithPersonAndLastEvent {
    const NAMES: &'static [&'static str] = &[PERSON, LAST_EVENT];
    const WHAT: &'static str = "`person`: what staff call the person of each entry, of those whose case is one of the \
                                caller's, and whether her data are restricted. For whoever may read people; each finds \
                                it in her journal. `last_event`: which message of the thread came last, whose it was \
                                and when; not what it says.";
}

/// What staff call people, asked of the room above that knows it: of those whom the listing covers, each with her entry in
/// the journal.
#[derive(Debug, Clone, Copy)]
pub struct Names(pub fn(&mut Tx<'_>, &Vault, &Actor, Listing, &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Text<120>>>);

/// What is wanted of that; without the parameter nothing. Other names: 422 `not_in_list`.
///
/// A handler that takes it names it among its `params`; the document then says that an entry may have `embedded`. What it
/// brings is asked for as if it were read by itself: for the act, and for the entry in the journal.
pub struct Embed<T> {
    wanted: Vec<&'static str>,
    means: Option<(Names, Vault)>,
    of: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Embed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Embed").field(&self.wanted).finish()
    }
}

impl<T: Embeds> Embed<T> {
    /// For whoever lists, in the middle of her act.
    ///
    /// # Errors
    /// `not_entitled` where a person is to be brought along for somebody who does not read people.
    pub fn by<A: Act>(self, staff: &Allowed<A>) -> Result<Bringing> {
        let reads = ReadPeople::ROLES.contains(&staff.role) && staff.pass().holds(ReadPeople::NAME);
        if self.wanted.contains(&PERSON) && !reads {
            return Err(Problem::new(Code::NotEntitled).detail("embed=person needs people.read.").into());
        }
        Ok(Bringing { wanted: self.wanted, means: self.means, staff: staff.staff() })
    }
}

/// Which of these names are wanted.
fn read(query: &str, known: &[&'static str]) -> Result<Vec<&'static str>> {
    let values = super::path::pairs(query).filter(|(name, _)| name == EMBED).map(|(_, value)| value);
    let asked = values.flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>());
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    for (index, name) in asked.enumerate().take(known.len() + 1) {
        let refuse = |refusal: Refusal| refusal.at(format!("/embed/{index}"));
        match known.iter().find(|known| **known == name) {
            None => found.push(refuse(Refusal::NotInList)),
            Some(known) if wanted.contains(known) => found.push(refuse(Refusal::Repeated)),
            Some(known) => wanted.push(*known),
        }
    }
    if found.is_empty() { Ok(wanted) } else { Err(Problem::invalid(found).into()) }
}

impl<T: Embeds> FromRequest for Embed<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let means = request.app_data::<Data<Names>>().zip(request.app_data::<Data<Vault>>());
        let means = means.map(|(names, vault)| (***names, vault.get_ref().clone()));
        ready(read(request.query_string(), T::NAMES).map(|wanted| Self { wanted, means, of: PhantomData }))
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

/// What is brought along for somebody, to be moved into her transaction.
#[derive(Clone)]
pub struct Bringing {
    wanted: Vec<&'static str>,
    means: Option<(Names, Vault)>,
    staff: Acting,
}

impl std::fmt::Debug for Bringing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Bringing").field(&self.wanted).finish()
    }
}

impl Bringing {
    /// Looks up what belongs to these entries, in their order. Of a person outside her cases it brings nothing.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn bring(&self, tx: &mut Tx<'_>, whose: impl IntoIterator<Item = Whose>) -> Result<Brought> {
        let whose: Vec<Whose> = whose.into_iter().collect();
        let wants = |name: &str| self.wanted.contains(&name);
        let (mut people, mut restricted, mut colleagues) = Default::default();
        if wants(PERSON) {
            let (names, vault) =
                self.means.as_ref().ok_or_else(|| Error::internal("nobody tells what people are called"))?;
            let ids = whose.iter().filter_map(|it| it.person).collect();
            let of = Listing::of(self.staff.id, self.staff.role);
            people = (names.0)(tx, vault, &self.staff.actor(), of, &ids)?;
            restricted = restriction::among(tx.conn(), &ids)?;
        }
        if wants(LEAD) {
            colleagues = access::labels_of(tx.conn(), whose.iter().filter_map(|it| it.lead))?;
        }
        let entry = |it: Whose| Embedded {
            person: it.person.and_then(|id| {
                let label = people.get(&id)?.clone();
                Some(EmbeddedPerson { label, restricted: restricted.contains(&id) })
            }),
            lead: it.lead.and_then(|id| Some(EmbeddedColleague { label: colleagues.get(&id)?.clone() })),
            last_event: it.last_event.filter(|_| wants(LAST_EVENT)),
        };
        let wanted = !self.wanted.is_empty();
        Ok(Brought(if wanted { whose.into_iter().map(entry).collect() } else { Vec::new() }))
    }
}

/// What was brought along, entry by entry.
#[derive(Debug, Default)]
pub struct Brought(Vec<Embedded>);

impl Brought {
    /// Puts it into a list as it is answered. `fields` has no part in it: it was asked for by itself.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(self, mut list: Value) -> Result<Value> {
        let items = list.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
        for (item, embedded) in items.filter_map(Value::as_object_mut).zip(self.0) {
            item.insert(EMBEDDED.to_owned(), serde_json::to_value(embedded).map_err(Error::internal)?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_asked_for_is_known_and_another_name_is_told_by_its_place() {
        let wanted = |query: &str| read(query, WithPersonAndLead::NAMES);
        assert_eq!(wanted("limit=3").unwrap(), [""; 0]);
        for query in ["embed=person,lead", "embed=person&embed=lead", "limit=1&embed=person%2Clead"] {
            assert_eq!(wanted(query).unwrap(), ["person", "lead"], "{query}");
        }
        let refused = |query: &str| {
            let errors = wanted(query).unwrap_err().problem().errors;
            errors.into_iter().map(|error| format!("{} {}", error.field, error.code)).collect::<Vec<_>>()
        };
        assert_eq!(refused("embed="), ["/embed/0 not_in_list"]);
        assert_eq!(refused("embed=person,card"), ["/embed/1 not_in_list"]);
        assert_eq!(refused("embed=last_event"), ["/embed/0 not_in_list"], "of another list");
        assert_eq!(refused("embed=person&embed=person"), ["/embed/1 repeated"]);
    }

    #[test]
    fn it_stands_beside_the_fields_in_the_order_of_the_entries() {
        let list = || json!({"items": [{"id": 1}, {"id": 2}], "next_cursor": "x"});
        assert_eq!(Brought::default().put(list()).unwrap(), list(), "where nothing was asked for nothing is added");
        let label = Text::new("Mariam").unwrap();
        let hers = Embedded { person: Some(EmbeddedPerson { label, restricted: true }), ..Embedded::default() };
        let list = Brought(vec![Embedded::default(), hers]).put(list()).unwrap();
        let person = json!({"person": {"label": "Mariam", "restricted": true}});
        let items = json!([{"id": 1, "embedded": {}}, {"id": 2, "embedded": person}]);
        assert_eq!(list, json!({"items": items, "next_cursor": "x"}));
    }
}
