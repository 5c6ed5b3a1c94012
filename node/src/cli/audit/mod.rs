//! `staffetta audit`: the journal against itself, and what it proves to others.

mod gather;
mod judge;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use staffetta_protocol::evidence::{CHECKPOINTS_FORMAT, Checkpoints};
use staffetta_protocol::id::Kid;
use uuid::Uuid;

pub use gather::evidence;
pub use judge::{compare, judged};

use super::{Opened, open};
use crate::error::{Error, Result};
use crate::journal::{self, Sealer};

/// The journal: verify it, and prove with it.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Verify the whole journal: every entry against its leaf, the tree, and what was signed. Names the first bad entry.
    Verify,
    /// Put everything that proves what became of a referral into one file: messages, chains, receipts, journal.
    Evidence {
        /// The referral's id at this node, also when it was deleted since.
        referral: Uuid,
        /// Where to; standard output without it. The file holds personal data, unless they were erased.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Judge such a file, with nothing but the file: says what is proven and what is not.
    Check {
        /// The file.
        file: PathBuf,
        /// Thumbprint of a key of the network authority, known from elsewhere. May be given several times.
        #[arg(long = "authority-key", value_name = "KID")]
        authority_keys: Vec<String>,
    },
    /// Write down the newest checkpoints that this node and its partners signed.
    Checkpoints {
        /// Where to; standard output without it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Compare two files of evidence or of checkpoints: were both told the same history?
    Compare {
        /// One.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
}

impl Audit {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        match self {
            Self::Check { file, authority_keys } => {
                let known: Vec<Kid> = authority_keys.into_iter().map(Kid::new).collect();
                say(&judged(&read(&file)?, &known)?)
            }
            Self::Compare { one, other } => say(&compare(&read(&one)?, &read(&other)?)?),
            Self::Verify => with(file, |node| async move { verify(&node).await }).await,
            Self::Evidence { referral, out } => {
                with(file, |node| async move {
                    let evidence = evidence(&node, referral).await?;
                    write(out.as_deref(), &serde_json::to_vec_pretty(&evidence).map_err(Error::internal)?)
                })
                .await
            }
            Self::Checkpoints { out } => {
                with(file, |node| async move {
                    let me = node.config.node.entity_id.clone();
                    let own = Sealer::new(node.store.clone(), node.keys.clone(), me).seal_now().await?;
                    let (heard, _) = node.store.read(journal::neighbours).await?;
                    let checkpoints = std::iter::once(own).chain(heard.into_iter().map(|one| one.jws)).collect();
                    let said = Checkpoints { format: CHECKPOINTS_FORMAT.into(), checkpoints };
                    write(out.as_deref(), &serde_json::to_vec_pretty(&said).map_err(Error::internal)?)
                })
                .await
            }
        }
    }
}

async fn with<F: Future<Output = Result<()>>>(file: Option<&Path>, verb: impl FnOnce(Opened) -> F) -> Result<()> {
    let node = open(file)?;
    let store = node.store.clone();
    let outcome = verb(node).await;
    store.close().await;
    outcome
}

async fn verify(node: &Opened) -> Result<()> {
    match journal::verify(&node.store, &node.keys, &node.config.node.entity_id).await? {
        Ok(it) => {
            println!(
                "Il registro è integro: {} voci lette, {} foglie in {} registri, {} sigilli validi.",
                it.entries, it.leaves, it.logs, it.checkpoints
            );
            println!(
                "The journal is whole: {} entries read, {} leaves in {} logs, {} valid checkpoints.",
                it.entries, it.leaves, it.logs, it.checkpoints
            );
            if it.waiting > 0 {
                println!("{} voci attendono ancora il loro posto / entries still wait for their place.", it.waiting);
            }
            if it.revoked > 0 {
                println!("{} sigilli di chiavi revocate / checkpoints under keys that were revoked.", it.revoked);
            }
            Ok(())
        }
        Err(bad) => {
            let entry = bad.entry.map_or_else(|| "-".into(), |id| id.to_string());
            Err(Error::Setup(format!(
                "il registro NON è integro / the journal is NOT whole: log {}, position {}, entry {entry}: {}",
                bad.log, bad.position, bad.why
            )))
        }
    }
}

/// Prints the judgement. An error where anything is false.
fn say((lines, sound): &(Vec<String>, bool)) -> Result<()> {
    for line in lines {
        println!("{line}");
    }
    if *sound { Ok(()) } else { Err(Error::Setup("qualcosa non regge / something does not hold".into())) }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| Error::Setup(format!("{}: {cause}", path.display())))
}

fn write(out: Option<&Path>, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let failed = |cause: std::io::Error| Error::Setup(format!("the file could not be written: {cause}"));
    match out {
        Some(path) => private(path).and_then(|mut file| file.write_all(bytes)).map_err(failed),
        None => std::io::stdout().write_all(bytes).map_err(failed),
    }
}

/// A new file that only its owner may read: it holds what people said.
fn private(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
