//! Sections D to G and digital skills: what she knows and can do.

use crate::card::shape::codes;

codes! {
    /// A level of the CEFR; `pre_a1` lies below A1.
    Cefr default NotAsked {
        /// Below A1.
        PreA1 = "pre_a1",
        /// A1.
        A1 = "a1",
        /// A2.
        A2 = "a2",
        /// B1.
        B1 = "b1",
        /// B2.
        B2 = "b2",
        /// C1.
        C1 = "c1",
        /// C2.
        C2 = "c2",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Level of education, ISCED 2011 (CL15).
    EducationLevel default NotAsked {
        /// Early childhood education, or none completed.
        Isced0 = "isced_0",
        /// Primary.
        Isced1 = "isced_1",
        /// Lower secondary.
        Isced2 = "isced_2",
        /// Upper secondary.
        Isced3 = "isced_3",
        /// Post-secondary, not tertiary.
        Isced4 = "isced_4",
        /// Short-cycle tertiary.
        Isced5 = "isced_5",
        /// Bachelor or equivalent.
        Isced6 = "isced_6",
        /// Master or equivalent.
        Isced7 = "isced_7",
        /// Doctorate or equivalent.
        Isced8 = "isced_8",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Recognition of a foreign title in Italy.
    Recognition default NotAsked {
        /// Recognised.
        Yes = "yes",
        /// Not recognised.
        No = "no",
        /// Asked for.
        InProgress = "in_progress",
        /// A *dichiarazione di valore* exists.
        DichiarazioneValore = "dichiarazione_valore",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// The setting in which somebody worked.
    WorkSetting default NotAsked {
        /// With a contract.
        Formal = "formal",
        /// Without one.
        Informal = "informal",
        /// For the family.
        Family = "family",
        /// As a volunteer.
        Volunteer = "volunteer",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// How well a skill is mastered.
    SkillLevel default NotAsked {
        /// With guidance.
        Basic = "basic",
        /// Alone.
        Independent = "independent",
        /// Well enough to teach it.
        Expert = "expert",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// How a skill is known.
    SkillSource default Unknown {
        /// The person says so.
        SelfDeclared = "self",
        /// Somebody saw it.
        Observed = "observed",
        /// It was tested.
        Tested = "tested",
        /// It is certified.
        Certified = "certified",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// The pile that a skill belongs to: what can be certified now, what an internship would validate, and the rest.
    Pile default DeclaredOnly {
        /// Can be certified as it stands.
        CertifiableNow = "certifiable_now",
        /// To be validated through an internship.
        ValidateByInternship = "validate_by_internship",
        /// Needs training first.
        NeedsTraining = "needs_training",
        /// Said, and not yet understood.
        DeclaredOnly = "declared_only",
    }
}

codes! {
    /// Who proposed a pile.
    ProposedBy default Operator {
        /// The operator of the node that holds the card.
        Operator = "operator",
        /// A job centre.
        Cpi = "cpi",
        /// A body that certifies skills.
        CertifyingBody = "certifying_body",
    }
}

codes! {
    /// Who confirmed a pile: nobody else can.
    ConfirmedBy {
        /// A job centre.
        Cpi = "cpi",
        /// A body that certifies skills.
        CertifyingBody = "certifying_body",
    }
}

codes! {
    /// An area of DigComp.
    DigitalArea {
        /// Information and data literacy.
        InformationData = "information_data",
        /// Communication and collaboration.
        Communication = "communication",
        /// Digital content creation.
        ContentCreation = "content_creation",
        /// Safety.
        Safety = "safety",
        /// Problem solving.
        ProblemSolving = "problem_solving",
    }
}

codes! {
    /// Unit of a duration (the Scheda Anagrafico Professionale's O, G, M, A).
    DurationUnit {
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
        /// Months.
        Months = "months",
        /// Years.
        Years = "years",
    }
}

codes! {
    /// Format of a verifiable credential.
    CredentialFormat {
        /// W3C Verifiable Credential.
        W3cVc = "w3c_vc",
        /// European Learning Model 3, JSON-LD.
        Elm = "elm",
    }
}
