//! What a request says outside its body: path, query, preconditions.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::{Code, Problem};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::{Error, Result};

/// Parameters of the path. An id that cannot be one names nothing: 404 `not_found`.
#[derive(Debug)]
pub struct Path<T>(
    /// What the path says.
    pub T,
);

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.match_info().load().map(Self).map_err(|_| Code::NotFound.into()))
    }
}

/// Parameters of the query. Wrong ones: 422 `invalid_input`, with a pointer where the name is one of ours.
#[derive(Debug)]
pub struct Query<T>(
    /// What the query says.
    pub T,
);

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let read = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(read.map(Self).map_err(|error| refused(error.path().iter().next(), &error.inner().to_string())))
    }
}

/// Names and values of a query, decoded.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let read = actix_web::web::Query::<Vec<(String, String)>>::from_query(query);
    read.map(actix_web::web::Query::into_inner).unwrap_or_default().into_iter()
}

/// The sentence may quote what was sent, so only its kind and the names of our own fields are taken from it; and of the
/// place only what is such a name.
fn refused(place: Option<&Segment>, sentence: &str) -> Error {
    let here = match place {
        Some(Segment::Map { key }) => format!("/{key}"),
        _ => String::new(),
    };
    let field = || sentence.split('`').nth(1).map(|name| format!("/{name}")).unwrap_or_default();
    let error = if sentence.contains("missing field") {
        Refusal::Required.at(field())
    } else if sentence.contains("duplicate field") {
        Refusal::Repeated.at(field())
    } else if sentence.contains("unknown field") {
        Refusal::UnknownField.at("")
    } else if let Some(ours) = Refusal::ALL.iter().find(|refusal| sentence.ends_with(refusal.code())) {
        ours.at(here)
    } else if sentence.contains("unknown variant") {
        Refusal::NotInList.at(here)
    } else {
        Refusal::WrongShape.at(here)
    };
    Problem::invalid(vec![error]).into()
}

/// The version that an edit builds on, from `If-Match: "3"` (RFC 9110 §13.1.1), as the resource's `ETag` gave it.
///
/// A handler that takes it names it among its `params`; the rest of the document follows from that: `ETag` with what
/// the path shows, `If-None-Match` for whoever reads it, 412 and 428.
///
/// Missing: 428 `precondition_required`. What can be no version of ours, `*` too, names one that no row ever has, so that the
/// edit is refused with what stands there: 412 `version_conflict`. To overwrite unseen is not offered.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(
    /// The version.
    pub i64,
);

impl IfMatch {
    /// What a version looks like on the wire.
    pub(super) const PATTERN: &str = r#"^"[0-9]{1,18}"$"#;

    /// A version that no row ever has.
    const NEVER: i32 = -1;

    /// The same, where a row counts its versions in 32 bits: one that does not fit is one that no row ever has.
    ///
    /// # Errors
    /// None today: the conflict is the row's to find, which then shows what stands.
    pub fn row(self) -> Result<i32> {
        Ok(i32::try_from(self.0).unwrap_or(Self::NEVER))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = ObjectBuilder::new().schema_type(Type::String).pattern(Some(Self::PATTERN)).max_length(Some(20));
        let header =
            ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header).required(Required::True);
        let what = "The version that was read, as its `ETag` gave it.";
        vec![header.description(Some(what)).schema(Some(tag.build())).build()]
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(IF_MATCH) else { return ready(Err(Code::PreconditionRequired.into())) };
        let version = value.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        let known = version.filter(|version: &i64| *version >= 0);
        ready(Ok(Self(known.unwrap_or(Self::NEVER.into()))))
    }
}
