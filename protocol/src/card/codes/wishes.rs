//! Sections H and I: what she wants and can drive.

use crate::card::shape::codes;

codes! {
    /// Working time (CL38).
    ScheduleKind default Any {
        /// Full time.
        FullTime = "full_time",
        /// Part time.
        PartTime = "part_time",
        /// Flexible.
        FlexTime = "flex_time",
        /// Any.
        Any = "any",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// What takes up hours, without its reasons.
    ConstraintKind default NotAsked {
        /// A course.
        Course = "course",
        /// School.
        School = "school",
        /// Care of children.
        Childcare = "childcare",
        /// Nothing does.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
}

codes! {
    /// Kinds of engagement that the person would take (CL37).
    ContractInterest default Internship {
        /// Hired directly.
        DirectHire = "direct_hire",
        /// For a time.
        Temporary = "temporary",
        /// For a time, then hired.
        TemporaryToHire = "temporary_to_hire",
        /// On contract, then hired.
        ContractToHire = "contract_to_hire",
        /// On contract.
        Contract = "contract",
        /// Internship.
        Internship = "internship",
        /// Apprenticeship.
        Apprenticeship = "apprenticeship",
        /// For a season.
        Seasonal = "seasonal",
        /// On call.
        OnCall = "on_call",
        /// On a reserve list.
        RecruitmentReserve = "recruitment_reserve",
        /// Self-employed.
        SelfEmployed = "self_employed",
        /// As a volunteer.
        Volunteer = "volunteer",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Whether the person looks for work (CL39).
    SeekingStatus default Active {
        /// Looks for it.
        Active = "active",
        /// Would listen.
        Passive = "passive",
        /// Does not consider it now.
        NotConsidering = "not_considering",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// How the person would get to work.
    Transport default NotAsked {
        /// On foot.
        Foot = "foot",
        /// By bicycle.
        Bike = "bike",
        /// By public transport.
        Public = "public",
        /// By a car of her own.
        OwnCar = "own_car",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// How far the person would move.
    Relocation default NotAsked {
        /// Would not.
        No = "no",
        /// Within the province.
        Province = "province",
        /// Within the region.
        Region = "region",
        /// Within Italy.
        Italy = "italy",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Category of a driving licence (Directive 2006/126/EC, CL14).
    LicenceCategory {
        /// AM.
        Am = "am",
        /// A1.
        A1 = "a1",
        /// A2.
        A2 = "a2",
        /// A.
        A = "a",
        /// B1.
        B1 = "b1",
        /// B.
        B = "b",
        /// BE.
        Be = "be",
        /// C1.
        C1 = "c1",
        /// C1E.
        C1e = "c1e",
        /// C.
        C = "c",
        /// CE.
        Ce = "ce",
        /// D1.
        D1 = "d1",
        /// D1E.
        D1e = "d1e",
        /// D.
        D = "d",
        /// DE.
        De = "de",
        /// None.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Where a licence was issued, as far as driving in Italy depends on it.
    LicenceIssued default NotAsked {
        /// In Italy.
        It = "it",
        /// In another country of the Union.
        Eu = "eu",
        /// Elsewhere: to be converted.
        ForeignToConvert = "foreign_to_convert",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

codes! {
    /// A *patentino* or an attendance that the law asks of a worker.
    Patentino {
        /// Fork-lift truck.
        Muletto = "muletto",
        /// Mobile elevating work platform (PLE).
        Ple = "ple",
        /// Food hygiene.
        Haccp = "haccp",
        /// Safety training, d.lgs. 81/08.
        FormazioneSicurezza = "formazione_sicurezza",
        /// Dangerous goods by road.
        Adr = "adr",
        /// Driver's certificate of professional competence.
        Cqc = "cqc",
        /// None.
        None = "none",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}
