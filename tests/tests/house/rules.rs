//! What may be named where.

use std::fs;

use crate::source::{Source, repository, walk};

/// Folders with code of ours.
const CODE: &[&str] =
    &["protocol/src", "protocol/tests", "protocol/fuzz/targets/src", "node/src", "openapi", "tests/src", "tests/tests"];

/// Lines after which a file tells two stories.
const MOST_LINES: usize = 400;

fn every() -> impl Iterator<Item = (&'static str, Source)> {
    CODE.iter().flat_map(|folder| walk(folder).into_iter().map(move |source| (*folder, source)))
}

fn none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Paths with two neighbouring segments such as `Utc::now`, or that begin with a crate of that name.
fn names(source: &Source, banned: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in source.paths() {
        let text = format!("{}::", path.segments.join("::"));
        if banned
            .iter()
            .any(|banned| text.starts_with(&format!("{banned}::")) || text.contains(&format!("::{banned}::")))
        {
            found.push(format!("{}:{}: names {}", source.path, path.line, path.segments.join("::")));
        }
    }
    found
}

#[test]
fn a_model_knows_no_input_no_output_and_no_wall_clock() {
    let banned = [
        "diesel",
        "actix_web",
        "reqwest",
        "tokio",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "Utc::now",
        "Local::now",
        "SystemTime::now",
        "Instant::now",
        "crate::store",
        "crate::clock",
        "crate::config",
        "crate::peers",
    ];
    let models: Vec<Source> = walk("node/src").into_iter().filter(Source::is_model).collect();
    assert!(!models.is_empty(), "no model was found");
    none(models.iter().flat_map(|source| names(source, &banned)).collect());
}

/// Types and functions that are one database's own, and SQL as text, in which a dialect could hide.
const DATABASES: &[&str] =
    &["SqliteConnection", "PgConnection", "Sqlite", "Pg", "libsqlite3_sys", "rusqlite", "sql_query"];

#[test]
fn only_the_store_names_a_database() {
    let mut found = Vec::new();
    for source in walk("node/src").iter().filter(|source| source.room() != "store") {
        found.extend(names(source, &["diesel::sqlite", "diesel::pg"]));
        for (index, token) in source.tokens.iter().enumerate() {
            let feature = token.text == "\"\"postgres\"" && source.tokens[index.saturating_sub(2)].text == "feature";
            // Tests ask the store's `scratch` for a database of each kind that the build knows.
            if DATABASES.contains(&token.text.as_str()) || (feature && !source.is_test()) {
                found.push(format!("{}:{}: names {}", source.path, token.line, token.text));
            }
        }
    }
    none(found);
}

/// Rooms whose acts are transactions: none of them can make a request, since none of them knows who could.
const ACTS: &[&str] = &["inbox", "outbox", "grants", "access", "rules", "vocab", "journal", "keys", "vault", "store"];

#[test]
fn what_runs_in_a_transaction_knows_no_client() {
    let mut found = Vec::new();
    for source in walk("node/src").iter().filter(|source| !source.is_test()) {
        if ACTS.contains(&source.room()) || source.is_model() {
            found.extend(names(
                source,
                &["reqwest", "crate::peers::Client", "crate::peers::client", "crate::peers::Peers"],
            ));
        }
    }
    none(found);
}

#[test]
fn a_signature_is_judged_in_one_place() {
    let decode = ["jsonwebtoken::crypto::verify", "jsonwebtoken::decode", "jsonwebtoken::dangerous"];
    let found: Vec<String> = every()
        .flat_map(|(folder, source)| names(&source, &decode).into_iter().map(move |at| format!("{folder}/{at}")))
        .collect();
    assert!(matches!(found.as_slice(), [one] if one.starts_with("protocol/src/jose/")), "{found:#?}");
}

/// Who may name the room of counselling notes: its own, the wiring, and the answer to a person's request for access.
const COUNSELLING: &[&str] = &["assessments", "wiring", "rights"];

#[test]
fn nobody_else_can_ask_for_what_was_said_in_counselling() {
    let words = ["counselling_note", "counselling_notes_for_access", "NoteText", "AccessNote"];
    let mut found = Vec::new();
    for (folder, source) in every().filter(|(_, source)| !source.is_test()) {
        let own = folder == "node/src" && (COUNSELLING.contains(&source.room()) || source.path == "store/schema.rs");
        if !own && !folder.starts_with("tests/") {
            let named = source.tokens.iter().filter(|token| words.contains(&token.text.as_str()));
            found.extend(named.map(|token| format!("{folder}/{}:{}: names {}", source.path, token.line, token.text)));
            found.extend(names(&source, &["assessments::counselling"]));
        }
    }
    none(found);
}

#[test]
fn nodes_that_share_a_process_share_nothing() {
    none(walk("node/src").iter().flat_map(shared).collect());
}

/// Statics that can change, and what makes them.
fn shared(source: &Source) -> Vec<String> {
    let changes = |text: &str| {
        text.starts_with("Atomic")
            || matches!(
                text,
                "mut"
                    | "Cell"
                    | "RefCell"
                    | "UnsafeCell"
                    | "OnceCell"
                    | "OnceLock"
                    | "Once"
                    | "LazyLock"
                    | "LazyCell"
                    | "Lazy"
                    | "Mutex"
                    | "RwLock"
            )
    };
    let mut found = Vec::new();
    for (index, token) in source.tokens.iter().enumerate() {
        let at = |text: &str| format!("{}:{}: {text}", source.path, token.line);
        if matches!(token.text.as_str(), "thread_local" | "lazy_static") {
            found.push(at(&token.text));
        }
        if token.text == "static" && source.tokens[index.saturating_sub(1)].text != "'" {
            let declaration: Vec<&str> = source.tokens[index..]
                .iter()
                .map(|token| token.text.as_str())
                .take_while(|text| !matches!(*text, "=" | ";"))
                .collect();
            if declaration.iter().any(|text| changes(text)) {
                found.push(at(&declaration.join(" ")));
            }
        }
    }
    found
}

#[test]
fn statics_that_change_are_found() {
    for (text, good) in [
        ("static A: &[&str] = &[];", true),
        ("fn f(x: &'static Mutex<u8>) {}", true),
        ("struct S { once: OnceLock<u8> }", true),
        ("static A: AtomicU64 = AtomicU64::new(0);", false),
        ("fn f() { static A: std::sync::OnceLock<u8> = OnceLock::new(); }", false),
        ("static mut A: u8 = 0;", false),
        ("thread_local! { static A: u8 = 0; }", false),
    ] {
        assert_eq!(shared(&Source::parse("a.rs", text)).is_empty(), good, "{text}");
    }
}

#[test]
fn no_file_tells_two_stories() {
    let long = every().filter(|(folder, source)| {
        source.lines > MOST_LINES && format!("{folder}/{}", source.path) != "node/src/store/schema.rs"
    });
    none(long.map(|(folder, source)| format!("{folder}/{}: {} lines", source.path, source.lines)).collect());
}

#[test]
fn what_the_documentation_names_is_there() {
    let mut places: Vec<(String, Source)> =
        walk("node/src").into_iter().map(|source| (source.room().to_owned(), source)).collect();
    places.extend(["house", "stories"].into_iter().flat_map(|name| {
        walk(&format!("tests/tests/{name}")).into_iter().map(move |source| (name.to_owned(), source))
    }));
    let defines = |room: &str, name: &str| {
        places
            .iter()
            .filter(|(of, _)| of == room)
            .any(|(_, source)| source.tokens.windows(2).any(|pair| pair[0].text == "fn" && pair[1].text == name))
    };
    let lower = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let mut absent = Vec::new();
    for file in ["node/README.md", "node/docs/attacks.md"] {
        let text = fs::read_to_string(repository().join(file)).expect(file);
        for quoted in text.split('`').skip(1).step_by(2) {
            if let Some((room, name)) = quoted.split_once("::")
                && lower(room)
                && lower(name)
                && !defines(room, name)
            {
                absent.push(format!("{file}: {quoted}"));
            }
        }
    }
    none(absent);
}
