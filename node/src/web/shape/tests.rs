use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use staffetta_protocol::card::{At, Day, Refusal, TaxCode, Text};
use utoipa::{PartialSchema, ToSchema};

use super::*;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Form {
    label: Text<20>,
    code: TaxCode,
    #[schema(inline)]
    days: Vec<Entry>,
    #[schema(inline)]
    answer: Reply,
    #[serde(default)]
    #[schema(nullable = false)]
    other: Option<TaxCode>,
    #[serde(default)]
    #[schema(nullable = false, inline)]
    lasts: Option<Lasts>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Lasts {
    from: Day,
    to: Day,
    #[serde(default)]
    #[schema(nullable = false)]
    note: Option<Text<20>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Entry {
    day: Day,
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
enum Reply {
    Yes { by: Text<20> },
    No {},
}

impl staffetta_protocol::card::Check for Form {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.days.is_empty() {
            found.push(at.key("days").refuse(Refusal::TooFew));
        }
        if self.lasts.as_ref().is_some_and(|lasts| lasts.to < lasts.from) {
            found.push(at.key("lasts").key("to").refuse(Refusal::Inconsistent));
        }
    }
}

fn good() -> Value {
    json!({
        "label": "x", "code": "RSSMRA85T10A562S", "answer": {"kind": "yes", "by": "y"},
        "days": [{"day": "2026-01-31", "level": 1}, {"day": "2026-02-28", "level": 2}, {"day": "2026-03-31", "level": 3}],
    })
}

fn form(body: &Value) -> Vec<FieldError> {
    let (mut named, mut found) = (Vec::new(), Vec::new());
    Form::schemas(&mut named);
    let schemas = named.into_iter().map(|(name, schema)| (name, bare(schema))).collect();
    walk::Walk { schemas: &schemas, found: &mut found }.value(&bare(Form::schema()), body, "");
    found
}

fn told(body: &Value) -> BTreeSet<String> {
    let first = match staffetta_protocol::card::read::<Form>(&body.to_string()) {
        Ok(_) => return BTreeSet::new(),
        Err(first) => first,
    };
    let all = everything::<Form>(body, form(body), first);
    let said: BTreeSet<_> = all.iter().map(|entry| format!("{} {}", entry.field, entry.code)).collect();
    assert_eq!(said.len(), all.len(), "nothing is told twice: {all:?}");
    said
}

#[test]
fn a_rule_over_several_values_is_told_with_the_rest_where_all_of_its_object_can_be_read() {
    let mut body = good();
    body["lasts"] = json!({"from": "2026-03-01", "to": "2026-02-01"});
    assert_eq!(told(&body), BTreeSet::from(["/lasts/to inconsistent".to_owned()]));
    body["other"] = json!("RSSMRA85T10A562X");
    let both = ["/lasts/to inconsistent", "/other check_character"].map(str::to_owned);
    assert_eq!(told(&body), BTreeSet::from(both), "beside a value that cannot be read");
    body["lasts"]["note"] = json!(7);
    let two = ["/lasts/note wrong_type", "/other check_character"].map(str::to_owned);
    assert_eq!(told(&body), BTreeSet::from(two), "a rule might be about the note");
    body["lasts"]["note"] = json!("x");
    body["label"] = json!(7);
    let two = ["/label wrong_type", "/other check_character"].map(str::to_owned);
    assert_eq!(told(&body), BTreeSet::from(two), "without what is needed nothing can be read");
}

/// A way to spoil the form, and what is told of it.
type Spoiled = (&'static str, fn(&mut Value));

const WAYS: [Spoiled; 9] = [
    ("/label too_long", |body| body["label"] = json!("x".repeat(21))),
    ("/code check_character", |body| body["code"] = json!("RSSMRA85T10A562T")),
    ("/days/0/level wrong_type", |body| body["days"][0]["level"] = json!("many")),
    ("/days/1/day out_of_range", |body| body["days"][1]["day"] = json!("2026-02-31")),
    ("/days/2/day required", |body| drop(body["days"][2].as_object_mut().unwrap().remove("day"))),
    ("/days/2/level out_of_range", |body| body["days"][2]["level"] = json!(300)),
    ("/answer/by wrong_type", |body| body["answer"]["by"] = Value::Null),
    ("/other wrong_shape", |body| body["other"] = json!("?")),
    ("/strange unknown_field", |body| body["strange"] = json!({"Amina": "Diallo"})),
];

proptest! {
    #[test]
    fn each_wrong_field_has_its_entry_and_nothing_else_has(which in prop::collection::btree_set(0..WAYS.len(), 0..WAYS.len())) {
        let (mut body, mut expected) = (good(), BTreeSet::new());
        for way in which {
            WAYS[way].1(&mut body);
            expected.insert(WAYS[way].0.to_owned());
        }
        prop_assert_eq!(told(&body), expected);
    }

    #[test]
    fn whatever_is_sent_is_told_in_bounds(text in "\\PC{0,40}", index in 0_usize..3) {
        let mut body = good();
        body["days"][index]["day"] = json!(text.clone());
        body[&text] = json!(1);
        prop_assert!(told(&body).len() <= MOST);
    }
}

#[test]
fn what_a_stranger_calls_a_member_is_told_only_where_it_looks_like_one() {
    let mut body = good();
    body["Amina Diallo"] = json!(1);
    body["answer"] = json!({"kind": "perhaps"});
    assert_eq!(told(&body), BTreeSet::from([" unknown_field".to_owned(), "/answer/kind not_in_list".to_owned()]));
    body["answer"] = json!({});
    assert!(told(&body).contains("/answer/kind required"));
}

#[test]
fn rules_over_several_values_are_told_once_each_can_be_read() {
    let mut body = good();
    body["days"] = json!([]);
    assert_eq!(told(&body), BTreeSet::from(["/days too_few".to_owned()]));
}

#[test]
fn of_a_query_every_wrong_parameter_is_told() {
    let parameter = |name: &str, schema| Parameter { name: name.to_owned(), required: name == "needed", schema };
    let known = vec![
        parameter("limit", json!({"type": "integer", "minimum": 1, "maximum": 200})),
        parameter("needed", json!({"type": "boolean"})),
        parameter("person", json!({"type": "string", "format": "uuid"})),
        parameter("since", json!({"$ref": "#/components/schemas/Day"})),
        parameter("state", json!({"type": "string", "enum": ["sent"]})),
        parameter("fields", json!({"type": "array", "items": {"type": "string", "enum": ["id", "label"]}})),
    ];
    let schemas = BTreeMap::from([("Day".to_owned(), bare(Day::schema()))]);
    let told = |query: &str| {
        let found = query::findings(&known, &schemas, query);
        found.into_iter().map(|entry| format!("{} {}", entry.field, entry.code)).collect::<BTreeSet<_>>()
    };
    assert!(told("needed=true&limit=3&fields=id,label&since=2026-01-31").is_empty());
    let all = told("limit=0&person=x&since=2026-02-31&state=lost&fields=id,name&strange=1&Amina+Diallo=1&limi=1");
    let expected = [
        " unknown_field",
        "/fields/1 not_in_list",
        "/limi unknown_field",
        "/limit out_of_range",
        "/needed required",
        "/person wrong_shape",
        "/since out_of_range",
        "/state not_in_list",
        "/strange unknown_field",
    ];
    assert_eq!(all, expected.map(str::to_owned).into());
    assert_eq!(told("needed=yes&limit=many&state=sent&state=sent").len(), 3);
}

#[test]
fn bodies_and_queries_of_every_route_are_known() {
    let rooms = crate::web::tests::ROOMS;
    let shapes = Shapes::of(rooms);
    assert!(shapes.0.values().filter(|shape| shape.body.is_some()).count() > 5);
    let found = shapes.of_body(rooms, &format!("POST {DESK}/session"), &json!({"username": 1, "password": [], "x": 1}));
    let told: BTreeSet<_> = found.iter().map(|entry| entry.field.as_str()).collect();
    assert_eq!(told, BTreeSet::from(["/password", "/username", "/x"]));
    assert_eq!(shapes.of_query(rooms, &format!("GET {DESK}/staff"), "limit=0").len(), 1);
}
