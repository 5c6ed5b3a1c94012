//! The fire drill: a network of real `staffetta` processes on loopback, operators who write, and everything that goes wrong.
//!
//! `chaos --binary target/release/staffetta --seconds 1500 --kills 1000 --messages 20000 --threads 40 --database sqlite` makes
//! an authority, a reception centre and a job centre, each behind a proxy of its own, and until there were so many kills and
//! messages, or the time is over, it kills with SIGKILL, cuts and slows lines, drops answers, sends requests twice, freezes
//! processes, takes the disk or the database away, puts clocks wrong and rotates keys. Every act that was acknowledged is
//! remembered. Then all is healed, what waits arrives, every process has to say that it is well, and all databases are asked
//! whether anything was lost, doubled, put out of order or sent without a ground.
//!
//! On SQLite the job centre goes back to a copy of itself half way. On PostgreSQL (`--database postgres`, under
//! `tests/postgres` with `STAFFETTA_TEST_DISK`) each node is two processes behind one name, and the cluster has a small disk
//! for itself, which is filled, and a server that is killed.
//!
//! It prints one JSON document and, as its last line, the verdict. The same seed throws the same dice; what meets what is the
//! machine's affair.

mod asking;
mod back;
mod dice;
mod disk;
mod fire;
mod judge;
mod network;
mod people;
mod process;
mod proxy;
mod said;
mod waiting;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use serde_json::json;
use tokio::time::sleep;

use crate::fire::Fire;
use crate::network::Network;
use crate::work::Work;

/// How long, how hard, on what.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// The program whose nodes are made.
    #[arg(long, default_value = "target/release/staffetta")]
    binary: PathBuf,
    /// Where the dice begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds of fire at most.
    #[arg(long, default_value_t = 45)]
    seconds: u64,
    /// Fire lasts until so many processes were killed.
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// And until so many acts were acknowledged of which a partner hears: each is a message or more.
    #[arg(long, default_value_t = 200)]
    messages: u64,
    /// Milliseconds between two misfortunes, on average.
    #[arg(long, default_value_t = 600)]
    pause_ms: u64,
    /// Clocks may also be hours, a day and a year ahead: what a node signs meanwhile it signs anew once it knows better.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    clocks_ahead: bool,
    /// The job centre does not go back to a copy half way.
    #[arg(long)]
    no_restore: bool,
    /// Threads in which operators write at once.
    #[arg(long, default_value_t = 12)]
    threads: usize,
    /// On what.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// Seconds that everything may take to arrive once all is healed.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// Where the network is made, and kept. Without it in a folder that goes.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// Which database the nodes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    /// A file each, and one process.
    Sqlite,
    /// A database each, and two processes.
    Postgres,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = arguments.folder.clone().unwrap_or_else(|| folder.path().to_owned());
    let begun = Instant::now();
    let network = Arc::new(Network::make(&arguments, &place).await);
    let work = Work::prepare(Arc::clone(&network), arguments.threads).await;
    let prepared = begun.elapsed();

    let operators = work.begin(arguments.seed);
    let pause = Duration::from_millis(arguments.pause_ms);
    let mut fire = Fire::begin(Arc::clone(&network), arguments.seed, pause, arguments.clocks_ahead).await;
    let limit = Duration::from_secs(arguments.seconds);
    let lit = Instant::now();
    let mut findings = Vec::new();
    // Where the node is a file of its own, half way.
    let mut goes_back = arguments.database == Database::Sqlite && !arguments.no_restore;
    while lit.elapsed() < limit
        && (fire.kills() < arguments.kills || work.acknowledged() < arguments.messages)
        && !work.has_failed()
    {
        sleep(Duration::from_millis(200)).await;
        let half = work.acknowledged() * 2 >= arguments.messages && fire.kills() * 2 >= arguments.kills;
        if goes_back && (half || lit.elapsed() * 3 >= limit) {
            goes_back = false;
            findings.extend(back::go_back(&network, &work, &fire, arguments.seed).await.err());
        }
    }
    let burned = lit.elapsed();
    let misfortunes = fire.put_out().await;
    let heated = Instant::now();
    network.heal().await;
    work.end(operators).await;
    let ending = heated.elapsed();
    let healed = Instant::now();
    let (arrived, late) = network.wait_until_quiet(Duration::from_secs(arguments.patience)).await;
    let arriving = healed.elapsed();
    findings.extend(work.findings());
    findings.extend(fire.findings());
    if misfortunes.hidden_troubles > 0 {
        findings
            .push(format!("{} times a node that could write nothing said it was well", misfortunes.hidden_troubles));
    }
    findings.extend(network.unwell(Duration::from_secs(arguments.patience)).await);
    if !arrived {
        findings.push("something still waits to leave though all is healed".to_owned());
    }
    findings.extend(judge::judge(&network, &work).await);
    let keys = judge::signing_keys(&network).await;
    if burned >= fire::ROTATED_BY {
        let one = keys.iter().filter(|(_, keys)| **keys < 2);
        findings.extend(one.map(|(node, _)| format!("{node} signed with one key only, though it has a new one")));
    }
    let told = judge::told_of_it(&network).await;
    network.stop().await;

    let (kills, messages) = (misfortunes.kills, waiting::delivered(&network).await);
    let report = json!({
        "seed": arguments.seed,
        "database": format!("{:?}", arguments.database).to_lowercase(),
        "processes": network.processes().count(),
        "seconds": {"prepared": prepared.as_secs(), "burned": burned.as_secs(), "ending": ending.as_secs_f64(),
            "arriving": arriving.as_secs_f64()},
        "misfortunes": misfortunes,
        "proxies": network.counts(),
        "acknowledged": work.acknowledged(),
        "delivered": messages,
        "late": late,
        "signing_keys": keys,
        "taken_back": work.withdrawn().len(),
        "restored": work.has_gone_back(),
        "tasks_about_that": told,
        "findings": findings,
    });
    println!("{}", serde_json::to_string_pretty(&report).expect("a report is JSON"));
    let short = burned >= limit && (kills < arguments.kills || work.acknowledged() < arguments.messages);
    let verdict = match (findings.is_empty(), short) {
        (true, false) => "nothing was lost, doubled, put out of order or sent without a ground",
        (true, true) => "nothing was lost, but there was less fire or less work than asked for",
        (false, _) => "BROKEN",
    };
    println!("chaos: {kills} kills, {messages} messages, seed {}: {verdict}", arguments.seed);
    if findings.is_empty() && !short { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
