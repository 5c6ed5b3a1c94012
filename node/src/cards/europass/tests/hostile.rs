//! Files that mean harm, or are broken. Each is refused for what it is, fast, and nothing of it is repeated.

use proptest::prelude::*;

use super::{read, today};
use crate::cards::europass::{Imported, Syntax, Unreadable};

fn xml(file: &str) -> Result<Imported, Unreadable> {
    read(file, Syntax::Xml)
}

fn candidate(inside: &str) -> String {
    format!("<Candidate xmlns=\"http://www.europass.eu/1.0\">{inside}</Candidate>")
}

#[test]
fn a_billion_laughs_are_not_heard() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>\
                <Candidate xmlns=\"http://www.europass.eu/1.0\">&b;</Candidate>";
    assert_eq!(xml(bomb).unwrap_err(), Unreadable::DocumentType);
    assert_eq!(xml(&candidate("<CandidatePerson>&lol9;</CandidatePerson>")).unwrap_err(), Unreadable::Entity);
    assert_eq!(xml(&candidate("<A b=\"&lol9;\"/>")).unwrap_err(), Unreadable::Entity);
}

#[test]
fn nothing_outside_is_fetched() {
    for outer in [
        "<!DOCTYPE Candidate [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE Candidate SYSTEM \"http://127.0.0.1:9/evil.dtd\">",
        "<!DOCTYPE Candidate PUBLIC \"-//X//EN\" \"http://127.0.0.1:9/evil.dtd\">",
        "<!DOCTYPE Candidate [<!ENTITY % p SYSTEM \"http://127.0.0.1:9/p\"> %p;]>",
    ] {
        let file = format!("{outer}{}", candidate("&xxe;"));
        assert_eq!(xml(&file).unwrap_err(), Unreadable::DocumentType, "{outer}");
    }
    let sheet = format!("<?xml-stylesheet href=\"http://127.0.0.1:9/x.xsl\"?>{}", candidate(""));
    assert_eq!(xml(&sheet).unwrap_err(), Unreadable::Instruction);
    let located = "<Candidate xmlns=\"http://www.europass.eu/1.0\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                   xsi:schemaLocation=\"http://www.europass.eu/1.0 http://127.0.0.1:9/Candidate.xsd\"/>";
    assert!(xml(located).is_ok(), "where a schema lies is words");
    let included = candidate("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/>");
    let report = xml(&included).unwrap().report;
    assert_eq!(report.items[0].element, "/Candidate/include", "a foreign element is named and left out");
}

#[test]
fn depth_number_and_size_are_bounded() {
    for depth in [31, 32, 100_000] {
        let file = candidate(&format!("{}{}", "<A>".repeat(depth), "</A>".repeat(depth)));
        assert_eq!(xml(&file).is_ok(), depth < 32, "{depth}");
    }
    assert_eq!(xml(&candidate(&"<A>".repeat(500_000))).unwrap_err(), Unreadable::TooDeepOrMany, "never closed");
    assert_eq!(xml(&candidate(&"<A/>".repeat(20_000))).unwrap_err(), Unreadable::TooDeepOrMany);
    let attributes: String = (0..1_000).map(|n| format!(" a{n}=\"\"")).collect();
    assert_eq!(xml(&candidate(&format!("<A{attributes}/>"))).unwrap_err(), Unreadable::TooDeepOrMany);
    let long = "x".repeat(1 << 20);
    assert_eq!(xml(&candidate(&format!("<A b=\"{long}\"/>"))).unwrap_err(), Unreadable::TooDeepOrMany);
    assert_eq!(xml(&candidate(&format!("<{long}/>"))).unwrap_err(), Unreadable::TooDeepOrMany);
    let namespaces: String = (0..100_000).map(|n| format!(" xmlns:a{n}=\"urn:{n}\"")).collect();
    assert!(xml(&format!("<Candidate{namespaces}/>")).is_err());
}

/// A zip bomb that comes as an attachment stays as it came, and goes with the file.
#[test]
fn what_is_attached_to_a_cv_is_neither_unpacked_nor_kept() {
    let folded = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b'a'; 64 << 20], 9);
    let text: String =
        folded.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'A' + half)).collect();
    let attached = format!(
        "<eures:Attachment xmlns:eures=\"http://www.europass_eures.eu/1.0\" \
         xmlns:oa=\"http://www.openapplications.org/oagis/9\"><oa:EmbeddedData mimeCode=\"application/zip\">{text}\
         </oa:EmbeddedData></eures:Attachment>"
    );
    let read = xml(&candidate(&attached)).unwrap();
    assert!(read.fields.is_empty());
    assert!(!format!("{:?}", read.report).contains(&text[..64]), "it is named, and nothing of it is repeated");
}

#[test]
fn another_encoding_is_no_way_round() {
    let utf16: Vec<u8> = candidate("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16.iter().copied()).collect();
    let utf7 = "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-Candidate+AD4-";
    for file in [utf16.as_slice(), &marked, utf7.as_bytes(), b"<Candidate>\xff</Candidate>"] {
        assert_eq!(super::super::read(file, Syntax::Xml, today()).unwrap_err(), Unreadable::Encoding);
    }
    let latin = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}", candidate(""));
    assert_eq!(xml(&latin).unwrap_err(), Unreadable::Encoding);
    assert!(xml(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>{}", candidate(""))).is_ok());
}

#[test]
fn what_is_no_document_is_none() {
    for file in [
        "",
        " ",
        "Candidate",
        "<Candidate",
        "<Candidate xmlns=\"http://www.europass.eu/1.0\">",
        "<Candidate></Kandidat>",
        "<Candidate/><Candidate/>",
        "<Candidate/>x",
        "x<Candidate/>",
        "<a:Candidate/>",
        "<Candidate a=\"1\" a=\"2\"><A b/></Candidate>",
    ] {
        assert_eq!(xml(file).unwrap_err(), Unreadable::Syntax, "{file}");
    }
    for file in ["<html/>", "<x:Candidate xmlns:x=\"urn:other\"/>"] {
        assert_eq!(xml(file).unwrap_err(), Unreadable::OtherDocument, "{file}");
    }
}

#[test]
fn json_is_read_as_strictly() {
    let json = |file: &str| read(file, Syntax::Json);
    for file in [
        "",
        "{",
        "<Candidate/>",
        "{\"SkillsPassport\":{\"Locale\":\"it\",\"Locale\":\"en\"}}",
        "{\"SkillsPassport\":{}} x",
        &format!("{{\"SkillsPassport\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        assert_eq!(json(file).unwrap_err(), Unreadable::Syntax);
    }
    for file in ["[]", "{}", "null", "{\"LearnerInfo\":{}}", "{\"SkillsPassport\":[]}"] {
        assert_eq!(json(file).unwrap_err(), Unreadable::OtherDocument, "{file}");
    }
    let many = format!("{{\"SkillsPassport\":{{\"LearnerInfo\":[{}0]}}}}", "0,".repeat(20_000));
    assert_eq!(json(&many).unwrap_err(), Unreadable::TooDeepOrMany);
    let odd = json("{\"SkillsPassport\":{\"LearnerInfo\":{\"Identification\":7,\"Skills\":[1,null,{\"a\":[]}]}}}");
    assert!(odd.unwrap().fields.is_empty());
}

#[test]
fn a_refusal_never_quotes_the_file() {
    for file in ["<Zzamina", "<!DOCTYPE Zzamina>", "<Zzamina/>"] {
        let said = format!("{} {:?}", xml(file).unwrap_err(), xml(file));
        assert!(!said.contains("Zzamina"), "{said}");
    }
    let marked =
        xml(&candidate("<CandidatePerson><PersonName><GivenName>Zzamina</GivenName></PersonName></CandidatePerson>"));
    assert!(!format!("{:?}", marked.unwrap()).contains("Zzamina"));
}

proptest! {
    #[test]
    fn nothing_panics(text in "(<[a-zA-Z:/!?&;\"= ]{0,12}>?|[^<]{0,8}){0,12}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = xml(&text);
        let _ = xml(&candidate(&text));
        let _ = read(&text, Syntax::Json);
        let _ = super::super::read(&bytes, Syntax::Xml, today());
    }
}
