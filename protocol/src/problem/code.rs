//! The codes of problems: stable names, each with its status and a sentence in both languages.

use std::fmt;

use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $text:literal, $it:literal, $en:literal;)*) => {
        /// A stable code of a problem. New codes may come; old ones keep their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the specification.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as it stands in `code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// One sentence in Italian.
            pub const fn title_it(self) -> &'static str {
                match self { $(Code::$name => $it,)* }
            }

            /// One sentence in English.
            pub const fn title_en(self) -> &'static str {
                match self { $(Code::$name => $en,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be read: syntax, encoding, depth, repeated names.
    MalformedRequest = 400 "malformed_request", "La richiesta non è leggibile.", "The request cannot be read.";
    /// `Digest` or `Agid-JWT-Signature` is missing on a request that has a body, or present on one that has none.
    IntegrityMissing = 400 "integrity_missing", "Mancano le intestazioni di integrità.", "The integrity headers are missing.";
    /// `Digest` or `Agid-JWT-Signature` does not match what was received.
    IntegrityInvalid = 400 "integrity_invalid", "Le intestazioni di integrità non corrispondono al contenuto.", "The integrity headers do not match the content.";
    /// Who is calling could not be established. Says nothing more.
    NotAuthenticated = 401 "not_authenticated", "Autenticazione non riuscita.", "Authentication failed.";
    /// The caller is known and may not do this.
    NotEntitled = 403 "not_entitled", "L'operazione non è permessa a chi la chiede.", "The caller may not do this.";
    /// The case is worked on by others: only its team sees it.
    OutsideCase = 403 "outside_case", "Il caso è seguito da altri: lo vede solo la sua équipe.", "Others work on this case: only its team sees it.";
    /// She works on the case, in a function that does not reach this.
    FunctionNotEntitled = 403 "function_not_entitled", "La funzione nell'équipe del caso non lo permette.", "The function in the case's team does not permit this.";
    /// The member is limited: only receipts, withdrawals, reconciliation and catalogue reading pass.
    MemberLimited = 403 "member_limited", "L'aderente è limitato: i nuovi messaggi non sono accettati.", "The member is limited: new messages are not taken.";
    /// A message in the request was not issued by the caller.
    IssuerNotCaller = 403 "issuer_not_caller", "Un messaggio non è stato emesso da chi chiama.", "A message was not issued by the caller.";
    /// A message in the request is addressed to another node.
    AudienceNotThisNode = 403 "audience_not_this_node", "Un messaggio è destinato a un altro nodo.", "A message is addressed to another node.";
    /// No live consent covers this.
    ConsentNotValid = 403 "consent_not_valid", "Manca un consenso valido.", "There is no valid consent.";
    /// The consent does not cover a group of fields in the content.
    SectionNotCovered = 403 "section_not_covered", "Il consenso non copre una parte dei dati.", "The consent does not cover a part of the data.";
    /// This node is a processor, and its instructions do not have the purpose.
    PurposeNotInstructed = 403 "purpose_not_instructed", "Il titolare non ha dato istruzioni per questa finalità.", "The controller has given no instruction for this purpose.";
    /// Processing of her data is restricted: they are kept, and nothing else is done with them.
    Restricted = 403 "restricted", "Il trattamento dei dati è limitato: si conservano e basta.", "Processing of the data is restricted: they are kept, and that is all.";
    /// The recipient's role does not take this, or ours may not send it.
    RoleNotEntitled = 403 "role_not_entitled", "Il ruolo nella rete non permette questo messaggio.", "The role in the network does not permit this message.";
    /// Nothing is there, or it is not the caller's to see.
    NotFound = 404 "not_found", "Non trovato.", "Not found.";
    /// The person's record went into another, which `merged_into` names.
    Merged = 404 "merged", "Questa scheda è stata unita a un'altra.", "This record was merged into another.";
    /// The record was handed over: nothing more is disclosed from here, and the card is to be read only.
    HolderChanged = 409 "holder_changed", "La scheda è stata trasferita: ora la tiene un altro ente.", "The record was handed over: another body holds it now.";
    /// The path exists, not with this method.
    MethodNotAllowed = 405 "method_not_allowed", "Metodo non previsto.", "Method not allowed.";
    /// The thread or subject does not exist between these two nodes.
    ThreadUnknown = 404 "thread_unknown", "Il filo non esiste tra questi due nodi.", "The thread does not exist between these two nodes.";
    /// Headers or body did not arrive in time.
    RequestTimeout = 408 "request_timeout", "La richiesta non è arrivata in tempo.", "The request did not arrive in time.";
    /// The state does not permit the event; `allowed` lists those that it permits.
    IllegalTransition = 409 "illegal_transition", "Lo stato attuale non lo permette.", "The current state does not permit this.";
    /// Epoch or number on a link is not the expected one.
    OutOfSequence = 409 "out_of_sequence", "Numero o epoca del flusso non attesi.", "Epoch or number of the link is not the expected one.";
    /// It exists already, or was used already.
    AlreadyExists = 409 "already_exists", "Esiste già.", "It exists already.";
    /// The account leads cases: they are handed over first.
    LeadsCases = 409 "leads_cases", "L'account è referente di casi: prima va fatto il passaggio di consegne.", "The account leads cases: hand them over first.";
    /// Somebody else changed it, or it must be decided first.
    Conflict = 409 "conflict", "È in conflitto con lo stato attuale.", "It conflicts with the current state.";
    /// The same request is being answered at this moment; `Retry-After` says when to ask again.
    RequestUnderWay = 409 "request_under_way", "La stessa richiesta è in corso: riprovare.", "The same request is under way: try again.";
    /// The request was carried out before under the same `Idempotency-Key`, and its answer is not kept; `see` says where
    /// to look.
    AlreadyDone = 409 "already_done", "La richiesta è già stata eseguita e la sua risposta non è conservata.", "The request was carried out already, and its answer is not kept.";
    /// The cursor belongs to another epoch of the log: start over.
    CursorUnknown = 410 "cursor_unknown", "Cursore sconosciuto: ricominciare.", "Unknown cursor: start over.";
    /// `If-Match` names an older version.
    VersionConflict = 412 "version_conflict", "La risorsa è cambiata nel frattempo.", "The resource has changed meanwhile.";
    /// Body, item or batch is larger than the bound.
    TooLarge = 413 "too_large", "Contenuto troppo grande.", "Content too large.";
    /// The content type or encoding is not the expected one.
    UnsupportedMediaType = 415 "unsupported_media_type", "Tipo di contenuto non previsto.", "Unsupported media type.";
    /// Readable, but not acceptable; `errors` has one entry for each wrong field.
    InvalidInput = 422 "invalid_input", "Alcuni campi non sono accettabili.", "Some fields are not acceptable.";
    /// No common version of the message type.
    TypeNotSupported = 422 "type_not_supported", "Il destinatario non accetta questo tipo di messaggio.", "The recipient does not take this type of message.";
    /// The `Idempotency-Key` was used before for another content.
    IdempotencyKeyReused = 422 "idempotency_key_reused", "La chiave Idempotency-Key è già stata usata per un altro contenuto.", "The Idempotency-Key was used for another content.";
    /// Editing demands `If-Match`.
    PreconditionRequired = 428 "precondition_required", "Serve l'intestazione If-Match.", "If-Match is required.";
    /// Too many requests; `Retry-After` says when.
    RateLimited = 429 "rate_limited", "Troppe richieste.", "Too many requests.";
    /// Something failed inside; nothing was changed.
    Internal = 500 "internal", "Errore interno: nulla è stato modificato.", "Internal error: nothing was changed.";
    /// A partner or the authority answered something unusable.
    BadGateway = 502 "bad_gateway", "Un altro nodo ha risposto in modo non utilizzabile.", "Another node's answer was unusable.";
    /// There is no room for what was to be written; `Retry-After` says when to look again.
    StorageFull = 503 "storage_full", "Lo spazio su disco è finito: chi gestisce il nodo ne libera.",
        "The disk is full: whoever runs the node makes room.";
    /// What is erased now would not be kept outside the database, so nobody is erased; `Retry-After` says when to try again.
    KeyringBehind = 503 "keyring_behind", "Il portachiavi non si può scrivere: finché non si può, nessuno viene cancellato.",
        "The keyring cannot be written: until it can, nobody is erased.";
    /// Too busy for now; `Retry-After` says when.
    Busy = 503 "busy", "Il nodo è occupato: riprovare.", "The node is busy: try again.";
    /// A message is from the future by the receiver's clock: one of the two is wrong. Nothing from `expected` on was decided.
    ClocksDiffer = 503 "clocks_differ", "Gli orologi dei due nodi non concordano: uno dei due è sbagliato.",
        "The clocks of the two nodes do not agree: one of them is wrong.";
    /// A partner or the authority cannot be reached.
    Unreachable = 503 "unreachable", "Un altro nodo non è raggiungibile.", "Another node cannot be reached.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
