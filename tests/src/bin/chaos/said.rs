//! What both desks show of each thread, beside what was acknowledged in it.

use std::collections::HashMap;

use serde_json::Value;

use crate::asking::Desk;
use crate::work::{Asked, Thread, Work, day};

/// Everything that was acknowledged is at both sides, once and in order.
pub(crate) async fn judge(work: &Work, findings: &mut Vec<String>) {
    for (thread, memory) in work.threads() {
        let at_centre = numbers(work.at_centre(), &thread.at_centre, false).await;
        let at_cpi = numbers(work.at_cpi(), &thread.at_cpi, true).await;
        let forgotten = work.forgotten(&thread);
        // What was asked since may have been refused: the two saw the conversation differently.
        let ended = forgotten.filter(|_| thread.is_talk).map(|(then, _)| (then, usize::MAX));
        let by_cpi = Said { thread: &thread, asked: &memory.by_cpi, forgotten };
        let by_centre = Said { thread: &thread, asked: &memory.by_centre, forgotten: ended.map(|_| (0, usize::MAX)) };
        Said { forgotten: ended.or(forgotten), ..by_cpi }.compare("the job centre's", &at_centre.by_cpi, findings);
        Said { forgotten: ended.or(forgotten), ..by_cpi }.compare("the job centre's own", &at_cpi.by_cpi, findings);
        Said { forgotten: None, ..by_centre }.compare("the centre's own", &at_centre.by_centre, findings);
        by_centre.compare("the centre's", &at_cpi.by_centre, findings);
    }
}

#[derive(Default)]
struct Numbers {
    by_cpi: Vec<String>,
    by_centre: Vec<String>,
}

/// The numbers that a desk shows in a thread, in the order of its events.
async fn numbers(desk: &Desk, id: &str, at_cpi: bool) -> Numbers {
    let shown = desk.read(&format!("referrals/{id}")).await.body;
    let mut numbers = Numbers::default();
    for event in shown["events"].as_array().into_iter().flatten() {
        let Some(number) = number(&event["detail"]) else { continue };
        let by_cpi = event["own"] == at_cpi;
        if by_cpi { numbers.by_cpi.push(number) } else { numbers.by_centre.push(number) }
    }
    numbers
}

/// The day in a report, a question or an answer of the drill.
fn number(detail: &Value) -> Option<String> {
    let text = detail.to_string();
    let at = text.find("\"19").map(|at| at + 1).or_else(|| text.find(" 19").map(|at| at + 1))?;
    let at = text[at..].get(..10)?.to_owned();
    at.parse::<chrono::NaiveDate>().is_ok().then_some(at)
}

/// What one side was told that it has said in a thread.
#[derive(Clone, Copy)]
struct Said<'a> {
    thread: &'a Thread,
    asked: &'a Asked,
    /// From which act to which a node may have forgotten them. The last one was under way when it went back: either it was done
    /// before, and only what it made had still to be looked at, or it was done a second time.
    forgotten: Option<(usize, usize)>,
}

impl Said<'_> {
    /// Everything is there once and in order.
    fn compare(&self, whose: &str, seen: &[String], findings: &mut Vec<String>) {
        let expected: Vec<String> = self.asked.acknowledged.iter().map(|number| day(*number)).collect();
        let in_doubt = |at: usize| self.forgotten.is_some_and(|(first, last)| (first..=last).contains(&at));
        let mut times: HashMap<&String, usize> = HashMap::new();
        seen.iter().for_each(|it| *times.entry(it).or_default() += 1);
        let (mut lost, mut doubled) = (Vec::new(), Vec::new());
        for (at, act) in expected.iter().enumerate() {
            match times.remove(act).unwrap_or_default() {
                0 if !in_doubt(at) => lost.push(at),
                0 | 1 => {}
                _ if !in_doubt(at) => doubled.push(at),
                _ => {}
            }
        }
        let refused = self.asked.refused.map(day);
        let strange = times.keys().filter(|it| refused.as_ref() != Some(it)).count();
        // Days sort as their texts do.
        let in_order = self.forgotten.is_some() || seen.is_sorted();
        if !lost.is_empty() || !doubled.is_empty() || strange > 0 || !in_order {
            findings.push(format!(
                "{whose} acts in {}: {} acknowledged, {} there, lost {lost:?}, doubled {doubled:?}, {strange} never said, \
                 in order: {in_order}, may be forgotten: {:?}",
                self.thread.at_centre,
                expected.len(),
                seen.len(),
                self.forgotten
            ));
        }
    }
}
