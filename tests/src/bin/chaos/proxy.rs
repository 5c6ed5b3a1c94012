//! The line to a node, and its load balancer: what goes over it may be slow, cut, lost on the way back, or come twice.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::dice::Dice;

/// The line to one node.
#[derive(Debug)]
pub(crate) struct Proxy {
    backends: Vec<u16>,
    next: AtomicUsize,
    cut: watch::Sender<bool>,
    bad: AtomicBool,
    dice: Dice,
    counts: Counts,
}

/// What happened on a line.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    connections: AtomicU64,
    slowed: AtomicU64,
    answers_lost: AtomicU64,
    sent_twice: AtomicU64,
}

fn count(which: &AtomicU64) {
    which.fetch_add(1, Ordering::Relaxed);
}

impl Proxy {
    /// Serves on the listener until the program ends.
    pub(crate) fn serve(listener: std::net::TcpListener, backends: Vec<u16>, dice: Dice) -> Arc<Self> {
        listener.set_nonblocking(true).expect("a listener may be asked without waiting");
        let listener = TcpListener::from_std(listener).expect("a bound listener");
        let (cut, _) = watch::channel(false);
        let proxy = Arc::new(Self {
            backends,
            next: AtomicUsize::new(0),
            cut,
            bad: AtomicBool::new(false),
            dice,
            counts: Counts::default(),
        });
        let served = Arc::clone(&proxy);
        tokio::spawn(async move {
            loop {
                if let Ok((from, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&served).carry(from));
                }
            }
        });
        proxy
    }

    /// Nothing passes, and what is under way breaks off; or it does again.
    pub(crate) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }

    /// Whether now and then something is slow, lost or doubled.
    pub(crate) fn is_bad(&self, bad: bool) {
        self.bad.store(bad, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    fn happens(&self, in_a_thousand: usize) -> bool {
        self.bad.load(Ordering::Relaxed) && self.dice.happens(in_a_thousand)
    }

    async fn connect(&self) -> Option<TcpStream> {
        for _ in 0..self.backends.len() {
            let index = self.next.fetch_add(1, Ordering::Relaxed) % self.backends.len();
            let connected = timeout(Duration::from_secs(1), TcpStream::connect(("127.0.0.1", self.backends[index])));
            if let Ok(Ok(stream)) = connected.await {
                return Some(stream);
            }
        }
        None
    }

    async fn carry(self: Arc<Self>, from: TcpStream) {
        let mut cut = self.cut.subscribe();
        if *cut.borrow() {
            return;
        }
        let Some(to) = self.connect().await else { return };
        count(&self.counts.connections);
        let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
        let request = Mutex::new((Vec::new(), false));
        tokio::select! {
            () = self.up(from_read, to_write, &request) => {}
            () = self.down(to_read, from_write, &request) => {}
            _ = cut.wait_for(|cut| *cut) => {}
        }
    }

    /// Requests. The bytes since the last answer are the present one.
    async fn up(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, request: &Mutex<(Vec<u8>, bool)>) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            {
                let mut present = request.lock().unwrap_or_else(PoisonError::into_inner);
                if present.1 {
                    *present = (Vec::new(), false);
                }
                present.0.extend_from_slice(&buffer[..length]);
            }
            if self.happens(60) {
                count(&self.counts.slowed);
                sleep(self.dice.up_to(400)).await;
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }

    /// Answers. One may be lost after the node did what was asked, and a request may come a second time.
    async fn down(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, request: &Mutex<(Vec<u8>, bool)>) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let asked = {
                let mut present = request.lock().unwrap_or_else(PoisonError::into_inner);
                let first = !present.1;
                present.1 = true;
                if first { Some(present.0.clone()) } else { None }
            };
            if let Some(asked) = asked.filter(|asked| asked.starts_with(b"POST ")) {
                if self.happens(30) {
                    count(&self.counts.sent_twice);
                    self.send_again(asked);
                }
                if self.happens(30) {
                    count(&self.counts.answers_lost);
                    return;
                }
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }

    fn send_again(&self, request: Vec<u8>) {
        let port = self.backends[self.dice.below(self.backends.len())];
        let later = self.dice.up_to(1_500);
        tokio::spawn(async move {
            sleep(later).await;
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await
                && stream.write_all(&request).await.is_ok()
            {
                // What it is answered is nobody's business.
                let _ = timeout(Duration::from_secs(2), stream.read(&mut [0; 1024])).await;
            }
        });
    }
}
