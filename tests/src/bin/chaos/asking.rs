//! A desk of a node that may be dead, frozen or out of reach: one asks until one is answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;
use tokio::time::sleep;
use uuid::Uuid;

/// An operator at a desk.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    base: String,
    /// Another one after its node was restored.
    token: Arc<Mutex<String>>,
    client: Client,
    /// Acts that were acknowledged and make a message, at all desks together.
    acknowledged: Arc<AtomicU64>,
}

/// The ends of the paths at which something is done that a partner hears of.
const TELLS: &[&str] =
    &["/sending", "/acceptance", "/progress", "/information-requests", "/information", "/withdrawals", "/card-updates"];

/// What was answered in the end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) etag: Option<String>,
}

impl Answer {
    pub(crate) fn is_yes(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a yes.
    #[track_caller]
    pub(crate) fn yes(self) -> Value {
        assert!(self.is_yes(), "{} {}", self.status, self.body);
        self.body
    }
}

impl Desk {
    pub(crate) fn new(id: &str, token: String, acknowledged: Arc<AtomicU64>) -> Self {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(8)).build().expect("a plain client");
        let token = Arc::new(Mutex::new(token));
        Self { base: format!("{id}/rest/staffetta/v1/desk"), token, client, acknowledged }
    }

    fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on with this token.
    pub(crate) fn is_let_in_by(&self, token: String) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    pub(crate) async fn read(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, None).await
    }

    /// Does something once, however often it must be asked: under one `Idempotency-Key`.
    pub(crate) async fn act(&self, path: &str, body: Value) -> Answer {
        let key = format!("\"{}\"", Uuid::new_v4());
        let answer = self.ask(Method::POST, path, Some(body), Some(("Idempotency-Key", &key))).await;
        if answer.is_yes() && TELLS.iter().any(|end| path.ends_with(end)) {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    pub(crate) async fn replace(&self, path: &str, etag: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body), Some(("If-Match", etag))).await
    }

    async fn look(&self, already_done: &Value) -> Answer {
        let see = already_done["see"].as_str().unwrap_or_default();
        let path = see.split_once("/desk/").map_or(see, |(_, path)| path);
        if path.is_empty() {
            return Answer { status: 200, etag: None, body: Value::Null };
        }
        Box::pin(self.ask(Method::GET, path.trim_start_matches('/'), None, None)).await
    }

    /// Asks until there is an answer that says something: not that the node is busy, broken or away.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>, header: Option<(&str, &str)>) -> Answer {
        loop {
            let mut request =
                self.client.request(method.clone(), format!("{}/{path}", self.base)).bearer_auth(self.token());
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            if let Some(body) = &body {
                request = request.json(body);
            }
            if let Ok(answer) = request.send().await {
                let status = answer.status().as_u16();
                let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
                let text = answer.text().await;
                if let Ok(text) = text
                    && status < 500
                    // By a clock that is wrong by a year every token has run out.
                    && !matches!(status, 401 | 408 | 425 | 429)
                {
                    let body: Value = serde_json::from_str(&text).unwrap_or_default();
                    match (status, body["code"].as_str()) {
                        (409, Some("request_under_way")) => {}
                        // It was done, and the answer that told so was lost: what it made is where it says.
                        (409, Some("already_done")) => return self.look(&body).await,
                        _ => return Answer { status, etag, body },
                    }
                }
            }
            sleep(Duration::from_millis(150)).await;
        }
    }
}
