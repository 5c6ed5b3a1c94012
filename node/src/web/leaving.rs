//! How long an answer may take to leave: a while, and as much more as what was taken of it earns, as with a body that
//! comes. It is handed over in pieces: of what is kept once for everybody, a caller that does not read holds up one of
//! them, and no copy of the whole.
//!
//! Who takes nothing is cut off from outside, with the whole connection: while the server waits for the socket, or over
//! HTTP/2 for the caller's window, it asks for no next piece and looks at no time.

use std::any::Any;
use std::cell::Cell;
use std::error::Error as StdError;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use socket2::{SockRef, Socket};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::patience::{FIRST, PACE};

/// Bytes that are handed over at a time.
const PIECE: usize = 16 << 10;
/// Answers that may wait on one connection for the caller to take them: what is asked over HTTP/2 has no bound of its own.
const AT_ONCE: u32 = 512;

/// A connection as it is seen from outside: a second handle of its socket, and how many answers wait on it.
#[derive(Clone)]
pub(super) struct Line(Rc<Inner>);

struct Inner {
    socket: Socket,
    waiting: Cell<u32>,
}

/// What is remembered of every connection, plain or with TLS.
pub fn connected(io: &dyn Any, data: &mut Extensions) {
    let sealed = || io.downcast_ref::<TlsStream<TcpStream>>().map(|tls| tls.get_ref().0);
    let Some(stream) = io.downcast_ref::<TcpStream>().or_else(sealed) else { return };
    let socket = SockRef::from(stream);
    // Of what was handed over in full nobody here knows any more whether it was taken; the system does.
    #[cfg(target_os = "linux")]
    if let Err(why) = socket.set_tcp_user_timeout(Some(FIRST)) {
        tracing::debug!(%why, "a connection has no time limit of its own");
    }
    match socket.try_clone() {
        Ok(socket) => drop(data.insert(Line(Rc::new(Inner { socket, waiting: Cell::new(0) })))),
        Err(why) => {
            tracing::warn!(%why, "a connection that could not be ended later is ended now");
            end(&socket);
        }
    }
}

/// Wakes whoever waits for this socket, and it is over.
fn end(socket: &Socket) {
    if let Err(why) = socket.shutdown(Shutdown::Both) {
        tracing::debug!(%why, "a connection had ended already");
    }
}

impl Line {
    fn enter(self) -> Place {
        let waiting = self.0.waiting.get() + 1;
        self.0.waiting.set(waiting);
        if waiting > AT_ONCE {
            tracing::info!("a connection was cut off: too many answers wait on it");
            end(&self.0.socket);
        }
        Place(self)
    }
}

/// An answer that waits on a connection.
struct Place(Line);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.waiting.set(self.0.0.waiting.get() - 1);
    }
}

/// The body of an answer, on the line that it leaves on.
pub(super) struct Leaving {
    body: BoxBody,
    /// What was made and not handed over yet.
    rest: Bytes,
    place: Option<Place>,
    first: Duration,
    pace: u32,
    until: Rc<Cell<Instant>>,
    watch: Option<JoinHandle<()>>,
}

impl Leaving {
    pub(super) fn on(line: Option<Line>, body: BoxBody) -> Self {
        Self::within(FIRST, PACE, line, body)
    }

    /// On a line that is ended when the body has taken longer than `first` and one second for each `pace` bytes of it.
    fn within(first: Duration, pace: u32, line: Option<Line>, body: BoxBody) -> Self {
        let until = Rc::new(Cell::new(Instant::now() + first));
        Self { body, rest: Bytes::new(), place: line.map(Line::enter), first, pace, until, watch: None }
    }

    /// From the first piece on: what came before was this node's time.
    fn begin(&mut self) {
        let (None, Some(place)) = (&self.watch, &self.place) else { return };
        let (line, until) = (place.0.clone(), self.until.clone());
        until.set(Instant::now() + self.first);
        self.watch = Some(actix_web::rt::spawn(async move {
            while until.get() > Instant::now() {
                sleep_until(until.get()).await;
            }
            tracing::info!("a connection was cut off: its answer was not taken");
            end(&line.0.socket);
        }));
    }
}

impl MessageBody for Leaving {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(part)) => this.rest = part,
                Some(Err(why)) => return Poll::Ready(Some(Err(why))),
                None => return Poll::Ready(None),
            }
        }
        this.begin();
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.until.set(this.until.get() + Duration::from_secs(1) * piece.len() as u32 / this.pace);
        Poll::Ready(Some(Ok(piece)))
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::SocketAddr;
    use std::sync::Arc;

    use actix_web::dev::{ServerHandle, ServiceRequest};
    use actix_web::middleware::{Next, from_fn};
    use actix_web::{App, HttpResponse, HttpServer, web};
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Semaphore;
    use tokio::time::timeout;

    use super::*;

    /// More than a socket takes in without being read.
    const LARGE: usize = 32 << 20;
    /// What the system takes in for a caller that does not read earns hardly anything.
    const FAST: u32 = 1 << 30;
    const SOON: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(600);
    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    enum How {
        Plain,
        Http2,
        Tls(Box<rustls::ServerConfig>),
    }

    /// Says when nobody holds it any more.
    struct Held(Bytes, Arc<Semaphore>);

    impl MessageBody for Held {
        type Error = std::convert::Infallible;

        fn size(&self) -> BodySize {
            BodySize::Sized(LARGE as u64)
        }

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
            let all = std::mem::take(&mut self.0);
            Poll::Ready((!all.is_empty()).then_some(Ok(all)))
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            self.1.add_permits(1);
        }
    }

    /// A server of large answers; where it listens, how it is stopped, and the answers that it let go.
    fn server(how: How, first: Duration) -> (SocketAddr, ServerHandle, Arc<Semaphore>) {
        let let_go = Arc::new(Semaphore::new(0));
        let counted = let_go.clone();
        let all = Bytes::from(vec![7; LARGE]);
        let server = HttpServer::new(move || {
            let (all, counted) = (all.clone(), counted.clone());
            App::new()
                .wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| async move {
                    let line = request.conn_data::<Line>().cloned();
                    let answer = next.call(request).await?;
                    Ok::<_, actix_web::Error>(answer.map_body(|_, body| Leaving::within(first, FAST, line, body)))
                }))
                .default_service(web::to(move || {
                    let body = Held(all.clone(), counted.clone());
                    async move { HttpResponse::Ok().body(body) }
                }))
        })
        .workers(1)
        .disable_signals()
        .keep_alive(LONG)
        .on_connect(connected);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = match how {
            How::Plain => server.listen(listener),
            How::Http2 => server.listen_auto_h2c(listener),
            How::Tls(config) => server.listen_rustls_0_23(listener, *config),
        };
        let server = server.unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        (address, handle, let_go)
    }

    /// A caller whose system takes in little by itself.
    fn caller(address: SocketAddr) -> std::net::TcpStream {
        let socket = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(&address.into()).unwrap();
        socket.into()
    }

    fn with_tokio(caller: std::net::TcpStream) -> tokio::net::TcpStream {
        caller.set_nonblocking(true).unwrap();
        tokio::net::TcpStream::from_std(caller).unwrap()
    }

    async fn is_let_go(answers: &Semaphore) {
        timeout(Duration::from_secs(30), answers.acquire()).await.expect("cut off").unwrap().forget();
    }

    /// A request over HTTP/2, on a stream of its own, from a caller that opens no window for the answer.
    fn stream(number: u32) -> Vec<u8> {
        let mut frame = b"\0\0\x06\x01\x05".to_vec();
        frame.extend(number.to_be_bytes());
        frame.extend(b"\x82\x84\x86\x41\x01x");
        frame
    }

    const NO_WINDOW: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";

    #[actix_web::test]
    async fn who_does_not_read_is_cut_off_and_who_reads_gets_all() {
        let (address, server, answers) = server(How::Plain, SOON);
        let mut caller = with_tokio(caller(address));
        caller.write_all(GET).await.unwrap();
        let mut reader = tokio::net::TcpStream::connect(address).await.unwrap();
        reader.write_all(GET).await.unwrap();
        let mut all = vec![0; LARGE];
        reader.read_exact(&mut all).await.unwrap();
        // One of the two went whole, the other one was let go before it did.
        is_let_go(&answers).await;
        is_let_go(&answers).await;
        let mut part = Vec::new();
        let _ = caller.read_to_end(&mut part).await;
        assert!(part.len() < LARGE / 2, "{}", part.len());
        server.stop(false).await;
    }

    #[actix_web::test]
    async fn with_tls_too() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let own = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let theirs = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (address, server, answers) = server(How::Tls(Box::new(own)), SOON);
        let call = move || {
            let name = ServerName::try_from("localhost").unwrap();
            let connection = rustls::ClientConnection::new(Arc::new(theirs), name).unwrap();
            let mut caller = rustls::StreamOwned::new(connection, caller(address));
            caller.write_all(GET).unwrap();
            caller.flush().unwrap();
            caller
        };
        let mut caller = web::block(call).await.unwrap();
        is_let_go(&answers).await;
        let mut part = Vec::new();
        let part = web::block(move || {
            let _ = caller.read_to_end(&mut part);
            part.len()
        });
        assert!(part.await.unwrap() < LARGE / 2);
        server.stop(false).await;
    }

    #[actix_web::test]
    async fn over_http2_who_opens_no_window_is_cut_off() {
        let (address, server, answers) = server(How::Http2, SOON);
        let mut caller = with_tokio(caller(address));
        caller.write_all(&[NO_WINDOW, &stream(1)].concat()).await.unwrap();
        is_let_go(&answers).await;
        server.stop(false).await;
    }

    #[actix_web::test]
    async fn so_many_answers_wait_on_one_connection_and_no_more() {
        let (address, server, answers) = server(How::Http2, LONG);
        let mut caller = with_tokio(caller(address));
        let mut all = NO_WINDOW.to_vec();
        (0..AT_ONCE).for_each(|number| all.extend(stream(2 * number + 1)));
        caller.write_all(&all).await.unwrap();
        assert!(timeout(SOON, answers.acquire()).await.is_err(), "they wait");
        caller.write_all(&stream(2 * AT_ONCE + 1)).await.unwrap();
        for _ in 0..=AT_ONCE {
            is_let_go(&answers).await;
        }
        server.stop(false).await;
    }

    #[cfg(target_os = "linux")]
    #[actix_web::test]
    async fn what_was_handed_over_in_full_is_the_systems_to_give_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _caller = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut data = Extensions::new();
        connected(&stream, &mut data);
        assert_eq!(data.get::<Line>().unwrap().0.socket.tcp_user_timeout().unwrap(), Some(FIRST));
    }
}
