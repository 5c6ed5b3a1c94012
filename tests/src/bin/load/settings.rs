//! The nodes under load: their settings, their certificates, and how one is made.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use staffetta_node::app::Node;
use staffetta_node::clock::Clock;
use staffetta_node::config::{Config, DatabaseUrl, Secret};
use staffetta_node::peers::membership;
use staffetta_node::store::{Store, Tx};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Role, Roles};

/// Where a node lies, and under which name and port others find it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder of all nodes of one network, or of a copy of them: certificates, and a folder for each node.
    pub(super) folder: PathBuf,
    /// Its folder in there.
    pub(super) name: String,
    pub(super) port: u16,
    /// None: it is the authority itself.
    pub(super) authority: Option<EntityId>,
    /// Nobody can call it, and it is reached by its own staff only: a sender that stands for many needs no more.
    pub(super) hidden: bool,
}

impl Place {
    /// What the others call it.
    pub(super) fn entity_id(&self) -> EntityId {
        let text = match (&self.authority, self.hidden) {
            (Some(authority), true) => format!("{authority}/nodes/{}", self.name),
            _ => format!("https://localhost:{}", self.port),
        };
        text.parse().expect("an entity id")
    }

    /// Its folder, in which its database is `node.db`.
    pub(super) fn own_folder(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The settings of a node as it is installed, but for limits of requests.
    pub(super) fn config(&self) -> Config {
        let (own, name) = (self.entity_id(), &self.name);
        let text = format!(
            "[node]\nentity_id = \"{own}\"\norganisation_name = \"{name}\"\ndevelopment_mode = true\n\
             contacts = [\"ufficio@partner.example\"]\n"
        );
        let mut config = Config::read(&text, []).expect("a plain configuration");
        config.node.data_dir = self.own_folder();
        fs::create_dir_all(&config.node.data_dir).expect("a folder of its own");
        config.database.url = DatabaseUrl::new(format!("sqlite:{}", config.node.data_dir.join("node.db").display()));
        config.network.authority = Some(self.authority.clone().unwrap_or(own));
        config.network.extra_ca_file = Some(authority_file(&self.folder));
        config.network.allow_private_addresses = true;
        config.limits.requests_per_minute_per_peer = 10_000_000;
        config.limits.requests_per_minute_per_account = 10_000_000;
        config.exchange.unopened_bytes_per_peer = u64::MAX / 2;
        // 32 zero bytes: a key that protects nothing, for people who are invented.
        config.vault.master_key = Some(Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()));
        config.node.mailbox = self.hidden;
        if self.hidden {
            config.listen.workers = 1;
        } else {
            config.listen.tls_certificate = Some(self.folder.join(CERTIFICATE));
            config.listen.tls_key = Some(self.folder.join(KEY));
        }
        config
    }

    /// Makes the node on a new database, with its keys and what it says that it is.
    pub(super) async fn make(&self, role: Role, id: &str) -> Node {
        let config = self.config();
        let store = Store::create(&config.database, Clock::system()).expect("a new database");
        let node = Node::on(config, store).expect("a node on a fresh database");
        let (keys, entity_id, ids) = (node.keys().clone(), node.entity_id().clone(), vec![id.to_owned()]);
        let act = move |tx: &mut Tx<'_>| {
            keys.create(tx)?;
            membership::create(tx, &entity_id, &Roles::from([role]), &ids)
        };
        node.store().write(act).await.expect("first keys and own membership");
        // The notices that come with the program.
        node.upkeep().await.expect("the upkeep of a fresh node");
        node
    }

    /// Opens the node on the database that lies there.
    pub(super) fn open(&self) -> Node {
        Node::open(self.config(), Clock::system()).expect("the database is there")
    }
}

const CERTIFICATE: &str = "node.pem";
const KEY: &str = "node.key";

/// The certificate of the certificate authority of this folder's nodes.
pub(super) fn authority_file(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

/// A certificate authority for this folder, and one certificate for all its nodes.
pub(super) fn certify(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    let key = KeyPair::generate().expect("a key");
    let mut wanted = CertificateParams::default();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(authority_file(folder), wanted.self_signed(&key).expect("a certificate").pem()).expect("a file");
    let issuer = Issuer::new(wanted, key);
    let key = KeyPair::generate().expect("a key");
    let wanted = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = wanted.signed_by(&key, &issuer).expect("a certificate");
    fs::write(folder.join(CERTIFICATE), certificate.pem()).expect("a file");
    fs::write(folder.join(KEY), key.serialize_pem()).expect("a file");
}

/// Copies these nodes, none of which may run, and the certificates into another folder.
pub(super) fn copy(from: &Path, into: &Path, names: &[&str]) {
    let files = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder that was made before");
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
    };
    for (from, into) in names.iter().map(|name| (from.join(name), into.join(name))).chain([(from.into(), into.into())])
    {
        fs::create_dir_all(&into).expect("a folder");
        for file in files(&from) {
            fs::copy(&file, into.join(file.file_name().expect("a file has a name"))).expect("a copy");
        }
    }
}

/// A free port of loopback, and who listens there.
pub(super) fn free() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    (listener.local_addr().expect("a bound listener has an address").port(), listener)
}
