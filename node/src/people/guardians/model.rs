//! Who answers for a minor, and until when.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::codes::Minor;
use staffetta_protocol::card::{BirthDate, Check, Day, List, Text};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::people::{Identity, Label, PersonId};

/// Years at which somebody is of age (art. 2 of the Italian civil code).
const OF_AGE: i32 = 18;
/// Years before which nobody has a card: whoever is younger does not work.
const YOUNGEST: i32 = 16;
/// How long before that there is something to prepare.
pub const TOLD_DAYS_BEFORE: u32 = 60;

/// In which capacity somebody answers for a minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardianKind {
    /// A parent who is in Italy.
    Parent,
    /// A guardian whom the court appointed.
    LegalGuardian,
    /// The volunteer guardian of an unaccompanied foreign minor (*tutore volontario*, L. 47/2017 art. 11).
    MsnaGuardian,
    /// Whoever has the minor in foster care.
    Foster,
}

impl GuardianKind {
    const ALL: [Self; 4] = [Self::Parent, Self::LegalGuardian, Self::MsnaGuardian, Self::Foster];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::LegalGuardian => "legal_guardian",
            Self::MsnaGuardian => "msna_guardian",
            Self::Foster => "foster",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Why somebody answers for a minor no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardianEnd {
    /// The minor is of age.
    CameOfAge,
    /// The court appointed somebody else.
    Replaced,
    /// The court ended it.
    Revoked,
    /// It should not have been entered.
    EnteredInError,
}

impl GuardianEnd {
    const ALL: [Self; 4] = [Self::CameOfAge, Self::Replaced, Self::Revoked, Self::EnteredInError];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CameOfAge => "came_of_age",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::EnteredInError => "entered_in_error",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == text)
    }
}

/// Who it is and how to reach them. Kept sealed with the minor's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardianDetails {
    /// How staff call them.
    pub label: Label,
    /// Telephone numbers, addresses.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Text<200>>, min_items = 0, max_items = 6)]
    pub contacts: List<Text<200>, 0, 6>,
    /// Court and number of the decree, or what else it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Text<200>>,
    /// The document among hers in which it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document: Option<Uuid>,
}

impl Check for GuardianDetails {}

/// Somebody who answers, or answered, for a minor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardian {
    /// Its id.
    pub id: Uuid,
    /// The minor.
    pub person: PersonId,
    /// In which capacity.
    pub kind: GuardianKind,
    /// Who it is.
    pub details: GuardianDetails,
    /// From which day.
    pub since: Day,
    /// Until which day, and why.
    pub ended: Option<(Day, GuardianEnd)>,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Its version; the first is 1.
    pub version: u32,
}

impl Guardian {
    /// Whether they answer for somebody of this age on this day.
    pub fn in_charge(&self, age: Age, on: NaiveDate) -> bool {
        let ended = self.ended.is_some_and(|(last, _)| last.date() <= on);
        self.since.date() <= on && !ended && age != Age::Adult
    }
}

/// What is known of somebody's majority on some day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Of age.
    Adult,
    /// A minor, or presumed to be one: while it is being established, and while the date of birth leaves it open, she
    /// is treated as one (L. 47/2017 art. 5; d.lgs. 142/2015 art. 19-bis).
    Minor,
    /// Nobody has said anything that tells.
    Unknown,
}

/// Whether somebody is of age on a day.
pub fn age(identity: &Identity, on: NaiveDate) -> Age {
    let birthdays = identity.birth_date.map(birthdays);
    let surely_adult = birthdays.is_some_and(|(_, last)| last <= on);
    let surely_minor = birthdays.is_some_and(|(first, _)| first > on);
    let estimated = identity.birth_date.is_some_and(|birth| birth.estimated);
    match identity.is_minor {
        Minor::UnderAssessment => Age::Minor,
        Minor::Yes if surely_adult && !estimated => Age::Adult,
        Minor::Yes => Age::Minor,
        Minor::No if surely_minor && !estimated => Age::Minor,
        Minor::No => Age::Adult,
        Minor::NotAsked | Minor::Unknown => match birthdays {
            None => Age::Unknown,
            Some(_) if surely_adult => Age::Adult,
            Some(_) => Age::Minor,
        },
    }
}

/// Whether somebody is surely too young for a card on a day. A date that leaves it open does not say so, and a guess
/// decides nothing.
pub fn is_too_young(birth: BirthDate, on: Day) -> bool {
    let today = on.date();
    let older = |years: i32| (today.year() - years, today.month(), today.day());
    let first = birth.value.first_day();
    !birth.estimated && (first.year(), first.month(), first.day()) > older(YOUNGEST)
}

/// The first and the last day that may be her eighteenth birthday.
fn birthdays(birth: BirthDate) -> (NaiveDate, NaiveDate) {
    (eighteen(birth.value.first_day()), eighteen(birth.value.last_day()))
}

/// Who was born on 29 February is of age on 1 March.
fn eighteen(born: NaiveDate) -> NaiveDate {
    let year = born.year() + OF_AGE;
    born.with_year(year)
        .unwrap_or_else(|| NaiveDate::from_ymd_opt(year, 3, 1).expect("every year has a first of March"))
}

/// Whether somebody for whom a guardian answers may be of age within so many days.
pub(super) fn comes_of_age(identity: &Identity, today: NaiveDate, within_days: u32) -> Option<(NaiveDate, NaiveDate)> {
    let until = today.checked_add_days(Days::new(within_days.into()))?;
    identity.birth_date.map(birthdays).filter(|(first, _)| *first <= until)
}

#[cfg(test)]
mod tests {
    use staffetta_protocol::card::PartialDate;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        Day::parse(text).unwrap().date()
    }

    fn identity(minor: Minor, birth: &str) -> Identity {
        let (birth, estimated) = birth.strip_prefix('~').map_or((birth, false), |birth| (birth, true));
        let birth_date = PartialDate::parse(birth).ok().map(|value| BirthDate { value, estimated });
        Identity { is_minor: minor, birth_date, ..Identity::default() }
    }

    #[test]
    fn doubt_is_for_the_minor() {
        let today = day("2026-11-23");
        for (minor, birth, expected) in [
            (Minor::Yes, "", Age::Minor),
            (Minor::No, "", Age::Adult),
            (Minor::NotAsked, "", Age::Unknown),
            (Minor::UnderAssessment, "1990-01-01", Age::Minor),
            (Minor::UnderAssessment, "", Age::Minor),
            (Minor::NotAsked, "2008-11-23", Age::Adult),
            (Minor::NotAsked, "2008-11-24", Age::Minor),
            (Minor::NotAsked, "2008-11", Age::Minor),
            (Minor::NotAsked, "2008", Age::Minor),
            (Minor::NotAsked, "2007", Age::Adult),
            (Minor::Yes, "2008-11-23", Age::Adult),
            (Minor::Yes, "~2008-01-01", Age::Minor),
            (Minor::No, "2009-01-01", Age::Minor),
            (Minor::No, "~2009-01-01", Age::Adult),
            (Minor::Unknown, "2008-11-22", Age::Adult),
        ] {
            assert_eq!(age(&identity(minor, birth), today), expected, "{minor:?} {birth}");
        }
    }

    #[test]
    fn who_is_surely_under_sixteen_is_too_young_and_doubt_says_nothing() {
        let today = Day::parse("2026-11-23").unwrap();
        for (birth, expected) in [
            ("2010-11-23", false),
            ("2010-11-24", true),
            ("2010-11", false),
            ("2010-12", true),
            ("2010", false),
            ("2011", true),
            ("~2015", false),
            ("1990-05", false),
        ] {
            let birth = identity(Minor::NotAsked, birth).birth_date.unwrap();
            assert_eq!(is_too_young(birth, today), expected, "{birth:?}");
        }
        let leap = identity(Minor::NotAsked, "2012-02-29").birth_date.unwrap();
        assert!(is_too_young(leap, Day::parse("2028-02-28").unwrap()));
        assert!(!is_too_young(leap, Day::parse("2028-02-29").unwrap()));
    }

    #[test]
    fn a_guardian_answers_from_a_day_until_the_birthday() {
        let guardian = Guardian {
            id: Uuid::from_u128(1),
            person: PersonId(Uuid::from_u128(2)),
            kind: GuardianKind::MsnaGuardian,
            details: GuardianDetails {
                label: Label::new("Dott.ssa T.").unwrap(),
                contacts: List::none(),
                reference: None,
                document: None,
            },
            since: Day::parse("2026-03-01").unwrap(),
            ended: None,
            entered_at: DateTime::from_timestamp(0, 0).unwrap(),
            version: 1,
        };
        let minor = identity(Minor::Yes, "2009-02-28");
        let on = |text: &str| guardian.in_charge(age(&minor, day(text)), day(text));
        assert!(!on("2026-02-28"), "not yet");
        assert!(on("2026-03-01") && on("2027-02-27"));
        assert!(!on("2027-02-28"), "of age: nobody had to end it");
        let replaced = Guardian { ended: Some((Day::parse("2026-06-01").unwrap(), GuardianEnd::Replaced)), ..guardian };
        assert!(
            replaced.in_charge(Age::Minor, day("2026-05-31")) && !replaced.in_charge(Age::Minor, day("2026-06-01"))
        );
    }

    #[test]
    fn who_comes_of_age_is_known_sixty_days_before() {
        let minor = identity(Minor::Yes, "2008-02-29");
        assert_eq!(comes_of_age(&minor, day("2025-12-30"), 60), None);
        assert_eq!(comes_of_age(&minor, day("2025-12-31"), 60), Some((day("2026-03-01"), day("2026-03-01"))));
        let year = identity(Minor::Yes, "2009");
        assert_eq!(comes_of_age(&year, day("2026-12-01"), 60), Some((day("2027-01-01"), day("2027-12-31"))));
        assert_eq!(comes_of_age(&identity(Minor::Yes, ""), day("2026-12-01"), 60), None, "nobody knows when");
    }

    #[test]
    fn codes_read_back() {
        for kind in GuardianKind::ALL {
            assert_eq!(GuardianKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for why in GuardianEnd::ALL {
            assert_eq!(GuardianEnd::parse(why.as_str()), Some(why));
            assert_eq!(serde_json::to_value(why).unwrap(), why.as_str());
        }
    }
}
