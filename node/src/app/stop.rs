//! What ends: a server and workers under way, and a program that is told to from outside.

use actix_web::dev::ServerHandle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{Error, Result};
use crate::links::Links;

/// A server under way.
#[derive(Debug)]
pub struct Serving {
    pub(super) handle: ServerHandle,
    pub(super) task: JoinHandle<std::io::Result<()>>,
    pub(super) links: Links,
}

impl Serving {
    /// Stops taking requests and waits for those under way.
    pub async fn stop(self) {
        self.links.close();
        self.handle.stop(true).await;
        if let Err(cause) = self.task.await {
            tracing::error!(%cause, "the server did not end well");
        }
    }
}

/// Workers under way.
#[derive(Debug)]
pub struct Workers {
    pub(super) stop: watch::Sender<bool>,
    pub(super) tasks: JoinSet<()>,
}

impl Workers {
    /// Tells the workers to stop and waits until each has finished what it was doing.
    pub async fn stop(mut self) {
        // With no receiver left every worker has ended already.
        let _ = self.stop.send(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a worker did not end well");
            }
        }
    }
}

/// The signals that end a program: SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From here on the signals wait to be heard instead of ending the program.
    pub fn new() -> Result<Self> {
        let listen = |kind| signal(kind).map_err(|cause| Error::Setup(format!("signals: {cause}")));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits until one of them came, and names it.
    pub async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
