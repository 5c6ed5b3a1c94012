//! What the handlers share: one transaction, then the links are woken, then the referral as it is now.

use std::fmt;
use std::sync::Arc;

use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::view::{Referral, Referrals as ReferralList};
use super::{By, Referrals, Side, Wanted, rows};
use crate::access::cases;
use crate::access::{Acting, Sight};
use crate::consents::Withdrawal;
use crate::error::Result;
use crate::people::PersonId;
use crate::store::{Store, Tx};
use crate::web::{Bringing, Brought, Html, Json, Whose};

/// Below this every path of the room stands.
const BASE: &str = "/rest/staffetta/v1/desk/referrals";

/// The handle of the handlers. Clones are the same.
#[derive(Clone)]
pub struct Desk {
    store: Store,
    referrals: Referrals,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desk({:?})", self.referrals)
    }
}

impl Desk {
    /// A handle; `wake` tells the links that something was queued.
    pub fn new(store: Store, referrals: Referrals, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { store, referrals, wake: Arc::new(wake) }
    }

    /// The verbs, for what is done in no referral's own case.
    pub(super) fn referrals(&self) -> &Referrals {
        &self.referrals
    }

    /// Begins a referral of a person in whose case `staff` has a part.
    pub(super) async fn begin(
        &self,
        staff: &Acting,
        person: PersonId,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<Uuid> + Send + 'static,
    ) -> Result<Json<Referral>> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let by = By::at_the_desk(&staff, &staff.sight(tx, person)?);
            let id = act(&referrals, tx, by)?;
            referrals.look(tx, by, id)
        };
        let referral = self.store.write(act).await?;
        let at = format!("{BASE}/{}", referral.summary.id);
        Ok(Json::created(referral, at))
    }

    /// Queues something: 202 and where to see how it goes.
    pub(super) async fn queue<T>(
        &self,
        staff: &Acting,
        id: Uuid,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<T> + Send + 'static,
    ) -> Result<Json<Referral>> {
        let referral = self.act(staff, id, act).await?;
        (self.wake)();
        Ok(Json::accepted(referral, format!("{BASE}/{id}")))
    }

    /// Does something that stays here.
    pub(super) async fn note(
        &self,
        staff: &Acting,
        id: Uuid,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<()> + Send + 'static,
    ) -> Result<Json<Referral>> {
        Ok(Json::ok(self.act(staff, id, act).await?))
    }

    /// Begins a referral that follows another, in whose case `staff` has a part.
    pub(super) async fn begin_after(
        &self,
        staff: &Acting,
        id: Uuid,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<Uuid> + Send + 'static,
    ) -> Result<Json<Referral>> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
            let next = act(&referrals, tx, by)?;
            referrals.look(tx, by, next)
        };
        let referral = self.store.write(act).await?;
        (self.wake)();
        let at = format!("{BASE}/{}", referral.summary.id);
        Ok(Json::created(referral, at))
    }

    /// Makes a page to be printed.
    pub(super) async fn print(
        &self,
        staff: &Acting,
        id: Uuid,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<Html> + Send + 'static,
    ) -> Result<Html> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
            act(&referrals, tx, by)
        };
        self.store.write(act).await
    }

    async fn act<T>(
        &self,
        staff: &Acting,
        id: Uuid,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<T> + Send + 'static,
    ) -> Result<Referral> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let by = By::at_the_desk(&staff, &sight(tx, &staff, id)?);
            act(&referrals, tx, by)?;
            referrals.look(tx, by, id)
        };
        self.store.write(act).await
    }

    /// The person takes back here what she had agreed to elsewhere.
    pub(super) async fn take_back(&self, staff: &Acting, id: Uuid, how: Withdrawal) -> Result<Json<Referral>> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let sight = sight(tx, &staff, id)?;
            let by = By::at_the_desk(&staff, &sight);
            referrals.take_back(tx, by, &sight, id, how)?;
            referrals.look(tx, by, id)
        };
        let shown = self.store.write(act).await?;
        (self.wake)();
        Ok(Json::accepted(shown, format!("{BASE}/{id}")))
    }

    /// Does something in one case that is answered with something else than the referral.
    pub(super) async fn in_case<T: Send + 'static>(
        &self,
        staff: &Acting,
        id: Uuid,
        act: impl FnOnce(&Referrals, &mut Tx<'_>, By, &Sight) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let sight = sight(tx, &staff, id)?;
            act(&referrals, tx, By::at_the_desk(&staff, &sight), &sight)
        };
        let done = self.store.write(act).await?;
        (self.wake)();
        Ok(done)
    }

    /// Does something in many cases, in one transaction.
    pub(super) async fn in_many<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Referrals, &mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let referrals = self.referrals.clone();
        let done = self.store.write(move |tx| act(&referrals, tx)).await?;
        (self.wake)();
        Ok(done)
    }

    /// Referrals, with what is brought along. Each person on the page finds it in her journal.
    pub(super) async fn list(
        &self,
        staff: &Acting,
        wanted: Wanted,
        embed: Bringing,
    ) -> Result<(ReferralList, Brought)> {
        let (referrals, staff) = (self.referrals.clone(), staff.clone());
        let act = move |tx: &mut Tx<'_>| {
            let now = tx.now();
            let mut list = referrals.list(tx.conn(), &wanted, now)?;
            cases::note_listed(tx, &staff, "referral.listed", &list.whose)?;
            let last = std::mem::take(&mut list.last_events);
            let entries = list.items.iter().zip(last);
            let whose = entries.map(|(it, last_event)| Whose { person: it.person, last_event, ..Whose::default() });
            let brought = embed.bring(tx, whose)?;
            Ok((list, brought))
        };
        self.store.write(act).await
    }
}

/// Of the side that opened the person's case counts, of the side that received the referral's own.
pub(super) fn sight(tx: &mut Tx<'_>, staff: &Acting, id: Uuid) -> Result<Sight> {
    let row = rows::find(tx.conn(), id)?.ok_or(Code::NotFound)?;
    match (Side::parse(&row.side), row.person) {
        (Some(Side::Opener), Some(person)) => staff.sight(tx, person.0),
        _ => staff.sight_of_received(tx, id),
    }
}
