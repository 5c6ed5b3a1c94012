//! Two cases of one person.

use super::*;
use crate::vault::Merging;

/// Whoever leads one of the two and stood in in the other leads, and stands in for nobody.
#[actix_web::test]
async fn after_a_merge_nobody_stands_in_for_herself() {
    scratch::each(|store| async move {
        let vault = vault();
        let [anna, bruno, carla] = [1, 2, 3].map(Uuid::from_u128);
        // Lead and deputy of the case that stays and of the one that goes, and of what becomes of them.
        let pairs = [
            ((Some(anna), None), (Some(bruno), Some(anna)), (Some(anna), None)),
            ((None, Some(bruno)), (Some(bruno), Some(carla)), (Some(bruno), Some(carla))),
            ((None, Some(bruno)), (Some(bruno), None), (Some(bruno), None)),
            ((Some(anna), Some(carla)), (Some(carla), Some(anna)), (Some(anna), Some(carla))),
        ];
        for (stays, goes, both) in pairs {
            let key = vault.clone();
            store
                .write(move |tx| {
                    let (into, from) = (Uuid::new_v4(), Uuid::new_v4());
                    let (survivor, gone) = (key.subject_for_person(tx)?, key.subject_for_person(tx)?);
                    for (case, subject, (lead, deputy)) in [(into, survivor, stays), (from, gone, goes)] {
                        open(tx, case, Kind::Person, subject, None)?;
                        rows::entrust(tx, case, lead, deputy)?;
                    }
                    let (from_subject, into_subject, keep_from, by) = (gone, survivor, false, None);
                    merging::merge(tx, &key, &Merging { from, into, from_subject, into_subject, keep_from, by })?;
                    let file = case_file(tx.conn(), into)?.unwrap();
                    assert_eq!((file.lead, file.deputy), both, "{stays:?} and {goes:?}");
                    Ok(())
                })
                .await
                .unwrap();
        }
    })
    .await;
}
