//! The order of the rooms in `node/src`: whoever stands higher may use what stands lower, never the reverse.

use crate::source::{Source, walk};

/// Above the features. They may name whatever they like of what stands below them.
const ROOF: &[&str] = &["main", "lib", "cli", "demo", "app", "wiring"];

/// The features, line by line. One may use those to its right and those on a lower line.
const FEATURES: &[&[&str]] =
    &[&["referrals", "rights", "consents", "assessments", "cards", "documents", "people", "offices"]];

/// What carries the features and knows none of them.
const PLUMBING: &[&str] = &[
    "authority",
    "web",
    "links",
    "inbox",
    "catalogue",
    "outbox",
    "grants",
    "peers",
    "tasks",
    "access",
    "vocab",
    "rules",
    "journal",
    "keys",
    "vault",
    "store",
];

/// What everything stands on.
const GROUND: &[&str] = &["log", "tls", "routes", "metrics", "config", "clock", "error"];

/// Every room from the roof to the ground.
fn rooms() -> Vec<&'static str> {
    let features = FEATURES.iter().flat_map(|line| line.iter());
    ROOF.iter().chain(features).chain(PLUMBING).chain(GROUND).copied().collect()
}

fn features() -> Vec<&'static str> {
    FEATURES.iter().flat_map(|line| line.iter()).copied().collect()
}

/// Uses that go up, or to the left, or to a room that the list does not have.
fn violations(source: &Source) -> Vec<String> {
    let rooms = rooms();
    let place = |room: &str| rooms.iter().position(|known| *known == room);
    let Some(own) = place(source.room()) else {
        return vec![format!("{}: {} is not in the list of rooms", source.path, source.room())];
    };
    let mut found = Vec::new();
    for used in source.paths() {
        let mut segments = used.segments.iter().map(String::as_str);
        let (Some("crate"), Some(room)) = (segments.next(), segments.next()) else { continue };
        let why = match place(room) {
            Some(there) if there >= own => continue,
            Some(_) => "stands higher or to the left",
            None if own == 1 => continue,
            None => "is no room",
        };
        found.push(format!("{}:{}: uses {}, but {room} {why}", source.path, used.line, used.segments.join("::")));
    }
    found
}

#[test]
fn nobody_uses_what_stands_higher() {
    let found: Vec<String> = walk("node/src").iter().flat_map(violations).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_wiring_names_every_feature_that_is_there() {
    let house = walk("node/src");
    let wiring = house.iter().find(|source| source.path == "wiring.rs").expect("node/src/wiring.rs");
    let named = wiring.paths();
    for feature in features() {
        let built = house.iter().any(|source| source.room() == feature);
        let wired = named.iter().any(|path| path.segments.iter().any(|segment| segment == feature));
        assert!(!built || wired, "wiring.rs does not name {feature}: its handlers and holdings reach nobody");
    }
}

#[test]
fn the_order_is_held_in_every_direction() {
    for (path, text, good) in [
        ("referrals/mod.rs", "use crate::{cards, people, outbox, store};", true),
        ("cards/mod.rs", "use crate::people;", true),
        ("people/mod.rs", "use crate::cards;", false),
        ("people/rows.rs", "use super::super::cards::Card;", false),
        ("links/push.rs", "use crate::outbox;", true),
        ("outbox/mod.rs", "fn f() { crate::links::wake() }", false),
        ("grants/tests.rs", "use crate::referrals;", false),
        ("inbox/mod.rs", "use crate::wiring::receive;", false),
        ("store/mod.rs", "use crate::clock::Clock;", true),
        ("error.rs", "use crate::store::Store;", false),
        ("utils/mod.rs", "", false),
        ("people/mod.rs", "use crate::attic;", false),
        ("app.rs", "use crate::{wiring, referrals, error};", true),
        ("wiring.rs", "use crate::app::App;", false),
    ] {
        let found = violations(&Source::parse(path, text));
        assert_eq!(found.is_empty(), good, "{path}: {text}: {found:?}");
    }
}
