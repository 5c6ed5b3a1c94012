//! Cookies: their names, how they are read and written. No crate is needed for three names and one attribute list.
//!
//! Cookies ignore ports, so the names of two nodes on one host must differ: each ends in eight hex digits of the entity
//! id's digest. Over https the prefix `__Host-` has the browser refuse a cookie that another host of the domain set.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use staffetta_protocol::id::EntityId;

/// Accounts whose sign-in one browser remembers.
const DEVICES: usize = 8;

/// The names of one node's cookies.
#[derive(Debug, Clone)]
pub struct Cookies {
    session: String,
    device: String,
    login: String,
    is_secure: bool,
    origin: String,
}

impl Cookies {
    /// Those of the node of that name.
    pub fn of(entity_id: &EntityId) -> Self {
        let id: String =
            digest(&SHA256, entity_id.as_str().as_bytes()).as_ref()[..4].iter().map(|b| format!("{b:02x}")).collect();
        let is_secure = !entity_id.is_plain_http();
        let prefix = if is_secure { "__Host-" } else { "" };
        let [session, device, login] =
            ["session", "device", "login"].map(|what| format!("{prefix}staffetta_{what}_{id}"));
        let scheme = if is_secure { "https" } else { "http" };
        let origin = format!("{scheme}://{}", entity_id.authority());
        Self { session, device, login, is_secure, origin }
    }

    /// The cookie that holds a session.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The cookie of a device at which the account of this mark signed in before. Each account has one of its own:
    /// whoever signs in at a shared desk takes nothing from a colleague.
    pub fn device(&self, mark: &str) -> String {
        format!("{}_{mark}", self.device)
    }

    /// The devices' cookies in `Cookie` headers, by name and value, at most twice as many as are kept.
    pub fn devices<'a>(&self, headers: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
        let is_one = |name: &str| name.strip_prefix(&*self.device).is_some_and(|rest| rest.starts_with('_'));
        headers
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| is_one(name))
            .take(2 * DEVICES)
            .collect()
    }

    /// The names of those that have to go when the cookie of that name is set: the oldest, by the instants that they
    /// begin with.
    pub fn too_many<'a>(&self, known: &[(&'a str, &'a str)], set: &str) -> Vec<&'a str> {
        let since = |value: &str| value.split('.').next().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
        let mut others: Vec<_> = known.iter().filter(|(name, _)| *name != set).collect();
        others.sort_by_key(|(_, value)| std::cmp::Reverse(since(value)));
        others.into_iter().skip(DEVICES - 1).map(|(name, _)| *name).collect()
    }

    /// The cookie of a browser that is signing in at a provider.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Whether a request comes from this node's own pages, or from no page at all, as far as its headers tell.
    pub fn is_own_origin(&self, origin: Option<&str>, fetch_site: Option<&str>) -> bool {
        origin.is_none_or(|origin| origin == self.origin)
            && fetch_site.is_none_or(|site| matches!(site, "same-origin" | "none"))
    }

    /// The value of a cookie in `Cookie` headers. One that stands there twice is not believed.
    pub fn read<'a>(name: &str, headers: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let mut found = headers
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(given, _)| *given == name)
            .map(|(_, value)| value);
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// A `Set-Cookie` header. Without `lives` it ends with the browser.
    pub fn write(&self, name: &str, value: &str, lives: Option<TimeDelta>) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let age = lives.map(|lives| format!("; Max-Age={}", lives.num_seconds())).unwrap_or_default();
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
    }

    /// A `Set-Cookie` header that removes one.
    pub fn clear(&self, name: &str) -> String {
        self.write(name, "", Some(TimeDelta::zero()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_remembers_the_newest_devices() {
        let here = Cookies::of(&"https://a.example".parse().unwrap());
        let names: Vec<String> = (0..10).map(|n| here.device(&n.to_string())).collect();
        let header: Vec<String> = names.iter().enumerate().map(|(n, name)| format!("{name}={n}.x.y")).collect();
        let known = header.join("; ");
        let known = here.devices([&*known, "s=1"].into_iter());
        assert_eq!(known.len(), 10);
        assert_eq!(here.too_many(&known, &names[9]), [&*names[1], &*names[0]]);
        assert_eq!(here.too_many(&known, &here.device("new")), [&*names[2], &*names[1], &*names[0]]);
        assert!(here.too_many(&known[..7], &here.device("new")).is_empty());
        assert_eq!(here.devices(std::iter::repeat_n(&*header[0], 99)).len(), 16);
    }

    #[test]
    fn a_cookie_is_this_nodes_own_and_read_once() {
        let [here, there] =
            ["https://a.example:8443", "http://localhost:8080"].map(|id| Cookies::of(&id.parse().unwrap()));
        assert!(here.session().starts_with("__Host-staffetta_session_") && !there.session().starts_with("__"));
        assert_ne!(here.session()[7..], *there.session());
        let written = here.write(here.session(), "v", None);
        assert!(written.ends_with("=v; Path=/; HttpOnly; SameSite=Lax; Secure"), "{written}");
        assert!(!there.write(there.session(), "v", None).contains("Secure"));

        let read = |text: &'static str| Cookies::read("s", [text].into_iter());
        assert_eq!((read("s=1"), read("a=2; s=1"), read("xs=1")), (Some("1"), Some("1"), None));
        assert_eq!(read("s=1; s=2"), None);
        assert_eq!(Cookies::read("s", ["s=1", "s=2"].into_iter()), None);

        assert!(
            here.is_own_origin(None, None) && here.is_own_origin(Some("https://a.example:8443"), Some("same-origin"))
        );
        assert!(!here.is_own_origin(Some("https://evil.example"), None) && !here.is_own_origin(Some("null"), None));
        assert!(!here.is_own_origin(None, Some("same-site")) && !here.is_own_origin(None, Some("cross-site")));
    }
}
