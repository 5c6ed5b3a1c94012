//! The settings, topic by topic. Each comment stands in the example file as it stands here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Province;
use staffetta_protocol::id::EntityId;
use utoipa::ToSchema;

use super::{DatabaseUrl, Secret};
use crate::clock::Clock;

/// Who this node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// The node's name: the https URL under which the other nodes reach it, without a trailing slash. It cannot be
    /// changed after the node has joined a network.
    pub entity_id: EntityId,
    /// The organisation that runs the node, as the network authority knows it.
    pub organisation_name: String,
    /// E-mail addresses that other members may write to. Published.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// The organisation's web page. Published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://www.cpi-prato.example")]
    pub homepage_uri: Option<String>,
    /// E-mail or PEC of the data protection officer: stands in the register and in answers to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "dpo@cpi-prato.example")]
    pub dpo_email: Option<String>,
    /// How the data protection officer, or her office, is called there. Needs `dpo_email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ufficio protezione dati")]
    pub dpo_label: Option<String>,
    /// Sign of the province of the centre or office: what a card says unless somebody says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "PO")]
    pub province: Option<Province>,
    /// Whether this node cannot be called from outside and fetches its messages itself. Its `entity_id` is then
    /// `AUTHORITY/nodes/NAME`, with a name of lower-case letters, digits and hyphens that nobody has there yet.
    #[serde(default)]
    pub mailbox: bool,
    /// The folder for what the node keeps outside its database.
    #[serde(default = "here")]
    #[schema(value_type = String)]
    pub data_dir: PathBuf,
    /// Allows what only a developer needs, such as plain http on loopback. Never true where there are real people.
    #[serde(default)]
    pub development_mode: bool,
    /// Seconds by which this node takes its machine's clock to be wrong: to try what it then does. Needs
    /// `development_mode`.
    #[serde(default)]
    pub clock_off_by_seconds: i64,
}

impl NodeConfig {
    /// The time as this node takes it, in every verb alike.
    pub fn clock(&self) -> Clock {
        Clock::off_by(self.clock_off_by_seconds)
    }
}

fn here() -> PathBuf {
    ".".into()
}

/// Where the node keeps its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` for a file of this machine, or `postgres://…` as libpq takes it.
    #[schema(value_type = String)]
    pub url: DatabaseUrl,
    /// Connections that read, on SQLite. One more writes.
    pub read_connections: u32,
    /// Connections of this process, on PostgreSQL.
    pub connections: u32,
    /// Acts that may wait for SQLite's writer before more are turned away.
    #[schema(value_type = u32)]
    pub write_queue: usize,
    /// Seconds to wait for a connection or for SQLite's lock before an act is turned away.
    pub busy_seconds: u64,
    /// Takes a PostgreSQL that runs with fsync or synchronous_commit off. It may forget what was confirmed to other
    /// nodes: for throw-away databases only.
    pub allow_unsafe_durability: bool,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::new("sqlite:staffetta.db"),
            read_connections: 4,
            connections: 16,
            write_queue: 1024,
            busy_seconds: 5,
            allow_unsafe_durability: false,
        }
    }
}

/// Where the node listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListenConfig {
    /// Address and port.
    #[schema(value_type = String)]
    pub address: SocketAddr,
    /// PEM file with the certificate chain. Without certificate and key the node speaks plain HTTP, behind a reverse
    /// proxy of the same machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/etc/staffetta/tls/fullchain.pem")]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/etc/staffetta/tls/privkey.pem")]
    pub tls_key: Option<PathBuf>,
    /// Addresses that may read `/metrics`. Only this machine by default.
    #[schema(value_type = Vec<String>)]
    pub metrics_from: Vec<IpAddr>,
    /// Threads that serve requests; 0 is one for each processor core.
    #[schema(value_type = u32)]
    pub workers: usize,
    /// Reverse proxies whose `Forwarded` and `X-Forwarded-For` headers are believed. None by default.
    #[schema(value_type = Vec<String>)]
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            tls_certificate: None,
            tls_key: None,
            metrics_from: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            workers: 0,
            trusted_proxies: Vec::new(),
        }
    }
}

/// The network that the node belongs to, and calls to other nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Entity id of the network authority, as `staffetta join` was given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "https://autorita.rete.example")]
    pub authority: Option<EntityId>,
    /// PEM file with certificate authorities to trust instead of the built-in ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/etc/staffetta/tls/ca.pem")]
    pub extra_ca_file: Option<PathBuf>,
    /// Allows calls to nodes at private and loopback addresses.
    pub allow_private_addresses: bool,
    /// Seconds until a connection must stand.
    pub connect_timeout_seconds: u64,
    /// Seconds until an answer must be there in full.
    pub request_timeout_seconds: u64,
    /// Bytes of another node's answer that are read at most.
    #[schema(value_type = u64)]
    pub max_answer_bytes: usize,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            authority: None,
            extra_ca_file: None,
            allow_private_addresses: false,
            connect_timeout_seconds: 5,
            request_timeout_seconds: 30,
            max_answer_bytes: 4 << 20,
        }
    }
}

/// Messages to and from other nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeConfig {
    /// Messages of one batch at most, sent and taken.
    pub window: u32,
    /// Bytes of one batch at most; one message always fits.
    #[schema(value_type = u64)]
    pub batch_bytes: usize,
    /// Bytes of one message at most.
    #[schema(value_type = u64)]
    pub message_bytes: usize,
    /// Seconds for which a process holds a link while it sends a batch. Longer than a request may take; on PostgreSQL it is how
    /// long a link waits after the process that served it was killed.
    pub lease_seconds: u64,
    /// Seconds until the first retry to a node that could not be reached.
    pub retry_first_seconds: u64,
    /// Seconds between two retries at most.
    pub retry_max_seconds: u64,
    /// How much longer each wait is than the one before it.
    pub retry_growth: f64,
    /// Requests of one peer that are served at once.
    pub requests_per_peer: u32,
    /// Bytes of one peer's messages that nobody has opened yet, at most.
    pub unopened_bytes_per_peer: u64,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self {
            window: 200,
            batch_bytes: 1 << 20,
            message_bytes: 256 << 10,
            lease_seconds: 45,
            retry_first_seconds: 2,
            retry_max_seconds: 900,
            retry_growth: 1.5,
            requests_per_peer: 4,
            unopened_bytes_per_peer: 2 << 30,
        }
    }
}

/// Bounds on what anybody may send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// How deep JSON may be nested.
    #[schema(value_type = u32)]
    pub json_depth: usize,
    /// Bytes of a request's body at most. A full batch must fit.
    #[schema(value_type = u64)]
    pub body_bytes: usize,
    /// Bytes of one document of a person at most.
    #[schema(value_type = u64)]
    pub document_bytes: usize,
    /// Bytes of all documents of one person at most.
    #[schema(value_type = u64)]
    pub person_documents_bytes: usize,
    /// Requests of one peer in a minute.
    pub requests_per_minute_per_peer: u32,
    /// Requests of one account of the staff in a minute.
    pub requests_per_minute_per_account: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            json_depth: 32,
            body_bytes: 2 << 20,
            document_bytes: 10 << 20,
            person_documents_bytes: 100 << 20,
            requests_per_minute_per_peer: 600,
            requests_per_minute_per_account: 300,
        }
    }
}

/// The key that all other keys are wrapped with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VaultConfig {
    /// File with the master key, readable by the node's user only (mode 0600). The environment variable
    /// `STAFFETTA_MASTER_KEY` holds the key itself and wins. Whoever loses it loses the data.
    #[schema(value_type = String)]
    pub master_key_file: PathBuf,
    /// From the environment only.
    #[serde(skip)]
    #[schema(ignore)]
    pub master_key: Option<Secret>,
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self { master_key_file: "master.key".into(), master_key: None }
    }
}

/// The log, written to standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `json`, one object a line, or `text`.
    #[schema(value_type = String)]
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, for all or by module: `info,staffetta_node::links=debug`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: "info".into() }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Text,
}
