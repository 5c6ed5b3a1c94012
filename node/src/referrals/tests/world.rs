//! Nodes for the tests: a reception centre, a job centre, and a centre that was granted nothing.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};
use staffetta_protocol::card::{Card, QuickCard, QuickDefaults};
use staffetta_protocol::consent::{Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::data::{Body, ReferralAccepted};
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::message::{ActorRole, Message};
use staffetta_protocol::problem::Code;
use staffetta_protocol::receipt::{Item, Receipt};
use staffetta_protocol::trust::{MemberState, Role, Roles};
use uuid::Uuid;

use crate::access::Sight;
use crate::access::cases::Listing;
use crate::cards;
use crate::clock::Clock;
use crate::consents::{self, Answers, Channel, Withdrawal, WithdrawnBy};
use crate::error::Result;
use crate::grants::Admitted;
use crate::inbox::{self, Accepted, Inbox, Taken};
use crate::journal::Actor;
use crate::keys::{Keys, Kind};
use crate::outbox::{self, Bounds, Leased, Outbox};
use crate::people::{self, PersonId};
use crate::referrals::{By, Draft, Partner, Partners, Referral, Referrals, Sending, refresh, settled, wire};
use crate::store::scratch::{self, Scratch};
use crate::store::{Store, Tx};
use crate::vault::{MasterKey, Vault};

pub(super) const BY: By = By::Staff { id: Uuid::from_u128(7), role: ActorRole::Operator, why: "case_team" };

/// She works on this person's case.
pub(super) fn seen(person: PersonId) -> Sight {
    Sight::of_taking_up(Actor::Staff(Uuid::from_u128(7)), person.into())
}

/// One node.
pub(super) struct Node {
    pub(super) referrals: Referrals,
    pub(super) store: Store,
    pub(super) outbox: Outbox,
    keys: Keys,
    inbox: Inbox,
    partner: Partner,
    _scratch: Scratch,
}

/// What the wiring does, of which the rooms know nothing.
fn receive(tx: &mut Tx<'_>, outbox: &Outbox, to: &Admitted, m: &Message) -> Result<Taken> {
    match &m.body {
        Body::CardPreview(b) => wire::preview(tx, outbox, to, m, b),
        Body::CardPreviewAnswered(b) => wire::preview_answered(tx, outbox, to, m, b),
        Body::ReferralSent(b) => wire::sent(tx, outbox, to, m, b),
        Body::ReferralInfoRequested(b) => wire::info_requested(tx, outbox, to, m, b),
        Body::ReferralInfoProvided(b) => wire::info_provided(tx, outbox, to, m, b),
        Body::ReferralAccepted(b) => wire::accepted(tx, outbox, to, m, b),
        Body::ReferralDeclined(b) => wire::declined(tx, outbox, to, m, b),
        Body::ReferralProgressed(b) => wire::progressed(tx, outbox, to, m, b),
        Body::ReferralClosed(b) => wire::closed(tx, outbox, to, m, b),
        Body::ReferralWithdrawn(b) => wire::withdrawn(tx, outbox, to, m, b),
        Body::ReferralReopened(b) => wire::reopened(tx, outbox, to, m, b),
        Body::CardUpdated(b) => wire::card_updated(tx, outbox, to, m, b),
        Body::ContactReleased(b) => wire::contact_released(tx, outbox, to, m, b),
        Body::ConsentWithdrawn(b) => {
            let effect = consents::wire::withdrawn(tx, outbox, crate::referrals::UPON_WITHDRAWAL, m, b)?;
            wire::withdrawn_by_consent(tx, &effect.threads)?;
            Ok(effect.taken)
        }
        Body::CardTransferred(b) => crate::referrals::transfer::wire::transferred(tx, outbox, to, m, b),
        Body::CardTransferAnswered(b) => crate::referrals::transfer::wire::answered(tx, outbox, to, m, b),
        Body::ReferralHolderChanged(b) => wire::holder_changed(tx, outbox, to, m, b),
        Body::ConsentWithdrawalAnswered(b) => consents::tree::answered(tx, outbox, m, b),
    }
}

pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) ponte: Node,
    pub(super) cpi: Node,
    pub(super) altro: Node,
}

pub(super) async fn each<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    for make in scratch::KINDS {
        let clock = scratch::clock();
        let partners: Vec<Partner> = [
            ("https://ponte.example", "Centro Il Ponte", "vat:01234567897", Role::ReceptionCentre),
            ("https://cpi.example", "CPI Zzprato", "ipa:c_g999", Role::Cpi),
            ("https://altro.example", "Altro centro", "vat:12345678903", Role::ReceptionCentre),
        ]
        .into_iter()
        .map(|(id, name, organisation, role)| Partner {
            entity_id: id.parse().unwrap(),
            organisation_name: name.to_owned(),
            organisation_ids: vec![OrganisationId::new(organisation).unwrap()],
            roles: Roles::from([role]),
            takes: Body::TYPES.iter().map(|kind| (*kind).to_owned()).collect(),
        })
        .collect();
        let mut nodes = Vec::new();
        for partner in &partners {
            nodes.push(Node::new(make(clock.clone()), partner, &partners).await);
        }
        let altro = nodes.pop().unwrap();
        let cpi = nodes.pop().unwrap();
        let ponte = nodes.pop().unwrap();
        test(World { clock, ponte, cpi, altro }).await;
    }
}

impl Node {
    async fn new(scratch: Scratch, partner: &Partner, all: &[Partner]) -> Self {
        let store = scratch.store().clone();
        let vault = Vault::new(MasterKey::generate().unwrap());
        let keys = Keys::new(vault.clone(), partner.entity_id.clone());
        let made = keys.clone();
        let first = move |tx: &mut Tx<'_>| {
            made.create(tx)?;
            consents::sample::put(tx)
        };
        store.write(first).await.unwrap();
        let outbox = Outbox::new(partner.entity_id.clone(), keys.clone(), vault);
        let inbox = Inbox { keys: keys.clone(), outbox: outbox.clone(), receive, window: 200 };
        let known = all.to_vec();
        let find = move |_: &mut crate::store::Conn, id: &EntityId| {
            Ok(known.iter().find(|partner| partner.entity_id == *id).cloned())
        };
        let members = all.to_vec();
        let of_organisation = move |_: &mut crate::store::Conn, id: &OrganisationId| {
            let run_by = |partner: &&Partner| partner.organisation_ids.contains(id);
            Ok(members.iter().filter(run_by).map(|partner| partner.entity_id.clone()).collect())
        };
        let ours = partner.roles.clone();
        let partners = Partners::new(find, of_organisation, move |_| Ok(ours.clone()));
        let referrals = Referrals::new(outbox.clone(), partners);
        Self { referrals, store, outbox, keys, inbox, partner: partner.clone(), _scratch: scratch }
    }

    pub(super) fn id(&self) -> &EntityId {
        &self.partner.entity_id
    }

    pub(super) fn vault(&self) -> Vault {
        self.outbox.vault().clone()
    }

    /// Does something at the desk.
    pub(super) async fn desk<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Referrals, &mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let referrals = self.referrals.clone();
        self.store.write(move |tx| act(&referrals, tx)).await
    }

    pub(super) async fn look(&self, id: Uuid) -> Referral {
        self.desk(move |referrals, tx| referrals.look(tx, BY, id)).await.unwrap()
    }

    pub(super) async fn state(&self, id: Uuid) -> Option<&'static str> {
        self.look(id).await.summary.state
    }

    /// The only referral here.
    pub(super) async fn only(&self) -> Uuid {
        let list = self.list().await;
        assert_eq!(list.len(), 1);
        list[0]
    }

    pub(super) async fn list(&self) -> Vec<Uuid> {
        let referrals = self.referrals.clone();
        let now = self.store.clock().now();
        let wanted = crate::referrals::Wanted::page(Listing::All, 50);
        let list = self.store.read(move |conn| referrals.list(conn, &wanted, now)).await.unwrap();
        list.items.into_iter().map(|item| item.id).collect()
    }

    /// A person with a card that may be referred.
    pub(super) async fn person(&self) -> PersonId {
        let vault = self.vault();
        let act = move |tx: &mut Tx<'_>| {
            let by = Actor::Staff(Uuid::from_u128(7));
            let person = people::create(tx, &vault, &by, &people::Label::new("Zzawa").unwrap())?;
            cards::put(tx, &vault, &seen(person.id), card(), 0)?;
            Ok(person.id)
        };
        self.store.write(act).await.unwrap()
    }

    /// Her yes for the job centre.
    pub(super) async fn yes(&self, person: PersonId, purpose: Purpose, groups: &[Group]) -> RecordId {
        self.yes_for(person, "ipa:c_g999", purpose, groups).await
    }

    /// Her yes for an organisation.
    pub(super) async fn yes_for(
        &self,
        person: PersonId,
        recipient: &str,
        purpose: Purpose,
        groups: &[Group],
    ) -> RecordId {
        let vault = self.vault();
        let groups = Groups::new(groups.iter().copied()).unwrap();
        let answers: Answers = serde_json::from_value(json!({
            "recipient": recipient,
            "answers": [{"purpose": purpose, "answer": "yes", "groups": groups}],
            "expressed": {
                "by": "person", "indication_method": "signature",
                "notice": consents::sample::named()
            }
        }))
        .unwrap();
        let act = move |tx: &mut Tx<'_>| consents::answer(tx, &vault, &seen(person), &answers);
        self.store.write(act).await.unwrap()[0].record
    }

    /// The same yes once more, until its purpose ends; the number that it has now.
    pub(super) async fn renewed(&self, person: PersonId, record: RecordId) -> u32 {
        let vault = self.vault();
        let renewal: consents::Renewal = serde_json::from_value(json!({
            "expressed": {"by": "person", "indication_method": "signature", "notice": consents::sample::named()}
        }))
        .unwrap();
        let act = move |tx: &mut Tx<'_>| consents::renew(tx, &vault, &seen(person), record, &renewal);
        self.store.write(act).await.unwrap().seq
    }

    pub(super) async fn no_more(&self, person: PersonId, record: RecordId) {
        let outbox = self.outbox.clone();
        let act = move |tx: &mut Tx<'_>| {
            let how = Withdrawal { by: WithdrawnBy::Person, channel: Channel::InPerson };
            let towards = |id: &EntityId| BY.actor(outbox.vault(), id);
            let done = consents::withdraw(tx, &outbox, &seen(person), &towards, record, how)?;
            wire::withdrawn_by_consent(tx, &done.threads)
        };
        self.store.write(act).await.unwrap();
    }

    async fn key_set(&self) -> KeySet {
        let (keys, now) = (self.keys.clone(), self.store.clock().now());
        KeySet::new(&self.store.read(move |conn| keys.jwks(conn, Kind::Protocol, now)).await.unwrap())
    }

    /// Takes what is due for `to` out of the outbox.
    pub(super) async fn lease(&self, to: &Node) -> Option<Leased> {
        let (outbox, peer) = (self.outbox.clone(), to.id().clone());
        let bounds =
            Bounds { items: 200, bytes: 1 << 20, lease: TimeDelta::minutes(2), only_recall: false, time_holds: true };
        let act = move |tx: &mut Tx<'_>| {
            let (leased, unsent) = outbox::lease(tx, outbox.vault(), &peer, bounds, outbox::Turn::First)?;
            settled(tx, &outbox, &unsent)?;
            Ok(leased)
        };
        let leased = self.store.write(act).await.unwrap();
        self.store.write(refresh).await.unwrap();
        leased
    }

    /// Hands a batch over and believes the receipt; says what became of each item.
    pub(super) async fn hand(&self, to: &Node, leased: Leased) -> Vec<Item> {
        let now = self.store.clock().now();
        let opened = inbox::open(leased.batch.clone(), &self.key_set().await, self.id(), to.id(), now).unwrap();
        let from = Accepted {
            peer: self.id().clone(),
            state: MemberState::Active,
            roles: self.partner.roles.clone(),
            own_ids: to.partner.organisation_ids.clone(),
            own_roles: to.partner.roles.clone(),
        };
        let batch = (leased.batch.epoch, opened);
        let answer = inbox::take(&to.store, &to.inbox, from, batch, |_| Ok(())).await.unwrap();
        let receipt = Receipt::open(&answer.receipt, &to.key_set().await, self.id(), to.id(), now).unwrap();
        let items = receipt.items.clone();
        let (outbox, peer) = (self.outbox.clone(), to.id().clone());
        let act = move |tx: &mut Tx<'_>| {
            let news = outbox::settle(tx, &peer, &answer.receipt, &receipt, Some(leased.token), None)?;
            settled(tx, &outbox, &news)
        };
        self.store.write(act).await.unwrap();
        items
    }

    /// Carries everything that waits for `to`; says type-blind what became of it: `accepted`, or the code.
    pub(super) async fn carry(&self, to: &Node) -> Vec<String> {
        let mut outcomes = Vec::new();
        while let Some(leased) = self.lease(to).await {
            let items = self.hand(to, leased).await;
            outcomes.extend(items.into_iter().map(|item| {
                item.code.map_or_else(|| format!("{:?}", item.outcome).to_lowercase(), |code| code.to_string())
            }));
        }
        outcomes
    }
}

impl World {
    /// Both ways until nothing waits.
    pub(super) async fn exchange(&self) {
        loop {
            let there = self.ponte.carry(&self.cpi).await;
            let back = self.cpi.carry(&self.ponte).await;
            for outcome in there.iter().chain(&back) {
                assert_eq!(outcome, "accepted");
            }
            if there.is_empty() && back.is_empty() {
                return;
            }
        }
    }

    pub(super) async fn draft(&self, person: PersonId) -> Uuid {
        let draft = self.new_draft(person);
        self.ponte.desk(move |referrals, tx| referrals.draft(tx, BY, &draft)).await.unwrap()
    }

    pub(super) fn new_draft(&self, person: PersonId) -> Draft {
        Draft { person, recipient: self.cpi.id().clone(), purpose: Purpose::P2, confirm_duplicate: false }
    }

    /// A referral that the job centre holds: here and there.
    pub(super) async fn received(&self, groups: &[Group]) -> (PersonId, RecordId, Uuid, Uuid) {
        let person = self.ponte.person().await;
        let record = self.ponte.yes(person, Purpose::P2, groups).await;
        let here = self.draft(person).await;
        self.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        assert_eq!(self.ponte.state(here).await, Some("sent"));
        self.exchange().await;
        let there = self.cpi.only().await;
        assert_eq!((self.ponte.state(here).await, self.cpi.state(there).await), (Some("received"), Some("received")));
        (person, record, here, there)
    }

    /// The same, taken on.
    pub(super) async fn in_charge(&self, groups: &[Group]) -> (PersonId, RecordId, Uuid, Uuid) {
        let (person, record, here, there) = self.received(groups).await;
        self.accept(there).await.unwrap();
        self.exchange().await;
        (person, record, here, there)
    }

    pub(super) async fn accept(&self, there: Uuid) -> Result<()> {
        let accepted: ReferralAccepted = accepted();
        self.cpi.desk(move |r, tx| r.accept(tx, BY, there, accepted.appointment, false)).await.map(|_| ())
    }
}

pub(super) const REFERRAL: [Group; 4] = [Group::Preview, Group::Identity, Group::Status, Group::SkillsFull];

pub(super) fn with_contact() -> Vec<Group> {
    REFERRAL.into_iter().chain([Group::Contact]).collect()
}

pub(super) fn accepted() -> ReferralAccepted {
    let value = json!({
        "appointment": {
            "kind": "fixed",
            "appointment": {"at": "2026-12-01T09:00:00Z", "place": "CPI, via Zzmark 1", "language": "fra"}
        },
        "already_known": false
    });
    serde_json::from_value(value).unwrap()
}

pub(super) fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(super) fn code<T>(result: Result<T>) -> Code {
    result.err().expect("a refusal").code()
}

pub(super) fn set(groups: &[Group]) -> BTreeSet<Group> {
    groups.iter().copied().collect()
}

pub(super) fn card() -> Card {
    let quick: QuickCard = parsed(json!({
        "interview_language": {"language": "fra"},
        "interpreter": true,
        "right_to_work": "yes",
        "italian": "a2",
        "target_occupations": {"kind": "any"},
        "skills": [{"skill": {"kind": "free", "text": "Zzsaldare", "isco08": "72"}, "source": "self"}]
    }));
    let defaults = QuickDefaults { province: parsed(json!("PO")), today: parsed(json!("2026-11-23")), operator: None };
    let mut card = quick.into_card(&defaults);
    card.given_names = Some(parsed(json!("Zzawa")));
    card.birth_date = Some(parsed(json!({"value": "1998"})));
    card.residence_comune = Some(parsed(json!("100005")));
    card.phone = parsed(json!([{"number": "+393331234567", "type": "mobile", "safe_to_call": "yes"}]));
    card
}
