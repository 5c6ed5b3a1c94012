//! Invitation, application, approval.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::{Admission, Application, Roles, Standing};

use super::deposit;
use super::model::{self, Act, Applicant, InvitationCode};
use super::rows::{self, Invitation, Member};
use super::{Authority, admission_of, grantable};
use crate::error::Result;
use crate::journal::{Actor, Entry, record};
use crate::store::Tx;

/// Longest life of an invitation.
const MAX_INVITATION: TimeDelta = TimeDelta::days(90);
/// Longest partnership agreement.
const MAX_AGREEMENT: TimeDelta = TimeDelta::days(10 * 366);

/// What to invite somebody to.
#[derive(Debug, Clone)]
pub struct Invite {
    /// What who comes with it may be.
    pub roles: Roles,
    /// The organisation that it is for, as `ipa:…` or `vat:…`.
    pub organisation_id: Option<String>,
    /// A name for the list.
    pub organisation_name: Option<String>,
    /// Whether who comes with it is admitted at once. Needs `organisation_id`.
    pub automatic: bool,
    /// Until when the partnership agreement runs.
    pub agreement_until: DateTime<Utc>,
    /// How long the invitation counts.
    pub valid_for: TimeDelta,
}

impl Invite {
    fn check(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        let rules = [
            (grantable(&self.roles), "at least one role is needed, and not that of the authority"),
            (self.organisation_id.as_deref().is_none_or(is_organisation), "the organisation is named ipa:… or vat:…"),
            (!self.automatic || self.organisation_id.is_some(), "an automatic invitation names its organisation"),
            (
                self.agreement_until > now && self.agreement_until - now <= MAX_AGREEMENT,
                "the agreement must end in the future, within ten years",
            ),
            (
                self.valid_for > TimeDelta::zero() && self.valid_for <= MAX_INVITATION,
                "an invitation lives for 90 days at most",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, sentence)) => Err(Problem::new(Code::InvalidInput).detail(sentence)),
            None => Ok(()),
        }
    }
}

fn is_organisation(text: &str) -> bool {
    match text.split_once(':') {
        Some(("ipa", code)) => model::is_ipa_code(code),
        Some(("vat", number)) => model::is_vat_number(number),
        _ => false,
    }
}

impl Authority {
    /// Makes an invitation and returns its code, which is shown this once.
    pub async fn invite(&self, actor: Actor, invite: Invite) -> Result<String> {
        let code = InvitationCode::generate()?;
        let (text, hash) = (code.text(), code.hash());
        self.0
            .store
            .write(move |tx| {
                let now = tx.now();
                invite.check(now)?;
                let invitation = Invitation {
                    selector: code.selector,
                    roles: invite.roles,
                    organisation_id: invite.organisation_id,
                    organisation_name: invite.organisation_name,
                    automatic: invite.automatic,
                    agreement_until: invite.agreement_until,
                    expires_at: now + invite.valid_for,
                    used: None,
                    code_hash: hash,
                };
                rows::insert_invitation(tx, &invitation)?;
                record(tx, Entry::new(actor, "member.invited").object(&invitation.selector))
            })
            .await?;
        Ok(text)
    }

    /// Takes a request to join. The same request again gets the same answer.
    pub async fn apply(&self, application: Application) -> Result<Admission> {
        let now = self.0.store.clock().now();
        let applicant = model::check(&application, &self.0.entity_id, self.0.development, now)?;
        let code = InvitationCode::parse(&application.invitation).ok_or_else(not_invited)?;
        let this = self.clone();
        self.0.store.write(move |tx| this.admit(tx, application, applicant, &code)).await
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        application: Application,
        applicant: Applicant,
        code: &InvitationCode,
    ) -> Result<Admission> {
        let now = tx.now();
        let entity_id = application.entity_id.clone();
        let invitation = rows::invitation(tx.conn(), &code.selector)?
            .filter(|invitation| code.fits(&invitation.code_hash))
            .ok_or_else(not_invited)?;
        let known = rows::member(tx.conn(), &entity_id)?;
        if let Some((_, by)) = &invitation.used {
            return match &known {
                Some(member) if *by == *entity_id.as_str() && member.invitation == invitation.selector => {
                    admission_of(tx.conn(), member, now)
                }
                _ => Err(Problem::new(Code::AlreadyExists).detail("the invitation was used").into()),
            };
        }
        if invitation.expires_at <= now {
            return Err(Problem::new(Code::NotEntitled).detail("the invitation has expired").into());
        }
        if invitation.organisation_id.as_ref().is_some_and(|id| !model::is_named(&application, id)) {
            return Err(Problem::new(Code::NotEntitled).detail("the invitation is for another organisation").into());
        }
        model::within(&application.roles, &invitation.roles)?;
        if known.as_ref().is_some_and(|member| member.state != Standing::Expelled) {
            return Err(Problem::new(Code::AlreadyExists).detail("this node has applied or is a member").into());
        }
        if !rows::use_up(tx, &invitation.selector, &entity_id)? {
            return Err(Problem::new(Code::AlreadyExists).detail("the invitation was used").into());
        }
        let mut member = self.enter(tx, application, applicant, &invitation, known)?;
        record(tx, Entry::new(Actor::Peer(entity_id.clone()), "member.applied").object(&member.slug).peer(&entity_id))?;
        if invitation.automatic {
            self.approve_in(tx, Actor::System, &mut member, None)?;
        }
        admission_of(tx.conn(), &member, now)
    }

    /// Writes a new applicant, or one that was expelled before and comes with a new invitation.
    fn enter(
        &self,
        tx: &mut Tx<'_>,
        application: Application,
        applicant: Applicant,
        invitation: &Invitation,
        expelled: Option<Member>,
    ) -> Result<Member> {
        // One that cannot be called has chosen its slug with its name.
        let below = deposit::slug_of(self.entity_id(), &application.entity_id).map(str::to_owned);
        if let Some(slug) = below.as_ref().filter(|_| expelled.is_none())
            && rows::is_slug_taken(tx.conn(), slug)?
        {
            return Err(Problem::new(Code::AlreadyExists).detail("somebody else has this name").into());
        }
        let slug = match &expelled {
            Some(member) => member.slug.clone(),
            None if below.is_some() => below.clone().unwrap_or_default(),
            None => free_slug(tx, &application.organisation_name)?,
        };
        if below.is_some() {
            deposit::put(tx, &slug, &application.entity_configuration, applicant.issued_at.timestamp())?;
        }
        let mut member = Member {
            entity_id: application.entity_id,
            slug,
            organisation_name: application.organisation_name.trim().to_owned(),
            ipa_code: application.ipa_code,
            vat_number: application.vat_number,
            email: application.email,
            public_body: application.public_body,
            roles: application.roles,
            federation_jwks: applicant.jwks,
            capabilities: applicant.capabilities,
            state: Standing::Pending,
            agreement_until: invitation.agreement_until,
            limited_until: None,
            invitation: invitation.selector.clone(),
            keys_issued_at: applicant.issued_at,
            joined_at: tx.now(),
            approved_at: None,
            revision: expelled.as_ref().map_or(0, |member| member.revision),
        };
        match expelled {
            Some(_) => rows::update(tx, &mut member)?,
            None => rows::insert(tx, &member)?,
        }
        Ok(member)
    }

    /// Admits an applicant, or renews the agreement of a member. `until` replaces the end of the agreement.
    pub async fn approve(&self, actor: Actor, id: EntityId, until: Option<DateTime<Utc>>) -> Result<Member> {
        let this = self.clone();
        self.0
            .store
            .write(move |tx| {
                let mut member = rows::member(tx.conn(), &id)?.ok_or(Code::NotFound)?;
                this.approve_in(tx, actor, &mut member, until)?;
                Ok(member)
            })
            .await
    }

    fn approve_in(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        member: &mut Member,
        until: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let now = tx.now();
        member.state = Act::Approve.on(member.state)?;
        member.agreement_until = until.unwrap_or(member.agreement_until);
        member.approved_at.get_or_insert(now);
        rows::update(tx, member)?;
        self.give_mark(tx, member)?;
        record(tx, Entry::new(actor, Act::Approve.entry()).object(&member.slug).peer(&member.entity_id))
    }
}

fn not_invited() -> crate::error::Error {
    Problem::new(Code::NotEntitled).detail("the invitation is not valid").into()
}

/// The organisation's slug, with a number where somebody has it already.
fn free_slug(tx: &mut Tx<'_>, organisation_name: &str) -> Result<String> {
    let wanted = model::slug(organisation_name);
    let mut slug = wanted.clone();
    let mut number = 1;
    while rows::is_slug_taken(tx.conn(), &slug)? {
        number += 1;
        slug = format!("{wanted}-{number}");
    }
    Ok(slug)
}
