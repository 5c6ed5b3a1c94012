//! Where the examples lie, and how they are written and read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Files by their path below `protocol/examples/`.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    crate_folder().join("examples")
}

/// What is written by hand and stays when the examples are made anew.
fn is_given(path: &str) -> bool {
    path.starts_with("keys/") || path == ".gitattributes"
}

/// Every generated file that lies there.
pub(crate) fn present() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.retain(|path| !is_given(path));
    found.sort();
    found
}

pub(crate) fn replace_all(files: &Files) {
    for old in present() {
        fs::remove_file(folder().join(old)).unwrap();
    }
    for (path, bytes) in files {
        let path = folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

pub(crate) fn bytes(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap_or_else(|error| panic!("examples/{path}: {error}"))
}

pub(crate) fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8(bytes(path.as_ref().to_str().unwrap())).unwrap()
}

pub(crate) fn json(path: &str) -> Value {
    serde_json::from_slice(&bytes(path)).unwrap_or_else(|error| panic!("examples/{path}: {error}"))
}

/// A compact JWS; the file ends in a line feed that is not part of it.
pub(crate) fn jws(path: &str) -> String {
    text(path).trim_end().to_owned()
}

/// The DER inside a PEM file.
pub(crate) fn pem(path: &str) -> Vec<u8> {
    let text = text(path);
    let inside: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(inside).unwrap()
}

/// Header and payload of a JWS, as they stand in it.
pub(crate) fn decoded(jws: &str) -> Value {
    let mut parts = jws.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice::<Value>(&parts.next().unwrap()).unwrap();
    json!({"header": next(), "payload": next()})
}

pub(crate) fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    text.into_bytes()
}

/// Puts a JWS and, beside it, what it says.
pub(crate) fn put_jws(files: &mut Files, path: &str, jws: &str) {
    files.insert(format!("{path}.jws"), format!("{jws}\n").into_bytes());
    files.insert(format!("{path}.json"), pretty(&decoded(jws)));
}

/// Start line and headers of a request or answer as read from its file.
pub(crate) struct Head {
    pub(crate) start: String,
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn read(path: &str) -> Self {
        let text = text(path);
        let mut lines = text.lines();
        let start = lines.next().unwrap().to_owned();
        let split =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        Self { start, headers: lines.filter(|line| !line.is_empty()).map(split).collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
