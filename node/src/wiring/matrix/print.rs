//! The matrix as a page: operation by role, function by section.

use std::collections::BTreeMap;
use std::fmt::Write;

use staffetta_protocol::card::Section;

use super::super::{ROOMS, TAGS};
use super::MATRIX;
use crate::access::{AccessRole, Function, Permission};
use crate::web::document;

const HEAD: &str = "\
# Who may do and see what

Printed from the code (`wiring::MATRIX`, `access::acts`, `access::cases::functions`); a test compares, and another one
asks every route with every role.

An account has one role. What is done in somebody's case takes, besides, a function in the case's team: the columns
after the roles name it. Whoever is not in the team gets `outside_case`, with three exceptions: the data protection
officer sees for people's rights; a case that came in and that nobody was put on yet is the whole office's; and whoever
breaks the glass sees for a time, says why, and two tasks see to it that the officer reviews it and the person is told.

An account may be that of somebody who learns (`trainee_of`). Outside the teams in which she is a trainee it does nothing
but read, and gets `function_not_entitled`: it leads no case (whom it takes up the supervisor leads), decides no case that is the whole office's
and breaks no glass. What it does in a team waits for a countersignature, whatever its function there.

A token may be narrowed to scopes: a scope is the name of an act.
";

/// The page.
pub(super) fn markdown() -> String {
    let mut page = HEAD.to_owned();
    let mut by_tag: BTreeMap<String, Vec<(String, &Permission)>> = BTreeMap::new();
    for (path, item) in &document::desk(ROOMS).paths.paths {
        for (method, operation) in document::operations(item) {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let Some(permission) = MATRIX.iter().find(|it| it.operation == id) else { continue };
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            by_tag.entry(tag).or_default().push((format!("{method} {path}"), permission));
        }
    }
    for (tag, what) in TAGS {
        let Some(operations) = by_tag.get(*tag) else { continue };
        let _ = write!(page, "\n## {tag}\n{what}\n\n| operation | act |");
        page.extend(AccessRole::ALL.iter().map(|role| format!(" {role} |")));
        page.push_str(" in the team as |\n|---|---|");
        page.push_str(&":-:|".repeat(AccessRole::ALL.len()));
        page.push_str("---|\n");
        for (route, permission) in operations {
            let _ = write!(page, "| `{route}` | {} |", permission.act.unwrap_or("open"));
            let marked = |role| if permission.roles.contains(role) { " ● |" } else { " |" };
            page.extend(AccessRole::ALL.iter().map(marked));
            let _ = writeln!(page, " {} |", functions(permission.functions));
        }
    }
    page.push_str("\n## What a function sees of the card\nr: reads; w: reads and writes.\n\n| function |");
    page.extend(Section::ALL.iter().map(|section| format!(" {} {} |", section.letter(), section.code())));
    page.push_str(" counselling notes |\n|---|");
    page.push_str(&":-:|".repeat(Section::ALL.len() + 1));
    page.push('\n');
    for function in Function::ALL {
        let tells = function.tells();
        let _ = write!(page, "| {function} |");
        for section in Section::ALL {
            page.push_str(match (tells.writes.contains(section), tells.reads.contains(section)) {
                (true, _) => " w |",
                (false, true) => " r |",
                (false, false) => " |",
            });
        }
        page.push_str(if tells.counselling_notes { " w |\n" } else { " |\n" });
    }
    page
}

fn functions(of: &[Function]) -> String {
    if of.len() == Function::ALL.len() {
        return "any".to_owned();
    }
    of.iter().map(|function| function.as_str()).collect::<Vec<_>>().join(", ")
}
