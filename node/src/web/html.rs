//! What is printed: one page of HTML that runs nothing, loads nothing and is kept by nobody on the way.

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};

/// The one style sheet, for paper of the size A4. Templates take it up between their `style` tags exactly as it is:
/// the policy allows it by its digest and nothing else.
pub const SHEET_STYLE: &str = include_str!("../../templates/web/sheet.css");

/// CSP level 3: no script, no request, no form, no frame; one inline style, by digest.
fn policy() -> HeaderValue {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, SHEET_STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(digest)
    );
    HeaderValue::from_str(&policy).expect("base64 is plain ASCII")
}

/// A page that is made to be printed. It says who somebody is, so it is never stored on the way and tells nobody where it
/// was opened from.
#[derive(Debug)]
pub struct Html {
    body: String,
}

impl Html {
    /// The page that a template makes. Values are escaped by the template's own rules: the file must end in `.html`.
    pub fn sheet(template: &impl Template) -> Result<Self> {
        Ok(Self { body: template.render().map_err(Error::internal)? })
    }

    /// The page as text.
    pub fn as_str(&self) -> &str {
        &self.body
    }
}

impl Responder for Html {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, policy()))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(self.body)
    }
}

/// What every page must be, for the tests of the rooms that print.
#[cfg(test)]
pub(crate) mod proof {
    use scraper::{Html as Parsed, Selector};

    use super::SHEET_STYLE;

    /// Parses a page as a browser does and holds what is true of each: valid, in Italian, titled, with headings in order
    /// and named columns and rows, and nothing that could run or be fetched.
    pub(crate) fn page(text: &str) -> Parsed {
        let page = Parsed::parse_document(text);
        assert!(page.errors.is_empty(), "{:?}", page.errors);
        let all = |css: &str| -> Vec<String> {
            let css = Selector::parse(css).unwrap();
            page.select(&css).map(|found| found.text().collect::<String>()).collect()
        };
        assert_eq!(all("html[lang=it]").len(), 1);
        assert!(all("title").iter().all(|title| !title.trim().is_empty()) && all("title").len() == 1);
        assert_eq!(all("h1").len(), 1, "one main heading");
        assert_eq!(all("style"), [SHEET_STYLE], "the style that the policy allows, to the byte");
        for cells in ["script", "img", "link", "iframe", "object", "form", "a", "base", "meta[http-equiv]", "[style]"] {
            assert!(all(cells).is_empty(), "{cells}");
        }
        let any = Selector::parse("*").unwrap();
        for element in page.select(&any) {
            for (name, _) in element.value().attrs() {
                assert!(["lang", "dir", "charset", "name", "content", "class", "scope"].contains(&name), "{name}");
            }
        }
        assert_eq!(all("th").len(), all("th[scope]").len(), "every header says of what");
        assert_eq!(all("table").len(), all("table:has(th)").len(), "every table has headers");
        let headings: Vec<u8> = page
            .select(&Selector::parse("h1, h2, h3").unwrap())
            .map(|found| found.value().name().as_bytes()[1] - b'0')
            .collect();
        assert!(headings.windows(2).all(|two| two[1] <= two[0] + 1), "no level is left out: {headings:?}");
        page
    }

    /// All that can be read on the page.
    pub(crate) fn words(page: &Parsed) -> String {
        let body = Selector::parse("body").unwrap();
        page.select(&body).flat_map(|body| body.text()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[derive(Template)]
    #[template(
        source = "{% extends \"web/sheet.html\" %}{% block title %}Foglio: {{ said }}{% endblock %}{% block content %}<h1>{{ said }}</h1>{% endblock %}",
        ext = "html"
    )]
    struct Said<'a> {
        said: &'a str,
    }

    #[test]
    fn a_sheet_may_do_nothing_but_be_read() {
        let sheet = Html::sheet(&Said { said: "Zz" }).unwrap();
        let answer = sheet.respond_to(&TestRequest::default().to_http_request());
        let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
    }

    proptest::proptest! {
        #[test]
        fn what_is_said_is_never_taken_for_markup(said in "[ -~àèì]{0,12}(<|>|&|\"|')?[<>&\"'/a-z= ]{0,40}") {
            let sheet = Html::sheet(&Said { said: &said }).unwrap();
            let page = proof::page(sheet.as_str());
            let words = proof::words(&page);
            proptest::prop_assert_eq!(words.trim(), said.trim());
        }
    }
}
