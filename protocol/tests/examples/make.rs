//! Makes every example: signs what [`crate::story`] tells.

use chrono::{DateTime, Utc};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, ReceiptId};
use staffetta_protocol::link::{
    Batch, BatchAnswer, DEFAULT_WINDOW, Item, ItemAnswer, LinkState, Progress, Void, VoidReason,
};
use staffetta_protocol::message;
use staffetta_protocol::modi::{self, Body, CallHeaders, Integrity, Sent};
use staffetta_protocol::problem::{Code, ItemCode, Problem};
use staffetta_protocol::receipt::{self, Outcome, Receipt};

use crate::files::{Files, pretty, put_jws};
use crate::story::{self, at, centre, cpi, protocol_key};

/// Every file that is not given.
pub(crate) fn everything() -> Files {
    let mut files = Files::new();
    crate::trust::put(&mut files);
    crate::log::put(&mut files);
    let said = messages(&mut files);
    exchange(&mut files, &said);
    files
}

/// Messages as signed, by the name of their files.
struct Sealed(Vec<(story::Said, String)>);

impl Sealed {
    fn jws(&self, file: &str) -> String {
        self.0.iter().find(|(said, _)| said.file == file).unwrap().1.clone()
    }
}

fn messages(files: &mut Files) -> Sealed {
    let sealed = story::messages().into_iter().map(|said| {
        let jws = message::seal(&said.claims, &story::key_of(&said.from)).unwrap();
        put_jws(files, &format!("messages/{}", said.file), &jws);
        (said, jws)
    });
    Sealed(sealed.collect())
}

/// What the receiver made of one item.
type Decided = (u64, &'static str, Outcome, Option<ItemCode>);

fn receipt(said: &Sealed, from: &EntityId, id: &str, now: &str, decided: &[Decided]) -> Receipt {
    let to = if *from == centre() { cpi() } else { centre() };
    let items: Vec<receipt::Item> = decided
        .iter()
        .map(|(seq, file, outcome, code)| receipt::Item {
            seq: *seq,
            id: Some(story::message(file).claims.jti),
            digest: Digest::of(said.jws(file)),
            outcome: *outcome,
            code: code.clone(),
        })
        .collect();
    Receipt {
        iss: to.clone(),
        aud: from.clone(),
        iat: at(now).timestamp(),
        jti: id.parse::<ReceiptId>().unwrap(),
        link: receipt::Link { from: from.clone(), to, epoch: 1, through_seq: items.last().unwrap().seq },
        items,
        checkpoint: None,
    }
}

fn batch_answer(receipt: &Receipt) -> BatchAnswer {
    let key = protocol_key(if receipt.iss == centre() { "centre-protocol" } else { "cpi-protocol" });
    BatchAnswer {
        receipt: receipt.sign(&key).unwrap(),
        items: receipt
            .items
            .iter()
            .map(|item| ItemAnswer { seq: item.seq, outcome: item.outcome, code: item.code.clone() })
            .collect(),
        epoch: receipt.link.epoch,
        next_seq: receipt.link.through_seq + 1,
        window: DEFAULT_WINDOW,
    }
}

fn send(said: &Sealed, seq: u64, file: &str) -> Item {
    Item { seq, message: Some(said.jws(file)), void: None }
}

fn exchange(files: &mut Files, said: &Sealed) {
    let first = receipt(
        said,
        &centre(),
        "019b2c5a-5d40-7a31-b0c4-2e6f8d917a05",
        "2026-11-23T09:00:01Z",
        &[(1, "01-card.preview", Outcome::Accepted, None)],
    );
    let first_batch = Batch { epoch: 1, items: vec![send(said, 1, "01-card.preview")] };
    let answer = batch_answer(&first);
    put_jws(files, "exchange/first-receipt", &answer.receipt);
    let push = Call { folder: "push", method: "POST", path: "/exchange/messages", jti: "7c1d40a2-push" };
    let now = story::first_call();
    push.put(files, now, Some(&first_batch), 200, &answer);

    let withdrawal = receipt(
        said,
        &centre(),
        "019b5b02-9c80-7e12-8f3a-71d0c4b6e259",
        "2026-12-02T11:00:02Z",
        &[
            (4, "06-card.updated", Outcome::Voided, Some(ItemCode::Voided)),
            (5, "07-consent.withdrawn", Outcome::Accepted, None),
            (6, "08-referral.withdrawn", Outcome::Accepted, None),
        ],
    );
    let void = Void {
        id: story::message("06-card.updated").claims.jti,
        digest: Digest::of(said.jws("06-card.updated")),
        reason: VoidReason::Struck,
    };
    let items = vec![
        Item { seq: 4, message: None, void: Some(void) },
        send(said, 5, "07-consent.withdrawn"),
        send(said, 6, "08-referral.withdrawn"),
    ];
    put_batch(files, "withdrawal", &Batch { epoch: 1, items }, &withdrawal);

    let crossed = receipt(
        said,
        &cpi(),
        "019b5b02-d1f8-7c46-a5e9-0b83f6d21c7e",
        "2026-12-02T11:00:12Z",
        &[(3, "09-referral.progressed", Outcome::Accepted, Some(ItemCode::Superseded))],
    );
    put_batch(files, "crossed", &Batch { epoch: 1, items: vec![send(said, 3, "09-referral.progressed")] }, &crossed);

    let refused = receipt(
        said,
        &centre(),
        "019b5b07-4e68-7b90-9d15-c6a2e8f03b41",
        "2026-12-02T11:05:01Z",
        &[(7, "10-contact.released-refused", Outcome::Refused, Some(ItemCode::ConsentNotValid))],
    );
    let batch = Batch { epoch: 1, items: vec![send(said, 7, "10-contact.released-refused")] };
    put_batch(files, "refused", &batch, &refused);

    let state = LinkState {
        inbound: Progress { epoch: 1, through_seq: 1, receipt_digest: Some(Digest::of(&answer.receipt)) },
        outbound: Progress { epoch: 1, through_seq: 0, receipt_digest: None },
        history: Vec::new(),
    };
    let link = Call { folder: "show-link", method: "GET", path: "/exchange/link", jti: "7c1d40a3-link" };
    link.put(files, at("2026-11-23T09:00:10Z"), None, 200, &state);

    let gap = Batch { epoch: 1, items: vec![send(said, 3, "05-contact.released")] };
    let problem = Problem { expected: Some((1, 2)), ..Problem::new(Code::OutOfSequence) };
    let call = Call { folder: "out-of-sequence", method: "POST", path: "/exchange/messages", jti: "7c1d40a4-gap" };
    call.put(files, at("2026-11-26T10:00:30Z"), Some(&gap), 409, &problem.document());

    let unknown = Problem::new(Code::NotAuthenticated).document();
    let head = "HTTP/1.1 401 Unauthorized\nContent-Type: application/problem+json\nDate: Mon, 23 Nov 2026 09:00:20 GMT\n\
        WWW-Authenticate: Bearer error=\"invalid_token\"\n";
    files.insert("calls/not-authenticated/answer.http".into(), head.into());
    files.insert("calls/not-authenticated/answer.body".into(), serde_json::to_vec(&unknown).unwrap());
}

fn put_batch(files: &mut Files, name: &str, batch: &Batch, receipt: &Receipt) {
    let answer = batch_answer(receipt);
    put_jws(files, &format!("exchange/{name}-receipt"), &answer.receipt);
    files.insert(format!("exchange/{name}-batch.json"), pretty(&serde_json::to_value(batch).unwrap()));
    files.insert(format!("exchange/{name}-answer.json"), pretty(&serde_json::to_value(answer).unwrap()));
}

/// A call of the reception centre's node to the CPI's, and its answer.
struct Call {
    folder: &'static str,
    method: &'static str,
    path: &'static str,
    jti: &'static str,
}

const JSON: &str = "application/json";

impl Call {
    fn put(
        &self,
        files: &mut Files,
        now: DateTime<Utc>,
        request: Option<&Batch>,
        status: u16,
        answer: &impl serde::Serialize,
    ) {
        let body = request.map(|batch| serde_json::to_vec(batch).unwrap());
        let signed = body.as_deref().map(|bytes| Body { bytes, content_type: JSON, content_encoding: None });
        let key = protocol_key("centre-protocol");
        let made = modi::call(&key, &centre(), &cpi().resource(), signed, self.jti.into(), now).unwrap();
        self.put_request(files, &made, body);

        let media = if status == 200 { JSON } else { "application/problem+json" };
        let bytes = serde_json::to_vec(answer).unwrap();
        let body = Body { bytes: &bytes, content_type: media, content_encoding: None };
        let jti = format!("{}-answer", self.jti);
        let later = now + chrono::TimeDelta::seconds(1);
        let sent = Sent { jti: self.jti.into(), digest: made.sent.digest };
        let signed = modi::answer(&protocol_key("cpi-protocol"), &cpi(), &centre(), &sent, body, jti, later).unwrap();
        self.put_answer(files, status, media, later, &signed);
        files.insert(format!("calls/{}/answer.body", self.folder), bytes);
    }

    fn put_request(&self, files: &mut Files, made: &CallHeaders, body: Option<Vec<u8>>) {
        let folder = format!("calls/{}", self.folder);
        let mut head = format!("{} {}{} HTTP/1.1\n", self.method, cpi().resource(), self.path);
        head += &format!("Host: {}\nAuthorization: {}\n", cpi().authority(), made.authorization);
        let token = made.authorization.strip_prefix("Bearer ").unwrap();
        files.insert(format!("{folder}/authorization.json"), pretty(&crate::files::decoded(token)));
        if let Some(Integrity { digest, signature }) = &made.integrity {
            head += &format!("Content-Type: {JSON}\nDigest: {digest}\nAgid-JWT-Signature: {signature}\n");
            files.insert(format!("{folder}/signature.json"), pretty(&crate::files::decoded(signature)));
        }
        files.insert(format!("{folder}/request.http"), head.into_bytes());
        if let Some(body) = body {
            files.insert(format!("{folder}/request.body"), body);
        }
    }

    fn put_answer(&self, files: &mut Files, status: u16, media: &str, now: DateTime<Utc>, signed: &Integrity) {
        let folder = format!("calls/{}", self.folder);
        let phrase = if status == 200 { "OK" } else { "Conflict" };
        let date = now.format("%a, %d %b %Y %H:%M:%S GMT");
        let head = format!(
            "HTTP/1.1 {status} {phrase}\nContent-Type: {media}\nDate: {date}\nX-RateLimit-Limit: 600\n\
             X-RateLimit-Remaining: 599\nX-RateLimit-Reset: 60\nDigest: {}\nAgid-JWT-Signature: {}\n",
            signed.digest, signed.signature
        );
        files.insert(format!("{folder}/answer-signature.json"), pretty(&crate::files::decoded(&signed.signature)));
        files.insert(format!("{folder}/answer.http"), head.into_bytes());
    }
}
