//! How staff call somebody whom this node knows from others.

use staffetta_protocol::card::Identity;

use crate::error::{Error, Result};
use crate::people::Label;

/// Her name as staff will call her, cut where it is too long for that.
pub(super) fn named(identity: &Identity) -> Result<Label> {
    let given = Some(identity.given_names.as_str());
    let names: Vec<&str> = given.into_iter().chain(identity.family_names.as_ref().map(|name| name.as_str())).collect();
    let whole: String = names.join(" ").chars().take(120).collect();
    Label::new(whole.trim()).map_err(|refusal| Error::internal(refusal.code()))
}
