//! What does not happen: nothing is given to whom nothing was granted, and nothing leaves after a no.

use reqwest::Method;
use serde_json::json;

use super::{Stage, centre, job_centre, to_job_centre};
use crate::demo::cast::{CENTRE, COOPERATIVE, Newcomer, PARTNERS};
use crate::demo::intruder;
use crate::demo::person::Person;
use crate::demo::telling::{chapter, say, step, until};
use crate::error::{Error, Result};

/// Where a referral says what became of its preview.
const PREVIEW_ON_ITS_WAY: &str = "/summary/preview/transport/state";

impl Stage<'_> {
    /// The cooperative was granted nothing: it has nothing, and gets nothing by asking.
    pub(super) async fn grant_nothing(&self) -> Result<()> {
        let cooperative = PARTNERS[COOPERATIVE].organisation;
        chapter(&format!("{cooperative}, a cui nessuno ha concesso nulla"));
        let people = step("le sue persone", self.cooperative.get("/people")).await?;
        let referrals = step("i suoi invii", self.cooperative.get("/referrals")).await?;
        if [&people, &referrals].iter().any(|list| list["items"].as_array().is_none_or(|items| !items.is_empty())) {
            return Err(Error::Setup("la cooperativa vede persone o invii che non sono suoi".into()));
        }
        say(format!("{cooperative}: nel suo nodo nessuna persona, nessun invio"));

        let centre_id = self.network.node(CENTRE).entity_id();
        let stranger = self.cooperative.at(&self.http, centre_id);
        let refused = step("il gettone di un altro nodo", stranger.ask(Method::GET, "/people", None, None)).await?;
        if refused.status != 401 {
            return Err(Error::Setup(format!("il gettone della cooperativa vale al centro: {}", refused.status)));
        }
        say(format!("{cooperative} -> {}: il suo codice di accesso qui non vale (401)", centre()));

        let (own, victim) = (self.network.node(COOPERATIVE), self.network.node(CENTRE));
        let thread = step("la conversazione altrui", intruder::overheard(victim)).await?;
        let code = step("il messaggio abusivo è rifiutato", intruder::meddle(own, victim, thread)).await?;
        say(format!(
            "{cooperative} -> {}: «quell'invio è chiuso»: rifiutato ({code}), per lei quell'invio non esiste",
            centre()
        ));
        Ok(())
    }

    /// A person changes her mind after the preview: the job centre is told, and nothing more leaves.
    pub(super) async fn change_of_mind(&self, who: &Newcomer) -> Result<()> {
        chapter(&format!("{} ci ripensa", who.given));
        let (person, records) = self.ready(who).await?;
        let sent = self.send_preview(&person).await?;
        let received = step("l'anteprima arriva", until(|| self.newest_at_job_centre())).await?;
        to_job_centre("anteprima ricevuta, senza nome");
        self.take_back(who, &person, &records).await?;
        step("l'invio è ritirato", self.see(&self.centre, &sent, "/summary/state", "withdrawn")).await?;
        step("la revoca arriva", self.see(&self.job_centre, &received, "/summary/state", "withdrawn")).await?;
        let shown = step("la scheda è cancellata", self.job_centre.get(&received)).await?;
        if shown.pointer("/card/groups/preview").is_some() {
            return Err(Error::Setup("dopo la revoca l'anteprima c'è ancora".into()));
        }
        let sending = format!("{sent}/sending");
        let refused = self.centre.ask(Method::POST, &sending, Some(json!({})), None);
        let refused = step("dopo la revoca non parte nulla", refused).await?;
        if refused.status != 409 {
            return Err(Error::Setup(format!("dopo la revoca l'invio risponde {}", refused.status)));
        }
        to_job_centre("consenso revocato: l'anteprima è cancellata, e non parte più nulla");
        Ok(())
    }

    /// A person changes her mind while her preview waits for the line: it never leaves, and nobody hears of her.
    pub(super) async fn nothing_left(&self, who: &Newcomer) -> Result<()> {
        chapter(&format!("{} ci ripensa prima", who.given));
        let (person, records) = self.ready(who).await?;
        let before = step("gli invii del CPI", self.job_centre.get("/referrals")).await?;
        self.network.cut_off(CENTRE).await;
        let sent = self.send_preview(&person).await?;
        step("l'anteprima aspetta", self.see(&self.centre, &sent, PREVIEW_ON_ITS_WAY, "queued")).await?;
        say(format!("{}: la linea è interrotta, l'anteprima aspetta in coda", centre()));
        self.take_back(who, &person, &records).await?;
        step("l'anteprima è tolta dalla coda", self.see(&self.centre, &sent, PREVIEW_ON_ITS_WAY, "struck")).await?;
        step("la linea torna", self.network.reconnect(CENTRE)).await?;
        let after = step("gli invii del CPI", self.job_centre.get("/referrals")).await?;
        if before != after {
            return Err(Error::Setup("al CPI è arrivato qualcosa".into()));
        }
        say(format!(
            "{}: la linea torna; l'anteprima non è mai partita, {} non sa nulla di {}",
            centre(),
            job_centre(),
            who.given
        ));
        Ok(())
    }

    async fn take_back(&self, who: &Newcomer, person: &Person, records: &[String]) -> Result<()> {
        for record in records {
            step("la revoca", person.withdraw(&self.centre, record)).await?;
        }
        say(format!("{}: {} revoca il consenso", centre(), who.given));
        Ok(())
    }
}
