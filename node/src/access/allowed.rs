//! The proof that whoever calls may do this act.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;

use actix_web::dev::{Extensions, Payload};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use staffetta_protocol::problem::Code;

use super::judged::Judged;
use super::{Act, Acting, Pass, Staff, acts};
use crate::error::{Error, Result};

/// A member of staff who may do `A`. First argument of every handler of the desk, so that who may not is turned away
/// before anything else of the request is looked at.
///
/// Extracting it fails with 401 `not_authenticated` without a session or a valid token, and with 403 `not_entitled` when
/// her role may not do `A`, when what she came with is narrowed to other acts, or when she is not wholly in yet.
#[derive(Debug)]
pub struct Allowed<A: Act> {
    acting: Acting,
    pass: Pass,
    act: PhantomData<A>,
}

impl<A: Act> Allowed<A> {
    /// Who it is and what she does, to be moved into a transaction.
    pub fn staff(&self) -> Acting {
        self.acting.clone()
    }

    /// How she got in.
    pub fn pass(&self) -> &Pass {
        &self.pass
    }
}

impl<A: Act> Deref for Allowed<A> {
    type Target = Acting;

    fn deref(&self) -> &Acting {
        &self.acting
    }
}

/// Whether the handler asked; the gate looks at it afterwards.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked(Rc<Cell<bool>>, Rc<Cell<Option<&'static str>>>, Judged);

impl Asked {
    pub(super) fn was(&self) -> bool {
        self.0.get()
    }

    /// The act that the scopes did not have.
    pub(super) fn lacking(&self) -> Option<&'static str> {
        self.1.get()
    }

    /// What it judged.
    pub(super) fn judged(&self) -> &Judged {
        &self.2
    }
}

/// Lets an answer that is given again pass the gate: its handler asked when it was first given, for the same account in
/// the same role, and what it judged was judged again.
pub(crate) fn asked_before(extensions: &Extensions) {
    if let Some(asked) = extensions.get::<Asked>() {
        asked.0.set(true);
    }
}

impl<A: Act> FromRequest for Allowed<A> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        let (Some(staff), Some(pass)) = (extensions.get::<Staff>(), extensions.get::<Pass>()) else {
            return ready(Err(Code::NotAuthenticated.into()));
        };
        let judged = match extensions.get::<Asked>() {
            Some(asked) => {
                asked.0.set(true);
                asked.judged().clone()
            }
            None => Judged::default(),
        };
        judged.asked(!A::FUNCTIONS.is_empty());
        if !A::ROLES.contains(&staff.role) {
            return ready(Err(Code::NotEntitled.into()));
        }
        if !pass.holds(A::NAME) {
            if let Some(asked) = extensions.get::<Asked>() {
                asked.1.set(Some(A::NAME));
            }
            return ready(Err(Code::NotEntitled.into()));
        }
        if !acts::OF_THE_DOOR.contains(&A::NAME)
            && let Err(error) = pass.wholly_in()
        {
            return ready(Err(error));
        }
        ready(Ok(Self { acting: Acting::new::<A>(staff.clone()).noting(judged), pass: pass.clone(), act: PhantomData }))
    }
}
