//! What to begin with: the worked examples of the specification, and what was found before.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Every example of a folder whose name ends so, in the order of names.
pub(crate) fn texts(folder: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(examples().join(folder)).unwrap_or_else(|error| panic!("examples/{folder}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).expect("an example is text").trim_end().to_owned();
    paths.iter().map(read).collect()
}

/// One example.
pub(crate) fn text(path: &str) -> String {
    let text = fs::read_to_string(examples().join(path)).unwrap_or_else(|error| panic!("examples/{path}: {error}"));
    text.trim_end().to_owned()
}

/// One example as JSON.
pub(crate) fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("examples/{path}: {error}"))
}

/// What the signed examples of a folder say.
pub(crate) fn payloads(folder: &str, ending: &str) -> Vec<Value> {
    let said = texts(folder, ending).into_iter().filter_map(|text| serde_json::from_str::<Value>(&text).ok());
    said.filter_map(|mut said| said.get_mut("payload").map(Value::take)).collect()
}

/// The inputs of a target.
pub(crate) fn bytes(values: impl IntoIterator<Item = impl ToString>) -> Vec<Vec<u8>> {
    values.into_iter().map(|value| value.to_string().into_bytes()).collect()
}

/// What the parties of the examples have really signed: header and claims, without the signature. A signature may be
/// written in more than one way; what it is about may not.
static SIGNED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let all = ["messages", "exchange", "trust"].into_iter().flat_map(|folder| texts(folder, ".jws"));
    all.map(|jws| about(&jws).to_owned()).collect()
});

fn about(jws: &str) -> &str {
    jws.rsplit_once('.').map_or(jws, |(about, _)| about)
}

/// Whether somebody signed it.
pub(crate) fn was_signed(jws: &str) -> bool {
    SIGNED.contains(about(jws))
}

/// Inputs that once broke a target, kept in `corpus/<target>/`, after its seeds.
pub fn kept(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}
