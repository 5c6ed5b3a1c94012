//! What a person is known by, and what the index holds of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::codes::Minor;
use staffetta_protocol::card::{BirthDate, Card, Check, TaxCode, Text};
use utoipa::ToSchema;

use super::Label;
use super::names::{self, Word};
use crate::vault::Vault;

/// Who somebody is, as far as it serves to find her again. Some people have one name only, some no date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonIdentity)]
pub struct Identity {
    /// Given names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub given_names: Option<Text<100>>,
    /// Family names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub family_names: Option<Text<100>>,
    /// The name that she wishes to be called by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub preferred_name: Option<Text<100>>,
    /// Tax code of 16 characters, or the provisional one of 11 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tax_code: Option<TaxCode>,
    /// Date of birth, as precise as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub birth_date: Option<BirthDate>,
    /// Whether she is a minor.
    #[serde(default)]
    pub is_minor: Minor,
}

impl Check for Identity {}

impl Identity {
    /// What a card says of it.
    pub fn of(card: &Card) -> Self {
        Self {
            given_names: card.given_names.clone(),
            family_names: card.family_names.clone(),
            preferred_name: card.preferred_name.clone(),
            tax_code: card.tax_code.clone(),
            birth_date: card.birth_date,
            is_minor: card.is_minor,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        [&self.given_names, &self.family_names].into_iter().flatten().map(|name| name.as_str())
    }
}

/// Words of a name by which somebody similar is looked for; of more the longest.
const COMPARED_WORDS: usize = 4;

/// One way in which a person is known here: one, or, after a merge, several. Kept sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// How staff call her.
    pub(super) label: Label,
    /// Who she is.
    pub(super) identity: Identity,
}

/// The index's columns. Each has a key of its own.
const SPELLING: &str = "person.spelling";
const SOUND: &str = "person.sound";
const TAX_CODE: &str = "person.tax_code";
const NAMES: &str = "person.names";
const BIRTH_DATE: &str = "person.birth_date";

impl Known {
    /// Every word by which somebody may look for her.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut all: Vec<Word> = Vec::new();
        let preferred = self.identity.preferred_name.as_ref().map(|name| name.as_str());
        let names = self.identity.names().chain(preferred).chain([self.label.as_str()]);
        // The label and the preferred name mostly repeat the names, letter by letter.
        let pieces: BTreeSet<&str> = names.flat_map(str::split_whitespace).collect();
        for word in pieces.into_iter().flat_map(names::words) {
            if !all.contains(&word) {
                all.push(word);
            }
        }
        all
    }

    /// Her names in one line. Of somebody who has no card yet, what staff call her.
    pub(super) fn in_one(&self) -> String {
        let names = names::in_one(self.identity.names());
        if names.is_empty() { names::in_one([self.label.as_str()]) } else { names }
    }

    /// The words of that line, as they were written.
    fn own_words(&self) -> Vec<Word> {
        let names: Vec<Word> = self.identity.names().flat_map(names::typed).collect();
        let mut words = if names.is_empty() { names::typed(self.label.as_str()) } else { names };
        words.dedup();
        words
    }

    /// What the index is asked for somebody whose names are similar: for any two of hers, and the longest first, since they
    /// leave the fewest. Of each a spelling or the sound is enough.
    pub(super) fn pairs(&self, vault: &Vault) -> Vec<[Vec<i32>; 2]> {
        let mut words = self.own_words();
        words.sort_by_key(|word| std::cmp::Reverse(word.latin.len()));
        words.truncate(COMPARED_WORDS);
        let asked: Vec<Vec<i32>> = words.iter().map(|word| by_word(vault, word, true)).collect();
        (1..asked.len())
            .flat_map(|two| (0..two).map(move |one| (one, two)))
            .map(|(one, two)| [asked[one].clone(), asked[two].clone()])
            .collect()
    }

    /// What the index holds of her: HMACs cut to 24 bits, of which none tells what it is of.
    pub(super) fn tokens(&self, vault: &Vault) -> BTreeSet<i32> {
        let mut tokens = BTreeSet::new();
        for word in self.words() {
            let spelt = word.spellings().flat_map(names::beginnings).collect::<BTreeSet<_>>();
            tokens.extend(spelt.iter().map(|text| vault.blind(SPELLING, text)));
            tokens.extend(names::beginnings(&word.sound).iter().map(|text| vault.blind(SOUND, text)));
        }
        tokens.extend(self.keys(vault));
        tokens
    }

    /// What somebody who may be the same person shares with her, if only one of these.
    pub(super) fn keys(&self, vault: &Vault) -> Vec<i32> {
        let code = self.identity.tax_code.as_ref().map(|code| by_tax_code(vault, code));
        let names = Some(self.in_one()).filter(|names| !names.is_empty()).map(|names| by_names(vault, &names));
        let birth = self.identity.birth_date.filter(|birth| birth.value.is_whole());
        let birth = birth.map(|birth| vault.blind(BIRTH_DATE, &birth.value.to_string()));
        [code, names, birth].into_iter().flatten().collect()
    }
}

/// What the index is asked for a tax code, in whatever spelling.
pub(super) fn by_tax_code(vault: &Vault, code: &TaxCode) -> i32 {
    vault.blind(TAX_CODE, code.without_omocodia().as_str())
}

/// What the index is asked for names in one line.
pub(super) fn by_names(vault: &Vault, in_one: &str) -> i32 {
    vault.blind(NAMES, in_one)
}

/// What the index is asked for a word that somebody typed: by its spellings, and by its sound.
pub(super) fn by_word(vault: &Vault, word: &Word, sound: bool) -> Vec<i32> {
    let mut tokens: Vec<i32> = word.spellings().map(|text| vault.blind(SPELLING, &names::asked(text))).collect();
    if sound && word.sound.len() > 1 {
        tokens.push(vault.blind(SOUND, &names::asked(&word.sound)));
    }
    tokens
}

#[cfg(test)]
mod tests {
    use staffetta_protocol::card::PartialDate;

    use super::*;
    use crate::vault::MasterKey;

    #[test]
    fn what_is_asked_for_is_what_is_held() {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let code = TaxCode::new("RSSMRA85T10A56NH").unwrap();
        let known = Known {
            label: Label::new("La signora del 2° piano").unwrap(),
            identity: Identity {
                given_names: Some(Text::new("Мария").unwrap()),
                preferred_name: Some(Text::new("Mascia").unwrap()),
                tax_code: Some(code),
                birth_date: Some(BirthDate { value: PartialDate::parse("1985-12-10").unwrap(), estimated: false }),
                ..Identity::default()
            },
        };
        let held = known.tokens(&vault);
        assert_eq!(known.in_one(), "mariya", "one name is enough");
        for typed in ["mar", "мария", "Mariya", "MASC", "signora", "2°"] {
            let words = names::typed(typed);
            let asked = by_word(&vault, &words[0], false);
            assert!(asked.iter().any(|token| held.contains(token)), "{typed}");
        }
        let sound = by_word(&vault, &names::typed("Maria")[0], true);
        assert!(sound.iter().any(|token| held.contains(token)));
        assert!(held.contains(&by_tax_code(&vault, &TaxCode::new("RSSMRA85T10A562S").unwrap())), "without omocodia");
        assert!(held.contains(&by_names(&vault, "mariya")));
        assert_eq!(known.keys(&vault).len(), 3);
        assert!(held.len() < 40, "{}", held.len());
    }
}
