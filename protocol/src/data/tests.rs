//! Every type is read, written alike, closed; what it carries is known; nothing shows a value.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::samples::every;
use super::*;
use crate::card::samples::{MARK, any_json, card};
use crate::card::schema_tests::is_a_closed_schema;
use crate::card::tests::objects;
use crate::consent::{Grant, Ground, Purpose};

fn parse(type_name: &str, data: &Value) -> Result<Body, BodyError> {
    Body::parse(type_name, &RawValue::from_string(data.to_string()).unwrap())
}

fn findings(type_name: &str, data: &Value) -> Vec<String> {
    match parse(type_name, data) {
        Err(BodyError::Invalid(found)) => found.iter().map(|it| format!("{} {}", it.field, it.code)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_type_is_read_and_written_alike() {
    let mut seen = BTreeSet::new();
    for (type_name, data) in every() {
        let body = parse(type_name, &data).unwrap_or_else(|error| panic!("{type_name}: {error:?}"));
        assert_eq!(body.type_name(), type_name);
        assert_eq!(serde_json::to_value(&body).unwrap(), data, "{type_name}");
        assert!(body.is_personal());
        seen.insert(type_name);
    }
    assert_eq!(seen, Body::TYPES.iter().copied().collect());
}

#[test]
fn every_type_is_closed() {
    for (type_name, data) in every() {
        for place in objects(&data) {
            let mut altered = data.clone();
            altered.pointer_mut(&place).unwrap().as_object_mut().unwrap().insert("zz_unknown".into(), json!(MARK));
            let Err(BodyError::Invalid(found)) = parse(type_name, &altered) else {
                panic!("{type_name} open at {place}")
            };
            assert_eq!(found[0].code, "unknown_field", "{type_name} at {place}");
            let shown = format!("{found:?}");
            assert!(!shown.contains("zz_") && !shown.contains(MARK), "{shown}");
        }
    }
}

#[test]
fn an_unknown_type_or_version_is_an_error_of_its_own() {
    for unknown in ["referral.sent.v2", "referral.sent", "", "mediation.asked.v1"] {
        assert_eq!(parse(unknown, &json!({})), Err(BodyError::UnknownType));
    }
}

#[test]
fn debug_shows_no_value() {
    for (type_name, data) in every() {
        let shown = format!("{:?}", parse(type_name, &data).unwrap());
        assert!(!shown.contains(MARK) && !shown.contains("333123"), "{shown}");
    }
}

#[test]
fn the_groups_present_are_those_that_a_ground_must_cover() {
    let groups = |wanted: &str| {
        let (type_name, data) = every().into_iter().find(|(name, _)| *name == wanted).unwrap();
        parse(type_name, &data).unwrap().groups().into_iter().map(Group::code).collect::<Vec<_>>()
    };
    assert_eq!(groups("card.preview.v1"), ["g.preview"]);
    assert_eq!(groups("referral.sent.v1"), ["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs"]);
    assert_eq!(groups("referral.info-provided.v1"), ["g.status"]);
    assert_eq!(groups("card.updated.v1"), ["g.skills_full", "g.contact"]);
    assert_eq!(groups("contact.released.v1"), ["g.contact"]);
    assert_eq!(groups("referral.accepted.v1"), Vec::<&str>::new());
    let moved = ["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs", "g.contact"];
    assert_eq!(groups("card.transferred.v1"), moved);
    assert_eq!(BTreeSet::from(moved), Purpose::P12.rule().groups.iter().map(|group| group.code()).collect());
    assert_eq!(groups("referral.holder-changed.v1"), Vec::<&str>::new());
}

#[test]
fn rules_over_several_fields() {
    let needs_more = |field: &str| json!({"answer": {"kind": "needs_more", "fields": [field]}});
    assert_eq!(findings("card.preview-answered.v1", &needs_more("permit_type")), ["/answer not_askable"]);
    assert_eq!(findings("referral.info-requested.v1", &json!({"fields": ["permit_type"]})), ["/fields/0 not_askable"]);
    assert_eq!(
        findings("referral.info-requested.v1", &json!({"groups": ["g.formalities"]})),
        ["/groups/0 not_in_list"]
    );
    assert_eq!(findings("referral.info-requested.v1", &json!({})), ["/fields required"]);
    assert_eq!(findings("referral.info-provided.v1", &json!({"card_version": 1})), ["/card required"]);
    assert_eq!(
        findings("referral.info-provided.v1", &json!({"card_version": 1, "card": {"contact": {}}})),
        ["/card unknown_field"]
    );
    assert_eq!(findings("card.updated.v1", &json!({"card_version": 1, "card": {}})), ["/card required"]);
    assert_eq!(findings("card.updated.v1", &json!({"card_version": 0, "card": {}})), ["/card_version out_of_range"]);
    for empty in ["contact", "documents", "formalities"] {
        let found = findings("contact.released.v1", &json!({"card_version": 1, (empty): {}}));
        assert_eq!(found, [format!("/{empty} required")]);
    }
    assert_eq!(findings("contact.released.v1", &json!({"card_version": 1})), ["/contact required"]);
    assert_eq!(
        findings("referral.declined.v1", &json!({"reason": "no_capacity", "suggestion": {}})),
        ["/suggestion/label required"]
    );
    assert_eq!(
        findings("referral.declined.v1", &json!({"reason": "no_capacity", "text": "x".repeat(1001)})),
        ["/text too_long"]
    );
    let record = "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11";
    assert_eq!(
        findings("consent.withdrawn.v1", &json!({"record": record, "seq": 1, "recall": record})),
        ["/due required"]
    );
    assert_eq!(findings("consent.withdrawn.v1", &json!({"record": record, "seq": 0})), ["/seq out_of_range"]);
    assert_eq!(findings("consent.withdrawn.v1", &json!({"record": "Amina", "seq": 1})), ["/record wrong_shape"]);
    let kept = json!({
        "record": record, "seq": 1, "version": 1, "complete": true,
        "groups": [{"group": "g.needs", "outcome": {"kind": "retained_own_basis", "basis": "did", "until": "2028-12-31", "reason": "x"}}],
        "below": [{"role": "cpi", "status": "pending"}]
    });
    assert_eq!(
        findings("consent.withdrawal-answered.v1", &kept),
        ["/groups/0/outcome inconsistent", "/complete inconsistent"]
    );
}

/// What moves has no place for papers, adjustments or formal acts, and an answer names the body and nobody in it.
#[test]
fn a_transfer_carries_six_groups_and_its_answer_one_reason_of_the_list() {
    let (kind, whole) = every().into_iter().find(|(name, _)| *name == "card.transferred.v1").unwrap();
    for other in ["documents", "adjustments", "formalities", "counselling_notes"] {
        let mut more = whole.clone();
        more["card"][other] = json!({});
        assert_eq!(findings(kind, &more), ["/card unknown_field"], "{other}");
    }
    let mut less = whole.clone();
    less["card"].as_object_mut().unwrap().remove("identity");
    assert_eq!(findings(kind, &less), ["/card/identity required"]);
    let declined = |reason: &str| json!({"answer": {"kind": "declined", "reason": reason}});
    assert!(parse("card.transfer-answered.v1", &declined("not_arrived")).is_ok());
    assert!(!findings("card.transfer-answered.v1", &declined("duplicate")).is_empty());
    assert!(
        !findings("card.transfer-answered.v1", &json!({"answer": {"kind": "taken", "reason": "no_capacity"}}))
            .is_empty()
    );
    let nameless = json!({"holder": {"entity_id": "https://nodo.zzmark.example"}});
    assert_eq!(findings("referral.holder-changed.v1", &nameless), ["/holder/organisation_name required"]);
    let nowhere = json!({"holder": {"entity_id": "nodo", "organisation_name": "Zzmark"}});
    assert!(!findings("referral.holder-changed.v1", &nowhere).is_empty());
}

/// A field of a later level than its group is refused in what travels before acceptance.
#[test]
fn what_the_job_centre_writes_does_not_go_with_a_referral() {
    let later = json!({"work_authorised": "yes", "unemployment_months": 7});
    let provided = json!({"card_version": 3, "card": {"status": later}});
    assert_eq!(findings("referral.info-provided.v1", &provided), ["/card/status too_early"]);
    for wanted in ["referral.sent.v1", "referral.reopened.v1"] {
        let (_, mut data) = every().into_iter().find(|(name, _)| *name == wanted).unwrap();
        data["card"]["status"]["patto_servizio"] = json!({"state": "signed", "date": "2026-12-01"});
        assert_eq!(findings(wanted, &data), ["/card/status too_early"]);
    }
    assert!(parse("card.updated.v1", &json!({"card_version": 3, "card": {"status": later}})).is_ok());
}

#[test]
fn a_referral_needs_who_and_where() {
    let (_, mut data) = every().into_iter().find(|(name, _)| *name == "referral.sent.v1").unwrap();
    let Ok(Body::ReferralSent(sent)) = parse("referral.sent.v1", &data) else { panic!("a referral") };
    assert_eq!(sent.check_for(Purpose::P2), []);
    let nowhere = ReferralSent { card: ReferralCard { status: None, ..sent.card.clone() }, ..sent };
    assert_eq!(nowhere.check_for(Purpose::P2)[0].field, "/card/status/residence_comune");
    assert_eq!(nowhere.check_for(Purpose::P11), []);
    let identity = data["card"]["identity"].as_object_mut().unwrap();
    identity.remove("tax_code");
    assert!(parse("referral.sent.v1", &data).is_ok());
    data["card"]["identity"].as_object_mut().unwrap().remove("birth_date");
    assert_eq!(findings("referral.sent.v1", &data), ["/card/identity/birth_date required"]);
}

#[test]
fn schemas_are_closed() {
    fn each<T: ToSchema>() {
        is_a_closed_schema::<T>();
    }
    each::<CardPreview>();
    each::<CardPreviewAnswered>();
    each::<ReferralSent>();
    each::<ReferralInfoRequested>();
    each::<ReferralInfoProvided>();
    each::<ReferralAccepted>();
    each::<ReferralDeclined>();
    each::<ReferralProgressed>();
    each::<ReferralClosed>();
    each::<ReferralWithdrawn>();
    each::<ReferralReopened>();
    each::<CardUpdated>();
    each::<ContactReleased>();
    each::<ConsentWithdrawn>();
    each::<ConsentWithdrawalAnswered>();
    each::<CardTransferred>();
    each::<CardTransferAnswered>();
    each::<ReferralHolderChanged>();
    each::<Grant>();
    each::<Ground>();
}

proptest! {
    #[test]
    fn arbitrary_data_never_panics(at in 0_usize..Body::TYPES.len(), value in any_json()) {
        let _ = parse(Body::TYPES[at], &value);
    }

    #[test]
    fn a_member_changed_at_random_never_panics(pick in any::<proptest::sample::Index>(), at in any::<proptest::sample::Index>(), other in any_json()) {
        let all = every();
        let (type_name, data) = &all[pick.index(all.len())];
        let mut altered = data.clone();
        let places = objects(&altered);
        *altered.pointer_mut(&places[at.index(places.len())]).unwrap() = other;
        if let Err(error) = parse(type_name, &altered) {
            let shown = format!("{error:?}");
            prop_assert!(!shown.contains(MARK));
        }
    }
}

#[test]
fn the_sample_card_is_sound() {
    assert_eq!(card().missing_for_referral(), []);
}
