//! `staffetta serve`: the node itself, until it is told to stop.

use std::net::TcpListener;
use std::path::Path;

use tracing::Instrument as _;

use crate::app::{Node, Stop};
use crate::backup;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::log;

/// Runs the node until SIGTERM or Ctrl-C, then ends in order: what is under way is finished first.
pub(super) async fn run(file: Option<&Path>) -> Result<()> {
    let config = Config::load(file)?;
    log::init(&config.log)?;
    let span = log::node(&config.node.entity_id);
    serve(config).instrument(span).await
}

async fn serve(config: Config) -> Result<()> {
    let mut stop = Stop::new()?;
    let address = config.listen.address;
    // Before the database: a second process with the same settings ends here.
    let listener = TcpListener::bind(address).map_err(|cause| Error::Setup(format!("{address}: {cause}")))?;
    let clock = config.node.clock();
    let node = Node::open(config, clock)?;
    node.store().read(backup::refuse_unrestored).await?;
    let server = node.serve(listener)?;
    let workers = node.work();
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "the node is up");
    let signal = stop.told().await;
    tracing::info!(signal, "the node stops");
    workers.stop().await;
    node.hang_up();
    server.stop().await;
    node.close().await;
    tracing::info!("the node has stopped");
    Ok(())
}
