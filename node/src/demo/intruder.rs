//! What a partner gets that was granted nothing and tries anyway: its node is a real member and signs rightly, but the
//! person is no matter of its.

use actix_web::web::Bytes;
use chrono::TimeDelta;
use diesel::prelude::*;
use reqwest::Method;
use staffetta_protocol::card::Day;
use staffetta_protocol::consent::Ground;
use staffetta_protocol::data::{Body, Outcome as Ending, ReferralClosed};
use staffetta_protocol::id::{MessageId, SubjectRef, ThreadId};
use staffetta_protocol::link::{Batch, BatchAnswer, Item, LinkState};
use staffetta_protocol::message::{self, Actor, ActorRole, Claims};
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use crate::app::Node;
use crate::error::{Error, Result};
use crate::keys::Kind;
use crate::peers::Peer;
use crate::rules::calendar::local_day;
use crate::store::Id;
use crate::store::schema::thread;

/// The name of the newest thread at `holder`. Only somebody who sees into its database knows it.
pub(super) async fn overheard(holder: &Node) -> Result<(ThreadId, SubjectRef)> {
    let (thread, subject): (Id, Id) = holder
        .store()
        .read(|conn| {
            let newest = thread::table.order(thread::opened_at.desc()).select((thread::wire, thread::subject_ref));
            Ok(newest.first(conn)?)
        })
        .await?;
    Ok((ThreadId(thread.0), SubjectRef(subject.0)))
}

/// `intruder` tells `victim` that the referral of a thread that is none of its is closed, in a message that is well made
/// in every other respect. Answers the code with which it was refused.
pub(super) async fn meddle(intruder: &Node, victim: &Node, thread: (ThreadId, SubjectRef)) -> Result<String> {
    let failed = |what: &dyn std::fmt::Display| Error::Setup(what.to_string());
    let peer = intruder.peers().resolve(victim.entity_id()).await.map_err(|why| failed(&why))?;
    let jws = forged(intruder, victim, thread).await?;
    // A number of its own link, so that what it may send one day still arrives.
    let link: LinkState = call(intruder, &peer, Method::GET, "/exchange/link", None).await?;
    let batch = Batch {
        epoch: link.inbound.epoch,
        items: vec![Item { seq: link.inbound.through_seq + 1, message: Some(jws), void: None }],
    };
    let body = Bytes::from(serde_json::to_vec(&batch).map_err(Error::internal)?);
    let answer: BatchAnswer = call(intruder, &peer, Method::POST, "/exchange/messages", Some(body)).await?;
    match answer.items.first() {
        Some(item) if item.outcome == Outcome::Refused => {
            Ok(item.code.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        other => Err(failed(&format_args!("il messaggio non è stato rifiutato: {other:?}"))),
    }
}

async fn call<T: serde::de::DeserializeOwned>(
    from: &Node,
    to: &Peer,
    method: Method,
    path: &str,
    body: Option<Bytes>,
) -> Result<T> {
    let answer = from.peers().call(to, method, path, body).await;
    let answer = answer.map_err(|why| Error::Setup(format!("{path}: {why}")))?;
    if !answer.is_success() {
        return Err(Error::Setup(format!("{path}: stato {}", answer.status)));
    }
    answer.json().map_err(|why| Error::Setup(format!("{path}: {why}")))
}

async fn forged(intruder: &Node, victim: &Node, (thread, subject): (ThreadId, SubjectRef)) -> Result<String> {
    let now = intruder.clock().now();
    let on = Day::new(local_day(now)).map_err(|refusal| Error::internal(refusal.code()))?;
    let body = Body::from(ReferralClosed { outcome: Ending::Moved, on });
    let claims = Claims {
        iss: intruder.entity_id().clone(),
        aud: victim.entity_id().clone(),
        jti: MessageId(Uuid::new_v4()),
        iat: now.timestamp(),
        exp: Some((now + TimeDelta::days(1)).timestamp()),
        kind: body.type_name().to_owned(),
        thread: Some(thread),
        thread_seq: Some(1),
        seen: Some(1),
        subject_ref: Some(subject),
        ground: Some(Ground::Reply {}),
        depth: None,
        actor: Actor { role: ActorRole::Operator, pseudonym: None },
        data: message::data_of(&body).map_err(Error::internal)?,
    };
    let keys = intruder.keys().clone();
    let key = intruder.store().read(move |conn| keys.signing(conn, Kind::Protocol, now)).await?;
    message::seal(&claims, &key).map_err(Error::internal)
}
