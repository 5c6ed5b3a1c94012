//! The desk's API of the door, over the verbs of [`access::door`](crate::access::door): signing in and out, what an
//! account gets in with, programs and their tokens.
//!
//! The paths of [`open_api`] stand before the gate: whoever is not in yet calls them. A browser that comes from another
//! page is turned away there too, so that nobody is signed in to an account that is not his.

mod account;
mod entered;
pub mod oidc;
mod people;
mod programs;
mod session;
mod tokens;

#[cfg(test)]
mod held_back;
#[cfg(test)]
mod tests;

use utoipa_actix_web::service_config::ServiceConfig;

/// What somebody calls who is not in yet, below the desk's base.
pub fn open_api(cfg: &mut ServiceConfig<'_>) {
    cfg.service(session::open_session).service(programs::issue_access_token);
    cfg.service(oidc::begin_oidc_login).service(oidc::finish_oidc_login);
}

/// The rest, behind the gate.
pub fn api(cfg: &mut ServiceConfig<'_>) {
    cfg.service(session::read_session).service(session::close_session).service(session::show_second_factor);
    cfg.service(session::list_sessions).service(session::close_sessions).service(session::close_one_session);
    cfg.service(account::change_own_password).service(account::offer_own_factor).service(account::confirm_own_factor);
    cfg.service(tokens::list_own_tokens).service(tokens::issue_own_token).service(tokens::revoke_own_token);
    cfg.service(tokens::list_staff_tokens).service(tokens::issue_staff_token).service(tokens::revoke_staff_token);
    cfg.service(people::reset_staff_password).service(people::sign_out_staff);
    cfg.service(people::list_staff_identities).service(people::link_staff_identity);
    cfg.service(people::unlink_staff_identity);
    cfg.service(programs::list_client_secrets).service(programs::add_client_secret);
    cfg.service(programs::revoke_client_secret);
}
