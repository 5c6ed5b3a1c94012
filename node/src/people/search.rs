//! Searching for a person by any part of her name.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Refusal;
use utoipa::ToSchema;
use uuid::Uuid;

use super::index::{self, Entry};
use super::known;
use super::names::{self, Word};
use super::{Label, PersonId};
use crate::access::cases::{self, Listing, restriction};
use crate::error::Result;
use crate::store::Conn;
use crate::vault::Vault;

/// Words of a query; more are not looked at.
const WORDS: usize = 5;
/// Candidates that are unsealed for one page at most. Whoever typed little may get a page with fewer people than fit on
/// it, and a cursor.
const LOOKED_AT: usize = 400;
/// Candidates that are unsealed at once, at least.
const BATCH: usize = 40;
/// People in the cases of others that are counted; from there on it says that they are more.
const COUNTED: usize = 50;
/// Candidates for that count at once: enough for all of it where few of them are in the searcher's own cases.
const COUNTED_AT_ONCE: usize = 80;

/// What somebody types to find a person: in it, every word counts.
#[derive(Clone)]
pub struct Query(Vec<Word>);

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({} words)", self.0.len())
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// `too_short` for what has no letter. A word of one or two letters is a whole name (Bo, 李), never a beginning: as
    /// one it would name half of the people.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut words = names::typed(text);
        if words.is_empty() {
            return Err(Refusal::TooShort);
        }
        // The longest word leaves the fewest candidates.
        words.sort_by_key(|word| std::cmp::Reverse(word.latin.len()));
        words.truncate(WORDS);
        Ok(Self(words))
    }

    fn tokens(&self, vault: &Vault, sound: bool) -> Vec<Vec<i32>> {
        self.0.iter().map(|word| known::by_word(vault, word, sound)).collect()
    }

    /// How these words find somebody who is known so.
    fn finds(&self, entries: &[&Entry]) -> Option<FoundBy> {
        entries.iter().filter_map(|entry| self.finds_as(&entry.known.words())).min()
    }

    fn finds_as(&self, words: &[Word]) -> Option<FoundBy> {
        if self.0.iter().all(|typed| typed.begins(words)) {
            return Some(FoundBy::Spelling);
        }
        let heard = self.0.iter().all(|typed| typed.begins(words) || typed.sounds_like(words));
        heard.then_some(FoundBy::Sound)
    }
}

/// How a search found somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PersonFoundBy)]
pub enum FoundBy {
    /// Every word begins one of her names, in some script.
    Spelling,
    /// Some word only sounds like one of them.
    Sound,
}

/// Somebody who was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Who.
    pub person: PersonId,
    /// What staff call her.
    pub label: Label,
    /// How.
    pub by: FoundBy,
    /// Her data are kept, and nothing else is done with them (GDPR 18).
    pub restricted: bool,
}

/// Where a page of a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    by: FoundBy,
    after: Option<PersonId>,
}

impl SearchCursor {
    /// Reads what [`fmt::Display`] wrote; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (by, id) = text.split_at_checked(1)?;
        let by = match by {
            "n" => FoundBy::Spelling,
            "s" => FoundBy::Sound,
            _ => return None,
        };
        let after = if id.is_empty() { None } else { Some(PersonId(id.parse().ok()?)) };
        Some(Self { by, after })
    }
}

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.by {
            FoundBy::Spelling => "n",
            FoundBy::Sound => "s",
        })?;
        self.after.map_or(Ok(()), |after| write!(f, "{}", after.0.as_simple()))
    }
}

/// A page of what a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Who is on it: by spelling first, then by sound.
    pub items: Vec<Hit>,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchCursor>,
    /// On the first page, how many people outside the searcher's sight fit, and whether they are more than that.
    pub others: Option<(usize, bool)>,
}

/// Searches among the people whom `of` covers. Whoever shows it calls [`note_found`](super::note_found).
pub fn search(
    conn: &mut Conn,
    vault: &Vault,
    query: &Query,
    of: Listing,
    from: Option<SearchCursor>,
    limit: usize,
) -> Result<Found> {
    let mut found = Found::default();
    let mut looked = 0;
    let mut spelt = BTreeSet::new();
    let mut place = from.unwrap_or(SearchCursor { by: FoundBy::Spelling, after: None });
    loop {
        let wanted = (limit + 1 - found.items.len()).max(BATCH);
        let tokens = query.tokens(vault, place.by == FoundBy::Sound);
        let people = index::candidates(conn, &tokens, place.after, of, wanted)?;
        looked += people.len();
        let (last, count) = (people.last().copied(), people.len());
        // Whoever was found by spelling is a candidate by sound too.
        let people: Vec<PersonId> = people.into_iter().filter(|person| !spelt.contains(person)).collect();
        for (person, entries) in by_person(&index::of(conn, vault, &people)?) {
            if query.finds(&entries) == Some(place.by) {
                if place.by == FoundBy::Spelling {
                    spelt.insert(person);
                }
                let label = entries[0].known.label.clone();
                found.items.push(Hit { person, label, by: place.by, restricted: false });
            }
        }
        if found.items.len() > limit {
            found.items.truncate(limit);
            found.next = found.items.last().map(|hit| SearchCursor { by: hit.by, after: Some(hit.person) });
            break;
        }
        match (last, place.by) {
            (Some(last), by) if count == wanted => place = SearchCursor { by, after: Some(last) },
            (_, FoundBy::Spelling) => place = SearchCursor { by: FoundBy::Sound, after: None },
            (_, FoundBy::Sound) => break,
        }
        if looked >= LOOKED_AT {
            found.next = Some(place);
            break;
        }
    }
    // She can be found, so that the restriction can be lifted, and it is said of her.
    let kept = restriction::among(conn, &found.items.iter().map(|hit| hit.person.0).collect())?;
    for hit in &mut found.items {
        hit.restricted = kept.contains(&hit.person.0);
    }
    if let (Listing::Of(staff), None) = (of, from) {
        found.others = Some(others(conn, vault, query, staff)?);
    }
    Ok(found)
}

/// How many people outside the cases of `staff` fit. Nothing else of them is told; that there are some is, since somebody
/// who was taken up at another desk would else be taken up twice. Whoever asked, and what number she was told, stands in
/// the journal ([`note_found`](super::note_found)).
fn others(conn: &mut Conn, vault: &Vault, query: &Query, staff: Uuid) -> Result<(usize, bool)> {
    let mut count = 0;
    let mut after = None;
    let tokens = query.tokens(vault, true);
    for _ in 0..LOOKED_AT / COUNTED_AT_ONCE {
        let some = index::candidates(conn, &tokens, after, Listing::All, COUNTED_AT_ONCE)?;
        after = some.last().copied();
        let ids: Vec<Uuid> = some.iter().map(|person| person.0).collect();
        let own: BTreeSet<Uuid> = cases::cases_among(conn, staff, &ids)?.into_iter().collect();
        let others: Vec<PersonId> = some.into_iter().filter(|person| !own.contains(&person.0)).collect();
        let entries = index::of(conn, vault, &others)?;
        let found = by_person(&entries).filter(|(_, entries)| query.finds(entries).is_some());
        count += found.take(COUNTED + 1 - count).count();
        if count > COUNTED {
            return Ok((COUNTED, true));
        }
        if ids.len() < COUNTED_AT_ONCE {
            return Ok((count, false));
        }
    }
    Ok((count, true))
}

/// Entries of one person together; her own record first.
pub(super) fn by_person(entries: &[Entry]) -> impl Iterator<Item = (PersonId, Vec<&Entry>)> {
    entries.chunk_by(|one, other| one.person == other.person).map(|of| (of[0].person, of.iter().collect()))
}
