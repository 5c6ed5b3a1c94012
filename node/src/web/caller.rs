//! Where a request comes from: the address, behind the reverse proxies that this node trusts.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{FORWARDED, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use staffetta_protocol::id::EntityId;

use crate::error::{Error, Result};

/// Where this request comes from, as [`Callers`] saw it: for handlers that count by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address(pub(super) IpAddr);

impl FromRequest for Address {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let address = request.extensions().get::<Self>().copied();
        ready(address.ok_or_else(|| Error::internal("the request has no address")))
    }
}

#[derive(Debug)]
pub(super) struct Callers {
    proxies: Vec<IpAddr>,
}

impl Callers {
    pub(super) fn new(proxies: &[IpAddr]) -> Self {
        Self { proxies: proxies.iter().map(IpAddr::to_canonical).collect() }
    }

    /// The nearest address that is no trusted proxy. Of an IPv6 address the network counts: a household has 2^64.
    pub(super) fn address(&self, request: &ServiceRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        let mut nearest = peer;
        let mut claimed = forwarded(request.headers()).into_iter().rev();
        while self.proxies.contains(&nearest)
            && let Some(Some(next)) = claimed.next()
        {
            nearest = next;
        }
        network(nearest)
    }
}

/// The chain of addresses, farthest first; `None` where one cannot be read. `Forwarded` (RFC 7239) wins.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let parts = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()).collect()
    };
    let standard = parts(FORWARDED.as_str());
    if standard.is_empty() {
        return parts("x-forwarded-for").iter().map(|part| address(part)).collect();
    }
    let of = |part: &String| {
        let pair = part.split(';').find_map(|pair| pair.trim().split_once('='));
        pair.filter(|(name, _)| name.eq_ignore_ascii_case("for")).and_then(|(_, node)| address(node))
    };
    standard.iter().map(of).collect()
}

fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None if text.matches(':').count() == 1 => text.split(':').next()?,
        None => text,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four => four,
    }
}

/// Whether the node is named by a loopback name: a developer's, without HSTS.
pub(super) fn is_loopback(entity_id: &EntityId) -> bool {
    let authority = entity_id.authority();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn seen(proxies: &[&str], peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        Callers::new(&proxies).address(&request.to_srv_request()).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let said = [("x-forwarded-for", "198.51.100.1, 203.0.113.9")];
        assert_eq!(seen(&[], "192.0.2.1", &said), "192.0.2.1");
        assert_eq!(seen(&["192.0.2.1"], "192.0.2.1", &said), "203.0.113.9");
        assert_eq!(seen(&["192.0.2.1", "203.0.113.9"], "192.0.2.1", &said), "198.51.100.1");
        assert_eq!(seen(&["192.0.2.1"], "192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(seen(&["192.0.2.1"], "192.0.2.1", &[("x-forwarded-for", "unknown")]), "192.0.2.1");
        let standard = [("forwarded", "for=198.51.100.7;proto=https"), said[0]];
        assert_eq!(seen(&["192.0.2.1"], "192.0.2.1", &standard), "198.51.100.7");
        let six = [("forwarded", "for=\"[2001:db8:1:2:3::4]:443\"")];
        assert_eq!(seen(&["192.0.2.1"], "192.0.2.1", &six), "2001:db8:1:2::");
    }
}
