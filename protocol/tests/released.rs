//! What a released version signed is read by this one: partners do not all change on the same day. What lies in `released/` is
//! never written again; a new release adds a folder.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is the failure that is looked for")]

use std::fs;
use std::path::{Path, PathBuf};

use staffetta_protocol::data::Body;
use staffetta_protocol::jose::peek;
use staffetta_protocol::message::Claims;
use staffetta_protocol::receipt::Receipt;
use staffetta_protocol::trust::{EntityConfiguration, SubordinateStatement, TrustMark};

/// Every file of one kind, of every release.
fn released(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("released");
    let mut found = Vec::new();
    for release in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let files = fs::read_dir(release.join(kind)).unwrap().map(|entry| entry.unwrap().path());
        let named = |path: &PathBuf| path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        found.extend(files.map(|path| (named(&path), fs::read_to_string(&path).unwrap().trim().to_owned())));
    }
    assert!(!found.is_empty(), "{kind}");
    found
}

#[test]
fn messages_of_every_release_are_read() {
    for (file, jws) in released("messages") {
        let claims: Claims = peek(&jws).unwrap_or_else(|error| panic!("{file}: {error}"));
        let body =
            Body::parse(&claims.kind, &claims.data).unwrap_or_else(|_| panic!("{file}: {} is not read", claims.kind));
        assert_eq!(body.type_name(), claims.kind);
    }
}

#[test]
fn receipts_of_every_release_are_read() {
    for (file, jws) in released("receipts") {
        peek::<Receipt>(&jws).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[test]
fn statements_of_every_release_are_read() {
    for (file, jws) in released("trust") {
        let read = match file.as_str() {
            it if it.contains("trust-mark") => peek::<TrustMark>(&jws).map(drop),
            it if it.contains("configuration") => peek::<EntityConfiguration>(&jws).map(drop),
            _ => peek::<SubordinateStatement>(&jws).map(drop),
        };
        read.unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}
