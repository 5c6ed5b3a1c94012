//! The node under measurement, in a process of its own, so that its memory is its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use staffetta_node::app::Node;
use staffetta_node::clock::Clock;
use staffetta_node::config::{Config, DatabaseUrl, Secret};

/// The settings of a node in this folder: those of a node as it is installed, but for limits of requests.
pub(super) fn config(folder: &Path, port: u16) -> Config {
    let text = format!(
        "[node]\nentity_id = \"http://localhost:{port}\"\norganisation_name = \"Centro\"\nprovince = \"PO\"\n\
         development_mode = true\n"
    );
    let mut config = Config::read(&text, []).expect("a plain configuration");
    config.node.data_dir = folder.to_owned();
    config.database.url = DatabaseUrl::new(format!("sqlite:{}", folder.join("record.db").display()));
    config.limits.requests_per_minute_per_peer = 1_000_000;
    config.limits.requests_per_minute_per_account = 1_000_000;
    // 32 zero bytes: a key that protects nothing, for people who are invented.
    config.vault.master_key = Some(Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()));
    config
}

/// Serves until standard input ends.
pub(super) async fn serve(folder: &Path, port: u16) {
    let node = Node::open(config(folder, port), Clock::system()).expect("the database is there");
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let serving = node.serve(listener).expect("a server on a bound listener");
    println!("ready");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = ended.await;
    serving.stop().await;
}

/// The process that serves. It ends with this value.
#[derive(Debug)]
pub(super) struct Served {
    child: Child,
    input: Option<ChildStdin>,
    /// The desk's address.
    pub(super) desk: String,
}

impl Served {
    pub(super) fn start(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = free.local_addr().expect("a bound listener has an address").port();
        drop(free);
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--folder", folder.to_str().expect("a folder in UTF-8"), "--serve", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let output = child.stdout.take().expect("it was asked for");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it says when it is ready");
        assert_eq!(line.trim(), "ready", "the node did not start");
        let desk = format!("{}/desk", config(folder, port).node.entity_id.resource());
        let input = child.stdin.take();
        Self { child, input, desk }
    }

    /// MiB of the process, as Linux counts them: `VmRSS` resident now, `VmHWM` resident at most so far.
    pub(super) fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
