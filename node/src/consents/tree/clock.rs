//! What is due by time: late answers become somebody's task, what was kept for a while goes, and keys are destroyed.

use chrono::{DateTime, Utc};
use staffetta_protocol::data::GroupOutcome;
use uuid::Uuid;

use super::rows::{self, Told};
use super::{Above, answering, model, taking};
use crate::consents::forgotten;
use crate::error::Result;
use crate::grants;
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox};
use crate::store::Tx;
use crate::tasks::{self, Kind, Task};
use crate::vault::{self, Subject, Vault};

/// Rows that are read at once.
const AT_ONCE: i64 = 100;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Answers that became late.
    pub late: usize,
    /// Withdrawals of which what was kept for a while has gone.
    pub thawed: usize,
    /// Keys that were destroyed.
    pub shredded: usize,
    /// Withdrawals that were told to somebody of whom this node had forgotten that it has something.
    pub followed: usize,
}

/// What is sure enough for what cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sure {
    /// Some member has confirmed the clock: by one that is ahead every answer is late, and the task of it is made once.
    pub clock: bool,
    /// What is destroyed now stands in the keyring when that is done.
    pub keyring: bool,
}

/// Does what is due. An answer is late only by a clock that is sure, and keys are destroyed only by one. What fails of one
/// withdrawal is undone and told, and keeps nobody else waiting.
///
/// # Errors
/// What the database refuses.
pub fn pump(tx: &mut Tx<'_>, handle: &Outbox, above: Above, sure: Sure) -> Result<Done> {
    let now = tx.now();
    let mut done = Done::default();
    let late = if sure.clock { rows::late(tx.conn(), now, AT_ONCE)? } else { Vec::new() };
    for told in late {
        done.late += usize::from(alone(tx, "a late answer", |tx| unanswered(tx, &told))?);
    }
    let mut after = Uuid::nil();
    // All of them: some wait for years, and are not to keep the others waiting.
    while let page = rows::frozen(tx.conn(), after, AT_ONCE)?
        && let Some(last) = page.last()
    {
        after = last.0;
        for found in &page {
            done.thawed += usize::from(alone(tx, "what is withheld", |tx| thaw(tx, handle, above, *found))?);
        }
    }
    done.followed = alone(tx, "who is to be told further", |tx| forgotten::follow(tx, handle))?;
    if sure.clock && sure.keyring {
        done.shredded = alone(tx, "a key to be destroyed", |tx| shred(tx, handle.vault(), now))?;
    }
    Ok(done)
}

/// A part that may fail inside: then nothing of it was done, and what follows is.
fn alone<T: Default>(tx: &mut Tx<'_>, what: &str, part: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    match tx.savepoint(part) {
        Err(error) if tx.is_lost() || error.is_storage_full() => Err(error),
        Err(cause) => {
            tracing::error!(%cause, "{what} failed inside: it is tried again");
            Ok(T::default())
        }
        done => done,
    }
}

/// The answer did not come in time: the data protection officer asks by other means. Nothing where it came meanwhile.
fn unanswered(tx: &mut Tx<'_>, told: &Told) -> Result<bool> {
    if !rows::mark_late(tx, told.id)? {
        return Ok(false);
    }
    let task = Task::new(Kind::RecallUnanswered, told.id).with(&told.peer).about(told.subject);
    tasks::open(tx, task.code(told.known.status().code()))?;
    Ok(true)
}

/// No message reached it, and none will: somebody tells it by other means.
pub(super) fn not_reached(tx: &mut Tx<'_>, told: &Told, code: &str) -> Result<()> {
    let kind = if code == "member_out" { Kind::RecallOwedToMemberOut } else { Kind::RecallUnanswered };
    tasks::open(tx, Task::new(kind, told.id).with(&told.peer).about(told.subject).code(code))?;
    rows::mark_task(tx, told.id)
}

/// It answered, or was reached by other means: there is nothing more to be done.
pub(super) fn mended(tx: &mut Tx<'_>, told: &Told) -> Result<()> {
    for kind in [Kind::RecallUnanswered, Kind::RecallOwedToMemberOut] {
        tasks::close(tx, kind, &told.id.to_string(), Actor::System)?;
    }
    Ok(())
}

/// What had to be kept for a while goes as soon as it need not, and whoever told is answered anew. Of several processes that
/// found the row one does it.
fn thaw(tx: &mut Tx<'_>, handle: &Outbox, above: Above, (id, subject): rows::Withheld) -> Result<bool> {
    let Some(subject) = subject else { return Ok(false) };
    if (above.frozen)(tx.conn(), subject)? {
        return Ok(false);
    }
    let Some(mut taken) = rows::locked(tx, id)?.filter(|it| it.frozen) else { return Ok(false) };
    let issuer = taken.issuer.clone();
    let held = grants::held_under(tx.conn(), &issuer, taken.record, taken.seq)?;
    let kept = taking::go(tx, handle, above, (&issuer, taken.record, taken.seq), &held)?;
    let received = taken.outcomes.iter().map(|it| it.group).collect::<Vec<_>>();
    taken.outcomes = model::outcomes(received, &kept);
    taken.frozen = taken.outcomes.iter().any(|it| it.outcome == GroupOutcome::Restricted {});
    let entry = Entry::new(Actor::System, "recall.kept-no-more").subject(subject).object(taken.record);
    journal::record(tx, entry.peer(&issuer))?;
    if taken.recall.is_some() {
        answering::next(tx, handle, taken)?;
    } else {
        rows::save_taken(tx, &taken)?;
    }
    Ok(true)
}

/// Destroys the keys of those whom this node knew from others, and of whom it holds nothing any more. As long as it holds
/// something, that is asked again: what is left may go by time, and nobody says so then.
fn shred(tx: &mut Tx<'_>, vault: &Vault, now: DateTime<Utc>) -> Result<usize> {
    let (mut shredded, mut after) = (0, Uuid::nil());
    loop {
        let page = rows::unshredded(tx.conn(), now, after, AT_ONCE)?;
        let Some(last) = page.last().map(|it| it.id) else { return Ok(shredded) };
        let about: Vec<Subject> = page.iter().filter_map(|it| it.subject).collect();
        let stands = grants::held_about(tx.conn(), &about)?;
        for taken in &page {
            let Some(subject) = taken.subject else {
                rows::mark_shredded(tx, taken.id)?;
                continue;
            };
            if stands.contains(&subject) || outbox::waits_about(tx.conn(), &[subject])? {
                continue;
            }
            rows::mark_shredded(tx, taken.id)?;
            // Whoever is one with a person of this node ends with her.
            let alone = vault::joined(tx.conn(), subject)?.len() == 1;
            if alone && !Vault::is_shredded(tx.conn(), subject)? {
                vault.shred(tx, subject)?;
                let entry = Entry::new(Actor::System, "subject.shredded").subject(subject).object(taken.record);
                journal::record(tx, entry.peer(&taken.issuer))?;
                shredded += 1;
            }
        }
        after = last;
    }
}
