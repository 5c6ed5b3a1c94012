//! Messages: what one node tells another about one matter, signed once and never changed again.
//!
//! A message is read in two steps: [`Claims`], in which unknown claims are ignored, then `data` by `type` into the
//! closed struct of that type version ([`crate::data`]). Two clocks are never mixed: the seconds of a call
//! ([`crate::modi`]) bind the call; a message lives for days.

pub mod rules;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::card::{At, Check as _};
use crate::consent::Ground;
use crate::data::Body;
use crate::digest::Digest;
use crate::id::{EntityId, MessageId, SubjectRef, ThreadId};
use crate::jose::{self, JoseError, KeySet, SigningKey, Typ, Unverified};
use crate::link::MAX_MESSAGE_BYTES;
use crate::problem::ItemCode;

/// Days that a message may live at most.
pub const MAX_DAYS: i64 = 30;

/// Nodes that a withdrawal may come through: whoever is reached by the last of them passes it on by other means.
pub const DEEPEST: u32 = 8;

/// Who acted, without a name: the access role and a pseudonym that differs per recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// In which capacity.
    pub role: ActorRole,
    /// The same person of staff towards the same recipient has the same pseudonym. Absent for `system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    pub pseudonym: Option<String>,
}

/// In which capacity somebody acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorRole {
    /// Staff who accompany or take in people.
    Operator,
    /// Staff who answer for operators.
    Supervisor,
    /// Staff of one company on a node that hosts it.
    CompanyUser,
    /// The data protection officer.
    Dpo,
    /// Who runs the node.
    Admin,
    /// Who sees aggregates only.
    Evaluator,
    /// The person herself.
    Person,
    /// The node, by itself.
    System,
}

/// The claims of a message. Unknown claims are ignored; `data` is closed per type version.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The sender.
    pub iss: EntityId,
    /// The recipient.
    pub aud: EntityId,
    /// The message's id.
    pub jti: MessageId,
    /// When it was signed, seconds since 1970.
    pub iat: i64,
    /// Until when it may be delivered; absent exactly in withdrawals and their answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// Type and version: `referral.sent.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The conversation; absent in `consent.*`, which name the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// Grows per sender and thread, from 1; gaps are normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_seq: Option<u64>,
    /// Highest `thread_seq` of the other side that the sender had processed; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// Who it is about, between these two nodes; absent in impersonal types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_ref: Option<SubjectRef>,
    /// Why it may leave; absent in impersonal types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// How many nodes a withdrawal has come through, its sender included; absent where that is not known, and in all other
    /// types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Who acted.
    pub actor: Actor,
    /// The content, closed per type version.
    pub data: Box<RawValue>,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims").field("jti", &self.jti).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The place of a message in its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InThread {
    /// The conversation.
    pub thread: ThreadId,
    /// The message's number in it, from this sender.
    pub seq: u64,
    /// What the sender had seen of the other side.
    pub seen: u64,
}

/// A message that verified and is well formed: what the rest of a node works with.
#[derive(Clone)]
pub struct Message {
    /// The sender.
    pub from: EntityId,
    /// Its id.
    pub id: MessageId,
    /// Digest of its compact form.
    pub digest: Digest,
    /// When it was signed.
    pub issued_at: DateTime<Utc>,
    /// Until when it may be delivered.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its place in a thread; absent in `consent.*` and impersonal types.
    pub place: Option<InThread>,
    /// Who it is about.
    pub subject_ref: Option<SubjectRef>,
    /// Why it may leave.
    pub ground: Option<Ground>,
    /// How many nodes a withdrawal has come through, where it says so.
    pub depth: Option<u32>,
    /// Who acted.
    pub actor: Actor,
    /// The content.
    pub body: Body,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("type", &self.body.type_name()).finish_non_exhaustive()
    }
}

/// Why a message was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Signed with a key that the caller did not give: to be looked up, then tried again. Never a refusal by itself.
    #[error("unknown key")]
    UnknownKey,
    /// Signed rightly, and from the future: one of the two clocks is wrong. Never a refusal, since a message would be lost
    /// for ever for what mends by itself.
    #[error("from the future")]
    NotYet {
        /// Which message.
        id: Option<MessageId>,
    },
    /// To be refused with this code.
    #[error("{code}: {why}")]
    Refused {
        /// For the receipt.
        code: ItemCode,
        /// Which message, where that can be read.
        id: Option<MessageId>,
        /// For the log; nothing of the content.
        why: String,
    },
    /// Issued by or addressed to somebody else: the whole request is refused.
    #[error("issued by or addressed to somebody else")]
    Misaddressed(Misaddressed),
}

/// Which of the two names is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misaddressed {
    /// `iss` is not the caller.
    Issuer,
    /// `aud` is not this node.
    Audience,
}

/// What can be read of a message without believing it. Each may be there without the others.
#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    iss: Option<&'a RawValue>,
    #[serde(borrow, default)]
    aud: Option<&'a RawValue>,
    #[serde(borrow, default)]
    jti: Option<&'a RawValue>,
}

fn read<T: DeserializeOwned>(value: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

/// The claim `data` of a body.
pub fn data_of(body: &Body) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(body)
}

/// Signs claims into the compact form, frozen from here on.
pub fn seal(claims: &Claims, key: &SigningKey) -> Result<String, JoseError> {
    let jws = jose::sign(Typ::Message, key, claims)?;
    if jws.len() > MAX_MESSAGE_BYTES {
        return Err(JoseError::Malformed("message is larger than 256 KiB"));
    }
    Ok(jws)
}

/// Opens a message that `from` hands to `me`: sender, addressee, signature, age, form. Pure.
pub fn open(
    jws: &str,
    keys: &KeySet,
    from: &EntityId,
    me: &EntityId,
    now: DateTime<Utc>,
) -> Result<Message, OpenError> {
    let refused = |code, id, why: &dyn std::fmt::Display| OpenError::Refused { code, id, why: why.to_string() };
    if jws.len() > MAX_MESSAGE_BYTES {
        return Err(refused(ItemCode::MessageInvalid, None, &"larger than 256 KiB"));
    }
    let unverified = Unverified::read(jws).map_err(|why| refused(ItemCode::MessageInvalid, None, &why))?;
    let envelope: Envelope<'_> = unverified.peek().unwrap_or_default();
    let id = read(envelope.jti);
    let refuse = |code: ItemCode, why: &dyn std::fmt::Display| refused(code, id, why);
    let invalid = |why: &dyn std::fmt::Display| refuse(ItemCode::MessageInvalid, why);
    if let (Some(iss), Some(aud)) = (read::<EntityId>(envelope.iss), read::<EntityId>(envelope.aud)) {
        if iss != *from {
            return Err(OpenError::Misaddressed(Misaddressed::Issuer));
        }
        if aud != *me {
            return Err(OpenError::Misaddressed(Misaddressed::Audience));
        }
    }
    let verified = unverified.verify(Typ::Message, keys, now).map_err(|error| match error {
        JoseError::UnknownKey(_) => OpenError::UnknownKey,
        JoseError::NotYetValid => OpenError::NotYet { id },
        JoseError::Expired => refuse(ItemCode::Expired, &error),
        JoseError::KeyRevoked => refuse(ItemCode::KeyRevoked, &error),
        _ => invalid(&error),
    })?;
    let claims: Claims = verified.claims().map_err(|e| invalid(&e))?;
    let body = Body::parse_checked(&claims.kind, &claims.data).map_err(|e| match e {
        crate::data::BodyError::UnknownType => refuse(ItemCode::TypeNotSupported, &"unknown type"),
        crate::data::BodyError::Invalid(fields) => invalid(&format_args!("{} fields of data", fields.len())),
    })?;
    let mut found = Vec::new();
    if let Some(ground) = &claims.ground {
        ground.check(&At::Root, &mut found);
    }
    if !found.is_empty() {
        return Err(invalid(&"the ground breaks the rules of its purpose"));
    }
    let place = check_form(&claims, &body).map_err(|why| invalid(&why))?;
    let instant = |seconds| DateTime::from_timestamp(seconds, 0).ok_or_else(|| invalid(&"time out of range"));
    Ok(Message {
        from: claims.iss,
        id: claims.jti,
        digest: Digest::of(jws),
        issued_at: instant(claims.iat)?,
        expires_at: claims.exp.map(instant).transpose()?,
        place,
        subject_ref: claims.subject_ref,
        ground: claims.ground,
        depth: claims.depth,
        actor: claims.actor,
        body,
    })
}

impl Body {
    /// Whether it belongs to a recall: it names a record instead of a thread, and never runs out.
    pub const fn is_recall(&self) -> bool {
        matches!(self, Self::ConsentWithdrawn(_) | Self::ConsentWithdrawalAnswered(_))
    }
}

/// What must be there and what must not, by kind of type.
fn check_form(claims: &Claims, body: &Body) -> Result<Option<InThread>, &'static str> {
    let recall = body.is_recall();
    match claims.exp {
        None if !recall => return Err("exp is missing"),
        Some(_) if recall => return Err("exp has no place here"),
        Some(exp) if !(1..=MAX_DAYS * 86_400).contains(&exp.saturating_sub(claims.iat)) => {
            return Err("exp is more than 30 days after iat, or before it");
        }
        _ => {}
    }
    if claims.actor.pseudonym.as_ref().is_some_and(|p| p.is_empty() || p.len() > 64) {
        return Err("pseudonym is empty or too long");
    }
    if body.is_personal() != claims.subject_ref.is_some() || body.is_personal() != claims.ground.is_some() {
        return Err("subject_ref and ground belong to personal types, and to them only");
    }
    match (recall, claims.thread, claims.thread_seq, claims.seen) {
        (true, None, None, None) => Ok(None),
        (false, Some(thread), Some(seq), Some(seen)) if seq >= 1 => Ok(Some(InThread { thread, seq, seen })),
        (true, ..) => Err("thread, thread_seq and seen have no place here"),
        (false, ..) => Err("thread, thread_seq and seen are needed"),
    }
}

#[cfg(test)]
mod tests;
