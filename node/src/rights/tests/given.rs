//! What she is given.

use chrono::TimeDelta;
use staffetta_protocol::card::Portability;

use super::super::{portability, print};
use super::*;
use crate::assessments::counselling;
use crate::web::html::proof;

#[actix_web::test]
async fn everything_is_told_to_her_and_no_name_of_a_colleague() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        stage.ask(tx, RightKind::Access, false)?;
        let functions = crate::access::Function::Psychologist.into();
        let paola = hired(tx, "paola", AccessRole::Operator)?;
        cases::assign(tx, Actor::System, stage.person.id.into(), paola.id, &functions)?;
        let counsels = paola.acting::<acts::WriteCounselling>().sight(tx, stage.person.id)?;
        counselling::write(tx, stage.vault(), &counsels, &serde_json::from_str("\"Zzdetto in confidenza\"").unwrap())?;

        let set = config();
        let operator = stage.anna.acting::<acts::ReadRights>().sight(tx, stage.person.id)?;
        assert_eq!(code(export(tx, stage.vault(), RIGHTS, &set, &operator)), Code::FunctionNotEntitled);
        for sight in [stage.officer().sight(tx, stage.person.id)?, Sight::of_herself(stage.person.id.into())] {
            let given = export(tx, stage.vault(), RIGHTS, &set, &sight)?;
            let text = serde_json::to_string(&given).unwrap();
            for told in [
                "Zzaminata Keita",
                "Zztintura",
                "Zzvicina di banco",
                "Zzrichiesta di lei",
                "Zzdetto in confidenza",
                "CPI Prato",
                "\"staff_role\":\"operator\"",
                "dpo@centro.example",
                "card.preview.v1",
                "person.created",
            ] {
                assert!(text.contains(told), "{told}");
            }
            for colleague in [&stage.anna, &stage.dario, &paola] {
                assert!(!text.contains(&colleague.label) && !text.contains(&colleague.id.to_string()));
            }
            assert_eq!(given.recipients.len(), 1);
            assert_eq!(given.rights.iter().map(|it| it.article).collect::<Vec<_>>(), [15, 16, 17, 18, 20, 21]);
            let words = proof::words(&proof::page(print::page(&given)?.as_str()));
            for told in ["Zzaminata Keita", "Zzdetto in confidenza", "CPI Prato", "Garante", "60 giorni"] {
                assert!(words.contains(told), "{told}");
            }
        }
        assert_eq!(journal::of_act(tx.conn(), "rights.exported", 9)?.len(), 2);
        Ok(())
    })
    .await;
}

/// The officer's right to take out what is held reaches counselling by her own request, while that is being answered.
#[actix_web::test]
async fn what_was_said_in_counselling_is_given_out_for_her_own_request_and_while_it_lasts() {
    act(|tx, stage| {
        let paola = hired(tx, "paola", AccessRole::Operator)?;
        let functions = crate::access::Function::Psychologist.into();
        cases::assign(tx, Actor::System, stage.person.id.into(), paola.id, &functions)?;
        let counsels = paola.acting::<acts::WriteCounselling>().sight(tx, stage.person.id)?;
        counselling::write(tx, stage.vault(), &counsels, &serde_json::from_str("\"Zzdetto in confidenza\"").unwrap())?;
        let set = config();
        let given = |tx: &mut Tx<'_>| {
            let sight = stage.officer().sight(tx, stage.person.id)?;
            let given = export(tx, stage.vault(), RIGHTS, &set, &sight)?;
            let told = serde_json::to_string(&given).unwrap().contains("Zzdetto in confidenza");
            let paper = print::page(&given)?.as_str().contains("Zzdetto in confidenza");
            let act = journal::of_act(tx.conn(), "rights.exported", 99)?;
            let named = given.answers_request.map(|id| format!("request:{id}"));
            assert!(act.iter().any(|entry| entry.code == named), "the journal says for what");
            assert_eq!((told, paper), (given.answers_request.is_some(), told));
            Ok::<_, crate::error::Error>(given.answers_request)
        };
        assert_eq!(given(tx)?, None, "nobody asked");
        stage.ask(tx, RightKind::Portability, false)?;
        assert_eq!(given(tx)?, None, "she asked for something else");
        let refused = stage.ask(tx, RightKind::Access, false)?;
        assert_eq!(given(tx)?, Some(refused.id));
        let no = json!({"outcome": "refused", "reason": "Manifestamente infondata.", "legal_ground": "art. 12(5)"});
        stage.answer(tx, &refused, no)?;
        assert_eq!(given(tx)?, None, "it was refused");
        let asked = stage.ask(tx, RightKind::Access, false)?;
        assert_eq!(given(tx)?, Some(asked.id));
        stage.answer(tx, &asked, json!({"outcome": "granted"}))?;
        assert_eq!(given(tx)?, Some(asked.id), "the copy is given out with the answer");
        let told = journal::of_act(tx.conn(), "counselling_notes.disclosed_to_her", 9)?;
        assert!(told.iter().any(|entry| entry.object == Some(asked.id.to_string())));
        let (day, id) = (TimeDelta::days(1), stage.person.id);
        assert_eq!(rows::owed_access(tx.conn(), id, asked.due_at - day)?, Some(asked.id));
        assert_eq!(rows::owed_access(tx.conn(), id, asked.due_at)?, None, "its time has passed");
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn the_file_that_she_takes_along_is_her_card_and_reads_back() {
    act(|tx, stage| {
        let from = || portability::origin(&CENTRE.parse().unwrap(), "Centro").unwrap();
        let sight = stage.officer().sight(tx, stage.person.id)?;
        let file = carry(tx, stage.vault(), &sight, from())?;
        let text = serde_json::to_string(&file).unwrap();
        assert!(text.contains("Zztintura") && !text.contains(&stage.anna.id.to_string()));
        assert!(file.europass_xml.contains("<Candidate") && file.europass_xml.contains("Zztintura"));
        let again: Portability = read(&text).unwrap();
        assert_eq!(again, file);
        let operator = stage.anna.acting::<acts::ReadRights>().sight(tx, stage.person.id)?;
        assert_eq!(code(carry(tx, stage.vault(), &operator, from())), Code::FunctionNotEntitled);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn the_register_tells_for_whom_this_node_works() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        let mandate = grants::Mandate {
            of: OrganisationId::new("ipa:c_g999").unwrap(),
            label: staffetta_protocol::card::Text::new("Comune di Prato").unwrap(),
            act: staffetta_protocol::card::Text::new("Nomina 12").unwrap(),
            date: staffetta_protocol::card::Day::parse("2026-01-01").unwrap(),
            instructed: [Purpose::P2].into(),
        };
        let said = grants::Activity {
            code: staffetta_protocol::card::Text::new("sai").unwrap(),
            purposes: [Purpose::P1, Purpose::P2].into(),
            acts_as: grants::ActsAs::Processor(mandate),
        };
        grants::set_activity(tx, &said, None)?;
        let made = register::register(tx.conn(), &config().node, &config().retention)?;
        let standings = |code: &str| made.purposes.iter().find(|it| it.code == code).unwrap().standings.clone();
        assert!(standings("P1").is_empty(), "no instruction for it");
        assert_eq!(standings("P2")[0].controller_label.as_deref(), Some("Comune di Prato"));
        assert_eq!(standings("P7")[0].acts_as, "controller");
        assert_eq!(made.recipients, ["CPI Prato".to_owned()].into());
        let words = proof::words(&proof::page(print::register_page(&made)?.as_str()));
        for told in ["P12", "referral.sent.v1", "Comune di Prato", "counselling", "dpo@centro.example"] {
            assert!(words.contains(told) || told == "counselling", "{told}");
        }
        Ok(())
    })
    .await;
}
