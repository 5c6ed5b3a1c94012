//! The one HTTP client of a node: every request that leaves goes through here.
//!
//! No redirect is followed, no proxy of the environment is used, answers are bounded in time and size, and the address
//! is judged after resolution. What an answer means is decided by whoever asked.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix_web::web::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Method, redirect};
use staffetta_protocol::trust;

use super::address::{self, Judged};
use crate::config::NetworkConfig;
use crate::error::{Error, Result};

/// Time for one document of the trust plane.
const DOCUMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may lie idle before the next call takes another: shorter than any server waits, so that no call goes
/// out over one that its server is letting go. Older nodes wait for 5 s.
const IDLE: Duration = Duration::from_secs(4);
/// Longest `Retry-After` that is obeyed, in seconds.
const MAX_RETRY_AFTER: u32 = 3600;

/// Makes requests to other nodes. Clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    /// Empty once closed. Its pool holds idle connections, and an idle HTTP/2 connection keeps the server at its other
    /// end from stopping: whoever shuts down closes the client before the servers.
    http: Arc<RwLock<Option<reqwest::Client>>>,
    private_too: bool,
    development: bool,
    max_answer: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The URL or the address may not be called.
    #[error("the address may not be called")]
    Address,
    /// No connection: name, network or TLS.
    #[error("no connection: {0}")]
    Connect(String),
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The answer is larger than the bound.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}

/// An answer, whatever it says.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, whole.
    pub body: Bytes,
}

impl RawAnswer {
    /// The value of a header that stands exactly once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then(|| value.to_str().ok()).flatten()
    }

    /// The content type as sent; empty where there is none.
    pub fn content_type(&self) -> &str {
        self.header(CONTENT_TYPE.as_str()).unwrap_or_default()
    }

    /// How far the other clock is ahead of ours, by the `Date` header.
    pub fn clock_difference(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let date = DateTime::parse_from_rfc2822(self.header(DATE.as_str())?).ok()?;
        Some(date.with_timezone(&Utc) - now)
    }

    /// Seconds to wait, where the answer says so.
    pub fn retry_after(&self) -> Option<u32> {
        self.header(RETRY_AFTER.as_str())?.parse().ok().map(|seconds: u32| seconds.min(MAX_RETRY_AFTER))
    }
}

/// A request to make.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    /// None: as configured.
    pub(super) timeout: Option<Duration>,
    pub(super) max_answer: usize,
}

impl Client {
    /// Builds the client.
    ///
    /// # Errors
    /// [`Error::Setup`] when the file with certificate authorities cannot be read.
    pub fn new(config: &NetworkConfig, development: bool) -> Result<Self> {
        let setup = |what: &str, cause: &dyn std::fmt::Display| Error::Setup(format!("{what}: {cause}"));
        let private_too = config.allow_private_addresses;
        let mut builder = reqwest::Client::builder()
            .tls_backend_rustls()
            .tls_version_min(address::MIN_TLS)
            .https_only(!development)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(Judged { private_too })
            .pool_idle_timeout(IDLE)
            .connect_timeout(Duration::from_secs(config.connect_timeout_seconds))
            .timeout(Duration::from_secs(config.request_timeout_seconds))
            .user_agent(concat!("staffetta/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &config.extra_ca_file {
            let what = path.display().to_string();
            let pem = std::fs::read(path).map_err(|cause| setup(&what, &cause))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|cause| setup(&what, &cause))?;
            builder = builder.tls_certs_only(certificates);
        }
        let http = builder.build().map_err(|cause| setup("HTTP client", &cause))?;
        let http = Arc::new(RwLock::new(Some(http)));
        Ok(Self { http, private_too, development, max_answer: config.max_answer_bytes })
    }

    /// Lets go of every idle connection; nothing is sent any more.
    pub fn close(&self) {
        self.http.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Largest answer to a call, in bytes.
    pub(super) fn max_answer(&self) -> usize {
        self.max_answer
    }

    /// Gets a document of the trust plane: 5 s, 64 KiB, nothing of ours in it.
    pub async fn document(&self, url: &str) -> Result<RawAnswer, NoAnswer> {
        self.send(Request {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            timeout: Some(DOCUMENT_TIMEOUT),
            max_answer: trust::MAX_SIZE,
        })
        .await
    }

    /// Posts a form to an endpoint of the trust plane, under the same bounds.
    pub async fn form(&self, url: &str, form: &[(&str, &str)]) -> Result<RawAnswer, NoAnswer> {
        let mut encoded = reqwest::Url::parse("form:").expect("a constant URL");
        encoded.query_pairs_mut().extend_pairs(form);
        let body = encoded.query().unwrap_or_default().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, reqwest::header::HeaderValue::from_static("application/x-www-form-urlencoded"));
        self.send(Request {
            method: Method::POST,
            url,
            headers,
            body: Some(body.into()),
            timeout: Some(DOCUMENT_TIMEOUT),
            max_answer: trust::MAX_SIZE,
        })
        .await
    }

    /// Sends a request and reads the answer to its end or its bound.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<RawAnswer, NoAnswer> {
        let url = address::permitted(request.url, self.private_too, self.development).ok_or(NoAnswer::Address)?;
        let http = self.http.read().unwrap_or_else(PoisonError::into_inner).clone();
        let http = http.ok_or_else(|| NoAnswer::Connect("the node is shutting down".into()))?;
        let mut builder = http.request(request.method, url).headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        if let Some(timeout) = request.timeout {
            builder = builder.timeout(timeout);
        }
        let mut answer = builder.send().await.map_err(no_answer)?;
        let too_large = |length: u64| length > request.max_answer as u64;
        if answer.content_length().is_some_and(too_large) {
            return Err(NoAnswer::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > request.max_answer {
                return Err(NoAnswer::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RawAnswer { status: answer.status().as_u16(), headers: answer.headers().clone(), body: body.into() })
    }
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    if error.is_timeout() {
        return NoAnswer::Timeout;
    }
    let mut text = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    if error.is_connect() { NoAnswer::Connect(text) } else { NoAnswer::Broken(text) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use actix_web::{App, HttpResponse, HttpServer, web};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::*;

    /// A server with a certificate that only its own file vouches for: its port, its PEM file, what stops it.
    fn server() -> (u16, tempfile::NamedTempFile, actix_web::dev::ServerHandle) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = || App::new().route("/", web::get().to(|| async { HttpResponse::Ok().body("here") }));
        let server = HttpServer::new(app).workers(1).listen_rustls_0_23(listener, tls).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), made.cert.pem()).unwrap();
        (port, file, handle)
    }

    #[actix_web::test]
    async fn only_the_named_authorities_are_believed_and_only_permitted_addresses_called() {
        let (port, ca, handle) = server();
        let url = format!("https://localhost:{port}/");
        let ask = |extra_ca_file, allow_private_addresses| {
            let config = NetworkConfig { extra_ca_file, allow_private_addresses, ..NetworkConfig::default() };
            let (client, url) = (Client::new(&config, false).unwrap(), url.clone());
            async move { client.document(&url).await }
        };
        let known = Some(ca.path().to_path_buf());
        assert_eq!(ask(known.clone(), true).await.unwrap().body, "here");
        assert!(matches!(ask(None, true).await, Err(NoAnswer::Connect(_))), "an unknown certificate");
        assert!(matches!(ask(known, false).await, Err(NoAnswer::Connect(_))), "an address of this machine");
        handle.stop(false).await;
    }
}
