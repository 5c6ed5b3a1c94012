//! Prato: an interview in French and Italian with a mediator, a card with two piles, a receipt, the card ahead, a question
//! that may not be asked and one that may, a yes; and a person who asks what is held about her, and by whom.

use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_node::keys::Kind;
use staffetta_node::store::Conn;
use staffetta_protocol::consent::ConsentReceipt;
use staffetta_protocol::jose::KeySet;
use staffetta_tests::{Desk, on_each_database};

use crate::stage::{CPI, Stage, stands};

const PILES: [(&str, &str, &str); 5] = [
    ("maçonnerie en pierre sèche, muratura a secco", "7112", "validate_by_internship"),
    ("soudure à l'arc, saldatura ad arco", "7212", "certifiable_now"),
    ("cuisine de collectivité, cucina per comunità", "5120", "validate_by_internship"),
    ("conduite de chariot élévateur, mulettista", "8344", "certifiable_now"),
    ("couture sur mesure, sartoria su misura", "7531", "validate_by_internship"),
];

/// Fills in a section as it stands, on her word in the interview: as a draft.
async fn fill(desk: &Desk, card: &str, section: &str, fields: Value) {
    let path = format!("{card}/sections/{section}");
    let held = desk.read(&path).await;
    let version = held.etag.clone();
    let mut all = held.ok()["fields"].clone();
    for (field, value) in fields.as_object().unwrap() {
        all[field] = value.clone();
    }
    let edit = json!({"fields": all, "means": "interview", "said_by": "self", "draft": true});
    desk.put(&path, version.as_deref(), edit).await.ok();
}

/// The interview: the quick card at once, the rest section by section, published as one version.
async fn interview(desk: &Desk) -> String {
    let own = format!(
        "people/{}",
        desk.post("people", json!({"label": "Mariam, stanza 4"})).await.ok()["id"].as_str().unwrap()
    );
    let card = format!("{own}/card");
    let skill = |(text, isco08, pile): &(&str, &str, &str)| json!({"skill": {"kind": "free", "text": text, "isco08": isco08}, "pile": pile, "source": "self"});
    let quick = json!({
        "interview_language": {"language": "fra"}, "interpreter": true, "province": "PO", "right_to_work": "yes",
        "italian": "a2", "target_occupations": {"kind": "any"}, "skills": PILES.iter().map(skill).collect::<Vec<_>>(),
    });
    desk.post(&card, quick).await.ok();
    fill(
        desk,
        &card,
        "identity",
        json!({
            "given_names": "Mariam", "family_names": "Diarra", "birth_date": {"value": "1996-05"}, "is_minor": "no"
        }),
    )
    .await;
    fill(
        desk,
        &card,
        "contact",
        json!({
            "residence_comune": "100005",
            "phone": [{"number": "+393330001122", "type": "mobile", "safe_to_call": "yes"}]
        }),
    )
    .await;
    fill(
        desk,
        &card,
        "status",
        json!({
            "permit_type": "richiesta_asilo", "asylum_application_date": "2026-03-02",
            "work_authorised_until": {"kind": "date", "date": "2027-03-01"}
        }),
    )
    .await;
    fill(
        desk,
        &card,
        "languages",
        json!({
            "language_skills": [
                {"language": "ita", "proficiency": {"kind": "overall", "level": "a2"}, "offered_for_work": false},
                {"language": "fra", "proficiency": {"kind": "overall", "level": "c1"}, "offered_for_work": true}
            ]
        }),
    )
    .await;
    let published = desk.post(&format!("{card}/versions"), json!({})).await.ok();
    assert_eq!(published["version"], 2, "one interview, one version");
    let names = desk.read(&format!("{card}/sections/identity")).await.ok();
    assert_eq!((&names["sources"][0]["means"], &names["sources"][0]["source"]), (&json!("interview"), &json!("self")));
    own
}

/// She agrees to the two steps, in French, with a mediator; the notice was read to her.
async fn agrees(desk: &Desk, own: &str) -> Value {
    let listed = desk.read("notices").await.ok();
    let first = listed["items"].as_array().unwrap().iter().find(|it| it["notice_id"] == "first-interview").unwrap();
    let text = first["texts"].as_array().unwrap().iter().find(|it| it["language"] == "fra").unwrap();
    let mut act = json!({
        "recipient": CPI,
        "answers": [
            {"purpose": "P1", "answer": "yes", "groups": ["g.preview"]},
            {"purpose": "P2", "answer": "yes",
             "groups": ["g.preview", "g.identity", "g.status", "g.skills_full", "g.contact"]}
        ],
        "expressed": {
            "by": "person", "indication_method": "spoken_with_second_adult", "read_aloud": true,
            "notice": {"notice_id": "first-interview", "version": first["version"], "language": "fra", "hash": text["hash"]},
        },
    });
    let alone = desk.post(&format!("{own}/consents"), act.clone()).await;
    assert_eq!(alone.refused(422), "invalid_input", "a draft in French needs a mediator");
    act["expressed"]["mediator_label"] = json!("Mediatrice di lingua francese, al telefono");
    desk.post(&format!("{own}/consents"), act).await.ok()["items"].clone()
}

#[actix_web::test]
async fn from_the_interview_to_the_list_of_who_was_told_what() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let own = interview(desk).await;
        let records = agrees(desk, &own).await;
        for record in records.as_array().unwrap() {
            let id = record["record"].as_str().unwrap();
            let receipt = desk.read(&format!("{own}/consents/{id}/receipt")).await.ok();
            let signed = receipt["receipt"].as_str().unwrap();
            let (keys, now) = (stage.centre.node.keys().clone(), stage.net.clock.now());
            let published = move |conn: &mut Conn| keys.jwks(conn, Kind::Protocol, now);
            let published = KeySet::new(&stage.centre.node.store().read(published).await.unwrap());
            let opened = ConsentReceipt::open(signed, &published, stage.centre.id(), now).expect("her node signed it");
            assert_eq!(serde_json::to_value(&opened).unwrap(), receipt["claims"], "what is shown is what was signed");
            let (mut bent, last) = (signed.to_owned(), signed.len() - 10);
            bent.replace_range(last..=last, if signed.as_bytes()[last] == b'A' { "B" } else { "A" });
            assert!(ConsentReceipt::open(&bent, &published, stage.centre.id(), now).is_err());
        }

        let draft = json!({"person": own.trim_start_matches("people/"), "recipient": stage.cpi.id(), "purpose": "P2"});
        let draft = desk.post("referrals", draft).await.ok();
        let path = format!("referrals/{}", draft["summary"]["id"].as_str().unwrap());
        desk.post(&format!("{path}/preview"), Value::Null).await.ok();
        stage.pump().await;
        let (received, ahead) = stage.received().await.expect("the card is ahead of her");
        let skills = ahead["card"]["groups"]["preview"]["skills"].as_array().unwrap().clone();
        let pile = |pile: &str| skills.iter().filter(|it| it["validation_path"]["value"] == pile).count();
        assert_eq!((pile("certifiable_now"), pile("validate_by_internship")), (2, 3), "{skills:?}");
        for hidden in ["Mariam", "Diarra", "1996", "soudure", "richiesta_asilo", "2026-03-02", "100005"] {
            assert!(!ahead.to_string().contains(hidden), "the preview tells no {hidden}");
        }
        let yes = json!({"answer": {"kind": "send_referral"}, "likely": ["internship"]});
        stage.at_cpi.post(&format!("{received}/preview-answer"), yes).await.ok();
        stage.pump().await;
        desk.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;

        let asked = json!({"fields": ["permit_type"]});
        let refused = stage.at_cpi.post(&format!("{received}/information-requests"), asked).await;
        assert_eq!(refused.refused(422), "invalid_input");
        assert!(
            refused.body.to_string().contains("work_authorised_until"),
            "what may be asked is offered: {}",
            refused.body
        );
        let asked = json!({"fields": ["work_authorised_until"]});
        stage.at_cpi.post(&format!("{received}/information-requests"), asked).await.ok();
        stage.pump().await;
        desk.post(&format!("{path}/information"), json!({"groups": ["g.status"]})).await.ok();
        stage.pump().await;
        let (_, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["status"]["work_authorised_until"]["date"], "2027-03-01");
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        let (_, shown) = stage.received().await.unwrap();
        assert!(!shown.to_string().contains("richiesta_asilo"), "the permit's type never crossed");

        // She is somebody of the job centre now too, and can ask there what it holds.
        let hers = shown["summary"]["person"].as_str().expect("a record of its own").to_owned();
        let officer = stage.cpi.desk(AccessRole::Dpo).await;
        let there = officer.read(&format!("people/{hers}/export")).await.ok();
        let text = there.to_string();
        assert!(text.contains("Mariam") && text.contains("2027-03-01") && text.contains("Centro Il Ponte"), "{text}");
        let other = stage.cpi.desk(AccessRole::Operator).await;
        assert_eq!(other.read(&format!("people/{hers}")).await.refused(403), "outside_case");

        let told = desk.read(&format!("{own}/recipients")).await.ok();
        let to = told["items"].as_array().unwrap();
        assert_eq!(to.len(), 1, "{told}");
        assert_eq!(to[0]["organisation_name"], "CPI Prato");

        let asks = json!({
            "kind": "access", "channel": "in_person", "said_by": "person",
            "details": "Vuole sapere che cosa si sa di lei, e chi lo ha."
        });
        let asked = desk.post(&format!("{own}/rights-requests"), asks).await;
        let (version, asked) = (asked.etag.clone(), asked.ok());
        // A month from 23 November is 23 December: the day before, somebody still has time.
        assert_eq!((&asked["due_at"], &asked["overdue"]), (&json!("2026-12-23T23:00:00Z"), &json!(false)));
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        let path = format!("rights-requests/{}", asked["id"].as_str().unwrap());
        let answer = json!({"outcome": "granted"});
        officer.send(Method::POST, &format!("{path}/answer"), Some(answer), version.as_deref()).await.ok();
        let all = officer.read(&format!("{own}/export")).await.ok();
        let to = all["recipients"].as_array().unwrap();
        assert_eq!(to.len(), 1, "{:?}", all["recipients"]);
        let received = to[0].to_string();
        for told in ["CPI Prato", "g.preview", "g.identity", "g.status", "g.contact"] {
            assert!(received.contains(told), "{told}: {received}");
        }
        let text = all.to_string();
        for held in ["Mariam", "richiesta_asilo", "2026-03-02", "soudure", "Mediatrice di lingua francese"] {
            assert!(text.contains(held), "she is told everything that is held, {held} too");
        }
        let (page, _) = officer.print(&format!("{own}/export/sheet")).await;
        assert!(page.contains("CPI Prato") && page.contains("Mariam") && page.contains("Garante"));
        let (letter, _) = officer.print(&format!("{path}/letter")).await;
        assert!(letter.contains("CPI Prato") || letter.contains("art. 15"), "{letter}");
    })
    .await;
}
