//! Where a referral on paper begins: at an office of the address book, or where a node could not be reached.

use staffetta_protocol::card::{Prose, Refusal};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::data::WithdrawnBy;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::{Chosen, Referrals, rows};
use crate::cards;
use crate::error::Result;
use crate::grants::Destination;
use crate::offices::{self, Held, PartnerOffice, Proposal, Whereabouts};
use crate::people::PersonId;
use crate::referrals::by::By;
use crate::referrals::case::illegal;
use crate::referrals::opener::Draft;
use crate::referrals::{State, joined};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// What begins a referral to an office of the address book.
#[derive(Debug, Clone)]
pub struct ToOffice {
    /// The person.
    pub person: PersonId,
    /// The office.
    pub office: Uuid,
    /// Why this one, where another was proposed.
    pub reason: Option<Prose<500>>,
    /// On paper, though it has a node.
    pub on_paper: bool,
    /// P2, or P11 for a certification.
    pub purpose: Purpose,
    /// The operator was warned of another open referral to the same office and means it.
    pub confirm_duplicate: bool,
}

/// The offices for her: by the nearest municipality that her card names.
pub(in crate::referrals) fn proposal(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Proposal> {
    let card = cards::current(conn, vault, person)?.map(|held| held.card);
    let (residence, area) = card.map_or((None, None), |card| (card.residence_comune, card.area_comune));
    offices::proposals(conn, Whereabouts { residence, area, centre: None })
}

impl Referrals {
    /// Begins a referral to an office: to its node where it has one, else on paper.
    ///
    /// # Errors
    /// As [`Self::draft`]; `invalid_input` where another office was proposed and nobody says why this one.
    pub fn draft_to_office(&self, tx: &mut Tx<'_>, by: By, new: &ToOffice) -> Result<Uuid> {
        let office = offices::listed::<PartnerOffice>(tx.conn(), new.office)?;
        let proposed = proposal(tx.conn(), self.outbox().vault(), new.person)?.offices;
        let another =
            (!proposed.iter().any(|it| it.id == office.id)).then(|| proposed.first().map(|it| it.id)).flatten();
        if another.is_some() && new.reason.is_none() {
            return Err(Problem::invalid(vec![Refusal::Required.at("/office_reason")]).into());
        }
        let chosen = Chosen { office: office.id, proposed: another, follows: None, reason: new.reason.clone() };
        let node = office.entry.entity_id.clone().filter(|_| !new.on_paper);
        let ToOffice { person, purpose, confirm_duplicate, .. } = *new;
        match node {
            Some(recipient) => {
                let id = self.draft(tx, by, &Draft { person, recipient, purpose, confirm_duplicate })?;
                self.choose(tx, id, person, &chosen)?;
                Ok(id)
            }
            None => self.begin_on_paper(tx, by, person, purpose, confirm_duplicate, &office, &chosen),
        }
    }

    /// Goes on on paper with a referral that its node refused or that was not delivered: the thread with the node ends,
    /// and the word to it, if it may know of the referral, waits like any other.
    ///
    /// # Errors
    /// `not_found`; `illegal_transition` unless it is a draft of this side; `conflict` where it is on paper already, or
    /// the office is not of the organisation that the referral goes to.
    pub fn go_on_paper(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        office: Uuid,
        confirm_duplicate: bool,
    ) -> Result<Uuid> {
        let case = self.lock(tx, id)?;
        case.node()?;
        let (Some(person), Some(State::Draft)) = (case.person(), case.state) else {
            let (facts, now) = (case.facts(tx, by)?, tx.now());
            return Err(illegal(case.allowed(&facts, now)));
        };
        let office = offices::listed::<PartnerOffice>(tx.conn(), office)?;
        if !case.recipient_ids()?.iter().any(|known| known.same_organisation(&office.entry.organisation)) {
            let detail = "The office belongs to another organisation: that is another referral.";
            return Err(Problem::new(Code::Conflict).detail(detail).into());
        }
        let purpose = case.purpose;
        self.withdraw(tx, by, id, WithdrawnBy::Sender)?;
        let chosen = Chosen { office: office.id, proposed: None, follows: Some(id), reason: None };
        self.begin_on_paper(tx, by, PersonId(person), purpose, confirm_duplicate, &office, &chosen)
    }

    #[expect(clippy::too_many_arguments, reason = "two ways lead here, each with all of it")]
    fn begin_on_paper(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        person: PersonId,
        purpose: Purpose,
        confirm_duplicate: bool,
        office: &Held<PartnerOffice>,
        chosen: &Chosen,
    ) -> Result<Uuid> {
        let to = Destination::Office(office.id);
        let ids = joined(std::slice::from_ref(&office.entry.organisation));
        let id = self.begin(tx, by, person, purpose, confirm_duplicate, &to, office.entry.addressee(), ids)?;
        self.choose(tx, id, person, chosen)?;
        Ok(id)
    }

    fn choose(&self, tx: &mut Tx<'_>, id: Uuid, person: PersonId, chosen: &Chosen) -> Result<()> {
        let subject = crate::people::get(tx.conn(), person)?.subject;
        rows::choose(tx, self.outbox().vault(), id, subject, chosen)
    }
}
