//! *Foglio per lo sportello*: what the forms of a job centre ask, in their order, for the person to carry there herself.
//!
//! What must hold:
//! - It is given to the person and to nobody else, so it is no disclosure; that it was printed is written down.
//! - It is printed from the card as it stands. What is not known is an empty line to be filled in by hand: nothing is
//!   guessed, and nothing is derived.
//! - Who may not read a section that it shows cannot print it: an empty line must mean that nobody knows.

mod api;
mod layout;

use askama::Template;
use staffetta_protocol::card::Section;
use staffetta_protocol::problem::Code;

pub(super) use api::api;

use super::current;
use crate::access::Sight;
use crate::error::{Error, Result};
use crate::journal;
use crate::people;
use crate::rules::calendar::local_day;
use crate::store::Tx;
use crate::vault::Vault;
use crate::web::Html;

/// The sections of the card that the sheet shows.
const SHOWN: [Section; 7] = [Section::A, Section::B, Section::C, Section::D, Section::E, Section::F, Section::I];

#[derive(Template)]
#[template(path = "cards/counter_sheet.html")]
struct Page<'a> {
    organisation: &'a str,
    today: String,
    beside: Option<layout::Beside>,
    parts: Vec<layout::Part>,
}

/// The sheet, in Italian, with the headings in her language where there are texts in it.
///
/// # Errors
/// `not_found`, also for a person without a card; `function_not_entitled` for who may not read all that it shows.
pub(super) fn print(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, organisation: &str) -> Result<Html> {
    if SHOWN.iter().any(|section| !sight.reads(*section)) {
        return Err(Code::FunctionNotEntitled.into());
    }
    let person = people::get(tx.conn(), people::of(sight))?;
    let held = current(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?;
    let language = held.card.interview_languages.first().map(|known| known.language.as_str().to_owned());
    let card = serde_json::to_value(&held.card).map_err(Error::internal)?;
    let page = Html::sheet(&Page {
        organisation,
        today: local_day(tx.now()).format("%d/%m/%Y").to_string(),
        beside: language.as_deref().and_then(layout::beside),
        parts: layout::parts(&card),
    })?;
    let entry = sight.entry("card.counter-sheet-printed").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{}", held.version)))?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use staffetta_protocol::card::{Card, Day, QuickCard, QuickDefaults};
    use uuid::Uuid;

    use super::*;
    use crate::cards;
    use crate::journal::{Actor, about};
    use crate::store::scratch;
    use crate::vault::MasterKey;
    use crate::web::html::proof;

    fn card() -> Card {
        let quick: QuickCard = serde_json::from_value(json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
            "target_occupations": {"kind": "any"},
            "skills": [{"skill": {"kind": "free", "text": "Zzsaldare", "isco08": "72"}, "source": "self"}]
        }))
        .unwrap();
        let province = serde_json::from_value(json!("PO")).unwrap();
        let today = Day::parse("2026-11-23").unwrap();
        let mut card = quick.into_card(&QuickDefaults { province, today, operator: None });
        card.given_names = serde_json::from_value(json!("Zzawa")).unwrap();
        card.residence_address = serde_json::from_value(json!("via <Zzmark> 1 & 2")).unwrap();
        card
    }

    #[actix_web::test]
    async fn she_carries_it_herself_and_that_it_was_printed_is_known() {
        scratch::each(|store| async move {
            let vault = Vault::new(MasterKey::generate().unwrap());
            store
                .write(move |tx| {
                    let by = Actor::Staff(Uuid::from_u128(7));
                    let label = people::Label::new("Zzawa").unwrap();
                    let person = people::create(tx, &vault, &by, &label)?;
                    let sight = Sight::of_taking_up(by, person.id.into());
                    let none = print(tx, &vault, &sight, "Centro").unwrap_err();
                    assert_eq!(none.code(), Code::NotFound, "without a card there is nothing to print");
                    cards::put(tx, &vault, &sight, card(), 0)?;
                    let page = print(tx, &vault, &sight, "Centro <Il Ponte>")?;
                    let words = proof::words(&proof::page(page.as_str()));
                    for said in ["Zzawa", "via <Zzmark> 1 & 2", "Centro <Il Ponte>", "Feuille pour le guichet"] {
                        assert!(words.contains(said), "{said}");
                    }
                    assert!(crate::grants::disclosures_about(tx.conn(), &[person.subject])?.is_empty());
                    let acts = about(tx.conn(), person.subject, 50)?;
                    assert!(acts.iter().any(|entry| entry.act == "card.counter-sheet-printed"));
                    Ok(())
                })
                .await
                .unwrap();
        })
        .await;
    }

    proptest! {
        #[test]
        fn whatever_the_card_says_the_page_stays_a_page(said in "[!-~]{1,60}") {
            let card = json!({"given_names": said, "work_experience": [{"description": said}]});
            let page = Page {
                organisation: &said, today: String::new(), beside: layout::beside("eng"), parts: layout::parts(&card),
            };
            let page = Html::sheet(&page).unwrap();
            let words = proof::words(&proof::page(page.as_str()));
            prop_assert_eq!(words.matches(said.as_str()).count() >= 3, true);
        }
    }
}
