//! A card as it is read on paper: the groups of a disclosure in words, field by field.

use serde_json::Value;
use staffetta_protocol::card::{CardGroups, FIELDS};
use staffetta_protocol::consent::Group;

use super::words;
use crate::error::{Error, Result};

/// A group with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedGroup {
    /// Which.
    pub group: Group,
    /// How it is called.
    pub heading: String,
    /// Its fields in the order of the table; those that are not known are left out.
    pub fields: Vec<PrintedField>,
}

/// A field with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedField {
    /// Which: its name in the table of fields.
    pub field: &'static str,
    /// How it is called.
    pub label: String,
    /// What it says, a line for each entry.
    pub lines: Vec<String>,
}

/// The order on paper: who she is, how to reach her, where she stands; then what she can do.
const ORDER: [Group; 6] =
    [Group::Identity, Group::Contact, Group::Status, Group::Preview, Group::SkillsFull, Group::Needs];

/// The groups in words. What is not among them is not looked at: the disclosure has decided. A field that a fuller group
/// says as well is said there only.
///
/// # Errors
/// Internal, for a group that has no place in the order.
pub fn printed(groups: &CardGroups) -> Result<Vec<PrintedGroup>> {
    if let Some(lost) = groups.groups().iter().find(|group| !ORDER.contains(group)) {
        return Err(Error::internal(format!("{} has no place on paper", lost.code())));
    }
    let document = serde_json::to_value(groups).map_err(Error::internal)?;
    let of = |group: Group| document.get(name_of(group)).filter(|_| groups.groups().contains(&group));
    let mut out = Vec::new();
    for group in ORDER {
        let Some(said) = of(group) else { continue };
        let fuller = |name: &str| {
            group == Group::Preview
                && [Group::SkillsFull, Group::Status]
                    .iter()
                    .any(|other| of(*other).is_some_and(|it| it.get(name).is_some()))
        };
        let rows = FIELDS.iter().filter(|row| row.group == Some(group) && !fuller(row.name));
        let fields = rows.filter_map(|row| {
            let lines = words::lines(row.name, said.get(row.name).unwrap_or(&Value::Null));
            let label = words::label(row.name).to_owned();
            (!lines.is_empty()).then_some(PrintedField { field: row.name, label, lines })
        });
        out.push(PrintedGroup { group, heading: words::label(name_of(group)).to_owned(), fields: fields.collect() });
    }
    Ok(out)
}

/// As [`CardGroups`] names it.
fn name_of(group: Group) -> &'static str {
    group.code().trim_start_matches("g.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;
    use staffetta_protocol::card::{Card, Day, Level, QuickCard, QuickDefaults};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    use super::*;

    /// Every property of the groups, and every code that it may have.
    fn published() -> Vec<(String, Vec<String>)> {
        let mut all = vec![(String::new(), CardGroups::schema())];
        CardGroups::schemas(&mut all);
        let document =
            serde_json::to_value(all.into_iter().collect::<std::collections::BTreeMap<String, RefOr<Schema>>>());
        let document = document.unwrap();
        let mut found = Vec::new();
        walk(&document, &document, &mut found);
        found
    }

    fn walk(node: &Value, root: &Value, found: &mut Vec<(String, Vec<String>)>) {
        match node {
            Value::Object(parts) => {
                for (name, schema) in parts.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    let mut codes = Vec::new();
                    codes_of(schema, root, &mut codes);
                    found.push((name.clone(), codes));
                }
                parts.values().for_each(|part| walk(part, root, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, root, found)),
            _ => {}
        }
    }

    /// The words of a list of codes, or of a list of such; not those of the shapes inside.
    fn codes_of(schema: &Value, root: &Value, codes: &mut Vec<String>) {
        let Some(parts) = schema.as_object() else { return };
        if let Some(Value::String(at)) = parts.get("$ref") {
            let name = at.rsplit('/').next().unwrap();
            if name != "CardField" {
                codes_of(&root[name], root, codes);
            }
        }
        if parts.contains_key("properties") {
            return;
        }
        codes.extend(parts.get("const").and_then(Value::as_str).map(str::to_owned));
        codes.extend(
            parts
                .get("enum")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned),
        );
        for key in ["oneOf", "allOf", "anyOf"] {
            parts.get(key).and_then(Value::as_array).into_iter().flatten().for_each(|one| codes_of(one, root, codes));
        }
        parts.get("items").into_iter().for_each(|items| codes_of(items, root, codes));
    }

    #[test]
    fn every_field_and_every_code_has_its_word() {
        let found = published();
        let codes: usize = found.iter().map(|(_, codes)| codes.len()).sum();
        assert!(found.len() > 100 && codes > 200, "{} {codes}", found.len());
        let mut missing = BTreeSet::new();
        for (property, codes) in found {
            if words::label(&property) == property && !["document", "evidence_ref"].contains(&property.as_str()) {
                missing.insert(property.clone());
            }
            for code in codes {
                // A code that nobody put into words comes out as it is; a shape is not said.
                let said = words::lines(&property, &json!(code));
                let free = property == "province" || (property == "kind" && said == [code.clone()]);
                if said == [code.clone()] && !free && !["no", "muletto"].contains(&code.as_str()) {
                    missing.insert(format!("{property}={code}"));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn card() -> Card {
        let quick: QuickCard = serde_json::from_value(json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
            "target_occupations": {"kind": "any"},
            "skills": [{"skill": {"kind": "free", "text": "Zzsaldare", "isco08": "72"}, "source": "self"}]
        }))
        .unwrap();
        let today = Day::parse("2026-11-23").unwrap();
        let province = serde_json::from_value(json!("PO")).unwrap();
        let mut card = quick.into_card(&QuickDefaults { province, today, operator: None });
        card.given_names = serde_json::from_value(json!("Zzawa")).unwrap();
        card.birth_date = serde_json::from_value(json!({"value": "1998-03-02", "estimated": true})).unwrap();
        card.phone =
            serde_json::from_value(json!([{"number": "+393331234567", "type": "mobile", "safe_to_call": "no"}]))
                .unwrap();
        card
    }

    fn said(groups: &[Group]) -> String {
        let groups = card().disclose(&groups.iter().copied().collect(), Level::Formalities, &|id| id).unwrap();
        let printed = printed(&groups).unwrap();
        let fields = printed.iter().flat_map(|group| group.fields.iter());
        fields.map(|field| format!("{}: {}", field.label, field.lines.join(" | "))).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_was_disclosed_is_said_in_words_and_nothing_else() {
        let said_all = said(&[Group::Preview, Group::Identity, Group::Contact, Group::SkillsFull]);
        for line in [
            "Nome: Zzawa",
            "Data di nascita: 02/03/1998; Stimata: sì",
            "Telefono: +393331234567; Si può chiamare: no; Tipo: cellulare",
            "Lingue per il colloquio: Lingua: fra",
            "Occupazioni cercate: qualsiasi",
            "Competenze: persona, 23/11/2026",
        ] {
            assert!(said_all.contains(line), "{line}\n{said_all}");
        }
        assert!(said_all.contains("Zzsaldare") && said_all.contains("da capire"), "{said_all}");
        let preview = said(&[Group::Preview]);
        for hidden in ["Zzawa", "1998", "+39333", "Zzsaldare"] {
            assert!(!preview.contains(hidden), "{hidden}");
        }
        assert!(preview.contains("ISCO-08: 72"), "{preview}");
    }

    #[test]
    fn what_somebody_wrote_is_never_taken_for_a_code() {
        assert_eq!(words::lines("title", &json!("self")), ["self"]);
        assert_eq!(words::lines("source", &json!("self")), ["persona"]);
        assert_eq!(words::lines("title", &json!("2026-01-02")), ["2026-01-02"]);
    }
}
