//! What lies in the demo's folder, and where:
//! ```text
//! demo.toml                ports, end of the certificates, how often the story was told
//! demo.log                 the log of all four nodes
//! ca.pem, ca.key           the throw-away certificate authority
//! <node>/staffetta.toml    the node's settings: `staffetta --config` takes it
//! <node>/staffetta.db      its database
//! <node>/master.key        its master key
//! <node>/tls.pem, tls.key  its certificate
//! <node>/tokens.toml       tokens of its staff
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SETTINGS;
use super::cast::{PARTNERS, Partner};
use crate::error::{Error, Result};

/// The folder of one demo.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// The folder of one of its nodes.
#[derive(Debug, Clone)]
pub(super) struct NodeFolder {
    /// Whose.
    pub(super) partner: &'static Partner,
    path: PathBuf,
}

/// What a second start must know.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// One port for each node: an entity id contains it, so it never changes.
    pub(super) ports: Vec<u16>,
    /// End of the nodes' certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificates_until: Option<String>,
    /// How often the story was begun.
    pub(super) told: usize,
}

impl Kept {
    /// End of the nodes' certificates, if they were made.
    pub(super) fn certificates_until(&self) -> Option<NaiveDate> {
        self.certificates_until.as_ref()?.parse().ok()
    }
}

/// Tokens of a node's staff by username.
pub(super) type Tokens = BTreeMap<String, String>;

impl Folder {
    /// Makes the folder where it is missing. One that holds something else is refused: nothing of it is touched.
    pub(super) fn open(path: &Path) -> Result<Self> {
        make(path)?;
        let path = path.canonicalize().map_err(|cause| failed(path, &cause))?;
        let folder = Self(path);
        let is_empty = fs::read_dir(&folder.0).map_err(|cause| failed(&folder.0, &cause))?.next().is_none();
        if is_empty || folder.record().exists() {
            return Ok(folder);
        }
        let shown = folder.0.display();
        Err(Error::Setup(format!(
            "la cartella {shown} non è vuota e non è di una dimostrazione: indica un'altra con --folder"
        )))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The folders of the nodes, in the order of the ports.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeFolder> {
        PARTNERS.iter().map(|partner| NodeFolder { partner, path: self.0.join(partner.folder) })
    }

    /// What the last start left; the beginning of everything where there was none.
    pub(super) fn kept(&self) -> Result<Kept> {
        let path = self.record();
        if path.exists() { from_toml(&path) } else { Ok(Kept::default()) }
    }

    /// Leaves something for the next start.
    pub(super) fn keep(&self, kept: &Kept) -> Result<()> {
        let text = toml::to_string(kept).map_err(Error::internal)?;
        write_public(
            &self.record(),
            &format!("# Kept by `staffetta demo`; the ports are part of the nodes' names.\n{text}"),
        )
    }

    fn record(&self) -> PathBuf {
        self.0.join("demo.toml")
    }

    /// The log of all nodes.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("demo.log")
    }

    /// The certificate to trust.
    pub(super) fn authority_certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Its key.
    pub(super) fn authority_key(&self) -> PathBuf {
        self.0.join("ca.key")
    }
}

impl NodeFolder {
    /// Its path, made where it is missing.
    pub(super) fn provide(&self) -> Result<&Path> {
        make(&self.path)?;
        Ok(&self.path)
    }

    /// The node's settings; there once the node was made.
    pub(super) fn settings(&self) -> PathBuf {
        self.path.join(SETTINGS)
    }

    /// Removes what an interrupted start left of a node that was never made: no other node knows it yet.
    pub(super) fn clear(&self) -> Result<()> {
        for name in ["master.key", "staffetta.db", "staffetta.db-wal", "staffetta.db-shm"] {
            let path = self.path.join(name);
            if path.exists() {
                fs::remove_file(&path).map_err(|cause| failed(&path, &cause))?;
            }
        }
        Ok(())
    }

    /// Its certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.path.join("tls.pem")
    }

    /// The certificate's private key.
    pub(super) fn private_key(&self) -> PathBuf {
        self.path.join("tls.key")
    }

    /// Keeps the tokens: of each only a digest is in the node's database.
    pub(super) fn keep_tokens(&self, tokens: &Tokens) -> Result<()> {
        write_private(&self.path.join("tokens.toml"), &toml::to_string(tokens).map_err(Error::internal)?)
    }
}

fn make(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|cause| failed(path, &cause))
}

fn from_toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    toml::from_str(&read(path)?).map_err(|cause| failed(path, &cause))
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|cause| failed(path, &cause))
}

/// Writes a file that only this user may read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<()> {
    write(path, text, 0o600)
}

/// Writes a file that anybody may read.
pub(super) fn write_public(path: &Path, text: &str) -> Result<()> {
    write(path, text, 0o644)
}

/// Beside and moved: an interrupted start leaves the old file or the new one.
fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    let beside = path.with_extension("new");
    let written = || -> std::io::Result<()> {
        let _ = fs::remove_file(&beside);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(|cause| failed(path, &cause))
}

fn failed(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::Setup(format!("{}: {cause}", path.display()))
}
