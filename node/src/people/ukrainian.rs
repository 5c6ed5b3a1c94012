//! Names as Ukrainian papers transliterate them.

use unicode_normalization::UnicodeNormalization as _;

/// Letters as Ukrainian passports write them (resolution 55 of the Cabinet of Ministers, 2010), where other languages that
/// have them write another: at the beginning of a word, and within it.
const UKRAINIAN: [(char, &str, &str); 15] = [
    ('г', "h", "h"),
    ('ґ', "g", "g"),
    ('є', "ye", "ie"),
    ('и', "y", "y"),
    ('і', "i", "i"),
    ('ї', "yi", "i"),
    ('й', "y", "i"),
    ('х', "kh", "kh"),
    ('ц', "ts", "ts"),
    ('щ', "shch", "shch"),
    ('ю', "yu", "iu"),
    ('я', "ya", "ia"),
    ('ь', "", ""),
    ('\u{2019}', "", ""),
    ('\'', "", ""),
];

/// A word that has one of the letters by which Ukrainian and Russian papers differ most, as the former write it. Letters
/// that both write alike are left as they are.
pub(super) fn latin(written: &str) -> Option<String> {
    let letters = written.to_lowercase().nfc().collect::<String>().replace("зг", "zgh");
    if !letters.contains(['г', 'ґ', 'є', 'ї']) && !letters.contains("zgh") {
        return None;
    }
    let mut text = String::new();
    for (at, letter) in letters.chars().enumerate() {
        match UKRAINIAN.iter().find(|(known, ..)| *known == letter) {
            Some((_, first, within)) => text.push_str(if at == 0 { first } else { within }),
            None => text.push(letter),
        }
    }
    Some(text)
}
