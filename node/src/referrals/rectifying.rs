//! What was put right at a person's request goes to everybody who holds it (GDPR 19), and who has it and who not yet.
//!
//! It goes on the duty to tell, also where a consent has run out or a referral was closed, and never after a withdrawal: then
//! it is recalled. It goes to whoever received the groups in a thread, and has no group but these.

use std::collections::BTreeSet;

use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use staffetta_protocol::card::Level;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::{EntityId, MessageId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Referrals;
use super::by::By;
use super::case::Case;
use super::ending::given;
use super::model::State;
use super::opener::codes;
use super::rows;
use crate::access::Allowed;
use crate::access::acts::ReadRights;
use crate::error::{Error, Result};
use crate::journal;
use crate::outbox::{self, Transport};
use crate::people::PersonId;
use crate::rights;
use crate::routes::Routes;
use crate::store::schema::rectification;
use crate::store::{At, Conn, Id, Store, Tx};
use crate::vault::Subject;
use crate::web::{Json, Path};

/// Requests that one run looks at.
const AT_ONCE: i64 = 50;

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_rectified_recipients);
}

impl Referrals {
    /// Sends what was put right to everybody who holds it. Says how many messages were queued.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn pass_rectified_on(&self, tx: &mut Tx<'_>) -> Result<usize> {
        let mut queued = 0;
        for (request, person) in rights::rectified(tx.conn(), AT_ONCE)? {
            if !rights::take_up_rectified(tx, request)? {
                continue;
            }
            for (referral, ..) in rows::of_person(tx.conn(), person.0)? {
                queued += usize::from(self.pass_one_on(tx, request, person, referral)?);
            }
        }
        Ok(queued)
    }

    /// In one thread. What cannot be sent there is noted with its reason, and the others go.
    fn pass_one_on(&self, tx: &mut Tx<'_>, request: Uuid, person: PersonId, referral: Uuid) -> Result<bool> {
        let now = tx.now();
        let case = Case::read(tx.conn(), referral, now)?;
        let ended = case.state.is_some_and(State::is_ended);
        let mut groups = given(tx, &case)?;
        // What crosses only after acceptance is not taken any more where the office has ended it.
        groups.retain(|group| !ended || Level::of(*group) <= Level::Referral);
        if groups.is_empty() || case.state == Some(State::Withdrawn) || case.peer().node().is_none() {
            return Ok(false);
        }
        let sent = tx.savepoint(|tx| self.update_card(tx, By::System, referral, &groups, true));
        let (message, failed) = match sent {
            Ok(message) => (Some(message), None),
            Err(error) if !error.is_fault() => (None, Some(error.code().to_string())),
            Err(error) => return Err(error),
        };
        diesel::insert_into(rectification::table)
            .values((
                rectification::id.eq(Id(Uuid::new_v4())),
                rectification::request.eq(Id(request)),
                rectification::referral.eq(Id(referral)),
                rectification::person.eq(Id(person.0)),
                rectification::subject.eq(Id(case.subject().0)),
                rectification::peer.eq(case.peer().to_string()),
                rectification::organisation.eq(&case.row.organisation),
                rectification::groups.eq(codes(&groups).join(",")),
                rectification::message.eq(message.map(|id| Id(id.0))),
                rectification::failed.eq(failed),
                rectification::at.eq(At::from(now)),
            ))
            .execute(tx.conn())?;
        Ok(message.is_some())
    }
}

/// Somebody who holds what was put right.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct RectifiedRecipient {
    /// The referral in which it went.
    referral: Uuid,
    /// The node.
    entity_id: EntityId,
    /// Its organisation.
    #[schema(max_length = 300)]
    organisation_name: String,
    /// What it holds, and was sent anew.
    #[schema(max_items = 12)]
    groups: BTreeSet<Group>,
    /// When it was queued.
    at: DateTime<Utc>,
    /// `delivered` once it has it: its receipt came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transport: Option<Transport>,
    /// Since when it has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    has_it_since: Option<DateTime<Utc>>,
    /// Why it could not be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    failed: Option<String>,
}

/// Everybody who holds what was put right.
#[derive(Debug, Serialize, ToSchema)]
struct RectifiedRecipients {
    /// One entry for each referral in which it went.
    #[schema(max_items = 1000)]
    items: Vec<RectifiedRecipient>,
}

type Columns = (Id, String, String, String, Option<Id>, Option<String>, At, Id);

fn recipients(conn: &mut Conn, request: Uuid) -> Result<(Vec<RectifiedRecipient>, Option<Subject>)> {
    let rows: Vec<Columns> = rectification::table
        .filter(rectification::request.eq(Id(request)))
        .order((rectification::at, rectification::id))
        .select((
            rectification::referral,
            rectification::peer,
            rectification::organisation,
            rectification::groups,
            rectification::message,
            rectification::failed,
            rectification::at,
            rectification::subject,
        ))
        .load(conn)?;
    let damaged = || Error::internal("a stored rectification does not parse");
    let subject = rows.first().map(|row| Subject(row.7.0));
    let mut items = Vec::with_capacity(rows.len());
    for (referral, peer, organisation_name, groups, message, failed, at, _) in rows {
        let waiting = match message {
            Some(message) => outbox::transport_of(conn, MessageId(message.0))?,
            None => None,
        };
        let groups: Option<BTreeSet<Group>> = groups.split(',').map(Group::from_code).collect();
        let transport = waiting.as_ref().map(|it| it.transport);
        items.push(RectifiedRecipient {
            referral: referral.0,
            entity_id: peer.parse().map_err(|_| damaged())?,
            organisation_name,
            groups: groups.ok_or_else(damaged)?,
            at: at.0,
            transport,
            has_it_since: waiting.filter(|_| transport == Some(Transport::Delivered)).and_then(|it| it.settled_at),
            failed,
        });
    }
    Ok((items, subject))
}

/// Lists who holds what was put right.
///
/// Everybody who had received it, what was sent anew, and who has it and who not yet: its receipt tells.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request for rectification.")),
    responses((status = 200, description = "They.", body = RectifiedRecipients)))]
#[get("/rights-requests/{request}/rectified-recipients")]
async fn list_rectified_recipients(
    staff: Allowed<ReadRights>,
    store: Data<Store>,
    Path(request): Path<Uuid>,
) -> Result<Json<RectifiedRecipients>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = rights::person_of(tx.conn(), request)?;
        let sight = staff.sight(tx, person)?;
        let (items, subject) = recipients(tx.conn(), request)?;
        let entry = sight.entry("rights.recipients-read").object(request);
        let hers = match subject {
            Some(subject) => subject,
            None => crate::people::get(tx.conn(), person)?.subject,
        };
        journal::record(tx, entry.subject(hers))?;
        Ok(RectifiedRecipients { items })
    };
    Ok(Json::ok(store.write(act).await?))
}
