//! A client of the desk API, as any program of a partner would be: HTTPS, a staff token, JSON.

use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use staffetta_protocol::id::EntityId;

use super::folder::{Folder, read};
use crate::error::{Error, Result};

/// The client of all desks, which believes the demo's certificate authority only.
pub(super) fn client(folder: &Folder) -> Result<Client> {
    let pem = read(&folder.authority_certificate())?;
    let authority = Certificate::from_pem(pem.as_bytes()).map_err(Error::internal)?;
    let builder = Client::builder().tls_backend_rustls().tls_certs_only([authority]).no_proxy().https_only(true);
    builder.build().map_err(Error::internal)
}

/// One partner's desk, seen by one of its staff.
#[derive(Clone)]
pub(super) struct Desk {
    http: Client,
    base: String,
    token: String,
}

/// What the desk answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The version that `If-Match` wants.
    pub(super) etag: Option<String>,
    /// The document; `Null` for none.
    pub(super) body: Value,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({})", self.base)
    }
}

impl Desk {
    /// The desk of `node`, for the bearer of `token`.
    pub(super) fn new(http: Client, node: &EntityId, token: &str) -> Self {
        Self { http, base: format!("{}/desk", node.resource()), token: token.to_owned() }
    }

    /// The same token at the desk of another node.
    pub(super) fn at(&self, http: &Client, node: &EntityId) -> Self {
        Self::new(http.clone(), node, &self.token)
    }

    /// Reads what must be there.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None, None).await?.succeeded().map(|answer| answer.body)
    }

    /// Does something that must succeed.
    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.ask(Method::POST, path, Some(body), None).await?.succeeded().map(|answer| answer.body)
    }

    /// Writes something that must succeed, over the version that was read.
    pub(super) async fn put(&self, path: &str, body: Value, version: Option<String>) -> Result<Answer> {
        self.ask(Method::PUT, path, Some(body), version).await?.succeeded()
    }

    /// Asks, and takes any answer.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        version: Option<String>,
    ) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", version);
        }
        if let Some(body) = body.filter(|body| !body.is_null()) {
            request = request.json(&body);
        }
        let broken = |cause: reqwest::Error| Error::Setup(format!("{path}: {}", cause.without_url()));
        let answer = request.send().await.map_err(broken)?;
        let status = answer.status().as_u16();
        let etag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let text = answer.text().await.map_err(broken)?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, etag, body })
    }
}

impl Answer {
    /// Itself, if it is a success; else a sentence with the problem's code and the fields that it names.
    pub(super) fn succeeded(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let text = |key: &str| self.body[key].as_str().unwrap_or_default().to_owned();
        let fields = self.body["errors"].as_array().map(|errors| serde_json::to_string(errors).unwrap_or_default());
        let said = [text("code"), text("detail"), fields.unwrap_or_default()];
        let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Err(Error::Setup(format!("il nodo risponde {} ({said})", self.status)))
    }
}

/// The text at a JSON pointer, which must be there.
pub(super) fn text(document: &Value, pointer: &str) -> Result<String> {
    let found = document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Error::Setup(format!("nella risposta manca {pointer}")))
}
