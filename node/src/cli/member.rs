//! `staffetta member`: what the network authority does about members.

use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::{Args, Subcommand};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::Code;
use staffetta_protocol::trust::{Role, Standing};

use super::open;
use crate::authority::{Authority, Invite};
use crate::error::{Error, Result};
use crate::journal::Actor;

/// Invite, admit, suspend and expel members (on the network authority).
#[derive(Debug, Subcommand)]
pub(super) enum Member {
    /// Make an invitation and print its code, once.
    Invite(Invitation),
    /// List the members, and who waits to be admitted.
    List {
        /// List the invitations instead.
        #[arg(long)]
        invitations: bool,
    },
    /// Admit an applicant, or renew a member's agreement.
    Approve {
        /// Slug or entity id.
        member: String,
        /// Last day of the partnership agreement, if not as invited.
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
    },
    /// Take a member's trust mark back: it is limited until it is reinstated.
    Suspend {
        /// Slug or entity id.
        member: String,
    },
    /// End a suspension.
    Reinstate {
        /// Slug or entity id.
        member: String,
    },
    /// Put a member out of the network, or turn an applicant away.
    Expel {
        /// Slug or entity id.
        member: String,
    },
}

/// What to invite to.
#[derive(Debug, Args)]
pub(super) struct Invitation {
    /// What who comes with it may be, comma-separated.
    #[arg(long, value_delimiter = ',', required = true)]
    roles: Vec<Role>,
    /// The organisation that it is for, ipa:CODE or vat:NUMBER.
    #[arg(long = "organisation-id", value_name = "ID")]
    organisation_id: Option<String>,
    /// A name for the list.
    #[arg(long)]
    name: Option<String>,
    /// Admit it at once when it comes.
    #[arg(long, requires = "organisation_id")]
    auto: bool,
    /// Last day of the partnership agreement; without it a year from today.
    #[arg(long, value_name = "DATE")]
    agreement_until: Option<NaiveDate>,
    /// Days for which the invitation counts.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=90))]
    days: u16,
}

impl Member {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let node = open(file)?;
        let authority = node.authority()?;
        let actor = Actor::System;
        let changed = match self {
            Self::Invite(invitation) => {
                let now = node.store.clock().now();
                println!("{}", authority.invite(actor, invitation.to(now)?).await?);
                None
            }
            Self::List { invitations: true } => {
                list_invitations(&authority).await?;
                None
            }
            Self::List { invitations: false } => {
                list(&authority).await?;
                None
            }
            Self::Approve { member, until } => {
                let until = until.map(end_of).transpose()?;
                Some(authority.approve(actor, named(&authority, &member).await?, until).await?)
            }
            Self::Suspend { member } => Some(authority.suspend(actor, named(&authority, &member).await?).await?),
            Self::Reinstate { member } => Some(authority.reinstate(actor, named(&authority, &member).await?).await?),
            Self::Expel { member } => Some(authority.expel(actor, named(&authority, &member).await?).await?),
        };
        if let Some(member) = changed {
            println!("{} is {}", member.slug, member.state.as_str());
        }
        node.store.close().await;
        Ok(())
    }
}

impl Invitation {
    fn to(self, now: DateTime<Utc>) -> Result<Invite> {
        Ok(Invite {
            roles: self.roles.into_iter().collect(),
            organisation_id: self.organisation_id,
            organisation_name: self.name,
            automatic: self.auto,
            agreement_until: self.agreement_until.map_or(Ok(now + TimeDelta::days(365)), end_of)?,
            valid_for: TimeDelta::days(i64::from(self.days)),
        })
    }
}

/// The end of a day that still counts.
fn end_of(day: NaiveDate) -> Result<DateTime<Utc>> {
    let next = day.succ_opt().and_then(|day| day.and_hms_opt(0, 0, 0));
    Ok(next.ok_or_else(|| Error::Setup("the date is out of range".into()))?.and_utc())
}

async fn named(authority: &Authority, name: &str) -> Result<EntityId> {
    let members = authority.members().await?;
    let found = members.into_iter().find(|member| member.slug == name || member.entity_id.as_str() == name);
    Ok(found.ok_or(Code::NotFound)?.entity_id)
}

async fn list(authority: &Authority) -> Result<()> {
    for member in authority.members().await? {
        let roles: Vec<&str> = member.roles.iter().map(|role| role.as_str()).collect();
        let (state, until) = (member.state.as_str(), member.agreement_until.date_naive());
        println!("{:<24} {state:<9} until {until}  {}", member.slug, roles.join(","));
        println!("    {}  {}", member.organisation_name, member.entity_id);
        if member.state == Standing::Pending {
            let ids = member.ipa_code.map(|code| format!("ipa:{code}")).into_iter();
            let ids: Vec<String> = ids.chain(member.vat_number.map(|number| format!("vat:{number}"))).collect();
            println!("    {}  {}", ids.join(" "), member.email);
            for jwk in member.federation_jwks.keys {
                println!("    key {}", jwk.kid);
            }
        }
    }
    Ok(())
}

async fn list_invitations(authority: &Authority) -> Result<()> {
    for invitation in authority.invitations(200).await? {
        let roles: Vec<&str> = invitation.roles.iter().map(|role| role.as_str()).collect();
        let whom = invitation.organisation_name.or(invitation.organisation_id).unwrap_or_default();
        let state = match invitation.used {
            Some((at, by)) => format!("used {} by {by}", at.date_naive()),
            None => format!("until {}", invitation.expires_at.date_naive()),
        };
        println!("{}  {state}  {}  {whom}", invitation.selector, roles.join(","));
    }
    Ok(())
}
