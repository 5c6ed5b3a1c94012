//! How a node is set up: one TOML file, and the environment over it.
//!
//! A key that is not documented here is refused, in the file and in the environment alike: a typing error must not
//! leave a bound at its default unnoticed. `STAFFETTA__SECTION__KEY` sets `key` of `[section]` and wins over the file.
//! `Debug` prints no secret. `deploy/staffetta.example.toml` is written from these types and compared in a test.

mod check;
mod door;
mod example;
mod keeping;
mod secret;
mod topics;

use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::{Error, Result};

pub(crate) use check::is_below;
pub use door::{DoorConfig, OidcConfig};
pub use example::example;
pub use keeping::{BackupConfig, OwnBasisYears, RetentionConfig};
pub use secret::{DatabaseUrl, Secret};
pub use topics::{
    DatabaseConfig, ExchangeConfig, LimitsConfig, ListenConfig, LogConfig, LogFormat, NetworkConfig, NodeConfig,
    VaultConfig,
};

/// Begins the name of every environment variable that sets a key.
const PREFIX: &str = "STAFFETTA__";
/// The environment variable that holds the master key itself; it is never in the file.
const MASTER_KEY: &str = "STAFFETTA_MASTER_KEY";

/// All settings of one node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each topic is documented by its type")]
pub struct Config {
    pub node: NodeConfig,
    #[serde(default)]
    pub database: DatabaseConfig,
    #[serde(default)]
    pub listen: ListenConfig,
    #[serde(default)]
    pub network: NetworkConfig,
    #[serde(default)]
    pub exchange: ExchangeConfig,
    #[serde(default)]
    pub limits: LimitsConfig,
    #[serde(default)]
    pub door: DoorConfig,
    #[serde(default)]
    pub oidc: OidcConfig,
    #[serde(default)]
    pub vault: VaultConfig,
    #[serde(default)]
    pub backup: BackupConfig,
    #[serde(default)]
    pub retention: RetentionConfig,
    #[serde(default)]
    pub log: LogConfig,
}

impl Config {
    /// Reads the file, if one is named, and the process's environment over it.
    ///
    /// # Errors
    /// [`Error::Setup`] with a sentence that names the key.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|cause| Error::Setup(format!("the configuration {}: {cause}", path.display())))?,
            None => String::new(),
        };
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let environment = environment.filter(|(name, _)| name.starts_with(PREFIX) || name == MASTER_KEY);
        let environment = environment.map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Error::Setup(format!("{name} is not UTF-8"))),
        });
        Self::read(&text, environment.collect::<Result<Vec<_>>>()?)
    }

    /// The same without touching file or environment: the file's text, and variables by name.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(text: &str, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut table: Table = toml::from_str(text).map_err(|cause| Error::Setup(format!("configuration: {cause}")))?;
        let mut master_key = None;
        for (name, value) in environment {
            if name == MASTER_KEY {
                master_key = Some(Secret::new(value));
            } else if let Some(path) = name.strip_prefix(PREFIX) {
                set(&mut table, path, &value).map_err(|why| Error::Setup(format!("{name}: {why}")))?;
            }
        }
        let mut config: Self =
            table.try_into().map_err(|cause: toml::de::Error| Error::Setup(format!("configuration: {cause}")))?;
        config.vault.master_key = master_key;
        check::check(&config)?;
        Ok(config)
    }
}

/// Sets `SECTION__KEY`. Its documented type decides how the text is read, so that a name made of digits stays a name.
fn set(table: &mut Table, path: &str, text: &str) -> Result<(), String> {
    let path = path.to_ascii_lowercase();
    let (section, key) = path.split_once("__").ok_or("the name must have the form STAFFETTA__SECTION__KEY")?;
    let property = example::property(section, key).ok_or_else(|| format!("there is no key {key} in [{section}]"))?;
    let value = if matches!(property["type"].as_str(), Some("integer" | "number" | "boolean" | "array")) {
        text.parse::<Value>().map_err(|_| "this is not a TOML value")?
    } else {
        Value::String(text.to_owned())
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    section.as_table_mut().ok_or("the file has a key where a section belongs")?.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests;
