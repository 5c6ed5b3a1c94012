//! How many personal messages two nodes exchange: real handlers on both sides, TLS between two processes, everything
//! sealed, signed, verified, receipted, and on the disk of both (`synchronous=FULL`) before it counts.
//!
//! `cargo run --release -p staffetta-tests --bin load` prints one JSON document; what is under way is told on standard
//! error. Sender, receiver, both databases and the network authority share the cores of one machine, and it has the
//! load: compare runs of one machine, as ratios. Beside each figure that has a goal stands the goal, and whether it is
//! met.
//!
//! - `exchange`: messages that wait go from the sender's outbox until their receipts are settled there; the rate of
//!   each tenth says whether it stays the same to the last.
//! - `round-trip`: one message at a time, twenty in a second, from the commit at the sender to the receipt's.
//! - `receiver`: batches whose messages were signed beforehand, a hundred each, one after the other; and single
//!   messages of eight senders at once. What signs the calls runs on the same cores.
//! - `catch-up`: the receiver is off while messages are queued, and comes back: the rate of each tenth, and what both
//!   processes hold in memory (`catch_up.rs`). The sender's process holds the authority too.
//! - `flat`: the rate with a thousand messages in both stores and with many (`flat.rs`, `fill.rs`).
//! - `links`: the rate with one link and with many (`links.rs`).
//! - `limits`: what the machine itself can sign, verify, write and answer in a second (`limits.rs`).
//!
//! `--only catch-up,limits` measures these; `--strict` ends with 1 where a goal is missed. The defaults are for a look of two minutes. The goals are about more:
//! `--queued 100000 --stored 1000000 --links 200`, best with `--people 500` since queueing reads what was said of a person
//! before, takes longer, and 40 GB for the databases (`--folder` says where). The parts of a message are measured by
//! themselves with `cargo bench -p staffetta-protocol`.

mod alone;
mod catch_up;
mod course;
mod exchange;
mod figures;
mod fill;
mod flat;
mod limits;
mod links;
mod memory;
mod network;
mod queue;
mod receiver;
mod settings;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use network::Network;
use serde_json::{Map, Value, json};
use staffetta_protocol::id::EntityId;
use staffetta_tests::Ending;

/// What is asked of the exchange.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    ending: Ending,
    /// The parts to be measured, with commas. Without it all.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// People who are referred; the messages are about them in turn.
    #[arg(long, default_value_t = 100, value_parser = some())]
    people: usize,
    /// Messages that wait when the measure of the exchange begins.
    #[arg(long, default_value_t = 10_000, value_parser = some())]
    messages: usize,
    /// Messages for the receiver alone, in batches and one by one.
    #[arg(long, default_value_t = 8_000, value_parser = some())]
    received: usize,
    /// Seconds of the round trips, twenty in each.
    #[arg(long, default_value_t = 10, value_parser = some())]
    seconds: usize,
    /// Messages that are queued while the receiver is away; the goal is about 100,000.
    #[arg(long, default_value_t = 20_000, value_parser = some())]
    queued: usize,
    /// Messages in the store of whoever has many; the goal is about 1,000,000.
    #[arg(long, default_value_t = 50_000, value_parser = some())]
    stored: usize,
    /// Messages of each of the runs in which few and many are compared.
    #[arg(long, default_value_t = 2_000, value_parser = some())]
    sampled: usize,
    /// Links of whoever has many; the goal is about 200.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    links: u16,
    /// The folder of the databases, kept afterwards. Without it a temporary one.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Receives on this port, until standard input ends: what the measuring process starts.
    #[arg(long, hide = true, requires = "authority")]
    receive: Option<u16>,
    #[arg(long, hide = true)]
    authority: Option<EntityId>,
    #[arg(long, hide = true)]
    code: Option<String>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Exchange,
    RoundTrip,
    Receiver,
    CatchUp,
    Flat,
    Links,
    Limits,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    if let (Some(port), Some(authority)) = (arguments.receive, &arguments.authority) {
        receiver::receive(&folder, port, authority, arguments.code.as_deref()).await;
        return ExitCode::SUCCESS;
    }
    let mut report = Map::new();
    for part in Part::value_variants() {
        if arguments.only.is_empty() || arguments.only.contains(part) {
            let name = part.to_possible_value().expect("no part is hidden").get_name().replace('-', "_");
            let measured = measure(*part, &arguments, &folder.join(&name)).await;
            eprintln!("{name}: {measured}");
            report.insert(name, measured);
        }
    }
    report.insert("machine".into(), staffetta_tests::machine());
    arguments.ending.with(&Value::Object(report))
}

/// One part, on a network of its own in this folder.
async fn measure(part: Part, asked: &Arguments, folder: &Path) -> Value {
    let senders = match part {
        Part::Flat => return flat::flat(folder, asked.people, asked.stored, asked.sampled).await,
        Part::Limits => return limits::limits(folder).await,
        Part::Receiver => 1 + alone::AT_ONCE,
        Part::Exchange | Part::RoundTrip | Part::CatchUp | Part::Links => 1,
    };
    let mut network = Network::start(folder, senders).await;
    let measured = match part {
        Part::Exchange => exchange::exchange(&network, asked.people, asked.messages).await,
        Part::RoundTrip => exchange::round_trip(&network, asked.seconds).await,
        Part::Receiver => alone::receiver(&network, asked.received).await,
        Part::CatchUp => catch_up::catch_up(&mut network, asked.people, asked.queued).await,
        Part::Links | Part::Flat | Part::Limits => {
            let links = usize::from(asked.links);
            json!({
                "idle": links::idle(&network, asked.people, links, asked.sampled).await,
                "senders": links::senders(&network, links, asked.sampled).await,
            })
        }
    };
    network.end().await;
    measured
}

/// One at least.
fn some() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}
