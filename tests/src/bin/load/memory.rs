//! What a process holds in memory, in MiB, as Linux counts it (`proc_pid_status(5)`).

use std::fs;

/// A process by its number; `self` is this one.
#[derive(Debug, Clone)]
pub(super) struct Process(String);

impl Process {
    /// This one: the authority and every sender.
    pub(super) fn own() -> Self {
        Self("self".to_owned())
    }

    pub(super) fn numbered(id: u32) -> Self {
        Self(id.to_string())
    }

    /// Resident now (`VmRSS`). None of a process that is gone.
    pub(super) fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// Resident at its highest (`VmHWM`) since it started, or since [`Self::forget_highest`].
    pub(super) fn highest(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// Begins anew to look for the highest. Where that is forbidden the highest is that of the whole life.
    pub(super) fn forget_highest(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.0), "5");
    }

    fn status(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        (kib.unwrap_or(0.0) / 102.4).round() / 10.0
    }
}
