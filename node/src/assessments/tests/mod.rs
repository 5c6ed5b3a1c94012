//! The states in `machine`, rows and the card in `held`, the desk's API in `desk`.

mod desk;
mod held;
mod machine;

use serde_json::json;
use staffetta_protocol::card::{Province, QuickCard, read};

use super::*;
use crate::access::acts::{ReadCards, WriteAssessments};
use crate::access::cases::{self, Functions};
use crate::access::{AccessRole, Function, Staff};
use crate::documents::{Description, DocumentId};
use crate::journal::Actor;
use crate::people::{Label, Person, PersonId};
use crate::store::{Store, scratch};
use crate::vault::{MasterKey, Subject};

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

fn work(summary: Option<&str>) -> Work {
    let mut body = json!({"method": "operator", "findings": [
        {"phase": "analysis", "skill": {"kind": "free", "text": "saldatura ad arco", "isco08": "7212"},
         "level": "independent", "source": "tested", "pile": "certifiable_now", "note": "ha portato un saggio"},
        {"phase": "analysis", "skill": {"kind": "free", "text": "sartoria"}, "level": "basic", "source": "self",
         "pile": "validate_by_internship"}
    ]});
    if let Some(summary) = summary {
        body["summary"] = json!(summary);
    }
    read(&body.to_string()).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn begun(phase: Phase, on: &str) -> PhaseBegun {
    PhaseBegun { phase, on: day(on), conducted_by: None }
}

fn typed_pin(signed_on: &str) -> Signature {
    read(&json!({"by": "person", "method": "pin", "signed_on": signed_on}).to_string()).unwrap()
}

/// Somebody of the staff.
fn hired(tx: &mut Tx<'_>, username: &str, role: AccessRole) -> Staff {
    let label = access::Label::new("x").unwrap();
    let id = access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label, role).unwrap();
    Staff { id, role, label: "x".into() }
}

fn on_case(tx: &mut Tx<'_>, who: &Staff, person: &Person, functions: impl Into<Functions>) -> Sight {
    cases::assign(tx, Actor::System, person.id.into(), who.id, &functions.into()).unwrap();
    who.acting::<ReadCards>().sight(tx, person.id).unwrap()
}

/// Somebody with a card, and an operator who works with her.
async fn case(store: &Store, vault: &Vault) -> (Staff, Person) {
    let vault = vault.clone();
    let act = move |tx: &mut Tx<'_>| {
        let anna = hired(tx, "anna", AccessRole::Operator);
        let person = people::create(tx, &vault, &anna.actor(), &Label::new("Aminata").unwrap())?;
        let quick: QuickCard = read(
            &json!({
                "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes",
                "italian": "a2", "target_occupations": {"kind": "any"},
                "skills": [{"skill": {"kind": "free", "text": "sartoria"}, "source": "self"}]
            })
            .to_string(),
        )
        .unwrap();
        let sight = anna.acting::<WriteAssessments>().sight(tx, person.id)?;
        cards::put_quick(tx, &vault, &sight, quick, Some(&Province::new("PO").unwrap()))?;
        Ok((anna, person))
    };
    store.write(act).await.unwrap()
}
