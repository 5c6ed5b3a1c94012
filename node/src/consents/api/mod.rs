//! The desk's API of this room, over its verbs: what a person answers, what she is asked, what left about her, the notices,
//! and the purposes with whom they are served for.

mod answers;
mod disclosures;
mod notices;
mod purposes;
mod records;
mod requests;

pub use disclosures::DisclosureGround;

use crate::routes::Routes;

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.configure(purposes::api).configure(notices::api);
    routes.configure(records::due_api).configure(answers::api).configure(requests::api).configure(records::api);
    routes.configure(disclosures::api);
    super::recalls::api(routes);
    super::tree::api(routes);
}
