//! How likely it is that two people are one, and why: a table of reasons with points, that anybody can recalculate.
//! It proposes; a person decides.

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::BirthDate;
use utoipa::ToSchema;

use super::known::{Identity, Known};
use super::names;

/// Below this nobody is proposed.
pub(super) const LEAST: i32 = 30;
/// What adds up to more counts as this.
const MOST: i32 = 100;
/// Years between two dates of birth of which one is estimated, that may still be one.
const ESTIMATED_WITHIN: i32 = 2;

/// Why two people may be one, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DuplicateReason)]
pub enum Reason {
    /// One tax code, in whatever spelling (omocodia). 100 points.
    SameTaxCode,
    /// The same names, in whatever order, and the same date of birth. 90 points.
    SameNamesAndDate,
    /// The same names and the same year of birth; no more of one of the dates is known. 75 points.
    SameNamesAndYear,
    /// Similar names and the same date of birth. 60 points.
    SimilarNamesAndDate,
    /// The same names; the date of birth of one is not known, or an estimate within two years. 40 points.
    SameNames,
    /// Similar names, at least two of them, and the same year of birth; no more of one of the dates is known. 45 points.
    SimilarNamesAndYear,
    /// Similar names, at least two of them; the date of birth of one is not known, or an estimate within two years. 30 points.
    SimilarNames,
    /// Each has a tax code of 16 characters, and they are two. Takes 40 points.
    OtherTaxCode,
}

impl Reason {
    /// What it adds.
    pub const fn points(self) -> i32 {
        match self {
            Self::SameTaxCode => 100,
            Self::SameNamesAndDate => 90,
            Self::SameNamesAndYear => 75,
            Self::SimilarNamesAndDate => 60,
            Self::SameNames => 40,
            Self::SimilarNamesAndYear => 45,
            Self::SimilarNames => 30,
            Self::OtherTaxCode => -40,
        }
    }
}

/// How alike two people are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Likeness {
    /// From 0 to 100.
    pub points: u32,
    /// What makes them up.
    pub reasons: Vec<Reason>,
}

/// Compares what two people are known by.
pub(super) fn compare(one: &Known, other: &Known) -> Likeness {
    let mut reasons = Vec::new();
    reasons.extend(by_code(&one.identity, &other.identity));
    reasons.extend(by_name(one, other));
    let sum: i32 = reasons.iter().map(|reason: &Reason| reason.points()).sum();
    Likeness { points: sum.clamp(0, MOST).unsigned_abs(), reasons }
}

fn by_code(one: &Identity, other: &Identity) -> Option<Reason> {
    let (one, other) = (one.tax_code.as_ref()?, other.tax_code.as_ref()?);
    if one.without_omocodia() == other.without_omocodia() {
        Some(Reason::SameTaxCode)
    } else {
        // A provisional code is followed by another one: that they differ says nothing.
        (!one.is_provisional() && !other.is_provisional()).then_some(Reason::OtherTaxCode)
    }
}

fn by_name(one: &Known, other: &Known) -> Option<Reason> {
    let (names, others) = (one.in_one(), other.in_one());
    if names.is_empty() || others.is_empty() {
        return None;
    }
    let birth = birth(one.identity.birth_date, other.identity.birth_date);
    if names == others {
        return match birth {
            Birth::SameDate => Some(Reason::SameNamesAndDate),
            Birth::SameYear => Some(Reason::SameNamesAndYear),
            Birth::Open => Some(Reason::SameNames),
            Birth::Other => None,
        };
    }
    let fewest = names.split(' ').count().min(others.split(' ').count());
    let reason = match birth {
        Birth::SameDate => Reason::SimilarNamesAndDate,
        // One name alone is that of many.
        Birth::SameYear if fewest > 1 => Reason::SimilarNamesAndYear,
        Birth::Open if fewest > 1 => Reason::SimilarNames,
        _ => return None,
    };
    similar(&names, &others).then_some(reason)
}

/// What two dates of birth say of each other.
#[derive(PartialEq, Eq)]
enum Birth {
    SameDate,
    SameYear,
    Open,
    Other,
}

fn birth(one: Option<BirthDate>, other: Option<BirthDate>) -> Birth {
    let (Some(one), Some(other)) = (one, other) else { return Birth::Open };
    let apart = (one.value.year() - other.value.year()).abs();
    let estimated = one.estimated || other.estimated;
    if one.value == other.value && one.value.is_whole() {
        Birth::SameDate
    } else if apart == 0 && (estimated || one.value.may_precede(other.value) && other.value.may_precede(one.value)) {
        Birth::SameYear
    } else if estimated && apart <= ESTIMATED_WITHIN {
        Birth::Open
    } else {
        Birth::Other
    }
}

/// Whether every name of the one with fewer names is like one of the other's.
fn similar(names: &str, others: &str) -> bool {
    let (names, others): (Vec<&str>, Vec<&str>) = (names.split(' ').collect(), others.split(' ').collect());
    names.len() <= others.len() && found_in(&names, &others) || others.len() <= names.len() && found_in(&others, &names)
}

fn found_in(fewer: &[&str], more: &[&str]) -> bool {
    let mut left = more.to_vec();
    fewer.iter().all(|name| match left.iter().position(|other| like(name, other)) {
        Some(at) => {
            left.swap_remove(at);
            true
        }
        None => false,
    })
}

/// One slip in a name, two in a long one, or other vowels and doubled letters.
fn like(one: &str, other: &str) -> bool {
    let allowed = match one.len().min(other.len()) {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    if strsim::osa_distance(one, other) <= allowed {
        return true;
    }
    let sounds = [one, other].map(|name| names::typed(name).pop().map(|word| word.sound).unwrap_or_default());
    sounds[0].len() >= names::SHORTEST && sounds[0] == sounds[1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use staffetta_protocol::card::{PartialDate, TaxCode, Text};

    use super::*;
    use crate::people::Label;

    fn known(given: &str, family: &str, birth: &str, code: &str) -> Known {
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(|text| Text::new(text).unwrap());
        let (birth, estimated) = birth.strip_prefix('~').map_or((birth, false), |birth| (birth, true));
        let birth_date = PartialDate::parse(birth).ok().map(|value| BirthDate { value, estimated });
        Known {
            label: Label::new("scheda").unwrap(),
            identity: Identity {
                given_names: text(given),
                family_names: text(family),
                tax_code: TaxCode::new(code).ok(),
                birth_date,
                ..Identity::default()
            },
        }
    }

    #[test]
    fn the_table_of_reasons() {
        use Reason::*;
        let (code, omocode, other) = ("RSSMRA85T10A562S", "RSSMRA85T10A56NH", "MRTMTT25D09F205Z");
        for (one, two, reasons) in [
            (("Awa", "Diop", "", code), ("Fatou", "Sarr", "1990", omocode), vec![SameTaxCode]),
            (("Awa", "Diop", "1990-05-17", ""), ("DIOP", "Awà", "1990-05-17", ""), vec![SameNamesAndDate]),
            (("Awa", "Diop", "1990-05-17", ""), ("Awa", "Diop", "1990", ""), vec![SameNamesAndYear]),
            (("Awa", "Diop", "1990-05-17", ""), ("Awa", "Diop", "~1990-01-01", ""), vec![SameNamesAndYear]),
            (("Awa", "Diop", "1990-05-17", ""), ("Awa", "Diop", "1990-05-18", ""), vec![]),
            (("Awa", "Diop", "1990-05-17", ""), ("Awa", "Diop", "~1992", ""), vec![SameNames]),
            (("Awa", "Diop", "1990-05-17", ""), ("Awa", "Diop", "~1993", ""), vec![]),
            (("Awa", "Diop", "1990-05-17", ""), ("Awa", "Diop", "", ""), vec![SameNames]),
            (("Mohamed", "Kone", "1990-05-17", ""), ("Muhammad", "Koné", "1990-05-17", ""), vec![SimilarNamesAndDate]),
            (("محمد", "Kone", "1990-05-17", ""), ("Muhammad", "Kone", "1990-05-17", ""), vec![SimilarNamesAndDate]),
            (("Maria", "Rossi", "1990-05-17", ""), ("Мария", "Rossi", "1990-05-17", ""), vec![SimilarNamesAndDate]),
            (
                ("Mohamed", "Kone", "1990-05-17", ""),
                ("Mohamed Ali", "Kone", "1990-05-17", ""),
                vec![SimilarNamesAndDate],
            ),
            (("Mohamed", "Kone", "1990", ""), ("Muhammad", "Koné", "1990", ""), vec![SimilarNamesAndYear]),
            (("Mohamed", "Kone", "1990-05-17", ""), ("Muhammad", "Koné", "1990", ""), vec![SimilarNamesAndYear]),
            (("Mohamed", "Kone", "1990-05-17", ""), ("Muhammad", "Koné", "~1992", ""), vec![SimilarNames]),
            (("Mohamed", "Kone", "1990-05-17", ""), ("Muhammad", "Koné", "", ""), vec![SimilarNames]),
            (("Mohamed", "Kone", "", ""), ("Mohamed Ali", "Kone", "", ""), vec![SimilarNames]),
            (("Mohamed", "Kone", "1990", ""), ("Muhammad", "Koné", "1991", ""), vec![]),
            (("Mohamed", "Kone", "", code), ("Muhammad", "Koné", "", other), vec![OtherTaxCode, SimilarNames]),
            (("Mohamed", "", "", ""), ("Muhammad", "", "", ""), vec![]),
            (("Mohamed", "", "1990", ""), ("Mohamed", "Kone", "1990", ""), vec![]),
            (("Awa", "", "1990-05-17", ""), ("Awa", "", "1990-05-17", ""), vec![SameNamesAndDate]),
            (("Awa", "Diop", "1990-05-17", ""), ("Ina", "Diop", "1990-05-17", ""), vec![]),
            (("Mohamed", "Kone", "1990-05-17", ""), ("Muhammad", "Kone", "1990-05-18", ""), vec![]),
            (
                ("Awa", "Diop", "1990-05-17", code),
                ("Awa", "Diop", "1990-05-17", other),
                vec![OtherTaxCode, SameNamesAndDate],
            ),
            (("Awa", "Diop", "", code), ("Awa", "Diop", "1990", "01234567897"), vec![SameNames]),
        ] {
            let make = |(given, family, birth, code): (&str, &str, &str, &str)| known(given, family, birth, code);
            let found = compare(&make(one), &make(two));
            assert_eq!(found.reasons, reasons, "{one:?} {two:?}");
            let sum: i32 = reasons.iter().map(|reason| reason.points()).sum();
            assert_eq!(i64::from(found.points), i64::from(sum.clamp(0, 100)));
        }
    }

    #[test]
    fn what_staff_call_her_is_compared_where_there_is_nothing_else() {
        let called = |label: &str| Known { label: Label::new(label).unwrap(), identity: Identity::default() };
        for (label, reasons) in [
            ("Mohamed Kone", vec![Reason::SameNames]),
            ("Sig. Muhammad Koné", vec![Reason::SimilarNames]),
            ("Mohamed", vec![]),
            ("il ragazzo del bar", vec![]),
        ] {
            let found = compare(&called(label), &known("Mohamed", "Kone", "1990-05-17", ""));
            assert_eq!(found.reasons, reasons, "{label}");
            assert_eq!(i64::from(found.points) >= i64::from(LEAST), !reasons.is_empty(), "{label}");
        }
    }

    proptest! {
        #[test]
        fn who_is_compared_with_whom_does_not_matter(
            names in proptest::array::uniform4("[a-m]{1,4}"),
            births in proptest::array::uniform2("(|1990|~1991|1990-05|1990-05-17)"),
        ) {
            let one = known(&names[0], &names[1], &births[0], "");
            let other = known(&names[2], &names[3], &births[1], "");
            let found = compare(&one, &other);
            prop_assert_eq!(compare(&other, &one).points, found.points);
            prop_assert!(compare(&one, &one).points >= 40, "everybody is like herself");
        }
    }
}
