//! How a name is written down by which two spellings of it are seen to be one.
//!
//! Every word has **spellings** (its own script without accents and case, its transliteration to Latin letters, and that
//! again as other countries' papers write the same letters) and a **sound** (its consonants), by which Мария and Maria,
//! محمد and Muhammad meet. Nothing here decides that two people are one: it says who is worth looking at.
//!
//! A word is found by its beginning, and each word of a name is one: not by letters from its middle. Held were all runs of
//! three to eight letters, an ordinary name of seven would have fifteen tokens in place of five, the index about three
//! times its rows, and every search that many more people to open and to show who were not meant: of `ali` all of Khalid,
//! Natalia and Alamedine. Short runs from anywhere are also what tells most to whoever counts the tokens of a stolen
//! database.

use std::collections::BTreeSet;

use any_ascii::any_ascii;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Of how names are folded: raised with every change of what [`Word`] holds. Whose tokens were made under another is brought
/// in line in the background ([`refold`](super::refold)).
pub(super) const FOLDING: i32 = 2;
/// Fewest letters by which the index is asked for the beginning of a word.
pub(super) const SHORTEST: usize = 3;
/// Most letters of a word that the index knows.
const LONGEST: usize = 8;

/// A word of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    /// Lower case, without accents, apostrophes and hyphens, in Latin letters.
    pub(super) latin: String,
    /// The same in the script in which it was written, where that is another.
    pub(super) own: Option<String>,
    /// The same with one letter for what papers write in several ways, where that is another: Хабиб is Khabib and Habib.
    pub(super) folded: Option<String>,
    /// The same as Ukrainian papers transliterate it, where that is another: Григорій is Hryhorii there.
    pub(super) ukrainian: Option<String>,
    /// Its consonants.
    pub(super) sound: String,
}

impl Word {
    fn new(written: &str) -> Option<Self> {
        let latin: String = latin(written).to_lowercase();
        let own = Some(written).filter(|written| !written.is_ascii()).map(own_script);
        let own = own.filter(|own| !own.is_empty() && !own.is_ascii() && *own != latin);
        let folded = Some(folded(written)).filter(|folded| *folded != latin && folded.len() >= SHORTEST);
        let ukrainian = ukrainian(written).filter(|text| *text != latin && Some(text) != folded.as_ref());
        let sound = sound(written);
        (!latin.is_empty() || own.is_some()).then_some(Self { latin, own, folded, ukrainian, sound })
    }

    /// What it may be spelt as.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        let latin = [Some(self.latin.as_str()), self.folded.as_deref(), self.ukrainian.as_deref()];
        let all = latin.into_iter().chain([self.own.as_deref()]);
        all.flatten().filter(|text| !text.is_empty())
    }

    /// Whether a name with these words may have been meant by whoever typed this one: it begins one of them, or, too
    /// short for a beginning, is one.
    pub(super) fn begins(&self, words: &[Word]) -> bool {
        words.iter().any(|word| word.spellings().any(|known| self.spellings().any(|typed| begins(typed, known))))
    }

    /// The same by sound: what is too short for a beginning is one by sound neither.
    pub(super) fn sounds_like(&self, words: &[Word]) -> bool {
        self.latin.len() >= SHORTEST
            && self.sound.chars().count() > 1
            && words.iter().any(|word| begins(&self.sound, &word.sound))
    }
}

fn own_script(written: &str) -> String {
    let letters = written.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).collect()
}

fn begins(typed: &str, known: &str) -> bool {
    if typed.chars().count() < SHORTEST { typed == known } else { known.starts_with(typed) }
}

/// Every word of a name by which somebody may look for it. Of *Al-Rashid* these are the whole and its parts, of
/// *D'Angelo* the whole and what follows the apostrophe, of 李明 the whole and each syllable.
pub(super) fn words(name: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut add = |written: &str| {
        found.extend(Word::new(written).filter(|word| !found.contains(word)));
    };
    for piece in name.split_whitespace() {
        add(piece);
        let parts: Vec<&str> = piece.split(is_dash).filter(|part| !part.is_empty()).collect();
        for part in &parts {
            if *part != piece {
                add(part);
            }
            for rest in part.split(is_apostrophe).skip(1).filter(|rest| rest.chars().count() >= SHORTEST) {
                add(rest);
            }
        }
        for syllable in syllables(piece) {
            add(&syllable);
        }
    }
    found
}

/// The words that somebody typed: each is looked for. One that has no letters is none.
pub(super) fn typed(query: &str) -> Vec<Word> {
    query.split_whitespace().flat_map(|piece| piece.split(is_dash)).filter_map(Word::new).collect()
}

/// The name in one line: its words in the order of the alphabet, so that it does not matter which comes first.
pub(super) fn in_one<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> =
        names.into_iter().flat_map(typed).map(|word| word.latin).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

/// The beginnings of a text that the index holds: 3 to 8 letters, or all of a shorter one.
pub(super) fn beginnings(text: &str) -> BTreeSet<String> {
    let letters: Vec<char> = text.chars().take(LONGEST).collect();
    (SHORTEST.min(letters.len())..=letters.len()).map(|end| letters[..end].iter().collect()).collect()
}

/// Of a text, what the index is asked for.
pub(super) fn asked(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn latin(written: &str) -> String {
    any_ascii(&written.to_lowercase()).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Letters whose transliteration loses what papers keep, and what they keep.
const KEPT: [(char, &str); 11] = [
    ('đ', "dj"),
    ('ç', "ch"),
    ('č', "ch"),
    ('ć', "ch"),
    ('ş', "sh"),
    ('ș', "sh"),
    ('š', "sh"),
    ('ž', "zh"),
    ('χ', "kh"),
    ('ß', "ss"),
    ('ث', "th"),
];

/// What papers write in several ways, and one of them: consonants.
const CONSONANTS: [(&str, &str); 14] = [
    ("chr", "hr"),
    ("sch", "sh"),
    ("tch", "ch"),
    ("kh", "h"),
    ("ph", "f"),
    ("dzh", "j"),
    ("dj", "j"),
    ("zh", "j"),
    ("gh", "g"),
    ("dh", "d"),
    ("th", "t"),
    ("ck", "k"),
    ("q", "k"),
    ("mp", "b"),
];

/// The same of vowels.
const VOWELS: [(&str, &str); 5] = [("ou", "u"), ("oo", "u"), ("oy", "u"), ("ee", "i"), ("y", "i")];

/// In Latin letters, with one way of writing for the consonants that have several. Signs of letters that Latin has no
/// sign for are kept.
fn transcribed(written: &str) -> String {
    let mut text = String::new();
    for c in written.to_lowercase().nfc() {
        match KEPT.iter().find(|(letter, _)| *letter == c) {
            Some((_, kept)) => text.push_str(kept),
            None => text.push(c),
        }
    }
    let text = any_ascii(&text).to_lowercase();
    // What a Greek name begins with as Μπ is B; within a word it is what it looks like.
    CONSONANTS.iter().fold(text, |text, (several, one)| match *several {
        "mp" => text.strip_prefix("mp").map_or_else(|| text.clone(), |rest| format!("{one}{rest}")),
        several => text.replace(several, one),
    })
}

/// One letter for each sound that papers write in several ways, and no consonant twice.
fn folded(written: &str) -> String {
    let text = VOWELS.iter().fold(transcribed(written), |text, (several, one)| text.replace(several, one));
    let mut folded = String::new();
    for letter in text.chars().filter(char::is_ascii_alphanumeric) {
        if letter.is_ascii_digit() || "aeiou".contains(letter) || !folded.ends_with(letter) {
            folded.push(letter);
        }
    }
    folded
}

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

/// A word that has one of the letters by which Ukrainian and Russian papers differ most, as the former write it, folded.
fn ukrainian(written: &str) -> Option<String> {
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
    Some(folded(&text)).filter(|folded| folded.len() >= SHORTEST)
}

/// Scripts without spaces and case are transliterated with a capital for each character: 李明 is `LiMing`.
fn syllables(written: &str) -> Vec<String> {
    if written.is_ascii() {
        return Vec::new();
    }
    let text = latin(written);
    let starts: Vec<usize> = text.match_indices(|c: char| c.is_ascii_uppercase()).map(|(at, _)| at).collect();
    if starts.len() < 2 {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| text[*start..end].to_owned()).collect()
}

/// The consonants of a word, doubled ones once. At its beginning any vowel is `a`, and so are the letters that Latin
/// letters have no sign for (hamza, ayn); later on they are left out, `y` and `w` too, and an `h` at the end.
fn sound(written: &str) -> String {
    let mut sound = String::new();
    let text = transcribed(written);
    // Iulia and Yulia, Iaroslav and Jaroslav.
    let glides = text.starts_with('i') && text.chars().nth(1).is_some_and(|next| "aeou".contains(next));
    for letter in text.chars() {
        let first = sound.is_empty();
        let heard = match letter {
            'i' if first && glides => 'y',
            'a' | 'e' | 'i' | 'o' | 'u' | '`' | '\'' if first => 'a',
            'y' | 'w' if !first => continue,
            'j' if first => 'y',
            letter if letter.is_ascii_alphabetic() && !"aeiou".contains(letter) => letter,
            _ => continue,
        };
        if !sound.ends_with(heard) {
            sound.push(heard);
        }
    }
    if sound.len() > 2 && sound.ends_with('h') {
        sound.pop();
    }
    sound
}

const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '_' | '/' | ',' | '.' | ';')
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{00B4}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_in_several_spellings_is_one() {
        let one = in_one(["Awa Fatou", "N'Diaye"]);
        for spelling in [&["awa", "fatou n’diaye"][..], &["NDIAYE", "Awa-Fatou"], &["  Fatou ", "Awa", "N'DIAYÉ"]] {
            assert_eq!(in_one(spelling.iter().copied()), one, "{spelling:?}");
        }
        assert_ne!(in_one(["Awa", "N'Diaye"]), one);
        assert_eq!(in_one(["--", " ' "]), "");
        assert_eq!(in_one(["Σοφία"]), in_one(["SOFIA"]));
    }

    #[test]
    fn who_types_any_part_of_a_name_finds_it() {
        for (name, queries) in [
            ("María José Ñíguez", &["mar", "MARÍA", "jose", "nigu", "ñíg", "niguez maria"][..]),
            ("D'Angelo", &["dang", "D'An", "ang", "d’angelo"]),
            ("Abd al-Rahman", &["abd", "alrahman", "al-Rah", "rahman abd"]),
            ("Мария Щербаков", &["мари", "mariya", "shcher", "ЩЕРБ"]),
            ("محمد", &["محم", "mhmd", "مُحَمَّد"]),
            ("李明", &["李明", "liming", "li ming", "ming"]),
            ("মোহাম্মদ রহমান", &["মোহা", "moha", "rhm"]),
            ("ገብረ ሚካኤል", &["ገብረ", "gebre", "mika"]),
            ("Nguyễn Văn Bo", &["nguyen", "van", "bo nguyen"]),
            ("Γιώργος", &["giorg", "ΓΙΏΡ"]),
            // As Italian papers write the same letters: each is found by its spelling, without a guess by sound.
            ("Хабиб", &["хаб", "khab", "hab", "Khabib", "habib"]),
            ("Habib", &["Khabib", "habib", "Хабиб"]),
            ("Khabib", &["kha", "habib", "хабиб"]),
            ("Христо", &["hrist", "khristo", "Christo"]),
            ("Χρήστος", &["χρησ", "christos", "Hristos", "khristos"]),
            ("Μπάμπης", &["bam", "mpamp"]),
            ("Παπαδόπουλος", &["papadopoulos", "papadopulos"]),
            ("Юлія", &["yuliia", "Iuliia", "iulii"]),
            ("Muhammad", &["muhamad", "MUHAMM"]),
            ("Mohammed", &["mohamed", "Mohammed"]),
            ("Youssouf", &["yusuf", "Yousouf", "Iusuf"]),
            ("Oumar", &["umar", "oumar"]),
            ("Djamila", &["jamila", "djam"]),
            ("Rashid", &["rash"]),
            ("Wójcik", &["wojcik", "WÓJ", "wójcik"]),
            ("Çelik", &["celik", "çel", "Chelik"]),
            ("Şahin", &["sahin", "Shahin", "şah"]),
            ("Đorđe", &["dorde", "Djordje", "đor", "Jorje"]),
            ("Ђорђе", &["djordje", "ђор", "Đorđe"]),
            ("Nguyễn", &["nguyen", "nguyễn", "NGU"]),
            ("Łukasz", &["lukasz", "łuk"]),
            ("Qasim", &["kasim", "qas"]),
            ("Ghazal", &["gazal", "ghaz"]),
            // In Ukrainian г is h, in Russian g; who reads one passport or the other finds her.
            ("Григорій", &["Hryhorii", "hryh", "grigor", "Григорий", "ГРИГ"]),
            ("Hryhorii", &["Григорій", "Hryhorii"]),
            ("Ольга", &["Olha", "Olga", "ольга"]),
            ("Olha", &["Ольга"]),
            ("Olga", &["Ольга"]),
            ("Євген", &["Yevhen", "євг"]),
            ("Згурський", &["Zghurskyi", "згур"]),
            ("Гнатюк", &["Hnatiuk", "gnat"]),
            ("Сергій", &["Serhii", "serg"]),
        ] {
            let known = words(name);
            for query in queries {
                assert!(typed(query).iter().all(|word| word.begins(&known)), "{query} of {name}: {known:?}");
            }
        }
        let maria = words("Maria Rossi");
        for other in ["mario", "ria", "ross mar x", "rossii", "ro"] {
            assert!(!typed(other).iter().all(|word| word.begins(&maria)), "{other}");
        }
    }

    #[test]
    fn what_clerks_hear_alike_sounds_alike() {
        for (one, other) in [
            ("Mohammed", "محمد"),
            ("Muhamad", "محمد"),
            ("Maria", "Мария"),
            ("Ahmed", "أحمد"),
            ("Omar", "عمر"),
            ("Youssef", "يوسف"),
            ("Yusuf", "Jusef"),
            ("Fatimah", "فاطمة"),
            ("Gebremikael", "ገብረሚካኤል"),
            ("Habib", "Хабиб"),
            ("Khabib", "Хабиб"),
            ("Khaled", "خالد"),
            ("Haled", "خالد"),
            ("Kassem", "قاسم"),
            ("Qasim", "قاسم"),
            ("Othman", "عثمان"),
            ("Ghazal", "غزال"),
            ("Djamila", "جميلة"),
            ("Jamila", "جميلة"),
            ("Hussein", "حسين"),
            ("Djordje", "Đorđe"),
            ("Djordje", "Ђорђе"),
            ("Hristos", "Χρήστος"),
            ("Khristos", "Χρήστος"),
            ("Christos", "Христос"),
            ("Iuliia", "Юлія"),
            ("Yuliya", "Юлія"),
            ("Julia", "Юлія"),
            ("Yaroslav", "Iaroslav"),
            ("Philippos", "Φίλιππος"),
        ] {
            let (typed, known) = (typed(one), words(other));
            assert!(typed[0].sounds_like(&known), "{one} {other}: {typed:?} {known:?}");
        }
        assert!(!typed("Awa")[0].sounds_like(&words("Ugo")), "one consonant says nothing");
        assert!(!typed("Amina")[0].sounds_like(&words("Karim")));
    }

    #[test]
    fn the_index_holds_beginnings_of_three_to_eight_letters() {
        let all: Vec<String> = beginnings("margherita").into_iter().collect();
        assert_eq!(all, ["mar", "marg", "margh", "marghe", "margher", "margheri"]);
        assert_eq!(beginnings("li").into_iter().collect::<Vec<_>>(), ["li"], "a short name is held whole");
        assert_eq!(beginnings(""), BTreeSet::from([String::new()]));
    }

    proptest! {
        #[test]
        fn every_beginning_of_every_word_is_asked_for_and_held(name in "\\PC{0,40}", letters in 3_usize..12) {
            for word in words(&name) {
                for spelling in word.spellings() {
                    let typed: String = spelling.chars().take(letters).collect();
                    if typed.chars().count() >= SHORTEST {
                        prop_assert!(beginnings(spelling).contains(&asked(&typed)));
                    }
                }
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = (words(&text), typed(&text), in_one([text.as_str()]));
        }
    }
}
