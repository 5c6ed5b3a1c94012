//! Who sees what about a person: every route that can be read, by whoever is in her case's team and by whoever is not;
//! and what each look leaves behind.

use std::collections::BTreeMap;

use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::cases::{self, Functions};
use staffetta_node::access::{AccessRole, Function};
use staffetta_node::journal::Actor;
use staffetta_node::store::schema::{case_file, journal};
use staffetta_node::store::{Conn, Id, Tx};
use staffetta_node::web::document;
use staffetta_node::wiring;
use staffetta_tests::{BOTH, Desk, Member, Person, on_each_database};
use uuid::Uuid;

use crate::stage::Stage;

/// Parameters of a query that a route cannot do without.
const QUERIES: &[(&str, &str)] = &[("/people/{person}/card/differences", "?from=1&to=2")];
/// Those who are asked of a route, and of whom it says nothing: names of colleagues only.
const COLLEAGUES: &[&str] = &["/cases/{case}/team", "/cases/{case}/handovers"];

/// Lists that stand for people, with the act that each person on the page finds in her journal, and whether this story
/// has somebody on it: the tests of its room see to the others.
pub(crate) const LISTS: &[(&str, &str, bool)] = &[
    ("/broken-glass?unreviewed=true", "case.glass-listed", false),
    ("/cases", "case.listed", true),
    ("/coming-of-age?within_days=366", "guardian.listed", false),
    ("/consents/due?days=366", "consent.listed", true),
    ("/countersignatures", "countersignature.listed", false),
    ("/documents/expiring?before=2100-01-01", "document.listed", true),
    ("/paper-recalls", "recall.listed", false),
    ("/people", "person.listed", true),
    ("/recalls", "recall.listed", false),
    ("/referrals", "referral.listed", true),
    ("/rights-requests", "rights.listed", true),
    ("/tasks", "task.listed", false),
    ("/transfers", "transfer.listed", false),
];
/// Lists that stand for nobody of those whom the node accompanies.
const OF_NOBODY: &[&str] = &[
    "/activities",
    "/members",
    "/neighbours/checkpoints",
    "/notices",
    "/offices",
    "/partner-offices",
    "/purposes",
    "/register",
    "/register/sheet",
    "/retention-reports",
    "/session",
    "/session/oidc/callback",
    "/session/oidc/login",
    "/session/tokens",
    "/sessions",
    "/staff",
    "/status",
];
/// What is asked about one person in the query.
const OF_ONE: &[&str] = &["/offices/proposals"];

/// Where every id of a person's record is: by the parameter that names it.
pub(crate) type Ids = BTreeMap<&'static str, String>;

/// The routes that can be read and that name somebody: as they are written, and with these ids. One whose parameter is
/// not among them fails: it would go unseen.
pub(crate) fn routes(ids: &Ids, of: &str) -> Vec<(String, String)> {
    let document = document::desk(wiring::ROOMS);
    let readable = document.paths.paths.iter().filter(|(path, item)| item.get.is_some() && path.contains(of));
    let filled = readable.map(|(path, _)| {
        let part = |part: &str| match part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) => ids.get(name).unwrap_or_else(|| panic!("{path}: nothing is made for {name}")).clone(),
            None => part.to_owned(),
        };
        let full: Vec<String> = path.trim_start_matches('/').split('/').map(part).collect();
        let query = QUERIES.iter().find(|(known, _)| known == path).map_or("", |(_, query)| *query);
        (path.clone(), format!("{}{query}", full.join("/")))
    });
    filled.collect()
}

pub(crate) async fn own_id(desk: &Desk) -> Uuid {
    desk.read("session").await.ok()["id"].as_str().unwrap().parse().unwrap()
}

/// The roles that may read at this path.
pub(crate) fn may_read(route: &str) -> &'static [AccessRole] {
    let document = document::desk(wiring::ROOMS);
    let operation = document.paths.paths[route].get.as_ref().expect("it can be read");
    let id = operation.operation_id.as_deref().expect("an operation has an id");
    wiring::MATRIX.iter().find(|it| it.operation == id).expect("it is in the matrix").roles
}

/// How many entries this member of the staff has left about anybody, each with a ground.
pub(crate) async fn left(member: &Member, staff: Uuid) -> i64 {
    let all = move |conn: &mut Conn| {
        let about = journal::table.filter(journal::actor.eq(staff.to_string())).filter(journal::subject.is_not_null());
        Ok(about.filter(journal::ground.is_not_null()).count().get_result(conn)?)
    };
    member.node.store().read(all).await.unwrap()
}

/// What members of the staff did about anybody here on no ground: nothing.
pub(crate) async fn groundless(member: &Member) -> Vec<String> {
    let all = |conn: &mut Conn| {
        let about = journal::table.filter(journal::actor_kind.eq("staff")).filter(journal::subject.is_not_null());
        let groundless = about.filter(journal::ground.is_null());
        Ok(groundless.select(journal::act).distinct().order(journal::act.asc()).load(conn)?)
    };
    member.node.store().read(all).await.unwrap()
}

async fn joins(member: &Member, case: &str, staff: Uuid, functions: &[Function]) {
    let (case, functions) = (case.parse().unwrap(), Functions::new(functions.iter().copied()).unwrap());
    let act = move |tx: &mut Tx<'_>| cases::assign(tx, Actor::System, case, staff, &functions);
    member.node.store().write(act).await.unwrap();
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap_or_else(|| panic!("no id in {of}")).to_owned()
}

/// A person about whom there is one of everything, led by whoever is at this desk.
pub(crate) async fn record(stage: &Stage, desk: &Desk, given_names: &str) -> Ids {
    let person = Person::with_card(desk, given_names).await;
    let own = format!("people/{}", person.id);
    let records = person.agrees(crate::stage::CPI, BOTH).await;
    let held = desk.read(&format!("{own}/card")).await;
    let (version, mut card) = (held.etag.clone(), held.ok()["card"].clone());
    card["preferred_name"] = json!("Zzsoprannome");
    desk.put(&format!("{own}/card"), version.as_deref(), card).await.ok();
    let paper = json!({"type": "permit", "held_by": "person", "label": "Zzpermesso"});
    let document = id(&desk.post(&format!("{own}/documents"), paper).await.ok());
    let held = desk.read(&format!("{own}/documents/{document}")).await.etag;
    desk.file(&format!("{own}/documents/{document}/content"), held.as_deref(), "application/json", "{\"a\":1}")
        .await
        .ok();
    let work = json!({"method": "operator", "summary": "Zzmura."});
    let assessment = id(&desk.post(&format!("{own}/assessments"), work).await.ok());
    let counsels = stage.centre.desk(AccessRole::Operator).await;
    joins(&stage.centre, &person.id, own_id(&counsels).await, &[Function::Psychologist]).await;
    let note = id(&counsels.post(&format!("{own}/counselling-notes"), json!({"text": "Zznota."})).await.ok());
    let asks = json!({"kind": "access", "channel": "in_person", "said_by": "person", "details": "Zzchiede tutto."});
    let asked = desk.post(&format!("{own}/rights-requests"), asks).await;
    let (version, request) = (asked.etag.clone(), id(&asked.ok()));
    let officer = stage.centre.desk(AccessRole::Dpo).await;
    let answer = (format!("rights-requests/{request}/answer"), json!({"outcome": "granted"}));
    officer.send(Method::POST, &answer.0, Some(answer.1), version.as_deref()).await.ok();
    let both = [Function::CaseOperator, Function::Psychologist];
    joins(&stage.centre, &person.id, own_id(desk).await, &both).await;
    Ids::from([
        ("person", person.id.clone()),
        ("case", person.id),
        ("record", records[0].clone()),
        ("document", document),
        ("assessment", assessment),
        ("note", note),
        ("version", "1".to_owned()),
        ("section", "identity".to_owned()),
        ("request", request),
    ])
}

#[actix_web::test]
async fn every_look_at_a_person_takes_a_part_in_her_case_and_leaves_an_entry() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let ids = record(&stage, desk, "Mariam").await;
        let stranger = stage.centre.desk(AccessRole::Operator).await;
        let others = record(&stage, &stranger, "Fatou").await;
        let supervisor = stage.centre.desk(AccessRole::Supervisor).await;
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        let (me, dpo) = (own_id(desk).await, own_id(&officer).await);
        let mut all = routes(&ids, "{person}");
        all.extend(routes(&ids, "{request}"));
        assert!(all.len() > 30);
        for (route, path) in &all {
            let roles = may_read(route);
            // What only the officer takes out she takes out; everything else is the lead's first.
            let (reader, who) = if roles.contains(&AccessRole::Operator) { (desk, me) } else { (&officer, dpo) };
            let before = left(&stage.centre, who).await;
            let answer = reader.read(path).await;
            assert_eq!(answer.status, 200, "{route}: {}", answer.body);
            assert!(left(&stage.centre, who).await > before, "{route} leaves nothing in the journal");
            for (role, other) in [(AccessRole::Operator, &stranger), (AccessRole::Supervisor, &supervisor)] {
                let answer = other.read(path).await;
                let why = if roles.contains(&role) { "outside_case" } else { "not_entitled" };
                assert_eq!(answer.refused(403), why, "{route} for another {role}");
                assert!(!answer.body.to_string().contains("Zz"), "{route} for another {role}");
            }
            for role in [AccessRole::Admin, AccessRole::Evaluator, AccessRole::CompanyUser] {
                let other = stage.centre.desk(role).await;
                assert_eq!(other.read(path).await.refused(403), "not_entitled", "{route} for {role}");
            }
            // What the officer may read at all she reads, and it is written down.
            let before = left(&stage.centre, dpo).await;
            let seen = officer.read(path).await;
            match seen.status {
                200 => assert!(left(&stage.centre, dpo).await > before, "{route}: the officer's look"),
                status => assert_eq!(status, 403, "{route} for the officer: {}", seen.body),
            }
        }
        // Things of one person below the path of another: they are not there, whoever asks.
        for name in ["record", "document", "assessment", "note"] {
            let mut mixed = ids.clone();
            mixed.insert(name, others[name].clone());
            for (route, path) in
                routes(&mixed, "{person}").iter().filter(|(route, _)| route.contains(&format!("{{{name}}}")))
            {
                let answer = desk.read(path).await;
                assert_eq!(answer.refused(404), "not_found", "{route} with somebody else's {name}");
            }
        }
        for (route, path) in routes(&ids, "{case}") {
            assert!(COLLEAGUES.contains(&route.as_str()), "{route}: what does it tell, and to whom?");
            desk.read(&path).await.ok();
        }
    })
    .await;
}

/// Acts and grounds that this member of the staff has left about `person`.
pub(crate) async fn grounds(member: &Member, staff: Uuid, person: &str) -> Vec<(String, String)> {
    let person: Uuid = person.parse().unwrap();
    let all = move |conn: &mut Conn| {
        let hers: Vec<Id> =
            case_file::table.filter(case_file::id.eq(Id(person))).select(case_file::subject).load(conn)?;
        let found: Vec<(String, Option<String>)> = journal::table
            .filter(journal::actor.eq(staff.to_string()))
            .filter(journal::subject.eq_any(hers))
            .select((journal::act, journal::ground))
            .load(conn)?;
        Ok(found.into_iter().map(|(act, ground)| (act, ground.unwrap_or_default())).collect())
    };
    member.node.store().read(all).await.unwrap()
}

#[actix_web::test]
async fn whoever_is_on_a_list_finds_it_in_her_journal_and_in_her_own_copy() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let ids = record(&stage, desk, "Mariam").await;
        let person = &ids["person"];
        let paper = json!({"type": "permit", "held_by": "person", "expires": "2027-03-01"});
        desk.post(&format!("people/{person}/documents"), paper).await.ok();
        let sent = json!({"person": person, "purpose": "P2", "recipient": stage.cpi.id().as_str()});
        desk.post("referrals", sent).await.ok();
        let document = document::desk(wiring::ROOMS);
        let lists = document.paths.paths.iter().filter(|(path, item)| item.get.is_some() && !path.contains('{'));
        for (path, _) in lists {
            let named = LISTS.iter().any(|(list, ..)| list.split('?').next() == Some(path));
            let decided = named || [OF_NOBODY, OF_ONE].concat().contains(&path.as_str());
            assert!(decided, "{path}: whom does it stand for, and what does it leave?");
        }
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        let (me, dpo) = (own_id(desk).await, own_id(&officer).await);
        for (list, act, has) in LISTS {
            let route = list.split('?').next().unwrap();
            for (reader, who, role, ground) in
                [(desk, me, AccessRole::Operator, "case_team"), (&officer, dpo, AccessRole::Dpo, "supervision")]
            {
                // Of documents everybody is told of those of her own cases only.
                if !may_read(route).contains(&role) || route == "/documents/expiring" && role == AccessRole::Dpo {
                    continue;
                }
                let said = ((*act).to_owned(), ground.to_owned());
                let noted = async || {
                    let left = grounds(&stage.centre, who, person).await;
                    left.iter().filter(|entry| **entry == said).count()
                };
                let before = noted().await;
                let query = if *list == "/cases" && role == AccessRole::Dpo { "?scope=all" } else { "" };
                let answer = reader.read(&format!("{}{query}", &list[1..])).await;
                assert_eq!(answer.status, 200, "{list}: {}", answer.body);
                assert_eq!(noted().await > before, *has, "{list} for {role}: {}", answer.body);
            }
        }
        let told = officer.read(&format!("people/{person}/export")).await.ok().to_string();
        for (list, act, _) in LISTS.iter().filter(|(_, _, has)| *has) {
            assert!(told.contains(act), "{list} is not among who looked at her data");
        }
        // Whoever is in no team of hers may ask who is, and that too is written down.
        let colleague = stage.centre.desk(AccessRole::Operator).await;
        colleague.read(&format!("cases/{person}/team")).await.ok();
        let left = grounds(&stage.centre, own_id(&colleague).await, person).await;
        assert_eq!(left, [("case.team-read".to_owned(), "colleague".to_owned())]);
        for (route, path) in routes(&ids, "{case}") {
            let before = grounds(&stage.centre, me, person).await.len();
            desk.read(&path).await.ok();
            assert!(grounds(&stage.centre, me, person).await.len() > before, "{route}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_case_that_came_in_is_the_offices_until_somebody_is_put_on_it() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let case = received.trim_start_matches("referrals/").to_owned();
        stage.accept(&received).await;
        let ids = Ids::from([("referral", case.clone()), ("sheet", Uuid::nil().to_string())]);
        let colleague = stage.cpi.desk(AccessRole::Operator).await;
        let them = own_id(&colleague).await;
        let reachable = |(route, _): &(String, String)| !route.contains("{sheet}");
        for (route, path) in routes(&ids, "{referral}").into_iter().filter(reachable) {
            let before = left(&stage.cpi, them).await;
            let answer = colleague.read(&path).await;
            assert_eq!(answer.status, 200, "{route}: {}", answer.body);
            assert!(left(&stage.cpi, them).await > before, "{route} leaves nothing in the journal");
        }
        joins(&stage.cpi, &case, own_id(&stage.at_cpi).await, &[Function::CaseOperator]).await;
        for (route, path) in routes(&ids, "{referral}") {
            let answer = colleague.read(&path).await;
            assert_eq!(answer.refused(403), "outside_case", "{route}");
            if reachable(&(route.clone(), path.clone())) {
                stage.at_cpi.read(&path).await.ok();
            }
        }
        let subjects = stage.cpi.node.store().read(|conn| {
            let all: Vec<Option<Id>> = journal::table.select(journal::subject).distinct().load(conn)?;
            Ok(all.into_iter().flatten().count())
        });
        assert_eq!(subjects.await.unwrap(), 2, "what came of her, and her record here");
    })
    .await;
}
