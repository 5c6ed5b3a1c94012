//! Rows of consents; those of requests, events, receipts and of what is due stand beside them.

mod due;
mod ended;
mod events;
mod receipts;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{LanguageCode, Prose, Text};
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

use super::model::{
    Channel, Consent, ExpressedBy, Expression, IndicationMethod, Notice, State, Withdrawal, WithdrawnBy,
};
use crate::error::{Error, Result};
use crate::grants::{self, Use};
use crate::people::PersonId;
use crate::store::schema::{consent, consent_event, consent_receipt, consent_request, paper_recall, recall_told};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Place, Subject, Vault};

pub(super) use due::{Behind, Running, Which, guarded, remind, revocable, running};
pub(super) use ended::{ended_untold, first_answered, unended_of};
pub(super) use events::{events_of, note};
pub(super) use receipts::{Kept, keep, kept};
pub(super) use requests::{insert_request, locked_request, request, requests_of, settle_request};

/// The words of a record, and whatever tells of a guardian: sealed.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Words {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mediator_label: Option<Text<120>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_adult: Option<Text<120>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_adult_independent: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guardian: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assent: Option<IndicationMethod>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Prose<1000>>,
    /// What staff called the recipient: free text, which may name a doctor or a lawyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient_label: Option<Text<200>>,
}

const fn place(row: Uuid) -> Place {
    Place { table: "consent", row, column: "sealed" }
}

fn damaged() -> Error {
    Error::internal("a stored consent does not parse")
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent)]
struct Row {
    id: Id,
    record: Id,
    seq: i32,
    person: Id,
    subject: Id,
    purpose: String,
    recipient: String,
    groups: String,
    state: String,
    answered_at: At,
    not_after: Option<At>,
    single_use: bool,
    notice: String,
    notice_version: String,
    notice_language: String,
    notice_hash: String,
    read_aloud: bool,
    expressed_by: String,
    indication_method: String,
    mediator: Option<Id>,
    entered_by: Option<Id>,
    sealed: Option<Vec<u8>>,
    withdrawn_at: Option<At>,
    withdrawn_by: Option<String>,
    withdrawn_channel: Option<String>,
    recall: Option<Id>,
    recall_due: Option<At>,
    notice_draft: bool,
    ends_early: Option<At>,
}

impl Row {
    fn read(self, conn: &mut Conn, vault: &Vault) -> Result<Consent> {
        let words = match &self.sealed {
            Some(sealed) => vault.open(conn, place(self.id.0), sealed)?,
            None => None,
        };
        let words: Option<Words> =
            words.map(|plain| serde_json::from_slice(&plain)).transpose().map_err(|_| damaged())?;
        let record = RecordId(self.record.0);
        let spent_at = match grants::use_of(conn, record, self.seq as u32)? {
            Some(Use::Spent(at)) if self.single_use => Some(at),
            _ => None,
        };
        self.with(words.unwrap_or_default(), spent_at).ok_or_else(damaged)
    }

    fn with(self, words: Words, spent_at: Option<DateTime<Utc>>) -> Option<Consent> {
        let withdrawn = match (self.withdrawn_at, self.withdrawn_by, self.withdrawn_channel) {
            (Some(at), Some(by), Some(channel)) => {
                Some((at.0, Withdrawal { by: WithdrawnBy::from_code(&by)?, channel: Channel::from_code(&channel)? }))
            }
            _ => None,
        };
        Some(Consent {
            record: RecordId(self.record.0),
            seq: self.seq as u32,
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            purpose: Purpose::from_code(&self.purpose)?,
            recipient: OrganisationId::new(&self.recipient).ok()?,
            recipient_label: words.recipient_label,
            groups: split(&self.groups)?,
            state: State::from_code(&self.state)?,
            answered_at: self.answered_at.0,
            not_after: self.not_after.map(|at| at.0),
            ends_early: self.ends_early.map(|at| at.0),
            single_use: self.single_use,
            spent_at,
            notice_draft: self.notice_draft,
            expressed: Expression {
                by: ExpressedBy::from_code(&self.expressed_by)?,
                indication_method: IndicationMethod::from_code(&self.indication_method)?,
                notice: Notice {
                    notice_id: Text::new(self.notice).ok()?,
                    version: Text::new(self.notice_version).ok()?,
                    language: LanguageCode::new(&self.notice_language).ok()?,
                    hash: self.notice_hash.parse().ok()?,
                },
                read_aloud: self.read_aloud,
                mediator: self.mediator.map(|id| id.0),
                mediator_label: words.mediator_label,
                second_adult: words.second_adult,
                second_adult_independent: words.second_adult_independent,
                guardian: words.guardian,
                assent: words.assent,
                note: words.note,
            },
            entered_by: self.entered_by.map(|id| id.0),
            withdrawn,
            recall: self.recall.zip(self.recall_due).map(|(recall, due)| (recall.0, due.0)),
        })
    }
}

pub(super) fn join(groups: &BTreeSet<Group>) -> String {
    groups.iter().map(|group| group.code()).collect::<Vec<_>>().join(",")
}

pub(super) fn split(text: &str) -> Option<BTreeSet<Group>> {
    text.split(',').map(Group::from_code).collect()
}

pub(super) fn insert(tx: &mut Tx<'_>, vault: &Vault, new: &Consent) -> Result<()> {
    let id = Uuid::new_v4();
    let said = &new.expressed;
    let words = Words {
        mediator_label: said.mediator_label.clone(),
        second_adult: said.second_adult.clone(),
        second_adult_independent: said.second_adult_independent,
        guardian: said.guardian,
        assent: said.assent,
        note: said.note.clone(),
        recipient_label: new.recipient_label.clone(),
    };
    let sealed = if words == Words::default() {
        None
    } else {
        let plain = serde_json::to_vec(&words).map_err(Error::internal)?;
        Some(vault.seal(tx.conn(), new.subject, place(id), &plain)?)
    };
    let row = Row {
        id: Id(id),
        record: Id(new.record.0),
        seq: i32::try_from(new.seq).map_err(Error::internal)?,
        person: Id(new.person.0),
        subject: Id(new.subject.0),
        purpose: new.purpose.code().to_owned(),
        recipient: new.recipient.as_str().to_owned(),
        groups: join(&new.groups),
        state: new.state.code().to_owned(),
        answered_at: At::from(new.answered_at),
        not_after: new.not_after.map(At::from),
        single_use: new.single_use,
        notice: said.notice.notice_id.as_str().to_owned(),
        notice_version: said.notice.version.as_str().to_owned(),
        notice_language: said.notice.language.as_str().to_owned(),
        notice_hash: said.notice.hash.to_string(),
        read_aloud: said.read_aloud,
        expressed_by: said.by.code().to_owned(),
        indication_method: said.indication_method.code().to_owned(),
        mediator: said.mediator.map(Id),
        entered_by: new.entered_by.map(Id),
        sealed,
        withdrawn_at: None,
        withdrawn_by: None,
        withdrawn_channel: None,
        recall: None,
        recall_due: None,
        notice_draft: new.notice_draft,
        ends_early: new.ends_early.map(At::from),
    };
    diesel::insert_into(consent::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// What the recipients of these answers were called, where anything was said of it.
pub(super) fn recipient_labels(
    conn: &mut Conn,
    vault: &Vault,
    answers: &[(RecordId, u32)],
) -> Result<BTreeMap<(RecordId, u32), Text<200>>> {
    let records: Vec<Id> = answers.iter().map(|(record, _)| Id(record.0)).collect();
    let rows: Vec<(Id, Id, i32, Option<Vec<u8>>)> = consent::table
        .filter(consent::record.eq_any(records))
        .select((consent::id, consent::record, consent::seq, consent::sealed))
        .load(conn)?;
    let wanted = rows.into_iter().map(|(id, record, seq, sealed)| (id, (RecordId(record.0), seq as u32), sealed));
    let (keys, sealed): (Vec<_>, Vec<_>) = wanted
        .filter(|(_, answer, _)| answers.contains(answer))
        .filter_map(|(id, answer, sealed)| Some((answer, (place(id.0), sealed?))))
        .unzip();
    let mut labels = BTreeMap::new();
    for (answer, plain) in keys.into_iter().zip(vault.open_all(conn, &sealed)?) {
        let Some(plain) = plain else { continue };
        let words: Words = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        labels.extend(words.recipient_label.map(|label| (answer, label)));
    }
    Ok(labels)
}

/// The newest answer of a record.
pub(super) fn newest(conn: &mut Conn, vault: &Vault, record: RecordId) -> Result<Option<Consent>> {
    let row: Option<Row> = consent::table
        .filter(consent::record.eq(Id(record.0)))
        .order(consent::seq.desc())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(|row| row.read(conn, vault)).transpose()
}

/// Locks a record until this transaction ends: of two acts that change what it permits, the second reads what the first has
/// written. Whoever locks several does it in the order of their ids.
pub(super) fn lock(tx: &mut Tx<'_>, record: RecordId) -> Result<()> {
    let answers = consent::table.filter(consent::record.eq(Id(record.0)));
    diesel::update(answers).set(consent::seq.eq(consent::seq)).execute(tx.conn())?;
    Ok(())
}

/// The newest answer of a record, which is locked before it is read.
pub(super) fn locked(tx: &mut Tx<'_>, vault: &Vault, record: RecordId) -> Result<Option<Consent>> {
    lock(tx, record)?;
    newest(tx.conn(), vault, record)
}

/// Every answer of a person, newest first.
pub(super) fn of_person(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<Consent>> {
    let rows: Vec<Row> = consent::table
        .filter(consent::person.eq(Id(person.0)))
        .order((consent::answered_at.desc(), consent::record.asc(), consent::seq.desc()))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.read(conn, vault)).collect()
}

/// Marks the newest answer as taken back, if nobody did before. Says whether this was the act that did.
pub(super) fn mark_withdrawn(tx: &mut Tx<'_>, of: &Consent) -> Result<bool> {
    let (Some((at, how)), Some((recall, due))) = (of.withdrawn, of.recall) else {
        return Err(Error::internal("a withdrawal without its recall"));
    };
    let newest = consent::table
        .filter(consent::record.eq(Id(of.record.0)))
        .filter(consent::seq.eq(of.seq as i32))
        .filter(consent::withdrawn_at.is_null());
    let changed = diesel::update(newest)
        .set((
            consent::state.eq(of.state.code()),
            consent::withdrawn_at.eq(At::from(at)),
            consent::withdrawn_by.eq(how.by.code()),
            consent::withdrawn_channel.eq(how.channel.code()),
            consent::recall.eq(Id(recall)),
            consent::recall_due.eq(At::from(due)),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// What was answered under the record that goes was answered under the one that stays.
pub(super) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    macro_rules! moved {
        ($($table:ident)+) => {$(
            diesel::update($table::table.filter($table::person.eq(from)))
                .set($table::person.eq(into))
                .execute(tx.conn())?;
        )+};
    }
    moved!(consent consent_request consent_event consent_receipt paper_recall recall_told);
    Ok(())
}

/// Moves the newest answer from one state to another, if it still is in the first. Says whether it was.
pub(super) fn move_state(tx: &mut Tx<'_>, of: &Consent, from: State) -> Result<bool> {
    let newest = consent::table
        .filter(consent::record.eq(Id(of.record.0)))
        .filter(consent::seq.eq(of.seq as i32))
        .filter(consent::state.eq(from.code()));
    Ok(diesel::update(newest).set(consent::state.eq(of.state.code())).execute(tx.conn())? == 1)
}

/// Moves the end that a guardian's word has.
pub(super) fn move_early_end(tx: &mut Tx<'_>, of: &Consent) -> Result<()> {
    let answer = consent::table.filter(consent::record.eq(Id(of.record.0))).filter(consent::seq.eq(of.seq as i32));
    diesel::update(answer).set(consent::ends_early.eq(of.ends_early.map(At::from))).execute(tx.conn())?;
    Ok(())
}
