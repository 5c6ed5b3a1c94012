//! One key per subject: seal, open, shred; and the blind index.
//!
//! What must hold:
//! - Personal text at rest is sealed with the key of its **subject** (AES-256-GCM): a local person, or a stranger known
//!   by (peer, `subject_ref`). The additional data are table, row, column and key id, so a sealed value moved to another
//!   place does not open.
//! - Subject keys stand in one table that nothing references, wrapped by a key derived from the node's master key.
//!   Destroying a subject's keys erases the subject, while hashes and counts elsewhere stay verifiable.
//! - The vault never calls the journal: the verb that calls the vault records the act in the same transaction.

mod collect;
pub mod keyring;
mod master;
mod merging;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use staffetta_protocol::id::{EntityId, SubjectRef};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::store::{Conn, Id, Tx, once};

pub use collect::{About, Collect, Collected, Sealed, Shelf, Whose, gather};
pub use master::MasterKey;
pub use merging::{Merge, Merging, adopt, head, joined, only_subjects, others_of};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "vault",
    tables: &["subject", "subject_key", "destroyed_key", "subject_joined"],
    merge: merging::join,
    collect: told,
};

const SHELVES: &[Shelf] = &[
    Shelf::new("subject", ("Chiavi: per chi sono", "Keys: whose they are"), About::Subject("id")),
    Shelf::new("subject_key", ("Chiavi in uso", "Keys in use"), About::Subject("subject")),
    Shelf::new("destroyed_key", ("Chiavi distrutte", "Destroyed keys"), About::Subject("subject")),
    Shelf::new("subject_joined", ("Schede unite", "Records put together"), About::Subject("subject")),
];

fn told(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}

/// First byte of everything sealed: AES-256-GCM, nonce in front, tag behind.
const FORMAT: u8 = 1;

/// Whose data a key seals. Random; says nothing about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(pub Uuid);

/// What time ends: its id, and about whom it is, for the rules of retention.
pub type Spent = (Uuid, Option<Subject>);

/// Rows of it, as they were found.
pub fn spent<S: Into<Option<Id>>>(found: Vec<(Id, S)>) -> Vec<Spent> {
    found.into_iter().map(|(id, subject)| (id.0, subject.into().map(|it| Subject(it.0)))).collect()
}

/// Where a sealed value stands. Bound into the seal.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Table name.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// Column name.
    pub column: &'static str,
}

/// What a room holds about people: named by each room beside its verbs, listed by the wiring, and compared with the
/// schema, so that no table with somebody's data is forgotten when it is asked for or must go.
#[derive(Debug, Clone, Copy)]
pub struct Holding {
    /// The room.
    pub room: &'static str,
    /// Its tables.
    pub tables: &'static [&'static str],
    /// What the room does when two records turn out to be of one person: what names the one names the other then.
    /// [`only_subjects`] for a room that names subjects and no person.
    pub merge: Merge,
    /// What the room gives of it to the person whom it is about.
    pub collect: Collect,
}

/// The node's vault. Clones share the master key.
#[derive(Clone)]
pub struct Vault {
    master: MasterKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault under this master key.
    pub fn new(master: MasterKey) -> Self {
        Self { master }
    }

    /// A new subject with a key of its own, for a person whose record this node holds.
    pub fn subject_for_person(&self, tx: &mut Tx<'_>) -> Result<Subject> {
        self.new_subject(tx, None)
    }

    /// The subject that (`peer`, `subject_ref`) names, made with a key of its own if it is new here.
    pub fn subject_for_ref(&self, tx: &mut Tx<'_>, peer: &EntityId, subject_ref: SubjectRef) -> Result<Subject> {
        match rows::by_ref(tx.conn(), peer, subject_ref)? {
            // Erased once, and named again: what comes now has a key of its own, and what was stays unreadable.
            Some(subject) if Self::is_shredded(tx.conn(), subject)? => self.new_key(tx, subject),
            Some(subject) => Ok(subject),
            None => self.new_subject(tx, Some((peer, subject_ref))),
        }
    }

    /// The subject that (`peer`, `subject_ref`) names, if it is known here.
    pub fn find_ref(conn: &mut Conn, peer: &EntityId, subject_ref: SubjectRef) -> Result<Option<Subject>> {
        rows::by_ref(conn, peer, subject_ref)
    }

    fn new_subject(&self, tx: &mut Tx<'_>, of: Option<(&EntityId, SubjectRef)>) -> Result<Subject> {
        let subject = Subject(Uuid::new_v4());
        rows::insert(tx, subject, of)?;
        self.new_key(tx, subject)
    }

    fn new_key(&self, tx: &mut Tx<'_>, subject: Subject) -> Result<Subject> {
        let id = Uuid::new_v4();
        let mut key = Zeroizing::new([0; 32]);
        fill(key.as_mut())?;
        let wrapped = seal_with(self.master.wrapping_key()?, id.as_bytes(), key.as_ref())?;
        rows::insert_key(tx, subject, id, wrapped)?;
        Ok(subject)
    }

    /// Whether she was erased: her keys were destroyed, and nothing can be sealed for her any more.
    pub fn is_shredded(conn: &mut Conn, subject: Subject) -> Result<bool> {
        Ok(rows::was_destroyed(conn, subject)? && !rows::has_key(conn, subject)?)
    }

    /// Seals `plain` for `subject`, to stand at `place` and nowhere else.
    pub fn seal(&self, conn: &mut Conn, subject: Subject, place: Place, plain: &[u8]) -> Result<Vec<u8>> {
        self.newest_key(conn, subject)?.seal(place, plain)
    }

    /// Seals many values of one subject, with one look for her key; in the order in which they are given.
    pub fn seal_all(
        &self,
        conn: &mut Conn,
        subject: Subject,
        values: &[(Place, impl AsRef<[u8]>)],
    ) -> Result<Vec<Vec<u8>>> {
        let key = self.newest_key(conn, subject)?;
        values.iter().map(|(place, plain)| key.seal(*place, plain.as_ref())).collect()
    }

    /// Opens what stands at `place`. `None` when the subject's key has been destroyed: there is nothing to see.
    pub fn open(&self, conn: &mut Conn, place: Place, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let sealed = Envelope::read(sealed)?;
        let Some(wrapped) = rows::wrapped(conn, sealed.key)? else { return Ok(None) };
        sealed.open(&self.unwrap(sealed.key, &wrapped)?, place).map(Some)
    }

    /// Opens many at once, with one look for all their keys: a list of people has a key for each of them. In the order
    /// in which they are given; `None` as [`Self::open`] says it.
    pub fn open_all(
        &self,
        conn: &mut Conn,
        values: &[(Place, impl AsRef<[u8]>)],
    ) -> Result<Vec<Option<Zeroizing<Vec<u8>>>>> {
        let read = values.iter().map(|(place, sealed)| Ok((*place, Envelope::read(sealed.as_ref())?)));
        let values: Vec<(Place, Envelope<'_>)> = read.collect::<Result<_>>()?;
        let named: BTreeSet<Uuid> = values.iter().map(|(_, sealed)| sealed.key).collect();
        let mut keys = HashMap::with_capacity(named.len());
        for (id, wrapped) in rows::all_wrapped(conn, named)? {
            keys.insert(id, self.unwrap(id, &wrapped)?);
        }
        let open = |(place, sealed): (Place, Envelope<'_>)| {
            keys.get(&sealed.key).map(|key| sealed.open(key, place)).transpose()
        };
        values.into_iter().map(open).collect()
    }

    /// Destroys every key of the person whose subject this is, also of the records that went into hers. What was sealed
    /// for them stays as unreadable bytes. Answers that are kept to be given again go with it, whoever they are about:
    /// they are sealed for nobody in particular.
    pub fn shred(&self, tx: &mut Tx<'_>, subject: Subject) -> Result<()> {
        once::forget_answers(tx)?;
        joined(tx.conn(), subject)?.into_iter().try_for_each(|subject| rows::destroy(tx, subject))
    }

    /// Seals a secret of the node itself (a private key) under the master key. `label` is bound into the seal.
    pub fn wrap(&self, label: &str, secret: &[u8]) -> Result<Vec<u8>> {
        seal_with(self.master.wrapping_key()?, label.as_bytes(), secret)
    }

    /// Opens what [`Self::wrap`] sealed.
    pub fn unwrap_secret(&self, label: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let body = sealed.strip_prefix(&[FORMAT]).unwrap_or_default();
        open_with(self.master.wrapping_key()?, label.as_bytes(), body)
            .ok_or_else(|| Error::internal("a node secret does not open: is this the right master key?"))
    }

    /// HMAC of a folded value under a key of its own per column: equal values match, nothing can be read back.
    /// Cut to 24 bits, so that a match is a candidate to be unsealed and compared, never an answer.
    pub fn blind(&self, column: &'static str, folded: &str) -> i32 {
        let tag = hmac::sign(&self.master.index_key(column), folded.as_bytes());
        let bytes = tag.as_ref();
        i32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]])
    }

    /// HMAC of `text` under a key of its own per column, whole: for what is only ever compared, such as a code that is
    /// too short to stand a plain hash.
    pub fn digest(&self, column: &'static str, text: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.master.index_key(column), text);
        tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
    }

    /// A pseudonym of `of` towards `towards`: stable, different for each recipient, and irreversible.
    pub fn pseudonym(&self, of: Uuid, towards: &impl std::fmt::Display) -> String {
        use base64::Engine as _;
        let mut context = hmac::Context::with_key(&self.master.index_key("pseudonym"));
        context.update(of.as_bytes());
        context.update(towards.to_string().as_bytes());
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&context.sign().as_ref()[..16])
    }

    fn newest_key(&self, conn: &mut Conn, subject: Subject) -> Result<SubjectKey> {
        let (id, wrapped) = rows::newest(conn, subject)?
            .ok_or_else(|| Error::internal("the subject has no key: it was erased, or never made"))?;
        Ok(SubjectKey { id, key: self.unwrap(id, &wrapped)? })
    }

    fn unwrap(&self, id: Uuid, wrapped: &[u8]) -> Result<LessSafeKey> {
        let wrong = || Error::internal("a subject key does not unwrap: is this the right master key?");
        let body = wrapped.strip_prefix(&[FORMAT]).ok_or_else(wrong)?;
        let key = open_with(self.master.wrapping_key()?, id.as_bytes(), body).ok_or_else(wrong)?;
        aead_key(&key)
    }
}

impl Place {
    fn binding(&self, key: Uuid) -> Vec<u8> {
        format!("{}|{}|{}|{}", self.table, self.row, self.column, key).into_bytes()
    }
}

/// A key of a subject, unwrapped.
struct SubjectKey {
    id: Uuid,
    key: LessSafeKey,
}

impl SubjectKey {
    fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = seal_with(&self.key, &place.binding(self.id), plain)?;
        sealed.splice(1..1, self.id.into_bytes());
        Ok(sealed)
    }
}

/// A sealed value with the name of its key read: format byte, key id, nonce, ciphertext, tag.
struct Envelope<'v> {
    key: Uuid,
    body: &'v [u8],
}

impl<'v> Envelope<'v> {
    fn read(sealed: &'v [u8]) -> Result<Self> {
        let (head, body) = sealed.split_at_checked(17).ok_or_else(damaged)?;
        let [FORMAT, key @ ..] = head else { return Err(damaged()) };
        Ok(Self { key: Uuid::from_slice(key).map_err(|_| damaged())?, body })
    }

    fn open(&self, key: &LessSafeKey, place: Place) -> Result<Zeroizing<Vec<u8>>> {
        open_with(key, &place.binding(self.key), self.body).ok_or_else(damaged)
    }
}

fn damaged() -> Error {
    Error::internal("a sealed value is damaged or stands in another place")
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Error::internal("the system gives no random bytes"))
}

fn aead_key(bytes: &[u8]) -> Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| Error::internal("not an AES-256 key"))
}

/// Format byte, nonce, ciphertext, tag. A random 96-bit nonce per value: a key seals far fewer than 2^32 values.
fn seal_with(key: &LessSafeKey, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    fill(&mut nonce)?;
    let mut out = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    out.push(FORMAT);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(binding), &mut out[1 + NONCE_LEN..])
        .map_err(|_| Error::internal("sealing failed"))?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

fn open_with(key: &LessSafeKey, binding: &[u8], body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = body.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let plain = key.open_in_place(nonce, Aad::from(binding), bytes.as_mut_slice()).ok()?.len();
    bytes.truncate(plain);
    Some(bytes)
}
