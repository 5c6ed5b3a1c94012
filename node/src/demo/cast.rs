//! The four partners of the network and who works there. All of it is invented.

use staffetta_protocol::trust::Role;

use crate::access::AccessRole;

/// Somebody who works for a partner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colleague {
    /// The name of the account.
    pub(super) username: &'static str,
    /// As colleagues know her.
    pub(super) label: &'static str,
    /// What she may do.
    pub(super) role: AccessRole,
}

/// One partner and its node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partner {
    /// The folder of its node, below that of the demo.
    pub(super) folder: &'static str,
    /// The organisation.
    pub(super) organisation: &'static str,
    /// What it is, for the reader of the printout.
    pub(super) what: &'static str,
    /// What it is in the network.
    pub(super) roles: &'static [Role],
    /// The organisation's identifier.
    pub(super) organisation_id: &'static str,
    /// An address of the office.
    pub(super) contact: &'static str,
    /// Who works there. The first plays the story.
    pub(super) staff: &'static [Colleague],
}

const fn colleague(username: &'static str, label: &'static str, role: AccessRole) -> Colleague {
    Colleague { username, label, role }
}

/// The authority; it has the first port.
pub(super) const AUTHORITY: usize = 0;
/// The reception centre, which knows the person.
pub(super) const CENTRE: usize = 1;
/// The job centre, which takes her on.
pub(super) const JOB_CENTRE: usize = 2;
/// The social cooperative, which is granted nothing.
pub(super) const COOPERATIVE: usize = 3;

/// The partners, in the order of their ports.
pub(super) const PARTNERS: [Partner; 4] = [
    Partner {
        folder: "autorita",
        organisation: "Rete Lavoro Toscana — autorità",
        what: "autorità della rete",
        roles: &[Role::Authority],
        organisation_id: "ipa:rete_lavoro_toscana",
        contact: "rete@lavoro-toscana.example",
        staff: &[colleague("rete.admin", "Amministrazione della rete", AccessRole::Admin)],
    },
    Partner {
        folder: "centro-il-ponte",
        organisation: "Centro Il Ponte",
        what: "centro di accoglienza",
        roles: &[Role::ReceptionCentre],
        organisation_id: "vat:01234567897",
        contact: "accoglienza@il-ponte.example",
        staff: &[
            colleague("marta.conti", "Marta Conti", AccessRole::Operator),
            colleague("ponte.admin", "Amministrazione del nodo", AccessRole::Admin),
        ],
    },
    Partner {
        folder: "cpi-prato",
        organisation: "CPI Prato",
        what: "centro per l'impiego",
        roles: &[Role::Cpi],
        organisation_id: "ipa:cpi_po",
        contact: "sportello@cpi-prato.example",
        staff: &[
            colleague("paolo.neri", "Paolo Neri", AccessRole::Operator),
            colleague("cpi.admin", "Amministrazione del nodo", AccessRole::Admin),
        ],
    },
    Partner {
        folder: "cooperativa-filo-d-erba",
        organisation: "Cooperativa Filo d'Erba",
        what: "cooperativa sociale",
        // It also trains, so that its role alone would let it answer a referral.
        roles: &[Role::SocialEnterprise, Role::TrainingBody],
        organisation_id: "vat:09876543217",
        contact: "lavoro@filo-d-erba.example",
        staff: &[
            colleague("irene.galli", "Irene Galli", AccessRole::Operator),
            colleague("coop.admin", "Amministrazione del nodo", AccessRole::Admin),
        ],
    },
];

/// How a role is called in the printout.
pub(super) const fn role_in_italian(role: AccessRole) -> &'static str {
    match role {
        AccessRole::Operator => "operatore",
        AccessRole::Supervisor => "supervisore",
        AccessRole::CompanyUser => "impresa",
        AccessRole::Dpo => "responsabile della protezione dei dati",
        AccessRole::Admin => "amministratore del nodo",
        AccessRole::Evaluator => "valutatore",
    }
}

/// Somebody to accompany: invented, and another one at each telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newcomer {
    /// Given names.
    pub(super) given: &'static str,
    /// Family names.
    pub(super) family: &'static str,
    /// The language that she is spoken to in, ISO 639-3, and its name.
    pub(super) language: (&'static str, &'static str),
    /// Year of birth.
    pub(super) born: u16,
    /// Trade: ISCO-08 group, and what she can do.
    pub(super) trade: (&'static str, &'static str),
}

const GIVEN: [&str; 7] = ["Awa", "Samira", "Fatou", "Blessing", "Lamin", "Yusuf", "Nadia"];
const FAMILY: [&str; 5] = ["Diarra", "Haidari", "Sowe", "Okafor", "Traoré"];
const LANGUAGES: [(&str, &str); 3] = [("fra", "francese"), ("eng", "inglese"), ("ara", "arabo")];
const TRADES: [(&str, &str); 4] = [
    ("7531", "cuce a macchina e ripara capi"),
    ("9412", "aiuta in cucina"),
    ("6113", "cura orti e giardini"),
    ("8344", "guida il carrello elevatore"),
];

/// Who comes at the `told`-th telling: one who is accompanied, and two who change their minds, after and before
/// anything has left.
pub(super) fn newcomers(told: usize) -> [Newcomer; 3] {
    // The lengths have no common factor: it takes 35 people until a name comes again.
    [3 * told, 3 * told + 1, 3 * told + 2].map(|n| Newcomer {
        given: GIVEN[n % GIVEN.len()],
        family: FAMILY[n % FAMILY.len()],
        language: LANGUAGES[n % LANGUAGES.len()],
        born: 1984 + u16::try_from(n % 20).expect("a remainder of 20 fits"),
        trade: TRADES[n % TRADES.len()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_comes_twice_for_a_long_time() {
        let mut names: Vec<_> = (0..11).flat_map(newcomers).map(|one| (one.given, one.family)).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }
}
