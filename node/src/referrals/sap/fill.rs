//! The sheet: every field of the SAP with what was received, and nothing in the others.

use std::collections::BTreeMap;

use staffetta_protocol::card::codes::{
    AdminSex, Cefr, DidState, DurationUnit, EducationLevel, Recognition, UntilKind, YesNo,
};
use staffetta_protocol::card::{
    BirthPlace, CardGroups, Education, Occupation, OccupationCode, PhoneKind, Proficiency, Section as CardSection,
};

use super::office::Office;
use super::policy::{self, PolicyEvent};
use super::table::{BLOCKS, Block, SECTIONS};
use super::view::{Entry, Filled, FilledBlock, FilledSection};

/// Values on their way into the sheet.
#[derive(Debug, Default)]
struct Sheet {
    cells: BTreeMap<Cell, Content>,
}

/// Block, entry and field.
type Cell = (&'static str, usize, &'static str);
/// Value and note.
type Content = (Option<String>, Option<String>);

impl Sheet {
    fn put(&mut self, block: &'static str, entry: usize, field: &'static str, value: Option<impl ToString>) {
        let known = || BLOCKS.iter().any(|b| b.code == block && b.fields.iter().any(|f| f.code == field));
        debug_assert!(known(), "the table has {block} {field}");
        if let Some(value) = value {
            self.cells.entry((block, entry, field)).or_default().0 = Some(value.to_string());
        }
    }

    fn note(&mut self, block: &'static str, entry: usize, field: &'static str, note: Option<String>) {
        if let Some(note) = note {
            self.cells.entry((block, entry, field)).or_default().1 = Some(note);
        }
    }

    fn entries(&self, block: &str) -> usize {
        let last = self.cells.keys().filter(|(known, ..)| *known == block).map(|(_, entry, _)| *entry + 1).max();
        last.unwrap_or(1)
    }
}

/// Fills the sheet in. What the caller may not read of the card stays empty and says so.
pub(super) fn fill(
    groups: &CardGroups,
    office: &Office,
    events: &[PolicyEvent],
    reads: impl Fn(CardSection) -> bool,
) -> Vec<FilledSection> {
    let mut sheet = Sheet::default();
    personal(groups, &mut sheet);
    status(groups, office, &mut sheet);
    work(groups, &mut sheet);
    study(groups, &mut sheet);
    knowledge(groups, &mut sheet);
    measures(office, events, &mut sheet);
    let filled = |block: &Block, entry: usize| {
        let fields = block.fields.iter().map(|field| {
            let (value, note) = sheet.cells.get(&(block.code, entry, field.code)).cloned().unwrap_or_default();
            let withheld = field.from.is_some_and(|section| !reads(section));
            let value = value.filter(|_| !withheld);
            let note_it = if withheld { Some("Riservato: non è visibile a chi esporta.".to_owned()) } else { note };
            let received = value.is_some();
            Filled { field: field.code, label_it: field.label_it, code_list: field.list, received, value, note_it }
        });
        Entry { fields: fields.collect() }
    };
    let block = |block: &Block| FilledBlock {
        block: block.code,
        entries: (0..sheet.entries(block.code)).map(|entry| filled(block, entry)).collect(),
    };
    let sections = SECTIONS.iter().map(|(number, title_it)| FilledSection {
        number: *number,
        title_it,
        blocks: BLOCKS.iter().filter(|known| known.section() == *number).map(block).collect(),
    });
    sections.collect()
}

fn personal(groups: &CardGroups, sheet: &mut Sheet) {
    const WHO: &str = "1.personali";
    if let Some(who) = &groups.identity {
        sheet.put(WHO, 0, "codice_fiscale", who.tax_code.as_ref().map(|code| code.as_str()));
        sheet.put(WHO, 0, "cognome", who.family_names.as_ref().map(|name| name.as_str()));
        sheet.put(WHO, 0, "nome", Some(who.given_names.as_str()));
        sheet.put(WHO, 0, "data_nascita", who.birth_date.map(|birth| birth.value));
        let estimated = who.birth_date.is_some_and(|birth| birth.estimated);
        sheet.note(WHO, 0, "data_nascita", estimated.then(|| "Data stimata.".to_owned()));
    }
    if let Some(formal) = &groups.formalities {
        let sex = formal.sex_for_admin.and_then(|sex| match sex {
            AdminSex::F => Some("F"),
            AdminSex::M => Some("M"),
            _ => None,
        });
        sheet.put(WHO, 0, "sesso", sex);
        let place = formal.birth_place.as_ref().and_then(|place| match place {
            BirthPlace::InItaly { comune } => Some(comune.as_str().to_owned()),
            BirthPlace::ByCode { code } => Some(code.as_str().to_owned()),
            BirthPlace::Abroad { country, town } => {
                let town = town.as_ref().map_or(String::new(), |town| format!(", {}", town.as_str()));
                Some(format!("{}{town}", country.as_str()))
            }
            BirthPlace::Unknown {} => None,
        });
        sheet.put(WHO, 0, "luogo_nascita", place);
        let citizen: Vec<&str> = formal.citizenship.iter().map(|code| code.as_str()).collect();
        sheet.put(WHO, 0, "cittadinanza", (!citizen.is_empty()).then(|| citizen.join(", ")));
        sheet.put("1.stranieri", 0, "numero_titolo", formal.permit_number.as_ref().map(|text| text.as_str()));
        sheet.put("1.stranieri", 0, "motivo_titolo", formal.permit_type.map(|kind| kind.code()));
        sheet.put("1.residenza", 0, "indirizzo", formal.residence_address.as_ref().map(|text| text.as_str()));
        sheet.put("1.domicilio", 0, "indirizzo", formal.domicile_address.as_ref().map(|text| text.as_str()));
    }
    if let Some(status) = &groups.status {
        // The two dates that stand for no date, as the SAP has them.
        let until = status.work_authorised_until.and_then(|until| match until.kind {
            UntilKind::Date => until.date.map(|date| date.to_string()),
            UntilKind::Waiting => Some("1900-01-01".to_owned()),
            UntilKind::Permanent => Some("2099-12-31".to_owned()),
            UntilKind::NotAsked | UntilKind::Unknown => None,
        });
        let told = until.is_some().then(|| "Fine del diritto al lavoro, come comunicata.".to_owned());
        sheet.note("1.stranieri", 0, "scadenza_titolo", told);
        sheet.put("1.stranieri", 0, "scadenza_titolo", until);
        sheet.put("1.residenza", 0, "comune", status.residence_comune.as_ref().map(|code| code.as_str()));
    }
    if let Some(contact) = &groups.contact {
        let is_mobile = |kind| matches!(kind, PhoneKind::Mobile | PhoneKind::Whatsapp | PhoneKind::Telegram);
        for (field, mobile) in [("telefono", false), ("cellulare", true)] {
            let wanted = || contact.phone.iter().filter(|phone| is_mobile(phone.kind) == mobile);
            let numbers: Vec<&str> = wanted().map(|phone| phone.number.as_str()).collect();
            let harm = wanted().filter(|phone| phone.safe_to_call == YesNo::No);
            let harm: Vec<&str> = harm.map(|phone| phone.number.as_str()).collect();
            sheet.put("1.recapiti", 0, field, (!numbers.is_empty()).then(|| numbers.join(", ")));
            let told = (!harm.is_empty()).then(|| format!("Non è sicuro da chiamare: {}.", harm.join(", ")));
            sheet.note("1.recapiti", 0, field, told);
        }
        let mails: Vec<&str> = contact.email.iter().map(|mail| mail.as_str()).collect();
        sheet.put("1.recapiti", 0, "email", (!mails.is_empty()).then(|| mails.join(", ")));
    }
}

/// What the office recorded itself comes before what was told.
fn status(groups: &CardGroups, office: &Office, sheet: &mut Sheet) {
    let told = groups.status.as_ref().and_then(|status| status.did_status);
    let told = told.filter(|did| !matches!(did.state, DidState::NotAsked | DidState::Unknown));
    let state = office.did.map(|did| did.state).or(told.map(|did| did.state));
    sheet.put("2.stato", 0, "stato_occupazionale", state.map(DidState::code));
    let date = office.did.map(|did| did.date).or(told.and_then(|did| did.date));
    sheet.put("2.stato", 0, "data_did", date);
    let from = if office.did.is_some() { "Registrata dall'ufficio." } else { "Come comunicata da chi ha inviato." };
    sheet.note("2.stato", 0, "data_did", date.map(|_| from.to_owned()));
    let months = groups.status.as_ref().and_then(|status| status.unemployment_months);
    sheet.put("2.stato", 0, "anzianita", months.map(|months| months.get()));
}

fn work(groups: &CardGroups, sheet: &mut Sheet) {
    const BLOCK: &str = "4.esperienza";
    let Some(full) = &groups.skills_full else {
        let coded = groups.preview.iter().flat_map(|preview| preview.work_experience.iter());
        for (at, work) in coded.enumerate() {
            let code = match &work.occupation {
                OccupationCode::Esco { isco08, .. } | OccupationCode::Isco { isco08 } => isco08.as_str(),
            };
            sheet.note(BLOCK, at, "qualifica", Some(format!("Ricevuta in ISCO-08: {code}.")));
        }
        return;
    };
    for (at, work) in full.work_experience.iter().enumerate() {
        let sector = work.sector.as_ref().map(|code| format!("Ricevuto in ATECO 2025: {}.", code.as_str()));
        sheet.note(BLOCK, at, "settore", sector);
        sheet.put(BLOCK, at, "data_inizio", work.start);
        sheet.put(BLOCK, at, "data_fine", work.end);
        let words = match &work.occupation {
            Occupation::Free { text } => Some(text.as_str()),
            Occupation::Esco { isco08, .. } | Occupation::Isco { isco08 } => {
                sheet.note(BLOCK, at, "qualifica", Some(format!("Ricevuta in ISCO-08: {}.", isco08.as_str())));
                None
            }
        };
        let told: Vec<&str> = words.into_iter().chain(work.description.as_ref().map(|text| text.as_str())).collect();
        sheet.put(BLOCK, at, "mansioni", (!told.is_empty()).then(|| told.join(" - ")));
        sheet.put(BLOCK, at, "sede", work.country.as_ref().map(|country| country.as_str()));
    }
}

/// A plain question, as the SAP has it.
fn yes_no(answer: YesNo) -> Option<&'static str> {
    match answer {
        YesNo::Yes => Some("SI"),
        YesNo::No => Some("NO"),
        YesNo::NotAsked | YesNo::Unknown => None,
    }
}

fn study(groups: &CardGroups, sheet: &mut Sheet) {
    const TITLE: &str = "5.titolo_studio";
    let level = groups.preview.as_ref().map(|preview| preview.education_level);
    let level = level.filter(|level| !matches!(level, EducationLevel::NotAsked | EducationLevel::Unknown));
    sheet.put(TITLE, 0, "livello", level.map(|level| level.code().trim_start_matches("isced_")));
    let whole = "Della persona, non di un singolo titolo.".to_owned();
    sheet.note(TITLE, 0, "livello", level.map(|_| whole.clone()));
    let Some(full) = &groups.skills_full else { return };
    let recognised = full.recognised_in_italy.and_then(|answer| match answer {
        Recognition::Yes => Some("SI"),
        Recognition::No => Some("NO"),
        // Under way is neither: the note says what was told.
        Recognition::InProgress | Recognition::DichiarazioneValore => None,
        Recognition::NotAsked | Recognition::Unknown => None,
    });
    sheet.put(TITLE, 0, "riconosciuto", recognised);
    sheet.note(TITLE, 0, "riconosciuto", recognised.map(|_| whole));
    let way = full.recognised_in_italy.and_then(|answer| match answer {
        Recognition::InProgress => Some("Riconoscimento in corso."),
        Recognition::DichiarazioneValore => Some("Esiste una dichiarazione di valore."),
        _ => None,
    });
    sheet.note(TITLE, 0, "riconosciuto", way.map(str::to_owned));
    // What is hers and no school's has a line of its own, where it was told.
    let first = usize::from(level.is_some() || recognised.is_some() || way.is_some());
    for (at, school) in (first..).zip(full.education.iter()) {
        if school.completed == YesNo::Yes {
            sheet.put(TITLE, at, "corso", Some(school.title.as_str()));
            sheet.put(TITLE, at, "anno", school.end.map(|end| end.year()));
        } else {
            sheet.note(TITLE, at, "corso", Some(attended(school)));
        }
    }
    for (at, course) in full.vocational_training.iter().enumerate() {
        const BLOCK: &str = "5.formazione";
        sheet.put(BLOCK, at, "titolo_corso", Some(course.title.as_str()));
        sheet.put(BLOCK, at, "ente", course.body.as_ref().map(|body| body.as_str()));
        sheet.put(BLOCK, at, "durata", course.duration.map(|length| length.amount.get()));
        let unit = course.duration.map(|length| match length.unit {
            DurationUnit::Hours => "O",
            DurationUnit::Days => "G",
            DurationUnit::Months => "M",
            DurationUnit::Years => "A",
        });
        sheet.put(BLOCK, at, "durata_unita", unit);
        sheet.put(BLOCK, at, "attestazione", course.attestation.as_ref().map(|text| text.as_str()));
        sheet.put(BLOCK, at, "stage", yes_no(course.internship));
    }
}

/// A school that is no title: whoever copies the sheet is told of it, and no field says that it was obtained.
fn attended(school: &Education) -> String {
    let known = match school.completed {
        YesNo::No => "Non concluso",
        YesNo::Yes | YesNo::NotAsked | YesNo::Unknown => "Non è noto se concluso",
    };
    let until = school.end.map_or(String::new(), |end| format!(", fino al {}", end.year()));
    format!("{known}: {}{until}.", school.title.as_str())
}

fn cefr(level: Cefr) -> Option<String> {
    (!matches!(level, Cefr::NotAsked | Cefr::Unknown)).then(|| level.code().replace('_', "-").to_ascii_uppercase())
}

fn knowledge(groups: &CardGroups, sheet: &mut Sheet) {
    let told: Vec<(&str, &Proficiency)> = match (&groups.skills_full, &groups.preview) {
        (Some(full), _) => {
            full.language_skills.iter().map(|known| (known.language.as_str(), &known.proficiency)).collect()
        }
        (None, Some(preview)) => {
            preview.language_skills.iter().map(|known| (known.language.as_str(), &known.proficiency)).collect()
        }
        (None, None) => Vec::new(),
    };
    for (at, (language, proficiency)) in told.into_iter().enumerate() {
        const BLOCK: &str = "5.lingue";
        sheet.put(BLOCK, at, "lingua", Some(language));
        let (read, written, talks, speaks) = match *proficiency {
            Proficiency::Overall { level } => (level, level, level, level),
            Proficiency::ByAbility { reading, writing, interaction, production, .. } => {
                (reading, writing, interaction, production)
            }
        };
        sheet.put(BLOCK, at, "letto", cefr(read));
        sheet.put(BLOCK, at, "scritto", cefr(written));
        // One field for two abilities: filled in where they agree.
        if talks == speaks {
            sheet.put(BLOCK, at, "parlato", cefr(talks));
        } else {
            let [talks, speaks] = [talks, speaks].map(|level| cefr(level).unwrap_or_else(|| "non noto".to_owned()));
            let both = format!("Interazione {talks}, produzione {speaks}.");
            sheet.note(BLOCK, at, "parlato", Some(both));
        }
    }
    let Some(preview) = &groups.preview else { return };
    for (at, known) in preview.digital_skills.iter().enumerate() {
        sheet.put("5.informatica", at, "tipo_conoscenza", Some(known.area.code()));
        sheet.put("5.informatica", at, "livello", Some(known.level.get()));
    }
    let licences: Vec<String> =
        preview.driving_licence.iter().map(|licence| licence.category.code().to_ascii_uppercase()).collect();
    sheet.put("5.altro", 0, "patente", (!licences.is_empty()).then(|| licences.join(", ")));
    let convert = |code: &str| code == "foreign_to_convert";
    let foreign = preview.driving_licence.iter().any(|licence| convert(licence.issued_in.code()));
    sheet.note("5.altro", 0, "patente", foreign.then(|| "Una patente estera è da convertire.".to_owned()));
    let papers: Vec<&str> = preview.patentini.iter().map(|paper| paper.code()).collect();
    sheet.put("5.altro", 0, "patentini", (!papers.is_empty()).then(|| papers.join(", ")));
}

/// Section 6 is the office's own.
fn measures(office: &Office, events: &[PolicyEvent], sheet: &mut Sheet) {
    const BLOCK: &str = "6.politica_attiva";
    for (at, policy) in policy::policies(events).into_iter().enumerate() {
        let Some(first) = policy.events.first() else { continue };
        let title = policy.events.iter().rev().find_map(|event| event.title.as_ref());
        sheet.put(BLOCK, at, "denominazione", title.map(|title| title.as_str()));
        sheet.put(BLOCK, at, "data_proposta", policy.proposed_on);
        sheet.put(BLOCK, at, "data_inizio", policy.started_on);
        sheet.put(BLOCK, at, "data_fine", policy.ended_on);
        sheet.put(BLOCK, at, "identificativo_politica", Some(first.policy.as_str()));
    }
    let number = office
        .protocol
        .as_ref()
        .map(|protocol| format!("Protocollo {} del {}.", protocol.number.as_str(), protocol.date));
    sheet.note(BLOCK, 0, "identificativo_presa_in_carico", number);
    // The last by its date, whenever it was entered; of several on a day the one that was entered last.
    if let Some(last) = events.iter().max_by_key(|event| event.on) {
        sheet.put("6.ultimo_evento", 0, "evento", Some(last.event.code()));
        sheet.put("6.ultimo_evento", 0, "data", Some(last.on));
        let words = last.description.as_ref().map_or_else(|| last.event.label_it(), |text| text.as_str());
        sheet.put("6.ultimo_evento", 0, "descrizione", Some(words));
    }
}
