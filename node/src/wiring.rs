//! The only file that names every feature: lists of plain functions, and no logic.

use actix_web::middleware::from_fn;

use staffetta_protocol::data::Body;
use staffetta_protocol::message::Message;
use uuid::Uuid;

use crate::assessments::counselling;
use crate::error::Result;
use crate::grants::Admitted;
use crate::inbox::Taken;
use crate::outbox::{Outbox, Settlement};
use crate::rights::retention::Retained;
use crate::routes::Routes;
use crate::store::Tx;
use crate::vault::Holding;
use crate::web::document::{DESK, EXCHANGE, NETWORK};
use crate::web::{self, NamedGauge, Rooms};
use crate::{
    access, assessments, authority, cards, consents, documents, grants, inbox, journal, links, offices, outbox, peers,
    people, referrals, rights, tasks, vault,
};

/// Every room with an API.
pub const ROOMS: Rooms = Rooms { federation, desk, tags: TAGS, matrix: MATRIX, examples: EXAMPLES };

/// What a request of each operation of the desk says. A story sends every one of them to a living node.
pub const EXAMPLES: &str = include_str!("wiring/examples.json");

/// What the operations are grouped by, with a sentence for each.
pub const TAGS: &[(&str, &str)] = &[
    ("assessments", "Skills assessments in three phases, their signed summaries, and what is said in counselling."),
    ("cards", "Profiling cards: the quick one, the whole one, and its versions."),
    ("cases", "Who works on which case, who handed it over, and who looked from outside."),
    ("consents", "What people agreed to, and what left about them."),
    ("documents", "The papers of each person: what they are, until when they hold, and their files."),
    ("exchange", "Messages from node to node, and the links that carry them."),
    ("members", "The other members of the network, as this node knows them."),
    ("network", "Membership, on the network authority's node."),
    ("offices", "Offices of this node, and the address book of partners."),
    ("people", "The people whom this node accompanies."),
    ("referrals", "Handing people on to other nodes, and taking them on."),
    (
        "rights",
        "What people ask for as a right of theirs, everything that is held about one, and the register of processing.",
    ),
    ("session", "The door: signing in and out, and what one's own account gets in with."),
    ("staff", "Accounts of the staff and of programs, their tokens and secrets."),
    ("status", "Whether the node is up."),
    ("tasks", "What the node cannot mend by itself, for the people who can."),
    ("transfers", "Records that move from one body to another."),
    ("trust", "Who a node is."),
];

/// What other nodes call.
pub fn federation(routes: &mut Routes<'_>) {
    routes.configure(peers::api).configure(authority::nodes);
    routes.below(NETWORK, authority::api, |rooms| rooms.wrap(from_fn(authority::only_there)));
    let exchange = |routes: &mut Routes<'_>| {
        routes.configure(web::status::api).configure(links::api);
    };
    let guarded =
        |rooms: actix_web::Scope| rooms.wrap(from_fn(links::wake_on_contact)).wrap(from_fn(peers::sign_answers));
    routes.below(EXCHANGE, exchange, guarded);
}

/// The message types that this node handles, of those that the protocol knows: its published capabilities.
pub fn takes(kind: &str) -> bool {
    Body::TYPES.contains(&kind)
}

/// What the rooms above do when a record of another node is withdrawn.
pub const ABOVE: consents::tree::Above = referrals::UPON_WITHDRAWAL;

/// Hands a message to its feature. Exhaustive on purpose: a new message type does not compile without its handler.
pub fn receive(tx: &mut Tx<'_>, outbox: &Outbox, to: &Admitted, m: &Message) -> Result<Taken> {
    match &m.body {
        Body::CardPreview(data) => referrals::wire::preview(tx, outbox, to, m, data),
        Body::CardPreviewAnswered(data) => referrals::wire::preview_answered(tx, outbox, to, m, data),
        Body::ReferralSent(data) => referrals::wire::sent(tx, outbox, to, m, data),
        Body::ReferralInfoRequested(data) => referrals::wire::info_requested(tx, outbox, to, m, data),
        Body::ReferralInfoProvided(data) => referrals::wire::info_provided(tx, outbox, to, m, data),
        Body::ReferralAccepted(data) => referrals::wire::accepted(tx, outbox, to, m, data),
        Body::ReferralDeclined(data) => referrals::wire::declined(tx, outbox, to, m, data),
        Body::ReferralProgressed(data) => referrals::wire::progressed(tx, outbox, to, m, data),
        Body::ReferralClosed(data) => referrals::wire::closed(tx, outbox, to, m, data),
        Body::ReferralWithdrawn(data) => referrals::wire::withdrawn(tx, outbox, to, m, data),
        Body::ReferralReopened(data) => referrals::wire::reopened(tx, outbox, to, m, data),
        Body::CardUpdated(data) => referrals::wire::card_updated(tx, outbox, to, m, data),
        Body::ContactReleased(data) => referrals::wire::contact_released(tx, outbox, to, m, data),
        Body::ConsentWithdrawn(data) => {
            let effect = consents::wire::withdrawn(tx, outbox, ABOVE, m, data)?;
            threads_ended(tx, &effect.threads)?;
            Ok(effect.taken)
        }
        Body::CardTransferred(data) => referrals::transfer::wire::transferred(tx, outbox, to, m, data),
        Body::CardTransferAnswered(data) => referrals::transfer::wire::answered(tx, outbox, to, m, data),
        Body::ReferralHolderChanged(data) => referrals::wire::holder_changed(tx, outbox, to, m, data),
        Body::ConsentWithdrawalAnswered(data) => consents::tree::answered(tx, outbox, m, data),
    }
}

/// Tells the features whose threads rested on a consent alone that it was taken back, here or at the other node.
pub fn threads_ended(tx: &mut Tx<'_>, threads: &[Uuid]) -> Result<()> {
    referrals::wire::withdrawn_by_consent(tx, threads)
}

/// Tells the features that queued messages what became of these, in the transaction that settles them.
pub fn settled(tx: &mut Tx<'_>, outbox: &Outbox, settled: &[Settlement]) -> Result<()> {
    settled.iter().try_for_each(|settlement| consents::tree::settled(tx, settlement))?;
    referrals::settled(tx, outbox, settled)
}

/// What the metrics tell of the rooms with a number each.
pub const GAUGES: &[NamedGauge] =
    &[("sealer_backlog", "Entries of the journal that wait for their place", journal::backlog)];

/// Every room that holds something about people.
pub const HOLDINGS: &[Holding] = &[
    referrals::HOLDING,
    rights::HOLDING,
    consents::HOLDING,
    assessments::HOLDING,
    cards::HOLDING,
    documents::HOLDING,
    people::HOLDING,
    inbox::HOLDING,
    outbox::HOLDING,
    grants::HOLDING,
    access::cases::HOLDING,
    tasks::HOLDING,
    journal::HOLDING,
    vault::HOLDING,
];

/// How each room ends what has been kept for long enough. The journal ends what is its own.
pub const RETAINED: &[Retained] = &[
    Retained { rule: "draft_card", due: cards::unsent, end: cards::delete_card },
    Retained {
        rule: "preview_received",
        due: referrals::expiring::previews_alone,
        end: |tx, _, id| referrals::expiring::delete_preview(tx, id),
    },
    Retained {
        rule: "referral_ended_recipient",
        due: referrals::expiring::ended_here,
        end: |tx, _, id| referrals::expiring::delete_referral(tx, id),
    },
    Retained {
        rule: "referral_ended_sender",
        due: referrals::expiring::ended_there,
        end: |tx, _, id| referrals::expiring::delete_referral(tx, id),
    },
    Retained {
        rule: "referral_closed",
        due: referrals::expiring::closed,
        end: |tx, _, id| referrals::expiring::unname(tx, id),
    },
    Retained { rule: "consent_record", due: consents::ended_by, end: |tx, _, id| consents::delete_record(tx, id) },
    Retained {
        rule: "disclosure_log",
        due: grants::held_by_nobody,
        end: |tx, _, id| grants::forget_disclosure(tx, id),
    },
    Retained { rule: "counselling_note", due: counselling::due, end: |tx, _, id| counselling::delete(tx, id) },
    Retained { rule: "message_bytes", due: outbox::spent_bytes, end: |tx, _, id| outbox::delete_bytes(tx, id) },
    Retained { rule: "message_bytes", due: inbox::spent_bytes, end: |tx, _, id| inbox::delete_bytes(tx, id) },
];

/// What the staff calls. Behind the gate nothing is public, so the status and the door itself stand before it.
pub fn desk(routes: &mut Routes<'_>) {
    let rooms = |routes: &mut Routes<'_>| {
        routes.configure(web::door::api).configure(web::staff::api).configure(web::members::api);
        routes.configure(web::neighbours::api);
        routes.configure(web::cases::api).configure(web::glass::api).configure(web::tasks::api);
        routes.configure(documents::api).configure(assessments::api).configure(people::api);
        routes.configure(cards::api).configure(cards::europass::api).configure(cards::imports::api);
        routes.configure(consents::api);
        routes.configure(rights::api);
        // Last: paths of other rooms lie below its own.
        routes.configure(referrals::api).configure(offices::api);
    };
    let all = |routes: &mut Routes<'_>| {
        routes.configure(web::status::api).configure(web::door::open_api);
        routes.below("", rooms, |rooms| rooms.wrap(from_fn(web::once)).wrap(from_fn(access::gate)));
    };
    routes.below(DESK, all, |rooms| rooms);
}

#[cfg(test)]
mod collecting;
mod matrix;
#[cfg(test)]
mod merging;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod released;
#[cfg(test)]
mod retaining;

pub use matrix::MATRIX;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::HOLDINGS;

    /// Sealed, and nobody's: the private keys of the node itself, and answers that it keeps for a day, which go as soon
    /// as anybody's key is destroyed.
    const OF_THE_NODE: [&str; 2] = ["node_key", "done_once"];

    #[test]
    fn every_table_about_people_is_somebodys_holding() {
        let about = ["person -> ", "subject -> ", "subject_ref -> ", "sealed -> "];
        let mut personal = BTreeSet::new();
        let mut table = "";
        for line in include_str!("store/schema.rs").lines().map(str::trim) {
            if let Some((name, _)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
                table = name;
            } else if about.iter().any(|column| line.starts_with(column)) && !OF_THE_NODE.contains(&table) {
                personal.insert(table);
            }
        }
        let mut named = BTreeSet::new();
        for holding in HOLDINGS {
            for table in holding.tables {
                assert!(named.insert(*table), "{table} stands twice");
            }
        }
        assert!(personal.contains("person") && personal.contains("outbox"));
        let missing: Vec<_> = personal.difference(&named).collect();
        assert!(missing.is_empty(), "no Holding names {missing:?}");
    }
}
