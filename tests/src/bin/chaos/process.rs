//! One `staffetta serve`, and what is done to it.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A process of a node. Between two of its lives nothing is remembered but what it stored.
#[derive(Debug)]
pub(crate) struct Process {
    binary: PathBuf,
    settings: PathBuf,
    log: PathBuf,
    /// Where it listens, on loopback.
    pub(crate) port: u16,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    clock_off_by: i64,
}

impl Process {
    pub(crate) fn new(binary: PathBuf, settings: PathBuf, log: PathBuf, port: u16) -> Self {
        Self { binary, settings, log, port, state: Mutex::default() }
    }

    fn log(&self) -> File {
        OpenOptions::new().create(true).append(true).open(&self.log).expect("a log can be written")
    }

    /// Runs it, if it does not run, with this clock.
    pub(crate) fn start(&self, clock_off_by: i64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = state.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        if runs && state.clock_off_by == clock_off_by {
            return;
        }
        end(&mut state);
        // A write beyond the limit on a file's size is an error for the program, as a full disk is, and not its end.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(&self.binary);
        command.arg("--config").arg(&self.settings).arg("serve");
        command.env("STAFFETTA__LISTEN__ADDRESS", format!("127.0.0.1:{}", self.port));
        command.env("STAFFETTA__NODE__CLOCK_OFF_BY_SECONDS", clock_off_by.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.log());
        state.clock_off_by = clock_off_by;
        state.child = Some(command.spawn().expect("the program can be started"));
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        end(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What `/health/ready` says: the status and the body. None where it does not answer within a few seconds.
    pub(crate) async fn says_of_itself(&self) -> Option<(u16, String)> {
        let client =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(4)).build().expect("a plain client");
        let answer = client.get(format!("http://127.0.0.1:{}/health/ready", self.port)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    fn id(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.child.as_ref().map(|child| child.id().to_string())
    }

    /// SIGSTOP, or SIGCONT.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        if let Some(id) = self.id() {
            // It may have died in between.
            let _ = Command::new("kill").args([signal, &id]).stderr(Stdio::null()).status();
        }
    }

    /// No file of it may grow beyond so many bytes; `None` for any size.
    pub(crate) fn limit(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        if let Some(id) = self.id() {
            let limited =
                Command::new("prlimit").args(["--pid", &id]).arg(format!("--fsize={limit}:unlimited")).output();
            limited.expect("prlimit of util-linux can be run");
        }
    }
}

fn end(state: &mut State) {
    if let Some(mut child) = state.child.take() {
        // Whoever ended by itself needs no kill.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.freeze(false);
        self.kill();
    }
}
