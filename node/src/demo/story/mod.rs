//! The story, told through the desks: a referral from the first talk to its end, and what does not happen to others.

mod refusals;
mod relay;

use reqwest::Client;
use serde_json::{Value, json};

use super::cast::{CENTRE, COOPERATIVE, JOB_CENTRE, Newcomer, PARTNERS, newcomers};
use super::desk::{Desk, text};
use super::network::Network;
use super::person::Person;
use super::staff::Accounts;
use super::telling::{say, step, until};
use crate::error::Result;

/// Whoever acts, and what they know of each other.
struct Stage<'a> {
    network: &'a Network,
    http: Client,
    centre: Desk,
    job_centre: Desk,
    cooperative: Desk,
}

/// Plays everything. `told` tells who the newcomers are.
pub(super) async fn play(network: &Network, accounts: &Accounts, http: Client, told: usize) -> Result<()> {
    let desk = |partner: usize| {
        let token = accounts[partner].get(PARTNERS[partner].staff[0].username).map_or("", String::as_str);
        Desk::new(http.clone(), network.node(partner).entity_id(), token)
    };
    let stage = Stage {
        centre: desk(CENTRE),
        job_centre: desk(JOB_CENTRE),
        cooperative: desk(COOPERATIVE),
        network,
        http: http.clone(),
    };
    let [first, second, third] = newcomers(told);
    let referral = stage.preview(&first).await?;
    stage.decide(&referral, &first).await?;
    stage.accompany(&referral).await?;
    stage.grant_nothing().await?;
    stage.change_of_mind(&second).await?;
    stage.nothing_left(&third).await
}

fn centre() -> &'static str {
    PARTNERS[CENTRE].organisation
}

fn job_centre() -> &'static str {
    PARTNERS[JOB_CENTRE].organisation
}

fn to_job_centre(line: &str) {
    say(format!("{} -> {}: {line}", centre(), job_centre()));
}

fn to_centre(line: &str) {
    say(format!("{} -> {}: {line}", job_centre(), centre()));
}

impl Stage<'_> {
    pub(super) async fn draft(&self, person: &Person) -> Result<String> {
        let to = self.network.node(JOB_CENTRE).entity_id();
        let draft = json!({ "person": person.id(), "recipient": to, "purpose": "P2" });
        let draft = self.centre.post("/referrals", draft).await?;
        Ok(format!("/referrals/{}", text(&draft, "/summary/id")?))
    }

    /// The path of the newest referral that came to the job centre and has not been decided on.
    pub(super) async fn newest_at_job_centre(&self) -> Result<Option<String>> {
        let list = self.job_centre.get("/referrals").await?;
        let newest = &list["items"][0];
        let is_new = newest["preview"]["state"] == "sent" && newest.get("state").is_none();
        Ok(newest["id"].as_str().filter(|_| is_new).map(|id| format!("/referrals/{id}")))
    }

    /// A person with her card and her yes.
    pub(super) async fn ready(&self, who: &Newcomer) -> Result<(Person, Vec<String>)> {
        let organisation = PARTNERS[JOB_CENTRE].organisation_id;
        let person = step("la scheda rapida", Person::take_up(&self.centre, who)).await?;
        step("i dati per l'invio", person.complete(&self.centre, who)).await?;
        let records = step("il consenso", person.agree(&self.centre, who, organisation)).await?;
        Ok((person, records))
    }

    /// The path of her referral, whose preview was queued.
    pub(super) async fn send_preview(&self, person: &Person) -> Result<String> {
        let sent = step("l'invio in bozza", self.draft(person)).await?;
        step("l'anteprima", self.centre.post(&format!("{sent}/preview"), Value::Null)).await?;
        Ok(sent)
    }

    /// Waits until a field of a referral says what is expected.
    pub(super) async fn see(&self, desk: &Desk, path: &str, pointer: &str, expected: &str) -> Result<()> {
        until(|| async {
            let seen = self.look(desk, path, pointer).await?;
            Ok((seen.as_deref() == Some(expected)).then_some(()))
        })
        .await
    }

    pub(super) async fn look(&self, desk: &Desk, path: &str, pointer: &str) -> Result<Option<String>> {
        Ok(desk.get(path).await?.pointer(pointer).and_then(Value::as_str).map(str::to_owned))
    }
}
