//! Tmp
use utoipa_actix_web::service_config::ServiceConfig;
pub fn api(_: &mut ServiceConfig<'_>) {}
