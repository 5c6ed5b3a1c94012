//! `staffetta retention`: what was deleted because its time had come, and what would be.

use std::path::Path;

use clap::Args;

use super::open;
use crate::error::Result;
use crate::rights::retention::{self, Counted};
use crate::wiring;

/// Show what the last run of the retention rules deleted.
#[derive(Debug, Args)]
pub(super) struct Retention {
    /// Count what a run would delete now, and delete nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Retention {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let node = open(file)?;
        let counts = if self.dry_run {
            retention::dry_run(&node.store, wiring::RETAINED, &node.config.retention).await.map(Some)
        } else {
            node.store.read(retention::last).await.map(|report| {
                report.map(|report| {
                    println!("{:?} of {}", report.kind, report.begun_at.format("%Y-%m-%d %H:%M UTC"));
                    report.counts
                })
            })
        };
        node.store.close().await;
        match counts? {
            Some(counts) => counts.iter().for_each(print),
            None => {
                println!("There has been no run yet: the running node does one a day, once its clock is confirmed.")
            }
        }
        Ok(())
    }
}

fn print(counted: &Counted) {
    println!("{:<26} {:>8}  frozen {}", counted.rule, counted.ended, counted.frozen);
}
