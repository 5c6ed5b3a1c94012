//! The course of an exchange: how many messages were receipted when, and what the two processes held then.

use std::time::{Duration, Instant};

use super::figures::round;
use super::memory::Process;
use super::network::Own;
use super::receiver::Receiver;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// After so long without a receipt nothing will come any more.
const STANDSTILL: Duration = Duration::from_secs(120);

/// One look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    count: i64,
    seconds: f64,
    /// MiB of the sender's process and of the receiver's.
    held: [f64; 2],
}

/// All looks, from the beginning to the last receipt.
#[derive(Debug)]
pub(super) struct Course {
    messages: i64,
    seen: Vec<Seen>,
}

impl Course {
    /// Looks on until so many messages are receipted after the first ones.
    ///
    /// # Panics
    /// When it stands still.
    pub(super) async fn watch(sender: &Own, receiver: &Receiver, first: i64, messages: usize) -> Self {
        let messages = i64::try_from(messages).expect("some messages");
        let processes = [Process::own(), receiver.process()];
        let begun = Instant::now();
        let mut course = Self { messages, seen: Vec::new() };
        let mut moved = begun;
        loop {
            let count = sender.acknowledged(receiver).await - first;
            if course.seen.last().is_some_and(|last| last.count < count) {
                moved = Instant::now();
            }
            let held = [processes[0].resident(), processes[1].resident()];
            course.seen.push(Seen { count, seconds: begun.elapsed().as_secs_f64(), held });
            if count >= messages {
                return course;
            }
            assert!(moved.elapsed() < STANDSTILL, "the exchange stands still at {count} of {messages}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The look that saw so many tenths first; for none the last before anything came.
    fn after(&self, tenths: i64) -> Seen {
        let before = self.seen.iter().take_while(|seen| seen.count == 0).last();
        let past = || self.seen.iter().find(|seen| seen.count >= self.messages * tenths / 10).copied();
        let found = if tenths == 0 { before.copied() } else { past() };
        found.or(self.seen.first().copied()).expect("it was looked at")
    }

    /// Seconds until the first look that saw a receipt, or nearly so: see [`LOOK`].
    pub(super) fn silence(&self) -> f64 {
        self.after(0).seconds
    }

    /// Messages a second from the first receipt to the last.
    pub(super) fn rate(&self) -> f64 {
        rate(self.after(0), self.after(10))
    }

    /// The rate of each tenth.
    pub(super) fn rates_of_tenths(&self) -> Vec<f64> {
        (0..10).map(|n| round(rate(self.after(n), self.after(n + 1)))).collect()
    }

    /// What the sender's process held before the first message and after each tenth.
    pub(super) fn held_by_sender(&self) -> Vec<f64> {
        (0..=10).map(|n| self.after(n).held[0]).collect()
    }

    /// The same of the receiver's.
    pub(super) fn held_by_receiver(&self) -> Vec<f64> {
        (0..=10).map(|n| self.after(n).held[1]).collect()
    }
}

fn rate(from: Seen, to: Seen) -> f64 {
    (to.count - from.count) as f64 / (to.seconds - from.seconds).max(0.001)
}
