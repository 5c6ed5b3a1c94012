//! The card and consents, as files and messages bring them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use staffetta_protocol::card::{self, Card, Level, Portability, QuickCard};
use staffetta_protocol::consent::record::Record;
use staffetta_protocol::consent::{ConsentReceipt, Ground, Group, KantaraReceipt};
use staffetta_protocol::jose::Typ;

use super::{again, again_strictly, closed};
use crate::cast::{Peeked, altered, cast};
use crate::corpus;

fn read<T: serde::de::DeserializeOwned + card::Check>(bytes: &[u8]) -> Option<T> {
    card::read(std::str::from_utf8(bytes).ok()?).ok()
}

/// A whole card, and what leaves of it.
pub(super) fn held_card(bytes: &[u8]) {
    if let Some(held) = read::<Card>(bytes) {
        again_strictly(&held);
        let _ = (held.missing_for_preview(), held.missing_for_referral());
        again_strictly(&held.portable());
        for group in Group::ALL.iter().copied() {
            let (one, level) = (BTreeSet::from([group]), Level::of(group));
            if let Ok(left) = held.disclose(&one, level, &|id| id) {
                again(&left);
                assert!(left.groups().is_subset(&one), "a group left that was not named");
            }
        }
    }
    let _ = read::<QuickCard>(bytes);
}

/// A record of consent inside its receipt, and a ground.
pub(super) fn consent_signed(bytes: &[u8]) {
    closed::<Record>(bytes);
    closed::<KantaraReceipt>(bytes);
    if let Some(ground) = read::<Ground>(bytes) {
        again_strictly(&ground);
    }
    let named = serde_json::from_slice::<Peeked>(bytes).unwrap_or_default();
    let party = cast().named(named.iss.as_str().unwrap_or_default());
    let jws = party.sign(Typ::ConsentReceipt, bytes);
    if let Ok(receipt) = ConsentReceipt::open(&jws, &party.keys, &party.id, named.at()) {
        again(&receipt);
        let believed = ConsentReceipt::open(&altered(&jws), &party.keys, &party.id, named.at()).is_ok();
        assert!(!believed, "a receipt was believed that was altered after it was signed");
    }
}

/// The file that somebody carries from another node.
pub(super) fn portability(bytes: &[u8]) {
    if let Some(file) = read::<Portability>(bytes) {
        again_strictly(&file);
    }
}

pub(super) mod seeds {
    use super::*;

    /// What the messages of the examples say of a card, as one would hold it.
    fn cards() -> Vec<Value> {
        let mut all = vec![serde_json::to_value(Card::default()).expect("a new card is JSON")];
        for claims in corpus::payloads("messages", ".json") {
            let Value::Object(groups) = &claims["data"]["card"] else { continue };
            let mut card = all[0].clone();
            for group in groups.values().filter_map(Value::as_object) {
                for (name, value) in group {
                    card[name] = value.clone();
                }
            }
            if let Some(fit) = fitting(card) {
                all.push(fit);
            }
        }
        all
    }

    /// Without the fields that a held card does not have.
    fn fitting(mut held: Value) -> Option<Value> {
        loop {
            let Err(errors) = card::read::<Card>(&held.to_string()) else { return Some(held) };
            let name = errors.first()?.field.trim_start_matches('/').split('/').next()?.to_owned();
            held.as_object_mut()?.remove(&name)?;
        }
    }

    pub(in crate::targets) fn held_card() -> Vec<Vec<u8>> {
        let mut all = cards();
        all.push(json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "province": "PO", "right_to_work": "yes",
            "italian": "a2", "target_occupations": {"kind": "any"}, "known_at_recipient": "no",
            "skills": [{"skill": {"kind": "free", "text": "sartoria", "isco08": "7531"}, "source": "self"}],
        }));
        corpus::bytes(all)
    }

    pub(in crate::targets) fn consent_signed() -> Vec<Vec<u8>> {
        let mut all: Vec<Value> =
            corpus::payloads("messages", ".json").into_iter().map(|mut claims| claims["ground"].take()).collect();
        all.push(json!({
            "iss": "https://nodo.ilponte.example", "iat": 1_795_424_400, "jti": "3f0c7a52-6c1e-4b8e-9a57-0d2b6f4e8c11",
            "receipt_schema_version": "https://w3id.org/dpv/schema/iso-27560#receipt-full", "record": {}
        }));
        corpus::bytes(all)
    }

    pub(in crate::targets) fn portability() -> Vec<Vec<u8>> {
        corpus::bytes(cards().into_iter().map(|card| {
            json!({
                "format": "staffetta-portability", "version": 1, "exported_at": "2026-11-23T09:00:00Z",
                "from": {"entity_id": "https://nodo.ilponte.example", "organisation_name": "Centro Il Ponte"},
                "card": card, "europass_xml": ""
            })
        }))
    }
}
