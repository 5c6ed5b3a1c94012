//! A desk: the JSON API of a node, as an integration would use it.

use reqwest::{Client, ClientBuilder, Method, RequestBuilder};
use serde_json::Value;

/// A member of staff at a node.
#[derive(Debug, Clone)]
pub struct Desk {
    base: String,
    token: String,
    client: Client,
}

/// An answer, whatever it says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; null where it is not JSON.
    pub body: Value,
    /// The version in `ETag`, if there is one.
    pub etag: Option<String>,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Panics
    /// When it is none: a story that goes on after a failure tells nothing.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// The code of a refusal with that status.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A client that keeps no connection: a server that is about to let an idle one go loses no request then, and one that
/// stops waits for nobody.
fn plain() -> ClientBuilder {
    Client::builder().no_proxy().pool_max_idle_per_host(0)
}

impl Desk {
    pub(crate) fn new(resource: String, token: &str) -> Self {
        let client = plain().build().expect("a plain client");
        Self { base: format!("{resource}/desk"), token: token.to_owned(), client }
    }

    /// The desk of a node whose certificate this authority vouches for, in PEM.
    ///
    /// # Panics
    /// Where that is no certificate.
    pub fn trusting(resource: String, token: &str, authority: &[u8]) -> Self {
        let authority = reqwest::Certificate::from_pem(authority).expect("a certificate");
        let client = plain().tls_certs_only([authority]).build().expect("a plain client");
        Self { base: format!("{resource}/desk"), token: token.to_owned(), client }
    }

    /// The same member of staff at another door of the same node: `http://127.0.0.1:<port>`.
    pub fn through(&self, door: &str) -> Self {
        let client = plain().build().expect("a plain client");
        Self { base: format!("{door}/rest/staffetta/v1/desk"), token: self.token.clone(), client }
    }

    /// Reads.
    pub async fn read(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    /// Prints: the page as text, and what it may do, as its `Content-Security-Policy` says.
    ///
    /// # Panics
    /// Where the answer is no page.
    pub async fn print(&self, path: &str) -> (String, String) {
        let request = self.client.get(format!("{}/{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the node answers");
        let header =
            |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!((answer.status().as_u16(), header("content-type").as_str()), (200, "text/html; charset=utf-8"));
        assert_eq!((header("cache-control").as_str(), header("referrer-policy").as_str()), ("no-store", "no-referrer"));
        let policy = header("content-security-policy");
        (answer.text().await.expect("a page is text"), policy)
    }

    /// What a path gives, byte for byte, whatever it is.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let request = self.client.get(format!("{}/{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the node answers");
        answer.bytes().await.expect("the whole answer").to_vec()
    }

    /// Adds, or tells of an event.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), None).await
    }

    /// As [`Self::post`], under an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        let request = self.client.post(format!("{}/{path}", self.base)).bearer_auth(&self.token);
        Self::answered(request.header("Idempotency-Key", format!("\"{key}\"")).json(&body)).await
    }

    /// Replaces the version that it names.
    pub async fn put(&self, path: &str, version: Option<&str>, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body), version).await
    }

    /// Sends a file.
    pub async fn send_file(&self, path: &str, media: &str, file: String) -> Answer {
        let request = self.client.post(format!("{}/{path}", self.base)).bearer_auth(&self.token);
        Self::answered(request.header("Content-Type", media).body(file)).await
    }

    /// Puts a file in its place, on the version that it names.
    pub async fn file(&self, path: &str, version: Option<&str>, media: &str, file: &str) -> Answer {
        let mut request = self.client.put(format!("{}/{path}", self.base)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", version);
        }
        Self::answered(request.header("Content-Type", media).body(file.to_owned())).await
    }

    /// Whatever method it takes.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, version: Option<&str>) -> Answer {
        let mut request = self.client.request(method, format!("{}/{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = &body {
            request = request.json(body);
        }
        if let Some(version) = version {
            request = request.header("If-Match", version);
        }
        Self::answered(request).await
    }

    async fn answered(request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("the node answers");
        let etag = answer.headers().get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
        Answer { status: answer.status().as_u16(), etag, body: answer.json().await.unwrap_or_default() }
    }
}
