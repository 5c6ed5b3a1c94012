//! The Italian tax code of a person: checked by form and check character. **Nothing is derived from it**: neither sex,
//! nor birth date, nor birth place, all of which its letters would tell.

use super::refusal::Refusal;
use super::shape::shape;

shape! {
    /// A tax code: 16 letters and digits in upper case, with omocodia (letters `LMNPQRSTUV` standing for digits) and
    /// check letter (D.M. 23 December 1976); or the provisional form of 11 digits, with check digit, that is given to
    /// applicants for asylum.
    TaxCode,
    "^([A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]|[0-9]{11})$",
    valid
}

impl TaxCode {
    /// Reads what a person typed: spaces are dropped and letters made capital before the check.
    ///
    /// # Errors
    /// `wrong_shape` or `check_character`.
    pub fn typed(text: &str) -> Result<Self, Refusal> {
        let code: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        Self::new(&code)
    }

    /// The spelling by which two codes of one person are seen to be one: the letters that replace digits where two people
    /// would have the same code (omocodia) are digits again, and the check letter is that of the digits. A provisional
    /// code has one spelling. Made for looking somebody up: what is shown and sent is the code as it was given.
    #[must_use]
    pub fn without_omocodia(&self) -> Self {
        let mut bytes = self.as_str().as_bytes().to_vec();
        if bytes.len() == 16 {
            for at in DIGITS {
                if let Some(digit) = OMOCODIA.iter().position(|letter| *letter == bytes[at]) {
                    bytes[at] = b'0' + u8::try_from(digit).expect("ten letters stand for ten digits");
                }
            }
            bytes[15] = check_letter(&bytes[..15]);
        }
        let code = String::from_utf8(bytes).expect("a tax code is ASCII");
        Self::new(&code).expect("digits in the places of digits make a code")
    }

    /// Whether it is the provisional form of 11 digits.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.as_str().len() == 11
    }
}

/// Where a code of 16 characters has digits, or the letters that replace them.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
/// What replaces the digits 0 to 9.
const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";

fn valid(code: &str) -> Result<(), Refusal> {
    let bytes = code.as_bytes();
    match bytes.len() {
        11 => check_eleven_digits(code),
        16 => {
            if !bytes.iter().enumerate().all(|(at, byte)| fits(at, *byte)) {
                return Err(Refusal::WrongShape);
            }
            if check_letter(&bytes[..15]) == bytes[15] { Ok(()) } else { Err(Refusal::CheckCharacter) }
        }
        _ => Err(Refusal::WrongShape),
    }
}

/// Which characters may stand at each of the 16 places.
fn fits(at: usize, byte: u8) -> bool {
    match at {
        at if DIGITS.contains(&at) => byte.is_ascii_digit() || OMOCODIA.contains(&byte),
        8 => b"ABCDEHLMPRST".contains(&byte),
        _ => byte.is_ascii_uppercase(),
    }
}

/// The sixteenth letter: weights by odd and even place, modulo 26.
fn check_letter(first_fifteen: &[u8]) -> u8 {
    const ODD: [u8; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let sum: u32 = first_fifteen
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            let value = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
            // Places count from 1, so index 0 is odd. A digit weighs as the letter of the same rank.
            u32::from(if index % 2 == 0 { ODD[usize::from(value)] } else { value })
        })
        .sum();
    b'A' + u8::try_from(sum % 26).expect("a remainder of 26 fits")
}

/// The check digit of an 11-digit VAT number or provisional tax code (Luhn's rule, the last digit being the check).
pub(crate) fn check_eleven_digits(code: &str) -> Result<(), Refusal> {
    let bytes = code.as_bytes();
    if bytes.len() != 11 || !bytes.iter().all(u8::is_ascii_digit) || bytes.iter().all(|byte| *byte == b'0') {
        return Err(Refusal::WrongShape);
    }
    let sum: u32 = bytes
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte - b'0');
            if index % 2 == 0 { digit } else { digit * 2 - if digit > 4 { 9 } else { 0 } }
        })
        .sum();
    if sum.is_multiple_of(10) { Ok(()) } else { Err(Refusal::CheckCharacter) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_spellings_of_one_code_are_one() {
        let plain = TaxCode::new("RSSMRA85T10A562S").unwrap();
        // One digit replaced, then two, then all, as the tax office does from the right.
        for spelling in ["RSSMRA85T10A56NH", "RSSMRA85T10A5SNT", "RSSMRAURTMLARSNL"] {
            let code = TaxCode::new(spelling).unwrap();
            assert_eq!(code.without_omocodia(), plain, "{spelling}");
            assert_eq!(code.as_str(), spelling, "what was given is not touched");
        }
        let provisional = TaxCode::new("01234567897").unwrap();
        assert_eq!(provisional.without_omocodia(), provisional);
    }

    #[test]
    fn known_codes_hold() {
        // The textbook example, and the same with its digits replaced one by one from the right.
        for code in ["RSSMRA85T10A562S", "RSSMRA85T10A56NH", "MRTMTT25D09F205Z", "MLLSNT82P65Z404U"] {
            let bytes = code.as_bytes();
            assert_eq!(check_letter(&bytes[..15]), bytes[15], "{code}");
            assert!(TaxCode::new(code).is_ok(), "{code}");
        }
        assert_eq!(TaxCode::new("RSSMRA85T10A562T"), Err(Refusal::CheckCharacter));
        assert_eq!(TaxCode::new("rssmra85t10a562s"), Err(Refusal::WrongShape));
        assert!(TaxCode::typed(" rssmra 85t10a562s ").is_ok());
        assert!(TaxCode::new("01234567897").unwrap().is_provisional());
        assert_eq!(TaxCode::new("01234567890"), Err(Refusal::CheckCharacter));
        assert_eq!(TaxCode::new("00000000000"), Err(Refusal::WrongShape));
        assert_eq!(TaxCode::new("RSSMRA85T1ÀA562"), Err(Refusal::WrongShape));
    }

    prop_compose! {
        /// Any well-formed code with any set of omocodia replacements.
        fn codes()(letters in "[A-Z]{6}", digits in "[0-9]{7}", month in "[ABCDEHLMPRST]", place in "[A-Z]", mask in 0_u8..128)
            -> String {
            let digit = |n: usize| {
                let d = digits.as_bytes()[n] - b'0';
                char::from(if mask >> n & 1 == 1 { OMOCODIA[usize::from(d)] } else { b'0' + d })
            };
            let mut code: String = letters;
            code.extend([digit(0), digit(1)]);
            code.push_str(&month);
            code.extend([digit(2), digit(3)]);
            code.push_str(&place);
            code.extend([digit(4), digit(5), digit(6)]);
            code.push(char::from(check_letter(code.as_bytes())));
            code
        }
    }

    proptest! {
        #[test]
        fn every_well_formed_code_is_taken(code in codes()) {
            prop_assert!(TaxCode::new(&code).is_ok());
        }

        #[test]
        fn whatever_is_replaced_the_lookup_finds_one_code(code in codes(), mask in 0_u8..128) {
            let given = TaxCode::new(&code).unwrap();
            let plain = given.without_omocodia();
            prop_assert_eq!(plain.without_omocodia(), plain.clone(), "it is its own");
            prop_assert!(DIGITS.iter().all(|at| plain.as_str().as_bytes()[*at].is_ascii_digit()));
            let mut other = plain.as_str().as_bytes().to_vec();
            for (_, at) in DIGITS.into_iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1) {
                other[at] = OMOCODIA[usize::from(other[at] - b'0')];
            }
            other[15] = check_letter(&other[..15]);
            let other = TaxCode::new(std::str::from_utf8(&other).unwrap()).unwrap();
            prop_assert_eq!(other.without_omocodia(), plain);
        }

        #[test]
        fn another_code_stays_another(one in codes(), other in codes()) {
            let (one, other) = (TaxCode::new(&one).unwrap(), TaxCode::new(&other).unwrap());
            let places = |code: &TaxCode| -> Vec<u8> {
                let digit = |byte: u8| OMOCODIA.iter().position(|letter| *letter == byte).map_or(byte, |d| b'0' + d as u8);
                let bytes = code.as_str().bytes().take(15).enumerate();
                bytes.map(|(at, byte)| if DIGITS.contains(&at) { digit(byte) } else { byte }).collect()
            };
            prop_assert_eq!(places(&one) == places(&other), one.without_omocodia() == other.without_omocodia());
        }

        #[test]
        fn no_other_check_letter_is(code in codes(), other in "[A-Z]") {
            prop_assume!(!code.ends_with(&other));
            let wrong = format!("{}{other}", &code[..15]);
            prop_assert_eq!(TaxCode::new(&wrong), Err(Refusal::CheckCharacter));
        }

        #[test]
        fn one_wrong_digit_of_the_provisional_form_is_seen(digits in "[0-9]{10}", at in 0_usize..11, by in 1_u8..10) {
            let code = (0..10).map(|check| format!("{digits}{check}")).find(|c| check_eleven_digits(c).is_ok());
            let Some(code) = code else { return Ok(()) };
            let mut bytes = code.into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            let altered = String::from_utf8(bytes).unwrap();
            prop_assert!(TaxCode::new(&altered).is_err());
        }

        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = TaxCode::new(&text);
            let _ = TaxCode::typed(&text);
        }
    }
}
