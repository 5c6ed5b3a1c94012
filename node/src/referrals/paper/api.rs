//! The desk's referrals on paper: which office, its sheets, and what was heard of them.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{At, Check, Comune, Refusal};
use staffetta_protocol::consent::Groups;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Answered, ByHand, Printed, SheetKind, proposal};
use crate::access::Allowed;
use crate::access::acts::SendReferral;
use crate::config::Config;
use crate::error::Result;
use crate::offices::{self, Because, PartnerOffice, Proposal, Whereabouts};
use crate::people::{self, PersonId};
use crate::referrals::Referrals;
use crate::referrals::desk::Desk;
use crate::referrals::view::Referral;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Html, Input, Json, Path, Query};

pub(in crate::referrals) fn api(routes: &mut Routes<'_>) {
    routes
        .service(propose_offices)
        .service(make_referral_sheet)
        .service(print_referral_sheet)
        .service(note_sheet_sent)
        .service(note_sheet_received)
        .service(note_paper_answer)
        .service(send_on_paper);
}

/// For whom an office is looked for: one of the two.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OfficeQuery {
    /// A person: by the nearest municipality that her card names, else that of the centre.
    #[param(nullable = false)]
    person: Option<Uuid>,
    /// A municipality, by its six ISTAT digits.
    #[param(nullable = false, pattern = "^[0-9]{6}$")]
    comune: Option<String>,
}

/// An office that is proposed.
#[derive(Serialize, ToSchema)]
struct ProposedOffice {
    /// Its id, in the address book.
    id: Uuid,
    /// What is known of it.
    office: PartnerOffice,
}

/// Offices that are proposed, at most.
const MOST: usize = 200;

/// The offices that are proposed, and why these.
#[derive(Serialize, ToSchema)]
struct OfficeProposal {
    /// By which municipality; absent where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    because: Option<Because>,
    /// That municipality.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    comune: Option<Comune>,
    /// The offices that are competent for it, the one that was entered first before the others.
    #[schema(max_items = 200)]
    items: Vec<ProposedOffice>,
}

impl From<Proposal> for OfficeProposal {
    fn from(it: Proposal) -> Self {
        let items = it.offices.into_iter().take(MOST).map(|held| ProposedOffice { id: held.id, office: held.entry });
        let (because, comune) = it.by.unzip();
        Self { because, comune, items: items.collect() }
    }
}

/// Proposes the office for a person, or for a municipality.
///
/// By her residence, else the municipality from which she goes about, else that of the centre: the nearest that is known
/// decides. Another may be chosen, with a reason.
#[utoipa::path(tag = "offices", params(OfficeQuery),
    responses((status = 200, description = "The offices, and why these.", body = OfficeProposal),
              (status = 404, description = "The person is not known at this node.")))]
#[get("/offices/proposals")]
async fn propose_offices(
    staff: Allowed<SendReferral>,
    store: Data<Store>,
    vault: Data<Vault>,
    Query(query): Query<OfficeQuery>,
) -> Result<Json<OfficeProposal>> {
    let found = match (query.person, query.comune) {
        (Some(person), None) => {
            let staff = staff.staff();
            let act = move |tx: &mut Tx<'_>| {
                let sight = staff.sight(tx, person)?;
                let subject = people::get(tx.conn(), PersonId(person))?.subject;
                crate::journal::record(tx, sight.entry("office.proposed").subject(subject).object(person))?;
                proposal(tx.conn(), &vault, PersonId(person))
            };
            store.write(act).await?
        }
        (None, Some(code)) => {
            let comune = Comune::new(&code).map_err(|refusal| Problem::invalid(vec![refusal.at("/comune")]))?;
            let asked = Whereabouts { residence: Some(comune), ..Whereabouts::default() };
            let found = store.read(move |conn| offices::proposals(conn, asked)).await?;
            Proposal { by: found.by.map(|(_, comune)| (Because::AskedComune, comune)), ..found }
        }
        (None, None) => return Err(Problem::invalid(vec![Refusal::Required.at("/person")]).into()),
        (Some(_), Some(_)) => return Err(Problem::invalid(vec![Refusal::Inconsistent.at("/comune")]).into()),
    };
    Ok(Json::ok(found.into()))
}

/// A sheet to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSheet {
    /// What it is to say.
    kind: SheetKind,
    /// Fewer groups than the consent allows; for `information` those that were asked for.
    #[serde(default)]
    #[schema(nullable = false)]
    groups: Option<Groups>,
}

impl Check for NewSheet {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.kind == SheetKind::Information && self.groups.is_none() {
            found.push(at.key("groups").refuse(Refusal::Required));
        }
    }
}

/// Makes a sheet for an office without a node.
///
/// Under the person's consent for that organisation, with the groups that it names. From now on it counts as disclosed; it
/// is printed as it was made, and its leaving is noted apart.
#[utoipa::path(tag = "referrals", params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = NewSheet,
    responses((status = 200, description = "Made: the sheet is among those of the referral.", body = Referral),
              (status = 409, description = "`illegal_transition`: its turn has not come; `conflict`: the referral goes to a node.")))]
#[post("/referrals/{referral}/sheets")]
async fn make_referral_sheet(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewSheet>,
) -> Result<Json<Referral>> {
    let act = move |referrals: &Referrals, tx: &mut Tx<'_>, by| {
        let fewer = new.groups.as_ref().map(Groups::set);
        referrals.make_sheet(tx, by, id, new.kind, fewer).map(|_| ())
    };
    desk.note(&staff, id, act).await
}

/// Prints a sheet.
///
/// A page for paper, with the groups that were disclosed when it was made and nothing else. Each time is written down. One
/// that has not left yet is printed only while its consent holds.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node."),
           ("sheet" = Uuid, Path, description = "The sheet.")),
    responses((status = 200, description = "The sheet.", body = String, content_type = "text/html"),
              (status = 403, description = "`consent_not_valid`: it has not left, and its consent holds no more.")))]
#[get("/referrals/{referral}/sheets/{sheet}")]
async fn print_referral_sheet(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    config: Data<Config>,
    Path((id, sheet)): Path<(Uuid, Uuid)>,
) -> Result<Html> {
    let printed = Printed { organisation: config.node.organisation_name.clone() };
    desk.print(&staff, id, move |referrals, tx, by| referrals.print_sheet(tx, by, id, sheet, &printed)).await
}

/// Notes that a sheet left.
///
/// When and how. The consent is asked once more: what was taken back meanwhile does not leave.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node."),
           ("sheet" = Uuid, Path, description = "The sheet.")),
    request_body = ByHand,
    responses((status = 200, description = "Noted.", body = Referral),
              (status = 409, description = "`conflict`: it left before; `illegal_transition`: its turn is over.")))]
#[post("/referrals/{referral}/sheets/{sheet}/sending")]
async fn note_sheet_sent(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path((id, sheet)): Path<(Uuid, Uuid)>,
    Input(how): Input<ByHand>,
) -> Result<Json<Referral>> {
    desk.note(&staff, id, move |referrals, tx, by| referrals.hand_over(tx, by, id, sheet, &how)).await
}

/// Notes that the office has the sheet.
///
/// From then on it owes a decision, as a node would.
#[utoipa::path(tag = "referrals", params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ByHand,
    responses((status = 200, description = "Noted.", body = Referral),
              (status = 409, description = "`illegal_transition`: nothing is on its way.")))]
#[post("/referrals/{referral}/paper-receipt")]
async fn note_sheet_received(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(how): Input<ByHand>,
) -> Result<Json<Referral>> {
    desk.note(&staff, id, move |referrals, tx, by| referrals.arrived_on_paper(tx, by, id, &how)).await
}

/// Notes what an office without a node answered.
///
/// One of the answers that a node would give, with the way it came and who said so. It is judged by the same table.
#[utoipa::path(tag = "referrals", params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = Answered,
    responses((status = 200, description = "Noted.", body = Referral),
              (status = 409, description = "`illegal_transition`, with what the office could say now.")))]
#[post("/referrals/{referral}/paper-answers")]
async fn note_paper_answer(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(answer): Input<Answered>,
) -> Result<Json<Referral>> {
    desk.note(&staff, id, move |referrals, tx, by| referrals.answered_on_paper(tx, by, id, &answer)).await
}

/// The office to which a referral goes on on paper.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OnPaper {
    /// The office, in the address book; of the organisation that the referral was for.
    office: Uuid,
    /// Another open referral of hers to the same office is known and this one is meant.
    #[serde(default)]
    confirm_duplicate: bool,
}

impl Check for OnPaper {}

/// Sends a referral anew, on paper.
///
/// For a draft that its node refused, or that was not delivered. A new referral begins at the office, under the same
/// consent; the old one is withdrawn in the same act.
#[utoipa::path(tag = "referrals", params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = OnPaper,
    responses((status = 201, description = "The new referral, a draft on paper.", body = Referral),
              (status = 409, description = "`illegal_transition`: it is no draft; `conflict`: on paper already, or another organisation's office.")))]
#[post("/referrals/{referral}/on-paper")]
async fn send_on_paper(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(to): Input<OnPaper>,
) -> Result<Json<Referral>> {
    let act = move |referrals: &Referrals, tx: &mut Tx<'_>, by| {
        referrals.go_on_paper(tx, by, id, to.office, to.confirm_duplicate)
    };
    desk.begin_after(&staff, id, act).await
}
