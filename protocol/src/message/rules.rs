//! Which message may go which way on which ground: one row for each type.

use crate::consent::{GroundKind, Purpose};

/// The two sides of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who made the thread and hands the person on.
    Opener,
    /// Who was asked.
    Taker,
}

impl Side {
    /// The other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Opener => Self::Taker,
            Self::Taker => Self::Opener,
        }
    }

    /// As it stands in a database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opener => "opener",
            Self::Taker => "taker",
        }
    }
}

/// The rule of one type.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Type and version.
    pub kind: &'static str,
    /// Who sends it: one side of the thread, or either (`None`).
    pub sender: Option<Side>,
    /// Whether it may make the thread that it names.
    pub opens: bool,
    /// The kinds of ground that may carry it.
    pub grounds: &'static [GroundKind],
    /// With a consent: the purposes that fit.
    pub purposes: &'static [Purpose],
    /// Whether it only ends a matter: such a message is taken although the consent has run out meanwhile.
    pub ends: bool,
}

const REFERRAL: &[Purpose] = &[Purpose::P2, Purpose::P11];
const CONSENT: &[GroundKind] = &[GroundKind::Consent];
const REPLY: &[GroundKind] = &[GroundKind::Reply];
const DUTY: &[GroundKind] = &[GroundKind::Duty];

const fn asks(kind: &'static str, opens: bool, purposes: &'static [Purpose]) -> Rule {
    Rule { kind, sender: Some(Side::Opener), opens, grounds: CONSENT, purposes, ends: false }
}

const fn answers(kind: &'static str, ends: bool) -> Rule {
    Rule { kind, sender: Some(Side::Taker), opens: false, grounds: REPLY, purposes: &[], ends }
}

/// Every type of this version.
pub const RULES: &[Rule] = &[
    asks("card.preview.v1", true, &[Purpose::P1]),
    answers("card.preview-answered.v1", true),
    asks("referral.sent.v1", true, REFERRAL),
    asks("referral.info-provided.v1", false, REFERRAL),
    asks("referral.reopened.v1", false, REFERRAL),
    answers("referral.info-requested.v1", false),
    answers("referral.accepted.v1", false),
    answers("referral.declined.v1", true),
    answers("referral.progressed.v1", false),
    answers("referral.closed.v1", true),
    Rule {
        sender: Some(Side::Opener),
        opens: false,
        grounds: DUTY,
        purposes: &[],
        ends: true,
        kind: "referral.withdrawn.v1",
    },
    Rule {
        kind: "card.updated.v1",
        sender: Some(Side::Opener),
        opens: false,
        grounds: &[GroundKind::Consent, GroundKind::Duty],
        purposes: &[Purpose::P1, Purpose::P2, Purpose::P11, Purpose::P10],
        ends: false,
    },
    asks("contact.released.v1", false, REFERRAL),
    Rule { kind: "consent.withdrawn.v1", sender: None, opens: false, grounds: DUTY, purposes: &[], ends: true },
    Rule {
        kind: "consent.withdrawal-answered.v1",
        sender: None,
        opens: false,
        grounds: DUTY,
        purposes: &[],
        ends: true,
    },
    asks("card.transferred.v1", true, &[Purpose::P12]),
    answers("card.transfer-answered.v1", true),
    Rule {
        kind: "referral.holder-changed.v1",
        sender: Some(Side::Opener),
        opens: false,
        grounds: DUTY,
        purposes: &[],
        ends: true,
    },
];

/// The rule of a type, if this version knows it.
pub fn rule(kind: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.kind == kind)
}
