//! The example file, written from the types: their comments, their defaults. The same description tells the
//! environment which keys there are and of what type.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;
use utoipa::PartialSchema;

use super::{
    BackupConfig, DatabaseConfig, DoorConfig, ExchangeConfig, LimitsConfig, ListenConfig, LogConfig, NetworkConfig,
    NodeConfig, OidcConfig, RetentionConfig, VaultConfig,
};

/// The text of `deploy/staffetta.example.toml`: every key with its comment; what has no default stands commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Staffetta: the settings of one node. Written from the program's own types; the values are the defaults, but\n\
         # for [node]. An unknown key is refused. STAFFETTA__SECTION__KEY in the environment wins over this file.\n",
    );
    for section in sections() {
        write!(text, "\n{}\n[{}]\n", comment(&section.schema), section.name).expect(IN_MEMORY);
        let mut given = Vec::new();
        for line in section.defaults.lines() {
            let (key, _) = line.split_once(" = ").expect("a topic holds plain values, each on one line");
            writeln!(text, "{}\n{line}", comment(&section.schema["properties"][key])).expect(IN_MEMORY);
            given.push(key);
        }
        let properties = section.schema["properties"].as_object().into_iter().flatten();
        for (key, property) in properties.filter(|(key, _)| !given.contains(&key.as_str())) {
            writeln!(text, "{}\n# {key} = {}", comment(property), property["example"]).expect(IN_MEMORY);
        }
    }
    text
}

/// What is documented of a key: `description`, `type`, `example`, as in OpenAPI.
pub(super) fn property(section: &str, key: &str) -> Option<Value> {
    let section = sections().into_iter().find(|known| known.name == section)?;
    section.schema["properties"].get(key).cloned()
}

const IN_MEMORY: &str = "writing into a String cannot fail";

struct Section {
    name: &'static str,
    schema: Value,
    /// TOML, one line for each key that has a value.
    defaults: String,
}

fn sections() -> Vec<Section> {
    let node = NodeConfig {
        entity_id: "https://nodo.cpi-prato.example".parse().expect("an entity id"),
        organisation_name: "Centro per l'impiego di Prato".into(),
        contacts: vec!["nodo@cpi-prato.example".into()],
        homepage_uri: None,
        dpo_email: None,
        dpo_label: None,
        province: None,
        mailbox: false,
        data_dir: "/var/lib/staffetta".into(),
        development_mode: false,
        clock_off_by_seconds: 0,
    };
    vec![
        section("node", node),
        section("database", DatabaseConfig::default()),
        section("listen", ListenConfig::default()),
        section("network", NetworkConfig::default()),
        section("exchange", ExchangeConfig::default()),
        section("limits", LimitsConfig::default()),
        section("door", DoorConfig::default()),
        section("oidc", OidcConfig::default()),
        section("vault", VaultConfig::default()),
        section("backup", BackupConfig::default()),
        section("retention", RetentionConfig::default()),
        section("log", LogConfig::default()),
    ]
}

fn section<T: PartialSchema + Serialize>(name: &'static str, values: T) -> Section {
    Section {
        name,
        schema: serde_json::to_value(T::schema()).expect("a schema is JSON"),
        defaults: toml::to_string(&values).expect("a topic holds only what TOML can say"),
    }
}

fn comment(described: &Value) -> String {
    let text = described["description"].as_str().unwrap_or_default();
    text.lines().map(|line| format!("# {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
