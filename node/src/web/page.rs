//! A page of a list: where it begins and how long it may be.
//!
//! A cursor is opaque: the key of the last row, with a tag under the node's key over the path and that key. Whatever
//! this node did not make for this list is refused, so nobody asks with a key of his own making or of another list.

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::{FieldError, Problem};
use std::future::{Ready, ready};
use std::marker::PhantomData;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

use crate::error::{Error, Result};
use crate::vault::Vault;

/// Rows on a page, at most.
const LARGEST: u32 = 200;
/// Rows on a page, unless said otherwise.
const USUAL: u32 = 50;
/// Letters of a cursor, at most.
const LETTERS: usize = 256;
/// What the tag is made under; also the column in the vault's derivation.
const COLUMN: &str = "cursor";
const TAG: usize = 3;

/// The page that a request asks for. `K` is the key by which the list is ordered, of the row where the page before ended:
/// small, and nothing that may not be shown.
///
/// A handler that takes it names it among its `params`. Wrong values: 422 `invalid_input`, by parameter.
#[derive(Debug)]
pub struct Page<K> {
    /// The key of the last row of the page before.
    pub after: Option<K>,
    /// Rows on this page, at most.
    pub limit: u32,
    vault: Vault,
    path: String,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// How many rows to ask the database for: one more than the page holds, which tells whether there is another.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The rows of this page out of those that [`Page::rows`] asked for, and the cursor of the next page if there is one.
    ///
    /// # Errors
    /// When the key cannot be written.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl FnOnce(&T) -> K) -> Result<(Vec<T>, Option<String>)> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| more).map(|last| self.next(&key(last))).transpose()?;
        Ok((rows, next))
    }

    /// The page of a list that is read whole: what one person has, or a node has few of. `key` tells its entries apart.
    ///
    /// # Errors
    /// `invalid_input` when the entry is gone where the page before ended: the list is to be asked for anew.
    pub fn of_all<T>(&self, all: Vec<T>, key: impl Fn(&T) -> K) -> Result<(Vec<T>, Option<String>)>
    where
        K: PartialEq,
    {
        let mut rest = all.into_iter();
        if let Some(after) = &self.after
            && !rest.by_ref().any(|entry| key(&entry) == *after)
        {
            return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/cursor")]).into());
        }
        self.cut(rest.take(self.limit as usize + 1).collect(), key)
    }

    /// The cursor of the page that begins behind `key`.
    ///
    /// # Errors
    /// When the key cannot be written.
    pub fn next(&self, key: &K) -> Result<String> {
        let key = serde_json::to_string(key).map_err(Error::internal)?;
        let mut bytes = tag(&self.vault, &self.path, &key).to_vec();
        bytes.extend_from_slice(key.as_bytes());
        let cursor = URL_SAFE_NO_PAD.encode(bytes);
        if cursor.len() > LETTERS { Err(Error::internal("a cursor is too long")) } else { Ok(cursor) }
    }

    fn read(query: &str, vault: Vault, path: &str) -> Result<Self> {
        let mut found: Vec<FieldError> = Vec::new();
        let mut one = |name: &'static str| {
            let mut values = super::path::pairs(query).filter(|(given, _)| given == name).map(|(_, value)| value);
            let value = values.next();
            found.extend(values.next().map(|_| Refusal::Repeated.at(format!("/{name}"))));
            value
        };
        let (cursor, limit) = (one("cursor"), one("limit"));
        let after = cursor.map(|text| opened(&text, &vault, path).ok_or_else(|| Refusal::WrongShape.at("/cursor")));
        let limit = limit.map_or(Ok(USUAL), |text| match text.parse() {
            Ok(limit) if (1..=LARGEST).contains(&limit) && !text.starts_with('+') => Ok(limit),
            Ok(_) => Err(Refusal::OutOfRange.at("/limit")),
            Err(_) => Err(Refusal::WrongType.at("/limit")),
        });
        match (after.transpose(), limit) {
            (Ok(after), Ok(limit)) if found.is_empty() => Ok(Self { after, limit, vault, path: path.to_owned() }),
            (after, limit) => {
                found.extend(after.err());
                found.extend(limit.err());
                Err(Problem::invalid(found).into())
            }
        }
    }
}

fn opened<K: DeserializeOwned>(text: &str, vault: &Vault, path: &str) -> Option<K> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|_| text.len() <= LETTERS)?;
    let (given, key) = bytes.split_at_checked(TAG)?;
    let key = std::str::from_utf8(key).ok()?;
    // A match of 24 bits is a candidate where somebody's name is looked for; here it is what a guess would have to hit.
    (tag(vault, path, key) == given).then(|| serde_json::from_str(key).ok())?
}

fn tag(vault: &Vault, path: &str, key: &str) -> [u8; TAG] {
    let [_, tag @ ..] = vault.blind(COLUMN, &format!("{path}|{key}")).to_be_bytes();
    tag
}

impl<K: Serialize + DeserializeOwned> FromRequest for Page<K> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(vault) = request.app_data::<Data<Vault>>() else {
            return ready(Err(Error::internal("the desk has no vault")));
        };
        ready(Self::read(request.query_string(), vault.get_ref().clone(), request.path()))
    }
}

/// The parameters of a [`Page`], for the document.
#[derive(Debug)]
pub struct PageParams(PhantomData<()>);

impl IntoParams for PageParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, what: &str, schema: Schema| {
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
            parameter.description(Some(what)).schema(Some(schema)).build()
        };
        let cursor = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]+$"));
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(f64::from(LARGEST)));
        let limited = format!("Entries on a page; {USUAL} if absent.");
        vec![
            parameter("cursor", "`next_cursor` of the page before.", cursor.max_length(Some(LETTERS)).build().into()),
            parameter("limit", &limited, limit.build().into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vault::MasterKey;

    fn vault() -> Vault {
        Vault::new(MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap())
    }

    type Key = (i64, String);

    fn refused(query: &str) -> Vec<(String, String)> {
        let problem = Page::<Key>::read(query, vault(), "/people").unwrap_err().problem();
        problem.errors.into_iter().map(|error| (error.field, error.code)).collect()
    }

    #[test]
    fn pages_follow_one_another_and_the_last_says_so() {
        let all: Vec<i64> = (0..5).collect();
        let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let page = Page::<i64>::read(&query, vault(), "/numbers").unwrap();
            let after = page.after.unwrap_or(-1);
            let rows = all.iter().copied().filter(|n| *n > after).take(page.rows() as usize).collect();
            let (items, next) = page.cut(rows, |n| *n).unwrap();
            assert!(items.len() <= 2);
            seen.extend(items);
            let Some(next) = next else { break };
            query = format!("limit=2&cursor={next}");
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_list_that_is_read_whole_goes_on_behind_the_entry_and_says_when_it_is_gone() {
        let page = |query: &str| Page::<i64>::read(query, vault(), "/numbers").unwrap();
        let (items, next) = page("limit=2").of_all(vec![5, 1, 9], |n| *n).unwrap();
        assert_eq!(items, [5, 1]);
        let query = format!("limit=2&cursor={}", next.unwrap());
        let (items, next) = page(&query).of_all(vec![7, 5, 1, 9], |n| *n).unwrap();
        assert_eq!((items, next), (vec![9], None), "what came in front meanwhile moves nothing");
        let problem = page(&query).of_all(vec![5, 9], |n| *n).unwrap_err().problem();
        assert_eq!((problem.errors[0].field.as_str(), problem.errors[0].code.as_str()), ("/cursor", "out_of_range"));
    }

    #[test]
    fn what_is_no_page_is_told_by_parameter() {
        let told =
            |query: &str| refused(query).into_iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>();
        assert_eq!(told("limit=0"), ["/limit out_of_range"]);
        assert_eq!(told("limit=201&cursor=x"), ["/cursor wrong_shape", "/limit out_of_range"]);
        assert_eq!(told("limit=many"), ["/limit wrong_type"]);
        assert_eq!(told("limit=%2B3"), ["/limit out_of_range"]);
        assert_eq!(told("limit=1&limit=2"), ["/limit repeated"]);
        assert_eq!(told(&format!("cursor={}", "A".repeat(300))), ["/cursor wrong_shape"]);
        assert_eq!(Page::<Key>::read("", vault(), "/people").unwrap().limit, USUAL);
    }

    proptest! {
        #[test]
        fn a_cursor_holds_its_key_for_its_list_and_no_other(n: i64, text in "[^\u{0}]{0,40}", at in 0_usize..80, bit in 0_u8..8) {
            let page = Page::<Key>::read("", vault(), "/people").unwrap();
            let cursor = page.next(&(n, text.clone()));
            prop_assume!(cursor.is_ok());
            let cursor = cursor.unwrap();
            let read = Page::<Key>::read(&format!("cursor={cursor}"), vault(), "/people").unwrap();
            prop_assert_eq!(read.after, Some((n, text)));
            let other = Page::<Key>::read(&format!("cursor={cursor}"), vault(), "/staff");
            prop_assert!(other.is_err());
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let bent = URL_SAFE_NO_PAD.encode(bytes);
            let bent = Page::<Key>::read(&format!("cursor={bent}"), vault(), "/people");
            prop_assert!(bent.is_err());
        }

        #[test]
        fn nothing_makes_it_panic(query in "\\PC{0,80}") {
            let _ = Page::<Key>::read(&query, vault(), "/people");
        }
    }
}
