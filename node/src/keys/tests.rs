use chrono::TimeDelta;

use super::*;
use crate::store::scratch;
use crate::vault::MasterKey;

fn keys() -> Keys {
    Keys::new(Vault::new(MasterKey::generate().unwrap()), "https://a.example".parse().unwrap())
}

#[actix_web::test]
async fn a_rotation_overlaps_and_ends_with_the_old_private_key_destroyed() {
    scratch::each(|store| {
        let clock = store.clock().clone();
        async move {
            let keys = keys();
            let made = keys.clone();
            store.write(move |tx| made.create(tx)).await.unwrap();
            let look = |keys: Keys, now| {
                store.read(move |conn| {
                    let jwks = keys.jwks(conn, Kind::Protocol, now)?;
                    Ok((keys.signing(conn, Kind::Protocol, now)?.kid().clone(), jwks))
                })
            };
            let (first, _) = look(keys.clone(), clock.now()).await.unwrap();
            let rotating = keys.clone();
            let next = store.write(move |tx| rotating.rotate(tx, Kind::Protocol)).await.unwrap().kid;
            let again = keys.clone();
            let second = store.write(move |tx| again.rotate(tx, Kind::Protocol).map(|_| ())).await;
            assert!(second.is_err(), "one rotation at a time");

            let (signing, published) = look(keys.clone(), clock.now()).await.unwrap();
            assert_eq!(signing, first, "the old key signs while partners learn the new one");
            assert_eq!(published.keys.len(), 2);
            assert!(published.keys.iter().all(|jwk| jwk.exp.is_none() && jwk.x5c.is_some() && jwk.x5t_s256.is_some()));

            clock.advance(CONFIGURATION_CACHE - TimeDelta::seconds(1));
            assert_eq!(look(keys.clone(), clock.now()).await.unwrap().0, first);
            clock.advance(TimeDelta::seconds(1));
            let (signing, published) = look(keys.clone(), clock.now()).await.unwrap();
            assert_eq!(signing, next);
            let old = published.keys.iter().find(|jwk| jwk.kid == first).unwrap();
            assert_eq!(old.exp, Some(clock.now().timestamp()), "it still verifies what it signed before");

            let sweeping = keys.clone();
            assert_eq!(store.write(move |tx| sweeping.destroy_retired(tx)).await.unwrap(), 1);
            let gone = keys.clone();
            store
                .read(move |conn| {
                    assert!(gone.named(conn, &first)?.is_none());
                    assert!(gone.named(conn, &next)?.is_some());
                    Ok(())
                })
                .await
                .unwrap();
        }
    })
    .await;
}

#[actix_web::test]
async fn what_a_key_signed_in_its_last_second_verifies() {
    scratch::each(|store| {
        let clock = store.clock().clone();
        async move {
            let keys = keys();
            clock.advance(TimeDelta::milliseconds(700));
            let made = keys.clone();
            store
                .write(move |tx| {
                    made.create(tx)?;
                    made.rotate(tx, Kind::Protocol).map(drop)
                })
                .await
                .unwrap();
            clock.advance(CONFIGURATION_CACHE - TimeDelta::milliseconds(200));
            let (signing, then) = (keys.clone(), clock.now());
            let old = store.read(move |conn| signing.signing(conn, Kind::Protocol, then)).await.unwrap();
            clock.advance(TimeDelta::milliseconds(200));
            let (publishing, now) = (keys.clone(), clock.now());
            let jwks = store.read(move |conn| publishing.jwks(conn, Kind::Protocol, now)).await.unwrap();
            let retired = jwks.keys.iter().find(|jwk| jwk.kid == *old.kid()).unwrap();
            assert!(retired.exp.is_some_and(|exp| then.timestamp() < exp && exp <= now.timestamp() + 1));
        }
    })
    .await;
}

#[actix_web::test]
async fn a_compromised_key_is_replaced_at_once() {
    scratch::each(|store| async move {
        let keys = keys();
        store
            .write(move |tx| {
                keys.create(tx)?;
                let now = tx.now();
                let old = keys.signing(tx.conn(), Kind::Protocol, now)?.kid().clone();
                let new = keys.replace_compromised(tx, Kind::Protocol)?.kid;
                assert_eq!(*keys.signing(tx.conn(), Kind::Protocol, now)?.kid(), new);
                let published = keys.jwks(tx.conn(), Kind::Protocol, now)?;
                let revoked = published.keys.iter().find(|jwk| jwk.kid == old).unwrap();
                assert_eq!(revoked.revoked.as_ref().unwrap().reason.as_deref(), Some("compromised"));
                assert!(keys.named(tx.conn(), &old)?.is_none(), "its private half is gone");
                assert!(keys.signing(tx.conn(), Kind::Federation, now).is_ok(), "the other kind is untouched");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
