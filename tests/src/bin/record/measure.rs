//! Asking the node, and how long it took.

use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Map, Value, json};

use super::fill::Filled;
use super::names::Dice;
use super::serve::Served;

/// Within which the 99th of a hundred searches ends.
const SEARCH: Duration = Duration::from_millis(15);
/// Within which half of the pages have their data.
const PAGE: Duration = Duration::from_millis(20);
/// Within which half of the edits are on the disk.
const SAVE: Duration = Duration::from_millis(15);
/// What the node may hold in memory, in MiB.
const MEMORY: u64 = 120;
/// Log-ins are dear on purpose: a few are enough.
const LOGINS: usize = 10;

/// What came out.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) times: Value,
    pub(super) goals: Value,
    /// MiB of the node, and when.
    pub(super) memory: Value,
}

struct Desk<'a> {
    client: Client,
    served: &'a Served,
}

struct Answer {
    etag: Option<String>,
    body: Value,
}

impl Desk<'_> {
    async fn ask(&self, token: &str, method: Method, path: &str, version: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}/{path}", self.served.desk)).bearer_auth(token);
        if let Some(version) = version {
            request = request.header("If-Match", version);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("the node answers");
        let status = answer.status();
        let etag = answer.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {status} {body}");
        Answer { etag, body }
    }

    async fn read(&self, token: &str, path: &str) -> Answer {
        self.ask(token, Method::GET, path, None, None).await
    }
}

/// Times of one thing.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn at(&self, share: f64) -> Duration {
        let mut all = self.0.clone();
        all.sort_unstable();
        let place = (all.len() as f64 * share).ceil() as usize;
        all[place.clamp(1, all.len()) - 1]
    }

    fn json(&self) -> Value {
        let millis = |share: f64| (self.at(share).as_secs_f64() * 100_000.0).round() / 100.0;
        json!({"count": self.0.len(), "median_ms": millis(0.5), "p90_ms": millis(0.9), "p99_ms": millis(0.99),
            "longest_ms": millis(1.0)})
    }
}

pub(super) async fn measure(served: &Served, filled: &Filled, rounds: usize) -> Measured {
    let started = served.memory("VmRSS");
    let desk = Desk { client: Client::builder().no_proxy().build().expect("a plain client"), served };
    warm(&desk, filled).await;
    let warm = served.memory("VmRSS");
    let own = search(&desk, &filled.operators, rounds).await;
    let all = search(&desk, std::slice::from_ref(&filled.supervisor), rounds).await;
    let page = page(&desk, filled, rounds).await;
    let save = save(&desk, filled, rounds).await;
    let add = add(&desk, filled, rounds.div_ceil(5)).await;
    let (resident, highest) = (served.memory("VmRSS"), served.memory("VmHWM"));
    let login = login(&desk, filled).await;
    let goal = |name: &str, is: Duration, most: Duration| {
        let (is_ms, most_ms) = ((is.as_secs_f64() * 100_000.0).round() / 100.0, most.as_millis() as u64);
        (name.to_owned(), json!({"is": is_ms, "goal": most_ms, "met": is < most}))
    };
    let mut goals: Map<String, Value> = [
        goal("search_own_cases_p99_ms", own.at(0.99), SEARCH),
        goal("search_all_cases_p99_ms", all.at(0.99), SEARCH),
        goal("page_median_ms", page.at(0.5), PAGE),
        goal("save_median_ms", save.at(0.5), SAVE),
    ]
    .into_iter()
    .collect();
    // What a process holds that was started on the filled record: at once, and at work. What it needed at one moment and
    // gave back is told beside it: the routes' documents at its start, and 19 MiB for each log-in under way.
    for (name, is) in [("memory_started_mib", started), ("memory_at_work_mib", resident)] {
        goals.insert(name.into(), json!({"is": is, "goal": MEMORY, "met": is < MEMORY}));
    }
    let at_most = served.memory("VmHWM");
    let memory = json!({
        "started": started, "warm": warm, "at_work": resident, "highest": highest, "highest_with_log_ins": at_most,
    });
    let times = json!({
        "search_three_letters_own_cases": own.json(), "search_three_letters_all_cases": all.json(),
        "page_of_a_person": page.json(), "save_a_section": save.json(), "take_up_with_duplicates": add.json(),
        "log_in": login.json(),
    });
    Measured { times, goals: Value::Object(goals), memory }
}

/// The first request of a connection opens it, and the first of a kind compiles its statements.
async fn warm(desk: &Desk<'_>, filled: &Filled) {
    search(desk, &filled.operators, 20).await;
    page(desk, filled, 20).await;
}

async fn search(desk: &Desk<'_>, tokens: &[String], rounds: usize) -> Times {
    let mut dice = Dice::new(7);
    let mut times = Times::default();
    for round in 0..rounds {
        let body = json!({"query": dice.three_letters()});
        let begun = Instant::now();
        desk.ask(&tokens[round % tokens.len()], Method::POST, "people/searches", None, Some(body)).await;
        times.0.push(begun.elapsed());
    }
    times
}

/// What the page of a person asks for, at once, as a browser does; the time is that of the last answer.
async fn page(desk: &Desk<'_>, filled: &Filled, rounds: usize) -> Times {
    let mut times = Times::default();
    for round in 0..rounds {
        let (person, lead) = filled.some[round % filled.some.len()];
        let token = &filled.operators[lead];
        let paths = [
            format!("people/{person}"),
            format!("people/{person}/card"),
            format!("people/{person}/consents"),
            format!("referrals?person={person}"),
            format!("people/{person}/disclosures"),
        ];
        let begun = Instant::now();
        tokio::join!(
            desk.read(token, &paths[0]),
            desk.read(token, &paths[1]),
            desk.read(token, &paths[2]),
            desk.read(token, &paths[3]),
            desk.read(token, &paths[4]),
        );
        times.0.push(begun.elapsed());
    }
    times
}

/// Saves who she is, with another preferred name each time: a new version, its journal, and the index with it.
async fn save(desk: &Desk<'_>, filled: &Filled, rounds: usize) -> Times {
    let mut times = Times::default();
    for round in 0..rounds {
        let (person, lead) = filled.some[round % filled.some.len()];
        let token = &filled.operators[lead];
        let path = format!("people/{person}/card/sections/identity");
        let read = desk.read(token, &path).await;
        let mut fields = read.body["fields"].clone();
        fields["preferred_name"] = json!(format!("Nome {round}"));
        let body = json!({"fields": fields});
        let begun = Instant::now();
        desk.ask(token, Method::PUT, &path, read.etag.as_deref(), Some(body)).await;
        times.0.push(begun.elapsed());
    }
    times
}

/// Takes somebody up, with the look for who may be the same.
async fn add(desk: &Desk<'_>, filled: &Filled, rounds: usize) -> Times {
    let mut dice = Dice::new(11);
    let mut times = Times::default();
    for round in 0..rounds {
        let (given, family) = dice.person();
        let born = dice.birth();
        let mut identity = json!({"given_names": given, "birth_date": {"value": born}});
        if let Some(family) = &family {
            identity["family_names"] = json!(family);
        }
        let body = json!({"label": given, "identity": identity});
        let begun = Instant::now();
        desk.ask(&filled.operators[round % filled.operators.len()], Method::POST, "people", None, Some(body)).await;
        times.0.push(begun.elapsed());
    }
    times
}

async fn login(desk: &Desk<'_>, filled: &Filled) -> Times {
    let mut times = Times::default();
    let (username, password) = &filled.account;
    for _ in 0..LOGINS {
        let body = json!({"username": username, "password": password});
        let begun = Instant::now();
        desk.ask("", Method::POST, "session", None, Some(body)).await;
        times.0.push(begun.elapsed());
    }
    times
}
