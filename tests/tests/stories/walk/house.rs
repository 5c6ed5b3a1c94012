//! Accounts, notices, activities, offices.

use staffetta_node::tasks::{self, Kind, Task};

use super::*;

/// Accounts, notices, activities, offices: what is about no person.
pub(super) async fn the_house(walk: &mut Walk, stage: &Stage) {
    let centre = &stage.centre;
    let (admin, dpo) = (centre.desk(AccessRole::Admin).await, centre.desk(AccessRole::Dpo).await);
    let supervisor = centre.desk(AccessRole::Supervisor).await;
    let program = walk.does(centre, &admin, "add_staff").await;
    walk.at("staff", &program["id"]);
    let secret = walk.does(centre, &admin, "add_client_secret").await;
    walk.at("secret", &secret["id"]);
    walk.means(SECRET, secret["client_secret"].as_str().unwrap());
    walk.does(centre, &admin, "issue_access_token").await;
    walk.does(centre, &admin, "revoke_client_secret").await;
    let token = walk.does(centre, &admin, "issue_staff_token").await;
    walk.at("token", &token["id"]);
    walk.does(centre, &admin, "revoke_staff_token").await;
    let human = json!({"username": "lia.verdi", "label": "Lia Verdi", "role": "operator"});
    let human = walk.does_with(centre, &admin, "add_staff", Some(human)).await;
    walk.at("staff", &human["id"]);
    let identity = walk.does(centre, &admin, "link_staff_identity").await;
    walk.at("identity", &identity["id"]);
    walk.means(COLLEAGUE, &own_id(&stage.at_centre).await.to_string());
    let learns = walk.does(centre, &admin, "begin_traineeship").await;
    assert_eq!(learns["trainee_of"], json!(own_id(&stage.at_centre).await));
    walk.does(centre, &admin, "end_traineeship").await;
    for end in ["unlink_staff_identity", "reset_staff_password", "sign_out_staff", "disable_staff"] {
        walk.does(centre, &admin, end).await;
    }
    walk.does(centre, &dpo, "list_retention_reports").await;
    walk.ids.insert("activity", "accompaniment".to_owned());
    walk.versions.insert("activities/accompaniment".to_owned(), "\"0\"".to_owned());
    walk.does(centre, &dpo, "set_activity").await;
    walk.does(centre, &dpo, "drop_activity").await;
    let notice = walk.does(centre, &dpo, "add_notice").await;
    walk.at("notice", &notice["id"]);
    walk.does(centre, &dpo, "add_notice_text").await;
    walk.ids.insert("language", "eng".to_owned());
    walk.does(centre, &dpo, "verify_notice_text").await;
    walk.does(centre, &dpo, "retire_notice").await;
    let own = walk.does(centre, &supervisor, "add_office").await;
    walk.at("office", &own["id"]);
    walk.does(centre, &supervisor, "change_office").await;
    walk.does(centre, &supervisor, "remove_office").await;
    let partner = walk.does(centre, &stage.at_centre, "add_partner_office").await;
    walk.at("office", &partner["id"]);
    walk.does(centre, &stage.at_centre, "change_partner_office").await;
    walk.does(centre, &stage.at_centre, "remove_partner_office").await;
    walk.does(centre, &stage.at_centre, "look_up_member").await;
    let noticed = Task::new(Kind::NotRecognised, stage.cpi.id()).with(stage.cpi.id());
    centre.node.store().write(move |tx| tasks::open(tx, noticed)).await.unwrap();
    let open = walk.does(centre, &admin, "list_tasks").await;
    assert_eq!(open["items"][0]["channels"][0]["by"], "contact");
    walk.at("task", &open["items"][0]["id"]);
    walk.does(centre, &admin, "finish_task").await;
    let partner = walk.does(centre, &stage.at_centre, "add_partner_office").await;
    walk.means(OFFICE, partner["id"].as_str().unwrap());
}
