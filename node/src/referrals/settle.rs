//! What became of our messages on their way, and what that means for the matter.

use std::collections::BTreeSet;

use staffetta_protocol::id::MessageId;

use super::case::{Case, DEADLINES, LOCAL};
use super::events::{self, Noted, Said};
use super::model::preview::{Preview, PreviewEvent};
use super::model::{self, DueClock, Effect, Event, Facts, Fate, Side, State, Transport};
use super::{rows, transfer};
use crate::error::Result;
use crate::outbox::{self, Outbox, Settlement, Waiting};
use crate::store::Tx;

/// Referrals that one transaction looks after.
pub const AT_ONCE: usize = 200;

/// Receipts settled these messages: told by whoever settles. Messages of other rooms are none of this one's business.
pub fn settled(tx: &mut Tx<'_>, outbox: &Outbox, settled: &[Settlement]) -> Result<()> {
    let arrived: BTreeSet<MessageId> = settled.iter().filter(|it| it.simply_arrived()).map(|it| it.message).collect();
    let (mut told, mut moved, mut ended) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for own in events::own(tx.conn(), settled.iter().map(|it| it.message))? {
        // That a card came up to date changes nothing else here.
        if arrived.contains(&own.message) && matches!(own.said, Said::CardUpdated | Said::ContactReleased) {
            told.push(own);
        } else {
            moved.insert(own.referral);
            // Also of what was settled before: a partner that lost it may judge otherwise the second time.
            ended.extend((!arrived.contains(&own.message)).then_some(own.message));
        }
    }
    events::save_arrived(tx, &told)?;
    rows::touch(tx, told.iter().map(|own| own.referral))?;
    for id in moved {
        catch_up(tx, id, &ended)?;
    }
    settled.iter().try_for_each(|settlement| transfer::settled(tx, outbox, settlement))
}

/// Takes over what the outbox decided by itself: struck or expired before any receipt. Called after each round of
/// leases and now and then. Says how many referrals or transfers it looked after; as many as [`AT_ONCE`] means: again.
pub fn refresh(tx: &mut Tx<'_>) -> Result<usize> {
    let moved = events::moved(tx.conn(), AT_ONCE as i64)?;
    for id in &moved {
        catch_up(tx, *id, &BTreeSet::new())?;
    }
    let transfers = transfer::refresh(tx, AT_ONCE)?;
    Ok(moved.len().max(transfers))
}

fn catch_up(tx: &mut Tx<'_>, id: uuid::Uuid, ended: &BTreeSet<MessageId>) -> Result<()> {
    let mut case = Case::lock(tx, id)?;
    case.refresh_with(tx, ended)?;
    case.save(tx)
}

pub(super) fn transport(of: outbox::Transport) -> Transport {
    match of {
        outbox::Transport::Queued => Transport::Queued,
        outbox::Transport::Delivered => Transport::Delivered,
        outbox::Transport::Refused => Transport::Refused,
        outbox::Transport::Struck => Transport::Struck,
        outbox::Transport::Expired => Transport::Expired,
    }
}

impl Case {
    /// Brings every message of ours that is not settled up to what the outbox knows, in their order. Does not save the
    /// row.
    pub(super) fn refresh(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.refresh_with(tx, &BTreeSet::new())
    }

    /// The same, and of these also what was settled before.
    fn refresh_with(&mut self, tx: &mut Tx<'_>, ended: &BTreeSet<MessageId>) -> Result<()> {
        for index in 0..self.events.len() {
            let event = &self.events[index];
            if event.settled && !ended.contains(&event.message) {
                continue;
            }
            let Some(waiting) = outbox::transport_of(tx.conn(), event.message)? else { continue };
            let now_at = transport(waiting.transport);
            let settled = waiting.settled_at.is_some();
            if event.transport == Some(now_at) && event.settled == settled {
                continue;
            }
            self.moved(tx, index, now_at, settled, &waiting)?;
        }
        Ok(())
    }

    fn moved(&mut self, tx: &mut Tx<'_>, index: usize, to: Transport, settled: bool, way: &Waiting) -> Result<()> {
        let event = &mut self.events[index];
        let before = event.fate;
        event.transport = Some(to);
        event.code = way.code.clone();
        event.settled = settled;
        event.fate = match (to, settled) {
            (Transport::Queued | Transport::Delivered | Transport::NotSent | Transport::ByHand, _) => Fate::Said,
            // It had a number and may have landed; the receipt for its void will tell.
            (Transport::Struck | Transport::Expired, false) => Fate::Expired,
            (Transport::Refused | Transport::Struck | Transport::Expired, _) => Fate::Lost,
        };
        let event = event.clone();
        events::save_way(tx, &event)?;
        match event.said {
            Said::Event(Event::SendPreview) => self.preview_moved(event.message, event.fate),
            Said::Event(Event::Send) if event.fate == Fate::Said => self.arrived(tx, &event),
            Said::Event(Event::Send) if self.is_latest_send(&event) => self.failed(tx, to),
            // A withdrawal stands although its message was lost.
            Said::Event(_) if event.fate != before => self.replay(tx),
            Said::Event(_) | Said::CardUpdated | Said::ContactReleased => {}
            Said::PreviewAnswered => self.answer_moved(&event),
        }
        Ok(())
    }

    fn is_latest_send(&self, event: &Noted) -> bool {
        let sends = self.events.iter().filter(|other| other.own && other.said == Said::Event(Event::Send));
        sends.map(|other| other.thread_seq).max() == Some(event.thread_seq)
    }

    /// The receipt for the referral itself. That the state has moved on meanwhile is no error.
    fn arrived(&mut self, tx: &mut Tx<'_>, event: &Noted) {
        if event.transport == Some(Transport::Delivered) {
            self.by_link(tx, Event::DeliveryAck);
        }
    }

    fn failed(&mut self, tx: &mut Tx<'_>, to: Transport) {
        let event = if to == Transport::Refused { Event::TransportRefused } else { Event::TransportExpired };
        self.by_link(tx, event);
    }

    fn by_link(&mut self, tx: &mut Tx<'_>, event: Event) {
        let now = tx.now();
        let facts = self.history().facts(Facts { preview: self.preview, ..Facts::GIVEN });
        if let Ok(next) = model::apply(self.side, self.state, event, &facts, now) {
            self.make(&next, now);
        }
    }

    fn preview_moved(&mut self, message: MessageId, fate: Fate) {
        if self.row.preview_message.map(|id| id.0) != Some(message.0) {
            return;
        }
        match fate {
            Fate::Said if self.preview == Preview::None => self.preview = Preview::Sent,
            Fate::Said => {}
            Fate::Expired | Fate::Lost => {
                let undone = self.preview.apply(Side::Opener, PreviewEvent::Undelivered, self.state);
                self.preview = undone.unwrap_or(self.preview);
            }
        }
    }

    /// An answer to the preview that did not arrive may be given anew, unless the referral came meanwhile.
    fn answer_moved(&mut self, event: &Noted) {
        let latest = self.events.iter().rfind(|other| other.own && other.said == Said::PreviewAnswered);
        let is_latest = latest.is_some_and(|other| other.message == event.message);
        if event.fate == Fate::Lost && is_latest && matches!(self.preview, Preview::Answered(_)) {
            self.preview = Preview::Sent;
        }
    }

    /// The state as the messages alone tell it. A withdrawal and a change of holder are never undone, whatever became of
    /// their message.
    fn replay(&mut self, tx: &mut Tx<'_>) {
        let handed_over = self.events.iter().any(|event| event.own && event.said == Said::Event(Event::HolderChanged));
        if self.state == Some(State::Withdrawn) || handed_over {
            return;
        }
        let now = tx.now();
        self.state = self.history().state();
        let effect = match (self.state, self.clock) {
            (Some(State::Received), DueClock::Paused { .. }) => Effect::ResumeClock,
            (Some(State::Received), DueClock::Stopped) => Effect::StartClock,
            (Some(State::InfoRequested), DueClock::Running { .. }) => Effect::PauseClock,
            (Some(State::Received | State::InfoRequested), _) => return,
            _ => Effect::StopClock,
        };
        self.clock = self.clock.after(effect, &DEADLINES, LOCAL, now);
    }
}
