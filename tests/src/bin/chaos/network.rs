//! Three nodes of real processes, each behind its proxy.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use staffetta_node::clock::Clock;
use staffetta_node::config::{DatabaseConfig, DatabaseUrl};
use staffetta_node::store::schema::{node_key, peer};
use staffetta_node::store::{At, Store, Tx};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::process::Process;
use crate::proxy::Proxy;
use crate::waiting::{self, Late};
use crate::{Arguments, Database};

/// One partner.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    /// Its name, which is its proxy's address.
    pub(crate) id: String,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) processes: Vec<Process>,
    binary: PathBuf,
    folder: PathBuf,
    database: String,
}

/// The authority, the centre and the job centre.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) nodes: Vec<Node>,
    /// Which they have.
    pub(crate) database: Database,
}

/// The settings that let a drill of seconds show what else takes minutes.
const SETTINGS: &str = "
[limits]
requests_per_minute_per_peer = 1000000
requests_per_minute_per_account = 1000000

[exchange]
retry_first_seconds = 1
retry_max_seconds = 2
lease_seconds = 8
";

/// The name of the job centre.
pub(crate) const CPI: &str = "cpi";

/// After so long somebody wants to know what is still waited for.
const LONG: Duration = Duration::from_secs(5);

fn free() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    (listener, port)
}

fn succeeded(what: &str, output: &Output) -> String {
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{what}: {}", said(&output.stderr));
    said(&output.stdout)
}

impl Node {
    fn make(arguments: &Arguments, folder: &Path, name: &'static str, role: Option<&str>) -> Self {
        let (listener, port) = free();
        let id = format!("http://127.0.0.1:{port}");
        let folder = folder.join(name);
        let count = if arguments.database == Database::Postgres { 2 } else { 1 };
        let database = match arguments.database {
            Database::Sqlite => format!("sqlite:{}", folder.join("staffetta.db").display()),
            Database::Postgres => new_database(name),
        };
        let binary = arguments.binary.canonicalize().expect("the program is there");
        let mut init = Command::new(&binary);
        init.args(["init", "--entity-id", &id, "--name", name, "--development", "--folder"]).arg(&folder);
        init.args(["--database-url", &database, "--contact", "chaos@partner.example"]);
        match role {
            Some(role) => init.args(["--roles", role, "--organisation-id", &format!("ipa:{name}")]),
            None => init.arg("--authority"),
        };
        succeeded("init", &init.output().expect("the program can be started"));
        let settings = folder.join("staffetta.toml");
        let text = std::fs::read_to_string(&settings).expect("init has written the settings");
        // Both tables may be there already: what a person wrote by hand stands last.
        let network = "request_timeout_seconds = 5\nconnect_timeout_seconds = 1\n";
        let text = match text.split_once("[network]\n") {
            Some((before, after)) => format!("{before}[network]\n{network}{after}"),
            None => format!("{text}\n[network]\n{network}"),
        };
        let unsafe_database = "allow_unsafe_durability = true\nbusy_seconds = 5\n[database_end]";
        let text = text.replacen(
            "[database]\n",
            &format!("[database]\n{}", unsafe_database.trim_end_matches("[database_end]")),
            1,
        );
        let keyring = format!("[backup]\nkeyring = \"{}\"\n", folder.join("keyring").display());
        std::fs::write(&settings, text + SETTINGS + &keyring).expect("the settings can be written");
        let processes: Vec<Process> = (0..count)
            .map(|number| {
                let log = folder.join(format!("log-{number}"));
                // The port is free now; whoever else took it would make the node say so in its log.
                Process::new(binary.clone(), settings.clone(), log, free().1)
            })
            .collect();
        let backends = processes.iter().map(|process| process.port).collect();
        let proxy = Proxy::serve(listener, backends, Dice::new(arguments.seed ^ u64::from(port)));
        Self { name, id, proxy, processes, binary, folder, database }
    }

    /// Where its files lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A verb of the command line, at this node.
    pub(crate) fn run(&self, verb: &[&str]) -> Output {
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(self.folder.join("staffetta.toml")).args(verb);
        command.output().expect("the program can be started")
    }

    /// Has the protocol key that waits for its day begin to sign after this time, as if it had been made so much earlier.
    pub(crate) async fn signs_anew_in(&self, time: TimeDelta) {
        let begins = move |tx: &mut Tx<'_>| {
            let (now, begin) = (At::from(tx.now()), At::from(tx.now() + time));
            let protocol = || node_key::table.filter(node_key::kind.eq("protocol"));
            let waits = diesel::update(protocol().filter(node_key::sign_from.gt(now)));
            assert_eq!(waits.set(node_key::sign_from.eq(begin)).execute(tx.conn())?, 1, "one key waits for its day");
            let signs = diesel::update(protocol().filter(node_key::sign_from.le(now)));
            signs.set(node_key::retire_at.eq(begin)).execute(tx.conn())?;
            Ok(())
        };
        let store = self.store();
        store.write(begins).await.expect("the keys can be written");
        store.close().await;
    }

    /// Has it fetch what its partners publish, as it does in the course of the day in which a new key does not sign yet.
    pub(crate) async fn looks_again_at_everybody(&self) {
        let due = |tx: &mut Tx<'_>| {
            let now = At::from(tx.now());
            diesel::update(peer::table).set(peer::refresh_at.eq(now)).execute(tx.conn())?;
            Ok(())
        };
        let store = self.store();
        store.write(due).await.expect("the peers can be written");
        store.close().await;
    }

    fn must(&self, verb: &[&str]) -> String {
        succeeded(&format!("{} {}", self.name, verb.join(" ")), &self.run(verb))
    }

    /// An account, and a token of it.
    pub(crate) fn token(&self, name: &str, role: &str) -> String {
        self.must(&["user", "add", name, "--label", name, "--role", role]);
        self.new_token(name)
    }

    /// Another token of an account.
    pub(crate) fn new_token(&self, name: &str) -> String {
        let said = self.must(&["user", "token", name]);
        said.split_whitespace().find(|word| word.starts_with("stf_")).expect("a token was made").to_owned()
    }

    /// Its database, for looking.
    pub(crate) fn store(&self) -> Store {
        let config = DatabaseConfig {
            url: DatabaseUrl::new(self.database.clone()),
            allow_unsafe_durability: true,
            connections: 2,
            ..DatabaseConfig::default()
        };
        Store::open(&config, Clock::system()).expect("the node's database can be opened")
    }

    /// The largest of its database's files, in bytes.
    pub(crate) fn largest_file(&self) -> u64 {
        let files = std::fs::read_dir(&self.folder).expect("the node has a folder");
        files.filter_map(|file| file.ok()?.metadata().ok()).map(|data| data.len()).max().unwrap_or_default()
    }

    async fn answers(&self) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
        for _ in 0..300 {
            let asked = client.get(format!("{}/rest/staffetta/v1/status", self.id)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("the node {} does not answer; its log is in {}", self.name, self.folder.display());
    }
}

/// A database of its own in the cluster of `STAFFETTA_TEST_POSTGRES`.
fn new_database(name: &str) -> String {
    let cluster =
        std::env::var("STAFFETTA_TEST_POSTGRES").expect("STAFFETTA_TEST_POSTGRES names a cluster: tests/postgres");
    let name = format!("chaos_{name}_{}", uuid::Uuid::new_v4().simple());
    let made = Command::new("psql").args([&cluster, "-q", "-c", &format!("create database {name}")]).output();
    succeeded("create database", &made.expect("psql can be run"));
    cluster.replacen("/postgres?", &format!("/{name}?"), 1)
}

impl Network {
    /// Makes the three nodes, runs them, and lets two of them join.
    pub(crate) async fn make(arguments: &Arguments, folder: &Path) -> Self {
        let make = |name, role| Node::make(arguments, folder, name, role);
        let authority = make("authority", None);
        authority.processes.iter().for_each(|process| process.start(0));
        authority.answers().await;
        let mut nodes = vec![authority];
        for (name, role) in [("centre", "reception_centre"), (CPI, "cpi")] {
            let node = make(name, Some(role));
            let organisation = format!("ipa:{name}");
            let invite = ["member", "invite", "--roles", role, "--organisation-id", &organisation, "--auto"];
            let invited = nodes[0].must(&invite);
            let code = invited.lines().last().expect("an invitation has a code").trim().to_owned();
            let authority = nodes[0].id.clone();
            let (joined, node) = tokio::task::spawn_blocking(move || {
                let joined = node.run(&["join", &authority, "--code", &code]);
                (joined, node)
            })
            .await
            .expect("a thread that runs a program");
            succeeded("join", &joined);
            node.processes.iter().for_each(|process| process.start(0));
            node.answers().await;
            nodes.push(node);
        }
        Self { nodes, database: arguments.database }
    }

    pub(crate) fn centre(&self) -> &Node {
        &self.nodes[1]
    }

    pub(crate) fn cpi(&self) -> &Node {
        &self.nodes[2]
    }

    pub(crate) fn processes(&self) -> impl Iterator<Item = &Process> {
        self.nodes.iter().flat_map(|node| &node.processes)
    }

    pub(crate) fn counts(&self) -> Value {
        self.nodes
            .iter()
            .map(|node| (node.name.to_owned(), json!(node.proxy.counts())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// Everything runs, with the right clock, room on the disk and good lines.
    pub(crate) async fn heal(&self) {
        for node in &self.nodes {
            node.proxy.cut(false);
            node.proxy.is_bad(false);
        }
        for process in self.processes() {
            process.freeze(false);
            process.limit(None);
            process.start(0);
        }
        for node in &self.nodes {
            node.answers().await;
        }
    }

    /// Waits until no node has anything to send; says whether it came to that, and which links kept it waiting for long.
    pub(crate) async fn wait_until_quiet(&self, patience: Duration) -> (bool, Vec<Late>) {
        let begun = Instant::now();
        let mut late = Vec::new();
        while begun.elapsed() < patience {
            if waiting::waiting(self).await == 0 {
                return (true, late);
            }
            if late.is_empty() && begun.elapsed() > LONG {
                late = waiting::late(self).await;
            }
            sleep(Duration::from_millis(500)).await;
        }
        (false, late)
    }

    /// The processes that do not say that all is well, with what they say. They get a moment for it.
    pub(crate) async fn unwell(&self, patience: Duration) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let mut unwell = Vec::new();
            for node in &self.nodes {
                for process in &node.processes {
                    match process.says_of_itself().await {
                        Some((200, _)) => {}
                        Some((_, said)) => {
                            unwell.push(format!("{}: not ready though all is healed: {said}", node.name));
                        }
                        None => unwell.push(format!("{}: a process does not answer though all is healed", node.name)),
                    }
                }
            }
            if unwell.is_empty() || begun.elapsed() > patience {
                return unwell;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Ends all processes.
    pub(crate) async fn stop(&self) {
        self.processes().for_each(Process::kill);
    }
}
