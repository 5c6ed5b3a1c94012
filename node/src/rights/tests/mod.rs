//! The room on both databases. Deadlines and answers stand in `deadlines`, erasure and restriction in `effects`, what she is
//! given in `given`, erasures that wait in `waiting`, the desk's API in `desk`.

mod deadlines;
mod desk;
mod effects;
mod given;
mod guardians;
mod waiting;

use std::collections::BTreeSet;

use serde_json::json;
use staffetta_protocol::card::{Province, QuickCard, Whole, read};
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::data::{Body, CardPreview};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::message::{Actor as MessageActor, ActorRole};
use uuid::Uuid;

use super::*;
use crate::access::cases;
use crate::access::{self, Acting, Staff, acts};
use crate::config::Config;
use crate::consents;
use crate::grants::{self, Recipient};
use crate::journal::Actor;
use crate::keys::Keys;
use crate::outbox::{self, Outgoing};
use crate::people::{Label, Person};
use crate::store::scratch;
use crate::vault::MasterKey;
use crate::{assessments, cards, documents, inbox, vault};

const CENTRE: &str = "https://centro.example";
const CPI: &str = "https://cpi.example";

/// The rooms that may be asked from here, as the wiring lists them.
const HOLDINGS: &[Holding] = &[
    HOLDING,
    consents::HOLDING,
    assessments::HOLDING,
    cards::HOLDING,
    documents::HOLDING,
    people::HOLDING,
    inbox::HOLDING,
    outbox::HOLDING,
    grants::HOLDING,
    cases::HOLDING,
    journal::HOLDING,
    vault::HOLDING,
];
const RIGHTS: Rights = Rights { holdings: HOLDINGS, threads_ended: |_, _| Ok(()) };

fn config() -> Config {
    let text = format!(
        "[node]\nentity_id = \"{CENTRE}\"\norganisation_name = \"Centro\"\ndpo_email = \"dpo@centro.example\"\n[limits]\n\
         requests_per_minute_per_peer = 10000\nrequests_per_minute_per_account = 10000\n"
    );
    Config::read(&text, []).unwrap()
}

fn spoken(_: &EntityId) -> MessageActor {
    MessageActor { role: ActorRole::Operator, pseudonym: None }
}

/// What the tests act on.
struct Stage {
    outbox: Outbox,
    anna: Staff,
    dario: Staff,
    person: Person,
}

fn hired(tx: &mut Tx<'_>, name: &str, role: AccessRole) -> Result<Staff> {
    let label = access::Label::new(format!("Zzcollega {name}")).unwrap();
    let id = access::add_staff(tx, Actor::System, &name.parse().unwrap(), &label, role)?;
    Ok(Staff { id, role, label: label.as_str().to_owned() })
}

/// Anna leads the case of somebody with a card; Dario is the data protection officer.
fn stage(tx: &mut Tx<'_>) -> Result<Stage> {
    let vault = Vault::new(MasterKey::generate().unwrap());
    let id: EntityId = CENTRE.parse().unwrap();
    let keys = Keys::new(vault.clone(), id.clone());
    keys.create(tx)?;
    consents::sample::put(tx)?;
    let outbox = Outbox::new(id, keys, vault.clone());
    let (anna, dario) = (hired(tx, "anna", AccessRole::Operator)?, hired(tx, "dario", AccessRole::Dpo)?);
    let person = people::create(tx, &vault, &Actor::Staff(anna.id), &Label::new("Zzaminata Keita").unwrap())?;
    let quick: QuickCard = read(
        &json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
            "target_occupations": {"kind": "any"},
            "skills": [{"skill": {"kind": "free", "text": "Zztintura", "isco08": "7318"}, "source": "self"}]
        })
        .to_string(),
    )
    .unwrap();
    let sight = anna.acting::<acts::WriteCards>().sight(tx, person.id)?;
    cards::put_quick(tx, &vault, &sight, quick, Some(&Province::new("PO").unwrap()))?;
    Ok(Stage { outbox, anna, dario, person })
}

impl Stage {
    fn vault(&self) -> &Vault {
        self.outbox.vault()
    }

    fn officer(&self) -> Acting {
        self.dario.acting::<acts::AnswerRights>()
    }

    fn means(&self) -> Means<'_> {
        Means { rights: RIGHTS, outbox: &self.outbox, towards: &spoken }
    }

    /// She agrees to a preview for the job centre.
    fn agree(&self, tx: &mut Tx<'_>) -> Result<()> {
        let said = json!({
            "by": "person", "indication_method": "spoken_with_second_adult", "second_adult": "Zzvicina di banco",
            "second_adult_independent": true, "notice": consents::sample::named()
        });
        let answers =
            json!({"recipient": "ipa:c_g999", "answers": [{"purpose": "P1", "answer": "yes"}], "expressed": said});
        let sight = self.anna.acting::<acts::WriteConsents>().sight(tx, self.person.id)?;
        consents::answer(tx, self.vault(), &sight, &read(&answers.to_string()).unwrap()).map(|_| ())
    }

    /// A preview of her is queued for the job centre.
    fn preview(&self, tx: &mut Tx<'_>) -> Result<()> {
        let (peer, ids) = (CPI.parse::<EntityId>().unwrap(), [OrganisationId::new("ipa:c_g999").unwrap()]);
        let node = (&peer).into();
        let to = Recipient { peer: &node, organisation: "CPI Prato", ids: &ids };
        let groups = BTreeSet::from([Group::Preview]);
        let permit = grants::permit(tx, self.person.subject, to, Purpose::P1, &groups)?;
        let level = staffetta_protocol::card::Level::Preview;
        let shown = cards::disclose(tx, self.vault(), self.person.id, &permit, level)?;
        let thread = grants::begin(tx, &peer, self.person.subject, "preview")?;
        let card_version = Whole::new(shown.card_version).unwrap();
        let body = Body::from(CardPreview { card_version, preview: shown.groups.preview.unwrap() });
        let out =
            Outgoing { thread: Some(&thread), actor: spoken(&peer), body, card_version: Some(1), not_after: None };
        outbox::enqueue_personal(tx, &self.outbox, &permit, out).map(|_| ())
    }

    fn ask(&self, tx: &mut Tx<'_>, kind: RightKind, meanwhile: bool) -> Result<Request> {
        let new = json!({
            "kind": kind, "channel": "in_person", "said_by": "person", "details": "Zzrichiesta di lei",
            "restrict_meanwhile": meanwhile
        });
        let sight = self.anna.acting::<acts::WriteRights>().sight(tx, self.person.id)?;
        receive(tx, self.vault(), &sight, read(&new.to_string()).unwrap())
    }

    fn answer(&self, tx: &mut Tx<'_>, to: &Request, said: serde_json::Value) -> Result<Request> {
        let sight = self.officer().sight(tx, self.person.id)?;
        answer(tx, &self.means(), &sight, (to.id, to.version), read(&said.to_string()).unwrap())
    }
}

fn code<T: std::fmt::Debug>(refused: Result<T>) -> Code {
    refused.unwrap_err().code()
}

/// Runs a test on both databases, in one act.
async fn act(test: impl Fn(&mut Tx<'_>, &Stage) -> Result<()> + Copy + Send + 'static) {
    scratch::each(|store| async move {
        store
            .write(move |tx| {
                let stage = stage(tx)?;
                test(tx, &stage)
            })
            .await
            .unwrap();
    })
    .await;
}
