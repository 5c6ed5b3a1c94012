//! The desk's API for transfers, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::Deserialize;
use serde_json::Value;
use staffetta_protocol::card::{At, Check, Prose, Refusal};
use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::data::TransferDeclineReason;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, FieldError, Problem};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::State;
use super::rows::{self, Wanted};
use super::show::direction;
use super::view::{RecordTransfer, RecordTransferSummary, RecordTransfers};
use super::{Side, Taking};
use crate::access::acts::{DecideTransfer, ReadReferrals, SendTransfer};
use crate::access::cases::{self, Listing};
use crate::access::{Acting, Allowed, Sight};
use crate::config::Config;
use crate::consents::recalls::RecallSending;
use crate::error::Result;
use crate::people::{Label, PersonId};
use crate::referrals::by::By;
use crate::referrals::desk::Desk;
use crate::referrals::input::Newest;
use crate::routes::Routes;
use crate::store::Tx;
use crate::web::{Embed, Fields, Html, Input, Json, Page, PageParams, Path, Query, Whose, WithPerson};

/// Below this every path of the room stands.
const BASE: &str = "/rest/staffetta/v1/desk/transfers";

/// The routes, below the desk's base.
pub(in crate::referrals) fn api(routes: &mut Routes<'_>) {
    routes.service(offer_record).service(list_transfers).service(read_transfer).service(take_record);
    routes.service(decline_record).service(print_holder_letter).service(note_holder_letter);
}

/// To whom a record is offered: one of the two.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTransfer {
    /// The node that is to hold the record.
    #[serde(default)]
    #[schema(nullable = false)]
    recipient: Option<EntityId>,
    /// Instead of the node, the organisation that runs it.
    #[serde(default)]
    #[schema(nullable = false)]
    organisation: Option<OrganisationId>,
}

impl Check for NewTransfer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        match (&self.recipient, &self.organisation) {
            (None, None) => found.push(at.key("recipient").refuse(Refusal::Required)),
            (Some(_), Some(_)) => found.push(at.key("organisation").refuse(Refusal::Inconsistent)),
            _ => {}
        }
    }
}

/// How an offered record is taken over.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferTaking {
    /// What staff will call her; her name, if nothing is said.
    #[serde(default)]
    #[schema(nullable = false)]
    label: Option<Label>,
    /// The record that this node has of her already, and that the caller works on.
    #[serde(default)]
    #[schema(nullable = false)]
    person: Option<PersonId>,
}

impl Check for TransferTaking {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.label.is_some() && self.person.is_some() {
            found.push(at.key("label").refuse(Refusal::Inconsistent));
        }
    }
}

/// Why an offered record is not taken over.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferRefusal {
    /// Why.
    reason: TransferDeclineReason,
    /// In words that the operator there can tell the person.
    #[serde(default)]
    #[schema(nullable = false)]
    text: Option<Prose<1000>>,
}

impl Check for TransferRefusal {}

/// Which transfers to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TransferQuery {
    /// `sent` for records that this node offered, `received` for those that it was offered.
    #[param(schema_with = directions)]
    direction: Option<String>,
    /// A state, as transfers show it.
    #[param(schema_with = states)]
    state: Option<String>,
    /// A person of this node.
    person: Option<Uuid>,
}

fn directions() -> Object {
    let words = Side::ALL.map(direction);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn states() -> Object {
    let words = State::ALL.iter().map(|state| state.as_str());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl TransferQuery {
    fn wanted(self, of: Listing, page: &Page<Newest>) -> Result<Wanted> {
        let mut found = Vec::new();
        let side = self.direction.as_deref().map(|text| Side::ALL.into_iter().find(|side| direction(*side) == text));
        let state = self.state.as_deref().map(State::parse);
        found.extend((side == Some(None)).then(|| Refusal::NotInList.at("/direction")));
        found.extend((state == Some(None)).then(|| Refusal::NotInList.at("/state")));
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let (side, state, limit) = (side.flatten(), state.flatten(), i64::from(page.limit));
        Ok(Wanted { of, side, state, person: self.person, after: page.after, limit })
    }
}

/// Of the side that offered it, and of a record that was taken over, the person's case counts; what waits is the whole
/// office's.
fn sight(tx: &mut Tx<'_>, staff: &Acting, id: Uuid) -> Result<Sight> {
    let row = rows::find(tx.conn(), id)?.ok_or(Code::NotFound)?;
    match row.person {
        Some(person) => staff.sight(tx, person.0),
        None => staff.sight_of_received(tx, id),
    }
}

/// Offers the record of a person to another body.
///
/// Her card, in the groups that she granted for a transfer (P12), goes to the node of a reception centre, an association or
/// a municipality, which takes it over or not. Files and counselling notes never move. Until it was taken over nothing
/// changes here.
#[utoipa::path(tag = "transfers", params(("person" = Uuid, Path, description = "The person.")), request_body = NewTransfer,
    responses((status = 202, description = "Queued.", body = RecordTransfer),
              (status = 403, description = "`consent_not_valid`, `section_not_covered`, or `role_not_entitled`."),
              (status = 409, description = "`already_exists`: it is offered already; `holder_changed`: it was handed over.")))]
#[post("/people/{person}/transfers")]
async fn offer_record(
    staff: Allowed<SendTransfer>,
    desk: Data<Desk>,
    Path(person): Path<PersonId>,
    Input(new): Input<NewTransfer>,
) -> Result<Json<RecordTransfer>> {
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let by = By::at_the_desk(&staff, &staff.sight(tx, person)?);
        let recipient = referrals.resolve(tx.conn(), new.recipient, new.organisation.as_ref())?;
        let id = referrals.offer(tx, by, person, &recipient)?;
        referrals.look_at_transfer(tx, by, id)
    };
    let transfer = desk.in_many(act).await?;
    let at = format!("{BASE}/{}", transfer.summary.id);
    Ok(Json::accepted(transfer, at))
}

/// Lists transfers.
///
/// Newest first, those that this node offered and those that it was offered; nothing of what they carry.
/// Each person on the page finds it in her journal.
#[utoipa::path(tag = "transfers", params(TransferQuery, PageParams, Fields<RecordTransferSummary>, Embed<WithPerson>),
    responses((status = 200, description = "A page of transfers.", body = RecordTransfers)))]
#[get("/transfers")]
async fn list_transfers(
    staff: Allowed<ReadReferrals>,
    desk: Data<Desk>,
    Query(query): Query<TransferQuery>,
    page: Page<Newest>,
    fields: Fields<RecordTransferSummary>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let wanted = query.wanted(Listing::of(staff.id, staff.role), &page)?;
    let embed = embed.by(&staff)?;
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let now = tx.now();
        let list = referrals.transfers(tx.conn(), &wanted, now)?;
        cases::note_listed(tx, &staff, "transfer.listed", &list.whose)?;
        let whose = list.items.iter().map(|it| Whose { person: it.person, ..Whose::default() });
        let brought = embed.bring(tx, whose)?;
        Ok((list, brought))
    };
    let (mut list, brought) = desk.in_many(act).await?;
    list.next_cursor = list.next.map(|last| page.next(&last)).transpose()?;
    Ok(Json::ok(brought.put(fields.of(list)?)?))
}

/// Shows a transfer.
///
/// What may be done now and until when an answer is owed; at the node that it was offered to also what came of the card,
/// and who of its own people she may be. That it was looked at is recorded.
#[utoipa::path(tag = "transfers", params(("transfer" = Uuid, Path, description = "The transfer's id at this node.")),
    responses((status = 200, description = "The transfer.", body = RecordTransfer)))]
#[get("/transfers/{transfer}")]
async fn read_transfer(
    staff: Allowed<ReadReferrals>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<RecordTransfer>> {
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
        referrals.look_at_transfer(tx, by, id)
    };
    Ok(Json::ok(desk.in_many(act).await?))
}

/// Takes an offered record over.
///
/// A new person, with what came as the first version of her card, whose case the caller leads; or the record that this node
/// has of her already. This node holds the record from now on; the other ends her referrals and discloses nothing more.
/// Where an earlier answer did not arrive, it is given again.
#[utoipa::path(tag = "transfers", params(("transfer" = Uuid, Path, description = "The transfer's id at this node.")),
    request_body = TransferTaking,
    responses((status = 202, description = "Taken over; the word to the other node is queued.", body = RecordTransfer),
              (status = 409, description = "`illegal_transition`, with what is allowed now; `conflict`: somebody else's.")))]
#[post("/transfers/{transfer}/taking")]
async fn take_record(
    staff: Allowed<DecideTransfer>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(how): Input<TransferTaking>,
) -> Result<Json<RecordTransfer>> {
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
        let known = how.person.map(|person| staff.sight(tx, person)).transpose()?;
        referrals.take_over(tx, by, id, Taking { label: how.label, known })?;
        referrals.look_at_transfer(tx, by, id)
    };
    Ok(Json::accepted(desk.in_many(act).await?, format!("{BASE}/{id}")))
}

/// Declines an offered record.
///
/// With a reason, and words that the operator there can tell the person. The record stays where it was.
#[utoipa::path(tag = "transfers", params(("transfer" = Uuid, Path, description = "The transfer's id at this node.")),
    request_body = TransferRefusal,
    responses((status = 202, description = "Declined; the word to the other node is queued.", body = RecordTransfer),
              (status = 409, description = "`illegal_transition`, with what is allowed now.")))]
#[post("/transfers/{transfer}/refusal")]
async fn decline_record(
    staff: Allowed<DecideTransfer>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(no): Input<TransferRefusal>,
) -> Result<Json<RecordTransfer>> {
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
        referrals.decline_transfer(tx, by, id, no.reason, no.text)?;
        referrals.look_at_transfer(tx, by, id)
    };
    Ok(Json::accepted(desk.in_many(act).await?, format!("{BASE}/{id}")))
}

/// Prints the letter that tells an office who holds the card now.
///
/// A page for paper, to an office without a node: it names the person by the reference on the sheets that the office has.
#[utoipa::path(tag = "transfers",
    params(("transfer" = Uuid, Path, description = "The transfer's id at this node."),
           ("letter" = Uuid, Path, description = "The letter.")),
    responses((status = 200, description = "The letter.", body = String, content_type = "text/html")))]
#[get("/transfers/{transfer}/letters/{letter}")]
async fn print_holder_letter(
    staff: Allowed<SendTransfer>,
    handles: (Data<Desk>, Data<Config>),
    Path((id, letter)): Path<(Uuid, Uuid)>,
) -> Result<Html> {
    let (desk, config) = handles;
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
        referrals.print_holder_letter(tx, by, id, letter, &config.node.organisation_name)
    };
    desk.in_many(act).await
}

/// Notes that such a letter went out.
///
/// When and how, once.
#[utoipa::path(tag = "transfers",
    params(("transfer" = Uuid, Path, description = "The transfer's id at this node."),
           ("letter" = Uuid, Path, description = "The letter.")),
    request_body = RecallSending,
    responses((status = 200, description = "Noted.", body = RecordTransfer),
              (status = 409, description = "`conflict`: it went out before.")))]
#[post("/transfers/{transfer}/letters/{letter}/sending")]
async fn note_holder_letter(
    staff: Allowed<SendTransfer>,
    desk: Data<Desk>,
    Path((id, letter)): Path<(Uuid, Uuid)>,
    Input(how): Input<RecallSending>,
) -> Result<Json<RecordTransfer>> {
    let staff = staff.staff();
    let act = move |referrals: &crate::referrals::Referrals, tx: &mut Tx<'_>| {
        let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
        referrals.holder_letter_sent(tx, by, id, letter, how)?;
        referrals.look_at_transfer(tx, by, id)
    };
    Ok(Json::ok(desk.in_many(act).await?))
}
