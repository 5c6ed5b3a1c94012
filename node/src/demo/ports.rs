//! Four ports in a row, chosen once.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use super::cast::PARTNERS;
use crate::error::{Error, Result};

/// Where the search begins.
const FIRST: u16 = 8443;

/// Listens on the ports of an earlier start, or on the next free block where there was none.
pub(super) fn listen(kept: &[u16]) -> Result<Vec<TcpListener>> {
    if !kept.is_empty() {
        return kept.iter().map(|port| again(*port)).collect();
    }
    (FIRST..=u16::MAX - PARTNERS.len() as u16)
        .step_by(PARTNERS.len())
        .find_map(|first| (first..).take(PARTNERS.len()).map(free).collect())
        .ok_or_else(|| Error::Setup("non ci sono quattro porte libere di seguito".into()))
}

/// The numbers of listening ports.
pub(super) fn numbers(listeners: &[TcpListener]) -> Result<Vec<u16>> {
    let number = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    listeners.iter().map(number).collect::<std::io::Result<_>>().map_err(Error::internal)
}

fn again(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|cause| {
        let known = "la porta fa parte del nome del nodo e non può cambiare: ferma chi la usa, o indica un'altra cartella con --folder";
        match cause.kind() {
            ErrorKind::AddrInUse => Error::Setup(format!("la porta {port} è occupata, forse da questa stessa dimostrazione; {known}")),
            _ => Error::Setup(format!("la porta {port}: {cause}; {known}")),
        }
    })
}

/// The port, unless somebody listens on it under either address of `localhost`.
fn free(port: u16) -> Option<TcpListener> {
    let taken = |why: &std::io::Error| why.kind() == ErrorKind::AddrInUse;
    if TcpListener::bind((Ipv6Addr::LOCALHOST, port)).as_ref().is_err_and(taken) {
        return None;
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_free_and_is_found_again() {
        let first = listen(&[]).unwrap();
        let ports = numbers(&first).unwrap();
        assert!(ports.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ports:?}");
        let other = numbers(&listen(&[]).unwrap()).unwrap();
        assert!(other.iter().all(|port| !ports.contains(port)), "the first block is taken: {other:?}");
        let refused = listen(&ports).unwrap_err().to_string();
        assert!(refused.contains(&ports[0].to_string()), "{refused}");
        drop(first);
        assert_eq!(numbers(&listen(&ports).unwrap()).unwrap(), ports);
    }
}
