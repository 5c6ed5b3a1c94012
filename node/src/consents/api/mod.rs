//! The desk's API of this room, over its verbs: what a person answers, what she is asked, what left about her, the notices,
//! and the purposes with whom they are served for.

mod answers;
mod disclosures;
mod notices;
mod purposes;
mod records;
mod requests;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes, below the desk's base.
pub fn api(cfg: &mut ServiceConfig<'_>) {
    cfg.configure(purposes::api).configure(notices::api);
    cfg.configure(records::due_api).configure(answers::api).configure(requests::api).configure(records::api);
    cfg.configure(disclosures::api);
    super::recalls::api(cfg);
    super::tree::api(cfg);
}
