//! Examples of what moves a record: to another centre, and by the hand of the person.

use serde_json::json;
use staffetta_node::access::AccessRole;
use staffetta_protocol::trust::Role;
use staffetta_tests::{BOTH, Person};

use super::Walk;
use crate::stage::Stage;

/// What the examples call the other centre.
const RIVA: &str = "https://nodo.lariva.example";

/// To another centre: a record that it declines and one that it takes over; and what somebody carries herself.
pub(super) async fn the_move(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let (riva, comune) = ("vat:12345678903", "ipa:c_g999");
    let other = stage.net.member("Centro La Riva", Role::ReceptionCentre, riva).await;
    centre.node.peers().resolve(other.id()).await.expect("the centres know each other");
    walk.means(RIVA, other.id().as_str());
    let (at_other, before) = (other.desk(AccessRole::Operator).await, walk.ids["person"].clone());
    let office = json!({"organisation_name": "Comune di Zzprato", "organisation": comune, "office": "Sportello"});
    let office = desk.post("partner-offices", office).await.ok()["id"].clone();
    for answer in ["decline_record", "take_record"] {
        stage.net.wait(chrono::TimeDelta::minutes(1));
        let person = Person::with_card(desk, "Mariam").await;
        walk.at("person", &json!(person.id));
        person.agrees_on(("transfer", "ita"), riva, &[("P12", &["g.preview", "g.identity", "g.status"])]).await;
        person.agrees(comune, BOTH).await;
        let reason = "Il comune in cui ha amici";
        let draft = json!({"person": person.id, "office": office, "office_reason": reason, "purpose": "P2"});
        let path = format!("referrals/{}", desk.post("referrals", draft).await.ok()["summary"]["id"].as_str().unwrap());
        let made = desk.post(&format!("{path}/sheets"), json!({"kind": "referral"})).await.ok();
        let sheet = made["office"]["sheets"][0]["id"].as_str().unwrap();
        desk.post(&format!("{path}/sheets/{sheet}/sending"), json!({"channel": "pec"})).await.ok();
        let sent = walk.does(centre, desk, "offer_record").await;
        stage.net.pump(&[centre, &other]).await;
        let waits = at_other.read("transfers?direction=received&state=received").await.ok();
        walk.at("transfer", &waits["items"][0]["id"]);
        walk.does(&other, &at_other, answer).await;
        stage.net.pump(&[centre, &other]).await;
        walk.at("transfer", &sent["summary"]["id"]);
    }
    let shown = desk.read(&walk.filled("/transfers/{transfer}")).await.ok();
    walk.at("letter", &shown["letters"][0]["id"]);
    walk.does(centre, desk, "note_holder_letter").await;
    let arrived = desk.post("people", json!({"label": "Mariam, stanza 5"})).await.ok();
    walk.at("person", &arrived["id"]);
    walk.does(centre, desk, "preview_import").await;
    walk.does(centre, desk, "import_file").await;
    walk.ids.insert("person", before);
}
