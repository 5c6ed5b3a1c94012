//! Tables that grow with every message are asked by what they are about, never from end to end.

use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use super::retaining::PEER;
use crate::error::Result;
use crate::store::schema::paper;
use crate::store::{Id, Tx, plans, scratch};
use crate::vault::Subject;
use crate::{grants, inbox};

const GROWING: &[&str] = &["outbox", "disclosure", "holding", "known_message"];

/// What names few rows, however many there are; or the one at the end of an index.
const FEW: &[&str] = &[
    "message=",
    "thread=",
    "subject=",
    "record=",
    "SEARCH disclosure USING COVERING INDEX disclosure_turn",
    "SEARCH holding USING COVERING INDEX holding_turn",
];

/// What is asked when something is taken back, at a lease, and when time ends something. What is asked of that which waits to
/// leave is not among it: that grows and shrinks.
fn asks(tx: &mut Tx<'_>) -> Result<()> {
    let peer: EntityId = PEER.parse().unwrap();
    let subject = Subject(Uuid::new_v4());
    let (record, message) = (RecordId(Uuid::new_v4()), MessageId(Uuid::new_v4()));
    let thread = grants::begin(tx, &peer, subject, "referral")?;
    grants::note_disclosure(
        tx,
        &grants::Disclosure {
            message,
            subject,
            peer: peer.clone().into(),
            organisation: "Zz".into(),
            kind: "referral.sent.v1".into(),
            purpose: None,
            groups: std::collections::BTreeSet::new(),
            ground: "consent".into(),
            record: Some((record, 1)),
            card_version: None,
            at: tx.now(),
        },
    )?;
    let sheet = (paper::disclosure.eq(Id(message.0)), paper::thread.eq(Id(thread.id)));
    diesel::insert_into(paper::table).values(sheet).execute(tx.conn())?;
    grants::left_bare(tx, &peer, &peer.clone().into(), record)?;
    grants::still_given(tx.conn(), thread.id)?;
    let (on, now) = (grants::Resting { duty: Some(message), ..grants::Resting::default() }, tx.now());
    grants::still_holds(tx.conn(), on, now)?;
    grants::held_about(tx.conn(), &[subject])?;
    grants::held_from(tx.conn(), &peer, subject)?;
    grants::held_under(tx.conn(), &peer, record, 1)?;
    grants::first_held(tx.conn(), &peer, record, 1)?;
    grants::disclosed_after(tx.conn(), subject, 1)?;
    grants::held_in(tx.conn(), thread.id)?;
    inbox::came_in(tx.conn(), &peer, thread.id)?;
    inbox::delete_bytes_in(tx, &peer, thread.id)?;
    inbox::delete_bytes(tx, message.0)?;
    inbox::unname(tx, &peer, thread.id, subject)?;
    grants::let_go_of(tx, &[message])?;
    grants::end(tx, thread.id)?;
    grants::forget_disclosure(tx, message.0)
}

#[actix_web::test]
async fn what_grows_with_every_message_is_asked_by_what_it_is_about() {
    let scratch = scratch::sqlite(scratch::clock());
    let steps = scratch.store().write(|tx| plans::steps_of(tx, asks)).await.unwrap();
    let mut asked = std::collections::BTreeSet::new();
    for step in steps {
        let mut words = step.split_whitespace();
        let Some(table) = words.nth(1).filter(|table| GROWING.contains(table)) else { continue };
        asked.insert(table.to_owned());
        assert!(FEW.iter().any(|key| step.contains(key)), "{step}");
    }
    assert_eq!(asked.len(), GROWING.len(), "{asked:?}");
}
