//! Everything that is held about a person, for herself (art. 15): what it is used for, who received it, how long it is
//! kept, what she may ask for, and every row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::card::PortabilityOrigin;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::Code;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::RightKind;
use super::portability::origin;
use super::register::{self, Contact, PurposeRow, RetentionRow};
use super::{Rights, is_hers_to_know, rows, staff_as_told};
use crate::access::{self, AccessRole, Sight};
use crate::assessments;
use crate::config::Config;
use crate::consents::DisclosureGround;
use crate::error::Result;
use crate::grants::{self, Told};
use crate::journal;
use crate::people;
use crate::store::{Conn, Tx};
use crate::vault::{Collected, Vault, Whose};

/// Somebody who received something about her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ExportedRecipient)]
pub struct Recipient {
    /// The organisation, as it was called last.
    pub organisation_name: String,
    /// Its node, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entity_id: Option<EntityId>,
    /// Its entry in the address book, where things went on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office: Option<Uuid>,
    /// Which groups of fields.
    pub groups: BTreeSet<Group>,
    /// The newest version of her card that it was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub card_version: Option<u32>,
    /// The first time.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
    /// How many messages or sheets.
    pub messages: u32,
    /// How many of the messages it has not confirmed to have taken: they wait, are under way or were refused.
    pub unconfirmed: u32,
    /// On which grounds.
    #[schema(max_items = 32)]
    pub grounds: Vec<DisclosureGround>,
}

impl From<Told> for Recipient {
    fn from(it: Told) -> Self {
        Self {
            grounds: DisclosureGround::all(&it),
            unconfirmed: it.unconfirmed,
            organisation_name: it.organisation,
            entity_id: it.peer.node().cloned(),
            office: it.peer.office(),
            groups: it.groups,
            card_version: it.card_version,
            first_at: it.first,
            last_at: it.last,
            messages: it.messages,
        }
    }
}

/// A right that she has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ExportedRight)]
pub struct HerRight {
    /// Which.
    pub kind: RightKind,
    /// The article of Regulation (EU) 2016/679.
    pub article: u8,
    /// As it is called in Italian.
    pub label_it: &'static str,
}

/// What one table holds about her.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ExportedTable)]
pub struct Table {
    /// Its name, stable.
    pub table: &'static str,
    /// What it is.
    pub heading_it: &'static str,
    /// The same in English.
    pub heading_en: &'static str,
    /// Its rows about her. A colleague stands in it by her role and the node.
    #[schema(value_type = Vec<Object>)]
    pub items: Vec<Value>,
}

/// A note of what was said in counselling.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ExportedNote)]
pub struct Note {
    /// Who wrote it: role and node.
    #[schema(value_type = Object)]
    pub author: Value,
    /// When.
    pub at: DateTime<Utc>,
    /// What it says.
    pub words: String,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Everything that is held about one person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = PersonExport)]
pub struct Exported {
    /// `staffetta-person-export`.
    pub format: &'static str,
    /// Version of this form.
    pub version: u32,
    /// When it was made.
    pub exported_at: DateTime<Utc>,
    /// Where.
    pub from: PortabilityOrigin,
    /// Whom to ask about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub data_protection_officer: Option<Contact>,
    /// Her record here.
    pub person: Uuid,
    /// Records that went into it.
    pub joined_records: Vec<Uuid>,
    /// What data are used for.
    pub purposes: Vec<PurposeRow>,
    /// Everybody who received something.
    pub recipients: Vec<Recipient>,
    /// For how long what is kept.
    pub retention: Vec<RetentionRow>,
    /// What she may ask for.
    pub rights: Vec<HerRight>,
    /// To whom she may complain.
    pub complaint_it: &'static str,
    /// Where the data come from.
    pub sources_it: &'static str,
    /// Whether something is decided by a machine alone.
    pub automated_decisions_it: &'static str,
    /// Every row, table by table; tables without one are left out.
    pub data: Vec<Table>,
    /// Her request for access that this answers. Without one, or once its time has passed, what was said in counselling is
    /// not in here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answers_request: Option<Uuid>,
    /// What was said in counselling, for her and nobody else.
    pub counselling_notes: Vec<Note>,
}

pub(super) const COMPLAINT: &str = "Può proporre reclamo al Garante per la protezione dei dati personali (art. 77 del \
     Regolamento UE 2016/679) o ricorso al giudice (art. 79).";
const SOURCES: &str = "La fonte di ogni campo della scheda sta accanto al campo (\u{ab}sources\u{bb}); ciò che è arrivato \
     da altri enti è elencato come ricevuto.";
const DECISIONS: &str = "Nessuna decisione è presa solo da una macchina.";

/// Everything that is held about her. That it was taken out is recorded, with her request for access that it answers. What
/// was said in counselling is in it only while there is such a request.
///
/// # Errors
/// `not_found`; `function_not_entitled` for whoever neither is the person nor answers for her rights.
pub fn export(tx: &mut Tx<'_>, vault: &Vault, rights: Rights, config: &Config, sight: &Sight) -> Result<Exported> {
    let node = &config.node;
    if !is_hers_to_know(sight) {
        return Err(Code::FunctionNotEntitled.into());
    }
    let person = people::get(tx.conn(), people::of(sight))?;
    let now = tx.now();
    let request = rows::owed_access(tx.conn(), person.id, now)?;
    let entry = sight.entry("rights.exported").subject(person.subject).object(person.id);
    let named = |entry: journal::Entry, request: &Uuid| entry.code(format_args!("request:{request}"));
    journal::record(tx, request.iter().fold(entry, named))?;
    let went: Vec<Uuid> = people::merges(tx, vault, sight)?.into_iter().map(|(went, _)| went.into()).collect();
    let records = std::iter::once(person.id.into()).chain(went.iter().copied()).collect();
    let whose = Whose { records, subjects: people::subjects(tx.conn(), &person)? };
    let mut roles = Roles { node: &node.entity_id, known: BTreeMap::new() };
    let mut data = Vec::new();
    for holding in rights.holdings {
        for found in (holding.collect)(tx, vault, &whose)?.into_iter().filter(|found| !found.items.is_empty()) {
            data.push(roles.table(tx.conn(), found)?);
        }
    }
    let mut counselling_notes = Vec::new();
    let notes = request.map(|request| assessments::counselling_notes_for_access(tx, vault, sight, request));
    for note in notes.transpose()?.unwrap_or_default() {
        let author = staff_as_told(roles.of(tx.conn(), note.author)?, &node.entity_id);
        counselling_notes.push(Note { author, at: note.at, words: note.text.to_string() });
    }
    let activities = grants::activities(tx.conn())?;
    Ok(Exported {
        format: "staffetta-person-export",
        version: 1,
        exported_at: tx.now(),
        from: origin(&node.entity_id, &node.organisation_name)?,
        data_protection_officer: register::officer(node),
        person: person.id.into(),
        joined_records: went,
        purposes: register::purposes(&activities),
        recipients: grants::told(tx.conn(), &whose.subjects[..1])?.into_iter().map(Recipient::from).collect(),
        retention: register::retention_rows(&config.retention),
        rights: RightKind::ALL.iter().map(|kind| her_right(*kind)).collect(),
        complaint_it: COMPLAINT,
        sources_it: SOURCES,
        automated_decisions_it: DECISIONS,
        data,
        answers_request: request,
        counselling_notes,
    })
}

const fn her_right(kind: RightKind) -> HerRight {
    HerRight { kind, article: kind.article(), label_it: kind.in_italian() }
}

/// Accounts of the staff, by role: who they are is data of theirs.
struct Roles<'a> {
    node: &'a EntityId,
    known: BTreeMap<Uuid, Option<AccessRole>>,
}

impl Roles<'_> {
    fn of(&mut self, conn: &mut Conn, id: Uuid) -> Result<Option<AccessRole>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let role = access::staff_row(conn, id)?.map(|row| row.role);
        self.known.insert(id, role);
        Ok(role)
    }

    fn table(&mut self, conn: &mut Conn, found: Collected) -> Result<Table> {
        let items = found.items.into_iter().map(|item| self.told(conn, item)).collect::<Result<_>>()?;
        Ok(Table { table: found.table, heading_it: found.heading_it, heading_en: found.heading_en, items })
    }

    /// The value with each account replaced by its role: where a room marked it, and where a card says who took a field
    /// down.
    fn told(&mut self, conn: &mut Conn, value: Value) -> Result<Value> {
        match value {
            Value::Array(items) => {
                Ok(Value::Array(items.into_iter().map(|item| self.told(conn, item)).collect::<Result<_>>()?))
            }
            Value::Object(members) => {
                if let (1, Some(id)) = (members.len(), members.get("staff").and_then(uuid)) {
                    return Ok(staff_as_told(self.of(conn, id)?, self.node));
                }
                let mut told = serde_json::Map::new();
                for (name, member) in members {
                    let member = match uuid(&member).filter(|_| name == "operator") {
                        Some(id) => staff_as_told(self.of(conn, id)?, self.node),
                        None => self.told(conn, member)?,
                    };
                    told.insert(name, member);
                }
                Ok(Value::Object(told))
            }
            plain => Ok(plain),
        }
    }
}

fn uuid(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}
