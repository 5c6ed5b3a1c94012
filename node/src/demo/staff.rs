//! Accounts of the partners' staff, and a token for each.

use super::cast::{Colleague, PARTNERS};
use super::folder::{Folder, Tokens};
use super::network::Network;
use crate::access::{self, Label, Username};
use crate::app::Node;
use crate::error::{Error, Result};
use crate::journal::Actor;

/// How the tokens of the demo are called at the desk.
const TOKEN: &str = "Dimostrazione";

/// The tokens of every partner's staff, in the order of [`PARTNERS`].
pub(super) type Accounts = Vec<Tokens>;

/// Takes the staff on where it is not there yet, and issues new tokens: those of an earlier start end, since nobody
/// knows where they were pasted.
pub(super) async fn provide(folder: &Folder, network: &Network) -> Result<Accounts> {
    let mut accounts = Accounts::new();
    for (place, partner) in folder.nodes().zip(0..PARTNERS.len()) {
        let mut tokens = Tokens::new();
        for colleague in place.partner.staff {
            tokens.insert(colleague.username.to_owned(), issue(network.node(partner), *colleague).await?);
        }
        place.keep_tokens(&tokens)?;
        accounts.push(tokens);
    }
    Ok(accounts)
}

async fn issue(node: &Node, colleague: Colleague) -> Result<String> {
    let wrong = |refusal: staffetta_protocol::card::Refusal| Error::internal(refusal.code());
    let username: Username = colleague.username.parse().map_err(wrong)?;
    let label = Label::new(colleague.label).map_err(wrong)?;
    let token_label = Label::new(TOKEN).map_err(wrong)?;
    let issued = node.store().write(move |tx| {
        let known = access::find_staff(tx.conn(), username.as_str())?;
        let staff = match known {
            Some(account) => account.id,
            None => access::add_staff(tx, Actor::System, &username, &label, colleague.role)?,
        };
        for old in access::tokens_of(tx.conn(), staff)? {
            if old.label == TOKEN {
                access::revoke_token(tx, Actor::System, staff, old.id)?;
            }
        }
        access::issue_token(tx, Actor::System, staff, &token_label, None)
    });
    Ok(issued.await?.token.expose().to_owned())
}
