//! `staffetta demo`: a network of four nodes to look at.

use std::path::PathBuf;
use std::pin::Pin;

use clap::Args;
use staffetta_protocol::trust::Role;

use super::Init;
use crate::clock::Clock;
use crate::demo::{self, Demo, NewNode};
use crate::error::Result;

/// Start a network of four nodes on this machine, play a referral through it, and keep it running.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the nodes keep their data. A folder of an earlier demo goes on from there.
    #[arg(long, value_name = "DIR", default_value = "staffetta-demo")]
    folder: PathBuf,
    /// End after the story, with status 0 only if every step of it held.
    #[arg(long)]
    exit: bool,
}

impl Arguments {
    pub(super) async fn run(self) -> Result<()> {
        demo::run(Demo { folder: self.folder, exit: self.exit, make }).await
    }
}

fn make(new: NewNode, clock: Clock) -> Pin<Box<dyn Future<Output = Result<()>>>> {
    let authority = new.roles == [Role::Authority];
    let init = Init {
        folder: new.folder,
        entity_id: new.entity_id,
        name: new.organisation.to_owned(),
        organisation_ids: vec![new.organisation_id.to_owned()],
        roles: if authority { Vec::new() } else { new.roles.to_vec() },
        authority,
        contacts: vec![new.contact.to_owned()],
        listen: None,
        database_url: None,
        development: false,
    };
    Box::pin(async move { init.make(clock).await.map(drop) })
}
