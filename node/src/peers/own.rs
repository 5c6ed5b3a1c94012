//! This node's own entity configuration.

use std::sync::{MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::jose::{self, Jwks};
use staffetta_protocol::trust::{
    CONFIGURATION_LIFETIME, Capabilities, EntityConfiguration, FederationEntity, MarkStatus, MemberState, Metadata,
    OauthResource, PROTOCOL_VERSION, Role, Roles, STATEMENT_LIFETIME, TrustMark, trust_mark_type,
};

use super::peer::MARK_COUNTS;
use super::{Peers, ResolveError, rows};
use crate::error::{Error, Result};
use crate::keys::Kind;
use crate::store::Conn;

/// What a node publishes about itself that is in neither its settings nor its database.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Message types that it takes, with their version.
    pub types: Vec<String>,
    /// Where its OpenAPI document is.
    pub openapi_uri: Option<String>,
}

/// Our own mark, what the authority last said about it, and when.
pub(super) type OwnStanding = Option<(String, MarkStatus, DateTime<Utc>)>;

/// A configuration as signed, and what it was signed over.
#[derive(Debug)]
pub(super) struct Signed {
    content: EntityConfiguration,
    signed_at: DateTime<Utc>,
    jws: String,
}

impl Peers {
    /// This node's entity configuration, signed anew every hour (the authority's every 12 hours) and whenever a key,
    /// the mark or a setting changed.
    pub async fn own_configuration(&self) -> Result<String> {
        let now = self.now();
        let keys = self.0.keys.clone();
        let (signing, federation, protocol, mark) = self
            .0
            .store
            .read(move |conn| {
                Ok((
                    keys.signing(conn, Kind::Federation, now)?,
                    keys.jwks(conn, Kind::Federation, now)?,
                    keys.jwks(conn, Kind::Protocol, now)?,
                    rows::own_mark(conn)?,
                ))
            })
            .await?;
        let content = self.content(federation, protocol, mark)?;
        let (lifetime, renew_after) = match self.is_authority() {
            true => (STATEMENT_LIFETIME, TimeDelta::hours(12)),
            false => (CONFIGURATION_LIFETIME, TimeDelta::hours(1)),
        };
        let mut own = self.0.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = own.as_ref()
            && signed.content == content
            && (TimeDelta::zero()..renew_after).contains(&(now - signed.signed_at))
        {
            return Ok(signed.jws.clone());
        }
        let iat = now.timestamp();
        let configuration = EntityConfiguration { iat, exp: iat + lifetime, ..content.clone() };
        let jws = configuration.sign(&signing).map_err(Error::internal)?;
        *own = Some(Signed { content, signed_at: now, jws: jws.clone() });
        Ok(jws)
    }

    /// What this node claims to be: what its mark says, if it has one.
    pub fn own_roles_in(&self, conn: &mut Conn) -> Result<Roles> {
        Ok(self.own_in(conn)?.1)
    }

    /// This node's organisation, as consents name their recipient (`ipa:…`, `vat:…`; none without a mark), and its roles.
    pub fn own_in(&self, conn: &mut Conn) -> Result<(Vec<String>, Roles)> {
        let mark = rows::own_mark(conn)?;
        let ids = read_mark(mark.as_deref()).map(|mark| mark.organisation_ids()).unwrap_or_default();
        let roles = if self.is_authority() { Roles::from([Role::Authority]) } else { roles_in(mark.as_deref()) };
        Ok((ids, roles))
    }

    /// How this node itself stands: what it queues while it is limited waits here, since partners would refuse it.
    /// The authority is asked about our own mark as about a partner's; while it is silent, its last answer counts.
    /// Makes requests: never called with a transaction open.
    pub async fn own_state(&self) -> Result<MemberState> {
        if self.is_authority() {
            return Ok(MemberState::Active);
        }
        let now = self.now();
        let Some(jws) = self.0.store.read(rows::own_mark).await? else { return Ok(MemberState::Limited) };
        if read_mark(Some(&jws)).is_none_or(|mark| mark.exp <= now.timestamp()) {
            return Ok(MemberState::Limited);
        }
        let last = self.own_standing().clone().filter(|(mark, ..)| *mark == jws);
        let counts = match last {
            Some((_, MarkStatus::Active, _)) => MARK_COUNTS,
            _ => super::resolve::KEY_REFRESH_PAUSE,
        };
        let mut status = last.as_ref().map(|(_, status, _)| *status);
        if last.is_none_or(|(_, _, at)| now - at >= counts) {
            match self.fetch_mark_status(&jws).await {
                Ok(answer) => {
                    *self.own_standing() = Some((jws, answer, now));
                    status = Some(answer);
                }
                Err(ResolveError::Internal(error)) => return Err(error),
                Err(why) => tracing::info!(%why, "no answer about our own mark: the last one counts"),
            }
        }
        Ok(match status {
            Some(MarkStatus::Active) | None => MemberState::Active,
            Some(_) => MemberState::Limited,
        })
    }

    fn own_standing(&self) -> MutexGuard<'_, OwnStanding> {
        self.0.own_standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything but the times.
    fn content(&self, federation: Jwks, protocol: Jwks, mark: Option<String>) -> Result<EntityConfiguration> {
        let node = &self.0.config.node;
        let id = self.entity_id().clone();
        let is_authority = self.is_authority();
        let resource = id.resource();
        let roles = if is_authority { Roles::from([Role::Authority]) } else { roles_in(mark.as_deref()) };
        let authority = self.authority_id().cloned();
        let mark_type = authority.as_ref().map(trust_mark_type);
        let trust_marks = mark_type.iter().cloned().zip(mark).map(|(trust_mark_type, trust_mark)| {
            staffetta_protocol::trust::TrustMarkEntry { trust_mark_type, trust_mark }
        });
        let endpoint = |path: &str| is_authority.then(|| format!("{resource}/network/{path}"));
        // A member's old federation keys verify nothing that anybody still asks about; the authority's verify marks.
        let in_use = |jwks: Jwks| Jwks {
            keys: jwks.keys.into_iter().filter(|jwk| jwk.exp.is_none() && jwk.revoked.is_none()).collect(),
        };
        Ok(EntityConfiguration {
            iss: id.clone(),
            sub: id,
            iat: 0,
            exp: 0,
            jwks: if is_authority { federation } else { in_use(federation) },
            authority_hints: authority.iter().filter(|_| !is_authority).cloned().collect(),
            trust_marks: trust_marks.collect(),
            trust_mark_issuers: mark_type
                .filter(|_| is_authority)
                .map(|mark_type| (mark_type, vec![self.entity_id().clone()]))
                .into_iter()
                .collect(),
            metadata: Metadata {
                federation_entity: FederationEntity {
                    organization_name: Some(node.organisation_name.clone()),
                    homepage_uri: node.homepage_uri.clone(),
                    contacts: node.contacts.clone(),
                    federation_fetch_endpoint: endpoint("statements"),
                    federation_list_endpoint: endpoint("members"),
                    federation_trust_mark_status_endpoint: endpoint("trust-mark-status"),
                    federation_historical_keys_endpoint: endpoint("historical-keys"),
                    ..FederationEntity::default()
                },
                oauth_resource: Some(OauthResource {
                    resource,
                    jwks: protocol,
                    roles,
                    protocol_versions: vec![PROTOCOL_VERSION.into()],
                    openapi_uri: self.0.profile.openapi_uri.clone(),
                    capabilities: Capabilities { types: self.0.profile.types.clone(), mailbox: node.mailbox },
                }),
            },
        })
    }
}

fn roles_in(mark: Option<&str>) -> Roles {
    read_mark(mark).map(|mark| mark.roles).unwrap_or_default()
}

/// The mark is ours and was verified when it came, so it is only read here.
fn read_mark(mark: Option<&str>) -> Option<TrustMark> {
    mark.and_then(|jws| jose::peek(jws).ok())
}
