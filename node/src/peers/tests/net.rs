use std::collections::{BTreeMap, HashMap};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{Jwks, SigningKey};
use staffetta_protocol::problem::Code;
use staffetta_protocol::trust::*;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::journal;
use crate::keys::{Keys, Kind};
use crate::peers::{self, Client, Peers, ProvenCaller, VerifiedPeer, sign_answers};
use crate::store::scratch::{self, Scratch};
use crate::vault::{MasterKey, Vault};

pub(super) const ROLES: [Role; 2] = [Role::ReceptionCentre, Role::Cpi];

/// What the stand-in knows of a member.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) jwks: Jwks,
    pub(super) revoked: bool,
}

/// The stand-in for the authority.
pub(super) struct Authority {
    pub(super) id: EntityId,
    pub(super) clock: Clock,
    pub(super) keys: Mutex<Vec<SigningKey>>,
    pub(super) members: Mutex<BTreeMap<EntityId, Member>>,
    pub(super) silent: AtomicBool,
    asked: Mutex<HashMap<&'static str, usize>>,
}

impl Authority {
    fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    fn key(&self) -> SigningKey {
        self.keys.lock().unwrap()[0].clone()
    }

    pub(super) fn anchor(&self) -> Anchor {
        let keys = self.keys.lock().unwrap().iter().map(|key| key.jwk().clone()).collect();
        Anchor { entity_id: self.id.clone(), jwks: Jwks { keys } }
    }

    /// How often something was asked since the last time this was called.
    pub(super) fn asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().remove(what).unwrap_or_default()
    }

    pub(super) fn mark_for(&self, member: &EntityId) -> String {
        let mark = TrustMark {
            iss: self.id.clone(),
            sub: member.clone(),
            trust_mark_type: trust_mark_type(&self.id),
            iat: self.now(),
            exp: self.now() + 90 * 24 * 3600,
            public_body: true,
            ipa_code: Some(format!("c_{}", member.authority().rsplit(':').next().unwrap())),
            vat_number: None,
            organization_name: "Ente".into(),
            email: "ente@example.org".into(),
            roles: ROLES.into(),
        };
        mark.sign(&self.key()).unwrap()
    }

    fn configuration(&self) -> String {
        let resource = self.id.resource();
        let endpoint = |path: &str| Some(format!("{resource}/network/{path}"));
        let configuration = EntityConfiguration {
            iss: self.id.clone(),
            sub: self.id.clone(),
            iat: self.now(),
            exp: self.now() + STATEMENT_LIFETIME,
            jwks: self.anchor().jwks,
            authority_hints: vec![],
            trust_marks: vec![],
            trust_mark_issuers: BTreeMap::new(),
            metadata: Metadata {
                federation_entity: FederationEntity {
                    federation_fetch_endpoint: endpoint("statements"),
                    federation_list_endpoint: endpoint("members"),
                    federation_trust_mark_status_endpoint: endpoint("trust-mark-status"),
                    ..Default::default()
                },
                oauth_resource: Some(OauthResource {
                    resource,
                    jwks: Jwks::default(),
                    roles: Roles::new(),
                    protocol_versions: vec![],
                    openapi_uri: None,
                    capabilities: Capabilities::default(),
                }),
            },
        };
        configuration.sign(&self.key()).unwrap()
    }

    fn statement(&self, member: &EntityId) -> Option<String> {
        let known = self.members.lock().unwrap().get(member)?.clone();
        let statement = SubordinateStatement {
            iss: self.id.clone(),
            sub: member.clone(),
            iat: self.now(),
            exp: self.now() + STATEMENT_LIFETIME,
            jwks: known.jwks,
            metadata: Default::default(),
            metadata_policy: MetadataPolicy::for_member("Ente", &member.resource(), &ROLES.into()),
            constraints: Constraints { max_path_length: Some(1), ..Default::default() },
        };
        Some(statement.sign(&self.key()).unwrap())
    }

    fn answer(&self, what: &'static str, text: Option<String>) -> HttpResponse {
        if self.silent.load(Ordering::SeqCst) {
            return HttpResponse::BadGateway().finish();
        }
        *self.asked.lock().unwrap().entry(what).or_default() += 1;
        match text {
            Some(text) => HttpResponse::Ok().body(text),
            None => HttpResponse::NotFound().json(json!({"error": "not_found"})),
        }
    }
}

pub(super) struct Node {
    pub(super) peers: Peers,
    pub(super) scratch: Scratch,
    pub(super) keys: Keys,
    pub(super) off: Arc<AtomicBool>,
    handle: ServerHandle,
}

impl Node {
    pub(super) fn id(&self) -> &EntityId {
        self.peers.entity_id()
    }

    /// A second process on the same database.
    pub(super) fn twin(&self) -> Peers {
        let inner = &self.peers.0;
        Peers::new(inner.store.clone(), self.keys.clone(), &inner.config, inner.clock.clone(), inner.client.clone())
    }

    pub(super) async fn signing(&self) -> SigningKey {
        let (keys, now) = (self.keys.clone(), self.peers.now());
        let read = self.scratch.store().read(move |conn| keys.signing(conn, Kind::Protocol, now));
        read.await.unwrap()
    }

    /// Reasons of the refusals in the journal, newest first.
    pub(super) async fn refusals(&self) -> Vec<String> {
        let read = self.scratch.store().read(|conn| journal::of_act(conn, "call.refused", 50));
        read.await.unwrap().into_iter().filter_map(|entry| entry.object).collect()
    }

    /// Members' states as the journal saw them change, oldest first.
    pub(super) async fn changes(&self) -> Vec<String> {
        let read = self.scratch.store().read(|conn| journal::of_act(conn, "peer.state-changed", 50));
        let mut found: Vec<_> = read.await.unwrap().into_iter().filter_map(|entry| entry.code).collect();
        found.reverse();
        found
    }
}

/// An authority and two members, on one kind of database, under one clock.
pub(super) struct Net {
    pub(super) clock: Clock,
    pub(super) authority: Arc<Authority>,
    pub(super) a: Node,
    pub(super) b: Node,
    handle: ServerHandle,
}

/// Runs a test on a fresh network on every kind of database.
pub(super) async fn each<F: Future<Output = ()>>(test: impl Fn(Arc<Net>) -> F) {
    let makers: &[fn(Clock) -> Scratch] = &[
        scratch::sqlite,
        #[cfg(feature = "postgres")]
        scratch::postgres,
    ];
    for make in makers {
        let net = Arc::new(Net::start(*make).await);
        test(net.clone()).await;
        for node in [&net.a, &net.b] {
            node.handle.stop(false).await;
            node.scratch.store().close().await;
        }
        net.handle.stop(false).await;
    }
}

impl Net {
    async fn start(make: fn(Clock) -> Scratch) -> Self {
        let clock = scratch::clock();
        let (listener, id) = place();
        let authority = Arc::new(Authority {
            id,
            clock: clock.clone(),
            keys: Mutex::new(vec![SigningKey::generate().unwrap().0]),
            members: Mutex::default(),
            silent: AtomicBool::new(false),
            asked: Mutex::default(),
        });
        let handle = serve_authority(listener, authority.clone());
        let a = start_node(make(clock.clone()), &clock, &authority).await;
        let b = start_node(make(clock.clone()), &clock, &authority).await;
        Self { clock, authority, a, b, handle }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

fn place() -> (TcpListener, EntityId) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let id = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    (listener, id.parse().unwrap())
}

async fn start_node(scratch: Scratch, clock: &Clock, authority: &Arc<Authority>) -> Node {
    let (listener, id) = place();
    let text = format!(
        "[node]\nentity_id = \"{id}\"\norganisation_name = \"Nodo\"\ndevelopment_mode = true\n\
         [network]\nauthority = \"{}\"\nallow_private_addresses = true\n[limits]\nbody_bytes = 2097152\n",
        authority.id
    );
    let config = Config::read(&text, []).unwrap();
    let keys = Keys::new(Vault::new(MasterKey::generate().unwrap()), id.clone());
    let client = Client::new(&config.network, true).unwrap();
    let peers = Peers::new(scratch.store().clone(), keys.clone(), &config, clock.clone(), client);
    let (made, anchor, mark) = (keys.clone(), authority.anchor(), authority.mark_for(&id));
    let jwks = scratch
        .store()
        .write(move |tx| {
            made.create(tx)?;
            peers::pin(tx, &anchor)?;
            peers::keep_own_mark(tx, &mark)?;
            let now = tx.now();
            made.jwks(tx.conn(), Kind::Federation, now)
        })
        .await
        .unwrap();
    authority.members.lock().unwrap().insert(id, Member { jwks, revoked: false });
    let off = Arc::new(AtomicBool::new(false));
    let handle = serve_node(listener, peers.clone(), off.clone());
    Node { peers, scratch, keys, off, handle }
}

async fn echo(peer: VerifiedPeer) -> Result<HttpResponse> {
    let sent: Value = if peer.body().is_empty() { json!(null) } else { peer.json()? };
    Ok(HttpResponse::Ok().json(json!({"caller": peer.entity_id(), "sent": sent})))
}

/// Remembers the call with what it does.
async fn change(caller: ProvenCaller, peers: Data<Peers>) -> Result<HttpResponse> {
    let memory = caller.memory();
    let done = peers.0.store.write(move |tx| memory.remember(tx)).await;
    if done.as_ref().is_err_and(|error| error.code() == Code::NotAuthenticated) {
        caller.was_replayed().await;
    }
    done.map(|()| HttpResponse::Ok().finish())
}

async fn conflict(_peer: VerifiedPeer) -> Result<HttpResponse> {
    Err(Code::Conflict.into())
}

fn serve_node(listener: TcpListener, peers: Peers, off: Arc<AtomicBool>) -> ServerHandle {
    let server = HttpServer::new(move || {
        let (peers, off) = (peers.clone(), off.clone());
        let configuration = move |peers: Data<Peers>| {
            let off = off.clone();
            async move {
                match off.load(Ordering::SeqCst) {
                    true => HttpResponse::BadGateway().finish(),
                    false => HttpResponse::Ok().body(peers.own_configuration().await.unwrap()),
                }
            }
        };
        App::new()
            .app_data(Data::new(peers))
            .route("/.well-known/openid-federation", web::get().to(configuration))
            .service(
                web::scope("/rest/staffetta/v1/exchange")
                    .wrap(from_fn(sign_answers))
                    .route("/echo", web::post().to(echo))
                    .route("/echo", web::get().to(echo))
                    .route("/change", web::post().to(change))
                    .route("/conflict", web::post().to(conflict))
                    .route("/open", web::get().to(|| async { HttpResponse::Ok().body("anybody") })),
            )
            .route("/rest/staffetta/v1/bare", web::get().to(|| async { HttpResponse::Ok().body("unsigned") }))
            .route("/rest/staffetta/v1/large", web::get().to(|| async { HttpResponse::Ok().body(vec![0; 5 << 20]) }))
            .route(
                "/rest/staffetta/v1/away",
                web::get().to(|| async { HttpResponse::Found().insert_header(("Location", "/elsewhere")).finish() }),
            )
    });
    run(server.workers(1).listen(listener).unwrap().run())
}

fn serve_authority(listener: TcpListener, authority: Arc<Authority>) -> ServerHandle {
    type It = Data<Authority>;
    let data = Data::from(authority);
    let configuration = |it: It| async move { it.answer("configuration", Some(it.configuration())) };
    let list = |it: It| async move {
        let members: Vec<_> = it.members.lock().unwrap().keys().cloned().collect();
        it.answer("list", Some(json!(members).to_string()))
    };
    let fetch = |it: It, query: web::Query<HashMap<String, String>>| async move {
        it.answer("statement", it.statement(&query["sub"].parse().unwrap()))
    };
    let status = |it: It, form: web::Form<HashMap<String, String>>| async move {
        let mark = form["trust_mark"].clone();
        let about: TrustMark = staffetta_protocol::jose::peek(&mark).unwrap();
        let member = it.members.lock().unwrap().get(&about.sub).cloned();
        let signed = member.map(|member| {
            let status = if member.revoked { MarkStatus::Revoked } else { MarkStatus::Active };
            let answer = TrustMarkStatus { iss: it.id.clone(), iat: it.now(), trust_mark: mark, status };
            answer.sign(&it.key()).unwrap()
        });
        it.answer("status", signed)
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route("/.well-known/openid-federation", web::get().to(configuration))
            .route("/rest/staffetta/v1/network/members", web::get().to(list))
            .route("/rest/staffetta/v1/network/statements", web::get().to(fetch))
            .route("/rest/staffetta/v1/network/trust-mark-status", web::post().to(status))
    });
    run(server.workers(1).listen(listener).unwrap().run())
}

fn run(server: actix_web::dev::Server) -> ServerHandle {
    let handle = server.handle();
    actix_web::rt::spawn(server);
    handle
}
