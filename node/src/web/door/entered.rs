//! What somebody is answered who got in: who she is, and her cookies.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::door::{Door, Entered, SessionSecret};
use crate::access::{self, AccessRole, Pass, Staff, Standing};
use crate::error::{Error, Result};
use crate::web::document::DESK;
use crate::web::once::ShownOnce;

/// Who is at the desk.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// The account.
    id: Uuid,
    /// What it may do follows from it.
    role: AccessRole,
    /// As colleagues know her.
    label: String,
    /// How far the session has come. Before `full` only the step that it names can be taken.
    standing: Standing,
    /// The acts that may be done, by their dotted names: those of the role, within the scopes, at this standing.
    acts: Vec<String>,
    /// What the token is narrowed to; absent when it is narrowed to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scopes: Option<Vec<String>>,
    /// In a session with a cookie: what every POST, PUT and DELETE repeats in `X-CSRF-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    csrf_token: Option<String>,
}

impl Session {
    pub(super) fn of(staff: &Staff, pass: &Pass, secret: Option<&SessionSecret>) -> Self {
        let may = |name: &str, roles: &[AccessRole]| roles.contains(&staff.role) && pass.may(name);
        let acts = access::acts::ALL.iter().filter(|(name, roles)| may(name, roles));
        Self {
            id: staff.id,
            role: staff.role,
            label: staff.label.clone(),
            standing: pass.standing,
            acts: acts.map(|(name, _)| (*name).to_owned()).collect(),
            scopes: pass.scopes.as_ref().map(|scopes| scopes.names().map(str::to_owned).collect()),
            csrf_token: secret.map(SessionSecret::csrf),
        }
    }

    /// The session that was just opened.
    pub(super) fn opened(entered: &Entered) -> Self {
        let pass =
            Pass { by: access::By::Session(entered.session.id), standing: entered.session.standing, scopes: None };
        Self::of(&entered.staff, &pass, Some(&entered.session.secret))
    }
}

/// 201 with `body` and the cookies of somebody who got in, or got one step further.
pub(super) fn admitted<T: Serialize>(
    request: &HttpRequest,
    door: &Door,
    entered: &Entered,
    body: &T,
) -> Result<HttpResponse> {
    let mut answer = HttpResponse::build(StatusCode::CREATED);
    answer.insert_header((CONTENT_TYPE, "application/json"));
    answer.insert_header((LOCATION, format!("{DESK}/session")));
    cookies(request, door, entered, |cookie| {
        answer.append_header((SET_COOKIE, cookie));
    })?;
    let mut answer = answer.body(serde_json::to_vec(body).map_err(Error::internal)?);
    // Cookies, CSRF token and recovery codes are seen once: the answer is not kept to be given again.
    answer.extensions_mut().insert(ShownOnce);
    Ok(answer)
}

/// The cookies of somebody who got in. Of the devices that the browser knows the oldest go when there are too many.
pub(super) fn cookies(
    request: &HttpRequest,
    door: &Door,
    entered: &Entered,
    mut set: impl FnMut(HeaderValue),
) -> Result<()> {
    let names = door.cookies();
    let header = |text: String| HeaderValue::from_str(&text).map_err(Error::internal);
    set(header(names.write(names.session(), entered.session.secret.expose(), None))?);
    if let Some(device) = &entered.device {
        let name = names.device(&device.mark);
        set(header(names.write(&name, &device.value, Some(device.lives)))?);
        for old in names.too_many(&access::devices(request.headers(), door), &name) {
            set(header(names.clear(old))?);
        }
    }
    Ok(())
}
