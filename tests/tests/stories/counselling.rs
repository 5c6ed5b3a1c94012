//! What was said in counselling is in nothing that leaves, and in nothing that anybody else can ask for.

use diesel::prelude::*;
use serde_json::json;
use staffetta_node::access::cases::{self, Functions};
use staffetta_node::access::{AccessRole, Function};
use staffetta_node::journal::Actor;
use staffetta_node::store::Id;
use staffetta_node::store::schema::{known_message, outbox, received_card, referral_event};
use staffetta_node::store::scratch::readable;
use staffetta_node::vault::Place;
use staffetta_node::web::document;
use staffetta_node::wiring;
use staffetta_tests::{Desk, Member, on_each_database};

use crate::stage::{Stage, stands};

/// Words that stand in a note and nowhere else, and one that the job centre is told.
const SAID: [&str; 2] = ["barca rossa", "sogna ogni notte"];
const TOLD: &str = "+393330001122";

/// Whoever counsels the person, at the centre.
async fn psychologist(stage: &Stage, person: &str) -> Desk {
    let desk = stage.centre.desk(AccessRole::Operator).await;
    let staff = desk.read("session").await.ok()["id"].as_str().unwrap().parse().unwrap();
    let case = person.parse().unwrap();
    let functions = Functions::from(Function::Psychologist);
    let act = move |tx: &mut staffetta_node::store::Tx<'_>| cases::assign(tx, Actor::System, case, staff, &functions);
    stage.centre.node.store().write(act).await.unwrap();
    desk
}

/// Everything that this node has sent, received or kept of a thread, unsealed.
async fn exchanged(member: &Member) -> Vec<u8> {
    let vault = member.node.vault().clone();
    let all = move |conn: &mut staffetta_node::store::Conn| {
        let mut sealed: Vec<(&'static str, Id, Vec<u8>)> = Vec::new();
        let queued: Vec<(Id, Option<Vec<u8>>)> = outbox::table.select((outbox::message, outbox::sealed)).load(conn)?;
        let taken: Vec<(Id, Option<Vec<u8>>)> =
            known_message::table.select((known_message::message, known_message::sealed)).load(conn)?;
        let events: Vec<(Id, Option<Vec<u8>>)> =
            referral_event::table.select((referral_event::id, referral_event::sealed.nullable())).load(conn)?;
        let cards: Vec<(Id, Option<Vec<u8>>)> =
            received_card::table.select((received_card::id, received_card::sealed.nullable())).load(conn)?;
        for (table, rows) in
            [("outbox", queued), ("known_message", taken), ("referral_event", events), ("received_card", cards)]
        {
            sealed.extend(rows.into_iter().filter_map(|(id, sealed)| Some((table, id, sealed?))));
        }
        let mut plain = Vec::new();
        for (table, id, sealed) in sealed {
            let place = Place { table, row: id.0, column: "sealed" };
            plain.extend(vault.open(conn, place, &sealed)?.expect("nobody was erased").iter());
            plain.push(b'\n');
        }
        Ok(plain)
    };
    member.node.store().read(all).await.unwrap()
}

/// Every path of the desk that can be read with these ids.
fn paths(person: &str, assessment: &str, referral: &str) -> Vec<String> {
    let document = document::desk(wiring::ROOMS);
    let readable = document.paths.paths.iter().filter(|(_, item)| item.get.is_some());
    let named = readable.map(|(path, _)| {
        path.trim_start_matches('/')
            .replace("{person}", person)
            .replace("{assessment}", assessment)
            .replace("{referral}", referral)
    });
    named.filter(|path| !path.contains('{')).collect()
}

#[actix_web::test]
async fn it_is_in_nothing_that_leaves_and_in_nothing_that_others_read() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, _) = stage.agreed().await;
        let counsels = psychologist(&stage, &person.id).await;
        let notes = format!("people/{}/counselling-notes", person.id);
        let text = format!("Parla della {}, la {}.", SAID[0], SAID[1]);
        let note = counsels.post(&notes, json!({ "text": text })).await.ok()["id"].as_str().unwrap().to_owned();
        let note = format!("{notes}/{note}");
        assert_eq!(counsels.read(&note).await.ok()["text"], json!(text));
        assert_eq!(stage.at_centre.read(&note).await.refused(403), "function_not_entitled");
        let assessments = format!("people/{}/assessments", person.id);
        let work = json!({"method": "operator", "summary": "Sa murare."});
        let assessment = stage.at_centre.post(&assessments, work).await.ok()["id"].as_str().unwrap().to_owned();

        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({"with_preview": true})).await.ok();
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let asked = json!({"fields": ["work_authorised_until"], "questions": ["Come sta?"]});
        stage.at_cpi.post(&format!("{received}/information-requests"), asked).await.ok();
        stage.pump().await;
        let given = json!({"groups": ["g.status", "g.skills_full"], "answers": [{"question": 1, "text": "Bene"}]});
        stage.at_centre.post(&format!("{path}/information"), given).await.ok();
        stage.pump().await;
        stage.accept(&received).await;
        stage.pump().await;
        let first = json!({"kind": "first_contact", "on": "2026-12-01"});
        stage.at_cpi.post(&format!("{received}/progress"), first).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "in_progress");

        for member in [&stage.centre, &stage.cpi] {
            let all = exchanged(member).await;
            assert_eq!(readable(&all, &[TOLD]), [TOLD], "{}: what did leave is found", member.id());
            assert_eq!(readable(&all, &SAID), Vec::<String>::new(), "{}", member.id());
            assert_eq!(member.readable(&SAID), Vec::<String>::new(), "{}: on the disk", member.id());
        }
        let (here, there) = (path.trim_start_matches("referrals/"), received.trim_start_matches("referrals/"));
        // Nobody asked for her: not even the officer takes out what was said.
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        for export in ["export", "export/sheet"] {
            let unasked = officer.bytes(&format!("people/{}/{export}", person.id)).await;
            assert_eq!(readable(&unasked, &SAID), Vec::<String>::new(), "{export}");
        }
        let asks = json!({
            "kind": "access", "channel": "in_person", "said_by": "person", "details": "Vuole sapere che cosa si sa di lei."
        });
        stage.at_centre.post(&format!("people/{}/rights-requests", person.id), asks).await.ok();
        let (mut found_her, mut hers) = (0, 0);
        for role in [AccessRole::Operator, AccessRole::Supervisor, AccessRole::Dpo, AccessRole::Admin] {
            let others = stage.centre.desk(role).await;
            for desk in [&stage.at_centre, &others, &counsels] {
                for path in paths(&person.id, &assessment, here) {
                    let answer = desk.bytes(&path).await;
                    let said = readable(&answer, &SAID);
                    // What the officer takes out is the person's own copy (GDPR 15), and she is owed all of it once she asks.
                    if role == AccessRole::Dpo && std::ptr::eq(desk, &others) && path.contains("/export") {
                        hers += usize::from(!said.is_empty());
                        continue;
                    }
                    assert_eq!(said, Vec::<String>::new(), "{role}: {path}");
                    found_her += usize::from(!readable(&answer, &["Diarra"]).is_empty());
                }
            }
        }
        assert!(found_her > 0, "her card is among what was read");
        assert_eq!(hers, 2, "in her own copy, as JSON and on paper");
        for path in paths(&person.id, &assessment, there) {
            assert_eq!(readable(&stage.at_cpi.bytes(&path).await, &SAID), Vec::<String>::new(), "{path}");
        }
    })
    .await;
}
