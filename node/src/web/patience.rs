//! How long a body may take: from the moment in which somebody begins to read it, a while and as much more as what came
//! earns. A form and a file of many megabytes are measured alike, and a caller who sends a byte a minute holds no
//! place.

use std::io;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use futures_util::{StreamExt, stream};
use staffetta_protocol::problem::Code;
use tokio::time::{Instant, timeout_at};

/// What every body has.
pub(super) const FIRST: Duration = Duration::from_secs(30);
/// Bytes that earn one second more: the slowest line that is still waited for.
pub(super) const PACE: u32 = 16 * 1024;

/// A body that breaks off when it has taken longer than `first` and one second for each `pace` bytes of it.
pub(super) fn bounded(body: Payload, first: Duration, pace: u32) -> Payload {
    let state = Some((body, None::<Instant>));
    let stream = stream::unfold(state, move |state| async move {
        let (mut body, until) = state?;
        let until = until.unwrap_or_else(|| Instant::now() + first);
        match timeout_at(until, body.next()).await {
            Ok(Some(Ok(part))) => {
                let bytes = u32::try_from(part.len()).unwrap_or(u32::MAX);
                let earned = Duration::from_secs(1) * bytes / pace;
                Some((Ok(part), Some((body, Some(until + earned)))))
            }
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), None)),
        }
    });
    Payload::Stream { payload: Box::pin(stream) }
}

/// What is told of a body that broke off.
pub(super) fn broken(error: &PayloadError) -> Code {
    match error {
        PayloadError::Io(why) if why.kind() == io::ErrorKind::TimedOut => Code::RequestTimeout,
        _ => Code::MalformedRequest,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;

    use super::*;

    fn parts(parts: &'static [&'static [u8]], then_hangs: bool) -> Payload {
        let sent = stream::iter(parts).map(|part| Ok(Bytes::from_static(part)));
        let rest = if then_hangs { stream::pending().left_stream() } else { stream::empty().right_stream() };
        Payload::Stream { payload: Box::pin(sent.chain(rest)) }
    }

    async fn read(body: Payload, first: Duration, pace: u32) -> Result<Vec<u8>, Code> {
        let read = super::super::input::collect(bounded(body, first, pace), 100).await;
        read.map_err(|error| error.code())
    }

    #[actix_web::test]
    async fn a_body_that_stops_coming_is_not_waited_for() {
        let soon = Duration::from_millis(20);
        assert_eq!(read(parts(&[b"ab", b"c"], false), soon, PACE).await, Ok(b"abc".to_vec()));
        assert_eq!(read(parts(&[b"ab"], true), soon, PACE).await, Err(Code::RequestTimeout));
        assert_eq!(read(parts(&[], true), soon, PACE).await, Err(Code::RequestTimeout));
    }

    #[actix_web::test]
    async fn what_came_earns_time() {
        let begun = Instant::now();
        assert_eq!(read(parts(&[b"0123456789"], true), Duration::ZERO, 100).await, Err(Code::RequestTimeout));
        assert!(begun.elapsed() >= Duration::from_millis(100));
    }
}
