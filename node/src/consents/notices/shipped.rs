//! The notices that come with the program: plain words in Italian, and drafts of the first interview in English and
//! French. An organisation copies one, writes it its own way, and adds that as its version.

use staffetta_protocol::card::{LanguageCode, List, Prose, Text};
use staffetta_protocol::consent::Purpose;

use super::model::{NewNotice, NewWording};

/// Short name, purposes, and for each language the file: its first line is the heading.
type Shipped = (&'static str, &'static [Purpose], &'static [(&'static str, &'static str)]);

const ALL: &[Shipped] = &[
    (
        "first-interview",
        &[Purpose::P1, Purpose::P2],
        &[
            ("ita", include_str!("shipped/first-interview.ita.txt")),
            ("eng", include_str!("shipped/first-interview.eng.txt")),
            ("fra", include_str!("shipped/first-interview.fra.txt")),
        ],
    ),
    ("formalities", &[Purpose::P2], &[("ita", include_str!("shipped/formalities.ita.txt"))]),
    ("host-proposal", &[Purpose::P4], &[("ita", include_str!("shipped/host-proposal.ita.txt"))]),
    ("training", &[Purpose::P6], &[("ita", include_str!("shipped/training.ita.txt"))]),
    ("follow-up", &[Purpose::P7], &[("ita", include_str!("shipped/follow-up.ita.txt"))]),
    ("adjustments", &[Purpose::P10], &[("ita", include_str!("shipped/adjustments.ita.txt"))]),
    ("certification", &[Purpose::P11], &[("ita", include_str!("shipped/certification.ita.txt"))]),
    ("transfer", &[Purpose::P12], &[("ita", include_str!("shipped/transfer.ita.txt"))]),
    (
        "explained",
        &[Purpose::P3, Purpose::P5, Purpose::P8, Purpose::P9],
        &[("ita", include_str!("shipped/explained.ita.txt"))],
    ),
];

/// Version 1 of each. What does not fit its bounds is left out, which a test excludes.
pub(super) fn notices() -> Vec<NewNotice> {
    ALL.iter().filter_map(|(code, purposes, texts)| read(code, purposes, texts)).collect()
}

fn read(code: &str, purposes: &[Purpose], texts: &[(&str, &str)]) -> Option<NewNotice> {
    let texts = texts.iter().map(|(language, file)| wording(language, file)).collect::<Option<Vec<_>>>()?;
    Some(NewNotice {
        notice_id: Text::new(code).ok()?,
        version: Text::new("1").ok()?,
        purposes: List::new(purposes.to_vec()).ok()?,
        texts: List::new(texts).ok()?,
    })
}

fn wording(language: &str, file: &str) -> Option<NewWording> {
    let (heading, body) = file.split_once("\n\n")?;
    Some(NewWording {
        language: LanguageCode::new(language).ok()?,
        heading: Text::new(heading).ok()?,
        body: Prose::new(body.trim_end()).ok()?,
        verified: None,
        audio: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_told_in_italian_and_what_is_asked_says_how_long_and_that_no_is_free() {
        let notices = notices();
        assert_eq!(notices.len(), ALL.len());
        for purpose in Purpose::ALL {
            let telling = notices.iter().find(|notice| notice.purposes.contains(purpose));
            let notice = telling.unwrap_or_else(|| panic!("{purpose:?} is told nowhere"));
            let italian = notice.texts.iter().find(|text| text.language == LanguageCode::italian());
            let body = italian.expect("an Italian text").body.as_str();
            assert!(body.contains("Garante"), "{purpose:?}");
            if purpose.is_asked() {
                assert!(body.contains("Se dici no non cambia nulla"), "{purpose:?}");
                assert!(body.contains("cambiare idea quando vuoi"), "{purpose:?}");
                assert!(body.contains("mesi") || body.contains("giorni"), "{purpose:?}");
            }
        }
    }
}
