//! The desk's API for accounts of the staff, over the verbs of `access`.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{At, Check, Refusal};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::DESK;
use super::{Fields, Input, Json, NoContent, Page, PageParams, Path};
use crate::access::acts::ManageStaff;
use crate::access::door::{self, AccountKind};
use crate::access::{self, AccessRole, Allowed, Label, StaffRow, Username};
use crate::error::Result;
use crate::routes::Routes;
use crate::store::{Conn, Store};
use crate::tasks;

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_staff).service(add_staff).service(read_staff).service(disable_staff);
    routes.service(begin_traineeship).service(end_traineeship);
}

/// Somebody to take on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStaff {
    /// What she signs in with. Never given twice.
    username: Username,
    /// As colleagues know her.
    label: Label,
    /// What she is here for.
    role: AccessRole,
    /// Whose it is; a person's unless it says otherwise.
    #[serde(default)]
    kind: AccountKind,
    /// The account under which she learns, if she does. She then leads no case, decides nothing that is the whole
    /// office's, and whom she takes up her supervisor leads: she acts where she is in a team as a trainee, and what she does is countersigned.
    #[serde(default)]
    #[schema(nullable = false)]
    trainee_of: Option<Uuid>,
}

impl Check for NewStaff {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let learns = self.kind == AccountKind::Person && self.role == AccessRole::Operator;
        if self.trainee_of.is_some() && !learns {
            found.push(at.key("trainee_of").refuse(Refusal::Inconsistent));
        }
    }
}

/// Under whom somebody learns.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTraineeship {
    /// The account that guides her and countersigns what she does.
    trainee_of: Uuid,
}

impl Check for NewTraineeship {}

/// An account, of somebody who works here or did.
#[derive(Serialize, ToSchema)]
struct StaffMember {
    /// Its id.
    id: Uuid,
    /// Its name.
    username: String,
    /// As colleagues know her.
    label: String,
    /// What she is here for.
    role: AccessRole,
    /// Whose it is: somebody's, or a program's.
    kind: AccountKind,
    /// Since when.
    created_at: DateTime<Utc>,
    /// Since when no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    disabled_at: Option<DateTime<Utc>>,
    /// The account under which she learns, if she does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trainee_of: Option<Uuid>,
}

impl StaffMember {
    fn of(row: StaffRow, kind: AccountKind) -> Self {
        let StaffRow { id, username, label, role, created_at, disabled_at, trainee_of } = row;
        Self { id, username, label, role, kind, created_at, disabled_at, trainee_of }
    }
}

fn member(conn: &mut Conn, id: Uuid) -> Result<StaffMember> {
    let row = access::staff_row(conn, id)?.ok_or(Code::NotFound)?;
    Ok(StaffMember::of(row, door::kind_of(conn, id)?))
}

/// Accounts by name.
#[derive(Serialize, ToSchema)]
struct StaffList {
    items: Vec<StaffMember>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists the accounts of the staff.
///
/// By name, also those that are disabled.
#[utoipa::path(tag = "staff", params(PageParams, Fields<StaffMember>),
    responses((status = 200, description = "A page of accounts.", body = StaffList)))]
#[get("/staff")]
async fn list_staff(
    _: Allowed<ManageStaff>,
    store: Data<Store>,
    mut page: Page<String>,
    fields: Fields<StaffMember>,
) -> Result<Json<Value>> {
    let (after, rows) = (page.after.take().unwrap_or_default(), page.rows());
    let listed = store.read(move |conn| {
        let found = access::list(conn, &after, rows)?;
        let programs = door::services_among(conn, &found.iter().map(|row| row.id).collect::<Vec<_>>())?;
        let kind = |id| if programs.contains(&id) { AccountKind::Service } else { AccountKind::Person };
        Ok(found.into_iter().map(|row| (kind(row.id), row)).map(|(kind, row)| StaffMember::of(row, kind)).collect())
    });
    let (items, next_cursor) = page.cut(listed.await?, |last: &StaffMember| last.username.clone())?;
    Ok(Json::ok(fields.of(StaffList { items, next_cursor })?))
}

/// Takes somebody on.
///
/// The account has nothing to get in with yet: reset its password, link it to a provider, or give a program a secret.
#[utoipa::path(tag = "staff", request_body = NewStaff,
    responses((status = 201, description = "The account is there.", body = StaffMember),
              (status = 409, description = "The username was given before.")))]
#[post("/staff")]
async fn add_staff(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Input(new): Input<NewStaff>,
) -> Result<Json<StaffMember>> {
    let actor = staff.actor();
    let added = store
        .write(move |tx| {
            let id = match (new.kind, new.trainee_of) {
                (AccountKind::Person, Some(under)) => {
                    access::add_trainee(tx, actor, &new.username, &new.label, new.role, under)?
                }
                (AccountKind::Person, None) => access::add_staff(tx, actor, &new.username, &new.label, new.role)?,
                (AccountKind::Service, _) => door::add_service(tx, actor, &new.username, &new.label, new.role)?,
            };
            member(tx.conn(), id)
        })
        .await?;
    let location = format!("{DESK}/staff/{}", added.id);
    Ok(Json::created(added, location))
}

/// Shows an account.
///
/// Also one that is disabled.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = StaffMember)))]
#[get("/staff/{staff}")]
async fn read_staff(_: Allowed<ManageStaff>, store: Data<Store>, Path(id): Path<Uuid>) -> Result<Json<StaffMember>> {
    Ok(Json::ok(store.read(move |conn| member(conn, id)).await?))
}

/// Says under whom somebody learns.
///
/// From then on she leads no case, decides nothing that is the whole office's, and what she does is countersigned. Whoever
/// learns under somebody already does so until that is ended; what waits for a countersignature waits where it did.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    request_body = NewTraineeship,
    responses((status = 200, description = "The account.", body = StaffMember),
              (status = 409, description = "She leads cases, which are handed over first; or learns already.")))]
#[post("/staff/{staff}/traineeship")]
async fn begin_traineeship(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewTraineeship>,
) -> Result<Json<StaffMember>> {
    let actor = staff.actor();
    let changed = store.write(move |tx| {
        if member(tx.conn(), id)?.trainee_of.is_some() {
            return Err(Problem::new(Code::Conflict).detail("She learns already: end that first.").into());
        }
        tasks::learns(tx, actor, id, Some(new.trainee_of))?;
        member(tx.conn(), id)
    });
    Ok(Json::ok(changed.await?))
}

/// Says that somebody learns no more.
///
/// She works on her own from then on. What waits for a countersignature goes on waiting for it.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 204, description = "She learns no more.")))]
#[delete("/staff/{staff}/traineeship")]
async fn end_traineeship(staff: Allowed<ManageStaff>, store: Data<Store>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let actor = staff.actor();
    store.write(move |tx| tasks::learns(tx, actor, id, None)).await?;
    Ok(NoContent)
}

/// Disables an account.
///
/// Its sessions, tokens and client secrets end at once. The row stays: the journal names it. Cases that it leads wait for
/// a handover, among those without a lead. For each account that learns under it a task says that it needs somebody else.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 204, description = "Nobody gets in under this account any more."),
              (status = 409, description = "It is the caller's own account.")))]
#[delete("/staff/{staff}")]
async fn disable_staff(staff: Allowed<ManageStaff>, store: Data<Store>, Path(id): Path<Uuid>) -> Result<NoContent> {
    if id == staff.id {
        return Err(Problem::new(Code::Conflict).detail("An account cannot disable itself.").into());
    }
    let actor = staff.actor();
    store.write(move |tx| tasks::let_go(tx, actor, id)).await?;
    Ok(NoContent)
}
