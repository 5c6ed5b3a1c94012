//! No link waits for another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use staffetta_protocol::id::EntityId;
use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::links::serving::{any, serve};

fn peer(name: &str) -> EntityId {
    format!("https://{name}.example").parse().unwrap()
}

/// Links with so many rounds before them, and who was served in which order.
#[derive(Default)]
struct Stage {
    waiting: RefCell<Vec<(EntityId, usize)>>,
    served: RefCell<Vec<EntityId>>,
    woken: Notify,
}

impl Stage {
    fn with(waiting: &[(&str, usize)]) -> Self {
        let stage = Self::default();
        stage.waiting.replace(waiting.iter().map(|(name, rounds)| (peer(name), *rounds)).collect());
        stage
    }

    fn ready(&self) -> Vec<EntityId> {
        self.waiting.borrow().iter().filter(|(_, rounds)| *rounds > 0).map(|(id, _)| id.clone()).collect()
    }

    fn take(&self, of: &EntityId) {
        self.served.borrow_mut().push(of.clone());
        let mut waiting = self.waiting.borrow_mut();
        waiting.iter_mut().filter(|(id, _)| id == of).for_each(|(_, rounds)| *rounds -= 1);
    }

    fn times(&self, of: &str) -> usize {
        self.served.borrow().iter().filter(|id| **id == peer(of)).count()
    }
}

#[actix_web::test]
async fn a_peer_that_takes_its_time_keeps_no_other_waiting() {
    let stage = Rc::new(Stage::with(&[("slow", 1), ("quick", 3)]));
    let (answers, others) = (Rc::new(Notify::new()), Rc::clone(&stage));
    let slow = Rc::clone(&answers);
    let round = move |id: EntityId| {
        let (stage, slow) = (Rc::clone(&others), Rc::clone(&slow));
        async move {
            if id == peer("slow") {
                slow.notified().await;
            }
            stage.take(&id);
            // What a desk queues while the slow one is silent goes at once too.
            if id == peer("quick") && stage.times("quick") == 3 {
                stage.waiting.borrow_mut().push((peer("late"), 1));
                stage.woken.notify_one();
            }
            if id == peer("late") {
                slow.notify_one();
            }
            Ok(true)
        }
    };
    let due = || async { Ok((stage.ready(), None)) };
    serve(8, due, round, || stage.woken.notified()).await.unwrap();
    let names: Vec<_> = ["quick", "quick", "quick", "late", "slow"].map(peer).into();
    assert_eq!(*stage.served.borrow(), names);
}

#[actix_web::test]
async fn a_link_that_rested_is_tried_again_though_another_is_never_done() {
    let stage = Rc::new(Stage::with(&[("busy", 1), ("back", 2)]));
    let (tried, others) = (Rc::new(Notify::new()), Rc::clone(&stage));
    let done = Rc::clone(&tried);
    let round = move |id: EntityId| {
        let (stage, tried) = (Rc::clone(&others), Rc::clone(&done));
        async move {
            if id == peer("busy") {
                tried.notified().await;
            }
            stage.take(&id);
            if stage.times("back") == 2 {
                tried.notify_one();
            }
            // What is in its way passes by itself, and nobody wakes for it.
            Ok(false)
        }
    };
    let due = || std::future::ready(Ok((stage.ready(), None)));
    serve(8, due, round, || stage.woken.notified()).await.unwrap();
    assert_eq!(*stage.served.borrow(), ["back", "back", "busy"].map(peer));
}

#[actix_web::test]
async fn of_links_that_never_rest_each_has_its_turn_before_one_has_its_second() {
    let stage = Stage::with(&[("a", 2), ("b", 2), ("c", 2)]);
    let round = |id: EntityId| {
        stage.take(&id);
        std::future::ready(Ok(true))
    };
    let due = || std::future::ready(Ok((stage.ready(), None)));
    serve(1, due, round, || stage.woken.notified()).await.unwrap();
    assert_eq!(*stage.served.borrow(), ["a", "b", "c", "a", "b", "c"].map(peer));
}

#[actix_web::test]
async fn what_fails_inside_on_one_link_breaks_off_nothing_and_is_told_at_the_end() {
    let stage = Stage::with(&[("bad", 9), ("idle", 9), ("good", 2)]);
    let round = |id: EntityId| {
        stage.take(&id);
        async move {
            tokio::task::yield_now().await;
            match id {
                id if id == peer("bad") => Err(Error::internal("broken")),
                id => Ok(id == peer("good")),
            }
        }
    };
    let due = || std::future::ready(Ok((stage.ready(), None)));
    assert!(serve(8, due, round, || stage.woken.notified()).await.is_err());
    assert_eq!((stage.times("bad"), stage.times("idle"), stage.times("good")), (1, 1, 2), "nothing is spun upon");

    let ended = Cell::new(0);
    let rounds = [Err(Error::internal("broken")), Ok(false), Ok(true)].into_iter().map(|result: Result<bool>| async {
        tokio::task::yield_now().await;
        ended.set(ended.get() + 1);
        result
    });
    assert!(any(rounds, 2).await.is_err());
    assert_eq!(ended.get(), 3);
}
