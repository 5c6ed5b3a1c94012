//! What is answered to a withdrawal, and what becomes of whom it was about.

use std::ops::RangeInclusive;

use staffetta_protocol::consent::Basis;
use staffetta_protocol::data::{Below, BelowStatus, ConsentWithdrawalAnswered, ConsentWithdrawn, GroupOutcome};
use staffetta_protocol::trust::Role;

use super::*;
use crate::consents::tree::{Above, Told};
use crate::store::schema::{known_message, recall_taken, task};
use crate::store::{At, Conn, Id};
use diesel::prelude::*;

async fn told(at: &Side, person: &Person) -> Vec<Told> {
    let person = person.id;
    at.write(move |tx, _| tree::of_person(tx.conn(), person)).await
}

pub(super) async fn told_of(at: &Side, person: &Person, record: RecordId) -> Told {
    told(at, person).await.into_iter().find(|it| it.record == record).unwrap()
}

pub(super) async fn pump(at: &Side, above: Above, confirmed: bool) -> (usize, usize, usize) {
    let done = at.write(move |tx, outbox| tree::pump(tx, outbox, above, tree::Sure { clock: confirmed, ..SURE })).await;
    (done.late, done.thawed, done.shredded)
}

/// Both consents, the preview and the referral: everything has arrived.
pub(super) async fn disclosed(centre: &Side, cpi: &Side) -> (Person, (RecordId, RecordId)) {
    let person = centre.person().await;
    let records = agree(centre, &person).await;
    let (thread, _) = preview(centre, &person).await;
    referral(centre, &person, &thread).await;
    assert_eq!(centre.deliver(cpi).await, [None, None]);
    (person, records)
}

/// Something that a duty permits, to the other node about this record of the centre's.
pub(super) async fn say(from: &Side, to: &str, person: Uuid, record: RecordId, body: impl Into<Body> + Send + 'static) {
    let peer: EntityId = to.parse().unwrap();
    from.write(move |tx, outbox| {
        let subject = match people::get(tx.conn(), PersonId(person)) {
            Ok(person) => person.subject,
            Err(_) => outbox.vault().subject_for_person(tx)?,
        };
        let node = (&peer).into();
        let to = Recipient { peer: &node, organisation: "Zz", ids: &[] };
        let named = grants::subject_ref_for(tx, subject, &peer)?;
        let permit = grants::permit_duty(subject, named, to, Basis::LegalDuty, record.0, BTreeSet::new())?;
        let body = body.into();
        let out = Outgoing { thread: None, actor: spoken(&peer), body, card_version: None, not_after: None };
        outbox::enqueue_personal(tx, outbox, &permit, out).map(|_| ())
    })
    .await;
}

pub(super) fn answer_of(of: &Told, version: u32, complete: bool, below: &[Below]) -> ConsentWithdrawalAnswered {
    ConsentWithdrawalAnswered {
        record: of.record,
        seq: Whole::new(of.seq).unwrap(),
        recall: Some(of.recall),
        version: Whole::new(version).unwrap(),
        complete,
        groups: staffetta_protocol::card::List::none(),
        below: staffetta_protocol::card::List::new(below.to_vec()).unwrap(),
    }
}

#[actix_web::test]
async fn who_was_told_answers_at_once_and_once_for_each_recall() {
    each(|centre, cpi| async move {
        let (person, (p1, p2)) = disclosed(&centre, &cpi).await;
        take_back(&centre, &person, p1).await;
        take_back(&centre, &person, p2).await;
        assert_eq!(centre.deliver(&cpi).await, [None, None]);
        let waiting = told(&centre, &person).await;
        assert!(waiting.iter().all(|it| it.known.status() == BelowStatus::Pending && it.role == Role::Cpi));
        let id = person.id;
        let open = |at: &Side| {
            let store = at.scratch.store().clone();
            async move { store.read(move |conn| recall_is_open(conn, id, chrono::DateTime::UNIX_EPOCH)).await.unwrap() }
        };
        assert!(open(&centre).await, "erasing her would have to wait");
        assert_eq!(cpi.deliver(&centre).await, [None, None]);
        assert!(!open(&centre).await, "nobody is waited for");
        let answered = told(&centre, &person).await;
        for it in &answered {
            assert_eq!((it.known.status(), it.known.version), (BelowStatus::Complete, 1));
            assert!(it.answer_digest.is_some() && it.answered_at.is_some() && !it.groups.is_empty());
        }
        // Told again, it says the same again, and nobody takes it for news.
        let asked = told_of(&centre, &person, p2).await;
        let (recall, due) = (asked.recall, asked.due_at);
        let again = ConsentWithdrawn { record: p2, seq: Whole::new(1).unwrap(), recall: Some(recall), due: Some(due) };
        say(&centre, CPI, person.id.0, p2, again).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.deliver(&centre).await, [Some(ItemCode::Superseded)]);
        assert_eq!(told(&centre, &person).await, answered);
    })
    .await;
}

#[actix_web::test]
async fn told_again_and_further_it_gives_up_what_is_newly_covered() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        preview(&centre, &person).await;
        super::forgotten::renews(&centre, &person, p1).await;
        let (thread, _) = preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None, None]);
        let recall = Some(Uuid::new_v4());
        let state = move |tx: &mut Tx<'_>, _: &Outbox| {
            let issuer = CENTRE.parse().unwrap();
            let held = grants::held_under(tx.conn(), &issuer, p1, 2)?.len();
            let open = grants::by_wire(tx.conn(), &issuer, thread.wire)?.unwrap().open;
            let said = recall_taken::table.select((recall_taken::seq, recall_taken::version));
            Ok((held, open, said.load::<(i32, i32)>(tx.conn())?))
        };
        for (seq, said) in [(1, (1, 1)), (2, (2, 2)), (2, (2, 2)), (1, (2, 2))] {
            let due = Some(centre.scratch.store().clock().now() + TimeDelta::hours(72));
            let body = ConsentWithdrawn { record: p1, seq: Whole::new(seq).unwrap(), recall, due };
            say(&centre, CPI, person.id.0, p1, body).await;
            assert_eq!(centre.deliver(&cpi).await, [None]);
            assert_eq!(cpi.deliver(&centre).await.len(), 1, "it answers each time");
            let left = if said.0 == 1 { 1 } else { 0 };
            assert_eq!(cpi.write(state).await, (left, false, vec![said]));
        }
    })
    .await;
}

#[actix_web::test]
async fn a_recall_goes_through_eight_nodes_and_no_further_by_itself() {
    each(|centre, cpi| async move {
        for (came, leaves, beyond) in [(None, Some(2), false), (Some(7), Some(8), false), (Some(8), None, true)] {
            let (person, (_, p2)) = disclosed(&centre, &cpi).await;
            let depth = tree::one_deeper(came);
            let id = person.id;
            let queued = centre
                .write(move |tx, outbox| {
                    let consent = of(tx.conn(), outbox.vault(), id, p2)?;
                    let recall = (Uuid::new_v4(), tx.now() + TimeDelta::hours(72));
                    let under = tree::Under { recall: recall.0, due: recall.1, above: Uuid::new_v4(), depth };
                    ending::end(tx, outbox, &seen(id), &spoken, consent, (Event::Withdraw, SAID), Some(under))?;
                    outbox::waiting(tx.conn(), 9)
                })
                .await;
            let withdrawals = queued.iter().filter(|it| it.kind == "consent.withdrawn.v1").count();
            assert_eq!(withdrawals, usize::from(!beyond), "{came:?}");
            let told = told_of(&centre, &person, p2).await;
            assert_eq!(told.failed.as_deref(), beyond.then_some("recall_too_deep"));
            assert!(!told.known.is_settled(), "it is owed all the same");
            let object = told.id.to_string();
            let open = centre
                .write(move |tx, _| crate::tasks::open_about(tx.conn(), crate::tasks::Kind::RecallUnanswered, &object))
                .await;
            assert_eq!(open.and_then(|task| task.code).as_deref(), beyond.then_some("recall_too_deep"));
            let said = sent_depth(&centre).await;
            assert_eq!(said, leaves);
            centre.deliver(&cpi).await;
            cpi.deliver(&centre).await;
        }
    })
    .await;
}

/// How deep the withdrawal is that waits, by its own word.
async fn sent_depth(at: &Side) -> Option<u32> {
    at.write(|tx, outbox| {
        use crate::store::schema::outbox as queue;
        let row: Option<(crate::store::Id, Vec<u8>)> = queue::table
            .filter(queue::kind.eq("consent.withdrawn.v1"))
            .filter(queue::state.eq("queued"))
            .select((queue::message, queue::sealed.assume_not_null()))
            .first(tx.conn())
            .optional()?;
        let Some((id, sealed)) = row else { return Ok(None) };
        let place = crate::vault::Place { table: "outbox", row: id.0, column: "sealed" };
        let bytes = outbox.vault().open(tx.conn(), place, &sealed)?.unwrap();
        let claims: staffetta_protocol::message::Claims =
            staffetta_protocol::jose::peek(std::str::from_utf8(&bytes).unwrap()).unwrap();
        Ok(claims.depth)
    })
    .await
}

#[actix_web::test]
async fn the_newest_answer_counts_and_nobody_answers_what_he_was_not_asked() {
    each(|centre, cpi| async move {
        let (person, (_, p2)) = disclosed(&centre, &cpi).await;
        take_back(&centre, &person, p2).await;
        let asked = told(&centre, &person).await.remove(0);
        let under = [Below { role: Role::TrainingBody, status: BelowStatus::Pending }];
        let nobody = Uuid::new_v4();
        for body in [
            answer_of(&asked, 2, false, &under),
            answer_of(&asked, 1, true, &[]),
            answer_of(&asked, 2, true, &[]),
            answer_of(&Told { recall: Uuid::new_v4(), ..asked.clone() }, 3, true, &[]),
            answer_of(&Told { seq: 2, ..asked.clone() }, 3, true, &[]),
            ConsentWithdrawalAnswered { recall: None, ..answer_of(&asked, 3, true, &[]) },
        ] {
            say(&cpi, CENTRE, nobody, asked.record, body).await;
        }
        let (old, no) = (Some(ItemCode::Superseded), Some(ItemCode::NotEntitled));
        assert_eq!(cpi.deliver(&centre).await, [None, old.clone(), old, no.clone(), no.clone(), no]);
        let heard = told(&centre, &person).await.remove(0);
        assert_eq!((heard.known.version, heard.known.status()), (2, BelowStatus::Answered));
        assert_eq!(heard.known.below, under);
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_held_no_more_has_no_key_and_the_stream_goes_on() {
    each(|centre, cpi| async move {
        let (person, (p1, p2)) = disclosed(&centre, &cpi).await;
        take_back(&centre, &person, p1).await;
        centre.deliver(&cpi).await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 0), "the referral stands");
        take_back(&centre, &person, p2).await;
        centre.deliver(&cpi).await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 0), "its answers wait to leave");
        cpi.deliver(&centre).await;
        assert_eq!(pump(&cpi, ABOVE, false).await, (0, 0, 0), "not by a clock that nobody confirmed");
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 1));
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 0), "once");
        cpi.write(|tx, outbox| {
            let kept: Vec<(crate::store::Id, Option<Vec<u8>>)> =
                known_message::table.select((known_message::message, known_message::sealed)).load(tx.conn())?;
            for (id, sealed) in kept.into_iter().filter_map(|(id, sealed)| Some((id, sealed?))) {
                let place = crate::vault::Place { table: "known_message", row: id.0, column: "sealed" };
                assert!(outbox.vault().open(tx.conn(), place, &sealed)?.is_none(), "no bytes of any message open");
            }
            Ok(())
        })
        .await;
        // What is told of her afterwards is taken, and answered; and she may begin anew, under another name.
        let asked = told_of(&centre, &person, p2).await;
        let again = ConsentWithdrawn {
            record: p2,
            seq: Whole::new(1).unwrap(),
            recall: Some(asked.recall),
            due: Some(asked.due_at),
        };
        say(&centre, CPI, person.id.0, p2, again).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.deliver(&centre).await, [Some(ItemCode::Superseded)]);
        agree(&centre, &person).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        for side in [&centre, &cpi] {
            assert_eq!(side.scratch.readable(&["keitafolle", "bogolan", "3331234567"]), Vec::<String>::new());
        }
    })
    .await;
}

#[actix_web::test]
async fn a_late_answer_is_a_task_once_and_what_is_told_otherwise_is_waited_for_no_more() {
    each(|centre, cpi| async move {
        let (person, (_, p2)) = disclosed(&centre, &cpi).await;
        take_back(&centre, &person, p2).await;
        centre.deliver(&cpi).await;
        assert_eq!(pump(&centre, ABOVE, true).await, (0, 0, 0));
        centre.scratch.store().clock().advance(TimeDelta::hours(73));
        assert_eq!(
            pump(&centre, ABOVE, false).await,
            (0, 0, 0),
            "perhaps the clock is ahead, and it is not late at all"
        );
        assert_eq!(pump(&centre, ABOVE, true).await, (1, 0, 0));
        assert_eq!(pump(&centre, ABOVE, true).await, (0, 0, 0));
        let tasks = |at: &Side| {
            let store = at.scratch.store().clone();
            async move {
                let all = |conn: &mut Conn| {
                    Ok(task::table.select((task::kind, task::done_at)).load::<(String, Option<At>)>(conn)?)
                };
                store.read(all).await.unwrap()
            }
        };
        let open = tasks(&centre).await;
        assert!(open.len() == 1 && open[0].0 == "recall_unanswered" && open[0].1.is_none(), "{open:?}");
        cpi.scratch.store().clock().advance(TimeDelta::hours(73));
        cpi.deliver(&centre).await;
        assert!(tasks(&centre).await[0].1.is_some(), "it mended by itself");
    })
    .await;
}

fn frozen() -> Above {
    Above { frozen: |_, _| Ok(true), ..ABOVE }
}

/// The referral is taken back while she must not lose what had come of it: it stands there, unread. The thread is the job
/// centre's.
pub(super) async fn withheld(centre: &Side, cpi: &Side) -> (Person, RecordId, Uuid) {
    fn kept(tx: &mut Tx<'_>, outbox: &Outbox, admitted: &Admitted, m: &Message) -> Result<Taken> {
        match &m.body {
            Body::ConsentWithdrawn(b) => wire::withdrawn(tx, outbox, frozen(), m, b).map(|effect| effect.taken),
            _ => receive(tx, outbox, admitted, m),
        }
    }
    let (person, (_, p2)) = disclosed(centre, cpi).await;
    let from: EntityId = CENTRE.parse().unwrap();
    let thread = cpi.write(move |tx, _| Ok(grants::held_under(tx.conn(), &from, p2, 1)?[0].thread.unwrap())).await;
    take_back(centre, &person, p2).await;
    assert_eq!(centre.deliver_with(cpi, kept).await, [None]);
    (person, p2, thread)
}

#[actix_web::test]
async fn what_must_not_be_lost_yet_is_shown_to_nobody_and_goes_when_it_may() {
    each(|centre, cpi| async move {
        let (person, p2, thread) = withheld(&centre, &cpi).await;
        let issuer: EntityId = CENTRE.parse().unwrap();
        let held = |cpi: &Side| {
            let (vault, store) = (cpi.outbox.vault().clone(), cpi.scratch.store().clone());
            async move { store.read(move |conn| Ok(cards::received(conn, &vault, thread)?.groups.groups())).await.unwrap() }
        };
        assert_eq!(held(&cpi).await, BTreeSet::from([Group::Preview]), "what the preview brought still stands");
        assert_eq!(pump(&cpi, frozen(), true).await, (0, 0, 0));
        cpi.deliver(&centre).await;
        let outcome = |of: &Side, id: Uuid| {
            let (vault, store) = (of.outbox.vault().clone(), of.scratch.store().clone());
            async move { store.read(move |conn| tree::answered_groups(conn, &vault, id)).await.unwrap().unwrap() }
        };
        let line = told(&centre, &person).await.remove(0);
        assert!(outcome(&centre, line.id).await.iter().all(|it| it.outcome == GroupOutcome::Restricted {}));
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 1, 0), "the reason to keep it has ended");
        cpi.deliver(&centre).await;
        assert_eq!(told(&centre, &person).await[0].known.version, 2);
        assert!(outcome(&centre, line.id).await.iter().all(|it| it.outcome == GroupOutcome::Erased {}));
        let left = cpi.write(move |tx, _| grants::held_under(tx.conn(), &issuer, p2, 1)).await;
        assert!(left.is_empty());
    })
    .await;
}

/// Withdrawals of which something is kept, by their numbers.
fn kept(tx: &mut Tx<'_>, numbers: RangeInclusive<u128>, subject: Option<Id>, outcomes: &str) -> Result<()> {
    let before = At::from(tx.now() - TimeDelta::days(30));
    for n in numbers {
        let row = (
            recall_taken::id.eq(Id(Uuid::from_u128(n))),
            recall_taken::issuer.eq(CENTRE),
            recall_taken::record.eq(Id(Uuid::from_u128(n))),
            recall_taken::seq.eq(1),
            recall_taken::subject.eq(subject),
            recall_taken::outcomes.eq(outcomes),
            recall_taken::taken_at.eq(before),
            recall_taken::version.eq(1),
            recall_taken::complete.eq(false),
            recall_taken::below.eq("[]"),
            recall_taken::frozen.eq(true),
        );
        diesel::insert_into(recall_taken::table).values(row).execute(tx.conn())?;
    }
    Ok(())
}

#[actix_web::test]
async fn what_may_go_does_not_wait_behind_what_must_stay() {
    each(|centre, cpi| async move {
        withheld(&centre, &cpi).await;
        cpi.write(|tx, _| kept(tx, 1..=250, None, "[]")).await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 1, 0));
    })
    .await;
}

#[actix_web::test]
async fn what_fails_inside_keeps_no_other_withdrawal_waiting() {
    each(|centre, cpi| async move {
        withheld(&centre, &cpi).await;
        cpi.write(|tx, _| {
            let subject = recall_taken::table.select(recall_taken::subject).first(tx.conn())?;
            kept(tx, 1..=1, subject, "damaged")
        })
        .await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 1, 0));
        let damaged: bool = cpi
            .write(|tx, _| {
                Ok(recall_taken::table.find(Id(Uuid::from_u128(1))).select(recall_taken::frozen).first(tx.conn())?)
            })
            .await;
        assert!(damaged, "it stays as it is");
    })
    .await;
}
