//! When the keyring is written, and by whom.

use super::*;

#[actix_web::test]
async fn the_keyring_is_replaced_before_an_erasure_or_a_withdrawal_is_done_and_a_failure_is_seen() {
    for scratch in scratch::all(scratch::clock) {
        let stage = Stage::on(scratch);
        let person = stage.person("Zzaminata").await;
        let path = stage.folder.join("keys").join("keyring");
        let keeper = stage.keeper(Some(path.clone()));
        keeper.watch();
        assert!(!keeper.keyring_is_current().await.unwrap(), "there is none");
        // The folder is not there: the act stands, and somebody sees that the file is behind.
        stage.erase(&person).await;
        assert!(!keeper.keyring_is_current().await.unwrap());
        assert!(keeper.pump().await.is_err());
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        keeper.pump().await.unwrap();
        assert!(keeper.keyring_is_current().await.unwrap());
        let read = || Keyring::read(&stage.vault, &path).unwrap();
        assert_eq!(read().destroyed.len(), 1);
        let record = RecordId(Uuid::new_v4());
        for seq in [1, 2] {
            stage.ends(record, seq).await;
            assert_eq!(read().tombstones[0].seq, seq, "before it is answered");
            assert!(keeper.keyring_is_current().await.unwrap());
        }
        // Acts at the same time, in savepoints too: the file that stands in the end knows of each.
        let acts = (0..8).map(|_| {
            let store = stage.store().clone();
            async move {
                let act = |tx: &mut crate::store::Tx<'_>| {
                    tx.savepoint(|tx| grants::tombstone(tx, &id(), RecordId(Uuid::new_v4()), 1))
                };
                store.write(act).await
            }
        });
        let acts: Vec<_> = acts.map(tokio::spawn).collect();
        for act in acts {
            act.await.unwrap().unwrap();
        }
        assert_eq!(read().tombstones.len(), 9);
        // Nobody relies on a file that the settings do not name.
        assert!(stage.keeper(None).keyring_is_current().await.unwrap());
        stage.store().close().await;
    }
}

#[actix_web::test]
async fn nobody_is_erased_while_the_keyring_could_not_say_so_and_whoever_was_is_told_that_it_does_not() {
    let stage = Stage::sqlite();
    let (one, other) = (stage.person("Zzaminata").await, stage.person("Zzbinta").await);
    let path = stage.folder.join("keys").join("keyring");
    let keeper = stage.keeper(Some(path.clone()));
    keeper.watch();
    assert!(keeper.is_ready().await.is_err(), "there is no such folder");
    assert!(stage.keeper(None).is_ready().await.is_ok(), "nobody relies on a file that the settings do not name");
    stage.erase(&one).await;
    assert!(stage.store().is_behind_outside(), "answered, and said");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    keeper.is_ready().await.unwrap();
    assert!(!stage.store().is_behind_outside());
    stage.erase(&other).await;
    assert!(!stage.store().is_behind_outside());
    // What is there cannot be replaced: by nobody, not even by root.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(keeper.is_ready().await.is_err());
    std::fs::remove_dir(&path).unwrap();
    keeper.is_ready().await.unwrap();
    // Who asks all the time has nothing written all the time.
    let touched = || std::fs::metadata(path.parent().unwrap()).unwrap().modified().unwrap();
    let before = touched();
    keeper.is_ready_or_was().await.unwrap();
    assert_eq!(touched(), before);
    keeper.is_ready().await.unwrap();
    assert_ne!(touched(), before);
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the keyring and the lock, and nothing half written: {left:?}");
}

#[actix_web::test]
async fn of_the_keyrings_of_several_machines_the_newest_counts() {
    let (stage, other) = (Stage::sqlite(), Stage::sqlite());
    let [here, there] = ["here", "there"].map(|name| stage.folder.join(name));
    stage.keeper(Some(here.clone())).refresh().await.unwrap();
    let person = stage.person("Zzaminata").await;
    stage.erase(&person).await;
    stage.keeper(Some(there.clone())).refresh().await.unwrap();
    let newest = |files: &[&PathBuf]| {
        let files: Vec<PathBuf> = files.iter().copied().cloned().collect();
        super::newest(&stage.vault, &files)
    };
    assert_eq!(newest(&[]).unwrap(), None);
    assert_eq!(newest(&[&there, &here]).unwrap(), Some(there.clone()));
    assert_eq!(newest(&[&here, &there]).unwrap(), Some(there.clone()));
    let strange = stage.folder.join("strange");
    other.keeper(Some(strange.clone())).refresh().await.unwrap();
    assert!(refusal(newest(&[&here, &strange])).contains("strange"), "of another master key");
}

/// Another process of this machine, as far as the lock can tell: a lock is of a file that was opened, not of a process.
#[actix_web::test]
async fn two_processes_do_not_write_over_one_another() {
    let stage = Stage::sqlite();
    let path = stage.folder.join("keyring");
    let (here, there) = (stage.keeper(Some(path.clone())), stage.keeper(Some(path.clone())));
    let held = super::keyring::lock_file(&path).unwrap();
    held.lock().unwrap();
    let waiting = tokio::spawn({
        let here = here.clone();
        async move { here.refresh().await }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let person = stage.person("Zzaminata").await;
    stage.erase(&person).await;
    assert!(!waiting.is_finished() && !path.exists(), "it waits for its turn");
    drop(held);
    waiting.await.unwrap().unwrap();
    assert!(here.keyring_is_current().await.unwrap(), "what is written was read when its turn had come");
    let (one, two) = tokio::join!(here.refresh(), there.refresh());
    one.and(two).unwrap();
    assert!(there.keyring_is_current().await.unwrap());
}
