//! Where something goes: to a node of the network, or on paper to an office that has none.

use std::fmt;
use std::str::FromStr;

use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use crate::error::Error;

/// A recipient as it is remembered: by permits, threads, disclosures, and whatever is counted or named for each
/// recipient. As text it is an entity id, or `office:` and the id of an entry in the address book; no entity id begins
/// like that, so the two never meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// A node: what goes there is queued, signed and receipted.
    Node(EntityId),
    /// An office of the address book: what goes there is printed, and people carry it.
    Office(Uuid),
}

const OFFICE: &str = "office:";

impl Destination {
    /// The node, if it is one.
    pub fn node(&self) -> Option<&EntityId> {
        match self {
            Self::Node(id) => Some(id),
            Self::Office(_) => None,
        }
    }

    /// The entry of the address book, if it is one.
    pub fn office(&self) -> Option<Uuid> {
        match self {
            Self::Node(_) => None,
            Self::Office(id) => Some(*id),
        }
    }

    /// The node that a message is to go to.
    ///
    /// # Errors
    /// Internal: whoever asks should have looked before. What is on paper is never queued.
    pub fn must_be_node(&self) -> Result<&EntityId, Error> {
        self.node().ok_or_else(|| Error::internal("a message for an office without a node"))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => id.fmt(f),
            Self::Office(id) => write!(f, "{OFFICE}{id}"),
        }
    }
}

impl FromStr for Destination {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let damaged = || Error::internal("a stored recipient does not parse");
        match text.strip_prefix(OFFICE) {
            Some(id) => id.parse().map(Self::Office).map_err(|_| damaged()),
            None => text.parse().map(Self::Node).map_err(|_| damaged()),
        }
    }
}

impl From<EntityId> for Destination {
    fn from(id: EntityId) -> Self {
        Self::Node(id)
    }
}

impl From<&EntityId> for Destination {
    fn from(id: &EntityId) -> Self {
        Self::Node(id.clone())
    }
}

impl From<&Self> for Destination {
    fn from(it: &Self) -> Self {
        it.clone()
    }
}

impl PartialEq<EntityId> for Destination {
    fn eq(&self, other: &EntityId) -> bool {
        self.node() == Some(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_and_an_office_are_never_taken_for_each_other() {
        let node: Destination = "https://cpi.example".parse().unwrap();
        let id = Uuid::new_v4();
        let office = Destination::Office(id);
        assert_eq!((node.office(), office.office(), office.node()), (None, Some(id), None));
        for destination in [node, office.clone()] {
            assert_eq!(destination.to_string().parse::<Destination>().unwrap(), destination);
        }
        assert!(office.to_string().parse::<EntityId>().is_err());
        assert!(office.must_be_node().is_err());
        for damaged in ["", "office:", "office:x", "ftp://cpi.example"] {
            assert!(damaged.parse::<Destination>().is_err(), "{damaged}");
        }
    }
}
