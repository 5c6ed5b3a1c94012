//! Long-lived tokens: an administrator's for a program, and one's own.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, List};
use staffetta_protocol::problem::Code;
use utoipa::ToSchema;
use uuid::Uuid;

use super::programs::{Scope, names};
use crate::access::acts::{ManageStaff, OwnTokens};
use crate::access::{self, Allowed, Label, NewToken, Scopes, TokenRow};
use crate::error::Result;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{Input, Json, NoContent, Path};

/// A token to be issued to a program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStaffToken {
    /// What it is for.
    label: Label,
    /// Until when it is valid, at most a year ahead; without it for 90 days.
    #[serde(default)]
    #[schema(nullable = false)]
    expires_at: Option<DateTime<Utc>>,
    /// Acts that it is for, of those of the account's role.
    #[schema(value_type = Vec<Scope>, min_items = 1, max_items = 64)]
    scopes: List<Scope, 1, 64>,
}

impl Check for NewStaffToken {}

/// A token to be issued to oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwnToken {
    /// What it is for.
    label: Label,
    /// Until when it is valid, at most a year ahead; without it for 90 days.
    #[serde(default)]
    #[schema(nullable = false)]
    expires_at: Option<DateTime<Utc>>,
    /// Acts that it is narrowed to, of those of the role.
    #[schema(value_type = Vec<Scope>, min_items = 1, max_items = 64)]
    scopes: List<Scope, 1, 64>,
}

impl Check for NewOwnToken {}

/// A token as it is shown once, and never again.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedToken {
    /// What it is revoked by.
    id: Uuid,
    /// The secret: what goes after `Bearer`.
    token: String,
    /// Until when it is valid.
    expires_at: DateTime<Utc>,
}

impl From<NewToken> for IssuedToken {
    fn from(new: NewToken) -> Self {
        Self { id: new.id, token: new.token.expose().to_owned(), expires_at: new.expires_at }
    }
}

/// A token without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffToken {
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
    /// Acts that it is narrowed to; absent when it does what the role may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scopes: Option<Vec<String>>,
}

impl From<TokenRow> for StaffToken {
    fn from(row: TokenRow) -> Self {
        let TokenRow { id, label, created_at, expires_at, revoked_at, last_used_at, scopes } = row;
        let scopes = scopes.map(|scopes| scopes.names().map(str::to_owned).collect());
        Self { id, label, created_at, expires_at, revoked_at, last_used_at, scopes }
    }
}

/// The tokens of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffTokens {
    #[schema(max_items = 200)]
    items: Vec<StaffToken>,
}

/// Lists the tokens of an account.
///
/// Those that are live first, without their secrets.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 200, description = "The tokens.", body = StaffTokens)))]
#[get("/staff/{staff}/tokens")]
pub(super) async fn list_staff_tokens(
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

/// Issues a token to a program.
///
/// For one that cannot exchange a secret for short-lived tokens. People make their own: nobody acts under another's name.
/// The answer is the only place where the secret can be seen.
#[utoipa::path(tag = "staff", request_body = NewStaffToken, params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 201, description = "The token.", body = IssuedToken),
              (status = 409, description = "The account is disabled or a person's, or fifty of its tokens are live.")))]
#[post("/staff/{staff}/tokens")]
pub(super) async fn issue_staff_token(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewStaffToken>,
) -> Result<Json<IssuedToken>> {
    let actor = staff.actor();
    let issued = store.write(move |tx| {
        let role = access::staff_row(tx.conn(), id)?.ok_or(Code::NotFound)?.role;
        let scopes = Scopes::asked(&names(&new.scopes), role, None)?;
        access::issue_program_token(tx, actor, id, &new.label, new.expires_at, &scopes)
    });
    Ok(Json::created(issued.await?.into(), format!("{DESK}/staff/{id}/tokens")).shown_once())
}

/// Revokes a token.
///
/// It ends at once.
#[utoipa::path(tag = "staff",
    params(("staff" = Uuid, Path, description = "The account."), ("token" = Uuid, Path, description = "The token.")),
    responses((status = 204, description = "The token is worth nothing any more.")))]
#[delete("/staff/{staff}/tokens/{token}")]
pub(super) async fn revoke_staff_token(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path((of, token)): Path<(Uuid, Uuid)>,
) -> Result<NoContent> {
    let actor = staff.actor();
    store.write(move |tx| access::revoke_token(tx, actor, of, token)).await?;
    Ok(NoContent)
}

/// Lists the tokens of the own account.
///
/// Those that are live first, without their secrets.
#[utoipa::path(tag = "session", responses((status = 200, description = "The tokens.", body = StaffTokens)))]
#[get("/session/tokens")]
pub(super) async fn list_own_tokens(staff: Allowed<OwnTokens>, store: Data<Store>) -> Result<Json<StaffTokens>> {
    let id = staff.id;
    let found = store.read(move |conn| access::tokens_of(conn, id)).await?;
    Ok(Json::ok(StaffTokens { items: found.into_iter().map(StaffToken::from).collect() }))
}

/// Issues a token to oneself.
///
/// Narrower than the role, for a program that acts in one's name. The answer is the only place where the secret can be
/// seen.
#[utoipa::path(tag = "session", request_body = NewOwnToken,
    responses((status = 201, description = "The token.", body = IssuedToken),
              (status = 409, description = "Fifty tokens of the account are live.")))]
#[post("/session/tokens")]
pub(super) async fn issue_own_token(
    staff: Allowed<OwnTokens>,
    store: Data<Store>,
    Input(new): Input<NewOwnToken>,
) -> Result<Json<IssuedToken>> {
    let (who, within) = (staff.staff(), staff.pass().scopes.clone());
    let issued = store.write(move |tx| {
        let scopes = Scopes::asked(&names(&new.scopes), who.role, within.as_ref())?;
        access::issue_narrow_token(tx, who.actor(), who.id, &new.label, new.expires_at, Some(&scopes))
    });
    Ok(Json::created(issued.await?.into(), format!("{DESK}/session/tokens")).shown_once())
}

/// Revokes a token of the own account.
///
/// It ends at once.
#[utoipa::path(tag = "session", params(("token" = Uuid, Path, description = "The token.")),
    responses((status = 204, description = "The token is worth nothing any more.")))]
#[delete("/session/tokens/{token}")]
pub(super) async fn revoke_own_token(
    staff: Allowed<OwnTokens>,
    store: Data<Store>,
    Path(token): Path<Uuid>,
) -> Result<NoContent> {
    let (actor, id) = (staff.actor(), staff.id);
    store.write(move |tx| access::revoke_token(tx, actor, id, token)).await?;
    Ok(NoContent)
}
