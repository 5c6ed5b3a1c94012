//! What proves a referral to somebody who trusts neither node, before and after the person is erased.

use serde_json::Value;
use staffetta_node::cli::Opened;
use staffetta_node::cli::audit::{evidence, judged};
use staffetta_node::journal::Actor;
use staffetta_node::keys::Kind;
use staffetta_node::store::schema::referral;
use staffetta_node::store::{Id, Tx};
use staffetta_node::vault::Subject;
use staffetta_protocol::evidence::{Evidence, Verdict, check};
use staffetta_protocol::id::Kid;
use staffetta_protocol::message::{Claims, seal};
use staffetta_tests::{Member, on_each_database};

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::stage::Stage;

/// What `staffetta audit evidence` writes at this node.
pub(crate) async fn gathered(member: &Member, path: &str) -> Evidence {
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let node = &member.node;
    let opened = Opened {
        store: node.store().clone(),
        vault: node.vault().clone(),
        keys: node.keys().clone(),
        peers: node.peers().clone(),
        config: node.config().clone(),
    };
    let file = evidence(&opened, id).await.unwrap();
    let bytes = serde_json::to_vec(&file).unwrap();
    assert_eq!(Evidence::read(&bytes).unwrap(), file, "it is read as it is written");
    file
}

fn keys(file: &Evidence) -> Vec<Kid> {
    file.authority.jwks.keys.iter().map(|jwk| jwk.kid.clone()).collect()
}

/// How many findings of this verdict there are about this.
fn count(file: &Evidence, verdict: Verdict, about: &str) -> usize {
    check(file, &keys(file)).iter().filter(|it| it.verdict == verdict && it.about == about).count()
}

/// A referral that was sent, accepted, and answered; its paths at both nodes.
async fn through(stage: &Stage) -> (String, String) {
    let path = stage.sent().await;
    for member in [&stage.centre, &stage.cpi] {
        stage.net.wait(TimeDelta::seconds(5));
        member.node.sealer().pump().await.unwrap();
    }
    stage.pump().await;
    let (received, _) = stage.received().await.unwrap();
    stage.accept(&received).await;
    stage.pump().await;
    (path, received)
}

#[actix_web::test]
async fn both_sides_prove_what_became_of_a_referral() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (path, received) = through(&stage).await;
        for (member, path) in [(&stage.centre, &path), (&stage.cpi, &received)] {
            let file = gathered(member, path).await;
            let found = check(&file, &keys(&file));
            let rest: Vec<_> = found.iter().filter(|it| it.verdict != Verdict::Proven).collect();
            assert!(rest.is_empty(), "{}: {rest:#?}", member.id());
            assert!(file.messages.len() >= 2 && file.messages.iter().all(|said| said.message.is_some()));
            assert!(count(&file, Verdict::Proven, "entry") >= 2, "the journal speaks of it");
            assert!(count(&file, Verdict::Proven, "chain") >= 2);
            let (lines, sound) = judged(&serde_json::to_vec(&file).unwrap(), &[]).unwrap();
            assert!(sound && lines.iter().any(|line| line.contains("confrontale")), "{lines:#?}");
        }
        let mut file = gathered(&stage.centre, &path).await;
        let first = file.messages[0].message.as_mut().unwrap();
        let at = first.len() / 2;
        let other = if &first[at..=at] == "A" { "B" } else { "A" };
        first.replace_range(at..=at, other);
        assert_eq!(count(&file, Verdict::Wrong, "message"), 1);
        let (_, sound) = judged(&serde_json::to_vec(&file).unwrap(), &[]).unwrap();
        assert!(!sound);
    })
    .await;
}

#[actix_web::test]
async fn after_the_person_was_erased_digests_prove_it() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (path, received) = through(&stage).await;
        for (member, path) in [(&stage.centre, &path), (&stage.cpi, &received)] {
            let id = Id(path.rsplit('/').next().unwrap().parse().unwrap());
            let vault = member.node.vault().clone();
            let shred = move |tx: &mut Tx<'_>| {
                let subject: Id = referral::table.find(id).select(referral::subject).first(tx.conn())?;
                vault.shred(tx, Subject(subject.0))
            };
            member.node.store().write(shred).await.unwrap();
            let file = gathered(member, path).await;
            assert!(file.messages.iter().all(|said| said.message.is_none()), "nobody reads what was said");
            assert!(!Value::from(serde_json::to_string(&file).unwrap()).to_string().contains("Mariam"));
            let n = file.messages.len();
            assert_eq!(count(&file, Verdict::Proven, "message"), n, "that it arrived is proven as before");
            assert_eq!(count(&file, Verdict::Open, "message"), n);
            let wrong: Vec<_> =
                check(&file, &keys(&file)).into_iter().filter(|it| it.verdict == Verdict::Wrong).collect();
            assert!(wrong.is_empty(), "{wrong:#?}");
            assert!(count(&file, Verdict::Proven, "entry") >= 2);
        }
    })
    .await;
}

#[actix_web::test]
async fn after_months_and_after_retention_it_is_proven_all_the_same() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (_, received) = through(&stage).await;
        let cpi = &stage.cpi.node;
        let months = async |days| {
            stage.net.wait(TimeDelta::days(days));
            stage.pump().await;
            cpi.links().reconcile().await.unwrap();
            cpi.upkeep().await.unwrap();
        };
        months(61).await;
        let then = gathered(&stage.cpi, &received).await;
        assert!(then.messages.iter().any(|said| said.kind == "referral.sent.v1" && said.message.is_some()));
        assert_eq!(count(&then, Verdict::Proven, "receipt"), then.receipts.len());
        assert_eq!(count(&then, Verdict::Open, "message"), 0);

        let id = Id(received.rsplit('/').next().unwrap().parse().unwrap());
        let ends = move |tx: &mut Tx<'_>| {
            let thread: Id = referral::table.find(id).select(referral::thread).first(tx.conn())?;
            diesel::update(referral::table.find(id)).set(referral::state.eq("withdrawn")).execute(tx.conn())?;
            staffetta_node::grants::end(tx, thread.0)
        };
        cpi.store().write(ends).await.unwrap();
        months(121).await;
        let gone = cpi.store().read(move |conn| Ok(referral::table.find(id).count().get_result::<i64>(conn)?)).await;
        assert_eq!(gone.unwrap(), 0, "retention has deleted it");
        let file = gathered(&stage.cpi, &received).await;
        assert!(file.messages.iter().all(|said| said.message.is_none()), "what it said is gone");
        assert_eq!((file.messages.len(), &file.receipts), (then.messages.len(), &then.receipts));
        assert_eq!(count(&file, Verdict::Proven, "message"), file.messages.len(), "that it arrived is proven");
        let wrong: Vec<_> = check(&file, &keys(&file)).into_iter().filter(|it| it.verdict == Verdict::Wrong).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    })
    .await;
}

#[actix_web::test]
async fn after_a_key_was_stolen_what_a_partner_had_before_is_proven_and_nothing_is_false() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (path, received) = through(&stage).await;
        stage.net.wait(TimeDelta::days(40));
        stage.pump().await;
        stage.net.wait(TimeDelta::seconds(5));
        let thief = stage.centre.node.keys().clone();
        let now = stage.centre.node.store().clock().now();
        let sign = move |conn: &mut staffetta_node::store::Conn| thief.signing(conn, Kind::Protocol, now);
        let stolen = stage.centre.node.store().read(sign).await.unwrap();
        stage.centre.node.peers().rotate_keys(Actor::System, Kind::Protocol, true).await.unwrap();
        stage.net.wait(TimeDelta::hours(25));
        stage.pump().await;

        let mut file = gathered(&stage.centre, &path).await;
        let me = stage.centre.id().clone();
        let found = check(&file, &keys(&file));
        let wrong: Vec<_> = found.iter().filter(|it| it.verdict == Verdict::Wrong).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let own: Vec<_> = file.messages.iter().filter(|said| said.from == me).map(|said| said.id.to_string()).collect();
        let signed = |id: &String| {
            let of =
                |it: &&staffetta_protocol::evidence::Finding| it.en.contains(id) && it.en.contains("key is revoked");
            found.iter().find(of).map(|it| it.verdict)
        };
        assert!(!own.is_empty() && own.iter().all(|id| signed(id) == Some(Verdict::Proven)), "{found:#?}");
        assert!(count(&file, Verdict::Proven, "entry") >= 2, "the journal is signed with the key that came after");
        assert_eq!(count(&file, Verdict::Open, "history"), 0, "and goes on from what the stolen one had signed");

        // Whoever has the key writes a message of before: nothing but the key speaks for it.
        let first = file.messages.iter_mut().find(|said| said.from == me).unwrap();
        let claims: Claims = staffetta_protocol::jose::peek(first.message.as_ref().unwrap()).unwrap();
        let forged = seal(&claims, &stolen).unwrap();
        assert_ne!(Some(&forged), first.message.as_ref());
        (first.digest, first.message) = (staffetta_protocol::digest::Digest::of(&forged), Some(forged));
        let forged = first.id.to_string();
        let found = check(&file, &keys(&file));
        assert!(!found.iter().any(|it| it.verdict == Verdict::Proven && it.en.contains(&forged)), "{found:#?}");

        let file = gathered(&stage.cpi, &received).await;
        assert_eq!(count(&file, Verdict::Wrong, "message") + count(&file, Verdict::Wrong, "receipt"), 0);
    })
    .await;
}
