use chrono::DateTime;
use proptest::prelude::*;
use staffetta_protocol::digest::Digest;

use super::*;

fn opened(summary: Option<&str>) -> Assessment {
    let at = DateTime::from_timestamp(1_795_424_400, 0).unwrap();
    Assessment {
        id: AssessmentId(Uuid::from_u128(1)),
        person: PersonId(Uuid::from_u128(2)),
        subject: Subject(Uuid::from_u128(3)),
        state: State::Open,
        work: work(summary),
        phases: Vec::new(),
        signed: None,
        superseded_by: None,
        version: 1,
        created_at: at,
        created_by: None,
        updated_at: at,
    }
}

const TODAY: &str = "2026-11-23";

fn code<T: std::fmt::Debug>(refused: Result<T, Problem>) -> Code {
    refused.unwrap_err().code
}

#[test]
fn the_phases_come_in_their_order_and_on_days_that_can_be() {
    let today = day(TODAY);
    let one = opened(None);
    assert_eq!(code(one.begin(begun(Phase::Analysis, TODAY), today)), Code::IllegalTransition);
    assert_eq!(code(one.begin(begun(Phase::Welcome, "2026-11-24"), today)), Code::InvalidInput, "tomorrow");
    let one = one.begin(begun(Phase::Welcome, "2026-11-10"), today).unwrap();
    assert_eq!(code(one.begin(begun(Phase::Analysis, "2026-11-09"), today)), Code::InvalidInput, "before the welcome");
    let one = one.begin(begun(Phase::Analysis, "2026-11-10"), today).unwrap();
    let now = one.created_at;
    assert_eq!(code(one.sign(typed_pin(TODAY), now, today)), Code::IllegalTransition);
    let one = one.begin(begun(Phase::Synthesis, "2026-11-20"), today).unwrap();
    assert_eq!(one.phases.iter().map(|phase| phase.phase).collect::<Vec<_>>(), Phase::ALL);
    assert_eq!(code(one.sign(typed_pin(TODAY), now, today)), Code::InvalidInput, "there is no summary");
    let one = one.change(work(Some("Sa saldare."))).unwrap();
    for wrong in ["2026-11-19", "2026-11-24"] {
        assert_eq!(code(one.sign(typed_pin(wrong), now, today)), Code::InvalidInput, "{wrong}");
    }
    let one = one.sign(typed_pin(TODAY), now, today).unwrap();
    assert_eq!(one.signed.as_ref().unwrap().sha256, Digest::of("Sa saldare."));
    let refused = one.change(work(Some("Non sa saldare."))).unwrap_err();
    assert_eq!((refused.code, refused.allowed), (Code::IllegalTransition, vec!["supersede".to_owned()]));
}

#[test]
fn a_signature_can_be_shown() {
    for (body, missing) in [
        (json!({"method": "signature"}), Some("/document")),
        (json!({"method": "mark"}), Some("/document")),
        (json!({"method": "spoken_with_second_adult"}), Some("/second_adult")),
        (json!({"method": "signature", "document": Uuid::nil()}), None),
        (json!({"method": "spoken_with_second_adult", "second_adult": "Zuleyka"}), None),
        (json!({"method": "spoken_with_second_adult", "mediator_label": "Zuleyka"}), None),
        (json!({"method": "pin"}), None),
    ] {
        let mut whole = body.clone();
        whole.as_object_mut().unwrap().extend(json!({"by": "person", "signed_on": TODAY}).as_object().unwrap().clone());
        let refused = read::<Signature>(&whole.to_string()).err();
        assert_eq!(refused.map(|errors| errors[0].field.clone()).as_deref(), missing, "{body}");
    }
}

#[test]
fn a_skill_is_found_once_and_every_finding_has_an_id() {
    let numbered = work(None).numbered();
    let ids: std::collections::BTreeSet<_> = numbered.findings.iter().map(|finding| finding.id.unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(numbered.clone().numbered(), numbered, "and keeps it");
    let mut twice = serde_json::to_value(&numbered).unwrap();
    twice["findings"][1] = twice["findings"][0].clone();
    let refused = read::<Work>(&twice.to_string()).unwrap_err();
    let places: Vec<_> = refused.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(places, ["/findings/1/id", "/findings/1/skill"]);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin(Phase, u32),
    Change(bool),
    Sign(u32),
    Supersede,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..3, 1_u32..26).prop_map(|(phase, day)| Step::Begin(Phase::ALL[phase], day)),
        any::<bool>().prop_map(Step::Change),
        (1_u32..26).prop_map(Step::Sign),
        Just(Step::Supersede),
    ]
}

proptest! {
    #[test]
    fn whatever_is_tried_nothing_is_skipped_and_what_is_signed_stays(steps in proptest::collection::vec(step(), 0..40)) {
        let (today, at) = (day(TODAY), |n: u32| format!("2026-11-{n:02}"));
        let mut one = opened(None);
        for step in steps {
            let next = match step {
                Step::Begin(phase, n) => one.begin(begun(phase, &at(n)), today),
                Step::Change(with) => one.change(work(with.then_some("Sa saldare."))),
                Step::Sign(n) => one.sign(typed_pin(&at(n)), one.created_at, today),
                Step::Supersede => one.state.after(Event::Supersede)
                    .map(|state| Assessment { state, ..one.clone() }),
            };
            if let Some(signed) = &one.signed {
                let changed = next.as_ref().is_ok_and(|next| next.signed.as_ref() != Some(signed) || next.work != one.work);
                prop_assert!(!changed, "a signed one changed by {step:?}");
            }
            if let Err(refused) = &next {
                prop_assert!(matches!(refused.code, Code::IllegalTransition | Code::InvalidInput));
            }
            one = next.unwrap_or(one);

            let begun: Vec<Phase> = one.phases.iter().map(|phase| phase.phase).collect();
            prop_assert_eq!(&begun[..], &Phase::ALL[..begun.len()]);
            prop_assert!(one.phases.windows(2).all(|two| two[0].on <= two[1].on));
            prop_assert!(one.phases.iter().all(|phase| phase.on <= today));
            let reached = State::ALL.iter().position(|state| *state == one.state).unwrap();
            prop_assert_eq!(begun.len(), reached.min(3));
            prop_assert_eq!(one.signed.is_some(), reached >= 4);
            if let Some(signed) = &one.signed {
                let text = one.work.summary.as_ref().unwrap().as_str();
                prop_assert_eq!(signed.sha256, Digest::of(text));
                prop_assert!(signed.signature.signed_on >= one.phases[2].on && signed.signature.signed_on <= today);
            }
        }
    }
}
