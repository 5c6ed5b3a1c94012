//! What another node held of her card, laid onto the one that this node holds from now on.

use serde_json::{Map, Value};
use staffetta_protocol::card::{At, Card, CardGroups, read};

use super::model::parts::{self, Fields, SOURCES};
use super::model::{self, Held, Said};
use super::{may_have_one, rows, save};
use crate::access::Sight;
use crate::error::{Error, Result};
use crate::people;
use crate::store::Tx;
use crate::vault::Vault;

/// The groups in the order in which the fuller word about a field comes later.
const ORDER: [&str; 6] = ["preview", "identity", "status", "skills_full", "needs", "contact"];

/// Takes a card over: what came is the next version, and what it does not speak of stays. The source of each field is
/// whoever sent it. What was confirmed of a skill stays confirmed, as the former holder had it.
///
/// # Errors
/// `not_found`; `holder_changed`; `invalid_input` where what came and what is here do not go together, or she is under
/// sixteen: such a record is declined.
pub fn take_over(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, groups: &CardGroups, said: Said) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    rows::lock(tx, person.id)?;
    let before = rows::newest(tx.conn(), vault, person.id)?;
    let old = before.as_ref().map_or_else(Card::default, |held| held.card.clone());
    let mut all = parts::fields(&old)?;
    all.extend(spoken_of(groups)?);
    let card = model::with_sources(before.as_ref().map(|held| &held.card), parts::card_of(all)?, said)?;
    may_have_one(tx, &card, &At::Root)?;
    save(tx, vault, sight, &person, card, before.as_ref())
}

/// The members of a card that the groups tell in full. What a preview tells in its own, shorter form is passed over.
fn spoken_of(groups: &CardGroups) -> Result<Fields> {
    let Value::Object(mut groups) = serde_json::to_value(groups).map_err(Error::internal)? else {
        return Err(Error::internal("groups of a card are an object"));
    };
    let mut told = Map::new();
    for group in ORDER {
        let Some(Value::Object(members)) = groups.remove(group) else { continue };
        for (name, value) in members {
            let one = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
            if name != SOURCES && read::<Card>(&one.to_string()).is_ok() {
                told.insert(name, value);
            }
        }
    }
    Ok(told)
}
