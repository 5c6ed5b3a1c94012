//! What the authority signs for anybody who asks: statements, list, status of a mark, former keys.

use std::collections::HashMap;
use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::{EntityId, Kid};
use staffetta_protocol::trust::{
    Constraints, HistoricalKeys, MarkStatus, MetadataPolicy, STATEMENT_LIFETIME, Standing, SubordinateStatement,
    TrustMarkStatus, historical_only, trust_mark_type,
};

use super::rows::{self, Member};
use super::{Authority, RESIGN};
use crate::error::{Error, Result};
use crate::keys::Kind;
use crate::store::Conn;

/// Statements as signed, by member.
pub(super) type Signed = HashMap<EntityId, SignedStatement>;

/// A statement, and what it was signed over and with.
#[derive(Debug)]
pub(super) struct SignedStatement {
    jws: String,
    revision: i32,
    kid: Kid,
    signed_at: DateTime<Utc>,
}

/// Which members a list is asked for (OpenID Federation 1.0 §8.2).
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Members that have this entity type.
    pub entity_type: Option<String>,
    /// Members that have a mark that counts.
    pub trust_marked: bool,
    /// Members that have a mark of this type that counts.
    pub trust_mark_type: Option<String>,
    /// Intermediates: there are none.
    pub intermediate: bool,
}

const VOUCHED_FOR: [Standing; 2] = [Standing::Active, Standing::Suspended];

impl Authority {
    /// The statement about a member. `None` for whoever is none.
    pub async fn statement(&self, sub: EntityId) -> Result<Option<String>> {
        let now = self.0.store.clock().now();
        let this = self.clone();
        self.0
            .store
            .read(move |conn| {
                let member = rows::member(conn, &sub)?.filter(|member| VOUCHED_FOR.contains(&member.state));
                member.map(|member| this.signed_statement(conn, &member, now)).transpose()
            })
            .await
    }

    fn signed_statement(&self, conn: &mut Conn, member: &Member, now: DateTime<Utc>) -> Result<String> {
        let key = self.0.keys.signing(conn, Kind::Federation, now)?;
        let mut statements = self.0.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = statements.get(&member.entity_id)
            && (signed.revision, &signed.kid) == (member.revision, key.kid())
            && (TimeDelta::zero()..RESIGN).contains(&(now - signed.signed_at))
        {
            return Ok(signed.jws.clone());
        }
        let iat = now.timestamp();
        let statement = SubordinateStatement {
            iss: self.0.entity_id.clone(),
            sub: member.entity_id.clone(),
            iat,
            exp: iat + STATEMENT_LIFETIME,
            jwks: member.federation_jwks.clone(),
            metadata: serde_json::Map::new(),
            metadata_policy: MetadataPolicy::for_member(
                &member.organisation_name,
                &member.entity_id.resource(),
                &member.roles,
            ),
            constraints: Constraints { max_path_length: Some(1), allowed_entity_types: None },
        };
        let jws = statement.sign(&key).map_err(Error::internal)?;
        let signed =
            SignedStatement { jws: jws.clone(), revision: member.revision, kid: key.kid().clone(), signed_at: now };
        statements.insert(member.entity_id.clone(), signed);
        Ok(jws)
    }

    /// The members that the authority vouches for, suspended ones included.
    pub async fn list(&self, filter: ListFilter) -> Result<Vec<EntityId>> {
        let has_type =
            filter.entity_type.as_deref().is_none_or(|t| matches!(t, "oauth_resource" | "federation_entity"));
        let own_mark = trust_mark_type(&self.0.entity_id);
        let gives_mark = filter.trust_mark_type.as_ref().is_none_or(|t| *t == own_mark);
        if filter.intermediate || !has_type || !gives_mark {
            return Ok(Vec::new());
        }
        let marked = filter.trust_marked || filter.trust_mark_type.is_some();
        let now = self.0.store.clock().now();
        self.0
            .store
            .read(move |conn| {
                let mut listed = Vec::new();
                for member in rows::members(conn, &VOUCHED_FOR)? {
                    let counts = |mark: rows::MarkRow| now < mark.expires_at;
                    if !marked || rows::newest_mark(conn, &member.entity_id)?.is_some_and(counts) {
                        listed.push(member.entity_id);
                    }
                }
                Ok(listed)
            })
            .await
    }

    /// What the authority says about a mark now, signed. `None` for one that it never gave.
    pub async fn mark_status(&self, mark: String) -> Result<Option<String>> {
        let now = self.0.store.clock().now();
        let this = self.clone();
        self.0
            .store
            .read(move |conn| {
                let Some(row) = rows::mark(conn, &mark)? else { return Ok(None) };
                let keys = this.0.keys.list(conn, Kind::Federation)?;
                let key_is_revoked = keys.iter().any(|key| key.kid == row.kid && key.revoked.is_some());
                let status = match row.revoked_at {
                    Some(_) => MarkStatus::Revoked,
                    None if row.expires_at <= now => MarkStatus::Expired,
                    None if key_is_revoked => MarkStatus::Invalid,
                    None => MarkStatus::Active,
                };
                let key = this.0.keys.signing(conn, Kind::Federation, now)?;
                let answer = TrustMarkStatus {
                    iss: this.0.entity_id.clone(),
                    iat: now.timestamp(),
                    trust_mark: row.jws,
                    status,
                };
                answer.sign(&key).map(Some).map_err(Error::internal)
            })
            .await
    }

    /// The authority's former federation keys, signed with the present one.
    pub async fn historical_keys(&self) -> Result<String> {
        let now = self.0.store.clock().now();
        let this = self.clone();
        self.0
            .store
            .read(move |conn| {
                let jwks = this.0.keys.jwks(conn, Kind::Federation, now)?;
                let mut keys = historical_only(&jwks);
                for jwk in &mut keys {
                    // A historical key has an end; that of a revoked one is its revocation.
                    let revoked_at = jwk.revoked.as_ref().map(|revoked| revoked.revoked_at);
                    jwk.exp = jwk.exp.into_iter().chain(revoked_at).min();
                }
                let historical = HistoricalKeys { iss: this.0.entity_id.clone(), iat: now.timestamp(), keys };
                historical.sign(&this.0.keys.signing(conn, Kind::Federation, now)?).map_err(Error::internal)
            })
            .await
    }
}
