//! Adds to every operation what all of its kind have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, OpenApi, RefOr, Required, Response};

use super::common::{self, PROBLEMS};
use super::{DESK, EXCHANGE, info, manners, older, operations_mut, sparse};
use crate::access::Permission;
use crate::web::Rooms;

/// For whom a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Other nodes.
    Federation,
    /// The staff and its programs.
    Desk,
}

impl Plane {
    /// The base that the document's paths are relative to.
    pub fn base(self) -> &'static str {
        match self {
            Self::Federation => EXCHANGE,
            Self::Desk => DESK,
        }
    }
}

pub(super) fn complete(document: &mut OpenApi, plane: Plane, rooms: Rooms) {
    document.info = info::info(plane);
    let mut used = BTreeSet::new();
    let examples: BTreeMap<String, Value> = serde_json::from_str(rooms.examples).expect("examples are an object");
    for item in document.paths.paths.values_mut() {
        let is_edited = item.put.as_ref().is_some_and(manners::is_conditional);
        let is_ours = item.servers.is_none();
        for (method, operation) in operations_mut(item) {
            used.extend(operation.tags.iter().flatten().cloned());
            secure(operation, plane);
            if plane == Plane::Federation && operation.request_body.is_some() && is_secured(operation) {
                sign(operation);
            }
            if plane == Plane::Desk {
                exemplify(operation, &examples);
            }
            if plane == Plane::Desk && is_secured(operation) {
                manners::complete(operation, &method, is_edited);
                tell_who_may(operation, rooms.matrix);
            }
            answer(operation, is_ours);
        }
    }
    let described = |(name, what): &(&str, &str)| {
        used.contains(*name).then(|| TagBuilder::new().name(*name).description(Some(*what)).build())
    };
    document.tags = Some(rooms.tags.iter().filter_map(described).collect());
    document.security = Some(vec![requirement(plane)]);
    let operations = document.paths.paths.values_mut().flat_map(operations_mut);
    let problems = operations.flat_map(|(_, operation)| shared(operation)).collect();
    let components = document.components.get_or_insert_with(Components::new);
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations_mut) {
        sparse::complete(operation, components);
    }
    common::add(components, plane, &problems);
    older::separate_references(components);
}

fn requirement(plane: Plane) -> SecurityRequirement {
    SecurityRequirement::new(common::scheme(plane), Vec::<String>::new())
}

/// `security(())` of a handler means that anybody may call; nothing means that the plane's own scheme holds.
fn secure(operation: &mut Operation, plane: Plane) {
    operation.security = Some(match operation.security.take() {
        Some(given) if given.iter().all(|one| *one == SecurityRequirement::default()) => Vec::new(),
        Some(given) => given,
        None => vec![requirement(plane)],
    });
}

fn is_secured(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|required| !required.is_empty())
}

/// Puts the example of a request into its place. Of a route that takes files it is one for each media type that can be
/// written down, under the name of the type.
fn exemplify(operation: &mut Operation, examples: &BTreeMap<String, Value>) {
    let Some(example) = operation.operation_id.as_ref().and_then(|id| examples.get(id)) else { return };
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return };
    let names_media = example.as_object().is_some_and(|members| members.keys().any(|name| name.contains('/')));
    for (media, content) in &mut body.content {
        let example =
            if names_media { example.get(media) } else { Some(example).filter(|_| media == "application/json") };
        if let (Some(example), RefOr::T(content)) = (example, content) {
            content.example = Some(example.clone());
        }
    }
}

fn tell_who_may(operation: &mut Operation, matrix: &[Permission]) {
    let of = |permission: &&Permission| operation.operation_id.as_deref() == Some(permission.operation);
    if let Some(told) = matrix.iter().find(of).and_then(Permission::told) {
        let description = operation.description.get_or_insert_default();
        description.push_str("\n\n");
        description.push_str(&told);
    }
}

/// The headers by which a node signs a body that it sends.
fn sign(operation: &mut Operation) {
    let header = |name: &str, what: &str, pattern: &str| common::header(name, what, pattern, 8192, Required::True);
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(header("Digest", "SHA-256 of the body as sent, in base64.", "^SHA-256=[A-Za-z0-9+/]{43}=$"));
    parameters.push(header(
        "Agid-JWT-Signature",
        "A JWS over digest and content type, with the claims of the bearer token (ModI, INTEGRITY_REST_01).",
        "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$",
    ));
}

/// `is_ours`: no other standard says what a query may have.
fn answer(operation: &mut Operation, is_ours: bool) {
    let has_body = operation.request_body.is_some();
    let parameters: Vec<&Parameter> = operation.parameters.iter().flatten().filter_map(owned).collect();
    let has = |place: ParameterIn| parameters.iter().any(|parameter| parameter.parameter_in == place);
    let (in_path, in_query) = (has(ParameterIn::Path), has(ParameterIn::Query));
    let secured = is_secured(operation);
    for (status, name, _) in PROBLEMS {
        let applies = match status {
            "400" | "408" | "413" | "415" => has_body,
            "422" => has_body || in_query || is_ours,
            "401" | "403" => secured,
            "404" => in_path,
            "412" | "428" => manners::is_conditional(operation),
            "409" => false,
            _ => true,
        };
        if applies {
            operation.responses.responses.entry(status.to_owned()).or_insert_with(|| common::shared(name));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            dress(status, response);
        }
    }
}

/// The statuses that an operation takes from the shared answers.
fn shared(operation: &Operation) -> BTreeSet<String> {
    let answers = operation.responses.responses.iter();
    answers.filter(|(_, answer)| matches!(answer, RefOr::Ref(_))).map(|(status, _)| status.clone()).collect()
}

/// An answer that a handler described itself. A problem in another form is one that another standard demands: it is
/// marked, so that a checker of Italian interfaces lets it pass.
fn dress(status: &str, response: &mut Response) {
    if status.starts_with(['4', '5']) {
        if response.content.is_empty() {
            response.content = common::problem("").content;
        } else if !response.content.contains_key(common::PROBLEM) {
            let marked = ExtensionsBuilder::new().add("x-noqa", Value::Bool(true)).build();
            response.extensions = Some(marked);
        }
    }
    common::complete_headers(response, status);
}

pub(in crate::web) fn owned(parameter: &RefOr<Parameter>) -> Option<&Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}
