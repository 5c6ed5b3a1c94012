//! The desk's API for the register of processing.

use actix_web::get;
use actix_web::web::Data;

use super::print;
use super::register::{self, Register};
use crate::access::Allowed;
use crate::access::acts::ReadRegister;
use crate::config::Config;
use crate::error::Result;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::{Html, Json};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(processing_register).service(print_processing_register);
}

/// Shows the register of processing.
///
/// Art. 30: purposes, flows, categories of data, recipients, retention and measures, made from what the program works by.
#[utoipa::path(tag = "rights", responses((status = 200, description = "The register.", body = Register)))]
#[get("/register")]
async fn processing_register(
    _staff: Allowed<ReadRegister>,
    store: Data<Store>,
    config: Data<Config>,
) -> Result<Json<Register>> {
    Ok(Json::ok(store.read(move |conn| register::register(conn, &config.node, &config.retention)).await?))
}

/// Prints the register of processing.
///
/// The same for paper, in Italian.
#[utoipa::path(tag = "rights",
    responses((status = 200, description = "The pages.", body = String, content_type = "text/html")))]
#[get("/register/sheet")]
async fn print_processing_register(
    _staff: Allowed<ReadRegister>,
    store: Data<Store>,
    config: Data<Config>,
) -> Result<Html> {
    print::register_page(&store.read(move |conn| register::register(conn, &config.node, &config.retention)).await?)
}
