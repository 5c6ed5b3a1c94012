//! `staffetta join`: this node asks a network's authority to be admitted.

use std::fs;
use std::path::Path;

use clap::Args;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::Standing;

use super::Opened;
use crate::config::{Config, is_below};
use crate::error::{Error, Result};
use crate::journal::Actor;

/// Join a network with the code of an invitation. May be repeated if the answer was lost.
#[derive(Debug, Args)]
pub(super) struct Join {
    /// Entity id of the network authority.
    authority: EntityId,
    /// The code of the invitation.
    #[arg(long)]
    code: String,
    /// Thumbprint of a key of the authority, as its people told it: another key is refused.
    #[arg(long, value_name = "THUMBPRINT")]
    pin: Option<String>,
    /// This node cannot be called from outside and fetches its messages itself. Its entity id must be AUTHORITY/nodes/NAME.
    #[arg(long)]
    mailbox: bool,
    /// Address of an office of the organisation; without it the first of the node's contacts.
    #[arg(long, value_name = "E-MAIL")]
    email: Option<String>,
}

impl Join {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let mut config = Config::load(file)?;
        match &config.network.authority {
            Some(other) if *other != self.authority => {
                return Err(Error::Setup(format!("this node belongs to the network of {other}")));
            }
            _ => config.network.authority = Some(self.authority.clone()),
        }
        config.node.mailbox |= self.mailbox;
        if config.node.mailbox && !is_below(&self.authority, &config.node.entity_id) {
            let name = &config.node.entity_id;
            let why = format!("{name} is no name for a node with a mailbox: it would be {}/nodes/NAME", self.authority);
            return Err(Error::Setup(why));
        }
        let email = self.email.as_ref().or(config.node.contacts.first()).cloned();
        let email = email.ok_or_else(|| Error::Setup("give an address of an office with --email".into()))?;
        let node = Opened::open(&config, config.node.clock())?;
        let anchor = node.peers.first_contact().await?;
        println!("The authority's keys; compare them with what its people tell you:");
        for jwk in anchor.jwks.keys.iter().filter(|jwk| jwk.exp.is_none() && jwk.revoked.is_none()) {
            println!("  {}", jwk.kid);
        }
        if let Some(pin) = &self.pin
            && !anchor.jwks.keys.iter().any(|jwk| jwk.kid.as_str() == pin && jwk.revoked.is_none())
        {
            return Err(Error::Setup("none of them is the one that you named: nothing was sent".into()));
        }
        let admission = node.peers.join(Actor::System, anchor, &self.code, &email).await?;
        node.store.close().await;
        settle_in(file, &self.authority, self.mailbox)?;
        match admission.state {
            Standing::Active => println!("admitted as {}", admission.slug),
            _ => {
                println!("{} as {}: a person at the authority decides", admission.state.as_str(), admission.slug);
                println!("The node asks by itself while it runs; it carries its trust mark within a minute.");
            }
        }
        println!("If the node is running, start it anew.");
        Ok(())
    }
}

/// Writes the authority into `[network]` and the mailbox into `[node]`, and leaves the rest of the file as it is.
fn settle_in(file: Option<&Path>, authority: &EntityId, mailbox: bool) -> Result<()> {
    let line = format!("authority = \"{authority}\"");
    let Some(path) = file else {
        println!("Set STAFFETTA__NETWORK__AUTHORITY={authority}");
        if mailbox {
            println!("Set STAFFETTA__NODE__MAILBOX=true");
        }
        return Ok(());
    };
    let describe = |cause: std::io::Error| Error::Setup(format!("{}: {cause}", path.display()));
    let text = fs::read_to_string(path).map_err(describe)?;
    let named = with_authority(&text, &line);
    let fetching = mailbox.then(|| with_mailbox(named.as_deref().unwrap_or(&text))).flatten();
    if let Some(new) = fetching.or(named) {
        // Written beside and moved, so that a crash leaves one or the other; the mode stays that of the file.
        let beside = path.with_extension("toml.new");
        fs::copy(path, &beside).map_err(describe)?;
        fs::write(&beside, new).and_then(|()| fs::rename(&beside, path)).map_err(describe)?;
    }
    Ok(())
}

/// The text with the line in `[network]`; `None` where an authority is named already.
pub(super) fn with_authority(text: &str, line: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text).ok()?;
    let network = table.get("network").and_then(toml::Value::as_table);
    if network.is_some_and(|network| network.contains_key("authority")) {
        return None;
    }
    Some(with_line(text, "[network]", line))
}

/// The text with a mailbox in `[node]`; `None` where it says so already. A word to the contrary gives way.
pub(super) fn with_mailbox(text: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text).ok()?;
    let said = table.get("node").and_then(|node| node.get("mailbox")).and_then(toml::Value::as_bool);
    match said {
        Some(true) => None,
        Some(false) => {
            let is_it = |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim() == "mailbox");
            let lines = text.lines().map(|line| if is_it(line) { "mailbox = true" } else { line });
            Some(lines.collect::<Vec<_>>().join("\n") + "\n")
        }
        None => Some(with_line(text, "[node]", "mailbox = true")),
    }
}

fn with_line(text: &str, section: &str, line: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let heading = lines.iter().position(|line| line.split('#').next().unwrap_or_default().trim() == section);
    match heading {
        Some(heading) => [&lines[..=heading], &[line], &lines[heading + 1..]].concat().join("\n") + "\n",
        None => format!("{}\n\n{section}\n{line}\n", text.trim_end()),
    }
}
