//! How fast the record is when it is full: fills a database through the verbs of a node, serves it in a process of its
//! own, which is started on the filled database, and asks it over HTTP on loopback as a desk does.
//!
//! `cargo run --release -p staffetta-tests --bin record -- --people 50000 --versions 200000` prints one JSON document
//! with the times, the memory, the machine, and whether each is within its goal. Memory is that of the process that
//! serves and has filled nothing: what is resident (`VmRSS`) after its start, and at work. What it held at its highest
//! is told beside it. On a machine that does other things the times say little: the document has the load. `--strict` ends
//! with 1 where a goal is missed.
//!
//! 2026-11-22, 50,000 people and 200,000 versions (1.2 GiB), release build, two cores of an AMD EPYC with little else to do
//! (load 1 to 2), 300 rounds, median and 99th of a hundred: a page 0.9 and 2.2 ms, a section saved 0.8 and 3.4 ms, a search
//! by three letters 1.4 and 5.6 ms (all cases), 4.0 and 9.0 ms (own cases), a log-in 11 ms. The node held 93 MiB at work
//! and 162 MiB at its highest, which is within its start: each worker collects the API documents with its routes.

mod fill;
mod measure;
mod names;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use staffetta_tests::Ending;

/// What is asked of the record.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    ending: Ending,
    /// People in the record.
    #[arg(long, default_value_t = 50_000)]
    people: usize,
    /// Versions of their cards, at least one for each.
    #[arg(long, default_value_t = 200_000)]
    versions: usize,
    /// Operators, who lead the same number of cases each.
    #[arg(long, default_value_t = 100)]
    operators: usize,
    /// How often each thing is measured.
    #[arg(long, default_value_t = 500)]
    rounds: usize,
    /// The folder of the database, kept afterwards: what an earlier run filled there is measured again. Without it a
    /// temporary one.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Serves the database of the folder on this port, until standard input ends: what the measuring process starts.
    #[arg(long, hide = true)]
    serve: Option<u16>,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let (Some(port), Some(folder)) = (arguments.serve, &arguments.folder) {
        serve::serve(folder, port).await;
        return ExitCode::SUCCESS;
    }
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let filled = match fill::found(&folder) {
        Some(filled) => filled,
        None => fill::fill(&folder, &arguments).await,
    };
    let served = serve::Served::start(&folder);
    let measured = measure::measure(&served, &filled, arguments.rounds).await;
    let report = json!({
        "record": {
            "people": filled.people, "versions": filled.versions, "operators": filled.operators.len(),
            "database_mib": filled.bytes / (1 << 20), "fill_seconds": filled.seconds,
        },
        "measured": measured.times,
        "memory_mib": measured.memory,
        "goals": measured.goals,
        "machine": staffetta_tests::machine(),
    });
    arguments.ending.with(&report)
}
