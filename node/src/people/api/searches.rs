//! Searching, at the desk. What is looked for stands in a body: an address is written to logs.

use actix_web::post;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, Refusal, Text};
use staffetta_protocol::problem::Problem;
use utoipa::ToSchema;

use crate::access::Allowed;
use crate::access::acts::ReadPeople;
use crate::access::cases::Listing;
use crate::error::Result;
use crate::people::{Found, FoundBy, Hit, Label, Page, PersonId, Query, SearchCursor};
use crate::routes::Routes;
use crate::store::{Conn, Store, Tx};
use crate::vault::Vault;
use crate::web::{Input, Json};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(search_people);
}

/// Whom to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PersonSearch {
    /// Beginnings of her names, in whatever order, script and spelling: of three letters at least, or a whole name that
    /// has fewer. Every word counts, five at most.
    query: Text<120>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[schema(nullable = false)]
    cursor: Option<Text<64>>,
    /// People on a page; 50 if absent.
    #[serde(default)]
    #[schema(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

impl Check for PersonSearch {}

/// Somebody who was found.
#[derive(Serialize, ToSchema)]
struct FoundPerson {
    /// Her id at this node.
    id: PersonId,
    /// How staff call her.
    label: Label,
    /// How she was found.
    found_by: FoundBy,
    /// Her data are kept, and nothing else may be done with them (GDPR 18): only her rights are worked on.
    restricted: bool,
}

/// People outside the searcher's cases who would have been found.
#[derive(Serialize, ToSchema)]
struct OtherPeople {
    /// How many.
    count: usize,
    /// Whether they are more than that.
    more: bool,
}

/// A page of what a search found.
#[derive(Serialize, ToSchema)]
struct FoundPeople {
    /// Who was found: those whose names begin so before those who only sound so. A page may have fewer people than were
    /// asked for, and still a next one.
    #[schema(max_items = 200)]
    items: Vec<FoundPerson>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// On the first page, people in the cases of others: ask a colleague. Absent for whoever sees all in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    in_cases_of_others: Option<OtherPeople>,
}

impl From<Found> for FoundPeople {
    fn from(Found { items, next, others }: Found) -> Self {
        let shown =
            |hit: Hit| FoundPerson { id: hit.person, label: hit.label, found_by: hit.by, restricted: hit.restricted };
        Self {
            items: items.into_iter().map(shown).collect(),
            next_cursor: next.map(|cursor| cursor.to_string()),
            in_cases_of_others: others.map(|(count, more)| OtherPeople { count, more }),
        }
    }
}

/// Searches people by any part of their names.
///
/// Names are compared without accents, case, hyphens and apostrophes, as they are written and transliterated to Latin
/// letters. Found are people in whose cases the searcher works. Each of them finds it in her journal; what was looked
/// for is written down nowhere.
#[utoipa::path(tag = "people", request_body = PersonSearch,
    responses((status = 200, description = "A page of people.", body = FoundPeople)))]
#[post("/people/searches")]
async fn search_people(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Input(wanted): Input<PersonSearch>,
) -> Result<Json<FoundPeople>> {
    let wrong = |refusal: Refusal, at: &str| Problem::invalid(vec![refusal.at(at)]);
    let query = Query::parse(wanted.query.as_str()).map_err(|refusal| wrong(refusal, "/query"))?;
    let cursor = wanted
        .cursor
        .map(|text| SearchCursor::parse(text.as_str()))
        .map_or(Ok(None), |cursor| cursor.map(Some).ok_or_else(|| wrong(Refusal::WrongShape, "/cursor")))?;
    let limit = wanted.limit.unwrap_or(Page::USUAL);
    if !(1..=Page::LARGEST).contains(&limit) {
        return Err(wrong(Refusal::OutOfRange, "/limit").into());
    }
    let (actor, of) = (staff.actor(), Listing::of(staff.id, staff.role));
    let look = move |conn: &mut Conn| crate::people::search(conn, &vault, &query, of, cursor, limit as usize);
    let found = store.read(look).await?;
    // Nobody is shown before it stands in her journal.
    let noted = move |tx: &mut Tx<'_>| crate::people::note_found(tx, &actor, of, &found).map(|()| found);
    Ok(Json::ok(store.write(noted).await?.into()))
}
