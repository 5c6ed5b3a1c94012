//! Where to go from here: addresses, documentation, tokens, and what to do about the browser's warning.

use super::cast::{PARTNERS, role_in_italian};
use super::folder::Folder;
use super::network::Network;
use super::staff::Accounts;
use super::telling::{chapter, say};

/// Prints everything that somebody needs to look around.
pub(super) fn put_up(folder: &Folder, network: &Network, accounts: &Accounts) {
    chapter("I nodi");
    for (index, (place, tokens)) in folder.nodes().zip(accounts).enumerate() {
        let address = network.node(index).entity_id();
        let partner = place.partner;
        say(format!("\n{} ({})", partner.organisation, partner.what));
        say(format!("  indirizzo        {address}"));
        say(format!("  pagine dell'API  {address}/docs/"));
        say(format!("  per i comandi    staffetta --config {}", place.settings().display()));
        for colleague in partner.staff {
            let token = tokens.get(colleague.username).map_or("", String::as_str);
            say(format!("  accesso          {}, {}: {token}", colleague.username, role_in_italian(colleague.role)));
        }
    }
    let certificate = folder.authority_certificate();
    let shown = certificate.display();
    chapter("Per guardarsi intorno");
    say("Apri le pagine dell'API di un nodo, premi «Authorize» e incolla un codice di accesso (comincia con stf_).");
    say(format!(
        "Il browser avverte che non conosce il certificato: o prosegui lo stesso («Avanzate», poi «Procedi» o\n\
         «Accetta il rischio»), o importa {shown} fra le autorità di certificazione del browser.\n\
         Quell'autorità vale solo per localhost; toglila quando hai finito. Con curl: curl --cacert {shown} …"
    ));
    say(format!("Registro dei quattro nodi: {}", folder.log().display()));
    debug_assert_eq!(accounts.len(), PARTNERS.len());
    say("Ctrl-C ferma la rete; un nuovo avvio la ritrova com'era.");
}
