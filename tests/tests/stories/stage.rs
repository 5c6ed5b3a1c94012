//! Where most stories begin: a centre, a job centre, and a person who agreed to be handed on.

use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_tests::{BOTH, Desk, Federation, Member, Person};

/// A centre and a job centre that know each other, with somebody at each desk.
pub(crate) struct Stage {
    pub(crate) net: Federation,
    pub(crate) centre: Member,
    pub(crate) cpi: Member,
    pub(crate) at_centre: Desk,
    pub(crate) at_cpi: Desk,
}

/// The organisation that runs the job centre.
pub(crate) const CPI: &str = "ipa:cpi_po";

impl Stage {
    pub(crate) async fn set(net: Federation) -> Self {
        let (centre, cpi) = (net.centre().await, net.cpi().await);
        centre.node.peers().resolve(cpi.id()).await.expect("the centre finds the job centre");
        let (at_centre, at_cpi) = (centre.desk(AccessRole::Operator).await, cpi.desk(AccessRole::Operator).await);
        Self { net, centre, cpi, at_centre, at_cpi }
    }

    /// A person who agreed to preview and referral. Her records are in that order.
    pub(crate) async fn agreed(&self) -> (Person, Vec<String>) {
        let person = Person::with_card(&self.at_centre, "Mariam").await;
        let records = person.agrees(CPI, BOTH).await;
        (person, records)
    }

    /// A referral that was sent, and has not left yet. Its path at the centre.
    pub(crate) async fn sent(&self) -> String {
        let (person, _) = self.agreed().await;
        let path = person.draft(&self.cpi).await;
        let sent = self.at_centre.post(&format!("{path}/sending"), json!({})).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
        path
    }

    /// Everything that is due, on both sides, until nothing follows from it.
    pub(crate) async fn pump(&self) {
        self.net.pump(&[&self.centre, &self.cpi]).await;
    }

    /// The referral as the centre sees it.
    pub(crate) async fn seen(&self, path: &str) -> Value {
        self.at_centre.read(path).await.ok()
    }

    /// The newest referral at the job centre: its path and what it shows. `None` while there is none.
    pub(crate) async fn received(&self) -> Option<(String, Value)> {
        let list = self.at_cpi.read("referrals").await.ok();
        let id = list["items"][0]["id"].as_str()?;
        let path = format!("referrals/{id}");
        let shown = self.at_cpi.read(&path).await.ok();
        Some((path, shown))
    }

    /// The job centre accepts, with an appointment.
    pub(crate) async fn accept(&self, path: &str) {
        self.at_cpi.post(&format!("{path}/known-person"), json!({"choice": "new"})).await.ok();
        let appointment = json!({"at": "2026-12-01T09:00:00Z", "place": "CPI Prato, sportello 3", "language": "fra"});
        let yes = json!({"appointment": {"kind": "fixed", "appointment": appointment}, "already_known": false});
        self.at_cpi.post(&format!("{path}/acceptance"), yes).await.ok();
    }
}

/// State, transport and code of a referral.
pub(crate) fn stands(shown: &Value) -> (&str, &str, &str) {
    let text = |pointer| shown.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    (text("/summary/state"), text("/summary/transport/state"), text("/summary/transport/code"))
}
