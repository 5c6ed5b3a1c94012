//! Rows in `held`, the desk's API in `desk`.

mod desk;
mod held;

use staffetta_protocol::card::read;

use super::*;
use crate::access::acts::{ReadDocuments, WriteDocuments};
use crate::access::cases::{self, Functions};
use crate::access::{AccessRole, Function, Staff};
use crate::journal::Actor;
use crate::people::{Label, Person};
use crate::store::{Store, scratch};
use crate::vault::MasterKey;

/// Room for all files of one person.
const ROOM: usize = 1 << 20;

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

fn said(body: &str) -> Description {
    read(body).unwrap()
}

fn permit() -> Description {
    said(
        r#"{"type": "permit", "issued": "2025-11", "expires": "2027-01-10", "held_by": "person",
            "label": "permesso Keitafolle"}"#,
    )
}

/// Somebody of the staff.
fn hired(tx: &mut Tx<'_>, username: &str, role: AccessRole) -> Staff {
    let label = crate::access::Label::new("x").unwrap();
    let id = crate::access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label, role).unwrap();
    Staff { id, role, label: "x".into() }
}

fn taken_up(tx: &mut Tx<'_>, vault: &Vault, by: &Staff) -> Person {
    people::create(tx, vault, &by.actor(), &Label::new("Aminata").unwrap()).unwrap()
}

fn on_case(tx: &mut Tx<'_>, who: &Staff, person: &Person, functions: impl Into<Functions>) -> Sight {
    cases::assign(tx, Actor::System, person.id.into(), who.id, &functions.into()).unwrap();
    who.acting::<WriteDocuments>().sight(tx, person.id).unwrap()
}

/// Somebody with an operator who works with her.
async fn case(store: &Store, vault: &Vault) -> (Staff, Person) {
    let vault = vault.clone();
    let act = move |tx: &mut Tx<'_>| {
        let anna = hired(tx, "anna", AccessRole::Operator);
        let person = taken_up(tx, &vault, &anna);
        Ok((anna, person))
    };
    store.write(act).await.unwrap()
}

/// A PDF of about this many bytes, different for each mark.
fn pdf(mark: &str, bytes: usize) -> Vec<u8> {
    let mut file = format!("%PDF-1.7\n% {mark}\n").into_bytes();
    file.extend((0..bytes).map(|n| (n % 251) as u8));
    file.extend_from_slice(b"\n%%EOF\n");
    file
}
