use base64::Engine as _;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::*;
use crate::id::{Kid, LogId, MessageId};
use crate::jose::{self, Revoked, SigningKey};
use crate::log::{self as tree, Checkpoint, Entry, Node};
use crate::receipt::{Outcome, Receipt};
use crate::trust::EntityConfiguration;

const CENTRE_CHAIN: &str = include_str!("../../examples/trust/centre-chain.json");
const CPI_CHAIN: &str = include_str!("../../examples/trust/cpi-chain.json");
const AUTHORITY: &str = include_str!("../../examples/trust/authority-configuration.json");
const MESSAGE: &str = include_str!("../../examples/messages/01-card.preview.jws");
const RECEIPT: &str = include_str!("../../examples/exchange/first-receipt.jws");
const CENTRE_FEDERATION: &str = include_str!("../../examples/keys/centre-federation.pem");
const CPI_FEDERATION: &str = include_str!("../../examples/keys/cpi-federation.pem");
const CPI_KEY: &str = include_str!("../../examples/keys/cpi-protocol.pem");

fn id(text: &str) -> EntityId {
    text.parse().unwrap()
}

fn cpi() -> EntityId {
    id("https://nodo.cpi-prato.example")
}

fn key() -> SigningKey {
    read_key(CPI_KEY)
}

fn read_key(pem: &str) -> SigningKey {
    let inside: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    SigningKey::from_pkcs8(&base64::engine::general_purpose::STANDARD.decode(inside).unwrap()).unwrap()
}

fn chain(text: &str) -> UsedChain {
    let chain: Value = serde_json::from_str(text).unwrap();
    let documents = serde_json::from_value(chain["trust_chain"].clone()).unwrap();
    UsedChain { used_at: used_at(), documents }
}

fn used_at() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// Five entries, and the tree over the first so many.
fn leaves() -> Vec<String> {
    let entry = |n: u128| Entry {
        act: "referral.received".into(),
        actor: None,
        actor_kind: "system".into(),
        at: "2026-11-23T09:00:01.000000Z".into(),
        code: None,
        ground: None,
        id: uuid::Uuid::from_u128(n),
        object: None,
        peer: None,
        subject: None,
    };
    (0..5).map(|n| entry(n).canonical()).collect()
}

fn fetch(leaves: &[String]) -> impl FnMut(Node) -> Result<Digest, std::convert::Infallible> {
    fn naive(leaves: &[String]) -> Digest {
        match leaves {
            [one] => tree::leaf_hash(one),
            more => tree::parent(&naive(&more[..more.len() / 2]), &naive(&more[more.len() / 2..])),
        }
    }
    |node| {
        let first = (node.number << node.level) as usize;
        Ok(naive(&leaves[first..first + (1 << node.level)]))
    }
}

fn checkpoint(leaves: &[String]) -> String {
    dated(leaves, leaves.len() as i64)
}

/// What was signed of these leaves so many seconds after the hour.
fn dated(leaves: &[String], seconds: i64) -> String {
    let Ok(root) = tree::root(leaves.len() as u64, fetch(leaves));
    let claims = Checkpoint {
        iss: cpi(),
        log: LogId(uuid::Uuid::from_u128(77)),
        size: leaves.len() as u64,
        root,
        iat: used_at().timestamp() + seconds,
    };
    claims.sign(&key()).unwrap()
}

/// What the job centre puts together of the first message that it took. Its receipt is signed here, with a checkpoint.
fn file() -> Evidence {
    let authority: Value = serde_json::from_str(AUTHORITY).unwrap();
    let jwks = serde_json::from_value(authority["payload"]["jwks"].clone()).unwrap();
    let message = MESSAGE.trim().to_owned();
    let claims: Value = jose::peek(&message).unwrap();
    let of_then: Receipt = jose::peek(RECEIPT.trim()).unwrap();
    let leaves = leaves();
    let given = checkpoint(&leaves[..3]);
    let receipt = Receipt { checkpoint: Some(given.clone()), ..of_then }.sign(&key()).unwrap();
    let Ok(proof) = tree::inclusion_proof(1, 5, fetch(&leaves));
    let Ok(continued) = tree::consistency_proof(3, 5, fetch(&leaves));
    Evidence {
        format: FORMAT.into(),
        made_at: used_at(),
        node: cpi(),
        matter: "one referral".into(),
        authority: Anchor { entity_id: id(authority["payload"]["sub"].as_str().unwrap()), jwks },
        chains: vec![chain(CENTRE_CHAIN), chain(CPI_CHAIN)],
        messages: vec![Said {
            from: id(claims["iss"].as_str().unwrap()),
            to: cpi(),
            id: claims["jti"].as_str().unwrap().parse().unwrap(),
            kind: claims["type"].as_str().unwrap().into(),
            digest: Digest::of(&message),
            message: Some(message),
        }],
        receipts: vec![receipt],
        logs: vec![SealedLog {
            checkpoint: checkpoint(&leaves),
            entries: vec![SealedEntry { index: 1, entry: leaves[1].clone(), proof }],
            earlier: vec![Earlier { checkpoint: given, proof: continued }],
        }],
    }
}

fn known(file: &Evidence) -> Vec<Kid> {
    file.authority.jwks.keys.iter().map(|jwk| jwk.kid.clone()).collect()
}

/// What is not proven: the verdict, and about what.
fn rest(file: &Evidence) -> Vec<(Verdict, &'static str)> {
    let found = check(file, &known(file));
    found.into_iter().filter(|it| it.verdict != Verdict::Proven).map(|it| (it.verdict, it.about)).collect()
}

#[test]
fn everything_in_an_honest_file_is_proven() {
    let file = file();
    let found = check(&file, &known(&file));
    assert!(found.iter().all(|it| it.verdict == Verdict::Proven), "{found:#?}");
    let about: std::collections::BTreeSet<&str> = found.iter().map(|it| it.about).collect();
    assert_eq!(about.into_iter().collect::<Vec<_>>(), ["authority", "chain", "entry", "history", "message", "receipt"]);
    let text = serde_json::to_vec(&file).unwrap();
    assert_eq!(Evidence::read(&text).unwrap(), file);
}

#[test]
fn who_the_authority_is_the_file_alone_does_not_prove() {
    let file = file();
    let found = check(&file, &[]);
    let open: Vec<_> = found.iter().filter(|it| it.verdict == Verdict::Open).map(|it| it.about).collect();
    assert_eq!(open, ["authority"]);
    let other = SigningKey::generate().unwrap().0;
    let found = check(&file, &[other.kid().clone()]);
    assert!(found.iter().any(|it| (it.verdict, it.about) == (Verdict::Wrong, "authority")));
    assert!(!found.iter().any(|it| (it.verdict, it.about) == (Verdict::Proven, "message")));
}

#[test]
fn what_was_accepted_once_was_accepted_whatever_is_said_of_it_later() {
    let file = file();
    let first: Receipt = jose::peek(&file.receipts[0]).unwrap();
    let mut later = Receipt { iat: first.iat + 60, checkpoint: None, ..first };
    for item in &mut later.items {
        (item.outcome, item.code) = (Outcome::Voided, None);
    }
    let later = later.sign(&key()).unwrap();
    for receipts in [vec![file.receipts[0].clone(), later.clone()], vec![later, file.receipts[0].clone()]] {
        let found = check(&Evidence { receipts, ..file.clone() }, &known(&file));
        let declared: Vec<_> = found.iter().filter(|it| it.about == "message" && it.en.contains("declared")).collect();
        assert_eq!(declared.len(), 2, "{declared:#?}");
        assert!(declared[0].en.contains("had accepted") && declared[1].en.contains("voided"), "{declared:#?}");
    }
}

#[test]
fn after_an_erasure_the_digest_stands_for_the_message() {
    let mut file = file();
    file.messages[0].message = None;
    assert_eq!(rest(&file), [(Verdict::Open, "message")]);
    let arrived = check(&file, &[]).into_iter().filter(|it| (it.verdict, it.about) == (Verdict::Proven, "message"));
    assert_eq!(arrived.count(), 1, "that it arrived is proven as before");

    // What it was only the file says: nothing that is proven names it, and the receipt knows its id.
    let whole = file.messages[0].clone();
    file.messages[0].kind = "referral.sent.v1".into();
    let told = check(&file, &[]).into_iter().filter(|it| it.verdict == Verdict::Proven);
    assert!(told.into_iter().all(|it| !it.en.contains("referral.sent.v1") && !it.it.contains("referral.sent.v1")));
    file.messages[0] = Said { id: MessageId(uuid::Uuid::from_u128(1)), ..whole.clone() };
    assert_eq!(rest(&file), [(Verdict::Open, "message"), (Verdict::Wrong, "message")]);
    file.messages[0] = Said { from: whole.to.clone(), to: whole.from.clone(), ..whole };
    assert_eq!(rest(&file), [(Verdict::Open, "message"), (Verdict::Open, "message")], "no receipt says so");
}

/// The text with its middle letter changed into another of the same alphabet.
fn flipped(text: &str) -> String {
    let at = text.len() / 2;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

#[test]
fn one_changed_byte_anywhere_is_found() {
    type Change = fn(&mut Evidence);
    let changes: [(&str, Change); 11] = [
        ("message", |file| file.messages[0].id = MessageId(uuid::Uuid::from_u128(1))),
        ("message", |file| file.messages[0].kind = "referral.sent.v1".into()),
        ("message", |file| file.messages[0].message = file.messages[0].message.as_deref().map(flipped)),
        ("message", |file| {
            // The message and its digest, both: then no signature holds.
            let wrong = flipped(file.messages[0].message.as_deref().unwrap());
            file.messages[0].digest = Digest::of(&wrong);
            file.messages[0].message = Some(wrong);
        }),
        ("receipt", |file| file.receipts[0] = flipped(&file.receipts[0])),
        ("chain", |file| file.chains[0].documents[0] = flipped(&file.chains[0].documents[0])),
        ("chain", |file| file.chains[1].documents[1] = flipped(&file.chains[1].documents[1])),
        ("entry", |file| file.logs[0].entries[0].entry = file.logs[0].entries[0].entry.replace("received", "declined")),
        ("entry", |file| file.logs[0].entries[0].proof[0] = Digest::of("another")),
        ("history", |file| file.logs[0].earlier[0].proof[0] = Digest::of("another")),
        ("history", |file| file.logs[0].checkpoint = flipped(&file.logs[0].checkpoint)),
    ];
    for (about, change) in changes {
        let mut file = file();
        change(&mut file);
        assert!(rest(&file).contains(&(Verdict::Wrong, about)), "{about}: {:?}", rest(&file));
    }
}

#[test]
fn a_checkpoint_that_was_given_away_and_is_not_accounted_for_is_told() {
    let mut file = file();
    file.logs[0].earlier.clear();
    assert_eq!(rest(&file), [(Verdict::Open, "history")]);
}

/// The honest file, but with what it shows of the journal ending after two leaves, signed at that second.
fn cut(seconds: i64) -> Evidence {
    let (mut file, leaves) = (file(), leaves());
    let Ok(proof) = tree::inclusion_proof(1, 2, fetch(&leaves));
    let entries = vec![SealedEntry { index: 1, entry: leaves[1].clone(), proof }];
    file.logs = vec![SealedLog { checkpoint: dated(&leaves[..2], seconds), entries, earlier: Vec::new() }];
    file
}

#[test]
fn a_journal_that_is_shorter_than_it_was_when_a_receipt_left_is_wrong() {
    let of = |file: Evidence| rest(&file);
    let (wrong, open) = ((Verdict::Wrong, "history"), (Verdict::Open, "history"));
    assert_eq!(of(cut(3 + 601)), [open, wrong], "it had three entries before");
    assert_eq!(of(cut(3 + 600)), [open], "so far may two clocks of one node be apart");
    assert_eq!(of(cut(2)), [open], "as a node leaves it that was restored from a copy");
}

#[test]
fn two_roots_of_one_size_are_wrong_wherever_they_stand_in_the_file() {
    let of_then: Receipt = jose::peek(RECEIPT.trim()).unwrap();
    let other: Vec<String> = leaves().iter().map(|leaf| leaf.replace("received", "declined")).collect();
    let mut file = file();
    let given = dated(&other[..3], 3);
    file.receipts.push(Receipt { checkpoint: Some(given), ..of_then }.sign(&key()).unwrap());
    assert_eq!(rest(&file), [(Verdict::Open, "history"), (Verdict::Wrong, "history")]);
}

#[test]
fn two_files_show_whether_a_node_told_two_stories() {
    let one = serde_json::to_vec(&file()).unwrap();
    let told = |leaves: &[String]| {
        let file = Checkpoints { format: CHECKPOINTS_FORMAT.into(), checkpoints: vec![checkpoint(leaves)] };
        serde_json::to_vec(&file).unwrap()
    };
    let verdict = |other: &[u8]| compare(&one, other).unwrap().iter().map(|it| it.verdict).collect::<Vec<_>>();
    let honest = leaves();
    assert_eq!(verdict(&told(&honest[..3])), [Verdict::Proven]);
    assert_eq!(verdict(&told(&honest[..4])), [Verdict::Open], "of another size: not comparable without a proof");
    let other: Vec<String> = honest.iter().map(|leaf| leaf.replace("received", "declined")).collect();
    assert_eq!(verdict(&told(&other[..3])), [Verdict::Wrong]);
    assert!(compare(&one, b"{}").is_err());
}

/// The chain as it stands some minutes later, with every protocol key revoked as of that second after the hour.
fn stolen(text: &str, federation: &str, revoked: i64) -> UsedChain {
    let mut used = chain(text);
    let mut leaf: EntityConfiguration = jose::peek(&used.documents[0]).unwrap();
    for jwk in &mut leaf.metadata.oauth_resource.as_mut().unwrap().jwks.keys {
        jwk.revoked = Some(Revoked { revoked_at: used_at().timestamp() + revoked, reason: Some("compromised".into()) });
    }
    used.documents[0] = leaf.sign(&read_key(federation)).unwrap();
    used
}

/// The honest file with one chain more.
fn with(chain: UsedChain, first: bool) -> Evidence {
    let mut file = file();
    file.chains.insert(if first { 0 } else { 2 }, chain);
    file
}

#[test]
fn what_a_partner_had_before_the_key_was_stolen_stays_proven() {
    let file = file();
    let signed = jose::peek::<Value>(file.messages[0].message.as_ref().unwrap()).unwrap()["iat"].as_i64().unwrap();
    let receipt: Receipt = jose::peek(&file.receipts[0]).unwrap();
    let (sent, taken) = (signed - used_at().timestamp(), receipt.iat - used_at().timestamp());
    assert!(sent <= taken);
    for first in [true, false] {
        // It does not matter in which order the chains stand, nor when the file was made.
        assert_eq!(rest(&with(stolen(CENTRE_CHAIN, CENTRE_FEDERATION, taken + 1), first)), []);
        // A receipt of the same second or later is none of before: whoever has the key dates a message as he likes.
        for revoked in [taken, sent, sent - 1] {
            let file = with(stolen(CENTRE_CHAIN, CENTRE_FEDERATION, revoked), first);
            assert_eq!(rest(&file), [(Verdict::Open, "message")], "{revoked}");
        }
        let mut alone = with(stolen(CENTRE_CHAIN, CENTRE_FEDERATION, taken + 1), first);
        alone.receipts.clear();
        assert!(rest(&alone).iter().all(|it| *it == (Verdict::Open, "message")), "its own word is not enough");
        assert_eq!(rest(&alone).len(), 2, "who wrote it, and that it arrived");
    }
}

#[test]
fn nobody_takes_back_a_word_by_revoking_its_key_as_of_long_ago() {
    let receipt: Receipt = jose::peek(&file().receipts[0]).unwrap();
    let taken = receipt.iat - used_at().timestamp();
    let mut later = chain(CENTRE_CHAIN);
    later.used_at += chrono::TimeDelta::seconds(taken + 60);
    let mut leaf: EntityConfiguration = jose::peek(&later.documents[0]).unwrap();
    (leaf.iat, leaf.exp) = (receipt.iat + 1, receipt.iat + 3600);
    later.documents[0] = leaf.sign(&read_key(CENTRE_FEDERATION)).unwrap();
    let mut file = with(stolen(CENTRE_CHAIN, CENTRE_FEDERATION, -86400), true);
    assert_eq!(rest(&file), [(Verdict::Open, "message")]);
    file.chains.push(later);
    assert_eq!(rest(&file), [], "after the receipt it still published the key as good");
}

#[test]
fn what_only_a_stolen_key_says_is_neither_proven_nor_false() {
    let leaves = leaves();
    let file = with(stolen(CPI_CHAIN, CPI_FEDERATION, 60), true);
    let open = |about| (Verdict::Open, about);
    // Its receipt, that the message arrived by it, and the log: all signed with the one key.
    assert_eq!(rest(&file), [open("receipt"), open("message"), open("history")]);

    // The log signed anew with the key that came after vouches for what it goes on from.
    let next = SigningKey::generate().unwrap().0;
    let published = |mut used: UsedChain| {
        let mut leaf: EntityConfiguration = jose::peek(&used.documents[0]).unwrap();
        leaf.metadata.oauth_resource.as_mut().unwrap().jwks.keys.push(next.jwk().clone());
        used.documents[0] = leaf.sign(&read_key(CPI_FEDERATION)).unwrap();
        used
    };
    let mut file = with(published(stolen(CPI_CHAIN, CPI_FEDERATION, 60)), true);
    let top: Checkpoint = jose::peek(&file.logs[0].checkpoint).unwrap();
    file.logs[0].checkpoint = top.sign(&next).unwrap();
    assert_eq!(rest(&file), [open("receipt"), open("message")], "entries and history are proven");

    // A thief tells another history, in a receipt and as something that was given away: nobody is convicted by it.
    let other: Vec<String> = leaves.iter().map(|leaf| leaf.replace("received", "declined")).collect();
    let Ok(proof) = tree::consistency_proof(3, 5, fetch(&other));
    let lie = dated(&other[..3], 3);
    let of_then: Receipt = jose::peek(RECEIPT.trim()).unwrap();
    file.receipts.push(Receipt { checkpoint: Some(lie.clone()), ..of_then }.sign(&key()).unwrap());
    file.logs[0].earlier.push(Earlier { checkpoint: lie, proof });
    assert_eq!(rest(&file), [open("receipt"), open("receipt"), open("message"), open("history")]);
}
