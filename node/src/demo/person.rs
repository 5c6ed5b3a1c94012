//! A person at the reception centre's desk: her card, and what she agrees to.

use serde_json::{Value, json};

use super::cast::Newcomer;
use super::desk::{Desk, text};
use crate::error::{Error, Result};

/// Somebody who was taken up.
#[derive(Debug)]
pub(super) struct Person {
    id: String,
    path: String,
}

impl Person {
    /// Her id at the centre.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// A row for her, and the quick card: what ten minutes of talking give.
    pub(super) async fn take_up(desk: &Desk, who: &Newcomer) -> Result<Self> {
        let label = format!("{} {}.", who.given, &who.family[..1]);
        let person = desk.post("/people", json!({ "label": label })).await?;
        let id = text(&person, "/id")?;
        let path = format!("/people/{id}");
        let (group, skill) = who.trade;
        let quick = json!({
            "interview_language": { "language": who.language.0 },
            "interpreter": false,
            "province": "PO",
            "right_to_work": "yes",
            "italian": "a2",
            "target_occupations": {
                "kind": "listed",
                "items": [{ "occupation": { "kind": "isco", "isco08": group }, "priority": 1 }],
            },
            "skills": [
                {
                    "skill": { "kind": "free", "text": skill, "isco08": group },
                    "pile": "validate_by_internship",
                    "source": "self",
                },
            ],
            "known_at_recipient": "no",
        });
        desk.post(&format!("{path}/card"), quick).await?;
        Ok(Self { id, path })
    }

    /// What a referral needs beyond the preview: who she is, where she lives, how to reach her.
    pub(super) async fn complete(&self, desk: &Desk, who: &Newcomer) -> Result<()> {
        let path = format!("{}/card", self.path);
        let held = desk.ask(reqwest::Method::GET, &path, None, None).await?.succeeded()?;
        let mut card = held.body["card"].clone();
        if let Some(fields) = card.as_object_mut() {
            let more = json!({
                "given_names": who.given,
                "family_names": who.family,
                "birth_date": { "value": who.born.to_string() },
                "is_minor": "no",
                "residence_comune": "100005",
                "phone": [{ "number": "+390574000000", "type": "mobile", "safe_to_call": "yes" }],
            });
            fields.extend(more.as_object().cloned().unwrap_or_default());
        }
        desk.put(&path, card, held.etag).await.map(drop)
    }

    /// Her yes, spoken with a mediator: preview and referral, to one organisation, contacts included. Answers the ids of
    /// the two records.
    pub(super) async fn agree(&self, desk: &Desk, who: &Newcomer, organisation: &str) -> Result<Vec<String>> {
        let notice = first_notice(desk, who.language.0).await?;
        let act = json!({
            "recipient": organisation,
            "answers": [
                { "purpose": "P1", "answer": "yes" },
                {
                    "purpose": "P2",
                    "answer": "yes",
                    "groups": ["g.preview", "g.identity", "g.status", "g.skills_full", "g.contact"],
                },
            ],
            "expressed": {
                "by": "person",
                "indication_method": "spoken_with_second_adult",
                "notice": notice,
                "read_aloud": true,
                "mediator_label": format!("Mediatrice di lingua ({})", who.language.1),
            },
        });
        let saved = desk.post(&format!("{}/consents", self.path), act).await?;
        let records = saved["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        records.iter().map(|record: &Value| text(record, "/record")).collect()
    }

    /// Takes one of them back.
    pub(super) async fn withdraw(&self, desk: &Desk, record: &str) -> Result<()> {
        let how = json!({ "by": "person", "channel": "in_person" });
        desk.post(&format!("{}/consents/{record}/withdrawals", self.path), how).await.map(drop)
    }
}

/// The notice of a first interview as an answer names it: in her language where there is a text, else in Italian, which
/// the mediator reads to her.
async fn first_notice(desk: &Desk, language: &str) -> Result<Value> {
    let listed = desk.get("/notices").await?;
    let all = listed["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let missing = || Error::internal("the node has no notice for a first interview");
    let notice = all.iter().find(|it| it["notice_id"] == "first-interview").ok_or_else(missing)?;
    let texts = notice["texts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let in_language = |code: &str| texts.iter().find(|text| text["language"] == code);
    let text = in_language(language).or_else(|| in_language("ita")).ok_or_else(missing)?;
    Ok(json!({
        "notice_id": notice["notice_id"],
        "version": notice["version"],
        "language": text["language"],
        "hash": text["hash"],
    }))
}
