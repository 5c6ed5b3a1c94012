//! Which addresses a node may call.
//!
//! A name is judged after resolution, and the connection goes to the very addresses that were judged: a name that
//! resolves differently a moment later changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Url, tls};

/// Resolves names as the system does and leaves out what may not be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) private_too: bool,
}

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let private_too = self.private_too;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|a| private_too || is_public(a.ip())).collect();
            if permitted.is_empty() {
                return Err("the name has no address that may be called".into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// The oldest TLS that is spoken.
pub(super) const MIN_TLS: tls::Version = tls::Version::TLS_1_2;

/// Reads a URL that may be called: https, no credentials, and if the host is an address, one that is permitted. Plain
/// http is for loopback in development mode.
pub(super) fn permitted(text: &str, private_too: bool, development: bool) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?;
    let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let loopback = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if development && loopback => {}
        _ => return None,
    }
    if literal.is_some_and(|address| !private_too && !is_public(address)) {
        return None;
    }
    Some(url)
}

/// Whether an address is one of the public network: not of this machine, this house, or reserved.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0 && c == 0))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    match s {
        // NAT64 and 6to4 carry an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        [0x2001, 0xdb8, ..] => false,
        [0x2001, second, ..] if second < 0x200 => false,
        // Only 2000::/3 is given to the public; what else there is (loopback, local, multicast) lies outside.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_this_house_and_nobody_are_not_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
            "::7f00:1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn urls_are_judged_before_anything_is_resolved() {
        for (url, private_too, development, good) in [
            ("https://nodo.example/x", false, false, true),
            ("http://nodo.example/x", true, true, false),
            ("http://localhost:9000/x", true, true, true),
            ("http://localhost:9000/x", true, false, false),
            ("https://127.0.0.1/x", false, false, false),
            ("https://2130706433/x", false, false, false),
            ("https://0x7f.1/x", false, false, false),
            ("https://[::1]/x", false, false, false),
            ("https://[::ffff:a00:1]/x", false, false, false),
            ("https://127.0.0.1/x", true, false, true),
            ("https://u:p@nodo.example/x", false, false, false),
            ("ftp://nodo.example/x", false, false, false),
            ("file:///etc/passwd", true, true, false),
            ("nodo.example", true, true, false),
        ] {
            assert_eq!(permitted(url, private_too, development).is_some(), good, "{url}");
        }
    }

    #[actix_web::test]
    async fn a_name_that_leads_inside_is_not_called() {
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(Judged { private_too: false }.resolve(name()).await.is_err());
        assert!(Judged { private_too: true }.resolve(name()).await.is_ok_and(|mut found| found.next().is_some()));
    }
}
