//! A thing of each kind that some rule ends, as the rooms would have written it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::PEER;
use crate::error::Result;
use crate::store::schema::{
    card, card_version, consent, counselling_note, disclosure, known_message, outbox, person, received_card, referral,
    referral_event, thread,
};
use crate::store::{At, Id, Tx};

/// One thing of each kind whose time began at `at`, about `subject`.
pub(super) struct Thing {
    pub(super) at: DateTime<Utc>,
    pub(super) subject: Uuid,
}

impl Thing {
    pub(super) fn put(&self, tx: &mut Tx<'_>, code: &str) -> Result<Uuid> {
        let id = Uuid::new_v4();
        match code {
            "draft_card" => self.card(tx, id)?,
            "preview_received" => self.referral(tx, id, "taker", None)?,
            "referral_ended_recipient" => self.referral(tx, id, "taker", Some("declined"))?,
            "referral_ended_sender" => self.referral(tx, id, "opener", Some("withdrawn"))?,
            "referral_closed" => self.referral(tx, id, "opener", Some("closed"))?,
            "consent_record" => self.consent(tx, id)?,
            "disclosure_log" => self.disclosure(tx, id)?,
            "counselling_note" => self.note(tx, id)?,
            "message_bytes" => self.messages(tx, id)?,
            other => panic!("no thing for {other}"),
        }
        Ok(id)
    }

    fn card(&self, tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
        let (at, subject) = (At::from(self.at), Id(self.subject));
        diesel::insert_into(person::table)
            .values((
                person::id.eq(Id(id)),
                person::subject.eq(subject),
                person::label.eq(vec![0_u8]),
                person::created_at.eq(at),
                person::updated_at.eq(at),
            ))
            .execute(tx.conn())?;
        diesel::insert_into(card::table)
            .values((card::person.eq(Id(id)), card::version.eq(1), card::updated_at.eq(at)))
            .execute(tx.conn())?;
        diesel::insert_into(card_version::table)
            .values((
                card_version::id.eq(Id(Uuid::new_v4())),
                card_version::person.eq(Id(id)),
                card_version::version.eq(1),
                card_version::sealed.eq(vec![0_u8]),
                card_version::saved_at.eq(at),
            ))
            .execute(tx.conn())?;
        Ok(())
    }

    fn referral(&self, tx: &mut Tx<'_>, id: Uuid, side: &str, state: Option<&str>) -> Result<()> {
        let (at, subject, thread) = (At::from(self.at), Id(self.subject), Id(Uuid::new_v4()));
        self.thread(tx, thread, None)?;
        diesel::insert_into(referral::table)
            .values((
                referral::id.eq(Id(id)),
                referral::thread.eq(thread),
                referral::side.eq(side),
                referral::peer.eq(PEER),
                referral::organisation.eq("CPI"),
                referral::recipient_ids.eq(""),
                referral::person.eq(Some(Id(Uuid::new_v4()))),
                referral::subject.eq(subject),
                referral::purpose.eq("P2"),
                referral::state.eq(state),
                referral::preview_state.eq("none"),
                referral::duplicate_confirmed.eq(false),
                referral::created_at.eq(at),
                referral::updated_at.eq(at),
                referral::version.eq(1),
            ))
            .execute(tx.conn())?;
        diesel::insert_into(referral_event::table)
            .values((
                referral_event::id.eq(Id(Uuid::new_v4())),
                referral_event::referral.eq(Id(id)),
                referral_event::ordinal.eq(1),
                referral_event::own.eq(true),
                referral_event::said.eq("sent"),
                referral_event::thread_seq.eq(1),
                referral_event::seen.eq(0),
                referral_event::message.eq(Id(Uuid::new_v4())),
                referral_event::at.eq(at),
                referral_event::actor_role.eq("operator"),
                referral_event::fate.eq("counts"),
                referral_event::superseded.eq(false),
                referral_event::settled.eq(true),
                referral_event::sealed.eq(Some(vec![0_u8])),
            ))
            .execute(tx.conn())?;
        let message = Uuid::new_v4();
        diesel::insert_into(received_card::table)
            .values((
                received_card::id.eq(Id(Uuid::new_v4())),
                received_card::thread.eq(thread),
                received_card::subject.eq(subject),
                received_card::message.eq(Id(message)),
                received_card::thread_seq.eq(1),
                received_card::card_version.eq(1),
                received_card::part.eq("g.preview"),
                received_card::sealed.eq(vec![0_u8]),
                received_card::received_at.eq(at),
            ))
            .execute(tx.conn())?;
        self.came(tx, message, Some(thread))
    }

    fn consent(&self, tx: &mut Tx<'_>, record: Uuid) -> Result<()> {
        // A renewal: the last answer counts for all.
        for (seq, end) in [(1, self.at - TimeDelta::days(400)), (2, self.at)] {
            diesel::insert_into(consent::table)
                .values((
                    (
                        consent::id.eq(Id(Uuid::new_v4())),
                        consent::record.eq(Id(record)),
                        consent::seq.eq(seq),
                        consent::person.eq(Id(Uuid::new_v4())),
                        consent::subject.eq(Id(self.subject)),
                        consent::purpose.eq("P1"),
                        consent::recipient.eq("ipa:c_g999"),
                        consent::groups.eq("g.preview"),
                        consent::state.eq("given"),
                        consent::answered_at.eq(At::from(end - TimeDelta::days(300))),
                        consent::not_after.eq(Some(At::from(end))),
                        consent::single_use.eq(false),
                    ),
                    (
                        consent::notice.eq("n"),
                        consent::notice_version.eq("1"),
                        consent::notice_language.eq("ita"),
                        consent::notice_hash.eq("h"),
                        consent::read_aloud.eq(false),
                        consent::expressed_by.eq("person"),
                        consent::indication_method.eq("signed_paper"),
                        consent::notice_draft.eq(false),
                    ),
                ))
                .execute(tx.conn())?;
        }
        Ok(())
    }

    fn disclosure(&self, tx: &mut Tx<'_>, message: Uuid) -> Result<()> {
        diesel::insert_into(disclosure::table)
            .values((
                disclosure::message.eq(Id(message)),
                disclosure::subject.eq(Id(self.subject)),
                disclosure::peer.eq(PEER),
                disclosure::organisation.eq("CPI"),
                disclosure::kind.eq("card.preview.v1"),
                disclosure::groups.eq("g.preview"),
                disclosure::ground.eq("consent"),
                disclosure::at.eq(At::from(self.at)),
            ))
            .execute(tx.conn())?;
        Ok(())
    }

    fn note(&self, tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
        // Its day was fixed when the case ended.
        let day = self.at.checked_add_months(chrono::Months::new(6)).unwrap();
        diesel::insert_into(counselling_note::table)
            .values((
                counselling_note::id.eq(Id(id)),
                counselling_note::person.eq(Id(Uuid::new_v4())),
                counselling_note::subject.eq(Id(self.subject)),
                counselling_note::author.eq(Id(Uuid::new_v4())),
                counselling_note::sealed.eq(vec![0_u8]),
                counselling_note::version.eq(1),
                counselling_note::created_at.eq(At::from(self.at)),
                counselling_note::updated_at.eq(At::from(self.at)),
                counselling_note::delete_after.eq(Some(At::from(day))),
            ))
            .execute(tx.conn())?;
        Ok(())
    }

    fn thread(&self, tx: &mut Tx<'_>, id: Id, closed: Option<DateTime<Utc>>) -> Result<()> {
        diesel::insert_into(thread::table)
            .values((
                thread::id.eq(id),
                thread::peer.eq(PEER),
                thread::wire.eq(id),
                thread::side.eq("opener"),
                thread::kind.eq("referral"),
                thread::subject.eq(Id(self.subject)),
                thread::subject_ref.eq(Id(Uuid::new_v4())),
                thread::state.eq(if closed.is_some() { "ended" } else { "open" }),
                thread::sent_seq.eq(1),
                thread::seen_seq.eq(0),
                thread::opened_at.eq(At::from(self.at)),
                thread::closed_at.eq(closed.map(At::from)),
            ))
            .execute(tx.conn())?;
        Ok(())
    }

    fn came(&self, tx: &mut Tx<'_>, message: Uuid, of: Option<Id>) -> Result<()> {
        diesel::insert_into(known_message::table)
            .values((
                known_message::peer.eq(PEER),
                known_message::message.eq(Id(message)),
                known_message::digest.eq("d"),
                known_message::outcome.eq("accepted"),
                known_message::thread.eq(of),
                known_message::subject.eq(Some(Id(self.subject))),
                known_message::sealed.eq(Some(vec![0_u8])),
                known_message::unopened.eq(0),
                known_message::received_at.eq(At::from(self.at)),
            ))
            .execute(tx.conn())?;
        Ok(())
    }

    /// One each way, in a conversation that ended.
    fn messages(&self, tx: &mut Tx<'_>, message: Uuid) -> Result<()> {
        let of = Id(Uuid::new_v4());
        self.thread(tx, of, Some(self.at))?;
        self.came(tx, message, Some(of))?;
        diesel::insert_into(outbox::table)
            .values((
                outbox::message.eq(Id(message)),
                outbox::peer.eq(PEER),
                outbox::kind.eq("card.preview.v1"),
                outbox::thread.eq(Some(of)),
                outbox::subject.eq(Some(Id(self.subject))),
                outbox::ground.eq("consent"),
                outbox::priority.eq(1),
                outbox::queue_no.eq(self.at.timestamp_micros()),
                outbox::digest.eq("d"),
                outbox::sealed.eq(Some(vec![0_u8])),
                outbox::size.eq(1),
                outbox::state.eq("delivered"),
                outbox::queued_at.eq(At::from(self.at)),
                outbox::settled_at.eq(Some(At::from(self.at))),
            ))
            .execute(tx.conn())?;
        Ok(())
    }
}
