use serde_json::{Value, json};
use staffetta_protocol::card::{CardGroups, Section as CardSection};

use super::fill::fill;
use super::office::Office;
use super::policy::PolicyEvent;
use super::table::BLOCKS;
use super::view::{Filled, FilledSection};

fn filled(groups: Value, reads: impl Fn(CardSection) -> bool) -> Vec<FilledSection> {
    let groups: CardGroups = serde_json::from_value(groups).unwrap();
    fill(&groups, &Office::default(), &[], reads)
}

fn field(sections: &[FilledSection], block: &str, entry: usize, name: &str) -> Filled {
    let blocks = sections.iter().flat_map(|section| section.blocks.iter());
    let mut found = blocks.filter(|known| known.block == block).flat_map(|known| known.entries[entry].fields.iter());
    found.find(|known| known.field == name).cloned().unwrap()
}

#[test]
fn a_sheet_of_nothing_has_every_field_and_no_value() {
    let sections = filled(json!({}), |_| true);
    assert_eq!(sections.iter().map(|section| section.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let blocks: Vec<&str> = sections.iter().flat_map(|s| s.blocks.iter()).map(|block| block.block).collect();
    assert_eq!(blocks, BLOCKS.iter().map(|block| block.code).collect::<Vec<_>>(), "in the order of the list");
    let all = sections.iter().flat_map(|s| s.blocks.iter()).flat_map(|block| block.entries.iter());
    for (entry, block) in all.zip(BLOCKS) {
        assert_eq!(entry.fields.len(), block.fields.len());
        assert!(entry.fields.iter().all(|field| !field.received && field.value.is_none()), "{}", block.code);
    }
}

#[test]
fn formalities_fill_what_only_they_can_and_a_closed_section_stays_closed() {
    let groups = json!({
        "identity": {"given_names": "Awa", "birth_date": {"value": "1998", "estimated": true}, "is_minor": "no"},
        "status": {"work_authorised": "yes", "work_authorised_until": {"kind": "waiting"}},
        "formalities": {"sex_for_admin": "f", "citizenship": ["MLI"], "permit_number": "=I123",
                        "birth_place": {"kind": "abroad", "country": "MLI", "town": "Kayes"}}
    });
    let sections = filled(groups.clone(), |_| true);
    let value = |block, name| field(&sections, block, 0, name).value;
    assert_eq!(value("1.personali", "sesso").as_deref(), Some("F"));
    assert_eq!(value("1.personali", "luogo_nascita").as_deref(), Some("MLI, Kayes"));
    assert_eq!(value("1.personali", "cognome"), None, "some people have none, and nobody puts one in");
    assert_eq!(value("1.stranieri", "scadenza_titolo").as_deref(), Some("1900-01-01"));
    assert_eq!(value("1.stranieri", "motivo_titolo"), None);
    let birth = field(&sections, "1.personali", 0, "data_nascita");
    assert_eq!((birth.value.as_deref(), birth.note_it.as_deref()), (Some("1998"), Some("Data stimata.")));
    let closed = filled(groups, |section| section != CardSection::C);
    let number = field(&closed, "1.stranieri", 0, "numero_titolo");
    assert!(!number.received && number.value.is_none() && number.note_it.is_some());
    assert!(field(&closed, "1.personali", 0, "nome").received);
}

#[test]
fn a_code_of_another_list_is_told_beside_the_field_and_never_put_into_it() {
    let sections = filled(
        json!({"skills_full": {
            "work_experience": [{"occupation": {"kind": "isco", "isco08": "7212"}, "sector": "25.11",
                                 "start": "2015", "setting": "formal", "paid": "yes"}],
            "language_skills": [{"language": "ita", "proficiency": {"kind": "by_ability", "listening": "b1",
                "reading": "a2", "interaction": "b1", "production": "a2", "writing": "pre_a1"}}]
        }}),
        |_| true,
    );
    let work = |name| field(&sections, "4.esperienza", 0, name);
    assert_eq!((work("qualifica").value, work("settore").value), (None, None));
    assert!(work("qualifica").note_it.unwrap().contains("7212") && work("settore").note_it.unwrap().contains("25.11"));
    assert_eq!(work("data_inizio").value.as_deref(), Some("2015"));
    let language = |name| field(&sections, "5.lingue", 0, name);
    assert_eq!(
        (language("letto").value.as_deref(), language("scritto").value.as_deref()),
        (Some("A2"), Some("PRE-A1"))
    );
    assert_eq!(language("parlato").value, None, "one field for two abilities that differ");
}

#[test]
fn a_school_that_was_not_completed_is_no_title() {
    let school = |title: &str, completed: &str| json!({"title": title, "end": "2009", "completed": completed});
    let schools = [
        school("Liceo", "yes"),
        school("Ingegneria", "no"),
        school("Ragioneria", "unknown"),
        school("Scuola coranica", "not_asked"),
    ];
    let sections = filled(json!({"skills_full": {"education": schools}}), |_| true);
    let told = |entry| {
        let (title, year) =
            (field(&sections, "5.titolo_studio", entry, "corso"), field(&sections, "5.titolo_studio", entry, "anno"));
        (title.value, title.note_it, year.value)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(told(0), (text("Liceo"), None, text("2009")));
    assert_eq!(told(1), (None, text("Non concluso: Ingegneria, fino al 2009."), None));
    assert_eq!(told(2), (None, text("Non è noto se concluso: Ragioneria, fino al 2009."), None));
    assert_eq!(told(3), (None, text("Non è noto se concluso: Scuola coranica, fino al 2009."), None));
}

#[test]
fn what_is_told_of_the_person_stands_on_the_line_of_no_school() {
    for (recognised, value, note) in [
        ("in_progress", None, "Riconoscimento in corso."),
        ("dichiarazione_valore", None, "Esiste una dichiarazione di valore."),
        ("yes", Some("SI"), "Della persona, non di un singolo titolo."),
    ] {
        let school = json!([{"title": "Liceo", "completed": "yes"}]);
        let groups = json!({"skills_full": {"recognised_in_italy": recognised, "education": school}});
        let sections = filled(groups, |_| true);
        let title = |entry, name| field(&sections, "5.titolo_studio", entry, name);
        assert_eq!((title(0, "corso").value, title(1, "corso").value.as_deref()), (None, Some("Liceo")));
        let hers = title(0, "riconosciuto");
        assert_eq!((hers.value.as_deref(), hers.note_it.as_deref()), (value, Some(note)));
        let its = title(1, "riconosciuto");
        assert_eq!((its.value, its.note_it), (None, None), "{recognised}: nobody said of which school");
    }
}

#[test]
fn a_number_that_is_not_safe_is_told_beside_it() {
    let phone = |number: &str, kind: &str, safe: &str| json!({"number": number, "type": kind, "safe_to_call": safe});
    let groups = json!({"contact": {"phone": [
        phone("+390574123456", "landline", "no"), phone("+393331234567", "mobile", "yes"),
        phone("+393337654321", "whatsapp", "no")
    ]}});
    let sections = filled(groups, |_| true);
    let note = |name| field(&sections, "1.recapiti", 0, name).note_it.unwrap();
    assert_eq!(note("telefono"), "Non è sicuro da chiamare: +390574123456.");
    assert_eq!(note("cellulare"), "Non è sicuro da chiamare: +393337654321.");
}

#[test]
fn the_last_event_is_the_last_by_its_date() {
    let event = |policy: &str, code: &str, on: &str| -> PolicyEvent {
        serde_json::from_value(json!({"policy": policy, "event": code, "on": on})).unwrap()
    };
    let events = [event("A", "01", "2026-11-02"), event("A", "02", "2026-11-20"), event("B", "01", "2026-11-05")];
    let sections = fill(&CardGroups::default(), &Office::default(), &events, |_| true);
    let last = |name| field(&sections, "6.ultimo_evento", 0, name).value.unwrap();
    assert_eq!((last("evento").as_str(), last("data").as_str()), ("02", "2026-11-20"), "B was entered after it");
    let same = [event("A", "01", "2026-11-20"), event("A", "02", "2026-11-20")];
    let sections = fill(&CardGroups::default(), &Office::default(), &same, |_| true);
    assert_eq!(field(&sections, "6.ultimo_evento", 0, "evento").value.as_deref(), Some("02"));
}
