//! Rows of members, invitations and marks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, Kid};
use staffetta_protocol::jose::Jwks;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::{Capabilities, Roles, Standing};

use crate::error::{Error, Result};
use crate::store::schema::{invitation, member, trust_mark};
use crate::store::{At, Conn, Doc, Tx};

/// An organisation that applied, with what became of it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its node.
    pub entity_id: EntityId,
    /// Its name in URLs.
    pub slug: String,
    /// As the agreement names it.
    pub organisation_name: String,
    /// Code in the index of public bodies.
    pub ipa_code: Option<String>,
    /// VAT number.
    pub vat_number: Option<String>,
    /// Where the organisation is reached.
    pub email: String,
    /// Whether it is a public body.
    pub public_body: bool,
    /// What it is, or wants to be.
    pub roles: Roles,
    /// Its federation keys, as the statement names them.
    pub federation_jwks: Jwks,
    /// What its node took when it applied.
    pub capabilities: Capabilities,
    /// How it stands.
    pub state: Standing,
    /// Until when the partnership agreement runs.
    pub agreement_until: DateTime<Utc>,
    /// With a suspension that ends by itself: when.
    pub limited_until: Option<DateTime<Utc>>,
    /// Which invitation it came with.
    pub invitation: String,
    /// When the configuration was signed that its keys come from: an older one changes nothing.
    pub keys_issued_at: DateTime<Utc>,
    /// When it applied.
    pub joined_at: DateTime<Utc>,
    /// When it was approved first.
    pub approved_at: Option<DateTime<Utc>>,
    pub(super) revision: i32,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = member, treat_none_as_null = true)]
struct MemberRow {
    entity_id: String,
    slug: String,
    organisation_name: String,
    ipa_code: Option<String>,
    vat_number: Option<String>,
    email: String,
    public_body: bool,
    roles: Doc,
    federation_jwks: Doc,
    capabilities: Doc,
    state: String,
    agreement_until: At,
    limited_until: Option<At>,
    invitation: String,
    keys_issued_at: At,
    joined_at: At,
    approved_at: Option<At>,
    changed_at: At,
    revision: i32,
}

impl MemberRow {
    fn of(member: &Member, changed_at: DateTime<Utc>) -> Result<Self> {
        let member = member.clone();
        Ok(Self {
            entity_id: member.entity_id.into(),
            slug: member.slug,
            organisation_name: member.organisation_name,
            ipa_code: member.ipa_code,
            vat_number: member.vat_number,
            email: member.email,
            public_body: member.public_body,
            roles: Doc::of(&member.roles)?,
            federation_jwks: Doc::of(&member.federation_jwks)?,
            capabilities: Doc::of(&member.capabilities)?,
            state: member.state.as_str().to_owned(),
            agreement_until: member.agreement_until.into(),
            limited_until: member.limited_until.map(At::from),
            invitation: member.invitation,
            keys_issued_at: member.keys_issued_at.into(),
            joined_at: member.joined_at.into(),
            approved_at: member.approved_at.map(At::from),
            changed_at: changed_at.into(),
            revision: member.revision,
        })
    }
}

impl TryFrom<MemberRow> for Member {
    type Error = Error;

    fn try_from(row: MemberRow) -> Result<Self> {
        let state = match row.state.as_str() {
            "pending" => Standing::Pending,
            "active" => Standing::Active,
            "suspended" => Standing::Suspended,
            "expelled" => Standing::Expelled,
            _ => return Err(Error::internal("unknown state of a member")),
        };
        Ok(Self {
            entity_id: row.entity_id.parse().map_err(Error::internal)?,
            slug: row.slug,
            organisation_name: row.organisation_name,
            ipa_code: row.ipa_code,
            vat_number: row.vat_number,
            email: row.email,
            public_body: row.public_body,
            roles: row.roles.read()?,
            federation_jwks: row.federation_jwks.read()?,
            capabilities: row.capabilities.read()?,
            state,
            agreement_until: row.agreement_until.0,
            limited_until: row.limited_until.map(|at| at.0),
            invitation: row.invitation,
            keys_issued_at: row.keys_issued_at.0,
            joined_at: row.joined_at.0,
            approved_at: row.approved_at.map(|at| at.0),
            revision: row.revision,
        })
    }
}

fn read(row: Option<MemberRow>) -> Result<Option<Member>> {
    row.map(Member::try_from).transpose()
}

pub(super) fn member(conn: &mut Conn, id: &EntityId) -> Result<Option<Member>> {
    read(member::table.find(id.as_str()).select(MemberRow::as_select()).first(conn).optional()?)
}

pub(super) fn member_by_slug(conn: &mut Conn, slug: &str) -> Result<Option<Member>> {
    read(member::table.filter(member::slug.eq(slug)).select(MemberRow::as_select()).first(conn).optional()?)
}

/// Members in one of `states`, by name.
pub(super) fn members(conn: &mut Conn, states: &[Standing]) -> Result<Vec<Member>> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    member::table
        .filter(member::state.eq_any(states))
        .order(member::entity_id)
        .select(MemberRow::as_select())
        .load(conn)?
        .into_iter()
        .map(Member::try_from)
        .collect()
}

pub(super) fn is_slug_taken(conn: &mut Conn, slug: &str) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(member::table.filter(member::slug.eq(slug)))).get_result(conn)?)
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Member) -> Result<()> {
    let row = MemberRow::of(new, tx.now())?;
    diesel::insert_into(member::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Writes a member that was read before. Fails if somebody else wrote it meanwhile.
pub(super) fn update(tx: &mut Tx<'_>, changed: &mut Member) -> Result<()> {
    let read_as = changed.revision;
    changed.revision += 1;
    let row = MemberRow::of(changed, tx.now())?;
    let unchanged = member::table.find(&row.entity_id).filter(member::revision.eq(read_as));
    match diesel::update(unchanged).set(&row).execute(tx.conn())? {
        1 => Ok(()),
        _ => Err(Problem::new(Code::Conflict).detail("the member was changed meanwhile").into()),
    }
}

/// An invitation, without its secret.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// First part of its code: names it.
    pub selector: String,
    /// What who comes with it may be.
    pub roles: Roles,
    /// The organisation that it is for, as `ipa:…` or `vat:…`.
    pub organisation_id: Option<String>,
    /// A name for the list.
    pub organisation_name: Option<String>,
    /// Whether who comes with it is admitted at once.
    pub automatic: bool,
    /// Until when the agreement runs.
    pub agreement_until: DateTime<Utc>,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
    /// When and by whom it was used.
    pub used: Option<(DateTime<Utc>, String)>,
    pub(super) code_hash: Vec<u8>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invitation)]
struct InvitationRow {
    selector: String,
    code_hash: Vec<u8>,
    roles: Doc,
    organisation_id: Option<String>,
    organisation_name: Option<String>,
    automatic: bool,
    agreement_until: At,
    expires_at: At,
    used_at: Option<At>,
    used_by: Option<String>,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = Error;

    fn try_from(row: InvitationRow) -> Result<Self> {
        Ok(Self {
            selector: row.selector,
            roles: row.roles.read()?,
            organisation_id: row.organisation_id,
            organisation_name: row.organisation_name,
            automatic: row.automatic,
            agreement_until: row.agreement_until.0,
            expires_at: row.expires_at.0,
            used: row.used_at.map(|at| at.0).zip(row.used_by),
            code_hash: row.code_hash,
        })
    }
}

pub(super) fn invitation(conn: &mut Conn, selector: &str) -> Result<Option<Invitation>> {
    let row = invitation::table.find(selector).select(InvitationRow::as_select()).first(conn).optional()?;
    row.map(Invitation::try_from).transpose()
}

/// The newest invitations, at most `limit`.
pub(super) fn invitations(conn: &mut Conn, limit: i64) -> Result<Vec<Invitation>> {
    invitation::table
        .order((invitation::created_at.desc(), invitation::selector))
        .limit(limit)
        .select(InvitationRow::as_select())
        .load(conn)?
        .into_iter()
        .map(Invitation::try_from)
        .collect()
}

pub(super) fn insert_invitation(tx: &mut Tx<'_>, new: &Invitation) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(invitation::table)
        .values((
            invitation::selector.eq(&new.selector),
            invitation::code_hash.eq(&new.code_hash),
            invitation::roles.eq(Doc::of(&new.roles)?),
            invitation::organisation_id.eq(&new.organisation_id),
            invitation::organisation_name.eq(&new.organisation_name),
            invitation::automatic.eq(new.automatic),
            invitation::agreement_until.eq(At::from(new.agreement_until)),
            invitation::created_at.eq(now),
            invitation::expires_at.eq(At::from(new.expires_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Uses an invitation up. False when somebody else was first.
pub(super) fn use_up(tx: &mut Tx<'_>, selector: &str, by: &EntityId) -> Result<bool> {
    let now = At::from(tx.now());
    let unused = invitation::table.find(selector).filter(invitation::used_at.is_null());
    let taken = diesel::update(unused)
        .set((invitation::used_at.eq(now), invitation::used_by.eq(by.as_str())))
        .execute(tx.conn())?;
    Ok(taken == 1)
}

/// A mark that was given.
#[derive(Debug, Clone)]
pub(super) struct MarkRow {
    pub(super) jws: String,
    pub(super) kid: Kid,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

type MarkColumns = (String, String, At, Option<At>);

fn mark_row((jws, kid, expires_at, revoked_at): MarkColumns) -> MarkRow {
    MarkRow { jws, kid: Kid::new(kid), expires_at: expires_at.0, revoked_at: revoked_at.map(|at| at.0) }
}

pub(super) fn insert_mark(
    tx: &mut Tx<'_>,
    of: &EntityId,
    jws: &str,
    kid: &Kid,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(trust_mark::table)
        .values((
            trust_mark::digest.eq(Digest::of(jws).to_string()),
            trust_mark::member.eq(of.as_str()),
            trust_mark::jws.eq(jws),
            trust_mark::kid.eq(kid.as_str()),
            trust_mark::issued_at.eq(now),
            trust_mark::expires_at.eq(At::from(expires_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn mark(conn: &mut Conn, jws: &str) -> Result<Option<MarkRow>> {
    let found: Option<MarkColumns> = trust_mark::table
        .find(Digest::of(jws).to_string())
        .select((trust_mark::jws, trust_mark::kid, trust_mark::expires_at, trust_mark::revoked_at))
        .first(conn)
        .optional()?;
    Ok(found.map(mark_row))
}

/// The newest mark of a member that was not taken back.
pub(super) fn newest_mark(conn: &mut Conn, of: &EntityId) -> Result<Option<MarkRow>> {
    let found: Option<MarkColumns> = trust_mark::table
        .filter(trust_mark::member.eq(of.as_str()))
        .filter(trust_mark::revoked_at.is_null())
        .order((trust_mark::issued_at.desc(), trust_mark::expires_at.desc()))
        .select((trust_mark::jws, trust_mark::kid, trust_mark::expires_at, trust_mark::revoked_at))
        .first(conn)
        .optional()?;
    Ok(found.map(mark_row))
}

/// Takes every mark of a member back.
pub(super) fn revoke_marks(tx: &mut Tx<'_>, of: &EntityId) -> Result<()> {
    let now = At::from(tx.now());
    let live = trust_mark::table.filter(trust_mark::member.eq(of.as_str())).filter(trust_mark::revoked_at.is_null());
    diesel::update(live).set(trust_mark::revoked_at.eq(now)).execute(tx.conn())?;
    Ok(())
}
