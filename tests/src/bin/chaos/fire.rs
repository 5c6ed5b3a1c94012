//! What goes wrong, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Database;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::network::Network;
use crate::process::Process;

/// What went wrong how often.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Misfortunes {
    pub(crate) kills: u64,
    pub(crate) cuts: u64,
    pub(crate) freezes: u64,
    pub(crate) full_disks: u64,
    pub(crate) killed_servers: u64,
    pub(crate) wrong_clocks: u64,
    pub(crate) rotations: u64,
    /// Full disks that the node was asked about, and how often it said that all was well.
    pub(crate) asked_in_trouble: u64,
    pub(crate) hidden_troubles: u64,
}

/// A fire under way.
#[derive(Debug)]
pub(crate) struct Fire {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    network: Arc<Network>,
    /// PostgreSQL's. SQLite's files are limited instead.
    disk: Option<Disk>,
    dice: Dice,
    /// By how much a clock may be wrong.
    wrong: Vec<i64>,
    kills: AtomicU64,
    counted: Mutex<Misfortunes>,
    /// One misfortune at a time for each process.
    busy: Vec<Mutex<()>>,
    out: AtomicBool,
}

/// Seconds by which a clock may be wrong: within what honest clocks may differ by, and far behind.
const BEHIND: &[i64] = &[-40, 40, -7_200, -86_400];
/// A new key signs a day after it was made, when every partner knows it. Here it does after so many seconds of fire.
const ROTATES_AFTER: i64 = 10;
/// From one node to the next.
const ROTATES_APART: i64 = 12;
/// Who burned for so long has signed with a new key.
pub(crate) const ROTATED_BY: Duration = Duration::from_secs(60);
/// Far ahead.
const AHEAD: &[i64] = &[7_200, 86_400, 31_536_000];

impl Fire {
    /// Sets fire. `pause` is the mean time between two misfortunes.
    pub(crate) async fn begin(network: Arc<Network>, seed: u64, pause: Duration, ahead: bool) -> Self {
        for (node, after) in network.nodes.iter().zip((ROTATES_AFTER..).step_by(ROTATES_APART as usize)) {
            let made = node.run(&["keys", "rotate"]);
            assert!(made.status.success(), "{}: {}", node.name, String::from_utf8_lossy(&made.stderr));
            node.signs_anew_in(TimeDelta::seconds(after)).await;
        }
        for node in &network.nodes {
            node.looks_again_at_everybody().await;
        }
        network.nodes.iter().for_each(|node| node.proxy.is_bad(true));
        let busy = network.processes().map(|_| Mutex::new(())).collect();
        let shared = Arc::new(Shared {
            disk: Disk::given().filter(|_| network.database == Database::Postgres),
            network,
            dice: Dice::new(seed),
            wrong: if ahead { [BEHIND, AHEAD].concat() } else { BEHIND.to_vec() },
            kills: AtomicU64::new(0),
            counted: Mutex::default(),
            busy,
            out: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        let burning = Arc::clone(&shared);
        tasks.spawn(async move { burning.burn(pause).await });
        Self { shared, tasks }
    }

    /// Processes that were killed so far.
    pub(crate) fn kills(&self) -> u64 {
        self.shared.kills.load(Ordering::Relaxed)
    }

    /// Keeps misfortunes from a process until what this gives is dropped.
    pub(crate) async fn hold<'a>(&'a self, network: &Network, process: &Process) -> MutexGuard<'a, ()> {
        let index = network.processes().position(|it| std::ptr::eq(it, process)).expect("a process of the network");
        self.shared.busy[index].lock().await
    }

    /// What could not be done to them.
    pub(crate) fn findings(&self) -> Option<String> {
        let lacks = self.shared.network.database == Database::Postgres && self.shared.disk.is_none();
        lacks.then(|| "no disk to fill: tests/postgres makes one where STAFFETTA_TEST_DISK says how large".to_owned())
    }

    /// Ends it, and what it had begun.
    pub(crate) async fn put_out(&mut self) -> Misfortunes {
        self.shared.out.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
        let mut counted = *self.shared.counted.lock().await;
        counted.kills = self.kills();
        counted
    }
}

impl Shared {
    async fn burn(self: Arc<Self>, pause: Duration) {
        let mut under_way = JoinSet::new();
        let milliseconds = usize::try_from(pause.as_millis()).unwrap_or(1);
        while !self.out.load(Ordering::Relaxed) {
            sleep(self.dice.up_to(2 * milliseconds)).await;
            let (victim, what) = (self.dice.below(self.busy.len()), self.dice.below(100));
            let shared = Arc::clone(&self);
            under_way.spawn(async move { shared.befall(victim, what).await });
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn befall(&self, victim: usize, what: usize) {
        // Whoever is in trouble already is left alone.
        let Ok(_held) = self.busy[victim].try_lock() else { return };
        let process = self.network.processes().nth(victim).expect("a process for each lock");
        let node = self.network.nodes.iter().find(|node| node.processes.iter().any(|it| std::ptr::eq(it, process)));
        let node = node.expect("every process belongs to a node");
        let killed = || self.kills.fetch_add(1, Ordering::Relaxed);
        match what {
            0..72 => {
                process.kill();
                killed();
                sleep(self.dice.up_to(500)).await;
                process.start(0);
            }
            72..80 => {
                self.counted.lock().await.cuts += 1;
                node.proxy.cut(true);
                sleep(self.dice.up_to(2_000)).await;
                node.proxy.cut(false);
            }
            80..88 => {
                self.counted.lock().await.freezes += 1;
                process.freeze(true);
                // Now and then for longer than a lease lasts.
                let long = if self.dice.happens(200) { Duration::from_secs(10) } else { Duration::ZERO };
                sleep(long + self.dice.up_to(2_000)).await;
                process.freeze(false);
            }
            88..94 if self.network.database == Database::Sqlite => {
                self.counted.lock().await.full_disks += 1;
                // Below what the files have already: a journal that is written anew from its beginning runs into it too.
                let largest = usize::try_from(node.largest_file()).unwrap_or_default();
                // Now and then no byte can be written to any file: that it must say itself.
                let none = self.dice.happens(300);
                process.limit(if none { Some(0) } else { u64::try_from(self.dice.below(largest)).ok() });
                if none && let Some((status, _)) = process.says_of_itself().await {
                    let mut counted = self.counted.lock().await;
                    counted.asked_in_trouble += 1;
                    counted.hidden_troubles += u64::from(status == 200);
                }
                sleep(self.dice.up_to(2_500)).await;
                if self.dice.happens(300) {
                    process.kill();
                    killed();
                    process.start(0);
                }
                process.limit(None);
            }
            88..91 => {
                let pause = self.dice.up_to(2_500);
                if let Some(disk) = &self.disk
                    && disk.fill(pause).await
                {
                    self.counted.lock().await.full_disks += 1;
                }
            }
            91..94 => {
                if let Some(disk) = &self.disk
                    && disk.kill_server().await
                {
                    self.counted.lock().await.killed_servers += 1;
                }
            }
            94..99 => {
                self.counted.lock().await.wrong_clocks += 1;
                process.kill();
                killed();
                process.start(self.wrong[self.dice.below(self.wrong.len())]);
                sleep(Duration::from_secs(1) + self.dice.up_to(2_000)).await;
                process.kill();
                killed();
                process.start(0);
            }
            _ => {
                let network = Arc::clone(&self.network);
                let name = node.name;
                let rotated = tokio::task::spawn_blocking(move || {
                    let node = network.nodes.iter().find(|node| node.name == name).expect("the same node");
                    node.run(&["keys", "rotate"])
                });
                // Refused while the last one has not begun to sign.
                if rotated.await.is_ok_and(|output| output.status.success()) {
                    self.counted.lock().await.rotations += 1;
                }
            }
        }
    }
}
