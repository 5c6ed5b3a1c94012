//! Two sides that act as they like over links that delay as they like: in the end they agree, and nobody was told that
//! an honest message was illegal.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::preview::Preview;
use super::*;

use Side::{Opener, Taker};

#[derive(Debug, Clone, Copy)]
enum Op {
    /// The side does one of the things allowed to it.
    Act(Side, usize),
    /// The first message under way to the side arrives.
    Arrive(Side),
    /// The same, but the taker refuses it where its conditions allow it to: a first referral, or information.
    Refuse,
    /// The opener reads the next receipt.
    Receipt,
    /// The referral that waits for its receipt expires.
    Expire,
    /// Days go by.
    Wait(i64),
}

#[derive(Debug, Clone, Copy)]
struct Letter {
    entry: Entry,
    /// Where its sender stood. Not on the wire: to check the reckoning.
    sent_in: Option<State>,
}

#[derive(Debug)]
struct Node {
    side: Side,
    state: Option<State>,
    history: History,
    last_seq: u64,
    processed: u64,
}

impl Node {
    fn new(side: Side) -> Self {
        Self { side, state: None, history: History::new(side, vec![]), last_seq: 0, processed: 0 }
    }

    fn last_send(&self) -> Option<u64> {
        self.history.entries().iter().rev().find(|entry| entry.event == Event::Send).map(|entry| entry.thread_seq)
    }
}

#[derive(Debug)]
struct Thread {
    opener: Node,
    taker: Node,
    to_taker: VecDeque<Letter>,
    to_opener: VecDeque<Letter>,
    receipts: VecDeque<(u64, Event, bool)>,
    previewed: bool,
    /// From the first refusal on the sender may stand elsewhere than can be reckoned, until it reads of it.
    refused: bool,
    clock: DateTime<Utc>,
}

impl Thread {
    fn new() -> Self {
        let queues = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self {
            opener: Node::new(Opener),
            taker: Node::new(Taker),
            to_taker: queues.0,
            to_opener: queues.1,
            receipts: queues.2,
            previewed: false,
            refused: false,
            clock: now(),
        }
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Act(side, pick) => self.act(side, pick),
            Op::Arrive(Taker) => self.arrive_at_taker(false),
            Op::Arrive(Opener) => self.arrive_at_opener(),
            Op::Refuse => self.arrive_at_taker(true),
            Op::Receipt => self.read_receipt(),
            Op::Expire => self.expire(),
            Op::Wait(days) => self.clock += TimeDelta::days(days),
        }
    }

    fn act(&mut self, side: Side, pick: usize) {
        let (copy, queue) = match side {
            Opener => (&mut self.opener, &mut self.to_taker),
            Taker => (&mut self.taker, &mut self.to_opener),
        };
        let preview = if self.previewed { Preview::Sent } else { Preview::None };
        let facts = copy.history.facts(Facts { preview, ..Facts::GIVEN });
        let allowed = allowed(side, copy.state, &facts, self.clock);
        let Some(&event) = allowed.get(pick % allowed.len().max(1)) else { return };
        // Ending everything is always possible to the opener: seldom, or no thread would get far.
        if event.stands() && !pick.is_multiple_of(5) {
            return;
        }
        self.previewed |= event == Event::SendPreview;
        let before = copy.state;
        copy.state = apply(side, before, event, &facts, self.clock).expect("it was allowed").state;
        let begins = matches!(event, Event::Send | Event::SendPreview);
        if event.wire().is_some() && (begins || copy.history.peer_may_know()) {
            copy.last_seq += 1;
            let entry = Entry {
                from: side,
                thread_seq: copy.last_seq,
                seen: copy.processed,
                event,
                at: self.clock,
                fate: Fate::Said,
            };
            copy.history.push(entry);
            queue.push_back(Letter { entry, sent_in: before });
        }
    }

    fn arrive_at_taker(&mut self, refuse: bool) {
        let Some(letter) = self.to_taker.pop_front() else { return };
        let entry = letter.entry;
        let unknown = self.taker.processed == 0 && !matches!(entry.event, Event::Send | Event::SendPreview);
        let refusable = match entry.event {
            Event::Send => self.taker.state.is_none(),
            Event::ProvideInfo => true,
            _ => false,
        };
        if unknown || refuse && refusable {
            self.refused = true;
            return self.receipts.push_back((entry.thread_seq, entry.event, false));
        }
        take(&mut self.taker, letter, self.refused);
        self.receipts.push_back((entry.thread_seq, entry.event, true));
    }

    fn arrive_at_opener(&mut self) {
        if let Some(letter) = self.to_opener.pop_front() {
            take(&mut self.opener, letter, self.refused);
        }
    }

    fn read_receipt(&mut self) {
        let Some((seq, event, accepted)) = self.receipts.pop_front() else { return };
        let opener = &mut self.opener;
        let last_send = opener.last_send();
        opener.history.set_fate(seq, if accepted { Fate::Said } else { Fate::Lost });
        let told = match (event, accepted) {
            (Event::Send, true) => Event::DeliveryAck,
            (Event::Send, false) if last_send == Some(seq) => Event::TransportRefused,
            (Event::ProvideInfo, false) => return opener.state = opener.history.state(),
            _ => return,
        };
        if let Ok(next) = apply(Opener, opener.state, told, &Facts::GIVEN, self.clock) {
            opener.state = next.state;
        }
    }

    fn expire(&mut self) {
        let opener = &mut self.opener;
        let Some(seq) = opener.last_send() else { return };
        let Ok(next) = apply(Opener, opener.state, Event::TransportExpired, &Facts::GIVEN, self.clock) else { return };
        opener.state = next.state;
        opener.history.set_fate(seq, Fate::Expired);
        self.to_taker.retain(|letter| letter.entry.thread_seq != seq);
    }

    fn settle(&mut self) {
        while !(self.to_taker.is_empty() && self.to_opener.is_empty() && self.receipts.is_empty()) {
            self.arrive_at_taker(false);
            self.arrive_at_opener();
            self.read_receipt();
        }
    }
}

fn take(copy: &mut Node, letter: Letter, refused: bool) {
    let entry = letter.entry;
    let reckoned = copy.history.state_at(entry.seen);
    if !refused {
        let alike = match (letter.sent_in, reckoned) {
            // Only the opener knows its receipts and its expiries.
            (
                Some(State::Draft | State::Sent | State::Received),
                Some(State::Draft | State::Sent | State::Received),
            ) => copy.side == Taker || letter.sent_in == reckoned,
            (sent_in, reckoned) => sent_in == reckoned,
        };
        assert!(alike, "sent in {:?}, reckoned {reckoned:?}: {entry:?} at {copy:?}", letter.sent_in);
    }
    match copy.history.judge(copy.state, entry.event, entry.seen, entry.at, true) {
        Verdict::Legal(next) => copy.state = next.state,
        Verdict::Superseded => {}
        Verdict::Illegal => panic!("illegal: {letter:?} at {copy:?}"),
    }
    copy.processed = entry.thread_seq;
    copy.history.push(entry);
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => any::<usize>().prop_map(|pick| Op::Act(Opener, pick)),
        6 => any::<usize>().prop_map(|pick| Op::Act(Taker, pick)),
        5 => Just(Op::Arrive(Taker)),
        5 => Just(Op::Arrive(Opener)),
        1 => Just(Op::Refuse),
        3 => Just(Op::Receipt),
        1 => Just(Op::Expire),
        1 => (0..60i64).prop_map(Op::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_sides_end_alike(ops in proptest::collection::vec(op(), 1..80)) {
        let mut thread = Thread::new();
        ops.into_iter().for_each(|op| thread.run(op));
        thread.settle();
        match (thread.opener.state, thread.taker.state) {
            (None | Some(State::Draft | State::Withdrawn | State::Closed), None) => {}
            (opener, taker) => prop_assert_eq!(opener, taker, "{:?}", thread),
        }
        // What the messages tell is what the copies hold.
        prop_assert_eq!(thread.taker.history.state(), thread.taker.state);
    }
}
