//! What there is to be done at the desk, and who may do it: one table.
//!
//! A row: the act; its dotted name, which ends in `read` where nothing is changed; the roles of accounts that may do it;
//! and for an act on somebody's case, after `in`, the functions in the case's team that it takes. Where `Trainee` is
//! among them, what a trainee changes waits for her supervisor's countersignature; where it is not, whoever has the mark of
//! one who learns changes nothing, whatever her function.

use super::AccessRole;
use super::cases::Function;

/// Something that is done at the desk. Only the table of this file implements it.
pub trait Act: sealed::Sealed + Send + Sync + 'static {
    /// Its dotted name.
    const NAME: &'static str;
    /// Who may do it.
    const ROLES: &'static [AccessRole];
    /// Whoever does it in a case needs one of these functions there; none where it is about no case.
    const FUNCTIONS: &'static [Function];
}

/// What may be done in a session that is not wholly in: nothing but the steps of the door.
pub(super) const OF_THE_DOOR: &[&str] = &[SignedIn::NAME, OwnAccount::NAME];

/// What goes on while processing is restricted: what the person's rights need, and taking a consent back.
pub(super) const DESPITE_RESTRICTION: &[&str] = &[
    ReadRights::NAME,
    WriteRights::NAME,
    AnswerRights::NAME,
    ExportPerson::NAME,
    ReadConsents::NAME,
    EndConsents::NAME,
];

mod sealed {
    pub trait Sealed {}
}

/// The functions that do anything that is done for a person as a whole.
const ANY: &[Function] = Function::ALL;

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $text:literal [$($role:ident),+] $(in $functions:tt)?;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl sealed::Sealed for $name {}

            impl Act for $name {
                const NAME: &'static str = $text;
                const ROLES: &'static [AccessRole] = &[$(AccessRole::$role),+];
                const FUNCTIONS: &'static [Function] = acts!(@functions $($functions)?);
            }
        )+

        /// The whole table: name, and who may.
        pub const ALL: &[(&str, &[AccessRole])] = &[$(($name::NAME, $name::ROLES)),+];

        /// For the acts on a case: name, and the functions that it takes.
        pub const IN_CASES: &[(&str, &[Function])] = &[$(($name::NAME, $name::FUNCTIONS)),+];
    };
    (@functions) => { &[] };
    (@functions ANY) => { ANY };
    (@functions [$($function:ident),+]) => { &[$(Function::$function),+] };
}

/// Whether the act of that name changes nothing.
pub fn only_reads(name: &str) -> bool {
    name.ends_with(".read")
}

acts! {
    /// Asking who one is.
    SignedIn = "session.read" [Operator, Supervisor, CompanyUser, Dpo, Admin, Evaluator];
    /// Taking the next step of the door, and changing what one gets in with.
    OwnAccount = "session.write" [Operator, Supervisor, CompanyUser, Dpo, Admin, Evaluator];
    /// Making tokens for oneself, narrower than oneself.
    OwnTokens = "session.tokens" [Operator, Supervisor, CompanyUser, Dpo, Admin, Evaluator];

    /// Finding and opening a person's record.
    ReadPeople = "people.read" [Operator, Supervisor, Dpo] in ANY;
    /// Adding and changing a person's record.
    WritePeople = "people.write" [Operator, Supervisor] in [CaseOperator, SocialWorker];
    /// Putting two records of one person together.
    MergePeople = "people.merge" [Supervisor];
    /// Opening a profiling card: the sections that one's function reads.
    ReadCards = "cards.read" [Operator, Supervisor, Dpo] in ANY;
    /// Filling in a profiling card: the sections that one's function writes.
    WriteCards = "cards.write" [Operator, Supervisor]
        in [CaseOperator, Psychologist, Mediator, Legal, JobTutor, PlanMentor, SocialWorker, Trainee];
    /// Seeing a person's documents, and taking copies of their files.
    ReadDocuments = "documents.read" [Operator, Supervisor, Dpo] in [CaseOperator, Legal, JobTutor, SocialWorker];
    /// Entering and deleting a person's documents.
    WriteDocuments = "documents.write" [Operator, Supervisor] in [CaseOperator, Legal, SocialWorker];
    /// Seeing a person's skills assessments.
    ReadAssessments = "assessments.read" [Operator, Supervisor, Dpo]
        in [CaseOperator, Psychologist, JobTutor, PlanMentor, Trainee];
    /// Making a skills assessment with a person.
    WriteAssessments = "assessments.write" [Operator, Supervisor]
        in [CaseOperator, Psychologist, JobTutor, PlanMentor, Trainee];
    /// Opening counselling notes: only who counsels in the case, or wrote them, gets further.
    ReadCounselling = "counselling.read" [Operator, Supervisor] in ANY;
    /// Writing counselling notes: only who counsels in the case gets further.
    WriteCounselling = "counselling.write" [Operator, Supervisor] in [Psychologist];
    /// Seeing what a person agreed to.
    ReadConsents = "consents.read" [Operator, Supervisor, Dpo]
        in [CaseOperator, Psychologist, Mediator, Legal, JobTutor, PlanMentor, SocialWorker];
    /// Asking a person, and recording what she agreed to.
    WriteConsents = "consents.write" [Operator, Supervisor, Dpo] in [CaseOperator, Mediator, Legal, SocialWorker];
    /// Recording that a person takes back what she agreed to, and seeing that everybody who has it is told.
    EndConsents = "consents.end" [Operator, Supervisor, Dpo] in [CaseOperator, Mediator, Legal, SocialWorker];

    /// Seeing what a person asked for as a right of hers, and what she was answered.
    ReadRights = "rights.read" [Operator, Supervisor, Dpo] in [CaseOperator, Legal, SocialWorker];
    /// Taking down what a person asks for as a right of hers.
    WriteRights = "rights.write" [Operator, Supervisor, Dpo] in [CaseOperator, Legal, SocialWorker];
    /// Answering it, and what follows from the answer.
    AnswerRights = "rights.answer" [Dpo] in [CaseOperator, Legal, SocialWorker];
    /// Taking out everything that is held about a person, for herself.
    ExportPerson = "rights.export" [Dpo] in [CaseOperator, Legal, SocialWorker];
    /// Reading the register of processing.
    ReadRegister = "register.read" [Supervisor, Dpo, Admin];
    /// Reading what was deleted because its time had come.
    ReadRetention = "retention.read" [Dpo, Admin];

    /// Reading what people are told, for what data are used, and for whom.
    ReadNotices = "notices.read" [Operator, Supervisor, Dpo, Admin];
    /// Writing what people are told, and saying for whom this node acts.
    ManageNotices = "notices.manage" [Dpo, Admin];

    /// Asking another node about somebody without naming her.
    SendPreview = "previews.send" [Operator, Supervisor] in [CaseOperator, JobTutor, PlanMentor, SocialWorker];
    /// Answering another node's preview.
    AnswerPreview = "previews.answer" [Operator, Supervisor] in [CaseOperator, JobTutor, PlanMentor, SocialWorker];
    /// Handing a person on, and everything that the side which handed on may do afterwards.
    SendReferral = "referrals.send" [Operator, Supervisor] in [CaseOperator, JobTutor, PlanMentor, SocialWorker];
    /// Accepting, declining, closing: what the side that received does.
    DecideReferral = "referrals.decide" [Operator, Supervisor] in [CaseOperator, JobTutor, PlanMentor, SocialWorker];
    /// Offering a person's record to another body, and what follows once it was handed over.
    SendTransfer = "transfers.send" [Operator, Supervisor] in [CaseOperator, SocialWorker];
    /// Taking over a record that another body offers, or not.
    DecideTransfer = "transfers.decide" [Operator, Supervisor] in [CaseOperator, SocialWorker];
    /// Taking out what an accepted referral brought, for the office's own system.
    ExportReferral = "referrals.export" [Operator, Supervisor] in [CaseOperator, JobTutor];
    /// Recording what the office did for a person that it took on: declaration, agreement, policies.
    RecordOffice = "referrals.record" [Operator, Supervisor] in [CaseOperator, JobTutor, PlanMentor, SocialWorker];
    /// Following previews and referrals, of both sides.
    ReadReferrals = "referrals.read" [Operator, Supervisor, Dpo]
        in [CaseOperator, Psychologist, Mediator, Legal, JobTutor, PlanMentor, SocialWorker, Trainee];

    /// Seeing who works on which case: names of colleagues, nothing about the person.
    ReadCases = "cases.read" [Operator, Supervisor, Dpo];
    /// Putting colleagues on a case and handing it over: its lead and deputy, and whoever answers for the operators.
    ManageCases = "cases.manage" [Operator, Supervisor];
    /// Looking at a case of others, for a reason and a time.
    BreakGlass = "glass.break" [Operator, Supervisor];
    /// Seeing and reviewing who broke the glass.
    ReviewGlass = "glass.review" [Dpo];
    /// Putting one's name to what a trainee did.
    Countersign = "trainees.countersign" [Operator, Supervisor];

    /// Seeing the offices of this node and of partners.
    ReadOffices = "offices.read" [Operator, Supervisor, Dpo, Admin];
    /// Entering and changing this node's own offices.
    WriteOffices = "offices.write" [Supervisor, Admin];
    /// Entering and changing partners' offices in the address book.
    WriteAddressBook = "addressbook.write" [Operator, Supervisor, Admin];

    /// Seeing what the node asks somebody to see to: of one's own cases, or of one's office.
    ReadTasks = "tasks.read" [Operator, Supervisor, Dpo, Admin];
    /// Saying that it is done.
    DoTasks = "tasks.write" [Operator, Supervisor, Dpo, Admin];

    /// Seeing the other members of the network.
    ReadPeers = "peers.read" [Operator, Supervisor, Dpo, Admin];
    /// Seeing what waits to leave, by id and state.
    ReadQueue = "queue.read" [Supervisor, Dpo, Admin];
    /// Striking or waking what waits to leave.
    WriteQueue = "queue.write" [Supervisor, Admin];
    /// Seeing what was sent to whom, and on which ground.
    ReadDisclosures = "disclosures.read" [Operator, Supervisor, Dpo]
        in [CaseOperator, Mediator, Legal, SocialWorker];
    /// Reading the record of every act.
    ReadJournal = "journal.read" [Dpo, Admin];

    /// Taking on and letting go, issuing tokens.
    ManageStaff = "staff.manage" [Admin];
    /// Admitting, suspending and expelling members, at the network authority.
    ManageMembers = "members.manage" [Admin];
    /// Rotating this node's keys.
    ManageKeys = "keys.manage" [Admin];
}
