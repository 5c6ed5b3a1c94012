//! What the table says about each field, for lookup, documentation and the checks of others.

use crate::consent::Group;

/// Sections of the card, A to M.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the letters are the names; `label` says what they stand for")]
pub enum Section {
    A,
    B,
    C,
    D,
    E,
    F,
    G,
    H,
    I,
    J,
    K,
    L,
    M,
}

impl Section {
    /// Every section, in the order of the card.
    pub const ALL: &'static [Self] = &[
        Self::A,
        Self::B,
        Self::C,
        Self::D,
        Self::E,
        Self::F,
        Self::G,
        Self::H,
        Self::I,
        Self::J,
        Self::K,
        Self::L,
        Self::M,
    ];

    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
            Self::G => "G",
            Self::H => "H",
            Self::I => "I",
            Self::J => "J",
            Self::K => "K",
            Self::L => "L",
            Self::M => "M",
        }
    }

    /// Its name in one word, as addresses have it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::A => "identity",
            Self::B => "contact",
            Self::C => "status",
            Self::D => "languages",
            Self::E => "education",
            Self::F => "work",
            Self::G => "skills",
            Self::H => "availability",
            Self::I => "mobility",
            Self::J => "needs",
            Self::K => "restricted",
            Self::L => "documents",
            Self::M => "provenance",
        }
    }

    /// What the section is about, in Italian.
    #[must_use]
    pub const fn label_it(self) -> &'static str {
        match self {
            Self::A => "identità",
            Self::B => "recapiti",
            Self::C => "posizione",
            Self::D => "lingue",
            Self::E => "istruzione",
            Self::F => "lavoro",
            Self::G => "competenze",
            Self::H => "disponibilità",
            Self::I => "mobilità e digitale",
            Self::J => "bisogni e prossimi passi",
            Self::K => "riservata",
            Self::L => "documenti",
            Self::M => "provenienza",
        }
    }

    /// The section of this letter, in either case, or of this code.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|section| section.letter().eq_ignore_ascii_case(text) || section.code() == text)
    }

    /// The section in which a field of the card stands: where the card holds it, else where it is made.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        rows(name).find(|row| row.held).or_else(|| rows(name).next()).map(|row| row.section)
    }

    /// The members of the card that stand in the section.
    pub fn members(self) -> impl Iterator<Item = &'static str> {
        super::table::FIELDS.iter().filter(move |row| row.held && row.section == self).map(|row| row.name)
    }

    /// What the section is about.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::A => "identity",
            Self::B => "contact",
            Self::C => "status",
            Self::D => "languages",
            Self::E => "education",
            Self::F => "work",
            Self::G => "skills",
            Self::H => "availability",
            Self::I => "mobility and digital",
            Self::J => "needs and next steps",
            Self::K => "restricted",
            Self::L => "documents",
            Self::M => "provenance",
        }
    }
}

/// How sensitive a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Tells who the person is.
    Idn,
    /// Reaches the person.
    Con,
    /// Her legal or social status.
    Sta,
    /// Skills, experience, wishes.
    Ski,
    /// Special category, or as good as one.
    Spc,
}

impl Class {
    /// The three letters of the class.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Idn => "idn",
            Self::Con => "con",
            Self::Sta => "sta",
            Self::Ski => "ski",
            Self::Spc => "spc",
        }
    }
}

/// When a field may cross to another node, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Ahead of the referral, under a pseudonym.
    Preview,
    /// With the referral.
    Referral,
    /// Once the referral was accepted.
    Accepted,
    /// Once accepted and on a separate yes, to a job centre or to whoever files the compulsory communication.
    Formalities,
    /// Not at all.
    Never,
}

impl Level {
    /// The level in one word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Referral => "referral",
            Self::Accepted => "accepted",
            Self::Formalities => "formalities",
            Self::Never => "never",
        }
    }

    /// The level at which a group of the card crosses. Single fields of a group may cross later than the group.
    #[must_use]
    pub const fn of(group: Group) -> Self {
        match group {
            Group::Preview => Self::Preview,
            Group::Identity | Group::Status | Group::SkillsFull | Group::Needs => Self::Referral,
            Group::Contact | Group::Documents | Group::Adjustments => Self::Accepted,
            Group::Host | Group::Training | Group::Pfi => Self::Referral,
            Group::Formalities => Self::Formalities,
        }
    }

    /// The level of a row: its own, else that of its group; what is in no group crosses at none.
    pub(super) const fn of_row(group: Option<Group>, own: &[Self]) -> Self {
        match (own, group) {
            ([level, ..], _) => *level,
            ([], Some(group)) => Self::of(group),
            ([], None) => Self::Never,
        }
    }
}

/// One row of the table: a field, or of a field with two levels one of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name on the wire and on the card.
    pub name: &'static str,
    /// Its type, as in the schema; of a list the type of an entry.
    pub type_name: &'static str,
    /// Where it stands on the card.
    pub section: Section,
    /// How sensitive it is.
    pub class: Class,
    /// The group that a grant must name. A row without one is in no type that travels: it stays here.
    pub group: Option<Group>,
    /// When it may cross.
    pub level: Level,
    /// How many there are: `1`, `0..1`, `0..40`.
    pub cardinality: &'static str,
    /// Code list or standard; empty where there is none.
    pub standard: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Whether the card has a member of this name for this row. A part or a computed row is made from other rows.
    pub held: bool,
}

/// What belongs to a card and travels outside it: in the claims of the message.
pub const IN_THE_MESSAGE: &[(&str, &str)] = &[
    ("subject_ref", "claim `subject_ref` of the message: stands for the person, one per recipient"),
    ("consent_refs", "claim `ground`, as `grant.record` and `grant.seq`"),
    ("legal_notice_version", "claim `ground`, as `grant.notice_hash`"),
];

/// Every row for `name`: two for a field with two levels, none for what is not on the card.
pub fn rows(name: &str) -> impl Iterator<Item = &'static Field> {
    super::table::FIELDS.iter().filter(move |field| field.name == name)
}
