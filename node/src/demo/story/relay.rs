//! The relay: a preview, a referral, and what came of it.

use chrono::{DateTime, Days, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Europe::Rome;
use serde_json::json;

use super::{Stage, centre, job_centre, to_centre, to_job_centre};
use crate::demo::cast::{JOB_CENTRE, Newcomer, PARTNERS};
use crate::demo::desk::text;
use crate::demo::person::Person;
use crate::demo::telling::{chapter, moment, say, step, until};
use crate::error::{Error, Result};
use crate::rules::calendar::{add_working_days, local_day};

/// A referral at both ends.
pub(super) struct Referral {
    /// Its path at the reception centre's desk.
    sent: String,
    /// Its path at the job centre's desk.
    received: String,
}

impl Stage<'_> {
    /// A person, her card, her yes, and the question whether the job centre could do something for her.
    pub(super) async fn preview(&self, who: &Newcomer) -> Result<Referral> {
        chapter(&format!("{} arriva al {}", who.given, centre()));
        let person = step("la scheda rapida", Person::take_up(&self.centre, who)).await?;
        say(format!("{}: scheda rapida compilata con {} (in {})", centre(), who.given, who.language.1));
        step("i dati per l'invio", person.complete(&self.centre, who)).await?;
        say(format!("{}: nome, residenza e telefono restano nel nodo del centro", centre()));
        let organisation = PARTNERS[JOB_CENTRE].organisation_id;
        step("il consenso", person.agree(&self.centre, who, organisation)).await?;
        say(format!(
            "{}: {} dice sì a voce, con una mediatrice: anteprima, invio e contatti, solo a {}",
            centre(),
            who.given,
            job_centre()
        ));

        let to = json!({ "entity_id": self.network.node(JOB_CENTRE).entity_id() });
        let found = step("il CPI si trova nella rete", self.centre.post("/members/lookups", to)).await?;
        say(format!(
            "{}: trovato nella rete {}, garantito dall'autorità",
            centre(),
            text(&found, "/organisation_name")?
        ));
        let sent = self.send_preview(&person).await?;
        let received = step("l'anteprima arriva", until(|| self.newest_at_job_centre())).await?;
        let shown = step("l'anteprima si legge", self.job_centre.get(&received)).await?;
        if shown.pointer("/card/groups/identity").is_some() || shown.to_string().contains(who.family) {
            return Err(Error::Setup("l'anteprima porta il nome della persona".into()));
        }
        to_job_centre("anteprima ricevuta: competenze, lingue e disponibilità, senza nome");
        let answer = json!({ "answer": { "kind": "send_referral" }, "likely": ["internship"] });
        step("la risposta all'anteprima", self.job_centre.post(&format!("{received}/preview-answer"), answer)).await?;
        step("la risposta torna", self.see(&self.centre, &sent, "/summary/preview/state", "send_referral")).await?;
        to_centre("«inviate pure», probabile un tirocinio");
        Ok(Referral { sent, received })
    }

    /// The referral with her name, and the job centre's yes.
    pub(super) async fn decide(&self, referral: &Referral, who: &Newcomer) -> Result<()> {
        chapter("L'invio");
        step("l'invio", self.centre.post(&format!("{}/sending", referral.sent), json!({}))).await?;
        step("l'invio arriva", self.see(&self.job_centre, &referral.received, "/summary/state", "received")).await?;
        let shown = step("l'invio si legge", self.job_centre.get(&referral.received)).await?;
        let name = format!(
            "{} {}",
            text(&shown, "/card/groups/identity/given_names")?,
            text(&shown, "/card/groups/identity/family_names")?
        );
        if name != format!("{} {}", who.given, who.family) || shown.pointer("/card/groups/contact").is_some() {
            return Err(Error::Setup("l'invio non porta quello che è stato concesso, o porta di più".into()));
        }
        step("la ricevuta torna", self.see(&self.centre, &referral.sent, "/summary/state", "received")).await?;
        to_job_centre(&format!("invio di {name} consegnato, ricevuta firmata; il telefono non ancora"));

        step(
            "l'ufficio cerca fra i suoi",
            self.job_centre.post(&format!("{}/known-person", referral.received), json!({ "choice": "new" })),
        )
        .await?;
        let at = next_working_day_at_ten(self.network.node(JOB_CENTRE).clock().now());
        let appointment = json!({ "at": at, "place": "CPI Prato, sportello 3", "language": who.language.0 });
        let yes = json!({ "appointment": { "kind": "fixed", "appointment": appointment }, "already_known": false });
        step("l'accettazione", self.job_centre.post(&format!("{}/acceptance", referral.received), yes)).await?;
        step("l'accettazione torna", self.see(&self.centre, &referral.sent, "/summary/state", "accepted")).await?;
        to_job_centre(&format!("invio accettato, appuntamento {} ({})", moment(at), who.language.1));
        let released = until(|| self.look(&self.job_centre, &referral.received, "/card/groups/contact/phone/0/number"));
        step("i contatti arrivano dopo l'accettazione", released).await?;
        to_job_centre("contatti consegnati: solo ora, e solo perché lo ha concesso");
        let told = json!({ "how": "with_mediator" });
        step("dirlo alla persona", self.centre.post(&format!("{}/told", referral.sent), told)).await?;
        say(format!("{}: {} lo sa, con la mediatrice", centre(), who.given));
        Ok(())
    }

    /// What follows, as the reception centre hears of it.
    pub(super) async fn accompany(&self, referral: &Referral) -> Result<()> {
        chapter("Il percorso");
        let today = local_day(self.network.node(JOB_CENTRE).clock().now());
        for (told, body) in [
            ("primo colloquio fatto", json!({ "kind": "first_contact", "on": today })),
            ("patto di servizio firmato", json!({ "kind": "patto_signed", "on": today, "gol_path": "upskilling" })),
            ("tirocinio avviato", json!({ "kind": "pathway_opened", "pathway": "internship", "on": today })),
        ] {
            let kind = body["kind"].clone();
            step(told, self.job_centre.post(&format!("{}/progress", referral.received), body)).await?;
            let heard = until(|| async {
                let seen = self.centre.get(&referral.sent).await?;
                let heard = seen["events"].as_array().is_some_and(|all| all.iter().any(|event| event["event"] == kind));
                Ok(heard.then_some(()))
            });
            step(&format!("{told}: l'avviso torna"), heard).await?;
            to_centre(told);
        }
        let end = json!({ "outcome": "internship", "on": today });
        step("la chiusura", self.job_centre.post(&format!("{}/closure", referral.received), end)).await?;
        step("la chiusura torna", self.see(&self.centre, &referral.sent, "/summary/state", "closed")).await?;
        to_centre("invio chiuso, esito: tirocinio");
        Ok(())
    }
}

/// Ten o'clock in Italy on the next working day.
fn next_working_day_at_ten(now: DateTime<Utc>) -> DateTime<Utc> {
    let day = add_working_days(local_day(now), 1, &[]);
    let ten = NaiveTime::from_hms_opt(10, 0, 0).expect("ten o'clock is a time of day");
    let at = Rome.from_local_datetime(&day.and_time(ten)).earliest();
    at.map_or_else(|| now + Days::new(1), |at| at.to_utc())
}
