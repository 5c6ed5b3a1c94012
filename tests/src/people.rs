//! People of stories: invented, and with just what the relay asks.

use serde_json::{Value, json};

use crate::{Desk, Member};

/// Somebody at a reception centre.
#[derive(Debug, Clone)]
pub struct Person {
    /// Her id there.
    pub id: String,
    desk: Desk,
}

/// The answers by which she agrees to a preview and a referral, contacts included.
pub const BOTH: &[(&str, &[&str])] =
    &[("P1", &["g.preview"]), ("P2", &["g.preview", "g.identity", "g.status", "g.skills_full", "g.contact"])];

impl Person {
    /// A person with a complete card.
    pub async fn with_card(desk: &Desk, given_names: &str) -> Self {
        let person = desk.post("people", json!({ "label": given_names })).await.ok();
        let own = Self::known(desk, person["id"].as_str().expect("an id"));
        own.fills_in(given_names).await;
        own
    }

    /// She fills in a card.
    pub async fn fills_in(&self, given_names: &str) {
        let (id, desk) = (&self.id, &self.desk);
        let quick = json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "province": "PO",
            "right_to_work": "yes", "italian": "a2", "target_occupations": {"kind": "any"},
            "skills": [
                {"skill": {"kind": "free", "text": "muratura a secco", "isco08": "7112"},
                 "pile": "validate_by_internship", "source": "self"},
                {"skill": {"kind": "free", "text": "saldatura a filo", "isco08": "7212"},
                 "pile": "certifiable_now", "source": "tested"}
            ],
        });
        desk.post(&format!("people/{id}/card"), quick).await.ok();
        let held = desk.read(&format!("people/{id}/card")).await;
        let (version, mut card) = (held.etag.clone(), held.ok()["card"].clone());
        for (field, value) in [
            ("given_names", json!(given_names)),
            ("family_names", json!("Diarra")),
            ("birth_date", json!({"value": "1996"})),
            ("is_minor", json!("no")),
            ("residence_comune", json!("100005")),
            ("phone", json!([{"number": "+393330001122", "type": "mobile", "safe_to_call": "yes"}])),
        ] {
            card[field] = value;
        }
        desk.put(&format!("people/{id}/card"), version.as_deref(), card).await.ok();
    }

    /// Somebody whom a node knows already.
    pub fn known(desk: &Desk, id: &str) -> Self {
        Self { id: id.to_owned(), desk: desk.clone() }
    }

    /// She says yes, with a mediator, for one organisation. Answers the records.
    pub async fn agrees(&self, organisation: &str, answers: &[(&str, &[&str])]) -> Vec<String> {
        self.agrees_on(("first-interview", "fra"), organisation, answers).await
    }

    /// The same, after this notice was read to her in this language.
    pub async fn agrees_on(
        &self,
        notice: (&str, &str),
        organisation: &str,
        answers: &[(&str, &[&str])],
    ) -> Vec<String> {
        let answers: Vec<Value> = answers
            .iter()
            .map(|(purpose, groups)| json!({"purpose": purpose, "answer": "yes", "groups": groups}))
            .collect();
        let notice = self.notice(notice).await;
        let act = json!({
            "recipient": organisation,
            "answers": answers,
            "expressed": {
                "by": "person", "indication_method": "spoken_with_second_adult", "read_aloud": true,
                "mediator_label": "Mediatrice di lingua francese",
                "notice": notice,
            },
        });
        let saved = self.desk.post(&format!("people/{}/consents", self.id), act).await.ok();
        let items = saved["items"].as_array().expect("a list");
        items.iter().map(|item| item["record"].as_str().expect("a record").to_owned()).collect()
    }

    /// A notice in a language, as an answer names it: the mediator explains it.
    async fn notice(&self, (id, language): (&str, &str)) -> Value {
        let listed = self.desk.read("notices").await.ok();
        let all = listed["items"].as_array().expect("notices");
        let notice = all.iter().find(|it| it["notice_id"] == id).expect("such a notice");
        let texts = notice["texts"].as_array().expect("texts");
        let text = texts.iter().find(|it| it["language"] == language).expect("a text in that language");
        json!({"notice_id": id, "version": notice["version"], "language": language, "hash": text["hash"]})
    }

    /// She takes a record back.
    pub async fn withdraws(&self, record: &str) {
        let how = json!({"by": "person", "channel": "in_person"});
        self.desk.post(&format!("people/{}/consents/{record}/withdrawals", self.id), how).await.ok();
    }

    /// A referral of hers in draft: its path at this desk.
    pub async fn draft(&self, to: &Member) -> String {
        let draft = json!({"person": self.id, "recipient": to.id(), "purpose": "P2"});
        let draft = self.desk.post("referrals", draft).await.ok();
        format!("referrals/{}", draft["summary"]["id"].as_str().expect("an id"))
    }
}
