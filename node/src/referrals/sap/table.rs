//! The fields of the Scheda Anagrafico Professionale that an office fills in, in its order.
//!
//! Source: the fields and code lists of the SAP as they were transcribed second-hand from its published standard; verify
//! them before official use. Section 3 comes from the compulsory communications and has no field to be filled in.

use staffetta_protocol::card::Section as CardSection;

/// A field: its name here, its Italian label, its code list, and the section of the card that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) code: &'static str,
    /// Its label.
    pub(super) label_it: &'static str,
    /// Its code list, where it has one.
    pub(super) list: Option<&'static str>,
    /// Where the card has it; nothing for what the office itself records, and for what no card tells.
    pub(super) from: Option<CardSection>,
}

/// Fields that stand together, once or several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Its code: the number of the section, and a word.
    pub(super) code: &'static str,
    /// The fields.
    pub(super) fields: &'static [Field],
}

impl Block {
    /// The number of its section.
    pub(super) fn section(&self) -> u8 {
        self.code.as_bytes().first().map_or(0, |digit| digit.saturating_sub(b'0'))
    }
}

/// The sections with their Italian titles.
pub(super) const SECTIONS: &[(u8, &str)] = &[
    (1, "Dati personali"),
    (2, "Stato occupazionale"),
    (3, "Rapporti di lavoro (da comunicazioni obbligatorie)"),
    (4, "Esperienze di lavoro"),
    (5, "Titoli di studio, formazione e altre conoscenze"),
    (6, "Politiche attive"),
];

macro_rules! blocks {
    (@list -) => { None };
    (@list $list:literal) => { Some($list) };
    (@from -) => { None };
    (@from $section:ident) => { Some(CardSection::$section) };
    ($($block:literal { $($code:literal $label:literal $list:tt $from:tt;)+ })+) => {
        /// Every block, in the order of the SAP.
        pub(super) const BLOCKS: &[Block] = &[$(Block {
            code: $block,
            fields: &[$(Field {
                code: $code, label_it: $label, list: blocks!(@list $list), from: blocks!(@from $from),
            }),+],
        }),+];
    };
}

blocks! {
    "1.personali" {
        "codice_fiscale" "Codice fiscale" - A;
        "cognome" "Cognome" - A;
        "nome" "Nome" - A;
        "sesso" "Sesso" "M, F" A;
        "data_nascita" "Data di nascita" - A;
        "luogo_nascita" "Comune (o stato estero) di nascita" "Comuni e stati esteri" A;
        "cittadinanza" "Cittadinanza" "ISO 3166-1 alpha-3" A;
    }
    "1.stranieri" {
        "titolo_soggiorno" "Titolo di soggiorno" "Status straniero" -;
        "numero_titolo" "Numero titolo di soggiorno" - C;
        "motivo_titolo" "Motivo titolo di soggiorno" "Motivo permesso" C;
        "scadenza_titolo" "Scadenza titolo di soggiorno" "1900-01-01 in attesa, 2099-12-31 carta permanente" C;
    }
    "1.residenza" {
        "comune" "Comune di residenza" "ISTAT" B;
        "cap" "CAP di residenza" - -;
        "indirizzo" "Indirizzo di residenza" - B;
        "localita" "Località di residenza" - -;
    }
    "1.domicilio" {
        "comune" "Comune di domicilio" "ISTAT" -;
        "cap" "CAP di domicilio" - -;
        "indirizzo" "Indirizzo di domicilio" - B;
        "localita" "Località di domicilio" - -;
    }
    "1.recapiti" {
        "telefono" "Telefono" - B;
        "cellulare" "Cellulare" - B;
        "fax" "Fax" - -;
        "email" "E-mail" - B;
    }
    "2.stato" {
        "stato_occupazionale" "Stato occupazionale" "Stato in Anagrafe" C;
        "condizione" "Condizione" "Condizione Status" -;
        "categoria" "Categoria d.lgs. 297" - -;
        "anzianita" "Anzianità di disoccupazione (mesi)" - C;
        "indice_profiling" "Indice profiling" - -;
        "data_evento" "Data evento" - -;
        "data_did" "Data dichiarazione di disponibilità" - C;
    }
    "2.disoccupazione" {
        "data_ingresso" "Data ingresso" - -;
        "tipo_ingresso" "Tipo ingresso" - -;
    }
    "2.liste" {
        "lista" "Lista" - -;
        "date" "Date" - -;
        "provincia" "Provincia" - -;
    }
    "2.altro" {
        "categorie_protette" "Categorie protette" - -;
        "indice_isee" "Indice ISEE" - -;
    }
    "4.esperienza" {
        "datore_cf" "Datore: codice fiscale" - -;
        "datore_denominazione" "Datore: denominazione" - -;
        "datore_indirizzo" "Datore: indirizzo" - -;
        "settore" "Settore" "ATECO 2007" F;
        "data_inizio" "Data inizio" - F;
        "data_fine" "Data fine" - F;
        "qualifica" "Qualifica" "CP 2011" F;
        "mansioni" "Mansioni" - F;
        "tipo_contratto" "Tipo contratto" - -;
        "inquadramento" "Inquadramento" - -;
        "modalita_lavoro" "Modalità di lavoro" - -;
        "sede" "Sede di lavoro" - F;
    }
    "5.titolo_studio" {
        "livello" "Livello" "ISCED 2011" E;
        "corso" "Corso" - E;
        "descrizione" "Descrizione" - E;
        "comune" "Comune" - -;
        "riconosciuto" "Riconosciuto in Italia" "SI, NO" E;
        "anno" "Anno" - E;
        "votazione" "Votazione" - -;
    }
    "5.formazione" {
        "titolo_corso" "Titolo corso" - E;
        "ente" "Ente" - E;
        "sede" "Sede" - -;
        "durata" "Durata" - E;
        "durata_unita" "Durata: unità" "O, G, M, A" E;
        "attestazione" "Attestazione" - E;
        "stage" "Stage" "SI, NO" E;
        "stage_azienda" "Azienda dello stage" - -;
    }
    "5.lingue" {
        "lingua" "Lingua" "ISO 639-3" D;
        "letto" "Letto" "QCER" D;
        "scritto" "Scritto" "QCER" D;
        "parlato" "Parlato" "QCER" D;
    }
    "5.informatica" {
        "tipo_conoscenza" "Tipo conoscenza" "DigComp" I;
        "livello" "Livello" "DigComp 1-8" I;
        "specifiche" "Specifiche" - -;
    }
    "5.altro" {
        "albi" "Albi" - -;
        "patente" "Patente" "Direttiva 2006/126/CE" I;
        "patentini" "Patentini" - I;
    }
    "6.politica_attiva" {
        "attivita" "Attività" - -;
        "denominazione" "Denominazione" - -;
        "data_proposta" "Data proposta" - -;
        "data_inizio" "Data inizio" - -;
        "data_fine" "Data fine" - -;
        "durata" "Durata" - -;
        "durata_tipologia" "Durata: tipologia" - -;
        "descrizione" "Descrizione" - -;
        "titolo_progetto" "Titolo progetto" - -;
        "codice_ente_promotore" "Codice ente promotore" - -;
        "identificativo_politica" "Identificativo politica" - -;
        "indice_profiling" "Indice profiling" - -;
        "identificativo_presa_in_carico" "Identificativo presa in carico" - -;
    }
    "6.ultimo_evento" {
        "evento" "Evento" "Eventi 01-15" -;
        "data" "Data evento" - -;
        "descrizione" "Descrizione" - -;
    }
}
