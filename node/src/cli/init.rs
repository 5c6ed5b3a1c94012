//! `staffetta init`: a folder with configuration, master key and database.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Role, Roles};

use super::CONFIG_FILE;
use crate::authority::{is_ipa_code, is_vat_number};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::journal::{Actor, Entry, record};
use crate::keys::Keys;
use crate::peers::membership;
use crate::store::Store;
use crate::vault::{MasterKey, Vault};

/// Make a new node: configuration, master key, database, keys.
#[derive(Debug, Clone, Args)]
pub struct Init {
    /// The folder to make it in. It must not hold a node yet.
    #[arg(long, default_value = ".")]
    pub folder: PathBuf,
    /// The node's name: the https URL under which the others reach it, without a trailing slash.
    #[arg(long)]
    pub entity_id: EntityId,
    /// The organisation that runs the node, as the partnership agreement names it.
    #[arg(long)]
    pub name: String,
    /// The organisation's identifier, ipa:CODE or vat:NUMBER. May be given twice.
    #[arg(long = "organisation-id", value_name = "ID", value_parser = organisation_id)]
    pub organisation_ids: Vec<String>,
    /// What the organisation is, comma-separated: reception_centre, cpi, association, training_body, social_enterprise,
    /// company_registry, municipality.
    #[arg(long, value_delimiter = ',', value_name = "ROLES", conflicts_with = "authority")]
    pub roles: Vec<Role>,
    /// This node is the authority of a new network.
    #[arg(long)]
    pub authority: bool,
    /// An e-mail address that other members may write to. May be given more than once.
    #[arg(long = "contact", value_name = "E-MAIL")]
    pub contacts: Vec<String>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where the data lie, if not in a SQLite file of the folder: postgres://…
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// For developers: plain http on loopback, and nodes at private addresses. Never where there are real people.
    #[arg(long)]
    pub development: bool,
}

fn organisation_id(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("ipa", code)) if is_ipa_code(code) => Ok(text.into()),
        Some(("vat", number)) if is_vat_number(number) => Ok(text.into()),
        _ => Err("write ipa: and the IPA code, or vat: and the eleven digits".into()),
    }
}

/// The configuration as written: what differs from the defaults.
#[derive(Serialize)]
struct File<'a> {
    node: NodeSection<'a>,
    database: DatabaseSection,
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<ListenSection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<NetworkSection<'a>>,
    vault: VaultSection,
}

#[derive(Serialize)]
struct NodeSection<'a> {
    entity_id: &'a EntityId,
    organisation_name: &'a str,
    contacts: &'a [String],
    data_dir: PathBuf,
    development_mode: bool,
}

#[derive(Serialize)]
struct DatabaseSection {
    url: String,
}

#[derive(Serialize)]
struct ListenSection {
    address: SocketAddr,
}

#[derive(Serialize)]
struct NetworkSection<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<&'a EntityId>,
    allow_private_addresses: bool,
}

#[derive(Serialize)]
struct VaultSection {
    master_key_file: PathBuf,
}

impl Init {
    pub(super) async fn run(self) -> Result<()> {
        let config = self.make(Clock::system()).await?;
        println!("made the node {} in {}", config.node.entity_id, config.node.data_dir.display());
        println!("configuration  {}", config.node.data_dir.join(CONFIG_FILE).display());
        println!("master key     {}", config.vault.master_key_file.display());
        println!("Keep a copy of the master key elsewhere: whoever loses it loses the data.");
        Ok(())
    }

    /// Makes the node and returns its configuration, as it was written. Blocks. What was made before a failure stays,
    /// and is not overwritten by a second try: a master key may be the only key to somebody's data.
    pub async fn make(&self, clock: Clock) -> Result<Config> {
        let folder = self.folder()?;
        let path = folder.join(CONFIG_FILE);
        if path.exists() {
            return Err(Error::Setup(format!("{} is there already", path.display())));
        }
        let text = self.text(&folder)?;
        let config = Config::read(&text, [])?;
        let roles = self.checked_roles()?;
        let master = MasterKey::generate()?;
        master.write_new(&config.vault.master_key_file)?;
        let store = Store::create(&config.database, clock)?;
        let keys = Keys::new(Vault::new(master), config.node.entity_id.clone());
        let (entity_id, ids) = (config.node.entity_id.clone(), self.organisation_ids.clone());
        let act = move |tx: &mut crate::store::Tx<'_>| {
            keys.create(tx)?;
            membership::create(tx, &entity_id, &roles, &ids)?;
            record(tx, Entry::new(Actor::System, "node.made"))
        };
        store.write(act).await?;
        store.close().await;
        write_new(&path, &text)?;
        Ok(config)
    }

    fn folder(&self) -> Result<PathBuf> {
        let describe = |cause: std::io::Error| Error::Setup(format!("{}: {cause}", self.folder.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(describe)?;
        self.folder.canonicalize().map_err(describe)
    }

    fn checked_roles(&self) -> Result<Roles> {
        let roles: Roles = match self.authority {
            true => Roles::from([Role::Authority]),
            false => self.roles.iter().copied().collect(),
        };
        if roles.is_empty() || (!self.authority && roles.contains(&Role::Authority)) {
            return Err(Error::Setup("say what the organisation is with --roles, or make an --authority".into()));
        }
        if self.organisation_ids.is_empty() && !self.authority {
            return Err(Error::Setup("name the organisation with --organisation-id ipa:… or vat:…".into()));
        }
        Ok(roles)
    }

    fn text(&self, folder: &Path) -> Result<String> {
        let database = || format!("sqlite:{}", folder.join("staffetta.db").display());
        let authority = self.authority.then_some(&self.entity_id);
        let file = File {
            node: NodeSection {
                entity_id: &self.entity_id,
                organisation_name: &self.name,
                contacts: &self.contacts,
                data_dir: folder.to_owned(),
                development_mode: self.development,
            },
            database: DatabaseSection { url: self.database_url.clone().unwrap_or_else(database) },
            listen: self.listen.map(|address| ListenSection { address }),
            network: (authority.is_some() || self.development)
                .then_some(NetworkSection { authority, allow_private_addresses: self.development }),
            vault: VaultSection { master_key_file: folder.join("master.key") },
        };
        let settings = toml::to_string(&file).map_err(Error::internal)?;
        Ok(format!("# One Staffetta node. All settings: deploy/staffetta.example.toml.\n\n{settings}"))
    }
}

/// A database URL may hold a password, so nobody else may read the file.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let describe = |cause: std::io::Error| Error::Setup(format!("{}: {cause}", path.display()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(describe)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(describe)
}
