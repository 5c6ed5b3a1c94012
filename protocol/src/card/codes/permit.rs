//! Permits to stay (level *formalities*), and what is known of each with its source and date.
//!
//! These are notes and not rules: nothing is computed from them. Whether somebody may work is what the operator confirms
//! in `work_authorised`, with the days and parameters of dated rules. An entry that nobody has held against the act says
//! so, in the interface too, until `checked_on` has a day.

use crate::card::shape::codes;

codes! {
    /// Type of permit to stay.
    PermitType default NotAsked {
        /// Custody of a minor.
        Affidamento = "affidamento",
        /// Asylum: recognised refugee status.
        Asilo = "asilo",
        /// Assistance to a minor.
        AssistenzaMinore = "assistenza_minore",
        /// Awaiting employment.
        AttesaOccupazione = "attesa_occupazione",
        /// Special cases.
        CasiSpeciali = "casi_speciali",
        /// Natural disaster.
        Calamita = "calamita",
        /// EU Blue Card.
        CartaBluUe = "carta_blu_ue",
        /// Medical treatment.
        CureMediche = "cure_mediche",
        /// Self-employment.
        LavoroAutonomo = "lavoro_autonomo",
        /// Seasonal work.
        LavoroStagionale = "lavoro_stagionale",
        /// Employment.
        LavoroSubordinato = "lavoro_subordinato",
        /// Minor age.
        MinoreEta = "minore_eta",
        /// Family reasons.
        MotiviFamiliari = "motivi_familiari",
        /// Religious reasons.
        MotiviReligiosi = "motivi_religiosi",
        /// Humanitarian reasons.
        MotiviUmanitari = "motivi_umanitari",
        /// Social protection.
        ProtezioneSociale = "protezione_sociale",
        /// Special protection.
        ProtezioneSpeciale = "protezione_speciale",
        /// Subsidiary protection.
        ProtezioneSussidiaria = "protezione_sussidiaria",
        /// Temporary protection.
        ProtezioneTemporanea = "protezione_temporanea",
        /// Elective residence.
        ResidenzaElettiva = "residenza_elettiva",
        /// Scientific research.
        RicercaScientifica = "ricerca_scientifica",
        /// Application for asylum.
        RichiestaAsilo = "richiesta_asilo",
        /// Exploitation at work.
        SfruttamentoLavorativo = "sfruttamento_lavorativo",
        /// Study, internship, training.
        StudioTirocinioFormazione = "studio_tirocinio_formazione",
        /// EU long-term residence.
        UeLungoPeriodo = "ue_lungo_periodo",
        /// Being issued.
        InCorsoDiRilascio = "in_corso_di_rilascio",
        /// Another one.
        Altro = "altro",
        /// None is needed.
        NotNeeded = "not_needed",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

/// What is known of a permit, and on whose word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermitNote {
    /// Which permit.
    pub permit: PermitType,
    /// What is to be known, in Italian, for whoever fills the card in.
    pub note_it: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// When somebody held it against the act, `YYYY-MM-DD`; nothing while nobody has.
    pub checked_on: Option<&'static str>,
}

/// Of the list itself.
pub const PERMIT_LIST_SOURCE: &str =
    "elenco dei titoli di soggiorno delle schede FAMI, da fonte secondaria; da verificare";

/// Notes on single permits, written down on 2026-11-22.
pub const PERMIT_NOTES: &[PermitNote] = &[
    PermitNote {
        permit: PermitType::RichiestaAsilo,
        note_it: "Consente il lavoro dopo 60 giorni dalla domanda; non si converte in permesso per lavoro. La ricevuta \
                  della domanda vale come permesso provvisorio. Un'indennità oltre la soglia dell'assegno sociale può \
                  incidere sull'accoglienza.",
        source: "d.lgs. 142/2015; dal 12 giugno 2026 direttiva (UE) 2024/1346: recepimento da verificare",
        checked_on: None,
    },
    PermitNote {
        permit: PermitType::ProtezioneSpeciale,
        note_it: "Voce aggiunta all'elenco.",
        source: "d.lgs. 286/1998, art. 19; da verificare",
        checked_on: None,
    },
    PermitNote {
        permit: PermitType::ProtezioneTemporanea,
        note_it: "Voce aggiunta all'elenco.",
        source: "direttiva 2001/55/CE; da verificare",
        checked_on: None,
    },
    PermitNote {
        permit: PermitType::CureMediche,
        note_it: "Voce aggiunta all'elenco. La ragione del permesso non si scrive nella scheda.",
        source: "d.lgs. 286/1998; da verificare",
        checked_on: None,
    },
    PermitNote {
        permit: PermitType::Calamita,
        note_it: "Voce aggiunta all'elenco.",
        source: "d.lgs. 286/1998; da verificare",
        checked_on: None,
    },
    PermitNote {
        permit: PermitType::SfruttamentoLavorativo,
        note_it: "Voce aggiunta all'elenco.",
        source: "d.lgs. 286/1998, art. 18-ter; da verificare",
        checked_on: None,
    },
];

impl PermitType {
    /// What is to be known of this permit, if anything was written down.
    #[must_use]
    pub fn note(self) -> Option<&'static PermitNote> {
        PERMIT_NOTES.iter().find(|note| note.permit == self)
    }
}
