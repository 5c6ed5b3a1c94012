use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, Days, Utc};

use super::certificates;
use super::folder::{Folder, Kept};
use crate::config::ListenConfig;
use crate::tls;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("rete");
    let folder = Folder::open(&path).unwrap();
    assert_eq!(mode(folder.path()), 0o700);
    folder.keep(&Kept { ports: vec![8443, 8444, 8445, 8446], told: 2, certificates_until: None }).unwrap();
    let again = Folder::open(&path).unwrap().kept().unwrap();
    assert_eq!((again.ports[0], again.told), (8443, 2));

    std::fs::write(parent.path().join("tesi.odt"), "cara mamma").unwrap();
    let refused = Folder::open(parent.path()).unwrap_err().to_string();
    assert!(refused.contains("--folder"), "{refused}");
}

#[test]
fn certificates_are_kept_until_they_run_out_and_their_keys_are_nobody_elses_to_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(&place.path().join("rete")).unwrap();
    let until = certificates::provide(&folder, None, now()).unwrap();
    assert_eq!(until, now().date_naive() + Days::new(365));
    let first = folder.nodes().next().unwrap();
    for private in [folder.authority_key(), first.private_key()] {
        assert_eq!(mode(&private), 0o600);
    }
    for node in folder.nodes() {
        let listen = ListenConfig {
            tls_certificate: Some(node.certificate()),
            tls_key: Some(node.private_key()),
            ..ListenConfig::default()
        };
        assert!(tls::server(&listen).unwrap().is_some());
    }

    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let (authority, leaf) = (read(&folder.authority_certificate()), read(&first.certificate()));
    let in_time = now() + Days::new(334);
    assert_eq!(certificates::provide(&folder, Some(until), in_time).unwrap(), until);
    assert_eq!(read(&first.certificate()), leaf);
    let late = now() + Days::new(336);
    assert_eq!(certificates::provide(&folder, Some(until), late).unwrap(), late.date_naive() + Days::new(365));
    assert_ne!(read(&first.certificate()), leaf);
    assert_eq!(read(&folder.authority_certificate()), authority, "who trusts it goes on trusting it");
}
