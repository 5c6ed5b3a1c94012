//! Operators who write while everything burns, and the memory of what they were told.
//!
//! Three kinds of thread. In one the job centre took somebody on and reports again and again; in one it asks and the centre
//! answers; in one somebody takes a yes back in the middle of it all, with a preview that went ahead or without. Each act carries a number of its own thread, so that
//! at the end it can be seen at the other side: there once, and in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::asking::{Answer, Desk};
use crate::dice::Dice;
use crate::network::Network;
use crate::people::{self, Person};

/// A referral, by its ids at both desks.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) at_centre: String,
    pub(crate) at_cpi: String,
    /// Whether it is of questions and answers, and not of reports.
    pub(crate) is_talk: bool,
}

/// What was asked of each side in one thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) by_cpi: Asked,
    pub(crate) by_centre: Asked,
}

/// The acts of one side, by their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// What was acknowledged, in order.
    pub(crate) acknowledged: Vec<u64>,
    /// What was refused after the job centre had gone back: it may have been done before that, without an answer to whoever
    /// asked, and then the other side has it.
    pub(crate) refused: Option<u64>,
}

/// A yes that was taken back, and who was told so knows it.
#[derive(Debug, Clone)]
pub(crate) struct TakenBack {
    pub(crate) record: String,
    /// Whether it was the one to the referral, so that the whole conversation ends with it.
    pub(crate) ends_all: bool,
}

/// The operators.
#[derive(Debug, Clone)]
pub(crate) struct Work(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    network: Arc<Network>,
    at_centre: Desk,
    at_cpi: Desk,
    notice: Value,
    threads: Vec<Thread>,
    memory: Mutex<BTreeMap<String, Memory>>,
    withdrawn: Mutex<Vec<TakenBack>>,
    /// How many acts of the job centre each thread had when the copy was begun to which it went back, and when it went.
    gone_back: Mutex<BTreeMap<String, (usize, usize)>>,
    findings: Mutex<Vec<String>>,
    acknowledged: Arc<AtomicU64>,
    over: AtomicBool,
}

/// The day that carries a number.
pub(crate) fn day(number: u64) -> String {
    let first = chrono::NaiveDate::from_ymd_opt(1950, 1, 1).expect("a day");
    (first + chrono::Days::new(number)).to_string()
}

impl Work {
    /// Makes the threads while nothing burns: odd ones accepted, even ones open to questions.
    pub(crate) async fn prepare(network: Arc<Network>, count: usize) -> Self {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let desk = |node: &crate::network::Node| {
            Desk::new(&node.id, node.token("operator", "operator"), Arc::clone(&acknowledged))
        };
        let (at_centre, at_cpi) = (desk(network.centre()), desk(network.cpi()));
        let notice = people::notice(&at_centre).await;
        at_centre.act("members/lookups", json!({"entity_id": network.cpi().id})).await.yes();
        let mut threads = Vec::new();
        for number in 0..count {
            let person = people::take_up(&at_centre, &format!("Persona {number}"), &notice).await.expect("no fire yet");
            let id = people::refer(&at_centre, &person, &network.cpi().id).await.expect("no fire yet");
            let taken = received(&at_cpi, number).await;
            if number % 2 == 1 {
                at_cpi.act(&format!("referrals/{taken}/known-person"), json!({"choice": "new"})).await.yes();
                let yes = json!({"appointment": {"kind": "to_be_fixed", "within_days": 7}, "already_known": false});
                let mut said = at_cpi.act(&format!("referrals/{taken}/acceptance"), yes).await;
                if !said.is_yes() {
                    let appointment =
                        json!({"at": "2030-01-10T09:00:00Z", "place": "CPI, sportello 3", "language": "fra"});
                    let yes =
                        json!({"appointment": {"kind": "fixed", "appointment": appointment}, "already_known": false});
                    said = at_cpi.act(&format!("referrals/{taken}/acceptance"), yes).await;
                }
                said.yes();
            }
            threads.push(Thread { at_centre: id, at_cpi: taken, is_talk: number % 2 == 0 });
        }
        Self(Arc::new(Inner {
            network,
            at_centre,
            at_cpi,
            notice,
            threads,
            memory: Mutex::default(),
            withdrawn: Mutex::default(),
            gone_back: Mutex::default(),
            findings: Mutex::default(),
            acknowledged,
            over: AtomicBool::new(false),
        }))
    }

    /// Sets everybody to work.
    pub(crate) fn begin(&self, seed: u64) -> JoinSet<()> {
        let dice = Dice::new(seed.wrapping_mul(31));
        let mut operators = JoinSet::new();
        for thread in self.0.threads.iter().cloned() {
            let (work, dice) = (self.clone(), dice.clone());
            if !thread.is_talk {
                operators.spawn(async move { work.report(thread, dice).await });
            } else {
                operators.spawn(async move { work.converse(thread, dice).await });
            }
        }
        let work = self.clone();
        operators.spawn(async move { work.take_back(dice).await });
        operators
    }

    /// Nobody begins anything new; what was begun is done to its end.
    pub(crate) async fn end(&self, mut operators: JoinSet<()>) {
        self.0.over.store(true, Ordering::Relaxed);
        while let Some(ended) = operators.join_next().await {
            if let Err(error) = ended {
                self.find(format!("an operator gave up: {error}"));
            }
        }
    }

    fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Acts that were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.0.acknowledged.load(Ordering::Relaxed)
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.0.findings.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.0.findings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, what: String) {
        self.0.findings.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Every thread with what was acknowledged in it.
    pub(crate) fn threads(&self) -> Vec<(Thread, Memory)> {
        let memory = self.0.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |thread: &Thread| memory.get(&thread.at_centre).cloned().unwrap_or_default();
        self.0.threads.iter().map(|thread| (thread.clone(), of(thread))).collect()
    }

    /// How many acts of the job centre are remembered in each thread.
    pub(crate) fn lengths(&self) -> BTreeMap<String, usize> {
        let threads = self.threads().into_iter();
        threads.map(|(thread, memory)| (thread.at_centre, memory.by_cpi.acknowledged.len())).collect()
    }

    /// The job centre goes back to a copy that was begun when there were so many.
    pub(crate) fn went_back(&self, before: BTreeMap<String, usize>) {
        let now = self.lengths();
        let between = before.into_iter().map(|(thread, then)| (thread.clone(), (then, now[&thread])));
        *self.0.gone_back.lock().unwrap_or_else(PoisonError::into_inner) = between.collect();
    }

    /// Which of its acts the job centre may have forgotten in a thread; `None` where it never went back.
    pub(crate) fn forgotten(&self, thread: &Thread) -> Option<(usize, usize)> {
        self.0.gone_back.lock().unwrap_or_else(PoisonError::into_inner).get(&thread.at_centre).copied()
    }

    /// Whether the job centre went back to a copy.
    pub(crate) fn has_gone_back(&self) -> bool {
        !self.0.gone_back.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// What was taken back, of people who were told that it is.
    pub(crate) fn withdrawn(&self) -> Vec<TakenBack> {
        self.0.withdrawn.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn at_centre(&self) -> &Desk {
        &self.0.at_centre
    }

    pub(crate) fn at_cpi(&self) -> &Desk {
        &self.0.at_cpi
    }

    fn remember(&self, thread: &Thread, answer: &Answer, number: u64, of: fn(&mut Memory) -> &mut Asked) -> bool {
        let mut memory = self.0.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = of(memory.entry(thread.at_centre.clone()).or_default());
        if answer.is_yes() {
            asked.acknowledged.push(number);
        } else if thread.is_talk && self.has_gone_back() {
            // The two sides may see it differently since: whoever asks stops asking.
            asked.refused = Some(number);
        } else {
            self.find(format!("act {number} of {} was refused: {} {}", thread.at_centre, answer.status, answer.body));
        }
        answer.is_yes()
    }

    /// The job centre reports, again and again.
    async fn report(&self, thread: Thread, dice: Dice) {
        let path = format!("referrals/{}/progress", thread.at_cpi);
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let said = self.0.at_cpi.act(&path, json!({"kind": "did_recorded", "on": day(number)})).await;
            if !self.remember(&thread, &said, number, |memory| &mut memory.by_cpi) {
                return;
            }
            sleep(dice.up_to(250)).await;
        }
    }

    /// The job centre asks, the centre answers, and so on.
    async fn converse(&self, thread: Thread, dice: Dice) {
        let (asks, answers) = (
            format!("referrals/{}/information-requests", thread.at_cpi),
            format!("referrals/{}/information", thread.at_centre),
        );
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let question = json!({"questions": [format!("Domanda {}", day(number))]});
            let said = self.0.at_cpi.act(&asks, question).await;
            if !self.remember(&thread, &said, number, |memory| &mut memory.by_cpi) {
                return;
            }
            self.until(&self.0.at_centre, &thread.at_centre, "info_requested").await;
            if self.is_over() {
                return;
            }
            let answer = json!({"answers": [{"question": 1, "text": format!("Risposta {}", day(number))}]});
            let said = self.0.at_centre.act(&answers, answer).await;
            if !self.remember(&thread, &said, number, |memory| &mut memory.by_centre) {
                return;
            }
            self.until(&self.0.at_cpi, &thread.at_cpi, "received").await;
            sleep(dice.up_to(100)).await;
        }
    }

    /// Waits until a referral stands so at that desk, or all is over.
    async fn until(&self, desk: &Desk, id: &str, state: &str) {
        while !self.is_over() {
            let seen = desk.read(&format!("referrals/{id}")).await;
            if seen.body["summary"]["state"] == state {
                return;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// People agree, are referred, half of them with a preview ahead, and take something of it back at some moment.
    async fn take_back(&self, dice: Dice) {
        let desk = &self.0.at_centre;
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let Some(person) = people::take_up(desk, &format!("Ritira {number}"), &self.0.notice).await else {
                continue;
            };
            let Some(id) = people::draft(desk, &person, &self.0.network.cpi().id).await else { continue };
            let goes_ahead = dice.happens(500);
            if goes_ahead {
                desk.act(&format!("referrals/{id}/preview"), Value::Null).await.yes();
                sleep(dice.up_to(600)).await;
            }
            // With a preview on its way either yes may go first, or only one, before the referral or after it.
            let of_preview = TakenBack { record: person.ahead.clone(), ends_all: false };
            let of_referral = TakenBack { record: person.record.clone(), ends_all: true };
            let mut back = match dice.below(4) {
                0 if goes_ahead => vec![of_preview],
                1 if goes_ahead => vec![of_preview, of_referral],
                2 if goes_ahead => vec![of_referral, of_preview],
                _ => vec![of_referral],
            };
            if goes_ahead && dice.happens(200) {
                self.takes_back(&person, back.remove(0)).await;
            }
            // Refused where nothing carries it any more.
            desk.act(&format!("referrals/{id}/sending"), json!({})).await;
            for _ in 0..dice.below(3) {
                sleep(dice.up_to(400)).await;
                let seen = desk.read(&format!("referrals/{id}")).await;
                if seen.body["summary"]["state"] == "received" {
                    // May be refused where nothing changed since: it is the attempt that counts.
                    desk.act(&format!("referrals/{id}/card-updates"), json!({})).await;
                }
            }
            sleep(dice.up_to(600)).await;
            for yes in back {
                self.takes_back(&person, yes).await;
            }
            desk.act(&format!("referrals/{id}/card-updates"), json!({})).await;
        }
    }

    async fn takes_back(&self, person: &Person, yes: TakenBack) {
        let how = json!({"by": "person", "channel": "in_person"});
        let path = format!("people/{}/consents/{}/withdrawals", person.id, yes.record);
        let said = self.0.at_centre.act(&path, how).await;
        if said.is_yes() {
            self.0.withdrawn.lock().unwrap_or_else(PoisonError::into_inner).push(yes);
        } else {
            self.find(format!("a withdrawal was refused: {} {}", said.status, said.body));
        }
    }
}

/// The newest referral at the job centre, once there are so many and one more.
async fn received(desk: &Desk, before: usize) -> String {
    loop {
        let listed = desk.read("referrals?limit=100").await.yes();
        let items = listed["items"].as_array().expect("a list of referrals");
        if items.len() > before {
            return items[0]["id"].as_str().expect("a referral has an id").to_owned();
        }
        sleep(Duration::from_millis(50)).await;
    }
}
