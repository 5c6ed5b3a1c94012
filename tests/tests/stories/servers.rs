//! A node as real processes: `staffetta serve`, any number of them, on one database behind one address.

use std::net::TcpListener as Listener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use staffetta_node::config::{Config, Secret};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

/// The processes of one node. They end with this.
pub(crate) struct Servers {
    folder: tempfile::TempDir,
    master_key: Secret,
    ports: Vec<u16>,
    children: Vec<Option<Child>>,
}

impl Servers {
    /// Takes over from a node that has stopped: `count` processes with its settings, none of which runs yet, behind its name.
    pub(crate) fn of(config: &Config, count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = &config.node;
        let text = format!(
            "[node]\nentity_id = \"{}\"\norganisation_name = \"{}\"\ndevelopment_mode = true\n\
             contacts = [\"ufficio@partner.example\"]\n\
             [database]\nurl = \"{}\"\nallow_unsafe_durability = true\nconnections = 4\nread_connections = 4\n\
             [listen]\nworkers = 1\n\
             [network]\nauthority = \"{}\"\nallow_private_addresses = true\n\
             request_timeout_seconds = 3\nconnect_timeout_seconds = 1\n\
             [exchange]\nretry_first_seconds = 1\nretry_max_seconds = 2\nlease_seconds = 5\n",
            node.entity_id,
            node.organisation_name,
            config.database.url.expose(),
            config.network.authority.as_ref().unwrap(),
        );
        std::fs::write(folder.path().join("staffetta.toml"), text).unwrap();
        let free = || Listener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ports: Vec<u16> = (0..count).map(|_| free()).collect();
        balance(port(node.entity_id.as_str()), ports.clone());
        let master_key = config.vault.master_key.clone().unwrap();
        Self { folder, master_key, children: ports.iter().map(|_| None).collect(), ports }
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("staffetta.toml")
    }

    /// The address of one of them, past the balancer.
    pub(crate) fn door(&self, which: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[which])
    }

    /// Starts one, and does not wait for it.
    pub(crate) fn start(&mut self, which: usize) {
        let log = std::fs::File::create(self.folder.path().join(format!("log-{which}"))).unwrap();
        let mut command = self.command(&["serve"]);
        command.env("STAFFETTA__LISTEN__ADDRESS", format!("127.0.0.1:{}", self.ports[which]));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.children[which] = Some(child.unwrap());
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, which: usize) {
        if let Some(mut child) = self.children[which].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&self, which: usize) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..200 {
            let asked = client.get(format!("{}/rest/staffetta/v1/status", self.door(which))).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("process {which} does not answer: {}", self.log(which));
    }

    /// What it has said.
    pub(crate) fn log(&self, which: usize) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("log-{which}"))).unwrap_or_default()
    }

    /// A verb of the command line, at this node.
    pub(crate) fn run(&self, verb: &[&str]) -> Output {
        self.command(verb).output().unwrap()
    }

    fn command(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_member"));
        command.arg("--config").arg(self.settings()).args(verb);
        command.env("STAFFETTA_MASTER_KEY", self.master_key.expose());
        command
    }

    /// Which of them holds the other end of a connection from this port.
    pub(crate) fn whose(&self, port: u16) -> Option<usize> {
        let socket = format!("socket:[{}]", inode(port)?);
        self.children.iter().position(|child| child.as_ref().is_some_and(|child| has(child.id(), &socket)))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        (0..self.children.len()).for_each(|which| self.kill(which));
    }
}

/// The port in a name of a story.
pub(crate) fn port(entity_id: &str) -> u16 {
    entity_id.rsplit(':').next().unwrap().parse().unwrap()
}

/// Gives each connection to the next process that takes one.
fn balance(port: u16, backends: Vec<u16>) {
    let listener = Listener::bind(("127.0.0.1", port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let (backends, next) = (Arc::new(backends), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let (backends, next) = (Arc::clone(&backends), Arc::clone(&next));
            tokio::spawn(async move {
                for _ in 0..backends.len() {
                    let which = next.fetch_add(1, Ordering::Relaxed) % backends.len();
                    if let Ok(mut to) = TcpStream::connect(("127.0.0.1", backends[which])).await {
                        // Either side may hang up, or be killed.
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                        return;
                    }
                }
            });
        }
    });
}

/// Somebody at a port who takes a batch and never answers: the connection's other port, and the connection.
pub(crate) async fn takes_a_batch(port: u16) -> (u16, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (mut from, address) = listener.accept().await.unwrap();
        let mut begun = [0; 256];
        // Whatever else is asked for gets no answer either.
        let length = from.read(&mut begun).await.unwrap_or_default();
        let asked = String::from_utf8_lossy(&begun[..length]).into_owned();
        if asked.starts_with("POST ") && asked.contains("/exchange/messages") {
            return (address.port(), from);
        }
    }
}

/// The socket of a connection of this machine that begins at a port of loopback, as Linux numbers it.
fn inode(port: u16) -> Option<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!("0100007F:{port:04X}");
    let line = table.lines().find(|line| line.split_whitespace().nth(1) == Some(&local))?;
    line.split_whitespace().nth(9)?.parse().ok()
}

fn has(process: u32, socket: &str) -> bool {
    let Ok(files) = std::fs::read_dir(Path::new("/proc").join(process.to_string()).join("fd")) else { return false };
    files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to == Path::new(socket)))
}
