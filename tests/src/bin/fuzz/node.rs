//! The files of strangers that a node reads: Europass CVs.

use staffetta_fuzz::Target;
use staffetta_node::cards::europass::{Form, Syntax, Writing, read, write};
use staffetta_protocol::card::{Card, Day, read as read_card};
use uuid::Uuid;

/// Those targets.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "europass_xml",
        run: |bytes| cv(bytes, Syntax::Xml),
        seeds: || seeds(&[Form::Candidate, Form::PassportXml]),
    },
    Target { name: "europass_json", run: |bytes| cv(bytes, Syntax::Json), seeds: || seeds(&[Form::PassportJson]) },
];

fn today() -> Day {
    Day::parse("2026-11-23").expect("a day")
}

fn writing() -> Writing {
    Writing { document: Uuid::nil(), at: "2026-11-23T09:00:00Z".parse().expect("an instant"), for_herself: true }
}

/// What a CV gave is a card that may be kept; and written as a CV it can be read again.
fn cv(bytes: &[u8], syntax: Syntax) {
    let Ok(imported) = read(bytes, syntax, today()) else { return };
    let text = serde_json::to_string(&imported.card).expect("a card can be written");
    let same: Card = read_card(&text).unwrap_or_else(|errors| panic!("a card was made that is refused: {errors:?}"));
    assert!(same == imported.card, "written and read again it is another card");
    for (form, syntax) in
        [(Form::Candidate, Syntax::Xml), (Form::PassportXml, Syntax::Xml), (Form::PassportJson, Syntax::Json)]
    {
        let written = write(&imported.card, form, &writing());
        let again = read(written.as_bytes(), syntax, today()).expect("a CV of our own can be read");
        assert!(again.form == form, "a CV of our own has another form");
    }
}

/// CVs of a card with something in most of what a CV has.
fn seeds(forms: &[Form]) -> Vec<Vec<u8>> {
    let fuller = staffetta_fuzz::named("held_card").map(|target| (target.seeds)()).unwrap_or_default();
    let cards = fuller.iter().filter_map(|bytes| read_card::<Card>(std::str::from_utf8(bytes).ok()?).ok());
    let all: Vec<Card> = cards.collect();
    let written = forms.iter().flat_map(|form| all.iter().map(|card| write(card, *form, &writing()).into_bytes()));
    written.collect()
}
