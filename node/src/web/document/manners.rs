//! What every operation of the desk has in common by its method: keys of creations, versions of what can be edited.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{Header, HttpMethod, RefOr, Required, Response, ResponseBuilder};

use super::common;
use super::complete::owned;
use crate::web::IfMatch;
use crate::web::once::{HEADER, PATTERN};

const KEY: &str = "Names this request for 24 hours (draft-ietf-httpapi-idempotency-key-header). The same key with the same \
                   content gets the same answer, marked by `Idempotent-Replayed`, and nothing is done twice; with other \
                   content it gets 422 `idempotency_key_reused`.";
const KNOWN: &str = "Versions that the caller has already: then the answer is 304 and has no body.";

/// Whether an operation wants to know on which version an edit builds.
pub(super) fn is_conditional(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten().filter_map(owned);
    parameters.any(|parameter| parameter.parameter_in == ParameterIn::Header && parameter.name == "If-Match")
}

/// Adds it. `is_edited` says that the thing at this path is edited under `If-Match`.
pub(super) fn complete(operation: &mut Operation, method: &HttpMethod, is_edited: bool) {
    match method {
        HttpMethod::Post => {
            let key = common::header(HEADER, KEY, PATTERN, 130, Required::False);
            operation.parameters.get_or_insert_default().push(key);
            for (status, name) in [("400", "MalformedRequest"), ("413", "TooLarge"), ("422", "InvalidInput")] {
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| common::shared(name));
            }
            match operation.responses.responses.entry("409".to_owned()).or_insert_with(|| common::shared("AlreadyDone"))
            {
                RefOr::T(own) => {
                    own.description.push_str(" Or `request_under_way`, `already_done`: see `Idempotency-Key`.");
                    own.headers.entry("Retry-After".to_owned()).or_insert_with(common::retry_after);
                }
                RefOr::Ref(_) => {}
            }
            for response in successes(operation) {
                let mark = header(r"^true$", 4, "The answer was given before, under the same `Idempotency-Key`.");
                response.headers.insert("Idempotent-Replayed".to_owned(), RefOr::T(mark));
            }
        }
        HttpMethod::Get if is_edited => {
            // Any text: what is no tag of ours is no version that the caller has.
            let known = ParameterBuilder::new().name("If-None-Match").parameter_in(ParameterIn::Header);
            let known = known.description(Some(KNOWN)).schema(Some(Object::with_type(Type::String))).build();
            operation.parameters.get_or_insert_default().push(RefOr::T(known));
            let unchanged = ResponseBuilder::new().description("The caller has this version already.").build();
            operation.responses.responses.insert("304".to_owned(), RefOr::T(unchanged));
            versioned(operation);
        }
        HttpMethod::Put if is_edited => versioned(operation),
        _ => {}
    }
}

fn successes(operation: &mut Operation) -> impl Iterator<Item = &mut Response> {
    let answers = operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2'));
    answers.filter_map(|(_, answer)| match answer {
        RefOr::T(response) => Some(response),
        RefOr::Ref(_) => None,
    })
}

fn versioned(operation: &mut Operation) {
    for response in successes(operation) {
        let tag = header(IfMatch::PATTERN, 20, "The version, to be named in `If-Match` by whoever edits it.");
        response.headers.insert("ETag".to_owned(), RefOr::T(tag));
    }
}

fn header(pattern: &str, most: usize, what: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).max_length(Some(most)).build();
    HeaderBuilder::new().schema(Some(text)).description(Some(what)).build()
}
