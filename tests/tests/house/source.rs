//! Rust files as tokens. Comments and text literals are no code, and whether a path is written in one piece or in
//! braces, from the root of the crate or from a parent, makes no difference here.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One file.
pub(crate) struct Source {
    /// Below the folder that was walked, with `/`.
    pub(crate) path: String,
    pub(crate) lines: usize,
    pub(crate) tokens: Vec<Token>,
}

/// An identifier, a punctuation character or a delimiter; a literal is `"` and its text.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A path as code names it, resolved as far as it begins with `crate`, `self` or `super`: then it begins with `crate`.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_path_buf()
}

/// Every Rust file below a folder of the repository, in the order of names.
pub(crate) fn walk(folder: &str) -> Vec<Source> {
    let root = repository().join(folder);
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder} holds no Rust file");
    found.iter().map(|path| Source::read(&root, path)).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a folder that was opened can be read").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let below = path.strip_prefix(root).expect("it was found below").to_str().expect("names are ASCII");
        Self::parse(below, &text)
    }

    /// `path` says which module the text is.
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let stream = TokenStream::from_str(text).unwrap_or_else(|e| panic!("{path}: {e}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Self { path: path.replace('\\', "/"), lines: text.lines().count(), tokens }
    }

    /// Whether the file holds only tests. Of the rest, `#[cfg(test)] mod` within a file counts as code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
    }

    /// Whether it is a feature's pure part.
    pub(crate) fn is_model(&self) -> bool {
        self.path.split('/').any(|part| part == "model" || part == "model.rs")
    }

    /// The first folder, or the file without its ending.
    pub(crate) fn room(&self) -> &str {
        let first = self.path.split('/').next().expect("a path has a part");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn module(&self) -> Vec<String> {
        let mut parts: Vec<_> = self.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }

    /// Every path that the code names, of two segments or more.
    pub(crate) fn paths(&self) -> Vec<Named> {
        let mut found = Vec::new();
        // Modules written out in the file: what they add to the path, and the depth at which they end.
        let mut inline: Vec<(String, usize)> = Vec::new();
        let mut depth = 0;
        let mut index = 0;
        while index < self.tokens.len() {
            let mut next = index + 1;
            match self.at(index) {
                "{" => {
                    depth += 1;
                    if index >= 2 && self.at(index - 2) == "mod" {
                        inline.push((self.at(index - 1).to_owned(), depth));
                    }
                }
                "}" => {
                    inline.pop_if(|(_, ends)| *ends == depth);
                    depth -= 1;
                }
                text if is_name(text) && self.follows_path(index + 1) && !self.within_path(index) => {
                    let mut module = self.module();
                    module.extend(inline.iter().map(|(name, _)| name.clone()));
                    next = self.tree(index, &[], &module, &mut found);
                }
                _ => {}
            }
            index = next;
        }
        found
    }

    fn at(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.text.as_str())
    }

    fn follows_path(&self, index: usize) -> bool {
        self.at(index) == ":" && self.at(index + 1) == ":"
    }

    /// Whether what stands here goes on from a name before it. A path that begins with `::` begins here.
    fn within_path(&self, index: usize) -> bool {
        let goes_on = index >= 3 && self.at(index - 1) == ":" && self.at(index - 2) == ":";
        goes_on && is_name(self.at(index - 3))
    }

    /// Reads one path, or what stands between two commas of a tree, and returns the index behind it.
    fn tree(&self, mut index: usize, before: &[String], module: &[String], found: &mut Vec<Named>) -> usize {
        let mut segments = before.to_vec();
        let line = self.tokens.get(index).map_or(0, |token| token.line);
        loop {
            match self.at(index) {
                "{" => {
                    index += 1;
                    while !matches!(self.at(index), "}" | "") {
                        index = self.tree(index, &segments, module, found);
                        // What is no tree after all, such as a block behind `::<…>`, is passed over.
                        while !matches!(self.at(index), "," | "}" | "") {
                            index += 1;
                        }
                        index += usize::from(self.at(index) == ",");
                    }
                    return index + 1;
                }
                "crate" => segments = vec!["crate".to_owned()],
                "self" if segments.is_empty() => segments = rooted(module),
                "self" => {}
                "super" => {
                    if segments.is_empty() {
                        segments = rooted(module);
                    }
                    segments.pop();
                }
                name if is_name(name) => segments.push(name.to_owned()),
                "*" => segments.push("*".to_owned()),
                _ => break,
            }
            index += 1;
            if !self.follows_path(index) {
                break;
            }
            index += 2;
        }
        found.push(Named { segments, line });
        index
    }
}

fn rooted(module: &[String]) -> Vec<String> {
    std::iter::once("crate".to_owned()).chain(module.iter().cloned()).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                into.push(Token { text: open.to_owned(), line });
                flatten(group.stream(), into);
                into.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            TokenTree::Literal(literal) => into.push(Token { text: format!("\"{literal}"), line }),
            TokenTree::Ident(name) => into.push(Token { text: name.to_string(), line }),
            TokenTree::Punct(mark) => into.push(Token { text: mark.as_char().to_string(), line }),
        }
    }
}

#[test]
fn paths_are_found_however_they_are_written() {
    let text = r#"
        //! See [`Store`](crate::above::Store).
        use crate::{alpha, beta::{self, One}, gamma::*};
        use super::super::delta::Two;
        /// crate::comment::Nothing
        fn f() { let x = "crate::text::Nothing"; super::sibling::g::<crate::epsilon::Three>(); }
        mod tests { use super::super::super::zeta; fn g() { self::own(); super::h::i() } }
        macro_rules! m { () => { $crate::eta::four() } }
    "#;
    let source = Source::parse("room/inner.rs", text);
    let found: Vec<String> = source.paths().iter().map(|path| path.segments.join("::")).collect();
    let expected = [
        "crate::alpha",
        "crate::beta",
        "crate::beta::One",
        "crate::gamma::*",
        "crate::delta::Two",
        "crate::room::sibling::g",
        "crate::epsilon::Three",
        "crate::zeta",
        "crate::room::inner::tests::own",
        "crate::room::inner::h::i",
        "crate::eta::four",
    ];
    assert_eq!(found, expected);
    assert_eq!(Source::parse("room/mod.rs", "use super::other::X;").paths()[0].segments.join("::"), "crate::other::X");
}
