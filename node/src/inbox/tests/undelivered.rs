//! What does not arrive for days is told to somebody, once.

use crate::journal::Actor;
use crate::tasks;

use super::*;

async fn told(pair: &Pair) -> bool {
    pair.a.store().write(outbox::tell_undelivered).await.unwrap();
    let peer = pair.b.id.to_string();
    let open = move |conn: &mut crate::store::Conn| tasks::open_about(conn, tasks::Kind::Undelivered, &peer);
    let task = pair.a.store().read(open).await.unwrap();
    assert!(task.iter().all(|task| task.peer.as_ref() == Some(&pair.b.id) && task.subject.is_none()));
    task.is_some()
}

async fn delivered(pair: &Pair) {
    let leased = pair.lease(200).await.unwrap();
    let answer = pair.deliver(&leased.batch, taken).await.unwrap();
    pair.settle(&answer, Some(leased.token)).await;
}

#[actix_web::test]
async fn after_three_days_somebody_hears_once_for_the_partner_and_it_closes_when_it_arrives() {
    each(|pair| async move {
        pair.queue().await;
        pair.advance(TimeDelta::hours(72) - TimeDelta::seconds(1));
        assert!(!told(&pair).await);
        pair.queue().await;
        pair.advance(TimeDelta::seconds(1));
        assert!(told(&pair).await);
        // Whoever has seen to it is not told again while it lasts.
        let peer = pair.b.id.to_string();
        let done = move |tx: &mut Tx<'_>| tasks::close(tx, tasks::Kind::Undelivered, &peer, Actor::System);
        pair.a.store().write(done).await.unwrap();
        pair.advance(TimeDelta::days(3));
        assert!(!told(&pair).await);
        delivered(&pair).await;
        assert!(!told(&pair).await);
        // The next time is another matter.
        pair.queue().await;
        pair.advance(TimeDelta::days(4));
        assert!(told(&pair).await);
        delivered(&pair).await;
        assert!(!told(&pair).await, "it arrived");
    })
    .await;
}
