//! Tells cargo that the embedded migrations are sources, and names their content.
//!
//! `embed_migrations!` reads folders that cargo does not watch, and the template databases of the tests must change
//! their name whenever a migration changes.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    let mut hasher = DefaultHasher::new();
    hash_folder(Path::new("migrations"), &mut hasher);
    println!("cargo:rustc-env=STAFFETTA_MIGRATIONS_HASH={:016x}", hasher.finish());
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) {
    let entries = fs::read_dir(folder).expect("the folder of migrations belongs to the crate");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder entry").path()).collect();
    paths.sort();
    for path in paths {
        path.to_string_lossy().hash(hasher);
        if path.is_dir() {
            hash_folder(&path, hasher);
        } else {
            fs::read(&path).expect("a readable migration").hash(hasher);
        }
    }
}
