//! Invitations, standings and applications, without any store or socket.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{Jwks, KeySet};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use staffetta_protocol::trust::{Application, Capabilities, EntityConfiguration, Role, Roles, Standing};
use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Error, Result};

/// Hexadecimal digits that find an invitation's row.
const SELECTOR_DIGITS: usize = 8;
/// Hexadecimal digits that prove it: 128 random bits.
const SECRET_DIGITS: usize = 32;
/// Longest slug.
const SLUG_LENGTH: usize = 40;
/// Federation keys of one member at most, retired ones included.
const MAX_KEYS: usize = 10;

/// What the code of an invitation consists of. Only the secret's hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct InvitationCode {
    pub(super) selector: String,
    secret: String,
}

impl InvitationCode {
    pub(super) fn generate() -> Result<Self> {
        let mut bytes = [0; (SELECTOR_DIGITS + SECRET_DIGITS) / 2];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::internal("the system gives no random bytes"))?;
        let mut digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = digits.split_off(SELECTOR_DIGITS);
        Ok(Self { selector: digits, secret })
    }

    /// Reads a code as somebody typed it: case and blanks do not count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (selector, secret) = text.split_once('-')?;
        let is_hex = |part: &str, digits| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hex(selector, SELECTOR_DIGITS) && is_hex(secret, SECRET_DIGITS))
            .then(|| Self { selector: selector.to_owned(), secret: secret.to_owned() })
    }

    /// The code as it is handed over, once.
    pub(super) fn text(&self) -> String {
        format!("{}-{}", self.selector, self.secret)
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.secret.as_bytes()).as_ref().to_vec()
    }

    /// Whether the secret is the one that was hashed, in a time that does not tell how nearly.
    pub(super) fn fits(&self, hash: &[u8]) -> bool {
        verify_slices_are_equal(&self.hash(), hash).is_ok()
    }
}

/// What the authority may do to a member's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Approve,
    Suspend,
    Reinstate,
    Expel,
}

impl Act {
    const ALL: [Act; 4] = [Self::Approve, Self::Suspend, Self::Reinstate, Self::Expel];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Expel => "expel",
        }
    }

    /// As it stands in the journal.
    pub(super) const fn entry(self) -> &'static str {
        match self {
            Self::Approve => "member.approved",
            Self::Suspend => "member.suspended",
            Self::Reinstate => "member.reinstated",
            Self::Expel => "member.expelled",
        }
    }

    /// Where the act leads. An active member may be approved again: its agreement was renewed.
    fn leads(self, from: Standing) -> Option<Standing> {
        match (from, self) {
            (Standing::Pending | Standing::Active, Self::Approve) | (Standing::Suspended, Self::Reinstate) => {
                Some(Standing::Active)
            }
            (Standing::Active, Self::Suspend) => Some(Standing::Suspended),
            (Standing::Pending | Standing::Active | Standing::Suspended, Self::Expel) => Some(Standing::Expelled),
            _ => None,
        }
    }

    /// The standing after the act.
    pub(super) fn on(self, from: Standing) -> Result<Standing, Problem> {
        self.leads(from).ok_or_else(|| {
            let allowed = Self::ALL.into_iter().filter(|act| act.leads(from).is_some());
            Problem::illegal(allowed.map(|act| act.as_str().to_owned()).collect())
        })
    }
}

/// The words of an organisation's name, fit for a URL.
pub(super) fn slug(organisation_name: &str) -> String {
    let mut slug = String::new();
    for letter in organisation_name.nfkd() {
        match letter.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9') => slug.push(plain),
            _ if letter.is_ascii() && !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
        if slug.len() == SLUG_LENGTH {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "member".into() } else { slug.into() }
}

/// What an application proves, once checked.
#[derive(Debug)]
pub(super) struct Applicant {
    pub(super) jwks: Jwks,
    pub(super) capabilities: Capabilities,
    pub(super) issued_at: DateTime<Utc>,
}

/// Checks what an application says about itself, and that its configuration is signed with a key of its own. Whether
/// the key belongs to whom it says, the invitation vouches for.
pub(super) fn check(
    application: &Application,
    authority: &EntityId,
    development: bool,
    now: DateTime<Utc>,
) -> Result<Applicant, Problem> {
    let mut errors = Vec::new();
    let mut expect = |good: bool, name: &str, code: &str, it: &str, en: &str| {
        if !good {
            errors.push(field(name, code, it, en));
        }
    };
    let Application { entity_id, organisation_name, email, ipa_code, vat_number, roles, .. } = application;
    expect(
        entity_id != authority && (development || !entity_id.is_plain_http()),
        "/entity_id",
        "not_acceptable",
        "Questo nome non può aderire alla rete.",
        "This name cannot join the network.",
    );
    let name = organisation_name.trim();
    expect(
        !name.is_empty()
            && organisation_name.chars().count() <= 200
            && !organisation_name.chars().any(char::is_control),
        "/organisation_name",
        "not_acceptable",
        "Serve una denominazione di non più di 200 caratteri.",
        "A name of at most 200 characters is needed.",
    );
    expect(
        is_address(email),
        "/email",
        "not_an_address",
        "Non è un indirizzo di posta elettronica.",
        "This is not an e-mail address.",
    );
    expect(
        ipa_code.is_some() || vat_number.is_some(),
        "/ipa_code",
        "required",
        "Serve il codice IPA o la partita IVA.",
        "The IPA code or the VAT number is needed.",
    );
    expect(
        ipa_code.as_deref().is_none_or(is_ipa_code),
        "/ipa_code",
        "not_a_code",
        "Non è un codice IPA.",
        "This is not an IPA code.",
    );
    expect(
        vat_number.as_deref().is_none_or(is_vat_number),
        "/vat_number",
        "not_a_code",
        "La partita IVA ha undici cifre.",
        "A VAT number has eleven digits.",
    );
    expect(
        !roles.is_empty() && !roles.contains(&Role::Authority),
        "/roles",
        "not_acceptable",
        "Serve almeno un ruolo, e non quello di autorità.",
        "At least one role is needed, and not that of the authority.",
    );
    let applicant = open(application, authority, now);
    expect(
        applicant.is_ok(),
        "/entity_configuration",
        "not_acceptable",
        "La configurazione non è valida o non è di questo nodo.",
        "The configuration does not hold or is not this node's.",
    );
    match applicant {
        Ok(applicant) if errors.is_empty() => Ok(applicant),
        Ok(_) => Err(Problem::invalid(errors)),
        Err(why) => Err(Problem::invalid(errors).detail(format!("entity_configuration: {why}"))),
    }
}

fn field(name: &str, code: &str, it: &str, en: &str) -> FieldError {
    FieldError { field: name.into(), code: code.into(), detail_it: it.into(), detail_en: en.into() }
}

fn open(application: &Application, authority: &EntityId, now: DateTime<Utc>) -> Result<Applicant, String> {
    let configuration =
        EntityConfiguration::open_self_signed(&application.entity_configuration, now).map_err(|why| why.to_string())?;
    if configuration.sub != application.entity_id {
        return Err("it is about another entity".into());
    }
    if !configuration.authority_hints.contains(authority) {
        return Err("authority_hints does not name this authority".into());
    }
    let node = configuration.metadata.oauth_resource.as_ref().ok_or("there is no oauth_resource")?;
    if node.resource != application.entity_id.resource() {
        return Err("resource is not below the entity id".into());
    }
    check_keys(&configuration.jwks)?;
    let issued_at = DateTime::from_timestamp(configuration.iat, 0).ok_or("iat is out of range")?;
    Ok(Applicant { capabilities: node.capabilities.clone(), jwks: configuration.jwks, issued_at })
}

/// Bounds and usefulness of a member's federation keys.
pub(super) fn check_keys(jwks: &Jwks) -> Result<(), &'static str> {
    if jwks.keys.len() > MAX_KEYS {
        return Err("too many keys");
    }
    let keys = KeySet::new(jwks);
    if !keys.iter().any(|key| key.retired_at().is_none() && !key.is_revoked()) {
        return Err("no key signs");
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic());
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, host)| plain(local) && plain(host) && !host.contains('@'))
}

/// Code in the index of public bodies: a few letters, digits and underscores.
pub fn is_ipa_code(text: &str) -> bool {
    !text.contains('#') && OrganisationId::new(&format!("ipa:{text}")).is_ok()
}

/// Eleven digits, the last of which checks the others: as consents name organisations.
pub fn is_vat_number(text: &str) -> bool {
    !text.contains('#') && OrganisationId::new(&format!("vat:{text}")).is_ok()
}

/// Whether an organisation with these codes is the one that an identifier (`ipa:…`, `vat:…`) names.
pub(super) fn is_named(application: &Application, organisation_id: &str) -> bool {
    match organisation_id.split_once(':') {
        Some(("ipa", code)) => application.ipa_code.as_deref() == Some(code),
        Some(("vat", number)) => application.vat_number.as_deref() == Some(number),
        _ => false,
    }
}

/// The refusal for roles beyond what an invitation permits.
pub(super) fn within(wanted: &Roles, permitted: &Roles) -> Result<(), Problem> {
    if wanted.is_subset(permitted) {
        return Ok(());
    }
    Err(Problem::new(Code::RoleNotEntitled).detail("the invitation permits fewer roles"))
}
