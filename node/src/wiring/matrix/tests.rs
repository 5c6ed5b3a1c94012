use std::collections::BTreeSet;

use super::super::ROOMS;
use super::MATRIX;
use super::print::markdown;
use crate::access::{AccessRole, Function};
use crate::web::document;

#[test]
fn every_operation_of_the_desk_has_one_entry_and_every_entry_an_operation() {
    let mut routes = BTreeSet::new();
    for item in document::desk(ROOMS).paths.paths.values() {
        routes.extend(document::operations(item).filter_map(|(_, operation)| operation.operation_id.clone()));
    }
    let mut entries = BTreeSet::new();
    for permission in MATRIX {
        assert!(entries.insert(permission.operation.to_owned()), "{} stands twice", permission.operation);
    }
    assert_eq!(routes, entries, "wiring/matrix.rs and the routes of the desk");
}

#[test]
fn whoever_sees_aggregates_or_one_company_only_sees_nobody() {
    for permission in MATRIX.iter().filter(|it| it.act.is_some_and(|act| !act.starts_with("session."))) {
        for role in [AccessRole::Evaluator, AccessRole::CompanyUser] {
            assert!(!permission.roles.contains(&role), "{role} may {}", permission.operation);
        }
    }
}

#[test]
fn whoever_runs_the_node_opens_no_case() {
    for permission in MATRIX.iter().filter(|it| !it.functions.is_empty()) {
        assert!(!permission.roles.contains(&AccessRole::Admin), "an administrator may {}", permission.operation);
    }
}

#[test]
fn what_a_function_writes_it_reads() {
    for function in Function::ALL {
        let tells = function.tells();
        assert!(tells.writes.iter().all(|section| tells.reads.contains(section)), "{function}");
    }
}

#[test]
fn the_printed_matrix_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, markdown()).unwrap();
    }
    let printed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(printed == markdown(), "node/docs/access.md is stale: run this test with UPDATE_DOCS=1");
}
