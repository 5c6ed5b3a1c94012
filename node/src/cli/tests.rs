use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use diesel::prelude::*;

use super::join::{with_authority, with_mailbox};
use super::{CONFIG_FILE, Cli, Init, Opened, Verb};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::Kind;
use crate::store::schema::node_key;
use crate::store::{At, scratch};

fn parsed(arguments: &[&str]) -> Cli {
    Cli::try_parse_from(["staffetta"].iter().chain(arguments)).unwrap_or_else(|why| panic!("{why}"))
}

fn init(folder: &Path, more: &[&str]) -> Init {
    let folder = folder.to_str().unwrap();
    let mut arguments =
        vec!["init", "--folder", folder, "--entity-id", "https://nodo.example", "--name", "Il \"Ponte\""];
    arguments.extend(more);
    match parsed(&arguments).verb {
        Verb::Init(init) => init,
        other => panic!("{other:?}"),
    }
}

const MEMBER: [&str; 4] = ["--roles", "reception_centre,association", "--organisation-id", "vat:01234567897"];

async fn run(folder: &Path, arguments: &[&str]) -> Result<()> {
    let file = folder.join(CONFIG_FILE);
    let mut all = vec!["--config", file.to_str().unwrap()];
    all.extend(arguments);
    parsed(&all).run().await
}

#[test]
fn the_commands_are_well_formed() {
    Cli::command().debug_assert();
}

/// The words of a line as a shell reads them, as far as our manuals need it.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(n, part)| match n % 2 {
            1 => vec![part.to_owned()],
            _ => part.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}

#[test]
fn the_commands_of_the_manuals_are_commands() {
    let mut found = 0;
    for manual in [include_str!("../../../README.md"), include_str!("../../../deploy/README.md")] {
        let whole = manual.replace("\\\n", " ");
        for line in whole.lines().filter_map(|line| line.trim().strip_prefix("staffetta ")) {
            let arguments = words(line);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            parsed(&arguments);
            found += 1;
        }
    }
    assert!(found > 4, "the manuals show how to set up a node");
}

#[actix_web::test]
async fn init_makes_a_node_that_opens_again_and_never_overwrites_one() {
    let folder = tempfile::tempdir().unwrap();
    let init = init(folder.path(), &MEMBER);
    let made = init.make(scratch::clock()).await.unwrap();
    let read = Config::load(Some(&folder.path().join(CONFIG_FILE))).unwrap();
    assert_eq!(Config { vault: made.vault.clone(), ..read }, made);
    for secret in [CONFIG_FILE, "master.key"] {
        let mode = std::fs::metadata(folder.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let node = Opened::open(&made, scratch::clock()).unwrap();
    let own = node.peers.own().await.unwrap();
    assert_eq!((own.state, own.organisation_ids), (None, vec!["vat:01234567897".to_owned()]));
    let (keys, now) = (node.keys.clone(), node.store.clock().now());
    node.store.read(move |conn| keys.signing(conn, Kind::Protocol, now)).await.unwrap();
    assert!(node.authority().is_err());
    node.store.close().await;

    assert!(matches!(init.make(scratch::clock()).await, Err(Error::Setup(_))), "there is one");
    std::fs::remove_file(folder.path().join(CONFIG_FILE)).unwrap();
    assert!(matches!(init.make(scratch::clock()).await, Err(Error::Setup(_))), "its master key is there");
}

#[actix_web::test]
async fn init_refuses_what_could_not_join() {
    for (more, why) in [
        (&[][..], "no roles"),
        (&["--roles", "cpi"], "no organisation"),
        (&["--roles", "authority", "--organisation-id", "ipa:xy"], "an authority is made with --authority"),
        (&["--roles", "cpi", "--organisation-id", "ipa:xy", "--entity-id", "http://127.0.0.1:1"], "plain http"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut more = more.to_vec();
        let entity_id = more.iter().position(|argument| *argument == "--entity-id").map(|at| more.split_off(at)[1]);
        let mut init = init(folder.path(), &more);
        init.entity_id = entity_id.map_or(init.entity_id, |id| id.parse().unwrap());
        assert!(matches!(init.make(Clock::system()).await, Err(Error::Setup(_))), "{why}");
        assert!(!folder.path().join(CONFIG_FILE).exists() && !folder.path().join("master.key").exists(), "{why}");
    }
    for wrong in ["vat:1", "ipa:", "ipa:a b", "cf:x", "x"] {
        let arguments = ["staffetta", "init", "--entity-id", "https://a.example", "--name", "A", "--organisation-id"];
        assert!(Cli::try_parse_from(arguments.iter().chain(&[wrong])).is_err(), "{wrong}");
    }
}

#[actix_web::test]
async fn verbs_work_on_the_database_while_the_node_is_off() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &["--authority"]).make(Clock::system()).await.unwrap();
    let folder = folder.path();
    run(folder, &["member", "invite", "--roles", "cpi", "--name", "CPI Prato"]).await.unwrap();
    let auto = ["member", "invite", "--roles", "cpi", "--organisation-id", "ipa:cpi_po", "--auto", "--days", "3"];
    run(folder, &auto).await.unwrap();
    run(folder, &["member", "list"]).await.unwrap();
    run(folder, &["member", "list", "--invitations"]).await.unwrap();
    assert!(run(folder, &["member", "approve", "nobody"]).await.is_err());
    run(folder, &["keys", "rotate", "--kind", "federation"]).await.unwrap();
    assert!(run(folder, &["keys", "rotate", "--kind", "federation"]).await.is_err(), "one is under way");
    run(folder, &["keys", "rotate", "--compromised"]).await.unwrap();
    run(folder, &["keys", "list"]).await.unwrap();

    let member = tempfile::tempdir().unwrap();
    init(member.path(), &MEMBER).make(Clock::system()).await.unwrap();
    assert!(run(member.path(), &["member", "list"]).await.is_err(), "not the authority");
    assert!(run(&member.path().join("nowhere"), &["keys", "list"]).await.is_err());
}

#[actix_web::test]
async fn staff_is_taken_on_given_a_token_and_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let config = init(folder.path(), &MEMBER).make(Clock::system()).await.unwrap();
    let folder = folder.path();
    run(folder, &["user", "add", "anna", "--label", "Anna Bianchi", "--role", "operator"]).await.unwrap();
    for wrong in [["anna", "operator"], ["Anna", "operator"]] {
        assert!(
            run(folder, &["user", "add", wrong[0], "--label", "x", "--role", wrong[1]]).await.is_err(),
            "{wrong:?}"
        );
    }
    let learner = ["user", "add", "tito", "--label", "Tito", "--role", "operator", "--trainee-of"];
    assert!(run(folder, &[&learner[..], &["nobody"]].concat()).await.is_err(), "under nobody");
    run(folder, &[&learner[..], &["anna"]].concat()).await.unwrap();
    assert!(run(folder, &["user", "trainee", "anna", "--of", "tito"]).await.is_err(), "a trainee guides nobody");
    run(folder, &["user", "trainee", "tito"]).await.unwrap();
    let hers = run(folder, &["user", "token", "anna", "--days", "3"]).await;
    assert!(matches!(hers, Err(Error::Setup(_))), "she makes her own");
    let scope = ["--scope", "people.read"];
    let program = ["user", "add", "gestionale", "--label", "x", "--role", "operator", "--service"];
    run(folder, &[&program[..], &scope].concat()).await.unwrap();
    assert!(run(folder, &["user", "token", "gestionale"]).await.is_err(), "for nothing in particular");
    run(folder, &[&["user", "token", "gestionale", "--days", "3"][..], &scope].concat()).await.unwrap();
    assert!(run(folder, &["user", "token", "nobody"]).await.is_err());
    for verb in [&["user", "list"][..], &["user", "tokens", "gestionale"]] {
        run(folder, verb).await.unwrap();
    }
    let store = Opened::open(&config, Clock::system()).unwrap().store;
    let tokens = store
        .read(|conn| {
            let program = crate::access::find_staff(conn, "gestionale")?.unwrap();
            crate::access::tokens_of(conn, program.id)
        })
        .await
        .unwrap();
    store.close().await;
    run(folder, &["user", "revoke", "gestionale", &tokens[0].id.to_string()]).await.unwrap();
    run(folder, &["user", "disable", "gestionale"]).await.unwrap();
    let late = run(folder, &[&["user", "token", "gestionale"][..], &scope].concat()).await;
    assert!(late.is_err(), "it is used no more");
}

#[actix_web::test]
async fn a_node_in_development_makes_anybodys_token() {
    let folder = tempfile::tempdir().unwrap();
    let more = [&MEMBER[..], &["--development"]].concat();
    init(folder.path(), &more).make(Clock::system()).await.unwrap();
    let folder = folder.path();
    run(folder, &["user", "add", "anna", "--label", "Anna Bianchi", "--role", "operator"]).await.unwrap();
    run(folder, &["user", "token", "anna"]).await.unwrap();
}

#[actix_web::test]
async fn a_verb_has_the_same_time_as_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let more = [&MEMBER[..], &["--development"]].concat();
    let made = init(folder.path(), &more).make(Clock::system()).await.unwrap();
    let file = folder.path().join("staffetta.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("[node]", "[node]\nclock_off_by_seconds = 90000", 1)).unwrap();
    run(folder.path(), &["keys", "rotate"]).await.unwrap();
    let store = Opened::open(&made, Clock::system()).unwrap().store;
    let signs = store
        .read(|conn| {
            let protocol = node_key::table.filter(node_key::kind.eq("protocol")).order(node_key::sign_from.desc());
            Ok(protocol.select(node_key::sign_from).first::<At>(conn)?)
        })
        .await
        .unwrap();
    let ahead = signs.0 - Clock::system().now();
    assert!(ahead > chrono::TimeDelta::hours(48), "a day after the tomorrow of its settings: {ahead}");
    store.close().await;
}

#[test]
fn the_authority_is_written_into_the_file_and_the_rest_stays() {
    let line = "authority = \"https://rete.example\"";
    for (before, after) in [
        ("a = 1 # x\n", Some(format!("a = 1 # x\n\n[network]\n{line}\n"))),
        ("[network] # calls\nx = 1\n[log]\n", Some(format!("[network] # calls\n{line}\nx = 1\n[log]\n"))),
        ("[network]\nauthority = \"https://altra.example\"\n", None),
    ] {
        assert_eq!(with_authority(before, line), after);
    }
}

#[test]
fn a_mailbox_is_written_into_the_file_and_the_rest_stays() {
    for (before, after) in [
        ("[node] # us\nx = 1\n[log]\n", Some("[node] # us\nmailbox = true\nx = 1\n[log]\n")),
        ("[node]\nmailbox  =  false # yet\nx = 1\n", Some("[node]\nmailbox = true\nx = 1\n")),
        ("[node]\nmailbox = true\n", None),
    ] {
        assert_eq!(with_mailbox(before).as_deref(), after);
    }
}

#[actix_web::test]
async fn a_name_elsewhere_is_no_name_for_a_mailbox_and_nothing_is_asked_or_written() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &MEMBER).make(Clock::system()).await.unwrap();
    let file = || std::fs::read_to_string(folder.path().join(CONFIG_FILE)).unwrap();
    let before = file();
    let refused = run(folder.path(), &["join", "https://rete.example", "--code", "x", "--mailbox"]).await.unwrap_err();
    assert!(refused.to_string().contains("https://rete.example/nodes/NAME"), "{refused}");
    assert_eq!(file(), before);
}
