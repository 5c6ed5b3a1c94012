//! Files on SQLite, where the node copies itself; what happens inside the database on both.

use std::os::unix::fs::PermissionsExt as _;

use staffetta_protocol::id::{EntityId, RecordId};
use uuid::Uuid;

use super::restore::bring_back;
use super::*;
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl};
use crate::grants;
use crate::journal::Actor;
use crate::keys::Keys;
use crate::outbox::Outbox;
use crate::people::{self, Label, Person};
use crate::store::scratch::{self, Scratch};
use crate::vault::keyring::{DestroyedKey, wrapped_keys};
use crate::vault::{MasterKey, Vault};

mod ring;

const CENTRE: &str = "https://centro.example";

struct Stage {
    vault: Vault,
    scratch: Scratch,
    folder: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    fn on(scratch: Scratch) -> Self {
        let folder = std::env::temp_dir().join(format!("staffetta-backup-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&folder).unwrap();
        Self { vault: Vault::new(MasterKey::generate().unwrap()), scratch, folder }
    }

    fn sqlite() -> Self {
        Self::on(scratch::sqlite(scratch::clock()))
    }

    fn store(&self) -> &Store {
        self.scratch.store()
    }

    fn keeper(&self, path: Option<PathBuf>) -> Keeper {
        Keeper::new(self.store().clone(), self.vault.clone(), id(), path)
    }

    fn means(&self) -> Means {
        let outbox = Outbox::new(id(), Keys::new(self.vault.clone(), id()), self.vault.clone());
        Means { vault: self.vault.clone(), outbox, clock: scratch::clock() }
    }

    /// Settings with the database at `to`.
    fn config(&self, to: &Path, keyring: Option<PathBuf>) -> Config {
        let text = format!("[node]\nentity_id = \"{CENTRE}\"\norganisation_name = \"Centro\"\n");
        let mut config = Config::read(&text, []).unwrap();
        config.database.url = DatabaseUrl::new(format!("sqlite:{}", to.display()));
        config.backup.keyring = keyring;
        config
    }

    async fn person(&self, label: &'static str) -> Person {
        let vault = self.vault.clone();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            people::create(tx, &vault, &Actor::System, &Label::new(label).unwrap())
        };
        self.store().write(act).await.unwrap()
    }

    async fn erase(&self, person: &Person) {
        let (vault, id) = (self.vault.clone(), person.id);
        self.store().write(move |tx| people::erase(tx, &vault, id)).await.unwrap();
    }

    async fn ends(&self, record: RecordId, seq: u32) {
        self.store().write(move |tx| grants::tombstone(tx, &id(), record, seq)).await.unwrap();
    }

    async fn wrapped(&self) -> Vec<Vec<u8>> {
        use base64::Engine as _;
        let keys = self.store().read(wrapped_keys).await.unwrap();
        keys.iter().map(|key| base64::engine::general_purpose::STANDARD.decode(&key.wrapped).unwrap()).collect()
    }

    fn choice(&self, replace: bool) -> Choice {
        Choice { from: self.folder.join("backup"), keyring: None, replace }
    }
}

fn id() -> EntityId {
    CENTRE.parse().unwrap()
}

fn contains(file: &Path, bytes: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes)
}

fn refusal<T: std::fmt::Debug>(refused: Result<T>) -> String {
    match refused {
        Err(Error::Setup(sentence)) => sentence,
        other => panic!("not refused: {other:?}"),
    }
}

/// Who can be read with the keys that this store has, and who is in the index.
async fn known(store: &Store, vault: &Vault, person: &Person) -> (bool, bool) {
    use crate::store::schema::person_token;
    use diesel::prelude::*;
    let (vault, id) = (vault.clone(), person.id);
    store
        .write(move |tx| {
            let sight = crate::access::Sight::of_the_node(id.into());
            let read = people::look(tx, &vault, &sight).is_ok();
            let of_her = person_token::table.filter(person_token::person.eq(crate::store::Id(id.0)));
            let tokens: i64 = of_her.count().get_result(tx.conn())?;
            Ok((read, tokens > 0))
        })
        .await
        .unwrap()
}

#[actix_web::test]
async fn the_keyring_is_believed_only_whole_and_under_its_own_master_key() {
    let stage = Stage::sqlite();
    stage.person("Zzaminata").await;
    let path = stage.folder.join("keyring");
    let written = stage.keeper(None).write_to(path.clone()).await.unwrap();
    assert_eq!(Keyring::read(&stage.vault, &path).unwrap(), written);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&stage.folder).unwrap().count(), 1, "nothing is left beside it");
    let stranger = Vault::new(MasterKey::generate().unwrap());
    assert!(refusal(Keyring::read(&stranger, &path)).contains("master key"));
    let bytes = std::fs::read(&path).unwrap();
    for (at, why) in [(bytes.len() / 2, "digest"), (2, "no keyring")] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(refusal(Keyring::read(&stage.vault, &path)).contains(why), "byte {at}");
    }
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    assert!(refusal(Keyring::read(&stage.vault, &path)).contains("digest"), "cut short");
}

#[actix_web::test]
async fn a_copy_has_nobodys_key_and_who_was_erased_since_does_not_come_back() {
    let stage = Stage::sqlite();
    let (stays, goes) = (stage.person("Zzaminata").await, stage.person("Zzfatou").await);
    let wrapped = stage.wrapped().await;
    let ring = stage.folder.join("keyring");
    let keeper = stage.keeper(Some(ring.clone()));
    keeper.watch();
    let made = backup(stage.store(), &keeper, &stage.folder.join("backup")).await.unwrap();
    let data = made.data.unwrap().0;
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o600);
    for key in &wrapped {
        assert!(!contains(&data, key), "no key was ever in it");
    }
    stage.erase(&goes).await;
    let target = stage.folder.join("new.db");
    let config = stage.config(&target, Some(ring.clone()));
    let done = restore(&config, &stage.means(), &stage.choice(false)).await.unwrap();
    assert_eq!((done.erased, done.ended, done.indexed, done.aside), (1, 0, 2, None));
    let store = Store::open(&config.database, scratch::clock()).unwrap();
    assert_eq!(known(&store, &stage.vault, &stays).await, (true, true));
    assert_eq!(known(&store, &stage.vault, &goes).await, (false, false));
    assert!(store.read(refuse_unrestored).await.is_ok());
    store.close().await;
    assert_eq!(wrapped.iter().filter(|key| contains(&target, key)).count(), 1, "hers is nowhere");

    // Never over a database, and the one that was there is not lost.
    assert!(refusal(restore(&config, &stage.means(), &stage.choice(false)).await).contains("--replace"));
    let done = restore(&config, &stage.means(), &stage.choice(true)).await.unwrap();
    assert!(done.aside.unwrap().exists() && target.exists());
}

#[actix_web::test]
async fn what_cannot_be_trusted_is_not_restored_and_leaves_nothing() {
    let stage = Stage::sqlite();
    stage.person("Zzaminata").await;
    let early = stage.folder.join("early");
    let keeper = stage.keeper(None);
    keeper.write_to(early.clone()).await.unwrap();
    let record = RecordId(Uuid::new_v4());
    let late = stage.person("Zzfatou").await;
    stage.ends(record, 1).await;
    backup(stage.store(), &keeper, &stage.folder.join("backup")).await.unwrap();
    let target = stage.folder.join("new.db");
    let config = stage.config(&target, None);
    let with = |keyring: &Path| Choice { keyring: Some(keyring.to_owned()), ..stage.choice(false) };
    assert!(refusal(restore(&config, &stage.means(), &with(&early)).await).contains("older than the data"));
    let none = stage.folder.join("nowhere");
    assert!(refusal(restore(&config, &stage.means(), &with(&none)).await).contains("nowhere"));
    let other = Keeper::new(stage.store().clone(), stage.vault.clone(), "https://altro.example".parse().unwrap(), None);
    let others = stage.folder.join("others");
    other.write_to(others.clone()).await.unwrap();
    assert!(refusal(restore(&config, &stage.means(), &with(&others)).await).contains("altro.example"));
    // A page in the middle of the data is not what it was.
    let data = stage.folder.join("backup").join(DATA);
    let whole = std::fs::read(&data).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 64].fill(0xff);
    std::fs::write(&data, damaged).unwrap();
    assert!(restore(&config, &stage.means(), &stage.choice(false)).await.is_err());
    assert!(!target.exists(), "half a node has no name");
    std::fs::write(&data, whole).unwrap();
    restore(&config, &stage.means(), &stage.choice(false)).await.unwrap();
    let store = Store::open(&config.database, scratch::clock()).unwrap();
    assert_eq!(known(&store, &stage.vault, &late).await, (true, true));
    store.close().await;
}

#[actix_web::test]
async fn on_both_databases_what_ended_since_ends_and_the_links_begin_anew() {
    for scratch in scratch::all(scratch::clock) {
        use crate::store::schema::{destroyed_key, link_out, person_token, subject_key, task, tombstone};
        use crate::store::{At, Id};
        use diesel::prelude::*;
        let stage = Stage::on(scratch);
        let (stays, goes) = (stage.person("Zzaminata").await, stage.person("Zzfatou").await);
        let store = stage.store();
        store
            .write(|tx| {
                let now = At::from(tx.now());
                let row = (
                    link_out::peer.eq("https://cpi.example"),
                    link_out::epoch.eq(3),
                    link_out::given_seq.eq(9),
                    link_out::acked_seq.eq(7),
                    link_out::queued.eq(9),
                    link_out::peer_window.eq(200),
                    link_out::lease_token.eq(Some(Id(Uuid::new_v4()))),
                    link_out::next_attempt_at.eq(now),
                    link_out::failures.eq(4),
                );
                diesel::insert_into(link_out::table).values(row).execute(tx.conn())?;
                Ok(())
            })
            .await
            .unwrap();
        let (now, keys) = (store.clock().now(), Keys::new(stage.vault.clone(), id()));
        store.write(move |tx| keys.create(tx)).await.unwrap();
        let mut ring = store.read(move |conn| Keyring::take(conn, &id(), now)).await.unwrap();
        // What a copy without keys looks like, and what happened after it was made.
        store
            .write(|tx| {
                diesel::delete(subject_key::table).execute(tx.conn())?;
                diesel::delete(person_token::table).execute(tx.conn())?;
                Ok(())
            })
            .await
            .unwrap();
        assert!(refusal(store.read(refuse_unrestored).await).contains("staffetta restore"));
        let at = ring.keys.iter().position(|key| key.subject == goes.subject.0).unwrap();
        let hers = ring.keys.remove(at);
        assert!(refusal(bring_back(store, &stage.means(), ring.clone()).await).contains("neither a key"));
        ring.destroyed.push(DestroyedKey { id: hers.id, subject: hers.subject, at: now });
        let (own, foreign) = (RecordId(Uuid::new_v4()), RecordId(Uuid::new_v4()));
        for (issuer, record) in [(id(), own), ("https://cpi.example".parse().unwrap(), foreign)] {
            ring.tombstones.push(grants::Tombstone { issuer, record, seq: 2, at: now });
        }
        ring.epochs.insert("https://cpi.example".into(), 5);
        let done = bring_back(store, &stage.means(), ring.clone()).await.unwrap();
        assert_eq!((done.erased, done.ended, done.indexed), (1, 2, 2));
        assert_eq!(known(store, &stage.vault, &stays).await, (true, true));
        assert_eq!(known(store, &stage.vault, &goes).await, (false, false));
        store
            .read(move |conn| {
                assert!(grants::tombstoned(conn, &id(), own, 2)?);
                assert!(!grants::tombstoned(conn, &id(), own, 3)?);
                assert!(grants::tombstoned(conn, &"https://cpi.example".parse().unwrap(), foreign, 1)?);
                let link: (i32, i64, Option<Id>, i32) = link_out::table
                    .select((link_out::epoch, link_out::given_seq, link_out::lease_token, link_out::failures))
                    .first(conn)?;
                assert_eq!(link, (6, 0, None, 0), "beyond the last epoch that anybody has seen");
                let told: Vec<(String, String)> = task::table.select((task::kind, task::object)).load(conn)?;
                assert!(told.contains(&("link_restored".into(), "https://cpi.example".into())), "{told:?}");
                // It was given after the copy: who has something under it nobody here knows.
                assert!(told.contains(&("recall_unanswered".into(), own.to_string())), "{told:?}");
                Ok(())
            })
            .await
            .unwrap();
        // A keyring that knows less than the data is refused, whatever it lacks.
        let mut without = ring.clone();
        without.destroyed.clear();
        assert!(refusal(bring_back(store, &stage.means(), without).await).contains("an erasure"));
        let mut without = ring.clone();
        without.tombstones.pop();
        assert!(refusal(bring_back(store, &stage.means(), without).await).contains("a withdrawal"));
        let mut without = ring;
        without.tombstones[0].seq = 1;
        assert!(refusal(bring_back(store, &stage.means(), without).await).contains("later withdrawal"));
        let rows = store.read(|conn| {
            let (graves, gone): (i64, i64) =
                (tombstone::table.count().get_result(conn)?, destroyed_key::table.count().get_result(conn)?);
            Ok((graves, gone))
        });
        assert_eq!(rows.await.unwrap(), (2, 1));
        store.close().await;
    }
}

#[actix_web::test]
async fn a_copy_is_one_snapshot_while_others_write() {
    let stage = Stage::sqlite();
    let writing = {
        let store = stage.store().clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                // Two rows of one act: a copy has both or neither.
                let act = |tx: &mut crate::store::Tx<'_>| {
                    for _ in 0..2 {
                        grants::tombstone(tx, &id(), RecordId(Uuid::new_v4()), 1)?;
                    }
                    Ok(())
                };
                store.write(act).await.unwrap();
            }
        })
    };
    let to = stage.folder.join("copy.db");
    for _ in 0..5 {
        stage.store().copy_to(to.clone(), WITHOUT).await.unwrap();
        let config = stage.config(&to, None);
        let copy = Store::open(&config.database, Clock::system()).unwrap();
        let (count, _) = copy.read(grants::tombstone_count).await.unwrap();
        assert_eq!(count % 2, 0);
        copy.close().await;
    }
    writing.await.unwrap();
    assert!(pg_dump(Path::new("/b")).contains("--exclude-table-data=subject_key"));
}
