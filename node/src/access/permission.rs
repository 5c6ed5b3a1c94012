//! Who may call an operation of the desk, as data.

use super::{AccessRole, Act, Function};

/// One operation of the desk and what its handler asks of whoever calls: role, and for what is done in somebody's case
/// the functions in its team. The matrix of all of them is `wiring::MATRIX`.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    /// The operation, by its id in the API document.
    pub operation: &'static str,
    /// The act that it is; none where whoever calls need not be known yet.
    pub act: Option<&'static str>,
    /// The roles of accounts that may do it.
    pub roles: &'static [AccessRole],
    /// The functions in the case's team of which one is needed; none where it is about no case.
    pub functions: &'static [Function],
}

impl Permission {
    /// The operation whose handler takes `Allowed<A>`.
    pub const fn of<A: Act>(operation: &'static str) -> Self {
        Self { operation, act: Some(A::NAME), roles: A::ROLES, functions: A::FUNCTIONS }
    }

    /// An operation of the door itself: whoever calls it is not in yet.
    pub const fn open(operation: &'static str) -> Self {
        Self { operation, act: None, roles: AccessRole::ALL, functions: &[] }
    }

    /// For the API document: who may, in a sentence.
    pub fn told(&self) -> Option<String> {
        let act = self.act?;
        let words = |codes: Vec<&str>| codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
        let roles = words(self.roles.iter().map(|role| role.as_str()).collect());
        let scope = format!("Scope `{act}`. Roles: {roles}");
        Some(match self.functions {
            [] => format!("{scope}."),
            these if these.len() == Function::ALL.len() => format!("{scope}; in the case's team."),
            these => {
                let functions = words(these.iter().map(|function| function.as_str()).collect());
                format!("{scope}; in the case's team as {functions}.")
            }
        })
    }
}
