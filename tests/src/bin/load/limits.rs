//! What the machine itself can do, to know how far the nodes are from it. Each for a second, in this process.

use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};
use staffetta_node::tls;

use super::figures::{percentile, round};
use super::settings::{Place, authority_file, certify, free};

/// How long each of them is asked.
const LONG: Duration = Duration::from_secs(1);
/// What is signed: as long as a message of the exchange.
const SIGNED: usize = 6 * 1024;
/// What is appended before each fsync.
const APPENDED: usize = 4 * 1024;
/// Connections that are kept.
const CONNECTIONS: usize = 8;

/// ES256 on one core with the library that the nodes use, appending to a file in the folder of the databases, and
/// requests to a bare server with the nodes' TLS.
pub(super) async fn limits(folder: &Path) -> Value {
    certify(folder);
    let (signed, verified) = es256();
    let (appended, longest) = fsync(folder);
    let answered = hello(folder).await;
    json!({
        "es256_of_6_kib_on_one_core_per_second": {"signed": round(signed), "verified": round(verified)},
        "fsync_of_4_kib_appended_ms": {"median": round(appended), "p99": round(longest)},
        // Clients and server share the cores; the clients are one thread.
        "hello_over_tls_per_second": {"connections": CONNECTIONS, "http": "1.1", "answered": round(answered)},
    })
}

fn es256() -> (f64, f64) {
    let random = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("random bytes");
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref()).expect("a key just made");
    let message = vec![0x5a; SIGNED];
    let signed = repeated(|| {
        black_box(key.sign(&random, &message).expect("a key in memory signs"));
    });
    let signature = key.sign(&random, &message).expect("a key in memory signs");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref());
    let verified = repeated(|| public.verify(&message, signature.as_ref()).expect("its own signature"));
    (signed, verified)
}

/// How often a second.
fn repeated(mut work: impl FnMut()) -> f64 {
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < LONG {
        work();
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// The median and the 99th of a hundred, in ms.
fn fsync(folder: &Path) -> (f64, f64) {
    let path = folder.join("appended");
    let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("a file");
    let bytes = vec![0x5a; APPENDED];
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < LONG {
        let one = Instant::now();
        file.write_all(&bytes).and_then(|()| file.sync_all()).expect("there is room");
        times.push(one.elapsed().as_secs_f64() * 1000.0);
    }
    let _ = std::fs::remove_file(path);
    times.sort_by(f64::total_cmp);
    (percentile(&times, 0.5), percentile(&times, 0.99))
}

/// Answers a second of a server that does nothing.
async fn hello(folder: &Path) -> f64 {
    let (port, listener) = free();
    let place = Place { folder: folder.to_owned(), name: "nulla".into(), port, authority: None, hidden: false };
    let tls = tls::server(&place.config().listen).expect("a certificate").expect("it has one");
    let server = HttpServer::new(|| App::new().route("/", web::get().to(|| async { "ciao" })))
        .disable_signals()
        .tcp_nodelay(true)
        .listen_rustls_0_23(listener, tls)
        .expect("a server on a bound listener")
        .run();
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let trusted = std::fs::read(authority_file(folder)).expect("a certificate");
    let (url, answered) = (format!("https://localhost:{port}/"), AtomicU64::new(0));
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let trusted = reqwest::Certificate::from_pem(&trusted).expect("a certificate");
        let client = reqwest::Client::builder().no_proxy().http1_only().tls_certs_only([trusted]);
        let client = client.build().expect("a plain client");
        let first = client.get(&url).send().await.expect("an answer");
        first.bytes().await.expect("all of it");
        clients.push(client);
    }
    let begun = Instant::now();
    let asking = clients.iter().map(|client| async {
        while begun.elapsed() < LONG {
            let answer = client.get(&url).send().await.expect("an answer");
            answer.bytes().await.expect("all of it");
            answered.fetch_add(1, Ordering::Relaxed);
        }
    });
    futures_util::future::join_all(asking).await;
    let rate = answered.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    drop(clients);
    handle.stop(false).await;
    let _ = serving.await;
    rate
}
