//! `CandidatePerson`: who the person is and how she is reached.

use staffetta_protocol::card::codes::YesNo;
use staffetta_protocol::card::{BirthDate, Email, Phone, PhoneKind, PhoneNumber};

use crate::cards::europass::reading::{Reading, date, telephone, text, why};
use crate::cards::europass::report::Reason;
use crate::cards::europass::tree::Tree;
use crate::cards::europass::{countries, lists};

pub(super) fn read(person: &Tree, r: &mut Reading) {
    let mut names = person.all("PersonName");
    if let Some(name) = names.next() {
        r.card.given_names = r.one(name.child("GivenName"), "given_names", text);
        r.card.family_names = r.one(name.child("FamilyName"), "family_names", text);
    }
    names.for_each(|other| r.left(other, Reason::Repeated));
    let birth = r.one(person.child("BirthDate"), "birth_date", date);
    r.card.birth_date = birth.map(|value| BirthDate { value, estimated: false });
    person.all("Communication").for_each(|way| communication(way, r));
    let sex = r.one(person.child("GenderCode"), "sex_for_admin", |code| lists::sex(code).ok_or(Reason::NotInList));
    r.card.sex_for_admin = sex;
    for nationality in person.all("NationalityCode") {
        match nationality.value().and_then(|code| countries::citizenship(&code)) {
            Some(citizen) => r.add(|card| &mut card.citizenship, citizen, nationality, "citizenship", PartialEq::eq),
            None => r.left(nationality, Reason::NotInList),
        }
    }
    for tongue in person.all("PrimaryLanguageCode") {
        match tongue.value().and_then(|code| lists::language(&code)) {
            Some(code) => r.add(|card| &mut card.mother_tongues, code, tongue, "mother_tongues", PartialEq::eq),
            None => r.left(tongue, Reason::NotInList),
        }
    }
    r.left_all(person, &["Disability"], Reason::NotCollected);
}

fn communication(way: &Tree, r: &mut Reading) {
    let channel = way.child("ChannelCode").and_then(Tree::value).unwrap_or_default();
    match channel.as_str() {
        "Email" => {
            let address = way.child("URI").and_then(Tree::value).map(|uri| Email::new(&uri));
            match address {
                Some(Ok(email)) => r.add(|card| &mut card.email, email, way, "email", PartialEq::eq),
                Some(Err(refusal)) => r.left(way, why(refusal)),
                None => r.left(way, Reason::Incomplete),
            }
        }
        "Telephone" | "MobileTelephone" => match number(way) {
            Ok(number) => {
                let mobile = channel == "MobileTelephone"
                    || way.child("UseCode").and_then(Tree::value).is_some_and(|code| code == "mobile");
                if let (Some(other), false) = (way.child("UseCode"), mobile) {
                    r.left(other, Reason::NotOnCard);
                }
                let kind = if mobile { PhoneKind::Mobile } else { PhoneKind::NotAsked };
                let phone = Phone { number, kind, safe_to_call: YesNo::NotAsked };
                r.add(|card| &mut card.phone, phone, way, "phone", |a, b| a.number == b.number);
            }
            Err(reason) => r.left(way, reason),
        },
        _ => r.left(way, Reason::NotOnCard),
    }
}

/// The number with its country code: of one that lacks it nobody knows the country.
fn number(way: &Tree) -> Result<PhoneNumber, Reason> {
    let part = |name| way.child(name).and_then(Tree::value).unwrap_or_default();
    let dialled = format!("{}{}", part("AreaDialing"), part("DialNumber"));
    if dialled.is_empty() {
        return Err(Reason::Incomplete);
    }
    let country = part("CountryDialing");
    let whole = match (country.is_empty(), dialled.starts_with('+')) {
        (_, true) => dialled,
        (false, false) => format!("+{}{dialled}", country.trim_start_matches('+')),
        (true, false) => return Err(Reason::Ambiguous),
    };
    telephone(&whole)
}
