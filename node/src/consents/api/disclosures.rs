//! The desk's API for what left about a person.

use std::collections::BTreeSet;

use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{FIELDS, Refusal};
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Allowed;
use crate::access::acts::ReadDisclosures;
use crate::consents;
use crate::error::Result;
use crate::grants::{Destination, Disclosure, DisclosurePosition, Told};
use crate::outbox::{self, Transport};
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::{Fields, Json, Page, PageParams, Path, Query};

/// How many disclosures a page holds, unless said otherwise.
const PAGE: u32 = 100;
/// And how many at most.
const MOST: u32 = 200;

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_disclosures).service(list_recipients);
}

/// The sections of the card in which the fields of these groups stand.
fn sections(groups: &BTreeSet<Group>) -> BTreeSet<String> {
    FIELDS
        .iter()
        .filter(|field| field.group.is_some_and(|group| groups.contains(&group)))
        .map(|field| format!("{:?}", field.section))
        .collect()
}

/// Instant and message of a page's last entry, as one word: `next_cursor`.
fn cursor(of: &Disclosure) -> String {
    format!("{}.{}", of.at.timestamp_micros(), of.message.0.simple())
}

fn position(cursor: &str) -> Option<DisclosurePosition> {
    let (micros, message) = cursor.split_once('.')?;
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some(DisclosurePosition { at, message: MessageId(Uuid::parse_str(message).ok()?) })
}

/// One message or sheet of paper that left about a person.
#[derive(Serialize, ToSchema)]
struct DisclosureEntry {
    /// The message, or the sheet.
    message_id: Uuid,
    /// When it was queued.
    at: DateTime<Utc>,
    /// For whom.
    organisation_name: String,
    /// Its node, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entity_id: Option<EntityId>,
    /// Its entry in the address book, where it went on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    office: Option<Uuid>,
    /// What it was: a message type, or `paper.` and which sheet.
    message_type: String,
    /// For what, under a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purpose: Option<Purpose>,
    /// Which groups of fields it had.
    groups: BTreeSet<Group>,
    /// Which sections of the card they stand in, by letter.
    sections: BTreeSet<String>,
    /// `consent`, `reply`, or `duty:` and its legal basis.
    ground: String,
    /// The consent that it rested on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    record: Option<RecordId>,
    /// Which answer of that record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    record_seq: Option<u32>,
    /// Which version of the card it showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    card_version: Option<u32>,
    /// How it went: only what is `delivered` is confirmed. Nothing of what went on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transport: Option<Transport>,
}

impl DisclosureEntry {
    fn of((it, transport): (Disclosure, Option<Transport>)) -> Self {
        Self {
            transport,
            message_id: it.message.0,
            at: it.at,
            organisation_name: it.organisation,
            entity_id: it.peer.node().cloned(),
            office: it.peer.office(),
            message_type: it.kind,
            purpose: it.purpose,
            sections: sections(&it.groups),
            groups: it.groups,
            ground: it.ground,
            record: it.record.map(|(record, _)| record),
            record_seq: it.record.map(|(_, seq)| seq),
            card_version: it.card_version,
        }
    }
}

/// What left about a person, newest first.
#[derive(Serialize, ToSchema)]
struct DisclosureList {
    /// The messages.
    items: Vec<DisclosureEntry>,
    /// What to ask with for older ones; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which page of the disclosures.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DisclosurePage {
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 64)]
    cursor: Option<String>,
    /// Only what went to this node.
    #[param(nullable = false, max_length = 255)]
    recipient: Option<EntityId>,
    /// Only what went on paper to this entry of the address book.
    #[param(nullable = false)]
    office: Option<Uuid>,
    /// Entries on a page; 100 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists what left about a person.
///
/// For whom which groups of fields of which version of the card were made ready, when, on which ground, and how it went, newest
/// first; to one recipient or to all.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person."), DisclosurePage,
           Fields<DisclosureEntry>),
    responses((status = 200, description = "A page of disclosures.", body = DisclosureList)))]
#[get("/people/{person}/disclosures")]
async fn list_disclosures(
    staff: Allowed<ReadDisclosures>,
    store: Data<Store>,
    Path(id): Path<PersonId>,
    Query(page): Query<DisclosurePage>,
    fields: Fields<DisclosureEntry>,
) -> Result<Json<Value>> {
    let wrong = || Problem::invalid(vec![Refusal::WrongShape.at("/cursor")]);
    let after = page.cursor.map(|text| position(&text).ok_or_else(wrong)).transpose()?;
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/limit")]).into());
    }
    let to = page.recipient.map(Destination::Node).or(page.office.map(Destination::Office));
    let staff = staff.staff();
    let mut items = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            let listed = consents::disclosures(tx, &sight, to.as_ref(), after, limit + 1)?;
            let with_way = |it: Disclosure| -> Result<_> {
                let way = outbox::transport_of(tx.conn(), it.message)?;
                Ok((it, way.map(|it| it.transport)))
            };
            listed.into_iter().map(with_way).collect::<Result<Vec<_>>>()
        })
        .await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|(last, _)| cursor(last));
    Ok(Json::ok(
        fields.of(DisclosureList { items: items.into_iter().map(DisclosureEntry::of).collect(), next_cursor })?,
    ))
}

/// On what ground something left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DisclosureGround {
    /// `consent`, `reply`, or `duty:` and its legal basis.
    #[schema(max_length = 64)]
    ground: String,
    /// For what, under a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purpose: Option<Purpose>,
}

impl DisclosureGround {
    /// All on which a recipient was told something, in their order.
    pub fn all(told: &Told) -> Vec<Self> {
        let mut all = told.grounds.clone();
        all.sort_by_key(|(ground, purpose)| (ground.clone(), purpose.map(|it| it.code())));
        all.into_iter().map(|(ground, purpose)| Self { ground, purpose }).collect()
    }

    /// As it is told on paper.
    pub fn in_italian(&self) -> String {
        let ground = match self.ground.as_str() {
            "consent" => "consenso",
            "reply" => "risposta a chi l'aveva inviata",
            "duty:contract" => "contratto",
            "duty:legal_duty" => "obbligo di legge",
            "duty:task" => "compito di interesse pubblico",
            other => other,
        };
        self.purpose.map_or_else(|| ground.to_owned(), |purpose| format!("{ground} {}", purpose.code()))
    }
}

/// One recipient of a person's data.
#[derive(Serialize, ToSchema)]
struct DisclosureRecipient {
    /// The organisation.
    organisation_name: String,
    /// Its node, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entity_id: Option<EntityId>,
    /// Its entry in the address book, where it went on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    office: Option<Uuid>,
    /// Which groups of fields it received, all messages together.
    groups: BTreeSet<Group>,
    /// Which sections of the card they stand in, by letter.
    sections: BTreeSet<String>,
    /// The newest version of the card that it was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    card_version: Option<u32>,
    /// The first message.
    first_at: DateTime<Utc>,
    /// The last one.
    last_at: DateTime<Utc>,
    /// How many messages there were.
    messages: u32,
    /// How many of them it has not confirmed to have taken: they wait, are under way or were refused.
    unconfirmed: u32,
    /// On which grounds.
    #[schema(max_items = 32)]
    grounds: Vec<DisclosureGround>,
}

impl From<Told> for DisclosureRecipient {
    fn from(told: Told) -> Self {
        Self {
            grounds: DisclosureGround::all(&told),
            unconfirmed: told.unconfirmed,
            organisation_name: told.organisation,
            entity_id: told.peer.node().cloned(),
            office: told.peer.office(),
            sections: sections(&told.groups),
            groups: told.groups,
            card_version: told.card_version,
            first_at: told.first,
            last_at: told.last,
            messages: told.messages,
        }
    }
}

/// Everybody who received something about a person, whoever did last first.
#[derive(Serialize, ToSchema)]
struct DisclosureRecipients {
    /// The recipients.
    items: Vec<DisclosureRecipient>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

impl DisclosureRecipient {
    /// What tells it from the others: a digest, since a name of a node is longer than a cursor may be.
    fn key(&self) -> String {
        let (node, office) = (self.entity_id.as_ref().map(EntityId::as_str), self.office);
        Digest::of(format!("{node:?} {office:?} {}", self.organisation_name).as_bytes()).to_string()
    }
}

/// Lists who received something about a person.
///
/// One entry for each node or office, with all that it was told together and on which grounds. What was taken back since is still
/// told: it was received; what was taken back before it left is not. What nobody has confirmed yet is counted apart.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person."), PageParams,
           Fields<DisclosureRecipient>),
    responses((status = 200, description = "A page of the recipients.", body = DisclosureRecipients)))]
#[get("/people/{person}/recipients")]
async fn list_recipients(
    staff: Allowed<ReadDisclosures>,
    store: Data<Store>,
    Path(id): Path<PersonId>,
    page: Page<String>,
    fields: Fields<DisclosureRecipient>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let told = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::recipients(tx, &sight)
        })
        .await?;
    let told = told.into_iter().map(DisclosureRecipient::from).collect();
    let (items, next_cursor) = page.of_all(told, DisclosureRecipient::key)?;
    Ok(Json::ok(fields.of(DisclosureRecipients { items, next_cursor })?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let at = DateTime::from_timestamp_micros(1_795_424_400_000_001).unwrap();
        let last = DisclosurePosition { at, message: MessageId(Uuid::new_v4()) };
        let text = format!("{}.{}", at.timestamp_micros(), last.message.0.simple());
        assert_eq!(position(&text), Some(last));
        for wrong in ["", ".", "1", "x.y", "99999999999999999999.00000000000000000000000000000000", "1.' OR 1=1"] {
            assert_eq!(position(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn groups_stand_in_the_sections_that_the_table_of_the_card_says() {
        assert_eq!(sections(&BTreeSet::from([Group::Identity])), BTreeSet::from(["A".to_owned()]));
        assert_eq!(sections(&BTreeSet::new()), BTreeSet::new());
    }
}
