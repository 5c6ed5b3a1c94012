//! What to make of a message that arrives: is it legal, has it crossed one of ours, or is it wrong?
//!
//! Both sides act at once on their own copy and tell the other; messages of one direction arrive in order, the
//! directions know nothing of each other. So a message may meet a state that its sender did not know. Every message
//! says in `seen` which of our messages its sender had processed, which is enough to reckon the state in which the
//! *sender* acted:
//!
//! 1. legal in our state now: we make the step;
//! 2. else legal in the sender's state ([`History::state_at`]): it has crossed; stored, no step, code `superseded`;
//! 3. else `illegal_transition`.
//!
//! One kind of event breaks the symmetry, or two sides that decide at once would never agree: what ends the thread from
//! the opener's side ([`Event::stands`]) makes its step at the taker even against a decision that it crossed, while the
//! decision is superseded at the opener. No other two events can cross with different results, since in every state
//! only one side has others: that is why both copies end in the same state (a property test holds it).
//!
//! # The sender's state, by example
//! The opener's copy; `o` are its messages, `t` the taker's:
//!
//! | | message | `seen` | the opener's copy | the taker's copy, as reckoned |
//! |---|---|---|---|---|
//! | o1 | `send` | 0 | sent | received |
//! | o2 | `withdraw` | 0 | withdrawn | (not seen yet) |
//! | t1 | `accept` | 1 | withdrawn: superseded | received -> accepted |
//! | t2 | `first_contact` | 1 | withdrawn: superseded | accepted -> in_progress |
//! | t3 | `close` | 2 | withdrawn: illegal | in_progress -> withdrawn (o2), so illegal |
//!
//! t2 shows why the state *here* right after o1 is not enough: it was never `accepted` here. The sender's state is
//! reckoned by playing the thread again as the sender saw it: its own messages in their order, each after those of ours
//! that it had seen, superseded ones included.

use chrono::{DateTime, Utc};

use super::machine::{Effect, Facts, Next, effects, holds, own_step, step, unmet};
use super::{Event, Side, State};

/// The verdict on a message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Make this step.
    Legal(Next),
    /// Crossed: store it, make no step; the receipt says accepted with the code `superseded`.
    Superseded,
    /// Refuse it: `illegal_transition`.
    Illegal,
}

/// One message of the thread that can change its state. `card.preview-answered`, `card.updated` and `contact.released`
/// take numbers of the thread too but need no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Who sent it.
    pub from: Side,
    /// Its number among its sender's in this thread, from 1; gaps are normal.
    pub thread_seq: u64,
    /// The highest number of the other side that its sender had processed; 0 for none.
    pub seen: u64,
    /// What it says.
    pub event: Event,
    /// Its `iat`.
    pub at: DateTime<Utc>,
    /// What became of it. Always `Said` for the other side's.
    pub fate: Fate,
}

/// What became of a message that this side queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Waiting, under way or receipted.
    Said,
    /// Its expiry passed without a receipt: undone here, and yet it may have arrived.
    Expired,
    /// Refused, struck before it left, or voided: certainly never processed.
    Lost,
}

/// The messages of one thread, as one side processed them: its own when queued, the other's when accepted (superseded
/// ones too, refused ones not).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    copy: Side,
    entries: Vec<Entry>,
}

impl History {
    /// `copy` is the side of the node that asks; `entries` in the order in which it processed them.
    pub fn new(copy: Side, entries: Vec<Entry>) -> Self {
        Self { copy, entries }
    }

    /// Adds what was just sent or accepted.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// All of them, in the order of processing.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What became of an own message; a late receipt may bring one back. Afterwards ask [`History::state`].
    pub fn set_fate(&mut self, thread_seq: u64, fate: Fate) {
        for entry in self.entries.iter_mut().filter(|entry| entry.from == self.copy && entry.thread_seq == thread_seq) {
            entry.fate = fate;
        }
    }

    /// What the other side has heard, or may have.
    fn heard_from(&self, side: Side) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.from == side && entry.fate != Fate::Lost)
    }

    /// The state of the other side's copy when it sent a message with this `seen`: after all its earlier messages and
    /// ours up to `seen`. `None`: a taker that has no referral yet.
    ///
    /// What only the other node knows (its drafts, its receipts) needs no reckoning: an opener that has said nothing is
    /// in `draft`, and from `sent` the same messages are legal as from `received`.
    pub fn state_at(&self, seen: u64) -> Option<State> {
        let peer = self.copy.other();
        let mut ours = self.heard_from(self.copy).peekable();
        let mut replay = Replay::new(peer);
        for theirs in self.heard_from(peer) {
            while let Some(entry) = ours.next_if(|entry| entry.thread_seq <= theirs.seen) {
                replay.take(entry.event);
            }
            replay.take(theirs.event);
        }
        ours.take_while(|entry| entry.thread_seq <= seen).for_each(|entry| replay.take(entry.event));
        replay.state
    }

    /// The state of this copy as its messages alone tell it. For the time after [`History::set_fate`]: what a lost or
    /// expired message said is undone and may be said anew. A withdrawal and a change of holder stay although their
    /// message is lost.
    pub fn state(&self) -> Option<State> {
        let answered = |sent: &Entry| self.heard_from(Side::Taker).any(|entry| entry.seen >= sent.thread_seq);
        let mut replay = Replay::new(self.copy);
        for entry in &self.entries {
            let arrived = entry.fate == Fate::Expired && entry.event == Event::Send && answered(entry);
            if entry.fate == Fate::Said || entry.event.stands() || arrived {
                replay.take(entry.event);
            }
        }
        replay.state
    }

    fn said_by_taker(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.from == Side::Taker && entry.fate == Fate::Said)
    }

    /// Missed appointments since the last acceptance, superseded reports included.
    pub fn no_shows(&self) -> u32 {
        self.said_by_taker().fold(0, |count, entry| match entry.event {
            Event::Accept => 0,
            Event::NoShow => count + 1,
            _ => count,
        })
    }

    /// When the taker last declined or closed.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        let ends = |entry: &&Entry| matches!(entry.event, Event::Decline | Event::Close | Event::CloseNoContact);
        self.said_by_taker().filter(ends).last().map(|entry| entry.at)
    }

    /// The opener said that another node holds the card.
    pub fn holder_changed(&self) -> bool {
        self.entries.iter().any(|entry| entry.event == Event::HolderChanged)
    }

    /// Does the other side know the thread, or may it yet? If not, a withdrawal stays here.
    pub fn peer_may_know(&self) -> bool {
        self.entries.iter().any(|entry| entry.from != self.copy || entry.fate != Fate::Lost)
    }

    /// `facts` with what the thread itself tells.
    pub fn facts(&self, facts: Facts) -> Facts {
        Facts { no_shows: self.no_shows(), ended_at: self.ended_at(), holder_changed: self.holder_changed(), ..facts }
    }

    /// Judges a message of the other side before it is added. `now` is this copy's state, `at` the message's `iat`
    /// (both sides then reckon the days to a reopening alike), `by_person` false when its `actor` is a program.
    ///
    /// An answer proves that the referral arrived, though its receipt is late or was given up: the step is then made
    /// from `received`. Previews and their answers are judged by [`super::preview::Preview::judge`].
    pub fn judge(&self, now: Option<State>, event: Event, seen: u64, at: DateTime<Utc>, by_person: bool) -> Verdict {
        let facts = self.facts(Facts { by_person, ..Facts::GIVEN });
        let at_seen = self.state_at(seen);
        let sent = |entry: &Entry| entry.event == Event::Send && entry.thread_seq <= seen;
        let unreceipted = matches!(now, Some(State::Draft | State::Sent));
        if !(unreceipted && self.copy == Side::Opener && self.heard_from(Side::Opener).any(sent)) {
            return judge(self.copy, event, now, at_seen, &facts, at);
        }
        let mut verdict = judge(self.copy, event, Some(State::Received), at_seen, &facts, at);
        if let Verdict::Legal(next) = &mut verdict {
            next.effects.insert(0, Effect::StartClock);
        }
        verdict
    }
}

/// One copy of the thread, played from messages that were found good before.
struct Replay {
    copy: Side,
    state: Option<State>,
}

impl Replay {
    fn new(copy: Side) -> Self {
        Self { copy, state: (copy == Side::Opener).then_some(State::Draft) }
    }

    fn take(&mut self, event: Event) {
        if self.copy == Side::Opener && event.side() == Side::Taker && self.state == Some(State::Sent) {
            self.state = Some(State::Received);
        }
        if let Some(state) = step(self.copy, self.state, event).or_else(|| stand(self.copy, self.state, event)) {
            self.state = state;
        }
    }
}

/// Where an event of the opener that stands leads at a taker who decided meanwhile.
fn stand(copy: Side, now: Option<State>, event: Event) -> Option<Option<State>> {
    let applies = copy == Side::Taker && event.stands() && now.is_some_and(State::is_ended);
    // A thread that is withdrawn already, by the tombstone of its consent, stays so.
    let to = if event == Event::Withdraw || now == Some(State::Withdrawn) { State::Withdrawn } else { State::Closed };
    applies.then_some(Some(to))
}

/// Could the sender send this from its state? Beside its table: an opener may have held a referral for lost that had
/// arrived, and sent it anew.
fn was_legal(sender: Side, from: Option<State>, event: Event, facts: &Facts, at: DateTime<Utc>) -> bool {
    let anew = matches!(event, Event::Send | Event::SendPreview) && from == Some(State::Sent);
    anew || own_step(sender, from, event, facts, at).is_some()
}

/// The rule above on its own: `event` of the other side arrives at `copy`, which is in `now`; its sender was in
/// `at_seen`.
///
/// Consent and fields are judged before, by whoever opens the message; that a person decides is judged here.
pub fn judge(
    copy: Side,
    event: Event,
    now: Option<State>,
    at_seen: Option<State>,
    facts: &Facts,
    at: DateTime<Utc>,
) -> Verdict {
    let foreign = event.side() == copy || event.wire().is_none();
    if foreign || unmet(event, facts).is_some() {
        return Verdict::Illegal;
    }
    let legal_now = holds(now, event, facts, at).then(|| step(copy, now, event)).flatten();
    let was_legal = was_legal(copy.other(), at_seen, event, facts, at);
    match legal_now.or_else(|| was_legal.then(|| stand(copy, now, event)).flatten()) {
        Some(state) => Verdict::Legal(Next { state, effects: effects(copy, now, event) }),
        None if was_legal => Verdict::Superseded,
        None => Verdict::Illegal,
    }
}

/// What becomes of a copy when the consent that carries it is withdrawn, at either node and by whatever way the word
/// comes: everything unfinished ends; what had ended stays as it was. `None`: nothing changes.
pub fn consent_withdrawn(now: Option<State>) -> Option<State> {
    (!now.is_some_and(State::is_ended)).then_some(State::Withdrawn)
}
