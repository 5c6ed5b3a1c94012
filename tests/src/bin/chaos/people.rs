//! People of the drill: invented, with a card and two yeses each.

use serde_json::{Value, json};

use crate::asking::Desk;

/// Somebody whose card may go to the job centre.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    /// The record of her yes to a preview.
    pub(crate) ahead: String,
    /// The record of her yes to a referral.
    pub(crate) record: String,
}

/// The notice that is read to everybody.
pub(crate) async fn notice(desk: &Desk) -> Value {
    let listed = desk.read("notices").await.yes();
    let all = listed["items"].as_array().expect("a list of notices");
    let first = all.iter().find(|notice| notice["notice_id"] == "first-interview").expect("the first interview's");
    let texts = first["texts"].as_array().expect("texts");
    let text = texts.iter().find(|text| text["language"] == "fra").or_else(|| texts.first()).expect("a text");
    json!({
        "notice_id": "first-interview", "version": first["version"], "language": text["language"], "hash": text["hash"]
    })
}

/// Takes somebody up, with a card and a yes to preview and referral. `None` where a crash kept an answer from being kept:
/// it was done, and the desk says so, but what it made is not told a second time.
pub(crate) async fn take_up(desk: &Desk, label: &str, notice: &Value) -> Option<Person> {
    let person = desk.act("people", json!({"label": label})).await.yes();
    let id = person["id"].as_str()?.to_owned();
    let path = format!("people/{id}");
    let quick = json!({
        "interview_language": {"language": "fra"}, "interpreter": false, "province": "PO", "right_to_work": "yes",
        "italian": "a2", "target_occupations": {"kind": "any"}, "known_at_recipient": "no",
        "skills": [{"skill": {"kind": "free", "text": "sartoria"}, "source": "self"}],
    });
    desk.act(&format!("{path}/card"), quick).await.yes();
    loop {
        let held = desk.read(&format!("{path}/card")).await;
        let etag = held.etag.clone()?;
        let mut card = held.yes()["card"].take();
        for (field, value) in [
            ("given_names", json!(label)),
            ("family_names", json!("Prova")),
            ("birth_date", json!({"value": "1990-01-01"})),
            ("is_minor", json!("no")),
            ("residence_comune", json!("100005")),
            ("phone", json!([{"number": "+390574000000", "type": "mobile", "safe_to_call": "yes"}])),
        ] {
            card[field] = value;
        }
        // Refused where an answer was lost on its way and the version is another since.
        if desk.replace(&format!("{path}/card"), &etag, card).await.is_yes() {
            break;
        }
    }
    let groups = ["g.preview", "g.identity", "g.status", "g.skills_full", "g.contact"];
    let yes = json!({
        "recipient": "ipa:cpi",
        "answers": [{"purpose": "P1", "answer": "yes"}, {"purpose": "P2", "answer": "yes", "groups": groups}],
        "expressed": {
            "by": "person", "indication_method": "spoken_with_second_adult", "notice": notice, "read_aloud": true,
            "mediator_label": "Mediatrice di lingua",
        },
    });
    let records = desk.act(&format!("{path}/consents"), yes).await.yes();
    let record = |at: usize| records["items"][at]["record"].as_str().map(str::to_owned);
    Some(Person { id, ahead: record(0)?, record: record(1)? })
}

/// A referral of hers that is being prepared. Its id at the centre; `None` as above.
pub(crate) async fn draft(desk: &Desk, person: &Person, to: &str) -> Option<String> {
    let draft = json!({"person": person.id, "recipient": to, "purpose": "P2", "confirm_duplicate": true});
    let draft = desk.act("referrals", draft).await.yes();
    Some(draft["summary"]["id"].as_str()?.to_owned())
}

/// A referral of hers that is on its way, as above.
pub(crate) async fn refer(desk: &Desk, person: &Person, to: &str) -> Option<String> {
    let id = draft(desk, person, to).await?;
    desk.act(&format!("referrals/{id}/sending"), json!({})).await.yes();
    Some(id)
}
