//! A person at the reception centre's desk: her card, and what she agrees to.

use serde_json::{Value, json};
use staffetta_protocol::digest::Digest;

use super::cast::Newcomer;
use super::desk::{Desk, text};
use crate::error::Result;

/// The notice that is read to her; its digest stands in her consent.
const NOTICE: &str = "Informativa di prova: chi riceve i tuoi dati, per che cosa, per quanto tempo, e come dire di no.";

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
                "notice": {
                    "notice_id": "informativa-invio",
                    "version": "1",
                    "language": who.language.0,
                    "hash": Digest::of(NOTICE),
                },
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
