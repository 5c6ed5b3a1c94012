//! `staffetta keys`: this node's own keys.

use std::path::Path;

use clap::{Subcommand, ValueEnum};

use super::open;
use crate::error::Result;
use crate::journal::Actor;
use crate::keys::Kind;

/// This node's own keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Replace a key: the new one is published now and signs once every partner has had time to learn it.
    Rotate {
        /// Which key.
        #[arg(long, value_enum, default_value = "protocol")]
        kind: KindArgument,
        /// The key was stolen: revoke it and sign with the new one at once. The authority limits this node for as long as
        /// a partner may go on believing the stolen key.
        #[arg(long)]
        compromised: bool,
    },
    /// List the keys with their times.
    List,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KindArgument {
    /// Vouches for this node's configuration.
    Federation,
    /// Signs calls, messages and receipts.
    Protocol,
    /// Signs the access tokens of integrations.
    Access,
}

impl From<KindArgument> for Kind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Federation => Self::Federation,
            KindArgument::Protocol => Self::Protocol,
            KindArgument::Access => Self::Access,
        }
    }
}

impl Keys {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let node = open(file)?;
        match self {
            Self::Rotate { kind, compromised } => {
                let made = node.peers.rotate_keys(Actor::System, kind.into(), compromised).await?;
                println!("{} signs from {}", made.kid, made.sign_from.format("%Y-%m-%d %H:%M UTC"));
                if node.peers.is_authority() && compromised {
                    println!("Members believe only keys that they pinned: each must join anew, and compare this one.");
                } else if let Err(why) = node.peers.refresh_membership().await {
                    println!("The authority was not told yet, the running node will: {why}");
                }
            }
            Self::List => {
                let keys = node.keys.clone();
                let kinds = [Kind::Federation, Kind::Protocol, Kind::Access];
                let rows = node.store.read(move |conn| kinds.map(|kind| keys.list(conn, kind)).into_iter().collect());
                let rows: Vec<Vec<_>> = rows.await?;
                for row in rows.into_iter().flatten() {
                    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
                    let end = match (row.revoked, row.retire_at) {
                        (Some((at, why)), _) => format!("revoked {} ({why})", day(at)),
                        (None, Some(at)) => format!("retires {}", day(at)),
                        (None, None) => String::new(),
                    };
                    println!("{:<10} {}  signs from {}  {end}", row.kind.as_str(), row.kid, day(row.sign_from));
                }
            }
        }
        node.store.close().await;
        Ok(())
    }
}
