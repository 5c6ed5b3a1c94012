//! An answer that is a file: to be kept, never to be shown or run by whoever receives it.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};

/// Whatever a file holds, a browser that opens it anyway gives it no origin, no script and no request.
const SEALED_OFF: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// A file for downloading, under a name that is ours: what somebody called it once may hold a name, a path or a line
/// break, and is in no header.
pub struct Attachment {
    /// Its media type.
    pub media: &'static str,
    /// What it is saved as: plain ASCII, without a path.
    pub file_name: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("media", &self.media).finish_non_exhaustive()
    }
}

impl Responder for Attachment {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        debug_assert!(
            self.file_name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "a file name of ours is plain"
        );
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, self.media))
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", self.file_name)))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::CONTENT_SECURITY_POLICY, SEALED_OFF))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(self.bytes)
    }
}
