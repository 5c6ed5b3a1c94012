//! One node of a story.

use std::net::TcpListener;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_node::access::{self, AccessRole};
use staffetta_node::app::{Node, Serving};
use staffetta_node::config::{Config, DatabaseUrl, Secret};
use staffetta_node::journal::{self, Actor};
use staffetta_node::peers::membership;
use staffetta_node::store::scratch::Scratch;
use staffetta_protocol::card::Text;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::Roles;
use tokio::sync::watch;

use crate::Desk;

/// A node with its server, its database and a token for each access role.
#[derive(Debug)]
pub struct Member {
    /// The composed node.
    pub node: Node,
    serving: Option<Serving>,
    config: Config,
    scratch: Scratch,
    /// Where its own staff reaches it.
    door: String,
}

impl Member {
    /// Makes a node that nobody can call: its name lies below the authority's, and its port is known to its own staff only.
    pub(crate) async fn hidden(
        scratch: Scratch,
        label: &str,
        authority: &EntityId,
        roles: Roles,
        ids: &[&str],
    ) -> Self {
        let slug = label.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let entity_id: EntityId = format!("{authority}/nodes/{slug}").parse().expect("a name below the authority's");
        let mut config = config(&entity_id, label, authority, &scratch);
        config.node.mailbox = true;
        Self::make(scratch, config, roles, ids).await
    }

    /// Makes a node and serves it on a free port of loopback.
    pub(crate) async fn start(
        scratch: Scratch,
        label: &str,
        authority: Option<&EntityId>,
        roles: Roles,
        ids: &[&str],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let entity_id: EntityId = format!("http://localhost:{port}").parse().expect("a loopback name");
        let config = config(&entity_id, label, authority.unwrap_or(&entity_id), &scratch);
        Self::on(listener, scratch, config, roles, ids).await
    }

    async fn make(scratch: Scratch, config: Config, roles: Roles, ids: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        Self::on(listener, scratch, config, roles, ids).await
    }

    async fn on(listener: TcpListener, scratch: Scratch, config: Config, roles: Roles, ids: &[&str]) -> Self {
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let (door, entity_id) = (format!("http://localhost:{port}"), config.node.entity_id.clone());
        let node = Node::on(config.clone(), scratch.store().clone()).expect("a node on a fresh database");
        let keys = node.keys().clone();
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        node.store()
            .write(move |tx| {
                keys.create(tx)?;
                membership::create(tx, &entity_id, &roles, &ids)
            })
            .await
            .expect("first keys and own membership");
        let serving = Some(node.serve(listener).expect("a server on a bound listener"));
        Self { node, serving, config, scratch, door }
    }

    /// This node's name.
    pub fn id(&self) -> &EntityId {
        self.node.entity_id()
    }

    /// A desk of this node with a fresh member of staff of that role.
    pub async fn desk(&self, role: AccessRole) -> Desk {
        let username = format!("{role}-{}", uuid::Uuid::new_v4().simple()).replace('_', "-");
        let username: access::Username = username.parse().expect("a plain username");
        let label = Text::new("Story").expect("a short label");
        let token = self
            .node
            .store()
            .write(move |tx| {
                let staff = access::add_staff(tx, Actor::System, &username, &label, role)?;
                access::issue_token(tx, Actor::System, staff, &label, None)
            })
            .await
            .expect("a token for a story");
        Desk::new(format!("{}/rest/staffetta/v1", self.door), token.token.expose())
    }

    /// The settings that it was made with, for a verb of the command line.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Sends what is due, now, and fetches what waits elsewhere if nobody can call it. Says when the next link falls due.
    pub async fn pump(&self) -> Option<DateTime<Utc>> {
        if self.config.node.mailbox && self.serving.is_some() {
            self.node.links().collect(0).await.expect("fetching does not fail inside");
        }
        self.node.links().pump().await.expect("the links' worker does not fail inside")
    }

    /// Takes the node off the network, as a closed laptop would.
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
    }

    /// Comes back on the same port and database, as a new process would: nothing is remembered but what was stored.
    pub async fn restart(&mut self) {
        self.stop().await;
        let port = self.door.rsplit_once(':').map_or("0", |(_, port)| port).to_owned();
        let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free again");
        self.node =
            Node::open(self.config.clone(), self.scratch.store().clock().clone()).expect("the database is there");
        self.serving = Some(self.node.serve(listener).expect("a server on a bound listener"));
    }

    /// Comes back as a node that sends and takes no more than so many messages at a time.
    pub async fn windowed(&mut self, window: u32) {
        self.config.exchange.window = window;
        self.restart().await;
    }

    /// Comes back as a node that keeps its keyring there.
    pub async fn keeps(&mut self, keyring: PathBuf) {
        self.config.backup.keyring = Some(keyring);
        self.restart().await;
    }

    /// What this node's database holds now.
    pub fn backup(&self) -> Scratch {
        self.scratch.copy()
    }

    /// Comes back with an old backup in the place of its database.
    pub async fn restore(&mut self, backup: Scratch) {
        self.stop().await;
        self.node.close().await;
        self.config.database = backup.config().clone();
        self.scratch = backup;
        self.restart().await;
    }

    /// Comes back on another database.
    pub async fn moves_to(&mut self, url: DatabaseUrl) {
        self.stop().await;
        self.node.close().await;
        self.config.database.url = url;
        self.restart().await;
    }

    /// A second process on the same database, without a server.
    pub fn beside(&self) -> Node {
        Node::open(self.config.clone(), self.scratch.store().clock().clone()).expect("the database is there")
    }

    /// Compares with its peers what both know of their links, as far as that is due, and calls those it knows nothing of.
    pub async fn reconcile(&self) {
        let never = watch::Sender::new(false).subscribe();
        self.node.links().reconcile().await.expect("the comparison does not fail inside");
        self.node.links().greet(&never).await.expect("the calls do not fail inside");
    }

    /// Sends what is due after it was told to stop.
    pub async fn pump_at_the_end(&self) {
        let told = watch::Sender::new(true).subscribe();
        self.node.links().pump_until(&told).await.expect("the links' worker does not fail inside");
    }

    /// Kinds and codes of the open tasks of a role, the oldest first.
    pub async fn tasks(&self, role: AccessRole) -> Vec<String> {
        let open = self.desk(role).await.read("tasks").await.ok();
        let text = |task: &serde_json::Value, key: &str| task[key].as_str().unwrap_or_default().to_owned();
        open["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| format!("{} {}", text(it, "kind"), text(it, "code")))
            .collect()
    }

    /// Codes of the journal's entries of one act, newest first.
    pub async fn journal(&self, act: &'static str) -> Vec<String> {
        let entries = self.node.store().read(move |conn| journal::of_act(conn, act, 100)).await.expect("a journal");
        entries.into_iter().map(|entry| entry.code.unwrap_or_default()).collect()
    }

    /// Which of these words somebody without a key can read in this node's database file.
    pub fn readable(&self, words: &[&str]) -> Vec<String> {
        self.scratch.readable(words)
    }

    /// How far ahead of now the next attempt on any link lies.
    pub async fn waits(&self) -> Option<TimeDelta> {
        self.pump().await.map(|next| next - self.node.clock().now())
    }
}

fn config(entity_id: &EntityId, label: &str, authority: &EntityId, scratch: &Scratch) -> Config {
    let text = format!(
        "[node]\nentity_id = \"{entity_id}\"\norganisation_name = \"{label}\"\n\
         development_mode = true\n"
    );
    let mut config = Config::read(&text, []).expect("a plain configuration");
    config.node.contacts = vec!["ufficio@partner.example".into()];
    config.database = scratch.config().clone();
    config.database.url = DatabaseUrl::new(scratch.config().url.expose());
    config.listen.workers = 1;
    config.network.authority = Some(authority.clone());
    config.network.allow_private_addresses = true;
    config.network.connect_timeout_seconds = 2;
    config.limits.requests_per_minute_per_peer = 100_000;
    config.limits.requests_per_minute_per_account = 100_000;
    // 32 zero bytes: a key that protects nothing, for databases that hold invented people.
    config.vault.master_key = Some(Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()));
    config
}
