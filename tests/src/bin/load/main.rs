//! How many personal messages two nodes exchange: real handlers on both sides, TLS between two processes, everything
//! sealed, signed, verified, receipted, and on the disk of both (`synchronous=FULL`) before it counts.
//!
//! `cargo run --release -p staffetta-tests --bin load` prints one JSON document. Sender, receiver, both databases and the
//! network authority share the cores of one machine, and it has the load: compare runs of one machine, as ratios.
//!
//! - `exchange`: messages that wait go from the sender's outbox until their receipts are settled there; the rate of each
//!   tenth says whether it stays the same to the last.
//! - `receiver`: batches whose messages were signed beforehand, a hundred each, one after the other; and single messages
//!   of eight senders at once. What signs the calls runs on the same cores.
//! - `round_trip`: one message at a time, twenty in a second, from the commit at the sender to the receipt's.

mod measure;
mod network;
mod queue;

use std::path::PathBuf;

use clap::Parser;
use serde_json::json;
use staffetta_protocol::id::EntityId;

/// What is asked of the exchange.
#[derive(Debug, Parser)]
struct Arguments {
    /// People who are referred; the messages are about them in turn.
    #[arg(long, default_value_t = 200)]
    people: usize,
    /// Messages that wait when the measure of the exchange begins.
    #[arg(long, default_value_t = 10_000)]
    messages: usize,
    /// Messages for the receiver alone, in batches and one by one.
    #[arg(long, default_value_t = 8_000)]
    received: usize,
    /// Seconds of the round trips, twenty in each.
    #[arg(long, default_value_t = 30)]
    seconds: usize,
    /// The folder of the databases, kept afterwards. Without it a temporary one.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Receives on this port, until standard input ends: what the measuring process starts.
    #[arg(long, hide = true, requires = "authority")]
    receive: Option<u16>,
    #[arg(long, hide = true)]
    authority: Option<EntityId>,
    #[arg(long, hide = true, default_value = "")]
    code: String,
}

#[actix_web::main]
async fn main() {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    if let (Some(port), Some(authority)) = (arguments.receive, &arguments.authority) {
        return network::receive(&folder, port, authority, &arguments.code).await;
    }
    let network = network::Network::start(&folder, 2 + measure::AT_ONCE).await;
    let exchange = measure::exchange(&network, arguments.people, arguments.messages).await;
    eprintln!("exchange: {exchange}");
    let round_trip = measure::round_trip(&network, arguments.seconds).await;
    eprintln!("round trip: {round_trip}");
    let receiver = measure::receiver(&network, arguments.received).await;
    let report = json!({
        "exchange": exchange, "receiver": receiver, "round_trip": round_trip, "machine": staffetta_tests::machine(),
    });
    println!("{report:#}");
}
