//! Somebody moves: her record goes from one centre to another while a job centre has taken her on.

use diesel::prelude::*;
use serde_json::{Value, json};
use staffetta_node::access::cases::{self, Functions};
use staffetta_node::access::{AccessRole, Function};
use staffetta_node::journal::Actor;
use staffetta_node::store::Id;
use staffetta_node::store::schema::{known_message, outbox, received_card};
use staffetta_node::store::scratch::readable;
use staffetta_node::vault::Place;
use staffetta_protocol::trust::Role;
use staffetta_tests::{BOTH, Desk, Federation, Member, Person, on_each_database};

use crate::stage::{CPI, Stage, stands};

/// The organisation that runs the other centre.
const OTHER: &str = "vat:12345678903";
/// All that may move.
const MOVES: &[&str] = &["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs", "g.contact"];
/// Words that stand in a counselling note and in a file of hers, and nowhere else.
const STAYS: [&str; 2] = ["barca rossa", "zzcertificato"];

struct Move {
    stage: Stage,
    other: Member,
    at_other: Desk,
    person: Person,
    /// Her referral, at the first centre and at the job centre.
    referral: (String, String),
}

impl Move {
    /// When each counselling note at the centre goes, where that is settled.
    async fn notes_due(&self) -> Vec<Option<staffetta_node::store::At>> {
        use staffetta_node::store::schema::counselling_note;
        let store = self.stage.centre.node.store();
        store.read(|conn| Ok(counselling_note::table.select(counselling_note::delete_after).load(conn)?)).await.unwrap()
    }

    /// She was taken on by the job centre, and agrees to move.
    async fn set(net: Federation) -> Self {
        let stage = Stage::set(net).await;
        let other = stage.net.member("Centro La Riva", Role::ReceptionCentre, OTHER).await;
        stage.centre.node.peers().resolve(other.id()).await.expect("the centres know each other");
        other.node.peers().resolve(stage.cpi.id()).await.expect("the other centre finds the job centre");
        let at_other = other.desk(AccessRole::Operator).await;
        let (person, _) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;
        let it = Self { stage, other, at_other, person, referral: (path, received) };
        it.kept_back().await;
        it.person.agrees_on(("transfer", "ita"), OTHER, &[("P12", MOVES)]).await;
        it
    }

    async fn pump(&self) {
        self.stage.net.pump(&[&self.stage.centre, &self.other, &self.stage.cpi]).await;
    }

    /// A counselling note and a file, which stay.
    async fn kept_back(&self) {
        let counsels = self.stage.centre.desk(AccessRole::Operator).await;
        let staff = counsels.read("session").await.ok()["id"].as_str().unwrap().parse().unwrap();
        let (case, functions) = (self.person.id.parse().unwrap(), Functions::from(Function::Psychologist));
        let act =
            move |tx: &mut staffetta_node::store::Tx<'_>| cases::assign(tx, Actor::System, case, staff, &functions);
        self.stage.centre.node.store().write(act).await.unwrap();
        let note = json!({"text": format!("Parla della {}.", STAYS[0])});
        counsels.post(&format!("people/{}/counselling-notes", self.person.id), note).await.ok();
        let paper = json!({"type": "certificate", "held_by": "person"});
        let documents = format!("people/{}/documents", self.person.id);
        let entered = self.stage.at_centre.post(&documents, paper).await;
        let version = entered.etag.clone().unwrap();
        let content = format!("{documents}/{}/content", entered.ok()["id"].as_str().unwrap());
        let file = format!("<Candidate>{}</Candidate>", STAYS[1]);
        self.stage.at_centre.file(&content, Some(&version), "application/xml", &file).await.ok();
    }

    /// Her record is offered: its path at either centre.
    async fn offered(&self) -> (String, String) {
        let to = json!({"recipient": self.other.id()});
        let sent = self.stage.at_centre.post(&format!("people/{}/transfers", self.person.id), to).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
        let sent = format!("transfers/{}", sent.body["summary"]["id"].as_str().unwrap());
        self.pump().await;
        let waiting = self.at_other.read("transfers?direction=received&state=received").await.ok();
        assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
        (sent, format!("transfers/{}", waiting["items"][0]["id"].as_str().unwrap()))
    }
}

/// Everything that this node has sent, received or kept of a card of others, unsealed.
async fn exchanged(member: &Member) -> Vec<u8> {
    let vault = member.node.vault().clone();
    let all = move |conn: &mut staffetta_node::store::Conn| {
        type Rows = Vec<(Id, Option<Vec<u8>>)>;
        let queued: Rows = outbox::table.select((outbox::message, outbox::sealed)).load(conn)?;
        let taken: Rows = known_message::table.select((known_message::message, known_message::sealed)).load(conn)?;
        let cards: Rows =
            received_card::table.select((received_card::id, received_card::sealed.nullable())).load(conn)?;
        let mut plain = Vec::new();
        for (table, rows) in [("outbox", queued), ("known_message", taken), ("received_card", cards)] {
            for (id, sealed) in rows.into_iter().filter_map(|(id, sealed)| Some((id, sealed?))) {
                let place = Place { table, row: id.0, column: "sealed" };
                plain.extend(vault.open(conn, place, &sealed)?.expect("nobody was erased").iter());
                plain.push(b'\n');
            }
        }
        Ok(plain)
    };
    member.node.store().read(all).await.unwrap()
}

fn state(shown: &Value) -> &str {
    shown["summary"]["state"].as_str().unwrap()
}

#[actix_web::test]
async fn transfer_taken_every_thread_ends_and_the_new_centre_goes_on() {
    on_each_database(|net| async move {
        let it = Move::set(net).await;
        let (at_centre, at_cpi, at_other) = (&it.stage.at_centre, &it.stage.at_cpi, &it.at_other);
        let (sent, came) = it.offered().await;
        let shown = at_other.read(&came).await.ok();
        assert_eq!((state(&shown), &shown["allowed"]), ("received", &json!(["take", "decline"])));
        assert_eq!(shown["card"]["groups"]["identity"]["given_names"], "Mariam");
        assert_eq!(stands(&it.stage.seen(&it.referral.0).await).0, "accepted", "nothing has moved yet");

        let taken = at_other.post(&format!("{came}/taking"), json!({})).await.ok();
        let hers = taken["summary"]["person"].as_str().unwrap().to_owned();
        it.pump().await;
        assert_eq!(state(&at_centre.read(&sent).await.ok()), "taken");
        for (desk, path) in [(at_centre, &it.referral.0), (at_cpi, &it.referral.1)] {
            let ended = desk.read(path).await.ok();
            assert_eq!((state(&ended), &ended["end_reason"]), ("closed", &json!("holder_changed")));
            assert_eq!(ended["new_holder"]["organisation_name"], "Centro La Riva");
            assert_eq!(ended["new_holder"]["entity_id"], json!(it.other.id()));
        }
        let progress = json!({"kind": "first_contact", "on": "2026-12-01"});
        let late = at_cpi.post(&format!("{}/progress", it.referral.1), progress).await;
        assert_eq!(late.refused(409), "illegal_transition");

        let old = at_centre.read(&format!("people/{}/card", it.person.id)).await;
        let (version, card) = (old.etag.clone(), old.ok()["card"].clone());
        let edit = at_centre.put(&format!("people/{}/card", it.person.id), version.as_deref(), card).await;
        assert_eq!(edit.refused(409), "holder_changed");
        let consents = at_centre.read(&format!("people/{}/consents", it.person.id)).await.ok();
        let states: Vec<_> = consents["items"].as_array().unwrap().iter().map(|it| it["state"].clone()).collect();
        assert!(states.len() == 3 && states.iter().all(|state| state == "terminated"), "{states:?}");

        // Here her case has ended: what was said in counselling goes six months later.
        let notes = it.notes_due().await;
        assert!(!notes.is_empty() && notes.iter().all(Option::is_some), "{notes:?}");

        for member in [&it.stage.centre, &it.other] {
            let all = exchanged(member).await;
            assert_eq!(readable(&all, &["Diarra"]), ["Diarra"], "{}: what did leave is found", member.id());
            assert_eq!(readable(&all, &STAYS), Vec::<String>::new(), "{}", member.id());
        }

        let person = Person::known(at_other, &hers);
        let card = at_other.read(&format!("people/{hers}/card")).await.ok()["card"].clone();
        assert_eq!((&card["family_names"], &card["phone"][0]["type"]), (&json!("Diarra"), &json!("mobile")));
        person.agrees(CPI, BOTH).await;
        let path = person.draft(&it.stage.cpi).await;
        at_other.post(&format!("{path}/sending"), json!({})).await.ok();
        it.pump().await;
        assert_eq!(stands(&at_other.read(&path).await.ok()).0, "received");
        let list = at_cpi.read("referrals").await.ok();
        let mut open: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| it["state"].to_string()).collect();
        open.sort();
        assert_eq!(open, ["\"closed\"", "\"received\""], "a thread of its own");
    })
    .await;
}

#[actix_web::test]
async fn transfer_declined_it_stays_where_it_was() {
    on_each_database(|net| async move {
        let it = Move::set(net).await;
        let (sent, came) = it.offered().await;
        let no = json!({"reason": "not_arrived", "text": "Non è mai arrivata."});
        let declined = it.at_other.post(&format!("{came}/refusal"), no).await.ok();
        assert_eq!(state(&declined), "declined");
        it.pump().await;
        let shown = it.stage.at_centre.read(&sent).await.ok();
        assert_eq!((state(&shown), &shown["answer"]["reason"]), ("declined", &json!("not_arrived")));
        assert_eq!(shown["answer"]["text"], "Non è mai arrivata.");
        assert_eq!(stands(&it.stage.seen(&it.referral.0).await).0, "accepted");
        let listed = it.at_other.read("people").await.ok();
        assert_eq!(listed["items"], json!([]), "nobody was entered");
        let twice = it.at_other.post(&format!("{came}/taking"), json!({})).await;
        assert_eq!(twice.refused(409), "illegal_transition");
    })
    .await;
}

/// Without a node at the other centre, or before she has said yes to a transfer, the person brings the file herself.
#[actix_web::test]
async fn transfer_by_hand_she_brings_the_file_and_it_is_laid_on_her_card_when_she_says_yes() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (desk, taken_up) = (&stage.at_centre, json!({"label": "Zzarrivata"}));
        let id = desk.post("people", taken_up).await.ok()["id"].as_str().unwrap().to_owned();
        let file = json!({
            "format": "staffetta-portability", "version": 1, "exported_at": "2026-11-20T10:00:00Z",
            "from": {"entity_id": "https://sai.example", "organisation_name": "SAI Zzpistoia"},
            "card": {"given_names": "Mariam", "family_names": "Diarra", "residence_comune": "100005"},
            "europass_xml": "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]><x>&y;</x>"
        });
        let previews = format!("people/{id}/import-previews");
        let looked = desk.post(&previews, json!({"file": {"portability": file}})).await.ok();
        assert_eq!((&looked["card"]["family_names"], &looked["sections"]), (&json!("Diarra"), &json!(["A", "B"])));
        assert_eq!(desk.read(&format!("people/{id}/card/drafts")).await.ok()["items"], json!([]));

        let imports = format!("people/{id}/imports");
        let silent = desk.post(&imports, json!({"file": {"portability": file}})).await;
        assert_eq!(silent.refused(422), "invalid_input", "nothing is laid on without her yes");
        let yes = json!({"by": "person", "indication_method": "signature"});
        let laid = desk.post(&imports, json!({"file": {"portability": file}, "indication": yes})).await;
        assert_eq!(laid.status, 201, "{}", laid.body);
        desk.post(&format!("people/{id}/card/versions"), json!({})).await.ok();
        let card = desk.read(&format!("people/{id}/card")).await.ok()["card"].clone();
        assert_eq!((&card["given_names"], &card["sources"][0]["means"]), (&json!("Mariam"), &json!("import")));
        let kept = desk.read(&imports).await.ok()["items"][0].clone();
        assert_eq!((&kept["origin"]["organisation_name"], &kept["indication"]), (&json!("SAI Zzpistoia"), &yes));

        let said = |text: String| desk.send_file(&previews, "application/json", text);
        let body = |file: &str| format!("{{\"file\":{{\"portability\":{file}}}}}");
        let twice = said(body("{\"format\":\"staffetta-portability\",\"format\":\"staffetta-portability\"}")).await;
        assert_eq!(twice.refused(400), "malformed_request", "one name twice");
        let deep = said(body(&format!("{}1{}", "[".repeat(64), "]".repeat(64)))).await;
        assert_eq!(deep.refused(400), "malformed_request", "too deep");
        let large = said(body(&format!("{{\"europass_xml\":\"{}\"}}", "x".repeat(3 << 20)))).await;
        assert_eq!(large.refused(413), "too_large");
        let mut more = file.clone();
        more["card"]["photo"] = json!("zz");
        let open = desk.post(&previews, json!({"file": {"portability": more}})).await;
        assert_eq!((open.refused(422).as_str(), &open.body["errors"][0]["code"]), ("invalid_input", &json!("unknown_field")));
        let cv = json!({"europass": {"syntax": "xml", "text": "<!DOCTYPE a [<!ENTITY b \"c\">]><Candidate>&b;</Candidate>"}});
        let entity = desk.post(&imports, json!({"file": cv, "indication": yes})).await;
        assert_eq!(entity.refused(400), "malformed_request", "no document type is taken");
    })
    .await;
}
