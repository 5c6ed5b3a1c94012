//! Filling the record: the verbs that the desk calls, many acts in each commit.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::json;
use staffetta_node::access::cases::Function;
use staffetta_node::access::{self, AccessRole, Sight, cases};
use staffetta_node::app::Node;
use staffetta_node::clock::Clock;
use staffetta_node::error::Result;
use staffetta_node::grants::{Disclosure, note_disclosure};
use staffetta_node::journal::Actor;
use staffetta_node::peers::membership;
use staffetta_node::people::Label;
use staffetta_node::store::{Store, Tx};
use staffetta_node::vault::Vault;
use staffetta_node::{cards, people};
use staffetta_protocol::card::{BirthDate, PartialDate, QuickCard, Text, read};
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::MessageId;
use staffetta_protocol::trust::{Role, Roles};
use uuid::Uuid;

use super::Arguments;
use super::names::Dice;
use super::serve::config;

/// People whose record one commit holds.
const AT_ONCE: usize = 250;
/// The file of what there is to ask about.
const NOTE: &str = "record.json";
/// Disclosures that each person has behind her.
const DISCLOSURES: usize = 4;

/// What there is to ask about. Kept beside the database, so that it is filled once and measured often.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Filled {
    /// Tokens of the operators, in their order.
    pub(super) operators: Vec<String>,
    /// A supervisor's.
    pub(super) supervisor: String,
    /// Some people, with the place of the operator who leads.
    pub(super) some: Vec<(Uuid, usize)>,
    /// The name and password of an account.
    pub(super) account: (String, String),
    pub(super) people: usize,
    pub(super) versions: usize,
    pub(super) bytes: u64,
    pub(super) seconds: u64,
}

/// What an earlier run left in this folder.
pub(super) fn found(folder: &Path) -> Option<Filled> {
    serde_json::from_slice(&std::fs::read(folder.join(NOTE)).ok()?).ok()
}

pub(super) async fn fill(folder: &Path, wanted: &Arguments) -> Filled {
    let begun = Instant::now();
    // Any port: who serves later has one of its own.
    let config = config(folder, 1);
    let store = Store::create(&config.database, Clock::system()).expect("a new database");
    let node = Node::on(config, store.clone()).expect("a node on a fresh database");
    let (keys, entity_id) = (node.keys().clone(), node.entity_id().clone());
    let made = store.write(move |tx| {
        keys.create(tx)?;
        membership::create(tx, &entity_id, &Roles::from([Role::ReceptionCentre]), &["vat:01234567897".to_owned()])
    });
    made.await.expect("first keys and own membership");
    let mut operators = Vec::new();
    for n in 0..wanted.operators {
        operators.push(account(&store, format!("operatore-{n}"), AccessRole::Operator).await);
    }
    let (_, supervisor) = account(&store, "supervisore".to_owned(), AccessRole::Supervisor).await;
    // A new password ends every token of its account: whoever logs in is somebody else.
    let (newcomer, _) = account(&store, "nuova".to_owned(), AccessRole::Operator).await;
    let temporary = node.door().temporary().await.expect("a password");
    let password = temporary.password.expose().to_owned();
    let door = node.door().clone();
    store
        .write(move |tx| door.reset(tx, Actor::System, newcomer, &temporary))
        .await
        .expect("an account with a password");

    let ids: Vec<Uuid> = operators.iter().map(|(id, _)| *id).collect();
    let (mut done, mut versions, mut some) = (0, 0, Vec::new());
    while done < wanted.people {
        let these = done..(done + AT_ONCE).min(wanted.people);
        done = these.end;
        let (vault, ids) = (node.vault().clone(), ids.clone());
        let (per_person, rest) = (wanted.versions / wanted.people, wanted.versions % wanted.people);
        let act = move |tx: &mut Tx<'_>| -> Result<Vec<(Uuid, usize)>> {
            let mut added = Vec::new();
            for n in these {
                let lead = n % ids.len();
                let count = (per_person + usize::from(n < rest)).max(1);
                added.push((person(tx, &vault, n, ids[lead], count)?, lead));
            }
            Ok(added)
        };
        let added = store.write(act).await.expect("people are taken up");
        some.extend(added.into_iter().take(4));
        versions = (done * per_person + done.min(rest)).max(done);
        eprint!("\r{done} people");
    }
    eprintln!();
    store.close().await;
    let bytes = std::fs::metadata(folder.join("record.db")).map_or(0, |it| it.len());
    let operators = operators.into_iter().map(|(_, token)| token).collect();
    let account = ("nuova".to_owned(), password);
    let people = wanted.people;
    let filled =
        Filled { operators, supervisor, some, account, people, versions, bytes, seconds: begun.elapsed().as_secs() };
    std::fs::write(folder.join(NOTE), json!(filled).to_string()).expect("the folder takes another file");
    filled
}

async fn account(store: &Store, name: String, role: AccessRole) -> (Uuid, String) {
    let act = move |tx: &mut Tx<'_>| {
        let label = Text::new(name.clone()).expect("a short label");
        let id = access::add_staff(tx, Actor::System, &name.parse().expect("a plain username"), &label, role)?;
        Ok((id, access::issue_token(tx, Actor::System, id, &label, None)?.token.expose().to_owned()))
    };
    store.write(act).await.expect("an account")
}

fn quick() -> QuickCard {
    let value = json!({
        "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
        "province": "PO", "target_occupations": {"kind": "any"},
        "skills": [
            {"skill": {"kind": "free", "text": "muratura a secco", "isco08": "7112"}, "source": "self"},
            {"skill": {"kind": "free", "text": "saldatura a filo", "isco08": "7212"}, "source": "observed"},
            {"skill": {"kind": "free", "text": "cucina per comunità", "isco08": "5120"}, "source": "tested"}
        ],
    });
    read(&value.to_string()).expect("a quick card")
}

/// Somebody with so many versions of her card, the second with her names.
fn person(tx: &mut Tx<'_>, vault: &Vault, n: usize, lead: Uuid, versions: usize) -> Result<Uuid> {
    let mut dice = Dice::new(n as u64);
    let (given, family) = dice.person();
    let label = Label::new(format!("{given} {}", family.as_deref().unwrap_or_default()).trim()).expect("a short label");
    let person = people::create(tx, vault, &Actor::Staff(lead), &label)?;
    if n.is_multiple_of(50) {
        cases::assign(tx, Actor::System, person.id.into(), lead, &Function::CaseOperator.into())?;
    }
    let sight = Sight::of_the_node(person.id.into());
    let mut card = cards::put_quick(tx, vault, &sight, quick(), None)?.card;
    for version in 1..versions {
        card.given_names = Some(Text::new(given.clone()).expect("a short name"));
        card.family_names = family.clone().map(|name| Text::new(name).expect("a short name"));
        let value = PartialDate::parse(&dice.birth()).expect("a date");
        card.birth_date.get_or_insert(BirthDate { value, estimated: false });
        card.preferred_name = Some(Text::new(format!("{given} {version}")).expect("a short name"));
        let expected = u32::try_from(version).expect("few versions");
        card = cards::put(tx, vault, &sight, card, expected)?.card;
    }
    for _ in 0..DISCLOSURES {
        let disclosure = Disclosure {
            message: MessageId(Uuid::new_v4()),
            subject: person.subject,
            peer: "https://cpi.example".parse().expect("a node"),
            organisation: "CPI Prato".to_owned(),
            kind: "referral.sent.v1".to_owned(),
            purpose: Some(Purpose::P2),
            groups: [Group::Preview, Group::Identity].into(),
            ground: "consent".to_owned(),
            record: None,
            card_version: Some(1),
            at: tx.now(),
        };
        note_disclosure(tx, &disclosure)?;
    }
    Ok(person.id.into())
}
