//! Notices: what a person is told before she is asked, in its versions and languages.
//!
//! What must hold:
//! - An answer names a text by its digest, and only a text that is kept here. So it can be shown for ever what she was
//!   told.
//! - Versions and texts are never changed: what is to read otherwise is a new version. Verifying a text changes who
//!   answers for it, not what it says.
//! - A notice prints who decides: this organisation, or the one on whose instructions it works. When that changes, the
//!   notice cannot be used any more.
//! - A text is a draft until somebody who knows the language has verified it. A draft needs a mediator.

mod model;
mod rows;
mod shipped;

pub use model::{Audio, NewNotice, NewWording, NoticeVersion, Verified, Wording};

use staffetta_protocol::card::{At, Check as _, LanguageCode, Refusal};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::Notice;
use crate::error::Result;
use crate::grants::{self, ActsAs};
use crate::journal::{self, Actor, Entry};
use crate::store::{Conn, Tx};

/// Who decides, as a notice for these purposes prints it: controller and, where this organisation is only the
/// processor, processor.
///
/// # Errors
/// `purpose_not_instructed`; `invalid_input` at `/purposes` when two of them have different controllers.
fn printed(conn: &mut Conn, own: &str, purposes: &[Purpose]) -> Result<(String, Option<String>)> {
    let mut found: Option<(String, Option<String>)> = None;
    for purpose in purposes {
        let one = match grants::acts_as(conn, *purpose)? {
            ActsAs::Controller => (own.to_owned(), None),
            ActsAs::Processor(mandate) => (mandate.label.as_str().to_owned(), Some(own.to_owned())),
        };
        if found.as_ref().is_some_and(|known| *known != one) {
            return Err(Problem::invalid(vec![Refusal::Inconsistent.at("/purposes")]).into());
        }
        found = Some(one);
    }
    Ok(found.unwrap_or_else(|| (own.to_owned(), None)))
}

/// Adds a version of a notice with its first texts. `own` is what this organisation is called.
///
/// # Errors
/// `already_exists` for a version that is there; those of [`printed`]; `invalid_input`.
pub fn add(tx: &mut Tx<'_>, by: &Actor, own: &str, new: &NewNotice) -> Result<NoticeVersion> {
    let mut found = Vec::new();
    new.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    if rows::named(tx.conn(), new.notice_id.as_str(), new.version.as_str())?.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    let (controller, processor) = printed(tx.conn(), own, &new.purposes)?;
    let id = Uuid::now_v7();
    let head = NoticeVersion {
        id,
        code: new.notice_id.clone(),
        version: new.version.clone(),
        purposes: new.purposes.iter().copied().collect(),
        controller,
        processor,
        created_at: tx.now(),
        retired_at: None,
        texts: Vec::new(),
    };
    rows::insert(tx, &head, by.staff())?;
    for text in new.texts.iter() {
        rows::insert_text(tx, &head, text, by.staff())?;
    }
    journal::record(tx, Entry::new(by.clone(), "notice.added").object(id))?;
    of(tx.conn(), id)
}

/// Adds a language to a version.
///
/// # Errors
/// `not_found`; `already_exists` for a language that it has; `conflict` for a version that is retired.
pub fn add_text(tx: &mut Tx<'_>, by: &Actor, id: Uuid, text: &NewWording) -> Result<NoticeVersion> {
    let notice = of(tx.conn(), id)?;
    if notice.retired_at.is_some() {
        return Err(Code::Conflict.into());
    }
    if notice.texts.iter().any(|known| known.language == text.language) {
        return Err(Code::AlreadyExists.into());
    }
    rows::insert_text(tx, &notice, text, by.staff())?;
    journal::record(tx, Entry::new(by.clone(), "notice.text-added").object(id).code(text.language.as_str()))?;
    of(tx.conn(), id)
}

/// Notes that somebody who knows the language answers for a text. The first one counts.
///
/// # Errors
/// `not_found`; `already_exists` for a text that is verified.
pub fn verify(
    tx: &mut Tx<'_>,
    by: &Actor,
    id: Uuid,
    language: &LanguageCode,
    verified: &Verified,
) -> Result<NoticeVersion> {
    let notice = of(tx.conn(), id)?;
    let text = notice.texts.iter().find(|text| text.language == *language).ok_or(Code::NotFound)?;
    if !rows::verify(tx, text.hash, verified)? {
        return Err(Code::AlreadyExists.into());
    }
    journal::record(tx, Entry::new(by.clone(), "notice.text-verified").object(id).code(language.as_str()))?;
    of(tx.conn(), id)
}

/// Takes a version out of use. Answers that name it keep it. A second time changes nothing.
///
/// # Errors
/// `not_found`.
pub fn retire(tx: &mut Tx<'_>, by: &Actor, id: Uuid) -> Result<NoticeVersion> {
    of(tx.conn(), id)?;
    if rows::retire(tx, id)? {
        journal::record(tx, Entry::new(by.clone(), "notice.retired").object(id))?;
    }
    of(tx.conn(), id)
}

/// A version with its texts.
///
/// # Errors
/// `not_found`.
pub fn of(conn: &mut Conn, id: Uuid) -> Result<NoticeVersion> {
    rows::by_id(conn, id)?.ok_or_else(|| Code::NotFound.into())
}

/// Every version with its texts, the newest of each notice first.
pub fn list(conn: &mut Conn) -> Result<Vec<NoticeVersion>> {
    rows::all(conn)
}

/// Puts the notices that come with the program in, where they are not there and this organisation may use them.
///
/// They are drafts: nobody of this organisation has verified them. Once a notice has any version here, the
/// organisation's own word counts.
pub fn ship(tx: &mut Tx<'_>, own: &str) -> Result<()> {
    for new in shipped::notices() {
        if rows::is_known(tx.conn(), new.notice_id.as_str())? {
            continue;
        }
        match add(tx, &Actor::System, own, &new) {
            Ok(_) => {}
            Err(error) if matches!(error.code(), Code::PurposeNotInstructed | Code::InvalidInput) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The text that an answer names, judged at `at`: known here, in use, about these purposes, printing who decides now,
/// and not a draft where nobody explains it. Says whether it is a draft.
///
/// # Errors
/// `invalid_input`; `purpose_not_instructed`.
pub fn judge(conn: &mut Conn, said: &Notice, purposes: &[Purpose], mediated: bool, at: &At<'_>) -> Result<bool> {
    let refuse = |field: &'static str, refusal| Problem::invalid(vec![at.key(field).refuse(refusal)]);
    let named = rows::by_hash(conn, said.hash)?.filter(|(notice, text)| {
        notice.code == said.notice_id && notice.version == said.version && text.language == said.language
    });
    let (notice, text) = named.ok_or_else(|| refuse("hash", Refusal::NotInList))?;
    if notice.retired_at.is_some() {
        return Err(refuse("version", Refusal::OutOfRange).into());
    }
    for purpose in purposes {
        if !notice.purposes.contains(purpose) {
            return Err(refuse("notice_id", Refusal::NotForPurpose).into());
        }
        let still = match grants::acts_as(conn, *purpose)? {
            ActsAs::Controller => notice.processor.is_none(),
            ActsAs::Processor(mandate) => notice.processor.is_some() && notice.controller == mandate.label.as_str(),
        };
        if !still {
            return Err(refuse("version", Refusal::Inconsistent).into());
        }
    }
    let draft = text.verified.is_none();
    if draft && !mediated {
        return Err(refuse("hash", Refusal::Inconsistent).detail("A draft is read with a mediator.").into());
    }
    Ok(draft)
}

/// The notice and text of that digest.
pub fn by_hash(conn: &mut Conn, hash: Digest) -> Result<Option<(NoticeVersion, Wording)>> {
    rows::by_hash(conn, hash)
}

#[cfg(test)]
pub(crate) mod sample {
    //! A notice in French that covers everything that is asked, for the tests of this room and of those above.

    use super::*;
    use staffetta_protocol::card::{Day, List, Prose, Text};

    fn new() -> NewNotice {
        NewNotice {
            notice_id: Text::new("first-interview").unwrap(),
            version: Text::new("test").unwrap(),
            purposes: List::new(Purpose::ALL.iter().copied().filter(|purpose| purpose.is_asked()).collect()).unwrap(),
            texts: List::new(vec![NewWording {
                language: LanguageCode::new("fra").unwrap(),
                heading: Text::new("Avant de répondre").unwrap(),
                body: Prose::new("Qui reçoit quoi, pourquoi, jusqu'à quand, et comment dire non.").unwrap(),
                verified: Some(Verified { by: Text::new("Claire").unwrap(), on: Day::parse("2026-01-07").unwrap() }),
                audio: None,
            }])
            .unwrap(),
        }
    }

    /// Puts it in.
    pub(crate) fn put(tx: &mut Tx<'_>) -> Result<()> {
        add(tx, &Actor::System, "Centro", &new()).map(drop)
    }

    /// As an answer names it.
    pub(crate) fn named() -> Notice {
        let (new, text) = (new(), new().texts.into_vec().remove(0));
        let head = model::head_of(new.notice_id.as_str(), new.version.as_str(), "Centro", None);
        let hash = Digest::of(model::canonical(&head, &text.language, text.heading.as_str(), text.body.as_str()));
        Notice { notice_id: new.notice_id, version: new.version, language: text.language, hash }
    }
}
