//! `staffetta demo`: a network of four nodes in one process, on loopback, and the story of one referral.
//!
//! What must hold:
//! - It uses the nodes as any program would: [`Node`](crate::app::Node) to run them, the verbs of the command line to
//!   make them and let them join, HTTPS and staff tokens at their desks. Nothing is prepared in a database.
//! - The nodes share the process and nothing else: settings, keys, database and client are each node's own, and every
//!   line of the log names its node.
//! - Everything lies in one folder, which a second start takes up again: the ports in it are part of the nodes' names.
//! - A step that does not hold ends the demo with a sentence that names it; none is waited for without end.
//! - Whoever watches reads Italian; the log is for whoever looks after nodes.

mod cast;
mod certificates;
mod desk;
mod folder;
mod intruder;
mod network;
mod person;
mod ports;
mod signs;
mod staff;
mod story;
mod telling;

#[cfg(test)]
mod tests;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::Role;

use crate::app::Stop;
use crate::clock::Clock;
use crate::config::{LogConfig, LogFormat};
use crate::error::{Error, Result};
use crate::log;

use folder::{Folder, Kept};
use network::Network;
use staff::Accounts;
use telling::{chapter, say};

/// What to do.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The folder with everything; made where it is missing.
    pub folder: PathBuf,
    /// End after the story.
    pub exit: bool,
    /// Makes a node: the command line, which stands above, hands in its own verb.
    pub make: Make,
}

/// How a node is made, as `staffetta init` does it.
pub type Make = fn(NewNode, Clock) -> Pin<Box<dyn Future<Output = Result<()>>>>;

/// A node to make.
#[derive(Debug, Clone)]
pub struct NewNode {
    /// The folder to make it in.
    pub folder: PathBuf,
    /// Its name.
    pub entity_id: EntityId,
    /// The organisation that runs it.
    pub organisation: &'static str,
    /// The organisation's identifier.
    pub organisation_id: &'static str,
    /// What it is in the network.
    pub roles: &'static [Role],
    /// An address of the office.
    pub contact: &'static str,
}

/// The HTTP server's own threads know no node: only what goes wrong there is logged.
const LEVEL: &str = "info,actix_server=warn";
/// The name of a node's settings in its folder, as whoever makes it writes them.
const SETTINGS: &str = "staffetta.toml";

/// Starts the network, plays the story, and keeps running until it is told to stop, or ends at once where asked.
///
/// # Errors
/// [`crate::error::Error::Setup`] with the step that did not hold.
pub async fn run(demo: Demo) -> Result<()> {
    let mut stop = Stop::new()?;
    let folder = Folder::open(&demo.folder)?;
    log_into(&folder)?;
    let clock = Clock::system();
    let mut kept = folder.kept()?;
    let is_new = kept.ports.is_empty();
    let listeners = ports::listen(&kept.ports)?;
    kept.ports = ports::numbers(&listeners)?;
    folder.keep(&kept)?;
    let until = certificates::provide(&folder, kept.certificates_until(), clock.now())?;
    kept.certificates_until = Some(until.to_string());
    folder.keep(&kept)?;
    say(format!("Staffetta: una rete di quattro nodi in {}", folder.path().display()));
    if !is_new {
        say("I dati di prima ci sono ancora: la rete riprende e accompagna altre persone.");
    }
    let network = Network::start(&folder, listeners, &kept.ports, clock, demo.make).await?;
    let ended = tokio::select! {
        ended = play(&folder, &mut kept, &network) => ended,
        _ = stop.told() => Err(Error::Setup("la dimostrazione è stata fermata prima della fine".into())),
    };
    if let Ok(accounts) = &ended
        && !demo.exit
    {
        signs::put_up(&folder, &network, accounts);
        stop.told().await;
        say("");
    }
    let stopping = Instant::now();
    network.stop().await;
    ended?;
    say(format!("Rete ferma in {} ms. I dati restano in {}", stopping.elapsed().as_millis(), folder.path().display()));
    Ok(())
}

/// From the first join to the last line of the story. Its connections end with it, before the servers do.
async fn play(folder: &Folder, kept: &mut Kept, network: &Network) -> Result<Accounts> {
    let begun = Instant::now();
    chapter("La rete");
    network.join().await?;
    network.work().await;
    let accounts = staff::provide(folder, network).await?;
    let http = desk::client(folder)?;
    let told = kept.told;
    // Before the telling: after an interrupted one somebody else comes.
    kept.told += 1;
    folder.keep(kept)?;
    story::play(network, &accounts, http, told).await?;
    say(format!("\nOgni passo è riuscito, in {:.1} secondi.", begun.elapsed().as_secs_f64()));
    Ok(accounts)
}

/// The story stays readable: the log of all nodes goes to a file.
fn log_into(folder: &Folder) -> Result<()> {
    let path = folder.log();
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    let file = file.map_err(|cause| Error::Setup(format!("{}: {cause}", path.display())))?;
    log::init_to(&LogConfig { format: LogFormat::Json, level: LEVEL.into() }, Arc::new(file))
}
