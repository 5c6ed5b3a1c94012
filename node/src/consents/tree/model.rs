//! What is known of an answer to a recall, and what follows for this node's own: both sides of the conversation.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use staffetta_protocol::card::{Day, Text};
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::data::{Below, BelowStatus, GroupAnswer, GroupOutcome, RetentionBasis};
use staffetta_protocol::trust::{Role, Roles};

/// Recipients that one answer tells of, at most: the bound of the message.
const MOST: usize = 200;

/// What a recipient has answered so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The newest version that came; 0 before any.
    pub version: u32,
    /// Whether it and all below it have answered.
    pub complete: bool,
    /// Those below it.
    pub below: Vec<Below>,
    /// It answers no more, and was told by other means.
    pub elsewhere: bool,
}

impl Known {
    /// Takes an answer, if it is newer than what is known. Answers may come again, and after a restored backup in any
    /// order: the highest version counts.
    pub fn hears(&mut self, version: u32, complete: bool, below: &[Below]) -> bool {
        if version <= self.version {
            return false;
        }
        self.version = version;
        self.complete = complete;
        self.below = below.to_vec();
        true
    }

    /// As those above are told. An answer counts, also where somebody had reached it by other means before.
    pub const fn status(&self) -> BelowStatus {
        match (self.version, self.complete, self.elsewhere) {
            (_, true, _) => BelowStatus::Complete,
            (_, false, true) => BelowStatus::OtherChannel,
            (0, false, false) => BelowStatus::Pending,
            (_, false, false) => BelowStatus::Answered,
        }
    }

    /// Whether nothing more is waited for.
    pub const fn is_settled(&self) -> bool {
        matches!(self.status(), BelowStatus::Complete | BelowStatus::OtherChannel)
    }
}

/// What an answer of this node says of the recipients below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Says {
    /// Whether all have answered.
    pub complete: bool,
    /// Each by role and status, in no order that tells more than these.
    pub below: Vec<Below>,
}

impl Says {
    /// From what is known of each recipient of this node's own, by its role. What these say of those below them comes
    /// with it, so that every node of the tree stands in the answer of each above it.
    pub(super) fn of(recipients: &[(Role, Known)]) -> Self {
        let mut below: Vec<Below> = recipients
            .iter()
            .flat_map(|(role, known)| {
                let own = Below { role: *role, status: known.status() };
                // Whoever was reached by other means tells nothing more of those below it.
                let under = known.below.iter().copied().filter(|_| known.status() != BelowStatus::OtherChannel);
                std::iter::once(own).chain(under)
            })
            .collect();
        below.sort_by_key(|it| (it.role, it.status.code()));
        let complete = recipients.iter().all(|(_, known)| known.is_settled());
        // Beyond what the message holds those that are still waited for come first, since they matter.
        if below.len() > MOST {
            below.sort_by_key(|it| matches!(it.status, BelowStatus::Complete | BelowStatus::OtherChannel));
            below.truncate(MOST);
        }
        Self { complete, below }
    }
}

/// What a node does with each group that it received under a withdrawn record: erased, unless something else is said.
pub(super) fn outcomes(
    received: impl IntoIterator<Item = Group>,
    kept: &BTreeMap<Group, GroupOutcome>,
) -> Vec<GroupAnswer> {
    let received: std::collections::BTreeSet<Group> = received.into_iter().collect();
    let outcome = |group: &Group| match kept.get(group) {
        // What no office may keep is erased, whatever somebody above thinks.
        Some(GroupOutcome::RetainedOwnBasis { .. }) if !may_be_kept(*group) => GroupOutcome::Erased {},
        Some(outcome) => outcome.clone(),
        None => GroupOutcome::Erased {},
    };
    received.iter().map(|group| GroupAnswer { group: *group, outcome: outcome(group) }).collect()
}

/// Whether a recipient may keep the group on a basis of its own.
pub(super) const fn may_be_kept(group: Group) -> bool {
    !matches!(group, Group::Preview | Group::Needs | Group::Adjustments)
}

/// As what a recipient appears where its name is not told: the role in which it received, or its first.
pub(in crate::consents) fn role_of(roles: Option<&Roles>, purpose: Purpose) -> Role {
    let (expected, others): (Role, &[Role]) = match purpose {
        Purpose::P4 => (Role::SocialEnterprise, &[Role::Association, Role::TrainingBody, Role::CompanyRegistry]),
        Purpose::P6 | Purpose::P11 => (Role::TrainingBody, &[Role::Association, Role::SocialEnterprise, Role::Cpi]),
        Purpose::P12 => (Role::ReceptionCentre, &[Role::Association, Role::Municipality]),
        _ => (Role::Cpi, &[Role::Association, Role::TrainingBody]),
    };
    let Some(roles) = roles else { return expected };
    let fits = std::iter::once(&expected).chain(others).find(|role| roles.contains(role));
    fits.or_else(|| roles.iter().next()).copied().unwrap_or(expected)
}

/// How deep a withdrawal is that is passed on. One that does not say how deep it came is the first.
pub(in crate::consents) fn one_deeper(came: Option<u32>) -> u32 {
    came.unwrap_or(1).max(1).saturating_add(1)
}

/// That a group is kept as the recipient's own, until `years` after `from`.
pub fn kept_until(basis: RetentionBasis, from: DateTime<Utc>, years: u32, reason: &str) -> Option<GroupOutcome> {
    let until: NaiveDate = from.date_naive().checked_add_months(chrono::Months::new(12 * years))?;
    let until = Day::new(until).ok()?;
    Some(GroupOutcome::RetainedOwnBasis { basis, until, reason: Text::new(reason).ok()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn below(role: usize, status: usize) -> Below {
        Below { role: Role::ALL[role % 7], status: BelowStatus::ALL[status % 4] }
    }

    fn any_known() -> impl Strategy<Value = Known> {
        let under = prop::collection::vec((0..7_usize, 0..4_usize), 0..4);
        (0..4_u32, any::<bool>(), any::<bool>(), under).prop_map(|(version, done, elsewhere, under)| {
            let all: Vec<Below> = under.into_iter().map(|(role, status)| below(role, status)).collect();
            let complete = done && version > 0;
            // Who says that all have answered has nobody below that has not: the message is refused otherwise.
            let settled = |it: &Below| matches!(it.status, BelowStatus::Complete | BelowStatus::OtherChannel);
            let under = all.into_iter().filter(|it| !complete || settled(it)).collect();
            Known { version, complete, elsewhere, below: under }
        })
    }

    #[test]
    fn an_answer_counts_before_what_somebody_did_by_telephone() {
        let mut known = Known { elsewhere: true, ..Known::default() };
        assert_eq!((known.status(), known.is_settled()), (BelowStatus::OtherChannel, true));
        assert!(known.hears(1, false, &[]));
        assert_eq!(known.status(), BelowStatus::OtherChannel, "those below it may still be missing");
        assert!(known.hears(2, true, &[]));
        assert_eq!(known.status(), BelowStatus::Complete);
    }

    #[test]
    fn what_may_not_be_kept_is_erased_whatever_is_said() {
        let day = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let kept = kept_until(RetentionBasis::Did, day, 2, "x").unwrap();
        let all: BTreeMap<Group, GroupOutcome> =
            [Group::Preview, Group::Identity].into_iter().map(|group| (group, kept.clone())).collect();
        let answers = outcomes([Group::Preview, Group::Identity, Group::Contact, Group::Contact], &all);
        let erased: Vec<Group> =
            answers.iter().filter(|it| it.outcome == GroupOutcome::Erased {}).map(|it| it.group).collect();
        assert_eq!((erased, answers.len()), (vec![Group::Preview, Group::Contact], 3));
    }

    #[test]
    fn a_recipient_appears_in_the_role_in_which_it_received() {
        let both = Roles::from([Role::ReceptionCentre, Role::Association]);
        assert_eq!(role_of(Some(&both), Purpose::P2), Role::Association);
        assert_eq!(role_of(Some(&both), Purpose::P12), Role::ReceptionCentre);
        assert_eq!(role_of(None, Purpose::P2), Role::Cpi);
        assert_eq!(role_of(Some(&Roles::from([Role::Municipality])), Purpose::P2), Role::Municipality);
    }

    proptest! {
        /// Answers come again, late and in any order: what is known is what the newest said, and is told once.
        #[test]
        fn the_newest_answer_counts_in_whatever_order_they_come(
            said in prop::collection::vec((any::<bool>(), 0..4_usize), 1..6),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        ) {
            let answer = |version: usize| (u32::try_from(version).unwrap() + 1, said[version].0, [below(version, said[version].1)]);
            let mut known = Known::default();
            let mut newest = None;
            for index in order {
                let at = index.index(said.len());
                let (version, complete, under) = answer(at);
                let news = newest.is_none_or(|newest| at > newest);
                prop_assert_eq!(known.hears(version, complete, &under), news);
                newest = newest.max(Some(at));
                let (version, complete, under) = answer(newest.unwrap());
                prop_assert_eq!((known.version, known.complete, known.below.clone()), (version, complete, under.to_vec()));
            }
        }

        /// What this node says fits the closed message: complete only with nobody missing anywhere below.
        #[test]
        fn complete_means_that_nobody_below_is_missing(all in prop::collection::vec((0..7_usize, any_known()), 0..90)) {
            let recipients: Vec<(Role, Known)> = all.into_iter().map(|(role, known)| (Role::ALL[role], known)).collect();
            let says = Says::of(&recipients);
            let missing = |it: &Below| matches!(it.status, BelowStatus::Pending | BelowStatus::Answered);
            prop_assert_eq!(says.complete, recipients.iter().all(|(_, known)| known.is_settled()));
            prop_assert!(!(says.complete && says.below.iter().any(missing)));
            prop_assert!(says.below.len() <= MOST && says.below.len() >= recipients.len().min(MOST));
            let mut turned = recipients.clone();
            turned.reverse();
            if says.below.len() < MOST {
                prop_assert_eq!(Says::of(&turned), says, "whoever was told first does not show");
            }
        }
    }
}
