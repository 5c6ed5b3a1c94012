//! The job that ends what has been kept for long enough. Once a day, a few rows at a time, and only while the clock is
//! confirmed: whoever calls [`pump`] answers for that.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::rows::asking;
use super::rows::{self, Counted, ReportKind};
use super::{Fate, Length, RULES, rule};
use crate::access::cases::restriction;
use crate::config::RetentionConfig;
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Entry};
use crate::rules::calendar::local_day;
use crate::store::{Conn, Store, Tx};
use crate::vault::{self, Spent, Subject, Vault};

/// Rows that one act ends: nobody waits long for the writer.
const AT_ONCE: i64 = 50;
/// The same of entries of the journal, each of which is less.
const LINES_AT_ONCE: u64 = 500;
/// The rule by which the journal itself ends.
const JOURNAL: &str = "journal";

/// What a room names of its own that came to an end by an instant: ids after another one, at most so many, in their order,
/// each with the person whom it is about.
pub type Due = fn(&mut Conn, DateTime<Utc>, Option<Uuid>, i64) -> Result<Found>;

/// Ids, each with the person whom it is about.
pub type Found = Vec<Spent>;

/// Ends one of them. What stays of it may have to be sealed anew.
pub type End = fn(&mut Tx<'_>, &Vault, Uuid) -> Result<()>;

/// How a room ends what a rule names. Listed by the wiring; a rule may have several.
#[derive(Debug, Clone, Copy)]
pub struct Retained {
    /// The rule, by its code.
    pub rule: &'static str,
    /// What is due.
    pub due: Due,
    /// Ends it.
    pub end: End,
}

/// Ends what is due, if this is the first call of the day in the calendar of Italy. Of several processes one does it. What is
/// left by one that died is done the next day.
///
/// # Errors
/// What the database refuses.
pub async fn pump(store: &Store, vault: &Vault, retained: &'static [Retained], set: &RetentionConfig) -> Result<bool> {
    let day = local_day(store.clock().now()).to_string();
    let newest = store.read(rows::newest_day).await?;
    if newest.is_some_and(|newest| newest >= day) {
        return Ok(false);
    }
    let Some(report) = store.write(move |tx| rows::begin(tx, ReportKind::Run, &day)).await? else { return Ok(false) };
    let counts = each_rule(store, Some(vault), retained, set).await?;
    store.write(move |tx| rows::end(tx, report, &counts)).await?;
    Ok(true)
}

/// Counts what a run would end now, and ends nothing. The report of it is kept like that of a run.
///
/// # Errors
/// What the database refuses.
pub async fn dry_run(store: &Store, retained: &'static [Retained], set: &RetentionConfig) -> Result<Vec<Counted>> {
    let day = local_day(store.clock().now()).to_string();
    let begun = store.write(move |tx| rows::begin(tx, ReportKind::DryRun, &day)).await?;
    let report = begun.ok_or_else(|| Error::internal("a dry run is of no day"))?;
    let counts = each_rule(store, None, retained, set).await?;
    let kept = counts.clone();
    store.write(move |tx| rows::end(tx, report, &kept)).await?;
    Ok(counts)
}

/// Goes by each rule in turn: ends what is due with the vault, and without one counts it.
async fn each_rule(
    store: &Store,
    vault: Option<&Vault>,
    retained: &'static [Retained],
    set: &RetentionConfig,
) -> Result<Vec<Counted>> {
    let now = store.clock().now();
    let mut counts = Vec::new();
    for stands in RULES {
        let rule = rule(stands.code, set).unwrap_or(*stands);
        let mut counted = Counted { rule: rule.code.to_owned(), ended: 0, frozen: 0 };
        let before = match rule.code {
            // A recipient holds for as long as the agreement lets it after the end: only then does the log's time begin.
            "disclosure_log" => Length::Months(set.referral_closed_months).before(rule.length.before(now)),
            // The day of a note was fixed when the case ended, by the longest time: a shorter one brings it forward.
            "counselling_note" => now + (rule.length.before(now) - stands.length.before(now)),
            _ => rule.length.before(now),
        };
        if rule.code == JOURNAL {
            (counted.ended, counted.frozen) = lines(store, before, vault.is_some()).await?;
        }
        for it in retained.iter().filter(|it| it.rule == rule.code) {
            let (ended, frozen) = all(store, vault, *it, rule.then, before).await?;
            counted.ended += ended;
            counted.frozen += frozen;
        }
        counts.push(counted);
    }
    Ok(counts)
}

/// The entries of the journal, which go in their order, and leave no line in it about each: their leaves tell that they were
/// there.
async fn lines(store: &Store, before: DateTime<Utc>, really: bool) -> Result<(u64, u64)> {
    let count = move |conn: &mut Conn| {
        let kept = frozen(conn)?;
        journal::ended_by(conn, before, &kept)
    };
    let forget = move |tx: &mut Tx<'_>| {
        let kept = frozen(tx.conn())?;
        journal::forget_before(tx, before, LINES_AT_ONCE, &kept)
    };
    if !really {
        return store.read(count).await;
    }
    let mut deleted = 0;
    loop {
        let gone = store.write(forget).await?;
        deleted += gone.deleted;
        if gone.through == 0 {
            return Ok((deleted, store.read(count).await?.1));
        }
    }
}

/// Goes through all that is due, some at a time, each time in an act of its own.
async fn all(
    store: &Store,
    vault: Option<&Vault>,
    it: Retained,
    then: Fate,
    before: DateTime<Utc>,
) -> Result<(u64, u64)> {
    let (mut after, mut ended, mut frozen) = (None, 0, 0);
    loop {
        let some = if let Some(vault) = vault.cloned() {
            store.write(move |tx| end_some(tx, &vault, it, then, (before, after))).await?
        } else {
            store.read(move |conn| look_at_some(conn, it, before, after)).await?
        };
        ended += some.ended;
        frozen += some.frozen;
        match some.last {
            Some(last) => after = Some(last),
            None => return Ok((ended, frozen)),
        }
    }
}

/// What one act ended.
struct Batch {
    ended: u64,
    frozen: u64,
    last: Option<Uuid>,
}

fn look_at_some(conn: &mut Conn, it: Retained, before: DateTime<Utc>, after: Option<Uuid>) -> Result<Batch> {
    let (due, kept, last) = sorted(conn, it, before, after)?;
    Ok(Batch { ended: due.len() as u64, frozen: kept, last })
}

fn end_some(
    tx: &mut Tx<'_>,
    vault: &Vault,
    it: Retained,
    then: Fate,
    (before, after): (DateTime<Utc>, Option<Uuid>),
) -> Result<Batch> {
    let (due, kept, last) = sorted(tx.conn(), it, before, after)?;
    let act = match then {
        Fate::Deleted => "retention.deleted",
        Fate::Pseudonymised => "retention.pseudonymised",
        Fate::BytesDeleted => "retention.bytes-deleted",
        Fate::Reviewed => "retention.reviewed",
    };
    for (id, subject) in &due {
        (it.end)(tx, vault, *id)?;
        let entry = Entry::new(Actor::System, act).object(id).code(it.rule).ground("retention");
        // Whoever was taken out of it is not named beside it.
        let entry = match subject {
            Some(subject) if !matches!(then, Fate::Pseudonymised) => entry.subject(*subject),
            _ => entry,
        };
        journal::record(tx, entry)?;
    }
    Ok(Batch { ended: due.len() as u64, frozen: kept, last })
}

/// What is due and about nobody who is frozen; how much is about somebody who is; and the last id of all.
fn sorted(
    conn: &mut Conn,
    it: Retained,
    before: DateTime<Utc>,
    after: Option<Uuid>,
) -> Result<(Found, u64, Option<Uuid>)> {
    let mut due = (it.due)(conn, before, after, AT_ONCE)?;
    let last = due.last().map(|(id, _)| *id);
    let frozen = frozen(conn)?;
    let all = due.len();
    due.retain(|(_, subject)| subject.is_none_or(|subject| !frozen.contains(&subject)));
    let kept = (all - due.len()) as u64;
    Ok((due, kept, last))
}

/// Everybody of whom time ends nothing, by all her subjects: who asked for something as a right of hers and has no answer,
/// and whose data are restricted, which is kept too (GDPR 18(1)(b) and (c): she may want it for that alone).
///
/// # Errors
/// What the database refuses.
pub fn frozen(conn: &mut Conn) -> Result<HashSet<Subject>> {
    let mut all = HashSet::new();
    for subject in asking(conn)?.into_iter().chain(restriction::kept_for_them(conn)?) {
        all.extend(vault::joined(conn, subject)?);
    }
    Ok(all)
}
