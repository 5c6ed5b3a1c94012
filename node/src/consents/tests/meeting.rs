//! Two acts that meet: of two processes on one PostgreSQL the one has read what the other is changing.

use diesel::prelude::*;
use staffetta_protocol::data::ConsentWithdrawalAnswered;
use staffetta_protocol::digest::Digest;

use super::bounds::{one, queue};
use super::recalls::{answer_of, disclosed, told_of, withheld};
use super::requests::{late, questions};
use super::withdrawals::twice_the_same;
use super::*;
use crate::grants::{Destination, Use};
use crate::store::Id;
use crate::store::contention::somebody_waits;
use crate::store::schema::{recall_taken, recall_told};

/// The second act begins when the first has done its part, and waits for it; then the first commits.
async fn meet<A: Send + 'static, B: Send + 'static>(
    at: &Side,
    first: impl FnOnce(&mut Tx<'_>, &Outbox) -> Result<A> + Send + 'static,
    second: impl FnOnce(&mut Tx<'_>, &Outbox) -> Result<B> + Send + 'static,
) -> (A, Result<B>) {
    let (begun, is_begun) = tokio::sync::oneshot::channel();
    let (one, other) = (at.outbox.clone(), at.outbox.clone());
    let ahead = at.scratch.store().write(move |tx| {
        let done = first(tx, &one)?;
        begun.send(()).unwrap();
        assert!(somebody_waits(tx.conn()), "the second waits for what the first holds");
        Ok(done)
    });
    let behind = async {
        is_begun.await.unwrap();
        at.scratch.store().write(move |tx| second(tx, &other)).await
    };
    let (done, other) = tokio::join!(ahead, behind);
    (done.unwrap(), other)
}

fn renewal() -> Renewal {
    read(&json!({"expressed": said()}).to_string()).unwrap()
}

/// Whether anything may leave about her for this purpose.
async fn permitted(at: &Side, person: &Person, purpose: Purpose) -> bool {
    let subject = person.subject;
    at.write(move |tx, _| {
        let now = tx.now();
        Ok(!grants::live_grants(tx.conn(), subject, purpose, now)?.is_empty())
    })
    .await
}

#[actix_web::test]
async fn a_withdrawal_that_meets_a_renewal_ends_both() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (_, p2) = agree(&centre, &person).await;
        let (id, sight) = (person.id, seen(person.id));
        let (renewed, withdrawn) = meet(
            &centre,
            move |tx, outbox| renew(tx, outbox.vault(), &sight, p2, &renewal()),
            move |tx, outbox| withdraw(tx, outbox, &seen(id), &spoken, p2, SAID),
        )
        .await;
        let ended = withdrawn.unwrap().consent;
        assert_eq!((renewed.seq, ended.seq, ended.state), (2, 2, State::Withdrawn));
        assert!(!permitted(&centre, &person, Purpose::P2).await);
        centre
            .write(move |tx, outbox| {
                assert!(grants::tombstoned(tx.conn(), outbox.entity_id(), p2, 2)?);
                assert_eq!(of(tx.conn(), outbox.vault(), id, p2)?.state, State::Withdrawn);
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_renewal_that_meets_a_withdrawal_is_none() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (_, p2) = agree(&centre, &person).await;
        let id = person.id;
        let (_, renewed) = meet(
            &centre,
            move |tx, outbox| withdraw(tx, outbox, &seen(id), &spoken, p2, SAID),
            move |tx, outbox| renew(tx, outbox.vault(), &seen(id), p2, &renewal()),
        )
        .await;
        assert_eq!(renewed.unwrap_err().code(), Code::IllegalTransition);
        assert!(!permitted(&centre, &person, Purpose::P2).await);
    })
    .await;
}

#[actix_web::test]
async fn what_ends_along_with_a_withdrawal_ends_as_it_was_renewed() {
    each(|centre, cpi| async move {
        let (person, p1, _) = twice_the_same(&centre, &cpi).await;
        let id = person.id;
        let (_, withdrawn) = meet(
            &centre,
            move |tx, outbox| renew(tx, outbox.vault(), &seen(id), p1[1], &renewal()),
            move |tx, outbox| withdraw(tx, outbox, &seen(id), &spoken, p1[0], SAID),
        )
        .await;
        let also = withdrawn.unwrap().also;
        assert_eq!(also.iter().map(|it| (it.record, it.seq)).collect::<Vec<_>>(), [(p1[1], 2)]);
        assert!(!permitted(&centre, &person, Purpose::P1).await, "one withdrawal is enough");
    })
    .await;
}

#[actix_web::test]
async fn a_question_has_one_answer_whoever_writes_it_down() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let id = person.id;
        let asked = centre.write(move |tx, outbox| ask(tx, outbox.vault(), &seen(id), &questions(&["P2"]))).await;
        let record = asked[0].record;
        let says = move |word: &str| {
            let said = late(word);
            move |tx: &mut Tx<'_>, outbox: &Outbox| answer_request(tx, outbox.vault(), &seen(id), record, &said)
        };
        let (refused, given) = meet(&centre, says("no"), says("yes")).await;
        assert_eq!((refused.state, given.unwrap_err().code()), (State::Refused, Code::IllegalTransition));
        assert!(!permitted(&centre, &person, Purpose::P2).await);
    })
    .await;
}

#[actix_web::test]
async fn a_use_that_is_spent_while_she_renews_is_not_the_new_one() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (someone, id) = (person.clone(), person.id);
        let (record, message) = centre
            .write(move |tx, outbox| {
                let record = answer(tx, outbox.vault(), &seen(id), &one("P4"))?[0].record;
                Ok((record, queue(tx, outbox, &someone, Purpose::P4)?.1))
            })
            .await;
        let (_, renewed) = meet(
            &centre,
            move |tx, _| grants::spend(tx, &[message]),
            move |tx, outbox| renew(tx, outbox.vault(), &seen(id), record, &renewal()),
        )
        .await;
        assert_eq!(renewed.unwrap().seq, 2);
        let used = centre
            .write(move |tx, _| Ok((grants::use_of(tx.conn(), record, 1)?, grants::use_of(tx.conn(), record, 2)?)))
            .await;
        assert!(matches!(used, (Some(Use::Spent(_)), Some(Use::Free))), "{used:?}");
    })
    .await;
}

#[actix_web::test]
async fn no_paper_leaves_under_what_is_being_taken_back() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let (id, subject) = (person.id, person.subject);
        let (_, printed) = meet(
            &centre,
            move |tx, outbox| withdraw(tx, outbox, &seen(id), &spoken, p1, SAID),
            move |tx, _| {
                let office = Destination::Office(Uuid::from_u128(5));
                let ids = [OrganisationId::new("ipa:c_g999").unwrap()];
                let to = Recipient { peer: &office, organisation: "CPI Prato", ids: &ids };
                let groups = BTreeSet::from([Group::Preview]);
                let permit = grants::permit(tx, subject, to, Purpose::P1, &groups)?;
                let thread = grants::begin(tx, &office, subject, "referral")?;
                grants::on_paper(tx, &permit, &thread, "paper.referral", &groups, Some(2))
            },
        )
        .await;
        assert_eq!(printed.unwrap_err().code(), Code::ConsentNotValid, "nobody would call it back");
    })
    .await;
}

/// What one of those who were told answers, as it comes.
fn answers(from: &EntityId, body: &ConsentWithdrawalAnswered) -> Message {
    Message {
        from: from.clone(),
        id: MessageId(Uuid::new_v4()),
        digest: Digest::of(from.as_str()),
        issued_at: "2026-11-23T09:00:00Z".parse().unwrap(),
        expires_at: None,
        place: None,
        subject_ref: None,
        ground: None,
        depth: None,
        actor: spoken(from),
        body: body.clone().into(),
    }
}

#[actix_web::test]
async fn two_who_answer_at_once_are_both_counted_above() {
    each(|centre, cpi| async move {
        let (person, (p1, p2)) = disclosed(&centre, &cpi).await;
        let (id, above) = (person.id, Uuid::new_v4());
        centre
            .write(move |tx, outbox| {
                let (recall, due) = (Uuid::new_v4(), tx.now() + RECALL_DUE);
                diesel::insert_into(recall_taken::table)
                    .values((
                        recall_taken::id.eq(Id(above)),
                        recall_taken::recall.eq(Id(recall)),
                        recall_taken::issuer.eq("https://sopra.example"),
                        recall_taken::record.eq(Id(Uuid::new_v4())),
                        recall_taken::seq.eq(1),
                        recall_taken::subject_ref.eq(Id(Uuid::new_v4())),
                        recall_taken::outcomes.eq("[]"),
                        recall_taken::due_at.eq(crate::store::At::from(due)),
                        recall_taken::taken_at.eq(crate::store::At::from(tx.now())),
                        recall_taken::version.eq(0),
                        recall_taken::complete.eq(false),
                        recall_taken::below.eq("[]"),
                        recall_taken::frozen.eq(false),
                    ))
                    .execute(tx.conn())?;
                for record in [p1, p2] {
                    let consent = of(tx.conn(), outbox.vault(), id, record)?;
                    let under = tree::Under { recall, due, above, depth: 2 };
                    ending::end(tx, outbox, &seen(id), &spoken, consent, (Event::Withdraw, SAID), Some(under))?;
                }
                // Two nodes have something: what each of them does here meets nothing else of the other.
                diesel::update(recall_told::table.filter(recall_told::record.eq(Id(p2.0))))
                    .set(recall_told::peer.eq(OTHER))
                    .execute(tx.conn())?;
                Ok(())
            })
            .await;
        let mut told = Vec::new();
        for record in [p1, p2] {
            told.push(told_of(&centre, &person, record).await);
        }
        let [one, other] = [&told[0], &told[1]].map(|told| {
            let (from, body) = (told.peer.clone(), answer_of(told, 1, true, &[]));
            move |tx: &mut Tx<'_>, outbox: &Outbox| tree::answered(tx, outbox, &answers(&from, &body), &body)
        });
        let (first, second) = meet(&centre, one, other).await;
        assert_eq!((first, second.unwrap()), (Taken::Accepted, Taken::Accepted));
        let said = centre
            .write(move |tx, _| {
                let row = recall_taken::table.find(Id(above)).select((recall_taken::version, recall_taken::complete));
                Ok(row.first::<(i32, bool)>(tx.conn())?)
            })
            .await;
        assert_eq!(said, (2, true), "the first said that one was waited for, the second that all have answered");
    })
    .await;
}

#[actix_web::test]
async fn what_may_go_is_let_go_and_told_by_one_process() {
    each(|centre, cpi| async move {
        withheld(&centre, &cpi).await;
        cpi.deliver(&centre).await;
        let pump = |tx: &mut Tx<'_>, outbox: &Outbox| tree::pump(tx, outbox, ABOVE, SURE);
        let (one, other) = meet(&cpi, pump, pump).await;
        assert_eq!((one.thawed, other.unwrap().thawed), (1, 0));
        assert_eq!(cpi.deliver(&centre).await, [None], "one answer under the next version");
    })
    .await;
}
