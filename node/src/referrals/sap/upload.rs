//! Many referrals at once: a CSV file, line by line.

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Refusal, read};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::office::{DidRecord, PattoRecord, ProtocolRecord};
use super::policy::PolicyEvent;
use super::sheet::unguarded;
use super::verbs::Written;
use crate::error::{Error, Result};

/// Lines of one file, at most.
pub(super) const MOST_LINES: usize = 1_000;

/// Columns, all of which the first line names, in any order.
const COLUMNS: [&str; 11] =
    ["referral", "kind", "date", "state", "gol_path", "number", "policy", "title", "event", "description", "pathway"];

/// What a line writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// `did`: date, state.
    Did(DidRecord),
    /// `patto`: date, gol_path.
    Patto(PattoRecord),
    /// `protocol`: date, number.
    Protocol(ProtocolRecord),
    /// `event`: date, policy, event; title, description, pathway.
    Event(PolicyEvent),
}

/// A line that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The referral.
    pub(super) referral: Uuid,
    /// What it writes.
    pub(super) entry: Entry,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WriteBackResult)]
pub(super) enum LineResult {
    /// It is recorded.
    Taken,
    /// It was recorded before; nothing was done.
    Repeated,
    /// It was not: `code` says why.
    Refused,
}

/// What became of a line, by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WriteBackLine)]
pub(super) struct Told {
    /// The number of the line in the file; the head, with the names, is 1, and a text with a line break is one line.
    pub(super) line: u64,
    /// What became of it.
    pub(super) result: LineResult,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) code: Option<&'static str>,
    /// What is wrong with it, column by column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub(super) errors: Vec<FieldError>,
}

impl Told {
    /// Of a line whose entry was tried.
    ///
    /// # Errors
    /// A fault of ours is none of the line's.
    pub(super) fn of(line: u64, tried: Result<Written>) -> Result<Self> {
        let told = |result| Self { line, result, code: None, errors: Vec::new() };
        match tried {
            Ok(Written::Taken) => Ok(told(LineResult::Taken)),
            Ok(Written::Repeated) => Ok(told(LineResult::Repeated)),
            Err(error) if error.is_fault() || error.code() == Code::Busy => Err(error),
            Err(error) => {
                let problem = error.problem();
                let code = Some(problem.code.as_str());
                Ok(Self { line, result: LineResult::Refused, code, errors: problem.errors })
            }
        }
    }
}

/// The lines of a file with their numbers; of those that cannot be read what is wrong.
///
/// # Errors
/// `malformed_request` for what is no UTF-8 or no CSV; `invalid_input` for other columns, or too many lines.
pub(super) fn lines(bytes: &[u8]) -> Result<Vec<(u64, Result<Line>)>> {
    let malformed = |why: &str| Error::from(Problem::new(Code::MalformedRequest).detail(why.to_owned()));
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("The file is not UTF-8."))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|_| malformed("The file is no CSV."))?.clone();
    let at = |name: &str| names.iter().position(|known| known == name);
    if names.len() != COLUMNS.len() || COLUMNS.iter().any(|name| at(name).is_none()) {
        return Err(Problem::invalid(vec![Refusal::UnknownField.at("/1")]).into());
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| malformed("The file is no CSV."))?;
        if lines.len() == MOST_LINES {
            return Err(Problem::invalid(vec![Refusal::TooLong.at("")]).into());
        }
        // The head is line 1. A text with a line break in it counts as one.
        let line = lines.len() as u64 + 2;
        let values: Vec<String> = record.iter().map(unguarded).collect();
        let value = |name: &str| at(name).and_then(|at| values.get(at)).map(String::as_str).unwrap_or_default();
        let read = if record.len() == COLUMNS.len() { entry(value) } else { Err(wrong("", Refusal::Malformed)) };
        lines.push((line, read.map_err(Error::from)));
    }
    Ok(lines)
}

fn wrong(column: &str, refusal: Refusal) -> Problem {
    let pointer = if column.is_empty() { String::new() } else { format!("/{column}") };
    Problem::invalid(vec![refusal.at(pointer)])
}

/// One line: the columns that its kind has, and no other that says something.
fn entry<'r>(value: impl Fn(&str) -> &'r str) -> Result<Line, Problem> {
    let referral = value("referral").parse().map_err(|_| wrong("referral", Refusal::WrongShape))?;
    let kind = value("kind");
    let takes: &[&str] = match kind {
        "did" => &["date", "state"],
        "patto" => &["date", "gol_path"],
        "protocol" => &["date", "number"],
        "event" => &["date", "policy", "title", "event", "description", "pathway"],
        _ => return Err(wrong("kind", Refusal::NotInList)),
    };
    for column in COLUMNS.iter().filter(|column| !["referral", "kind"].contains(column)) {
        if !takes.contains(column) && !value(column).is_empty() {
            return Err(wrong(column, Refusal::Inconsistent));
        }
    }
    // Read as the same types that the desk sends, so that one rule holds for both.
    let members = takes.iter().filter(|column| !value(column).is_empty()).map(|column| {
        let name = if kind == "event" && *column == "date" { "on" } else { column };
        (name.to_owned(), serde_json::Value::from(value(column)))
    });
    let json = serde_json::Value::Object(members.collect()).to_string();
    let entry = match kind {
        "did" => read::<DidRecord>(&json).map(Entry::Did),
        "patto" => read::<PattoRecord>(&json).map(Entry::Patto),
        "protocol" => read::<ProtocolRecord>(&json).map(Entry::Protocol),
        _ => read::<PolicyEvent>(&json).map(Entry::Event),
    };
    Ok(Line { referral, entry: entry.map_err(Problem::invalid)? })
}

#[cfg(test)]
mod tests {
    use staffetta_protocol::card::Text;
    use staffetta_protocol::card::codes::GolPath;

    use super::*;

    const HEAD: &str = "referral,kind,date,state,gol_path,number,policy,title,event,description,pathway\n";
    const ID: &str = "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11";

    fn one(line: &str) -> Result<Line, (String, String)> {
        let file = format!("{HEAD}{line}");
        let (number, read) = super::lines(file.as_bytes()).unwrap().pop().unwrap();
        assert_eq!(number, 2);
        read.map_err(|error| {
            let first = error.problem().errors.remove(0);
            (first.field, first.code)
        })
    }

    #[test]
    fn a_line_is_one_entry_of_one_kind() {
        let did = one(&format!("{ID},did,2026-11-20,active,,,,,,,")).unwrap();
        assert!(matches!(did.entry, Entry::Did(DidRecord { .. })));
        let patto = one(&format!("{ID},patto,2026-11-20,,upskilling,,,,,,")).unwrap();
        assert!(matches!(patto.entry, Entry::Patto(PattoRecord { gol_path: Some(GolPath::Upskilling), .. })));
        let protocol = one(&format!("{ID},protocol,2026-11-20,,,'=2026/17,,,,,")).unwrap();
        let Entry::Protocol(protocol) = protocol.entry else { panic!("a protocol") };
        assert_eq!(protocol.number, Text::new("=2026/17").unwrap());
        let event = one(&format!("{ID},event,2026-11-20,,,,A02,\"Corso, \"\"base\"\"\",02,,course")).unwrap();
        let Entry::Event(event) = event.entry else { panic!("an event") };
        assert_eq!(event.title.unwrap().as_str(), "Corso, \"base\"");
        for (line, field, code) in [
            ("x,did,2026-11-20,active,,,,,,,".to_owned(), "/referral", "wrong_shape"),
            (format!("{ID},visit,2026-11-20,,,,,,,,"), "/kind", "not_in_list"),
            (format!("{ID},did,20/11/2026,active,,,,,,,"), "/date", "wrong_shape"),
            (format!("{ID},did,2026-11-20,,,,,,,,"), "/state", "required"),
            (format!("{ID},did,2026-11-20,none,,,,,,,"), "/state", "inconsistent"),
            (format!("{ID},did,2026-11-20,active,upskilling,,,,,,"), "/gol_path", "inconsistent"),
            (format!("{ID},event,2026-11-20,,,,A02,,16,,"), "/event", "not_in_list"),
            (format!("{ID},event,2026-11-20,,,,A02,,01,,course"), "/pathway", "inconsistent"),
            (format!("{ID},did"), "", "malformed"),
        ] {
            assert_eq!(one(&line), Err((field.to_owned(), code.to_owned())), "{line}");
        }
    }

    #[test]
    fn a_file_is_bounded_and_has_the_columns() {
        let code = |file: &[u8]| super::lines(file).unwrap_err().code();
        assert_eq!(code(b"\xff"), Code::MalformedRequest);
        assert_eq!(code(b""), Code::InvalidInput);
        assert_eq!(code(b"referral,kind\n"), Code::InvalidInput);
        assert_eq!(code(HEAD.replace("state", "kind").as_bytes()), Code::InvalidInput);
        let line = format!("{ID},did,2026-11-20,active,,,,,,,\n");
        assert_eq!(
            super::lines(format!("\u{feff}{HEAD}{}", line.repeat(MOST_LINES)).as_bytes()).unwrap().len(),
            MOST_LINES
        );
        assert_eq!(code(format!("{HEAD}{}", line.repeat(MOST_LINES + 1)).as_bytes()), Code::InvalidInput);
    }
}
