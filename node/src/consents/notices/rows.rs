//! Rows of notices and their texts.

use diesel::prelude::*;
use staffetta_protocol::card::{Day, LanguageCode, Prose, Text};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::digest::Digest;
use uuid::Uuid;

use super::model::{Audio, NewWording, NoticeVersion, Verified, Wording, canonical, head_of};
use crate::error::{Error, Result};
use crate::store::schema::{notice, notice_text};
use crate::store::{At, Conn, Id, Tx};

fn damaged() -> Error {
    Error::internal("a stored notice does not parse")
}

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = notice)]
struct Row {
    id: Id,
    code: String,
    version: String,
    purposes: String,
    controller: String,
    processor: Option<String>,
    created_at: At,
    retired_at: Option<At>,
}

impl Row {
    fn read(self, texts: Vec<Wording>) -> Option<NoticeVersion> {
        Some(NoticeVersion {
            id: self.id.0,
            code: Text::new(self.code).ok()?,
            version: Text::new(self.version).ok()?,
            purposes: self.purposes.split(',').map(Purpose::from_code).collect::<Option<_>>()?,
            controller: self.controller,
            processor: self.processor,
            created_at: self.created_at.0,
            retired_at: self.retired_at.map(|at| at.0),
            texts,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = notice_text)]
struct TextRow {
    hash: String,
    notice: Id,
    language: String,
    heading: String,
    body: String,
    audio_path: Option<String>,
    audio_hash: Option<String>,
    added_at: At,
    verified_by: Option<String>,
    verified_on: Option<String>,
}

impl TextRow {
    fn read(self) -> Option<Wording> {
        let verified = match self.verified_by.zip(self.verified_on) {
            Some((by, on)) => Some(Verified { by: Text::new(by).ok()?, on: Day::parse(&on).ok()? }),
            None => None,
        };
        let audio = match self.audio_path.zip(self.audio_hash) {
            Some((file, hash)) => Some(Audio { file: Text::new(file).ok()?, hash: hash.parse().ok()? }),
            None => None,
        };
        Some(Wording {
            hash: self.hash.parse().ok()?,
            language: LanguageCode::new(&self.language).ok()?,
            heading: Text::new(self.heading).ok()?,
            body: Prose::new(self.body).ok()?,
            verified,
            audio,
            added_at: self.added_at.0,
        })
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &NoticeVersion, by: Option<Uuid>) -> Result<()> {
    let purposes: Vec<&str> = new.purposes.iter().map(|purpose| purpose.code()).collect();
    diesel::insert_into(notice::table)
        .values((
            notice::id.eq(Id(new.id)),
            notice::code.eq(new.code.as_str()),
            notice::version.eq(new.version.as_str()),
            notice::purposes.eq(purposes.join(",")),
            notice::controller.eq(&new.controller),
            notice::processor.eq(&new.processor),
            notice::created_at.eq(At::from(new.created_at)),
            notice::created_by.eq(by.map(Id)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn insert_text(tx: &mut Tx<'_>, of: &NoticeVersion, new: &NewWording, by: Option<Uuid>) -> Result<()> {
    let head = head_of(of.code.as_str(), of.version.as_str(), &of.controller, of.processor.as_deref());
    let hash = Digest::of(canonical(&head, &new.language, new.heading.as_str(), new.body.as_str()));
    diesel::insert_into(notice_text::table)
        .values((
            notice_text::hash.eq(hash.to_string()),
            notice_text::notice.eq(Id(of.id)),
            notice_text::language.eq(new.language.as_str()),
            notice_text::heading.eq(new.heading.as_str()),
            notice_text::body.eq(new.body.as_str()),
            notice_text::audio_path.eq(new.audio.as_ref().map(|audio| audio.file.as_str())),
            notice_text::audio_hash.eq(new.audio.as_ref().map(|audio| audio.hash.to_string())),
            notice_text::added_at.eq(At::from(tx.now())),
            notice_text::added_by.eq(by.map(Id)),
            notice_text::verified_by.eq(new.verified.as_ref().map(|verified| verified.by.as_str())),
            notice_text::verified_on.eq(new.verified.as_ref().map(|verified| verified.on.to_string())),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes who answers for a text, if nobody does. Says whether this was the act that did.
pub(super) fn verify(tx: &mut Tx<'_>, hash: Digest, verified: &Verified) -> Result<bool> {
    let draft = notice_text::table.find(hash.to_string()).filter(notice_text::verified_by.is_null());
    let changed = diesel::update(draft)
        .set((notice_text::verified_by.eq(verified.by.as_str()), notice_text::verified_on.eq(verified.on.to_string())))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

pub(super) fn retire(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let changed = diesel::update(notice::table.find(Id(id)).filter(notice::retired_at.is_null()))
        .set(notice::retired_at.eq(now))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

fn with_texts(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<NoticeVersion>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let mut texts: Vec<TextRow> = notice_text::table
        .filter(notice_text::notice.eq_any(ids))
        .order(notice_text::language.asc())
        .select(TextRow::as_select())
        .load(conn)?;
    rows.into_iter()
        .map(|row| {
            let (own, others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut texts).into_iter().partition(|it| it.notice == row.id);
            texts = others;
            let own = own.into_iter().map(TextRow::read).collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
            row.read(own).ok_or_else(damaged)
        })
        .collect()
}

pub(super) fn by_id(conn: &mut Conn, id: Uuid) -> Result<Option<NoticeVersion>> {
    let row: Vec<Row> = notice::table.filter(notice::id.eq(Id(id))).select(Row::as_select()).load(conn)?;
    Ok(with_texts(conn, row)?.pop())
}

pub(super) fn named(conn: &mut Conn, code: &str, version: &str) -> Result<Option<Uuid>> {
    let id: Option<Id> = notice::table
        .filter(notice::code.eq(code))
        .filter(notice::version.eq(version))
        .select(notice::id)
        .first(conn)
        .optional()?;
    Ok(id.map(|id| id.0))
}

/// Whether any version of the notice is here.
pub(super) fn is_known(conn: &mut Conn, code: &str) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(notice::table.filter(notice::code.eq(code)))).get_result(conn)?)
}

/// A few rows in all: an organisation has a dozen notices and writes a new version once a year.
pub(super) fn all(conn: &mut Conn) -> Result<Vec<NoticeVersion>> {
    let rows: Vec<Row> = notice::table
        .order((notice::code.asc(), notice::created_at.desc(), notice::id.desc()))
        .select(Row::as_select())
        .load(conn)?;
    with_texts(conn, rows)
}

pub(super) fn by_hash(conn: &mut Conn, hash: Digest) -> Result<Option<(NoticeVersion, Wording)>> {
    let text: Option<TextRow> =
        notice_text::table.find(hash.to_string()).select(TextRow::as_select()).first(conn).optional()?;
    let Some(text) = text else { return Ok(None) };
    let row: Row = notice::table.find(text.notice).select(Row::as_select()).first(conn)?;
    let text = text.read().ok_or_else(damaged)?;
    Ok(Some((row.read(Vec::new()).ok_or_else(damaged)?, text)))
}
