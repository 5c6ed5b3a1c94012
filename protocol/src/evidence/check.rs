//! The judge. Each thing is judged by itself and as of its own time, so one false thing hides no other.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::finding::Finding;
use super::history;
use super::keys::{Found, Keys};
use super::stolen;
use super::{Evidence, FORMAT, Said, SealedLog, UsedChain};
use crate::digest::Digest;
use crate::id::{EntityId, Kid};
use crate::jose::{self, Jwks};
use crate::log::{Checkpoint, Entry, verify_inclusion};
use crate::message::{self, OpenError};
use crate::receipt::{Outcome, Receipt};
use crate::trust::{Anchor, Chain, resolve_anchor, resolve_chain};

/// Judges everything in the file. `known` are thumbprints of the authority's keys from elsewhere; without them, who is
/// who rests on the keys that stand in the file, and the findings say so.
pub fn check(file: &Evidence, known: &[Kid]) -> Vec<Finding> {
    let mut judge = Judge::default();
    if file.format != FORMAT {
        judge.found.push(Finding::wrong(
            "authority",
            format!("Il file non è del formato {FORMAT}."),
            format!("The file is not of the format {FORMAT}."),
        ));
        return judge.found;
    }
    let anchor = judge.authority(&file.authority, known);
    for chain in &file.chains {
        judge.chain(chain, &anchor);
    }
    for receipt in &file.receipts {
        judge.receipt(receipt);
    }
    for message in &file.messages {
        judge.message(message);
    }
    for log in &file.logs {
        judge.log(log, &file.node);
    }
    judge.given_away(&file.node);
    let against_itself = history::contradictions(&judge.tops, &judge.signed);
    judge.found.extend(against_itself);
    judge.found
}

/// Seconds as an instant; a time that does not exist is the beginning of all, when nothing counted.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// A day as people write it.
pub(super) fn day(seconds: i64) -> String {
    at(seconds).format("%d/%m/%Y %H:%M UTC").to_string()
}

#[derive(Default)]
struct Judge {
    found: Vec<Finding>,
    /// The keys of each node, by each chain that holds.
    keys: Keys,
    /// Receipts that hold, under keys that nobody stole.
    receipts: Vec<Receipt>,
    /// Checkpoints that the logs of the file were shown to go on from.
    shown: BTreeSet<String>,
    /// The checkpoints by which the logs of the file are judged.
    tops: Vec<Checkpoint>,
    /// Every checkpoint of the file that somebody has signed, under keys that nobody stole.
    signed: Vec<Checkpoint>,
}

/// The moment that something signed says of itself.
#[derive(serde::Deserialize)]
struct Moment {
    iat: i64,
}

fn moment(jws: &str) -> Option<i64> {
    jose::peek::<Moment>(jws).ok().map(|moment| moment.iat)
}

impl Judge {
    /// The keys that count of those in the file.
    fn authority(&mut self, authority: &Anchor, known: &[Kid]) -> Anchor {
        let names: Vec<&str> = authority.jwks.keys.iter().map(|jwk| jwk.kid.as_str()).collect();
        let (id, names) = (&authority.entity_id, names.join(", "));
        if known.is_empty() {
            self.found.push(Finding::open(
                "authority",
                format!("Che le chiavi {names} siano dell'autorità {id} lo dice solo questo file: confrontale con quelle che l'autorità pubblica."),
                format!("That the keys {names} are those of the authority {id} only this file says: compare them with those that the authority publishes."),
            ));
            return authority.clone();
        }
        let keys: Vec<_> = authority.jwks.keys.iter().filter(|jwk| known.contains(&jwk.kid)).cloned().collect();
        self.found.push(if keys.is_empty() {
            Finding::wrong(
                "authority",
                format!("Le chiavi dell'autorità nel file ({names}) non sono quelle indicate."),
                format!("The authority's keys in the file ({names}) are not the ones that were named."),
            )
        } else {
            Finding::proven(
                "authority",
                format!("Le chiavi dell'autorità {id} sono quelle indicate."),
                format!("The keys of the authority {id} are the ones that were named."),
            )
        });
        Anchor { entity_id: authority.entity_id.clone(), jwks: Jwks { keys } }
    }

    fn chain(&mut self, used: &UsedChain, anchor: &Anchor) {
        let resolved = match used.documents.as_slice() {
            [leaf, statement, top] => resolve_chain(leaf, statement, top, anchor, used.used_at),
            [top] => resolve_anchor(top, anchor, used.used_at),
            _ => {
                self.found.push(Finding::wrong(
                    "chain",
                    "Una catena di documenti non è completa.".into(),
                    "A chain of documents is not complete.".into(),
                ));
                return;
            }
        };
        let when = day(used.used_at.timestamp());
        match resolved {
            Ok(Chain { entity_id, organisation_name, protocol_keys, configured_at, .. }) => {
                self.found.push(Finding::proven(
                    "chain",
                    format!("Il {when} l'autorità garantiva che {entity_id} è di «{organisation_name}»."),
                    format!("On {when} the authority vouched that {entity_id} is run by “{organisation_name}”."),
                ));
                self.keys.add(entity_id, &protocol_keys, configured_at);
            }
            Err(why) => self.found.push(Finding::wrong(
                "chain",
                format!("Una catena di documenti non regge ({why})."),
                format!("A chain of documents does not hold ({why})."),
            )),
        }
    }

    fn receipt(&mut self, jws: &str) {
        let bad = |why: &str| {
            Finding::wrong(
                "receipt",
                format!("Una ricevuta non regge ({why})."),
                format!("A receipt does not hold ({why})."),
            )
        };
        let Ok(claims) = jose::peek::<Receipt>(jws) else { return self.found.push(bad("form")) };
        let Some(Found { keys, revoked_at }) = self.keys.find(&claims.iss, jws) else {
            let (from, when) = (&claims.iss, day(claims.iat));
            self.found.push(Finding::open(
                "receipt",
                format!("Una ricevuta che si dice di {from} del {when}: nessuna catena nel file ne mostra la chiave."),
                format!("A receipt that claims to be of {from} of {when}: no chain in the file shows its key."),
            ));
            return;
        };
        match (Receipt::open(jws, keys, &claims.aud, &claims.iss, at(claims.iat)), revoked_at) {
            (Ok(receipt), Some(revoked)) => self.found.push(stolen::receipt(&receipt, revoked)),
            (Ok(receipt), None) => {
                let (by, to, when) = (&receipt.iss, &receipt.aud, day(receipt.iat));
                self.found.push(Finding::proven(
                    "receipt",
                    format!("Il {when} {by} ha firmato per {to} una ricevuta di {} messaggi.", receipt.items.len()),
                    format!("On {when} {by} signed a receipt of {} messages for {to}.", receipt.items.len()),
                ));
                self.receipts.push(receipt);
            }
            (Err(why), _) => self.found.push(bad(&why.to_string())),
        }
    }

    fn message(&mut self, said: &Said) {
        let Said { to, id, kind, digest, .. } = said;
        let named = format!("{kind} {id}");
        match &said.message {
            None => self.found.push(Finding::open(
                "message",
                format!(
                    "Il contenuto del messaggio {id} è stato cancellato: ne resta l'impronta {digest}. Che fosse un {kind} lo dice solo il file."
                ),
                format!(
                    "What the message {id} said was erased: its digest {digest} remains. That it was a {kind} only the file says."
                ),
            )),
            Some(jws) if Digest::of(jws) != *digest => {
                self.found.push(Finding::wrong(
                    "message",
                    format!("Il messaggio {named} non ha l'impronta indicata: è stato alterato."),
                    format!("The message {named} does not have the digest that is named: it was altered."),
                ));
            }
            Some(jws) => self.content(said, jws, &named),
        }
        // Of what was erased the receipt vouches for the id and for nothing else that stands beside it.
        let named = if said.message.is_some() { named } else { id.to_string() };
        let arrived = self.arrived(said);
        if arrived.is_empty() {
            self.found.push(Finding::open(
                "message",
                format!("Che {to} abbia ricevuto il messaggio {named}: nel file nessuna ricevuta valida lo dice."),
                format!("That {to} received the message {named}: no valid receipt in the file says so."),
            ));
        }
        for (same, outcome, when) in arrived {
            let when = day(when);
            self.found.push(match outcome {
                _ if !same => Finding::wrong(
                    "message",
                    format!("La ricevuta di {to} del {when} dà all'impronta {digest} un altro numero che {id}."),
                    format!("The receipt of {to} of {when} gives the digest {digest} another id than {id}."),
                ),
                Outcome::Accepted => Finding::proven(
                    "message",
                    format!("Il {when} {to} ha dichiarato di aver accettato il messaggio {named}."),
                    format!("On {when} {to} declared that it had accepted the message {named}."),
                ),
                outcome => {
                    let (it, en) = match outcome {
                        Outcome::Refused => ("rifiutato", "refused"),
                        _ => ("annullato", "voided"),
                    };
                    Finding::proven(
                        "message",
                        format!("Il {when} {to} ha dichiarato il messaggio {named} {it}."),
                        format!("On {when} {to} declared the message {named} {en}."),
                    )
                }
            });
        }
    }

    /// What receipts say of a message: whether of this id, what, and when first. Before all what is wrong, then that it was
    /// accepted: it was, whatever its recipient says later, as one that was restored from a copy does.
    fn arrived(&self, said: &Said) -> Vec<(bool, Outcome, i64)> {
        let Said { from, to, id, digest, .. } = said;
        let of_it = self.receipts.iter().filter(|receipt| receipt.iss == *to && receipt.aud == *from);
        let mut arrived: Vec<_> = of_it
            .filter_map(|receipt| {
                let item = receipt.items.iter().find(|item| item.digest == *digest)?;
                Some((item.id.is_none_or(|receipted| receipted == *id), item.outcome, receipt.iat))
            })
            .collect();
        arrived.sort_by_key(|(same, outcome, when)| (*same, *outcome != Outcome::Accepted, *when));
        arrived.dedup_by_key(|(same, outcome, _)| (*same, *outcome));
        arrived
    }

    /// Whose a message is that stands in the file as it was signed.
    fn content(&mut self, said: &Said, jws: &str, named: &str) {
        let Said { from, to, .. } = said;
        let wrong = |why: &str| {
            Finding::wrong(
                "message",
                format!("Il messaggio {named} non regge ({why})."),
                format!("The message {named} does not hold ({why})."),
            )
        };
        let Some(signed_at) = moment(jws) else { return self.found.push(wrong("form")) };
        let unknown = || {
            Finding::open(
                "message",
                format!("Che il messaggio {named} sia di {from}: nessuna catena nel file ne mostra la chiave."),
                format!("That the message {named} is of {from}: no chain in the file shows its key."),
            )
        };
        let Some(Found { keys, revoked_at }) = self.keys.find(from, jws) else { return self.found.push(unknown()) };
        self.found.push(match message::open(jws, keys, from, to, at(signed_at)) {
            Ok(message) if message.id != said.id || message.body.type_name() != said.kind => wrong("id, type"),
            Ok(_) => match revoked_at {
                Some(revoked) => stolen::message(said, named, (signed_at, revoked), &self.receipts),
                None => Finding::proven(
                    "message",
                    format!("Il {} {from} ha firmato il messaggio {named} per {to}.", day(signed_at)),
                    format!("On {} {from} signed the message {named} to {to}.", day(signed_at)),
                ),
            },
            Err(OpenError::UnknownKey) => unknown(),
            Err(why) => wrong(&why.to_string()),
        });
    }

    /// What it says, and whether a key signed it that was revoked since.
    fn checkpoint(&self, jws: &str, node: &EntityId) -> Result<(Checkpoint, bool), Finding> {
        let Some(Found { keys, revoked_at }) = self.keys.find(node, jws) else {
            return Err(Finding::open(
                "history",
                format!("Un sigillo del registro che si dice di {node}: nessuna catena nel file ne mostra la chiave."),
                format!("A checkpoint that claims to be of {node}: no chain in the file shows its key."),
            ));
        };
        let opened = Checkpoint::open(jws, keys, node, at(moment(jws).unwrap_or_default()));
        opened.map(|checkpoint| (checkpoint, revoked_at.is_some())).map_err(|why| {
            Finding::wrong(
                "history",
                format!("Un sigillo del registro di {node} non regge ({why})."),
                format!("A checkpoint of the journal of {node} does not hold ({why})."),
            )
        })
    }

    fn log(&mut self, log: &SealedLog, node: &EntityId) {
        let top = match self.checkpoint(&log.checkpoint, node) {
            Ok((top, false)) => top,
            Ok((_, true)) => return self.found.push(stolen::checkpoint(node)),
            Err(finding) => return self.found.push(finding),
        };
        let when = day(top.iat);
        self.tops.push(top.clone());
        self.signed.push(top.clone());
        for sealed in &log.entries {
            let held = Entry::read(&sealed.entry).ok().filter(|_| {
                verify_inclusion(sealed.entry.as_bytes(), sealed.index, top.size, &top.root, &sealed.proof).is_ok()
            });
            let index = sealed.index;
            self.found.push(match held {
                Some(entry) => {
                    let (then, act) = (&entry.at, &entry.act);
                    Finding::proven(
                        "entry",
                        format!("La voce {index} ({act}, datata {then}) era nel registro di {node} sigillato il {when}."),
                        format!("Entry {index} ({act}, dated {then}) was in the journal of {node} that was sealed on {when}."),
                    )
                }
                None => Finding::wrong(
                    "entry",
                    format!("La voce {index} non è quella del registro sigillato di {node}."),
                    format!("Entry {index} is not that of the sealed journal of {node}."),
                ),
            });
        }
        for earlier in &log.earlier {
            let (before, revoked) = match self.checkpoint(&earlier.checkpoint, node) {
                Ok(before) => before,
                Err(finding) => {
                    self.found.push(finding);
                    continue;
                }
            };
            if !revoked {
                self.signed.push(before.clone());
            }
            let (size, given) = (before.size, day(before.iat));
            self.found.push(match before.is_continued_by(&top, &earlier.proof) {
                Ok(()) => {
                    self.shown.insert(earlier.checkpoint.clone());
                    Finding::proven(
                        "history",
                        format!("Il registro di {node}, che il {given} aveva {size} voci, da allora è solo cresciuto."),
                        format!("The journal of {node}, which had {size} entries on {given}, only grew since."),
                    )
                }
                // The log's own good signature is over what it goes on from; what it does not go on from may be a thief's.
                Err(_) if revoked => stolen::checkpoint(node),
                Err(_) => Finding::wrong(
                    "history",
                    format!("Il registro di {node} non continua quello del {given} ({size} voci), o la prova è alterata."),
                    format!("The journal of {node} does not go on from that of {given} ({size} entries), or the proof was altered."),
                ),
            });
        }
    }

    /// Checkpoints that went out with receipts of the node, and of which nothing in the file shows that they still hold.
    /// Every checkpoint that a receipt carries, of whomever, is something that was said of a journal.
    fn given_away(&mut self, node: &EntityId) {
        let carried = self.receipts.iter().filter_map(|receipt| Some((&receipt.iss, receipt.checkpoint.as_ref()?)));
        let said = carried.filter_map(|(by, jws)| self.checkpoint(jws, by).ok());
        let said: Vec<Checkpoint> = said.filter(|(_, revoked)| !revoked).map(|(it, _)| it).collect();
        self.signed.extend(said);
        let given = self.receipts.iter().filter(|receipt| receipt.iss == *node);
        let missing: BTreeSet<&String> =
            given.filter_map(|receipt| receipt.checkpoint.as_ref()).filter(|jws| !self.shown.contains(*jws)).collect();
        if !missing.is_empty() {
            let n = missing.len();
            self.found.push(Finding::open(
                "history",
                format!("Di {n} sigilli dati con le ricevute il file non mostra che il registro di {node} li continua."),
                format!("Of {n} checkpoints given away with receipts the file does not show that the journal of {node} goes on from them."),
            ));
        }
    }
}
