//! A node goes back to a copy of the day before: who was erased since does not come back, what was taken back since does not
//! go out, and the conversation with its partner goes on.

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use staffetta_node::access::AccessRole;
use staffetta_node::backup::{self, Choice, DATA, Keeper, Means, Restored};
use staffetta_node::config::{Config, DatabaseUrl};
use staffetta_node::keys::Keys;
use staffetta_node::outbox::Outbox;
use staffetta_node::store::scratch::CLUSTER;
use staffetta_node::vault::keyring::wrapped_keys;
use staffetta_tests::{BOTH, Desk, Federation, Person, on_each_database};

use crate::stage::{CPI, Stage, stands};

fn holds(file: &Path, bytes: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes)
}

/// Runs what a person would type.
fn types(command: &str) {
    let done = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Copies of the centre, and the keyring that is kept beside them.
struct Copies {
    folder: PathBuf,
    keeper: Keeper,
}

/// A centre that went back to a copy.
struct WentBack {
    done: Restored,
    config: Config,
    /// The database that it is in, on PostgreSQL.
    database: Option<String>,
}

impl Copies {
    fn begin(stage: &Stage) -> Self {
        let folder = std::env::temp_dir().join(format!("staffetta-restore-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir(&folder).unwrap();
        let (node, id) = (&stage.centre.node, stage.centre.id().clone());
        let keeper = Keeper::new(node.store().clone(), node.vault().clone(), id, Some(folder.join("keyring")));
        keeper.watch();
        Self { folder, keeper }
    }

    fn newest(&self) -> PathBuf {
        self.folder.join("backup")
    }

    /// Makes a backup of the centre as its verb says it is made: on PostgreSQL the verb, what it printed, and the verb again.
    async fn make(&self, stage: &Stage) {
        let (store, into) = (stage.centre.node.store(), self.newest());
        if backup::backup(store, &self.keeper, &into).await.unwrap().data.is_none() {
            let url = stage.centre.config().database.url.expose();
            types(&backup::pg_dump(&into).replace("DATABASE", &format!("'{url}'")));
            assert!(backup::backup(store, &self.keeper, &into).await.unwrap().data.is_none());
        }
    }

    /// The disk dies. The centre is made again from the copy and the newest keyring, and serves.
    async fn put_back(&self, stage: &mut Stage) -> WentBack {
        assert!(self.keeper.keyring_is_current().await.unwrap(), "the file knows before it was said that it is done");
        stage.centre.stop().await;
        stage.centre.node.close().await;
        let mut config = stage.centre.config().clone();
        config.backup.keyring = Some(self.folder.join("keyring"));
        let database = fills_anew(&mut config, &self.newest());
        let (vault, id) = (stage.centre.node.vault().clone(), stage.centre.id().clone());
        let outbox = Outbox::new(id.clone(), Keys::new(vault.clone(), id), vault.clone());
        let means = Means { vault, outbox, clock: stage.net.clock.clone() };
        let choice = Choice { from: self.newest(), keyring: None, replace: true };
        let done = backup::restore(&config, &means, &choice).await.unwrap();
        stage.centre.moves_to(config.database.url.clone()).await;
        WentBack { done, config, database }
    }

    /// Leaves nothing behind.
    async fn clear(self, stage: &mut Stage, back: WentBack) {
        std::fs::remove_dir_all(&self.folder).unwrap();
        match (back.done.aside, back.database) {
            (Some(aside), None) => std::fs::remove_file(aside).unwrap(),
            (None, Some(name)) => {
                stage.centre.stop().await;
                stage.centre.node.close().await;
                let cluster = std::env::var(CLUSTER).unwrap();
                types(&format!("psql '{cluster}' -q -c 'drop database {name}'"));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Where the node is to be from now on: at the same place on SQLite, and on PostgreSQL in a new database with what the copy
/// holds, whose name it says.
fn fills_anew(config: &mut Config, from: &Path) -> Option<String> {
    if config.database.url.expose().starts_with("sqlite:") {
        return None;
    }
    let name = format!("staffetta_restored_{}", uuid::Uuid::now_v7().simple());
    let cluster = std::env::var(CLUSTER).unwrap();
    let url = cluster.replacen("/postgres?", &format!("/{name}?"), 1);
    types(&format!("psql '{cluster}' -q -c 'create database {name}'"));
    types(&format!("pg_restore --exit-on-error --no-owner --dbname='{url}' '{}/staffetta.dump'", from.display()));
    config.database.url = DatabaseUrl::new(url);
    Some(name)
}

/// Has the officer say yes to somebody's erasure. Where it is.
async fn granted(stage: &Stage, person: &Person) -> (Desk, String) {
    let asks = json!({"kind": "erasure", "channel": "in_person", "said_by": "person", "details": "Tutto via."});
    let asked = stage.at_centre.post(&format!("people/{}/rights-requests", person.id), asks).await;
    let (version, id) = (asked.etag.clone(), asked.ok()["id"].as_str().unwrap().to_owned());
    let officer = stage.centre.desk(AccessRole::Dpo).await;
    let path = format!("rights-requests/{id}");
    let granted = json!({"outcome": "granted"});
    officer.send(Method::POST, &format!("{path}/answer"), Some(granted), version.as_deref()).await.ok();
    (officer, format!("{path}/erasure"))
}

/// Erases somebody, without waiting for anybody.
async fn erase(stage: &Stage, person: &Person) {
    let (officer, path) = granted(stage, person).await;
    officer.post(&path, json!({"reason": "confirmed_otherwise"})).await.ok();
}

#[actix_web::test]
async fn who_is_off_when_she_is_erased_at_once_hears_of_it_all_the_same() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let (person, _) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        assert_eq!(told_of(&stage.at_cpi, "Mariam").await, 1);
        stage.cpi.stop().await;
        erase(&stage, &person).await;
        stage.pump().await;
        stage.cpi.restart().await;
        stage.net.wait(TimeDelta::minutes(16));
        stage.pump().await;
        assert_eq!(told_of(&stage.at_cpi, "Mariam").await, 0, "though no key of hers is left where it was written");
        assert_eq!(stage.centre.tasks(AccessRole::Dpo).await, Vec::<String>::new(), "and it has answered");
    })
    .await;
}

/// When the copy is made of somebody who is erased at once.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Made {
    /// She agrees still.
    Before,
    /// It was taken back and is to be told, under a key of hers.
    Between,
    /// She is erased.
    After,
}

/// She is erased at once while the job centre is off, and then the centre goes back to a copy.
async fn erased_and_put_back(net: Federation, made: Made) {
    let mut stage = Stage::set(net).await;
    let copies = Copies::begin(&stage);
    let (person, _) = stage.agreed().await;
    let path = person.draft(&stage.cpi).await;
    stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
    stage.pump().await;
    assert_eq!(told_of(&stage.at_cpi, "Mariam").await, 1);
    stage.cpi.stop().await;
    if made == Made::Before {
        copies.make(&stage).await;
    }
    let (officer, erasure) = granted(&stage, &person).await;
    if made == Made::Between {
        copies.make(&stage).await;
    }
    officer.post(&erasure, json!({"reason": "confirmed_otherwise"})).await.ok();
    if made == Made::After {
        copies.make(&stage).await;
    }
    let back = copies.put_back(&mut stage).await;
    assert_eq!(back.done.erased, 1);
    stage.cpi.restart().await;
    stage.centre.node.peers().resolve(stage.cpi.id()).await.unwrap();
    for _ in 0..2 {
        stage.net.wait(TimeDelta::minutes(16));
        stage.pump().await;
    }
    assert_eq!(told_of(&stage.at_cpi, "Mariam").await, 0, "{made:?}");
    let list = stage.at_cpi.read("referrals").await.ok();
    assert_eq!(list["items"][0]["state"], "withdrawn", "{made:?}: {list}");
    stage.centre.node.upkeep().await.unwrap();
    let owed = stage.centre.tasks(AccessRole::Dpo).await;
    assert!(!owed.iter().any(|kind| kind.starts_with("recall")), "{made:?}: it has answered: {owed:?}");
    let answers = stage.centre.journal("recall.answered").await;
    assert!(!answers.is_empty(), "{made:?}");
    copies.clear(&mut stage, back).await;
}

#[actix_web::test]
async fn who_is_off_when_she_is_erased_at_once_hears_of_it_also_from_a_node_that_was_put_back() {
    for made in [Made::Before, Made::Between, Made::After] {
        on_each_database(|net| erased_and_put_back(net, made)).await;
    }
}

#[actix_web::test]
async fn nobody_is_erased_at_once_while_the_keyring_cannot_say_so() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let (person, _) = stage.agreed().await;
        let folder = std::env::temp_dir().join(format!("staffetta-keyring-{}", uuid::Uuid::now_v7().simple()));
        stage.centre.keeps(folder.join("keyring")).await;
        let (officer, path) = granted(&stage, &person).await;
        let why = json!({"reason": "danger"});
        assert_eq!(officer.post(&path, why.clone()).await.refused(503), "keyring_behind");
        std::fs::create_dir(&folder).unwrap();
        officer.post(&path, why).await.ok();
        std::fs::remove_dir_all(&folder).unwrap();
    })
    .await;
}

/// Nothing of hers is told by any route about a person.
async fn is_gone(desk: &Desk, person: &Person, name: &str) {
    let own = format!("people/{}", person.id);
    for path in [
        "",
        "/card",
        "/card/versions",
        "/card/versions/1",
        "/export",
        "/export/sheet",
        "/portability",
        "/consents",
        "/documents",
    ] {
        let told = desk.read(&format!("{own}{path}")).await;
        assert!(!told.body.to_string().contains(name), "{path}: {}", told.body);
    }
    let list = desk.read("people").await.ok();
    assert!(!list.to_string().contains(name), "{list}");
    let found = desk.post("people/searches", json!({"query": name})).await;
    assert!(!found.body["items"].to_string().contains(&person.id), "{}", found.body);
}

/// Of how many referrals at this desk what is shown has that name in it.
async fn told_of(desk: &Desk, name: &str) -> usize {
    let list = desk.read("referrals").await.ok();
    let mut told = 0;
    for item in list["items"].as_array().unwrap() {
        let shown = desk.read(&format!("referrals/{}", item["id"].as_str().unwrap())).await.ok();
        told += usize::from(shown.to_string().contains(name));
    }
    told
}

#[actix_web::test]
async fn who_was_erased_stays_away_and_what_was_taken_back_stays_here() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let copies = Copies::begin(&stage);

        // Before the copy: one referral arrived, one waits, and somebody is only known.
        let sent = stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let goes = Person::with_card(&stage.at_centre, "Zubeida").await;
        goes.agrees(CPI, &[("P1", &["g.preview"])]).await;
        let doubts = Person::with_card(&stage.at_centre, "Khadidiatou").await;
        let records = doubts.agrees(CPI, BOTH).await;
        let leaves = Person::with_card(&stage.at_centre, "Bintou").await;
        let left_under = leaves.agrees(CPI, BOTH).await;
        let unsent = Person::with_card(&stage.at_centre, "Zaynab").await;
        let sent_under = unsent.agrees(CPI, BOTH).await;
        stage.cpi.stop().await;
        for waits in [&doubts, &leaves] {
            let draft = waits.draft(&stage.cpi).await;
            stage.at_centre.post(&format!("{draft}/sending"), json!({})).await.ok();
        }
        let keys_before = stage.centre.node.store().read(wrapped_keys).await.unwrap();
        copies.make(&stage).await;

        // After it: she is erased, and the other takes back what she agreed to, before anything of hers left.
        erase(&stage, &goes).await;
        for record in &records {
            doubts.withdraws(record).await;
        }
        // What waited of the third leaves; then she takes it back, too, and that word does not get away any more.
        stage.cpi.restart().await;
        stage.centre.node.peers().resolve(stage.cpi.id()).await.unwrap();
        stage.net.wait(chrono::TimeDelta::minutes(16));
        stage.pump().await;
        assert_eq!(stage.at_cpi.read("referrals").await.ok()["items"].as_array().unwrap().len(), 2);
        // And something is sent, and arrives, that the copy has never heard of.
        let draft = unsent.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{draft}/sending"), json!({})).await.ok();
        stage.pump().await;
        assert_eq!(stage.at_cpi.read("referrals").await.ok()["items"].as_array().unwrap().len(), 3);
        stage.cpi.stop().await;
        for record in &left_under {
            leaves.withdraws(record).await;
        }
        let keys_after = stage.centre.node.store().read(wrapped_keys).await.unwrap();
        let hers: Vec<_> = keys_before.iter().filter(|key| !keys_after.contains(key)).collect();
        assert_eq!(hers.len(), 1);

        // The disk dies. The copy is of before all that.
        let back = copies.put_back(&mut stage).await;
        let done = &back.done;
        assert_eq!(
            (done.erased, done.ended),
            (1, 5),
            "she, with the yes of hers that ended with her; and four records"
        );
        if let Some(file) = back.config.database.url.expose().strip_prefix("sqlite:") {
            use base64::Engine as _;
            let key = base64::engine::general_purpose::STANDARD.decode(&hers[0].wrapped).unwrap();
            let copy = copies.newest().join(DATA);
            assert!(!holds(&copy, &key) && !holds(Path::new(file), &key), "no key of hers");
        }

        // It serves again. Whoever was signed in is not.
        assert!(!stage.centre.node.store().read(wrapped_keys).await.unwrap().contains(hers[0]));
        stage.centre.node.store().read(backup::refuse_unrestored).await.unwrap();
        assert_eq!(stage.at_centre.read("people").await.status, 401);
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        is_gone(&officer, &goes, "Zubeida").await;
        assert!(officer.read(&format!("people/{}", doubts.id)).await.body.to_string().contains("Khadidiatou"));

        // The job centre is back: what was taken back does not come, what had arrived is not there twice.
        stage.cpi.restart().await;
        stage.centre.node.peers().resolve(stage.cpi.id()).await.unwrap();
        stage.net.wait(chrono::TimeDelta::minutes(16));
        stage.pump().await;
        let list = stage.at_cpi.read("referrals").await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 3, "{list}");
        assert!(!list.to_string().contains("Khadidiatou"));
        // And whoever has what she took back hears of it, though the copy did not know that it had left.
        let of_hers = list["items"].as_array().unwrap().iter().find(|it| it["state"] == "withdrawn");
        let path = format!("referrals/{}", of_hers.unwrap_or_else(|| panic!("{list}"))["id"].as_str().unwrap());
        let shown = stage.at_cpi.read(&path).await.ok();
        assert!(!shown.to_string().contains("Bintou"), "{shown}");

        // She takes it back only now, at a node that remembers nothing but her yes: it reaches whoever has it, who answers.
        assert_eq!(told_of(&stage.at_cpi, "Zaynab").await, 1);
        for record in &sent_under {
            Person::known(&officer, &unsent.id).withdraws(record).await;
        }
        stage.pump().await;
        assert_eq!(told_of(&stage.at_cpi, "Zaynab").await, 0);
        for _ in 0..2 {
            stage.net.wait(chrono::TimeDelta::minutes(16));
            stage.pump().await;
        }
        let recalls = officer.read(&format!("recalls?person={}", unsent.id)).await.ok();
        let lines = recalls["items"].as_array().unwrap();
        assert!(lines.len() == 2 && lines.iter().all(|it| it["status"] == "complete"), "{recalls}");

        // And it goes on: the job centre accepts, and the centre hears of it.
        stage.accept(&received).await;
        stage.pump().await;
        let seen = officer.read(&sent).await;
        if seen.status == 200 {
            assert_eq!(stands(&seen.body).0, "accepted");
        }
        let told = stage.centre.journal("referral.accepted").await;
        assert!(!told.is_empty() || seen.status == 200, "{}", seen.body);
        copies.clear(&mut stage, back).await;
    })
    .await;
}
