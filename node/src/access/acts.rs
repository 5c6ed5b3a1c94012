//! What there is to be done at the desk, and who may do it: one table.

use super::AccessRole;

/// Something that is done at the desk. Only the table of this file implements it.
pub trait Act: sealed::Sealed + Send + Sync + 'static {
    /// Its dotted name.
    const NAME: &'static str;
    /// Who may do it.
    const ROLES: &'static [AccessRole];
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $text:literal [$($role:ident),+];)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl sealed::Sealed for $name {}

            impl Act for $name {
                const NAME: &'static str = $text;
                const ROLES: &'static [AccessRole] = &[$(AccessRole::$role),+];
            }
        )+

        /// The whole table: name, and who may.
        pub const ALL: &[(&str, &[AccessRole])] = &[$(($name::NAME, $name::ROLES)),+];
    };
}

acts! {
    /// Asking who one is.
    SignedIn = "session.read" [Operator, Supervisor, CompanyUser, Dpo, Admin, Evaluator];

    /// Finding and opening a person's record.
    ReadPeople = "people.read" [Operator, Supervisor, Dpo];
    /// Adding and changing a person's record.
    WritePeople = "people.write" [Operator, Supervisor];
    /// Opening a profiling card.
    ReadCards = "cards.read" [Operator, Supervisor, Dpo];
    /// Filling in a profiling card.
    WriteCards = "cards.write" [Operator, Supervisor];
    /// Seeing what a person agreed to.
    ReadConsents = "consents.read" [Operator, Supervisor, Dpo];
    /// Recording that a person agreed, or agrees no longer.
    WriteConsents = "consents.write" [Operator, Supervisor, Dpo];

    /// Asking another node about somebody without naming her.
    SendPreview = "previews.send" [Operator, Supervisor];
    /// Answering another node's preview.
    AnswerPreview = "previews.answer" [Operator, Supervisor];
    /// Handing a person on, and everything that the side which handed on may do afterwards.
    SendReferral = "referrals.send" [Operator, Supervisor];
    /// Accepting, declining, closing: what the side that received does.
    DecideReferral = "referrals.decide" [Operator, Supervisor];
    /// Taking out what an accepted referral brought, for the office's own system.
    ExportReferral = "referrals.export" [Operator, Supervisor];
    /// Recording what the office did for a person that it took on: declaration, agreement, policies.
    RecordOffice = "referrals.record" [Operator, Supervisor];
    /// Following previews and referrals, of both sides.
    ReadReferrals = "referrals.read" [Operator, Supervisor, Dpo];

    /// Seeing the other members of the network.
    ReadPeers = "peers.read" [Operator, Supervisor, Dpo, Admin];
    /// Seeing what waits to leave, by id and state.
    ReadQueue = "queue.read" [Supervisor, Dpo, Admin];
    /// Striking or waking what waits to leave.
    WriteQueue = "queue.write" [Supervisor, Admin];
    /// Seeing what was sent to whom, and on which ground.
    ReadDisclosures = "disclosures.read" [Operator, Supervisor, Dpo];
    /// Reading the record of every act.
    ReadJournal = "journal.read" [Dpo, Admin];

    /// Taking on and letting go, issuing tokens.
    ManageStaff = "staff.manage" [Admin];
    /// Admitting, suspending and expelling members, at the network authority.
    ManageMembers = "members.manage" [Admin];
    /// Rotating this node's keys.
    ManageKeys = "keys.manage" [Admin];
}
