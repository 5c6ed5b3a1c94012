//! What a member's trust chain costs, from its configuration to the pinned authority: three documents of the worked
//! examples. `cargo bench -p staffetta-protocol --bench trust`.

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use criterion::{Criterion, criterion_group, criterion_main};
use staffetta_protocol::jose::{Jwks, KeySet, SigningKey};
use staffetta_protocol::trust::{Anchor, EntityConfiguration, resolve_chain};

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../examples/", $name)).trim_end()
    };
}

/// 2026-11-23T09:00:00Z.
const NOW: i64 = 1_795_424_400;

fn chains(criterion: &mut Criterion) {
    let leaf = example!("trust/centre-configuration.jws");
    let statement = example!("trust/centre-statement.jws");
    let top = example!("trust/authority-configuration.jws");
    let now = DateTime::from_timestamp(NOW, 0).expect("an instant");
    let key = example!("keys/authority-federation.pem");
    let key: String = key.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = SigningKey::from_pkcs8(&STANDARD.decode(key).expect("base64")).expect("a published key");
    let authority = "https://autorita.rete.example".parse().expect("an entity id");
    let anchor = Anchor { entity_id: authority, jwks: Jwks { keys: vec![key.jwk().clone()] } };
    let chain = resolve_chain(leaf, statement, top, &anchor, now).expect("the chain of the examples holds");
    assert!(chain.is_live(now));
    let own = EntityConfiguration::open_self_signed(leaf, now).expect("it is signed by its own key");
    let keys = KeySet::new(&own.jwks);

    let mut group = criterion.benchmark_group("trust chain");
    group.bench_function("resolve: three documents and the mark", |bench| {
        bench.iter(|| resolve_chain(black_box(leaf), statement, top, &anchor, now).expect("it holds"));
    });
    group.bench_function("one entity configuration", |bench| {
        bench.iter(|| EntityConfiguration::open(black_box(leaf), &keys, now).expect("it holds"));
    });
    group.finish();
}

criterion_group!(benches, chains);
criterion_main!(benches);
