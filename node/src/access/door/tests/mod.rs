//! The door on both databases. Hashes are cheap here but in the one test that counts what they cost.

mod lockout;
mod passwords;
mod programs;
mod providers;
mod second_factor;
mod sessions;

use chrono::TimeDelta;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::*;
use crate::access::{AccessRole, By, Label, Pass, Scopes, Standing, Username, add_staff};
use crate::journal::{self, Actor};
use crate::store::scratch;
use crate::vault::MasterKey;

pub(super) const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };
pub(super) const GOOD: &str = "sette gatti blu sul tetto";
pub(super) const OTHER: &str = "otto cani verdi in giardino";
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

pub(super) fn config() -> Config {
    let text = "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"Il Ponte\"\n";
    Config::read(text, []).unwrap()
}

/// A door, and what stands behind it.
pub(super) struct Stage {
    pub(super) store: Store,
    pub(super) door: Door,
}

impl Stage {
    pub(super) fn new(store: Store) -> Self {
        Self::with(store, config(), Vault::new(MasterKey::generate().unwrap()), CHEAP)
    }

    pub(super) fn with(store: Store, config: Config, vault: Vault, cost: Cost) -> Self {
        let keys = Keys::new(vault.clone(), config.node.entity_id.clone());
        let door = Door::with_cost(store.clone(), vault, keys, &config, "/desk", cost).unwrap();
        Self { store, door }
    }

    pub(super) async fn account(&self, name: &'static str, role: AccessRole) -> Uuid {
        let add = move |tx: &mut Tx<'_>| {
            let label = Label::new("Anna Bianchi").unwrap();
            add_staff(tx, Actor::System, &name.parse::<Username>().unwrap(), &label, role)
        };
        self.store.write(add).await.unwrap()
    }

    /// An account with a temporary password.
    async fn hired(&self, name: &'static str) -> (Uuid, String) {
        let id = self.account(name, AccessRole::Operator).await;
        (id, self.reset(id).await)
    }

    async fn reset(&self, id: Uuid) -> String {
        let temporary = self.door.temporary().await.unwrap();
        let (shown, door) = (temporary.password.expose().to_owned(), self.door.clone());
        self.store.write(move |tx| door.reset(tx, Actor::System, id, &temporary)).await.unwrap();
        shown
    }

    async fn attempt(
        &self,
        name: &str,
        password: &str,
        factor: Option<Factor>,
        address: &str,
        device: Option<&str>,
    ) -> Result<Entered> {
        let attempt = Attempt {
            username: name.parse().unwrap(),
            password: Password::new(password).unwrap(),
            factor,
            address: address.into(),
            devices: device.into_iter().map(str::to_owned).collect(),
        };
        self.door.sign_in(attempt).await
    }

    async fn enter(&self, name: &str, password: &str, factor: Option<Factor>) -> Result<Entered> {
        self.attempt(name, password, factor, HERE, None).await
    }

    /// An account that is wholly set up, with [`GOOD`] as its password: its session, its second factor's secret, its codes.
    pub(super) async fn settled(&self, name: &'static str) -> Settled {
        let (id, temporary) = self.hired(name).await;
        let first = self.enter(name, &temporary, None).await.unwrap();
        let second = self.change(&first, None, GOOD).await.unwrap();
        let (entered, secret, codes) = self.enrol(&second, None).await;
        Settled { id, entered, secret, codes }
    }

    async fn change(&self, of: &Entered, current: Option<&str>, new: &str) -> Result<Entered> {
        let current = current.map(|text| Password::new(text).unwrap());
        self.door.change_password(&pass(of), &of.staff, current, Password::new(new).unwrap()).await
    }

    async fn enrol(&self, of: &Entered, current: Option<&str>) -> (Entered, Vec<u8>, Vec<String>) {
        let current = current.map(|text| Password::new(text).unwrap());
        let offer = self.door.offer_factor(&pass(of), &of.staff, current).await.unwrap();
        assert!(offer.uri.starts_with("otpauth://totp/") && offer.uri.contains("issuer=Il%20Ponte"), "{}", *offer.uri);
        let secret = totp_rs::Secret::try_from_base32(offer.secret.as_str()).unwrap().as_bytes().to_vec();
        let typed = totp::code_at(&secret, self.store.clock().now());
        let (entered, codes) = self.door.confirm_factor(&pass(of), &of.staff, typed).await.unwrap();
        (entered, secret, codes.iter().map(|code| code.to_string()).collect())
    }

    /// The code that the telephone shows, of a step that was not used yet.
    fn next_code(&self, secret: &[u8]) -> Option<Factor> {
        self.store.clock().advance(TimeDelta::seconds(30));
        Some(Factor::Totp(totp::code_at(secret, self.store.clock().now())))
    }

    async fn is_in(&self, entered: &Entered) -> bool {
        self.door.verify_session(&entered.session.secret).await.is_ok()
    }

    async fn journalled(&self, act: &'static str) -> Vec<journal::StoredEntry> {
        self.store.read(move |conn| journal::of_act(conn, act, 100)).await.unwrap()
    }
}

pub(super) struct Settled {
    pub(super) id: Uuid,
    pub(super) entered: Entered,
    pub(super) secret: Vec<u8>,
    pub(super) codes: Vec<String>,
}

fn pass(entered: &Entered) -> Pass {
    Pass { by: By::Session(entered.session.id), standing: entered.session.standing, scopes: None }
}

fn code<T: std::fmt::Debug>(refused: Result<T>) -> Code {
    refused.unwrap_err().code()
}
