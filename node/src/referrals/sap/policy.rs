//! Active policies as their events tell them: the fifteen events of the SAP, what may follow what, and the three dates.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use staffetta_protocol::card::{Check, Day, Refusal, Text};
use staffetta_protocol::data::Pathway;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An event of the SAP's list: `01` to `15`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyEventCode(u8);

/// Code and Italian name, in the order of the list.
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("01", "Proposta"),
    ("02", "Iniziata"),
    ("03", "Respinta"),
    ("04", "Rifiuto"),
    ("05", "Abbandono"),
    ("06", "Annullamento (prima dell'inizio)"),
    ("07", "Annullamento (dopo l'inizio)"),
    ("08", "Cancellazione"),
    ("09", "Sospesa"),
    ("10", "Terminata"),
    ("11", "Rendicontata"),
    ("12", "Decaduta"),
    ("13", "Esonerata"),
    ("14", "Trasformata"),
    ("15", "Esclusione"),
];

impl PolicyEventCode {
    /// The event of that code.
    pub fn parse(code: &str) -> Option<Self> {
        let at = EVENTS.iter().position(|(known, _)| *known == code)?;
        u8::try_from(at + 1).ok().map(Self)
    }

    /// As it is written.
    pub fn code(self) -> &'static str {
        EVENTS[usize::from(self.0) - 1].0
    }

    /// Its Italian name.
    pub fn label_it(self) -> &'static str {
        EVENTS[usize::from(self.0) - 1].1
    }

    /// Whether it says that the policy began.
    pub const fn begins(self) -> bool {
        self.0 == 2
    }
}

impl Serialize for PolicyEventCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for PolicyEventCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| de::Error::custom(Refusal::NotInList))
    }
}

impl PartialSchema for PolicyEventCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(EVENTS.iter().map(|(code, _)| *code)))
            .description(Some("An event of an active policy, as the SAP numbers it."))
            .into()
    }
}

impl ToSchema for PolicyEventCode {}

impl Check for PolicyEventCode {}

/// An event of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyEvent {
    /// Which policy: the identifier that the office's own system gave it.
    pub policy: Text<60>,
    /// How the policy is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<Text<200>>,
    /// What happened.
    pub event: PolicyEventCode,
    /// When.
    pub on: Day,
    /// More about it. It stays here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<Text<200>>,
    /// With `02`: the pathway that began, which the sender is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pathway: Option<Pathway>,
}

impl Check for PolicyEvent {
    fn check(&self, at: &staffetta_protocol::card::At<'_>, found: &mut Vec<staffetta_protocol::problem::FieldError>) {
        if self.pathway.is_some() && !self.event.begins() {
            found.push(at.key("pathway").refuse(Refusal::Inconsistent));
        }
    }
}

/// Where a policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Proposed,
    Started,
    Suspended,
    Ended,
    Accounted,
}

/// The table: what may follow what. A suspension is followed by a new beginning, and by whatever may end.
fn step(from: Stage, event: u8) -> Option<Stage> {
    use Stage::{Accounted, Ended, New, Proposed, Started, Suspended};
    Some(match (from, event) {
        (New, 1) => Proposed,
        (New | Proposed | Suspended, 2) => Started,
        (Proposed, 3 | 4 | 6 | 12 | 13) => Ended,
        (Started | Suspended, 5 | 7 | 8 | 10 | 13 | 14 | 15) => Ended,
        (Started, 9) => Suspended,
        (Ended, 11) => Accounted,
        _ => return None,
    })
}

/// A policy as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy<'e> {
    /// Its events, in their order.
    pub(super) events: Vec<&'e PolicyEvent>,
    /// Proposed.
    pub(super) proposed_on: Option<Day>,
    /// Begun: the last time.
    pub(super) started_on: Option<Day>,
    /// Ended or suspended; nothing while it goes on.
    pub(super) ended_on: Option<Day>,
    stage: Stage,
}

impl<'e> Policy<'e> {
    const fn new() -> Self {
        Self { events: Vec::new(), proposed_on: None, started_on: None, ended_on: None, stage: Stage::New }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// `inconsistent` at `event` for one that may not follow, at `on` for one before the last.
    fn add(&mut self, event: &'e PolicyEvent) -> Result<(), (&'static str, Refusal)> {
        if self.events.last().is_some_and(|last| event.on < last.on) {
            return Err(("/on", Refusal::Inconsistent));
        }
        self.stage = step(self.stage, event.event.0).ok_or(("/event", Refusal::Inconsistent))?;
        match event.event.0 {
            1 => self.proposed_on = Some(event.on),
            2 => (self.started_on, self.ended_on) = (Some(event.on), None),
            5 | 7..=10 | 12 | 14 | 15 => self.ended_on = Some(event.on),
            _ => {}
        }
        self.events.push(event);
        Ok(())
    }
}

/// The policies that these events tell of, in the order of their first events. Events that were taken once are legal.
pub(super) fn policies(events: &[PolicyEvent]) -> Vec<Policy<'_>> {
    let mut found: Vec<Policy<'_>> = Vec::new();
    for event in events {
        let known = found.iter_mut().find(|policy| policy.events.first().is_some_and(|e| e.policy == event.policy));
        let taken = match known {
            Some(policy) => policy.add(event),
            None => {
                let mut policy = Policy::new();
                let taken = policy.add(event);
                found.push(policy);
                taken
            }
        };
        debug_assert!(taken.is_ok(), "what was taken is legal");
    }
    found
}

/// Whether `event` may be added to those.
///
/// # Errors
/// The place of what is wrong, and why: it may not follow, it lies before the last one, or in the future.
pub(super) fn may_follow(
    events: &[PolicyEvent],
    event: &PolicyEvent,
    today: Day,
) -> Result<(), (&'static str, Refusal)> {
    if event.on > today {
        return Err(("/on", Refusal::OutOfRange));
    }
    let mut policy = Policy::new();
    for earlier in events.iter().filter(|earlier| earlier.policy == event.policy) {
        policy.add(earlier)?;
    }
    policy.add(event)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(code: &str, on: &str) -> PolicyEvent {
        PolicyEvent {
            policy: Text::new("P1").unwrap(),
            title: None,
            event: PolicyEventCode::parse(code).unwrap(),
            on: Day::parse(on).unwrap(),
            description: None,
            pathway: None,
        }
    }

    fn told(events: &[(&str, &str)]) -> Result<Vec<Option<String>>, (&'static str, Refusal)> {
        let today = Day::parse("2026-12-31").unwrap();
        let mut taken: Vec<PolicyEvent> = Vec::new();
        for (code, on) in events {
            let next = event(code, on);
            may_follow(&taken, &next, today)?;
            taken.push(next);
        }
        let policy = policies(&taken).pop().unwrap();
        let dates = [policy.proposed_on, policy.started_on, policy.ended_on];
        Ok(dates.map(|date| date.map(|date| date.to_string())).to_vec())
    }

    #[test]
    fn the_three_dates_are_those_of_the_last_event() {
        let (a, b, c, d) = ("2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01");
        let date = |text: &str| Some(text.to_owned());
        assert_eq!(told(&[("01", a)]).unwrap(), [date(a), None, None]);
        assert_eq!(told(&[("01", a), ("02", b)]).unwrap(), [date(a), date(b), None]);
        assert_eq!(told(&[("01", a), ("02", b), ("09", c)]).unwrap(), [date(a), date(b), date(c)]);
        assert_eq!(
            told(&[("01", a), ("02", b), ("09", c), ("02", d)]).unwrap(),
            [date(a), date(d), None],
            "it goes on"
        );
        assert_eq!(told(&[("01", a), ("02", b), ("10", c), ("11", d)]).unwrap(), [date(a), date(b), date(c)]);
        assert_eq!(told(&[("01", a), ("12", b)]).unwrap(), [date(a), None, date(b)]);
        assert_eq!(told(&[("01", a), ("03", b)]).unwrap(), [date(a), None, None]);
    }

    #[test]
    fn what_may_not_follow_is_refused_by_place() {
        let day = "2026-01-01";
        for wrong in [
            &["09"][..],
            &["11"],
            &["01", "01"],
            &["01", "05"],
            &["01", "08"],
            &["01", "02", "02"],
            &["01", "02", "03"],
            &["01", "02", "06"],
            &["01", "02", "12"],
            &["01", "03", "02"],
            &["01", "02", "10", "09"],
            &["01", "02", "09", "09"],
            &["01", "02", "10", "11", "11"],
        ] {
            let events: Vec<_> = wrong.iter().map(|code| (*code, day)).collect();
            assert_eq!(told(&events), Err(("/event", Refusal::Inconsistent)), "{wrong:?}");
        }
        assert_eq!(told(&[("01", "2026-02-01"), ("02", "2026-01-31")]), Err(("/on", Refusal::Inconsistent)));
        assert_eq!(told(&[("01", "2027-01-01")]), Err(("/on", Refusal::OutOfRange)));
    }

    proptest! {
        #[test]
        fn an_end_never_lies_before_its_beginning(codes in proptest::collection::vec(1_usize..=15, 0..12), days in proptest::collection::vec(1_u32..=28, 12)) {
            let mut taken: Vec<PolicyEvent> = Vec::new();
            for (code, day) in codes.into_iter().zip(days) {
                let next = event(EVENTS[code - 1].0, &format!("2026-01-{day:02}"));
                if may_follow(&taken, &next, Day::parse("2026-12-31").unwrap()).is_ok() {
                    taken.push(next);
                }
            }
            for policy in policies(&taken) {
                prop_assert!(policy.started_on.is_none_or(|start| policy.proposed_on.is_none_or(|proposed| proposed <= start)));
                prop_assert!(policy.ended_on.is_none_or(|end| policy.started_on.is_none_or(|start| start <= end)));
            }
        }
    }
}
