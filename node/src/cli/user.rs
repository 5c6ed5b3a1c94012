//! `staffetta user`: accounts of those who work at this node, and of the programs that work for them.
//!
//! A secret is printed once, alone, on standard output; what goes with it goes to standard error.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::open;
use crate::access::door::{self, Door};
use crate::access::{self, AccessRole, Label, NewToken, Scopes, StaffRow, Username};
use crate::error::{Error, Result};
use crate::journal::Actor;
use crate::store::{Conn, Tx};
use crate::tasks;
use crate::web::document::DESK;

/// Accounts that a list shows.
const LISTED: i64 = 10_000;

/// Take on and let go, help somebody back in, issue and revoke tokens.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add an account and print its temporary password, once. With it a new password and a second factor must be set.
    Add {
        /// Its name: lower-case letters, digits, dots, hyphens, underscores.
        username: String,
        /// As colleagues know her.
        #[arg(long)]
        label: String,
        /// operator, supervisor, company_user, dpo, admin or evaluator.
        #[arg(long)]
        role: AccessRole,
        /// The account of whoever countersigns what she does: she is learning, and leads no case.
        #[arg(long, value_name = "USERNAME", conflicts_with = "service")]
        trainee_of: Option<String>,
        /// The account is a program's: it gets no password, and a client secret is printed instead.
        #[arg(long, requires = "scopes")]
        service: bool,
        /// Acts that a program's tokens may be for, such as people.read.
        #[arg(long = "scope", value_name = "ACT", requires = "service")]
        scopes: Vec<String>,
    },
    /// Say under whom an account learns; with nobody named, that it learns no more.
    Trainee {
        /// The account's name.
        username: String,
        /// The account of whoever countersigns.
        #[arg(long, value_name = "USERNAME")]
        of: Option<String>,
    },
    /// List the accounts.
    List,
    /// Let nobody in under an account any more.
    Disable {
        /// The account's name.
        username: String,
    },
    /// Print a new temporary password, once. The second factor is gone, and whatever was open ends.
    Reset {
        /// The account's name.
        username: String,
    },
    /// Make another client secret for a program and print it, once. Two may be live at a time.
    Secret {
        /// The account's name.
        username: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        label: String,
        /// Acts that its tokens may be for, such as people.read.
        #[arg(long = "scope", value_name = "ACT", required = true)]
        scopes: Vec<String>,
    },
    /// Issue a token to a program and print it, once. People make their own at the desk; a node in development makes theirs
    /// here too.
    Token {
        /// The account's name.
        username: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        label: String,
        /// Days for which it is valid.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
        /// Acts that a program's token is for, such as people.read.
        #[arg(long = "scope", value_name = "ACT")]
        scopes: Vec<String>,
    },
    /// List the tokens and client secrets of an account, without the secrets.
    Tokens {
        /// The account's name.
        username: String,
    },
    /// End a token or a client secret at once.
    Revoke {
        /// The account's name.
        username: String,
        /// Its id.
        token: Uuid,
    },
}

impl User {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let node = open(file)?;
        let store = node.store.clone();
        match self {
            Self::Add { username, label, role, service: true, scopes, .. } => {
                let (username, label) = (name(&username)?, words(label)?);
                let add = move |tx: &mut Tx<'_>| {
                    let id = door::add_service(tx, Actor::System, &username, &label, role)?;
                    door::add_secret(tx, Actor::System, id, &label, &scopes)
                };
                tell_secret(&store.write(add).await?);
            }
            Self::Add { username, label, role, trainee_of, service: false, .. } => {
                let (username, label) = (name(&username)?, words(label)?);
                let door = Door::new(store.clone(), node.vault, node.keys, &node.config, DESK)?;
                let temporary = door.temporary().await?;
                let shown = (temporary.password.clone(), temporary.until);
                let add = move |tx: &mut Tx<'_>| {
                    let id = match trainee_of {
                        Some(under) => {
                            let under = named(tx.conn(), &under)?;
                            access::add_trainee(tx, Actor::System, &username, &label, role, under)?
                        }
                        None => access::add_staff(tx, Actor::System, &username, &label, role)?,
                    };
                    door.reset(tx, Actor::System, id, &temporary)
                };
                store.write(add).await?;
                tell_password(&shown.0, shown.1);
            }
            Self::Reset { username } => {
                let door = Door::new(store.clone(), node.vault, node.keys, &node.config, DESK)?;
                let temporary = door.temporary().await?;
                let shown = (temporary.password.clone(), temporary.until);
                let reset = move |tx: &mut Tx<'_>| {
                    let id = named(tx.conn(), &username)?;
                    door.reset(tx, Actor::System, id, &temporary)
                };
                store.write(reset).await?;
                tell_password(&shown.0, shown.1);
            }
            Self::Secret { username, label, scopes } => {
                let label = words(label)?;
                let add = move |tx: &mut Tx<'_>| {
                    let id = named(tx.conn(), &username)?;
                    door::add_secret(tx, Actor::System, id, &label, &scopes)
                };
                tell_secret(&store.write(add).await?);
            }
            Self::Trainee { username, of } => {
                let set = move |tx: &mut Tx<'_>| {
                    let id = named(tx.conn(), &username)?;
                    let under = of.map(|under| named(tx.conn(), &under)).transpose()?;
                    tasks::learns(tx, Actor::System, id, under)
                };
                store.write(set).await?;
            }
            Self::List => store.read(|conn| access::list(conn, "", LISTED)).await?.iter().for_each(show),
            Self::Disable { username } => {
                store
                    .write(move |tx| {
                        let id = named(tx.conn(), &username)?;
                        tasks::let_go(tx, Actor::System, id)
                    })
                    .await?;
            }
            Self::Token { username, label, days, scopes } => {
                let label = words(label)?;
                let until = store.clock().now() + TimeDelta::days(i64::from(days));
                let anybody = node.config.node.development_mode;
                let issue = move |tx: &mut Tx<'_>| {
                    let account = access::find_staff(tx.conn(), &username)?.ok_or(Code::NotFound)?;
                    token(tx, &account, &label, until, (&scopes, anybody))
                };
                println!("{}", store.write(issue).await?.token.expose());
            }
            Self::Tokens { username } => {
                let list = move |conn: &mut Conn| {
                    let id = named(conn, &username)?;
                    Ok((access::tokens_of(conn, id)?, door::secrets_of(conn, id)?))
                };
                let (tokens, secrets) = store.read(list).await?;
                for token in tokens {
                    show_secret(token.id, token.revoked_at, token.expires_at, &token.label);
                }
                for secret in secrets {
                    show_secret(secret.id, secret.revoked_at, secret.expires_at, &secret.label);
                }
            }
            Self::Revoke { username, token } => {
                store
                    .write(move |tx| {
                        let id = named(tx.conn(), &username)?;
                        match door::revoke_secret(tx, Actor::System, id, token) {
                            Err(error) if error.code() == Code::NotFound => {
                                access::revoke_token(tx, Actor::System, id, token)
                            }
                            outcome => outcome,
                        }
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

/// A token for a program, or for anybody where that is meant.
fn token(
    tx: &mut Tx<'_>,
    account: &StaffRow,
    label: &Label,
    until: DateTime<Utc>,
    (scopes, anybody): (&[String], bool),
) -> Result<NewToken> {
    let is_program = door::kind_of(tx.conn(), account.id)? == door::AccountKind::Service;
    if !is_program && !anybody {
        let why = "a person makes her own tokens, at the desk: nobody acts under another's name";
        return Err(Error::Setup(why.into()));
    }
    let narrow = match scopes {
        [] => None,
        scopes => Some(Scopes::asked(scopes, account.role, None)?),
    };
    match narrow {
        Some(scopes) if is_program => {
            access::issue_program_token(tx, Actor::System, account.id, label, Some(until), &scopes)
        }
        None if is_program => Err(Error::Setup("a program's token names its acts: --scope ACT".into())),
        narrow => access::issue_narrow_token(tx, Actor::System, account.id, label, Some(until), narrow.as_ref()),
    }
}

fn tell_password(password: &door::Password, until: DateTime<Utc>) {
    eprintln!("The temporary password, until {}. A new one and a second factor come first:", day(until));
    println!("{}", password.expose());
}

fn tell_secret(made: &door::NewSecret) {
    eprintln!("The client secret {}, until {}:", made.id, day(made.expires_at));
    println!("{}", made.secret.as_str());
}

fn show_secret(id: Uuid, revoked_at: Option<DateTime<Utc>>, expires_at: DateTime<Utc>, label: &str) {
    let state = match revoked_at {
        Some(at) => format!("revoked {}", day(at)),
        None => format!("until {}", day(expires_at)),
    };
    println!("{id}  {state:<18}  {label}");
}

fn show(account: &StaffRow) {
    let state = account.disabled_at.map(|at| format!("  disabled {}", day(at))).unwrap_or_default();
    let learns = if account.trainee_of.is_some() { "  trainee" } else { "" };
    println!("{:<24} {:<12} {}{learns}{state}", account.username, account.role.as_str(), account.label);
}

fn day(at: DateTime<Utc>) -> chrono::NaiveDate {
    at.date_naive()
}
