//! Which role may send which type of message to which role.
//!
//! Types are named by text (`referral.sent` or `referral.sent.v1`), so that trust does not depend on what messages
//! contain. A type without a row is permitted to nobody. Who is on which side of a *thread* is judged elsewhere; here
//! it is only what an organisation is.

use super::role::{Role, Roles};

/// A part in the traffic of the network, held by several roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Refers people.
    Opener,
    /// Takes people in charge.
    Taker,
    /// Owns openings, hosts internships.
    Owner,
    /// Promotes internships.
    Promoter,
    /// Runs courses and workshops.
    Organiser,
    /// May propose people to the owner of an opening: takers, and openers with the person's express yes.
    Proposer,
    /// Answers requests that concern no person: associations and employment centres.
    Consultant,
    /// Anybody but the authority.
    Member,
    /// Anybody.
    Any,
}

impl Side {
    /// Whether a role is on this side.
    pub const fn includes(self, role: Role) -> bool {
        match self {
            Self::Opener => matches!(role, Role::ReceptionCentre | Role::Association | Role::Municipality),
            Self::Taker => matches!(role, Role::Cpi | Role::Association | Role::TrainingBody),
            Self::Owner => {
                matches!(role, Role::SocialEnterprise | Role::Association | Role::TrainingBody | Role::CompanyRegistry)
            }
            Self::Promoter => matches!(role, Role::Cpi | Role::Association | Role::TrainingBody),
            Self::Organiser => {
                matches!(role, Role::TrainingBody | Role::Association | Role::SocialEnterprise | Role::Cpi)
            }
            Self::Proposer => Self::Opener.includes(role) || Self::Taker.includes(role),
            Self::Consultant => matches!(role, Role::Association | Role::Cpi),
            Self::Member => !matches!(role, Role::Authority),
            Self::Any => true,
        }
    }

    fn held_by(self, roles: &Roles) -> bool {
        matches!(self, Self::Any) || roles.iter().any(|role| self.includes(*role))
    }
}

/// Types that pass also from and to a limited member; receipts, reconciliation and catalogue reading are not
/// messages and pass as well.
pub const LIMITED_MAY_SEND: &[&str] = &["consent.withdrawn", "consent.withdrawal-answered"];

/// From which side to which, for one type without its version.
fn rows(name: &str) -> &'static [(Side, Side)] {
    use Side::{Any, Consultant, Member, Opener, Organiser, Owner, Promoter, Proposer, Taker};
    match name {
        "card.preview"
        | "referral.sent"
        | "referral.info-provided"
        | "referral.reopened"
        | "referral.withdrawn"
        | "referral.holder-changed" => &[(Opener, Taker)],
        "card.preview-answered"
        | "referral.info-requested"
        | "referral.accepted"
        | "referral.declined"
        | "referral.progressed"
        | "referral.closed" => &[(Taker, Opener)],
        "card.updated" | "contact.released" => &[(Member, Taker), (Member, Owner), (Member, Organiser)],
        "consent.withdrawn" | "consent.withdrawal-answered" => &[(Any, Any)],
        "candidacy.proposed" | "candidacy.withdrawn" => &[(Proposer, Owner)],
        "candidacy.held" | "candidacy.accepted" | "candidacy.declined" | "candidacy.expired" => &[(Owner, Proposer)],
        "internship.event" => &[(Promoter, Owner), (Owner, Promoter)],
        "enrolment.proposed" => &[(Member, Organiser)],
        "enrolment.answered" => &[(Organiser, Member)],
        "card.transferred" => &[(Member, Opener)],
        "card.transfer-answered" => &[(Opener, Member)],
        _ if name.starts_with("mediation.") || name.starts_with("company-ticket.") => &[(Any, Consultant)],
        _ => &[],
    }
}

/// `referral.sent` of `referral.sent.v1`.
fn without_version(name: &str) -> &str {
    match name.rsplit_once(".v") {
        Some((bare, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => bare,
        _ => name,
    }
}

/// Whether a member with the roles `from` may send a message of type `name` to one with the roles `to`. Asked by the
/// sender before it queues and by the receiver before it takes.
pub fn may_send(name: &str, from: &Roles, to: &Roles) -> bool {
    rows(without_version(name)).iter().any(|(sender, recipient)| sender.held_by(from) && recipient.held_by(to))
}

/// Whether a group of the card, by its code, may cross to a member with the roles `to`. What formal acts demand goes to
/// employment centres only. Asked by the sender before it queues and by the receiver before it takes.
pub fn may_receive(group: &str, to: &Roles) -> bool {
    group != "g.formalities" || to.contains(&Role::Cpi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_formal_acts_demand_goes_to_employment_centres_only() {
        for role in Role::ALL {
            assert_eq!(may_receive("g.formalities", &one(role)), role == Role::Cpi, "{role}");
            assert!(may_receive("g.documents", &one(role)));
        }
        assert!(may_receive("g.formalities", &Roles::from([Role::Association, Role::Cpi])));
    }

    fn one(role: Role) -> Roles {
        Roles::from([role])
    }

    /// Which pairs of single roles a type permits, written `from>to`.
    fn pairs(name: &str) -> Vec<String> {
        let mut found = Vec::new();
        for from in Role::ALL {
            for to in Role::ALL {
                if may_send(name, &one(from), &one(to)) {
                    found.push(format!("{from}>{to}"));
                }
            }
        }
        found
    }

    #[test]
    fn a_referral_goes_from_opener_to_taker_and_its_answers_back() {
        let there = [
            "reception_centre>cpi",
            "reception_centre>association",
            "reception_centre>training_body",
            "association>cpi",
            "association>association",
            "association>training_body",
            "municipality>cpi",
            "municipality>association",
            "municipality>training_body",
        ];
        for name in ["card.preview", "referral.sent", "referral.sent.v1", "referral.withdrawn.v12"] {
            assert_eq!(pairs(name), there, "{name}");
        }
        let mut back: Vec<_> =
            there.iter().map(|p| p.split_once('>').unwrap()).map(|(a, b)| format!("{b}>{a}")).collect();
        back.sort();
        for name in ["card.preview-answered", "referral.accepted.v1", "referral.closed", "referral.info-requested"] {
            let mut found = pairs(name);
            found.sort();
            assert_eq!(found, back, "{name}");
        }
    }

    #[test]
    fn the_other_types_keep_to_their_rows() {
        for (name, from, to, permitted) in [
            ("consent.withdrawn.v1", Role::Authority, Role::SocialEnterprise, true),
            ("candidacy.proposed.v1", Role::Cpi, Role::SocialEnterprise, true),
            ("candidacy.proposed.v1", Role::SocialEnterprise, Role::CompanyRegistry, false),
            ("candidacy.accepted.v1", Role::CompanyRegistry, Role::Municipality, true),
            ("internship.event.v1", Role::Cpi, Role::SocialEnterprise, true),
            ("internship.event.v1", Role::SocialEnterprise, Role::Cpi, true),
            ("internship.event.v1", Role::SocialEnterprise, Role::CompanyRegistry, false),
            ("internship.event.v1", Role::ReceptionCentre, Role::SocialEnterprise, false),
            ("enrolment.proposed.v1", Role::Authority, Role::Cpi, false),
            ("enrolment.proposed.v1", Role::CompanyRegistry, Role::TrainingBody, true),
            ("card.updated.v1", Role::Authority, Role::Cpi, false),
            ("contact.released.v1", Role::ReceptionCentre, Role::Cpi, true),
            ("card.transferred.v1", Role::ReceptionCentre, Role::Municipality, true),
            ("card.transferred.v1", Role::ReceptionCentre, Role::Cpi, false),
            ("card.transferred.v1", Role::Authority, Role::Association, false),
            ("card.transfer-answered.v1", Role::Municipality, Role::ReceptionCentre, true),
            ("card.transfer-answered.v1", Role::Cpi, Role::ReceptionCentre, false),
            ("referral.holder-changed.v1", Role::ReceptionCentre, Role::Cpi, true),
            ("referral.holder-changed.v1", Role::Cpi, Role::ReceptionCentre, false),
            ("mediation.requested.v1", Role::Authority, Role::Association, true),
            ("mediation.requested.v1", Role::Cpi, Role::Municipality, false),
        ] {
            assert_eq!(may_send(name, &one(from), &one(to)), permitted, "{name} {from} {to}");
        }
    }

    #[test]
    fn an_unknown_type_or_no_role_is_permitted_nothing() {
        for name in ["", "referral", "referral.sent.vx", "referral.sent.v", "referral.sent2", "card.stolen.v1"] {
            assert_eq!(pairs(name), Vec::<String>::new(), "{name}");
        }
        assert!(!may_send("referral.sent.v1", &Roles::new(), &one(Role::Cpi)));
        assert!(may_send("consent.withdrawn.v1", &Roles::new(), &Roles::new()), "a recall needs no role");
    }
}
