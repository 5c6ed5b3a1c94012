//! What somebody shows at the gate, and the second look at it once the body of the request is there.
//!
//! Between the head of a request and the end of its body lies as long as the caller likes. Whoever was signed out,
//! disabled or reset meanwhile does nothing with the rest: the last byte of a body is followed by the same question as
//! its head, and a body whose sender lost her pass breaks off before any handler has it. What remains is the time
//! between the last byte and the transaction: milliseconds, and a hash where a password is made.

use std::cell::RefCell;
use std::future::ready;
use std::io;
use std::rc::Rc;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use futures_util::{StreamExt, stream};
use staffetta_protocol::problem::Code;

use super::door::{Door, SessionSecret};
use super::gate::{bearer, cookie, verify_token};
use super::{Pass, Staff, Token};
use crate::error::{Error, Result};
use crate::store::Store;

/// What a request came with, to be judged as often as needed.
pub(super) enum Shown {
    /// A long-lived token.
    Token(Data<Store>, Token),
    /// What may be an access token.
    AccessToken(Data<Door>, String),
    /// A session's cookie.
    Session(Data<Door>, SessionSecret),
}

impl Shown {
    /// By the `Authorization` header where there is one, else by the session's cookie.
    pub(super) fn of(request: &ServiceRequest) -> Result<Self> {
        let door = request.app_data::<Data<Door>>().cloned();
        if request.headers().contains_key(AUTHORIZATION) {
            let text = bearer(request.headers()).ok_or(Code::NotAuthenticated)?;
            if let Some(token) = Token::parse(text) {
                let store = request.app_data::<Data<Store>>().cloned();
                return Ok(Self::Token(store.ok_or_else(|| Error::internal("the desk has no store"))?, token));
            }
            return Ok(Self::AccessToken(door.ok_or(Code::NotAuthenticated)?, text.to_owned()));
        }
        let door = door.ok_or(Code::NotAuthenticated)?;
        let secret = cookie(request.headers(), door.cookies().session()).and_then(SessionSecret::parse);
        Ok(Self::Session(door, secret.ok_or(Code::NotAuthenticated)?))
    }

    /// Whose it is at this moment, and how far it carries.
    ///
    /// # Errors
    /// `not_authenticated`, and the store's.
    pub(super) async fn judge(&self) -> Result<(Staff, Pass)> {
        match self {
            Self::Token(store, token) => verify_token(store, token).await,
            Self::AccessToken(door, text) => door.verify_access_token(text).await,
            Self::Session(door, secret) => door.verify_session(secret).await,
        }
    }

    async fn still(&self, staff: &Staff, pass: &Pass) -> Result<()> {
        let (now, with) = self.judge().await?;
        let is_same = now.id == staff.id && now.role == staff.role && with == *pass;
        if is_same { Ok(()) } else { Err(Code::NotAuthenticated.into()) }
    }
}

/// Why a body broke off at its end; nothing as long as it did not.
#[derive(Clone, Default)]
pub(super) struct Lost(Rc<RefCell<Option<Error>>>);

impl Lost {
    /// The reason, once.
    pub(super) fn take(&self) -> Option<Error> {
        self.0.borrow_mut().take()
    }
}

/// A body that ends well only for whom the pass still carries then. One that nobody reads costs nothing.
pub(super) fn guarded(body: Payload, shown: Shown, (staff, pass): (Staff, Pass), lost: Lost) -> Payload {
    let judged = stream::once(async move {
        let error = shown.still(&staff, &pass).await.err()?;
        lost.0.replace(Some(error));
        Some(Err(PayloadError::Io(io::Error::new(io::ErrorKind::PermissionDenied, "the pass ended"))))
    });
    let stream = body.chain(judged.filter_map(ready));
    Payload::Stream { payload: Box::pin(stream) }
}
