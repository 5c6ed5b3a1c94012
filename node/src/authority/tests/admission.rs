use chrono::TimeDelta;
use staffetta_protocol::problem::Code;
use staffetta_protocol::trust::{EntityConfiguration, MemberState, Role, Roles, Standing};

use super::{AUTHORITY, Node, code_of, each};
use crate::authority::Invite;
use crate::error::Error;
use crate::journal::{Actor, of_act};

#[actix_web::test]
async fn who_is_invited_applies_is_approved_and_has_a_chain() {
    each(|net, node| async move {
        let code = net.code(net.invite()).await;
        let application = node.application(&code, net.now());
        let taken = net.authority.apply(application.clone()).await.unwrap();
        assert_eq!((taken.slug.as_str(), taken.state), ("il-ponte-societa-cooperativa", Standing::Pending));
        assert_eq!(taken.trust_mark, None);
        assert_eq!(net.authority.statement(node.id.clone()).await.unwrap(), None, "an applicant is no member");
        assert!(net.authority.list(Default::default()).await.unwrap().is_empty());
        assert_eq!(net.authority.apply(application).await.unwrap(), taken, "the answer was lost: it comes again");

        let approver = Actor::Staff(uuid::Uuid::new_v4());
        net.authority.approve(approver, node.id.clone(), None).await.unwrap();
        assert_eq!(net.authority.list(Default::default()).await.unwrap(), std::slice::from_ref(&node.id));
        let admission = net.authority.admission(taken.slug).await.unwrap();
        let mark = admission.trust_mark.expect("a mark");
        let chain = net.chain(&node, Some(&mark)).await.unwrap();
        assert_eq!(chain.state(net.now()), MemberState::Active);
        assert_eq!(chain.roles, Roles::from([Role::ReceptionCentre]), "it claims all and has what was agreed");
        assert_eq!(chain.organisation_name, "Il Ponte – Società Cooperativa");
        assert_eq!(chain.organisation_ids(), ["vat:01234567897"]);
        assert_eq!(net.chain(&node, None).await.unwrap().state(net.now()), MemberState::Limited);

        let journal = net
            .store
            .read(|conn| {
                let acts = ["member.invited", "member.applied", "member.approved"];
                acts.into_iter().map(|act| of_act(conn, act, 10)).collect::<Result<Vec<_>, Error>>()
            })
            .await
            .unwrap();
        let actors: Vec<_> = journal.iter().flatten().map(|entry| entry.actor_kind.as_str()).collect();
        assert_eq!(actors, ["system", "peer", "staff"]);
    })
    .await;
}

#[actix_web::test]
async fn an_invitation_made_out_to_an_organisation_may_admit_it_at_once() {
    each(|net, node| async move {
        let organisation_id = Some("vat:01234567897".to_owned());
        let invite = Invite { automatic: true, organisation_id, ..net.invite() };
        let code = net.code(invite.clone()).await;
        let mut other = node.application(&code, net.now());
        other.vat_number = Some("12345678903".into());
        assert_eq!(code_of(net.authority.apply(other).await), Code::NotEntitled, "for another organisation");
        let admission = net.authority.apply(node.application(&code, net.now())).await.unwrap();
        assert_eq!(admission.state, Standing::Active);
        assert!(net.chain(&node, admission.trust_mark.as_deref()).await.unwrap().is_live(net.now()));

        let nobody = Invite { organisation_id: None, ..invite };
        assert_eq!(code_of(net.authority.invite(Actor::System, nobody).await), Code::InvalidInput);
    })
    .await;
}

#[actix_web::test]
async fn a_code_counts_once_in_time_and_for_its_roles() {
    each(|net, node| async move {
        let code = net.code(net.invite()).await;
        let mut wrong = code.clone();
        let last = if wrong.pop() == Some('0') { '1' } else { '0' };
        wrong.push(last);
        for wrong in [wrong.as_str(), "", "00000000-00000000000000000000000000000000", "x", "é"] {
            let refused = net.authority.apply(node.application(wrong, net.now())).await;
            assert_eq!(code_of(refused), Code::NotEntitled, "{wrong}");
        }
        let mut greedy = node.application(&code, net.now());
        greedy.roles.insert(Role::Cpi);
        assert_eq!(code_of(net.authority.apply(greedy).await), Code::RoleNotEntitled);

        let typed = format!("  {} ", code.to_uppercase());
        net.authority.apply(node.application(&typed, net.now())).await.unwrap();
        let second = Node::new("https://altro.example");
        let used = net.authority.apply(second.application(&code, net.now())).await;
        assert_eq!(code_of(used), Code::AlreadyExists, "used");

        let fresh = net.code(net.invite()).await;
        let again = net.authority.apply(node.application(&fresh, net.now())).await;
        assert_eq!(code_of(again), Code::AlreadyExists, "nobody replaces another's application");
        net.clock.advance(TimeDelta::days(14));
        let late = net.authority.apply(second.application(&fresh, net.now())).await;
        assert_eq!(code_of(late), Code::NotEntitled, "expired");
        assert_eq!(net.authority.members().await.unwrap().len(), 1);
        let invitations = net.authority.invitations(10).await.unwrap();
        assert_eq!(invitations.iter().filter(|invitation| invitation.used.is_some()).count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn two_organisations_of_one_name_have_two_slugs() {
    each(|net, node| async move {
        let second = Node::new("https://altro.example");
        assert_eq!(net.admitted(&node).await.slug, "il-ponte-societa-cooperativa");
        assert_eq!(net.admitted(&second).await.slug, "il-ponte-societa-cooperativa-2");
    })
    .await;
}

#[actix_web::test]
async fn an_application_must_be_whole_and_signed_by_the_applicant() {
    each(|net, node| async move {
        let code = net.code(net.invite()).await;
        let good = || node.application(&code, net.now());
        let signed = |change: fn(&mut EntityConfiguration)| {
            let mut configuration = node.configuration(net.now());
            change(&mut configuration);
            configuration.sign(&node.federation).unwrap()
        };
        let mut cases = Vec::new();
        for configuration in [
            "x.y.z".to_owned(),
            node.configuration(net.now()).sign(&node.protocol).unwrap(),
            signed(|c| c.authority_hints.clear()),
            signed(|c| c.metadata.oauth_resource = None),
            signed(|c| c.exp = c.iat - 3_600),
            signed(|c| c.metadata.oauth_resource.as_mut().unwrap().resource = "https://evil.example".into()),
            Node::new("https://altro.example").configuration(net.now()).sign(&node.federation).unwrap(),
        ] {
            cases.push(staffetta_protocol::trust::Application { entity_configuration: configuration, ..good() });
        }
        let changes: [fn(&mut staffetta_protocol::trust::Application); 8] = [
            |a| a.roles.clear(),
            |a| a.roles = Roles::from([Role::Authority]),
            |a| a.vat_number = None,
            |a| a.vat_number = Some("1".into()),
            |a| a.ipa_code = Some("'; DROP TABLE member; --".into()),
            |a| a.organisation_name = " ".into(),
            |a| a.email = "nobody".into(),
            |a| a.entity_id = AUTHORITY.parse().unwrap(),
        ];
        for change in changes {
            let mut application = good();
            change(&mut application);
            cases.push(application);
        }
        for (n, case) in cases.into_iter().enumerate() {
            assert_eq!(code_of(net.authority.apply(case).await), Code::InvalidInput, "case {n}");
        }
        let plain = Node::new("http://localhost:9999");
        let refused = net.authority.apply(plain.application(&code, net.now())).await;
        assert_eq!(code_of(refused), Code::InvalidInput, "plain http is for development");
        assert!(net.authority.members().await.unwrap().is_empty(), "nothing was stored");
        net.authority.apply(good()).await.unwrap();
    })
    .await;
}
