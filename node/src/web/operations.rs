//! `/health/live`, `/health/ready` and `/metrics`: what whoever runs the node asks, and its monitors.
//!
//! The health is public and says words of a closed list. The metrics name partners, so they are told to the addresses
//! that `listen.metrics_from` names and to nobody else; whoever comes through a proxy that the node does not trust is
//! not this machine.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::FORWARDED;
use actix_web::web::{self, Data, ServiceConfig};
use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use serde::Serialize;
use staffetta_protocol::problem::Code;

use super::caller::Address;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::outbox;
use crate::peers::{Listed, Peers};
use crate::store::Store;

/// The media type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long before its end a certificate or a chain is a matter for whoever runs the node.
const SOON: TimeDelta = TimeDelta::days(7);

/// What is asked about the node as a whole. Clones are the same.
#[derive(Clone)]
pub struct Operations {
    /// The database, and what was counted.
    pub store: Store,
    /// The other members, and whether one of them confirmed the clock.
    pub peers: Peers,
    /// The certificate that callers see, where the node has one itself.
    pub certificate: Option<PathBuf>,
    /// Who may read the metrics.
    pub metrics_from: Vec<IpAddr>,
    /// Whether the keyring knows of every erasure and withdrawal.
    pub keyring_is_current: Current,
    /// What else is told of with a number: name, help, and how it is read.
    pub gauges: &'static [NamedGauge],
}

/// Asks the room above whether something of its own is up to date.
pub type Current = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// A number that a room below tells: its name, what it is, and how it is read.
pub type NamedGauge = (&'static str, &'static str, fn(&mut crate::store::Conn) -> Result<u64>);

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operations")
    }
}

impl Operations {
    /// The three routes, with this as what they work with.
    pub fn mount(self, cfg: &mut ServiceConfig) {
        cfg.app_data(Data::new(self));
        cfg.route(
            "/health/live",
            web::get().to(async || super::Json::ok(Health { status: Word::Ok, reasons: Vec::new() })),
        );
        cfg.route("/health/ready", web::get().to(ready));
        cfg.route("/metrics", web::get().to(metrics));
    }

    fn clock(&self) -> &Clock {
        self.store.clock()
    }

    /// When the certificate that callers see ends.
    fn certificate_ends(&self) -> Option<DateTime<Utc>> {
        let pem = fs::read(self.certificate.as_ref()?).ok()?;
        let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).ok()?;
        let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
        DateTime::from_timestamp(end, 0)
    }
}

/// Whether the node can do its work.
#[derive(Debug, Serialize)]
struct Health {
    status: Word,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Ok,
    /// It serves, and something wants looking after.
    Degraded,
    /// It cannot serve now.
    Unavailable,
}

/// Why a node is not all right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// The database takes no writes.
    Database,
    /// The disk of the database is full.
    StorageFull,
    /// The keyring that the settings name knows less than the database: no backup may be restored with it.
    KeyringBehind,
    /// No member has confirmed this node's clock in the last day: nothing is destroyed and nothing expires by time.
    ClockUnconfirmed,
    /// The certificate that callers see ends within a week, or has ended.
    CertificateEnds,
}

impl Reason {
    /// Why nothing can be written.
    fn of(error: &Error) -> Self {
        if error.code() == Code::StorageFull { Self::StorageFull } else { Self::Database }
    }
}

async fn ready(of: Data<Operations>) -> HttpResponse {
    let now = of.clock().now();
    let mut reasons = Vec::new();
    let writes = of.store.probe().await;
    if let Err(error) = &writes {
        tracing::error!(cause = %error, "the database takes no writes");
        reasons.push(Reason::of(error));
    }
    if !(of.keyring_is_current)().await {
        reasons.push(Reason::KeyringBehind);
    }
    if !of.peers.clock_is_confirmed(now) {
        reasons.push(Reason::ClockUnconfirmed);
    }
    if of.certificate_ends().is_some_and(|end| end < now + SOON) {
        reasons.push(Reason::CertificateEnds);
    }
    let (code, status) = match (&writes, reasons.as_slice()) {
        (Err(_), _) => (StatusCode::SERVICE_UNAVAILABLE, Word::Unavailable),
        (Ok(()), []) => (StatusCode::OK, Word::Ok),
        (Ok(()), _) => (StatusCode::OK, Word::Degraded),
    };
    HttpResponse::build(code).json(Health { status, reasons })
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    peer: String,
}

async fn metrics(of: Data<Operations>, address: Address, request: HttpRequest) -> Result<HttpResponse> {
    let through_a_stranger =
        [FORWARDED.as_str(), "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
    if !of.metrics_from.contains(&address.0) || (through_a_stranger && address.0.is_loopback()) {
        return Err(Code::NotFound.into());
    }
    let now = of.clock().now();
    let mut registry = Registry::with_prefix("staffetta");
    of.store.metrics().register(&mut registry);
    let (peers, gauges) = (of.peers.clone(), of.gauges);
    let read = of.store.read(move |conn| {
        let numbers = gauges.iter().map(|(.., read)| read(conn)).collect::<Result<Vec<u64>>>()?;
        Ok((outbox::backlog(conn)?, peers.list(conn)?, numbers))
    });
    let (links, members, numbers) = read.await?;
    links_of(&mut registry, &links, now);
    chains_of(&mut registry, &members, now);
    for ((name, help, _), number) in of.gauges.iter().zip(numbers) {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        registry.register(*name, *help, gauge);
    }
    if let Some(end) = of.certificate_ends() {
        let left: Gauge = Gauge::default();
        left.set((end - now).num_days());
        registry.register("certificate_days_left", "Days until the TLS certificate ends", left);
    }
    let confirmed: Gauge = Gauge::default();
    confirmed.set(of.peers.clock_is_confirmed(now).into());
    registry.register("clock_confirmed", "1 while a member has confirmed this clock within a day", confirmed);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(text))
}

fn links_of(registry: &mut Registry, links: &[outbox::Backlog], now: DateTime<Utc>) {
    let (waiting, age, failures) =
        (Family::<Of, Gauge>::default(), Family::<Of, Gauge>::default(), Family::<Of, Gauge>::default());
    for link in links {
        let of = Of { peer: link.peer.clone() };
        waiting.get_or_create(&of).set(link.waiting);
        age.get_or_create(&of).set(link.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0)));
        failures.get_or_create(&of).set(link.failures.into());
    }
    registry.register("link_queue_length", "Messages that wait for a receipt", waiting);
    registry.register_with_unit("link_queue_age", "Age of the oldest of them", Unit::Seconds, age);
    registry.register("link_failures", "Attempts on the link that failed in a row", failures);
}

fn chains_of(registry: &mut Registry, members: &[Listed], now: DateTime<Utc>) {
    let left = Family::<Of, Gauge>::default();
    for member in members {
        left.get_or_create(&Of { peer: member.entity_id.to_string() }).set((member.live_until - now).num_days());
    }
    registry.register("chain_days_left", "Days until the chain of trust of a member ends", left);
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error as DieselError};

    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_database_that_is_gone() {
        let said = |kind, words: &str| Error::from(DieselError::DatabaseError(kind, Box::new(words.to_owned())));
        let full = ["database or disk is full", "could not extend file \"base/5/1249\": No space left on device"];
        for words in full {
            assert_eq!(Reason::of(&said(DatabaseErrorKind::Unknown, words)), Reason::StorageFull, "{words}");
        }
        let gone = said(DatabaseErrorKind::ClosedConnection, "server closed the connection unexpectedly");
        for error in [gone, Error::busy(), said(DatabaseErrorKind::Unknown, "disk I/O error")] {
            assert_eq!(Reason::of(&error), Reason::Database, "{error}");
        }
    }
}
