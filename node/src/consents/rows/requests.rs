//! Rows of questions that wait for their answer.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Text;
use staffetta_protocol::consent::{OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;

use super::{damaged, join, split};
use crate::consents::model::{Request, State};
use crate::error::{Error, Result};
use crate::people::PersonId;
use crate::store::schema::consent_request;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

#[derive(Queryable, Selectable)]
#[diesel(table_name = consent_request)]
struct Row {
    record: Id,
    person: Id,
    subject: Id,
    purpose: String,
    recipient: String,
    groups: String,
    notice_hash: String,
    state: String,
    asked_at: At,
    asked_by: Option<Id>,
    ask_again_at: Option<At>,
    sealed: Option<Vec<u8>>,
}

/// What of a question is sealed.
#[derive(Serialize, Deserialize)]
struct Words {
    /// What staff called the recipient: free text, which may name a doctor or a lawyer.
    recipient_label: Text<200>,
}

const fn place(record: RecordId) -> Place {
    Place { table: "consent_request", row: record.0, column: "sealed" }
}

impl Row {
    fn read(self, conn: &mut Conn, vault: &Vault) -> Result<Request> {
        let words = match &self.sealed {
            Some(sealed) => vault.open(conn, place(RecordId(self.record.0)), sealed)?,
            None => None,
        };
        let words: Option<Words> =
            words.map(|plain| serde_json::from_slice(&plain)).transpose().map_err(|_| damaged())?;
        self.with(words.map(|words| words.recipient_label)).ok_or_else(damaged)
    }

    fn with(self, recipient_label: Option<Text<200>>) -> Option<Request> {
        Some(Request {
            record: RecordId(self.record.0),
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            purpose: Purpose::from_code(&self.purpose)?,
            recipient: OrganisationId::new(&self.recipient).ok()?,
            recipient_label,
            groups: split(&self.groups)?,
            notice_hash: self.notice_hash.parse().ok()?,
            state: State::from_code(&self.state)?,
            asked_at: self.asked_at.0,
            asked_by: self.asked_by.map(|id| id.0),
            ask_again_at: self.ask_again_at.map(|at| at.0),
        })
    }
}

pub(in crate::consents) fn insert_request(tx: &mut Tx<'_>, vault: &Vault, new: &Request) -> Result<()> {
    let sealed = match new.recipient_label.clone() {
        Some(recipient_label) => {
            let plain = serde_json::to_vec(&Words { recipient_label }).map_err(Error::internal)?;
            Some(vault.seal(tx.conn(), new.subject, place(new.record), &plain)?)
        }
        None => None,
    };
    diesel::insert_into(consent_request::table)
        .values((
            consent_request::record.eq(Id(new.record.0)),
            consent_request::person.eq(Id(new.person.0)),
            consent_request::subject.eq(Id(new.subject.0)),
            consent_request::purpose.eq(new.purpose.code()),
            consent_request::recipient.eq(new.recipient.as_str()),
            consent_request::groups.eq(join(&new.groups)),
            consent_request::notice_hash.eq(new.notice_hash.to_string()),
            consent_request::state.eq(new.state.code()),
            consent_request::asked_at.eq(At::from(new.asked_at)),
            consent_request::asked_by.eq(new.asked_by.map(Id)),
            consent_request::sealed.eq(sealed),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The question of that record, whatever became of it.
pub(in crate::consents) fn request(conn: &mut Conn, vault: &Vault, record: RecordId) -> Result<Option<Request>> {
    let row: Option<Row> = consent_request::table.find(Id(record.0)).select(Row::as_select()).first(conn).optional()?;
    row.map(|row| row.read(conn, vault)).transpose()
}

/// The same, with its row locked until this transaction ends: a question has one answer, whoever writes it down.
pub(in crate::consents) fn locked_request(tx: &mut Tx<'_>, vault: &Vault, record: RecordId) -> Result<Option<Request>> {
    let row = consent_request::table.find(Id(record.0));
    diesel::update(row).set(consent_request::state.eq(consent_request::state)).execute(tx.conn())?;
    request(tx.conn(), vault, record)
}

/// The questions that wait for this person's answer, oldest first.
pub(in crate::consents) fn requests_of(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<Request>> {
    let rows: Vec<Row> = consent_request::table
        .filter(consent_request::person.eq(Id(person.0)))
        .filter(consent_request::state.eq_any([State::Requested.code(), State::Deferred.code()]))
        .order((consent_request::asked_at.asc(), consent_request::record.asc()))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.read(conn, vault)).collect()
}

/// Writes what became of a question that stood at `from`. Says whether it still did.
pub(in crate::consents) fn settle_request(tx: &mut Tx<'_>, of: &Request, from: State) -> Result<bool> {
    let settled = (!of.state.waits()).then(|| At::from(tx.now()));
    let waiting = consent_request::table.find(Id(of.record.0)).filter(consent_request::state.eq(from.code()));
    let changed = diesel::update(waiting)
        .set((
            consent_request::state.eq(of.state.code()),
            consent_request::ask_again_at.eq(of.ask_again_at.map(At::from)),
            consent_request::settled_at.eq(settled),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}
