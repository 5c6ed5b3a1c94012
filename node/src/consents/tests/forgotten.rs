//! A node that was put back to a copy has forgotten what it disclosed since. Whoever has it hears of a withdrawal all the same.

use std::collections::BTreeMap;

use diesel::prelude::*;
use staffetta_protocol::data::BelowStatus;

use super::*;
use crate::store::schema::{peer, recall_told};
use crate::store::{At, Conn, Doc};

/// A node of that organisation is known here, as far as these stories go.
async fn knows(at: &Side, node: &'static str, organisation: &'static str, role: Role) {
    at.write(move |tx, _| {
        let now = At::from(tx.now());
        diesel::insert_into(peer::table)
            .values((
                (peer::entity_id.eq(node), peer::organisation_name.eq("Zz"), peer::ipa_id.eq(organisation)),
                (peer::roles.eq(Doc::of(&Roles::from([role]))?), peer::resource.eq(node), peer::chain_digest.eq("")),
                (peer::chain_exp.eq(now), peer::configuration.eq(""), peer::anchor_configuration.eq("")),
                (
                    peer::verified_at.eq(now),
                    peer::refresh_at.eq(now),
                    peer::key_refresh_at.eq(now),
                    peer::failures.eq(0),
                ),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .await;
}

impl Side {
    /// What this node knows now, in a database of its own.
    fn copy(&self) -> Self {
        Self { scratch: self.scratch.copy(), keys: self.keys.clone(), outbox: self.outbox.clone() }
    }

    /// The job centre says, under its signature, that it has taken as much.
    async fn hears_of(&self, taken: u64) {
        let mended =
            self.write(move |tx, _| outbox::resynchronise(tx, &CPI.parse().unwrap(), 1, taken + 1, None)).await;
        assert_eq!(mended, outbox::Mended::PeerAhead);
    }

    async fn follows(&self) -> usize {
        self.write(|tx, outbox| tree::pump(tx, outbox, ABOVE, SURE)).await.followed
    }

    /// What the data protection officer is asked about a record.
    async fn asked_about(&self, record: RecordId) -> Option<String> {
        let kind = crate::tasks::Kind::RecallUnanswered;
        let task = self.write(move |tx, _| crate::tasks::open_about(tx.conn(), kind, &record.to_string())).await;
        task.and_then(|task| task.code)
    }

    async fn told(&self, record: RecordId) -> Vec<(String, i32, bool)> {
        let read = move |conn: &mut Conn| {
            Ok(recall_told::table
                .filter(recall_told::record.eq(crate::store::Id(record.0)))
                .select((recall_told::peer, recall_told::seq, recall_told::complete))
                .load(conn)?)
        };
        self.scratch.store().read(read).await.unwrap()
    }

    /// She speaks here, where her data went under a record of the centre's.
    async fn hears_her(&self, record: RecordId) {
        let speak = move |tx: &mut Tx<'_>, outbox: &Outbox| {
            let thread = grants::held_under(tx.conn(), &CENTRE.parse().unwrap(), record, 1)?[0].thread.unwrap();
            let of = grants::by_id(tx.conn(), thread)?.unwrap();
            let sight = Sight::of_taking_up(staff(), of.subject.0);
            tree::speak(tx, outbox, ABOVE, (&sight, &spoken), thread, SAID).map(drop)
        };
        self.write(speak).await;
    }

    /// Messages that are held here under a record of the centre's, whichever yes.
    async fn holds(&self, record: RecordId) -> usize {
        let held = move |tx: &mut Tx<'_>, _: &Outbox| {
            Ok(grants::held_under(tx.conn(), &CENTRE.parse().unwrap(), record, u32::MAX >> 1)?.len())
        };
        self.write(held).await
    }
}

/// She agreed; a copy is made; preview and referral leave, and arrive. The node as it was before that, and her records.
async fn forgets(centre: &Side, cpi: &Side) -> (Side, Person, (RecordId, RecordId)) {
    knows(centre, CPI, "ipa:c_g999", Role::Cpi).await;
    knows(centre, OTHER, "ipa:altro", Role::Cpi).await;
    let person = centre.person().await;
    let records = agree(centre, &person).await;
    let copy = centre.copy();
    let (thread, _) = preview(centre, &person).await;
    referral(centre, &person, &thread).await;
    assert_eq!(centre.deliver(cpi).await, [None, None]);
    assert!(cpi.holds(records.1).await > 0);
    (copy, person, records)
}

#[actix_web::test]
async fn taken_back_before_and_after_it_was_found_out_it_reaches_whoever_has_it() {
    each(|centre, cpi| async move {
        let (centre, person, (p1, p2)) = forgets(&centre, &cpi).await;
        let elsewhere = asked("ipa:altro", json!([{"purpose": "P1", "answer": "yes"}]));
        let id = person.id;
        let to_other =
            centre.write(move |tx, outbox| answer(tx, outbox.vault(), &seen(id), &elsewhere)).await[0].record;
        // Nobody knows yet that anything is missing.
        assert!(take_back(&centre, &person, p2).await.told.is_empty());
        assert_eq!(centre.follows().await, 0);
        centre.scratch.store().clock().advance(TimeDelta::minutes(3));
        cpi.scratch.store().clock().advance(TimeDelta::minutes(3));

        centre.hears_of(2).await;
        assert_eq!((centre.follows().await, centre.follows().await), (1, 0), "once");
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!((cpi.holds(p2).await, cpi.holds(p1).await), (0, 1));
        assert_eq!(cpi.deliver(&centre).await, [None]);
        assert_eq!(centre.told(p2).await, [(CPI.to_owned(), 101, true)], "and it has answered");

        // From now on everybody knows.
        assert_eq!(take_back(&centre, &person, p1).await.told, [CPI.parse().unwrap()]);
        assert!(take_back(&centre, &person, to_other).await.told.is_empty(), "nothing is doubtful about that one");
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 0);
        assert_eq!(cpi.deliver(&centre).await, [None]);
        assert_eq!(centre.follows().await, 0);

        // What she agrees to afterwards left under everybody's eyes, or not at all.
        centre.scratch.store().clock().advance(TimeDelta::minutes(1));
        let (later, _) = agree(&centre, &person).await;
        assert!(take_back(&centre, &person, later).await.told.is_empty());
    })
    .await;
}

#[actix_web::test]
async fn whoever_was_given_nothing_takes_it_and_holds_nothing() {
    each(|centre, cpi| async move {
        knows(&centre, CPI, "ipa:c_g999", Role::Cpi).await;
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        centre.hears_of(7).await;
        assert_eq!(take_back(&centre, &person, p1).await.told.len(), 1);
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.deliver(&centre).await, [None]);
        let told = centre.write(move |tx, _| tree::of_person(tx.conn(), person.id)).await;
        assert_eq!(told[0].known.status(), BelowStatus::Complete);
        assert!(told[0].groups.is_empty());
        let graves = cpi.write(move |tx, _| grants::tombstoned(tx.conn(), &CENTRE.parse().unwrap(), p1, 1)).await;
        assert!(graves, "and what comes under it later is refused");
    })
    .await;
}

#[actix_web::test]
async fn restored_by_its_verb_it_doubts_about_everybody() {
    each(|centre, cpi| async move {
        let (centre, person, (p1, p2)) = forgets(&centre, &cpi).await;
        let begins =
            |tx: &mut Tx<'_>, outbox: &Outbox| outbox::begin_new_epochs(tx, outbox.entity_id(), &BTreeMap::new());
        // Twice, even: an older copy after the newer one.
        centre.write(begins).await;
        centre.write(begins).await;
        // One of the two had ended since the copy was made, as the keyring knows.
        let at = centre.scratch.store().clock().now();
        let grave = grants::Tombstone { issuer: CENTRE.parse().unwrap(), record: p2, seq: 1, at };
        centre.write(move |tx, outbox| ended_before(tx, outbox, ABOVE, &grave, &[]).map(drop)).await;
        assert_eq!(take_back(&centre, &person, p1).await.told.len(), 1);
        assert_eq!((centre.told(p1).await.len(), centre.told(p2).await.len()), (1, 1));
        assert_eq!(centre.follows().await, 0, "nothing is left to be told");
        // The job centre knows the first numbers of the first epoch under other names.
        centre.hears_of(2).await;
        assert_eq!(centre.deliver(&cpi).await, [None, None]);
        assert_eq!((cpi.holds(p1).await, cpi.holds(p2).await), (0, 0));
        assert_eq!(centre.follows().await, 0, "each was told once");
    })
    .await;
}

#[actix_web::test]
async fn of_what_was_given_after_the_copy_and_taken_back_every_partner_hears() {
    each(|centre, cpi| async move {
        let before = centre.person().await;
        agree(&centre, &before).await;
        preview(&centre, &before).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        let copy = centre.copy();
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 1);
        // That it was taken back has not left when the disk is lost; the keyring knows it, and the copy not even her.
        take_back(&centre, &person, p1).await;
        let centre = copy;
        let at = centre.scratch.store().clock().now();
        let grave = grants::Tombstone { issuer: CENTRE.parse().unwrap(), record: p1, seq: 1, at };
        let partners = [CPI.parse().unwrap()];
        centre
            .write(move |tx, outbox| {
                outbox::begin_new_epochs(tx, outbox.entity_id(), &BTreeMap::new())?;
                ended_before(tx, outbox, ABOVE, &grave, &partners).map(drop)
            })
            .await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 0);
        assert_eq!(cpi.deliver(&centre).await, [None], "and its answer is taken");
        let answers = centre.write(|tx, _| journal::of_act(tx.conn(), "recall.answered", 10)).await;
        assert_eq!(answers.len(), 1);
        assert_eq!(centre.asked_about(p1).await.as_deref(), Some("given_after_the_copy"));
    })
    .await;
}

pub(super) async fn renews(at: &Side, person: &Person, record: RecordId) {
    let id = person.id;
    let renewal: Renewal = read(&json!({"expressed": said()}).to_string()).unwrap();
    at.write(move |tx, outbox| renew(tx, outbox.vault(), &seen(id), record, &renewal)).await;
}

#[actix_web::test]
async fn what_came_under_a_later_yes_than_she_spoke_of_goes_with_the_recall() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        cpi.hears_her(p1).await;
        // Meanwhile she says yes again at the centre, which has not heard of it, and something more is sent.
        renews(&centre, &person, p1).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 1);
        take_back(&centre, &person, p1).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 0);
        cpi.deliver(&centre).await;
        assert_eq!(centre.told(p1).await, [(CPI.to_owned(), 2, true)], "its answer is about what was asked");
    })
    .await;
}

#[actix_web::test]
async fn a_renewal_that_was_forgotten_ends_with_the_record() {
    each(|centre, cpi| async move {
        knows(&centre, CPI, "ipa:c_g999", Role::Cpi).await;
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let copy = centre.copy();
        renews(&centre, &person, p1).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 1);
        copy.hears_of(1).await;
        take_back(&copy, &person, p1).await;
        assert_eq!(copy.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 0, "under the second yes, too");
        assert_eq!(cpi.deliver(&copy).await, [None]);
        assert!(copy.told(p1).await[0].2);
    })
    .await;
}

#[actix_web::test]
async fn a_renewal_that_was_forgotten_ends_also_where_the_yes_before_it_was_called_back_before_anybody_knew() {
    each(|centre, cpi| async move {
        knows(&centre, CPI, "ipa:c_g999", Role::Cpi).await;
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        let copy = centre.copy();
        renews(&centre, &person, p1).await;
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert_eq!(cpi.holds(p1).await, 2);

        // It tells whom it remembers, and of the yes that it remembers.
        assert_eq!(take_back(&copy, &person, p1).await.told, [CPI.parse().unwrap()]);
        assert_eq!(copy.follows().await, 0, "nobody knows yet that anything is missing");
        copy.hears_of(2).await;
        assert_eq!((copy.follows().await, copy.follows().await), (1, 0), "once more, and further");
        assert_eq!(copy.deliver(&cpi).await, [None, None]);
        assert_eq!(cpi.holds(p1).await, 0, "under the second yes, too");
        assert_eq!(cpi.deliver(&copy).await, [None, None]);
        let mut told = copy.told(p1).await;
        told.sort_unstable();
        assert_eq!(told, [(CPI.to_owned(), 1, true), (CPI.to_owned(), 101, true)]);
        let again = copy.write(|tx, _| outbox::resynchronise(tx, &CPI.parse().unwrap(), 2, 10, None)).await;
        assert_eq!(again, outbox::Mended::PeerAhead);
        assert_eq!(copy.follows().await, 0, "whatever is found out later, that far it was told");
    })
    .await;
}

#[actix_web::test]
async fn spoken_where_it_went_it_is_run_from_here_though_nobody_here_remembers() {
    each(|centre, cpi| async move {
        let (centre, _, (_, p2)) = forgets(&centre, &cpi).await;
        cpi.hears_her(p2).await;
        centre.hears_of(2).await;
        assert_eq!(cpi.deliver(&centre).await, [None, None], "both records, and neither is refused");
        assert_eq!(centre.told(p2).await.len(), 1);
        assert_eq!(centre.deliver(&cpi).await, [None, None], "and the recall comes back to where she spoke");
        cpi.deliver(&centre).await;
        assert!(centre.told(p2).await[0].2);
    })
    .await;
}

#[actix_web::test]
async fn what_may_have_been_passed_on_is_known_by_its_groups_and_only_after_a_gap() {
    each(|centre, cpi| async move {
        let (centre, person, (p1, p2)) = forgets(&centre, &cpi).await;
        let subject = person.subject;
        let rests = move |groups: &'static [Group]| {
            move |tx: &mut Tx<'_>, outbox: &Outbox| {
                let lost = groups.iter().copied().collect();
                let since = tx.now();
                crate::consents::forgotten::may_rest_on(tx.conn(), outbox, subject, since, &lost)
            }
        };
        assert!(centre.write(rests(&[Group::Preview])).await.is_empty());
        centre.hears_of(2).await;
        assert_eq!(centre.write(rests(&[Group::Identity])).await, BTreeSet::from([p2]));
        assert_eq!(centre.write(rests(&[Group::Preview])).await, BTreeSet::from([p1, p2]));
        assert!(centre.write(rests(&[Group::Contact])).await.is_empty());
        centre.scratch.store().clock().advance(TimeDelta::days(31));
        assert!(centre.write(rests(&[Group::Preview])).await.is_empty(), "what came so late was not passed on before");
    })
    .await;
}

#[actix_web::test]
async fn where_the_recipient_is_no_node_somebody_asks_for_the_paper() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (p1, p2) = agree(&centre, &person).await;
        take_back(&centre, &person, p1).await;
        assert!(centre.asked_about(p1).await.is_none(), "everything is remembered");
        centre.write(|tx, outbox| outbox::begin_new_epochs(tx, outbox.entity_id(), &BTreeMap::new())).await;
        take_back(&centre, &person, p2).await;
        assert_eq!(centre.asked_about(p2).await.as_deref(), Some("forgotten_paper"));
    })
    .await;
}
