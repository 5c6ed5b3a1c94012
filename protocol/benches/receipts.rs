//! What the receipt of a batch of a hundred costs: `cargo bench -p staffetta-protocol --bench receipts`.

use std::hint::black_box;

use chrono::DateTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId, ReceiptId};
use staffetta_protocol::jose::{Jwks, KeySet, SigningKey};
use staffetta_protocol::receipt::{Item, Link, Outcome, Receipt};
use uuid::Uuid;

const ITEMS: u64 = 100;
/// 2026-11-23T09:00:00Z.
const NOW: i64 = 1_795_424_400;

fn receipts(criterion: &mut Criterion) {
    let from: EntityId = "https://nodo.ilponte.example".parse().expect("an entity id");
    let to: EntityId = "https://nodo.cpi-prato.example".parse().expect("an entity id");
    let item = |seq: u64| Item {
        seq,
        id: Some(MessageId(Uuid::from_u128(seq.into()))),
        digest: Digest::of(seq.to_string()),
        outcome: Outcome::Accepted,
        code: None,
    };
    let receipt = Receipt {
        iss: to.clone(),
        aud: from.clone(),
        iat: NOW,
        jti: ReceiptId(Uuid::from_u128(9)),
        link: Link { from: from.clone(), to: to.clone(), epoch: 1, through_seq: ITEMS },
        items: (1..=ITEMS).map(item).collect(),
        checkpoint: None,
    };
    let key = SigningKey::generate().expect("random bytes").0;
    let keys = KeySet::new(&Jwks { keys: vec![key.jwk().clone()] });
    let jws = receipt.sign(&key).expect("a key in memory signs");
    let now = DateTime::from_timestamp(NOW, 0).expect("an instant");
    let mut group = criterion.benchmark_group("receipt of 100 items");
    group.throughput(Throughput::Elements(ITEMS));
    group.bench_function("sign", |bench| {
        bench.iter(|| black_box(&receipt).sign(&key).expect("a key in memory signs"));
    });
    group.bench_function("open: verify, parse, check", |bench| {
        bench.iter(|| Receipt::open(black_box(&jws), &keys, &from, &to, now).expect("it opens"));
    });
    group.finish();
}

criterion_group!(benches, receipts);
criterion_main!(benches);
