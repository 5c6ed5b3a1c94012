//! Whether the node is up, for whoever asks.

use actix_web::get;
use actix_web::web::{self, ServiceConfig as PlainConfig};
use serde::Serialize;
use utoipa::ToSchema;

use super::Json;
use super::document::BASE;
use crate::routes::Routes;

/// The node answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeStatus {
    /// `ok`.
    status: NodeUp,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NodeUp {
    Ok,
}

/// Below a document's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(status);
}

/// Tells whether the node is up.
///
/// Public. It says that the node answers requests, and nothing about it or its data.
#[utoipa::path(tag = "status", security(()), responses((status = 200, description = "The node is up.", body = NodeStatus)))]
#[get("/status")]
async fn status() -> Json<NodeStatus> {
    Json::ok(NodeStatus { status: NodeUp::Ok })
}

/// Below the node's own base too, where no document has its paths.
pub(super) fn bare(cfg: &mut PlainConfig) {
    cfg.route(&format!("{BASE}/status"), web::get().to(async || Json::ok(NodeStatus { status: NodeUp::Ok })));
}
