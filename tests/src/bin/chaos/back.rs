//! The job centre goes back to a copy that is some seconds old, while everything burns.
//!
//! What it had been told meanwhile it must be told again, and take once. What it had said meanwhile may be gone, and what had
//! arrived of that stays where it is. A conversation of that time may have come to a state that the two see differently, and
//! then it ends there; reports go on.

use std::time::Duration;

use tokio::time::sleep;

use crate::dice::Dice;
use crate::fire::Fire;
use crate::network::Network;
use crate::work::Work;

/// Makes a copy, waits, and puts the node back to it. Says what did not work.
pub(crate) async fn go_back(network: &Network, work: &Work, fire: &Fire, seed: u64) -> Result<(), String> {
    let node = network.cpi();
    let copy = node.folder().join("copy");
    let into = copy.to_string_lossy().into_owned();
    let before = work.lengths();
    // What burns may keep a copy from being made; the next try makes it anew.
    let mut made = node.run(&["backup", &into]);
    for _ in 0..20 {
        if made.status.success() {
            break;
        }
        sleep(Duration::from_millis(500)).await;
        made = node.run(&["backup", &into]);
    }
    if !made.status.success() {
        return Err(format!("no copy could be made: {}", String::from_utf8_lossy(&made.stderr)));
    }
    sleep(Duration::from_secs(2) + Dice::new(seed).up_to(4_000)).await;

    let process = &node.processes[0];
    let _held = fire.hold(network, process).await;
    process.kill();
    // What was answered before that is on its way to whoever remembers it.
    sleep(Duration::from_secs(2)).await;
    work.went_back(before);
    let done = node.run(&["restore", &into, "--replace"]);
    if !done.status.success() {
        return Err(format!("the copy was not restored: {}", String::from_utf8_lossy(&done.stderr)));
    }
    work.at_cpi().is_let_in_by(node.new_token("operator"));
    process.start(0);
    Ok(())
}
