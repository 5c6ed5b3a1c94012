//! Which form of an answer the caller prefers (RFC 9110 §12.5.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT;
use actix_web::{FromRequest, HttpRequest};

use crate::error::{Error, Result};

/// What the `Accept` header says; nothing where there is none or it cannot be read.
#[derive(Debug, Clone, Default)]
pub struct Accept(String);

impl Accept {
    /// The one of `offers` that is preferred; the first where nothing is said, or none of them is wanted: an answer in
    /// another form is worth more than none.
    pub fn best(&self, offers: &[&'static str]) -> &'static str {
        let mut best = (offers.first().copied().unwrap_or_default(), 0);
        for offer in offers {
            let weight = self.weight(offer);
            if weight > best.1 {
                best = (offer, weight);
            }
        }
        best.0
    }

    /// In thousandths; of several ranges that fit, the most precise one counts.
    fn weight(&self, offer: &str) -> u32 {
        let whole = offer.split('/').next().unwrap_or_default();
        let ranges = self.0.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next()?.to_ascii_lowercase();
            let precision = if name == offer {
                3
            } else if name == format!("{whole}/*") {
                2
            } else if name == "*/*" {
                1
            } else {
                return None;
            };
            let quality = parts.find_map(|parameter| parameter.strip_prefix("q="));
            let quality = quality.map_or(Some(1.0), |value| value.parse::<f32>().ok())?;
            Some((precision, (quality.clamp(0.0, 1.0) * 1000.0) as u32))
        });
        ranges.max_by_key(|(precision, _)| *precision).map_or(0, |(_, quality)| quality)
    }
}

impl FromRequest for Accept {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let values = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        ready(Ok(Self(values.collect::<Vec<_>>().join(","))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_precise_range_counts_and_then_the_weight() {
        let offers = ["application/xml", "application/json"];
        for (said, expected) in [
            ("", "application/xml"),
            ("*/*", "application/xml"),
            ("application/json", "application/json"),
            ("APPLICATION/JSON", "application/json"),
            ("application/xml;q=0.5, application/json", "application/json"),
            ("application/*;q=0.9, application/xml;q=0.1", "application/json"),
            ("application/json;q=0, */*", "application/xml"),
            ("text/html", "application/xml"),
            ("application/json;q=much", "application/xml"),
            (",,;;q=", "application/xml"),
        ] {
            assert_eq!(Accept(said.to_owned()).best(&offers), expected, "{said}");
        }
    }
}
