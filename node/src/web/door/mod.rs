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

use crate::routes::Routes;

/// What somebody calls who is not in yet, below the desk's base.
pub fn open_api(routes: &mut Routes<'_>) {
    routes.service(session::open_session).service(programs::issue_access_token);
    routes.service(oidc::begin_oidc_login).service(oidc::finish_oidc_login);
}

/// The rest, behind the gate.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(session::read_session).service(session::close_session).service(session::show_second_factor);
    routes.service(session::list_sessions).service(session::close_sessions).service(session::close_one_session);
    routes
        .service(account::change_own_password)
        .service(account::offer_own_factor)
        .service(account::confirm_own_factor);
    routes.service(tokens::list_own_tokens).service(tokens::issue_own_token).service(tokens::revoke_own_token);
    routes.service(tokens::list_staff_tokens).service(tokens::issue_staff_token).service(tokens::revoke_staff_token);
    routes.service(people::reset_staff_password).service(people::sign_out_staff);
    routes.service(people::list_staff_identities).service(people::link_staff_identity);
    routes.service(people::unlink_staff_identity);
    routes.service(programs::list_client_secrets).service(programs::add_client_secret);
    routes.service(programs::revoke_client_secret);
}
