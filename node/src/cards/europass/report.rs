//! What became of every element of a CV: taken, or left out and why.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::tree::Tree;

/// Lines of a report, at most; of more only the number is told.
const LONGEST: usize = 500;

/// What became of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportOutcome)]
pub enum Outcome {
    /// It stands in the draft.
    Taken,
    /// It does not.
    LeftOut,
    /// The card has another value in that field already, which stays.
    Kept,
    /// The file does not say, and silence is not read as an answer.
    Unknown,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $it:literal, $en:literal;)+) => {
        /// Why an element was left out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = ImportReason)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// The sentences, Italian and English.
            pub const fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($it, $en),)+ }
            }
        }
    };
}

reasons! {
    /// The card has no field for it.
    NotOnCard = "La scheda non ha questo campo.", "The card has no such field.";
    /// It is not collected, by decision.
    NotCollected = "Dato che non si raccoglie.", "This is not collected.";
    /// It describes the file and not the person.
    AboutTheDocument = "Riguarda il documento, non la persona.", "It is about the document, not the person.";
    /// A code that the list does not have, or words where a code belongs.
    NotInList = "Valore fuori dall'elenco.", "The value is not in the list.";
    /// It cannot be read as what it should be.
    WrongShape = "Formato non riconosciuto.", "The form is not recognised.";
    /// More letters than the field holds; it is not cut.
    TooLong = "Testo troppo lungo: va riassunto a mano.", "Too long a text: sum it up by hand.";
    /// More entries than the field holds.
    TooMany = "Troppi elementi per il campo.", "More entries than the field holds.";
    /// It stands there already.
    Repeated = "Elemento ripetuto.", "The entry is repeated.";
    /// It could mean more than one thing, and nobody guesses.
    Ambiguous = "Si può intendere in più modi: va chiesto.", "It can mean more than one thing: ask.";
    /// Something that the card needs for it is missing.
    Incomplete = "Manca un dato necessario.", "Something that is needed is missing.";
    /// It contradicts something else in the file.
    Inconsistent = "Contraddice un altro dato.", "It contradicts something else.";
    /// The code beside it says the same, and stands in the draft.
    Coded = "Vale il codice che l'accompagna.", "The code beside it counts.";
    /// A part of the card that the caller may not write.
    NotYours = "Parte della scheda riservata ad altri.", "A part of the card that others fill in.";
    /// Others confirmed it, and it is theirs to confirm again.
    ConfirmedElsewhere = "Confermato da altri: va chiesto di nuovo a loro.", "Others confirmed it: ask them again.";
    /// The card has another value, which stays.
    OtherValueHeld = "La scheda ha già un altro valore.", "The card has another value already.";
    /// Missing is unknown: it is never read as *no*.
    MissingIsUnknown = "Assente nel file: non noto, mai «no».", "Missing in the file: unknown, never \"no\".";
}

/// What became of one element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportEntry)]
pub struct Line {
    /// Where it stands in the file, as names on the way down; of several of one name with its number from 1.
    #[schema(max_length = 500)]
    pub element: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The field of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<&'static str>,
    /// Why it is not in the draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Reason>,
    /// The reason in Italian.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail_it: Option<&'static str>,
    /// The reason in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail_en: Option<&'static str>,
}

impl Line {
    /// A line with the sentences of its reason.
    pub(in crate::cards) fn new(
        element: String,
        outcome: Outcome,
        field: Option<&'static str>,
        reason: Option<Reason>,
    ) -> Self {
        let words = reason.map(Reason::words);
        Self {
            element,
            outcome,
            field,
            reason,
            detail_it: words.map(|words| words.0),
            detail_en: words.map(|words| words.1),
        }
    }
}

/// What became of the elements of a CV. Nothing of what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub struct Report {
    /// Element by element, in the order of the file; then what the file does not say.
    #[schema(max_items = 501)]
    pub items: Vec<Line>,
    /// How many more lines there are than are shown.
    pub more: u32,
}

impl Report {
    pub(in crate::cards) fn push(&mut self, line: Line) {
        if self.items.len() < LONGEST { self.items.push(line) } else { self.more += 1 }
    }
}

/// What was decided about an element so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Taken(&'static str),
    Left(Reason),
}

/// Reads the fates back in the order of the document. What nobody decided about and says something has no field.
pub(super) fn report(root: &Tree, fates: &[Option<Fate>]) -> Report {
    let mut report = Report::default();
    down(root, format!("/{}", root.name), fates, &mut report);
    report
}

fn down(tree: &Tree, element: String, fates: &[Option<Fate>], report: &mut Report) {
    let fate = fates.get(tree.id).copied().flatten();
    let fate = fate.or_else(|| {
        let says = tree.children.is_empty() && tree.value().is_some();
        (says || tree.foreign).then_some(Fate::Left(Reason::NotOnCard))
    });
    match fate {
        Some(Fate::Taken(field)) => {
            report.push(Line::new(short(element.clone()), Outcome::Taken, Some(field), None));
            below(tree, &element, &mut |child, element| {
                if let Some(Some(Fate::Left(reason))) = fates.get(child.id) {
                    report.push(Line::new(short(element), Outcome::LeftOut, None, Some(*reason)));
                }
            });
        }
        Some(Fate::Left(reason)) => report.push(Line::new(short(element), Outcome::LeftOut, None, Some(reason))),
        None => {
            for (child, name) in named(tree) {
                down(child, format!("{element}/{name}"), fates, report);
            }
        }
    }
}

/// Every element below one that was taken, for those parts of it that were not.
fn below(tree: &Tree, element: &str, see: &mut impl FnMut(&Tree, String)) {
    for (child, name) in named(tree) {
        let element = format!("{element}/{name}");
        below(child, &element, see);
        see(child, element);
    }
}

/// The elements in one, each with its name; of several of one name with its number.
fn named(tree: &Tree) -> impl Iterator<Item = (&Tree, String)> {
    let mut many = HashMap::<&str, usize>::new();
    tree.children.iter().for_each(|child| *many.entry(&child.name).or_default() += 1);
    let mut met = HashMap::<&str, usize>::new();
    tree.children.iter().map(move |child| {
        let number = met.entry(&child.name).or_default();
        *number += 1;
        let several = many.get(child.name.as_str()).is_some_and(|count| *count > 1);
        (child, if several { format!("{}[{number}]", child.name) } else { child.name.clone() })
    })
}

fn short(element: String) -> String {
    if element.len() <= 500 { element } else { element.chars().take(200).collect::<String>() + "…" }
}
