//! Somebody of the same house who has no part in a case: what follows from a withdrawal and from a move is not shown to
//! her, and nothing of the person stands in any list that she may ask for.

use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_protocol::trust::Role;
use staffetta_tests::{BOTH, Desk, Person, on_each_database};

use crate::lists::{asked, reading, words};
use crate::seen::{LISTS, may_read, own_id};
use crate::stage::Stage;

const COMUNE: &str = "ipa:c_g999";
const OTHER: &str = "vat:12345678903";
const MOVES: &[&str] = &["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs", "g.contact"];

/// One of each role, and one who learns; none of them works on the case.
async fn outsiders(stage: &Stage) -> Vec<(AccessRole, Desk)> {
    let admin = stage.centre.desk(AccessRole::Admin).await;
    let learns = stage.centre.desk(AccessRole::Operator).await;
    let guides = stage.centre.desk(AccessRole::Operator).await;
    let mark = format!("staff/{}/traineeship", own_id(&learns).await);
    admin.post(&mark, json!({"trainee_of": own_id(&guides).await})).await.ok();
    let mut all = vec![(AccessRole::Operator, learns), (AccessRole::Operator, guides), (AccessRole::Admin, admin)];
    for role in [AccessRole::Supervisor, AccessRole::CompanyUser, AccessRole::Evaluator] {
        all.push((role, stage.centre.desk(role).await));
    }
    all
}

/// She was referred to a job centre and, on paper, to the comune; her record was offered to another centre; then she took
/// both yeses back. The recall, the letter that recalls, and the transfer.
async fn taken_back(stage: &Stage) -> (Person, [String; 3]) {
    let desk = &stage.at_centre;
    let other = stage.net.member("Centro La Riva", Role::ReceptionCentre, OTHER).await;
    stage.centre.node.peers().resolve(other.id()).await.expect("the centres know each other");
    let (person, records) = stage.agreed().await;
    let path = person.draft(&stage.cpi).await;
    desk.post(&format!("{path}/sending"), json!({})).await.ok();
    stage.pump().await;
    let office = json!({"organisation_name": "Comune di Zzprato", "organisation": COMUNE, "office": "Sportello lavoro",
        "address": "piazza Zzmark 1", "pec": "lavoro@pec.zzprato.example", "competence_comuni": ["100005"]});
    let office = desk.post("partner-offices", office).await.ok()["id"].clone();
    let on_paper = person.agrees(COMUNE, BOTH).await;
    let draft = json!({"person": person.id, "office": office, "purpose": "P2", "confirm_duplicate": true});
    let draft = desk.post("referrals", draft).await.ok();
    let path = format!("referrals/{}", draft["summary"]["id"].as_str().unwrap());
    let made = desk.post(&format!("{path}/sheets"), json!({"kind": "referral"})).await.ok();
    let sheet = made["office"]["sheets"][0]["id"].as_str().unwrap().to_owned();
    desk.post(&format!("{path}/sheets/{sheet}/sending"), json!({"channel": "pec"})).await.ok();
    person.agrees_on(("transfer", "ita"), OTHER, &[("P12", MOVES)]).await;
    let offer = json!({"recipient": other.id()});
    let offered = desk.post(&format!("people/{}/transfers", person.id), offer).await.ok();
    person.withdraws(&records[1]).await;
    let how = json!({"by": "person", "channel": "in_person"});
    let withdrawal = format!("people/{}/consents/{}/withdrawals", person.id, on_paper[1]);
    let letter = desk.post(&withdrawal, how).await.ok()["letters"][0].as_str().unwrap().to_owned();
    let recall = desk.read("recalls").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    let transfer = offered["summary"]["id"].as_str().unwrap().to_owned();
    (person, [recall, letter, transfer])
}

fn tells(body: &Value, person: &Person) -> bool {
    let text = body.to_string();
    [person.id.as_str(), "Mariam", "Diarra", "393330001122"].iter().any(|word| text.contains(word))
}

#[actix_web::test]
async fn what_follows_from_a_withdrawal_and_from_a_move_is_for_the_case_alone() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, [recall, letter, transfer]) = taken_back(&stage).await;
        let nothing = uuid::Uuid::nil();
        let paths = [
            ("/recalls/{recall}", format!("recalls/{recall}"), 200),
            ("/paper-recalls/{recall}", format!("paper-recalls/{letter}"), 200),
            ("/paper-recalls/{recall}/letter", format!("paper-recalls/{letter}/letter"), 200),
            ("/transfers/{transfer}", format!("transfers/{transfer}"), 200),
            // Of a letter that is not there she hears no more than of one that is.
            ("/transfers/{transfer}/letters/{letter}", format!("transfers/{transfer}/letters/{nothing}"), 404),
        ];
        let outsiders = outsiders(&stage).await;
        for (route, path, expected) in &paths {
            assert_eq!(stage.at_centre.read(path).await.status, *expected, "{route} for whoever leads");
            for (role, desk) in &outsiders {
                let answer = desk.read(path).await;
                let why = if may_read(route).contains(role) { "outside_case" } else { "not_entitled" };
                assert_eq!(answer.refused(403), why, "{route} for {role}");
                assert!(!tells(&answer.body, &person), "{route} for {role}: {}", answer.body);
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn nothing_of_her_stands_in_a_list_of_whoever_has_no_part_in_her_case() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, _) = taken_back(&stage).await;
        let operations = reading();
        let mut hers = 0;
        let outsiders = outsiders(&stage).await;
        for (list, ..) in LISTS {
            let route = list.split('?').next().unwrap();
            let (_, operation) = operations.iter().find(|(path, _)| path == route).unwrap();
            let embeds = words(operation, "embed").contains(&"person".to_owned());
            let path = if embeds { asked(route, "embed=person") } else { list[1..].to_owned() };
            let path = path.trim_start_matches('/');
            if may_read(route).contains(&AccessRole::Operator) {
                hers += usize::from(tells(&stage.at_centre.read(path).await.ok(), &person));
            }
            // Whoever answers for the operators is shown every case in lists, and each look is in the person's journal.
            for (role, desk) in outsiders.iter().filter(|(role, _)| *role != AccessRole::Supervisor) {
                let answer = desk.read(path).await;
                let told = answer.status == 200 || answer.refused(403) == "not_entitled";
                assert!(told, "{list} for {role}: {}", answer.body);
                assert!(!tells(&answer.body, &person), "{list} for {role}: {}", answer.body);
            }
        }
        assert!(hers > 6, "whoever leads finds her in {hers} lists: else this shows nothing");
        let query = json!({"query": "Mariam"});
        for (role, desk) in outsiders.iter().filter(|(role, _)| *role != AccessRole::Supervisor) {
            let found = desk.post("people/searches", query.clone()).await;
            if *role == AccessRole::Operator {
                assert_eq!((&found.body["items"], &found.body["in_cases_of_others"]["count"]), (&json!([]), &json!(1)));
            } else {
                assert_eq!(found.refused(403), "not_entitled", "{role}");
            }
        }
    })
    .await;
}
