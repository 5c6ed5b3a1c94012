//! Programs of the organisation: their secrets, and the short-lived tokens that they exchange them for.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, List, Text};
use staffetta_protocol::problem::Code;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::acts::ManageStaff;
use crate::access::door::{self, Door, SecretRow};
use crate::access::{Allowed, Label, Username, staff_row};
use crate::error::Result;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{Input, Json, NoContent, Path};

/// The name of an act, as a scope.
pub(super) type Scope = Text<64>;

pub(super) fn names(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

/// A client secret to be exchanged (RFC 6749 §4.4, as JSON).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// The name of the program's account.
    client_id: Username,
    /// One of its secrets.
    client_secret: Text<128>,
    /// Acts that the token is for; without them all that the secret has.
    #[serde(default)]
    #[schema(value_type = Vec<Scope>, max_items = 64)]
    scopes: List<Scope, 0, 64>,
}

impl Check for TokenRequest {}

/// A token for the desk's API.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedAccessToken {
    /// What goes after `Bearer`: a JWT (RFC 9068).
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds for which it counts.
    expires_in: i64,
    /// Acts that it is for.
    scopes: Vec<String>,
}

/// A client secret to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClientSecret {
    /// What it is for.
    label: Label,
    /// Acts that its tokens may be for, of those of the account's role.
    #[schema(value_type = Vec<Scope>, min_items = 1, max_items = 64)]
    scopes: List<Scope, 1, 64>,
}

impl Check for NewClientSecret {}

/// A client secret as it is shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedClientSecret {
    /// What it is revoked by.
    id: Uuid,
    /// The secret.
    client_secret: String,
    /// Until when it counts.
    expires_at: DateTime<Utc>,
}

/// A client secret without the secret.
#[derive(Serialize, ToSchema)]
struct ClientSecret {
    /// What it is revoked by.
    id: Uuid,
    /// What it is for.
    label: String,
    /// Acts that its tokens may be for.
    scopes: Vec<String>,
    /// Since when.
    created_at: DateTime<Utc>,
    /// Until when.
    expires_at: DateTime<Utc>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoked_at: Option<DateTime<Utc>>,
    /// When it was last exchanged, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<SecretRow> for ClientSecret {
    fn from(row: SecretRow) -> Self {
        Self {
            id: row.id,
            label: row.label,
            scopes: row.scopes.split(' ').map(str::to_owned).collect(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The client secrets of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct ClientSecrets {
    #[schema(max_items = 100)]
    items: Vec<ClientSecret>,
}

/// Exchanges a client secret for a token.
///
/// The token lives for a quarter of an hour at most and does what its scopes name, within the role of the account.
#[utoipa::path(tag = "session", security(()), request_body = TokenRequest,
    responses((status = 201, description = "The token.", body = IssuedAccessToken),
              (status = 401, description = "Not these.")))]
#[post("/tokens")]
pub(super) async fn issue_access_token(
    door: Data<Door>,
    Input(given): Input<TokenRequest>,
) -> Result<Json<IssuedAccessToken>> {
    let secret = Zeroizing::new(given.client_secret.as_str().to_owned());
    let issued = door.exchange(given.client_id, secret, names(&given.scopes)).await?;
    let scopes = issued.scopes.names().map(str::to_owned).collect();
    let shown =
        IssuedAccessToken { access_token: issued.token, token_type: "Bearer", expires_in: issued.expires_in, scopes };
    Ok(Json::created(shown, format!("{DESK}/session")).shown_once())
}

/// Lists the client secrets of a program.
///
/// Those that are live first, without the secrets.
#[utoipa::path(tag = "staff", params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 200, description = "The secrets.", body = ClientSecrets)))]
#[get("/staff/{staff}/client-secrets")]
pub(super) async fn list_client_secrets(
    _: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
) -> Result<Json<ClientSecrets>> {
    let found = store.read(move |conn| {
        staff_row(conn, id)?.ok_or(Code::NotFound)?;
        door::secrets_of(conn, id)
    });
    Ok(Json::ok(ClientSecrets { items: found.await?.into_iter().map(ClientSecret::from).collect() }))
}

/// Makes a client secret for a program.
///
/// Two may be live at a time: bring the new one out, then revoke the old one. The answer is the only place where it can
/// be seen.
#[utoipa::path(tag = "staff", request_body = NewClientSecret,
    params(("staff" = Uuid, Path, description = "The account.")),
    responses((status = 201, description = "The secret.", body = IssuedClientSecret),
              (status = 409, description = "The account is a person's or disabled, or two secrets are live.")))]
#[post("/staff/{staff}/client-secrets")]
pub(super) async fn add_client_secret(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewClientSecret>,
) -> Result<Json<IssuedClientSecret>> {
    let actor = staff.actor();
    let made = store.write(move |tx| door::add_secret(tx, actor, id, &new.label, &names(&new.scopes))).await?;
    let shown = IssuedClientSecret { id: made.id, client_secret: made.secret.to_string(), expires_at: made.expires_at };
    Ok(Json::created(shown, format!("{DESK}/staff/{id}/client-secrets")).shown_once())
}

/// Revokes a client secret.
///
/// It ends at once, and every token that was issued for it.
#[utoipa::path(tag = "staff",
    params(("staff" = Uuid, Path, description = "The account."), ("secret" = Uuid, Path, description = "The secret.")),
    responses((status = 204, description = "The secret is worth nothing any more.")))]
#[delete("/staff/{staff}/client-secrets/{secret}")]
pub(super) async fn revoke_client_secret(
    staff: Allowed<ManageStaff>,
    store: Data<Store>,
    Path((of, secret)): Path<(Uuid, Uuid)>,
) -> Result<NoContent> {
    let actor = staff.actor();
    store.write(move |tx| door::revoke_secret(tx, actor, of, secret)).await?;
    Ok(NoContent)
}
