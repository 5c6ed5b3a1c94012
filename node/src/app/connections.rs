//! How many connections a server takes: fewer than would use up what the process may open.

use std::thread::available_parallelism;

use rustix::process::{Resource, getrlimit};

/// For each of so many workers at most, whatever the system allows.
const MOST: u64 = 25_000;
/// For each of so many workers at least.
const LEAST: u64 = 32;
/// What a connection takes of a process that spends half of its descriptors on them: each has two. The other half is for the
/// store, its files, and calls to others.
const SHARE: u64 = 4;

/// For each of the workers, of which 0 means one for each processor core.
pub(super) fn for_each_worker(workers: usize) -> usize {
    let workers = if workers > 0 { workers } else { available_parallelism().map_or(2, Into::into) };
    share(getrlimit(Resource::Nofile).current, workers as u64) as usize
}

fn share(descriptors: Option<u64>, workers: u64) -> u64 {
    descriptors.map_or(MOST, |all| all / SHARE / workers).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_leaves_half_of_the_descriptors_to_the_rest_of_the_node() {
        assert_eq!(share(Some(1_024), 2), 128);
        assert_eq!(share(Some(65_536), 4), 4_096);
        assert_eq!(share(Some(64), 8), LEAST);
        assert_eq!((share(Some(1 << 30), 1), share(None, 1)), (MOST, MOST));
        assert!((1..=MOST as usize).contains(&for_each_worker(0)));
    }
}
