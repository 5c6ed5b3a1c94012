//! An office that took somebody on fills in its own system from what it received, and writes back what it did there.

use serde_json::{Value, json};

use crate::stage::{CPI, Stage, stands};
use staffetta_tests::on_each_database;

/// What a field of the sheet says; nothing where it was not received.
fn field(sheet: &Value, block: &str, name: &str) -> Option<String> {
    let blocks = sheet["sections"].as_array()?.iter().flat_map(|section| section["blocks"].as_array().unwrap().iter());
    let fields = blocks.filter(|known| known["block"] == block).flat_map(|known| {
        let entries = known["entries"].as_array().unwrap().iter();
        entries.flat_map(|entry| entry["fields"].as_array().unwrap().iter())
    });
    let found = fields.filter(|known| known["field"] == name).find_map(|known| known["value"].as_str());
    found.map(str::to_owned)
}

#[actix_web::test]
async fn from_the_acceptance_to_the_offices_own_system_and_back() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, _) = stage.agreed().await;
        let card = format!("people/{}/card", person.id);
        let held = stage.at_centre.read(&card).await;
        let (version, mut changed) = (held.etag.clone(), held.ok()["card"].clone());
        for (name, value) in [("citizenship", json!(["MLI"])), ("permit_number", json!("I1234567"))] {
            changed[name] = value;
        }
        stage.at_centre.put(&card, version.as_deref(), changed).await.ok();
        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        assert_eq!(stage.at_cpi.read(&format!("{received}/sap")).await.refused(409), "illegal_transition");
        stage.accept(&received).await;
        stage.pump().await;

        let sheet = stage.at_cpi.read(&format!("{received}/sap")).await.ok();
        assert_eq!(field(&sheet, "1.personali", "cognome").as_deref(), Some("Diarra"));
        assert_eq!(field(&sheet, "1.personali", "cittadinanza"), None, "not received, and not guessed");

        // A yes of its own.
        person.agrees(CPI, &[("P2", &["g.formalities"])]).await;
        let update = json!({"groups": ["g.formalities"]});
        stage.at_centre.post(&format!("{path}/card-updates"), update).await.ok();
        stage.pump().await;
        let sheet = stage.at_cpi.read(&format!("{received}/sap")).await.ok();
        assert_eq!(field(&sheet, "1.personali", "cittadinanza").as_deref(), Some("MLI"));
        assert_eq!(field(&sheet, "1.stranieri", "numero_titolo").as_deref(), Some("I1234567"));
        assert_eq!(field(&sheet, "1.personali", "sesso"), None);

        let id = received.trim_start_matches("referrals/");
        let (yesterday, today) = (stage.net.day(-1), stage.net.day(0));
        let lines = [
            format!("{id},did,{yesterday},active,,,,,,,"),
            format!("{id},patto,{today},,upskilling,,,,,,"),
            format!("{id},event,{yesterday},,,,A02,Zzcorso,01,,"),
            format!("{id},event,{today},,,,A02,Zzcorso,02,,course"),
        ];
        let head = "referral,kind,date,state,gol_path,number,policy,title,event,description,pathway";
        let file = format!("{head}\r\n{}\r\n", lines.join("\r\n"));
        for expected in ["taken", "repeated"] {
            let report = stage.at_cpi.send_file("sap-write-backs", "text/csv", file.clone()).await.ok();
            assert_eq!(report[expected], 4, "{report}");
            stage.pump().await;
        }
        let sheet = stage.at_cpi.read(&format!("{received}/sap")).await.ok();
        assert_eq!(field(&sheet, "2.stato", "data_did"), Some(yesterday));
        assert_eq!(field(&sheet, "6.politica_attiva", "data_inizio"), Some(today));

        let seen = stage.seen(&path).await;
        assert_eq!(stands(&seen).0, "in_progress");
        let told =
            |kind: &str| seen["events"].as_array().unwrap().iter().filter(|event| event["event"] == kind).count();
        assert_eq!((told("did_recorded"), told("patto_signed"), told("pathway_opened")), (1, 1, 1));
        assert!(!seen.to_string().contains("Zzcorso"), "the policy is the office's own");
        let open = stage.cpi.readable(&["Zzcorso", "I1234567", "upskilling"]);
        assert!(open.is_empty(), "kept in the open: {open:?}");
    })
    .await;
}
