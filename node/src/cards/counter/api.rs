//! The desk's API for the sheet that the person carries to the counter.

use actix_web::get;
use actix_web::web::Data;

use crate::access::Allowed;
use crate::access::acts::ReadCards;
use crate::config::Config;
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Html, Path};

pub(in crate::cards) fn api(routes: &mut Routes<'_>) {
    routes.service(print_counter_sheet);
}

/// Prints the sheet for the counter.
///
/// What the job centre's form asks, in its order, from the person's card; for her to carry. What is not known is an empty
/// line. It leaves with her, so it is no disclosure; that it was printed stands in her journal.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The sheet.", body = String, content_type = "text/html")))]
#[get("/people/{person}/counter-sheet")]
async fn print_counter_sheet(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Config>),
    Path(id): Path<PersonId>,
) -> Result<Html> {
    let (vault, config) = handles;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::print(tx, &vault, &sight, &config.node.organisation_name)
    };
    store.write(act).await
}
