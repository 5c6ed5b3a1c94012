//! The two API documents, made from the routes that are really mounted.
//!
//! Each has one API base as its server and paths relative to it. A path below another base keeps its place in the
//! document and names its own server. What every operation has in common (problems, headers, security) is added by
//! [`complete`], so that no handler writes it.

mod common;
mod complete;
mod info;
mod manners;
mod older;
mod sparse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use staffetta_protocol::id::EntityId;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{HttpMethod, OpenApi, Server, ServerBuilder};

use super::Rooms;
use super::shape::Shapes;
use crate::routes::collected;
pub use complete::Plane;
pub(in crate::web) use complete::owned;

/// The base of everything: `<entity id>` and this is the node's `resource`.
pub const BASE: &str = "/rest/staffetta/v1";
/// The base of the exchange.
pub const EXCHANGE: &str = "/rest/staffetta/v1/exchange";
/// The base of the catalogue.
pub const CATALOGUE: &str = "/rest/staffetta/v1/catalogue";
/// The base of the authority's calls.
pub const NETWORK: &str = "/rest/staffetta/v1/network";
/// The base of the desk.
pub const DESK: &str = "/rest/staffetta/v1/desk";
/// Where OpenID Federation looks.
pub const WELL_KNOWN: &str = "/.well-known";

/// The bases that a document may speak of, and what each is.
const BASES: &[(&str, &str)] = &[
    (EXCHANGE, "Messages between two nodes, on any node."),
    (CATALOGUE, "Public entries, on any node."),
    (NETWORK, "Membership, on the network authority's node."),
    (DESK, "The desk of the staff, on their own node."),
    (BASE, "The node's API base."),
    (WELL_KNOWN, "The well-known place of any node."),
];

/// The node that the written documents speak of.
const SAMPLE: &str = "https://nodo.example";

/// What other nodes call.
pub fn federation(rooms: Rooms) -> OpenApi {
    document(collected(rooms.federation), Plane::Federation, rooms)
}

/// What the staff and its programs call.
pub fn desk(rooms: Rooms) -> OpenApi {
    document(collected(rooms.desk), Plane::Desk, rooms)
}

fn document(mut document: OpenApi, plane: Plane, rooms: Rooms) -> OpenApi {
    relative(&mut document, plane.base());
    complete::complete(&mut document, plane, rooms);
    document
}

/// Puts every path below its base, and the document's base into its servers.
fn relative(document: &mut OpenApi, own: &str) {
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        let below = |base: &&(&str, &str)| path.strip_prefix(base.0).is_some_and(|rest| rest.starts_with('/'));
        let base = BASES.iter().find(below).map_or("", |(base, _)| *base);
        if base != own {
            item.servers = Some(vec![server(SAMPLE, base)]);
        }
        let path = path[base.len()..].to_owned();
        assert!(!document.paths.paths.contains_key(&path), "two bases of one document both have {path}");
        document.paths.paths.insert(path, item);
    }
    document.servers = Some(vec![server(SAMPLE, own)]);
}

fn server(node: &str, base: &str) -> Server {
    let what = BASES.iter().find(|known| known.0 == base).map_or("The node.", |(_, what)| *what);
    ServerBuilder::new().url(format!("{node}{base}")).description(Some(what)).build()
}

/// Makes the document speak of a running node instead of the sample.
pub(super) fn serve_from(document: &mut OpenApi, entity_id: &EntityId) {
    let own = document.servers.iter_mut().flatten();
    let others = document.paths.paths.values_mut().flat_map(|item| item.servers.iter_mut().flatten());
    for server in own.chain(others) {
        server.url = server.url.replacen(SAMPLE, entity_id.as_str(), 1);
    }
}

/// What a node knows of its routes, for requests with a query, with a key, or that do not fit.
pub(super) struct Known {
    /// The methods of each route by its full path, for 405.
    pub(super) methods: BTreeMap<String, String>,
    /// What bodies and queries look like.
    pub(super) shapes: Shapes,
}

impl Known {
    pub(super) fn of(rooms: Rooms) -> Self {
        let shapes = Shapes::of(rooms);
        let mut methods: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for place in shapes.places() {
            let (method, path) = place.split_once(' ').unwrap_or_default();
            methods.entry(path.to_owned()).or_default().push(method);
        }
        let methods = methods.into_iter().map(|(path, names)| (path, names.join(", "))).collect();
        Self { methods, shapes }
    }
}

/// The operations of a path with the names of their methods.
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [("DELETE", &item.delete), ("GET", &item.get), ("POST", &item.post), ("PUT", &item.put)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// As [`operations`], to be changed.
fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Delete, &mut item.delete),
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
