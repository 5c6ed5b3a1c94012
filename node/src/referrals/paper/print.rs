//! The sheet as it is printed.

use askama::Template;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::{Referrals, SheetKind, rows};
use crate::cards::{self, PrintedGroup};
use crate::error::Result;
use crate::grants::{self, Resting};
use crate::journal;
use crate::offices;
use crate::referrals::by::By;
use crate::referrals::case::Case;
use crate::rules::calendar::local_day;
use crate::store::Tx;
use crate::web::Html;

/// Who prints: as a sheet names its sender.
#[derive(Debug, Clone)]
pub struct Printed {
    /// The organisation.
    pub organisation: String,
}

#[derive(Template)]
#[template(path = "referrals/sheet.html")]
struct Page<'a> {
    heading: &'static str,
    sender: &'a str,
    addressee: &'a str,
    address: Option<&'a str>,
    pec: Option<&'a str>,
    made: String,
    reference: String,
    card_version: u32,
    purpose: &'static str,
    anonymous: bool,
    groups: Vec<PrintedGroup>,
}

impl Referrals {
    /// A sheet, as it was made. Each time it is printed is written down. One that has not left yet is printed only while
    /// what it rests on holds: on paper it would leave by itself. One that left is shown as it left.
    ///
    /// # Errors
    /// `not_found`, also once the person was erased; `consent_not_valid`.
    pub fn print_sheet(&self, tx: &mut Tx<'_>, by: By, id: Uuid, sheet: Uuid, printed: &Printed) -> Result<Html> {
        let now = tx.now();
        let mut case = Case::read(tx.conn(), id, now)?;
        self.refresh_name(tx.conn(), &mut case)?;
        let row = rows::sheet(tx.conn(), id, sheet)?.ok_or(Code::NotFound)?;
        let resting = Resting { record: Some(row.record), ..Default::default() };
        if row.sent.is_none() && !grants::still_holds(tx.conn(), resting, now)? {
            return Err(Code::ConsentNotValid.into());
        }
        let content = rows::content(tx.conn(), self.outbox().vault(), sheet)?.ok_or(Code::NotFound)?;
        let office = match case.peer().office() {
            Some(office) => offices::partner(tx.conn(), office)?,
            None => None,
        };
        let page = Html::sheet(&Page {
            heading: heading(row.kind),
            sender: &printed.organisation,
            addressee: &case.row.organisation,
            address: office.as_ref().and_then(|it| it.address.as_ref()).map(|it| it.as_str()),
            pec: office.as_ref().and_then(|it| it.pec.as_ref()).map(|it| it.as_str()),
            made: local_day(row.made_at).format("%d/%m/%Y").to_string(),
            reference: case.thread.subject_ref.0.to_string(),
            card_version: content.card_version,
            purpose: if row.kind == SheetKind::Preview { "P1" } else { case.purpose.code() },
            anonymous: row.kind == SheetKind::Preview,
            groups: cards::printed(&content.groups)?,
        })?;
        let entry = by.entry("referral.sheet-printed").subject(case.subject()).object(id).peer(case.peer());
        journal::record(tx, entry.code(row.kind.code()))?;
        Ok(page)
    }

    /// A referral on paper is withdrawn: what the office has is asked back by letter, under the reference of its sheets.
    pub(in crate::referrals) fn recall_paper(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        case: &Case,
    ) -> Result<Option<staffetta_protocol::id::MessageId>> {
        use crate::consents::recalls;
        use crate::people::PersonId;
        let groups = rows::sheets(tx.conn(), case.id())?.into_iter().flat_map(|sheet| sheet.groups).collect();
        let (subject, person) = (case.subject(), case.person().map(PersonId).ok_or(Code::NotFound)?);
        let entry = by.entry("referral.withdrawn").subject(subject).object(case.id()).peer(case.peer());
        journal::record(tx, entry.code("on_paper"))?;
        let groups: std::collections::BTreeSet<_> = groups;
        if groups.is_empty() {
            return Ok(None);
        }
        let thread = grants::by_id(tx.conn(), case.thread.id)?.ok_or(Code::NotFound)?;
        let organisation = case.row.organisation.as_str();
        let recalled = recalls::Recalled {
            person,
            subject,
            thread: &thread,
            organisation,
            record: None,
            groups: &groups,
            due: None,
        };
        recalls::open(tx, recalled).map(|id| Some(staffetta_protocol::id::MessageId(id)))
    }
}

const fn heading(kind: SheetKind) -> &'static str {
    match kind {
        SheetKind::Preview => "Anteprima di una persona",
        SheetKind::Referral => "Invio di una persona",
        SheetKind::Information => "Informazioni richieste",
        SheetKind::Contact => "Recapiti della persona",
        SheetKind::Reopening => "Invio di una persona, ripreso",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use staffetta_protocol::consent::Group;

    use super::*;
    use crate::cards::PrintedField;
    use crate::web::html::proof;

    proptest! {
        #[test]
        fn whatever_is_said_the_sheet_stays_a_sheet(said in "[!-~]{1,60}", lines in 0usize..4) {
            let field = PrintedField { field: "given_names", label: "Nome".into(), lines: vec![said.clone(); lines] };
            let group = PrintedGroup { group: Group::Identity, heading: "Dati".into(), fields: vec![field] };
            let page = Page {
                heading: "Invio", sender: &said, addressee: &said, address: Some(&said), pec: None, made: String::new(),
                reference: String::new(), card_version: 1, purpose: "P2", anonymous: false, groups: vec![group],
            };
            let page = Html::sheet(&page).unwrap();
            let words = proof::words(&proof::page(page.as_str()));
            prop_assert!(words.matches(said.as_str()).count() >= 3 + lines);
        }
    }
}
