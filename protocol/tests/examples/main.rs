//! The worked examples under `protocol/examples/`, and what the specification prints from the code.
//!
//! ES256 signatures differ each time they are made, so the files are written once and verified from then on:
//! `UPDATE_EXAMPLES=1 cargo test -p staffetta-protocol --test examples` writes them, and the generated parts of
//! `README.md` and `docs/data.md`, anew; without the variable every committed file must verify with the public interface
//! of this crate, fit what `story` says, and the generated texts must be current.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod files;
mod log;
mod make;
mod readme;
mod schemas;
mod story;
mod trust;

fn updating() -> bool {
    std::env::var_os("UPDATE_EXAMPLES").is_some_and(|value| value == "1")
}

/// One test writes or checks everything, so that no check reads what another is writing.
#[test]
fn the_examples_verify_and_the_specification_is_current() {
    if updating() {
        files::replace_all(&make::everything());
        readme::write();
    }
    check::no_file_more_and_none_less();
    check::trust_plane();
    check::calls();
    check::messages();
    check::links();
    log::check();
    check::an_altered_byte_is_seen();
    check::what_must_be_refused_is();
    readme::check();
}
