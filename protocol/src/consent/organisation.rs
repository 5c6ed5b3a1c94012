//! Who receives: an organisation, not a node, so that a consent given for paper holds once the office has a node.

use crate::card::Refusal;
use crate::card::eleven_digits;
use crate::card::shape::shape;

shape! {
    /// An organisation by its code in the index of public administrations (`ipa:c_g999`, in lower case) or by its VAT
    /// number (`vat:01234567897`, check digit included), and where it matters one office of it (`#prato-centro`).
    OrganisationId, "^(ipa:[a-z0-9_.-]{2,32}|vat:[0-9]{11})(#[a-z0-9_.-]{1,64})?$", valid
}

fn valid(text: &str) -> Result<(), Refusal> {
    let (organisation, office) = match text.split_once('#') {
        Some((organisation, office)) => (organisation, Some(office)),
        None => (text, None),
    };
    let plain = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b))
    };
    if office.is_some_and(|office| !plain(office, 1, 64)) {
        return Err(Refusal::WrongShape);
    }
    match organisation.split_once(':') {
        Some(("ipa", code)) if plain(code, 2, 32) => Ok(()),
        Some(("vat", number)) => eleven_digits(number),
        _ => Err(Refusal::WrongShape),
    }
}

impl OrganisationId {
    /// A public body by its IPA code; letters are made small.
    ///
    /// # Errors
    /// `wrong_shape`.
    pub fn ipa(code: &str) -> Result<Self, Refusal> {
        Self::new(&format!("ipa:{}", code.to_ascii_lowercase()))
    }

    /// An organisation by its VAT number.
    ///
    /// # Errors
    /// `wrong_shape` or `check_character`.
    pub fn vat(number: &str) -> Result<Self, Refusal> {
        Self::new(&format!("vat:{number}"))
    }

    /// One office of this organisation.
    ///
    /// # Errors
    /// `wrong_shape`.
    pub fn with_office(&self, office: &str) -> Result<Self, Refusal> {
        Self::new(&format!("{}#{office}", self.organisation()))
    }

    /// The organisation without its office.
    #[must_use]
    pub fn organisation(&self) -> &str {
        self.as_str().split_once('#').map_or(self.as_str(), |(organisation, _)| organisation)
    }

    /// The office, if one is named.
    #[must_use]
    pub fn office(&self) -> Option<&str> {
        self.as_str().split_once('#').map(|(_, office)| office)
    }

    /// Whether both name one organisation, whatever the office.
    #[must_use]
    pub fn same_organisation(&self, other: &Self) -> bool {
        self.organisation() == other.organisation()
    }
}

impl std::fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn organisations_and_offices() {
        let prato = OrganisationId::new("ipa:c_g999#centro").unwrap();
        assert_eq!((prato.organisation(), prato.office()), ("ipa:c_g999", Some("centro")));
        assert!(prato.same_organisation(&OrganisationId::ipa("C_G999").unwrap()));
        assert!(OrganisationId::vat("01234567897").is_ok());
        assert_eq!(OrganisationId::vat("01234567890"), Err(Refusal::CheckCharacter));
        for wrong in ["c_g999", "ipa:", "ipa:C_G999", "vat:123", "ipa:c_g999#", "ipa:c g999", "ipa:c_g999#a#b", ""] {
            assert_eq!(OrganisationId::new(wrong), Err(Refusal::WrongShape), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = OrganisationId::new(&text);
        }
    }
}
