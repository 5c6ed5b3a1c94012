//! The lines of the sheet, in the order of sections 1 to 6 of the *Scheda anagrafico-professionale*, and where in the
//! card each comes from.

use serde_json::Value;

use crate::cards::words;

/// A section of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its number in the form.
    pub(super) number: usize,
    /// Its heading.
    pub(super) heading: &'static str,
    /// Its lines.
    pub(super) rows: Vec<Row>,
    /// Its tables: what may be there several times.
    pub(super) tables: Vec<Table>,
}

/// A line: a label, and what is known. Nothing known is an empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) lines: Vec<String>,
}

/// A table with a line for each entry, and always an empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) caption: &'static str,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A line of the form, and the fields of the card that it shows.
type Line = (&'static str, &'static [&'static str]);
/// A table of the form, the field of the card that it shows, and for each column the property of an entry.
type Grid = (&'static str, &'static str, &'static [Line]);

const FORM: &[(usize, &str, &[Line], &[Grid])] = &[
    (
        1,
        "Dati personali",
        &[
            ("Codice fiscale", &["tax_code"]),
            ("Cognome", &["family_names"]),
            ("Nome", &["given_names"]),
            ("Sesso", &["sex_for_admin"]),
            ("Data di nascita", &["birth_date"]),
            ("Comune o Stato estero di nascita", &["birth_place"]),
            ("Cittadinanza", &["citizenship"]),
            ("Titolo di soggiorno", &["permit_type"]),
            ("Numero del titolo di soggiorno", &["permit_number"]),
            ("Questura", &["questura"]),
            ("Motivo del titolo di soggiorno", &[]),
            // The card knows until when she may work, which is not the same.
            ("Scadenza del titolo di soggiorno", &[]),
            ("Titolo in rinnovo", &["permit_renewal_pending"]),
            ("Può lavorare fino al", &["work_authorised_until"]),
            ("Residenza: comune (codice ISTAT)", &["residence_comune"]),
            ("Residenza: indirizzo, CAP, località", &["residence_address"]),
            ("Domicilio, se diverso: comune, indirizzo, CAP, località", &["domicile_address"]),
            ("Telefono", &["phone"]),
            ("E-mail", &["email"]),
        ],
        &[],
    ),
    (
        2,
        "Dati amministrativi",
        &[
            ("Stato occupazionale", &[]),
            ("Condizione", &[]),
            ("Categoria d.lgs. 297", &[]),
            ("Anzianità di disoccupazione, in mesi", &["unemployment_months"]),
            ("Indice di profilazione", &[]),
            ("Dichiarazione di immediata disponibilità, data", &["did_status"]),
            ("Patto di servizio", &["patto_servizio"]),
            ("Data e tipo di ingresso nella disoccupazione", &[]),
            ("Liste: lista, date, provincia", &[]),
            ("Categorie protette, ISEE", &[]),
        ],
        &[],
    ),
    (
        4,
        "Esperienze di lavoro",
        &[],
        &[(
            "Esperienze",
            "work_experience",
            &[
                ("Datore di lavoro", &[]),
                ("Settore (ATECO)", &["sector"]),
                ("Dal", &["start"]),
                ("Al", &["end"]),
                ("Qualifica", &["occupation"]),
                ("Mansioni", &["description"]),
                ("Contratto, inquadramento, sede", &[]),
            ],
        )],
    ),
    (
        5,
        "Istruzione, formazione, lingue e abilitazioni",
        &[
            ("Livello di istruzione", &["education_level"]),
            ("Titolo riconosciuto in Italia", &["recognised_in_italy"]),
            ("Conoscenze informatiche", &["digital_skills"]),
            ("Albi", &[]),
            ("Patente", &["driving_licence"]),
            ("Patentini", &["patentini"]),
        ],
        &[
            (
                "Titoli di studio",
                "education",
                &[
                    ("Titolo", &["title"]),
                    ("Dal", &["start"]),
                    ("Al", &["end"]),
                    ("Concluso", &["completed"]),
                    ("Comune, votazione", &[]),
                ],
            ),
            (
                "Formazione",
                "vocational_training",
                &[
                    ("Corso", &["title"]),
                    ("Ente", &["body"]),
                    ("Durata", &["duration"]),
                    ("Attestazione", &["attestation"]),
                    ("Stage", &["internship"]),
                    ("Sede, azienda dello stage", &[]),
                ],
            ),
            ("Lingue", "language_skills", &[("Lingua", &["language"]), ("Livello", &["proficiency"])]),
        ],
    ),
    (
        6,
        "Politiche attive",
        &[
            ("Attività, denominazione, date, durata", &[]),
            ("Ente promotore, identificativo", &[]),
            ("Ultimo evento: codice, data, descrizione", &[]),
        ],
        &[],
    ),
];

fn known(of: &Value, names: &[&str]) -> Vec<String> {
    let none = ["non chiesto", "non noto"];
    let said = names.iter().flat_map(|name| words::lines(name, of.get(name).unwrap_or(&Value::Null)));
    said.filter(|line| !none.contains(&line.as_str())).collect()
}

/// The form with what the card knows.
pub(super) fn parts(card: &Value) -> Vec<Part> {
    let part = |(number, heading, lines, grids): &(usize, &'static str, &[Line], &[Grid])| Part {
        number: *number,
        heading,
        rows: lines.iter().map(|(label, names)| row(card, label, names)).collect(),
        tables: grids.iter().map(|grid| table(card, grid)).collect(),
    };
    FORM.iter().map(part).collect()
}

fn row(card: &Value, label: &'static str, names: &[&str]) -> Row {
    Row { label, lines: known(card, names) }
}

fn table(card: &Value, (caption, field, columns): &Grid) -> Table {
    let entries = card.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let line = |entry: &Value| columns.iter().map(|(_, names)| known(entry, names).join("; ")).collect();
    let mut rows: Vec<Vec<String>> = entries.iter().map(line).collect();
    rows.push(columns.iter().map(|_| String::new()).collect());
    Table { caption, columns: columns.iter().map(|(label, _)| *label).collect(), rows }
}

/// What stands beside the Italian, in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beside {
    /// The language, for those who read aloud (BCP 47).
    pub(super) lang: &'static str,
    title: &'static str,
    what: &'static str,
    headings: [&'static str; 7],
}

impl Beside {
    pub(super) fn title(&self) -> &'static str {
        self.title
    }

    pub(super) fn what(&self) -> &'static str {
        self.what
    }

    pub(super) fn heading(&self, number: &usize) -> &'static str {
        self.headings.get(*number).copied().unwrap_or_default()
    }
}

/// The texts in a language (ISO 639-3), if there are any.
pub(super) fn beside(language: &str) -> Option<Beside> {
    match language {
        "fra" => Some(Beside {
            lang: "fr",
            title: "Feuille pour le guichet",
            what: "Cette feuille est à vous. Vous décidez si vous la montrez. Ce qui est vide n'est pas connu.",
            headings: [
                "",
                "Données personnelles",
                "Données administratives",
                "",
                "Expériences de travail",
                "Études, formation, langues et permis",
                "Politiques actives",
            ],
        }),
        "eng" => Some(Beside {
            lang: "en",
            title: "Sheet for the counter",
            what: "This sheet is yours. You decide whether to show it. What is empty is not known.",
            headings: [
                "",
                "Personal data",
                "Administrative data",
                "",
                "Work experience",
                "Education, training, languages and licences",
                "Active policies",
            ],
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row_of<'a>(parts: &'a [Part], label: &str) -> &'a [String] {
        &parts.iter().flat_map(|part| &part.rows).find(|row| row.label == label).unwrap().lines
    }

    #[test]
    fn the_order_is_that_of_the_form_and_every_line_is_there() {
        let parts = parts(&json!({}));
        assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 4, 5, 6]);
        assert!(parts.iter().flat_map(|part| &part.rows).all(|row| row.lines.is_empty()), "nothing is guessed");
        assert!(parts.iter().flat_map(|part| &part.tables).all(|table| table.rows.len() == 1));
    }

    #[test]
    fn what_is_known_is_on_its_line() {
        let parts = parts(&json!({
            "tax_code": "RSSMRA85T10A562S", "sex_for_admin": "f", "citizenship": ["SEN", "XXA"],
            "birth_date": {"value": "1998", "estimated": false}, "permit_type": "richiesta_asilo",
            "education_level": "not_asked", "did_status": {"state": "active", "date": "2026-11-02"},
            "work_experience": [{"occupation": {"kind": "free", "text": "sarta"}, "start": "2019", "setting": "formal"}]
        }));
        assert_eq!(row_of(&parts, "Codice fiscale"), ["RSSMRA85T10A562S"]);
        assert_eq!(row_of(&parts, "Cittadinanza"), ["SEN", "XXA"]);
        assert_eq!(row_of(&parts, "Titolo di soggiorno"), ["richiesta asilo"]);
        assert!(row_of(&parts, "Livello di istruzione").is_empty(), "not asked is not known");
        assert!(row_of(&parts, "Scadenza del titolo di soggiorno").is_empty());
        assert_eq!(
            row_of(&parts, "Dichiarazione di immediata disponibilità, data"),
            ["Data: 02/11/2026; Stato: attiva"]
        );
        assert_eq!(parts[2].tables[0].rows[0], ["", "", "2019", "", "sarta", "", ""]);
        assert_eq!(parts[2].tables[0].rows.len(), 2);
    }

    #[test]
    fn every_field_that_the_form_shows_is_one_of_the_card() {
        use staffetta_protocol::card::FIELDS;
        let fields = FORM.iter().flat_map(|(_, _, lines, grids)| {
            let single = lines.iter().flat_map(|(_, names)| names.iter().copied());
            single.chain(grids.iter().map(|(_, field, _)| *field))
        });
        for field in fields {
            assert!(FIELDS.iter().any(|row| row.name == field), "{field}");
        }
    }
}
