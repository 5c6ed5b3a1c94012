//! An example with several of its values made wrong, and where.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Values of one example that are spoiled at once, at most.
const MOST: usize = 5;

/// The example with up to [`MOST`] values of a wrong type, a member that nobody knows, and one that is missing where one
/// of `required` may be; and the pointers of all that. `turn` decides which.
pub(super) fn spoil(example: &Value, required: &[&str], turn: usize) -> (Value, BTreeSet<String>) {
    let (mut body, mut wrong) = (example.clone(), BTreeSet::new());
    let missing = required.get(turn % (required.len() + 1)).filter(|name| body.get(**name).is_some());
    if let (Some(name), Some(members)) = (missing, body.as_object_mut()) {
        members.remove(*name);
        wrong.insert(format!("/{name}"));
    }
    let mut places = Vec::new();
    leaves(&body, String::new(), &mut places);
    let step = places.len() / MOST + 1;
    for (pointer, is_list) in places.iter().skip(turn % step).step_by(step) {
        *body.pointer_mut(pointer).expect("it was just seen") = if *is_list { json!(true) } else { json!([[]]) };
        wrong.insert(pointer.clone());
    }
    body["not_of_ours"] = json!("x");
    wrong.insert("/not_of_ours".to_owned());
    (body, wrong)
}

/// Places without anything below them. What tells the forms of a value apart stays: without it nothing can be said of
/// the rest.
fn leaves(value: &Value, at: String, places: &mut Vec<(String, bool)>) {
    match value {
        Value::Object(members) => {
            let plain = members.iter().filter(|(name, _)| *name != "kind");
            plain.for_each(|(name, value)| leaves(value, format!("{at}/{name}"), places));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| leaves(item, format!("{at}/{index}"), places));
        }
        value => places.push((at, value.is_array())),
    }
}
