//! The desk's API for recalls by letter.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Refusal;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{LetterChannel, PaperRecall, RecallAnswer, RecallSending, Wanted};
use crate::access::Allowed;
use crate::access::acts::{EndConsents, ReadConsents};
use crate::config::Config;
use crate::error::Result;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Embed, Fields, Html, Input, Json, Path, Query, Whose, WithPerson};

pub(in crate::consents) fn api(routes: &mut Routes<'_>) {
    routes.service(list_paper_recalls).service(read_paper_recall).service(print_recall_letter);
    routes.service(note_recall_sent).service(note_recall_answer);
}

/// A recall by letter.
#[derive(Serialize, ToSchema)]
struct PaperRecallEntry {
    /// Its id at this node.
    id: Uuid,
    /// The person.
    person: Uuid,
    /// The office, in the address book.
    office: Uuid,
    /// Organisation and office.
    organisation_name: String,
    /// The consent that was taken back; absent where the referral itself was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    record: Option<RecordId>,
    /// What the office has on paper.
    groups: BTreeSet<Group>,
    /// When it was taken back.
    opened_at: DateTime<Utc>,
    /// When the answer is due.
    due_at: DateTime<Utc>,
    /// There is no answer, and that has passed.
    overdue: bool,
    /// When the letter went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sent_at: Option<DateTime<Utc>>,
    /// How it went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sent_channel: Option<LetterChannel>,
    /// When the office answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answered_at: Option<DateTime<Utc>>,
    /// What it answered; not in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answer: Option<RecallAnswer>,
}

fn shown(it: PaperRecall, now: DateTime<Utc>) -> PaperRecallEntry {
    PaperRecallEntry {
        id: it.id,
        person: it.person.0,
        office: it.office,
        organisation_name: it.organisation,
        record: it.record.map(|(record, _)| record),
        groups: it.groups,
        opened_at: it.opened_at,
        due_at: it.due_at,
        overdue: it.answered_at.is_none() && it.due_at <= now,
        sent_at: it.sent.map(|(at, _)| at),
        sent_channel: it.sent.map(|(_, channel)| channel),
        answered_at: it.answered_at,
        answer: it.answer,
    }
}

/// Recalls by letter.
#[derive(Serialize, ToSchema)]
struct PaperRecallList {
    /// The recalls.
    items: Vec<PaperRecallEntry>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which recalls to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PaperRecallQuery {
    /// Only those without an answer.
    #[serde(default)]
    open: bool,
    /// Only those whose answer is late.
    #[serde(default)]
    overdue: bool,
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 64)]
    cursor: Option<String>,
    /// Recalls on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

impl PaperRecallQuery {
    fn wanted(self) -> Result<Wanted> {
        let limit = self.limit.unwrap_or(50);
        let mut found = Vec::new();
        if !(1..=200).contains(&limit) {
            found.push(Refusal::OutOfRange.at("/limit"));
        }
        let after = self.cursor.as_deref().map(cursor);
        if after == Some(None) {
            found.push(Refusal::WrongShape.at("/cursor"));
        }
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        Ok(Wanted { open: self.open, overdue: self.overdue, after: after.flatten(), limit })
    }
}

fn cursor(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// Lists recalls by letter.
///
/// What offices without a node were asked to give back, the one that is due first before the others; not what they
/// answered. Each person on the page finds it in her journal.
#[utoipa::path(tag = "consents", params(PaperRecallQuery, Fields<PaperRecallEntry>, Embed<WithPerson>),
    responses((status = 200, description = "A page of recalls.", body = PaperRecallList)))]
#[get("/paper-recalls")]
async fn list_paper_recalls(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    Query(query): Query<PaperRecallQuery>,
    fields: Fields<PaperRecallEntry>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let embed = embed.by(&staff)?;
    let (staff, wanted, now) = (staff.staff(), query.wanted()?, store.clock().now());
    let act = move |tx: &mut Tx<'_>| {
        let page = super::list(tx, &staff, wanted)?;
        let brought = embed.bring(tx, page.items.iter().map(|it| Whose::of(it.person)))?;
        Ok((page, brought))
    };
    let (page, brought) = store.write(act).await?;
    let next_cursor = page.next.map(|(at, id)| format!("{}.{}", at.timestamp_micros(), id.as_simple()));
    let items = page.items.into_iter().map(|it| shown(it, now)).collect();
    Ok(Json::ok(brought.put(fields.of(PaperRecallList { items, next_cursor })?)?))
}

/// Shows a recall by letter.
///
/// With what the office answered.
#[utoipa::path(tag = "consents", params(("recall" = Uuid, Path, description = "The recall.")),
    responses((status = 200, description = "The recall.", body = PaperRecallEntry)))]
#[get("/paper-recalls/{recall}")]
async fn read_paper_recall(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
) -> Result<Json<PaperRecallEntry>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let now = tx.now();
        Ok(shown(super::look(tx, &vault, &sight, id)?, now))
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Prints the letter of a recall.
///
/// A page for paper: it names the person by the reference on the sheets that the office has, and says what is to be given
/// back until when.
#[utoipa::path(tag = "consents", params(("recall" = Uuid, Path, description = "The recall.")),
    responses((status = 200, description = "The letter.", body = String, content_type = "text/html")))]
#[get("/paper-recalls/{recall}/letter")]
async fn print_recall_letter(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Config>),
    Path(id): Path<Uuid>,
) -> Result<Html> {
    let (vault, config) = handles;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        super::letter(tx, &vault, &sight, &config.node.organisation_name, id)
    };
    store.write(act).await
}

/// Notes that the letter of a recall went out.
///
/// When and how, once. The clock does not wait for it.
#[utoipa::path(tag = "consents", params(("recall" = Uuid, Path, description = "The recall.")), request_body = RecallSending,
    responses((status = 200, description = "Noted.", body = PaperRecallEntry),
              (status = 409, description = "`conflict`: it went out before.")))]
#[post("/paper-recalls/{recall}/sending")]
async fn note_recall_sent(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
    Input(how): Input<RecallSending>,
) -> Result<Json<PaperRecallEntry>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let now = tx.now();
        Ok(shown(super::sent(tx, &vault, &sight, id, how)?, now))
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Notes what an office answered to a recall.
///
/// For each group that it has: erased, restricted, or kept on a basis of its own; who said so, and how.
#[utoipa::path(tag = "consents", params(("recall" = Uuid, Path, description = "The recall.")), request_body = RecallAnswer,
    responses((status = 200, description = "Noted.", body = PaperRecallEntry),
              (status = 409, description = "`conflict`: it answered before.")))]
#[post("/paper-recalls/{recall}/answer")]
async fn note_recall_answer(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
    Input(said): Input<RecallAnswer>,
) -> Result<Json<PaperRecallEntry>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let now = tx.now();
        Ok(shown(super::answer(tx, &vault, &sight, id, said)?, now))
    };
    Ok(Json::ok(store.write(act).await?))
}
