//! What goes when a record is withdrawn: what came under it, and what came in the same conversation on no record.
//!
//! What was put right came on a duty. It rests on what it put right, and goes with it, group by group: of one message that puts
//! right what came under two records, each withdrawal takes its part.

use std::collections::{BTreeSet, HashMap, HashSet};

use staffetta_protocol::consent::Group;
use staffetta_protocol::data::{CardUpdated, Data, ReferralInfoProvided};
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use crate::error::Result;
use crate::grants::{self, Holding};
use crate::store::Tx;
use crate::{cards, inbox};

/// What goes.
#[derive(Debug, Default)]
pub(super) struct Going {
    /// Parts of cards, by their rows.
    pub(super) parts: Vec<Uuid>,
    /// Messages: their bytes, and the words that were written down of them.
    pub(super) messages: Vec<MessageId>,
}

/// What this record leaves behind in the threads in which something is held under it. Another record still carries its groups; for
/// what is withheld, only one that nobody took back does.
pub(super) fn going(
    tx: &mut Tx<'_>,
    (issuer, record, seq): (&EntityId, RecordId, u32),
    held: &[Holding],
    withheld: bool,
) -> Result<Going> {
    let mut going = Going { messages: held.iter().map(|it| it.message).collect(), ..Going::default() };
    let under: HashSet<MessageId> = going.messages.iter().copied().collect();
    let bare = grants::left_bare(tx, issuer, &issuer.into(), record)?;
    for thread in held.iter().filter_map(|it| it.thread).collect::<BTreeSet<Uuid>>() {
        let mut stays: BTreeSet<Group> = BTreeSet::new();
        let mut on_records = HashSet::new();
        for (message, other, at, groups) in grants::held_in(tx.conn(), thread)? {
            on_records.insert(message);
            let ended =
                (other == record && at <= seq) || (withheld && grants::tombstoned(tx.conn(), issuer, other, at)?);
            if !ended {
                stays.extend(groups);
            }
        }
        // Of each message on no record, whether something of it goes.
        let mut beside: HashMap<MessageId, bool> = HashMap::new();
        for (part, message, group) in cards::parts_in(tx.conn(), thread)? {
            let goes = if on_records.contains(&message) {
                under.contains(&message)
            } else {
                let goes = !stays.contains(&group);
                *beside.entry(message).or_default() |= goes;
                goes
            };
            going.parts.extend(goes.then_some(part));
        }
        for (message, kind, is_held) in inbox::came_in(tx.conn(), issuer, thread)? {
            let goes = match beside.get(&message) {
                _ if on_records.contains(&message) => false,
                Some(goes) => *goes,
                // It crossed something, and nobody kept what it put right.
                None if kind == CardUpdated::TYPE => is_held,
                // Words came without a note of their record once: they go with all that carried the conversation, and stand
                // in it for longer than the bytes that brought them.
                None => kind == ReferralInfoProvided::TYPE && bare.contains(&thread),
            };
            going.messages.extend(goes.then_some(message));
        }
    }
    Ok(going)
}
