//! A body that is no JSON of ours: a file, as bytes.

use std::fmt;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use staffetta_protocol::problem::Code;

use super::{Web, patience};
use crate::config::LimitsConfig;
use crate::error::{Error, Result};

/// Which files a route takes.
pub trait RawKind: 'static {
    /// Media types, in lower case and without parameters.
    const MEDIA: &'static [&'static str];

    /// Bytes at most.
    fn most(limits: &LimitsConfig) -> usize;
}

/// The bytes of a file, exactly as they were sent. Nothing has looked into them: that they are what `media` says is the
/// sender's word.
///
/// Refused are: a media type that the kind does not have, one with another parameter than `charset=utf-8`, or any content
/// encoding (415); more bytes than the kind takes (413), before they are read where they were announced.
pub struct Raw<K> {
    /// What was declared: one of [`RawKind::MEDIA`].
    pub media: &'static str,
    /// What was sent.
    pub bytes: Vec<u8>,
    kind: PhantomData<K>,
}

impl<K> fmt::Debug for Raw<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("media", &self.media).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl<K: RawKind> FromRequest for Raw<K> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let most = request.app_data::<Data<Web>>().map(|web| K::most(&web.0.limits));
        let media = declared(request, K::MEDIA);
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let payload = payload.take();
        Box::pin(async move {
            let most = most.ok_or_else(|| Error::internal("the application has no Web"))?;
            let media = media.ok_or(Code::UnsupportedMediaType)?;
            Ok(Self { media, bytes: bounded(payload, announced, most).await?, kind: PhantomData })
        })
    }
}

/// The entry of `known` that the request names, if it names one plainly.
fn declared(request: &HttpRequest, known: &'static [&'static str]) -> Option<&'static str> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let mut parts = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').map(str::trim);
    let essence = parts.next()?;
    let plain = parts.all(|parameter| {
        let is_utf8 = |(name, value): (&str, &str)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        };
        parameter.split_once('=').is_some_and(is_utf8)
    });
    known.iter().copied().find(|media| plain && essence.eq_ignore_ascii_case(media))
}

/// The whole body, in one piece of memory where its length was announced.
async fn bounded(mut payload: Payload, announced: Option<usize>, most: usize) -> Result<Vec<u8>> {
    if announced.is_some_and(|bytes| bytes > most) {
        return Err(Code::TooLarge.into());
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(part) = payload.next().await {
        let part = part.map_err(|error| patience::broken(&error))?;
        if body.len() + part.len() > most {
            return Err(Code::TooLarge.into());
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::web::{self, Bytes};
    use actix_web::{App, HttpResponse};

    use super::*;
    use crate::config::Config;
    use crate::web::tests::ROOMS;

    struct Picture;

    impl RawKind for Picture {
        const MEDIA: &'static [&'static str] = &["image/png", "application/xml"];

        fn most(_: &LimitsConfig) -> usize {
            8
        }
    }

    async fn echo(raw: Raw<Picture>) -> HttpResponse {
        assert!(!format!("{raw:?}").contains("12345"));
        HttpResponse::Ok().content_type(raw.media).body(raw.bytes)
    }

    #[actix_web::test]
    async fn a_file_is_bounded_and_of_a_kind_that_the_route_takes() {
        let config =
            Config::read("[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n", []).unwrap();
        let face = Data::new(Web::new(&config, ROOMS));
        let app = init_service(App::new().app_data(face).route("/", web::put().to(echo))).await;
        let ask = async |headers: &[(&'static str, &'static str)], body: &'static [u8]| {
            let mut request = TestRequest::put().uri("/").set_payload(Bytes::from_static(body));
            for header in headers {
                request = request.insert_header(*header);
            }
            let answer = call_service(&app, request.to_request()).await;
            (answer.status(), read_body(answer).await)
        };
        for media in ["image/png", "IMAGE/PNG", "application/xml; charset=UTF-8", "application/xml;charset=\"utf-8\""] {
            let (status, body) = ask(&[("content-type", media)], b"12345678").await;
            assert_eq!((status, body.as_ref()), (StatusCode::OK, b"12345678".as_slice()), "{media}");
        }
        for media in ["image/svg+xml", "text/html", "", "image/png; q=1", "application/xml; charset=utf-7", "image"] {
            assert_eq!(ask(&[("content-type", media)], b"1").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
        }
        assert_eq!(ask(&[], b"1").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let packed = [("content-type", "image/png"), ("content-encoding", "gzip")];
        assert_eq!(ask(&packed, b"1").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);

        let png = ("content-type", "image/png");
        assert_eq!(ask(&[png], b"123456789").await.0, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(ask(&[png, ("content-length", "9")], b"1").await.0, StatusCode::PAYLOAD_TOO_LARGE, "not even read");
        assert_eq!(ask(&[png, ("content-length", "3")], b"123456789").await.0, StatusCode::PAYLOAD_TOO_LARGE, "a lie");
        assert_eq!(ask(&[png], b"").await.0, StatusCode::OK);
    }
}
