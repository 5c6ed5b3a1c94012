//! The register of processing (GDPR 30): made from what the program itself works by.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use staffetta_protocol::card::{FIELDS, Section};
use staffetta_protocol::consent::{Group, Lasts, LegalBasis, Purpose};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::message::rules::RULES;
use staffetta_protocol::trust::{Role, Roles, may_send};
use utoipa::ToSchema;

use super::retention::{self, CountsFrom, Fate, Length};
use crate::config::{NodeConfig, RetentionConfig};
use crate::error::Result;
use crate::grants::{self, Activity, ActsAs};
use crate::offices::{self, PartnerOffice};
use crate::store::Conn;

/// Offices of the address book that the register names.
const OFFICES: u32 = 500;

/// Whom data are about: the categories of art. 30(1)(c).
const PERSONS: &[(&str, &str)] = &[
    ("Rifugiati, richiedenti asilo e migranti che l'ente accompagna o riceve", "Refugees, asylum seekers and migrants"),
    ("Chi parla per un minore: tutori ed esercenti la responsabilità", "Guardians of minors"),
    ("Personale dell'ente, come utenti di questo nodo", "Staff, as users of this node"),
];

/// How data are kept safe: art. 30(1)(g), each a property that tests of this program hold.
const MEASURES: &[(&str, &str)] = &[
    (
        "Una chiave per persona: distrutta la chiave, i dati non si leggono più",
        "One key per person; erasing destroys it",
    ),
    ("Testi e file cifrati a riposo (AES-256-GCM), legati al loro posto", "Text and files sealed at rest, AES-256-GCM"),
    ("Messaggi firmati e ricevute verificabili tra i nodi", "Signed messages and verifiable receipts between nodes"),
    ("Nulla esce senza consenso vivo, risposta dovuta od obbligo di legge", "Nothing leaves without its ground"),
    ("Accesso per équipe e funzione, non per ruolo soltanto", "Access by case team and function"),
    ("Password con argon2id e secondo fattore; sessioni che finiscono", "argon2id, a second factor, sessions that end"),
    ("Ogni lettura e scrittura lascia una riga nel registro", "Every read and write leaves a journal row"),
];

/// Whom to ask about data: the data protection officer, as far as the settings name one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterContact)]
pub struct Contact {
    /// The officer, or the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<String>,
    /// E-mail or PEC.
    pub email: String,
}

/// On whose decision something is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterStanding)]
pub struct Standing {
    /// `controller` or `processor`.
    pub acts_as: &'static str,
    /// The controller, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub controller_label: Option<String>,
    /// The agreement or appointment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub act: Option<String>,
}

/// A purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterPurpose)]
pub struct PurposeRow {
    /// `P1` to `P12`.
    pub code: &'static str,
    /// What it is for, in Italian.
    pub title_it: &'static str,
    /// The same in English.
    pub title_en: &'static str,
    /// The legal bases that it may rest on.
    pub legal_bases: Vec<&'static str>,
    /// Where the regulation has them.
    pub articles: Vec<&'static str>,
    /// On whose decision; more than one where activities differ, none where this node has no instruction for it.
    pub standings: Vec<Standing>,
    /// Groups of fields that may leave for it.
    pub groups: BTreeSet<Group>,
    /// Groups that may leave once the recipient has accepted.
    pub groups_after_acceptance: BTreeSet<Group>,
    /// How long a consent for it lasts: `P60D`, `P24M`, or `P13M` from the end of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub consent_lasts: Option<String>,
    /// It counts from the end of the path.
    pub from_end_of_path: bool,
}

/// A flow: a message from some roles to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterFlow)]
pub struct Flow {
    /// Type and version.
    pub message_type: &'static str,
    /// Who may send it.
    pub from_roles: BTreeSet<Role>,
    /// Who may receive it.
    pub to_roles: BTreeSet<Role>,
    /// Kinds of ground that may carry it.
    pub grounds: Vec<&'static str>,
    /// With a consent: its purposes.
    pub purposes: Vec<&'static str>,
}

/// A category of data: a section of the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterDataCategory)]
pub struct DataCategory {
    /// Its letter.
    pub section: &'static str,
    /// What it is called.
    pub label_it: &'static str,
    /// The same in English.
    pub label_en: &'static str,
    /// Classes of data in it; `spc` are special categories, or tell of them.
    pub classes: BTreeSet<&'static str>,
    /// Its fields, each with the step at which it may leave; `never` for what stays here.
    pub fields: Vec<RegisterField>,
}

/// A field of the card.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct RegisterField {
    /// What it is called.
    pub field: &'static str,
    /// The last step at which it may leave.
    pub level: &'static str,
}

/// A rule of retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterRetention)]
pub struct RetentionRow {
    /// Stable name.
    pub code: &'static str,
    /// What it is about.
    pub what_it: &'static str,
    /// The same in English.
    pub what_en: &'static str,
    /// How long.
    pub length: Length,
    /// From when.
    pub counts_from: CountsFrom,
    /// What then.
    pub then: Fate,
    /// All of it in one sentence, in Italian.
    pub in_italian: String,
}

/// A sentence in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisterSentence)]
pub struct Sentence {
    /// Italian.
    pub it: &'static str,
    /// English.
    pub en: &'static str,
}

fn sentences(of: &[(&'static str, &'static str)]) -> Vec<Sentence> {
    of.iter().map(|(it, en)| Sentence { it, en }).collect()
}

/// The register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProcessingRegister)]
pub struct Register {
    /// The node.
    pub entity_id: EntityId,
    /// The organisation that runs it.
    pub organisation_name: String,
    /// Whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub data_protection_officer: Option<Contact>,
    /// Whom data are about.
    pub data_subjects: Vec<Sentence>,
    /// What data are used for.
    pub purposes: Vec<PurposeRow>,
    /// What goes between which roles.
    pub flows: Vec<Flow>,
    /// What is collected.
    pub data_categories: Vec<DataCategory>,
    /// Organisations that received something from here.
    pub recipients: BTreeSet<String>,
    /// Organisations of the address book, which may receive something on paper.
    pub address_book: BTreeSet<String>,
    /// For how long what is kept.
    pub retention: Vec<RetentionRow>,
    /// How data are kept safe.
    pub measures: Vec<Sentence>,
}

/// Whom to ask about data, if the settings say so.
pub fn officer(node: &NodeConfig) -> Option<Contact> {
    let email = node.dpo_email.clone()?;
    Some(Contact { label: node.dpo_label.clone(), email })
}

/// The register as it stands now.
///
/// # Errors
/// What the database refuses.
pub fn register(conn: &mut Conn, node: &NodeConfig, set: &RetentionConfig) -> Result<Register> {
    let activities = grants::activities(conn)?;
    let book = offices::list::<PartnerOffice>(conn, None, OFFICES)?;
    Ok(Register {
        entity_id: node.entity_id.clone(),
        organisation_name: node.organisation_name.clone(),
        data_protection_officer: officer(node),
        data_subjects: sentences(PERSONS),
        purposes: purposes(&activities),
        flows: flows(),
        data_categories: data_categories(),
        recipients: grants::organisations_told(conn)?,
        address_book: book.items.into_iter().map(|held| held.entry.organisation_name.as_str().to_owned()).collect(),
        retention: retention_rows(set),
        measures: sentences(MEASURES),
    })
}

/// Every purpose, with on whose decision this node serves it.
pub fn purposes(activities: &[Activity]) -> Vec<PurposeRow> {
    Purpose::ALL.iter().map(|purpose| purpose_row(*purpose, activities)).collect()
}

fn purpose_row(purpose: Purpose, activities: &[Activity]) -> PurposeRow {
    let rule = purpose.rule();
    let bases: Vec<LegalBasis> = purpose.legal_bases().collect();
    let serving: Vec<&Activity> = activities.iter().filter(|it| it.purposes.contains(&purpose)).collect();
    let standings = match serving.is_empty() {
        true => vec![Standing { acts_as: "controller", controller_label: None, act: None }],
        false => serving.into_iter().filter_map(|it| standing(it, purpose)).collect(),
    };
    let (consent_lasts, from_end_of_path) = match rule.lasts {
        Lasts::Days(days) => (Some(format!("P{days}D")), false),
        Lasts::Months(months) => (Some(format!("P{months}M")), false),
        Lasts::MonthsFromExit(months) => (Some(format!("P{months}M")), true),
        Lasts::NoConsent => (None, false),
    };
    PurposeRow {
        code: purpose.code(),
        title_it: rule.title_it,
        title_en: rule.title_en,
        legal_bases: bases.iter().map(|basis| basis.code()).collect(),
        articles: bases.iter().map(|basis| basis.article()).collect(),
        standings,
        groups: rule.groups.iter().copied().collect(),
        groups_after_acceptance: rule.groups_after_acceptance.iter().copied().collect(),
        consent_lasts,
        from_end_of_path,
    }
}

fn standing(of: &Activity, purpose: Purpose) -> Option<Standing> {
    match &of.acts_as {
        ActsAs::Controller => Some(Standing { acts_as: "controller", controller_label: None, act: None }),
        ActsAs::Processor(mandate) if mandate.instructed.contains(&purpose) => Some(Standing {
            acts_as: "processor",
            controller_label: Some(mandate.label.as_str().to_owned()),
            act: Some(format!("{} ({})", mandate.act.as_str(), mandate.date)),
        }),
        ActsAs::Processor(_) => None,
    }
}

/// Every message type, with the roles between which it may go.
fn flows() -> Vec<Flow> {
    let one = |role: Role| -> Roles { [role].into_iter().collect() };
    let row = |rule: &'static staffetta_protocol::message::rules::Rule| {
        let (mut from_roles, mut to_roles) = (BTreeSet::new(), BTreeSet::new());
        for from in Role::ALL {
            for to in Role::ALL {
                if may_send(rule.kind, &one(from), &one(to)) {
                    from_roles.insert(from);
                    to_roles.insert(to);
                }
            }
        }
        Flow {
            message_type: rule.kind,
            from_roles,
            to_roles,
            grounds: rule.grounds.iter().map(|ground| ground.code()).collect(),
            purposes: rule.purposes.iter().map(|purpose| purpose.code()).collect(),
        }
    };
    RULES.iter().map(row).collect()
}

fn data_categories() -> Vec<DataCategory> {
    let row = |section: &Section| {
        let fields = || FIELDS.iter().filter(|field| field.section == *section);
        let levels: BTreeMap<_, _> = fields().map(|field| (field.name, field.level.code())).collect();
        DataCategory {
            section: section.letter(),
            label_it: section.label_it(),
            label_en: section.label(),
            classes: fields().map(|field| field.class.code()).collect(),
            fields: levels.into_iter().map(|(field, level)| RegisterField { field, level }).collect(),
        }
    };
    Section::ALL.iter().map(row).collect()
}

/// For how long what is kept, by the settings.
pub fn retention_rows(set: &RetentionConfig) -> Vec<RetentionRow> {
    let row = |rule: retention::Rule| RetentionRow {
        code: rule.code,
        what_it: rule.what_it,
        what_en: rule.what_en,
        length: rule.length,
        counts_from: rule.from,
        then: rule.then,
        in_italian: rule.in_italian(),
    };
    retention::RULES.iter().filter_map(|stands| retention::rule(stands.code, set)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_flow_and_field_of_the_tables_is_in_the_register() {
        let purposes = purposes(&[]);
        assert_eq!(purposes.len(), Purpose::ALL.len());
        assert!(purposes.iter().all(|it| !it.legal_bases.is_empty() && it.standings[0].acts_as == "controller"));
        let flows = flows();
        assert_eq!(flows.len(), RULES.len());
        for flow in &flows {
            assert!(!flow.from_roles.is_empty() && !flow.to_roles.is_empty(), "{}", flow.message_type);
        }
        let sent = flows.iter().find(|flow| flow.message_type == "referral.sent.v1").unwrap();
        assert!(sent.from_roles.contains(&Role::ReceptionCentre) && !sent.from_roles.contains(&Role::Cpi));
        assert!(sent.to_roles.contains(&Role::Cpi) && sent.purposes.contains(&"P2"));
        let fields: usize = data_categories().iter().map(|it| it.fields.len()).sum();
        let names: BTreeSet<_> = FIELDS.iter().map(|field| (field.section.letter(), field.name)).collect();
        assert_eq!(fields, names.len());
        let set = RetentionConfig { own_patto_years: 7, journal_months: 36, ..RetentionConfig::default() };
        let rows = retention_rows(&set);
        assert_eq!(rows.len(), retention::RULES.len());
        let told = |code| rows.iter().find(|row| row.code == code).map(|row| row.in_italian.clone()).unwrap();
        assert_eq!(
            told("own_patto"),
            "7 anni dalla revoca, poi l'ufficio verifica se va ancora conservato",
            "as it is set, not as it stands"
        );
        assert_eq!(told("journal"), "36 mesi dall'atto, poi cancellazione");
    }
}
