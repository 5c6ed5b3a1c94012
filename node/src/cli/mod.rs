//! The command line: one verb per file, one arm per verb.
//!
//! Every verb but `serve` and `demo` works on the node's database itself, so it does its work whether the node is
//! running or not. A verb prints what a person wants to know to standard output; why it failed goes to standard error.

pub mod audit;
mod backup;
mod demo;
mod init;
mod join;
mod keys;
mod member;
mod opened;
mod restore;
mod retention;
mod serve;
mod user;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};

pub use init::Init;
pub use opened::Opened;

/// The name of the configuration in a node's folder.
pub const CONFIG_FILE: &str = "staffetta.toml";

/// One partner's node of a Staffetta network.
#[derive(Debug, Parser)]
#[command(name = "staffetta", version, max_term_width = 100)]
pub struct Cli {
    /// The node's configuration. Without it: staffetta.toml of this folder, if there is one, and the environment.
    #[arg(long, global = true, value_name = "FILE", env = "STAFFETTA_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the node until SIGTERM or Ctrl-C.
    Serve,
    Demo(demo::Arguments),
    Init(init::Init),
    Join(join::Join),
    #[command(subcommand)]
    Member(member::Member),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand, alias = "staff")]
    User(user::User),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Retention(retention::Retention),
}

/// Does what the arguments of this process say.
pub async fn run() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("staffetta: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    async fn run(self) -> Result<()> {
        let file = self.config.or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists()));
        let file = file.as_deref();
        match self.verb {
            Verb::Serve => serve::run(file).await,
            Verb::Demo(arguments) => arguments.run().await,
            Verb::Init(init) => init.run().await,
            Verb::Join(join) => join.run(file).await,
            Verb::Member(member) => member.run(file).await,
            Verb::Keys(keys) => keys.run(file).await,
            Verb::Audit(audit) => audit.run(file).await,
            Verb::User(user) => user.run(file).await,
            Verb::Backup(backup) => backup.run(file).await,
            Verb::Restore(restore) => restore.run(file).await,
            Verb::Retention(retention) => retention.run(file).await,
        }
    }
}

/// A verb's node, or why there is none.
fn open(file: Option<&Path>) -> Result<Opened> {
    let config = crate::config::Config::load(file)?;
    Opened::open(&config, config.node.clock())
}

/// An error for a person at a terminal: the code says what, the detail says more.
fn sentence(error: &Error) -> String {
    match error {
        Error::Problem(problem) if !problem.allowed.is_empty() => {
            format!("{} Permitted now: {}.", problem.code.title_en(), problem.allowed.join(", "))
        }
        Error::Problem(problem) => match &problem.detail {
            Some(detail) => format!("{} {detail}", problem.code.title_en()),
            None => problem.code.title_en().into(),
        },
        other => other.to_string(),
    }
}
