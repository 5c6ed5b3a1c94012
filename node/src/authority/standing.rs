//! What may happen to a member after its admission: suspension, its end, expulsion, new keys.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::{EntityId, Kid};
use staffetta_protocol::jose::{Jwk, Jwks, KeySet};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::{Admission, EntityConfiguration, KeyChange, Standing};

use super::model::{self, Act};
use super::rows::{self, Member};
use super::{Authority, MARK_RENEWAL, admission_of};
use crate::error::Result;
use crate::journal::{Actor, Entry, record};
use crate::keys::{CONFIGURATION_CACHE, Kind, STATEMENT_CACHE};
use crate::store::Tx;

/// How often the worker looks, if nothing is due before.
const LOOK: TimeDelta = TimeDelta::hours(1);

impl Authority {
    /// Takes a member's marks back: it is limited until it is reinstated.
    pub async fn suspend(&self, actor: Actor, id: EntityId) -> Result<Member> {
        self.change(id, move |_, tx, member| {
            member.state = Act::Suspend.on(member.state)?;
            member.limited_until = None;
            rows::update(tx, member)?;
            rows::revoke_marks(tx, &member.entity_id)?;
            enter(tx, actor, Act::Suspend.entry(), member)
        })
        .await
    }

    /// Ends a suspension with a new mark.
    pub async fn reinstate(&self, actor: Actor, id: EntityId) -> Result<Member> {
        self.change(id, move |this, tx, member| this.reinstate_in(tx, actor, member)).await
    }

    fn reinstate_in(&self, tx: &mut Tx<'_>, actor: Actor, member: &mut Member) -> Result<()> {
        member.state = Act::Reinstate.on(member.state)?;
        member.limited_until = None;
        rows::update(tx, member)?;
        self.give_mark(tx, member)?;
        enter(tx, actor, Act::Reinstate.entry(), member)
    }

    /// Puts a member out, or turns an applicant away: from now on it is not listed and its statement is not found.
    pub async fn expel(&self, actor: Actor, id: EntityId) -> Result<Member> {
        self.change(id, move |_, tx, member| {
            member.state = Act::Expel.on(member.state)?;
            member.limited_until = None;
            rows::update(tx, member)?;
            rows::revoke_marks(tx, &member.entity_id)?;
            enter(tx, actor, Act::Expel.entry(), member)
        })
        .await
    }

    async fn change(
        &self,
        id: EntityId,
        act: impl FnOnce(&Self, &mut Tx<'_>, &mut Member) -> Result<()> + Send + 'static,
    ) -> Result<Member> {
        let this = self.clone();
        self.0
            .store
            .write(move |tx| {
                let mut member = rows::member(tx.conn(), &id)?.ok_or(Code::NotFound)?;
                act(&this, tx, &mut member)?;
                Ok(member)
            })
            .await
    }

    /// Changes a member's federation keys, or takes note that one of its keys was stolen.
    ///
    /// A key that the document calls revoked makes the member limited for as long as a partner may go on believing it:
    /// 72 h for a federation key, 24 h for a protocol key, counted from the revocation.
    pub async fn update_keys(&self, slug: String, change: KeyChange) -> Result<Admission> {
        self.0
            .store
            .write(move |tx| {
                let now = tx.now();
                let mut member = rows::member_by_slug(tx.conn(), &slug)?
                    .filter(|member| matches!(member.state, Standing::Active | Standing::Suspended))
                    .ok_or(Code::NotFound)?;
                if is_done(&member, &change, now) {
                    return admission_of(tx.conn(), &member, now);
                }
                let read = read_change(&member, &change, now)?;
                member.federation_jwks = read.jwks;
                member.keys_issued_at = read.issued_at;
                let limited = read.limited_until.filter(|until| *until > now);
                let is_timed = member.state == Standing::Active || member.limited_until.is_some();
                if let Some(until) = limited.filter(|_| is_timed) {
                    member.state = Standing::Suspended;
                    member.limited_until = member.limited_until.max(Some(until));
                    rows::revoke_marks(tx, &member.entity_id)?;
                    enter(tx, Actor::Peer(member.entity_id.clone()), Act::Suspend.entry(), &member)?;
                }
                rows::update(tx, &mut member)?;
                enter(tx, Actor::Peer(member.entity_id.clone()), "member.keys-changed", &member)?;
                admission_of(tx.conn(), &member, now)
            })
            .await
    }

    /// The worker: ends suspensions that end by themselves, and renews marks before their end or when the key that
    /// signed them was revoked. Says when to come back.
    pub async fn pump(&self) -> Result<DateTime<Utc>> {
        let this = self.clone();
        self.0
            .store
            .write(move |tx| {
                let now = tx.now();
                let mut next = now + LOOK;
                for mut member in rows::members(tx.conn(), &[Standing::Suspended])? {
                    match member.limited_until {
                        Some(until) if until <= now && member.agreement_until > now => {
                            this.reinstate_in(tx, Actor::System, &mut member)?;
                        }
                        Some(until) if until > now => next = next.min(until),
                        _ => {}
                    }
                }
                let revoked = this.revoked_keys(tx)?;
                for member in rows::members(tx.conn(), &[Standing::Active])? {
                    let mark = rows::newest_mark(tx.conn(), &member.entity_id)?;
                    let is_stolen = mark.as_ref().is_some_and(|mark| revoked.contains(&mark.kid));
                    let is_sound = !is_stolen
                        && mark.is_some_and(|mark| {
                            now + MARK_RENEWAL < mark.expires_at || mark.expires_at >= member.agreement_until
                        });
                    if is_stolen {
                        rows::revoke_marks(tx, &member.entity_id)?;
                    }
                    if !is_sound && member.agreement_until > now {
                        this.give_mark(tx, &member)?;
                        enter(tx, Actor::System, "member.mark-renewed", &member)?;
                    }
                }
                Ok(next)
            })
            .await
    }

    fn revoked_keys(&self, tx: &mut Tx<'_>) -> Result<Vec<Kid>> {
        let keys = self.0.keys.list(tx.conn(), Kind::Federation)?;
        Ok(keys.into_iter().filter(|key| key.revoked.is_some()).map(|key| key.kid).collect())
    }
}

fn enter(tx: &mut Tx<'_>, actor: Actor, act: &'static str, member: &Member) -> Result<()> {
    record(tx, Entry::new(actor, act).object(&member.slug).peer(&member.entity_id))
}

struct Change {
    jwks: Jwks,
    issued_at: DateTime<Utc>,
    limited_until: Option<DateTime<Utc>>,
}

/// Verifies a change of keys against the keys that the statement names at present.
fn read_change(member: &Member, change: &KeyChange, now: DateTime<Utc>) -> Result<Change, Problem> {
    let refuse = |why: &str| Problem::new(Code::NotEntitled).detail(why);
    let present = KeySet::new(&member.federation_jwks);
    let document = EntityConfiguration::open(&change.signed_by_present, &present, now)
        .map_err(|why| refuse(&format!("signed_by_present: {why}")))?;
    let issued_at = DateTime::from_timestamp(document.iat, 0).ok_or(Code::InvalidInput)?;
    if document.sub != member.entity_id {
        return Err(refuse("the configuration is about another entity"));
    }
    if issued_at < member.keys_issued_at {
        return Err(Problem::new(Code::Conflict).detail("a later configuration is known"));
    }
    let brought: Vec<&Jwk> = document.jwks.keys.iter().filter(|jwk| present.find(&jwk.kid).is_none()).collect();
    match (brought.as_slice(), &change.signed_by_new) {
        ([], _) => {}
        ([new], Some(proof)) => {
            let only = KeySet::new(&Jwks { keys: vec![(*new).clone()] });
            let proven =
                EntityConfiguration::open(proof, &only, now).map_err(|why| refuse(&format!("signed_by_new: {why}")))?;
            if proven.sub != document.sub || proven.jwks != document.jwks || proven.iat != document.iat {
                return Err(refuse("the two configurations do not say the same"));
            }
        }
        ([_], None) => return Err(refuse("the new key has not signed")),
        _ => return Err(Problem::new(Code::InvalidInput).detail("one new key at a time, signed by itself")),
    }
    let protocol = document.metadata.oauth_resource.as_ref().map(|node| node.jwks.keys.as_slice()).unwrap_or_default();
    let limits = [(document.jwks.keys.as_slice(), STATEMENT_CACHE), (protocol, CONFIGURATION_CACHE)];
    let limited_until = limits.into_iter().filter_map(|(keys, cache)| Some(last_revocation(keys)? + cache)).max();
    let jwks = believed(document.jwks);
    model::check_keys(&jwks).map_err(|why| Problem::new(Code::InvalidInput).detail(why))?;
    Ok(Change { jwks, issued_at, limited_until })
}

/// Whether the change was made before: its answer was lost, and the key that signed it may be gone.
fn is_done(member: &Member, change: &KeyChange, now: DateTime<Utc>) -> bool {
    let present = KeySet::new(&member.federation_jwks);
    change
        .signed_by_new
        .as_ref()
        .and_then(|proof| EntityConfiguration::open(proof, &present, now).ok())
        .is_some_and(|document| document.sub == member.entity_id && believed(document.jwks) == member.federation_jwks)
}

/// The keys that a statement may name.
fn believed(jwks: Jwks) -> Jwks {
    Jwks { keys: jwks.keys.into_iter().filter(|jwk| jwk.revoked.is_none()).collect() }
}

fn last_revocation(keys: &[Jwk]) -> Option<DateTime<Utc>> {
    let last = keys.iter().filter_map(|jwk| jwk.revoked.as_ref()).map(|revoked| revoked.revoked_at).max()?;
    DateTime::from_timestamp(last, 0)
}
