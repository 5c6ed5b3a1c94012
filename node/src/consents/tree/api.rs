//! The desk's API for recalls by message: who was told, and what each answered.

use std::collections::{BTreeSet, HashSet};

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::consent::Group;
use staffetta_protocol::data::{Below, BelowStatus, GroupAnswer};
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::Role;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rows::{self, Told, Wanted};
use super::{answering, clock};
use crate::access::Allowed;
use crate::access::acts::{EndConsents, ReadConsents};
use crate::access::cases::Listing;
use crate::consents::recalls::{LetterChannel, RecallSending, when};
use crate::error::Result;
use crate::journal::{self, Entry};
use crate::links::Links;
use crate::outbox::{self, Outbox};
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Conn, Store, Tx};
use crate::tasks::Channel;
use crate::vault::Vault;
use crate::web::{Embed, Fields, Json, Page, PageParams, Path, Query, Whose, WithPerson};
use crate::{offices, peers};

pub(in crate::consents) fn api(routes: &mut Routes<'_>) {
    routes.service(list_recalls).service(read_recall).service(note_recall_told_otherwise);
}

/// A node that was told that a consent is withdrawn, and what it answered.
#[derive(Serialize, ToSchema)]
struct RecallEntry {
    /// Its id at this node.
    id: Uuid,
    /// The recall: one id however far it goes.
    recall: Uuid,
    /// The person.
    person: Uuid,
    /// The consent that was taken back.
    record: RecordId,
    /// Who was told.
    entity_id: EntityId,
    /// Its organisation.
    #[schema(max_length = 300)]
    organisation_name: String,
    /// As what it received.
    role: Role,
    /// What it was given under the consent.
    #[schema(max_items = 12)]
    given: BTreeSet<Group>,
    /// Whether this follows from a withdrawal at another node.
    from_above: bool,
    /// How far it has answered.
    status: BelowStatus,
    /// When it was told, or is to be.
    told_at: DateTime<Utc>,
    /// When the message arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reached_at: Option<DateTime<Utc>>,
    /// Why no message reached it: `member_out` where it left the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    failed: Option<String>,
    /// When the answer is due.
    due_at: DateTime<Utc>,
    /// It has not answered for all, and that has passed.
    overdue: bool,
    /// When it last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answered_at: Option<DateTime<Utc>>,
    /// Version of that answer; 0 where there is none.
    version: u32,
    /// The digest of the message that answered: the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    answer_digest: Option<String>,
    /// When it was told by other means.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    told_otherwise_at: Option<DateTime<Utc>>,
    /// By which.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    told_otherwise_by: Option<LetterChannel>,
    /// Those below it, by role and never by name.
    #[schema(max_items = 200)]
    below: Vec<Below>,
    /// What it answered for each group; not in a list, and not once her key is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 12)]
    groups: Option<Vec<GroupAnswer>>,
    /// When anything last came from that node under its signature; not in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_contact_at: Option<DateTime<Utc>>,
    /// How it is reached other than through its node; not in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 200)]
    channels: Option<Vec<Channel>>,
}

fn shown(it: Told, now: DateTime<Utc>) -> RecallEntry {
    RecallEntry {
        id: it.id,
        recall: it.recall,
        person: it.person.0,
        record: it.record,
        organisation_name: it.organisation.clone(),
        role: it.role,
        from_above: it.above.is_some(),
        status: it.known.status(),
        told_at: it.told_at,
        reached_at: it.reached_at,
        due_at: it.due_at,
        overdue: it.is_overdue(now),
        answered_at: it.answered_at,
        version: it.known.version,
        told_otherwise_at: it.elsewhere.map(|(at, _)| at),
        told_otherwise_by: it.elsewhere.map(|(_, how)| how),
        entity_id: it.peer,
        given: it.groups,
        failed: it.failed,
        answer_digest: it.answer_digest,
        below: it.known.below,
        groups: None,
        last_contact_at: None,
        channels: None,
    }
}

/// Who was told of withdrawals.
#[derive(Serialize, ToSchema)]
struct RecallList {
    /// A line for each consent and node.
    #[schema(max_items = 200)]
    items: Vec<RecallEntry>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RecallQuery {
    /// Only those that have not answered for all below them.
    #[serde(default)]
    open: bool,
    /// Only those whose answer is late.
    #[serde(default)]
    overdue: bool,
    /// Only those about this person.
    #[param(nullable = false)]
    person: Option<Uuid>,
}

/// Lists who was told of withdrawals.
///
/// Each node that had received something under a consent that was taken back, with how far it has answered, the one that
/// is due first before the others. Nodes below these appear by role. Of the people in whose cases one works; supervisors and
/// the data protection officer see all.
#[utoipa::path(tag = "consents", params(RecallQuery, PageParams, Fields<RecallEntry>, Embed<WithPerson>),
    responses((status = 200, description = "A page of them.", body = RecallList)))]
#[get("/recalls")]
async fn list_recalls(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    Query(query): Query<RecallQuery>,
    page: Page<(DateTime<Utc>, Uuid)>,
    fields: Fields<RecallEntry>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let (actor, of) = (staff.actor(), Listing::of(staff.id, staff.role));
    let wanted = Wanted {
        open: query.open,
        overdue: query.overdue,
        person: query.person.map(PersonId),
        after: page.after,
        limit: page.rows(),
    };
    let (embed, limit) = (embed.by(&staff)?, page.limit as usize);
    let act = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        let found = rows::list(tx.conn(), of, wanted, now)?;
        let mut told = HashSet::new();
        let hers = found.iter().take(limit).filter(|it| told.insert(it.subject));
        let entry = |it: &Told| {
            let entry = Entry::new(actor.clone(), "recall.listed").subject(it.subject).object(it.person);
            entry.ground(of.ground())
        };
        journal::record_all(tx, hers.map(entry).collect())?;
        let brought = embed.bring(tx, found.iter().take(limit).map(|it| Whose::of(it.person)))?;
        Ok((found, brought, now))
    };
    let (found, brought, now) = store.write(act).await?;
    let (items, next_cursor) = page.cut(found, |it| (it.due_at, it.id))?;
    let items = items.into_iter().map(|it| shown(it, now)).collect();
    Ok(Json::ok(brought.put(fields.of(RecallList { items, next_cursor })?)?))
}

fn person_of(conn: &mut Conn, id: Uuid) -> Result<PersonId> {
    Ok(rows::told(conn, id)?.ok_or(Code::NotFound)?.person)
}

/// With what is not in a list.
fn whole(tx: &mut Tx<'_>, vault: &Vault, id: Uuid) -> Result<RecallEntry> {
    let told = rows::told(tx.conn(), id)?.ok_or(Code::NotFound)?;
    let now = tx.now();
    let organisations = peers::known_as(tx.conn(), &told.peer)?.map(|it| it.organisation_ids).unwrap_or_default();
    let groups = rows::answered_groups(tx.conn(), vault, id)?;
    let channels = offices::channels(tx.conn(), &told.peer, &organisations)?;
    let last_contact_at = outbox::last_receipt(tx.conn(), &told.peer)?;
    Ok(RecallEntry { groups, last_contact_at, channels: Some(channels), ..shown(told, now) })
}

/// Shows what one node answered to a withdrawal.
///
/// For each group: erased, restricted, or kept on a basis of its own, until when and why; and how the node is reached by
/// other means.
#[utoipa::path(tag = "consents", params(("recall" = Uuid, Path, description = "The line of that node.")),
    responses((status = 200, description = "What it answered.", body = RecallEntry)))]
#[get("/recalls/{recall}")]
async fn read_recall(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
) -> Result<Json<RecallEntry>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let subject = rows::told(tx.conn(), id)?.ok_or(Code::NotFound)?.subject;
        journal::record(tx, sight.entry("recall.read").subject(subject).object(id))?;
        whole(tx, &vault, id)
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Notes that a node was told of a withdrawal by other means.
///
/// It left the network, or answers no more: somebody wrote or called. From then on nobody waits for it.
#[utoipa::path(tag = "consents", params(("recall" = Uuid, Path, description = "The line of that node.")),
    request_body = RecallSending,
    responses((status = 200, description = "Noted.", body = RecallEntry),
              (status = 409, description = "`conflict`: it has answered, or was noted before.")))]
#[post("/recalls/{recall}/other-channel")]
async fn note_recall_told_otherwise(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    (outbox, links): (Data<Outbox>, Data<Links>),
    Path(id): Path<Uuid>,
    crate::web::Input(how): crate::web::Input<RecallSending>,
) -> Result<Json<RecallEntry>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let told = rows::told(tx.conn(), id)?.ok_or(Code::NotFound)?;
        let at = when(how.at, told.told_at, tx.now())?;
        if !rows::mark_elsewhere(tx, id, at, how.channel)? {
            return Err(Problem::new(Code::Conflict).detail("It has answered, or was noted before.").into());
        }
        clock::mended(tx, &told)?;
        let entry = sight.entry("recall.told-otherwise").subject(told.subject).object(id).peer(&told.peer);
        journal::record(tx, entry.code(how.channel.code()))?;
        if let Some(above) = told.above {
            answering::update(tx, &outbox, above)?;
        }
        whole(tx, outbox.vault(), id)
    };
    let noted = store.write(act).await?;
    links.wake();
    Ok(Json::ok(noted))
}
