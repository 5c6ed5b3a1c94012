//! The desk's API for accounts and tokens of the staff, over the verbs of `access`.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Check;
use staffetta_protocol::problem::{Code, Problem};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::document::DESK;
use super::{Fields, Input, Json, NoContent, Page, PageParams, Path};
use crate::access::acts::{ManageStaff, SignedIn};
use crate::access::{self, AccessRole, Allowed, Label, Staff, StaffRow, TokenRow, Username};
use crate::error::Result;
use crate::store::Store;

/// The routes, below the desk's base.
pub fn api(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read_session).service(list_staff).service(add_staff).service(read_staff).service(disable_staff);
    cfg.service(list_staff_tokens).service(issue_staff_token).service(revoke_staff_token);
}

/// Who is at the desk.
#[derive(Serialize, ToSchema)]
struct Session {
    /// The account.
    id: Uuid,
    /// What it may do follows from it.
    role: AccessRole,
    /// As colleagues know her.
    label: String,
    /// The acts that the role may do, by their dotted names.
    acts: Vec<String>,
}

impl From<&Staff> for Session {
    fn from(staff: &Staff) -> Self {
        let may = |roles: &[AccessRole]| roles.contains(&staff.role);
        let acts = access::acts::ALL.iter().filter(|(_, roles)| may(roles)).map(|(name, _)| (*name).to_owned());
        Self { id: staff.id, role: staff.role, label: staff.label.clone(), acts: acts.collect() }
    }
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
}

impl Check for NewStaff {}

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
    /// Since when.
    created_at: DateTime<Utc>,
    /// Since when no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    disabled_at: Option<DateTime<Utc>>,
}

impl From<StaffRow> for StaffMember {
    fn from(row: StaffRow) -> Self {
        let StaffRow { id, username, label, role, created_at, disabled_at } = row;
        Self { id, username, label, role, created_at, disabled_at }
    }
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

/// A token to be issued.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStaffToken {
    /// What it is for.
    label: Label,
    /// Until when it is valid, at most a year ahead; without it for 90 days.
    #[serde(default)]
    #[schema(nullable = false)]
    expires_at: Option<DateTime<Utc>>,
}

impl Check for NewStaffToken {}

/// A token as it is shown once, and never again.
#[derive(Serialize, ToSchema)]
struct IssuedToken {
    /// What it is revoked by.
    id: Uuid,
    /// The secret: what goes after `Bearer`.
    token: String,
    /// Until when it is valid.
    expires_at: DateTime<Utc>,
}

/// A token without its secret.
#[derive(Serialize, ToSchema)]
struct StaffToken {
    /// What it is revoked by.
    id: Uuid,
    /// What it is for.
    label: String,
    /// Since when.
    created_at: DateTime<Utc>,
    /// Until when.
    expires_at: DateTime<Utc>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<TokenRow> for StaffToken {
    fn from(row: TokenRow) -> Self {
        let TokenRow { id, label, created_at, expires_at, revoked_at, last_used_at } = row;
        Self { id, label, created_at, expires_at, revoked_at, last_used_at }
    }
}

/// The newest tokens of an account.
#[derive(Serialize, ToSchema)]
struct StaffTokens {
    items: Vec<StaffToken>,
}

/// Tells who is signed in.
///
/// With the acts that the role may do, so that an interface shows only those.
#[utoipa::path(tag = "staff", responses((status = 200, description = "Who is signed in.", body = Session)))]
#[get("/session")]
async fn read_session(staff: Allowed<SignedIn>) -> Json<Session> {
    Json::ok(Session::from(&**staff))
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
    let found = store.read(move |conn| access::list(conn, &after, rows)).await?;
    let (found, next_cursor) = page.cut(found, |last| last.username.clone())?;
    let items = found.into_iter().map(StaffMember::from).collect();
    Ok(Json::ok(fields.of(StaffList { items, next_cursor })?))
}

/// Takes somebody on.
///
/// The account has no token yet: issue one.
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
            let id = access::add_staff(tx, actor, &new.username, &new.label, new.role)?;
            Ok(access::staff_row(tx.conn(), id)?.ok_or(Code::NotFound)?)
        })
        .await?;
    let location = format!("{DESK}/staff/{}", added.id);
    Ok(Json::created(added.into(), location))
}

/// Shows an account.
///
/// Also one that is disabled.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = StaffMember)))]
#[get("/staff/{staff}")]
async fn read_staff(_: Allowed<ManageStaff>, store: Data<Store>, Path(id): Path<Uuid>) -> Result<Json<StaffMember>> {
    let found = store.read(move |conn| access::staff_row(conn, id)).await?.ok_or(Code::NotFound)?;
    Ok(Json::ok(found.into()))
}

/// Disables an account.
///
/// Its tokens end at once. The row stays: the journal names it.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 204, description = "Nobody gets in under this account any more."),
              (status = 409, description = "It is the caller's own account.")))]
#[delete("/staff/{staff}")]
async fn disable_staff(staff: Allowed<ManageStaff>, store: Data<Store>, Path(id): Path<Uuid>) -> Result<NoContent> {
    if id == staff.id {
        return Err(Problem::new(Code::Conflict).detail("An account cannot disable itself.").into());
    }
    let actor = staff.actor();
    store.write(move |tx| access::disable(tx, actor, id)).await?;
    Ok(NoContent)
}

/// Lists the tokens of an account.
///
/// Newest first, without their secrets.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 200, description = "The tokens.", body = StaffTokens)))]
#[get("/staff/{staff}/tokens")]
async fn list_staff_tokens(
    _: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
) -> Result<Json<StaffTokens>> {
    let found = store
        .read(move |conn| {
            access::staff_row(conn, id)?.ok_or(Code::NotFound)?;
            access::tokens_of(conn, id)
        })
        .await?;
    Ok(Json::ok(StaffTokens { items: found.into_iter().map(StaffToken::from).collect() }))
}

/// Issues a token for an account.
///
/// The answer is the only place where the secret can be seen.
#[utoipa::path(tag = "staff", request_body = NewStaffToken, params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 201, description = "The token.", body = IssuedToken),
              (status = 409, description = "The account is disabled.")))]
#[post("/staff/{staff}/tokens")]
async fn issue_staff_token(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewStaffToken>,
) -> Result<Json<IssuedToken>> {
    let actor = staff.actor();
    let issued = store.write(move |tx| access::issue_token(tx, actor, id, &new.label, new.expires_at)).await?;
    let shown = IssuedToken { id: issued.id, token: issued.token.expose().to_owned(), expires_at: issued.expires_at };
    Ok(Json::created(shown, format!("{DESK}/staff/{id}/tokens")).shown_once())
}

/// Revokes a token.
///
/// It ends at once.
#[utoipa::path(tag = "staff",
    params(("staff" = Uuid, Path, description = "The account."), ("token" = Uuid, Path, description = "The token.")),
    responses((status = 204, description = "The token is worth nothing any more.")))]
#[delete("/staff/{staff}/tokens/{token}")]
async fn revoke_staff_token(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path((of, token)): Path<(Uuid, Uuid)>,
) -> Result<NoContent> {
    let actor = staff.actor();
    store.write(move |tx| access::revoke_token(tx, actor, of, token)).await?;
    Ok(NoContent)
}
