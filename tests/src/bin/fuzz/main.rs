//! What a stranger may send, mutated: the plain driver of the fuzz targets, for a machine that has nothing but Rust.
//!
//! `cargo run -p staffetta-tests --bin fuzz -- --seconds 60` runs every target for so long, each in a process of its own, so
//! that one that dies takes nothing with it. It prints one JSON document for each and a verdict as its last line; what was
//! found is kept in `--findings`, and `--replay FILE --target NAME` shows it again. The same seed and the same `--runs` give
//! the same inputs on every machine. The targets are those of `protocol/fuzz`, and those here that read files for a node.

mod node;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use staffetta_fuzz::Target;
use staffetta_fuzz::drive::{Bounds, drive};
use staffetta_protocol::digest::Digest;

/// What is run, for how long, and where findings go.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the dice begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds of each target.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Inputs of each target at most.
    #[arg(long, default_value_t = u64::MAX)]
    runs: u64,
    /// Milliseconds that one input may take.
    #[arg(long, default_value_t = 1_000)]
    one_ms: u64,
    /// Only this target.
    #[arg(long)]
    target: Option<String>,
    /// Where the inputs that broke a promise are kept.
    #[arg(long, default_value = "target/fuzz-findings")]
    findings: PathBuf,
    /// Runs the target once, on this file.
    #[arg(long, requires = "target")]
    replay: Option<PathBuf>,
    /// Writes the seeds into a folder for each target, for `cargo fuzz run NAME FOLDER/NAME`, and ends.
    #[arg(long)]
    write_seeds: Option<PathBuf>,
    /// One target in this process; every input is written to this file before it runs.
    #[arg(long, hide = true, requires = "target")]
    last: Option<PathBuf>,
    /// One target in this process.
    #[arg(long, hide = true, requires = "target")]
    alone: bool,
}

/// MiB by which a target may let its process grow.
const GROWTH_MIB: u64 = 256;

fn targets() -> impl Iterator<Item = &'static Target> {
    staffetta_fuzz::TARGETS.iter().chain(node::TARGETS)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen: Vec<&Target> =
        targets().filter(|it| arguments.target.as_deref().is_none_or(|name| name == it.name)).collect();
    let Some(first) = chosen.first() else {
        eprintln!("fuzz: no such target");
        return ExitCode::from(2);
    };
    if let Some(folder) = &arguments.write_seeds {
        chosen.iter().for_each(|target| write_seeds(folder, target));
        return ExitCode::SUCCESS;
    }
    if let Some(file) = &arguments.replay {
        (first.run)(&std::fs::read(file).expect("the file can be read"));
        println!("it holds");
        return ExitCode::SUCCESS;
    }
    if arguments.alone || arguments.last.is_some() {
        return alone(first, &arguments);
    }
    let broken: Vec<&str> = chosen.iter().filter(|it| !in_a_process(it, &arguments)).map(|it| it.name).collect();
    if broken.is_empty() {
        println!("fuzz: {} targets hold, seed {}", chosen.len(), arguments.seed);
        return ExitCode::SUCCESS;
    }
    println!("fuzz: {} of {} targets are BROKEN: {}", broken.len(), chosen.len(), broken.join(", "));
    ExitCode::FAILURE
}

fn write_seeds(folder: &Path, target: &Target) {
    for input in (target.seeds)() {
        keep(&folder.join(target.name), &input);
    }
}

/// Keeps an input under its own digest.
fn keep(folder: &Path, input: &[u8]) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder to write into");
    let digest: String = Digest::of(input).as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(digest);
    std::fs::write(&path, input).expect("a file to write into");
    path
}

/// Runs the target and prints what became of it.
fn alone(target: &Target, arguments: &Arguments) -> ExitCode {
    let bounds = Bounds {
        seed: arguments.seed,
        time: Duration::from_secs_f64(arguments.seconds),
        runs: arguments.runs,
        one: Duration::from_millis(arguments.one_ms),
        growth_mib: GROWTH_MIB,
    };
    let findings = arguments.findings.join(target.name);
    let (name, folder) = (target.name, findings.clone());
    let before = |input: &[u8]| {
        if let Some(last) = &arguments.last {
            std::fs::write(last, input).expect("a file to write into");
        }
    };
    let report = drive(target, &bounds, before, move |input| {
        let path = keep(&folder, input);
        println!("{}", json!({"target": name, "hung": path}));
        std::process::exit(3);
    });
    for (what, input) in &report.findings {
        eprintln!("{name}: {what}\n  {}", keep(&findings, input).display());
    }
    println!("{}", serde_json::to_string(&report).expect("a report is JSON"));
    if report.is_clean(&bounds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the target in a process of its own; says whether every promise held. If the process dies, it runs once more in the
/// same order, so that the input that kills it is known.
fn in_a_process(target: &Target, arguments: &Arguments) -> bool {
    let run = |more: &[&str]| {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(["--target", target.name, "--findings"]).arg(&arguments.findings).stdin(Stdio::null());
        for (name, value) in [("--seed", arguments.seed), ("--runs", arguments.runs), ("--one-ms", arguments.one_ms)] {
            command.args([name, &value.to_string()]);
        }
        command.args(["--seconds", &arguments.seconds.to_string()]).args(more);
        command.status().expect("this program can be started")
    };
    let status = run(&["--alone"]);
    if status.code().is_some() {
        return status.success();
    }
    std::fs::create_dir_all(&arguments.findings).expect("a folder to write into");
    let last = arguments.findings.join(format!("{}-died", target.name));
    run(&["--last", &last.to_string_lossy()]);
    println!("{}", json!({"target": target.name, "died": status.to_string(), "input": last}));
    false
}
