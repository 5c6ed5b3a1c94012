//! Files as people bring them, cards there and back, and files that mean harm.

mod desk;
mod hostile;
mod round;
mod samples;

use staffetta_protocol::card::Day;
use uuid::Uuid;

use super::{Form, Imported, Syntax, Unreadable, Writing};

fn today() -> Day {
    Day::parse("2026-11-23").unwrap()
}

fn read(file: &str, syntax: Syntax) -> Result<Imported, Unreadable> {
    super::read(file.as_bytes(), syntax, today())
}

fn syntax(form: Form) -> Syntax {
    match form {
        Form::PassportJson => Syntax::Json,
        Form::Candidate | Form::PassportXml => Syntax::Xml,
    }
}

/// The copy for herself, which has all that both know.
fn about() -> Writing {
    Writing {
        for_herself: true,
        document: Uuid::from_u128(9),
        at: chrono::DateTime::from_timestamp(1_795_424_400, 0).unwrap(),
    }
}
