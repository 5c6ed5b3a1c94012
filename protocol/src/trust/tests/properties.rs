use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_member_claims_its_roles_stay_within_policy_and_mark(
        claimed in proptest::sample::subsequence(&Role::ALL, 0..=8),
        permitted in proptest::sample::subsequence(&Role::ALL, 0..=8),
        marked in proptest::sample::subsequence(&Role::ALL, 0..=8),
    ) {
        let set = |roles: &[Role]| roles.iter().copied().collect::<Roles>();
        let mut net = Net::new();
        net.configuration.metadata.oauth_resource.as_mut().unwrap().roles = set(&claimed);
        let resource = net.configuration.sub.resource();
        net.statement.metadata_policy = MetadataPolicy::for_member("x", &resource, &set(&permitted));
        net.mark.roles = set(&marked);
        let chain = net.with_mark().resolve(NOW).unwrap();
        for role in Role::ALL {
            let everywhere = claimed.contains(&role) && permitted.contains(&role) && marked.contains(&role);
            prop_assert_eq!(chain.roles.contains(&role), everywhere);
        }
    }

    #[test]
    fn arbitrary_text_is_refused_without_panic(text in "\\PC{0,200}") {
        let net = Net::new();
        prop_assert!(resolve_chain(&text, &text, &text, &net.anchor(), at(NOW)).is_err());
        prop_assert!(EntityConfiguration::open_self_signed(&text, at(NOW)).is_err());
    }

    #[test]
    fn one_changed_character_breaks_the_chain(place in 0usize..3, index: prop::sample::Index) {
        let net = Net::new().with_mark();
        let mut documents = [
            net.configuration.sign(&net.federation).unwrap(),
            net.statement.sign(&net.authority).unwrap(),
            net.top.sign(&net.authority).unwrap(),
        ];
        let text = &mut documents[place];
        let index = index.index(text.len());
        let other = if &text[index..=index] == "A" { "B" } else { "A" };
        text.replace_range(index..=index, other);
        let [leaf, statement, top] = &documents;
        prop_assert!(resolve_chain(leaf, statement, top, &net.anchor(), at(NOW)).is_err());
    }
}
