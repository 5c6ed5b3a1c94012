//! A withdrawal goes after what was passed on: down to those who never met the person's centre, and their answers back up.

use chrono::TimeDelta;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_node::referrals;
use staffetta_protocol::trust::Role;
use staffetta_tests::{BOTH, Desk, Federation, Member, Person, on_each_database};

use crate::stage::{CPI, Stage, stands};

const ASSOCIATION: &str = "vat:12345678903";
const BODY: &str = "vat:01114601006";

/// A centre handed somebody on to an association, which handed her on to a job centre and to a training body.
struct Chain {
    stage: Stage,
    association: Member,
    body: Member,
    at_association: Desk,
    at_body: Desk,
    person: Person,
    /// Her consents at the centre.
    records: Vec<String>,
    /// What came to the association, and to the job centre.
    came: (String, String),
    /// Her record at the association, and at the job centre.
    hers: (String, String),
}

fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

async fn newest(desk: &Desk) -> String {
    let list = desk.read("referrals?side=taker").await.ok();
    format!("referrals/{}", list["items"][0]["id"].as_str().unwrap())
}

/// Takes her on; her record there.
async fn accepts(desk: &Desk, path: &str) -> String {
    desk.post(&format!("{path}/known-person"), json!({"choice": "new"})).await.ok();
    let appointment = json!({"at": "2026-12-01T09:00:00Z", "place": "sportello 3", "language": "fra"});
    let yes = json!({"appointment": {"kind": "fixed", "appointment": appointment}, "already_known": false});
    let shown = desk.post(&format!("{path}/acceptance"), yes).await.ok();
    text(&shown, "/summary/person").to_owned()
}

impl Chain {
    async fn set(net: Federation) -> Self {
        Self::by_a_clock_behind(net, TimeDelta::zero()).await
    }

    /// While she is passed on from the association, all clocks are behind by that much.
    async fn by_a_clock_behind(net: Federation, behind: TimeDelta) -> Self {
        let stage = Stage::set(net).await;
        let association = stage.net.member("Associazione Zzvela", Role::Association, ASSOCIATION).await;
        let body = stage.net.member("Ente Zzforma", Role::TrainingBody, BODY).await;
        stage.centre.node.peers().resolve(association.id()).await.unwrap();
        for other in [&stage.cpi, &body] {
            association.node.peers().resolve(other.id()).await.unwrap();
        }
        let at_association = association.desk(AccessRole::Operator).await;
        let at_body = body.desk(AccessRole::Operator).await;
        let person = Person::with_card(&stage.at_centre, "Mariam").await;
        let records = person.agrees(ASSOCIATION, BOTH).await;
        let mut it = Self {
            stage,
            association,
            body,
            at_association,
            at_body,
            person,
            records,
            came: Default::default(),
            hers: Default::default(),
        };
        it.passed_on(behind).await;
        it
    }

    async fn pump(&self) {
        self.stage.net.pump(&[&self.stage.centre, &self.association, &self.stage.cpi, &self.body]).await;
    }

    async fn sends(&self, desk: &Desk, person: &Person, to: &Member) {
        let path = person.draft(to).await;
        desk.post(&format!("{path}/sending"), json!({})).await.ok();
        self.pump().await;
    }

    async fn passed_on(&mut self, behind: TimeDelta) {
        // A key that signs is older than the clock is wrong.
        self.stage.net.wait(behind * 2);
        self.sends(&self.stage.at_centre, &self.person, &self.association).await;
        self.came.0 = newest(&self.at_association).await;
        self.hers.0 = accepts(&self.at_association, &self.came.0).await;
        self.pump().await;
        // The association has its own card of her, and asks her for its own two yeses.
        let there = Person::known(&self.at_association, &self.hers.0);
        there.fills_in("Mariam").await;
        for (organisation, to) in [(CPI, &self.stage.cpi), (BODY, &self.body)] {
            self.stage.net.wait(-behind);
            there.agrees(organisation, BOTH).await;
            let path = there.draft(to).await;
            self.at_association.post(&format!("{path}/sending"), json!({})).await.ok();
            self.stage.net.wait(behind);
            self.pump().await;
        }
        self.came.1 = newest(&self.stage.at_cpi).await;
        self.hers.1 = accepts(&self.stage.at_cpi, &self.came.1).await;
        self.pump().await;
        let did = json!({"state": "active", "date": "2026-11-20"});
        let none = Some("\"0\"");
        self.stage.at_cpi.put(&format!("{}/did", self.came.1), none, did).await.ok();
        self.pump().await;
    }

    /// Who was told by whoever is at this desk, one line for the one record that matters here.
    async fn told(&self, desk: &Desk) -> Vec<Value> {
        let list = desk.read("recalls").await.ok();
        list["items"].as_array().unwrap().clone()
    }
}

fn statuses(line: &Value) -> Vec<(String, String)> {
    let below = line["below"].as_array().unwrap();
    below.iter().map(|it| (text(it, "/role").to_owned(), text(it, "/status").to_owned())).collect()
}

fn pair(role: &str, status: &str) -> (String, String) {
    (role.to_owned(), status.to_owned())
}

#[actix_web::test]
async fn what_time_deleted_here_is_recalled_from_whoever_it_was_passed_on_to() {
    on_each_database(|net| async move {
        let it = Chain::set(net).await;
        let came = it.came.0.rsplit('/').next().unwrap().parse().unwrap();
        let store = it.association.node.store();
        store.write(move |tx| referrals::expiring::delete_referral(tx, came)).await.unwrap();
        it.person.withdraws(&it.records[1]).await;
        it.pump().await;
        let lines = it.told(&it.at_association).await;
        let told: Vec<_> = lines.iter().map(|line| text(line, "/organisation_name")).collect();
        assert!(told.contains(&"CPI Prato") && told.contains(&"Ente Zzforma"), "{told:?}");
        let shown = it.stage.at_cpi.read(&it.came.1).await.ok();
        assert_eq!(stands(&shown).0, "withdrawn");
        let line = it.told(&it.stage.at_centre).await.remove(0);
        assert_eq!(statuses(&line), [pair("cpi", "complete"), pair("training_body", "complete")], "{line}");
        let shown = it.stage.at_centre.read(&format!("recalls/{}", text(&line, "/id"))).await.ok();
        let outcomes = shown["groups"].as_array().unwrap();
        assert!(!outcomes.is_empty() && outcomes.iter().all(|it| text(it, "/outcome/kind") == "erased"), "{shown}");
    })
    .await;
}

#[actix_web::test]
async fn what_was_passed_on_by_a_clock_that_was_behind_is_recalled_too() {
    on_each_database(|net| async move {
        let it = Chain::by_a_clock_behind(net, TimeDelta::hours(1)).await;
        it.person.withdraws(&it.records[1]).await;
        it.pump().await;
        let shown = it.stage.at_cpi.read(&it.came.1).await.ok();
        assert_eq!(stands(&shown).0, "withdrawn");
        let line = it.told(&it.stage.at_centre).await.remove(0);
        assert_eq!(statuses(&line), [pair("cpi", "complete"), pair("training_body", "complete")], "{line}");
    })
    .await;
}

#[actix_web::test]
async fn recalled_two_nodes_deep_with_one_that_was_off_one_that_keeps_and_one_that_never_answers() {
    on_each_database(|net| async move {
        let mut it = Chain::set(net).await;
        let shown = it.at_body.read(&newest(&it.at_body).await).await.ok();
        assert!(shown.to_string().contains("Mariam"), "it went all the way down");
        // The association is off for two days, and the training body for good.
        it.association.stop().await;
        it.body.stop().await;
        it.person.withdraws(&it.records[1]).await;
        it.pump().await;
        let line = it.told(&it.stage.at_centre).await.remove(0);
        assert_eq!((text(&line, "/status"), text(&line, "/role")), ("pending", "association"));
        assert_eq!(text(&line, "/organisation_name"), "Associazione Zzvela");
        it.stage.net.wait(TimeDelta::days(2));
        it.association.restart().await;
        it.pump().await;

        let line = it.told(&it.stage.at_centre).await.remove(0);
        assert_eq!(text(&line, "/status"), "answered");
        assert_eq!(statuses(&line), [pair("cpi", "complete"), pair("training_body", "pending")], "{line}");
        for name in ["CPI Prato", "Zzforma"] {
            assert!(!line.to_string().contains(name), "below it there are roles and no names");
        }
        let shown = it.stage.at_centre.read(&format!("recalls/{}", text(&line, "/id"))).await.ok();
        let outcomes = shown["groups"].as_array().unwrap();
        assert!(!outcomes.is_empty() && outcomes.iter().all(|it| text(it, "/outcome/kind") == "erased"), "{shown}");

        // What the association is told by name, and what the job centre keeps by law.
        let lines = it.told(&it.at_association).await;
        let named = |name: &str| lines.iter().find(|it| text(it, "/organisation_name") == name).unwrap().clone();
        let (kept, never) = (named("CPI Prato"), named("Ente Zzforma"));
        assert_eq!((text(&kept, "/due_at"), &kept["from_above"]), (text(&line, "/due_at"), &json!(true)));
        let kept = it.at_association.read(&format!("recalls/{}", text(&kept, "/id"))).await.ok();
        let outcome = |group: &str| {
            let all = kept["groups"].as_array().unwrap().iter();
            all.clone().find(|it| it["group"] == group).unwrap()["outcome"].clone()
        };
        assert_eq!(outcome("g.identity")["kind"], "retained_own_basis");
        assert_eq!(outcome("g.identity")["basis"], "did");
        assert_eq!(outcome("g.preview")["kind"], "erased");

        // Nothing of it is shown any more where it went; what the job centre keeps is a record of its own.
        for (desk, path) in [(&it.at_association, &it.came.0), (&it.stage.at_cpi, &it.came.1)] {
            let shown = desk.read(path).await.ok();
            assert_eq!(stands(&shown).0, "withdrawn");
            assert!(!shown.to_string().contains("Mariam") && !shown.to_string().contains("333000"), "{shown}");
        }
        let own = it.stage.at_cpi.read(&format!("people/{}/card", it.hers.1)).await.ok();
        assert_eq!(own["card"]["given_names"], "Mariam");
        assert!(own["card"].get("phone").is_none() || own["card"]["phone"].is_array());

        // On the fourth day somebody writes to those who do not answer.
        it.stage.net.wait(TimeDelta::hours(25));
        it.association.node.upkeep().await.unwrap();
        it.stage.centre.node.upkeep().await.unwrap();
        let officer = it.association.desk(AccessRole::Dpo).await;
        let tasks = officer.read("tasks").await.ok();
        assert_eq!(tasks["items"], json!([]), "by a clock that no member has confirmed for a day nobody is late");
        let (node, member) = (&it.association.node, it.stage.centre.id());
        let peer = node.peers().resolve(member).await.unwrap();
        node.peers().call(&peer, reqwest::Method::GET, "/exchange/link", None).await.unwrap();
        node.upkeep().await.unwrap();
        let late = officer.read("recalls?overdue=true").await.ok();
        assert_eq!(late["items"].as_array().unwrap().len(), 1, "{late}");
        let tasks = officer.read("tasks").await.ok();
        assert!(tasks["items"].as_array().unwrap().iter().any(|it| it["kind"] == "recall_unanswered"), "{tasks}");
        let path = format!("recalls/{}/other-channel", text(&never, "/id"));
        officer.post(&path, json!({"channel": "phone"})).await.ok();
        it.pump().await;
        let line = it.told(&it.stage.at_centre).await.remove(0);
        assert_eq!((text(&line, "/status"), &line["overdue"]), ("complete", &json!(false)));
        assert_eq!(statuses(&line), [pair("cpi", "complete"), pair("training_body", "other_channel")]);
        let again = officer.post(&path, json!({"channel": "phone"})).await;
        assert_eq!(again.refused(409), "conflict");

        // It comes back after all, and does what it was told.
        it.body.restart().await;
        it.stage.net.wait(TimeDelta::minutes(20));
        it.pump().await;
        let line = it.told(&it.stage.at_centre).await.remove(0);
        assert_eq!(statuses(&line), [pair("cpi", "complete"), pair("training_body", "complete")]);
        for member in [&it.stage.centre, &it.association, &it.stage.cpi, &it.body] {
            assert_eq!(member.readable(&["mariam", "diarra", "3330001122"]), Vec::<String>::new(), "{}", member.id());
        }
    })
    .await;
}

#[actix_web::test]
async fn said_at_the_job_centre_it_is_run_from_where_she_agreed() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let (received, shown) = stage.received().await.unwrap();
        assert!(shown.to_string().contains("Mariam"));
        let how = json!({"by": "person", "channel": "in_person"});
        let wrong = stage.at_centre.post(&format!("{path}/consent-withdrawals"), how.clone()).await;
        assert_eq!(wrong.refused(403), "not_entitled", "at the centre her own consents are taken back");
        let done = stage.at_cpi.post(&format!("{received}/consent-withdrawals"), how.clone()).await;
        assert_eq!(done.status, 202, "{}", done.body);
        assert_eq!(stands(&done.body).0, "withdrawn");
        assert!(!done.body.to_string().contains("Mariam"), "it is gone before anybody else has heard of it");
        let twice = stage.at_cpi.post(&format!("{received}/consent-withdrawals"), how).await;
        assert_eq!(twice.refused(404), "not_found");
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "withdrawn");
        let told = stage.at_centre.read("recalls").await.ok();
        let line = &told["items"][0];
        assert_eq!((text(line, "/status"), text(line, "/organisation_name")), ("complete", "CPI Prato"));
        stage.cpi.node.upkeep().await.unwrap();
        assert_eq!(stage.cpi.journal("subject.shredded").await.len(), 1, "nobody there has a key of hers");
    })
    .await;
}

#[actix_web::test]
async fn what_is_put_right_goes_to_everybody_who_holds_it_and_who_has_it_is_known() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let shown = stage.seen(&path).await;
        let hers = text(&shown, "/summary/person").to_owned();
        let asks = json!({"kind": "rectification", "channel": "in_person", "said_by": "person", "details": "Il nome."});
        let asked = stage.at_centre.post(&format!("people/{hers}/rights-requests"), asks).await;
        let (version, request) = (asked.etag.clone(), text(&asked.ok(), "/id").to_owned());
        let held = stage.at_centre.read(&format!("people/{hers}/card")).await;
        let (etag, mut card) = (held.etag.clone(), held.ok()["card"].clone());
        card["given_names"] = json!("Zzmaryam");
        let put = stage.at_centre.put(&format!("people/{hers}/card"), etag.as_deref(), card).await.ok();
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        let answer = json!({"outcome": "granted", "card_version": put["version"]});
        let at = format!("rights-requests/{request}/answer");
        officer.send(reqwest::Method::POST, &at, Some(answer), version.as_deref()).await.ok();
        stage.centre.node.upkeep().await.unwrap();
        let list = format!("rights-requests/{request}/rectified-recipients");
        let waits = officer.read(&list).await.ok();
        assert_eq!((text(&waits, "/items/0/transport"), waits["items"].as_array().unwrap().len()), ("queued", 1));
        stage.pump().await;
        let (_, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["identity"]["given_names"], "Zzmaryam");
        let has = officer.read(&list).await.ok();
        assert_eq!(text(&has, "/items/0/organisation_name"), "CPI Prato");
        assert!(!text(&has, "/items/0/has_it_since").is_empty(), "{has}");
        stage.centre.node.upkeep().await.unwrap();
        assert_eq!(officer.read(&list).await.ok()["items"].as_array().unwrap().len(), 1, "once");
    })
    .await;
}
