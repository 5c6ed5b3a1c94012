//! The receiving node, in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::Role;

use super::memory::Process;
use super::network::join;
use super::settings::{Place, free};

/// The receiver's organisation, as consents name it.
pub(super) const RECEIVER: &str = "ipa:cpi_po";
/// Its folder.
pub(super) const NAME: &str = "cpi";

/// What the receiver's process does: joins, or goes on with what it had before, serves and works until standard input
/// ends.
pub(super) async fn receive(folder: &Path, port: u16, authority: &EntityId, code: Option<&str>) {
    let place = at(folder, port, authority);
    let node = match code {
        Some(_) => place.make(Role::Cpi, RECEIVER).await,
        None => place.open(),
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let serving = node.serve(listener).expect("a server on a bound listener");
    if let Some(code) = code {
        join(&node, code).await;
    }
    let workers = node.work();
    println!("ready");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = ended.await;
    workers.stop().await;
    node.hang_up();
    serving.stop().await;
    node.close().await;
}

fn at(folder: &Path, port: u16, authority: &EntityId) -> Place {
    let (folder, authority) = (folder.to_owned(), Some(authority.clone()));
    Place { folder, name: NAME.to_owned(), port, authority, hidden: false }
}

/// The receiver, whether its process runs or not. The process ends with this value.
#[derive(Debug)]
pub(super) struct Receiver {
    folder: PathBuf,
    port: u16,
    authority: EntityId,
    pub(super) id: EntityId,
    running: Option<(Child, ChildStdin)>,
}

impl Receiver {
    /// Makes it, lets it join by this invitation, and leaves it running.
    pub(super) fn start(folder: &Path, authority: &EntityId, code: &str) -> Self {
        let (port, listener) = free();
        drop(listener);
        let id = at(folder, port, authority).entity_id();
        let mut receiver = Self { folder: folder.to_owned(), port, authority: authority.clone(), id, running: None };
        receiver.run(&["--code", code]);
        receiver
    }

    /// Where it lies.
    pub(super) fn place(&self) -> Place {
        at(&self.folder, self.port, &self.authority)
    }

    /// Its process ends, and nobody answers under its name.
    pub(super) async fn leave(&mut self) {
        let Some((mut child, input)) = self.running.take() else { return };
        drop(input);
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.expect("waiting does not fail");
        assert!(ended.expect("it was started here").success(), "the receiver did not end well");
    }

    /// A new process on what the last one stored.
    pub(super) fn come_back(&mut self) {
        self.run(&[]);
    }

    /// A new process on what lies in another folder.
    pub(super) fn come_back_in(&mut self, folder: &Path) {
        self.folder = folder.to_owned();
        self.run(&[]);
    }

    fn run(&mut self, more: &[&str]) {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--folder", self.folder.to_str().expect("a folder in UTF-8"), "--receive", &self.port.to_string()])
            .args(["--authority", self.authority.as_str()])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it was asked for")).read_line(&mut line).expect("it says so");
        assert_eq!(line.trim(), "ready", "the receiver did not start");
        let input = child.stdin.take().expect("it was asked for");
        self.running = Some((child, input));
    }

    /// Its process, to look at.
    pub(super) fn process(&self) -> Process {
        let (child, _) = self.running.as_ref().expect("it runs");
        Process::numbered(child.id())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some((mut child, input)) = self.running.take() {
            drop(input);
            let _ = child.wait();
        }
    }
}
