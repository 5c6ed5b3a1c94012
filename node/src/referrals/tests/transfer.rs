//! A record moves: from one centre to another, while a job centre has taken the person on.

use serde_json::json;
use staffetta_protocol::card::codes::SourceKind;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::data::TransferDeclineReason;
use staffetta_protocol::id::MessageId;
use staffetta_protocol::problem::Code;
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use super::world::{BY, Node, REFERRAL, World, code, each, parsed, seen, with_contact};
use crate::access::cases::Listing;
use crate::cards;
use crate::consents;
use crate::consents::recalls::RecallSending;
use crate::grants;
use crate::journal;
use crate::outbox::Settlement;
use crate::people::{self, PersonId};
use crate::referrals::transfer::{RecordTransfer, Taking, Wanted};
use crate::referrals::{Sending, Side, settled};
use crate::vault;

const ALL: [Group; 6] =
    [Group::Preview, Group::Identity, Group::Status, Group::SkillsFull, Group::Needs, Group::Contact];

impl Node {
    async fn transfer(&self, id: Uuid) -> RecordTransfer {
        self.desk(move |r, tx| r.look_at_transfer(tx, BY, id)).await.unwrap()
    }

    async fn transfer_state(&self, id: Uuid) -> &'static str {
        self.transfer(id).await.summary.state
    }

    /// The only transfer here that this node has that side of.
    async fn only_transfer(&self, side: Side) -> Uuid {
        let side = Some(side);
        let wanted = Wanted { of: Listing::All, side, state: None, person: None, after: None, limit: 50 };
        let list = self
            .desk(move |r, tx| {
                let now = tx.now();
                r.transfers(tx.conn(), &wanted, now)
            })
            .await
            .unwrap();
        assert_eq!(list.items.len(), 1);
        list.items[0].id
    }

    async fn offered(&self) -> Uuid {
        self.only_transfer(Side::Taker).await
    }
}

impl World {
    /// Her yes for the other centre, and the record on its way.
    async fn offer(&self, person: PersonId) -> Uuid {
        self.ponte.yes_for(person, "vat:12345678903", Purpose::P12, &ALL).await;
        let altro = self.altro.id().clone();
        self.ponte.desk(move |r, tx| r.offer(tx, BY, person, &altro)).await.unwrap()
    }

    /// Between the two centres, both ways until nothing waits.
    async fn between_centres(&self) {
        loop {
            let there = self.ponte.carry(&self.altro).await;
            let back = self.altro.carry(&self.ponte).await;
            for outcome in there.iter().chain(&back) {
                assert_eq!(outcome, "accepted");
            }
            if there.is_empty() && back.is_empty() {
                return;
            }
        }
    }

    async fn take(&self, there: Uuid) -> PersonId {
        let taking = Taking { label: None, known: None };
        self.altro.desk(move |r, tx| r.take_over(tx, BY, there, taking)).await.unwrap()
    }
}

#[actix_web::test]
async fn taken_over_the_new_holder_has_her_and_every_thread_of_the_old_one_ends() {
    each(|w| async move {
        let (person, _, here, there) = w.in_charge(&with_contact()).await;
        let sent = w.offer(person).await;
        assert_eq!(w.ponte.transfer_state(sent).await, "queued");
        w.between_centres().await;
        let came = w.altro.offered().await;
        let (mine, theirs) = (w.ponte.transfer(sent).await, w.altro.transfer(came).await);
        assert_eq!((mine.summary.state, theirs.summary.state), ("received", "received"));
        assert_eq!(mine.summary.answer_due_at, theirs.summary.answer_due_at);
        assert_eq!(theirs.summary.person, None);
        assert_eq!(theirs.allowed, ["take", "decline"]);
        assert_eq!(theirs.card.unwrap().groups.contact.unwrap().phone.len(), 1, "the yes is for all of it");
        assert_eq!(w.ponte.state(here).await, Some("accepted"), "nothing has moved yet");

        let hers = w.take(came).await;
        w.between_centres().await;
        w.exchange().await;
        assert_eq!((w.ponte.transfer_state(sent).await, w.altro.transfer_state(came).await), ("taken", "taken"));

        let vault = w.altro.vault();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            let person = people::get(tx.conn(), hers)?;
            assert_eq!(people::subjects(tx.conn(), &person)?.len(), 2, "what had come is hers as it came");
            let listed = people::look(tx, &vault, &seen(hers))?;
            assert_eq!(listed.label.as_str(), "Zzawa");
            let held = cards::look(tx, &vault, &seen(hers))?;
            assert_eq!((held.version, held.card.phone.len(), held.card.skills.len()), (1, 1, 1));
            let source = held.card.sources.iter().find(|source| source.field.name() == "given_names").unwrap();
            assert_eq!(source.source, SourceKind::Third);
            Ok(())
        };
        w.altro.store.write(act).await.unwrap();

        for (node, id) in [(&w.ponte, here), (&w.cpi, there)] {
            let ended = node.look(id).await;
            assert_eq!((ended.summary.state, ended.end_reason), (Some("closed"), Some("holder_changed")));
            let holder = ended.new_holder.unwrap();
            assert_eq!(holder.entity_id, *w.altro.id());
            assert_eq!(holder.organisation_name.as_str(), "Altro centro");
            assert!(!ended.allowed.contains(&"reopen"));
        }
    })
    .await;
}

#[actix_web::test]
async fn the_former_holder_discloses_nothing_more_and_only_reads() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let record = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let draft = w.draft(person).await;
        w.offer(person).await;
        w.between_centres().await;
        w.take(w.altro.offered().await).await;
        w.between_centres().await;

        let vault = w.ponte.vault();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            let now = tx.now();
            let consent = consents::of(tx.conn(), &vault, person, record)?;
            assert_eq!(consent.stands(now), consents::State::Terminated, "done, not withdrawn");
            let held = cards::look(tx, &vault, &seen(person))?;
            let saved = cards::put(tx, &vault, &seen(person), held.card, held.version);
            assert_eq!(code(saved), Code::HolderChanged);
            Ok(())
        };
        w.ponte.store.write(act).await.unwrap();
        assert_eq!(w.ponte.state(draft).await, Some("closed"), "what nobody knew of ends without a word");
        assert!(w.ponte.lease(&w.cpi).await.is_none());

        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let again = w.draft(person).await;
        let sent = w.ponte.desk(move |r, tx| r.send(tx, BY, again, &Sending::default())).await;
        assert_eq!(code(sent), Code::HolderChanged, "whatever she agrees to here");
        let altro = w.altro.id().clone();
        let offered = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &altro)).await;
        assert_eq!(code(offered), Code::HolderChanged);
    })
    .await;
}

#[actix_web::test]
async fn a_yes_that_was_renewed_ends_once_and_the_word_that_it_was_taken_is_taken() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let record = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        for number in [2, 3] {
            assert_eq!(w.ponte.renewed(person, record).await, number);
        }
        w.offer(person).await;
        w.between_centres().await;
        w.take(w.altro.offered().await).await;
        w.between_centres().await;

        let vault = w.ponte.vault();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            let (now, subject) = (tx.now(), people::get(tx.conn(), person)?.subject);
            let consent = consents::of(tx.conn(), &vault, person, record)?;
            assert_eq!((consent.seq, consent.stands(now)), (3, consents::State::Terminated));
            let ended = journal::about(tx.conn(), subject, 200)?;
            let ended = ended.iter().filter(|entry| entry.act == "consent.terminated").count();
            assert_eq!(ended, 2, "this one, and the one for the move itself");
            assert!(grants::live_grants(tx.conn(), subject, Purpose::P2, now)?.is_empty());
            Ok(())
        };
        w.ponte.store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn declined_with_a_reason_it_stays_where_it_was() {
    each(|w| async move {
        let (person, _, here, _) = w.in_charge(&REFERRAL).await;
        let sent = w.offer(person).await;
        let altro = w.altro.id().clone();
        let twice = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &altro)).await;
        assert_eq!(code(twice), Code::AlreadyExists);
        w.between_centres().await;
        let came = w.altro.offered().await;
        let (reason, text) = (TransferDeclineReason::NoCapacity, Some(parsed(json!("Zzposti finiti"))));
        w.altro.desk(move |r, tx| r.decline_transfer(tx, BY, came, reason, text)).await.unwrap();
        w.between_centres().await;

        let mine = w.ponte.transfer(sent).await;
        assert_eq!(mine.summary.state, "declined");
        let answer = mine.answer.unwrap();
        assert_eq!((answer.reason.as_deref(), answer.text.as_deref()), (Some("no_capacity"), Some("Zzposti finiti")));
        assert_eq!(w.ponte.state(here).await, Some("accepted"));
        let taking = Taking { label: None, known: None };
        let late = w.altro.desk(move |r, tx| r.take_over(tx, BY, came, taking)).await;
        assert_eq!(code(late), Code::IllegalTransition);
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &REFERRAL.into(), false)).await.unwrap();
        let altro = w.altro.id().clone();
        let anew = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &altro)).await.unwrap();
        assert_eq!(w.ponte.transfer_state(anew).await, "queued", "under the same yes, in a thread of its own");
    })
    .await;
}

#[actix_web::test]
async fn a_withdrawal_that_crosses_taken_stands() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let record = w.ponte.yes_for(person, "vat:12345678903", Purpose::P12, &ALL).await;
        let altro = w.altro.id().clone();
        let sent = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &altro)).await.unwrap();
        w.between_centres().await;
        let came = w.altro.offered().await;
        w.take(came).await;
        w.ponte.no_more(person, record).await;
        assert_eq!(w.ponte.transfer_state(sent).await, "withdrawn");
        assert_eq!(w.altro.carry(&w.ponte).await, ["superseded"]);
        assert_eq!(w.altro.transfer_state(came).await, "withdrawn");
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let draft = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, draft, &Sending::default())).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn without_her_yes_or_to_a_job_centre_nothing_leaves() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let (altro, cpi) = (w.altro.id().clone(), w.cpi.id().clone());
        let to = altro.clone();
        let bare = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &to)).await;
        assert_eq!(code(bare), Code::ConsentNotValid);
        let wrong = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &cpi)).await;
        assert_eq!(code(wrong), Code::RoleNotEntitled);
        let record = w.ponte.yes_for(person, "vat:12345678903", Purpose::P12, &ALL).await;
        let sent = w.ponte.desk(move |r, tx| r.offer(tx, BY, person, &altro)).await.unwrap();
        w.ponte.no_more(person, record).await;
        assert!(w.ponte.lease(&w.altro).await.is_none());
        assert_eq!(w.ponte.transfer_state(sent).await, "withdrawn");
    })
    .await;
}

/// She comes back: the record that was handed over lives again, with what the other centre had of her.
#[actix_web::test]
async fn who_comes_back_is_taken_over_into_the_record_that_is_here() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.offer(person).await;
        w.between_centres().await;
        let hers = w.take(w.altro.offered().await).await;
        w.between_centres().await;
        w.altro.yes_for(hers, "vat:01234567897", Purpose::P12, &ALL).await;
        let ponte = w.ponte.id().clone();
        w.altro.desk(move |r, tx| r.offer(tx, BY, hers, &ponte)).await.unwrap();
        w.between_centres().await;
        let back = w.ponte.offered().await;
        let taking = Taking { label: None, known: Some(seen(person)) };
        let same = w.ponte.desk(move |r, tx| r.take_over(tx, BY, back, taking)).await.unwrap();
        assert_eq!(same, person);
        w.between_centres().await;
        let vault = w.ponte.vault();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            let subject = people::get(tx.conn(), person)?.subject;
            assert_eq!(vault::joined(tx.conn(), subject)?.len(), 2);
            let held = cards::look(tx, &vault, &seen(person))?;
            assert_eq!(held.version, 2);
            cards::put(tx, &vault, &seen(person), held.card, 2).map(|_| ())
        };
        w.ponte.store.write(act).await.unwrap();
        let gone = w.altro.only_transfer(Side::Opener).await;
        assert_eq!(w.altro.transfer_state(gone).await, "taken");
    })
    .await;
}

#[actix_web::test]
async fn an_office_without_a_node_is_told_by_letter() {
    each(|w| async move {
        let (person, _, paper, _) = w.on_paper(&REFERRAL).await;
        let sent = w.offer(person).await;
        w.between_centres().await;
        w.take(w.altro.offered().await).await;
        w.between_centres().await;
        let ended = w.ponte.look(paper).await;
        assert_eq!((ended.summary.state, ended.end_reason), (Some("closed"), Some("holder_changed")));
        let letters = w.ponte.transfer(sent).await.letters;
        assert_eq!((letters.len(), letters[0].referral, letters[0].sent_at), (1, paper, None));

        let letter = letters[0].id;
        let page = w.ponte.desk(move |r, tx| r.print_holder_letter(tx, BY, sent, letter, "Il Ponte")).await.unwrap();
        assert!(page.as_str().contains("Altro centro") && !page.as_str().contains("Zzawa"));
        let how: RecallSending = parsed(json!({"channel": "pec"}));
        w.ponte.desk(move |r, tx| r.holder_letter_sent(tx, BY, sent, letter, how)).await.unwrap();
        assert_eq!(w.ponte.transfer(sent).await.letters[0].channel.as_deref(), Some("pec"));
        let again = w.ponte.desk(move |r, tx| r.holder_letter_sent(tx, BY, sent, letter, how)).await;
        assert_eq!(code(again), Code::Conflict);
        let strange = w.ponte.desk(move |r, tx| r.print_holder_letter(tx, BY, sent, paper, "Il Ponte")).await;
        assert_eq!(code(strange), Code::NotFound);
    })
    .await;
}

/// A taker of an earlier build refuses the word: the thread ends with the one that it knows.
#[actix_web::test]
async fn to_a_taker_that_does_not_know_the_word_the_thread_is_withdrawn() {
    use crate::store::Id;
    use crate::store::schema::outbox;
    use diesel::prelude::*;

    each(|w| async move {
        let (person, _, here, _) = w.in_charge(&REFERRAL).await;
        w.offer(person).await;
        w.between_centres().await;
        w.take(w.altro.offered().await).await;
        w.between_centres().await;
        let kind = "referral.holder-changed.v1";
        let handle = w.ponte.outbox.clone();
        let refused = move |tx: &mut crate::store::Tx<'_>| {
            let message: Id = outbox::table.filter(outbox::kind.eq(kind)).select(outbox::message).first(tx.conn())?;
            let settlement = Settlement {
                message: MessageId(message.0),
                kind: kind.to_owned(),
                thread: None,
                outcome: Outcome::Refused,
                code: Some("type_not_supported".to_owned()),
                waited: None,
            };
            settled(tx, &handle, &[settlement])
        };
        w.ponte.store.write(refused).await.unwrap();
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
        let said: Vec<_> = w.ponte.look(here).await.events.iter().map(|event| event.event).collect();
        assert_eq!(said[said.len() - 2..], ["holder_changed", "withdraw"]);
        assert!(w.ponte.look(here).await.allowed.is_empty());
    })
    .await;
}
