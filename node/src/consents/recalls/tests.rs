//! The answers that a letter takes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use staffetta_protocol::card::read;
use staffetta_protocol::consent::Group;

use super::*;

fn said(groups: Value) -> String {
    json!({"channel": "phone", "said_by": "Zzsportello", "groups": groups}).to_string()
}

#[test]
fn an_answer_covers_what_the_office_has_and_nothing_else() {
    let asked = BTreeSet::from([Group::Preview, Group::Identity]);
    let erased = |group: &str| json!({"group": group, "outcome": {"kind": "erased"}});
    let kept = json!({"kind": "retained_own_basis", "basis": "patto", "until": "2031-12-31", "reason": "Zzpatto"});
    let found = |groups: Value| {
        let answer: RecallAnswer = match read(&said(groups)) {
            Ok(answer) => answer,
            Err(errors) => return errors.into_iter().map(|it| (it.field, it.code)).collect::<Vec<_>>(),
        };
        let mut found = Vec::new();
        answer.check_against(&asked, &mut found);
        found.into_iter().map(|it| (it.field, it.code)).collect()
    };
    assert!(found(json!([erased("g.preview"), erased("g.identity")])).is_empty());
    assert!(found(json!([erased("g.preview"), {"group": "g.identity", "outcome": kept}])).is_empty());
    for (groups, field, code) in [
        (json!([erased("g.preview")]), "/groups", "required"),
        (json!([erased("g.preview"), erased("g.identity"), erased("g.contact")]), "/groups/2", "not_in_list"),
        (json!([erased("g.preview"), erased("g.preview"), erased("g.identity")]), "/groups/1", "repeated"),
        (json!([{"group": "g.preview", "outcome": kept}, erased("g.identity")]), "/groups/0/outcome", "inconsistent"),
    ] {
        assert_eq!(found(groups), [(field.to_owned(), code.to_owned())]);
    }
}

#[test]
fn an_instant_that_is_named_follows_what_it_follows_and_has_passed() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let (opened, now) = (at("2026-11-23T09:00:00.5Z"), at("2026-11-24T09:00:00Z"));
    for (named, fits) in [
        ("2026-11-23T09:00:00Z", true),
        ("2026-11-24T09:00:00Z", true),
        ("2026-11-23T08:59:59Z", false),
        ("2026-11-24T09:00:01Z", false),
    ] {
        assert_eq!(when(Some(at(named)), opened, now).is_ok(), fits, "{named}");
    }
    assert_eq!(when(None, opened, now).unwrap(), now);
}
