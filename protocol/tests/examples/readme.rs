//! The parts of the specification that are printed from the code, and the names of files that it gives.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use staffetta_protocol::consent::{GroundKind, Group, Lasts, Purpose};
use staffetta_protocol::jose::{self, Typ};
use staffetta_protocol::message::rules::{RULES, Rule, Side};
use staffetta_protocol::problem::{Code, ItemCode};
use staffetta_protocol::trust::{Role, Roles, may_send};
use staffetta_protocol::{id, json, link, message, modi, trust};

use crate::{files, schemas};

fn specification() -> PathBuf {
    files::crate_folder().join("README.md")
}

fn data_tables() -> PathBuf {
    files::crate_folder().join("docs/data.md")
}

fn blocks() -> Vec<(&'static str, String)> {
    vec![
        ("numbers", numbers()),
        ("typ", typ()),
        ("message types", message_types()),
        ("roles", roles()),
        ("purposes", purposes()),
        ("groups", groups()),
        ("provinces", provinces()),
        ("problem codes", problem_codes()),
        ("item codes", item_codes()),
    ]
}

/// Where a printed block begins and ends in `text`.
fn place(text: &str, name: &str) -> std::ops::Range<usize> {
    let begin = format!("<!-- printed: {name} -->\n");
    let start = text.find(&begin).unwrap_or_else(|| panic!("README.md has no place for {name}")) + begin.len();
    let end = start + text[start..].find("<!-- end -->").unwrap();
    start..end
}

pub(crate) fn write() {
    let mut text = fs::read_to_string(specification()).unwrap();
    for (name, block) in blocks() {
        let place = place(&text, name);
        text.replace_range(place, &block);
    }
    fs::write(specification(), text).unwrap();
    fs::write(data_tables(), schemas::markdown()).unwrap();
}

pub(crate) fn check() {
    let text = fs::read_to_string(specification()).unwrap();
    for (name, block) in blocks() {
        assert_eq!(&text[place(&text, name)], block, "{name}: run with UPDATE_EXAMPLES=1");
    }
    assert_eq!(text.matches("<!-- printed: ").count(), blocks().len(), "a printed block that nobody prints");
    assert_eq!(fs::read_to_string(data_tables()).unwrap(), schemas::markdown(), "docs/data.md: UPDATE_EXAMPLES=1");
    // Every file that the text names is there, and every file that is there is named.
    let named: Vec<&str> = text
        .match_indices("`examples/")
        .map(|(at, _)| &text[at + "`examples/".len()..])
        .map(|rest| &rest[..rest.find('`').unwrap()])
        .collect();
    for name in &named {
        assert!(files::crate_folder().join("examples").join(name).exists(), "examples/{name} is not there");
    }
    for file in files::present() {
        let stem = file.trim_end_matches(".jws").trim_end_matches(".json");
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let told = named.iter().any(|name| {
            let name = name.trim_end_matches('/');
            name == file || name.trim_end_matches(".jws").trim_end_matches(".json") == stem || name == folder
        });
        assert!(told, "the specification does not name examples/{file}");
    }
    let (body, digest) = (r#"{"testo": "Ciao mondo"}"#, "SHA-256=hPq3xjgxGMr98LL2/lP2Y66DVCTcXdwL+YpNQD/gmvk=");
    assert!(text.contains(body) && text.contains(digest));
    assert_eq!(staffetta_protocol::digest::Digest::of(body).to_string(), digest);
}

fn table(head: &str, rows: impl IntoIterator<Item = String>) -> String {
    let columns = head.matches('|').count() - 1;
    let mut text = format!("{head}\n|{}\n", "---|".repeat(columns));
    for row in rows {
        writeln!(text, "{row}").unwrap();
    }
    text
}

fn numbers() -> String {
    let rows: Vec<(String, &str)> = vec![
        (format!("{} bytes", id::EntityId::MAX_LENGTH), "longest entity id"),
        (json::MAX_DEPTH.to_string(), "objects and arrays inside one another, in any JSON"),
        (format!("{} bytes", trust::MAX_SIZE), "largest document of the trust plane"),
        (format!("{} h", trust::CONFIGURATION_LIFETIME / 3600), "life of a member's entity configuration"),
        (
            format!("{} h", trust::STATEMENT_LIFETIME / 3600),
            "life of a statement, and of the authority's configuration",
        ),
        (format!("{} days", trust::MAX_MARK_LIFETIME / 86_400), "longest life of a trust mark"),
        (format!("{} s", jose::LEEWAY), "leeway between two clocks, everywhere"),
        (format!("{} s", modi::LIFETIME), "life of the tokens of a call, as made"),
        (format!("{} s", modi::MAX_LIFETIME), "longest life of such a token, as accepted"),
        (format!("{} characters", modi::MAX_JTI), "longest `jti` of a call"),
        (format!("{} bytes", link::MAX_MESSAGE_BYTES), "largest message, in its compact form"),
        (format!("{} bytes", link::MAX_BATCH_BYTES), "largest batch, as JSON"),
        (link::DEFAULT_WINDOW.to_string(), "items in a batch, until the receiver says otherwise"),
        (format!("{} days", message::MAX_DAYS), "longest life of a message; and how long its id is remembered after"),
    ];
    table("| number | what |", rows.into_iter().map(|(number, what)| format!("| {number} | {what} |")))
}

fn typ() -> String {
    let rows = [
        (Typ::Jwt, "tokens of a call and of its answer (§2)"),
        (Typ::EntityStatement, "entity configurations and subordinate statements (§1.2, §1.3)"),
        (Typ::TrustMark, "trust marks (§1.4)"),
        (Typ::TrustMarkStatus, "answers of the trust mark status endpoint (§1.4)"),
        (Typ::JwkSet, "historical keys (§1.10)"),
        (Typ::Message, "messages (§3.1)"),
        (Typ::Receipt, "receipts (§3.8)"),
        (Typ::Entry, "catalogue entries (§4); not in use in this version"),
        (Typ::Checkpoint, "checkpoints of a journal (§3.12)"),
        (Typ::ConsentReceipt, "receipts of a consent, for the person; between nodes they do not travel"),
    ];
    table("| `typ` | what |", rows.map(|(typ, what)| format!("| `{}` | {what} |", typ.as_str())))
}

fn codes<'a>(codes: impl IntoIterator<Item = &'a str>) -> String {
    let codes: Vec<String> = codes.into_iter().map(|code| format!("`{code}`")).collect();
    if codes.is_empty() { "-".into() } else { codes.join(", ") }
}

fn message_types() -> String {
    let row = |rule: &Rule| {
        let sender = match rule.sender {
            Some(Side::Opener) => "opener",
            Some(Side::Taker) => "taker",
            None => "either",
        };
        let yes = |it: bool| if it { "yes" } else { "no" };
        format!(
            "| `{}` | {sender} | {} | {} | {} | {} |",
            rule.kind,
            yes(rule.opens),
            codes(rule.grounds.iter().map(|kind: &GroundKind| kind.code())),
            codes(rule.purposes.iter().map(|purpose| purpose.code())),
            yes(rule.ends)
        )
    };
    table("| type | sent by | makes its thread | ground | purposes | only ends |", RULES.iter().map(row))
}

fn roles() -> String {
    let one = |role: Role| Roles::from([role]);
    let row = |rule: &Rule| {
        let with_some = |from: Role| Role::ALL.into_iter().any(|to| may_send(rule.kind, &one(from), &one(to)));
        let to_some = |to: Role| Role::ALL.into_iter().any(|from| may_send(rule.kind, &one(from), &one(to)));
        let list = |fits: &dyn Fn(Role) -> bool| match Role::ALL.into_iter().all(fits) {
            true => "every role, and none".to_owned(),
            false => codes(Role::ALL.into_iter().filter(|role| fits(*role)).map(Role::as_str)),
        };
        // The rows are products: whoever may send at all may send to all who may receive.
        for from in Role::ALL.into_iter().filter(|role| with_some(*role)) {
            for to in Role::ALL.into_iter().filter(|role| to_some(*role)) {
                assert!(may_send(rule.kind, &one(from), &one(to)), "{}: {from} to {to}", rule.kind);
            }
        }
        format!("| `{}` | {} | {} |", rule.kind, list(&with_some), list(&to_some))
    };
    table("| type | roles that may send | roles that may receive |", RULES.iter().map(row))
}

fn purposes() -> String {
    let row = |purpose: &Purpose| {
        let rule = purpose.rule();
        let lasts = match rule.lasts {
            Lasts::Days(days) => format!("{days} days"),
            Lasts::Months(months) => format!("{months} months"),
            Lasts::MonthsFromExit(months) => format!("{months} months from the end of the path"),
            Lasts::NoConsent => "-".into(),
        };
        let used = if rule.single_use { "one use" } else { "" };
        format!(
            "| `{}` {} | {} | {} | {} | {} | {lasts}{}{used} |",
            purpose.code(),
            rule.name,
            if rule.consent { "yes" } else { "no" },
            codes(rule.bases.iter().map(|basis| basis.code())),
            codes(rule.groups.iter().map(|group| group.code())),
            codes(rule.groups_after_acceptance.iter().map(|group| group.code())),
            if used.is_empty() { "" } else { ", " },
        )
    };
    let head = "| purpose | consent | other bases | groups | groups after acceptance | `not_after` at most |";
    table(head, Purpose::ALL.iter().map(row))
}

fn groups() -> String {
    let travels = |group: &Group| match group {
        Group::Host | Group::Training | Group::Pfi => "no type of this version carries it",
        _ => "[docs/card.md](docs/card.md)",
    };
    let level = |group: &Group| staffetta_protocol::card::Level::of(*group).code();
    table(
        "| group | level | fields |",
        Group::ALL.iter().map(|group| format!("| `{}` | {} | {} |", group.code(), level(group), travels(group))),
    )
}

fn provinces() -> String {
    codes(staffetta_protocol::card::PROVINCES.iter().map(|(sign, _)| *sign)) + "\n"
}

fn problem_codes() -> String {
    let row = |code: &Code| format!("| `{code}` | {} | {} | {} |", code.status(), code.title_en(), code.title_it());
    table("| code | status | `title` | `title_it` |", Code::ALL.iter().map(row))
}

/// What each code of an item means; exhaustive, so that a new code needs its sentence here.
fn meaning(code: &ItemCode) -> &'static str {
    match code {
        ItemCode::MessageInvalid => "refused: it does not verify, or does not fit its closed form",
        ItemCode::MessageConflict => "refused: the id is known with other bytes",
        ItemCode::ConsentNotValid => {
            "refused: the ground does not hold (kind, recipient, purpose, `not_after`, or withdrawn)"
        }
        ItemCode::SectionNotCovered => "refused: `data` has a group that the ground does not cover",
        ItemCode::ThreadUnknown => "refused: thread, subject or record does not exist between these two nodes",
        ItemCode::IllegalTransition => "refused: the event is legal neither now nor in the state that `seen` names",
        ItemCode::Superseded => "**accepted**: stored, without effect, because it crossed a message of the other side",
        ItemCode::Expired => "refused: `exp` has passed",
        ItemCode::TypeNotSupported => "refused: the type or its version is not taken here",
        ItemCode::MemberLimited => "refused: the sender is limited",
        ItemCode::RoleNotEntitled => "refused: the roles of sender and recipient do not permit this type",
        ItemCode::NotEntitled => "refused: the sender may not do this",
        ItemCode::KeyRevoked => "refused: the key that signed is revoked; issue the message anew",
        ItemCode::Voided => "**voided**: the item was a void",
        ItemCode::Other(_) => "",
    }
}

fn item_codes() -> String {
    table(
        "| code | outcome and meaning |",
        ItemCode::ALL.iter().map(|code| format!("| `{code}` | {} |", meaning(code))),
    )
}
