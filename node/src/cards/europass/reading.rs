//! What a mapping fills while it reads: the card, and what became of every element.

use std::collections::BTreeSet;

use staffetta_protocol::card::{Card, Country, Day, List, PartialDate, PhoneNumber, Refusal, Text};

use super::prose;
use super::report::{Fate, Reason, Report, report};
use super::tree::Tree;

/// A card in the making.
pub(super) struct Reading {
    /// What was taken so far, in an otherwise new card.
    pub(super) card: Card,
    /// The fields that were taken.
    pub(super) fields: BTreeSet<&'static str>,
    /// Today: what *at once* means.
    pub(super) today: Day,
    fates: Vec<Option<Fate>>,
}

impl Reading {
    /// Of a document of so many elements.
    pub(super) fn new(elements: usize, today: Day) -> Self {
        Self { card: Card::default(), fields: BTreeSet::new(), today, fates: vec![None; elements] }
    }

    /// The element stands in the draft, in this field.
    pub(super) fn taken(&mut self, tree: &Tree, field: &'static str) {
        self.fields.insert(field);
        self.fate(tree, Fate::Taken(field));
    }

    /// The element is left out.
    pub(super) fn left(&mut self, tree: &Tree, reason: Reason) {
        self.fate(tree, Fate::Left(reason));
    }

    /// Those elements are left out, whichever there are.
    pub(super) fn left_all(&mut self, parent: &Tree, names: &[&str], reason: Reason) {
        for name in names {
            parent.all(name).for_each(|tree| self.left(tree, reason));
        }
    }

    fn fate(&mut self, tree: &Tree, fate: Fate) {
        if let Some(place) = self.fates.get_mut(tree.id) {
            *place = Some(fate);
        }
    }

    /// What an element says, read by `parse`; it is in the field then. One that says nothing is passed over.
    pub(super) fn one<T>(
        &mut self,
        tree: Option<&Tree>,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Option<T> {
        let tree = tree?;
        let value = tree.value()?;
        match parse(&value) {
            Ok(value) => {
                self.taken(tree, field);
                Some(value)
            }
            Err(reason) => {
                self.left(tree, reason);
                None
            }
        }
    }

    /// Adds what an element gave to a list of the card, unless it is full.
    pub(super) fn add<T: Clone, const MAX: usize>(
        &mut self,
        list: fn(&mut Card) -> &mut List<T, 0, MAX>,
        item: T,
        tree: &Tree,
        field: &'static str,
        same: impl Fn(&T, &T) -> bool,
    ) {
        let held = list(&mut self.card);
        if held.iter().any(|known| same(known, &item)) {
            return self.left(tree, Reason::Repeated);
        }
        let items = held.iter().cloned().chain([item]).collect();
        match List::new(items) {
            Ok(longer) => {
                *list(&mut self.card) = longer;
                self.taken(tree, field);
            }
            Err(_) => self.left(tree, Reason::TooMany),
        }
    }

    /// Adds what was read from several elements, each with its own fate, to a list that has room.
    pub(super) fn push<T: Clone, const MAX: usize>(&mut self, list: fn(&mut Card) -> &mut List<T, 0, MAX>, item: T) {
        let items = list(&mut self.card).iter().cloned().chain([item]).collect();
        if let Ok(longer) = List::new(items) {
            *list(&mut self.card) = longer;
        }
    }

    /// The two ends of a period; an end that lies before the beginning is left out.
    pub(super) fn period(
        &mut self,
        field: &'static str,
        start: Option<&Tree>,
        end: Option<&Tree>,
        read: fn(&Tree) -> Option<Result<PartialDate, Reason>>,
    ) -> (Option<PartialDate>, Option<PartialDate>) {
        let mut of = |tree: Option<&Tree>| match tree.and_then(|tree| Some((tree, read(tree)?)))? {
            (tree, Ok(date)) => {
                self.taken(tree, field);
                Some(date)
            }
            (tree, Err(reason)) => {
                self.left(tree, reason);
                None
            }
        };
        match (of(start), of(end)) {
            (Some(from), Some(to)) if !from.may_precede(to) => {
                end.into_iter().for_each(|end| self.left(end, Reason::Inconsistent));
                (Some(from), None)
            }
            both => both,
        }
    }

    /// The employer, where it is known to be abroad: of others the card keeps no name.
    pub(super) fn employer(&mut self, name: Option<&Tree>, country: Option<&Country>) -> Option<Text<200>> {
        let name = name.filter(|name| name.value().is_some())?;
        match country.map(Country::as_str) {
            Some("ITA") => self.left(name, Reason::NotCollected),
            None => self.left(name, Reason::Ambiguous),
            Some(_) => return self.one(Some(name), "work_experience", text),
        }
        None
    }

    /// The card, its fields, and the report.
    pub(super) fn finish(self, root: &Tree) -> (Card, BTreeSet<&'static str>, Report) {
        let report = report(root, &self.fates);
        (self.card, self.fields, report)
    }
}

/// Why the card does not take a value, in the words of a report.
pub(super) fn why(refusal: Refusal) -> Reason {
    match refusal {
        Refusal::TooLong => Reason::TooLong,
        Refusal::NotInList => Reason::NotInList,
        Refusal::Inconsistent => Reason::Inconsistent,
        _ => Reason::WrongShape,
    }
}

pub(super) fn text<const MAX: usize>(value: &str) -> Result<Text<MAX>, Reason> {
    Text::new(value).map_err(why)
}

/// The words of a text, on one line.
pub(super) fn one_line<const MAX: usize>(value: &str) -> Result<Text<MAX>, Reason> {
    text(&prose::lines(value).join(" "))
}

/// A telephone number that names its country; brackets, dashes and spaces are how people write it.
pub(super) fn telephone(written: &str) -> Result<PhoneNumber, Reason> {
    let number: String = written.chars().filter(|c| !c.is_whitespace() && !"()-./".contains(*c)).collect();
    if !number.starts_with('+') {
        return Err(Reason::Ambiguous);
    }
    PhoneNumber::new(&number).map_err(why)
}

/// A date of the precision that it was written in; a time of day behind it is dropped.
pub(super) fn date(value: &str) -> Result<PartialDate, Reason> {
    PartialDate::parse(value.split('T').next().unwrap_or_default()).map_err(why)
}

/// A yes or no of XML.
pub(super) fn truth(value: &str) -> Result<bool, Reason> {
    match value {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" => Ok(false),
        _ => Err(Reason::WrongShape),
    }
}
