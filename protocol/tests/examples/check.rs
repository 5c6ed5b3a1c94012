//! Reads the committed files as a stranger would, with nothing but the public interface of the crate.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use staffetta_protocol::data::Body as Data;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{self, JoseError, Jwks, KeySet, Typ};
use staffetta_protocol::json as strict;
use staffetta_protocol::link::{Batch, BatchAnswer, LinkState};
use staffetta_protocol::message::{self, Message, Misaddressed, OpenError, rules};
use staffetta_protocol::modi::{self, Body, CallClaims, IntegrityHeaders, ModiError, Sent};
use staffetta_protocol::problem::{Code, ItemCode, ProblemDocument};
use staffetta_protocol::receipt::{Outcome, Receipt};
use staffetta_protocol::trust::{
    Admission, Application, EntityConfiguration, HistoricalKeys, KeyChange, MarkStatus, Standing, SubordinateStatement,
    TrustMark, TrustMarkStatus, may_send, resolve_anchor, resolve_chain,
};

use crate::files::{self, Head};
use crate::story::Said;
use crate::story::{self, at, authority, centre, cpi, keys_of, protocol_key};
use crate::{make, trust};

pub(crate) fn no_file_more_and_none_less() {
    let wanted: Vec<String> = make::everything().into_keys().collect();
    assert_eq!(files::present(), wanted, "run with UPDATE_EXAMPLES=1");
}

/// The JSON beside a JWS says what the JWS says.
fn beside(path: &str) -> String {
    let jws = files::jws(&format!("{path}.jws"));
    assert_eq!(files::json(&format!("{path}.json")), files::decoded(&jws), "{path}");
    jws
}

pub(crate) fn trust_plane() {
    let now = story::first_call();
    let (anchor, keys) = (trust::anchor(), KeySet::new(&trust::authority_jwks()));
    let top = beside("trust/authority-configuration");
    assert!(resolve_anchor(&top, &anchor, now).unwrap().is_live(now));
    for (name, id) in [("centre", centre()), ("cpi", cpi())] {
        let read = |what: &str| beside(&format!("trust/{name}-{what}"));
        let (configuration, statement, mark) = (read("configuration"), read("statement"), read("trust-mark"));
        let chain = resolve_chain(&configuration, &statement, &top, &anchor, now).unwrap();
        let found = files::json(&format!("trust/{name}-chain.json"));
        assert_eq!(found, serde_json::to_value(trust::resolved(&chain, now)).unwrap(), "{name}");
        assert_eq!(found["trust_chain"], json!([configuration, statement, top]));
        assert_eq!(chain.entity_id, id);
        assert_eq!(chain.roles.len(), 1, "the claimed role too many is gone");
        TrustMark::open(&mark, &authority(), &id, &keys, now).unwrap();
        let status = TrustMarkStatus::open(&read("trust-mark-status"), &authority(), &mark, &keys, now).unwrap();
        assert_eq!(status.status, MarkStatus::Active);
    }
    let historical = HistoricalKeys::open(&beside("trust/historical-keys"), &authority(), &keys, now).unwrap();
    assert_eq!(historical.keys.len(), 1);
    joining();
}

fn joining() {
    let application: Application = strict::from_slice(&files::bytes("trust/join-application.json")).unwrap();
    let asked = at("2026-11-02T08:31:00Z");
    let own = EntityConfiguration::open_self_signed(&application.entity_configuration, asked).unwrap();
    assert_eq!((&own.sub, own.trust_marks.len()), (&application.entity_id, 0));
    assert!(own.authority_hints.contains(&authority()));
    let answer: Admission = strict::from_slice(&files::bytes("trust/join-answer.json")).unwrap();
    assert_eq!((answer.entity_id, answer.state), (cpi(), Standing::Active));
    assert_eq!(answer.trust_mark, Some(files::jws("trust/cpi-trust-mark.jws")));

    let now = story::first_call();
    let change: KeyChange = strict::from_slice(&files::bytes("trust/key-change.json")).unwrap();
    let statement = SubordinateStatement::open(
        &files::jws("trust/cpi-statement.jws"),
        &authority(),
        &KeySet::new(&trust::authority_jwks()),
        now,
    );
    let present = KeySet::new(&statement.unwrap().jwks);
    let first = EntityConfiguration::open(&change.signed_by_present, &present, now).unwrap();
    let new: Vec<_> = first.jwks.keys.iter().filter(|jwk| present.find(&jwk.kid).is_none()).cloned().collect();
    assert_eq!(new.len(), 1);
    let second = change.signed_by_new.unwrap();
    assert!(EntityConfiguration::open(&second, &present, now).is_err(), "the new key is not vouched for yet");
    let second = EntityConfiguration::open(&second, &KeySet::new(&Jwks { keys: new }), now).unwrap();
    assert_eq!((first.jwks, first.iat), (second.jwks, second.iat));
}

/// A call as read from its folder.
struct Recorded {
    request: Head,
    request_body: Option<Vec<u8>>,
    answer: Head,
    answer_body: Vec<u8>,
}

impl Recorded {
    fn read(folder: &str) -> Self {
        let path = |file: &str| format!("calls/{folder}/{file}");
        let request = Head::read(&path("request.http"));
        let request_body = request.get("digest").map(|_| files::bytes(&path("request.body")));
        let recorded = Self {
            request,
            request_body,
            answer: Head::read(&path("answer.http")),
            answer_body: files::bytes(&path("answer.body")),
        };
        let token = recorded.token();
        assert_eq!(files::json(&path("authorization.json")), files::decoded(token), "{folder}");
        if let Some(signature) = recorded.request.get(modi::SIGNATURE) {
            assert_eq!(files::json(&path("signature.json")), files::decoded(signature), "{folder}");
        }
        let signature = recorded.answer.get(modi::SIGNATURE).unwrap();
        assert_eq!(files::json(&path("answer-signature.json")), files::decoded(signature), "{folder}");
        recorded
    }

    fn token(&self) -> &str {
        modi::bearer(self.request.get("authorization").unwrap()).unwrap()
    }

    fn identify(&self, resource: &str, now: DateTime<Utc>) -> Result<CallClaims, ModiError> {
        modi::identify(self.token(), &keys_of(&centre()), resource, now)
    }

    /// Checks identity and integrity of the request with this body.
    fn check_request(&self, body: Option<&[u8]>, now: DateTime<Utc>) -> Result<Option<Digest>, ModiError> {
        let call = self.identify(&cpi().resource(), now)?;
        let body = body.map(|bytes| Body { bytes, content_type: "application/json", content_encoding: None });
        let headers =
            IntegrityHeaders { digest: self.request.get(modi::DIGEST), signature: self.request.get(modi::SIGNATURE) };
        modi::check_integrity(&call, headers, body, &keys_of(&centre()), now)
    }

    fn check_answer(&self, sent: &Sent, body: &[u8], now: DateTime<Utc>) -> Result<(), ModiError> {
        let body = Body { bytes: body, content_type: self.answer.get("content-type").unwrap(), content_encoding: None };
        let headers =
            IntegrityHeaders { digest: self.answer.get(modi::DIGEST), signature: self.answer.get(modi::SIGNATURE) };
        modi::check_answer(headers, &cpi(), &centre(), sent, body, &keys_of(&cpi()), now)
    }

    /// The whole call holds; says what the caller remembers of it.
    fn holds(&self, now: DateTime<Utc>) -> Sent {
        let digest = self.check_request(self.request_body.as_deref(), now).unwrap();
        assert_eq!(digest, self.request_body.as_ref().map(Digest::of));
        let jti = self.identify(&cpi().resource(), now).unwrap().jti;
        let sent = Sent { jti, digest };
        self.check_answer(&sent, &self.answer_body, now).unwrap();
        sent
    }
}

pub(crate) fn calls() {
    let now = story::first_call();
    let push = Recorded::read("push");
    assert_eq!(push.request.start, "POST https://nodo.cpi-prato.example/rest/staffetta/v1/exchange/messages HTTP/1.1");
    push.holds(now);
    let batch: Batch = strict::from_slice(push.request_body.as_deref().unwrap()).unwrap();
    let answer: BatchAnswer = strict::from_slice(&push.answer_body).unwrap();
    receipted(&batch, &answer, &centre(), at("2026-11-23T09:00:02Z"));
    assert_eq!(answer.receipt, beside("exchange/first-receipt"));

    let link = Recorded::read("show-link");
    link.holds(at("2026-11-23T09:00:10Z"));
    assert!(link.request_body.is_none());
    let state: LinkState = strict::from_slice(&link.answer_body).unwrap();
    assert_eq!(state.inbound.receipt_digest, Some(Digest::of(&answer.receipt)));

    let gap = Recorded::read("out-of-sequence");
    gap.holds(at("2026-11-26T10:00:30Z"));
    let problem: ProblemDocument = strict::from_slice(&gap.answer_body).unwrap();
    assert_eq!((problem.code.as_str(), problem.epoch, problem.expected), ("out_of_sequence", Some(1), Some(2)));
    assert_eq!(gap.answer.start, "HTTP/1.1 409 Conflict");

    let unsigned = Head::read("calls/not-authenticated/answer.http");
    assert_eq!(unsigned.get(modi::SIGNATURE), None);
    let problem: ProblemDocument = strict::from_slice(&files::bytes("calls/not-authenticated/answer.body")).unwrap();
    assert_eq!((problem.code.as_str(), problem.status), (Code::NotAuthenticated.as_str(), 401));
}

fn open(said: &Said, jws: &str, now: DateTime<Utc>) -> Result<Message, OpenError> {
    message::open(jws, &keys_of(&said.from), &said.from, &said.to, now)
}

fn instant(said: &Said) -> DateTime<Utc> {
    DateTime::from_timestamp(said.claims.iat, 0).unwrap()
}

pub(crate) fn messages() {
    for said in story::messages() {
        let file = said.file;
        let jws = beside(&format!("messages/{file}"));
        let told = serde_json::to_value(&said.claims).unwrap();
        assert_eq!(files::decoded(&jws)["payload"], told, "{file}: run with UPDATE_EXAMPLES=1");
        let opened = open(&said, &jws, instant(&said)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(opened.digest, Digest::of(&jws));
        let rule = rules::rule(opened.body.type_name()).unwrap();
        let ground = opened.ground.unwrap();
        assert!(rule.grounds.contains(&ground.ground_kind()), "{file}");
        if let Some(grant) = ground.grant() {
            assert!(rule.purposes.contains(&grant.purpose) && opened.body.groups().is_subset(grant.groups.set()));
        }
        let roles =
            |name: &str| serde_json::from_value(files::json(&format!("trust/{name}-chain.json"))["roles"].clone());
        // The other centre has the roles of the first.
        let name = |node: &EntityId| if *node == cpi() { "cpi" } else { "centre" };
        let (from, to) = (roles(name(&said.from)).unwrap(), roles(name(&said.to)).unwrap());
        assert!(may_send(opened.body.type_name(), &from, &to), "{file}");
    }
}

/// Batch, answer and receipt are about the same items, and the receipt is the other side's word.
fn receipted(batch: &Batch, answer: &BatchAnswer, from: &EntityId, now: DateTime<Utc>) -> Receipt {
    let to = if *from == centre() { cpi() } else { centre() };
    let receipt = Receipt::open(&answer.receipt, &keys_of(&to), from, &to, now).unwrap();
    assert_eq!((receipt.link.epoch, answer.epoch), (batch.epoch, batch.epoch));
    assert_eq!(answer.next_seq, receipt.link.through_seq + 1);
    assert_eq!(receipt.items.len(), batch.items.len());
    for ((sent, named), plain) in batch.items.iter().zip(&receipt.items).zip(&answer.items) {
        let digest = match (&sent.message, &sent.void) {
            (Some(jws), None) => Digest::of(jws),
            (None, Some(void)) => void.digest,
            _ => panic!("an item is either a message or a void"),
        };
        assert_eq!((sent.seq, digest), (named.seq, named.digest));
        assert_eq!((plain.seq, plain.outcome, &plain.code), (named.seq, named.outcome, &named.code));
    }
    receipt
}

pub(crate) fn links() {
    let expected = [
        (
            "withdrawal",
            centre(),
            "2026-12-02T11:00:02Z",
            vec![(Outcome::Voided, Some(ItemCode::Voided)), (Outcome::Accepted, None), (Outcome::Accepted, None)],
        ),
        ("crossed", cpi(), "2026-12-02T11:00:12Z", vec![(Outcome::Accepted, Some(ItemCode::Superseded))]),
        ("refused", centre(), "2026-12-02T11:05:01Z", vec![(Outcome::Refused, Some(ItemCode::ConsentNotValid))]),
    ];
    for (name, from, now, outcomes) in expected {
        let batch: Batch = strict::from_slice(&files::bytes(&format!("exchange/{name}-batch.json"))).unwrap();
        let answer: BatchAnswer = strict::from_slice(&files::bytes(&format!("exchange/{name}-answer.json"))).unwrap();
        assert_eq!(answer.receipt, beside(&format!("exchange/{name}-receipt")));
        let receipt = receipted(&batch, &answer, &from, at(now));
        let found: Vec<_> = receipt.items.into_iter().map(|item| (item.outcome, item.code)).collect();
        assert_eq!(found, outcomes, "{name}");
    }
    let void = files::json("exchange/withdrawal-batch.json")["items"][0]["void"].clone();
    assert_eq!(void["digest"], json!(Digest::of(files::jws("messages/06-card.updated.jws"))));
}

/// The JWS with one character of its payload, or of its signature, replaced by another.
fn altered(jws: &str) -> [String; 2] {
    let swap = |at: usize| {
        let mut bytes = jws.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let first = jws.find('.').unwrap();
    let second = jws.rfind('.').unwrap();
    [swap((first + second) / 2), swap(second + 20)]
}

pub(crate) fn an_altered_byte_is_seen() {
    let now = story::first_call();
    let keys = KeySet::new(&trust::authority_jwks());
    let top = files::jws("trust/authority-configuration.jws");
    let (leaf, statement) = (files::jws("trust/cpi-configuration.jws"), files::jws("trust/cpi-statement.jws"));
    for wrong in altered(&leaf) {
        assert!(resolve_chain(&wrong, &statement, &top, &trust::anchor(), now).is_err());
    }
    for wrong in altered(&statement) {
        assert!(resolve_chain(&leaf, &wrong, &top, &trust::anchor(), now).is_err());
        assert!(SubordinateStatement::open(&wrong, &authority(), &keys, now).is_err());
    }
    for wrong in altered(&top) {
        assert!(resolve_chain(&leaf, &statement, &wrong, &trust::anchor(), now).is_err());
    }
    let mark = files::jws("trust/cpi-trust-mark.jws");
    for wrong in altered(&mark) {
        assert!(TrustMark::open(&wrong, &authority(), &cpi(), &keys, now).is_err());
    }
    for wrong in altered(&files::jws("trust/cpi-trust-mark-status.jws")) {
        assert!(TrustMarkStatus::open(&wrong, &authority(), &mark, &keys, now).is_err());
    }
    for wrong in altered(&files::jws("trust/historical-keys.jws")) {
        assert!(HistoricalKeys::open(&wrong, &authority(), &keys, now).is_err());
    }
    for said in story::messages() {
        for wrong in altered(&files::jws(&format!("messages/{}.jws", said.file))) {
            assert!(open(&said, &wrong, instant(&said)).is_err(), "{}", said.file);
        }
    }
    for name in ["withdrawal", "refused"] {
        let later = at("2026-12-02T11:06:00Z");
        for wrong in altered(&files::jws(&format!("exchange/{name}-receipt.jws"))) {
            assert!(Receipt::open(&wrong, &keys_of(&cpi()), &centre(), &cpi(), later).is_err());
        }
    }
    let push = Recorded::read("push");
    let sent = push.holds(now);
    let mut body = push.request_body.clone().unwrap();
    *body.last_mut().unwrap() ^= 1;
    assert_eq!(push.check_request(Some(&body), now), Err(ModiError::Integrity("digest does not match the body")));
    let mut body = push.answer_body.clone();
    body[10] ^= 1;
    assert!(push.check_answer(&sent, &body, now).is_err());
}

pub(crate) fn what_must_be_refused_is() {
    let now = story::first_call();
    let push = Recorded::read("push");
    let sent = push.holds(now);
    assert_eq!(push.identify(&centre().resource(), now), Err(ModiError::Identity("wrong audience")));
    let late = now + TimeDelta::seconds(modi::LIFETIME + jose::LEEWAY);
    assert_eq!(push.identify(&cpi().resource(), late), Err(ModiError::Token(JoseError::Expired)));
    assert_eq!(push.check_request(None, now), Err(ModiError::IntegrityMissing));
    let other = Sent { jti: "another".into(), ..sent };
    assert_eq!(push.check_answer(&other, &push.answer_body, now), Err(ModiError::Integrity("answers another request")));

    let said = story::message("03-referral.sent");
    let (jws, then) = (files::jws("messages/03-referral.sent.jws"), instant(&said));
    let opened = |from: &EntityId, me: &EntityId, keys: &KeySet, now| message::open(&jws, keys, from, me, now);
    let keys = keys_of(&centre());
    let misaddressed = |which| Err(OpenError::Misaddressed(which));
    assert_eq!(opened(&cpi(), &cpi(), &keys, then).map(|_| ()), misaddressed(Misaddressed::Issuer));
    assert_eq!(opened(&centre(), &authority(), &keys, then).map(|_| ()), misaddressed(Misaddressed::Audience));
    assert_eq!(opened(&centre(), &cpi(), &keys_of(&cpi()), then).map(|_| ()), Err(OpenError::UnknownKey));
    let expired = opened(&centre(), &cpi(), &keys, then + TimeDelta::days(31));
    assert!(matches!(expired, Err(OpenError::Refused { code: ItemCode::Expired, .. })));
    let early = opened(&centre(), &cpi(), &keys, then - TimeDelta::seconds(61));
    assert!(matches!(early, Err(OpenError::NotYet { id: Some(_) })));
    // A message is no receipt, and no token either.
    assert!(matches!(jose::verify(&jws, Typ::Receipt, &keys, then), Err(JoseError::WrongType)));

    // One field too many in `data`, signed properly: the closed type refuses it.
    let mut claims: Value = serde_json::to_value(&said.claims).unwrap();
    claims["data"]["note"] = json!("a word too many");
    let signed = jose::sign(Typ::Message, &protocol_key("centre-protocol"), &claims).unwrap();
    let closed = open(&said, &signed, then);
    assert!(matches!(closed, Err(OpenError::Refused { code: ItemCode::MessageInvalid, .. })));
    // A claim too many is ignored.
    let mut claims: Value = serde_json::to_value(&said.claims).unwrap();
    claims["of_a_later_version"] = json!(true);
    let signed = jose::sign(Typ::Message, &protocol_key("centre-protocol"), &claims).unwrap();
    assert!(open(&said, &signed, then).is_ok());
    // A type of a later version is known by nobody here.
    claims["type"] = json!("referral.sent.v2");
    let signed = jose::sign(Typ::Message, &protocol_key("centre-protocol"), &claims).unwrap();
    let unknown = open(&said, &signed, then);
    assert!(matches!(unknown, Err(OpenError::Refused { code: ItemCode::TypeNotSupported, .. })));
    assert_eq!(Data::TYPES.len(), rules::RULES.len(), "every type has its rule");
}
