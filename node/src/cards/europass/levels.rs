//! Levels of a language, ability by ability.

use staffetta_protocol::card::Proficiency;
use staffetta_protocol::card::codes::Cefr;

/// A level for each of the five abilities that both sides know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Levels {
    pub(super) listening: Cefr,
    pub(super) reading: Cefr,
    pub(super) interaction: Cefr,
    pub(super) production: Cefr,
    pub(super) writing: Cefr,
}

impl Levels {
    /// As the card has them: where all are the same, one level for all abilities, which says no less.
    pub(super) fn proficiency(self) -> Proficiency {
        let Self { listening, reading, interaction, production, writing } = self;
        if [reading, interaction, production, writing].iter().all(|level| *level == listening) {
            return Proficiency::Overall { level: listening };
        }
        Proficiency::ByAbility { listening, reading, interaction, production, writing }
    }

    /// The levels of a proficiency.
    pub(super) fn of(proficiency: &Proficiency) -> Self {
        match *proficiency {
            Proficiency::Overall { level } => {
                Self { listening: level, reading: level, interaction: level, production: level, writing: level }
            }
            Proficiency::ByAbility { listening, reading, interaction, production, writing } => {
                Self { listening, reading, interaction, production, writing }
            }
        }
    }
}
