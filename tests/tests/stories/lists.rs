//! Long lists give the fields that were asked for, and bring along what belongs to their entries: to whoever may see it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_node::web::document;
use staffetta_node::wiring;
use staffetta_tests::{Desk, on_each_database};

use crate::seen::{LISTS, grounds, may_read, own_id, record, routes};
use crate::stage::Stage;

/// Every operation that reads: its path and its description.
pub(crate) fn reading() -> Vec<(String, Value)> {
    let document = serde_json::to_value(document::desk(wiring::ROOMS)).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths.filter(|(_, item)| item["get"].is_object()).map(|(path, item)| (path.clone(), item["get"].clone())).collect()
}

/// The words that a parameter of this operation takes.
pub(crate) fn words(operation: &Value, parameter: &str) -> Vec<String> {
    let mut parameters = operation["parameters"].as_array().into_iter().flatten();
    let found = parameters.find(|it| it["in"] == "query" && it["name"] == parameter);
    let words = found.and_then(|it| it["schema"]["items"]["enum"].as_array()).into_iter().flatten();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The path of a list with what it cannot do without, and a place for one more parameter.
pub(crate) fn asked(list: &str, more: &str) -> String {
    let known = LISTS.iter().find(|(known, ..)| known.split('?').next() == Some(list));
    let path = known.map_or(list, |(path, ..)| *path).trim_start_matches('/');
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{more}")
}

#[actix_web::test]
async fn a_list_gives_the_fields_that_were_asked_for_and_knows_no_others() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let ids = record(&stage, desk, "Mariam").await;
        let others = [AccessRole::Dpo, AccessRole::Admin];
        let [officer, admin] = [stage.centre.desk(others[0]).await, stage.centre.desk(others[1]).await];
        let known: Vec<(String, String)> = ["{person}", "{case}"].iter().flat_map(|of| routes(&ids, of)).collect();
        let (mut asked_for, mut shown) = (0, 0);
        for (route, operation) in reading() {
            let names = words(&operation, "fields");
            let operation = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let path = match known.iter().find(|(known, _)| *known == route) {
                Some((_, path)) => format!("/{path}"),
                None if !route.contains('{') => route.clone(),
                None => continue,
            };
            if names.is_empty() {
                continue;
            }
            let roles = may_read(&route);
            let reader: &Desk = match () {
                () if roles.contains(&AccessRole::Operator) => desk,
                () if roles.contains(&others[0]) => &officer,
                () => &admin,
            };
            let wanted = names.first().unwrap();
            let list = reader.read(&asked(&path, &format!("fields={wanted}"))).await;
            assert_eq!(list.status, 200, "{operation}: {}", list.body);
            for item in list.body["items"].as_array().unwrap() {
                let left: BTreeSet<&String> = item.as_object().unwrap().keys().collect();
                assert!(left.iter().all(|left| *left == wanted), "{operation}: {left:?}");
                shown += 1;
            }
            let refused = reader.read(&asked(&path, "fields=secret")).await;
            assert_eq!(refused.refused(422), "invalid_input", "{operation}");
            let told = json!([refused.body["errors"][0]["field"], refused.body["errors"][0]["code"]]);
            assert_eq!(told, json!(["/fields/0", "not_in_list"]), "{operation}");
            asked_for += 1;
        }
        assert!(asked_for > 25 && shown > 10, "{asked_for} lists, {shown} entries");
    })
    .await;
}

#[test]
fn every_list_with_pages_is_asked_for_in_part_and_says_what_its_entries_may_bring() {
    let document = serde_json::to_value(document::desk(wiring::ROOMS)).unwrap();
    let schema = |reference: &Value| {
        let name = reference.as_str().unwrap().rsplit('/').next().unwrap();
        document["components"]["schemas"][name].clone()
    };
    for (path, operation) in reading() {
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let list = [&answer["$ref"], &answer["anyOf"][0]["$ref"]].into_iter().find(|it| it.is_string());
        let Some(list) = list.map(schema) else { continue };
        if list["properties"]["next_cursor"].is_object() {
            assert!(!words(&operation, "fields").is_empty(), "{path}: fields");
        }
        if words(&operation, "embed").is_empty() {
            continue;
        }
        let entry = schema(&list["properties"]["items"]["items"]["$ref"]);
        assert!(entry["properties"]["embedded"].is_object(), "{path}: embedded");
        assert!(!words(&operation, "fields").contains(&"embedded".to_owned()), "{path}: it is asked for by itself");
    }
}

#[actix_web::test]
async fn what_belongs_to_an_entry_comes_along_for_whoever_may_see_it() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let ids = record(&stage, desk, "Mariam").await;
        let person = &ids["person"];
        let paper = json!({"type": "permit", "held_by": "person", "expires": "2027-03-01"});
        desk.post(&format!("people/{person}/documents"), paper).await.ok();
        let sent = json!({"person": person, "purpose": "P2", "recipient": stage.cpi.id().as_str()});
        desk.post("referrals", sent).await.ok();
        let label = desk.read(&format!("people/{person}")).await.ok()["label"].clone();
        let own = desk.read("session").await.ok()["label"].clone();

        let (mut all, mut brought) = (0, Vec::new());
        for (route, operation) in reading() {
            if words(&operation, "embed").is_empty() || !may_read(&route).contains(&AccessRole::Operator) {
                continue;
            }
            all += 1;
            let plain = desk.read(&asked(&route, "limit=200")).await.ok();
            let none = plain["items"].as_array().unwrap().iter().all(|item| item.get("embedded").is_none());
            assert!(none, "{route}: not unless it was asked for");
            let list = desk.read(&asked(&route, "embed=person")).await.ok();
            for item in list["items"].as_array().unwrap() {
                assert_eq!(item["embedded"]["person"], json!({"label": label, "restricted": false}), "{route}");
                brought.push(route.clone());
            }
            let refused = desk.read(&asked(&route, "embed=card")).await;
            assert_eq!(refused.refused(422), "invalid_input", "{route}");
            assert_eq!(refused.body["errors"][0]["code"], "not_in_list", "{route}");
        }
        brought.dedup();
        let expected = ["/cases", "/consents/due", "/documents/expiring", "/referrals", "/rights-requests"];
        assert!(all > 9 && expected.iter().all(|route| brought.iter().any(|it| it == route)), "{all} {brought:?}");

        let both = desk.read("cases?embed=person,lead&fields=id").await.ok()["items"][0].clone();
        let hers = json!({"person": {"label": label, "restricted": false}, "lead": {"label": own}});
        assert_eq!(both, json!({"id": person, "embedded": hers}));
        let last = desk.read("referrals?embed=last_event").await.ok()["items"][0]["embedded"].clone();
        assert_eq!(last, json!({}), "a draft has said nothing");

        // Whoever answers for the operators is told, and it is written down; whoever has no part in the case is not.
        let supervisor = stage.centre.desk(AccessRole::Supervisor).await;
        let listed = ("person.listed".to_owned(), "supervision".to_owned());
        supervisor.read("cases?scope=all").await.ok();
        let boss = own_id(&supervisor).await;
        assert!(!grounds(&stage.centre, boss, person).await.contains(&listed), "not without having asked");
        let seen = supervisor.read("cases?scope=all&embed=person").await.ok();
        assert_eq!(seen["items"][0]["embedded"]["person"]["label"], label);
        assert!(grounds(&stage.centre, boss, person).await.contains(&listed));
        let stranger = stage.centre.desk(AccessRole::Operator).await;
        let (label, them) = (label.as_str().unwrap(), own_id(&stranger).await);
        for route in expected {
            let list = stranger.read(&asked(route, "embed=person")).await.ok();
            assert!(!list.to_string().contains(label), "{route} for a stranger");
        }
        assert_eq!(grounds(&stage.centre, them, person).await, []);
        let admin = stage.centre.desk(AccessRole::Admin).await;
        assert_eq!(admin.read("tasks?embed=person").await.refused(403), "not_entitled");
    })
    .await;
}
