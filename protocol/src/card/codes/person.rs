//! Sections A, B, C, J and M: answers about the person herself.

use crate::card::shape::codes;

codes! {
    /// A plain question.
    YesNo default NotAsked {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Whether the recipient already follows the person, as she tells it.
    Known default Unknown {
        /// She says so.
        Yes = "yes",
        /// She says not.
        No = "no",
        /// Never asked.
        NotAsked = "not_asked",
        /// She does not know, or nobody noted it.
        Unknown = "unknown",
    }
}

codes! {
    /// How an interpreter takes part.
    InterpreterMode default NotAsked {
        /// In the room.
        InPerson = "in_person",
        /// By telephone.
        Phone = "phone",
        /// By video.
        Video = "video",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// How written information reaches the person.
    LiteracyMode default NotAsked {
        /// Reads a language of her own.
        ReadsOwnLanguage = "reads_own_language",
        /// Reads the Latin script.
        ReadsLatin = "reads_latin",
        /// Needs to hear it.
        NeedsOral = "needs_oral",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Minority, for guardianship.
    Minor default NotAsked {
        /// An adult.
        No = "no",
        /// Under 18: the guardian consents, the minor assents.
        Yes = "yes",
        /// Being established; treated as yes.
        UnderAssessment = "under_assessment",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// The right to work, in full.
    WorkAuthorised default ToCheck {
        /// May work.
        Yes = "yes",
        /// To be verified.
        ToCheck = "to_check",
        /// Not yet.
        NotYet = "not_yet",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// The right to work as a preview tells it: all but *yes* crosses as *to check*.
    PreviewWorkAuthorised default ToCheck {
        /// May work.
        Yes = "yes",
        /// To be verified.
        ToCheck = "to_check",
    }
}

codes! {
    /// Until when the right to work lasts, where it is not a plain date.
    UntilKind {
        /// Until `date`.
        Date = "date",
        /// The answer of the authority is awaited.
        Waiting = "waiting",
        /// Without end.
        Permanent = "permanent",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// State of the declaration of immediate availability (DID, d.lgs. 150/2015).
    DidState default NotAsked {
        /// Not made.
        None = "none",
        /// Handed in.
        Submitted = "submitted",
        /// In force.
        Active = "active",
        /// Suspended.
        Suspended = "suspended",
        /// Ended.
        Ceased = "ceased",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// What the person asks for: requests, not diagnoses.
    SupportRequest {
        /// A language course.
        LanguageCourse = "language_course",
        /// Intercultural mediation.
        Mediation = "mediation",
        /// Information on child care.
        ChildcareInfo = "childcare_info",
        /// Getting about.
        Transport = "transport",
        /// Digital skills.
        Digital = "digital",
        /// Papers.
        Docs = "docs",
        /// An internship.
        Internship = "internship",
        /// Certification of skills.
        Certification = "certification",
        /// Information on housing.
        HousingInfo = "housing_info",
        /// Nothing.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Who takes a step.
    StepOwner default Unknown {
        /// The person herself.
        Person = "person",
        /// The operator.
        Operator = "operator",
        /// The job centre.
        Cpi = "cpi",
        /// Somebody else.
        Other = "other",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Where a field of the card comes from.
    SourceKind {
        /// The person.
        Person = "self",
        /// The operator.
        Operator = "operator",
        /// A document.
        Document = "document",
        /// Somebody else.
        Third = "third",
        /// A mediator, in her own knowledge and not as an interpreter of the person.
        Mediator = "mediator",
        /// A guardian.
        Guardian = "guardian",
    }
}
