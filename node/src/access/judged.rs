//! On what an answer was given: which acts in which cases, and how far whoever asked saw them. It is kept with an answer
//! that may be given again, and judged anew before it is: she may have left the team since, or do something else in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Extensions;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::allowed::Asked;
use super::cases::{self, Function, Functions, Sight};
use super::{Acting, Staff};
use crate::error::{Error, Result};
use crate::journal;
use crate::store::Tx;

/// A case that whoever asked was let into, for an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judgement {
    act: String,
    case: Uuid,
    /// What she did there; nothing for who saw the whole card without being in the team.
    functions: Option<Vec<Function>>,
}

/// What was judged in the course of one request. Clones are of the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged(Arc<Mutex<Course>>);

#[derive(Debug, Default)]
struct Course {
    is_on_cases: bool,
    judgements: Vec<Judgement>,
}

impl Judged {
    /// The handler asked for an act, which is one on cases or is not.
    pub(super) fn asked(&self, is_on_cases: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_on_cases |= is_on_cases;
    }

    /// She was let into a case.
    pub(super) fn note(&self, act: &str, sight: &Sight) {
        let functions = sight.functions().map(|functions| functions.iter().collect());
        let judgement = Judgement { act: act.to_owned(), case: sight.case(), functions };
        let mut course = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A transaction that was tried twice judges twice.
        if !course.judgements.contains(&judgement) {
            course.judgements.push(judgement);
        }
    }

    fn all(&self) -> Option<Vec<Judgement>> {
        let course = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = !course.is_on_cases || !course.judgements.is_empty();
        is_known.then(|| course.judgements.clone())
    }
}

impl Judgement {
    /// Whether what she sees now is no less than what she saw then.
    fn is_within(&self, now: &Sight) -> bool {
        match self.functions.clone().map(Functions::new) {
            None => now.withheld().is_empty(),
            Some(None) => false,
            Some(Some(then)) => now.reaches(&then),
        }
    }
}

/// What an answer that was just made was judged by. Nothing where the act is one on cases and the handler looked none up:
/// such an answer cannot be judged again.
pub(crate) fn judged(extensions: &Extensions) -> Option<Vec<Judgement>> {
    extensions.get::<Asked>().and_then(|asked| asked.judged().all())
}

/// Whether `staff` would be let into all of it now, for the same acts and as far. Then each person finds in her journal that
/// the answer was given again. Where nothing was judged, `named` is the case of the request's path: she must still be
/// shown it.
///
/// # Errors
/// What the database refuses.
pub(crate) fn stands_again(tx: &mut Tx<'_>, staff: &Staff, given: &[Judgement], named: Option<Uuid>) -> Result<bool> {
    let mut seen = BTreeMap::new();
    for judgement in given {
        let sight = match Acting::again(staff, &judgement.act).map(|acting| acting.would_see(tx, judgement.case)) {
            Some(Ok(sight)) if judgement.is_within(&sight) => sight,
            Some(Ok(_) | Err(Error::Problem(_))) | None => return Ok(false),
            Some(Err(error)) => return Err(error),
        };
        seen.entry(judgement.case).or_insert((sight, judgement.act.as_str()));
    }
    if let Some(named) = named.filter(|_| given.is_empty())
        && let Some(file) = cases::case_file(tx.conn(), named)?
    {
        let now = tx.now();
        match cases::sight_now(tx.conn(), staff, &file, now)? {
            Some(sight) => seen.insert(named, (sight, "")),
            None => return Ok(false),
        };
    }
    for (case, (sight, act)) in seen {
        let Some(file) = cases::case_file(tx.conn(), case)? else { continue };
        journal::record(tx, sight.entry("answer.repeated").subject(file.subject).object(case).code(act))?;
    }
    Ok(true)
}
