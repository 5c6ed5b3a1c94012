//! The desk's view of the other members of the network, over the verbs of `peers`.

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Check;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::Role;
use utoipa::ToSchema;

use super::{Fields, Input, Json, Page, PageParams};
use crate::access::Allowed;
use crate::access::acts::ReadPeers;
use crate::error::{Error, Result};
use crate::peers::{Listed, Peers, ResolveError};
use crate::routes::Routes;
use crate::store::{Store, once};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_partners).service(look_up_member);
}

/// A member of the network as this node knows it.
#[derive(Serialize, ToSchema)]
struct NetworkMember {
    /// The node's name.
    entity_id: EntityId,
    /// The organisation that runs it.
    organisation_name: String,
    /// The organisation's identifiers, as consents name it: `ipa:…`, `vat:…`.
    organisation_ids: Vec<String>,
    /// What it is in the network.
    roles: Vec<Role>,
    /// `active`, `limited` or `out`.
    state: &'static str,
    /// Until when what this node verified about it counts.
    live_until: DateTime<Utc>,
}

impl From<Listed> for NetworkMember {
    fn from(member: Listed) -> Self {
        Self {
            entity_id: member.entity_id,
            organisation_name: member.organisation_name,
            organisation_ids: member.organisation_ids,
            roles: member.roles,
            state: member.state.as_str(),
            live_until: member.live_until,
        }
    }
}

/// The members that this node had to do with, by name of the organisation.
#[derive(Serialize, ToSchema)]
struct NetworkMembers {
    items: Vec<NetworkMember>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A member to look up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberLookup {
    /// The node's name.
    entity_id: EntityId,
}

impl Check for MemberLookup {}

/// Lists the members that this node knows.
///
/// Those that it had to do with or looked up, by name of the organisation. It asks nobody.
#[utoipa::path(tag = "members", params(PageParams, Fields<NetworkMember>),
    responses((status = 200, description = "A page of the members.", body = NetworkMembers)))]
#[get("/members")]
async fn list_partners(
    _: Allowed<ReadPeers>,
    store: Data<Store>,
    peers: Data<Peers>,
    page: Page<Digest>,
    fields: Fields<NetworkMember>,
) -> Result<Json<Value>> {
    let peers = peers.get_ref().clone();
    let known = store.read(move |conn| peers.list(conn)).await?;
    // The name of a node may be longer than a cursor.
    let (known, next_cursor) = page.of_all(known, |it| Digest::of(it.entity_id.as_str().as_bytes()))?;
    Ok(Json::ok(
        fields.of(NetworkMembers { items: known.into_iter().map(NetworkMember::from).collect(), next_cursor })?,
    ))
}

/// Looks a member up.
///
/// Asks the network's authority and the member itself, verifies what they say, and keeps it: from then on something may
/// be sent to it.
#[utoipa::path(tag = "members", request_body = MemberLookup,
    responses((status = 200, description = "It is a member.", body = NetworkMember),
              (status = 404, description = "The authority lists no such member."),
              (status = 502, description = "What they say does not hold."),
              (status = 503, description = "The authority or the member does not answer.")))]
#[post("/members/lookups")]
async fn look_up_member(
    _: Allowed<ReadPeers>,
    store: Data<Store>,
    peers: Data<Peers>,
    Input(wanted): Input<MemberLookup>,
) -> Result<Json<NetworkMember>> {
    // What is noted of a member meanwhile may be noted twice: asking again under the same key asks anew.
    once::aside(peers.resolve(&wanted.entity_id)).await.map_err(refused)?;
    let peers = peers.get_ref().clone();
    let known = store.read(move |conn| peers.list(conn)).await?;
    let found = known.into_iter().find(|member| member.entity_id == wanted.entity_id);
    Ok(Json::ok(found.ok_or(Code::NotFound)?.into()))
}

fn refused(why: ResolveError) -> Error {
    let detail = why.to_string();
    match why {
        ResolveError::Unknown | ResolveError::Out | ResolveError::NotJoined => Code::NotFound.into(),
        ResolveError::Unreachable(_) => Problem::new(Code::Unreachable).detail(detail).into(),
        ResolveError::Invalid(_) => Problem::new(Code::BadGateway).detail(detail).into(),
        ResolveError::Internal(error) => error,
    }
}
