//! How many acts a second the store commits, durably: one after the other, and many at once, which share commits.
//!
//! `cargo run --release -p staffetta-tests --bin store` prints one JSON document. An act is three statements, one of
//! which keeps 6 KiB, as an accepted message does. With `--database` it fills a new database there: of SQLite on
//! another disk, or of PostgreSQL (with the feature `postgres`, in a database that has no tables yet).

use std::time::{Duration, Instant};

use clap::Parser;
use diesel::prelude::*;
use serde_json::{Value, json};
use staffetta_node::clock::Clock;
use staffetta_node::config::{DatabaseConfig, DatabaseUrl};
use staffetta_node::error::Result;
use staffetta_node::journal::{self, Actor, Entry};
use staffetta_node::store::schema::node_setting;
use staffetta_node::store::{At, Store, Tx};
use uuid::Uuid;

/// What is asked of the store.
#[derive(Debug, Parser)]
struct Arguments {
    /// URL of the database that is made. Without it a file in a temporary folder.
    #[arg(long)]
    database: Option<String>,
    /// How many ask at once, each for its next act when the last one is answered.
    #[arg(long, default_value_t = 64)]
    at_once: usize,
    /// Seconds of one run.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Runs of each kind, by turns; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// Bytes that an act keeps.
const KEPT: usize = 6 * 1024;

#[actix_web::main]
async fn main() {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = arguments.database.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("store.db").display()));
    let config = DatabaseConfig { url: DatabaseUrl::new(url), ..DatabaseConfig::default() };
    let store = Store::create(&config, Clock::system()).expect("a new database");
    let counter = store.write(|tx| keep(tx, "counter".to_owned(), String::new()));
    counter.await.expect("the first row");
    let (mut alone, mut in_groups) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs.max(1) {
        let time = Duration::from_secs(arguments.seconds);
        alone.push(run(&store, 1, time).await);
        in_groups.push(run(&store, arguments.at_once, time).await);
    }
    store.close().await;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let report = json!({
        "act": {"statements": 3, "bytes": KEPT},
        "alone": summary(alone, 1),
        "at_once": summary(in_groups, arguments.at_once),
        "machine": {
            "cpus": std::thread::available_parallelism().map_or(0, usize::from),
            "load_1_5_15_min": load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        },
    });
    println!("{report:#}");
}

/// Acts of one run, and how long each of them took to be answered.
struct Run {
    acts_per_second: f64,
    waited: Vec<Duration>,
}

async fn run(store: &Store, at_once: usize, time: Duration) -> Run {
    let begun = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let store = store.clone();
        asking.spawn(async move {
            let mut waited = Vec::new();
            while begun.elapsed() < time {
                let asked = Instant::now();
                store.write(act).await.expect("an act is kept");
                waited.push(asked.elapsed());
            }
            waited
        });
    }
    let waited: Vec<Duration> = asking.join_all().await.into_iter().flatten().collect();
    Run { acts_per_second: waited.len() as f64 / begun.elapsed().as_secs_f64(), waited }
}

/// Keeps something, counts it, and writes down that it did.
fn act(tx: &mut Tx<'_>) -> Result<()> {
    keep(tx, Uuid::new_v4().to_string(), "x".repeat(KEPT))?;
    let now = At::from(tx.now());
    diesel::update(node_setting::table.find("counter")).set(node_setting::updated_at.eq(now)).execute(tx.conn())?;
    journal::record(tx, Entry::new(Actor::System, "exchange.item-taken").code("accepted"))
}

fn keep(tx: &mut Tx<'_>, key: String, value: String) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(node_setting::table)
        .values((node_setting::key.eq(key), node_setting::value.eq(value), node_setting::updated_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

fn summary(mut runs: Vec<Run>, at_once: usize) -> Value {
    runs.sort_by(|one, other| one.acts_per_second.total_cmp(&other.acts_per_second));
    let all: Vec<u64> = runs.iter().map(|run| run.acts_per_second as u64).collect();
    let median = runs.swap_remove(runs.len() / 2);
    let mut waited = median.waited;
    waited.sort_unstable();
    let millis = |share: f64| {
        let place = (waited.len() as f64 * share).ceil() as usize;
        let at = waited.get(place.saturating_sub(1)).copied().unwrap_or_default();
        (at.as_secs_f64() * 100_000.0).round() / 100.0
    };
    json!({"at_once": at_once, "acts_per_second": median.acts_per_second as u64, "runs": all,
        "median_ms": millis(0.5), "p99_ms": millis(0.99)})
}
