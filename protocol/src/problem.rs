//! What goes wrong, by name: problem codes of answers (RFC 9457) and codes of refused items in a receipt.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// The recipient's role does not take this, or ours may not send it.
    RoleNotEntitled = 403 "role_not_entitled", "Il ruolo nella rete non permette questo messaggio.", "The role in the network does not permit this message.";
    /// Nothing is there, or it is not the caller's to see.
    NotFound = 404 "not_found", "Non trovato.", "Not found.";
    /// The person's record went into another, which `merged_into` names.
    Merged = 404 "merged", "Questa scheda è stata unita a un'altra.", "This record was merged into another.";
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
    /// Too busy for now; `Retry-After` says when.
    Busy = 503 "busy", "Il nodo è occupato: riprovare.", "The node is busy: try again.";
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

/// One wrong field of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field.
    pub field: String,
    /// Stable code: `required`, `too_long`, `not_a_code`, …
    pub code: String,
    /// One sentence in Italian.
    pub detail_it: String,
    /// One sentence in English.
    pub detail_en: String,
}

/// A refusal or failure that the caller may see. Rendered as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, by name.
    pub code: Code,
    /// What exactly, in English, if there is more to say. Never personal data, never a cause inside.
    pub detail: Option<String>,
    /// The same in Italian.
    pub detail_it: Option<String>,
    /// One entry for each wrong field.
    pub errors: Vec<FieldError>,
    /// With `illegal_transition`: the events that the state permits.
    pub allowed: Vec<String>,
    /// With `out_of_sequence`: the epoch that the receiver is in, and the number that it expects.
    pub expected: Option<(u32, u64)>,
    /// With `merged`: the record that holds everything now.
    pub merged_into: Option<Uuid>,
    /// With 408, 409, 429 and 503: seconds.
    pub retry_after: Option<u32>,
    /// With `version_conflict`: both sides of it.
    pub conflict: Option<Box<Conflict>>,
    /// With `already_done`: the path where the outcome can be seen.
    pub see: Option<String>,
}

/// Two edits of one thing. It may hold personal data: it goes to the caller who may see them, and `Debug` shows none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Conflict {
    /// The `ETag` of what is there now.
    pub current: Option<String>,
    /// What is there now, as reading it would show it.
    pub theirs: Option<serde_json::Value>,
    /// What the caller sent.
    pub yours: Option<serde_json::Value>,
}

impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict").field("current", &self.current).finish_non_exhaustive()
    }
}

/// In which language a sentence is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Italian.
    It,
    /// English.
    En,
}

impl Problem {
    /// The bare code.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            detail_it: None,
            errors: Vec::new(),
            allowed: Vec::new(),
            expected: None,
            merged_into: None,
            retry_after: None,
            conflict: None,
            see: None,
        }
    }

    /// With one sentence more, in English: for other nodes.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With one sentence more, in Italian and in English: for the desk.
    pub fn says(mut self, it: impl Into<String>, en: impl Into<String>) -> Self {
        self.detail_it = Some(it.into());
        self.detail(en)
    }

    /// `invalid_input` with its fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::InvalidInput) }
    }

    /// `illegal_transition` with what would be legal.
    pub fn illegal(allowed: Vec<String>) -> Self {
        Self { allowed, ..Self::new(Code::IllegalTransition) }
    }

    /// `merged`, with where to go on.
    pub fn merged(into: Uuid) -> Self {
        Self { merged_into: Some(into), ..Self::new(Code::Merged) }
    }

    /// `version_conflict` with the version that is there now, as its `ETag` gives it.
    pub fn changed(current: impl Into<i64>) -> Self {
        let current = Some(format!("\"{}\"", current.into()));
        Self {
            conflict: Some(Box::new(Conflict { current, ..Conflict::default() })),
            ..Self::new(Code::VersionConflict)
        }
    }

    /// With what is there now, as reading it would show it: of a `version_conflict` alone.
    pub fn theirs(mut self, now: serde_json::Value) -> Self {
        self.conflict.get_or_insert_default().theirs = Some(now);
        self
    }

    /// With what the caller sent: of a `version_conflict` alone.
    pub fn yours(mut self, sent: serde_json::Value) -> Self {
        self.conflict.get_or_insert_default().yours = Some(sent);
        self
    }

    /// The document for the wire.
    pub fn document(&self) -> ProblemDocument {
        let conflict = self.conflict.as_deref().filter(|_| self.code == Code::VersionConflict);
        ProblemDocument {
            kind: "about:blank".into(),
            title: self.code.title_en().into(),
            title_it: Some(self.code.title_it().into()),
            status: self.code.status(),
            code: self.code.as_str().into(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            allowed: (self.code == Code::IllegalTransition).then(|| self.allowed.clone()),
            epoch: self.expected.map(|(epoch, _)| epoch),
            expected: self.expected.map(|(_, seq)| seq),
            merged_into: self.merged_into,
            current: conflict.and_then(|conflict| conflict.current.clone()),
            theirs: conflict.and_then(|conflict| conflict.theirs.clone()),
            yours: conflict.and_then(|conflict| conflict.yours.clone()),
            see: self.see.clone(),
        }
    }

    /// The document for people: its `detail` is in the language that they asked for, and there always is one.
    pub fn document_in(&self, language: Language) -> ProblemDocument {
        let detail = match language {
            Language::It => self.detail_it.as_ref().or(self.detail.as_ref()).map(String::as_str),
            Language::En => self.detail.as_deref(),
        };
        let title = match language {
            Language::It => self.code.title_it(),
            Language::En => self.code.title_en(),
        };
        ProblemDocument { detail: Some(detail.unwrap_or(title).to_owned()), ..self.document() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.code),
            None => self.code.fmt(f),
        }
    }
}

impl std::error::Error for Problem {}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// `application/problem+json` (RFC 9457) as Staffetta nodes write it. Members not listed are to be ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Always `about:blank`: `code` is the name of the problem.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// One sentence in English.
    pub title: String,
    /// The same in Italian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title_it: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// More, if there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// One entry for each wrong field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `illegal_transition`: the events that the state permits, perhaps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allowed: Option<Vec<String>>,
    /// With `out_of_sequence`: the receiver's epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub epoch: Option<u32>,
    /// With `out_of_sequence`: the number that the receiver expects next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected: Option<u64>,
    /// With `merged`: the id of the record that holds everything now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub merged_into: Option<Uuid>,
    /// At the desk, with `version_conflict`: the `ETag` of what is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    pub current: Option<String>,
    /// At the desk, with `version_conflict`: what is there now, as reading it would show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub theirs: Option<serde_json::Value>,
    /// At the desk, with `version_conflict`: what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub yours: Option<serde_json::Value>,
    /// At the desk, with `already_done`: the path where the outcome can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2048)]
    pub see: Option<String>,
}

fn about_blank() -> String {
    "about:blank".into()
}

macro_rules! item_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Why an item of a batch was refused, or how it was accepted, in a receipt.
        ///
        /// A code that this version does not know is kept as it is: refused stays refused.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum ItemCode {
            $($(#[$doc])* $name,)*
            /// A code of a later version.
            Other(String),
        }

        impl ItemCode {
            /// Every code of this version.
            pub const ALL: &[ItemCode] = &[$(ItemCode::$name,)*];

            /// The code as text.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$name => $text,)* Self::Other(text) => text }
            }
        }

        impl From<String> for ItemCode {
            fn from(text: String) -> Self {
                match text.as_str() { $($text => Self::$name,)* _ => Self::Other(text) }
            }
        }
    };
}

item_codes! {
    /// Does not verify, or does not fit its closed schema.
    MessageInvalid = "message_invalid";
    /// The id is known with other bytes.
    MessageConflict = "message_conflict";
    /// The ground does not hold: other recipient or purpose, past `not_after`, or withdrawn.
    ConsentNotValid = "consent_not_valid";
    /// The data have a group that the grant does not name.
    SectionNotCovered = "section_not_covered";
    /// Thread, subject or record does not exist between these two nodes.
    ThreadUnknown = "thread_unknown";
    /// The event is legal neither now nor in the state that `seen` names.
    IllegalTransition = "illegal_transition";
    /// Accepted and stored, without effect: it crossed a message of the other side.
    Superseded = "superseded";
    /// `exp` has passed.
    Expired = "expired";
    /// The type or its version is not taken here.
    TypeNotSupported = "type_not_supported";
    /// The sender is limited.
    MemberLimited = "member_limited";
    /// The sender's or the recipient's role does not permit this type.
    RoleNotEntitled = "role_not_entitled";
    /// The sender may not do this.
    NotEntitled = "not_entitled";
    /// The key that signed is revoked: issue the message anew.
    KeyRevoked = "key_revoked";
    /// The item was void: its message will never come under this number.
    Voided = "voided";
}

impl From<ItemCode> for String {
    fn from(code: ItemCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl utoipa::PartialSchema for ItemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let known: Vec<_> = Self::ALL.iter().map(ItemCode::as_str).collect();
        let text = format!("Stable code of an item's outcome; later versions may add to: {}", known.join(", "));
        crate::json::string_schema(&text).pattern(Some("^[a-z][a-z_]{1,63}$")).max_length(Some(64)).into()
    }
}

impl ToSchema for ItemCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_snake_case_and_have_an_error_status() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..=599).contains(&code.status()));
        }
    }

    #[test]
    fn every_code_speaks_both_languages_in_whole_sentences() {
        for code in Code::ALL {
            for sentence in [code.title_it(), code.title_en()] {
                assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{code}: {sentence}");
            }
            assert_ne!(code.title_it(), code.title_en(), "{code}");
            for (language, title) in [(Language::It, code.title_it()), (Language::En, code.title_en())] {
                assert_eq!(Problem::new(*code).document_in(language).detail.as_deref(), Some(title), "{code}");
            }
        }
        let more = Problem::new(Code::Conflict).says("Di più.", "More.");
        assert_eq!(more.document_in(Language::It).detail.as_deref(), Some("Di più."));
        assert_eq!(more.document_in(Language::En).detail, more.document().detail);
    }

    #[test]
    fn both_sides_of_a_conflict_are_told_and_never_printed() {
        let problem = Problem::changed(4)
            .theirs(serde_json::json!({"label": "Amina"}))
            .yours(serde_json::json!({"label": "Awa"}));
        let document = problem.document();
        assert_eq!(document.current.as_deref(), Some("\"4\""));
        assert_eq!(
            (&document.theirs.unwrap()["label"], &document.yours.unwrap()["label"]),
            (&"Amina".into(), &"Awa".into())
        );
        let printed = format!("{problem} {problem:?}");
        assert!(!printed.contains("Amina") && !printed.contains("Awa"), "{printed}");
    }

    #[test]
    fn an_unknown_item_code_survives_a_round_trip() {
        let code: ItemCode = serde_json::from_str("\"of_a_later_version\"").unwrap();
        assert_eq!(code, ItemCode::Other("of_a_later_version".into()));
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"of_a_later_version\"");
        for known in ItemCode::ALL {
            assert_eq!(ItemCode::from(known.as_str().to_owned()), *known);
        }
    }
}
