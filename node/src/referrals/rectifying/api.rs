//! The desk's API for what was put right: who holds it, and the letters.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::{EntityId, MessageId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::letter::person_of;
use super::{RectificationAnswer, RectificationSending, rows};
use crate::access::acts::{ReadRights, WriteRights};
use crate::access::{Acting, Allowed, Sight};
use crate::config::Config;
use crate::consents::recalls::LetterChannel;
use crate::error::Result;
use crate::journal;
use crate::outbox::{self, Transport};
use crate::referrals::Referrals;
use crate::referrals::desk::Desk;
use crate::rights;
use crate::routes::Routes;
use crate::store::{Conn, Store, Tx};
use crate::vault::{Subject, Vault};
use crate::web::{Html, Input, Json, Path};

pub(in crate::referrals) fn api(routes: &mut Routes<'_>) {
    routes.service(list_rectified_recipients).service(print_rectification_letter);
    routes.service(note_rectification_sent).service(note_rectification_answer);
}

/// Somebody who holds what was put right.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct RectifiedRecipient {
    /// Its id at this node: that of the letter, where it goes by letter.
    id: Uuid,
    /// The referral in which it went.
    referral: Uuid,
    /// The node, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entity_id: Option<EntityId>,
    /// The office, in the address book, if it has no node: it goes by letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    office: Option<Uuid>,
    /// Its organisation.
    #[schema(max_length = 300)]
    organisation_name: String,
    /// What it holds, and is told anew. Nothing where all of it was taken back before it left.
    #[schema(max_items = 12)]
    groups: BTreeSet<Group>,
    /// When it was queued, or the letter made.
    at: DateTime<Utc>,
    /// `delivered` once it has it: its receipt came. Nothing of a letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transport: Option<Transport>,
    /// Since when it has it: by its receipt, or by the answer to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    has_it_since: Option<DateTime<Utc>>,
    /// Why it could not be sent: it is a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    failed: Option<String>,
    /// When the letter went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sent_at: Option<DateTime<Utc>>,
    /// How the letter went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sent_channel: Option<LetterChannel>,
    /// What the office answered to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answer: Option<RectificationAnswer>,
}

impl RectifiedRecipient {
    fn of(conn: &mut Conn, vault: &Vault, row: &rows::Row) -> Result<Self> {
        let waiting = match row.message {
            Some(message) => outbox::transport_of(conn, MessageId(message.0))?,
            None => None,
        };
        let transport = waiting.as_ref().map(|it| it.transport);
        let received = waiting.filter(|_| transport == Some(Transport::Delivered)).and_then(|it| it.settled_at);
        let (sent_at, sent_channel) = row.sent()?.unzip();
        let peer = row.destination()?;
        Ok(Self {
            id: row.id.0,
            referral: row.referral.0,
            entity_id: peer.node().cloned(),
            office: peer.office(),
            organisation_name: row.organisation.clone(),
            groups: row.groups()?,
            at: row.at.0,
            transport,
            has_it_since: received.or(row.answered_at.map(|at| at.0)),
            failed: row.failed.clone(),
            sent_at,
            sent_channel,
            answer: row.answer(conn, vault)?,
        })
    }
}

/// Everybody who holds what was put right.
#[derive(Debug, Serialize, ToSchema)]
struct RectifiedRecipients {
    /// One entry for each referral in which it went.
    #[schema(max_items = 1000)]
    items: Vec<RectifiedRecipient>,
}

/// Lists who holds what was put right.
///
/// Everybody who had received it, what was sent anew or is to go by letter, and who has it and who not yet: a receipt
/// tells, or what was noted of the letter.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request for rectification.")),
    responses((status = 200, description = "They.", body = RectifiedRecipients)))]
#[get("/rights-requests/{request}/rectified-recipients")]
async fn list_rectified_recipients(
    staff: Allowed<ReadRights>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(request): Path<Uuid>,
) -> Result<Json<RectifiedRecipients>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = rights::person_of(tx.conn(), request)?;
        let sight = staff.sight(tx, person)?;
        let rows = rows::of_request(tx.conn(), request)?;
        let items = rows.iter().map(|row| RectifiedRecipient::of(tx.conn(), &vault, row)).collect::<Result<_>>()?;
        let entry = sight.entry("rights.recipients-read").object(request);
        let hers = match rows.first() {
            Some(row) => Subject(row.subject.0),
            None => crate::people::get(tx.conn(), person)?.subject,
        };
        journal::record(tx, entry.subject(hers))?;
        Ok(RectifiedRecipients { items })
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Prints the letter of a rectification.
///
/// A page for paper, to an office without a node: it names the person by the reference on the sheets that the office has,
/// and says all that it has of her as it is right now. What it says does not change afterwards.
#[utoipa::path(tag = "rights", params(("rectification" = Uuid, Path, description = "The letter.")),
    responses((status = 200, description = "The letter.", body = String, content_type = "text/html"),
              (status = 409, description = "`conflict`: what it says was withdrawn before it left.")))]
#[get("/rectification-letters/{rectification}")]
async fn print_rectification_letter(
    staff: Allowed<WriteRights>,
    store: Data<Store>,
    handles: (Data<Desk>, Data<Config>),
    Path(id): Path<Uuid>,
) -> Result<Html> {
    let (desk, config) = handles;
    let (staff, referrals) = (staff.staff(), desk.referrals().clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = sight(tx, &staff, id)?;
        referrals.rectification_letter(tx, &sight, &config.node.organisation_name, id)
    };
    store.write(act).await
}

/// Notes that the letter of a rectification went out.
///
/// When and how, once. The task to send it is done by that. Of one that says what was withdrawn before it left, the rest is
/// said by another letter soon after.
#[utoipa::path(tag = "rights", params(("rectification" = Uuid, Path, description = "The letter.")),
    request_body = RectificationSending,
    responses((status = 200, description = "Noted.", body = RectifiedRecipient),
              (status = 409, description = "`conflict`: it went out before, or what it says was withdrawn before it left.")))]
#[post("/rectification-letters/{rectification}/sending")]
async fn note_rectification_sent(
    staff: Allowed<WriteRights>,
    store: Data<Store>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(how): Input<RectificationSending>,
) -> Result<Json<RectifiedRecipient>> {
    let act =
        move |referrals: &Referrals, tx: &mut Tx<'_>, sight: &Sight| referrals.rectification_sent(tx, sight, id, how);
    note(&store, &desk, staff.staff(), id, act).await
}

/// Notes what an office answered to the letter of a rectification.
///
/// That it is right there now, that nothing is held any more, or that it stays as it was; who said so, and how.
#[utoipa::path(tag = "rights", params(("rectification" = Uuid, Path, description = "The letter.")),
    request_body = RectificationAnswer,
    responses((status = 200, description = "Noted.", body = RectifiedRecipient),
              (status = 409, description = "`conflict`: it answered before.")))]
#[post("/rectification-letters/{rectification}/answer")]
async fn note_rectification_answer(
    staff: Allowed<WriteRights>,
    store: Data<Store>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(said): Input<RectificationAnswer>,
) -> Result<Json<RectifiedRecipient>> {
    let act = move |referrals: &Referrals, tx: &mut Tx<'_>, sight: &Sight| {
        referrals.rectification_answered(tx, sight, id, &said)
    };
    note(&store, &desk, staff.staff(), id, act).await
}

fn sight(tx: &mut Tx<'_>, staff: &Acting, id: Uuid) -> Result<Sight> {
    let person = person_of(tx.conn(), id)?;
    staff.sight(tx, person)
}

/// Notes something of a letter, and shows how it stands.
async fn note(
    store: &Store,
    desk: &Desk,
    staff: Acting,
    id: Uuid,
    act: impl FnOnce(&Referrals, &mut Tx<'_>, &Sight) -> Result<()> + Send + 'static,
) -> Result<Json<RectifiedRecipient>> {
    let referrals = desk.referrals().clone();
    let act = move |tx: &mut Tx<'_>| {
        let sight = sight(tx, &staff, id)?;
        act(&referrals, tx, &sight)?;
        let row = rows::find(tx.conn(), id)?.ok_or(staffetta_protocol::problem::Code::NotFound)?;
        RectifiedRecipient::of(tx.conn(), referrals.outbox().vault(), &row)
    };
    Ok(Json::ok(store.write(act).await?))
}
