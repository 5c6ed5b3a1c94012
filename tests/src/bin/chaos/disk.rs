//! The disk of the PostgreSQL cluster, which is small enough to be filled, and its server, which somebody starts again.
//!
//! Both are made by `tests/postgres` where `STAFFETTA_TEST_DISK` says how large it is to be.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

/// The disk.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    /// One misfortune at a time.
    busy: Mutex<()>,
}

impl Disk {
    /// The one that `tests/postgres` made; `None` where it made none.
    pub(crate) fn given() -> Option<Self> {
        let folder = std::env::var_os("STAFFETTA_TEST_DISK_FOLDER")?.into();
        Some(Self { folder, busy: Mutex::default() })
    }

    /// Leaves no room on it for a while. False where it is in trouble already.
    pub(crate) async fn fill(&self, pause: Duration) -> bool {
        let Ok(_held) = self.busy.try_lock() else { return false };
        let path = self.folder.join("filler");
        let filling = path.clone();
        let filled = tokio::task::spawn_blocking(move || {
            let mut file = File::create(&filling)?;
            // In smaller and smaller pieces, until not one more page finds room.
            for size in [4 << 20, 64 << 10, 4 << 10] {
                let piece = vec![0; size];
                while file.write_all(&piece).is_ok() {}
            }
            std::io::Result::Ok(())
        });
        let filled = filled.await.expect("a thread that fills a disk");
        sleep(pause).await;
        if filled.is_err() {
            return false;
        }
        std::fs::remove_file(path).expect("the disk takes its room back");
        true
    }

    /// Kills the server, whose manager starts it again. False where there is none just now.
    pub(crate) async fn kill_server(&self) -> bool {
        let Ok(_held) = self.busy.try_lock() else { return false };
        let Ok(text) = std::fs::read_to_string(self.folder.join("data/postmaster.pid")) else { return false };
        let Some(id) = text.lines().next() else { return false };
        let killed = Command::new("kill").args(["-KILL", id]).stderr(Stdio::null()).status();
        let killed = killed.is_ok_and(|status| status.success());
        // Until it is back, and a moment more.
        sleep(Duration::from_secs(2)).await;
        killed
    }
}
