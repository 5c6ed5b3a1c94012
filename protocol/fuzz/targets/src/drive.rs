//! The plain driver's loop: one target, one seed, until time or runs are over.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::mutate::{Dice, mutate};
use crate::{Target, corpus};

/// Until when one target runs, and what one input may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Where the dice begin.
    pub seed: u64,
    /// No longer than this.
    pub time: Duration,
    /// No more inputs than this.
    pub runs: u64,
    /// What one input may take; beyond four times this the process is given up.
    pub one: Duration,
    /// By how much the process may grow, in MiB.
    pub growth_mib: u64,
}

/// What became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which target.
    pub target: String,
    /// Inputs that ran.
    pub runs: u64,
    /// Seconds that they took.
    pub seconds: f64,
    /// Inputs that broke a promise.
    pub panics: u64,
    /// Inputs that took longer than one may.
    pub slow: u64,
    /// Milliseconds of the slowest.
    pub slowest_ms: f64,
    /// MiB by which the process grew.
    pub grown_mib: u64,
    /// The first findings: where, and the input.
    #[serde(skip)]
    pub findings: Vec<(String, Vec<u8>)>,
}

/// Findings that are kept; the rest is counted.
const MOST_FINDINGS: usize = 10;

impl Report {
    /// Whether every promise held.
    pub fn is_clean(&self, bounds: &Bounds) -> bool {
        self.panics == 0 && self.slow == 0 && self.grown_mib <= bounds.growth_mib
    }

    fn find(&mut self, what: String, input: &[u8]) {
        if self.findings.len() < MOST_FINDINGS && self.findings.iter().all(|(known, _)| *known != what) {
            self.findings.push((what, input.to_vec()));
        }
    }
}

/// Runs a target on its seeds, on what was found before, and on mutations of both. `before` sees each input first; `hung`
/// is called with an input that does not come to an end, from another thread, and ought to end the process.
pub fn drive(
    target: &Target,
    bounds: &Bounds,
    mut before: impl FnMut(&[u8]),
    hung: impl FnOnce(&[u8]) + Send + 'static,
) -> Report {
    let mut seeds = (target.seeds)();
    seeds.extend(corpus::kept(target.name));
    assert!(!seeds.is_empty(), "{} has no seed", target.name);
    let told = Arc::new(Mutex::new(String::new()));
    let hears = Arc::clone(&told);
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let why = info.payload_as_str().unwrap_or_default();
        *hears.lock().unwrap_or_else(PoisonError::into_inner) = format!("{place}: {why}");
    }));
    let watched = Arc::new(Watched::default());
    watched.clone().watch(bounds.one * 4, hung);
    let base = peak_mib();
    let begun = Instant::now();
    let mut dice = Dice::new(bounds.seed);
    let mut report = Report {
        target: target.name.to_owned(),
        runs: 0,
        seconds: 0.0,
        panics: 0,
        slow: 0,
        slowest_ms: 0.0,
        grown_mib: 0,
        findings: Vec::new(),
    };
    while report.runs < bounds.runs && begun.elapsed() < bounds.time {
        let input = match seeds.get(usize::try_from(report.runs).unwrap_or(usize::MAX)) {
            Some(seed) => seed.clone(),
            None => {
                let (one, other) = (dice.below(seeds.len()), dice.below(seeds.len()));
                mutate(&mut dice, &seeds[one], &seeds[other])
            }
        };
        before(&input);
        watched.begins(&input);
        let start = Instant::now();
        let held = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let took = start.elapsed();
        watched.ends();
        report.runs += 1;
        report.slowest_ms = report.slowest_ms.max(took.as_secs_f64() * 1000.0);
        if held.is_err() {
            report.panics += 1;
            report.find(told.lock().unwrap_or_else(PoisonError::into_inner).clone(), &input);
        }
        if took > bounds.one {
            report.slow += 1;
            report.find("slow".to_owned(), &input);
        }
    }
    watched.stop();
    panic::set_hook(former);
    report.seconds = begun.elapsed().as_secs_f64();
    report.grown_mib = peak_mib().saturating_sub(base);
    report
}

/// The most memory that this process ever had, in MiB; 0 where the system does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// The input that is being read, for a second thread that looks whether it comes to an end.
#[derive(Default)]
struct Watched {
    present: Mutex<Present>,
    over: Condvar,
}

#[derive(Default)]
struct Present {
    input: Vec<u8>,
    since: Option<Instant>,
    over: bool,
}

impl Watched {
    fn begins(&self, input: &[u8]) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.input.clear();
        present.input.extend_from_slice(input);
        present.since = Some(Instant::now());
    }

    fn ends(&self) {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).since = None;
    }

    fn stop(&self) {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.over.notify_all();
    }

    fn watch(self: Arc<Self>, most: Duration, hung: impl FnOnce(&[u8]) + Send + 'static) {
        std::thread::spawn(move || {
            let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
            while !present.over {
                if present.since.is_some_and(|since| since.elapsed() > most) {
                    return hung(&present.input);
                }
                let waited = self.over.wait_timeout(present, Duration::from_millis(200));
                present = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        });
    }
}
