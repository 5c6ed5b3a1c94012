//! The answer to a request, as a letter.

use askama::Template;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::export::COMPLAINT;
use super::model::{RightKind, RightOutcome};
use super::register::{self, Contact};
use super::{is_hers_to_know, of};
use crate::access::Sight;
use crate::config::NodeConfig;
use crate::error::Result;
use crate::journal;
use crate::people;
use crate::rules::calendar::local_day;
use crate::store::Tx;
use crate::vault::Vault;
use crate::web::Html;

#[derive(Template)]
#[template(path = "rights/letter.html")]
struct Page<'a> {
    sender: &'a str,
    addressee: &'a str,
    officer: Option<Contact>,
    reference: String,
    today: String,
    article: u8,
    right: &'static str,
    received: String,
    answered: String,
    outcome: &'static str,
    reason: Option<&'a str>,
    legal_ground: Option<&'a str>,
    kept: Vec<(&'a str, &'a str, String)>,
    card_version: Option<u32>,
    recipients: Vec<String>,
    told: &'static str,
    erasure: bool,
    restriction: bool,
    complaint: &'static str,
}

/// The letter of an answered request. Each time it is printed is written down.
///
/// # Errors
/// `not_found`, also once she was erased; `conflict` before there is an answer.
pub fn letter(tx: &mut Tx<'_>, vault: &Vault, node: &NodeConfig, sight: &Sight, id: Uuid) -> Result<Html> {
    if !is_hers_to_know(sight) {
        return Err(Code::FunctionNotEntitled.into());
    }
    let request = of(tx.conn(), vault, sight, id)?;
    let (outcome, at) = request.answered.ok_or(Code::Conflict)?;
    let words = request.words.as_ref().ok_or(Code::NotFound)?;
    let answer = words.answer.as_ref().ok_or(Code::NotFound)?;
    let listed = people::look(tx, vault, sight)?;
    let granted = outcome != RightOutcome::Refused;
    let told = super::to_be_told(tx.conn(), &request)?;
    let page = Html::sheet(&Page {
        sender: &node.organisation_name,
        addressee: listed.label.as_str(),
        officer: register::officer(node),
        reference: id.to_string(),
        today: local_day(tx.now()).format("%d/%m/%Y").to_string(),
        article: request.kind.article(),
        right: request.kind.in_italian(),
        received: local_day(request.received_at).format("%d/%m/%Y").to_string(),
        answered: local_day(at).format("%d/%m/%Y").to_string(),
        outcome: match outcome {
            RightOutcome::Granted => "La richiesta è accolta.",
            RightOutcome::Partly => "La richiesta è accolta in parte.",
            RightOutcome::Refused => "La richiesta non è accolta.",
        },
        reason: answer.reason.as_ref().map(|text| text.as_str()),
        legal_ground: answer.legal_ground.as_ref().map(|text| text.as_str()),
        kept: answer.kept.iter().map(|it| (it.what.as_str(), it.why.as_str(), it.until.to_string())).collect(),
        card_version: request.card_version,
        recipients: told.into_iter().map(|it| it.organisation).collect(),
        told: match request.kind {
            RightKind::Rectification => "Chi ha ricevuto i dati, e a cui si comunica la rettifica",
            RightKind::Restriction | RightKind::Objection => {
                "Chi ha ricevuto i dati, e a cui si comunica che il loro uso è limitato"
            }
            _ => "Chi ha ricevuto i dati e ne viene informato",
        },
        erasure: granted && request.kind == RightKind::Erasure,
        restriction: granted && matches!(request.kind, RightKind::Restriction | RightKind::Objection),
        complaint: COMPLAINT,
    })?;
    journal::record(tx, sight.entry("rights.letter-printed").subject(request.subject).object(id))?;
    Ok(page)
}
