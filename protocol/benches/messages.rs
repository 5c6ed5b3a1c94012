//! What one message costs, by its parts: a card brought up to date, 6 KiB as it travels, between the two nodes of the
//! worked examples.
//!
//! `cargo bench -p staffetta-protocol --bench messages` measures all of them, with `-- --quick` for a first look. On a
//! node a message is sealed once by its sender and opened once by its recipient; what is at rest in databases is sealed
//! by the node and not here.

use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use staffetta_protocol::data::Body;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{self, Jwks, KeySet, SigningKey, Typ};
use staffetta_protocol::json;
use staffetta_protocol::message::{self, Claims};

/// A referral of the examples, of which the update is made.
const REFERRAL: &str = include_str!("../examples/messages/03-referral.sent.json");
/// Skills that make the message as long as those of a grown card.
const SKILLS: usize = 11;

/// A message, and who reads it.
struct Sent {
    key: SigningKey,
    keys: KeySet,
    claims: Claims,
    jws: String,
    from: EntityId,
    to: EntityId,
    now: DateTime<Utc>,
}

fn sent() -> Sent {
    let mut example: Value = serde_json::from_str(REFERRAL).expect("an example is JSON");
    let mut claims = example["payload"].take();
    let skill = |n: usize| {
        json!({
            "skill": {"kind": "free", "text": format!("lavorazione numero {n} del legno e del ferro battuto"),
                "isco08": "7112"},
            "validation_path": {"value": "certifiable_now", "proposed_by": "operator"},
            "source": "tested", "level": "not_asked",
        })
    };
    let mut card = claims["data"]["card"].take();
    card.as_object_mut().expect("the groups of a card").remove("needs");
    card["skills_full"] = json!({"skills": (0..SKILLS).map(skill).collect::<Vec<_>>()});
    claims["type"] = json!("card.updated.v1");
    claims["data"] = json!({"card_version": 2, "card": card});
    let claims: Claims = serde_json::from_value(claims).expect("claims of a message");
    let key = SigningKey::generate().expect("random bytes").0;
    let keys = KeySet::new(&Jwks { keys: vec![key.jwk().clone()] });
    let jws = message::seal(&claims, &key).expect("it is small enough");
    assert!((5_500..7_000).contains(&jws.len()), "{} bytes are not 6 KiB", jws.len());
    let now = DateTime::from_timestamp(claims.iat, 0).expect("an instant");
    let sent = Sent { key, keys, jws, from: claims.iss.clone(), to: claims.aud.clone(), claims, now };
    message::open(&sent.jws, &sent.keys, &sent.from, &sent.to, now).expect("it opens");
    sent
}

fn messages(criterion: &mut Criterion) {
    let sent = sent();
    let Sent { key, keys, claims, jws, from, to, now } = &sent;
    let mut group = criterion.benchmark_group("message of 6 KiB");
    group.throughput(Throughput::Elements(1));
    group.bench_function("seal: serialise and sign", |bench| {
        bench.iter(|| message::seal(black_box(claims), key).expect("it is small enough"));
    });
    group.bench_function("open: verify, parse, check", |bench| {
        bench.iter(|| message::open(black_box(jws), keys, from, to, *now).expect("it opens"));
    });
    group.bench_function("verify alone: signature, header, times", |bench| {
        bench.iter(|| jose::verify(black_box(jws), Typ::Message, keys, *now).expect("it verifies"));
    });
    group.bench_function("parse alone: the data of its type", |bench| {
        bench.iter(|| Body::parse(black_box(&claims.kind), &claims.data).expect("it parses"));
    });
    group.bench_function("digest", |bench| bench.iter(|| Digest::of(black_box(jws))));
    group.finish();

    let claims = serde_json::to_vec(claims).expect("claims are JSON");
    let mut group = criterion.benchmark_group("json of a message");
    group.throughput(Throughput::Bytes(claims.len() as u64));
    group.bench_function("strict: depth and repeated names", |bench| {
        bench.iter(|| json::check(black_box(&claims)).expect("it is well formed"));
    });
    group.bench_function("strict, into claims", |bench| {
        bench.iter(|| json::from_slice::<Claims>(black_box(&claims)).expect("claims"));
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
