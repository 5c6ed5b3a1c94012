use super::*;

const LEAST: &str = "[node]\nentity_id = \"https://a.example\"\norganisation_name = \"A\"\n";

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
    Config::read(text, environment.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

fn refusal(text: &str, environment: &[(&str, &str)]) -> String {
    match read(text, environment) {
        Err(Error::Setup(sentence)) => sentence,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn the_example_is_current_and_readable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/staffetta.example.toml");
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(&path, example()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, example(), "run this test with UPDATE_EXAMPLES=1");
    let config = read(&written, &[]).unwrap();
    let defaults = read(LEAST, &[]).unwrap();
    assert_eq!(Config { node: defaults.node.clone(), ..config }, defaults);
}

#[test]
fn every_key_is_documented_and_what_is_commented_out_is_a_legal_value() {
    let mut lines: Vec<&str> = LEAST.lines().collect();
    let text = example();
    let mut section = "";
    let mut previous = "";
    for line in text.lines() {
        if line.starts_with('[') {
            section = line;
            if section != "[node]" {
                lines.push(section);
            }
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && !key.contains(' ')
        {
            assert!(previous.starts_with("# ") && !previous.contains(" = "), "{section} {key} has no comment");
            lines.extend(line.strip_prefix("# "));
        }
        previous = line;
    }
    let config = read(&lines.join("\n"), &[]).unwrap();
    assert!(config.network.authority.is_some() && config.listen.tls_key.is_some(), "{config:?}");
}

#[test]
fn unknown_keys_are_refused_wherever_they_come_from() {
    assert!(refusal(&format!("{LEAST}\n[log]\nlevle = \"info\""), &[]).contains("levle"));
    assert!(refusal(&format!("{LEAST}\n[loging]\nlevel = \"info\""), &[]).contains("loging"));
    assert!(refusal(LEAST, &[("STAFFETTA__LOG__LEVLE", "info")]).contains("STAFFETTA__LOG__LEVLE"));
    assert!(refusal(LEAST, &[("STAFFETTA__LOGING__LEVEL", "info")]).contains("loging"));
    assert!(refusal(LEAST, &[("STAFFETTA__LEVEL", "info")]).contains("STAFFETTA__SECTION__KEY"));
    assert!(refusal(LEAST, &[("STAFFETTA__VAULT__MASTER_KEY", "k")]).contains("master_key"));
    assert!(refusal(&format!("{LEAST}\n[vault]\nmaster_key = \"k\""), &[]).contains("master_key"));
}

#[test]
fn the_environment_wins_and_is_read_by_type() {
    let text = format!("{LEAST}\n[exchange]\nwindow = 10");
    let config = read(
        &text,
        &[
            ("STAFFETTA__EXCHANGE__WINDOW", "20"),
            ("STAFFETTA__NODE__ORGANISATION_NAME", "2001"),
            ("STAFFETTA__NODE__CONTACTS", "[\"a@a.example\"]"),
            ("STAFFETTA__NODE__DEVELOPMENT_MODE", "true"),
            ("STAFFETTA__LOG__FORMAT", "text"),
            ("STAFFETTA__LISTEN__ADDRESS", "[::1]:9000"),
            ("STAFFETTA__DATABASE__URL", "sqlite:other.db"),
            ("STAFFETTA__EXCHANGE__RETRY_GROWTH", "2.0"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.exchange.window, 20);
    assert_eq!(config.node.organisation_name, "2001");
    assert_eq!(config.node.contacts, ["a@a.example"]);
    assert!(config.node.development_mode);
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.listen.address.port(), 9000);
    assert_eq!(config.database.url.expose(), "sqlite:other.db");
    assert_eq!(config.exchange.retry_growth, 2.0);
    assert!(refusal(LEAST, &[("STAFFETTA__EXCHANGE__WINDOW", "many")]).contains("STAFFETTA__EXCHANGE__WINDOW"));
    assert!(refusal(LEAST, &[("STAFFETTA__EXCHANGE__WINDOW", "1\nx = 2")]).contains("TOML"));
}

#[test]
fn what_could_not_work_is_refused_with_every_reason() {
    let text = format!("{LEAST}\n[exchange]\nwindow = 0\nlease_seconds = 3\n[listen]\ntls_key = \"k\"");
    let sentence = refusal(&text, &[]);
    for part in ["exchange.window", "exchange.lease_seconds", "listen.tls_key"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    let http = "[node]\nentity_id = \"http://localhost:8080\"\norganisation_name = \"A\"\n";
    assert!(refusal(http, &[]).contains("development_mode"));
    assert!(read(http, &[("STAFFETTA__NODE__DEVELOPMENT_MODE", "true")]).is_ok());
    assert!(refusal("", &[]).contains("node"));
}

#[test]
fn a_node_with_a_mailbox_is_named_below_its_authority() {
    let named =
        |entity_id: &str| format!("[node]\nentity_id = \"{entity_id}\"\norganisation_name = \"A\"\nmailbox = true\n");
    let network = "[network]\nauthority = \"https://autorita.example\"\n";
    assert!(read(&(named("https://autorita.example/nodes/ponte") + network), &[]).is_ok());
    for elsewhere in [
        "https://ponte.example",
        "https://autorita.example/nodes",
        "https://autorita.example/nodes/a/b",
        "https://autorita.example.org/nodes/ponte",
    ] {
        assert!(refusal(&(named(elsewhere) + network), &[]).contains("AUTHORITY/nodes/NAME"), "{elsewhere}");
        assert!(read(&named(elsewhere), &[]).is_ok(), "before it has joined nobody knows its authority");
    }
}

#[test]
fn debug_prints_no_secret() {
    let config = read(
        LEAST,
        &[
            ("STAFFETTA_MASTER_KEY", "hunter2"),
            ("STAFFETTA__DATABASE__URL", "postgres://node:hunter2@db.example/node?password=hunter2"),
        ],
    )
    .unwrap();
    assert_eq!(config.vault.master_key.as_ref().unwrap().expose(), "hunter2");
    let printed = format!("{config:?} {config:#?} {}", config.database.url);
    assert!(!printed.contains("hunter2") && printed.contains("(secret)"), "{printed}");
}
