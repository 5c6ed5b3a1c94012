//! `staffetta staff`: accounts and tokens of those who work at this node.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::open;
use crate::access::{self, AccessRole, Label, StaffRow, Username};
use crate::error::{Error, Result};
use crate::journal::Actor;
use crate::store::{Conn, Tx};

/// Accounts that a list shows.
const LISTED: i64 = 10_000;

/// Take on and let go, issue and revoke tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Staff {
    /// Add an account. It has no token yet.
    Add {
        /// Its name: lower-case letters, digits, dots, hyphens, underscores.
        username: String,
        /// As colleagues know her.
        #[arg(long)]
        label: String,
        /// operator, supervisor, company_user, dpo, admin or evaluator.
        #[arg(long)]
        role: AccessRole,
    },
    /// List the accounts.
    List,
    /// Let nobody in under an account any more.
    Disable {
        /// The account's name.
        username: String,
    },
    /// Issue a token and print it, once.
    Token {
        /// The account's name.
        username: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        label: String,
        /// Days for which it is valid.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// List the tokens of an account, without their secrets.
    Tokens {
        /// The account's name.
        username: String,
    },
    /// End a token at once.
    Revoke {
        /// The account's name.
        username: String,
        /// The token's id.
        token: Uuid,
    },
}

impl Staff {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let store = open(file)?.store;
        match self {
            Self::Add { username, label, role } => {
                let (username, label) = (name(&username)?, words(label)?);
                let add = move |tx: &mut Tx<'_>| access::add_staff(tx, Actor::System, &username, &label, role);
                println!("{}", store.write(add).await?);
            }
            Self::List => store.read(|conn| access::list(conn, "", LISTED)).await?.iter().for_each(show),
            Self::Disable { username } => {
                store
                    .write(move |tx| {
                        let id = named(tx.conn(), &username)?;
                        access::disable(tx, Actor::System, id)
                    })
                    .await?;
            }
            Self::Token { username, label, days } => {
                let label = words(label)?;
                let until = store.clock().now() + TimeDelta::days(i64::from(days));
                let issue = move |tx: &mut Tx<'_>| {
                    let id = named(tx.conn(), &username)?;
                    access::issue_token(tx, Actor::System, id, &label, Some(until))
                };
                println!("{}", store.write(issue).await?.token.expose());
            }
            Self::Tokens { username } => {
                let list = move |conn: &mut Conn| {
                    let id = named(conn, &username)?;
                    access::tokens_of(conn, id)
                };
                for token in store.read(list).await? {
                    let state = match token.revoked_at {
                        Some(at) => format!("revoked {}", day(at)),
                        None => format!("until {}", day(token.expires_at)),
                    };
                    println!("{}  {state:<18}  {}", token.id, token.label);
                }
            }
            Self::Revoke { username, token } => {
                store
                    .write(move |tx| {
                        let id = named(tx.conn(), &username)?;
                        access::revoke_token(tx, Actor::System, id, token)
                    })
                    .await?;
            }
        }
        store.close().await;
        Ok(())
    }
}

fn name(text: &str) -> Result<Username> {
    text.parse().map_err(|_| Error::Setup("a username has lower-case letters, digits, and . - _ inside".into()))
}

fn words(text: String) -> Result<Label> {
    Label::new(text).map_err(|why| Error::Setup(format!("the label: {}", why.words().1)))
}

fn named(conn: &mut Conn, username: &str) -> Result<Uuid> {
    Ok(access::find_staff(conn, username)?.ok_or(Code::NotFound)?.id)
}

fn show(account: &StaffRow) {
    let state = account.disabled_at.map(|at| format!("  disabled {}", day(at))).unwrap_or_default();
    println!("{:<24} {:<12} {}{state}", account.username, account.role.as_str(), account.label);
}

fn day(at: DateTime<Utc>) -> chrono::NaiveDate {
    at.date_naive()
}
