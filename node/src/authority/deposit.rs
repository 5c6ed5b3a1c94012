//! Members that cannot be called: their entity configuration lies here, where the standard looks for it.
//!
//! Such a member is named `<authority>/nodes/<slug>`. What it deposits authenticates itself: signed with a federation key
//! that its statement names, and later than what lies here.

use chrono::DateTime;
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::{EntityConfiguration, Standing};

use super::{Authority, rows};
use crate::config::is_below;
use crate::error::Result;
use crate::store::schema::deposit;
use crate::store::{At, Conn, Tx};

/// The slug in a name below the authority's.
pub(super) fn slug_of<'a>(authority: &EntityId, member: &'a EntityId) -> Option<&'a str> {
    is_below(authority, member).then(|| member.as_str().rsplit('/').next()).flatten()
}

/// Keeps a configuration in the place of the one before.
pub(super) fn put(tx: &mut Tx<'_>, slug: &str, jws: &str, issued_at: i64) -> Result<()> {
    let at = DateTime::from_timestamp(issued_at, 0).ok_or(Code::InvalidInput)?;
    diesel::delete(deposit::table.find(slug)).execute(tx.conn())?;
    diesel::insert_into(deposit::table)
        .values((deposit::slug.eq(slug), deposit::jws.eq(jws), deposit::issued_at.eq(At::from(at))))
        .execute(tx.conn())?;
    Ok(())
}

fn find(conn: &mut Conn, slug: &str) -> Result<Option<(String, i64)>> {
    let row: Option<(String, At)> =
        deposit::table.find(slug).select((deposit::jws, deposit::issued_at)).first(conn).optional()?;
    Ok(row.map(|(jws, at)| (jws, at.0.timestamp())))
}

impl Authority {
    /// Takes a new configuration of a member. The same one again changes nothing.
    ///
    /// # Errors
    /// `not_found` where there is no such member below this authority's name; `not_entitled` where no key of its statement
    /// signed it or it is about somebody else; `conflict` where it is not later than the one that lies here.
    pub async fn deposit(&self, slug: String, jws: String) -> Result<()> {
        let authority = self.entity_id().clone();
        let act = move |tx: &mut Tx<'_>| {
            let now = tx.now();
            let member = rows::member_by_slug(tx.conn(), &slug)?
                .filter(|member| member.state != Standing::Expelled)
                .filter(|member| slug_of(&authority, &member.entity_id) == Some(slug.as_str()))
                .ok_or(Code::NotFound)?;
            let before = find(tx.conn(), &slug)?;
            if before.as_ref().is_some_and(|(known, _)| *known == jws) {
                return Ok(());
            }
            let refuse = |why: String| Problem::new(Code::NotEntitled).detail(why);
            let keys = KeySet::new(&member.federation_jwks);
            let configuration = EntityConfiguration::open(&jws, &keys, now).map_err(|why| refuse(why.to_string()))?;
            if configuration.sub != member.entity_id {
                return Err(refuse("the configuration is about another entity".into()).into());
            }
            if before.is_some_and(|(_, at)| configuration.iat <= at) {
                return Err(Problem::new(Code::Conflict).detail("a later configuration is known").into());
            }
            put(tx, &slug, &jws, configuration.iat)
        };
        self.0.store.write(act).await
    }

    /// What the member of that slug deposited last.
    ///
    /// # Errors
    /// `not_found`, for whoever is out too.
    pub async fn deposited(&self, slug: String) -> Result<String> {
        let found = self.0.store.read(move |conn| {
            let member = rows::member_by_slug(conn, &slug)?.filter(|member| member.state != Standing::Expelled);
            let deposited = member.map(|_| find(conn, &slug)).transpose()?.flatten();
            Ok(deposited.map(|(jws, _)| jws).ok_or(Code::NotFound)?)
        });
        found.await
    }
}
