//! To an office without a node: the same path, by hand; and what never leaves by it.

use chrono::TimeDelta;
use serde_json::json;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::world::{BY, Node, REFERRAL, World, code, each, parsed, set, with_contact};
use crate::access::Sight;
use crate::consents::recalls::{self, RecallAnswer, RecallSending, Wanted};
use crate::error::Result;
use crate::grants;
use crate::journal::Actor;
use crate::offices::{self, Held, PartnerOffice};
use crate::people::{self, PersonId};
use crate::referrals::Sending;
use crate::referrals::paper::{Answered, ByHand, Printed, SheetKind, ToOffice};
use crate::web::html::proof;

fn by() -> Actor {
    Actor::Staff(Uuid::from_u128(7))
}

fn by_hand() -> ByHand {
    parsed(json!({"channel": "pec", "said_by": "Zzprotocollo"}))
}

fn answer(what: serde_json::Value) -> Answered {
    let mut whole = json!({"by_hand": {"channel": "phone", "said_by": "Zzoperatrice"}});
    whole.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
    parsed(whole)
}

fn taken_on() -> Answered {
    let at = json!({"at": "2026-12-01T09:00:00Z", "place": "CPI, via Zzmark 1", "language": "fra"});
    answer(json!({"accepted": {"appointment": {"kind": "fixed", "appointment": at}, "already_known": true}}))
}

impl Node {
    async fn office(&self, label: &str, comuni: &[&str], node: Option<&str>) -> Held<PartnerOffice> {
        let mut entry = json!({
            "organisation_name": "Comune di Zzprato", "organisation": "ipa:c_g999", "office": label,
            "pec": "cpi@pec.zz.example", "competence_comuni": comuni
        });
        if let Some(node) = node {
            entry["entity_id"] = json!(node);
        }
        let entry: PartnerOffice = parsed(entry);
        self.desk(move |_, tx| offices::add(tx, &by(), entry)).await.unwrap()
    }

    async fn to_office(&self, person: PersonId, office: Uuid, reason: Option<&str>) -> Result<Uuid> {
        let reason = reason.map(|reason| parsed(json!(reason)));
        let purpose = Purpose::P2;
        let to = ToOffice { person, office, reason, on_paper: false, purpose, confirm_duplicate: false };
        self.desk(move |r, tx| r.draft_to_office(tx, BY, &to)).await
    }

    async fn sheet(&self, id: Uuid, kind: SheetKind) -> Result<Uuid> {
        self.desk(move |r, tx| r.make_sheet(tx, BY, id, kind, None)).await
    }

    async fn leaves(&self, id: Uuid, sheet: Uuid) -> Result<()> {
        self.desk(move |r, tx| r.hand_over(tx, BY, id, sheet, &by_hand())).await
    }

    async fn says(&self, id: Uuid, answer: Answered) -> Result<()> {
        self.desk(move |r, tx| r.answered_on_paper(tx, BY, id, &answer)).await
    }

    async fn page(&self, id: Uuid, sheet: Uuid) -> String {
        self.printed(id, sheet).await.unwrap()
    }

    async fn printed(&self, id: Uuid, sheet: Uuid) -> Result<String> {
        let printed = Printed { organisation: "Centro <Il Ponte> & C.".into() };
        let page = self.desk(move |r, tx| r.print_sheet(tx, BY, id, sheet, &printed)).await?;
        Ok(proof::words(&proof::page(page.as_str())))
    }

    async fn disclosed(&self, person: PersonId) -> Vec<grants::Disclosure> {
        let act = move |_: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
            let subject = people::get(tx.conn(), person)?.subject;
            grants::disclosures_about(tx.conn(), &[subject])
        };
        self.desk(act).await.unwrap()
    }

    async fn waiting(&self) -> i64 {
        use crate::store::schema::outbox;
        use diesel::prelude::*;
        self.store.read(|conn| Ok(outbox::table.count().get_result(conn)?)).await.unwrap()
    }
}

impl World {
    /// A referral that left on paper.
    pub(super) async fn on_paper(&self, groups: &[Group]) -> (PersonId, RecordId, Uuid, Uuid) {
        let office = self.ponte.office("CPI Zzprato", &["100005"], None).await;
        let person = self.ponte.person().await;
        let record = self.ponte.yes(person, Purpose::P2, groups).await;
        let id = self.ponte.to_office(person, office.id, None).await.unwrap();
        let sheet = self.ponte.sheet(id, SheetKind::Referral).await.unwrap();
        self.ponte.leaves(id, sheet).await.unwrap();
        (person, record, id, sheet)
    }
}

#[actix_web::test]
async fn the_same_path_by_hand_and_nothing_is_queued() {
    each(|w| async move {
        let office = w.ponte.office("CPI Zzprato", &["100005"], None).await;
        let person = w.ponte.person().await;
        let id = w.ponte.to_office(person, office.id, None).await.unwrap();
        assert_eq!(code(w.ponte.sheet(id, SheetKind::Referral).await), Code::ConsentNotValid);
        w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        w.ponte.yes(person, Purpose::P2, &with_contact()).await;

        let preview = w.ponte.sheet(id, SheetKind::Preview).await.unwrap();
        let page = w.ponte.page(id, preview).await;
        assert!(!page.contains("Zzawa") && page.contains("Provincia"), "{page}");
        w.ponte.leaves(id, preview).await.unwrap();
        w.ponte.says(id, answer(json!({"preview_answered": {"answer": {"kind": "send_referral"}}}))).await.unwrap();
        assert_eq!(w.ponte.look(id).await.summary.preview.state, "send_referral");

        let sheet = w.ponte.sheet(id, SheetKind::Referral).await.unwrap();
        assert_eq!(w.ponte.state(id).await, Some("draft"), "a sheet that lies on the desk is not sent");
        assert_eq!(w.ponte.disclosed(person).await.len(), 2, "and is disclosed all the same");
        w.ponte.leaves(id, sheet).await.unwrap();
        assert_eq!(code(w.ponte.leaves(id, sheet).await), Code::Conflict);
        let seen = w.ponte.look(id).await;
        assert_eq!((seen.summary.state, seen.summary.transport.state), (Some("sent"), "by_hand"));
        assert_eq!((seen.summary.peer, seen.summary.office), (None, Some(office.id)));
        assert!(seen.allowed.contains(&"delivery_ack") && seen.allowed.contains(&"accept"), "{:?}", seen.allowed);
        w.clock.advance(TimeDelta::hours(72));
        assert!(w.ponte.look(id).await.summary.transport.undelivered, "nobody noted that it arrived");

        w.ponte.desk(move |r, tx| r.arrived_on_paper(tx, BY, id, &by_hand())).await.unwrap();
        let seen = w.ponte.look(id).await;
        assert_eq!(seen.summary.state, Some("received"));
        assert!(seen.summary.decision_due_at.is_some() && !seen.summary.transport.undelivered);
        w.ponte.says(id, answer(json!({"info_requested": {"questions": ["Zzquando?"]}}))).await.unwrap();
        assert_eq!(w.ponte.look(id).await.summary.decision_due_at, None, "the clock stands still");
        let more = set(&[Group::Status]);
        let more = w.ponte.desk(move |r, tx| r.make_sheet(tx, BY, id, SheetKind::Information, Some(&more))).await;
        w.ponte.leaves(id, more.unwrap()).await.unwrap();
        assert_eq!(code(w.ponte.sheet(id, SheetKind::Contact).await), Code::IllegalTransition);
        w.ponte.says(id, taken_on()).await.unwrap();
        let seen = w.ponte.look(id).await;
        assert_eq!((seen.summary.state, seen.already_known), (Some("accepted"), Some(true)));
        assert!(seen.summary.telling.is_some());
        let noted = &seen.events.last().unwrap().detail.as_ref().unwrap()["by_hand"];
        assert_eq!((noted["channel"].as_str(), noted["said_by"].as_str()), (Some("phone"), Some("Zzoperatrice")));

        let contact = w.ponte.sheet(id, SheetKind::Contact).await.unwrap();
        assert!(w.ponte.page(id, contact).await.contains("+393331234567"));
        w.ponte.leaves(id, contact).await.unwrap();
        w.ponte.says(id, answer(json!({"progressed": {"kind": "first_contact", "on": "2026-12-01"}}))).await.unwrap();
        w.ponte.says(id, answer(json!({"closed": {"outcome": "internship", "on": "2027-02-01"}}))).await.unwrap();
        assert_eq!(w.ponte.state(id).await, Some("closed"));
        assert_eq!(code(w.ponte.says(id, taken_on()).await), Code::IllegalTransition);
        assert_eq!(w.ponte.waiting().await, 0);
        let kinds: Vec<_> = w.ponte.disclosed(person).await.into_iter().map(|it| (it.kind, it.peer.office())).collect();
        assert!(kinds.iter().all(|(kind, to)| kind.starts_with("paper.") && *to == Some(office.id)), "{kinds:?}");
    })
    .await;
}

#[actix_web::test]
async fn what_is_for_paper_is_never_queued_and_what_is_for_a_node_gets_no_sheet() {
    each(|w| async move {
        let (person, _, id, _) = w.on_paper(&REFERRAL).await;
        for refused in [
            w.ponte.desk(move |r, tx| r.send(tx, BY, id, &Sending::default())).await,
            w.ponte.desk(move |r, tx| r.update_card(tx, BY, id, &set(&[Group::Status]), true)).await,
        ] {
            assert!(matches!(code(refused), Code::Conflict | Code::IllegalTransition));
        }
        assert_eq!(w.ponte.waiting().await, 0);
        let draft = w.new_draft(person);
        let wire = w.ponte.desk(move |r, tx| r.draft(tx, BY, &draft)).await.unwrap();
        assert_eq!(code(w.ponte.sheet(wire, SheetKind::Referral).await), Code::Conflict);
        let lost = w.ponte.desk(move |r, tx| r.arrived_on_paper(tx, BY, wire, &by_hand())).await;
        assert_eq!(code(lost), Code::Conflict);
    })
    .await;
}

#[actix_web::test]
async fn a_sheet_says_what_was_granted_and_the_same_each_time() {
    each(|w| async move {
        let (person, _, id, sheet) = w.on_paper(&[Group::Preview, Group::Identity, Group::Status]).await;
        let page = w.ponte.page(id, sheet).await;
        assert!(page.contains("Zzawa") && page.contains("1998") && page.contains("Centro <Il Ponte> & C."), "{page}");
        assert!(page.contains("100005"), "{page}");
        for hidden in ["+393331234567", "Zzsaldare"] {
            assert!(!page.contains(hidden), "{hidden} was not granted");
        }
        let vault = w.ponte.vault();
        let change = move |_: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
            let mut card = super::world::card();
            card.given_names = Some(parsed(json!("Zzaltra")));
            let sight = Sight::of_taking_up(by(), person.into());
            crate::cards::put(tx, &vault, &sight, card, 1).map(|_| ())
        };
        w.ponte.desk(change).await.unwrap();
        assert_eq!(w.ponte.page(id, sheet).await, page, "what was disclosed does not change with the card");
    })
    .await;
}

#[actix_web::test]
async fn before_a_sheet_leaves_its_consent_is_asked_again() {
    each(|w| async move {
        let office = w.ponte.office("CPI Zzprato", &["100005"], None).await;
        let person = w.ponte.person().await;
        let record = w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        let id = w.ponte.to_office(person, office.id, None).await.unwrap();
        let sheet = w.ponte.sheet(id, SheetKind::Preview).await.unwrap();
        w.ponte.page(id, sheet).await;
        w.clock.advance(TimeDelta::days(61));
        assert_eq!(code(w.ponte.leaves(id, sheet).await), Code::ConsentNotValid, "it has run out");
        assert_eq!(code(w.ponte.printed(id, sheet).await), Code::ConsentNotValid, "paper would leave by itself");
        let record_anew = w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        assert_eq!(code(w.ponte.leaves(id, sheet).await), Code::ConsentNotValid, "another yes, another sheet");
        let sheet = w.ponte.sheet(id, SheetKind::Preview).await.unwrap();
        w.ponte.no_more(person, record_anew).await;
        assert!(w.ponte.leaves(id, sheet).await.is_err(), "it was taken back");
        assert_eq!(code(w.ponte.printed(id, sheet).await), Code::ConsentNotValid, "and is printed no more");
        w.ponte.no_more(person, record).await;
    })
    .await;
}

#[actix_web::test]
async fn taken_back_it_is_asked_back_by_a_letter_that_names_nobody() {
    each(|w| async move {
        let (person, record, id, sheet) = w.on_paper(&REFERRAL).await;
        let page = w.ponte.page(id, sheet).await;
        w.ponte.no_more(person, record).await;
        assert_eq!(w.ponte.page(id, sheet).await, page, "what left is shown as it left");
        assert_eq!(w.ponte.state(id).await, Some("withdrawn"));
        assert_eq!(code(w.ponte.says(id, taken_on()).await), Code::IllegalTransition);
        let listed = |overdue: bool| {
            let wanted = Wanted { open: true, overdue, after: None, limit: 10 };
            let store = w.ponte.store.clone();
            let (id, role) = (Uuid::from_u128(7), crate::access::AccessRole::Operator);
            let reader = crate::access::Staff { id, role, label: "Anna".to_owned() };
            async move { store.write(move |tx| recalls::list(tx, &reader, wanted)).await.unwrap().items }
        };
        let open = listed(false).await;
        assert_eq!(open.len(), 1);
        let noted = w.ponte.store.read(|conn| crate::journal::of_act(conn, "recall.listed", 9)).await.unwrap();
        assert_eq!(noted.len(), 1, "she finds it in her journal, once for each look");
        assert_eq!(noted[0].ground.as_deref(), Some("case_team"));
        let recall = open[0].clone();
        assert_eq!((recall.groups.clone(), recall.record.unwrap().0), (set(&REFERRAL), record));
        assert!(listed(true).await.is_empty());
        w.clock.advance(TimeDelta::hours(72));
        assert_eq!(listed(true).await.len(), 1, "72 hours from the withdrawal");

        let (vault, letter) = (w.ponte.vault(), recall.id);
        let act = move |_: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
            let sight = Sight::of_taking_up(by(), person.into());
            let page = recalls::letter(tx, &vault, &sight, "Centro Il Ponte", letter)?;
            let how: RecallSending = parsed(json!({"channel": "pec"}));
            recalls::sent(tx, &vault, &sight, letter, how)?;
            let again = recalls::sent(tx, &vault, &sight, letter, how).unwrap_err().code();
            assert_eq!(again, Code::Conflict);
            let erased = |group| json!({"group": group, "outcome": {"kind": "erased"}});
            let said: RecallAnswer = parsed(json!({
                "channel": "phone", "said_by": "Zzresponsabile",
                "groups": [erased("g.preview"), erased("g.status"), erased("g.skills_full"), {
                    "group": "g.identity", "outcome": {
                        "kind": "retained_own_basis", "basis": "patto", "until": "2031-12-31", "reason": "patto"
                    }
                }]
            }));
            recalls::answer(tx, &vault, &sight, letter, said.clone())?;
            assert_eq!(recalls::answer(tx, &vault, &sight, letter, said.clone()).unwrap_err().code(), Code::Conflict);
            assert_eq!(recalls::look(tx, &vault, &sight, letter)?.answer, Some(said));
            Ok(page)
        };
        let letter = w.ponte.desk(act).await.unwrap();
        let letter = proof::words(&proof::page(letter.as_str()));
        let reference = page.split("Riferimento della persona: ").nth(1).unwrap()[..36].to_owned();
        assert!(letter.contains(&reference), "the office finds its sheet by the reference");
        for hidden in ["Zzawa", "1998", "Zzsaldare", "100005"] {
            assert!(!letter.contains(hidden), "{hidden}");
        }
        assert!(listed(false).await.is_empty());
        let told: Vec<_> = w.ponte.disclosed(person).await;
        let told = told.iter().find(|it| it.kind == "paper.recall").unwrap();
        assert_eq!((told.ground.as_str(), told.groups.len()), ("duty:legal_duty", 0));
    })
    .await;
}

#[actix_web::test]
async fn a_referral_that_is_withdrawn_is_asked_back_and_one_that_never_was_made_is_not() {
    each(|w| async move {
        let (person, _, id, _) = w.on_paper(&REFERRAL).await;
        let who = || parsed(json!("person"));
        let by_person = who();
        w.ponte.desk(move |r, tx| r.withdraw(tx, BY, id, by_person)).await.unwrap();
        assert_eq!(w.ponte.state(id).await, Some("withdrawn"));
        let office = w.ponte.office("Altro Zzsportello", &["100005"], None).await;
        let second = w.ponte.to_office(person, office.id, None).await.unwrap();
        let by_person = who();
        w.ponte.desk(move |r, tx| r.withdraw(tx, BY, second, by_person)).await.unwrap();
        let letters = w.ponte.disclosed(person).await.into_iter().filter(|it| it.kind == "paper.recall").count();
        assert_eq!(letters, 1);
        assert_eq!(w.ponte.waiting().await, 0);
    })
    .await;
}

#[actix_web::test]
async fn another_office_than_the_one_that_is_proposed_needs_a_reason() {
    each(|w| async move {
        let hers = w.ponte.office("CPI Zzprato", &["100005"], None).await;
        let farther = w.ponte.office("CPI Zzpistoia", &["047014"], None).await;
        let person = w.ponte.person().await;
        assert_eq!(code(w.ponte.to_office(person, farther.id, None).await), Code::InvalidInput);
        let id = w.ponte.to_office(person, farther.id, Some("Zzlavora là")).await.unwrap();
        let office = w.ponte.look(id).await.office.unwrap();
        assert_eq!((office.office, office.proposed), (farther.id, Some(hers.id)));
        assert_eq!(office.reason.unwrap().as_str(), "Zzlavora là");
        w.ponte.to_office(person, hers.id, None).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_consent_for_paper_holds_once_the_office_has_a_node() {
    each(|w| async move {
        let (person, _, id, _) = w.on_paper(&REFERRAL).await;
        w.ponte.says(id, answer(json!({"declined": {"reason": "no_capacity"}}))).await.unwrap();
        let joined = w.ponte.office("CPI Zzprato", &["100005"], Some("https://cpi.example")).await;
        let wire = w.ponte.to_office(person, joined.id, None).await.unwrap();
        w.ponte.desk(move |r, tx| r.send(tx, BY, wire, &Sending::default())).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.state(wire).await, Some("received"));
    })
    .await;
}

#[actix_web::test]
async fn what_a_node_did_not_get_goes_on_on_paper() {
    each(|w| async move {
        let office = w.ponte.office("CPI Zzprato", &["100005"], Some("https://cpi.example")).await;
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let wire = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, wire, &Sending::default())).await.unwrap();
        let early = w.ponte.desk(move |r, tx| r.go_on_paper(tx, BY, wire, office.id, false)).await;
        assert_eq!(code(early), Code::IllegalTransition, "it is still on its way");
        w.clock.advance(TimeDelta::days(31));
        assert!(w.ponte.lease(&w.cpi).await.is_none());
        assert_eq!(w.ponte.state(wire).await, Some("draft"));
        let paper = w.ponte.desk(move |r, tx| r.go_on_paper(tx, BY, wire, office.id, false)).await.unwrap();
        assert_eq!(w.ponte.state(wire).await, Some("withdrawn"));
        let seen = w.ponte.look(paper).await;
        assert_eq!((seen.summary.state, seen.office.unwrap().follows), (Some("draft"), Some(wire)));
        let sheet = w.ponte.sheet(paper, SheetKind::Referral).await.unwrap();
        w.ponte.leaves(paper, sheet).await.unwrap();
        w.ponte.says(paper, taken_on()).await.unwrap();
        assert_eq!(w.ponte.state(paper).await, Some("accepted"), "an answer proves that the sheet arrived");
    })
    .await;
}
