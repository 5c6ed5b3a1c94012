//! Metadata policy (OpenID Federation 1.0 §6.1), the two operators that this network uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::metadata::PROTOCOL_VERSION;
use super::role::Roles;

/// What the authority imposes on a member's metadata: entity type, parameter, operator, value.
///
/// `value` sets a parameter (null removes it); `subset_of` keeps of an array what the operator lists. Any other
/// operator makes the statement unusable: to ignore a restriction would widen what the authority meant to grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetadataPolicy(pub BTreeMap<String, BTreeMap<String, BTreeMap<String, Value>>>);

/// Why a policy cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// An operator that is not understood.
    #[error("policy operator is not supported")]
    Operator,
    /// `subset_of` is no array, or meets a parameter that is none.
    #[error("subset_of needs arrays")]
    NotAnArray,
    /// The metadata are not an object of objects.
    #[error("metadata are not of the expected form")]
    Metadata,
}

impl MetadataPolicy {
    /// What the authority imposes on every member. Protocol keys are not in it: a node rotates those alone.
    pub fn for_member(organization_name: &str, resource: &str, roles: &Roles) -> Self {
        let one = |operator: &str, value: Value| BTreeMap::from([(operator.to_owned(), value)]);
        let entity = BTreeMap::from([("organization_name".to_owned(), one("value", json!(organization_name)))]);
        let node = BTreeMap::from([
            ("resource".to_owned(), one("value", json!(resource))),
            ("roles".to_owned(), one("subset_of", json!(roles))),
            ("protocol_versions".to_owned(), one("subset_of", json!([PROTOCOL_VERSION]))),
        ]);
        Self(BTreeMap::from([("federation_entity".to_owned(), entity), ("oauth_resource".to_owned(), node)]))
    }

    /// Applies the policy to metadata by entity type. Types that the member does not have are left out.
    pub fn apply(&self, metadata: &mut Map<String, Value>) -> Result<(), PolicyError> {
        for (entity_type, parameters) in &self.0 {
            for operators in parameters.values() {
                if operators.keys().any(|operator| !matches!(operator.as_str(), "value" | "subset_of")) {
                    return Err(PolicyError::Operator);
                }
            }
            let Some(entity) = metadata.get_mut(entity_type) else { continue };
            let entity = entity.as_object_mut().ok_or(PolicyError::Metadata)?;
            for (parameter, operators) in parameters {
                apply_to(entity, parameter, operators)?;
            }
        }
        Ok(())
    }
}

/// `value` first, then what restricts, as the standard orders them.
fn apply_to(
    entity: &mut Map<String, Value>,
    parameter: &str,
    operators: &BTreeMap<String, Value>,
) -> Result<(), PolicyError> {
    match operators.get("value") {
        Some(Value::Null) => {
            entity.remove(parameter);
        }
        Some(value) => {
            entity.insert(parameter.to_owned(), value.clone());
        }
        None => {}
    }
    if let (Some(permitted), Some(present)) = (operators.get("subset_of"), entity.get_mut(parameter)) {
        let permitted = permitted.as_array().ok_or(PolicyError::NotAnArray)?;
        present.as_array_mut().ok_or(PolicyError::NotAnArray)?.retain(|item| permitted.contains(item));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Role;
    use proptest::prelude::*;

    fn applied(policy: Value, metadata: Value) -> Result<Value, PolicyError> {
        let policy: MetadataPolicy = serde_json::from_value(policy).unwrap();
        let Value::Object(mut map) = metadata else { panic!("an object") };
        policy.apply(&mut map)?;
        Ok(Value::Object(map))
    }

    #[test]
    fn operators_do_what_the_standard_says() {
        for (policy, before, after) in [
            (json!({"a": {"p": {"value": 1}}}), json!({"a": {"p": 2}}), Ok(json!({"a": {"p": 1}}))),
            (json!({"a": {"p": {"value": 1}}}), json!({"a": {}}), Ok(json!({"a": {"p": 1}}))),
            (json!({"a": {"p": {"value": null}}}), json!({"a": {"p": 2}}), Ok(json!({"a": {}}))),
            (json!({"a": {"p": {"value": 1}}}), json!({"b": {}}), Ok(json!({"b": {}}))),
            (
                json!({"a": {"p": {"subset_of": ["x", "y"]}}}),
                json!({"a": {"p": ["y", "z"]}}),
                Ok(json!({"a": {"p": ["y"]}})),
            ),
            (json!({"a": {"p": {"subset_of": ["x"]}}}), json!({"a": {"p": ["z"]}}), Ok(json!({"a": {"p": []}}))),
            (json!({"a": {"p": {"subset_of": ["x"]}}}), json!({"a": {}}), Ok(json!({"a": {}}))),
            (json!({"a": {"p": {"subset_of": ["x"]}}}), json!({"a": {"p": "x"}}), Err(PolicyError::NotAnArray)),
            (json!({"a": {"p": {"subset_of": "x"}}}), json!({"a": {"p": ["x"]}}), Err(PolicyError::NotAnArray)),
            (json!({"a": {"p": {"one_of": ["x"]}}}), json!({"a": {"p": "x"}}), Err(PolicyError::Operator)),
            (json!({"b": {"p": {"regexp": "."}}}), json!({"a": {}}), Err(PolicyError::Operator)),
            (json!({"a": {"p": {"value": 1}}}), json!({"a": 3}), Err(PolicyError::Metadata)),
        ] {
            assert_eq!(applied(policy.clone(), before.clone()), after, "{policy} on {before}");
        }
    }

    proptest! {
        #[test]
        fn roles_never_grow(claimed in proptest::sample::subsequence(&Role::ALL, 0..=8),
                            granted in proptest::sample::subsequence(&Role::ALL, 0..=8)) {
            let granted: Roles = granted.into_iter().collect();
            let policy = MetadataPolicy::for_member("x", "https://a.example/rest/staffetta/v1", &granted);
            let mut map = json!({"oauth_resource": {"roles": claimed}}).as_object().unwrap().clone();
            policy.apply(&mut map).unwrap();
            let after: Roles = serde_json::from_value(map["oauth_resource"]["roles"].clone()).unwrap();
            let claimed: Roles = claimed.into_iter().collect();
            prop_assert_eq!(after, claimed.intersection(&granted).copied().collect::<Roles>());
        }
    }
}
