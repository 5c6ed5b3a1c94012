//! `cargo run -p staffetta-openapi`: writes the documents beside its own `Cargo.toml`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, content) in staffetta_openapi::files() {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}
