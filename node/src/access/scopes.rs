//! What a token may be narrowed to: acts by their dotted names.

use std::collections::BTreeSet;

use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;

use super::{AccessRole, acts};
use crate::error::Result;

/// Acts that no scope names: whoever may make accounts or tokens could make himself any other, so nobody hands that on.
const NEVER: &[&str] = &["session.read", "session.write", "session.tokens", "staff.manage"];

/// A subset of the acts of a role. What it does not name cannot be done, whatever the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<&'static str>);

impl Scopes {
    /// As they are stored and as a JWT has them: names with spaces between. A name that no act has any more means
    /// nothing.
    pub fn read(text: &str) -> Self {
        let names = text.split(' ').filter_map(|name| acts::ALL.iter().find(|(known, _)| *known == name));
        Self(names.map(|(known, _)| *known).filter(|name| !NEVER.contains(name)).collect())
    }

    /// What somebody asks for, of what `role` may do and, where there are any, of the scopes of whoever asks.
    ///
    /// # Errors
    /// `invalid_input` by place: an empty list, a name that is no act, not of that role or not the asker's own.
    pub fn asked(names: &[String], role: AccessRole, within: Option<&Self>) -> Result<Self> {
        if names.is_empty() {
            return Err(Problem::invalid(vec![Refusal::TooFew.at("/scopes")]).into());
        }
        let mut scopes = BTreeSet::new();
        let mut wrong = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let known = acts::ALL.iter().find(|(known, roles)| known == name && roles.contains(&role));
            let given = known.filter(|(known, _)| !NEVER.contains(known) && within.is_none_or(|own| own.holds(known)));
            match given {
                Some((known, _)) => {
                    scopes.insert(*known);
                }
                None => wrong.push(Refusal::NotInList.at(format!("/scopes/{at}"))),
            }
        }
        if wrong.is_empty() { Ok(Self(scopes)) } else { Err(Problem::invalid(wrong).into()) }
    }

    /// Whether an act is among them. Asking who one is always is.
    pub fn holds(&self, act: &str) -> bool {
        act == "session.read" || self.0.contains(act)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().copied()
    }

    /// As they are stored.
    pub fn text(&self) -> String {
        self.names().collect::<Vec<_>>().join(" ")
    }
}
