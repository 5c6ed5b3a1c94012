//! In which of the two languages a caller wants sentences: Italian unless it asks for English.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use staffetta_protocol::problem::Language;

/// By `Accept-Language` (RFC 9110 §12.5.4): the heavier of the two, Italian when they weigh the same or neither is named.
pub(super) fn wanted(headers: &HeaderMap) -> Language {
    let (mut it, mut en, mut other) = (None, None, None);
    for value in headers.get_all(ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok()) {
        for range in value.split(',') {
            let (tag, weight) = weighed(range);
            let of = match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "it" => &mut it,
                "en" => &mut en,
                "*" => &mut other,
                _ => continue,
            };
            *of = (*of).max(Some(weight));
        }
    }
    let rest = other.unwrap_or(0);
    if en.unwrap_or(rest) > it.unwrap_or(rest) { Language::En } else { Language::It }
}

/// A range with its weight in thousandths; what cannot be read weighs nothing.
fn weighed(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next().unwrap_or_default();
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        None => 1000,
        Some(text) => text.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).map_or(0, |q| (q * 1000.0) as u16),
    };
    (tag, weight)
}

/// The value of `Content-Language`.
pub(super) fn tag(language: Language) -> HeaderValue {
    HeaderValue::from_static(match language {
        Language::It => "it",
        Language::En => "en",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn italian_unless_english_weighs_more() {
        for (asked, language) in [
            (None, Language::It),
            (Some(""), Language::It),
            (Some("*"), Language::It),
            (Some("fr"), Language::It),
            (Some("en"), Language::En),
            (Some("EN-gb, it;q=0.5"), Language::En),
            (Some("it, en"), Language::It),
            (Some("it-IT;q=0.8, en;q=0.9"), Language::En),
            (Some("en;q=0"), Language::It),
            (Some("en;q=0.1, *;q=0.5"), Language::It),
            (Some("*;q=0.1, en"), Language::En),
            (Some("en;q=x"), Language::It),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(asked) = asked {
                headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            }
            assert_eq!(wanted(&headers), language, "{asked:?}");
        }
    }
}
