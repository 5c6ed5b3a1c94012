//! What an accepted referral brought, for the office's own system, and what the office writes back.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::{Value, json};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::world::{BY, Node, World, code, each, parsed, with_contact};
use crate::access::{self, AccessRole, Function, Sight, Token, cases};
use crate::config::Config;
use crate::journal::Actor;
use crate::referrals::Desk;
use crate::referrals::sap::{FilledSection, PolicyEvent, Written};
use crate::routes::Routes;
use crate::web::document::DESK;
use crate::web::{Rooms, Web, application, once};

/// Every field with its value, as `block.field`.
fn values(sections: &[FilledSection]) -> Vec<(String, String)> {
    let blocks = sections.iter().flat_map(|section| section.blocks.iter());
    let fields = blocks.flat_map(|block| {
        block.entries.iter().flat_map(move |entry| entry.fields.iter().map(move |field| (block.block, field)))
    });
    fields.filter_map(|(block, field)| Some((format!("{block}.{}", field.field), field.value.clone()?))).collect()
}

async fn sheet(node: &Node, id: Uuid) -> crate::error::Result<Vec<(String, String)>> {
    let sight = Sight::of_taking_up(Actor::Staff(Uuid::from_u128(7)), id);
    node.desk(move |r, tx| r.sap(tx, BY, &sight, id)).await.map(|sections| values(&sections))
}

async fn told(world: &World, here: Uuid) -> Vec<&'static str> {
    world.exchange().await;
    let events = world.ponte.look(here).await.events;
    let ours = ["did_recorded", "patto_signed", "pathway_opened"];
    events.into_iter().map(|event| event.event).filter(|event| ours.contains(event)).collect()
}

fn event(code: &str, on: &str, pathway: Option<&str>) -> PolicyEvent {
    let mut value = json!({"policy": "A02-1", "title": "Corso", "event": code, "on": on});
    if let Some(pathway) = pathway {
        value["pathway"] = json!(pathway);
    }
    parsed(value)
}

#[actix_web::test]
async fn the_sheet_has_what_was_received_once_she_is_taken_on() {
    each(|w| async move {
        let (_, _, here, there) = w.received(&with_contact()).await;
        assert_eq!(code(sheet(&w.cpi, there).await), Code::IllegalTransition, "nobody is taken on yet");
        w.accept(there).await.unwrap();
        w.exchange().await;
        let got = sheet(&w.cpi, there).await.unwrap();
        for expected in [
            ("1.personali.nome", "Zzawa"),
            ("1.personali.data_nascita", "1998"),
            ("1.residenza.comune", "100005"),
            ("1.recapiti.cellulare", "+393331234567"),
            ("5.lingue.lingua", "ita"),
        ] {
            assert!(
                got.iter().any(|(field, value)| (field.as_str(), value.as_str()) == expected),
                "{expected:?} {got:?}"
            );
        }
        assert!(got.iter().all(|(field, _)| !field.ends_with("cognome") && !field.ends_with("cittadinanza")));
        assert_eq!(code(sheet(&w.ponte, here).await), Code::IllegalTransition, "not at the side that sent");
    })
    .await;
}

#[actix_web::test]
async fn what_the_office_writes_back_is_its_own_and_the_sender_hears_of_it_once() {
    each(|w| async move {
        let (_, _, here, there) = w.in_charge(&with_contact()).await;
        let did = || parsed(json!({"state": "active", "date": "2026-11-20"}));
        let write = async |expected| w.cpi.desk(move |r, tx| r.record_did(tx, BY, there, did(), expected)).await;
        assert_eq!(write(Some(0)).await.unwrap(), Written::Taken);
        assert_eq!(told(&w, here).await, ["did_recorded"]);
        assert_eq!(write(None).await.unwrap(), Written::Repeated);
        assert_eq!(code(write(Some(0)).await), Code::VersionConflict);
        let later = parsed(json!({"state": "suspended", "date": "2026-11-21"}));
        w.cpi.desk(move |r, tx| r.record_did(tx, BY, there, later, Some(1))).await.unwrap();
        assert_eq!(told(&w, here).await, ["did_recorded"], "a suspension stays here");
        let tomorrow = parsed(json!({"state": "active", "date": "2027-01-01"}));
        let refused = w.cpi.desk(move |r, tx| r.record_did(tx, BY, there, tomorrow, None)).await;
        assert_eq!(refused.unwrap_err().problem().errors[0].field, "/date");

        let protocol = parsed(json!({"number": "2026/17", "date": "2026-11-20"}));
        w.cpi.desk(move |r, tx| r.record_protocol(tx, BY, there, protocol, None)).await.unwrap();
        let pathway = event("02", "2026-11-21", Some("course"));
        for next in [event("01", "2026-11-20", None), pathway.clone()] {
            w.cpi.desk(move |r, tx| r.add_policy_event(tx, BY, there, &next)).await.unwrap();
        }
        assert_eq!(told(&w, here).await, ["did_recorded"], "no pathway before the work has begun");
        let patto = parsed(json!({"date": "2026-11-20", "gol_path": "upskilling"}));
        w.cpi.desk(move |r, tx| r.record_patto(tx, BY, there, patto, None)).await.unwrap();
        assert_eq!(told(&w, here).await, ["did_recorded", "patto_signed"]);
        assert_eq!(w.ponte.state(here).await, Some("in_progress"), "at the side that sent, too");
        let again = w.cpi.desk(move |r, tx| r.add_policy_event(tx, BY, there, &pathway)).await.unwrap();
        assert_eq!(again, Written::Repeated);
        let other = PolicyEvent { policy: parsed(json!("A02-2")), ..event("02", "2026-11-22", Some("internship")) };
        w.cpi.desk(move |r, tx| r.add_policy_event(tx, BY, there, &other)).await.unwrap();
        assert_eq!(told(&w, here).await, ["did_recorded", "patto_signed", "pathway_opened"]);
        let wrong = event("01", "2026-11-22", None);
        let refused = w.cpi.desk(move |r, tx| r.add_policy_event(tx, BY, there, &wrong)).await;
        assert_eq!(refused.unwrap_err().problem().errors[0].field, "/event");

        let got = sheet(&w.cpi, there).await.unwrap();
        for expected in [
            ("2.stato.stato_occupazionale", "suspended"),
            ("2.stato.data_did", "2026-11-21"),
            ("6.politica_attiva.data_inizio", "2026-11-21"),
            ("6.politica_attiva.identificativo_politica", "A02-2"),
            ("6.ultimo_evento.evento", "02"),
        ] {
            assert!(
                got.iter().any(|(field, value)| (field.as_str(), value.as_str()) == expected),
                "{expected:?} {got:?}"
            );
        }
        let seen = serde_json::to_string(&w.ponte.look(here).await).unwrap();
        for own in ["2026/17", "A02-1", "Corso", "suspended"] {
            assert!(!seen.contains(own), "{own} stays at the office");
        }

        let close = parsed(json!({"outcome": "training", "on": "2026-11-23"}));
        w.cpi.desk(move |r, tx| r.close(tx, BY, there, close)).await.unwrap();
        w.cpi.desk(move |r, tx| r.record_did(tx, BY, there, did(), None)).await.unwrap();
        assert_eq!(told(&w, here).await.len(), 3, "after the end the office goes on for itself");
        let (vault, record) = (w.cpi.vault(), w.cpi.look(there).await.summary.id);
        let erase = move |_: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
            let now = tx.now();
            let case = crate::referrals::case::Case::read(tx.conn(), record, now)?;
            vault.shred(tx, case.subject())
        };
        w.cpi.desk(erase).await.unwrap();
        assert_eq!(sheet(&w.cpi, there).await.unwrap(), [], "gone with her");
    })
    .await;
}

const ROOMS: Rooms =
    Rooms { federation: |_| {}, desk, tags: &[("referrals", "Referrals.")], matrix: &[], examples: "{}" };

fn desk(routes: &mut Routes<'_>) {
    routes.below(DESK, crate::referrals::api, |rooms| rooms.wrap(from_fn(access::gate)));
}

async fn account(node: &Node, username: &'static str, role: AccessRole) -> String {
    let act = move |tx: &mut crate::store::Tx<'_>| {
        let label = |text| crate::access::Label::new(text).unwrap();
        let id = access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label("Bruno"), role)?;
        access::issue_token(tx, Actor::System, id, &label("desk"), None)
    };
    node.store.write(act).await.unwrap().token.expose().to_owned()
}

async fn ask(node: &Node, token: &str, request: TestRequest) -> (u16, String, Vec<u8>) {
    ask_of(ROOMS, node, token, request).await
}

async fn ask_of(rooms: Rooms, node: &Node, token: &str, request: TestRequest) -> (u16, String, Vec<u8>) {
    let text = "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n";
    let web = Web::new(&Config::read(text, []).unwrap(), rooms);
    let (store, vault) = (node.store.clone(), node.vault());
    let desk = Desk::new(store.clone(), node.referrals.clone(), || {});
    let app = init_service(application(&web, &move |cfg| {
        cfg.app_data(Data::new(store.clone())).app_data(Data::new(vault.clone())).app_data(Data::new(desk.clone()));
    }))
    .await;
    let request = request.insert_header(("authorization", format!("Bearer {token}")));
    let answer = call_service(&app, request.to_request()).await;
    let kind = answer.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), kind, read_body(answer).await.to_vec())
}

#[actix_web::test]
async fn by_file_each_line_stands_for_itself_and_twice_is_once() {
    each(|w| async move {
        let (_, _, here, there) = w.in_charge(&with_contact()).await;
        let bruno = account(&w.cpi, "bruno", AccessRole::Operator).await;
        let at = |path: &str| format!("{DESK}{path}");
        let lines = [
            format!("{there},did,2026-11-20,active,,,,,,,"),
            format!("{there},patto,2026-11-21,,upskilling,,,,,,"),
            format!("{there},event,2026-11-21,,,,A02-1,Corso,01,,"),
            format!("{there},event,2026-11-20,,,,A02-1,Corso,02,,"),
            format!("{},did,2026-11-20,active,,,,,,,", Uuid::new_v4()),
            "no,did,2026-11-20,active,,,,,,,".to_owned(),
            format!("{there},protocol,2026-11-21,,,2026/17,,,,,"),
        ];
        let file = format!(
            "referral,kind,date,state,gol_path,number,policy,title,event,description,pathway\r\n{}\r\n",
            lines.join("\r\n")
        );
        let upload = || TestRequest::post().uri(&at("/sap-write-backs")).insert_header(("content-type", "text/csv"));
        let (status, _, body) = ask(&w.cpi, &bruno, upload().set_payload(file.clone())).await;
        let report: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &report["taken"], &report["refused"]), (200, &json!(4), &json!(3)), "{report}");
        let line = |at: usize| &report["items"][at];
        assert_eq!((&line(3)["line"], &line(3)["errors"][0]["field"]), (&json!(5), &json!("/on")));
        assert_eq!((&line(4)["code"], &line(5)["errors"][0]["field"]), (&json!("not_found"), &json!("/referral")));
        assert_eq!(told(&w, here).await, ["did_recorded", "patto_signed"]);

        let (_, _, body) = ask(&w.cpi, &bruno, upload().set_payload(file)).await;
        let again: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&again["taken"], &again["repeated"], &again["refused"]), (&json!(0), &json!(4), &json!(3)));
        assert_eq!(told(&w, here).await, ["did_recorded", "patto_signed"], "nobody is told twice");
        let json_file = TestRequest::post().uri(&at("/sap-write-backs")).set_json(json!({}));
        assert_eq!(ask(&w.cpi, &bruno, json_file).await.0, 415);

        let path = at(&format!("/referrals/{there}/sap"));
        let (status, kind, body) = ask(&w.cpi, &bruno, TestRequest::get().uri(&path)).await;
        let shown: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, kind.as_str(), shown["sections"].as_array().unwrap().len()), (200, "application/json", 6));
        let csv = TestRequest::get().uri(&path).insert_header(("accept", "text/csv"));
        let (status, kind, body) = ask(&w.cpi, &bruno, csv).await;
        let csv = String::from_utf8(body).unwrap();
        assert_eq!((status, kind.as_str()), (200, "text/csv"));
        assert!(csv.starts_with("sezione,blocco,riga,campo,etichetta,lista,ricevuto,valore,nota\r\n"));
        assert!(csv.contains(",cellulare,Cellulare,,si,'+393331234567,"), "no formula: {csv}");
        assert!(csv.contains(",cognome,Cognome,,no,,"));
    })
    .await;
}

/// As the wiring has it: what is asked for under a key is done once.
const ONCE: Rooms = Rooms {
    desk: |routes| {
        routes.below(DESK, crate::referrals::api, |rooms| rooms.wrap(from_fn(once)).wrap(from_fn(access::gate)));
    },
    ..ROOMS
};

#[actix_web::test]
async fn a_file_that_broke_off_goes_on_under_the_same_key() {
    use crate::store::schema::office_record;
    use diesel::prelude::*;

    each(|w| async move {
        let (_, _, _, there) = w.in_charge(&with_contact()).await;
        let bruno = account(&w.cpi, "bruno", AccessRole::Operator).await;
        let protocol = parsed(json!({"number": "2026/1", "date": "2026-11-20"}));
        w.cpi.desk(move |r, tx| r.record_protocol(tx, BY, there, protocol, None)).await.unwrap();
        let put = |bytes: Vec<u8>| {
            let here = office_record::table.find(crate::store::Id(there));
            move |tx: &mut crate::store::Tx<'_>| {
                let was: Vec<u8> = here.select(office_record::sealed).first(tx.conn())?;
                diesel::update(here).set(office_record::sealed.eq(bytes)).execute(tx.conn())?;
                Ok(was)
            }
        };
        let whole = w.cpi.store.write(put(vec![1, 2, 3])).await.unwrap();
        // Fifty lines that do not touch what is damaged, and one that does.
        let mut lines: Vec<_> = (0..50).map(|n| format!("{there},event,2026-11-21,,,,Z{n},Corso,01,,")).collect();
        lines.push(format!("{there},protocol,2026-11-21,,,2026/17,,,,,"));
        let file = format!(
            "referral,kind,date,state,gol_path,number,policy,title,event,description,pathway\r\n{}\r\n",
            lines.join("\r\n")
        );
        let send = async || {
            let request = TestRequest::post().uri(&format!("{DESK}/sap-write-backs"));
            let request = request.insert_header(("content-type", "text/csv"));
            let request =
                request.insert_header(("idempotency-key", "\"zz-write-back-0001\"")).set_payload(file.clone());
            let (status, _, body) = ask_of(ONCE, &w.cpi, &bruno, request).await;
            (status, serde_json::from_slice::<Value>(&body).unwrap())
        };
        assert_eq!(send().await.0, 500, "the second part failed");
        w.cpi.store.write(put(whole)).await.unwrap();
        let (status, report) = send().await;
        assert_eq!((status, &report["taken"], &report["repeated"]), (200, &json!(1), &json!(50)), "{report}");
        assert_eq!(report["items"].as_array().unwrap().len(), 51, "and says what became of every line");
        let records = w.cpi.desk(move |r, tx| r.office_records(tx, BY, there)).await.unwrap();
        assert_eq!(records.events.len(), 50);
        let (status, told) = send().await;
        assert!(status == 200 || told["code"] == "already_done", "it is not done a third time: {status} {told}");
    })
    .await;
}

#[actix_web::test]
async fn by_hand_with_the_version_and_only_who_works_on_the_case() {
    each(|w| async move {
        let (_, _, _, there) = w.in_charge(&with_contact()).await;
        let bruno = account(&w.cpi, "bruno", AccessRole::Operator).await;
        let carla = account(&w.cpi, "carla", AccessRole::Operator).await;
        let dora = account(&w.cpi, "dora", AccessRole::Dpo).await;
        let of = |path: &str| format!("{DESK}/referrals/{there}{path}");
        let did = json!({"state": "active", "date": "2026-11-20"});
        let put = |path: &str, version: &'static str, body: &Value| {
            TestRequest::put().uri(&of(path)).insert_header(("if-match", version)).set_json(body)
        };
        assert_eq!(ask(&w.cpi, &bruno, TestRequest::put().uri(&of("/did")).set_json(&did)).await.0, 428);
        assert_eq!(ask(&w.cpi, &bruno, put("/did", "\"0\"", &did)).await.0, 200);
        assert_eq!(
            ask(&w.cpi, &bruno, put("/protocol", "\"0\"", &json!({"number": "1", "date": "2026-11-20"}))).await.0,
            412
        );
        let (status, _, body) = ask(&w.cpi, &bruno, put("/patto", "\"1\"", &json!({"date": "2026-11-20"}))).await;
        let record: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &record["version"], &record["did"]["state"]), (200, &json!(2), &json!("active")));
        let add = || {
            let event = json!({"policy": "A02", "event": "01", "on": "2026-11-20"});
            TestRequest::post().uri(&of("/policy-events")).set_json(event)
        };
        for _ in 0..2 {
            let (status, _, body) = ask(&w.cpi, &bruno, add()).await;
            let record: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((status, record["policies"][0]["events"].as_array().unwrap().len()), (200, 1));
        }
        assert_eq!(ask(&w.cpi, &dora, TestRequest::get().uri(&of("/office-record"))).await.0, 200);
        assert_eq!(ask(&w.cpi, &dora, TestRequest::get().uri(&of("/sap"))).await.0, 403);
        assert_eq!(ask(&w.cpi, &dora, add()).await.0, 403);

        let token = Token::parse(&bruno).unwrap();
        let staff = access::verify(&w.cpi.store, &token).await.unwrap();
        let assign = move |tx: &mut crate::store::Tx<'_>| {
            cases::assign(tx, Actor::System, there, staff.id, &Function::CaseOperator.into())
        };
        w.cpi.store.write(assign).await.unwrap();
        assert_eq!(ask(&w.cpi, &carla, TestRequest::get().uri(&of("/sap"))).await.0, 403, "others were put on it");
        assert_eq!(ask(&w.cpi, &carla, put("/did", "\"2\"", &did)).await.0, 403);
        assert_eq!(ask(&w.cpi, &bruno, TestRequest::get().uri(&of("/sap"))).await.0, 200);
    })
    .await;
}
