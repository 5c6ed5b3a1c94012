//! For whom this node does what: as controller, or as the processor of somebody who gave it instructions (GDPR 4(7),
//! 4(8), 28).
//!
//! A purpose that no activity names is the node's own. One that activities name only as a processor is sent, and asked,
//! only where the instructions of one of them have it.

use std::collections::BTreeSet;

use diesel::prelude::*;
use staffetta_protocol::card::{Day, Text};
use staffetta_protocol::consent::{OrganisationId, Purpose};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::schema::activity;
use crate::store::{At, Conn, Id, Tx, each_backend};

/// On whose decision something is done.
#[derive(Debug, Clone, PartialEq)]
pub enum ActsAs {
    /// This node's organisation decides.
    Controller,
    /// Somebody else decides, and has said what to do.
    Processor(Mandate),
}

/// Under which act the node works for somebody else.
#[derive(Debug, Clone, PartialEq)]
pub struct Mandate {
    /// The controller.
    pub of: OrganisationId,
    /// What it is called.
    pub label: Text<200>,
    /// The agreement or appointment.
    pub act: Text<200>,
    /// Of which day.
    pub date: Day,
    /// The purposes that its instructions have.
    pub instructed: BTreeSet<Purpose>,
}

/// Something that the node does, with the purposes that it serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its short name.
    pub code: Text<64>,
    /// What it is for.
    pub purposes: BTreeSet<Purpose>,
    /// On whose decision.
    pub acts_as: ActsAs,
}

/// On whose decision data are used for `purpose`; nothing where the node is a processor without an instruction for it.
pub fn standing(activities: &[Activity], purpose: Purpose) -> Option<ActsAs> {
    let mut serving = activities.iter().filter(|activity| activity.purposes.contains(&purpose)).peekable();
    if serving.peek().is_none() {
        return Some(ActsAs::Controller);
    }
    serving
        .find(|activity| match &activity.acts_as {
            ActsAs::Controller => true,
            ActsAs::Processor(mandate) => mandate.instructed.contains(&purpose),
        })
        .map(|activity| activity.acts_as.clone())
}

/// On whose decision data are used for `purpose` here.
///
/// # Errors
/// `purpose_not_instructed`.
pub fn acts_as(conn: &mut Conn, purpose: Purpose) -> Result<ActsAs> {
    standing(&activities(conn)?, purpose).ok_or_else(|| Code::PurposeNotInstructed.into())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = activity)]
struct Row {
    code: String,
    purposes: String,
    acts_as: String,
    controller_id: Option<String>,
    controller_label: Option<String>,
    act: Option<String>,
    act_date: Option<String>,
    instructed: String,
}

impl Row {
    fn read(self) -> Option<Activity> {
        let acts_as = match self.acts_as.as_str() {
            "controller" => ActsAs::Controller,
            "processor" => ActsAs::Processor(Mandate {
                of: OrganisationId::new(&self.controller_id?).ok()?,
                label: Text::new(self.controller_label?).ok()?,
                act: Text::new(self.act?).ok()?,
                date: Day::parse(&self.act_date?).ok()?,
                instructed: split(&self.instructed)?,
            }),
            _ => return None,
        };
        Some(Activity { code: Text::new(self.code).ok()?, purposes: split(&self.purposes)?, acts_as })
    }
}

/// Purposes as one column: comma-separated codes, in order.
pub(super) fn join(purposes: &BTreeSet<Purpose>) -> String {
    purposes.iter().map(|purpose| purpose.code()).collect::<Vec<_>>().join(",")
}

fn split(text: &str) -> Option<BTreeSet<Purpose>> {
    text.split(',').filter(|part| !part.is_empty()).map(Purpose::from_code).collect()
}

/// Everything that the node does for somebody, or has said of itself, by name.
pub fn activities(conn: &mut Conn) -> Result<Vec<Activity>> {
    let rows: Vec<Row> = activity::table.order(activity::code.asc()).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(|row| row.read().ok_or_else(|| Error::internal("a stored activity does not parse"))).collect()
}

/// Says for whom an activity is done; the last word counts.
pub fn set_activity(tx: &mut Tx<'_>, said: &Activity, by: Option<Uuid>) -> Result<()> {
    let expected = activity(tx.conn(), said.code.as_str())?.map_or(0, |(_, version)| version);
    replace_activity(tx, said, by, expected).map(|_| ())
}

/// Says for whom an activity is done, where its version is still `expected`: 0 where nothing was said of it yet. The new
/// version.
///
/// # Errors
/// `version_conflict`.
pub fn replace_activity(tx: &mut Tx<'_>, said: &Activity, by: Option<Uuid>, expected: i32) -> Result<i32> {
    let mandate = match &said.acts_as {
        ActsAs::Controller => None,
        ActsAs::Processor(mandate) => Some(mandate),
    };
    let version = expected.saturating_add(1);
    let values = (
        activity::purposes.eq(join(&said.purposes)),
        activity::acts_as.eq(if mandate.is_some() { "processor" } else { "controller" }),
        activity::controller_id.eq(mandate.map(|it| it.of.as_str())),
        activity::controller_label.eq(mandate.map(|it| it.label.as_str())),
        activity::act.eq(mandate.map(|it| it.act.as_str())),
        activity::act_date.eq(mandate.map(|it| it.date.to_string())),
        activity::instructed.eq(mandate.map_or_else(String::new, |it| join(&it.instructed))),
        activity::changed_at.eq(At::from(tx.now())),
        activity::changed_by.eq(by.map(Id)),
        activity::version.eq(version),
    );
    let changed = if expected == 0 {
        let new = (activity::code.eq(said.code.as_str()), values);
        each_backend!(tx.conn(), conn => diesel::insert_into(activity::table)
            .values(new)
            .on_conflict_do_nothing()
            .execute(conn))?
    } else {
        let as_read = activity::table.find(said.code.as_str()).filter(activity::version.eq(expected));
        diesel::update(as_read).set(values).execute(tx.conn())?
    };
    if changed == 1 { Ok(version) } else { Err(Code::VersionConflict.into()) }
}

/// What was said of an activity, and the version of that.
pub fn activity(conn: &mut Conn, code: &str) -> Result<Option<(Activity, i32)>> {
    let row: Option<(Row, i32)> =
        activity::table.find(code).select((Row::as_select(), activity::version)).first(conn).optional()?;
    let damaged = || Error::internal("a stored activity does not parse");
    row.map(|(row, version)| Ok((row.read().ok_or_else(damaged)?, version))).transpose()
}

/// Forgets what was said of an activity, where its version is still `expected`.
///
/// # Errors
/// `not_found` where nothing was said; `version_conflict`.
pub fn drop_activity(tx: &mut Tx<'_>, code: &str, expected: i32) -> Result<()> {
    let as_read = activity::table.find(code).filter(activity::version.eq(expected));
    if diesel::delete(as_read).execute(tx.conn())? == 1 {
        return Ok(());
    }
    let stands = activity(tx.conn(), code)?.is_some();
    Err(if stands { Code::VersionConflict } else { Code::NotFound }.into())
}
