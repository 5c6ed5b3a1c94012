//! What an administrator does for an account at the door.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Check, Text};
use staffetta_protocol::problem::{Code, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::acts::ManageStaff;
use crate::access::door::{self, Door, IdentityRow};
use crate::access::{Allowed, staff_row};
use crate::error::Result;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{Fields, Input, Json, NoContent, Page, PageParams, Path};

/// A temporary password, shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct TemporaryPassword {
    /// To be told to the account's owner, and to nobody else.
    temporary_password: String,
    /// Until when it can be used.
    expires_at: DateTime<Utc>,
}

/// Whom a provider's subject is here.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStaffIdentity {
    /// The provider, as its tokens have it in `iss`.
    #[schema(example = "https://login.comune.example/realms/staff")]
    issuer: Text<256>,
    /// Its name for the account's owner, as its tokens have it in `sub`.
    #[schema(example = "f5c1b7e2")]
    sub: Text<255>,
}

impl Check for NewStaffIdentity {}

/// A link between an account and a provider's name for its owner.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffIdentity {
    /// What it is unlinked by.
    id: Uuid,
    /// The provider.
    issuer: String,
    /// Its name for her.
    sub: String,
    /// Since when.
    linked_at: DateTime<Utc>,
}

impl From<IdentityRow> for StaffIdentity {
    fn from(row: IdentityRow) -> Self {
        let IdentityRow { id, issuer, sub, linked_at } = row;
        Self { id, issuer, sub, linked_at }
    }
}

/// What an account is linked to.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffIdentities {
    #[schema(max_items = 100)]
    items: Vec<StaffIdentity>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Gives an account a temporary password.
///
/// Its second factor is gone, and whatever was open under it ends. With the temporary password a new one and a second
/// factor must be set before anything else.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 201, description = "The temporary password.", body = TemporaryPassword),
              (status = 409, description = "The account is disabled, a program's, or the caller's own.")))]
#[post("/staff/{staff}/password-resets")]
pub(super) async fn reset_staff_password(
    staff: Allowed<ManageStaff>,
    door: Data<Door>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
) -> Result<Json<TemporaryPassword>> {
    if id == staff.id {
        return Err(Problem::new(Code::Conflict).detail("An account does not reset itself.").into());
    }
    store.read(move |conn| staff_row(conn, id)).await?.ok_or(Code::NotFound)?;
    let (actor, temporary) = (staff.actor(), door.temporary().await?);
    let shown =
        TemporaryPassword { temporary_password: temporary.password.expose().to_owned(), expires_at: temporary.until };
    let door = door.get_ref().clone();
    store.write(move |tx| door.reset(tx, actor, id, &temporary)).await?;
    Ok(Json::created(shown, format!("{DESK}/staff/{id}")).shown_once())
}

/// Signs an account out everywhere.
///
/// Its sessions and tokens end. It can sign in again.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 204, description = "Nothing is open under the account.")))]
#[delete("/staff/{staff}/sessions")]
pub(super) async fn sign_out_staff(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
) -> Result<NoContent> {
    let actor = staff.actor();
    store
        .write(move |tx| {
            staff_row(tx.conn(), id)?.ok_or(Code::NotFound)?;
            door::sign_out_everywhere(tx, actor, id)
        })
        .await?;
    Ok(NoContent)
}

/// Lists what an account is linked to.
///
/// The names that OpenID providers have for its owner.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account."), PageParams, Fields<StaffIdentity>),
    responses((status = 200, description = "A page of the links.", body = StaffIdentities)))]
#[get("/staff/{staff}/identities")]
pub(super) async fn list_staff_identities(
    _: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    page: Page<Uuid>,
    fields: Fields<StaffIdentity>,
) -> Result<Json<Value>> {
    let found = store.read(move |conn| {
        staff_row(conn, id)?.ok_or(Code::NotFound)?;
        door::identities_of(conn, id)
    });
    let (found, next_cursor) = page.of_all(found.await?, |it| it.id)?;
    Ok(Json::ok(
        fields.of(StaffIdentities { items: found.into_iter().map(StaffIdentity::from).collect(), next_cursor })?,
    ))
}

/// Links an account to a provider's name for its owner.
///
/// From then on she can sign in there.
#[utoipa::path(tag = "staff", request_body = NewStaffIdentity,
    params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 201, description = "The link.", body = StaffIdentity),
              (status = 409, description = "That name is linked, or the account is a program's.")))]
#[post("/staff/{staff}/identities")]
pub(super) async fn link_staff_identity(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewStaffIdentity>,
) -> Result<Json<StaffIdentity>> {
    let actor = staff.actor();
    let linked = store.write(move |tx| {
        let link = door::link(tx, actor, id, new.issuer.as_str(), new.sub.as_str())?;
        let (issuer, sub) = (new.issuer.as_str().to_owned(), new.sub.as_str().to_owned());
        Ok(StaffIdentity { id: link, issuer, sub, linked_at: tx.now() })
    });
    Ok(Json::created(linked.await?, format!("{DESK}/staff/{id}/identities")))
}

/// Undoes a link.
///
/// She cannot sign in there any more. What is open stays until she is signed out.
#[utoipa::path(tag = "staff",
    params(("staff" = Uuid, Path, description = "The account."), ("identity" = Uuid, Path, description = "The link.")),
    responses((status = 204, description = "It is undone.")))]
#[delete("/staff/{staff}/identities/{identity}")]
pub(super) async fn unlink_staff_identity(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path((of, identity)): Path<(Uuid, Uuid)>,
) -> Result<NoContent> {
    let actor = staff.actor();
    store.write(move |tx| door::unlink(tx, actor, of, identity)).await?;
    Ok(NoContent)
}
