//! The node's HTTP face: what every request passes, how input is read and answers are written, the API documents.
//!
//! What must hold:
//! - It knows no feature: the rooms come as plain functions ([`Rooms`]), and `wiring` names them.
//! - A body is bounded, is JSON and nothing else, and is read strictly ([`Input`]); what is wrong with it is told by
//!   place and code, never by repeating it. A route for files takes [`Raw`] bytes of the kinds that it names.
//! - A query has the parameters that the document names and no others, whatever the handler reads of it.
//! - Of what is wrong with a request everything is told in one answer, one entry for each field ([`shape`]).
//! - Whoever edits names the version that the edit builds on ([`IfMatch`]); a conflict is told with both sides.
//! - A POST of the desk may be asked twice and is done once ([`once`]).
//! - The desk speaks Italian, or English to whoever asks for it; the entries of wrong fields have both.
//! - One line in the log for each request: the route's pattern, never the URL, a query or a body.
//! - Who does not read an answer is cut off ([`leaving`]), as is who does not send what was begun ([`patience`]).
//! - Nothing here is `static`: several nodes share a process, and each has a [`Web`] of its own.
//! - A page of this node makes no request to anybody else.

mod accept;
mod answer;
mod attachment;
mod caller;
pub mod cases;
mod conflict;
mod docs;
pub mod document;
pub mod door;
mod embed;
mod embedded;
mod fields;
pub mod glass;
pub(crate) mod html;
mod input;
mod language;
mod leaving;
mod limit;
pub mod members;
pub mod neighbours;
mod once;
mod operations;
mod page;
mod path;
mod patience;
mod raw;
mod request;
mod shape;
pub mod staff;
pub mod status;
pub mod tasks;
mod unknown;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use actix_web::{App, Error};
use staffetta_protocol::id::EntityId;
use tracing::Span;

use crate::access::Permission;
use crate::access::door::Cookies;
use crate::config::Config;
use crate::routes::Routes;

pub use accept::Accept;
pub use answer::{Json, NoContent};
pub use attachment::Attachment;
pub use conflict::or_both_sides;
pub use docs::FEDERATION;
pub use embed::{Bringing, Brought, Embed, Embeds, Names, WithPerson, WithPersonAndLastEvent, WithPersonAndLead};
pub use embedded::{Embedded, EmbeddedEvent, Whose};
pub use fields::Fields;
pub use html::{Html, SHEET_STYLE};
pub use input::Input;
pub use leaving::connected;
pub use once::once;
pub use operations::{Current, NamedGauge, Operations};
pub use page::{Page, PageParams};
pub use path::{IfMatch, Path, Query};
pub use raw::{Raw, RawKind};

/// The rooms that are mounted, as plain functions; whoever knows all features makes it.
#[derive(Clone, Copy)]
pub struct Rooms {
    /// What other nodes call, with full paths.
    pub federation: fn(&mut Routes<'_>),
    /// What the staff calls, with full paths.
    pub desk: fn(&mut Routes<'_>),
    /// Tags of both documents, with a sentence each.
    pub tags: &'static [(&'static str, &'static str)],
    /// Who may call what the staff calls.
    pub matrix: &'static [Permission],
    /// A request body for each operation of the desk that takes one in JSON, by its id: an object.
    pub examples: &'static str,
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rooms")
    }
}

/// One node's HTTP face; clones are the same face, and every worker thread has one.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    rooms: Rooms,
    entity_id: EntityId,
    limits: crate::config::LimitsConfig,
    callers: caller::Callers,
    /// The names of the staff's cookies.
    cookies: Cookies,
    limiter: limit::Limiter,
    documents: docs::Documents,
    /// Made when a request first asks for it: to tell of every operation leads through much of the program, which is then
    /// held in memory, and who starts should not wait for it.
    known: OnceLock<document::Known>,
    under_way: once::UnderWay,
    /// Names the node in every line of the log.
    span: Span,
    is_loopback: bool,
}

impl Web {
    /// The face of the node that `config` describes, with these rooms.
    pub fn new(config: &Config, rooms: Rooms) -> Self {
        let entity_id = &config.node.entity_id;
        Self(Arc::new(Inner {
            rooms,
            limits: config.limits.clone(),
            callers: caller::Callers::new(&config.listen.trusted_proxies),
            cookies: Cookies::of(entity_id),
            limiter: limit::Limiter::new(&config.limits),
            entity_id: entity_id.clone(),
            documents: docs::Documents::new(),
            known: OnceLock::new(),
            under_way: once::UnderWay::default(),
            span: crate::log::node(entity_id),
            is_loopback: caller::is_loopback(entity_id),
        }))
    }

    /// What is known of the routes.
    fn known(&self) -> &document::Known {
        self.0.known.get_or_init(|| document::Known::of(self.0.rooms))
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Web")
    }
}

/// The HTTP application of one worker: every room behind the one way in. `handles` puts in what the rooms ask for by
/// type, with `cfg.app_data(Data::new(…))`.
pub fn application(
    web: &Web,
    handles: &dyn Fn(&mut actix_web::web::ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let rooms = web.0.rooms;
    App::new()
        .app_data(Data::new(web.clone()))
        .configure(handles)
        .configure(|config| {
            Routes::mounting(config).configure(rooms.federation).configure(rooms.desk);
        })
        .configure(status::bare)
        .configure(docs::Documents::mount)
        .default_service(actix_web::web::to(unknown::unknown))
        .wrap(actix_web::middleware::from_fn(request::pass))
}
