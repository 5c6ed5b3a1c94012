use staffetta_protocol::id::SubjectRef;
use uuid::Uuid;

use super::*;
use crate::store::scratch;

fn place(row: u128) -> Place {
    Place { table: "card", row: Uuid::from_u128(row), column: "sealed" }
}

#[actix_web::test]
async fn what_is_sealed_opens_in_its_place_only_and_never_after_the_shred() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let (one, other) = (vault.subject_for_person(tx)?, vault.subject_for_person(tx)?);
                let sealed = vault.seal(tx.conn(), one, place(1), b"Amina")?;
                let second = vault.seal(tx.conn(), other, place(1), b"Amina")?;
                assert_ne!(sealed, vault.seal(tx.conn(), one, place(1), b"Amina")?, "nonces are new each time");
                assert_eq!(vault.open(tx.conn(), place(1), &sealed)?.unwrap().as_slice(), b"Amina");
                assert!(vault.open(tx.conn(), place(2), &sealed).is_err(), "moved to another row");
                let elsewhere = Place { column: "other", ..place(1) };
                assert!(vault.open(tx.conn(), elsewhere, &sealed).is_err(), "moved to another column");
                for byte in [0, 1, 20, sealed.len() - 1] {
                    let mut damaged = sealed.clone();
                    damaged[byte] ^= 1;
                    assert!(!matches!(vault.open(tx.conn(), place(1), &damaged), Ok(Some(_))), "byte {byte}");
                }
                vault.shred(tx, one)?;
                assert!(vault.open(tx.conn(), place(1), &sealed)?.is_none(), "erased");
                assert!(vault.seal(tx.conn(), one, place(1), b"again").is_err());
                assert!(vault.open(tx.conn(), place(1), &second)?.is_some(), "the other subject is untouched");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn many_open_at_once_as_each_does_alone() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let (one, other) = (vault.subject_for_person(tx)?, vault.subject_for_person(tx)?);
                let mut sealed = Vec::new();
                for (row, subject, plain) in [(1, other, "b"), (2, one, "a"), (3, other, "c"), (4, one, "d")] {
                    sealed.push((place(row), vault.seal(tx.conn(), subject, place(row), plain.as_bytes())?));
                }
                let plain = |vault: &Vault, tx: &mut Tx<'_>| -> Result<Vec<Option<String>>> {
                    let opened = vault.open_all(tx.conn(), &sealed)?.into_iter();
                    Ok(opened.map(|it| it.map(|it| String::from_utf8(it.to_vec()).unwrap())).collect())
                };
                let some = |texts: [&str; 4]| texts.map(|text| Some(text.to_owned()).filter(|it| !it.is_empty()));
                assert_eq!(plain(&vault, tx)?, some(["b", "a", "c", "d"]));
                vault.shred(tx, one)?;
                assert_eq!(plain(&vault, tx)?, some(["b", "", "c", ""]));
                let none: [(Place, Vec<u8>); 0] = [];
                assert!(vault.open_all(tx.conn(), &none)?.is_empty());
                let moved = [(place(9), sealed[0].1.clone())];
                assert!(vault.open_all(tx.conn(), &moved).is_err(), "moved to another row");
                assert!(vault.open_all(tx.conn(), &[(place(1), [FORMAT; 16])]).is_err(), "cut off");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn another_master_key_opens_nothing() {
    scratch::each(|store| async move {
        let (ours, theirs) = (Vault::new(MasterKey::generate().unwrap()), Vault::new(MasterKey::generate().unwrap()));
        store
            .write(move |tx| {
                let subject = ours.subject_for_person(tx)?;
                let sealed = ours.seal(tx.conn(), subject, place(1), b"x")?;
                assert!(theirs.open(tx.conn(), place(1), &sealed).is_err());
                let secret = ours.wrap("node_key|a", b"pkcs8")?;
                assert_eq!(ours.unwrap_secret("node_key|a", &secret)?.as_slice(), b"pkcs8");
                assert!(ours.unwrap_secret("node_key|b", &secret).is_err());
                assert!(theirs.unwrap_secret("node_key|a", &secret).is_err());
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_stranger_is_one_subject_per_peer_and_ref() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let a: EntityId = "https://a.example".parse().unwrap();
                let b: EntityId = "https://b.example".parse().unwrap();
                let name = SubjectRef(Uuid::new_v4());
                let first = vault.subject_for_ref(tx, &a, name)?;
                assert_eq!(vault.subject_for_ref(tx, &a, name)?, first);
                assert_ne!(vault.subject_for_ref(tx, &b, name)?, first, "the same ref of another peer is another one");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[test]
fn blind_index_and_pseudonyms_differ_by_column_and_recipient() {
    let vault = Vault::new(MasterKey::generate().unwrap());
    assert_eq!(vault.blind("tax_code", "x"), vault.blind("tax_code", "x"));
    assert_ne!(vault.blind("tax_code", "x"), vault.blind("family_names", "x"));
    assert!(vault.blind("tax_code", "x") < 1 << 24);
    let staff = Uuid::new_v4();
    let (a, b): (EntityId, EntityId) = ("https://a.example".parse().unwrap(), "https://b.example".parse().unwrap());
    assert_eq!(vault.pseudonym(staff, &a), vault.pseudonym(staff, &a));
    assert_ne!(vault.pseudonym(staff, &a), vault.pseudonym(staff, &b));
}

#[test]
fn the_master_key_file_is_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let key = MasterKey::generate().unwrap();
    key.write_new(&path).unwrap();
    assert!(key.write_new(&path).is_err());
    assert!(MasterKey::from_file(&path).is_ok());
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&path, readable).unwrap();
    assert!(MasterKey::from_file(&path).unwrap_err().to_string().contains("0600"));
    assert!(MasterKey::from_base64("c2hvcnQ=").is_err());
    assert_eq!(format!("{key:?}"), "MasterKey");
}
