//! The network under load: the authority and the senders in this process, the receiver in one of its own, over TLS.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use chrono::TimeDelta;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use staffetta_node::access::{self, AccessRole};
use staffetta_node::app::{Node, Serving};
use staffetta_node::authority::Invite;
use staffetta_node::clock::Clock;
use staffetta_node::config::{Config, DatabaseUrl, Secret};
use staffetta_node::journal::Actor;
use staffetta_node::peers::membership;
use staffetta_node::store::Store;
use staffetta_protocol::card::Text;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Role, Roles, Standing};
use staffetta_tests::Desk;

/// The receiver's organisation, as consents name it.
pub(super) const RECEIVER: &str = "ipa:cpi_po";

/// A node of this process, with its server.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) node: Node,
    /// Its desk, of an operator.
    pub(super) desk: Desk,
    _serving: Serving,
}

/// The authority, some senders and the receiver.
#[derive(Debug)]
pub(super) struct Network {
    _authority: Own,
    pub(super) senders: Vec<Own>,
    pub(super) receiver: Receiver,
}

impl Network {
    pub(super) async fn start(folder: &Path, senders: usize) -> Self {
        certify(folder);
        let authority = own(folder, "rete", None, Role::Authority, "ipa:rete").await;
        let rete = authority.node.entity_id().clone();
        let code = invite(&authority, Role::Cpi, RECEIVER).await;
        let receiver = Receiver::start(folder, &rete, &code);
        let mut all = Vec::new();
        for n in 0..senders {
            let id = format!("ipa:centro_{n}");
            let sender = own(folder, &format!("centro-{n}"), Some(&rete), Role::ReceptionCentre, &id).await;
            let code = invite(&authority, Role::ReceptionCentre, &id).await;
            join(&sender.node, &code).await;
            all.push(sender);
        }
        Self { _authority: authority, senders: all, receiver }
    }
}

async fn invite(authority: &Own, role: Role, id: &str) -> String {
    let room = authority.node.authority().expect("it is the authority");
    let invite = Invite {
        roles: Roles::from([role]),
        organisation_id: Some(id.to_owned()),
        organisation_name: Some(id.to_owned()),
        automatic: true,
        agreement_until: authority.node.clock().now() + TimeDelta::days(700),
        valid_for: TimeDelta::days(7),
    };
    room.invite(Actor::System, invite).await.expect("an invitation")
}

async fn join(node: &Node, code: &str) {
    let anchor = node.peers().first_contact().await.expect("the authority answers");
    let admission = node.peers().join(Actor::System, anchor, code, "ufficio@partner.example").await;
    assert_eq!(admission.expect("an admission").state, Standing::Active);
}

async fn own(folder: &Path, name: &str, authority: Option<&EntityId>, role: Role, id: &str) -> Own {
    let (port, listener) = free();
    let node = make(folder, name, port, authority, role, id).await;
    let serving = node.serve(listener).expect("a server on a bound listener");
    let act = move |tx: &mut staffetta_node::store::Tx<'_>| {
        let label = Text::new("Operatrice").expect("a short label");
        let name = "operatrice".parse().expect("a plain username");
        let staff = access::add_staff(tx, Actor::System, &name, &label, AccessRole::Operator)?;
        access::issue_token(tx, Actor::System, staff, &label, None)
    };
    let token = node.store().write(act).await.expect("an account");
    let trusted = fs::read(authority_file(folder)).expect("a certificate");
    let desk = Desk::trusting(node.entity_id().resource(), token.token.expose(), &trusted);
    Own { node, desk, _serving: serving }
}

async fn make(folder: &Path, name: &str, port: u16, authority: Option<&EntityId>, role: Role, id: &str) -> Node {
    let config = config(folder, name, port, authority);
    let store = Store::create(&config.database, Clock::system()).expect("a new database");
    let node = Node::on(config, store).expect("a node on a fresh database");
    let (keys, entity_id, ids) = (node.keys().clone(), node.entity_id().clone(), vec![id.to_owned()]);
    let act = move |tx: &mut staffetta_node::store::Tx<'_>| {
        keys.create(tx)?;
        membership::create(tx, &entity_id, &Roles::from([role]), &ids)
    };
    node.store().write(act).await.expect("first keys and own membership");
    // The notices that come with the program.
    node.upkeep().await.expect("the upkeep of a fresh node");
    node
}

/// The settings of a node as it is installed, but for limits of requests.
fn config(folder: &Path, name: &str, port: u16, authority: Option<&EntityId>) -> Config {
    let own = format!("https://localhost:{port}");
    let text = format!(
        "[node]\nentity_id = \"{own}\"\norganisation_name = \"{name}\"\ndevelopment_mode = true\n\
         contacts = [\"ufficio@partner.example\"]\n"
    );
    let mut config = Config::read(&text, []).expect("a plain configuration");
    config.node.data_dir = folder.join(name);
    fs::create_dir_all(&config.node.data_dir).expect("a folder of its own");
    config.database.url = DatabaseUrl::new(format!("sqlite:{}", config.node.data_dir.join("node.db").display()));
    config.listen.tls_certificate = Some(folder.join("node.pem"));
    config.listen.tls_key = Some(folder.join("node.key"));
    config.network.authority = Some(authority.cloned().unwrap_or_else(|| own.parse().expect("an entity id")));
    config.network.extra_ca_file = Some(authority_file(folder));
    config.network.allow_private_addresses = true;
    config.limits.requests_per_minute_per_peer = 10_000_000;
    config.limits.requests_per_minute_per_account = 10_000_000;
    config.exchange.unopened_bytes_per_peer = u64::MAX / 2;
    // 32 zero bytes: a key that protects nothing, for people who are invented.
    config.vault.master_key = Some(Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()));
    config
}

fn authority_file(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

/// A certificate authority for this run, and one certificate for all its nodes.
fn certify(folder: &Path) {
    let key = KeyPair::generate().expect("a key");
    let mut wanted = CertificateParams::default();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(authority_file(folder), wanted.self_signed(&key).expect("a certificate").pem()).expect("a file");
    let issuer = Issuer::new(wanted, key);
    let key = KeyPair::generate().expect("a key");
    let wanted = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = wanted.signed_by(&key, &issuer).expect("a certificate");
    fs::write(folder.join("node.pem"), certificate.pem()).expect("a file");
    fs::write(folder.join("node.key"), key.serialize_pem()).expect("a file");
}

fn free() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    (listener.local_addr().expect("a bound listener has an address").port(), listener)
}

/// What the receiver's process does: joins, serves and works until standard input ends.
pub(super) async fn receive(folder: &Path, port: u16, authority: &EntityId, code: &str) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let node = make(folder, "cpi", port, Some(authority), Role::Cpi, RECEIVER).await;
    let serving = node.serve(listener).expect("a server on a bound listener");
    join(&node, code).await;
    let workers = node.work();
    println!("ready");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = ended.await;
    workers.stop().await;
    node.hang_up();
    serving.stop().await;
    node.close().await;
}

/// The receiver's process. It ends with this value.
#[derive(Debug)]
pub(super) struct Receiver {
    child: Child,
    input: Option<ChildStdin>,
    pub(super) id: EntityId,
}

impl Receiver {
    fn start(folder: &Path, authority: &EntityId, code: &str) -> Self {
        let (port, listener) = free();
        drop(listener);
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--folder", folder.to_str().expect("a folder in UTF-8"), "--receive", &port.to_string()])
            .args(["--authority", authority.as_str(), "--code", code])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it was asked for")).read_line(&mut line).expect("it says so");
        assert_eq!(line.trim(), "ready", "the receiver did not start");
        let id = format!("https://localhost:{port}").parse().expect("an entity id");
        let input = child.stdin.take();
        Self { child, input, id }
    }

    /// MiB that are resident in the receiver's process.
    pub(super) fn memory(&self) -> u64 {
        resident(&self.child.id().to_string())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// MiB that are resident in a process; `self` is this one.
pub(super) fn resident(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
