//! Sections A, C and K: what formal acts demand, what an office writes, and what stays at the node that holds the card.

use crate::card::shape::codes;

codes! {
    /// Sex as the forms of the administration have it; nothing else is decided by it.
    AdminSex default NotAsked {
        /// Female.
        F = "f",
        /// Male.
        M = "m",
        /// Another entry of the document.
        X = "x",
        /// The person does not state it.
        NotStated = "not_stated",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// State of the service agreement (*patto di servizio*) with the job centre.
    PattoState default NotAsked {
        /// Not signed.
        None = "none",
        /// Signed.
        Signed = "signed",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// The path of the GOL programme.
    GolPath {
        /// 1: reintegration.
        Reinserimento = "reinserimento",
        /// 2: upskilling.
        Upskilling = "upskilling",
        /// 3: reskilling.
        Reskilling = "reskilling",
        /// 4: work and inclusion.
        LavoroInclusione = "lavoro_inclusione",
        /// 5: collective outplacement.
        RicollocazioneCollettiva = "ricollocazione_collettiva",
    }
}

codes! {
    /// The reception project that the person lives in.
    ReceptionProject default NotAsked {
        /// Centro di accoglienza straordinaria.
        Cas = "cas",
        /// Sistema di accoglienza e integrazione.
        Sai = "sai",
        /// Another one.
        Other = "other",
        /// None.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Target groups of the fund's form (FAMI). Counted at the node that reports to the fund.
    TargetFlag {
        /// A minor.
        Minor = "minor",
        /// An unaccompanied minor.
        Msna = "msna",
        /// Over 65.
        Over65 = "over_65",
        /// A single parent.
        SingleParent = "single_parent",
        /// Vulnerable; not in what way.
        VulnerabilityYes = "vulnerability_yes",
        /// None of them.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// What a workplace must allow for, said by what is done and never by why.
    AdjustmentKind {
        /// Loads up to a weight; the text says which.
        LimitedLifting = "limited_lifting",
        /// Work that can be done sitting.
        SeatedWork = "seated_work",
        /// Standing for short times only.
        NoLongStanding = "no_long_standing",
        /// No heights and no ladders.
        NoHeights = "no_heights",
        /// No night shifts.
        NoNights = "no_nights",
        /// Breaks at fixed times.
        RegularBreaks = "regular_breaks",
        /// Fewer hours a day.
        ReducedHours = "reduced_hours",
        /// Access without steps.
        StepFree = "step_free",
        /// A quiet place.
        LowNoise = "low_noise",
        /// Neither great heat nor cold.
        MildTemperature = "mild_temperature",
        /// Away from dust and fumes.
        CleanAir = "clean_air",
        /// Instructions spoken rather than written.
        SpokenInstructions = "spoken_instructions",
        /// Instructions written rather than spoken.
        WrittenInstructions = "written_instructions",
        /// Tools or screens adapted; the text says how.
        AdaptedTools = "adapted_tools",
        /// Something else; the text says what.
        Other = "other",
        /// None is needed.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// What a document is.
    DocumentType default NotAsked {
        /// Permit to stay, or the receipt that stands for it.
        Permit = "permit",
        /// Tax code, card or certificate.
        TaxCode = "tax_code",
        /// Curriculum vitae.
        Cv = "cv",
        /// A title of study.
        Title = "title",
        /// A *dichiarazione di valore*.
        DichiarazioneValore = "dichiarazione_valore",
        /// A certificate or attestation.
        Certificate = "certificate",
        /// Another document.
        Other = "other",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Who keeps a document.
    DocumentHolder default Unknown {
        /// The person.
        Person = "person",
        /// The node that holds the card.
        Node = "node",
        /// A public office.
        Office = "office",
        /// Somebody else.
        Other = "other",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Age in bands, computed and counted here; a person's own band is shown to nobody.
    AgeBand {
        /// 16 or 17.
        From16 = "16_17",
        /// 18 to 24.
        From18 = "18_24",
        /// 25 to 29.
        From25 = "25_29",
        /// 30 to 40.
        From30 = "30_40",
        /// 41 to 54.
        From41 = "41_54",
        /// 55 and more.
        From55 = "55_plus",
        /// No date of birth, or one below 16.
        Unknown = "unknown",
    }
}

codes! {
    /// By what means something came to be known. Set by the program or by whoever takes it down.
    SourceMeans default Unknown {
        /// In an interview.
        Interview = "interview",
        /// On the telephone.
        Phone = "phone",
        /// A document was seen.
        DocumentSeen = "document_seen",
        /// In writing.
        Written = "written",
        /// Read from a file or from another system.
        Import = "import",
        /// Nobody noted it.
        Unknown = "unknown",
    }
}
