//! Invented people with the names that a reception centre meets, some far more often than others.

const GIVEN: &[&str] = &[
    "Mohamed",
    "Mamadou",
    "Ahmed",
    "Ibrahim",
    "Fatima",
    "Fatoumata",
    "Awa",
    "Aminata",
    "Blessing",
    "Precious",
    "Maria",
    "Oksana",
    "Olena",
    "Md",
    "Abdul",
    "Ali",
    "Hassan",
    "Ousmane",
    "Moussa",
    "Lamin",
    "Ebrima",
    "Samuel",
    "Emmanuel",
    "Joy",
    "Happiness",
    "Mariam",
    "Khadija",
    "Yusuf",
    "Omar",
    "Bilal",
    "Tesfay",
    "Mulu",
    "Selam",
    "Kidane",
    "Rahel",
    "Gulnara",
    "Natalia",
    "Svitlana",
    "Ana",
    "Rosa",
    "Carmen",
    "Luz",
    "Li",
    "Wei",
    "Xiao",
    "Nguyen",
    "Thi",
    "Amina",
    "Zainab",
    "Sekou",
    "Bakary",
    "Souleymane",
    "Boubacar",
    "Adama",
    "Kadiatou",
    "Hawa",
    "Nene",
    "Cheikh",
    "Modou",
];

const FAMILY: &[&str] = &[
    "Diallo",
    "Traore",
    "Keita",
    "Camara",
    "Cisse",
    "Ndiaye",
    "Diop",
    "Sow",
    "Ba",
    "Jallow",
    "Ceesay",
    "Kone",
    "Coulibaly",
    "Toure",
    "Conteh",
    "Kamara",
    "Sesay",
    "Hossain",
    "Islam",
    "Rahman",
    "Miah",
    "Khan",
    "Ullah",
    "Hussain",
    "Shah",
    "Ali",
    "Hassan",
    "Ibrahim",
    "Abdi",
    "Osman",
    "Yusuf",
    "Tekle",
    "Gebremariam",
    "Haile",
    "Tesfay",
    "Kidane",
    "Okafor",
    "Eze",
    "Osagie",
    "Igbinedion",
    "Omoruyi",
    "Shevchenko",
    "Kovalenko",
    "Bondarenko",
    "Melnyk",
    "Ivanova",
    "Perez",
    "Gonzalez",
    "Quispe",
    "Huaman",
    "Chen",
    "Wang",
    "Zhang",
    "Tran",
    "Le",
    "El Idrissi",
    "Benali",
    "Bouazza",
    "Mansouri",
    "Al-Hassan",
    "Al-Rashid",
    "N'Guessan",
    "N'Diaye",
    "D'Almeida",
    "Fall",
    "Gueye",
    "Sarr",
    "Faye",
    "Mbaye",
    "Thiam",
];

/// Numbers that look random and are the same each time (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    /// One of these; the first ones far more often than the last ones.
    fn skewed<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let reach = self.below(of.len()) + 1;
        of[self.below(reach)]
    }

    /// Given and family names; one person in twenty has one name only, one in ten two given names.
    pub(super) fn person(&mut self) -> (String, Option<String>) {
        let mut given = self.skewed(GIVEN).to_owned();
        if self.below(10) == 0 {
            given = format!("{given} {}", self.skewed(GIVEN));
        }
        let family = (self.below(20) > 0).then(|| self.skewed(FAMILY).to_owned());
        (given, family)
    }

    /// A date of birth; every fifth is the first of January, as it is entered for who does not know it.
    pub(super) fn birth(&mut self) -> String {
        let year = 1965 + self.below(42);
        if self.below(5) == 0 {
            format!("{year}-01-01")
        } else {
            format!("{year}-{:02}-{:02}", self.below(12) + 1, self.below(28) + 1)
        }
    }

    /// Three letters with which somebody's name begins.
    pub(super) fn three_letters(&mut self) -> String {
        loop {
            let of = if self.below(2) == 0 { GIVEN } else { FAMILY };
            let name = of[self.below(of.len())];
            if name.chars().filter(char::is_ascii_alphabetic).count() == name.len() && name.len() >= 3 {
                return name[..3].to_lowercase();
            }
        }
    }
}
