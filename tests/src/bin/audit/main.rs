//! How long it takes to seal a journal, and to verify it whole; and whether one flipped byte is named.
//!
//! `cargo run --release -p staffetta-tests --bin audit` prints one JSON document. Entries look as those of a working node
//! do: ids, an act, a ground, a partner here and there. Verifying reads every entry, hashes it, compares leaf and tree,
//! and judges every checkpoint. `--strict` ends with 1 where the flipped byte is not named.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use diesel::prelude::*;
use serde_json::json;
use staffetta_node::clock::Clock;
use staffetta_node::config::{DatabaseConfig, DatabaseUrl};
use staffetta_node::journal::{self, Actor, Entry, Sealer};
use staffetta_node::keys::Keys;
use staffetta_node::store::{Store, schema, scratch};
use staffetta_node::vault::{MasterKey, Subject, Vault};
use staffetta_protocol::id::EntityId;
use staffetta_tests::Ending;
use uuid::Uuid;

/// What is asked of the journal.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    ending: Ending,
    /// URL of the database that is made. Without it a SQLite file in a temporary folder.
    #[arg(long)]
    database: Option<String>,
    /// How many entries.
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
}

/// Entries of one act while the journal is filled.
const AT_ONCE: u64 = 1000;

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = arguments.database.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("audit.db").display()));
    let config = DatabaseConfig { url: DatabaseUrl::new(url), ..DatabaseConfig::default() };
    let store = Store::create(&config, Clock::system()).expect("a new database");
    let me: EntityId = "https://nodo.prova.example".parse().expect("an entity id");
    let keys = Keys::new(Vault::new(MasterKey::generate().expect("random bytes")), me.clone());
    let made = keys.clone();
    store.write(move |tx| made.create(tx)).await.expect("first keys");

    let begun = Instant::now();
    for first in (0..arguments.entries).step_by(AT_ONCE as usize) {
        let n = AT_ONCE.min(arguments.entries - first);
        store.write(move |tx| journal::record_all(tx, (first..first + n).map(entry).collect())).await.expect("entries");
    }
    let written = begun.elapsed();
    let begun = Instant::now();
    let sealer = Sealer::new(store.clone(), keys.clone(), me.clone());
    sealer.pump().await.expect("sealed");
    let sealed = begun.elapsed();
    let begun = Instant::now();
    let verified = journal::verify(&store, &keys, &me).await.expect("a readable database").expect("a whole journal");
    let took = begun.elapsed();
    assert_eq!(verified.entries, arguments.entries, "every entry was read");

    let (named, position) = flipped(&store, &keys, &me, arguments.entries).await;
    store.close().await;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let report = json!({
        "entries": arguments.entries,
        "write_seconds": written.as_secs_f64(),
        "seal_seconds": sealed.as_secs_f64(),
        "sealed_per_second": arguments.entries as f64 / sealed.as_secs_f64(),
        "verify_seconds": took.as_secs_f64(),
        "verified_per_second": arguments.entries as f64 / took.as_secs_f64(),
        "flipped_byte": {"position": position, "named": named},
        "goals": {"flipped_byte_named": {"is": named, "goal": true, "met": named}},
        "peak_resident_mib": peak_resident_mib(),
        "machine": {
            "cpus": std::thread::available_parallelism().map_or(0, usize::from),
            "load_1_5_15_min": load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        },
    });
    arguments.ending.with(&report)
}

fn entry(n: u64) -> Entry {
    const ACTS: [&str; 5] = ["people.read", "cards.read", "referral.sent", "consent.given", "exchange.item-refused"];
    let entry = Entry::new(Actor::Staff(Uuid::from_u128(u128::from(n % 40))), ACTS[n as usize % ACTS.len()])
        .subject(Subject(Uuid::from_u128(u128::from(n % 5000) << 64)))
        .object(Uuid::from_u128(u128::from(n)))
        .ground("team");
    if n.is_multiple_of(3) { entry.peer("https://nodo.partner.example") } else { entry }
}

/// Changes one letter of one entry as somebody with the database's tools would, and says whether it is named.
async fn flipped(store: &Store, keys: &Keys, me: &EntityId, entries: u64) -> (bool, u64) {
    use schema::journal::{act, position, table};
    let place = entries * 7 / 10;
    scratch::unguard_journal(store).await;
    let change = move |tx: &mut staffetta_node::store::Tx<'_>| {
        Ok(diesel::update(table.filter(position.eq(place as i64))).set(act.eq("people.reae")).execute(tx.conn())?)
    };
    store.write(change).await.expect("a changed entry");
    let verdict = journal::verify(store, keys, me).await.expect("a readable database");
    (verdict.is_err_and(|bad| bad.position == place && bad.entry.is_some()), place)
}

/// The most memory that this process ever held.
fn peak_resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}
